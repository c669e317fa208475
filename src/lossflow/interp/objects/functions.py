"""Functions of the program: defining them, binding arguments to parameters, and running them at a call."""

from __future__ import annotations

from collections.abc import Iterator

import libcst as cst

from lossflow.domain.environment import Kind, Record
from lossflow.domain.exponent import Exponent
from lossflow.domain.joins import join
from lossflow.domain.tally import Tally
from lossflow.domain.trace import Place, Site
from lossflow.domain.values import Const, External, Function, Number, Unknown, Value, tuple_of
from lossflow.interp.engine import indifferent, outcomes, repeats
from lossflow.interp.engine.budget import MAX_DEPTH, MAX_RECURSION, BudgetExceeded
from lossflow.interp.engine.frames import Arguments, Code, Frame
from lossflow.interp.engine.machine import Machine
from lossflow.interp.objects import annotated

_NO_GRAD = frozenset(
    {"torch.no_grad", "torch.inference_mode", "torch.autograd.no_grad", "torch.autograd.inference_mode"}
)
_KINDS = {
    "builtins.staticmethod": "staticmethod",
    "builtins.classmethod": "classmethod",
    "builtins.property": "property",
    "functools.cached_property": "property",
}


def define(machine: Machine, node: cst.FunctionDef | cst.Lambda, name: str, frame: Frame) -> Function:
    """The function that a definition makes. A decorator that isn't known leaves it as it is."""
    code = machine.code(node, frame.unit, name)
    frame.captured = True
    kind = "function"
    for decorator in node.decorators if isinstance(node, cst.FunctionDef) else ():
        made_by = decorator.decorator.func if isinstance(decorator.decorator, cst.Call) else decorator.decorator
        value = machine.evaluate(made_by, frame)
        if isinstance(value, External):
            code.no_grad |= value.name in _NO_GRAD
            kind = _KINDS.get(value.name, kind)
    defaults = tuple(
        (parameter.name.value, machine.named(machine.evaluate(parameter.default, frame), parameter.name.value))
        for parameter in (*node.params.posonly_params, *node.params.params, *node.params.kwonly_params)
        if parameter.default is not None
    )
    function = Function(name, code, frame.scope, defaults, kind=kind)
    machine.functions[code.number] = function
    if machine.footprint is not None:
        machine.footprint.functions[code.number] = function
    return function


def parameters(function: Function) -> tuple[str, ...]:
    """The names of the parameters that positional arguments bind."""
    node = _code(function).node
    return tuple(p.name.value for p in (*node.params.posonly_params, *node.params.params))


def run(machine: Machine, function: Function, arguments: Arguments, node: cst.CSTNode, frame: Frame) -> Value:
    """The value that the function returns for these arguments; unknown past the budget of depth or recursion."""
    code = _code(function)
    if len(machine.stack) >= MAX_DEPTH or machine.stack.count(code) > MAX_RECURSION:
        return Unknown(computed=True, why=f"`{code.name}` is called too deep")
    if machine.untaken:
        return Unknown(computed=True)
    code.called = True
    if machine.footprint is not None:
        machine.footprint.codes.add(code)
    asked = indifferent.is_asked(machine, arguments)
    if asked and (answer := indifferent.answer(machine, code)) is not None:
        return answer
    before = machine.heap.fork() if asked else None
    call = machine.site(node, frame)
    entry = frame.entry if frame.unit is not machine.root else call.place
    entry = entry if code.unit is not machine.root else None
    machine.stack.append(code)
    machine.sites.append(id(node))
    enabled = machine.grad_enabled
    machine.grad_enabled = enabled and not code.no_grad
    try:
        value = repeats.run(
            machine, function, arguments, (call, entry), lambda: _run(machine, function, arguments, call, entry)
        )
    finally:
        machine.grad_enabled = enabled
        machine.sites.pop()
        machine.stack.pop()
    if before is not None:
        indifferent.note(machine, code, value, before)
    return value


def _run(machine: Machine, function: Function, arguments: Arguments, call: Site, entry: Place | None) -> Value:
    code = _code(function)
    scope = machine.begin(code.node, Record(Kind.SCOPE, cls=function.scope))
    bound = dict(_bind(machine, function, arguments))
    for name, value in bound.items():
        machine.put(scope, name, value)
    receiver = bound.get(parameters(function)[0]) if parameters(function) else None
    frame = Frame(code.unit, scope, code, function.owner, receiver, entry)
    frame.call, frame.depth = call, len(machine.loops)
    if isinstance(code.node, cst.Lambda):
        value = machine.evaluate(code.node.body, frame)
        machine.release(frame)
        return value
    try:
        outcome = machine.run([code.node.body], frame)
    except BudgetExceeded:
        machine.release(frame)  # the next entry point starts from this heap
        raise
    heap = outcomes.join_heaps(outcome.falls, outcome.returns.heap if outcome.returns else None)
    machine.heap = heap or machine.heap
    machine.release(frame)
    if frame.yields:
        length = Tally.BATCHES if frame.drawing else None
        made = Record(Kind.LIST, rest=machine.joined(frame.yields), count=Exponent.UNKNOWN, length=length)
        return machine.allocate(code.node.body, made)
    if outcome.returns is None:
        return Const(None) if outcome.falls is not None else Unknown(computed=True)
    return outcome.returns.value if outcome.falls is None else join(outcome.returns.value, Const(None))


def _bind(machine: Machine, function: Function, arguments: Arguments) -> Iterator[tuple[str, Value]]:
    """Each parameter with its value: the argument, the default, or what its name tells."""
    params = _code(function).node.params
    defaults = dict(function.defaults)
    keywords: dict[str, Value] = dict(arguments.keywords)
    names = parameters(function)
    for index, parameter in enumerate((*params.posonly_params, *params.params, *params.kwonly_params)):
        name = parameter.name.value
        value: Value | None = None
        if index < min(len(arguments.positional), len(names)):
            value = arguments.positional[index]
        elif name in keywords:
            value = keywords.pop(name)
        yield name, machine.named(value or _missing(machine, function, parameter, defaults, arguments), name)
    if isinstance(params.star_arg, cst.Param):
        surplus = arguments.positional[len(names) :]
        yield params.star_arg.name.value, Unknown(computed=True) if arguments.open else tuple_of(surplus)
    if params.star_kwarg is not None:
        rest = Unknown(computed=True) if arguments.open else None
        made = machine.begin(params.star_kwarg, Record(Kind.DICT, keywords, rest=rest))
        yield params.star_kwarg.name.value, made


def _missing(
    machine: Machine, function: Function, parameter: cst.Param, defaults: dict[str, Value], arguments: Arguments
) -> Value:
    """A parameter without an argument; behind `*args` of unknown content its default may not hold."""
    name = parameter.name.value
    default = defaults.get(name)
    if default is not None and not arguments.open:
        return default
    known = isinstance(default, (Const, Number)) and default != Const(None)
    return annotated.argument(machine, function, parameter) or Unknown(name, defaulted=known)


def _code(function: Function) -> Code:
    assert isinstance(function.code, Code)
    return function.code
