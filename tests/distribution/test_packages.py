"""The wheel and the sdist hold what users need, say what is so, and can be installed."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tarfile
import zipfile
from configparser import ConfigParser
from pathlib import Path

import pytest
from packaging.metadata import Metadata
from packaging.specifiers import SpecifierSet
from packaging.version import Version

import lossflow
from tests.programs import SUMMED
from tests.wheelhouse import offline

ROOT = Path(__file__).resolve().parents[2]


def _build(folder: Path, target: str, to: Path) -> Path:
    command = [sys.executable, "-m", "hatchling", "build", "-t", target, "-d", str(to)]
    subprocess.run(command, cwd=folder, check=True, capture_output=True)
    (built,) = to.glob("*.whl" if target == "wheel" else "*.tar.gz")
    return built


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return _build(ROOT, "wheel", tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="module")
def unpacked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The root of an unpacked sdist."""
    folder = tmp_path_factory.mktemp("sdist")
    with tarfile.open(_build(ROOT, "sdist", folder)) as archive:
        archive.extractall(folder, filter="data")
    (root,) = (path for path in folder.iterdir() if path.is_dir())
    return root


def _contents(wheel: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(wheel) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def _metadata(wheel: Path, name: str) -> str:
    (text,) = [data for path, data in _contents(wheel).items() if re.fullmatch(rf"[^/]+\.dist-info/{name}", path)]
    return text.decode()


def _sources(root: Path) -> dict[str, bytes]:
    """The files of a folder by their path from it, without what Python leaves there."""
    files = (path for path in root.rglob("*") if path.is_file() and path.suffix != ".pyc")
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in files}


def test_the_wheel_is_the_package_and_nothing_else(wheel: Path) -> None:
    packed = {path: data for path, data in _contents(wheel).items() if ".dist-info/" not in path}
    assert packed == {f"lossflow/{path}": data for path, data in _sources(ROOT / "src" / "lossflow").items()}
    # Type checkers look for this file before they take the annotations of a package for true.
    assert "lossflow/py.typed" in packed
    assert wheel.name == f"lossflow-{lossflow.__version__}-py3-none-any.whl"


def test_the_sdist_builds_the_same_wheel(wheel: Path, unpacked: Path, tmp_path: Path) -> None:
    assert _contents(_build(unpacked, "wheel", tmp_path)) == _contents(wheel)


def test_the_sdist_holds_what_the_tests_need(unpacked: Path) -> None:
    for name in ("tests", "fixtures", ".github", ".ci"):
        expected = _sources(ROOT / name)
        assert expected
        assert _sources(unpacked / name) == expected
    names = {"README.md", "CHANGELOG.md", "LICENSE", "pyproject.toml", "action.yml", ".pre-commit-hooks.yaml"}
    assert names <= {path.name for path in unpacked.iterdir()}


def test_the_metadata_is_valid_and_names_no_torch(wheel: Path) -> None:
    metadata = Metadata.from_email(_metadata(wheel, "METADATA"), validate=True)
    assert (metadata.name, metadata.version) == ("lossflow", Version(lossflow.__version__))
    assert metadata.license_expression == "MIT"
    assert metadata.license_files == ["LICENSE"]
    assert metadata.requires_python == SpecifierSet(">=3.10")
    assert metadata.description_content_type == "text/markdown"
    assert (metadata.description or "").strip() == (ROOT / "README.md").read_text(encoding="utf-8").strip()
    assert {"Typing :: Typed", "Framework :: Flake8"} <= set(metadata.classifiers or ())
    always = {each.name for each in metadata.requires_dist or () if "extra" not in str(each.marker)}
    assert always == {"libcst", "pathspec", "rich", "tomli"}


def test_the_entry_points_are_the_program_and_the_plugin(wheel: Path) -> None:
    points = ConfigParser()
    points.optionxform = str  # names keep their capitals
    points.read_string(_metadata(wheel, r"entry_points\.txt"))
    assert dict(points["console_scripts"]) == {"lossflow": "lossflow.cli:main"}
    assert dict(points["flake8.extension"]) == {"LF": "lossflow.flake8_plugin:Plugin"}


def test_torchfix_can_be_installed_beside(wheel: Path) -> None:
    """TorchFix 0.7.0 needs libcst 1.5, whatever else there is; the checks of a release install the two together."""
    needs = Metadata.from_email(_metadata(wheel, "METADATA")).requires_dist or []
    (libcst,) = [each for each in needs if each.name == "libcst"]
    assert [*SpecifierSet(">=1.5.0,<1.6.0").filter(libcst.specifier.filter(["1.4.0", "1.5.0", "1.5.1", "1.6.0"]))]


def test_a_fresh_environment_gets_a_program_and_a_plugin_that_work(wheel: Path, tmp_path: Path) -> None:
    wheels, project = tmp_path / "wheels", tmp_path / "project"
    wheels.mkdir()
    project.mkdir()
    (project / "train.py").write_text(SUMMED)
    needs = Metadata.from_email(_metadata(wheel, "METADATA"), validate=True).requires_dist or []
    chosen = {each.name for each in needs if each.marker is None or each.marker.evaluate({"extra": "flake8"})}
    environment = offline(wheels, chosen)
    subprocess.run([sys.executable, "-m", "venv", tmp_path / "venv"], check=True)
    programs = tmp_path / "venv" / "bin"

    def run(name: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [programs / name, *arguments], cwd=project, env=environment, capture_output=True, text=True
        )

    installed = run("python", "-m", "pip", "install", f"{wheel}[flake8]")
    assert installed.returncode == 0, installed.stderr
    assert run("python", "-m", "pip", "check").returncode == 0
    assert run("lossflow", "--version").stdout == f"lossflow {lossflow.__version__}\n"
    checked = run("lossflow", "check", "--output-format", "json")
    assert [found["code"] for found in json.loads(checked.stdout)] == ["LF101"]
    assert re.findall(r"^\./train\.py:5:13: (LF\d+)", run("flake8", "--select", "LF").stdout) == ["LF101"]
