"""What users copy from the README is valid where they paste it, and says what is so."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.programs import CLEAN, SUMMED

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
HOOKS = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))


def snippets(heading: str, language: str) -> list[str]:
    """The blocks of that language in the section under a heading."""
    section = re.split(r"^#+ .*\n", README.split(f"### {heading}\n")[1], maxsplit=1, flags=re.MULTILINE)[0]
    return re.findall(rf"```{language}\n(.*?)```", section, re.DOTALL)


def run(*command: str, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", *command], cwd=folder, capture_output=True, text=True)


@pytest.mark.parametrize(
    ("heading", "schema", "number"),
    [("In GitHub Actions", "vendor.github-workflows", 2), ("In GitLab CI", "vendor.gitlab-ci", 1)],
)
def test_pipelines_fit_the_published_schema(tmp_path: Path, heading: str, schema: str, number: int) -> None:
    found = snippets(heading, "yaml")
    assert len(found) == number
    for snippet in found:
        (tmp_path / "pipeline.yml").write_text(snippet)
        checked = run("check_jsonschema", "--builtin-schema", schema, "pipeline.yml", folder=tmp_path)
        assert checked.returncode == 0, checked.stdout + checked.stderr


def test_workflows_use_the_action_with_inputs_that_it_has() -> None:
    inputs = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))["inputs"]
    for snippet in snippets("In GitHub Actions", "yaml"):
        (step,) = [
            step for step in yaml.safe_load(snippet)["jobs"]["lossflow"]["steps"] if "/lossflow@" in step["uses"]
        ]
        assert set(step.get("with", {})) <= set(inputs)


def test_the_inputs_of_the_action_are_in_the_table() -> None:
    inputs = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))["inputs"]
    rows = ["| input | default | meaning |", "| --- | --- | --- |"]
    for name, described in inputs.items():
        default = f"`{described['default']}`" if described["default"] else "none"
        rows.append(f"| `{name}` | {default} | {' '.join(described['description'].split())} |")
    assert README.split("<!-- inputs -->\n")[1].split("<!-- /inputs -->")[0] == "\n".join(rows) + "\n"


def test_the_pre_commit_configuration_is_valid_and_names_the_hooks(tmp_path: Path) -> None:
    (snippet,) = snippets("In pre-commit", "yaml")
    (tmp_path / "config.yaml").write_text(snippet)
    checked = run("pre_commit", "validate-config", "config.yaml", folder=tmp_path)
    assert checked.returncode == 0, checked.stdout
    (repository,) = yaml.safe_load(snippet)["repos"]
    assert {hook["id"] for hook in repository["hooks"]} == {hook["id"] for hook in HOOKS}


def test_the_commands_of_the_pipeline_for_gitlab_write_the_report_that_it_names(tmp_path: Path) -> None:
    (snippet,) = snippets("In GitLab CI", "yaml")
    job = yaml.safe_load(snippet)["lossflow"]
    (tmp_path / "train.py").write_text(SUMMED)
    command = job["script"][-1].split()
    assert run(*command, folder=tmp_path).returncode == 1
    report = json.loads((tmp_path / job["artifacts"]["reports"]["codequality"]).read_text())
    assert [each["check_name"] for each in report] == ["LF101"]


def test_flake8_reads_its_configuration(tmp_path: Path) -> None:
    (snippet,) = snippets("In flake8", "ini")
    (tmp_path / ".flake8").write_text(snippet)
    (tmp_path / "benchmarks").mkdir()
    for name in ("train.py", "benchmarks/steps.py"):
        (tmp_path / name).write_text(SUMMED.replace("nn.MSELoss(", "nn.MSELoss(size_average=True, "))
    checked = run("flake8", "--select", "LF", folder=tmp_path)
    assert sorted(re.findall(r"^\./(\S+?):.*?(LF\d+)", checked.stdout, re.MULTILINE)) == [
        ("benchmarks/steps.py", "LF301"),
        ("train.py", "LF301"),
    ]


def test_ruff_leaves_the_comments_alone(tmp_path: Path) -> None:
    (snippet,) = snippets("Beside ruff and TorchFix", "toml")
    (tmp_path / "train.py").write_text(CLEAN.replace("lr=0.01)", "lr=0.01)  # noqa: LF101"))
    # About comments that silence nothing, and those with codes that ruff doesn't know: both are fixed by deletion.
    command = ("ruff", "check", "--no-cache", "--select", "RUF100,RUF102")
    assert run(*command, folder=tmp_path).returncode == 1
    (tmp_path / "pyproject.toml").write_text(snippet)
    assert run(*command, folder=tmp_path).returncode == 0
