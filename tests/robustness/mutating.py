"""Fixtures with random changes: programs that nobody would write, and that use all that the analysis knows.

Every change keeps the syntax, and none keeps the sense: losses become lists, optimizers become strings, what was
returned is yielded, and what was made in a branch is used after it.
"""

from __future__ import annotations

import ast
import warnings
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from random import Random

from ..fixtures_harness.markers import FIX_FIXTURES, FLOW_FIXTURES, RULE_FIXTURES

MOST_CHANGES = 12

Block = list[ast.stmt]


def mutated(seeds: Iterable[int]) -> Iterator[str]:
    """The programs of some seeds, without the few that are none: before 3.12, an f-string has no quotes of its own."""
    for text in map(_mutated, seeds):
        try:
            ast.parse(text)
        except SyntaxError:
            continue
        yield text


def _mutated(seed: int) -> str:
    choose = Random(seed)
    files = _files()
    tree, donor = (_Program.of(files[choose.randrange(len(files))]) for _ in range(2))
    for _ in range(choose.randint(1, MOST_CHANGES)):
        choose.choice(_CHANGES)(tree, donor, choose)
    return ast.unparse(ast.fix_missing_locations(tree.tree)) + "\n"


@lru_cache(maxsize=1)
def _files() -> tuple[Path, ...]:
    return tuple(sorted(path for root in (FLOW_FIXTURES, RULE_FIXTURES, FIX_FIXTURES) for path in root.rglob("*.py")))


@dataclass(frozen=True)
class _Program:
    """A parsed fixture."""

    tree: ast.Module

    @staticmethod
    def of(path: Path) -> _Program:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return _Program(ast.parse(path.read_text()))

    def blocks(self) -> list[Block]:
        """The lists of statements."""
        return [block for node in ast.walk(self.tree) for block in _blocks(node) if block]

    def places(self) -> list[tuple[ast.AST, str, int | None]]:
        """Where an expression is read: its parent, the field, and the index in it where that is a list."""
        return [place for node in ast.walk(self.tree) for place in _places(node)]

    def names(self) -> list[str]:
        """The names that it uses."""
        return [node.id for node in ast.walk(self.tree) if isinstance(node, ast.Name)]


def _blocks(node: ast.AST) -> Iterator[Block]:
    for name in ("body", "orelse", "finalbody"):
        block = getattr(node, name, None)
        if isinstance(block, list):
            yield block


def _places(node: ast.AST) -> Iterator[tuple[ast.AST, str, int | None]]:
    if isinstance(node, (ast.JoinedStr, ast.FormattedValue, ast.match_case, ast.pattern)):
        return  # not every expression can stand there
    for name, value in ast.iter_fields(node):
        if _is_read(value):
            yield node, name, None
        elif isinstance(value, list):
            yield from ((node, name, index) for index, each in enumerate(value) if _is_read(each))


def _is_read(node: object) -> bool:
    if isinstance(node, (ast.Starred, ast.Slice)):
        return False
    if isinstance(node, ast.Tuple) and any(isinstance(each, ast.Slice) for each in node.elts):
        return False  # `x[:, 0]`
    return isinstance(node, ast.expr) and isinstance(getattr(node, "ctx", ast.Load()), ast.Load)


# --- changes ------------------------------------------------------------------------------------------------------


def _copied(statement: ast.stmt) -> ast.stmt:
    return ast.parse(ast.unparse(statement)).body[0]


def _some(choose: Random, block: Block) -> int:
    return choose.randrange(len(block))


def _delete(program: _Program, donor: _Program, choose: Random) -> None:
    block = choose.choice(program.blocks())
    block[_some(choose, block)] = ast.Pass()


def _swap(program: _Program, donor: _Program, choose: Random) -> None:
    block = choose.choice(program.blocks())
    one, other = _some(choose, block), _some(choose, block)
    block[one], block[other] = block[other], block[one]


def _repeat(program: _Program, donor: _Program, choose: Random) -> None:
    block = choose.choice(program.blocks())
    block.insert(_some(choose, block), _copied(choose.choice(block)))


def _graft(program: _Program, donor: _Program, choose: Random) -> None:
    """A statement of another fixture."""
    block = choose.choice(program.blocks())
    block.insert(_some(choose, block), _copied(choose.choice(choose.choice(donor.blocks()))))


_WRAPPERS = (
    "if flag:\n    pass",
    "if not flag:\n    pass\nelse:\n    raise ValueError",
    "for i in range(3):\n    pass",
    "for batch in loader:\n    pass",
    "while True:\n    pass\n    break",
    "try:\n    pass\nexcept ValueError:\n    pass\nelse:\n    x = 1\nfinally:\n    y = 2",
    "try:\n    pass\nfinally:\n    pass",
    "with torch.no_grad():\n    pass",
    "with open('f') as f:\n    pass",
    "def inner(*args, loss=None, **kwargs):\n    pass",
    "class Inner(torch.nn.Module):\n    pass",
    "async def later():\n    pass",
)


def _wrap(program: _Program, donor: _Program, choose: Random) -> None:
    block = choose.choice(program.blocks())
    index = _some(choose, block)
    wrapper = ast.parse(choose.choice(_WRAPPERS)).body[0]
    getattr(wrapper, "body")[0] = block[index]  # noqa: B009 - not every statement has a body
    block[index] = wrapper


_STATEMENTS = (
    "raise ValueError",
    "return",
    "return {name}",
    "yield {name}",
    "yield from {name}",
    "{name} = yield {other}",
    "break",
    "continue",
    "del {name}",
    "global {name}",
    "{name} = {other}",
    "{name}, *{other} = {name}",
    "{name} += {other}",
    "{name}[{other}] = {name}",
    "{name}.{other} = {name}",
    "{name}.append({other})",
    "{name}.update({name})",
    "{name}: {other} = {name}",
    "{name} = [{other} for {other} in {name} if {other}]",
    "{name} = {{**{other}}}",
    "{name} = [*{other}, {name}]",
    "{name} = lambda {other}: {name}({other})",
    "import {name}",
    "from {name} import *",
    "assert {name}, {other}",
    "{name}.backward()",
    "{name}.step()",
    "{name}.__class__ = {other}",
    "setattr({name}, '{other}', {name})",
)


def _insert(program: _Program, donor: _Program, choose: Random) -> None:
    names = program.names() or ["x"]
    block = choose.choice(program.blocks())
    text = choose.choice(_STATEMENTS).format(name=choose.choice(names), other=choose.choice(names))
    block.insert(_some(choose, block), ast.parse(text).body[0])


def _replace(program: _Program, donor: _Program, choose: Random) -> None:
    """An expression by another one, of this fixture or of another."""
    node, name, index = choose.choice(program.places())
    _put(node, name, index, _taken(choose.choice((program, donor)), choose))


_EXPRESSIONS = (
    "{a} if {b} else {a}",
    "[{a}, {b}]",
    "({a}, {b})",
    "{{'a': {a}, **{b}}}",
    "({a}).{name}",
    "({a})({b})",
    "({a})[{b}]",
    "({a})[:, None, ..., {b}:]",
    "{a} % {b}",
    "{a} / {b}",
    "{a} @ {b}",
    "{a} or {b}",
    "not {a}",
    "-{a}",
    "{a} < {b} <= {a}",
    "{a} in {b}",
    "(yield {a})",
    "(await {a})",
    "(w := {a})",
    "(lambda {name}=None: {a})",
    "[{name} for {name} in {a} for {name} in {b}]",
    "{{{a}: {b} for {name} in {b}}}",
    "sum({name} for {name} in {a})",
    "f'{{{a}!r:>{{{b}}}}}'",
    "None",
    "...",
    "1e400",
    "-1",
    "10 ** 10 ** 10",
    "'sum'",
    "b''",
    "super()",
    "type({a})",
    "zip({a}, {b})",
    "map({a}, {b})",
    "getattr({a}, {b})",
)


def _grow(program: _Program, donor: _Program, choose: Random) -> None:
    """An expression becomes part of a larger one."""
    node, name, index = choose.choice(program.places())
    a, b = ast.Name("a", ast.Load()), ast.Name("b", ast.Load())
    parts = {"a": _at(node, name, index), "b": _taken(program, choose)}
    text = choose.choice(_EXPRESSIONS).format(a=a.id, b=b.id, name=choose.choice(program.names() or ["x"]))
    tree = ast.parse(text, mode="eval")
    _put(node, name, index, _Filled(parts).visit(tree).body)


class _Filled(ast.NodeTransformer):
    """Puts expressions in the place of the names that stand for them."""

    def __init__(self, parts: dict[str, ast.expr]) -> None:
        self.parts = parts

    def visit_Name(self, node: ast.Name) -> ast.expr:
        return self.parts.get(node.id, node) if isinstance(node.ctx, ast.Load) else node


def _at(node: ast.AST, name: str, index: int | None) -> ast.expr:
    held = getattr(node, name)
    expression = held if index is None else held[index]
    assert isinstance(expression, ast.expr)
    return expression


def _put(node: ast.AST, name: str, index: int | None, value: ast.expr) -> None:
    if index is None:
        setattr(node, name, value)
    else:
        getattr(node, name)[index] = value


def _taken(program: _Program, choose: Random) -> ast.expr:
    """A copy of some expression of the program."""
    found = _at(*choose.choice(program.places()))
    return ast.parse(f"({ast.unparse(found)})", mode="eval").body


_CHANGES: tuple[Callable[[_Program, _Program, Random], None], ...] = (
    _delete,
    _swap,
    _repeat,
    _graft,
    _wrap,
    _insert,
    _insert,
    _replace,
    _replace,
    _grow,
    _grow,
)
