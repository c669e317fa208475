"""The value of an expression."""

from __future__ import annotations

import ast
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import libcst as cst

from lossflow.domain import arithmetic
from lossflow.domain.environment import Kind, Record
from lossflow.domain.exponent import Exponent
from lossflow.domain.joins import join
from lossflow.domain.tally import Tally
from lossflow.domain.values import Class, Const, External, Function, Number, Ref, Size, Tensor, Unknown, Value, tuple_of
from lossflow.interp.engine import cases, in_sight
from lossflow.interp.engine.frames import Arguments, Frame, Loop
from lossflow.interp.engine.machine import Machine
from lossflow.interp.objects import attributes, functions, iteration, masks, names, subscripts, truth
from lossflow.interp.objects.builtin_names import CONSTANTS
from lossflow.interp.reports import tallies
from lossflow.interp.syntax import narrowing, rounds, unrolling
from lossflow.unwarned import unwarned

_SYMBOLS: dict[type[cst.CSTNode], str] = {
    cst.Add: "+", cst.AddAssign: "+", cst.Subtract: "-", cst.SubtractAssign: "-", cst.Multiply: "*",
    cst.MultiplyAssign: "*", cst.Divide: "/", cst.DivideAssign: "/", cst.FloorDivide: "//", cst.FloorDivideAssign: "//",
    cst.Modulo: "%", cst.ModuloAssign: "%", cst.Power: "**", cst.PowerAssign: "**", cst.MatrixMultiply: "@",
    cst.MatrixMultiplyAssign: "@", cst.BitAnd: "&", cst.BitAndAssign: "&", cst.BitOr: "|", cst.BitOrAssign: "|",
    cst.BitXor: "^", cst.BitXorAssign: "^", cst.LeftShift: "<<", cst.RightShift: ">>",
}  # fmt: skip


def symbol(operator: cst.CSTNode) -> str:
    """The operator as it is written."""
    return _SYMBOLS.get(type(operator), "?")


def evaluate(machine: Machine, node: cst.BaseExpression, frame: Frame) -> Value:
    """The value of any expression; unknown for those that no handler knows."""
    handler = _HANDLERS.get(type(node))
    if handler is None:
        return Unknown(computed=True, why="what this construct yields")
    return handler(machine, node, frame)


def _name(machine: Machine, node: cst.Name, frame: Frame) -> Value:
    value = names.load(machine, node.value, frame)
    if machine.untaken and not isinstance(value, (External, Class, Function)) and node.value not in CONSTANTS:
        return Unknown(node.value)
    machine.read(node.value, value)
    if isinstance(value, Tensor):
        in_sight.note(machine, node, value, frame)
    return value


def _attribute(machine: Machine, node: cst.Attribute, frame: Frame) -> Value:
    owner = machine.evaluate(node.value, frame)
    value = attributes.load(machine, owner, node.attr.value, node, frame)
    machine.read(node.attr.value, value)
    if isinstance(value, Tensor):
        in_sight.note(machine, node, value, frame)
    return value


def _integer(machine: Machine, node: cst.Integer, frame: Frame) -> Value:
    return Const(int(node.value.replace("_", ""), 0)) if len(node.value) < 40 else Number(Exponent.ZERO)


def _float(machine: Machine, node: cst.Float, frame: Frame) -> Value:
    return Const(float(node.value.replace("_", "")))


def _string(machine: Machine, node: cst.SimpleString, frame: Frame) -> Value:
    value = _text(node.value)
    return Unknown(computed=True) if value is None else Const(value)


@lru_cache(maxsize=4096)
def _text(literal: str) -> str | bytes | None:
    """What a literal means, which Python's parser tells; the loops around it ask again and again.

    None for one that libcst takes and Python refuses, such as the path "C:\\Users" without its second backslash.
    """
    try:
        with unwarned():
            value: str | bytes = ast.literal_eval(literal)
    except SyntaxError:
        return None
    return value


def _concatenated(machine: Machine, node: cst.ConcatenatedString, frame: Frame) -> Value:
    value = _text_of(node)
    return Unknown(computed=True) if value is None else Const(value)


def _text_of(node: cst.BaseString) -> str | bytes | None:
    """What strings that stand beside each other mean together; None where one of them is formatted."""
    match node:
        case cst.SimpleString(value=literal):
            return _text(literal)
        case cst.ConcatenatedString(left=left, right=right):
            match _text_of(left), _text_of(right):
                case (str() as first, str() as second):
                    return first + second
                case (bytes() as start, bytes() as end):
                    return start + end
    return None


def _formatted(machine: Machine, node: cst.FormattedString, frame: Frame) -> Value:
    for part in node.parts:
        if isinstance(part, cst.FormattedStringExpression):
            machine.evaluate(part.expression, frame)
    return Unknown(computed=True)


def _ellipsis(machine: Machine, node: cst.Ellipsis, frame: Frame) -> Value:
    return Const(...)


def elements(machine: Machine, node: cst.Tuple | cst.List | cst.Set, frame: Frame) -> tuple[list[Value], Value | None]:
    """The elements of a display that have a place, and what stands for those behind a star of unknown length."""
    items: list[Value] = []
    rest: Value | None = None
    for element in node.elements:
        value = machine.evaluate(element.value, frame)
        if isinstance(element, cst.StarredElement):
            known = iteration.known_items(machine, value)
            if known is None:
                one = iteration.element(machine, value)
                rest = one if rest is None else join(rest, one)
                continue
            items.extend(known)
        else:
            items.append(value)
    return items, rest


def _tuple(machine: Machine, node: cst.Tuple, frame: Frame) -> Value:
    items, rest = elements(machine, node, frame)
    return tuple_of(items) if rest is None else Unknown(computed=True)


def _list(machine: Machine, node: cst.List | cst.Set, frame: Frame) -> Value:
    items, rest = elements(machine, node, frame)
    if rest is not None:
        return machine.allocate(node, Record(Kind.LIST, rest=machine.joined([*items, rest]), count=Exponent.UNKNOWN))
    return machine.allocate(node, Record(Kind.LIST, dict(enumerate(items))))


def _dict(machine: Machine, node: cst.Dict, frame: Frame) -> Value:
    slots: dict[Any, Value] = {}
    rest: Value | None = None
    for element in node.elements:
        value = machine.evaluate(element.value, frame)
        if isinstance(element, cst.DictElement):
            key = machine.evaluate(element.key, frame)
            if isinstance(key, Const) and isinstance(key.value, (str, int)):
                slots[key.value] = machine.named(value, str(key.value))
            else:
                rest = value if rest is None else join(rest, value)
        elif machine.is_kind(value, Kind.DICT) and isinstance(value, Ref):
            inner = machine.get(value)
            slots.update(inner.slots)
            rest = inner.rest if rest is None else rest if inner.rest is None else join(rest, inner.rest)
        else:
            rest = Unknown(computed=True)
    return machine.allocate(node, Record(Kind.DICT, slots, rest=rest))


def _binary(machine: Machine, node: cst.BinaryOperation, frame: Frame) -> Value:
    left = machine.evaluate(node.left, frame)
    right = machine.evaluate(node.right, frame)
    if isinstance(node.operator, cst.Modulo) and (rest := rounds.remainder(machine, node, left, right, frame)):
        return rest
    return operate(machine, symbol(node.operator), left, right, node, frame)


def operate(machine: Machine, operator: str, left: Value, right: Value, node: cst.CSTNode, frame: Frame) -> Value:
    """The value of a binary operation, for lists too."""
    site = machine.site(node, frame)
    left, right = truth.usable(left), truth.usable(right)
    lists = [v for v in (left, right) if isinstance(v, Ref) and machine.get(v).kind is Kind.LIST]
    if lists and operator in "+*":
        return iteration.combined(machine, operator, left, right, node)
    if operator == "|" and machine.is_kind(left, Kind.DICT) and machine.is_kind(right, Kind.DICT):
        return iteration.merged(machine, left, right, node)
    if isinstance(left, Size) or isinstance(right, Size):
        return Unknown(computed=True)
    if (product := masks.product_of_unseen(operator, left, right, site)) is not None:
        return product
    left, right = masks.operands(operator, left, right)
    result = arithmetic.binary(operator, left, right, site=site, factor=machine.factor)
    return tallies.combined(machine, operator, left, right, result=result, site=site)


def _unary(machine: Machine, node: cst.UnaryOperation, frame: Frame) -> Value:
    value = truth.usable(machine.evaluate(node.expression, frame))
    match node.operator:
        case cst.Minus():
            return arithmetic.negative(value)
        case cst.Not() if (every := rounds.condition(value)) is not None:
            return rounds.negated(every)
        case cst.Not():
            known = truth.truth(machine, value)
            return Unknown(computed=True) if known is None else Const(not known)
        case cst.BitInvert() if isinstance(value, (Tensor, Unknown)):
            return masks.inverted(value)
        case cst.Plus():
            return value
    return Unknown(computed=True)


def _boolean(machine: Machine, node: cst.BooleanOperation, frame: Frame) -> Value:
    left = machine.evaluate(node.left, frame)
    known = truth.truth(machine, left)
    stops = isinstance(node.operator, cst.Or) if known else isinstance(node.operator, cst.And)
    if known is not None and stops:
        return left
    right = machine.evaluate(node.right, frame)
    if known is not None:
        return right
    # `every k-th round or the last one`: still not in every round
    return rounds.condition(left) or rounds.condition(right) or join(left, right)


def _comparison(machine: Machine, node: cst.Comparison, frame: Frame) -> Value:
    left = machine.evaluate(node.left, frame)
    answers: list[Value] = []
    written = node.left
    for target in node.comparisons:
        right = machine.evaluate(target.comparator, frame)
        known = rounds.compared(target.operator, left, right) or cases.supposed(machine, target.operator, left, right)
        answer = known or truth.compared(machine, target.operator, left, right)
        answers.append(masks.compared(machine, target, written, left, right, result=answer))
        left, written = right, target.comparator
    if len(answers) == 1:
        return answers[0]
    return Unknown(computed=True)


def _conditional(machine: Machine, node: cst.IfExp, frame: Frame) -> Value:
    known = truth.truth(machine, machine.evaluate(node.test, frame))
    if known is not None:
        return machine.evaluate(node.body if known else node.orelse, frame)
    before = machine.heap.fork()
    narrowing.narrow(machine, node.test, frame, holds=True)
    body = machine.evaluate(node.body, frame)
    after, machine.heap = machine.heap, before
    narrowing.narrow(machine, node.test, frame, holds=False)
    orelse = machine.evaluate(node.orelse, frame)
    machine.heap = after.join(machine.heap)
    cases.of_branches(machine, node, body, orelse, frame)
    return _either(machine, body, orelse)


def _either(machine: Machine, body: Value, orelse: Value) -> Value:
    """One of the two: of `args.lr if args.lr else 0.1` both are numbers that don't depend on the batch."""
    whole = join(body, orelse)
    if isinstance(whole, Unknown):
        numbers = [v for v in (body, orelse) if isinstance(v, Number) or (isinstance(v, Const) and _is_number(v))]
        exponents = {machine.factor(body), machine.factor(orelse)}
        if numbers and len(exponents) == 1 and (exponent := exponents.pop()).known is not None:
            return Number(exponent)
    return whole


def _is_number(value: Const) -> bool:
    return isinstance(value.value, (int, float)) and not isinstance(value.value, bool)


def _named_expression(machine: Machine, node: cst.NamedExpr, frame: Frame) -> Value:
    value = machine.evaluate(node.value, frame)
    if isinstance(node.target, cst.Name):
        names.store(machine, node.target.value, value, frame)
    return value


def _lambda(machine: Machine, node: cst.Lambda, frame: Frame) -> Value:
    return functions.define(machine, node, "<lambda>", frame)


def _await(machine: Machine, node: cst.Await, frame: Frame) -> Value:
    return machine.evaluate(node.expression, frame)


def _yield(machine: Machine, node: cst.Yield, frame: Frame) -> Value:
    match node.value:
        case cst.From(item=item):
            held = machine.evaluate(item, frame)
            frame.yields.append(iteration.element(machine, held))
            frame.drawing = frame.drawing and iteration.counts_batches(machine, held)
        case None:
            pass
        case value:
            frame.yields.append(machine.evaluate(value, frame))
            frame.drawing = frame.drawing and bool(machine.loops) and machine.loops[-1].counted
    return Unknown(computed=True)


def _comprehended(
    machine: Machine, comprehension: cst.CompFor, results: list[cst.BaseExpression], frame: Frame
) -> tuple[list[list[Value]], Exponent | None, bool]:
    """The values of each round of a comprehension; where its rounds are many, those of one, the exponent of their
    number, and whether it is that of the batches.
    """
    scope = machine.allocate(comprehension, Record(Kind.SCOPE, cls=frame.scope))
    inner = Frame(frame.unit, scope, frame.code, frame.owner, frame.receiver, frame.entry)
    iterable = machine.evaluate(comprehension.iter, inner)
    items = unrolling.rounds(machine, iterable, listed=True) if comprehension.inner_for_in is None else None
    trips: Exponent | None = None
    rows: list[list[Value]] = []
    if items is None:
        row, trips = _one_round(machine, comprehension, iterable, results, inner)
        rows.append(row)
    for number, item in enumerate(items or ()):
        machine.loops.append(Loop(id(comprehension), Exponent.ZERO))
        machine.sites.append(number)
        names.assign(machine, comprehension.target, item, inner)
        tests = [truth.truth(machine, machine.evaluate(condition.test, inner)) for condition in comprehension.ifs]
        if False not in tests:
            rows.append([machine.evaluate(result, inner) for result in results])
        machine.sites.pop()
        machine.loops.pop()
    if inner.captured:
        frame.captured = True
    machine.release(inner)
    simple = comprehension.inner_for_in is None and not comprehension.ifs
    return rows, trips, simple and iteration.counts_batches(machine, iterable)


def _one_round(
    machine: Machine, comprehension: cst.CompFor, iterable: Value, results: list[cst.BaseExpression], inner: Frame
) -> tuple[list[Value], Exponent]:
    """The values of any round of a comprehension, and the exponent of the number of rounds."""
    trips = Exponent.ZERO
    opened = 0
    part: cst.CompFor | None = comprehension
    while part is not None:
        if opened:
            iterable = machine.evaluate(part.iter, inner)
        here = iteration.trips(machine, iterable)
        machine.loops.append(Loop(id(part), here))
        opened += 1
        trips = trips + here
        names.assign(machine, part.target, iteration.element(machine, iterable), inner)
        for condition in part.ifs:
            machine.evaluate(condition.test, inner)
        part = part.inner_for_in
    values = [machine.evaluate(result, inner) for result in results]
    del machine.loops[len(machine.loops) - opened :]
    return values, trips


def _list_comprehension(machine: Machine, node: cst.ListComp | cst.SetComp | cst.GeneratorExp, frame: Frame) -> Value:
    rows, trips, counted = _comprehended(machine, node.for_in, [node.elt], frame)
    if trips is None:
        return machine.allocate(node, Record(Kind.LIST, dict(enumerate(value for (value,) in rows))))
    length = Tally.BATCHES if counted else None
    return machine.allocate(node, Record(Kind.LIST, rest=rows[0][0], count=trips, length=length))


def _dict_comprehension(machine: Machine, node: cst.DictComp, frame: Frame) -> Value:
    rows, trips, _ = _comprehended(machine, node.for_in, [node.key, node.value], frame)
    if trips is None and all(isinstance(key, Const) and isinstance(key.value, (str, int)) for key, _ in rows):
        slots = {key.value: value for key, value in rows if isinstance(key, Const)}
        return machine.allocate(node, Record(Kind.DICT, slots))
    values = [value for _, value in rows]
    return machine.allocate(node, Record(Kind.DICT, rest=machine.joined(values), count=trips or Exponent.ZERO))


def _subscript(machine: Machine, node: cst.Subscript, frame: Frame) -> Value:
    owner = machine.evaluate(node.value, frame)
    value = subscripts.load(machine, owner, node, frame)
    machine.use(value)
    if isinstance(value, Tensor):
        in_sight.note(machine, node, value, frame)
    return value


def _call(machine: Machine, node: cst.Call, frame: Frame) -> Value:
    function = machine.evaluate(node.func, frame)
    rounds.note_draw(machine, node, frame)
    return machine.call(function, arguments(machine, node, frame), node, frame)


def arguments(machine: Machine, node: cst.Call, frame: Frame) -> Arguments:
    """The evaluated arguments of a call."""
    positional: list[Value] = []
    keywords: dict[str, Value] = {}
    is_open = False
    for argument in node.args:
        value = machine.evaluate(argument.value, frame)
        machine.use(value)  # whatever the function does with it
        if argument.star == "*":
            items = iteration.known_items(machine, value)
            is_open |= items is None
            positional.extend(items or ())
        elif argument.star == "**":
            record = machine.get(value) if isinstance(value, Ref) else None
            known = record is not None and record.kind is Kind.DICT and record.rest is None
            is_open |= not known
            if record is not None and record.kind is Kind.DICT:
                keywords.update({str(key): held for key, held in record.slots.items()})
        elif argument.keyword is not None:
            keywords[argument.keyword.value] = value
        else:
            positional.append(value)
    return Arguments(tuple(positional), keywords, tuple(node.args), is_open)


_HANDLERS: dict[type[cst.CSTNode], Callable[[Machine, Any, Frame], Value]] = {
    cst.Name: _name,
    cst.Attribute: _attribute,
    cst.Integer: _integer,
    cst.Float: _float,
    cst.SimpleString: _string,
    cst.ConcatenatedString: _concatenated,
    cst.FormattedString: _formatted,
    cst.Ellipsis: _ellipsis,
    cst.Tuple: _tuple,
    cst.List: _list,
    cst.Set: _list,
    cst.Dict: _dict,
    cst.BinaryOperation: _binary,
    cst.UnaryOperation: _unary,
    cst.BooleanOperation: _boolean,
    cst.Comparison: _comparison,
    cst.IfExp: _conditional,
    cst.NamedExpr: _named_expression,
    cst.Lambda: _lambda,
    cst.Await: _await,
    cst.Yield: _yield,
    cst.ListComp: _list_comprehension,
    cst.SetComp: _list_comprehension,
    cst.GeneratorExp: _list_comprehension,
    cst.DictComp: _dict_comprehension,
    cst.Subscript: _subscript,
    cst.Call: _call,
}
