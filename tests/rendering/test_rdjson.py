"""The Reviewdog Diagnostic Format, read back by a schema of it, and its suggestions applied."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from jsonschema import Draft7Validator

from lossflow.checking import FileReport
from lossflow.findings import Finding, Fix, Safety
from lossflow.rendering import rdjson
from lossflow.source import Edit, Source, Span
from tests.rendering.conftest import ODD, Project, schema


def read(output: str) -> list[dict[str, Any]]:
    result = json.loads(output)
    Draft7Validator(schema("rdjson.json")).validate(result)
    assert result["source"] == {"name": "lossflow"}
    return list(result["diagnostics"])


def cut(data: bytes, place: dict[str, Any]) -> tuple[bytes, bytes, bytes]:
    """What is before, in and behind a range, whose columns count bytes."""
    lines = data.splitlines(keepends=True)
    start, end = (
        sum(map(len, lines[: each["line"] - 1])) + each["column"] - 1 for each in (place["start"], place["end"])
    )
    return data[:start], data[start:end], data[end:]


def test_a_project(project: Project) -> None:
    diagnostics = read(project.run("rdjson"))
    found = [
        (each["code"]["value"], each["severity"], each["location"]["path"]) for each in diagnostics if "code" in each
    ]
    assert sorted(found) == [
        ("LF101", "WARNING", "book.ipynb"),
        ("LF101", "WARNING", f"{ODD}/train.py"),
        ("LF101", "WARNING", "summed.py"),
        ("LF301", "WARNING", "book.ipynb"),
        ("LF301", "WARNING", "legacy.py"),
        ("LF301", "WARNING", "legacy.py"),
        ("LF302", "ERROR", "legacy.py"),
    ]


def test_columns_count_bytes(project: Project) -> None:
    data = Path("legacy.py").read_bytes()
    diagnostics = read(project.run("rdjson", "legacy.py", status=1))
    found = [cut(data, each["location"]["range"])[1].decode() for each in diagnostics]
    assert found == ["False", "True", '"]]>, 100%: é😀"']


def test_suggestions_are_the_fixes(project: Project) -> None:
    for name, arguments in (("legacy.py", ()), ("summed.py", ("--unsafe-fixes",))):
        data = Path(name).read_bytes()
        for diagnostic in reversed(read(project.run("rdjson", name, status=1))):
            for suggestion in diagnostic.get("suggestions", []):
                before, _, behind = cut(data, suggestion["range"])
                data = before + suggestion["text"].encode() + behind
        project.run("concise", name, "--fix", "--exit-zero", *arguments, status=0)
        assert Path(name).read_bytes() == data
        assert b"size_average" not in data
        assert b'"sum"' not in data or name == "legacy.py"


def test_several_edits_are_one_suggestion() -> None:
    text = "é = f(a,\r\n  b)\n"
    edits = (Edit(Span(11, 12), ""), Edit(Span(6, 7), "损"), Edit(Span(12, 13), "c"))
    fix = Fix(Safety.UNSAFE, "Do.", edits)
    finding = Finding("LF101", "n", "x.py", Span(4, 5), "It is wrong.", fix=fix)
    (diagnostic,) = read(rdjson.text([FileReport("x.py", (finding,), {"x.py": Source("x.py", text)})]))
    (suggestion,) = diagnostic["suggestions"]
    before, _, behind = cut(text.encode(), suggestion["range"])
    assert before + suggestion["text"].encode() + behind == "é = f(损,\r\n cc)\n".replace("cc", "c").encode()


def test_related_places_are_given(project: Project) -> None:
    train = next(each for each in read(project.run("rdjson")) if each["location"]["path"].endswith("train.py"))
    first, *_ = train["related_locations"]
    assert first["message"] == "the reduction is chosen here"
    assert first["location"]["path"] == f"{ODD}/losses.py"
    data = Path(first["location"]["path"]).read_bytes()
    assert cut(data, first["location"]["range"])[1] == b"nn.MSELoss(reduction='sum')"


def test_a_notebook_has_neither_lines_nor_suggestions(project: Project) -> None:
    summed, legacy, _ = read(project.run("rdjson", "book.ipynb"))
    assert summed["location"] == {"path": "book.ipynb"}
    assert summed["message"].startswith("cell 2, line 2, column 13: ")
    assert summed["related_locations"][1] == {
        "message": "cell 4, line 3, column 5: backward is here",
        "location": {"path": "book.ipynb"},
    }
    assert "suggestions" not in legacy


def test_what_was_not_analysed_is_a_diagnostic_of_its_file(project: Project) -> None:
    unanalysed = [each for each in read(project.run("rdjson")) if "code" not in each]
    assert sorted((each["location"]["path"], each["severity"]) for each in unanalysed) == [
        ("book.ipynb", "ERROR"),
        (f"{ODD}/broken.py", "ERROR"),
    ]
    assert any(each["message"].startswith(f"{ODD}/broken.py was not analysed: ") for each in unanalysed)


def test_nothing_found_is_a_result_without_diagnostics(project: Project) -> None:
    assert read(project.run("rdjson", "clean.py", status=0)) == []
