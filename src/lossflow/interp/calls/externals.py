"""Calls of names of other packages: the catalogue first, then Python's builtins, then torch, then wrappers."""

from __future__ import annotations

import libcst as cst

from lossflow.domain.environment import Kind, Record
from lossflow.domain.values import Const, External, Partial, Ref, Unknown, Value
from lossflow.interp.calls import builtin_calls, numeric, operators, torch_functions, unseen
from lossflow.interp.engine.frames import Arguments, Frame
from lossflow.interp.engine.machine import Machine
from lossflow.interp.objects import iteration, modules
from lossflow.interp.reports import averages
from lossflow.interp.syntax import contexts, imports
from lossflow.interp.tensors import distributions, layers
from lossflow.interp.training import clipping, gradients, losses, optimizers, schedulers, sinks

_WRAPPERS = frozenset(
    [
        "torch.nn.DataParallel",
        "torch.nn.parallel.DataParallel",
        "torch.nn.parallel.DistributedDataParallel",
        "torch.compile",
        "torch.jit.script",
        "torch.nn.SyncBatchNorm.convert_sync_batchnorm",
        "copy.deepcopy",
        "copy.copy",
        "tqdm.tqdm",
        "tqdm.auto.tqdm",
        "tqdm.notebook.tqdm",
        "tqdm.tqdm_notebook",
        "tqdm.trange.tqdm",
        "rich.progress.track",
        "progressbar.progressbar",
        "torch.distributed.fsdp.FullyShardedDataParallel",
        "torch.distributed.fsdp.fully_shard",
        "apex.parallel.DistributedDataParallel",
        "torch.distributed.tensor.parallel.parallelize_module",
        "torch.distributed._composable.fsdp.fully_shard",
        "itertools.islice",
        "itertools.cycle",
        "copy.copy",
        "typing.cast",
        "more_itertools.peekable",
        "numpy.array",
        "numpy.asarray",
        "torch.nn.utils.parametrizations.weight_norm",
        "torch.nn.utils.weight_norm",
        "torch.nn.utils.spectral_norm",
        "torch.utils.checkpoint.checkpoint_sequential",
    ]
)
"""Functions that give their first argument back, or something that behaves like it."""
_LISTS = frozenset({"torch.nn.ModuleList", "torch.nn.ParameterList"})
_DICTS = frozenset({"torch.nn.ModuleDict", "torch.nn.ParameterDict"})


def call_external(machine: Machine, name: str, arguments: Arguments, node: cst.CSTNode, frame: Frame) -> Value:
    """The value of calling `name`, a dotted name of another package."""
    if match := machine.catalog.loss(name):
        if match.constructor:
            return losses.construct(machine, match, arguments, node=node, frame=frame)
        return losses.compute(machine, match, arguments, node=node, frame=frame)
    if row := machine.catalog.optimizer(name):
        return optimizers.construct(machine, row, arguments, node=node, frame=frame)
    if sink := machine.catalog.sink(name):
        return sinks.run(machine, sink, None, arguments, node=node, frame=frame)
    if name.startswith("builtins."):
        return builtin_calls.call_builtin(machine, name.removeprefix("builtins."), arguments, node, frame)
    if (context := contexts.made(name, arguments.positional)) is not None:
        return context
    if name in _WRAPPERS:
        return arguments.get(0, "module", "iterable", "model", "data", "object") or Unknown(computed=True)
    if name == "functools.partial" and arguments.positional:
        function, *rest = arguments.positional
        return Partial(function, tuple(rest), tuple(arguments.keywords.items()), machine.site(node, frame))
    if (folded := operators.call_function(machine, name, arguments, node, frame)) is not None:
        return folded
    if name in _LISTS or name in _DICTS:
        return _module_container(machine, name, arguments, node)
    if (number := numeric.call_function(machine, name, arguments, machine.site(node, frame))) is not None:
        return number
    if (average := averages.call_function(machine, name, arguments, machine.site(node, frame))) is not None:
        return average
    if (result := torch_functions.call_function(machine, name, arguments, node, frame)) is not None:
        return result
    if distributions.is_distribution(name):
        slots = distributions.parameters(arguments)
        return machine.allocate(node, Record(Kind.INSTANCE, slots, cls=External(name)))
    if name.endswith(("distributions.kl_divergence", "distributions.kl.kl_divergence")):
        return distributions.divergence(machine, arguments) or Unknown(computed=True)
    if name.startswith("torch._foreach_") and name.endswith("_"):
        gradients.note_method(machine, name, arguments.get(1), node, frame)
        return Const(None)
    if name == "importlib.import_module" and (module := arguments.get(0, "name")) is not None:
        return _import_module(machine, module, frame)
    schedulers.attach(machine, name, arguments, node, frame)
    return _object(machine, name, arguments, node, frame)


def _import_module(machine: Machine, name: Value, frame: Frame) -> Value:
    """`importlib.import_module("losses")`."""
    match name:
        case Const(value=str() as dotted) if not dotted.startswith("."):
            return modules.force(machine, imports.imported(machine, dotted, frame))
    return Unknown(computed=True)


def _module_container(machine: Machine, name: str, arguments: Arguments, node: cst.CSTNode) -> Value:
    """`nn.ModuleList([...])` and `nn.ModuleDict({...})` hold what they are given."""
    given = arguments.get(0, "modules")
    kind = Kind.LIST if name in _LISTS else Kind.DICT
    if isinstance(given, Ref) and machine.get(given).kind is kind:
        return machine.allocate(node, machine.get(given))
    if given is None:
        return machine.allocate(node, Record(kind))
    items = iteration.known_items(machine, given)
    if kind is Kind.LIST and items is not None:
        return machine.allocate(node, Record(kind, dict(enumerate(items))))
    return machine.allocate(node, Record(kind, rest=iteration.element(machine, given)))


def _object(machine: Machine, name: str, arguments: Arguments, node: cst.CSTNode, frame: Frame) -> Value:
    """An instance of a class of another package, which its spelling tells; a function's result is out of sight."""
    leaf = name.rpartition(".")[2]
    if leaf in ("prepare", "initialize") and name.startswith(("accelerate.", "apex.amp.", "amp.")):
        return unseen.prepared(machine, arguments)
    if name in iteration.LOADERS:
        return machine.allocate(node, Record(Kind.INSTANCE, _of_loader(machine, name, arguments), cls=External(name)))
    if leaf[:1].isupper() or layers.is_layer(name):
        options = clipping.marked(machine, arguments, node, frame)
        return machine.allocate(node, Record(Kind.INSTANCE, options, cls=External(name)))
    if leaf == "parse_args":
        return Unknown("args")
    # Torch's own functions are followed: where one is not, it is for what it is given.
    given = name.startswith("torch.") and any(isinstance(value, Unknown) for value in arguments.positional)
    return Unknown(computed=True, why="" if given else f"what `{name}` returns")


def _of_loader(machine: Machine, name: str, arguments: Arguments) -> dict[str, Value]:
    """The attributes of a loader; a DataLoader draws single examples where it isn't told how many."""
    slots: dict[str, Value] = dict(arguments.keywords)
    if not name.startswith("monai.") and len(arguments.positional) > 1:
        slots["batch_size"] = arguments.positional[1]
    if name.endswith(".DataLoader") and not arguments.open and "batch_sampler" not in slots:
        slots.setdefault("batch_size", Const(1))
    if "batch_size" in slots:
        slots["batch_size"] = machine.named(slots["batch_size"], "batch_size")
    return slots
