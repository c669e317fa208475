"""GitLab's Code Quality report, read back by a schema of what GitLab documents."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from jsonschema import Draft7Validator

from tests.rendering.conftest import LEGACY, ODD, Project, schema


def read(output: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = json.loads(output)
    Draft7Validator(schema("code-quality.json")).validate(rows)
    fingerprints = [row["fingerprint"] for row in rows]
    assert len(set(fingerprints)) == len(fingerprints)
    return rows


def test_a_project(project: Project) -> None:
    output = project.run("gitlab")
    assert output.isascii()  # so that there is no byte-order mark, and no encoding to be wrong about
    found = [
        (row["check_name"], row["severity"], row["location"]["path"], row["location"]["lines"]) for row in read(output)
    ]
    one = {"begin": 1, "end": 1}
    assert sorted(found, key=lambda row: (row[2], row[0])) == [
        ("LF101", "minor", "code/book.ipynb", one),
        ("LF301", "minor", "code/book.ipynb", one),
        ("not-analysed", "critical", "code/book.ipynb", one),
        ("LF301", "minor", "code/legacy.py", {"begin": 4, "end": 4}),
        ("LF301", "minor", "code/legacy.py", {"begin": 4, "end": 4}),
        ("LF302", "major", "code/legacy.py", {"begin": 5, "end": 5}),
        ("not-analysed", "critical", f"code/{ODD}/broken.py", one),
        ("LF101", "minor", f"code/{ODD}/train.py", {"begin": 6, "end": 6}),
        ("LF101", "minor", "code/summed.py", {"begin": 5, "end": 5}),
    ]


def test_the_description_is_all_that_is_shown(project: Project) -> None:
    texts = [row["description"] for row in read(project.run("gitlab"))]
    assert sum(text.startswith("LF101: `") for text in texts) == 2
    assert sum(text.startswith("LF101: cell 2, line 2, column 13: `nn.MSELoss` ") for text in texts) == 1
    assert sum(text.startswith(f"{ODD}/broken.py was not analysed: ") for text in texts) == 1


def test_a_note_is_an_info(project: Project) -> None:
    adam = Path("summed.py").read_text().replace("torch.optim.SGD", "torch.optim.Adam")
    Path("summed.py").write_text(adam)
    (row,) = read(project.run("gitlab", "summed.py", status=1))
    assert (row["check_name"], row["severity"]) == ("LF102", "info")


def test_a_finding_over_lines_has_both_ends(project: Project) -> None:
    Path("summed.py").write_text(
        Path("summed.py").read_text().replace('nn.MSELoss(reduction="sum")', 'nn.MSELoss(\n    reduction="sum"\n)')
    )
    (row,) = read(project.run("gitlab", "summed.py", status=1))
    assert row["location"]["lines"] == {"begin": 5, "end": 7}


def test_fingerprints_outlive_edits_elsewhere(project: Project) -> None:
    def found() -> list[str]:
        return [row["fingerprint"] for row in read(project.run("gitlab", "legacy.py", status=1))]

    before = found()
    Path("legacy.py").write_text("import os\n\n" + LEGACY, encoding="utf-8")
    assert found() == before
