"""What fixes make of a program, and whether torch finds it repaired."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from lossflow.checking import FileReport, check, read_file
from lossflow.configuration.config import Config
from lossflow.findings import SumFix
from lossflow.fixing.rounds import fix
from lossflow.source import Source

from . import averaging, padding
from .comparing import SCALES, Comparison, grown_by_accumulation, is_blurred, is_mixed, right, seen
from .judging import Judged
from .program import Program
from .tolerances import EXACT, NEARLY

WAYS = {
    "safe fixes": (False, SumFix.MEAN),
    "fixes by the mean": (True, SumFix.MEAN),
    "fixes by the batch size": (True, SumFix.BATCH),
}
"""Which fixes are applied, each until nothing is left of its kind: with unsafe ones or without, by a setting."""


@dataclass(frozen=True)
class Repaired:
    """A program after fixes of one of the `WAYS`: the codes that were fixed, and those that are left."""

    path: Path
    way: str
    fixed: frozenset[str]
    left: frozenset[str]

    def __str__(self) -> str:
        return f"after the {self.way} of {', '.join(sorted(self.fixed))}"


def repaired(path: Path, comparison: Comparison) -> list[Repaired]:
    """Fix the script at `path` in each way, and write what becomes of it beside; texts that are alike count once."""
    found: dict[bytes, Repaired] = {}
    for number, (way, (unsafe, sum_fix)) in enumerate(WAYS.items() if comparison.codes else ()):
        config = Config(root=path.parent, sum_fix=sum_fix)

        def checked(source: Source, config: Config = config) -> FileReport:
            return check(source, config)

        done = fix(read_file(path), checked, unsafe=unsafe)
        if not done.changed or done.after.data in found:
            continue
        folder = path.parent.with_name(f"{path.parent.name}-{number}")
        shutil.copytree(path.parent, folder)
        (folder / path.name).write_bytes(done.after.data)
        fixed = frozenset(each.finding.code for each in done.applied)
        left = frozenset(each.code for each in done.report.findings)
        found[done.after.data] = Repaired(folder / path.name, way, fixed, left)
    return list(found.values())


def compare_repair(program: Program, before: Judged, repair: Repaired, after: Judged) -> Iterator[str]:
    """Where the gradients still depend on what they must not depend on."""
    words = str(repair)
    if after.error is not None:
        # By the `.item()` of a loss that is bound more than once, which backward had kept from running.
        shown_later = "cannot be converted to Scalar" in after.error[1]
        if not repair.left & {"LF201"} and not shown_later and after.error != before.error:
            yield f"{words} torch raises {after.error}"
        return
    if repair.fixed & SCALES and not repair.left & SCALES and not is_blurred(program):
        steps = [seen(program, step) for step in after.steps]
        if "LF105" in repair.fixed:  # its fix makes the terms equal
            off = [step.gradient for step in steps if is_mixed(step)]
        elif "LF109" in repair.fixed:  # the learning rate may make up for another division
            off = [step.gradient for step in steps if "LF109" in right(step)]
        else:
            off = [step.gradient for step in steps if abs(step.gradient) > EXACT]
        if off:
            yield f"{words} the gradient goes as B^{off[0]:.3f}"
    if "LF107" in repair.fixed and "LF107" not in repair.left:
        grown = grown_by_accumulation(after)
        if any(abs(each) > NEARLY for each in grown):
            yield f"{words} gradients grow as {grown} with the number of batches"
    if repair.fixed & padding.MASKS and not repair.left & padding.MASKS and padding.is_masked(program):
        for power in padding.followed(after):
            yield f"{words} gradients follow the padding as {power:.3f}"
    if "LF401" in repair.fixed and "LF401" not in repair.left and averaging.is_plain(program):
        for power in averaging.off(after):
            yield f"{words} the average goes as B^{power:.3f}"
    if repair.fixed <= {"LF301", "LF302"} and before.error is None:
        both = zip(before.steps, after.steps, strict=True)
        if any(abs(old.gradient - new.gradient) > EXACT for old, new in both):
            yield f"{words}, which are safe, gradients grow otherwise than before"
