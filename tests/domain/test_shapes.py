"""What a method makes of a shape, exactly: rules that are silent where nothing is known are silent too often."""

from __future__ import annotations

from dataclasses import replace

import pytest

from lossflow.domain.exponent import Exponent
from lossflow.domain.trace import Step, StepKind
from lossflow.domain.values import Size, Tensor, Term, Unknown, Value

from .notation import B, shape, value
from .strategies import site
from .test_arithmetic import method

LOSS = Term(Exponent.ZERO, (Step(StepKind.COMPUTED, site(10)),))


def batch(text: str) -> Tensor:
    """A loss of this shape, which is taken for a batch of a loader as well."""
    return Tensor(shape(text), (LOSS,), True, loss=True, data=True)


def after(before: Tensor, call: str, arguments: tuple[object, ...]) -> Value:
    return method(call, before, *map(value, arguments))


MOVED = [
    ("B 5", "transpose", (0, 1), "5 B"),
    ("B 5 3", "transpose", (0, 2), "3 5 B"),
    ("B 5 3", "transpose", (-1, 1), "B 3 5"),
    ("B 5 3", "transpose", (-3, -1), "3 5 B"),
    ("5 B 3", "transpose", (0, 1), "B 5 3"),
    ("B +", "transpose", (0, 1), "5 B ..."),
    ("B ...", "transpose", (1, 2), "B 5 3 ..."),
    ("B ...", "transpose", (1, -1), "B ..."),
    ("B ...", "transpose", (-1, -2), "somewhere"),
    ("B ...", "transpose", (0, -1), "somewhere"),
    ("5 B ...", "transpose", (1, -1), "somewhere"),
    ("B 5", "transpose", (0, Unknown()), "somewhere"),
    ("B 5 3", "movedim", (0, 1), "5 B 3"),
    ("B 5 3", "movedim", (0, -1), "5 3 B"),
    ("B 5 3", "movedim", (2, 0), "3 B 5"),
    ("5 3 B", "movedim", (-1, 0), "B 5 3"),
    ("B ...", "movedim", (1, 2), "B 5 3 ..."),
    ("B ...", "movedim", (0, -1), "somewhere"),
    ("B 5 3", "movedim", ((0, 1), (1, 0)), "somewhere"),
    ("B 5 3", "movedim", (0, Unknown()), "somewhere"),
    ("B 5 3", "permute", (2, 0, 1), "3 B 5"),
    ("B 5 3", "permute", ((1, 2, 0),), "5 3 B"),
    ("B 5 3", "permute", (-1, 0, -2), "3 B 5"),
    ("B ...", "permute", (0, 2, 1), "B 5 3"),
    ("B +", "permute", (1, 0), "5 B"),
    ("B 5", "permute", (0, Unknown()), "somewhere"),
    ("B 5", "t", (), "5 B"),
    ("B ...", "t", (), "5 B"),
    ("5 3", "t", (), "5 3"),
    ("...", "t", (), "..."),
    ("B", "t", (), "B"),
    ("somewhere", "t", (), "somewhere"),
]
WIDER_OR_NARROWER = [
    ("B", "unsqueeze", (0,), "1 B"),
    ("B", "unsqueeze", (1,), "B 1"),
    ("B 5", "unsqueeze", (-1,), "B 5 1"),
    ("B 5", "unsqueeze", (-2,), "B 1 5"),
    ("B 5", "unsqueeze", (-3,), "1 B 5"),
    ("B 5", "unsqueeze", (3,), "unknown"),
    ("B ...", "unsqueeze", (0,), "1 B ..."),
    ("B ...", "unsqueeze", (1,), "B 1 ..."),
    ("B ...", "unsqueeze", (2,), "B +"),
    ("B ...", "unsqueeze", (-1,), "B +"),
    ("B ...", "unsqueeze", (-2,), "unknown"),
    ("B", "unsqueeze", (Unknown(),), "somewhere"),
    ("somewhere", "unsqueeze", (0,), "somewhere"),
    ("B", "squeeze", (), "B"),
    ("B 1", "squeeze", (), "B ..."),
    ("B ...", "squeeze", (), "B ..."),
    ("5 B", "squeeze", (), "somewhere"),
    ("B 1", "squeeze", (1,), "B"),
    ("B 1", "squeeze", (-1,), "B"),
    ("1 B", "squeeze", (0,), "B"),
    ("B 1", "squeeze", (0,), "somewhere"),
    ("B 1 5", "squeeze", (Unknown(),), "somewhere"),
    ("somewhere", "squeeze", (0,), "somewhere"),
    ("B 5 3", "flatten", (), "B"),
    ("B ...", "flatten", (), "B"),
    ("5 3", "flatten", (), "..."),
    ("B 5 3", "flatten", (1,), "B 5"),
    ("B ...", "flatten", (1,), "B 5"),
    ("B ...?", "flatten", (1,), "B 5?"),
    ("5 B 3", "flatten", (1,), "somewhere"),
    ("B B 3", "flatten", (1,), "unknown"),
    ("5 B 3", "flatten", (0, 1), "unknown"),
    ("B 5 3 3", "flatten", (2,), "somewhere"),
    ("B B", "flatten", (2,), "unknown"),
    ("B", "one_hot", (10,), "B 10"),
    ("B 5", "one_hot", (10,), "B 5 10"),
    ("B ...", "one_hot", (10,), "B +"),
]
VIEWED = [
    ("B 5 3", "view", (-1,), "B"),
    ("B 5 3", "view", (B, -1), "B 15"),
    ("B 5 3", "view", ((B, 15),), "B 15"),
    ("B 5 3", "view", (-1, 3), "B 3"),
    ("B ...?", "view", (-1, 3), "B 3?"),
    ("B 5", "view", (5, B), "5 B"),
    ("B 5", "view", (5, -1), "5 B"),
    ("B 6", "view", (B, 2, 3), "B 2 3"),
    ("B 6", "view", (Unknown(), 2, 3), "B 2 3"),
    ("B 6", "view", (2, Unknown(), 3), "somewhere"),
    ("B 5", "view", (5, 3), "somewhere"),
    ("B 5", "view", (B, B), "somewhere"),
    ("B 5", "view", (-1, -1), "unknown"),
    ("B 5", "view", (), "unknown"),
    ("B B", "view", (-1,), "B"),
    ("B B", "view", (-1, 3), "unknown"),
    ("5 3", "view", (-1,), "15"),
    ("5 3", "view", (3, 5), "3 5"),
    ("unknown", "view", (-1,), "unknown"),
    ("B 5", "view", (Size(shape("5 B")),), "5 B"),
]
REPEATED = [
    ("B 1", "expand", (-1, 3), "B 3"),
    ("B 1", "expand", ((B, 3),), "B 3"),
    ("1 3", "expand", (B, -1), "B 3"),
    ("B", "expand", (5, -1), "5 B"),
    ("", "expand", (B,), "B"),
    ("1", "expand", (3,), "3"),
    ("...", "expand", (B, 3), "B 3"),
    ("B ...", "expand", (-1, 3), "somewhere"),
    ("somewhere", "expand", (-1, 3), "somewhere"),
    ("B 1", "expand", (Unknown(), 3), "unknown"),
    ("B 5 3", "expand", (5, 3), "somewhere"),
    ("B B", "expand", (B, 3), "B B"),
    ("B 5", "repeat", (1, 3), "B 5"),
    ("B 5", "repeat", (2, 1), "B 5"),
    ("1 5", "repeat", (B, 1), "B 5"),
    ("B 3", "repeat", (5, 1, 1), "5 B 3"),
    ("B 5", "repeat", (B, 1), "unknown"),
    ("B 5", "repeat", ((B, 1),), "unknown"),
    ("B 5", "repeat_interleave", (3, 0), "B 5"),
    ("B 5", "repeat_interleave", (3,), "B"),
    ("5", "repeat_interleave", (3,), "5"),
    ("5 3", "repeat_interleave", (3,), "..."),
    ("B B", "repeat_interleave", (3,), "unknown"),
    ("B 5", "repeat_interleave", (B, 0), "unknown"),
    ("B 5", "repeat_interleave", ("5", 0), "unknown"),
    ("5", "expand_as", ("B 5",), "B 5"),
]
MATRICES = [
    ("5 5", "diagonal", (), "5"),
    ("B B", "diagonal", (), "B"),
    ("B 5 5", "diagonal", (0, 1, 2), "B 5"),
    ("B 5 5", "diagonal", (0, -2, -1), "B 5"),
    ("5 B 5", "diagonal", (0, 0, -1), "B 5"),
    ("B ...", "diagonal", (0, -2, -1), "B +"),
    ("B ...", "diagonal", (0, 1, 2), "B +"),
    ("B ...", "diagonal", (), "unknown"),
    ("B 5 5", "diagonal", (), "unknown"),
    ("B 5 5", "diagonal", (0, 1, 1), "unknown"),
    ("B 5 5", "diagonal", (0, 1, 3), "unknown"),
    ("5 B 5", "diagonal", (0, 2, 3), "unknown"),
    ("...", "diagonal", (), "..."),
    ("5 5?", "diagonal", (), "5?"),
    ("5 5", "diag", (), "5"),
    ("B B", "diag", (), "B"),
    ("5", "diag", (), "5 5"),
    ("...", "diag", (), "..."),
    ("B", "diag", (), "unknown"),
    ("B 5", "diag_embed", (), "B 5 5"),
    ("5", "diag_embed", (), "5 5"),
    ("5 5", "trace", (), ""),
    ("B B", "trace", (), ""),
    ("5 B", "cov", (), "5 5"),
    ("B 5", "cov", (), "B B"),
    ("B 5 5", "inverse", (), "B 5 5"),
    ("5 5", "inverse", (), "5 5"),
    ("B 5 5", "det", (), "B"),
    ("5 5", "det", (), ""),
    ("5 5 5", "det", (), "..."),
    ("B 5", "cdist", ("B 5",), "B B"),
    ("B 5", "cdist", ("3 5",), "B 3"),
    ("B", "outer", ("5",), "B 5"),
    ("5", "outer", ("B",), "5 B"),
    ("B", "outer", ("B",), "B B"),
    ("B ...", "outer", ("...",), "B 5"),
]
PRODUCTS = [
    ("B 5", "matmul", ("5 3",), "B 3"),
    ("B 5", "matmul", ("5",), "B"),
    ("5", "matmul", ("5 B",), "B"),
    ("B", "matmul", ("B",), ""),
    ("5 B", "matmul", ("B 3",), "5 3"),
    ("B 5", "matmul", ("5 B",), "B B"),
    ("B 4 5", "matmul", ("5 3",), "B 4 3"),
    ("4 5", "matmul", ("B 5 3",), "B 4 3"),
    ("B 4 5", "matmul", ("B 5 3",), "B 4 3"),
    ("5 B", "matmul", ("B ...",), "..."),
    ("B ...", "matmul", ("5 3",), "B +"),
    ("B +", "matmul", ("5",), "B ..."),
    ("B +", "matmul", ("...",), "B ..."),
    ("B 5", "matmul", ("...",), "B ..."),
    ("5 B", "matmul", ("...",), "unknown"),
    ("B +", "matmul", ("2 5 3",), "B ..."),
    ("4 5", "matmul", ("B 5 +",), "B +"),
    ("4 5", "matmul", ("5 B",), "4 B"),
    ("...", "matmul", ("5 3",), "..."),
    ("...", "matmul", ("B 5 3",), "B +"),
    ("...", "matmul", ("5 B",), "somewhere"),
    ("somewhere", "matmul", ("5 3",), "somewhere"),
    ("unknown", "matmul", ("5 3",), "unknown"),
    ("B 5", "mm", ("5 3",), "B 3"),
    ("B ...", "mm", ("...",), "B 3"),
    ("B ...", "mv", ("...",), "B"),
    ("B ...", "bmm", ("B ...",), "B 4 3"),
    ("2 4 5", "bmm", ("2 5 3",), "2 4 3"),
    ("B 4 5", "bmm", ("unknown",), "B 4 3?"),
    ("...", "addmm", ("B 5", "5 3"), "B 3"),
    ("...", "addmv", ("B 5", "5"), "B"),
    ("...", "baddbmm", ("B 4 5", "B 5 3"), "B 4 3"),
]
CHOSEN = [
    ("B 5", "select", (1, 0), "B"),
    ("B 5", "select", (0, 0), "5"),
    ("B 5", "select", (Unknown(), 0), "unknown"),
    ("B 5", "narrow", (0, 0, 8), "8 5"),
    ("B 5", "narrow", (0, 0, B), "B 5"),
    ("B 5", "narrow", (0, 0, Unknown()), "unknown"),
    ("B 5", "narrow", (1, 0, 2), "B 2"),
    ("B 5", "narrow", (-1, 0, 2), "B 2"),
    ("B ...", "narrow", (1, 0, 2), "B ..."),
    ("B ...", "narrow", (-1, 0, 2), "unknown"),
    ("...", "narrow", (-1, 0, 2), "..."),
    ("5 B", "narrow", (0, 0, 2), "2 B"),
    ("somewhere", "narrow", (0, 0, 2), "unknown"),
    ("somewhere", "narrow", (0, 0, B), "somewhere"),
    ("B 5", "unfold", (1, 2, 1), "B 4 2"),
    ("B 5", "unfold", (0, 2, 1), "unknown"),
    ("B 5", "gather", (1, "B 1"), "B 1"),
    ("B 5", "gather", (1, "5 1"), "unknown"),
    ("B 5", "gather", (1, Unknown()), "unknown"),
    ("B 5", "index_select", (1, "3"), "B 3"),
    ("B 5", "index_select", (0, "3"), "unknown"),
    ("B 5", "index_select", (0, "B"), "B 5"),
    ("B 5", "masked_select", ("B 5",), "B"),
    ("5 3", "masked_select", ("5 3",), "unknown"),
    ("B 5", "masked_fill", ("B 5", 0.0), "B 5"),
    ("B 5", "unbind", (), "B 5"),
    ("B 5", "unbind", (1,), "5 B"),
    ("B ...", "unbind", (1,), "5 B ..."),
    ("B 5", "multinomial", (2,), "B 2"),
    ("B +", "multinomial", (2,), "B 2"),
    ("B ...", "multinomial", (2,), "B 2?"),
    ("B", "multinomial", (2,), "unknown"),
    ("5 B", "multinomial", (2,), "unknown"),
]
REDUCED = [
    ("B 5", "sum", (1,), "B"),
    ("B 5", "sum", (0,), "5"),
    ("B 5 3", "sum", ((1, 2),), "B"),
    ("B 5 3", "sum", ((-1, -2),), "B"),
    ("B 5 3", "sum", (1, 2), "B"),
    ("B 5 3", "mean", ((0, 2),), "5"),
    ("B ...", "sum", (0,), "..."),
    ("B +", "sum", (1,), "B ..."),
    ("B ...", "sum", (-1,), "B ...?"),
    ("B +", "sum", (-1,), "B ..."),
    ("B ...", "sum", ((-2, -1),), "B ...?"),
    ("B ...", "sum", ((-3, -1),), "unknown"),
    ("5 B ...", "sum", ((-2, -1),), "unknown"),
    ("B 5", "sum", (Unknown(),), "unknown"),
    ("5 3", "sum", (Unknown(),), "..."),
    ("5 B", "logsumexp", (0,), "B"),
    ("B 5", "prod", (1,), "B"),
    ("B 5", "prod", (1, True), "B 1"),
    ("B 5", "cumsum", (1,), "B 5"),
    ("B 5", "argmax", (1,), "B"),
    ("B 5", "argsort", (1,), "B 5"),
    ("B 5", "count_nonzero", (1,), "B"),
    ("B", "dot", ("B",), ""),
]


each_call = pytest.mark.parametrize(
    ("before", "call", "arguments", "expected"),
    [*MOVED, *WIDER_OR_NARROWER, *VIEWED, *REPEATED, *MATRICES, *PRODUCTS, *CHOSEN, *REDUCED],
)


@each_call
def test_a_shape_after_a_method(before: str, call: str, arguments: tuple[object, ...], expected: str) -> None:
    left = after(batch(before), call, arguments)
    assert isinstance(left, Tensor)
    assert left.axes == shape(expected)


@each_call
def test_what_is_made_of_a_batch_is_no_tuple_of_tensors(
    before: str, call: str, arguments: tuple[object, ...], expected: str
) -> None:
    left = after(batch(before), call, arguments)
    assert isinstance(left, Tensor)
    assert not left.data


SHAPE_OF_ANOTHER = ("expand_as", "gather", "addmm", "addmv", "baddbmm")


@each_call
def test_a_guess_stays_a_guess(before: str, call: str, arguments: tuple[object, ...], expected: str) -> None:
    certain = batch(before)
    left = after(replace(certain, axes=replace(certain.axes, certain=False)), call, arguments)
    assert isinstance(left, Tensor)
    told = call in SHAPE_OF_ANOTHER or any(isinstance(argument, Size) for argument in arguments)
    assert told or not left.axes.certain or left.axes.scalar


@each_call
def test_a_loss_stays_one_unless_places_are_left(
    before: str, call: str, arguments: tuple[object, ...], expected: str
) -> None:
    left = after(batch(before), call, arguments)
    assert isinstance(left, Tensor)
    places = call in ("argmax", "argsort", "one_hot", "multinomial", "count_nonzero")
    assert (left.loss, left.differentiable) == ((False, False) if places else (True, True))
