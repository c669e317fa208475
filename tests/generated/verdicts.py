"""Programs with all that torch and the analysis say of them, before and after their fixes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from hypothesis import HealthCheck, Phase, given, seed, settings

from .comparing import Comparison, compare
from .judging import Judged, judge, put
from .program import Program, programs
from .repairing import Repaired, compare_repair, repaired

AT_ONCE = 500
"""Programs that are judged together: torch is imported anew for each lot."""


@dataclass(frozen=True)
class Verdict:
    """A program, what torch makes of it, and where the analysis or its fixes are wrong about it."""

    program: Program
    judgement: Judged
    comparison: Comparison
    unrepaired: tuple[str, ...] = ()
    repairs: tuple[str, ...] = ()  # the fixes that were measured


def written(number: int, start: int) -> list[Program]:
    """So many different programs; another `start` gives other ones."""
    found: dict[str, Program] = {}
    wanted = settings(max_examples=number, phases=[Phase.generate], database=None, deadline=None,
                      suppress_health_check=list(HealthCheck))  # fmt: skip

    @seed(start)
    @wanted
    @given(programs())
    def collect(program: Program) -> None:
        found[str(program.files)] = program

    collect()
    return list(found.values())


def verdicts(found: Sequence[Program], folder: Path) -> Iterator[Verdict]:
    """The verdict on each program, whose files are put into `folder`."""
    numbers = count()
    lots = [found[start : start + AT_ONCE] for start in range(0, len(found), AT_ONCE)]
    with ThreadPoolExecutor(1) as pool:  # Torch judges one lot while the analysis has the one before.
        placed = [[put(program, folder / str(next(numbers))) for program in lot] for lot in lots]
        judged = pool.map(judge, placed)
        for lot, paths, judgements in zip(lots, placed, judged):
            compared = [compare(*each) for each in zip(lot, paths, judgements)]
            fixed = [repaired(path, each) for path, each in zip(paths, compared)]
            again = iter(judge([repair.path for each in fixed for repair in each]))
            for program, judgement, comparison, repairs in zip(lot, judgements, compared, fixed):
                yield _verdict(program, judgement, comparison, [(repair, next(again)) for repair in repairs])


def _verdict(
    program: Program, judgement: Judged, comparison: Comparison, repairs: Sequence[tuple[Repaired, Judged]]
) -> Verdict:
    wrong = [words for repair, after in repairs for words in compare_repair(program, judgement, repair, after)]
    measured = [f"{code} by {repair.way}" for repair, after in repairs if after.steps for code in repair.fixed]
    return Verdict(program, judgement, comparison, tuple(wrong), tuple(measured))
