"""The smallest programs that lossflow once broke down on, or was never done with."""

from __future__ import annotations

import subprocess
import sys

import pytest

from lossflow.checking import check
from lossflow.configuration.config import Config
from lossflow.source import Source

BROKE = {
    "an object that was given away before the path that made it was given up": """
class Sample:
    def __init__(self, x):
        self.x = x

def samples(flag):
    if flag:
        yield Sample(1)
        raise ValueError
    yield Sample(2)

for sample in samples(flag):
    sample.seen = True
    sample.x.sum().backward()
""",
    "a path with an escape that Python refuses": """
import os
ROOT = "C:\\Users\\me"
FILE = "models" "\\xyz"
torch.nn.MSELoss()(torch.load(os.path.join(ROOT, FILE)), 0).backward()
""",
    "a step by hand whose method has a name of its own": """
w = torch.zeros(3, requires_grad=True)
step = w.data.sub_
for x in [torch.ones(3)] * 2:
    (w * x).sum().backward()
    step(0.1 * w.grad)
""",
    "a loss that ignores targets and is called with nothing": """
torch.nn.CrossEntropyLoss(reduction="none")().backward()
""",
}

ENDLESS = {
    "a tuple that is added to itself": "x = (a,)\n" + "x = x + x\n" * 60,
    "a tuple in itself, in loops": "x = ()\nfor i in a:\n  for j in a:\n    for k in a:\n      x = (x, x, x)\n",
    "a list that is added to itself": "x = [a]\n" + "x = x + x\n" * 60,
    "a list that is extended by itself": "x = [a]\n" + "x.extend(x)\n" * 60,
    "rows of rows": "x = (a, a)\n" + "x = tuple(zip(x, x))\n" * 60,
    "all arguments as one": "def f(*all):\n    return all\n\nx = a\n" + "x = f(x, x)\n" * 60,
    "a wide number in a text": "x = '%1000000000d' % 3\n",
}

LIMITED = (
    "import resource, sys\nresource.setrlimit(resource.RLIMIT_CPU, (60, 60))\n"
    "resource.setrlimit(resource.RLIMIT_DATA, (700 << 20, 700 << 20))\n"
    "from lossflow.checking import check\nfrom lossflow.configuration.config import Config\n"
    "from lossflow.source import Source\n"
    "print(check(Source('/train.py', sys.stdin.read()), Config()).failure)"
)
"""A process that is ended where it takes a minute or 700 MB for a program of a few lines; it takes 0.3 s and 60 MB."""


@pytest.mark.parametrize("name", BROKE)
def test_it_is_analysed(name: str) -> None:
    assert check(Source("/train.py", f"import torch\n{BROKE[name]}"), Config()).failure is None


@pytest.mark.parametrize("name", ENDLESS)
def test_it_is_analysed_in_no_time(name: str) -> None:
    program = f"import torch\n{ENDLESS[name]}torch.nn.MSELoss()(x, b).backward()\n"
    run = subprocess.run([sys.executable, "-c", LIMITED], input=program, capture_output=True, text=True, check=False)
    assert (run.returncode, run.stdout) == (0, "None\n"), run.stderr


def test_a_finding_behind_many_branches_is_found() -> None:
    """Where it stands is looked up by writing out the tree, in which each branch is nested in the one before."""
    program = (
        "import torch\nif a == 0:\n    x = 0\n"
        + "".join(f"elif a == {number}:\n    x = {number}\n" for number in range(1, 1500))
        + 'torch.nn.MSELoss(reduction="nothing")(x, x).backward()\n'
    )
    report = check(Source("/train.py", program), Config())
    assert (report.failure, [finding.code for finding in report.findings]) == (None, ["LF302"])
