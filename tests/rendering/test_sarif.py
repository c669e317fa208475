"""SARIF, read back by the schema of OASIS, and by what GitHub says that it reads."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest
from jsonschema import Draft7Validator, FormatChecker

from lossflow import __version__
from lossflow.rules import RULES
from lossflow.rules.documentation import documentation
from tests.rendering.conftest import LEGACY, ODD, Project, schema

VALIDATOR = Draft7Validator(schema("sarif-schema-2.1.0.json"), format_checker=FormatChecker())


def read(output: str) -> dict[str, Any]:
    """The single run of a valid log."""
    log = json.loads(output)
    VALIDATOR.validate(log)
    assert log["version"] == "2.1.0"
    (run,) = log["runs"]
    return dict(run)


def results(run: dict[str, Any], name: str) -> list[dict[str, Any]]:
    return [each for each in run["results"] if file(each["locations"][0]).endswith(name)]


def file(location: dict[str, Any]) -> str:
    artifact = location["physicalLocation"]["artifactLocation"]
    assert artifact["uriBaseId"] == "%SRCROOT%"
    return unquote(artifact["uri"])


def text(run: dict[str, Any], location: dict[str, Any], region: dict[str, int] | None = None) -> str:
    """The characters of a region on one line, read from disk as a viewer does it."""
    root = unquote(urlsplit(run["originalUriBaseIds"]["%SRCROOT%"]["uri"]).path)
    region = region or location["physicalLocation"]["region"]
    assert region["startLine"] == region["endLine"]
    line = Path(root, file(location)).read_text(encoding="utf-8").split("\n")[region["startLine"] - 1]
    return line[region["startColumn"] - 1 : region["endColumn"] - 1]


def test_a_project(project: Project) -> None:
    run = read(project.run("sarif"))
    assert sorted((each["ruleId"], file(each["locations"][0])) for each in run["results"]) == sorted(
        [
            ("LF101", f"code/{ODD}/train.py"),
            ("LF101", "code/summed.py"),
            ("LF101", "code/book.ipynb"),
            ("LF301", "code/book.ipynb"),
            ("LF301", "code/legacy.py"),
            ("LF301", "code/legacy.py"),
            ("LF302", "code/legacy.py"),
        ]
    )
    for result in run["results"]:
        rule = run["tool"]["driver"]["rules"][result["ruleIndex"]]
        assert rule["id"] == result["ruleId"]
        assert result["level"] == rule["defaultConfiguration"]["level"]
    assert run["automationDetails"] == {"id": "lossflow/"}
    assert run["columnKind"] == "unicodeCodePoints"
    assert run["originalUriBaseIds"]["%SRCROOT%"]["uri"].startswith("file:///")


def test_columns_count_characters_also_behind_an_astral_one(project: Project) -> None:
    run = read(project.run("sarif"))
    found = [text(run, each["locations"][0]) for each in results(run, "legacy.py")]
    assert found == ["False", "True", '"]]>, 100%: é😀"']
    assert "`]]>, 100%: é😀`" in results(run, "legacy.py")[2]["message"]["text"].replace('"', "`")


def test_the_way_of_the_loss_is_a_code_flow(project: Project) -> None:
    run = read(project.run("sarif"))
    (result,) = results(run, "train.py")
    assert text(run, result["locations"][0]) == "make()"
    (flow,) = result["codeFlows"]
    (thread,) = flow["threadFlows"]
    places = [each["location"] for each in thread["locations"]]
    assert [(file(each).rpartition("/")[2], text(run, each)) for each in places] == [
        ("losses.py", "nn.MSELoss(reduction='sum')"),
        ("train.py", "make()"),
        ("train.py", "criterion(model(inputs), targets)"),
        ("train.py", "criterion(model(inputs), targets).backward()"),
        ("train.py", "torch.optim.SGD(model.parameters(), lr=0.01)"),
        ("train.py", "0.01"),
    ]
    assert [each["message"]["text"] for each in places][:2] == [
        "the reduction is chosen here",
        "LF101 sum-with-fixed-lr",
    ]
    related = result["relatedLocations"]
    assert [text(run, each) for each in related] == [text(run, each) for each in (places[0], *places[2:])]
    assert [each["id"] for each in related] == [1, 2, 3, 4, 5]
    assert "codeFlows" not in results(run, "legacy.py")[0]


@pytest.mark.parametrize(
    ("code", "way"),
    [
        ("LF101", "nn.MSELoss criterion loss.backward torch.optim.SGD 0.01"),
        ("LF105", "torch.sum F.mse_loss reconstruction loss.backward torch.optim.Adam 1e-3"),
        ("LF106", "nn.MSELoss loss.backward torch.nn.utils.clip_grad_norm_"),
        ("LF107", "nn.MSELoss loss.backward optimizer.step"),
        ("LF108", "num_items_in_batch torch.nn.functional.cross_entropy return"),
        ("LF203", "F.mse_loss loss.mean loss.backward"),
        ("LF401", "nn.CrossEntropyLoss total"),
    ],
)
def test_the_way_is_in_the_order_of_the_loss(project: Project, code: str, way: str) -> None:
    (rule,) = (rule for rule in RULES if rule.code == code)
    Path("bad.py").write_text(documentation(rule).bad)
    run = read(project.run("sarif", "bad.py", "--select", code, status=1))
    (result,) = run["results"]
    locations = [each["location"] for each in result["codeFlows"][0]["threadFlows"][0]["locations"]]
    assert [re.split(r"[( =,]", text(run, each))[0] for each in locations] == way.split()


def test_an_attribute_is_set_behind_the_constructor(project: Project) -> None:
    Path("bad.py").write_text("from torch import nn\ncriterion = nn.MSELoss()\ncriterion.size_average = False\n")
    run = read(project.run("sarif", "bad.py", status=1))
    locations = run["results"][0]["codeFlows"][0]["threadFlows"][0]["locations"]
    assert [each["location"]["physicalLocation"]["region"]["startLine"] for each in locations] == [2, 3]


def test_fixes_are_edits_of_the_file(project: Project) -> None:
    run = read(project.run("sarif"))
    edited = LEGACY.split("\n")[3]
    for result in reversed(results(run, "legacy.py")[:2]):
        (fix,) = result["fixes"]
        (change,) = fix["artifactChanges"]
        (replacement,) = change["replacements"]
        assert change["artifactLocation"] == result["locations"][0]["physicalLocation"]["artifactLocation"]
        assert fix["properties"] == {"applicability": "safe"}
        region = replacement["deletedRegion"]
        start, end = region["startColumn"] - 1, region["endColumn"] - 1
        edited = edited[:start] + replacement["insertedContent"]["text"] + edited[end:]
    project.run("concise", "legacy.py", "--fix", status=1)
    assert Path("legacy.py").read_text(encoding="utf-8").split("\n")[3] == edited
    (summed,) = results(run, "summed.py")
    assert summed["fixes"][0]["properties"] == {"applicability": "unsafe"}
    assert summed["fixes"][0]["description"]["text"]


def test_a_notebook_has_no_edits_and_its_cells_stand_in_the_messages(project: Project) -> None:
    run = read(project.run("sarif"))
    summed, legacy = results(run, "book.ipynb")
    assert summed["message"]["text"].startswith("cell 2, line 2, column 13: `nn.MSELoss` ")
    assert summed["locations"][0]["physicalLocation"]["region"] == {
        "startLine": 1,
        "startColumn": 1,
        "endLine": 1,
        "endColumn": 1,
    }
    messages = [each["location"]["message"]["text"] for each in summed["codeFlows"][0]["threadFlows"][0]["locations"]]
    assert messages[0] == "cell 2, line 2, column 13: LF101 sum-with-fixed-lr"
    assert messages[2] == "cell 4, line 3, column 5: backward is here"
    assert "fixes" not in legacy
    assert json.loads(project.run("json", "book.ipynb"))[1]["fix"] is not None


def test_what_was_not_analysed_is_a_notification(project: Project) -> None:
    (invocation,) = read(project.run("sarif"))["invocations"]
    assert not invocation["executionSuccessful"]
    cell, broken = sorted(invocation["toolExecutionNotifications"], key=lambda each: file(each["locations"][0]))
    assert (file(cell["locations"][0]), file(broken["locations"][0])) == ("code/book.ipynb", f"code/{ODD}/broken.py")
    assert cell["message"]["text"].startswith("book.ipynb was analysed without cell 3, which is not valid Python: ")
    assert broken["message"]["text"].startswith(f"{ODD}/broken.py was not analysed: it is not valid Python: line 2")
    assert {cell["level"], broken["level"]} == {"error"}


def test_nothing_found_is_a_run_without_results(project: Project) -> None:
    run = read(project.run("sarif", "clean.py", status=0))
    assert run["results"] == []
    assert run["invocations"] == [{"executionSuccessful": True, "toolExecutionNotifications": []}]


def test_each_rule_is_described_once(project: Project) -> None:
    driver = read(project.run("sarif", "clean.py", status=0))["tool"]["driver"]
    assert (driver["name"], driver["version"], driver["semanticVersion"]) == ("lossflow", __version__, __version__)
    assert [rule["id"] for rule in driver["rules"]] == [rule.code for rule in RULES]
    for rule, described in zip(RULES, driver["rules"]):
        assert described["name"] == rule.name
        assert 0 < len(described["shortDescription"]["text"]) <= 1024
        assert 0 < len(described["fullDescription"]["text"]) <= 1024
        assert described["help"]["text"].startswith(f"{rule.code} {rule.name}\n")
        assert described["help"]["markdown"].startswith(f"# {rule.code} {rule.name}\n")
        assert described["help"]["markdown"].count("```python\n") == 2
        assert described["defaultConfiguration"] == {"enabled": rule.default, "level": rule.severity.value}


def keys(value: object) -> Iterator[str]:
    """Every key, however deep."""
    for each in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from keys(each)
    yield from value if isinstance(value, dict) else ()


def test_a_finding_is_no_security_alert(project: Project) -> None:
    found = set(keys(read(project.run("sarif"))))
    assert "problem.severity" in found
    assert not [key for key in found if "security" in key]


def fingerprints(run: dict[str, Any], name: str) -> list[str]:
    return [each["partialFingerprints"]["primaryLocationLineHash"] for each in results(run, name)]


def test_a_fingerprint_outlives_edits_elsewhere(project: Project) -> None:
    before = read(project.run("sarif"))
    legacy, book = fingerprints(before, "legacy.py"), fingerprints(before, "book.ipynb")
    assert len({*legacy, *book, *fingerprints(before, "summed.py"), *fingerprints(before, "train.py")}) == 5
    Path("legacy.py").write_text("import os\n\n\n" + LEGACY.replace("print(", "print ( "), encoding="utf-8")
    notebook = json.loads(Path("book.ipynb").read_text())
    notebook["cells"].insert(0, {"cell_type": "code", "source": "import os"})
    Path("book.ipynb").write_text(json.dumps(notebook))
    after = read(project.run("sarif"))
    assert (fingerprints(after, "legacy.py"), fingerprints(after, "book.ipynb")) == (legacy, book)


def test_a_file_outside_the_repository_has_an_absolute_name(
    project: Project, tmp_path_factory: pytest.TempPathFactory
) -> None:
    outside = tmp_path_factory.mktemp("out side") / "a.py"
    outside.write_text(Path("summed.py").read_text())
    (result,) = read(project.run("sarif", str(outside), status=1))["results"]
    artifact = result["locations"][0]["physicalLocation"]["artifactLocation"]
    assert artifact == {"uri": outside.as_uri()}
