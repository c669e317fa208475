"""Reported averages against what they are at B and at 2 B of the same data: right ones stay as they are."""

from __future__ import annotations

from collections.abc import Iterator

from ..oracle.judging import MeasuredStep
from .judging import Judged
from .program import Program
from .tolerances import DIVIDED, EXACT, PLAIN

NEARLY = 0.25
"""How far an average of averages, of parts that differ in size or through a root, may be from what it should be."""


def off(judgement: Judged) -> list[float]:
    """The powers of the batch size by which averages are off."""
    return [each for each in judgement.averages if abs(each) > 1 - NEARLY]


def refuted(judgement: Judged, codes: frozenset[str]) -> Iterator[str]:
    """Findings of averages that stay."""
    if "LF401" in codes and judgement.averages and all(abs(each) < NEARLY for each in judgement.averages):
        yield f"LF401 is reported, but the average goes as B^{judgement.averages[0]:.3f}"


def is_plain(program: Program) -> bool:
    """True where the objective is a loss alone: the average of a root is not the root of an average."""
    return program.made["terms"].startswith("alone") and program.made["scaled by"] in PLAIN


def missed(program: Program, judgement: Judged, steps: list[MeasuredStep], codes: frozenset[str]) -> Iterator[str]:
    """Averages of sums and of means that go with the batch size in silence, where the objective is a loss alone."""
    scaled = program.made["gradients"] in DIVIDED
    plain = not scaled and all(min(abs(step.gradient), abs(step.gradient - 1)) < EXACT for step in steps)
    stacked = program.made.get("average") == "list of tensors"  # which is not followed
    if not stacked and is_plain(program) and plain and off(judgement) and not codes & {"LF401", "LF204"}:
        yield f"the average goes as B^{off(judgement)[0]:.3f}: LF401 is missing"
