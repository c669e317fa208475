"""What a run does for a project that has findings already: a baseline, comments, and comments that have no use."""

from __future__ import annotations

import sys
from argparse import Namespace
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lossflow.checking import FileReport
from lossflow.commands import inputs
from lossflow.configuration.config import Config
from lossflow.errors import UsageError
from lossflow.rendering.places import at, shown
from lossflow.rendering.styled import count

if TYPE_CHECKING:
    from lossflow.baseline import Baseline


@dataclass(frozen=True)
class Adoption:
    """What the options and the configuration of the current folder ask for.

    `comments` are to be added to the files, `unused` ones are to be named, and `writes` is True where the baseline is
    to remember what is found.
    """

    comments: bool = False
    unused: bool = False
    baseline: Baseline | None = None
    writes: bool = False
    quiet: bool = False

    @staticmethod
    def of(options: Namespace, config: Config) -> Adoption:
        """What a run is asked for; raises UsageError for what can't be combined, and ConfigError without a baseline."""
        comments, writes = options.add_noqa is not None, options.write_baseline
        _refuse_mixture(options)
        if writes and inputs.from_stdin(options):
            raise UsageError("a baseline remembers what is found in files: `--write-baseline` takes no standard input.")
        baseline = None
        if config.baseline is not None and not options.no_baseline:
            from lossflow.baseline import Baseline  # most runs have none

            # What is about to be written need not be there yet.
            baseline = Baseline(config.baseline, {}) if writes else Baseline.read(config.baseline)
        elif writes:
            raise UsageError("`--write-baseline` needs the name of a file: give it by `--baseline FILE`.")
        return Adoption(comments, options.report_unused_noqa, baseline, writes, options.quiet)

    def apply(self, reports: Iterable[FileReport]) -> list[FileReport]:
        """The reports without what the baseline knows; what else is to be said of them is on standard error."""
        reports = list(reports)
        for report in reports if self.unused else ():
            for each in report.unused:
                place = at(report.file, each.location)
                print(f"warning: {place}: `{each.code}` in this `# noqa` silences nothing.", file=sys.stderr)
        if self.baseline is None:
            return reports
        name = shown(str(self.baseline.file))
        if self.writes:
            written = self.baseline.written(self.baseline.file, reports)
            number = sum(written.counts.values())
            self._say(f"{name} now remembers {count(number, 'problem')}, which no later run reports.")
            return [*written.compare(reports).reports]
        compared = self.baseline.compare(reports)
        if compared.known:
            self._say(f"{count(compared.known, 'known problem')} of {name} left out.")
        if compared.gone:
            self._say(
                f"{count(compared.gone, 'problem')} of {name} no longer there: `--write-baseline` takes them out."
            )
        return [*compared.reports]

    def left_out(self, report: FileReport) -> FileReport:
        """The report of a single file without what the baseline knows."""
        return report if self.baseline is None else self.baseline.compare([report]).reports[0]

    def counts(self, report: FileReport) -> bool:
        """True where a report makes the run fail."""
        return bool(report.findings or (self.unused and report.unused))

    def _say(self, sentence: str) -> None:
        if not self.quiet:
            print(f"note: {sentence}", file=sys.stderr)


def _refuse_mixture(options: Namespace) -> None:
    """Raise UsageError for options of which only one can be meant."""
    given = [
        name
        for name, on in (
            ("--add-noqa", options.add_noqa is not None),
            ("--write-baseline", options.write_baseline),
            ("--fix", options.fix),
            ("--fix-only", options.fix_only),
            ("--diff", options.diff),
        )
        if on
    ]
    if len(given) > 1 and given[0] in ("--add-noqa", "--write-baseline"):
        raise UsageError(f"`{given[0]}` can't be combined with `{given[1]}`: run the one, then the other.")
    if options.ignore_noqa and (options.add_noqa is not None or options.report_unused_noqa):
        other = "--add-noqa" if options.add_noqa is not None else "--report-unused-noqa"
        raise UsageError(f"`--ignore-noqa` reads no comments, so it can't be combined with `{other}`.")
