"""The losses of the catalogue: constructing a criterion, and computing a loss."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import libcst as cst

from lossflow.catalog import LossMatch
from lossflow.catalog.entry import Effect, Loss, Unreduced
from lossflow.catalog.legacy import effective_reduction
from lossflow.domain import arithmetic, masking
from lossflow.domain.axes import Axes, Tail
from lossflow.domain.environment import Kind, Record
from lossflow.domain.exponent import Exponent
from lossflow.domain.joins import join
from lossflow.domain.trace import Applied, BoundArgument, LossCall, Site, Step, StepKind, Unused
from lossflow.domain.values import Const, External, Ref, Tensor, Term, Tuple, Unknown, Value, alternatives
from lossflow.interp.engine.frames import Arguments, Frame
from lossflow.interp.engine.machine import Machine
from lossflow.interp.objects.builtin_names import CONSTANTS


def construct(machine: Machine, match: LossMatch, arguments: Arguments, *, node: cst.CSTNode, frame: Frame) -> Value:
    """A new criterion."""
    instance = machine.allocate(node, Record(Kind.INSTANCE, cls=External(match.row.name)))
    initialise(machine, instance, match, arguments, node=node, frame=frame)
    return instance


def initialise(
    machine: Machine, instance: Ref, match: LossMatch, arguments: Arguments, *, node: cst.CSTNode, frame: Frame
) -> None:
    """What the constructor of a catalogue's loss does to `instance`, also as a base class of the program's own."""
    bound = tuple(_bound(machine, match, arguments, node=node, frame=frame))
    reduction, default = _reduction(machine, match, bound, is_open=arguments.open)
    site = machine.site(node, frame)
    _record_call(machine, match, bound, reduction, node=node, frame=frame)
    spelled = _spelled(match.row, reduction)
    made = Step(
        StepKind.CONSTRUCTED,
        site,
        loss=match.row.name,
        reduction=spelled[0] if len(spelled) == 1 else "",
        default=default,
    )
    machine.put(instance, match.row.parameter, reduction)
    for argument in bound:
        if argument.name not in (match.row.parameter, "size_average", "reduce"):
            machine.put(instance, argument.name, argument.value)
    machine.set(instance, replace(machine.get(instance), made=made))


def compute(
    machine: Machine,
    match: LossMatch,
    arguments: Arguments,
    *,
    node: cst.CSTNode,
    frame: Frame,
    chosen: Site | None = None,
) -> Value:
    """The value of a functional loss; `chosen` is where a partial fixed its reduction."""
    bound = tuple(_bound(machine, match, arguments, node=node, frame=frame))
    reduction, default = _reduction(machine, match, bound, is_open=arguments.open)
    _record_call(machine, match, bound, reduction, node=node, frame=frame)
    values = {argument.name: argument.value for argument in bound}
    inputs = [values[name] for name in match.inputs if name in values]
    made = None if chosen is None else Step(StepKind.CONSTRUCTED, chosen, loss=match.row.functional)
    ignores = "ignore_index" in values
    result = _result(
        machine, match, reduction, inputs, made=made, default=default, ignores=ignores, node=node, frame=frame
    )
    return _weighted(result, values.get("weight"), machine.site(node, frame))


def _weighted(result: Value, weight: Value | None, site: Site) -> Value:
    """A sum with a weight for each example, which may normalise it as a factor may; a mask doesn't."""
    if not isinstance(result, Tensor) or not isinstance(weight, Tensor):
        return result
    if not weight.axes.per_example or weight.mask or not result.exponent.at_least(1):
        return result
    return result.step(Step(StepKind.SCALED, site, arithmetic.SHARE))


def apply(
    machine: Machine, match: LossMatch, record: Record, arguments: Arguments, *, node: cst.CSTNode, frame: Frame
) -> Value:
    """The value of calling a criterion; its reduction is what its attribute holds now."""
    if match.row.abstract:
        return Unknown(computed=True)
    constructed = record.made.site if record.made is not None else None
    machine.record(Applied(machine.site(node, frame), loss=match.row.name, constructed=constructed))
    reduction = record.get(match.row.parameter) or Const(match.row.default)
    names = match.row.forward.split()
    inputs = [v for i, name in enumerate(names) if (v := arguments.get(i, name)) is not None]
    default = record.made.default if record.made is not None else False
    ignores = record.get("ignore_index") is not None
    return _result(
        machine, match, reduction, inputs, made=record.made, default=default, ignores=ignores, node=node, frame=frame
    )


def _bound(
    machine: Machine, match: LossMatch, arguments: Arguments, *, node: cst.CSTNode, frame: Frame
) -> Iterator[BoundArgument]:
    """The arguments as the signature binds them, each with its place."""
    spread = any(argument.star for argument in arguments.nodes)
    plain = [a for a in arguments.nodes if not a.star]
    here = machine.site(node, frame).place
    nodes = [a.value for a in plain if a.keyword is None]
    shift = len(arguments.positional) - len(nodes)  # arguments that a partial brought
    for index, value in enumerate(arguments.positional):
        name = match.positional[index] if index < len(match.positional) else ""
        if spread or index < shift:
            yield BoundArgument(name, value, here, False, literal=False)
        else:
            written = nodes[index - shift]
            yield BoundArgument(name, value, machine.site(written, frame).place, False, literal=_is_literal(written))
    by_name = {a.keyword.value: a for a in plain if a.keyword is not None}
    for name, value in arguments.keywords.items():
        if (argument := by_name.get(name)) is None:
            yield BoundArgument(name, value, here, True, literal=False)
        else:
            place = machine.site(argument.value, frame).place
            yield BoundArgument(name, value, place, True, literal=_is_literal(argument.value))


def _is_literal(node: cst.BaseExpression) -> bool:
    if isinstance(node, cst.Name):
        return node.value in CONSTANTS
    return isinstance(node, (cst.SimpleString, cst.BaseNumber))


def _reduction(
    machine: Machine, match: LossMatch, bound: tuple[BoundArgument, ...], *, is_open: bool
) -> tuple[Value, bool]:
    """The reduction in force, and whether it is the default."""
    values = {argument.name: argument.value for argument in bound}
    if any(values.get(option, Const(False)) != Const(False) for option in match.row.upsets):
        return Unknown(match.row.parameter), False
    reduction = _literal(machine, values.get(match.row.parameter))
    legacy = [values.get(name, Const(None)) for name in ("size_average", "reduce")]
    if all(value == Const(None) or isinstance(value, Unknown) for value in legacy):
        if reduction is None and is_open:
            return Unknown(match.row.parameter), False
        return (Const(match.row.default), True) if reduction is None else (reduction, False)
    if not all(isinstance(value, Const) for value in legacy):
        return Unknown(match.row.parameter), False
    averages, reduces = (value.value for value in legacy if isinstance(value, Const))
    return Const(effective_reduction(averages, reduces, match.row.default)), False


def _literal(machine: Machine, reduction: Value | None) -> Value | None:
    """The reduction as a string where it is a member of an enumeration, or a reducer, of another package."""
    match reduction:
        case External(name=name):
            spelled = machine.catalog.reduction(name)
        case Ref():
            cls = machine.get(reduction).cls
            spelled = machine.catalog.reduction(cls.name) if isinstance(cls, External) else None
        case _:
            return reduction
    return reduction if spelled is None else Const(spelled)


def _record_call(
    machine: Machine,
    match: LossMatch,
    bound: tuple[BoundArgument, ...],
    reduction: Value,
    *,
    node: cst.CSTNode,
    frame: Frame,
) -> None:
    machine.record(
        LossCall(
            machine.site(node, frame),
            loss=match.row.name if match.constructor else match.row.functional,
            constructor=match.constructor,
            arguments=bound,
            reduction=reduction,
        )
    )


def _spelled(row: Loss, reduction: Value) -> tuple[str, ...]:
    """The reduction strings that the value may be; empty when one of them is out of sight."""
    strings: list[str] = []
    for value in alternatives(reduction):
        spelled = row.spelled(value.value) if isinstance(value, Const) else None
        if spelled is None:
            return ()
        strings.append(spelled)
    return tuple(strings)


def _result(
    machine: Machine,
    match: LossMatch,
    reduction: Value,
    inputs: list[Value],
    *,
    made: Step | None,
    default: bool,
    ignores: bool,
    node: cst.CSTNode,
    frame: Frame,
) -> Value:
    """The loss tensor of these inputs under this reduction."""
    row = match.row
    strings = _spelled(row, reduction)
    effects = [row.effect(string) for string in strings]
    if not row.has_reduction:
        strings, effects = (row.default,), [row.effect(row.default)]
    site = machine.site(node, frame)
    if not effects or None in effects:
        why = f"the reduction of `{row.name or row.functional}`"
        unknown = Term(Exponent.UNKNOWN, () if made is None else (made,)).step(
            Step(StepKind.COMPUTED, site, loss=row.name)
        )
        return (
            Tensor(Axes.UNKNOWN, (unknown,), _flow(machine, inputs), True)
            if inputs
            else Unknown(computed=True, why=why)
        )
    results = [
        _reduced(
            machine, match, effect, string, inputs, made=made, step_site=(node, frame), default=default, ignores=ignores
        )
        for effect, string in zip(effects, strings)
        if effect is not None
    ]
    result: Value = results[0]
    for other in results[1:]:
        result = join(result, other)
    if row.result is not None and isinstance(result, Tensor):
        return Tuple((Tensor(Axes.EXAMPLES, differentiable=True), result))
    return result


def _reduced(
    machine: Machine,
    match: LossMatch,
    effect: Effect,
    reduction: str,
    inputs: list[Value],
    *,
    made: Step | None,
    step_site: tuple[cst.CSTNode, Frame],
    default: bool,
    ignores: bool,
) -> Tensor:
    row = match.row
    axes = _operand(inputs)
    count = (
        1
        if axes.batches is None
        else min(axes.batches, 1)
        if row.unreduced is not Unreduced.ELEMENTWISE
        else axes.batches
    )
    exponent = Exponent.of(count) if effect in (Effect.SUM, Effect.BATCH_SUM) else Exponent.ZERO
    site = machine.site(*step_site)
    name = row.name if match.constructor else row.functional
    both = [masking.masked_at(value) for value in inputs[:2]]
    where = both[0] if effect is Effect.MEAN and len(both) == 2 and all(both) else None
    computed = Step(StepKind.COMPUTED, site, exponent, loss=name, reduction=reduction, default=default, masked=where)
    plain = all(_is_plain_input(value) for value in inputs if isinstance(value, Tensor))
    term = Term(
        Exponent.ZERO if plain else Exponent.UNKNOWN,
        () if made is None else (made,),
        batchless=count == 0 and _of_parameters(inputs),
    ).step(computed)
    result = Tensor(
        _axes_after(effect, row, axes, inputs), (term,), _flow(machine, inputs), True, synthetic=_synthetic(inputs)
    )
    if effect is Effect.NONE and both and (ignores or all(both)):
        result = replace(result, masked=both[0] or site)
    if effect is Effect.NONE:
        machine.expect_use(Unused(site, loss=name))
    return result


def _is_plain_input(value: Tensor) -> bool:
    """True for what doesn't grow with the batch: an activation times something out of sight doesn't either."""
    return value.exponent.is_zero or (value.axes.per_example and arithmetic.is_activation(value))


def _synthetic(inputs: list[Value]) -> bool:
    """True where all that is compared was made up by the program."""
    return all(isinstance(value, Tensor) and value.synthetic for value in inputs)


def _of_parameters(inputs: list[Value]) -> bool:
    """True for a penalty on parameters; the loss of a single example, as in a loop over them, is none."""
    return all(term.batchless for value in inputs if isinstance(value, Tensor) for term in value.terms)


def _operand(inputs: list[Value]) -> Axes:
    """The axes of what is compared: the first input that is known to have examples, else that of the first."""
    axes = [value.axes for value in inputs[:2] if isinstance(value, Tensor)]
    with_examples = [a for a in axes if a.per_example]
    if len(axes) == 2 and len(with_examples) == 2 and axes[0].known and axes[1].known:
        both = axes[0].broadcast(axes[1])
        return both if both.batches else with_examples[0]
    if with_examples:
        return with_examples[0]
    if axes and _of_parameters(inputs) and all(a.batches == 0 for a in axes):
        return axes[0]
    return axes[0] if len(axes) == min(len(inputs), 2) and axes and all(a.reduced for a in axes) else Axes.UNKNOWN


def _axes_after(effect: Effect, row: Loss, operand: Axes, inputs: list[Value]) -> Axes:
    match effect:
        case Effect.MEAN | Effect.SUM:
            return Axes.SCALAR
        case Effect.BATCH_SUM:
            return Axes.PLAIN
    if operand.reduced:
        return replace(Axes.PLAIN, certain=False)
    match row.unreduced:
        case Unreduced.PER_EXAMPLE:
            return Axes.VECTOR
        case Unreduced.BATCH_FIRST:
            return Axes.EXAMPLES
        case Unreduced.PER_TARGET:
            target = inputs[1] if len(inputs) > 1 else None
            if isinstance(target, Tensor) and target.axes.per_example:
                return target.axes
            return Axes((True,), Tail.ANY)
    return operand if operand.per_example else Axes.EXAMPLES


def _flow(machine: Machine, inputs: list[Value]) -> bool | None:
    """Whether gradients flow through the loss."""
    if not machine.grad_enabled:
        return False
    flows = [value.differentiable if isinstance(value, Tensor) else None for value in inputs]
    if any(flows):
        return True
    return False if flows and all(flow is False for flow in flows) else None
