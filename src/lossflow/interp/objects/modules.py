"""Modules of the program in other files: loaded when something of them is used."""

from __future__ import annotations

import ast
from functools import lru_cache

import libcst as cst

from lossflow.domain.environment import Kind, Record
from lossflow.domain.joins import one_of
from lossflow.domain.values import External, Imported, OneOf, Ref, Unknown, Value
from lossflow.errors import NotAnalysed
from lossflow.interp.engine.budget import MAX_CHARACTERS, MAX_MODULES
from lossflow.interp.engine.frames import Frame, Unit
from lossflow.interp.engine.machine import Machine
from lossflow.interp.engine.places import Places
from lossflow.nesting import refuse_deep_nesting
from lossflow.source import Source
from lossflow.unwarned import unwarned

_SHORT = 2_000
"""A shorter module is read in any case: the `__init__.py` of a package names what is below it."""
_WORDS = ("loss", "criterion", "backward", "reduction", "optim", "nn.", "loader", "args", "config", "torch")
"""A module that has none of these has no part in the way of a loss."""


def parse(source: Source) -> cst.Module:
    """The tree of a source; raises NotAnalysed when it is not valid Python, or nests too deep for the parser."""
    try:
        return _parsed(source.text)
    except (cst.ParserSyntaxError, cst.CSTValidationError) as error:
        row = error.raw_line if isinstance(error, cst.ParserSyntaxError) else 1
        row, message = _pythons_own(source.text) or (row, "libcst, which reads it, doesn't know this syntax")
        raise NotAnalysed(f"it is not valid Python: {source.described(row)}, {message}") from None


def _pythons_own(text: str) -> tuple[int, str] | None:
    """Where Python finds the error, and its words for it: clearer than the tokens that libcst would have liked."""
    try:
        with unwarned():
            ast.parse(text)
    except SyntaxError as error:
        return error.lineno or 1, error.msg
    except (ValueError, RecursionError):
        return None
    return None


@lru_cache(maxsize=48)  # trees are most of the memory; what several files import is soon asked for again
def _parsed(text: str) -> cst.Module:
    refuse_deep_nesting(text)
    return cst.parse_module(text)


def load(machine: Machine, dotted: str, unit: Unit) -> Value | None:
    """The scope of the module that `dotted` means in a file; None when it is not one of the program's own."""
    source = machine.resolve(unit.source.name, dotted)
    if source is None:
        return None
    known = machine.units.get(source.name)
    if known is not None:
        if not machine.exists(known.globals):
            _execute(machine, known)  # it was loaded on a path of the program that was given up
        return known.globals
    characters = sum(len(one.source.text) for one in machine.units.values() if one is not machine.root)
    # What the file itself names comes before what a package's `__init__.py` pulls in.
    share = 1 if machine.executing else 2
    if len(machine.units) > share * MAX_MODULES or characters + len(source.text) > share * MAX_CHARACTERS:
        machine.note(
            f"{machine.root.source.name}: imports are followed into {MAX_MODULES} files"
            f" and {MAX_CHARACTERS} characters, and no further"
        )
        return None
    lowered = source.text.lower()
    if len(lowered) > _SHORT and not any(word in lowered for word in _WORDS):
        return None
    try:
        tree, places = machine.trees.get(source.name) or _tree(machine, source)
    except NotAnalysed:
        return None
    loaded = Unit(source, tree, places, Ref(0), dotted)
    loaded.globals = machine.allocate(tree, Record(Kind.SCOPE))
    machine.units[source.name] = loaded
    _execute(machine, loaded)
    return loaded.globals


def _tree(machine: Machine, source: Source) -> tuple[cst.Module, Places]:
    tree = parse(source)
    if any(tree is other for other, _ in machine.trees.values()):
        tree = cst.parse_module(source.text)  # objects go by their nodes: equal files, such as empty ones, share none
    return machine.trees.setdefault(source.name, (tree, Places(source.name)))


def _execute(machine: Machine, unit: Unit) -> None:
    """Run the body of a module: outside of the loops and calls in which it happens to be imported."""
    machine.set(unit.globals, Record(Kind.SCOPE))
    loops, sites, enabled = machine.loops, machine.sites, machine.grad_enabled
    machine.loops, machine.sites, machine.grad_enabled = [], [], True
    machine.executing += 1
    before, steps = machine.heap.fork(), machine.steps
    try:
        machine.run(unit.tree.body, Frame(unit, unit.globals, entry=machine.followed()))
    finally:
        machine.executing -= 1
        machine.loops, machine.sites, machine.grad_enabled = loops, sites, enabled
    if not machine.executing:
        machine.loaded.note(unit.globals, machine.heap, before, machine.steps - steps)


def force(machine: Machine, value: Value) -> Value:
    """What an imported name is, now that something is done with it."""
    if isinstance(value, OneOf) and any(isinstance(one, Imported) for one in value.values):
        return one_of(tuple(force(machine, one) for one in value.values))  # imported under `try`
    if not isinstance(value, Imported):
        return value
    unit = machine.units[value.file]
    machine.follow(value.at)
    scope = load(machine, value.module, unit)
    if not value.name:
        return scope if isinstance(scope, Ref) else External(value.module)
    if isinstance(scope, Ref) and (held := machine.get(scope).get(value.name)) is not None:
        return force(machine, held) if held != value else Unknown(value.name)
    inner = load(machine, below(value.module, value.name), unit)
    if inner is not None:
        return inner
    return Unknown(value.name) if isinstance(scope, Ref) else External(below(value.module, value.name))


def below(dotted: str, name: str) -> str:
    """The dotted name of something in a module; `from . import x` has no dot between the two."""
    return f"{dotted}{name}" if dotted.endswith(".") else f"{dotted}.{name}"


def attribute(machine: Machine, scope: Ref, name: str) -> Value:
    """`module.name`: a name of the module, or a module below it."""
    held = machine.get(scope).get(name)
    if held is not None:
        return force(machine, held)
    unit = next((unit for unit in machine.units.values() if unit.globals == scope), None)
    inner = load(machine, f".{name}", unit) if unit is not None else None
    return inner if inner is not None else Unknown(name)
