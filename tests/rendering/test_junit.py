"""JUnit's XML, read back by junitparser."""

from __future__ import annotations

from pathlib import Path

from junitparser import Error, Failure, JUnitXml, TestCase, TestSuite

from lossflow.checking import FileReport
from lossflow.rendering import junit
from tests.rendering.conftest import ODD, Project


def read(output: str) -> list[TestSuite]:
    xml = JUnitXml.fromstring(output.encode())
    counts = (xml.tests, xml.failures, xml.errors)
    xml.update_statistics()
    assert counts == (xml.tests, xml.failures, xml.errors)
    return list(xml)


def cases(suite: TestSuite) -> list[TestCase]:
    return list(suite)


def test_a_project(project: Project) -> None:
    output = project.run("junit")
    assert output.isascii()
    suites = {suite.name: suite for suite in read(output)}
    assert sorted(suites) == sorted(["book.ipynb", "legacy.py", "summed.py", f"{ODD}/broken.py", f"{ODD}/train.py"])
    assert [(suite.tests, suite.failures, suite.errors) for _, suite in sorted(suites.items())] == [
        (3, 2, 1),
        (3, 3, 0),
        (1, 0, 1),
        (1, 1, 0),
        (1, 1, 0),
    ]
    (case,) = cases(suites[f"{ODD}/train.py"])
    (failure,) = case.result
    assert isinstance(failure, Failure)
    assert (case.name, case.classname) == ("lossflow.LF101", f"{ODD}/train")
    assert [case._elem.get(key) for key in ("file", "line", "column")] == [f"{ODD}/train.py", "6", "13"]
    assert failure.type == "LF101"
    assert failure.message.startswith('`nn.MSELoss` with `reduction="sum"`, chosen on line 5 of losses.py, ')
    first, *way = failure.text.split("\n" + ODD)
    assert first == f"line 6, column 13, {failure.message}"
    assert way[0] == "/losses.py:5:12: the reduction is chosen here"


def test_odd_characters_of_a_message_come_back(project: Project) -> None:
    (suite,) = read(project.run("junit", "legacy.py", status=1))
    failure = cases(suite)[2].result[0]
    assert "]]>, 100%: é😀" in failure.message
    assert failure.message in failure.text


def test_a_notebook_names_its_cell(project: Project) -> None:
    (suite,) = read(project.run("junit", "book.ipynb"))
    assert cases(suite)[0].result[0].text.startswith("cell 2, line 2, column 13, `nn.MSELoss` ")


def test_what_was_not_analysed_is_an_error(project: Project) -> None:
    suites = {suite.name: suite for suite in read(project.run("junit"))}
    *_, cell = cases(suites["book.ipynb"])
    (broken,) = cases(suites[f"{ODD}/broken.py"])
    for case, says in ((cell, "book.ipynb was analysed without"), (broken, f"{ODD}/broken.py was not analysed: ")):
        (error,) = case.result
        assert isinstance(error, Error)
        assert (case.name, error.type) == ("lossflow.not-analysed", "not-analysed")
        assert error.message.startswith(says)
        assert error.text == error.message


def test_nothing_found_is_a_test_that_passes(project: Project) -> None:
    (suite,) = read(project.run("junit", "clean.py", status=0))
    (case,) = cases(suite)
    assert (suite.name, case.name, case.is_passed) == ("lossflow", "No problem found", True)


def test_characters_that_no_xml_may_hold_are_replaced() -> None:
    name = str(Path.cwd() / "a\x1b\x00\udcff\uffff😀.py")
    (suite,) = read(junit.text([FileReport(name, failure="it is \x07 wrong")]))
    assert suite.name == "a\ufffd\ufffd\ufffd\ufffd😀.py"
    assert cases(suite)[0].result[0].message.endswith("it is \ufffd wrong.")
