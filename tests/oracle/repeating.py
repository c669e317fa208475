"""The same examples in a larger batch: makes a script that says `batch_size = 32` see each of its batches twice over.

The batch size is a constant at the top of the script. In a run at `times` B the constant is `times` as large, and
whatever the script draws for a batch of that size (from a DataLoader or with `torch.randn(batch_size, ...)`) is drawn
for B examples and repeated, so that the random numbers of both runs are the same. Which draws are for a batch is
learned in the run at B and replayed by position: a hidden size that happens to equal 2 B is left alone.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any
from unittest.mock import patch

import torch
from torch.utils.data import DataLoader

BATCH_SIZE = r"(?i)^(batch_size|bs|bsz|n|batch)$"
"""The names by which a fixture's batch size is known unless its first line says otherwise."""

ACCUMULATION = r"(?i)^accum\w*$"
"""The names of the number of batches over which gradients add up."""

PADDING = r"^padding$"
"""The name of the number of elements that a script appends to its batches and masks out."""

_SIZED = ("randn", "rand", "randint", "normal", "randperm")
_ALIKE = ("randn_like", "rand_like", "randint_like", "bernoulli", "multinomial")


class NoConstant(Exception):
    """The script has no constant at its top that could be the batch size, or whatever was looked for."""


def multiplied(tree: ast.Module, *, pattern: str, times: int) -> int:
    """Multiply the first constant in `tree` with a name like `pattern` by `times`; returns the one that is written."""
    for statement in tree.body:
        match statement:
            case ast.Assign(targets=[ast.Name(id=name)], value=ast.Constant(value=int(size)) as constant):
                if re.search(pattern, name) and not isinstance(size, bool):
                    constant.value = size * times
                    return size
    raise NoConstant(f"no `<name> = <number>` at the top of the script for a name like {pattern!r}")


class Repetition:
    """Repeats what is drawn for a batch; `log` says of each draw of the run at B whether it was for a batch."""

    def __init__(self, batch_size: int, times: int, log: list[bool]) -> None:
        self.batch_size = batch_size
        self.times = times
        self._log = log
        self._next = 0

    def applies(self, size: object) -> bool:
        """True when `size` is that of a batch which has to be drawn smaller and repeated."""
        if self.times == 1:
            self._log.append(size == self.batch_size)
            return False
        index, self._next = self._next, self._next + 1
        in_log = index >= len(self._log) or self._log[index]
        return in_log and size == self.batch_size * self.times

    def examples(self, value: Any) -> Any:
        """`value`, a batch as a DataLoader yields it, with its examples repeated."""
        match value:
            case torch.Tensor():
                return torch.cat([value] * self.times) if value.dim() else value
            case dict():
                return type(value)({key: self.examples(each) for key, each in value.items()})
            case tuple() if hasattr(value, "_fields"):
                return type(value)(*(self.examples(each) for each in value))
            case [str() | int() | float(), *_]:
                return type(value)(list(value) * self.times)
            case list() | tuple():
                return type(value)(self.examples(each) for each in value)
            case _:
                return value


@contextmanager
def repeated(repetition: Repetition) -> Iterator[None]:
    """Within, every batch is drawn at the script's own batch size and repeated; dropout, which draws anew, is off."""
    with ExitStack() as patches:
        for name in _SIZED:
            patches.enter_context(patch.object(torch, name, _sized(getattr(torch, name), repetition)))
        for name in _ALIKE:
            patches.enter_context(patch.object(torch, name, _alike(getattr(torch, name), repetition)))
        patches.enter_context(patch.object(torch.nn.functional, "dropout", lambda input, *args, **kwargs: input))
        patches.enter_context(patch.object(DataLoader, "__init__", _loader_init(DataLoader.__init__, repetition)))
        patches.enter_context(patch.object(DataLoader, "__iter__", _loader_iter(DataLoader.__iter__, repetition)))
        yield


def _sized(draw: Callable[..., torch.Tensor], repetition: Repetition) -> Callable[..., torch.Tensor]:
    """A function such as `torch.randn`, whose size is given by numbers, a tuple, or tensors of parameters."""

    def drawn(*args: Any, **kwargs: Any) -> torch.Tensor:
        smaller, smaller_kwargs = _smaller(draw.__name__, args, kwargs, repetition)
        if smaller is None:
            return draw(*args, **kwargs)
        leaf = smaller_kwargs.pop("requires_grad", False)
        return repetition.examples(draw(*smaller, **smaller_kwargs)).requires_grad_(leaf)

    return drawn


def _smaller(
    name: str, args: tuple[Any, ...], kwargs: dict[str, Any], repetition: Repetition
) -> tuple[tuple[Any, ...] | None, dict[str, Any]]:
    """The arguments that draw for the script's own batch size, or None where the draw isn't for a batch."""
    size = repetition.batch_size
    if "size" in kwargs:
        shape = tuple(kwargs["size"])
        return (args, kwargs | {"size": (size, *shape[1:])}) if shape and repetition.applies(shape[0]) else (None, {})
    tensors = [each for each in args if isinstance(each, torch.Tensor)]
    if tensors:
        first = tensors[0].shape[0] if tensors[0].dim() else None
        if not repetition.applies(first):
            return None, {}
        return tuple(each[:size] if isinstance(each, torch.Tensor) and each.dim() else each for each in args), kwargs
    shapes = [index for index, each in enumerate(args) if isinstance(each, (tuple, list, torch.Size))]
    if shapes:
        shape = tuple(args[shapes[0]])
        if not (shape and repetition.applies(shape[0])):
            return None, {}
        return (*args[: shapes[0]], (size, *shape[1:]), *args[shapes[0] + 1 :]), kwargs
    if args and name != "randint" and repetition.applies(args[0]):
        return (size, *args[1:]), kwargs
    return None, {}


def _alike(draw: Callable[..., torch.Tensor], repetition: Repetition) -> Callable[..., torch.Tensor]:
    """A function such as `torch.randn_like`, whose size is that of its first argument."""

    def drawn(input: torch.Tensor, *args: Any, **kwargs: Any) -> torch.Tensor:
        if not repetition.applies(input.shape[0] if input.dim() else None):
            return draw(input, *args, **kwargs)
        return repetition.examples(draw(input[: repetition.batch_size], *args, **kwargs))

    return drawn


def _loader_init(init: Callable[..., None], repetition: Repetition) -> Callable[..., None]:
    """Loaders load at the script's own batch size, in this process, and say that their batches are the large ones."""

    def __init__(loader: Any, dataset: Any, batch_size: int | None = 1, *args: Any, **kwargs: Any) -> None:
        for option in ("num_workers", "persistent_workers", "prefetch_factor", "pin_memory"):
            kwargs.pop(option, None)
        applies = repetition.applies(batch_size)
        init(loader, dataset, repetition.batch_size if applies else batch_size, *args, **kwargs)
        object.__setattr__(loader, "batch_size", batch_size if "batch_sampler" not in kwargs else None)
        object.__setattr__(loader, "repeats_examples", applies)

    return __init__


def _loader_iter(iterate: Callable[..., Any], repetition: Repetition) -> Callable[..., Iterator[Any]]:
    def __iter__(loader: Any) -> Iterator[Any]:
        for batch in iterate(loader):
            yield repetition.examples(batch) if loader.repeats_examples else batch

    return __iter__
