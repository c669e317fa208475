"""The files that GitHub, GitLab and pre-commit read are what those say they should be."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))


def _jobs(name: str) -> dict[str, Any]:
    return yaml.safe_load((ROOT / ".github" / "workflows" / name).read_text(encoding="utf-8"))["jobs"]


@pytest.mark.parametrize(
    ("schema", "file"),
    [
        ("github-actions", "action.yml"),
        ("dependabot", ".github/dependabot.yml"),
        ("github-workflows", ".github/workflows/ci.yml"),
        ("github-workflows", ".github/workflows/release.yml"),
    ],
)
def test_files_fit_the_published_schema(schema: str, file: str) -> None:
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", f"vendor.{schema}", file]
    checked = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_the_hooks_are_ones_that_pre_commit_takes() -> None:
    command = [sys.executable, "-m", "pre_commit", "validate-manifest", ".pre-commit-hooks.yaml"]
    checked = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert checked.returncode == 0, checked.stdout


def test_there_are_no_other_workflows() -> None:
    assert [path.name for path in WORKFLOWS] == ["ci.yml", "release.yml"]


def test_the_actions_that_are_used_are_pinned_and_at_one_version() -> None:
    texts = [path.read_text(encoding="utf-8") for path in (*WORKFLOWS, ROOT / "action.yml")]
    used = {line for text in texts for line in re.findall(r"uses: (.*)", text) if not line.startswith("./")}
    assert used
    assert not [line for line in used if not re.fullmatch(r"[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", line)]
    names = [line.partition("@")[0] for line in used]
    assert len(names) == len(set(names))


def test_no_script_holds_what_comes_from_outside() -> None:
    """A tag or a branch may be called anything, and what is pasted into a script could run as a part of it."""
    jobs = [job for path in WORKFLOWS for job in _jobs(path.name).values()]
    scripts = [step["run"] for job in jobs for step in job.get("steps", ()) if "run" in step]
    assert scripts
    assert not [script for script in scripts if "${{" in script]


def test_only_the_job_that_publishes_may_do_so_and_it_runs_nothing_else() -> None:
    workflow = yaml.safe_load((ROOT / ".github" / "workflows" / "release.yml").read_text(encoding="utf-8"))
    assert workflow["permissions"] == {}
    jobs = workflow["jobs"]
    assert [name for name, job in jobs.items() if "id-token" in job["permissions"]] == ["publish"]
    publish = jobs["publish"]
    assert publish["permissions"] == {"id-token": "write"}
    assert publish["environment"]["name"] == "pypi"
    assert set(publish["needs"]) == set(jobs) - {"publish"}
    assert [step["uses"].partition("@")[0] for step in publish["steps"]] == [
        "actions/download-artifact",
        "pypa/gh-action-pypi-publish",
    ]


@pytest.mark.parametrize(("tag", "status"), [("v1.2.0", 0), ("v1.2.1", 1), ("v1.2", 1)])
@pytest.mark.parametrize("check", ["the tag is the version", "the changelog tells of the version"])
def test_a_release_is_built_from_a_tag_that_is_its_version(tmp_path: Path, tag: str, status: int, check: str) -> None:
    (step,) = [step for step in _jobs("release.yml")["build"]["steps"] if check in step.get("name", "")]
    (tmp_path / "dist").mkdir()
    (tmp_path / "dist" / "lossflow-1.2.0.tar.gz").touch()
    (tmp_path / "CHANGELOG.md").write_text("# Changelog\n\n## 1.2.0 - 2026-12-01\n\n- What 1.2.1 will not have.\n")
    environment = {"TAG": tag, "PATH": os.environ["PATH"]}
    run = subprocess.run(["bash", "-e", "-c", step["run"]], cwd=tmp_path, env=environment, stdout=subprocess.DEVNULL)
    assert run.returncode == status


def test_the_tests_run_on_the_versions_that_are_declared() -> None:
    declared = re.findall(r"Python :: (3\.\d+)", (ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert _jobs("ci.yml")["tests"]["strategy"]["matrix"]["python"] == declared
