"""What the methods of a tensor do to its axes and exponents.

One table of transfer functions by method name serves `x.sum(1)`, `torch.sum(x, 1)` and `F.relu(x)`. A method that is
not listed yields an unknown value, which silences the rules.
"""

from __future__ import annotations

from lossflow.domain import (
    tensor_creators,
    tensor_elementwise,
    tensor_products,
    tensor_reductions,
    tensor_selections,
    tensor_shapes,
    tensor_writes,
)
from lossflow.domain.tensor_calls import Call, Transfer
from lossflow.domain.values import Value

_METHODS: dict[str, Transfer] = {
    **tensor_elementwise.METHODS,
    **tensor_reductions.METHODS,
    **tensor_shapes.METHODS,
    **tensor_selections.METHODS,
    **tensor_products.METHODS,
    **tensor_creators.METHODS,
    **tensor_writes.METHODS,
}


def method(name: str, call: Call) -> Value | None:
    """The value of calling the method `name`; None when it is not in the table."""
    transfer = _METHODS.get(name) or _METHODS.get(name.removesuffix("_"))
    return None if transfer is None else transfer(call)


def knows(name: str) -> bool:
    """True when the table has a method of this name."""
    return name in _METHODS or name.removesuffix("_") in _METHODS
