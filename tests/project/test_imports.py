"""A loss that comes from another file of the project is followed, and the finding stands in the file at hand."""

from __future__ import annotations

from pathlib import Path

import pytest

from lossflow.checking import check_file, forget
from lossflow.configuration.config import Config
from lossflow.findings import Finding, Role

LOSSES = 'from torch import nn\n\n\ndef make_criterion():\n    return nn.MSELoss(reduction="sum")\n'
TRAIN = """\
import torch
{imports}

model = torch.nn.Linear(4, 1)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
criterion = {make}
for x, y in torch.utils.data.DataLoader([]):
    optimizer.zero_grad()
    criterion(model(x), y).backward()
    optimizer.step()
"""


def _project(root: Path, files: dict[str, str]) -> Path:
    root.mkdir(exist_ok=True)
    (root / "pyproject.toml").write_text("")
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root


def _findings(path: Path) -> tuple[Finding, ...]:
    report = check_file(path, Config())
    assert report.failure is None
    return report.findings


@pytest.mark.parametrize(
    ("imports", "make", "train", "extra"),
    [
        ("from losses import make_criterion", "make_criterion()", "train.py", {"losses.py": LOSSES}),
        ("import losses as l", "l.make_criterion()", "train.py", {"losses.py": LOSSES}),
        ("from losses import *", "make_criterion()", "train.py", {"losses.py": LOSSES}),
        (
            "from .losses import make_criterion as m",
            "m()",
            "pkg/train.py",
            {"pkg/__init__.py": "", "pkg/losses.py": LOSSES},
        ),
        (
            "from pkg import make_criterion",
            "make_criterion()",
            "tools/train.py",
            {"pkg/__init__.py": "from pkg.inner.losses import make_criterion\n", "pkg/inner/losses.py": LOSSES},
        ),
        (
            "import pkg.losses",
            "pkg.losses.make_criterion()",
            "train.py",
            {"src/pkg/__init__.py": "", "src/pkg/losses.py": LOSSES},
        ),
        ("import pkg.losses", "pkg.losses.make_criterion()", "train.py", {"pkg/losses.py": LOSSES}),
        ("import pkg.inner.losses", "pkg.inner.losses.make_criterion()", "train.py", {"pkg/inner/losses.py": LOSSES}),
        ("from .losses import make_criterion", "make_criterion()", "pkg/train.py", {"pkg/losses.py": LOSSES}),
        (
            "from pkg import inner",
            "inner.losses.make_criterion()",
            "train.py",
            {"pkg/__init__.py": "", "pkg/inner/__init__.py": "", "pkg/inner/losses.py": LOSSES},
        ),
        (
            "import importlib",
            'importlib.import_module("pkg.losses").make_criterion()',
            "train.py",
            {"pkg/losses.py": LOSSES},
        ),
        (
            "try:\n    from losses import make_criterion\nexcept ImportError:\n    make_criterion = None",
            "make_criterion()",
            "train.py",
            {"losses.py": LOSSES},
        ),
    ],
)
def test_every_way_to_import_is_followed(
    tmp_path: Path, imports: str, make: str, train: str, extra: dict[str, str]
) -> None:
    _project(tmp_path, {train: TRAIN.format(imports=imports, make=make), **extra})
    (finding,) = _findings(tmp_path / train)
    assert finding.code == "LF101"
    assert finding.file == str(tmp_path / train)
    text = (tmp_path / train).read_text()
    assert text[finding.span.start : finding.span.end] == make
    assert "chosen on line 5 of losses.py" in finding.message
    reduction = next(place for place in finding.related if place.role is Role.REDUCTION)
    assert Path(reduction.file).name == "losses.py"


def test_a_script_that_writes_the_path_finds_a_folder_below(tmp_path: Path) -> None:
    train = TRAIN.format(imports="import _init_paths\nfrom pkg.losses import make_criterion", make="make_criterion()")
    paths = {"tools/_init_paths.py": "import sys\n\nsys.path.insert(0, '../lib')\n", "lib/pkg/losses.py": LOSSES}
    _project(tmp_path, {"tools/train.py": train, **paths})
    assert [finding.code for finding in _findings(tmp_path / "tools/train.py")] == ["LF101"]
    (tmp_path / "tools/_init_paths.py").unlink()
    _project(tmp_path, {"tools/other.py": train})
    forget()
    assert _findings(tmp_path / "tools/other.py") == ()


def test_a_name_that_two_folders_have_is_not_guessed(tmp_path: Path) -> None:
    train = TRAIN.format(imports="import sys\nsys.path\nfrom losses import make_criterion", make="make_criterion()")
    _project(tmp_path, {"train.py": train, "lib/losses.py": LOSSES, "old/losses.py": LOSSES.replace("sum", "mean")})
    assert _findings(tmp_path / "train.py") == ()


def test_a_module_level_criterion_enters_at_the_import(tmp_path: Path) -> None:
    losses = 'from torch import nn\n\nCRITERION = nn.MSELoss(reduction="sum")\n'
    train = TRAIN.format(imports="from losses import CRITERION", make="CRITERION")
    _project(tmp_path, {"train.py": train, "losses.py": losses})
    (finding,) = _findings(tmp_path / "train.py")
    assert train[finding.span.start : finding.span.end] == "from losses import CRITERION"


def test_files_that_import_each_other_come_to_an_end(tmp_path: Path) -> None:
    losses = "import train\n" + LOSSES
    train = TRAIN.format(imports="from losses import make_criterion", make="make_criterion()")
    _project(tmp_path, {"train.py": train, "losses.py": losses})
    assert [finding.code for finding in _findings(tmp_path / "train.py")] == ["LF101"]


def test_a_finding_of_another_file_is_not_repeated(tmp_path: Path) -> None:
    train = TRAIN.format(imports="from losses import make_criterion", make="make_criterion()")
    _project(tmp_path, {"train.py": train, "losses.py": LOSSES, "main.py": "import train\n\nprint(train.model)\n"})
    assert _findings(tmp_path / "main.py") == ()


def test_division_in_the_other_file_silences(tmp_path: Path) -> None:
    losses = (
        "import torch.nn.functional as F\n\n\ndef make_criterion():\n"
        '    return lambda out, y: F.mse_loss(out, y, reduction="sum") / out.size(0)\n'
    )
    train = TRAIN.format(imports="from losses import make_criterion", make="make_criterion()")
    _project(tmp_path, {"train.py": train, "losses.py": losses})
    assert _findings(tmp_path / "train.py") == ()


def test_a_package_of_the_catalogue_is_not_read(tmp_path: Path) -> None:
    """A copy of torch beside the script says less of torch than the catalogue does."""
    train = TRAIN.format(imports="from torch.nn import MSELoss", make='MSELoss(reduction="sum")')
    _project(tmp_path, {"train.py": train, "torch/__init__.py": "", "torch/nn.py": "MSELoss = print\n"})
    assert [finding.code for finding in _findings(tmp_path / "train.py")] == ["LF101"]


@pytest.mark.parametrize("text", ["def broken(:\n", "x = '\0'\n"])
def test_an_imported_file_that_cannot_be_read_is_out_of_sight(tmp_path: Path, text: str) -> None:
    train = TRAIN.format(imports="from losses import make_criterion", make="make_criterion()")
    _project(tmp_path, {"train.py": train, "losses.py": text})
    assert _findings(tmp_path / "train.py") == ()


def test_nothing_outside_of_the_project_is_read(tmp_path: Path) -> None:
    project = _project(
        tmp_path / "project",
        {"train.py": TRAIN.format(imports="from losses import make_criterion", make="make_criterion()")},
    )
    (tmp_path / "losses.py").write_text(LOSSES)
    assert _findings(project / "train.py") == ()


def test_a_mean_of_another_file_is_named_by_its_line(tmp_path: Path) -> None:
    losses = "import torch\n\n\ndef average(errors, kept):\n    return (errors * kept).mean()\n"
    training = """\
import torch
from losses import average

model = torch.nn.Linear(4, 1)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for x, y in torch.utils.data.DataLoader([]):
    optimizer.zero_grad()
    average((model(x) - y) ** 2, y != 0).backward()
    optimizer.step()
"""
    root = _project(tmp_path / "project", {"losses.py": losses, "train.py": training})
    (finding,) = _findings(root / "train.py")
    assert finding.code == "LF203"
    assert finding.message.startswith("The mean on line 5 of losses.py counts all elements")


OUT_OF_SIGHT = """\
{star}
model = nn.Linear(4, 1)
optimizer = optim.SGD(model.parameters(), lr=0.1)
for x, y in torch.utils.data.DataLoader(data, batch_size=8):
    optimizer.zero_grad()
    F.mse_loss(model(x), y, reduction="sum").backward()
    optimizer.step()
"""


@pytest.mark.parametrize(
    ("star", "expected"),
    [
        ("from fastai.vision.all import *", ["LF101"]),
        ("try:\n    from everything import *\nexcept ImportError:\n    pass", ["LF101"]),
        ("from everything import *\nfrom mine import F", []),
        ("from everything import *\nimport jax.nn as F", []),
        ("import everything", []),
    ],
)
def test_a_star_import_out_of_sight_may_bind_torch(tmp_path: Path, star: str, expected: list[str]) -> None:
    (tmp_path / "train.py").write_text(OUT_OF_SIGHT.format(star=star))
    forget()
    assert [finding.code for finding in _findings(tmp_path / "train.py")] == expected


def _without_a_mark(folder: Path) -> Path:
    train = TRAIN.format(imports="from tools.losses import make_criterion", make="make_criterion()")
    project = _project(folder, {"scripts/deep/train.py": train, "tools/losses.py": LOSSES})
    (project / "pyproject.toml").unlink()
    return project / "scripts" / "deep" / "train.py"


def test_the_working_directory_is_the_root_where_no_folder_has_a_mark(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    train = _without_a_mark(tmp_path / "project")
    forget()
    assert _findings(train) == ()
    monkeypatch.chdir(tmp_path / "project")
    forget()
    assert [finding.code for finding in _findings(train)] == ["LF101"]


def test_nobody_keeps_one_project_in_his_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    train = _without_a_mark(tmp_path / "home")
    monkeypatch.chdir(tmp_path / "home")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    forget()
    assert _findings(train) == ()


def test_a_package_is_imported_from_the_folder_above_it(tmp_path: Path) -> None:
    train = TRAIN.format(imports="from pkg.losses import make_criterion", make="make_criterion()")
    files = {"pkg/__init__.py": "", "pkg/losses.py": LOSSES, "pkg/inner/__init__.py": "", "pkg/inner/train.py": train}
    project = _project(tmp_path / "project", files)
    (project / "pyproject.toml").unlink()
    forget()
    assert [finding.code for finding in _findings(project / "pkg" / "inner" / "train.py")] == ["LF101"]
