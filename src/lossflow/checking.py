"""The one pipeline that every front end calls: a source and a configuration in, a report out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from traceback import extract_tb
from typing import TYPE_CHECKING

from lossflow.config import Config
from lossflow.errors import NotAnalysed
from lossflow.findings import Finding
from lossflow.nesting import refuse_deep_nesting
from lossflow.notebook import read
from lossflow.source import Source
from lossflow.suppression import Suppressions

if TYPE_CHECKING:
    from lossflow.catalog.entry import Loss, Optimizer, Sink
    from lossflow.catalog.lookup import Catalog
    from lossflow.domain.trace import Pairs, Trace

_WORDS = (
    "torch", "loss", "backward", "criterion", "objective", "optimizer", "lightning", "kornia", "monai", "training_step",
    "reduction", "size_average", "cross_entropy", "kl_div", "nn.", ".step(", "train_", "train(", "trainer", ".fit(",
    "epoch", "autograd",
)  # fmt: skip
"""A file that has none of these, in whatever case, neither makes a loss nor hands one on.

A file may matter though it never mentions torch: it may call `.backward()` on what another file returns, or hand a
criterion from one file to the training function of another.
"""


@dataclass(frozen=True, slots=True)
class FileReport:
    """What the analysis of one file found.

    `findings` are sorted, and `sources` holds the files in which they and their related locations stand. `failure` is
    the reason why the file could not be analysed. `omitted` are the cells of a notebook without which it was, each with
    the reason. `notes` are for `--verbose`.
    """

    file: str
    findings: tuple[Finding, ...] = ()
    sources: Mapping[str, Source] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    failure: str | None = None
    omitted: tuple[str, ...] = ()

    @property
    def whole(self) -> bool:
        """True when all of the file was analysed."""
        return self.failure is None and not self.omitted


def check_file(path: Path, config: Config) -> FileReport:
    """Read and check a file; a file that can't be read is reported as not analysed."""
    name = str(path)
    try:
        source = read(name, path.read_bytes())
    except NotAnalysed as error:
        return FileReport(name, failure=str(error))
    except OSError as error:
        return FileReport(name, failure=f"it can't be read: {error.strerror or error}")
    return check(source, config)


def check(source: Source, config: Config, *, noqa: bool = True) -> FileReport:
    """Check a source; `noqa` is False for a front end that reads the comments itself."""
    if not may_matter(source.text, config):
        return FileReport(source.name)
    try:
        refuse_deep_nesting(source.text)
        trace = _trace(source, config)
        findings = tuple(_findings(trace, config))
    except NotAnalysed as error:
        return FileReport(source.name, failure=str(error))
    except RecursionError:
        return FileReport(source.name, failure="its code nests too deeply to be analysed")
    except Exception as error:  # a mistake of ours in one file must not hide the findings in the others
        return FileReport(source.name, failure=_bug(error))
    if noqa:
        findings = tuple(_unsuppressed(findings, source))
    files = {file for finding in findings for file in (finding.file, *(place.file for place in finding.related))}
    sources = {file: trace.sources[file] for file in files}
    return FileReport(source.name, findings, sources, trace.notes, omitted=source.broken)


def may_matter(text: str, config: Config) -> bool:
    """True when a rule may apply to a file of that text: a look at its words, which costs next to nothing."""
    lowered = text.lower()
    return any(word in lowered for word in (*_WORDS, *_own_words(config)))


def _own_words(config: Config) -> Iterator[str]:
    """The last word of each name that the user declares."""
    losses = [name for row in config.losses for name in (row.name, row.functional) if name]
    for name in (*losses, *(row.name for row in config.optimizers), *(row.name for row in config.sinks)):
        yield name.rpartition(".")[2].lower()


def _trace(source: Source, config: Config) -> Trace:
    # Imported here: libcst takes a quarter of a second to import, and few files of a project need it.
    from lossflow.interp import interpret
    from lossflow.project import resolve

    catalog = _catalog(config.losses, config.optimizers, config.sinks, config.batch_size_names)
    trace = interpret(source, catalog=catalog, resolve=resolve)

    def elsewhere(file: str) -> Pairs:
        own = trace.sources.get(file)
        return frozenset() if own is None else _brought_together(own, catalog)

    return replace(trace, elsewhere=elsewhere)


@lru_cache(maxsize=256)
def _brought_together(source: Source, catalog: Catalog) -> Pairs:
    """What the analysis of a file on its own brings together: what importing it need not repeat."""
    from lossflow.interp import interpret
    from lossflow.project import resolve
    from lossflow.rules.reductions import pairs

    try:
        return pairs(interpret(source, catalog=catalog, resolve=resolve))
    except NotAnalysed:
        return frozenset()


@lru_cache(maxsize=16)
def _catalog(
    losses: tuple[Loss, ...], optimizers: tuple[Optimizer, ...], sinks: tuple[Sink, ...], names: tuple[str, ...]
) -> Catalog:
    """The catalogue with the user's rows; the files of a run share it."""
    from lossflow.catalog.lookup import Catalog

    return Catalog.default().extended(losses, optimizers, sinks=sinks, batch_size_names=names)


def _findings(trace: Trace, config: Config) -> Iterator[Finding]:
    """The findings of the rules that are on, sorted, one for each code and place."""
    from lossflow.rules import RULES

    found: dict[tuple[str, int], Finding] = {}
    for rule in RULES:
        if config.enables(rule.code, default=rule.default) and not config.ignores(rule.code, trace.file):
            for finding in rule(config.sum_fix).check(trace):
                found.setdefault((finding.code, finding.span.start), finding)
    yield from sorted(found.values(), key=lambda finding: finding.order)


def _unsuppressed(findings: Iterable[Finding], source: Source) -> Iterator[Finding]:
    comments = Suppressions(source.text)
    for finding in findings:
        if not comments.silences(finding.code, source.row(finding.span.start)):
            yield finding


def _bug(error: Exception) -> str:
    """Where and why the analysis broke down, in one sentence that a bug report can quote."""
    place = extract_tb(error.__traceback__)[-1]
    what = f"{type(error).__name__}: {error}".splitlines()[0].rstrip(": ")
    where = f"{Path(place.filename).name}, line {place.lineno}"
    return f"lossflow broke down on it ({what}, in {where}); this is a mistake in lossflow, please report it"
