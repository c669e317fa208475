"""What the editor offers for the findings at a place: their fixes, comments that silence them, and all safe fixes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from lsprotocol import types
from pygls.workspace import PositionCodec

from lossflow.document import Document
from lossflow.errors import NotEdited
from lossflow.findings import Fix, Safety, fixable
from lossflow.server import positions
from lossflow.server.analysis import Analysis
from lossflow.server.changes import workspace_edit
from lossflow.server.diagnostics import Shown, shown
from lossflow.suppression.edits import silenced

FIX_ALL = f"{types.CodeActionKind.SourceFixAll.value}.lossflow"
QUICK_FIX = types.CodeActionKind.QuickFix.value
KINDS = (QUICK_FIX, FIX_ALL)

_SAFETY = {Safety.SAFE: "safe", Safety.UNSAFE: "unsafe: changes the numbers"}


@dataclass(frozen=True, slots=True)
class Offer:
    """What may be offered at a place of the text `uri`; `versions` is what `workspace_edit` asks about the editor."""

    analysis: Analysis
    codec: PositionCodec
    uri: str
    range: types.Range
    versions: bool

    def quick_fixes(self) -> Iterator[types.CodeAction]:
        """The fix of each finding at the place, and behind all of them the comments that silence these."""
        here = [
            each
            for each in shown(self.analysis, self.codec)
            if each.part.uri == self.uri and positions.meet(each.diagnostic.range, self.range)
        ]
        for each in here:
            yield from self._fix(each)
        for each in here:
            yield from self._disable(each)

    def offers_all_fixes(self) -> bool:
        """True where some finding of the program has a safe fix: a look, before these are worked out."""
        return any(fixable(finding, unsafe=False) for finding in self.analysis.report.findings)

    def all_fixes(self, after: Document) -> types.CodeAction:
        """The action that makes all safe fixes, which lead to the document `after`."""
        return types.CodeAction("Fix all safely fixable lossflow problems", kind=FIX_ALL, edit=self._edit(after))

    def _fix(self, each: Shown) -> Iterator[types.CodeAction]:
        fix, document = each.finding.fix, self.analysis.program.document
        if fix is None or document is None:
            return
        try:
            after = document.edited(fix.edits)
        except (NotEdited, ValueError):  # it changes a line of IPython's own, or its own edits overlap
            return
        yield types.CodeAction(
            title(each.finding.code, fix),
            kind=QUICK_FIX,
            diagnostics=[each.diagnostic],
            is_preferred=fix.safety is Safety.SAFE or None,
            edit=self._edit(after),
        )

    def _disable(self, each: Shown) -> Iterator[types.CodeAction]:
        document = self.analysis.program.document
        if document is None:
            return
        changed = silenced(document, [each.finding])
        if changed.refused:
            return
        yield types.CodeAction(
            f"Disable {each.finding.code} for this line",
            kind=QUICK_FIX,
            diagnostics=[each.diagnostic],
            edit=self._edit(changed.document),
        )

    def _edit(self, after: Document) -> types.WorkspaceEdit:
        return workspace_edit(self.analysis.program, after, self.codec, versions=self.versions)


def title(code: str, fix: Fix) -> str:
    """What the fix does, and whether the numbers stay what they are."""
    return f"{fix.message.removesuffix('.')} ({code}, {_SAFETY[fix.safety]})"


def wants(kind: str, only: Sequence[str] | None) -> bool:
    """True when the editor asks for actions of that kind: it names kinds, or those above them, or nothing."""
    return only is None or any(each == "" or f"{kind}.".startswith(f"{each}.") for each in only)
