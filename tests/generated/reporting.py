"""What was compared, by construct of the grammar."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from .verdicts import Verdict

FEW = 10
"""Programs below which a share says little."""


def report(verdicts: Sequence[Verdict]) -> list[str]:
    """The lines of a report: how much is unknown, of which constructs most, and why."""
    judged = [each for each in verdicts if each.comparison.judged]
    unknown = [each for each in judged if each.comparison.unknown]
    codes = Counter(code for each in judged for code in each.comparison.codes)
    fixes = Counter(words for each in verdicts for words in each.repairs)
    lines = [
        f"{len(verdicts)} programs, {len(judged)} of them judged by torch, {len(unknown)} unknown to the analysis "
        f"({100 * share(verdicts):.1f} %)",
        "findings: " + ", ".join(f"{number} {code}" for code, number in sorted(codes.items())),
        "measured once fixed: " + ", ".join(f"{number} {words}" for words, number in sorted(fixes.items())),
    ]
    every = Counter(name for each in judged for name in each.program.constructs)
    open_ = Counter(name for each in unknown for name in each.program.constructs)
    worst = sorted((name for name in open_ if every[name] >= FEW), key=lambda name: -open_[name] / every[name])
    lines += [f"{open_[name]:6} of {every[name]:6} are unknown with {name}" for name in worst[:15]]
    reasons = Counter(words for each in unknown for words in set(each.comparison.unknown))
    lines += [f"{number:6} because {words}" for words, number in reasons.most_common(10)]
    return lines


def share(verdicts: Sequence[Verdict]) -> float:
    """The share of programs of which the analysis doesn't know everything that torch measures."""
    judged = [each for each in verdicts if each.comparison.judged]
    return sum(bool(each.comparison.unknown) for each in judged) / len(judged)


def quoted(wrong: Sequence[tuple[Verdict, str]], *, most: int = 3) -> str:
    """The shortest of the programs about which the analysis is wrong, with the reasons."""
    shortest = sorted(wrong, key=lambda each: len(each[0].program.text))[:most]
    programs = "\n\n".join(f"{words}:\n{verdict.program}" for verdict, words in shortest)
    return f"{len(wrong)} programs, of which the shortest are:\n\n{programs}"
