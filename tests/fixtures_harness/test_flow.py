"""`reveal(x)  # revealed: per example, B^0` in a flow fixture: what the interpreter knows, without any rule."""

from __future__ import annotations

import pytest

from lossflow.catalog import Catalog
from lossflow.domain.trace import Revealed, Trace
from lossflow.domain.values import Const, Number, Tensor, Value
from lossflow.interp import interpret
from lossflow.source import Source

from .markers import FLOW_FIXTURES, Fixture, collect


def described(value: Value | None) -> str:
    """A value in the words of a marker."""
    match value:
        case Tensor():
            return f"{value.axes}, B^{value.exponent}"
        case Number():
            return f"number, B^{value.exponent}"
        case Const():
            return repr(value.value)
        case _:
            return type(value).__name__.lower()


def revealed(trace: Trace) -> dict[int, set[str]]:
    """What is revealed on each line; a function that is called twice may reveal two values on one."""
    seen: dict[int, set[str]] = {}
    for event in trace.events:
        if isinstance(event, Revealed):
            seen.setdefault(trace.row(event.site.place), set()).add(described(event.value))
    return seen


@pytest.mark.parametrize("fixture", collect(FLOW_FIXTURES), ids=lambda fixture: fixture.path.name)
def test_the_interpreter_knows_what_the_markers_say(fixture: Fixture) -> None:
    assert fixture.revealed or fixture.unrevealed, "the fixture reveals nothing"
    trace = interpret(Source(str(fixture.path), fixture.text), catalog=Catalog.default())
    seen = revealed(trace)
    missed = {line: seen.pop(line, set()) for line in fixture.unrevealed}
    assert seen == {line: {text} for line, text in fixture.revealed.items()}
    for line, text in fixture.unrevealed.items():
        assert missed[line] != {text}, f"line {line} is known now: drop its `todo:`"
