"""What lossflow reports of every fixture is what its markers say: no more, no less, and nothing under a `noqa`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import pytest

from lossflow.checking import FileReport, check
from lossflow.configuration.config import Config
from lossflow.configuration.selection import ALL, Selection
from lossflow.findings import Role
from lossflow.source import Source

from .markers import ROOT, RULE_FIXTURES, Fixture, Place, collect, read, silenced

FIXTURES = collect(RULE_FIXTURES)
EVERY_RULE = Config(root=ROOT, selections=(Selection(extend_select=(ALL,)),))
"""Also the rules that are off by default."""
Checked = Callable[[Fixture], FileReport]


@pytest.fixture(scope="session")
def checked() -> Checked:
    """What lossflow reports of a fixture, which is checked once a session."""
    reports: dict[str, FileReport] = {}

    def report(fixture: Fixture) -> FileReport:
        if fixture.text not in reports:
            reports[fixture.text] = check(Source(str(fixture.path), fixture.text), EVERY_RULE)
        return reports[fixture.text]

    return report


def places(report: FileReport, fixture: Fixture) -> Counter[Place]:
    """The lines and codes of the findings of `report`, which is about `fixture`."""
    source = Source(str(fixture.path), fixture.text)
    return Counter((source.location(each.span.start).row, each.code) for each in report.findings)


@pytest.mark.parametrize("fixture", FIXTURES, ids=lambda fixture: fixture.id)
def test_findings_are_those_of_the_markers(fixture: Fixture, checked: Checked) -> None:
    report = checked(fixture)
    assert report.failure is None
    found = places(report, fixture)
    missing, surplus = fixture.expected - found, found - fixture.expected - fixture.missed
    assert not missing, f"not reported: {sorted(missing)}"
    assert not surplus, f"reported without a marker: {sorted(surplus)}"
    assert not found & fixture.missed, "a known miss is reported now: turn its `# todo:` into a marker"


@pytest.mark.parametrize(
    "fixture", [fixture for fixture in FIXTURES if fixture.expected], ids=lambda fixture: fixture.id
)
def test_noqa_on_the_line_of_a_finding_silences_it(fixture: Fixture) -> None:
    quiet = read(fixture.path, silenced(fixture))
    assert quiet.text != fixture.text
    report = check(Source(str(quiet.path), quiet.text), EVERY_RULE)
    assert report.failure is None
    assert not report.findings


@pytest.mark.parametrize("fixture", FIXTURES, ids=lambda fixture: fixture.id)
def test_messages_are_sentences_that_name_the_line_of_the_backward(fixture: Fixture, checked: Checked) -> None:
    report = checked(fixture)
    for finding in report.findings:
        assert finding.file == str(fixture.path)
        assert 0 <= finding.span.start < finding.span.end <= len(fixture.text)
        assert finding.message.endswith(".")
        for related in finding.related:
            source = report.sources[related.file]
            assert 0 <= related.span.start < related.span.end <= len(source.text)
            if related.role is Role.BACKWARD:
                assert f"line {source.location(related.span.start).row}" in finding.message
