"""Averages that nobody is told: they are compared with the best so far, and with nothing else.

`if average < best: best = average` comes out the same when every average is off by the same factor. What is printed,
returned, handed on, or compared with anything else is another matter.
"""

from __future__ import annotations

from collections.abc import Iterator

import libcst as cst


def is_only_compared(tree: cst.Module, division: cst.CSTNode) -> bool:
    """True where the result of `division` is a local variable that is compared with its own earlier values alone."""
    scope, statement = _around(tree, division)
    match statement:
        case cst.Assign(targets=[cst.AssignTarget(target=cst.Name(value=name))], value=value) if value is division:
            pass
        case cst.AugAssign(target=cst.Name(value=name)) if statement is division:
            pass
        case _:
            return False
    group = _copies(scope, frozenset({name}))
    return not _is_told(scope, group) and _is_compared(scope, group)


def _around(tree: cst.Module, node: cst.CSTNode) -> tuple[cst.CSTNode, cst.CSTNode]:
    """The function, or the module, and the small statement in which the node stands."""
    scope: cst.CSTNode = tree
    statement: cst.CSTNode = tree
    below = _way(tree, node)
    for each in below:
        if isinstance(each, (cst.FunctionDef, cst.Lambda)):
            scope = each
        if isinstance(each, cst.BaseSmallStatement):
            statement = each
    return scope, statement


def _way(above: cst.CSTNode, node: cst.CSTNode) -> tuple[cst.CSTNode, ...]:
    """The nodes from `above` down to `node`; empty where it is not below."""
    if above is node:
        return (above,)
    for child in above.children:
        if way := _way(child, node):
            return (above, *way)
    return ()


def _copies(scope: cst.CSTNode, group: frozenset[str]) -> frozenset[str]:
    """The names with those that are assigned one of them, as `best` is in `best = average`."""
    while (more := group | _assigned(scope, group)) != group:
        group = more
    return group


def _assigned(node: cst.CSTNode, group: frozenset[str]) -> frozenset[str]:
    if isinstance(node, cst.Assign):
        copies = (target for target, value in _pairs(node) if _is_one(value, group))
        return frozenset(target.value for target in copies if isinstance(target, cst.Name))
    return frozenset[str]().union(*(_assigned(child, group) for child in node.children))


def _pairs(node: cst.Assign) -> Iterator[tuple[cst.BaseExpression, cst.BaseExpression]]:
    """Each target with what it is assigned, also in `best, kept = average, epoch`."""
    for each in node.targets:
        match each.target, node.value:
            case cst.Tuple(elements=targets), cst.Tuple(elements=values) if len(targets) == len(values):
                yield from ((target.value, value.value) for target, value in zip(targets, values))
            case target, value:
                yield target, value


def _is_one(node: cst.CSTNode, group: frozenset[str]) -> bool:
    return isinstance(node, cst.Name) and node.value in group


def _is_told(node: cst.CSTNode, group: frozenset[str]) -> bool:
    """True where one of the names is used for more than an assignment to another and a comparison of the two."""
    match node:
        case cst.Name(value=name):
            return name in group
        case cst.Assign():
            return any(_is_handed_on(target, value, group) for target, value in _pairs(node))
        case cst.AugAssign(target=cst.Name(), value=value):
            return _is_told(value, group)
        case cst.Attribute(value=value) | cst.Arg(value=value):
            return _is_told(value, group)
        case cst.Comparison() if _compares(node, group) or _asks_for_none(node):
            return False
    return any(_is_told(child, group) for child in node.children)


def _is_handed_on(target: cst.BaseExpression, value: cst.BaseExpression, group: frozenset[str]) -> bool:
    """The same of an assignment, to an attribute or an entry for instance, which others may look at."""
    if isinstance(target, cst.Name):
        return not _is_one(value, group) and _is_told(value, group)
    return _is_told(target, group) or _is_told(value, group)


def _is_compared(node: cst.CSTNode, group: frozenset[str]) -> bool:
    if isinstance(node, cst.Comparison) and _compares(node, group):
        return True
    return any(_is_compared(child, group) for child in node.children)


def _compares(node: cst.Comparison, group: frozenset[str]) -> bool:
    return _is_one(node.left, group) and all(_is_one(each.comparator, group) for each in node.comparisons)


def _asks_for_none(node: cst.Comparison) -> bool:
    match node:
        case cst.Comparison(
            left=cst.Name(), comparisons=[cst.ComparisonTarget(operator=cst.Is() | cst.IsNot(), comparator=none)]
        ):
            return isinstance(none, cst.Name) and none.value == "None"
    return False
