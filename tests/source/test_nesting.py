"""Code that would overflow the parser's stack is refused before it reaches the parser, and no other code is."""

from __future__ import annotations

import subprocess
import sys

import pytest

from lossflow.errors import NotAnalysed
from lossflow.nesting import refuse_deep_nesting

DEEP = {
    "brackets": lambda n: "x = " + "(" * n + "1" + ")" * n,
    "open brackets": lambda n: "x = " + "[{(" * n,
    "calls": lambda n: "x = f" + "()" * n,
    "attributes": lambda n: "x = a" + ".b" * n,
    "not": lambda n: "x = " + "not " * n + "a",
    "signs": lambda n: "x = " + "-" * n + "1",
    "sums": lambda n: "x = 1" + " + 1" * n,
    "sums over lines": lambda n: "x = (1" + "\n + 1" * n + ")",
    "sums after backslashes": lambda n: "x = 1" + " \\\n + 1" * n,
    "conditions": lambda n: "x = " + "1 if a else " * n + "1",
    "lambdas": lambda n: "x = " + "lambda: " * n + "1",
    "strings": lambda n: "x = (" + "'a'\n" * n + ")",
    "branches": lambda n: "if a:\n    pass\n" + "elif b:\n    pass\n" * n,
    "brackets in an f-string": lambda n: "x = f'{" + "(" * n + "1" + ")" * n + "}'",
}

LONG = {
    "a list": "x = [" + "1.5, (2), -3,\n" * 5000 + "]",
    "statements": "x = a.b + f(1)\n" * 5000,
    "a comment": "#" + "(" * 5000,
    "a string": "x = '" + "(-" * 5000 + "'",
    "a dict": "x = {" + "'a': 'b',\n" * 5000 + "}",
    "keyword arguments": "f(" + ", ".join(f"a{n}=b.c" for n in range(5000)) + ")",
    "modest nesting": "x = " + "(" * 100 + "1" + ")" * 100 + " + 1" * 100,
}


@pytest.mark.parametrize("shape", DEEP)
def test_what_nests_deep_is_refused(shape: str) -> None:
    with pytest.raises(NotAnalysed, match="nests too deeply"):
        refuse_deep_nesting(DEEP[shape](20_000))


@pytest.mark.parametrize("shape", LONG)
def test_what_is_only_long_is_not(shape: str) -> None:
    refuse_deep_nesting(LONG[shape])


def test_what_is_just_not_refused_does_not_end_the_process() -> None:
    programs = [DEEP[shape](60 if "bracket" in shape else 950) for shape in DEEP]
    for program in programs:
        refuse_deep_nesting(program)
    code = (
        "import sys\nfrom lossflow.checking import check\nfrom lossflow.configuration.config import Config\n"
        "from lossflow.source import Source\n"
        "for text in sys.stdin.read().split('\\0'):\n"
        "    print(check(Source('x.py', 'import torch\\n' + text), Config()).failure)\n"
    )
    run = subprocess.run(
        [sys.executable, "-c", code], input="\0".join(programs), capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stderr
    assert len(run.stdout.splitlines()) == len(programs)
