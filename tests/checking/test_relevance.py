"""Files in which nothing can be found are ruled out by their words, and no other files are."""

from __future__ import annotations

import warnings
from pathlib import Path

import pytest

from lossflow.catalog.lookup import Catalog
from lossflow.catalog.names import means_loss
from lossflow.configuration.config import Config
from lossflow.project import resolve
from lossflow.relevance import HINTS, Relevance
from lossflow.source import Source

BACKWARD = "def step(loss, optimizer):\n    loss.backward()\n    optimizer.step()\n"
CALLS = "run(model, optimizer)\n"


def holds(text: str, folder: Path | None = None, *, config: Config | None = None) -> bool:
    config = config or Config()
    catalog = Catalog.default().extended(config.losses, config.optimizers, sinks=config.sinks)
    return Relevance(catalog, resolve).holds(Source(str((folder or Path("/nowhere")) / "train.py"), text))


@pytest.fixture
def package(tmp_path: Path) -> Path:
    (tmp_path / "pyproject.toml").write_text("")
    (tmp_path / "steps.py").write_text(BACKWARD)
    (tmp_path / "shapes.py").write_text("def area(x):\n    return x\n")
    gathers = tmp_path / "parts"
    gathers.mkdir()
    (gathers / "__init__.py").write_text("from .steps import step\nfrom .shapes import area\n__version__ = '1'\n")
    (gathers / "steps.py").write_text(BACKWARD)
    (gathers / "shapes.py").write_text("def area(x):\n    return x\n")
    return tmp_path


@pytest.mark.parametrize(
    "text",
    [
        "criterion = nn.MSELoss()",
        "x = F.kl_div(a, b)",
        "def my_loss(a, b):\n    return (a - b).mean()",
        "class Objective:\n    pass",
        "total += outputs.loss.item()",
        "outputs['loss']",
        "y.backward()",
        "g = torch.autograd.grad(y, x)",
        "g = torch.autograd.grad(y, x, create_graph=True)",
        "from torch.autograd import grad",
        "class A:\n    def training_step(self, batch):\n        return self(batch)",
        "getattr(nn, 'L1Loss')()",
        "loss = (",
        "loss = '\\d' +",
    ],
)
def test_what_names_a_loss_or_a_sink_matters(text: str) -> None:
    assert holds(text)


def test_python_does_not_warn_of_what_is_looked_at(recwarn: pytest.WarningsRecorder) -> None:
    warnings.simplefilter("always")
    assert holds("g = torch.autograd.grad(y, x)\nprint('\\grad')")
    assert [str(each.message) for each in recwarn] == []


@pytest.mark.parametrize(
    "text",
    [
        "x = 1",
        "# the loss of the paper\nx = 1",
        '"""Without loss, and without a backward pass."""',
        "lossless = True",
        "g = torch.autograd.grad(y, x, grad_outputs=v)",
        "g = torch.autograd.grad(y, x, v)",
        "def backward(ctx, gradient):\n    return gradient",
        "(",
    ],
)
def test_what_names_none_does_not(text: str) -> None:
    assert not holds(text)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("from steps import step as run", True),
        ("import steps", True),
        ("import shapes, steps as s", True),
        ("from steps import *", True),
        ("from shapes import area", False),
        ("from parts import step as run", True),
        ("from parts import (\n    step as run,\n)", True),
        ("from parts.steps import step as run", True),
        ("from parts import steps", True),
        ("import parts\nparts.step(model, 1)", True),
        ("from parts import *\nstep(model, 1)", True),
        ("import importlib\nsteps = importlib.import_module('steps')", True),
        # A package gathers what has nothing to do with each other.
        ("from parts import area", False),
        ("from parts import __version__", False),
        ("import parts\nparts.area(1)", False),
        ("from parts import *\narea(1)", False),
        ("import elsewhere", False),
    ],
)
def test_what_leads_to_a_backward_matters(package: Path, line: str, expected: bool) -> None:
    assert holds(f"{line}\n{CALLS}", package) is expected


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_any_newline_ends_a_comment_and_an_import(package: Path, newline: str) -> None:
    assert holds("# a comment\nloss.backward()\n".replace("\n", newline))
    assert holds(f"# a comment\nimport steps\n{CALLS}".replace("\n", newline), package)
    assert not holds(f"# loss\nimport shapes\n{CALLS}".replace("\n", newline), package)


def test_a_file_that_trains_nothing_needs_no_imports(package: Path) -> None:
    assert not holds("from steps import step\n", package)


def test_imports_that_go_round_come_to_an_end(package: Path) -> None:
    (package / "one.py").write_text("import two\n")
    (package / "two.py").write_text("import one\n")
    assert not holds(f"import one\n{CALLS}", package)


def test_losses_and_sinks_of_the_users_own_matter(tmp_path: Path) -> None:
    from lossflow.configuration.tables import Table

    rows = {
        "losses": {"mine.Fit": {"params": "reduction", "default": "sum"}},
        "sinks": {"mine.descend": {"kind": "backward", "position": 0}},
    }
    config = Config().apply(Table("here", "", rows))
    assert holds("Fit()(a, b)", config=config)
    assert holds("descend(a)", config=config)
    assert not holds("descent(a)", config=config)


def test_the_hints_cover_the_catalogue() -> None:
    catalog = Catalog.default()
    leaves = {name.rpartition(".")[2].lower() for name in catalog.loss_names}
    assert [leaf for leaf in sorted(leaves) if not any(hint in leaf for hint in HINTS)] == []
    methods = {framework.method for framework in catalog.frameworks}
    assert [method for method in sorted(methods) if not any(hint in method for hint in HINTS)] == []
    assert all(means_loss(word) for word in ("loss", "criterion", "objective", "entropy", "nll", "elbo"))
