"""The one pipeline that every front end calls: a source and a configuration in, a report out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from traceback import extract_tb
from typing import TYPE_CHECKING

from lossflow.configuration.config import Config
from lossflow.document import Document
from lossflow.errors import NotAnalysed
from lossflow.findings import Finding
from lossflow.project import files, forget_files, resolve
from lossflow.source import Source
from lossflow.suppression.comments import Suppressions
from lossflow.suppression.unused import Unused, unused

if TYPE_CHECKING:
    from lossflow.catalog.entry import Loss, Optimizer, Sink
    from lossflow.catalog.lookup import Catalog
    from lossflow.domain.trace import Pairs, Trace
    from lossflow.relevance import Relevance
    from lossflow.tracing import Path as LossPath

Unsaved = tuple[Source, ...]
"""Sources that stand for what is on disk under their names."""
Resolve = Callable[[str, str], Source | None]
_Rows = tuple["tuple[Loss, ...]", "tuple[Optimizer, ...]", "tuple[Sink, ...]", "tuple[str, ...]"]

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
    the reason. `notes` are for `--verbose`. `followed` are the other files that the analysis read. `new` are findings
    that were not there before the fixes of this run. `untraced` are the objectives that could not be followed, where
    the configuration asks for them. `unused` are codes in `# noqa` comments that silence nothing.
    """

    file: str
    findings: tuple[Finding, ...] = ()
    sources: Mapping[str, Source] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    failure: str | None = None
    omitted: tuple[str, ...] = ()
    followed: frozenset[str] = frozenset()
    new: frozenset[Finding] = frozenset()
    untraced: tuple[LossPath, ...] = ()
    unused: tuple[Unused, ...] = ()

    @property
    def whole(self) -> bool:
        """True when all of the file was analysed."""
        return self.failure is None and not self.omitted


def check_file(path: Path, config: Config, *, noqa: bool = True) -> FileReport:
    """Read and check a file; a file that can't be read is reported as not analysed."""
    try:
        document = read_file(path)
    except NotAnalysed as error:
        return FileReport(str(path), failure=str(error))
    return check(document.source, config, noqa=noqa)


def read_file(path: Path) -> Document:
    """The file with its program; raises NotAnalysed where there is none to be read."""
    try:
        data = files.read(str(path))
    except OSError as error:
        raise NotAnalysed(f"it can't be read: {error.strerror or error}") from None
    except MemoryError:
        raise NotAnalysed("it can't be read: it is larger than the memory") from None
    return Document.of(str(path), data)


def check(source: Source, config: Config, *, noqa: bool = True, unsaved: Unsaved = ()) -> FileReport:
    """Check a source; `noqa` is False for a front end that reads the comments itself, or for one that ignores them.

    The sources of `unsaved` stand for what is on disk under their names.
    """
    return ruled_out(source, config, noqa=noqa, unsaved=unsaved) or analysed(source, config, noqa=noqa, unsaved=unsaved)


def ruled_out(source: Source, config: Config, *, noqa: bool = True, unsaved: Unsaved = ()) -> FileReport | None:
    """The report on a source in which nothing can be found; None for one that is to be analysed."""
    if may_matter(source.text, config) and _relevance(*_rows(config), unsaved).holds(source):
        return None
    return FileReport(source.name, unused=tuple(unused(Suppressions(source.text), (), source, config)) if noqa else ())


def analysed(source: Source, config: Config, *, noqa: bool = True, unsaved: Unsaved = ()) -> FileReport:
    """What the analysis finds in a source, as `check` reports it."""
    try:
        trace = traced(source, config, unsaved=unsaved)
        found = tuple(findings(trace, config))
        lost = _untraced(trace) if config.show_untraced else ()
    except NotAnalysed as error:
        return FileReport(source.name, failure=str(error))
    except RecursionError:
        return FileReport(source.name, failure="its code nests too deeply to be analysed")
    except Exception as error:  # a mistake of ours in one file must not hide the findings in the others
        return FileReport(source.name, failure=_bug(error))
    idle: tuple[Unused, ...] = ()
    if noqa:
        comments = Suppressions(source.text)
        idle = tuple(unused(comments, found, source, config))
        found = tuple(each for each in found if not comments.silences(each.code, source.row(each.span.start)))
    named = {file for finding in found for file in finding.files}
    return FileReport(
        source.name,
        found,
        {file: trace.sources[file] for file in named},
        trace.notes,
        omitted=source.broken,
        followed=frozenset(trace.sources) - {source.name},
        untraced=lost,
        unused=idle,
    )


def may_matter(text: str, config: Config) -> bool:
    """True when a rule may apply to a file of that text: a look at its words, which costs next to nothing."""
    lowered = text.lower()
    return any(word in lowered for word in (*_WORDS, *_own_words(config)))


def _own_words(config: Config) -> Iterator[str]:
    """The last word of each name that the user declares."""
    losses = [name for row in config.losses for name in (row.name, row.functional) if name]
    for name in (*losses, *(row.name for row in config.optimizers), *(row.name for row in config.sinks)):
        yield name.rpartition(".")[2].lower()


@lru_cache(maxsize=4)
def _relevance(
    losses: tuple[Loss, ...],
    optimizers: tuple[Optimizer, ...],
    sinks: tuple[Sink, ...],
    names: tuple[str, ...],
    unsaved: Unsaved,
) -> Relevance:
    """What is remembered of the files of a run."""
    from lossflow.relevance import Relevance

    return Relevance(_catalog(losses, optimizers, sinks, names), _resolve(unsaved))


def traced(source: Source, config: Config, *, unsaved: Unsaved = ()) -> Trace:
    """What the analysis of a source saw; raises NotAnalysed."""
    # Imported here: libcst takes a quarter of a second to import, and few files of a project need it.
    from lossflow.interp import interpret

    catalog = _catalog(*_rows(config))
    trace = interpret(source, catalog=catalog, resolve=_resolve(unsaved))

    def elsewhere(file: str) -> Pairs:
        own = trace.sources.get(file)
        return frozenset() if own is None else _brought_together(own, catalog, unsaved)

    return replace(trace, elsewhere=elsewhere)


@lru_cache(maxsize=256)
def _brought_together(source: Source, catalog: Catalog, unsaved: Unsaved) -> Pairs:
    """What the analysis of a file on its own brings together: what importing it need not repeat."""
    from lossflow.interp import interpret
    from lossflow.rules.reductions import pairs

    try:
        return pairs(interpret(source, catalog=catalog, resolve=_resolve(unsaved)))
    except NotAnalysed:
        return frozenset()


def forget() -> None:
    """Read files anew from now on: for a front end that outlives their changes."""
    forget_files()
    _brought_together.cache_clear()
    _relevance.cache_clear()


def _resolve(unsaved: Unsaved) -> Resolve:
    """Where imports lead: to a file on disk, or to what is to be written there."""
    instead = {source.name: source for source in unsaved}

    def found(file: str, dotted: str) -> Source | None:
        source = resolve(file, dotted)
        return source and instead.get(source.name, source)

    return found if instead else resolve


def _rows(config: Config) -> _Rows:
    return config.losses, config.optimizers, config.sinks, config.batch_size_names


@lru_cache(maxsize=16)
def _catalog(
    losses: tuple[Loss, ...], optimizers: tuple[Optimizer, ...], sinks: tuple[Sink, ...], names: tuple[str, ...]
) -> Catalog:
    """The catalogue with the user's rows; the files of a run share it."""
    from lossflow.catalog.lookup import Catalog

    return Catalog.default().extended(losses, optimizers, sinks=sinks, batch_size_names=names)


def findings(trace: Trace, config: Config) -> Iterator[Finding]:
    """The findings of the rules that are on, sorted, one for each code and place."""
    from lossflow.rules import RULES

    found: dict[tuple[str, int], Finding] = {}
    for rule in RULES:
        if config.enables(rule.code, default=rule.default) and not config.ignores(rule.code, trace.file):
            for finding in rule(config.sum_fix).check(trace):
                wanted = replace(finding, fix=config.wanted(finding.code, finding.fix))
                found.setdefault((finding.code, finding.span.start), wanted)
    yield from sorted(found.values(), key=lambda finding: finding.order)


def _untraced(trace: Trace) -> tuple[LossPath, ...]:
    from lossflow.tracing import untraced  # few runs ask for it

    return untraced(trace)


def _bug(error: Exception) -> str:
    """Where and why the analysis broke down, in one sentence that a bug report can quote."""
    place = extract_tb(error.__traceback__)[-1]
    what = f"{type(error).__name__}: {error}".splitlines()[0].rstrip(": ")
    where = f"{Path(place.filename).name}, line {place.lineno}"
    return f"lossflow broke down on it ({what}, in {where}); this is a mistake in lossflow, please report it"
