"""Where the losses of batches are added up, and which loop goes over those batches."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from lossflow.catalog.names import means_loader
from lossflow.domain.trace import Averaged, StepKind, Trace
from lossflow.domain.values import Tensor
from lossflow.edits.syntax import Syntax
from lossflow.rules.fixes import names

_DRAWS_OTHERWISE = frozenset({"sampler", "batch_sampler", "drop_last"})
"""Arguments with which a DataLoader may yield more or fewer examples than its dataset has."""
_WRAPPERS = ("enumerate", "tqdm")
_LEAVES = (ast.Break, ast.Continue, ast.Return)


@dataclass(frozen=True, slots=True)
class Addition:
    """`total += added`, or `total = total + added`."""

    statement: ast.AugAssign | ast.Assign
    total: ast.expr
    added: ast.expr


def addition(trace: Trace, syntax: Syntax, event: Averaged) -> Addition | None:
    """The one statement that adds losses to the total of an average."""
    if not isinstance(event.losses, Tensor):
        return None
    steps = [step for term in event.losses.terms for step in term.trail if step.kind is StepKind.ADDED]
    places = {step.site.place for step in steps if trace.here(step.site)}
    if len(places) != 1 or not all(trace.here(step.site) for step in steps):
        return None
    span = trace.span(places.pop())
    assignments = (each for each in ast.walk(syntax.tree) if isinstance(each, ast.Assign))
    return added_at(syntax.node(span) or next((each for each in assignments if syntax.span(each) == span), None))


def added_at(node: ast.AST | None) -> Addition | None:
    """The addition that is written as `node`."""
    match node:
        case ast.AugAssign(op=ast.Add(), target=target, value=value):
            return Addition(node, target, value)
        case ast.Assign(targets=[target], value=ast.BinOp(left=left, op=ast.Add(), right=right)):
            return Addition(node, target, right) if ast.unparse(target) == ast.unparse(left) else None
    return None


def loop_of(syntax: Syntax, node: ast.AST) -> ast.For | None:
    """The loop of which every round runs the statement of `node`, once."""
    statement = node if isinstance(node, ast.stmt) else syntax.statement(node)
    parent = syntax.parent(statement) if statement is not None else None
    while isinstance(parent, ast.With):
        parent = syntax.parent(parent)
    if not isinstance(parent, ast.For) or any(isinstance(each, _LEAVES) for each in ast.walk(parent)):
        return None
    return parent


def loop_that_calls(syntax: Syntax, added: Addition, division: ast.AST) -> ast.For | None:
    """The only loop beside the division, if every round calls the function that adds to the total, once."""
    function, statement = syntax.scope(added.statement), syntax.statement(division)
    if not isinstance(function, ast.FunctionDef) or syntax.parent(added.statement) is not function:
        return None
    block = syntax.parent(statement) if statement is not None else None
    loops = [each for each in ast.iter_child_nodes(block) if isinstance(each, ast.For)] if block is not None else []
    calls = [each for each in ast.walk(syntax.tree) if isinstance(each, ast.Call) and _is_call_of(each, function.name)]
    starts = [each for each in ast.walk(syntax.tree) if isinstance(each, ast.Assign) and _starts(syntax, each, added)]
    fresh = any(syntax.parent(each) is block for each in starts)
    alone = len(loops) == len(calls) == 1 and fresh and not any(isinstance(e, _LEAVES) for e in ast.walk(function))
    return loops[0] if alone and loop_of(syntax, calls[0]) is loops[0] else None


def loader_handed_over(syntax: Syntax, added: Addition, call: ast.Call) -> ast.expr | None:
    """The loader that a call hands to the function of the file which adds up the total in a loop over it."""
    function, loop = syntax.scope(added.statement), loop_of(syntax, added.statement)
    if loop is None or not isinstance(function, ast.FunctionDef) or not names.is_the_function(syntax, function):
        return None
    over = _without_wrappers(loop.iter)
    stays = isinstance(over, ast.Name) and len(list(_stores(function, over.id))) == 1
    fresh = any(_starts(syntax, each, added) for each in ast.iter_child_nodes(function) if isinstance(each, ast.Assign))
    if not stays or not fresh or syntax.parent(loop) is not function or last_word(call.func) != function.name:
        return None
    plain = isinstance(call.func, ast.Name) and not any(isinstance(each, ast.Starred) for each in call.args)
    handed = dict(zip([each.arg for each in function.args.args], call.args))
    given = handed.get(last_word(over)) if plain else None
    return given if given is not None and _is_sized(syntax, given) else None


def _stores(function: ast.FunctionDef, name: str) -> Iterator[ast.AST]:
    """Everything in a function that binds a name: its parameter, and assignments."""
    for each in ast.walk(function):
        match each:
            case ast.arg(arg=bound) | ast.Name(id=bound, ctx=ast.Store()) if bound == name:
                yield each


def _is_call_of(call: ast.Call, name: str) -> bool:
    """True for `name()` and `self.name()`."""
    match call.func:
        case ast.Name(id=called) | ast.Attribute(value=ast.Name(id="self"), attr=called):
            return called == name
    return False


def _starts(syntax: Syntax, statement: ast.Assign, added: Addition) -> bool:
    """True for `total = 0.0`."""
    zero = isinstance(statement.value, ast.Constant) and statement.value.value == 0
    return zero and [syntax.text(each) for each in statement.targets] == [syntax.text(added.total)]


def is_empty_before(syntax: Syntax, loop: ast.For, name: str) -> bool:
    """True unless the loop fills what the name holds, which may have held something before it."""
    named = [each for each in ast.walk(syntax.scope(loop)) if isinstance(each, ast.Name) and each.id == name]
    inside = {id(each) for each in ast.walk(loop)}
    filled = [each for each in named if id(each) in inside and _is_filled(syntax, each)]
    return not filled or any(isinstance(each.ctx, ast.Store) and syntax.same_block(each, loop) for each in named)


def _is_filled(syntax: Syntax, name: ast.Name) -> bool:
    """True for the name in `name += ...` and `name.append(...)`."""
    parent = syntax.parent(name)
    return isinstance(name.ctx, ast.Store) or (isinstance(parent, ast.Attribute) and parent.value is name)


def loader(syntax: Syntax, loop: ast.For | ast.comprehension) -> ast.expr | None:
    """The DataLoader that a loop goes over: it has a length."""
    node = _without_wrappers(loop.iter)
    return node if _is_sized(syntax, node) else None


def _without_wrappers(node: ast.expr) -> ast.expr:
    """`loader` for `enumerate(tqdm(loader))`."""
    while isinstance(node, ast.Call) and node.args and last_word(node.func) in _WRAPPERS:
        node = node.args[0]
    return node


def _is_sized(syntax: Syntax, node: ast.expr) -> bool:
    """True for what is called a loader, or is one."""
    made = list(_made(syntax, node.id)) if isinstance(node, ast.Name) else []
    named = isinstance(node, (ast.Name, ast.Attribute)) and means_loader(last_word(node))
    return named or (bool(made) and all(map(_is_loader, made)))


def draws_all(syntax: Syntax, name: str) -> bool:
    """True for a name that only holds a DataLoader whose batches are all of its dataset."""
    made = list(_made(syntax, name))
    return bool(made) and all(map(_is_plain, made))


def _made(syntax: Syntax, name: str) -> Iterator[ast.expr | None]:
    """What is assigned to a name, anywhere in the file; None for what is bound otherwise."""
    for node in ast.walk(syntax.tree):
        if isinstance(node, ast.Name) and node.id == name and isinstance(node.ctx, ast.Store):
            parent = syntax.parent(node)
            yield parent.value if isinstance(parent, ast.Assign) else None


def _is_loader(node: ast.expr | None) -> bool:
    return isinstance(node, ast.Call) and last_word(node.func) == "DataLoader"


def _is_plain(node: ast.expr | None) -> bool:
    if not isinstance(node, ast.Call) or not _is_loader(node):
        return False
    named = {keyword.arg for keyword in node.keywords}
    return len(node.args) <= 3 and None not in named and not named & _DRAWS_OTHERWISE


def last_word(node: ast.expr) -> str:
    """`mean` for `mean` and for `np.mean`; empty for anything else."""
    return node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")
