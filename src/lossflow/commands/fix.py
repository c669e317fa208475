"""`lossflow check --fix` and `--diff`: what is fixed is written, or shown, and what is left is reported."""

from __future__ import annotations

import sys
from argparse import Namespace

from lossflow.checking import FileReport
from lossflow.commands import inputs, progress, reporting
from lossflow.commands.adoption import Adoption
from lossflow.commands.arguments import FixMode
from lossflow.configuration.files import Configs
from lossflow.document import Document
from lossflow.errors import NotAnalysed
from lossflow.fixing.run import FixedFile, FixRun, fix_one, trees
from lossflow.rendering.diff import text as diff
from lossflow.rendering.fixes import dropped, refused


def run(options: Namespace, configs: Configs, mode: FixMode, known: Adoption) -> int:
    """Fix what the options name; the result is the exit status."""
    piped = inputs.from_stdin(options)
    files = _stdin(options, configs, mode) if piped else _files(options, configs, mode)
    fixed = {name: file.fixed for name, file in files.items() if file.fixed is not None}
    reports = [file.report for file in files.values()]
    reporting.complain(reports, verbose=options.verbose)
    if not mode.only:
        reports = known.apply(reports)
    for name, file in files.items():
        sys.stderr.writelines((*refused(name, file.refused), *dropped(file.dropped)))
    if mode.diff:
        _print_bytes(b"".join(diff(each.before, each.after) for each in fixed.values()))
    to = sys.stderr if piped or mode.diff else sys.stdout  # the other stream holds the code or the diff alone
    if mode.only:
        reporting.report_fixes(fixed, reports, options, mode, to=to)
    else:
        reporting.report(reports, options, mode, to=to, fixed=fixed)
    if not all(report.whole for report in reports) or any(file.refused for file in files.values()):
        return reporting.FAILURE
    found = not mode.only and any(map(known.counts, reports))
    changed = bool(fixed) and (mode.diff or options.exit_non_zero_on_fix)
    return reporting.FINDINGS if (found or changed) and not options.exit_zero else reporting.CLEAN


def _files(options: Namespace, configs: Configs, mode: FixMode) -> dict[str, FixedFile]:
    fixes = FixRun(configs.of, mode.unsafe, trees(inputs.paths(options)), noqa=not options.ignore_noqa)
    # A fix that is written must not change what was found before it in other files.
    fixes.fix_all(list(progress.reports(inputs.run(options, configs), inputs.files(options, configs), options)))
    if not mode.diff:
        fixes.write_all()
    return fixes.files


def _stdin(options: Namespace, configs: Configs, mode: FixMode) -> dict[str, FixedFile]:
    """The fixes of standard input; it is printed whatever became of it, for an editor that puts it back."""
    name, config = inputs.stdin(options, configs)
    data = sys.stdin.buffer.read()
    files: dict[str, FixedFile] = {}
    if config is not None:
        try:
            files[name] = fix_one(Document.of(name, data), config, unsafe=mode.unsafe, noqa=not options.ignore_noqa)
        except NotAnalysed as error:
            files[name] = FixedFile(FileReport(name, failure=str(error)))
    fixed = files[name].fixed if files else None
    if not mode.diff:
        _print_bytes(data if fixed is None else fixed.after.data)
    return files


def _print_bytes(data: bytes) -> None:
    """Print what is in the encoding of a file, not of the terminal."""
    sys.stdout.flush()
    sys.stdout.buffer.write(data)
    sys.stdout.buffer.flush()
