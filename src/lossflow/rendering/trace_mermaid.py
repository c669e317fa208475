"""The paths of losses as a Mermaid flowchart, which GitHub and GitLab draw in Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import count

from lossflow.rendering.places import at
from lossflow.rendering.styled import excerpt
from lossflow.tracing import Path, Spot, TermPath, growth

_WIDEST = 40
"""Characters of source in a box."""


def text(paths: Iterable[tuple[Path, tuple[str, ...]]]) -> str:
    """One flowchart with a subgraph for each path."""
    numbers = count(1)
    lines = ["flowchart TD"]
    for path, codes in paths:
        lines += (f"    {line}" for line in _path(path, codes, numbers))
    return "\n".join([*lines, ""])


def _path(path: Path, codes: tuple[str, ...], numbers: Iterator[int]) -> Iterator[str]:
    yield f'subgraph p{next(numbers)}["{_escaped(at(path.spot.source.name, path.spot.start))}"]'
    yield "    direction LR"
    backward, verdict = f"n{next(numbers)}", f"n{next(numbers)}"
    case = [f"where {path.case}"] if path.case else []
    yield f"    {_box(backward, path.words, *case, f'gradients ~ {growth(path.gradient)}')}"
    for term in path.terms:
        yield from (f"    {line}" for line in _term(term, backward, numbers))
    last = backward
    for driver in path.drivers:
        last = f"n{next(numbers)}"
        rate = f"learning rate ~ {growth(driver.learning_rate)}"
        yield f"    {_box(last, driver.words, *_code(driver.spot), rate)}"
        yield f"    {backward} --> {last}"
        yield f"    {last} --> {verdict}"
    if not path.drivers:
        yield f"    {backward} --> {verdict}"
    found = [", ".join(codes)] if codes else []
    yield f'    {verdict}(["{"<br>".join(map(_escaped, (path.verdict, *found)))}"])'
    yield "end"


def _term(term: TermPath, backward: str, numbers: Iterator[int]) -> Iterator[str]:
    """A chain of boxes, one for each stage, and what arrives at the objective on its last arrow."""
    last = ""
    for stage in term.stages:
        name = f"n{next(numbers)}"
        growing = [] if stage.factor.is_zero else [growth(stage.total)]
        yield _box(name, stage.words, *_code(stage.spot), *growing)
        if last:
            yield f"{last} --> {name}"
        last = name
    if not last:
        last = f"n{next(numbers)}"
        yield _box(last, "a term without a loss in it" if term.reason is None else term.reason.words)
    yield f'{last} -->|"{growth(term.exponent)}"| {backward}'


def _code(spot: Spot | None) -> Iterator[str]:
    """What is written at a place, and its line."""
    if spot is not None:
        yield excerpt(spot.text, _WIDEST)
        yield at(spot.source.name, spot.start)


def _box(name: str, *lines: str) -> str:
    return f'{name}["{"<br>".join(map(_escaped, lines))}"]'


def _escaped(words: str) -> str:
    """Text that Mermaid takes for text: it reads quotes, tags, Markdown and entities."""
    return "".join(char if char.isalnum() or char in " .,:;/^~()=+-_'" else f"#{ord(char)};" for char in words)
