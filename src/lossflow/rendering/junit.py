"""JUnit's XML, which every CI server reads: a suite for each file, a failed test for each finding."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import PurePath
from xml.etree import ElementTree as Xml

from lossflow.checking import FileReport
from lossflow.findings import Finding
from lossflow.rendering.places import at, findings, in_words, shown
from lossflow.rendering.problems import problems
from lossflow.source import Source

_NO_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""The characters that no XML may hold, not even as a reference."""


def text(reports: Iterable[FileReport]) -> str:
    """One document; it is in ASCII, since what is printed takes on the encoding of the terminal."""
    root = Xml.Element("testsuites", name="lossflow")
    for report in reports:
        if report.findings or not report.whole:
            root.append(_suite(report))
    if not len(root):
        _case(suite := Xml.SubElement(root, "testsuite", name="lossflow"), "No problem found", "lossflow")
        _count(suite)
    _count(root)
    Xml.indent(root)
    written: bytes = Xml.tostring(root, encoding="us-ascii", xml_declaration=True)
    return written.decode("ascii") + "\n"


def _suite(report: FileReport) -> Xml.Element:
    name = _clean(shown(report.file))
    suite = Xml.Element("testsuite", name=name)
    stem = _clean(str(PurePath(shown(report.file)).with_suffix("")))
    for finding, source, _ in findings([report]):
        start = source.location(finding.span.start)
        case = _case(suite, f"lossflow.{finding.code}", stem, file=name, line=start.row, column=start.column)
        failure = Xml.SubElement(case, "failure", message=_clean(finding.message), type=finding.code)
        failure.text = _clean(_told(finding, source, report))
    for problem in problems(report):
        case = _case(suite, "lossflow.not-analysed", stem, file=name)
        error = Xml.SubElement(case, "error", message=_clean(problem), type="not-analysed")
        error.text = _clean(problem)
    _count(suite)
    return suite


def _told(finding: Finding, source: Source, report: FileReport) -> str:
    """The finding with its place, and the way of the loss."""
    lines = [f"{in_words(source.location(finding.span.start))}, {finding.message}"]
    for related in finding.related:
        where = report.sources[related.file].location(related.span.start)
        lines.append(f"{at(related.file, where)}: {related.message}")
    return "\n".join(lines)


def _case(suite: Xml.Element, name: str, classname: str, **attributes: object) -> Xml.Element:
    written = {"name": name, "classname": classname, **attributes}
    return Xml.SubElement(suite, "testcase", {key: str(value) for key, value in written.items()})


def _count(element: Xml.Element) -> None:
    """Say how many tests there are below the element, and how they went."""
    for attribute, tag in (("tests", "testcase"), ("failures", "failure"), ("errors", "error")):
        element.set(attribute, str(sum(1 for _ in element.iter(tag))))


def _clean(text: str) -> str:
    return _NO_XML.sub("\N{REPLACEMENT CHARACTER}", text)
