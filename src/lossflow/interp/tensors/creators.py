"""Functions and classes that make tensors: `torch.zeros`, `torch.tensor`, `torch.cuda.FloatTensor`, numpy's noise."""

from __future__ import annotations

from lossflow.domain.axes import Axes, Tail
from lossflow.domain.environment import Kind
from lossflow.domain.exponent import Exponent
from lossflow.domain.tensor_creators import axes_of_sizes, sizes_of
from lossflow.domain.values import Const, Number, Ref, Size, Tensor, Term, Tuple, Unknown, Value, exponent_of
from lossflow.interp.engine.frames import Arguments
from lossflow.interp.engine.machine import Machine
from lossflow.interp.objects import sequences

_RANDOM = frozenset({"randn", "rand", "randint", "normal", "randperm", "linspace", "arange"})
_FILLED = frozenset({"zeros", "ones", "empty", "full", "eye"})
_FROM_DATA = frozenset({"tensor", "as_tensor", "from_numpy"})
_KINDS = ("", "Float", "Double", "Half", "BFloat16", "Long", "Int", "Short", "Char", "Byte", "Bool")
_CLASSES = frozenset(f"{kind}Tensor" for kind in _KINDS) | frozenset(f"cuda.{kind}Tensor" for kind in _KINDS)
_CREATORS = _RANDOM | _FILLED | _FROM_DATA | _CLASSES
_MAX_NESTING = 6
_NOISE = frozenset({"normal", "uniform", "randn", "rand", "standard_normal", "random_sample", "random", "randint"})


def knows(leaf: str) -> bool:
    """True for a creator of torch, by its name in `torch`."""
    return leaf in _CREATORS


def created(machine: Machine, leaf: str, arguments: Arguments) -> Value:
    """The tensor that a creator of torch makes."""
    is_leaf = arguments.keywords.get("requires_grad") == Const(True)
    positional = tuple(sequences.as_tuple(machine, value) for value in arguments.positional)
    keywords = {key: sequences.as_tuple(machine, value) for key, value in arguments.keywords.items()}
    if leaf in _FROM_DATA or (leaf in _CLASSES and not _are_sizes(machine, positional)):
        data = arguments.get(0, "data")
        axes = axes_of_data(machine, data)
        term = Term(exponent_of_data(machine, data), batchless=is_leaf)
        return Tensor(Axes.PLAIN if is_leaf else axes, (term,), is_leaf)
    sizes = (
        sizes_of(positional) if leaf in _CLASSES else _sizes(leaf, Arguments(positional, keywords, open=arguments.open))
    )
    if sizes is None or (isinstance(sizes, tuple) and any(map(_is_shape, sizes))):
        return Tensor(Axes.UNKNOWN, differentiable=is_leaf)
    filling = _exponent_of_filling(machine, leaf, positional, keywords)
    if isinstance(sizes, Size):
        return Tensor(sizes.axes, (Term(filling),), is_leaf)
    axes = axes_of_sizes(sizes, machine.factor, drawn=leaf in _RANDOM, leaf=is_leaf)
    term = Term(filling, batchless=is_leaf and axes.reduced)
    synthetic = not is_leaf and not isinstance(sizes, Size) and all(isinstance(size, Const) for size in sizes[:1])
    return Tensor(axes, (term,), is_leaf, synthetic=synthetic)


def _exponent_of_filling(
    machine: Machine, leaf: str, positional: tuple[Value, ...], keywords: dict[str, Value]
) -> Exponent:
    """The exponent of the elements: `torch.full((n,), 1 / n)` holds a share, `torch.arange(n)` goes up to n."""
    if leaf == "full":
        value = positional[1] if len(positional) > 1 else keywords.get("fill_value")
        return Exponent.ZERO if value is None else machine.factor(value)
    if leaf in ("arange", "randperm", "linspace"):
        known = [machine.factor(value) for value in positional]
        return Exponent.ZERO if all(e.is_zero for e in known) else Exponent.UNKNOWN
    return Exponent.ZERO


def exponent_of_data(machine: Machine, data: Value | None, depth: int = 0) -> Exponent:
    """The exponent of the elements of `torch.tensor(data)`: that of `torch.tensor([len(x)])` is 1."""
    if depth > _MAX_NESTING:  # a list that grows in a loop may hold itself, as far as the analysis knows
        return Exponent.UNKNOWN
    match data:
        case Tensor() | Number():
            return exponent_of(data)
        case Unknown():
            exponent = machine.factor(data)
            return Exponent.ZERO if exponent == Exponent.UNKNOWN else exponent  # data, rather than a count
        case Tuple(items=items):
            held: tuple[Value, ...] = items
        case Ref() if machine.get(data).kind is Kind.LIST:
            held = machine.get(data).values()
        case _:
            return Exponent.ZERO
    whole = Exponent.ZERO
    for index, value in enumerate(held):
        one = exponent_of_data(machine, value, depth + 1)
        whole = one if index == 0 else whole.join(one)
    return whole


def noise_of_numpy(machine: Machine, name: str, arguments: Arguments) -> Tensor | None:
    """`np.random.normal(0, 1, (n, d))` where one of its sizes is that of the batch; None for everything else."""
    leaf = name.removeprefix("numpy.random.")
    if leaf == name or leaf not in _NOISE or arguments.open:
        return None
    given = arguments.positional
    size = arguments.keywords.get("size")
    if size is not None:
        given = (size,)
    elif leaf not in ("randn", "rand"):
        given = given[-1:]
    sizes = sizes_of(tuple(sequences.as_tuple(machine, value) for value in given))
    if isinstance(sizes, Size):
        return Tensor(sizes.axes, differentiable=False)
    if sizes is None or not any(machine.factor(each).at_least(1) for each in sizes):
        return None
    return Tensor(axes_of_sizes(sizes, machine.factor), differentiable=False)


def _are_sizes(machine: Machine, given: tuple[Value, ...]) -> bool:
    """True where a class such as `torch.FloatTensor` is given sizes: several numbers, or one, and not data."""
    if len(given) > 1:
        return True
    match given:
        case (Size() | Number(),):
            return True
        case (Const(value=value),):
            return type(value) is int
        case (Unknown() as size,):
            return machine.factor(size) != Exponent.UNKNOWN
    return False


def _is_shape(size: Value) -> bool:
    """True for `x.shape` and `x.size()` of what is out of sight: several sizes, that of a batch perhaps among them."""
    return isinstance(size, Unknown) and size.name.rpartition(".")[2] in ("shape", "size")


def _sizes(leaf: str, arguments: Arguments) -> tuple[Value, ...] | Size | None:
    """The size arguments of a creator."""
    if arguments.open or leaf == "normal":
        return None
    if leaf == "eye":
        # A square of fixed size; one of (B, B) would have one element for each example, not B of them.
        return (Const(1), Const(1)) if all(map(_is_literal, arguments.positional)) else None
    if leaf in ("randperm", "arange") and len(arguments.positional) == 1:
        return arguments.positional
    if leaf in ("randperm", "linspace", "arange"):
        return None
    given = arguments.positional
    if leaf == "randint":
        given = tuple(v for v in given if isinstance(v, (Tuple, Size)))
    if leaf == "full":
        given = given[:1]
    size = arguments.keywords.get("size")
    return sizes_of(given if size is None else (size,))


def _is_literal(value: Value) -> bool:
    return isinstance(value, Const) and type(value.value) is int


def axes_of_data(machine: Machine, value: Value | None) -> Axes:
    """The axes of a literal: a list of lists has its examples first, a plain list may hold anything."""
    match value:
        case Tensor(axes=axes):
            return axes
        case Const() | Number() | None:
            return Axes.SCALAR
        case Tuple(items=(Const() | Number(),)):
            return Axes((False,))
        case Ref() if machine.get(value).kind is Kind.LIST:
            record = machine.get(value)
            rows = record.values()
            if record.rest is None and len(rows) == 1 and isinstance(rows[0], Number):
                return Axes((False,))  # `torch.tensor([len(x)])`: one number, not one example
            if rows and all(isinstance(row, Ref) and machine.get(row).kind is Kind.LIST for row in rows):
                return Axes((True, False), Tail.ANY, certain=False)
            if rows and record.rest is None and all(isinstance(row, Tensor) and row.axes.scalar for row in rows):
                return Axes((False,))
            if record.rest is not None and record.count.at_least(1):
                return Axes((True,), Tail.ANY, certain=False)
    return Axes.UNKNOWN
