"""What tells that a value is a mask of padding: how it is made, and its name.

Not every truth value for each element is one: `confidence > threshold` says something of the predictions, and which
elements count of a loss may then be meant to depend on them.
"""

from __future__ import annotations

from dataclasses import replace

import libcst as cst

from lossflow.catalog import names
from lossflow.domain import arithmetic, masking
from lossflow.domain.axes import Axes
from lossflow.domain.tensor_calls import Call
from lossflow.domain.trace import Site
from lossflow.domain.values import Const, Tensor, Unknown, Value
from lossflow.interp.engine.machine import Machine

_SAME_MASK = frozenset(
    {
        "unsqueeze", "squeeze", "float", "bool", "long", "int", "half", "double", "byte", "type", "type_as", "to",
        "cuda", "cpu", "detach", "clone", "contiguous", "expand", "expand_as", "view", "view_as", "reshape", "flatten",
        "repeat", "transpose", "permute", "repeat_interleave",
    }
)  # fmt: skip
"""Methods of a mask that return the same mask in another form."""
TAKES_A_MASK = frozenset({"mul", "mul_", "multiply", "multiply_", "masked_fill", "masked_fill_", "where"})
"""Methods of a loss to which a mask is handed."""
_SAYS_SO = frozenset({"eq", "ne", "not_equal", "logical_not", "isnan", "isfinite"})
_ORDERS = frozenset({"lt", "le", "gt", "ge"})
_SIGNS = (Const(-1), Const(0), Const(1))
_ORDER = (cst.LessThan, cst.LessThanEqual, cst.GreaterThan, cst.GreaterThanEqual)
_ABOUT_MASKS = frozenset({"mask", "masks", "masked", "pad", "padding", "padded", "valid"})
_LENGTHS = frozenset({"arange", "len", "lens", "length", "lengths"})


def seen(value: Value) -> Value:
    """The value as a mask where it is out of sight and its name says that it is one."""
    if isinstance(value, Unknown) and not value.masked and names.means_mask(value.name):
        return masking.mask_of(Tensor(Axes.UNKNOWN))
    return value


def operands(symbol: str, left: Value, right: Value) -> tuple[Value, Value]:
    """The operands of an operator at which a mask is told by its name."""
    if symbol not in ("*", "-", "&", "|", "^"):
        return left, right
    masks = seen(left), seen(right)
    if symbol != "-" or left == Const(1):
        # What is out of sight stays so, unless it stands by a loss or another mask.
        return (masks[0] if isinstance(masks[1], (Tensor, Const)) else left), (
            masks[1] if isinstance(masks[0], (Tensor, Const)) else right
        )
    return left, right


def product_of_unseen(symbol: str, left: Value, right: Value, site: Site) -> Value | None:
    """`target * mask`, both out of sight; None for everything else."""
    unseen = isinstance(left, Unknown) and isinstance(right, Unknown)
    if symbol != "*" or not unseen or masking.is_padding(seen(left)) is masking.is_padding(seen(right)):
        return None
    return Unknown(computed=True, masked=site)


_UNSEEN = Tensor(Axes.UNKNOWN)


def compared(
    machine: Machine,
    target: cst.ComparisonTarget,
    written: cst.BaseExpression,
    left: Value,
    right: Value,
    *,
    result: Value,
) -> Value:
    """The result of a comparison, as a mask of padding where it compares data with a literal, or lengths."""
    if not isinstance(result, Tensor) or not result.mask or not all(map(_is_data, (left, right))):
        return result
    if written.deep_equals(target.comparator):
        return result  # `loss != loss` finds what is not a number, which is no padding
    numbers = [isinstance(v, Unknown) and machine.factor(v).is_zero for v in (left, right)]
    if any(numbers) and not isinstance(left, Tensor):
        return result  # `epoch == 0`
    if isinstance(target.operator, (cst.Equal, cst.NotEqual)):
        return replace(result, padding=True)
    lengths = _mentions_lengths(written) or _mentions_lengths(target.comparator)
    if isinstance(target.operator, _ORDER) and (right in _SIGNS or lengths):
        return replace(result, padding=True)
    return result


def _is_data(value: Value) -> bool:
    """True for what no prediction has a part in, as far as it is in sight."""
    return not isinstance(value, Tensor) or not (value.differentiable or value.loss)


def _mentions_lengths(node: cst.CSTNode) -> bool:
    if isinstance(node, cst.Name):
        return bool(_LENGTHS.intersection(names.words(node.value)))
    return any(_mentions_lengths(child) for child in node.children)


def inverted(value: Tensor | Unknown) -> Value:
    """`~value`: only truth values are inverted, so that data are a mask."""
    if isinstance(value, Unknown):
        return masking.mask_of(_UNSEEN)
    result = arithmetic.compare(value, Const(0))
    says_so = value.padding or (not value.mask and not value.differentiable and not value.loss)
    return replace(result, padding=says_so) if isinstance(result, Tensor) else result


def after_method(name: str, call: Call, result: Value) -> Value:
    """The result of a tensor's method, as a mask of padding where it is one."""
    if not isinstance(result, Tensor) or not result.mask or call.tensor.differentiable or call.tensor.loss:
        return result
    if name == "bool" and (call.tensor.padding or not call.tensor.mask):
        return replace(result, padding=True)
    if name in ("logical_not", "logical_and", "logical_or") and call.tensor.mask:
        both = call.argument(0, "other") or call.tensor
        return replace(result, padding=call.tensor.padding and masking.is_padding(seen(both)))
    other = call.argument(0, "other")
    compares = name in _SAYS_SO or (name in _ORDERS and other in _SIGNS)
    return replace(result, padding=True) if compares and (other is None or _is_data(other)) else result


def of_unseen(receiver: str, method: str, other: Value | None) -> Value | None:
    """`mask.unsqueeze(-1)`, `labels.ne(pad)`, `p.gt(0.9)` of what is out of sight; None where that is no mask."""
    if method in _SAME_MASK and names.means_mask(receiver):
        return masking.mask_of(_UNSEEN)
    if method in _SAYS_SO or (method in _ORDERS and other in _SIGNS):
        return masking.mask_of(_UNSEEN)
    # `probabilities.ge(threshold)`, whatever it is called: as `>=`, it may be of what the model predicts.
    return replace(_UNSEEN, mask=True) if method in _ORDERS else None


def part(owner: Value, node: cst.Subscript) -> Value | None:
    """`mask[:, 1:]`, `mask[..., None]` of a mask out of sight is one, too; None for everything else."""
    if not isinstance(owner, Unknown) or not names.means_mask(owner.name):
        return None
    several = len(node.slice) > 1 or isinstance(node.slice[0].slice, cst.Slice)
    return replace(owner, computed=True) if several else None


def missing(test: cst.BaseExpression) -> bool | None:
    """Which branch of `if mask is not None` is taken where there is no mask: that of True or of False.

    None where the test doesn't ask for a mask, or for something else as well.
    """
    match test:
        case cst.Comparison(left=left, comparisons=[cst.ComparisonTarget(comparator=cst.Name("None"))]) if _names_mask(
            left
        ):
            return isinstance(test.comparisons[0].operator, cst.Is)
        case cst.UnaryOperation(operator=cst.Not(), expression=inner):
            answer = missing(inner)
            return None if answer is None else not answer
        case cst.Name() | cst.Attribute() | cst.Comparison():
            return False if _names_mask(test) else None
    return None


def _names_mask(node: cst.CSTNode) -> bool:
    """True where a word of a name or a string says that it is of masks or padding."""
    match node:
        case cst.Name(value=text) | cst.SimpleString(value=text):
            return bool(_ABOUT_MASKS.intersection(names.words(text.strip("\"'"))))
    return any(_names_mask(child) for child in node.children)


def filled(owner: Tensor, index: Value | None, value: Value, site: Site) -> Value | None:
    """What `loss[pad] = 0` leaves in `loss`; None for everything else."""
    if index is None or not isinstance(value, Const) or value.value != 0 or not masking.is_padding(seen(index)):
        return None
    return masking.masked(owner, site)


def selects(index: Value | None) -> bool:
    """True for an index that picks elements, rather than one of them or a slice."""
    return isinstance(index, Tensor) or masking.is_padding(seen(index or Const(None)))
