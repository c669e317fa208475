"""A fix makes of a fixture what is written down, and nothing else: no other line changes, no new mistake appears.

`pytest tests/fixtures_harness/test_fixes.py --write-fixed` writes it down, to be read before it is committed.
"""

from __future__ import annotations

from collections import Counter
from difflib import SequenceMatcher

import pytest

from lossflow.source import Source

from .markers import FIX_FIXTURES, Place
from .repairs import Repair, collect_repairs, report_of, statements

REPAIRS = collect_repairs()
each_repair = pytest.mark.parametrize("repair", REPAIRS, ids=lambda repair: repair.id)


def places(repair: Repair, text: str) -> Counter[Place]:
    """The lines and codes of the findings in a text of the fixture."""
    source = Source(str(repair.fixture.path), text)
    found = report_of(repair.fixture.path, text).findings
    return Counter((source.location(each.span.start).row, each.code) for each in found)


@each_repair
def test_fixing_gives_what_is_written_down(repair: Repair, pytestconfig: pytest.Config) -> None:
    if not repair.fixes:
        assert not repair.path.exists(), f"nothing in {repair.id} has a fix: delete {repair.path.name}"
        return
    compile(repair.text, str(repair.path), "exec")
    if pytestconfig.getoption("--write-fixed"):
        repair.path.parent.mkdir(parents=True, exist_ok=True)
        repair.path.write_bytes(repair.text.encode())
    assert repair.path.exists(), "run this test with --write-fixed, and read what it writes"
    assert repair.text == repair.path.read_bytes().decode()


@each_repair
def test_fixed_findings_are_gone(repair: Repair) -> None:
    if not repair.fixes:
        return
    assert repair.repaired(repair.text) == repair.text
    unfixable = Counter(each.message for each in repair.findings(repair.fixture.text) if each.fix is None)
    assert len(repair.findings(repair.text)) == unfixable.total()


@each_repair
def test_every_edit_changes_something(repair: Repair) -> None:
    """An editor shows each of them, and one that changes nothing keeps another fix away from its place."""
    text = repair.fixture.text
    edits = [edit for each in repair.fixes if each.fix is not None for edit in each.fix.edits]
    assert [edit for edit in edits if text[edit.span.start : edit.span.end] == edit.content] == []


@each_repair
def test_what_a_fix_brings_to_light_is_marked(repair: Repair) -> None:
    if not repair.fixes:
        assert not repair.fixture.fixed, "nothing is fixed here, so that nothing comes to light"
        return
    fixed, found = repair.fixed(), places(repair, repair.text)
    new = found - fixed.expected - fixed.fixed - fixed.missed
    assert not new, f"reported in the fixed file without a marker: {sorted(new)}"
    assert not fixed.fixed - found, f"marked as `fixed:`, but not reported: {sorted(fixed.fixed - found)}"


@each_repair
def test_only_the_statements_of_the_findings_change(repair: Repair) -> None:
    before, after = repair.fixture.text.splitlines(), repair.text.splitlines()
    allowed = {line for lines in statements(repair) for line in lines}
    for action, start, end, _, _ in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        if action != "equal":
            touched = set(range(start + 1, end + 1)) or {start, start + 1}  # an insertion is between two lines
            assert touched <= allowed, f"{action} of {before[start:end]}"


@pytest.mark.parametrize(
    "repair", [each for each in REPAIRS if FIX_FIXTURES in each.fixture.path.parents], ids=lambda repair: repair.id
)
def test_scripts_about_layouts_have_a_fix_for_every_finding(repair: Repair) -> None:
    assert places(repair, repair.fixture.text) == repair.fixture.expected
    assert repair.fixes == repair.findings(repair.fixture.text) != []


def test_every_fixed_file_belongs_to_a_fixture() -> None:
    paths = {repair.path for repair in REPAIRS}
    assert [path.name for path in FIX_FIXTURES.rglob("*.fixed.py") if path not in paths] == []
