"""The paths of losses as trees on a terminal: from the update down to the losses."""

from __future__ import annotations

from collections.abc import Iterable
from io import StringIO

from rich.console import Console
from rich.text import Text
from rich.tree import Tree

from lossflow.rendering.places import at, shown
from lossflow.rendering.styled import excerpt
from lossflow.tracing import Driver, Path, Reason, Spot, Stage, TermPath, growth

_WIDEST = 60
"""Characters of source that stand beside a place."""


def text(paths: Iterable[tuple[Path, tuple[str, ...]]], *, colour: bool, width: int | None) -> str:
    """A tree for each path, with the codes of the findings about it; `width` is None where nothing is to be folded."""
    console = Console(
        file=StringIO(), force_terminal=colour, color_system="standard" if colour else None, width=width or 10_000,
        highlight=False,
    )  # fmt: skip
    with console.capture() as capture:
        for path, codes in paths:
            console.print(_tree(path, codes))
            console.print()
    return "\n".join(line.rstrip() for line in capture.get().splitlines()) + "\n"


def _tree(path: Path, codes: tuple[str, ...]) -> Tree:
    file = path.spot.source.name
    tree = Tree(_label(path.words[:1].upper() + path.words[1:], path.spot, "", "bold"), guide_style="blue")
    objective = tree.add(_objective(path))
    for number, term in enumerate(path.terms, 1):
        _add_term(objective, term, number if len(path.terms) > 1 else 0, file)
    if not path.scaling.is_zero:
        tree.add(f"the gradients themselves are multiplied by {growth(path.scaling)}")
    for driver in path.drivers:
        _add_driver(tree, driver, file)
    found = Text(f"  ({', '.join(codes)})", "bold red") if codes else Text("")
    verdict = tree.add(Text.assemble((path.verdict, "bold cyan"), found))
    for reason in path.reasons[1:]:
        verdict.add(_reason(reason, file))
    return tree


def _objective(path: Path) -> Text:
    if path.axes is None:
        return Text("objective: not known", "yellow")
    return Text(f"objective: {path.axes}, gradients ~ {growth(path.gradient)}")


def _add_term(tree: Tree, term: TermPath, number: int, file: str) -> None:
    kind = ", which has no examples" if term.batchless else ""
    name = f"term {number}" if number else "one term"
    branch = tree.add(Text(f"{name} ~ {growth(term.exponent)}{kind}"))
    for stage in term.stages:
        branch.add(_stage(stage, file))
    if term.reason is not None:
        branch.add(_reason(term.reason, file))


def _stage(stage: Stage, file: str) -> Text:
    changes = not stage.factor.is_zero
    growing = Text.assemble("  ", (f"-> {growth(stage.total)}", "bold magenta")) if changes else Text("")
    return Text.assemble(_label(stage.words, stage.spot, file), growing)


def _add_driver(tree: Tree, driver: Driver, file: str) -> None:
    branch = tree.add(_label(driver.words, driver.spot, file))
    branch.add(_label(f"learning rate ~ {growth(driver.learning_rate)}", driver.learning_rate_spot, file))


def _reason(reason: Reason, file: str) -> Text:
    return _label(reason.words, reason.spot, file, "yellow")


def _label(words: str, spot: Spot | None, file: str, style: str = "") -> Text:
    """The words, where that is, and what is written there; the name of a file only where it is another one."""
    if spot is None:
        return Text(words, style)
    place = at(spot.source.name, spot.start)
    if spot.source.name == file:
        place = place.removeprefix(f"{shown(file)}:")
    return Text.assemble((words, style), "  ", (place, "blue"), "  ", (excerpt(spot.text, _WIDEST), "dim"))
