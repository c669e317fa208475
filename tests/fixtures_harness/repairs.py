"""What the fixes of a rule make of its fixtures, and where it is written down.

What becomes of `fixtures/rules/<slug>/flagged_x.py` is `fixtures/fixes/<slug>/flagged_x.fixed.py`. More scripts, about
the layouts that a fix has to leave alone, stand in that folder beside their own `x.fixed.py`.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache, cached_property
from pathlib import Path

from lossflow.checking import FileReport, check
from lossflow.configuration.config import Config
from lossflow.configuration.selection import ALL, Selection
from lossflow.document import Document
from lossflow.findings import Finding, Safety
from lossflow.fixing.rounds import fix
from lossflow.rules import RULES
from lossflow.source import Source

from .markers import FIX_FIXTURES, ROOT, RULE_FIXTURES, Fixture, read

EVERY_RULE = Config(root=ROOT, selections=(Selection(extend_select=(ALL,)),))
_CODES = {rule.name: rule.code for rule in RULES}
_SUFFIX = ".fixed.py"


@cache
def report_of(path: Path, text: str) -> FileReport:
    """What lossflow reports of a text that stands at `path`."""
    report = check(Source(str(path), text), EVERY_RULE)
    assert report.failure is None
    return report


@dataclass(frozen=True)
class Repair:
    """A fixture, and the fixes of the rule in whose folder it stands."""

    fixture: Fixture

    @property
    def id(self) -> str:
        return self.fixture.id

    @property
    def code(self) -> str:
        """The code whose fixes are applied."""
        return _CODES[self.fixture.path.parent.name]

    @property
    def path(self) -> Path:
        """Where the fixed text is written down."""
        return FIX_FIXTURES / self.fixture.path.parent.name / f"{self.fixture.path.stem}{_SUFFIX}"

    def findings(self, text: str) -> list[Finding]:
        """The findings of that code in a text of the fixture."""
        return [each for each in report_of(self.fixture.path, text).findings if each.code == self.code]

    @property
    def fixes(self) -> list[Finding]:
        """The findings that come with a fix."""
        return [each for each in self.findings(self.fixture.text) if each.fix is not None]

    @property
    def is_safe(self) -> bool:
        return all(each.fix is not None and each.fix.safety is Safety.SAFE for each in self.fixes)

    @cached_property
    def text(self) -> str:
        """The fixture after all fixes of that code."""
        return self.repaired(self.fixture.text)

    def repaired(self, text: str) -> str:
        """A text of the fixture after all fixes of that code, none of which may be left out."""
        document = Document.of(str(self.fixture.path), text.encode())
        fixed = fix(document, self._reported, unsafe=True)
        assert not fixed.dropped, [each.reason for each in fixed.dropped]
        return fixed.after.data.decode()

    def _reported(self, source: Source) -> FileReport:
        report = report_of(self.fixture.path, source.text)
        return replace(report, findings=tuple(each for each in report.findings if each.code == self.code))

    def fixed(self) -> Fixture:
        """The fixed file with its own markers, as it is written down."""
        return read(self.path)


def collect_repairs() -> list[Repair]:
    """Every flagged fixture and every script about a layout, sorted by path."""
    flagged = list(RULE_FIXTURES.rglob("flagged_*.py"))
    layouts = [path for path in FIX_FIXTURES.rglob("*.py") if not path.name.endswith(_SUFFIX)]
    return [Repair(read(path)) for path in sorted(flagged + layouts)]


def statements(repair: Repair) -> Iterator[range]:
    """The lines that a fix may touch, from 1: of the statements of the findings and of their related places.

    What a finding's statement names may be a constant, a loss or a total: what assigns or adds to it may be edited, and
    so may the constants that it is made of.
    """
    source = Source(str(repair.fixture.path), repair.fixture.text)
    tree = ast.parse(source.text)
    all_ = [node for node in ast.walk(tree) if isinstance(node, ast.stmt)]
    for finding in repair.fixes:
        spans = [finding.span, *(each.span for each in finding.related if each.file == source.name)]
        for row in {source.row(offset) for span in spans for offset in (span.start, span.end - 1)}:
            around = [node for node in all_ if node.lineno <= row <= (node.end_lineno or 0)]
            innermost = min(around, key=lambda node: (node.end_lineno or 0) - node.lineno)
            yield range(innermost.lineno, (innermost.end_lineno or 0) + 1)
            for assignment in _assignments(all_, _names(innermost)):
                yield range(assignment.lineno, (assignment.end_lineno or 0) + 1)
                for constant in _assignments(all_, _names(assignment)):
                    if isinstance(constant.value, ast.Constant):
                        yield range(constant.lineno, (constant.end_lineno or 0) + 1)


def _assignments(all_: list[ast.stmt], names: set[str]) -> Iterator[ast.Assign | ast.AugAssign]:
    for node in all_:
        match node:
            case ast.Assign(targets=targets) if {ast.unparse(target) for target in targets} & names:
                yield node
            case ast.AugAssign(target=target) if ast.unparse(target) in names:
                yield node


def _names(node: ast.AST) -> set[str]:
    named = (ast.Name, ast.Attribute, ast.Subscript)
    return {ast.unparse(each) for each in ast.walk(node) if isinstance(each, named)}
