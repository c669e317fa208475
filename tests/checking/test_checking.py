"""The pipeline of one file: what a cheap look rules out, and what a report holds."""

from __future__ import annotations

import warnings
from pathlib import Path

import pytest

from lossflow.checking import check, forget, may_matter
from lossflow.configuration.config import Config
from lossflow.configuration.tables import Table
from lossflow.source import Source
from tests.programs import SUMMED


@pytest.mark.parametrize(
    "text",
    [
        "import torch",
        "from project import criterion, step\nstep(criterion)",
        "from engine import run\nrun().backward()",
        "from engine import train\ntrain(build())",
        "class Model(LightningModule): ...",
        "objective = make()",
        "x = CrossEntropyLOSS()",
    ],
)
def test_a_file_may_matter_though_it_never_mentions_torch(text: str) -> None:
    assert may_matter(text, Config())


@pytest.mark.parametrize("text", ["", "import os\nprint(os.name)\n", "@constraint\ndef optimized(constrained): ...\n"])
def test_a_file_without_a_word_of_training_does_not(text: str) -> None:
    assert not may_matter(text, Config())


@pytest.mark.parametrize(
    "table",
    [
        {"losses": {"mine.Deviation": {}}},
        {"losses": {"mine.deviation": {}}},
        {"optimizers": {"mine.Deviation": {"scale": "invariant"}}},
        {"sinks": {"mine.Tool.deviation": {}}},
    ],
)
def test_the_names_that_a_user_declares_matter(table: dict[str, object]) -> None:
    text = "import mine\nmine.Deviation()\n"
    assert not may_matter(text, Config())
    assert may_matter(text, Config().apply(Table("test", "", table)))


def test_python_does_not_warn_of_the_code(recwarn: pytest.WarningsRecorder) -> None:
    """Of an escape that is none it would, by the name `<unknown>`: since Python 3.12 whatever is asked for."""
    warnings.simplefilter("always")
    text = SUMMED + 'torch.load("\\models" "\\weights")\nprint("\\losses")\nx = = 1\n'
    assert check(Source("x.py", text), Config()).failure is not None
    assert check(Source("x.py", text.replace("= =", "=")), Config()).findings[0].fix is not None
    assert [str(each.message) for each in recwarn] == []


def test_a_report_holds_sorted_findings_and_the_sources_that_they_name() -> None:
    source = Source("x.py", SUMMED + SUMMED.replace("MSELoss(", "L1Loss(size_average=True, "))
    report = check(source, Config())
    assert [finding.code for finding in report.findings] == ["LF101", "LF301"]
    assert report.sources == {"x.py": source}
    spans = [finding.span for finding in report.findings]
    assert spans == sorted(spans)


def test_a_rule_that_is_off_does_not_run() -> None:
    config = Config().apply(Table("test", "", {"ignore": ["LF1"]}))
    assert check(Source("x.py", SUMMED), config).findings == ()


def test_a_module_that_comes_later_is_found_once_files_are_read_anew(tmp_path: Path) -> None:
    text = SUMMED.replace("from torch import nn", "from torch import nn\nfrom losses import make")
    source = Source(str(tmp_path / "train.py"), text.replace('nn.MSELoss(reduction="sum")', "make()"))
    assert check(source, Config()).findings == ()
    factory = 'from torch import nn\n\ndef make():\n    return nn.MSELoss(reduction="sum")\n'
    (tmp_path / "losses.py").write_text(factory)
    assert check(source, Config()).findings == ()
    forget()
    assert [finding.code for finding in check(source, Config()).findings] == ["LF101"]
