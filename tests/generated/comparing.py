"""What the analysis says of a program against what torch measures of it.

Repeated examples in double precision make exponents exact, so that a power between two whole numbers is that of a
mixture of terms. The step of an adaptive optimizer is exact up to its `eps` only.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from lossflow.checking import findings, traced
from lossflow.configuration.config import Config
from lossflow.domain.exponent import Exponent
from lossflow.domain.trace import Backward, Trace
from lossflow.domain.values import Tensor
from lossflow.findings import Finding
from lossflow.source import Source, Span
from lossflow.tracing import paths

from ..oracle.judging import Judgement, MeasuredStep
from . import averaging, padding
from .judging import Judged
from .program import Program
from .tolerances import DIVIDED, EXACT, NEARLY

MAY_DIVIDE = {
    *(("gradients", each) for each in DIVIDED),
    ("scaled by", "over batch_size"),
    ("scaled by", "over the loader's"),
    ("scaled by", "over twice the batch"),
    ("samples added", "mean"),
    *(("stages added", each) for each in ("weighted", "decaying", "dict, weighted")),
}
"""Divisions and weights that may be meant to be by the number of batches that add up: LF107 is silent in doubt."""

NEUTRAL = ("penalty", "penalty of the weight")
"""Terms without a batch axis: they neither make a mixture nor hide a finding, and blur what is measured."""

SCALES = {"LF101", "LF102", "LF103", "LF104", "LF105", "LF109"}
UNREDUCED = "grad can be implicitly created only for scalar outputs"


@dataclass
class Comparison:
    """Where the analysis and torch disagree, and whether the analysis knew everything that torch measured.

    `refuted` are statements that torch contradicts, `missed` mistakes that torch shows in silence, `unknown` the
    reasons why nothing is said. `judged` is False where torch shows nothing that could be compared.
    """

    refuted: list[str] = field(default_factory=list)
    missed: list[str] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)
    judged: bool = True
    codes: frozenset[str] = frozenset()


def compare(program: Program, path: Path, judgement: Judged) -> Comparison:
    """Hold the analysis of the script at `path` against the judgement of torch."""
    config = Config(root=path.parent)
    trace = traced(Source(str(path), path.read_text(encoding="utf-8")), config)
    found = list(findings(trace, config))
    comparison = Comparison(codes=frozenset(each.code for each in found))
    if judgement.error is not None:
        _compare_error(trace, found, judgement, comparison)
        return comparison
    steps = [seen(program, step) for step in judgement.steps if not math.isnan(step.gradient + step.update)]
    if not steps:
        comparison.judged = False
        return comparison
    if "LF201" in comparison.codes:
        comparison.refuted.append("LF201 is reported, but torch runs through")
    for step in steps:
        _compare_paths(trace, step, comparison)
        if not (is_blurred(program) and is_mixed(step)):
            _compare_scale(program, step, comparison)
    _compare_accumulation(program, steps, judgement, comparison)
    if not is_blurred(program):
        _compare_clipping(program, steps, comparison)
    comparison.refuted += padding.refuted(judgement, comparison.codes)
    comparison.refuted += averaging.refuted(judgement, comparison.codes)
    comparison.missed += padding.missed(program, judgement, comparison.codes)
    comparison.missed += averaging.missed(program, judgement, steps, comparison.codes)
    if comparison.unknown:
        comparison.missed.clear()  # what is out of sight is counted as such
    return comparison


def is_blurred(program: Program) -> bool:
    """True where a term without examples blurs the exponents that are measured."""
    return program.made.get("second term") in NEUTRAL


def seen(program: Program, step: MeasuredStep) -> MeasuredStep:
    """The step, with the gradient that an update by hand sees: it is measured right after backward."""
    divided = not step.optimizer and program.made["gradients"] in DIVIDED
    return replace(step, gradient=step.gradient - 1) if divided else step


def _compare_error(trace: Trace, found: list[Finding], judgement: Judgement, comparison: Comparison) -> None:
    assert judgement.error is not None
    _, message, line = judgement.error
    if UNREDUCED not in message:
        comparison.judged = False
        return
    rows = {trace.source.row(each.span.start) for each in found if each.code == "LF201"}
    if not rows and not _is_certain(trace):
        comparison.unknown.append("it is not known whether the loss is reduced")
    elif not rows:
        comparison.missed.append(f"torch raises on line {line} as the loss is not reduced: LF201 is missing")
    elif line not in rows:
        comparison.refuted.append(f"LF201 stands on {sorted(rows)}, but torch raises on line {line}")


def _is_certain(trace: Trace) -> bool:
    """True where it is no guess which dimensions of the objectives are left: a finding asks for more than that."""
    objectives = [event.objective for event in trace.events if isinstance(event, Backward)]
    return all(isinstance(each, Tensor) and each.axes.certain for each in objectives)


def _compare_paths(trace: Trace, step: MeasuredStep, comparison: Comparison) -> None:
    """What `lossflow trace` says of the backwards of a step."""
    rows = _rows(trace)
    stated = [each for each in paths(trace) if rows.get((each.spot.source.name, each.spot.span)) in step.backward]
    if not stated:
        comparison.unknown.append("no objective reaches the backward")
        return
    if is_mixed(step) and any(len(each.terms) > 1 for each in stated):
        # `_compare_scale` asks for the finding; terms that pull in opposite directions leave every bound.
        if "LF105" not in comparison.codes:
            comparison.unknown += [term.reason.words for each in stated for term in each.terms if term.reason][:1]
        return
    if not any(_admits(each.gradient, step.gradient, EXACT) for each in stated):
        said = ", ".join(sorted({str(each.gradient) for each in stated}))
        comparison.refuted.append(f"the gradient is said to grow as B^{said}, torch measures {step.gradient:.3f}")
    updates = [driver.update for each in stated for driver in each.drivers]
    if updates and not any(_admits(each, step.update, NEARLY) for each in updates):
        said = ", ".join(sorted(map(str, updates)))
        comparison.refuted.append(f"the update is said to grow as B^{said}, torch measures {step.update:.3f}")
    if all(each.gradient.known is None for each in stated):
        comparison.unknown.append(next((r.words for each in stated for r in each.reasons), "the gradient"))
    elif not updates or all(each.known is None for each in updates):
        comparison.unknown.append(next((r.words for each in stated for r in each.reasons), "the update"))


def _rows(trace: Trace) -> dict[tuple[str, Span], int]:
    """The line of the script through which each backward is reached, which may stand in another file."""
    places = [event.site for event in trace.events if isinstance(event, Backward)]
    return {(site.place.file, trace.span(site.place)): trace.row(site.entry) for site in places}


def _admits(exponent: Exponent, measured: float, tolerance: float) -> bool:
    low, high = exponent.low, exponent.high
    return (low is None or measured >= low - tolerance) and (high is None or measured <= high + tolerance)


def _compare_scale(program: Program, step: MeasuredStep, comparison: Comparison) -> None:
    """The findings about the scale of the objective."""
    said = comparison.codes & SCALES
    borne_out = set(right(step))
    for code in sorted(said):
        if code not in borne_out:
            comparison.refuted.append(f"{code} is reported, but torch measures {_words(step)}")
    needed = borne_out - {"LF103"}
    if "divided" in program.made["accumulation"]:
        needed -= {"LF109"}  # a share of each of several batches is no mistake
    if needed and not said and "LF204" not in comparison.codes:  # which comes before
        comparison.missed.append(f"torch measures {_words(step)}: {' or '.join(sorted(needed))} is missing")


def _words(step: MeasuredStep) -> str:
    return f"a gradient of B^{step.gradient:.6f} and an update of B^{step.update:.3f} ({step.optimizer or 'by hand'})"


def right(step: MeasuredStep) -> Iterator[str]:
    """The codes that what was measured bears out."""
    gradient, update = step.gradient, step.update
    adaptive = step.optimizer in ("Adam", "AdamW", "NAdam", "Adamax", "Rprop", "RMSprop", "Adagrad")
    if is_mixed(step):
        yield "LF105"
    elif gradient > 1 - EXACT:
        if adaptive and abs(update) < NEARLY:
            yield "LF102"
        elif not adaptive and update > gradient + NEARLY:
            yield "LF104"
        elif not adaptive and update > 1 - NEARLY:
            yield "LF101"
        yield "LF103"
    elif gradient < -1 + EXACT and update < -1 + NEARLY and not adaptive:
        yield "LF109"


def is_mixed(step: MeasuredStep) -> bool:
    return abs(step.gradient - round(2 * step.gradient) / 2) > EXACT


def _compare_accumulation(
    program: Program, steps: list[MeasuredStep], judgement: Judgement, comparison: Comparison
) -> None:
    """LF107 against the gradients that add up over twice as many batches."""
    said = "LF107" in comparison.codes
    grown = grown_by_accumulation(judgement)
    adds_up = any(each > NEARLY for each in grown)
    if said and not adds_up:
        comparison.refuted.append(f"LF107 is reported, but gradients grow as {grown} with the number of batches")
    averaged = all(abs(step.gradient) < EXACT for step in steps) and not MAY_DIVIDE & set(program.made.items())
    if adds_up and averaged and not said:
        comparison.missed.append(f"gradients grow as k^{grown[0]:.3f} with the number of batches: LF107 is missing")


def _compare_clipping(program: Program, steps: list[MeasuredStep], comparison: Comparison) -> None:
    """LF106 against the gradients, which are measured as if nothing clipped them."""
    grows = any(step.gradient > 1 - EXACT for step in steps)
    clips = "clipped" in program.made["gradients"]
    if "LF106" in comparison.codes and not (clips and grows):
        comparison.refuted.append(f"LF106 is reported, but gradients go as {[step.gradient for step in steps]}")
    if clips and grows and not comparison.codes & {"LF106", "LF204"} and not any(map(is_mixed, steps)):
        comparison.missed.append("gradients that grow with the batch size are clipped: LF106 is missing")


def grown_by_accumulation(judgement: Judgement) -> list[float]:
    """How gradients grow with the number of batches over which they add up; for an update by hand, how it grows."""
    steps = [step for step in judgement.accumulated or () if not math.isnan(step.gradient + step.update)]
    return [step.gradient if step.optimizer else step.update for step in steps]
