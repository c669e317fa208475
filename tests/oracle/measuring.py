"""What one run of a training script does: its first steps, its warnings, and the error that ends it.

The gradient is taken when an optimizer steps, the update is what the step changes. A script that updates its
parameters by hand has no optimizer: there the gradient is taken after the first backward, and the update is what has
changed by the next one. Clipping is off, because it would hide the size of what it clips.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import sys
import traceback
import warnings
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, field
from typing import Any
from unittest.mock import patch

import torch
from torch.optim.optimizer import (
    Optimizer,
    register_optimizer_step_post_hook,
    register_optimizer_step_pre_hook,
)


@dataclass
class Step:
    """The first step of an optimizer that moves its parameters; `optimizer` is empty where the script has none."""

    optimizer: str
    backward: list[int]  # the lines from which the gradients come
    gradient: float
    update: float


@dataclass
class Raised:
    """The error that ended the script, and the line of the script that it came through last."""

    type: str
    message: str
    line: int


@dataclass
class Revealed:
    """The argument of `reveal(...)`: a tensor with its shape, or a number, whose shape is None.

    `size` is the norm of a tensor's gradient, or of the tensor itself where gradients don't flow; repeated examples
    count once.
    """

    line: int
    shape: list[int] | None
    size: float


@dataclass
class Run:
    """Everything that was seen of one run."""

    steps: list[Step] = field(default_factory=list)
    reveals: list[Revealed] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    backwards: list[str] = field(
        default_factory=list
    )  # of each the digest of its loss and of its gradients, bit by bit
    printed: str = ""
    raised: Raised | None = None

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


@dataclass
class _Backward:
    """A backward: its line, and the parameters whose gradients it made and nobody has cleared since, by identity."""

    line: int
    leaves: set[int]


@dataclass
class _ByHand:
    """The parameters after the first backward, from which an update by hand is told."""

    line: int
    gradient: float
    leaves: list[torch.Tensor]
    before: list[torch.Tensor]


class Meter:
    """Watches the backwards and the optimizer steps of the script `file`."""

    def __init__(self, file: str) -> None:
        self.steps: list[Step] = []
        self.digests: list[str] = []
        self._file = file
        self._backwards: list[_Backward] = []
        self._begun: dict[int, tuple[float, list[torch.Tensor]]] = {}
        self._moved: set[int] = set()
        self._by_hand: _ByHand | None = None
        self._step_by_hand: Step | None = None

    def before_step(self, optimizer: Optimizer, args: Any, kwargs: Any) -> None:
        """An optimizer is about to step."""
        parameters = _parameters(optimizer)
        self._begun[id(optimizer)] = _gradient_size(parameters), _copies(parameters)

    def after_step(self, optimizer: Optimizer, args: Any, kwargs: Any) -> None:
        """An optimizer has stepped."""
        gradient, before = self._begun.pop(id(optimizer))
        parameters = _parameters(optimizer)
        update = _distance(before, parameters)
        if id(optimizer) not in self._moved and update > 0:
            self._moved.add(id(optimizer))
            own = set(map(id, parameters))
            lines = [each.line for each in self._backwards if each.leaves & own]
            # An optimizer that is given a closure has no gradients before its step.
            self.steps.append(Step(type(optimizer).__name__, lines, gradient or _gradient_size(parameters), update))

    def zero_grad(self, parameters: Iterable[torch.Tensor]) -> None:
        """The gradients of `parameters` are cleared."""
        cleared = set(map(id, parameters))
        for each in self._backwards:
            each.leaves -= cleared

    def backward(self, backward: Callable[..., None], tensors: Any, *args: Any, **kwargs: Any) -> None:
        """Stands in for `torch.autograd.backward`, which every `loss.backward()` calls."""
        self._look_for_update_by_hand()
        leaves = _leaves([tensors] if isinstance(tensors, torch.Tensor) else tensors)
        backward(tensors, *args, **kwargs)
        self.digests.append(_digest(tensors, leaves))
        self._backwards.append(_Backward(self._line(), set(map(id, leaves))))
        if self._by_hand is None:
            self._by_hand = _ByHand(self._line(), _gradient_size(leaves), leaves, _copies(leaves))

    def grad(self, grad: Callable[..., Any], outputs: Any, inputs: Any, *args: Any, **kwargs: Any) -> Any:
        """Stands in for `torch.autograd.grad`."""
        gradients = grad(outputs, inputs, *args, **kwargs)
        leaves = [inputs] if isinstance(inputs, torch.Tensor) else list(inputs)
        # Inside `torch.func` and `vmap` no tensor has a value yet.
        if torch._C._functorch.peek_interpreter_stack() is None and all(each.is_leaf for each in leaves):
            self._look_for_update_by_hand()
            if self._by_hand is None:
                size = _root_mean_square(each for each in gradients if each is not None)
                self._by_hand = _ByHand(self._line(), size, leaves, _copies(leaves))
        return gradients

    def finish(self) -> None:
        """The script has ended. Where an optimizer steps, what changes by hand are examples under attack."""
        self._look_for_update_by_hand()
        if not self.steps and self._step_by_hand is not None:
            self.steps.append(self._step_by_hand)

    def _look_for_update_by_hand(self) -> None:
        if self._by_hand is not None and self._step_by_hand is None and not self.steps:
            update = _distance(self._by_hand.before, self._by_hand.leaves)
            if update > 0:
                self._step_by_hand = Step("", [self._by_hand.line], self._by_hand.gradient, update)

    def _line(self) -> int:
        """The line of the script that is being run."""
        frame = sys._getframe()
        while frame is not None and frame.f_code.co_filename != self._file:
            frame = frame.f_back
        return frame.f_lineno if frame else 0


@contextmanager
def metered(meter: Meter) -> Iterator[None]:
    """Within, the meter sees every backward and every step."""
    backward, grad = torch.autograd.backward, torch.autograd.grad
    optimizer_zero_grad, module_zero_grad = Optimizer.zero_grad, torch.nn.Module.zero_grad

    def clear_optimizer(optimizer: Optimizer, *args: Any, **kwargs: Any) -> None:
        optimizer_zero_grad(optimizer, *args, **kwargs)
        meter.zero_grad(_parameters(optimizer))

    def clear_module(module: torch.nn.Module, *args: Any, **kwargs: Any) -> None:
        module_zero_grad(module, *args, **kwargs)
        meter.zero_grad(module.parameters())

    with ExitStack() as patches:
        handles = (
            register_optimizer_step_pre_hook(meter.before_step),
            register_optimizer_step_post_hook(meter.after_step),
        )
        for handle in handles:
            patches.callback(handle.remove)
        for name, stand_in in (
            ("backward", lambda *args, **kwargs: meter.backward(backward, *args, **kwargs)),
            ("grad", lambda *args, **kwargs: meter.grad(grad, *args, **kwargs)),
        ):
            patches.enter_context(patch.object(torch.autograd, name, stand_in))
        patches.enter_context(patch.object(Optimizer, "zero_grad", clear_optimizer))
        patches.enter_context(patch.object(torch.nn.Module, "zero_grad", clear_module))
        for name in ("clip_grad_norm_", "clip_grad_value_"):
            patches.enter_context(patch.object(torch.nn.utils, name, _unclipped))
            patches.enter_context(patch.object(torch.nn.utils.clip_grad, name, _unclipped))
        yield


def run(code: Any, namespace: dict[str, Any], *, file: str, batch_size: int, times: int) -> Run:
    """Run compiled `code` of the script `file` under the meter, at `times` the `batch_size` that the script says."""
    meter = Meter(file)
    seen = Run(steps=meter.steps, backwards=meter.digests)
    printed = io.StringIO()

    def reveal(value: Any) -> None:
        seen.reveals.append(_revealed(value, sys._getframe(1).f_lineno, batch_size, times))

    namespace["reveal"] = reveal
    with warnings.catch_warnings(record=True) as caught, metered(meter), contextlib.redirect_stdout(printed):
        warnings.simplefilter("always")
        try:
            exec(code, namespace)
        except (Exception, SystemExit) as error:
            lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == file]
            seen.raised = Raised(type(error).__name__, str(error), lines[-1] if lines else 0)
        meter.finish()
    seen.printed = printed.getvalue()
    seen.warnings = [str(each.message) for each in caught]
    return seen


def _revealed(value: Any, line: int, batch_size: int, times: int) -> Revealed:
    if not isinstance(value, torch.Tensor):
        return Revealed(line, None, abs(float(value)))
    shape = list(value.shape)
    for dim, size in enumerate(shape):
        if times > 1 and size % (batch_size * times) == 0:
            value = value.narrow(dim, 0, size // times)
    return Revealed(line, shape, _slope(value) or _norm([value]))


_grad = torch.autograd.grad


def _slope(value: torch.Tensor) -> float:
    """The norm of the gradient of a tensor's own norm; 0 where no gradient flows."""
    leaves = _leaves([value])
    if not leaves:
        return 0.0
    with torch.enable_grad():
        gradients = _grad(torch.linalg.vector_norm(value), leaves, retain_graph=True, allow_unused=True)
    return _norm(each for each in gradients if each is not None)


def _unclipped(parameters: Any, *args: Any, **kwargs: Any) -> torch.Tensor:
    return torch.tensor(_gradient_norm([parameters] if isinstance(parameters, torch.Tensor) else list(parameters)))


def _parameters(optimizer: Optimizer) -> list[torch.Tensor]:
    return [parameter for group in optimizer.param_groups for parameter in group["params"]]


def _gradient_size(parameters: Iterable[torch.Tensor]) -> float:
    """The root mean square of a gradient: of a perturbation with a row for each example, 2 B has twice the elements."""
    return _root_mean_square(each.grad for each in parameters if each.grad is not None)


def _gradient_norm(parameters: Iterable[torch.Tensor]) -> float:
    return _norm(each.grad for each in parameters if each.grad is not None)


def _root_mean_square(tensors: Iterable[torch.Tensor]) -> float:
    held = list(tensors)
    return _norm(held) / max(sum(each.numel() for each in held), 1) ** 0.5


def _norm(tensors: Iterable[torch.Tensor]) -> float:
    return sum(float(each.detach().to_dense().double().pow(2).sum()) for each in tensors) ** 0.5


def _digest(losses: Any, leaves: list[torch.Tensor]) -> str:
    """What tells losses and gradients apart that differ in a single bit."""
    values = [losses] if isinstance(losses, torch.Tensor) else list(losses)
    values += [each.grad for each in leaves if each.grad is not None]
    digest = hashlib.sha256()
    for each in values:
        digest.update(each.detach().to_dense().double().numpy().tobytes())
    return digest.hexdigest()


def _copies(tensors: Iterable[torch.Tensor]) -> list[torch.Tensor]:
    return [each.detach().clone() for each in tensors]


def _distance(before: list[torch.Tensor], after: list[torch.Tensor]) -> float:
    return _root_mean_square(new.detach() - old for old, new in zip(before, after, strict=True))


def _leaves(tensors: Iterable[torch.Tensor]) -> list[torch.Tensor]:
    """The leaves that require grad and have a part in `tensors`."""
    found: dict[int, torch.Tensor] = {}
    seen: set[Any] = set()
    nodes = [each.grad_fn for each in tensors if each.grad_fn is not None]
    while nodes:
        node = nodes.pop()
        if node in seen:
            continue
        seen.add(node)
        if hasattr(node, "variable"):
            found[id(node.variable)] = node.variable
        nodes += [each for each, _ in node.next_functions if each is not None]
    return list(found.values())
