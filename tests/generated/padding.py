"""Masks against the gradients of batches with twice the padding, which only what counts padding follows."""

from __future__ import annotations

import math
from collections.abc import Iterator

from ..oracle.judging import Judgement
from .program import Program
from .tolerances import PLAIN

NEARLY = 1e-6
"""How far a gradient may follow the padding that it doesn't depend on."""

MASKS = frozenset({"LF203", "LF204"})


def followed(judgement: Judgement) -> list[float]:
    """The powers of the padding by which gradients grow."""
    powers = (step.gradient for step in judgement.padded or () if not math.isnan(step.gradient))
    return [each for each in powers if abs(each) > NEARLY]


def refuted(judgement: Judgement, codes: frozenset[str]) -> Iterator[str]:
    """Findings of masks that do what they should."""
    said = sorted(codes & MASKS)
    if said and not followed(judgement):
        yield f"{', '.join(said)} is reported, but no gradient follows the padding"


def missed(program: Program, judgement: Judgement, codes: frozenset[str]) -> Iterator[str]:
    """Masks without a finding that don't keep gradients from following the padding."""
    powers = followed(judgement)
    if powers and is_masked(program) and not codes & MASKS:
        yield f"gradients follow the padding as {powers}: LF203 or LF204 is missing"


def is_masked(program: Program) -> bool:
    """True where the program masks all that is padded, or tries to, and nothing else makes gradients follow it."""
    made = program.made
    # What else divides a masked mean may make up for what it counts.
    if made["scaled by"] not in PLAIN or made["terms"] in ("second", "divergence"):
        return False
    return "mask" in made.get("masked", "") + made.get("reduced by", "")
