"""The action for GitHub, run as its runner would run it."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tests.action.runner import ACTION, STEPS, TEXT, Job
from tests.programs import CLEAN, LEGACY, SUMMED
from tests.wheelhouse import offline


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    return offline(tmp_path_factory.mktemp("wheels"), {"hatchling", "libcst", "pathspec", "rich"})


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory, environment: dict[str, str]) -> dict[str, str]:
    """The outputs of the step that installs lossflow from the action itself."""
    job = Job(tmp_path_factory.mktemp("workspace"), tmp_path_factory.mktemp("temporary"), environment)
    run = job.run("install", {})
    assert run.status == 0, run.err
    return dict(run.outputs)


@pytest.fixture
def job(tmp_path: Path, environment: dict[str, str]) -> Job:
    """A job whose workspace holds a script with a finding, one without, and a folder with another one."""
    workspace, temporary = tmp_path / "workspace", tmp_path / "temporary"
    (workspace / "sub project").mkdir(parents=True)
    temporary.mkdir()
    (workspace / ".git").mkdir()
    (workspace / "summed.py").write_text(SUMMED)
    (workspace / "clean.py").write_text(CLEAN)
    (workspace / "sub project" / "legacy.py").write_text(LEGACY)
    return Job(workspace, temporary, environment)


# --- what the file says ------------------------------------------------------------------------------------------


def test_no_script_holds_an_expression() -> None:
    scripts = [step["run"] for step in STEPS if "run" in step]
    assert len(scripts) == 2
    assert not [script for script in scripts if "${{" in script]


def test_the_actions_that_it_uses_are_pinned() -> None:
    used = re.findall(r"uses: (\S+)(.*)", TEXT)
    assert len(used) == 2
    for action, version in used:
        assert re.fullmatch(r"[\w./-]+@[0-9a-f]{40}", action)
        assert re.fullmatch(r" # v\d+\.\d+\.\d+", version)


def test_expressions_name_inputs_and_outputs_that_there_are() -> None:
    assert set(re.findall(r"inputs\.([a-z-]+)", TEXT)) == set(ACTION["inputs"])
    scripts = {step["id"]: step.get("run", "") for step in STEPS if "id" in step}
    named = set(re.findall(r"steps\.(\w+)\.outputs\.([\w-]+)", TEXT))
    assert named == {("python", "python-path"), ("install", "python"), ("check", "reported")}
    for step, output in named - {("python", "python-path")}:
        assert f'echo "{output}=' in scripts[step]


# --- the check ---------------------------------------------------------------------------------------------------


def test_a_finding_is_annotated_and_fails_the_step(job: Job, installed: dict[str, str]) -> None:
    run = job.run("check", {}, installed)
    assert run.status == 1, run.err
    assert sorted(re.findall(r"^::error title=lossflow \((LF\d+)\),file=(.*?),", run.out, re.MULTILINE)) == [
        ("LF101", str(job.workspace / "summed.py")),
        ("LF301", str(job.workspace / "sub project" / "legacy.py")),
    ]


def test_paths_are_lines_that_may_hold_spaces(job: Job, installed: dict[str, str]) -> None:
    run = job.run("check", {"paths": "clean.py\r\n\nsub project/legacy.py\n"}, installed)
    assert (run.status, re.findall(r"\((LF\d+)\)", run.out)) == (1, ["LF301"])
    clean = job.run("check", {"paths": "clean.py"}, installed)
    assert (clean.status, clean.out) == (0, "")
    dashed = job.run("check", {"paths": "--fix"}, installed)
    assert dashed.status == 2
    assert "--fix" in dashed.err
    assert "there is no such file" in dashed.err


def test_more_options_are_words(job: Job, installed: dict[str, str]) -> None:
    run = job.run("check", {"args": "--select LF3\n  --per-file-ignores *.pyi:LF3"}, installed)
    assert (run.status, re.findall(r"\((LF\d+)\)", run.out)) == (1, ["LF301"])


def test_findings_can_pass_but_a_file_that_was_not_analysed_does_not(job: Job, installed: dict[str, str]) -> None:
    run = job.run("check", {"exit-zero": "true"}, installed)
    assert run.status == 0
    assert "LF101" in run.out
    (job.workspace / "broken.py").write_text(SUMMED + "(")
    assert job.run("check", {"exit-zero": "true"}, installed).status == 2


def test_a_sarif_report_stands_in_the_workspace_wherever_lossflow_runs(job: Job, installed: dict[str, str]) -> None:
    run = job.run("check", {"output-format": "sarif", "working-directory": "sub project"}, installed)
    assert (run.status, run.outputs) == (1, {"reported": "true"})
    assert run.out == f"The report is in {job.workspace / 'lossflow.sarif'}.\n"
    (result,) = json.loads((job.workspace / "lossflow.sarif").read_text())["runs"][0]["results"]
    place = result["locations"][0]["physicalLocation"]["artifactLocation"]
    assert place["uri"] == "sub%20project/legacy.py"


def test_a_sarif_report_of_an_earlier_run_is_not_uploaded(job: Job, installed: dict[str, str]) -> None:
    report = job.workspace / "out" / "x.sarif"
    asked = {"output-format": "sarif", "sarif-file": "out/x.sarif", "args": "--select LF1O1"}
    report.parent.mkdir()
    report.write_text("{}")
    run = job.run("check", asked, installed)
    assert (run.status, run.outputs) == (2, {})
    assert not report.exists()
    assert job.run("check", {**asked, "args": ""}, installed).outputs == {"reported": "true"}
    assert report.exists()


HOSTILE = "x' \" ; touch pwned; $(touch pwned) `touch pwned` && touch pwned # *"


@pytest.mark.parametrize("name", ["paths", "args", "output-format", "sarif-file", "exit-zero"])
def test_inputs_are_not_run(job: Job, installed: dict[str, str], name: str) -> None:
    job.run("check", {"output-format": "sarif", name: HOSTILE}, installed)
    assert not list(job.workspace.parent.rglob("pwned"))


@pytest.mark.parametrize("name", ["paths", "args"])
def test_inputs_are_not_expanded(job: Job, installed: dict[str, str], name: str) -> None:
    run = job.run("check", {name: "*"}, installed)
    assert run.status == 2
    assert "error: * was not analysed" in run.err


def test_modules_of_the_project_stay_out_of_lossflow(job: Job, installed: dict[str, str]) -> None:
    for name in ("rich", "libcst", "argparse"):
        (job.workspace / f"{name}.py").write_text("raise SystemExit('imported')\n")
    hostile = Job(job.workspace, job.temporary, {**job.environment, "PYTHONPATH": str(job.workspace)})
    assert re.findall(r"\((LF\d+)\)", hostile.run("check", {"paths": "summed.py"}, installed).out) == ["LF101"]


# --- the installation --------------------------------------------------------------------------------------------


def test_lossflow_has_an_environment_of_its_own(installed: dict[str, str]) -> None:
    folder = Path(installed["python"]).parents[1]
    assert folder.name.startswith("lossflow.")
    assert folder.parent.name.startswith("temporary")


def test_another_version_is_asked_of_the_index_whatever_the_modules_of_the_project_are_called(job: Job) -> None:
    for name in ("venv", "pip"):
        (job.workspace / f"{name}.py").write_text("raise SystemExit('imported')\n")
    hostile = Job(job.workspace, job.temporary, {**job.environment, "PYTHONPATH": str(job.workspace)})
    run = hostile.run("install", {"version": "999.0"})
    assert run.status != 0
    assert "No matching distribution found for lossflow==999.0" in run.err


def test_a_version_is_not_run(job: Job) -> None:
    run = job.run("install", {"version": '0.1"; touch pwned; "'})
    assert run.status != 0
    assert not list(job.workspace.parent.rglob("pwned"))
