"""The page of a rule, where the cursor is on one of its findings, or on its code in a `# noqa` comment."""

from __future__ import annotations

import re
from collections.abc import Sequence

from lsprotocol import types
from pygls.workspace import PositionCodec

from lossflow.rendering import rule_page
from lossflow.rules import RULES, Rule
from lossflow.server import positions
from lossflow.server.analysis import Analysis
from lossflow.server.buffers import Buffer
from lossflow.server.diagnostics import shown

_NOQA = re.compile(r"# noqa:\s?(?P<codes>(?:[A-Z]+[0-9]+[,\s]*)+)", re.IGNORECASE)
_CODE = re.compile(r"[A-Z]+[0-9]+")


def of_comment(buffer: Buffer, at: types.Position, codec: PositionCodec) -> types.Hover | None:
    """What the code under the cursor means, in a `# noqa` comment: one rule, or all that it is a prefix of."""
    start = buffer.lines.offset(min(at.line + 1, buffer.lines.row(len(buffer.text))))
    column = positions.offset(codec, buffer.lines, at) - start
    comment = _NOQA.search(buffer.lines.line(at.line + 1))
    if comment is None:
        return None
    for code in _CODE.finditer(comment.string, comment.start("codes"), comment.end("codes")):
        if code.start() <= column <= code.end():
            rules = [rule for rule in RULES if rule.code.startswith(code.group())]
            ends = (positions.position(codec, buffer.lines, start + each) for each in code.span())
            return _page(rules, types.Range(*ends))
    return None


def of_findings(analysis: Analysis, uri: str, at: types.Position, codec: PositionCodec) -> types.Hover | None:
    """The rules whose findings are under the cursor."""
    here = [
        each
        for each in shown(analysis, codec)
        if each.part.uri == uri and positions.contains(each.diagnostic.range, at)
    ]
    codes = {each.finding.code for each in here}
    return _page([rule for rule in RULES if rule.code in codes], here[0].diagnostic.range) if here else None


def _page(rules: Sequence[type[Rule]], where: types.Range) -> types.Hover | None:
    if not rules:
        return None
    text = "\n---\n\n".join(map(rule_page.markdown, rules)) if len(rules) < 3 else rule_page.markdown_list(rules)
    return types.Hover(types.MarkupContent(types.MarkupKind.Markdown, text), range=where)
