"""The calls of losses that a fix may edit: those that are written in the file, of what is surely that loss."""

from __future__ import annotations

import ast
from dataclasses import dataclass

from lossflow.domain.trace import KnownLoss, LossCall, Place, Trace
from lossflow.edits import arguments
from lossflow.edits.strings import quoted
from lossflow.edits.syntax import Syntax
from lossflow.rules.fixes import names, places
from lossflow.source import Edit


@dataclass(frozen=True, slots=True)
class WrittenCall:
    """A call of a loss as it is written; `parameters` are those of its arguments, by the signature."""

    syntax: Syntax
    node: ast.Call
    event: LossCall
    match: KnownLoss
    parameters: dict[ast.expr, str]

    def argument(self, name: str) -> ast.expr | None:
        """What is written for a parameter in this call; a partial or a dict gives what is not written here."""
        return next((node for node, parameter in self.parameters.items() if parameter == name), None)

    def quoted(self, word: str) -> str:
        """A word in the quotes of the call, or else of the file."""
        return quoted(self.syntax, self.node, word)

    def given(self, content: str, *, instead: tuple[ast.expr, ...] = ()) -> tuple[Edit, ...] | None:
        """Another reduction for the call, instead of some of its arguments."""
        name = self.match.row.parameter
        return arguments.given(self.syntax, self.node, name, content, parameters=self.parameters, instead=instead)


def written_call(trace: Trace, event: LossCall) -> WrittenCall | None:
    """The call of an event; None where the same call may be one of something else."""
    syntax, node, match = places.syntax(trace), places.expression(trace, event.site.place), trace.loss(event.loss)
    if syntax is None or match is None or not isinstance(node, ast.Call) or not _is_certain(syntax, node.func):
        return None
    if any(_bound(each) != _bound(event) for each in calls_at(trace, event.site.place)):
        return None
    found = [(places.expression(trace, bound.place), bound.name) for bound in event.arguments]
    here = {*node.args, *(keyword.value for keyword in node.keywords)}
    return WrittenCall(syntax, node, event, match, {each: name for each, name in found if each in here})


def calls_at(trace: Trace, place: Place) -> list[LossCall]:
    """Every analysis of the loss that is called at a place."""
    return [event for event in trace.events if isinstance(event, LossCall) and event.site.place == place]


def _bound(event: LossCall) -> tuple[object, ...]:
    return (event.loss, [(bound.name, bound.place, bound.keyword) for bound in event.arguments])


def _is_certain(syntax: Syntax, function: ast.expr) -> bool:
    """True for what is the same thing in every run: the name of an import, a class of the file, `super().__init__`.

    A parameter or an attribute may hold the loss in this analysis, and the project's own class in the next call.
    """
    match function:
        case ast.Attribute(value=ast.Call(func=ast.Name(id="super")), attr="__init__"):
            return True
        case ast.Name():
            return names.is_constant(syntax, function.id)
    root = function
    while isinstance(root, ast.Attribute):
        root = root.value
    return isinstance(root, ast.Name) and names.is_imported(syntax, root.id)
