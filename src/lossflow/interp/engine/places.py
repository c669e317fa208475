"""Places of syntax nodes, numbered as they are met and resolved to characters once, at the end.

libcst's position providers cost one to two parses; writing the tree out once, and noting where the wanted nodes begin
and end, costs a quarter of one. A node's own parentheses are not part of its span.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

import libcst as cst
from libcst._nodes.internal import CodegenState

from lossflow.domain.trace import Place
from lossflow.interp.engine.recursion import deep_recursion
from lossflow.source import Span


@dataclass(slots=True)
class Places:
    """The places of one file."""

    file: str
    nodes: list[cst.CSTNode] = field(default_factory=list)
    _numbers: dict[int, int] = field(default_factory=dict)

    def of(self, node: cst.CSTNode) -> Place:
        """The place of a node of the file's tree."""
        number = self._numbers.setdefault(id(node), len(self.nodes))
        if number == len(self.nodes):
            self.nodes.append(node)
        return Place(self.file, number)


class Spans(Mapping[Place, Span]):
    """The characters of every place; a file is written out when the first of its places is asked for."""

    def __init__(self, files: Mapping[str, tuple[Places, cst.Module]], texts: Mapping[str, str]) -> None:
        self._files = files
        self._texts = texts
        self._found: dict[str, dict[int, Span]] = {}

    def __getitem__(self, place: Place) -> Span:
        places, module = self._files[place.file]
        if place.file not in self._found:
            self._found[place.file] = spans_of(module, places.nodes, self._texts[place.file])
        return self._found[place.file].get(id(places.nodes[place.number]), Span(0, 0))

    def __iter__(self) -> Iterator[Place]:
        return (Place(name, number) for name, (places, _) in self._files.items() for number in range(len(places.nodes)))

    def __len__(self) -> int:
        return sum(len(places.nodes) for places, _ in self._files.values())


def spans_of(module: cst.Module, nodes: Iterable[cst.CSTNode], text: str) -> dict[int, Span]:
    """The characters of each of `nodes` in `text`, from which the tree was parsed, by the node's identity."""
    state = _Recorder(module.default_indent, module.default_newline, wanted={id(node) for node in nodes})
    with deep_recursion():
        module._codegen(state)
    dropped = _dropped("".join(state.tokens), text)
    if not dropped:
        return state.found
    return {
        node: Span(_shifted(span.start, dropped), _shifted(span.end, dropped)) for node, span in state.found.items()
    }


def _dropped(written: str, text: str) -> list[int]:
    """Where characters of the text are missing in what libcst writes: it drops a form feed before code."""
    if len(written) == len(text) or "\f" not in text:
        return []
    places: list[int] = []
    at = 0
    for char in text:
        if at < len(written) and written[at] == char:
            at += 1
        elif char == "\f":
            places.append(at)
    return places


def _shifted(offset: int, dropped: list[int]) -> int:
    return offset + bisect_right(dropped, offset)


class _Recorder(CodegenState):
    """A code writer that counts characters and notes where wanted nodes begin and end.

    Spans of parents are hoisted from children (`record_syntactic_position`), so every node's span is kept by identity.
    """

    def __init__(self, default_indent: str, default_newline: str, *, wanted: set[int]) -> None:
        super().__init__(default_indent, default_newline)
        self.offset = 0
        self.wanted = wanted
        self.found: dict[int, Span] = {}
        self._starts: list[int] = []
        self._syntactic: dict[int, Span] = {}

    def add_indent_tokens(self) -> None:
        super().add_indent_tokens()
        self.offset += sum(map(len, self.indent_tokens))

    def add_token(self, value: str) -> None:
        self.tokens.append(value)
        self.offset += len(value)

    def before_codegen(self, node: cst.CSTNode) -> None:
        self._starts.append(self.offset)

    def after_codegen(self, node: cst.CSTNode) -> None:
        start = self._starts.pop()
        span = self._syntactic.setdefault(id(node), Span(start, self.offset))
        if id(node) in self.wanted:
            self.found[id(node)] = span

    @contextmanager
    def record_syntactic_position(
        self, node: cst.CSTNode, *, start_node: cst.CSTNode | None = None, end_node: cst.CSTNode | None = None
    ) -> Iterator[None]:
        start = self.offset
        yield
        end = self.offset
        if start_node is not None:
            start = self._syntactic[id(start_node)].start
        if end_node is not None:
            end = self._syntactic[id(end_node)].end
        self._syntactic[id(node)] = Span(start, end)
