"""Projects and notebooks: what is reported of a file alone, of all folders, and by flake8, is the same.

Every finding of a project stands in the file whose own analysis brings reduction and training step together, so that no
file needs to know who imports it.
"""

from __future__ import annotations

import json
from collections import Counter

import pytest

from lossflow import notebook
from lossflow.checking import check_file
from lossflow.configuration.config import Config

from .markers import NOTEBOOK_FIXTURES, PROJECT_FIXTURES, ROOT, Fixture, Place, Project, collect, collect_projects
from .test_front_ends import run

PROJECTS = collect_projects()
NOTEBOOKS = collect(NOTEBOOK_FIXTURES)
FILES = [file for project in PROJECTS for file in project.files] + NOTEBOOKS
EXPECTED = Counter((str(file.path), *place) for file in FILES for place in file.expected.elements())
"""File, line and code of every finding that the markers expect; in a notebook, lines are counted through its cells."""


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.path.relative_to(ROOT / "fixtures")))
def test_a_file_alone_has_the_findings_of_its_markers(file: Fixture) -> None:
    report = check_file(file.path, Config(root=ROOT))
    assert report.failure is None
    source = notebook.read(str(file.path), file.path.read_bytes())
    found: Counter[Place] = Counter((source.row(each.span.start), each.code) for each in report.findings)
    assert found == file.expected
    assert {each.file for each in report.findings} <= {str(file.path)}


def test_a_run_over_all_folders_has_the_findings_of_the_markers() -> None:
    folders = (str(PROJECT_FIXTURES), str(NOTEBOOK_FIXTURES))
    printed = json.loads(run("lossflow", "check", "--isolated", "--output-format", "json", *folders))
    found = Counter((each["filename"], _row(each["filename"], each), each["code"]) for each in printed)
    assert found == EXPECTED


def test_flake8_has_the_findings_of_the_markers() -> None:
    line = "%(path)s\t%(row)d\t%(code)s"
    printed = run("flake8", "--isolated", "--select=LF", f"--format={line}", str(PROJECT_FIXTURES))
    rows = [each.split("\t") for each in printed.splitlines()]
    scripts = Counter({place: number for place, number in EXPECTED.items() if place[0].endswith(".py")})
    assert Counter((path, int(row), code) for path, row, code in rows) == scripts


@pytest.mark.parametrize("project", PROJECTS, ids=lambda project: project.id)
def test_a_project_keeps_to_its_name(project: Project) -> None:
    kind, _, situation = project.id.partition("_")
    assert kind in {"flagged", "clean"}
    assert situation
    assert any(file.expected for file in project.files) is (kind == "flagged")
    assert not any(file.missed for file in project.files)
    assert len(project.files) > 1
    assert project.not_run or project.entry
    assert (project.folder / "setup.cfg").is_file(), "without a mark of its root it would be part of lossflow"


@pytest.mark.parametrize("file", NOTEBOOKS, ids=lambda file: file.path.name)
def test_a_notebook_keeps_to_its_name(file: Fixture) -> None:
    assert file.path.name.startswith("flagged_" if file.expected else "clean_")
    assert not file.missed


@pytest.mark.parametrize("names", [[project.id for project in PROJECTS], [file.path.stem for file in NOTEBOOKS]])
def test_there_are_as_many_clean_ones_as_flagged_ones(names: list[str]) -> None:
    kinds = [name.partition("_")[0] for name in names]
    assert kinds.count("clean") >= kinds.count("flagged") >= 3


def _row(name: str, printed: dict[str, object]) -> int:
    """The line of a printed finding, counted through the cells of a notebook."""
    location, cell = printed["location"], printed["cell"]
    assert isinstance(location, dict)
    if cell is None:
        return int(location["row"])
    source = next(notebook.read(name, file.path.read_bytes()) for file in NOTEBOOKS if str(file.path) == name)
    return source.row(source.cells[int(str(cell)) - 1]) + int(location["row"]) - 1
