"""What the name of a value is evidence of: a batch size, a hyperparameter, a mask.

`sizes` are the names that mean a batch size, those of the configuration among them.
"""

from __future__ import annotations

from lossflow.catalog.names import means_mask, number_exponent
from lossflow.domain import masking
from lossflow.domain.exponent import Exponent
from lossflow.domain.values import Bound, Const, Number, OneOf, Tensor, Unknown, Value, alternatives, exponent_of

_CONFIGURATIONS = frozenset(
    {
        "args",
        "arg",
        "cfg",
        "config",
        "conf",
        "opt",
        "opts",
        "options",
        "hparams",
        "hparam",
        "hp",
        "flags",
        "params",
        "hyperparameters",
        "settings",
        "train_cfg",
        "training_args",
        "cli_args",
        "parsed_args",
    }
)


def factor(value: Value, sizes: frozenset[str]) -> Exponent:
    """The exponent of a factor; where it is out of sight its name is the evidence."""
    match value:
        case Unknown():
            return _of_name(value, sizes)
        case Bound(field=str() as field):
            return _of_name(Unknown(field), sizes)
        case OneOf():
            whole: Exponent | None = None
            for other in alternatives(value):
                if other != Const(None):
                    one = factor(other, sizes)
                    whole = one if whole is None else whole.join(one)
            return whole or Exponent.UNKNOWN
    return exponent_of(value)


def _of_name(value: Unknown, sizes: frozenset[str]) -> Exponent:
    if not value.name:
        return Exponent.UNKNOWN
    path, _, last = value.name.rpartition(".")
    exponent = number_exponent(last, sizes)
    if value.computed and exponent.is_zero:
        return Exponent.UNKNOWN  # `weight = weight_of(batch)` may hold 1 / B
    if (
        exponent == Exponent.UNKNOWN
        and not value.computed
        and path.rpartition(".")[2].lower().lstrip("_") in _CONFIGURATIONS
    ):
        return Exponent.ZERO  # a hyperparameter
    return exponent


def named(value: Value, name: str, sizes: frozenset[str]) -> Value:
    """`value` as it is known under `name`: a literal that is called a batch size is one."""
    match value:
        case Const(value=int() as number) if number > 1:  # `total = 0` counts nothing yet, and True is 1
            exponent = number_exponent(name, sizes)
            if exponent.high == 1:
                return Number(exponent, name)
        case Unknown(name=""):
            return value.known_as(name)
        case Tensor() if means_mask(name):
            return masking.known_as_mask(value)
    return value
