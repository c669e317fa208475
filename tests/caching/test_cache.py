"""A second run takes what the first found out, and is never wrong for it."""

from __future__ import annotations

import json
import random
from dataclasses import fields
from hashlib import blake2b
from pathlib import Path

import pytest

from lossflow.caching import keys, store
from lossflow.checking import FileReport
from lossflow.cli import main
from lossflow.configuration.config import Config
from lossflow.fixing import run as fixing
from lossflow.project import files
from lossflow.project.graph import Node
from lossflow.source import Source
from tests.caching.project import ALONE, LOSSES, TRAIN, Project, project

__all__ = ["project"]


def test_nothing_is_analysed_twice(project: Project) -> None:
    project.write("losses.py", LOSSES.format("sum"))
    project.write("old.py", ALONE.replace("MSELoss()", "MSELoss(size_average=False)  # noqa: LF999, LF304"))
    first, analysed = project.run("--verbose", "--report-unused-noqa")
    assert sum("LF101" in line for line in first) == 2
    assert {"train.py", "alone.py", "old.py"} <= set(analysed)
    assert project.run("--verbose", "--report-unused-noqa") == (first, [])


def test_a_fix_comes_out_of_the_cache_as_it_went_in(project: Project) -> None:
    project.write("alone.py", ALONE.replace("MSELoss()", "MSELoss(reduction='sum')"))
    first, _ = project.run("--output-format=json")
    assert '"edits"' in "".join(first)
    assert project.run("--output-format=json") == (first, [])


def test_a_file_is_analysed_again_when_one_that_it_imports_changes(project: Project) -> None:
    assert project.run()[0] == []
    project.write("losses.py", LOSSES.format("sum"))
    found, analysed = project.run()
    assert ["LF101" in line for line in found] == [True]
    assert analysed == ["losses.py", "train.py"]


@pytest.mark.parametrize("name", ["losses/__init__.py", "losses.py"])
def test_a_file_is_analysed_again_when_an_import_leads_elsewhere(project: Project, name: str) -> None:
    (project.folder / "losses.py").unlink()
    assert project.run()[0] == []
    project.write(name, LOSSES.format("sum"))
    found, analysed = project.run()
    assert ["LF101" in line for line in found] == [True]
    assert "train.py" in analysed
    assert "alone.py" not in analysed
    (project.folder / name).unlink()
    assert project.run()[0] == []


def test_a_file_behind_a_file_counts_too(project: Project) -> None:
    project.write("losses.py", "from deeper import make\n")
    project.write("deeper.py", LOSSES.format("mean"))
    assert project.run()[0] == []
    project.write("deeper.py", LOSSES.format("sum"))
    assert len(project.run()[0]) == 1


@pytest.mark.parametrize("seed", range(12))
def test_whatever_changes_a_cached_run_finds_what_a_fresh_one_finds(project: Project, seed: int) -> None:
    chance = random.Random(seed)
    texts = [LOSSES.format("sum"), LOSSES.format("mean"), "from inner import make\n", "make = None\n", None]
    for _ in range(8):
        for name in chance.sample(["losses.py", "inner.py", "losses/__init__.py", "losses/inner.py"], 2):
            text = chance.choice(texts)
            if text is not None:
                project.write(name, text)
            elif (project.folder / name).exists():
                (project.folder / name).unlink()
        paths = chance.choice(
            [["."], ["train.py"], ["losses.py"] if (project.folder / "losses.py").exists() else ["."]]
        )
        assert project.output(paths=paths) == project.output("--no-cache", paths=paths)


def test_other_settings_are_another_result(project: Project) -> None:
    project.write("losses.py", LOSSES.format("sum"))
    assert len(project.run()[0]) == 1
    assert project.run("--ignore=LF101")[0] == []
    assert len(project.run()[0]) == 1
    project.write("pyproject.toml", '[tool.lossflow]\nper-file-ignores = {"train.py" = ["LF101"]}\n')
    assert project.run()[0] == []


@pytest.mark.parametrize("option", ["--fix-only", "--extend-exclude=other", "--unsafe-fixes", "--no-respect-gitignore"])
def test_what_is_done_about_findings_is_no_other_result(project: Project, option: str) -> None:
    project.run()
    assert project.run(option)[1] == []


def test_the_settings_of_a_run_are_settings() -> None:
    assert {field.name for field in fields(Config)} > keys._OF_THE_RUN


def test_another_version_is_another_result(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    _, analysed = project.run()
    monkeypatch.setattr(keys, "_tool", lambda: "another")
    assert project.run()[1] == analysed != []


def test_comments_that_are_ignored_are_another_result(project: Project) -> None:
    project.write("alone.py", ALONE.replace("nn.MSELoss()", "nn.MSELoss(reduction='sum')  # noqa"))
    assert project.run()[0] == []
    assert len(project.run("--ignore-noqa")[0]) == 1
    assert project.run() == ([], [])


@pytest.mark.parametrize("seed", range(20))
def test_a_damaged_cache_is_made_anew(project: Project, seed: int) -> None:
    project.write("losses.py", LOSSES.format("sum"))
    found, analysed = project.run()
    data, chance = bytearray(project.kept.read_bytes()), random.Random(seed)
    place = chance.randrange(len(data))
    if seed % 2:
        data[place] ^= 1 << chance.randrange(8)
    else:
        del data[place:]
    project.kept.write_bytes(data)
    assert project.run() == (found, analysed)
    assert project.run() == (found, [])


@pytest.mark.parametrize(
    "body",
    [
        "null",
        "[]",
        "{}",
        '{"paths": ["TRAIN"], "nodes": [[0, "DIGEST", {}]], "results": [[0, [1, 2]]]}',
        '{"paths": ["TRAIN"], "nodes": [[0, "DIGEST", {}]], "results": [[0, [[["LF101"]], [], [], [], []]]]}',
        '{"paths": ["TRAIN"], "nodes": [[7, "DIGEST", {}]], "results": []}',
        '{"paths": ["TRAIN"], "nodes": [], "results": [[0, []]]}',
    ],
)
def test_a_cache_of_another_form_is_made_anew(project: Project, body: str) -> None:
    project.write("losses.py", LOSSES.format("sum"))
    found, analysed = project.run()
    train = str(project.folder / "train.py")
    body = body.replace("TRAIN", json.dumps(train)[1:-1]).replace("DIGEST", files.digest(train))
    checksum = blake2b(body.encode(), digest_size=16).hexdigest()
    project.kept.write_text(f"{checksum}\n{body}")
    assert project.run() == (found, analysed)


def test_a_file_that_changed_during_the_run_is_not_relied_on(tmp_path: Path) -> None:
    train, losses = tmp_path / "train.py", tmp_path / "losses.py"
    train.write_text("")
    losses.write_text("old")
    files.read(str(losses))
    losses.write_text("new")
    files.read(str(losses))
    assert files.digest(str(losses)) == files.UNSTABLE
    imports = {"losses": str(losses)}
    for seen in (
        {str(losses): Node(files.UNSTABLE, {})},
        {str(losses): store.joined(Node("as one process read it", {}), Node("as another did", {}))},
    ):
        state = store.State().updated([FileReport(str(train))], {str(train): Node("1", imports), **seen})
        assert state.results == {}
    files.forget()
    assert files.digest(str(losses)) != files.UNSTABLE


def test_a_run_over_some_files_keeps_what_is_known_of_others(project: Project) -> None:
    project.run()
    project.write("more.py", ALONE)
    project.output(paths=["more.py"])
    assert project.run()[1] == []


def test_two_runs_at_a_time_keep_each_others_results(tmp_path: Path) -> None:
    """Both begin with nothing, and the second to save sees what the first has saved."""
    for name in ("a.py", "b.py", "shared.py"):
        (tmp_path / name).write_text("")
    a, b, shared = (str(tmp_path / name) for name in ("a.py", "b.py", "shared.py"))
    seen = {name: Node("1", {"shared": shared}) for name in (a, b)}
    one = store.State().updated([FileReport(a)], {a: seen[a], shared: Node("1", {})})
    both = one.updated([FileReport(b)], {b: seen[b], shared: Node("1", {})})
    assert set(both.results) == {a, b}
    # The second saw another text of what both depend on: the result of the first holds no longer.
    other = one.updated([FileReport(b)], {b: seen[b], shared: Node("2", {})})
    assert set(other.results) == {b}


def test_a_failure_is_not_kept(project: Project) -> None:
    project.write("train.py", TRAIN + "\nx = (\n")
    project.run()
    assert project.run()[1] == ["train.py"]


def test_a_file_that_is_gone_is_forgotten(project: Project) -> None:
    project.run()
    (project.folder / "alone.py").unlink()
    project.write("more.py", ALONE)
    project.run()
    assert not any(name.endswith("alone.py") for name in store.load(project.kept).results)


def test_lost_ways_are_named_though_the_result_is_known(project: Project) -> None:
    project.write("losses.py", "import numpy\n\ndef make():\n    return numpy.thing\n")
    project.run()
    main(["check", "--show-untraced", "."])
    assert "was not followed" in project.capsys.readouterr().err


def test_no_cache_neither_reads_nor_writes_one(project: Project) -> None:
    project.run("--no-cache")
    assert not (project.folder / ".lossflow_cache").exists()
    _, analysed = project.run()
    assert project.run("--no-cache")[1] == analysed != []


def test_a_run_that_fixes_looks_only_at_what_there_is_to_fix(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    project.write("old.py", ALONE.replace("MSELoss()", "MSELoss(size_average=True)"))
    project.run()
    looked_at: list[str] = []
    real = fixing.check

    def noted(source: Source, *arguments: object, **options: object) -> FileReport:
        looked_at.append(Path(source.name).name)
        return real(source, *arguments, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(fixing, "check", noted)
    assert project.run("--fix") == ([], [])
    assert set(looked_at) == {"old.py"}
    assert 'reduction="mean"' in (project.folder / "old.py").read_text()
