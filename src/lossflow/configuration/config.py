"""The configuration of a run: frozen, and layered as defaults, then a file, then the command line."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from fnmatch import fnmatch
from glob import escape
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from lossflow.configuration.keys import KEYS
from lossflow.configuration.selection import ALL, Selection, enabled, longest, matches
from lossflow.configuration.tables import Table, suggestion
from lossflow.errors import ConfigError
from lossflow.findings import Fix, Safety, SumFix

if TYPE_CHECKING:
    from lossflow.catalog.entry import Loss, Optimizer, Sink

Given = TypeVar("Given")

DEFAULT_EXCLUDE = (
    ".bzr", ".direnv", ".eggs", ".git", ".hg", ".ipynb_checkpoints", ".lossflow_cache", ".mypy_cache", ".nox",
    ".pytest_cache", ".ruff_cache", ".svn", ".tox", ".venv", ".vscode", "__pycache__", "__pypackages__", "_build",
    "build", "dist", "node_modules", "site-packages", "venv",
)  # fmt: skip
"""Folders that hold no code of the project's own; `exclude` replaces them, `extend-exclude` adds to them."""


@dataclass(frozen=True)
class Config:
    """Everything that the user decides. Patterns are relative to `root`; `file` is where they stand.

    `bases` are the files that it extends, the nearest first.

    `fix`, `fix_only`, `unsafe_fixes`, `show_fixes`, `baseline` and `cache_dir` are questions of the whole run, which
    the configuration of the current folder answers.
    """

    root: Path = field(default_factory=Path.cwd)
    file: Path | None = None
    bases: tuple[Path, ...] = ()
    selections: tuple[Selection, ...] = ()
    per_file_ignores: tuple[tuple[str, tuple[str, ...]], ...] = ()
    exclude: tuple[str, ...] = DEFAULT_EXCLUDE
    extend_exclude: tuple[str, ...] = ()
    force_exclude: bool = False
    respect_gitignore: bool = True
    sum_fix: SumFix = SumFix.MEAN
    batch_size_names: tuple[str, ...] = ()
    losses: tuple[Loss, ...] = ()
    optimizers: tuple[Optimizer, ...] = ()
    sinks: tuple[Sink, ...] = ()
    fix: bool = False
    fix_only: bool = False
    unsafe_fixes: bool = False
    show_fixes: bool = False
    show_untraced: bool = False
    fixables: tuple[Selection, ...] = ()
    extend_safe_fixes: tuple[str, ...] = ()
    extend_unsafe_fixes: tuple[str, ...] = ()
    baseline: Path | None = None
    cache_dir: Path | None = None

    def apply(self, table: Table) -> Config:
        """This configuration with what a stronger layer says on top; raises ConfigError for what it can't mean.

        A configuration file, an inline `--config` and the options of the command line are all such tables.
        """
        table.refuse_unknown(KEYS)
        changed = replace(
            self,
            selections=(*self.selections, _selection(table)),
            per_file_ignores=_or(_per_file_ignores(table), self.per_file_ignores),
            exclude=_or(table.texts("exclude"), self.exclude),
            extend_exclude=self.extend_exclude + (table.texts("extend-exclude") or ()),
            force_exclude=_or(table.flag("force-exclude"), self.force_exclude),
            respect_gitignore=_or(table.flag("respect-gitignore"), self.respect_gitignore),
            sum_fix=_or(table.choice("sum-fix", SumFix), self.sum_fix),
            batch_size_names=self.batch_size_names + (table.texts("batch-size-names") or ()),
            fix=_or(table.flag("fix"), self.fix),
            fix_only=_or(table.flag("fix-only"), self.fix_only),
            unsafe_fixes=_or(table.flag("unsafe-fixes"), self.unsafe_fixes),
            show_fixes=_or(table.flag("show-fixes"), self.show_fixes),
            show_untraced=_or(table.flag("show-untraced"), self.show_untraced),
            fixables=(*self.fixables, _selection(table, "fixable", "unfixable")),
            extend_safe_fixes=self.extend_safe_fixes + (_codes(table, "extend-safe-fixes") or ()),
            extend_unsafe_fixes=self.extend_unsafe_fixes + (_codes(table, "extend-unsafe-fixes") or ()),
            baseline=self._path(table.text("baseline")) or self.baseline,
            cache_dir=self._path(table.text("cache-dir")) or self.cache_dir,
        )
        return changed._with_rows(table) if {"losses", "optimizers", "sinks"}.intersection(table.values) else changed

    def extended_by(self, file: Path, root: Path) -> Config:
        """This configuration as the beginning of another file's: its patterns still mean what they mean here."""
        return replace(
            self,
            root=root,
            file=file,
            bases=self.bases if self.file is None else (self.file, *self.bases),
            per_file_ignores=tuple((anchored(p, self.root), codes) for p, codes in self.per_file_ignores),
            exclude=tuple(anchored(p, self.root) for p in self.exclude),
            extend_exclude=tuple(anchored(p, self.root) for p in self.extend_exclude),
        )

    def enables(self, code: str, *, default: bool = True) -> bool:
        """True when the rule of that code is on."""
        return enabled(code, self.selections, default=default)

    def ignores(self, code: str, name: str) -> bool:
        """True when `per-file-ignores` silences that code in the file of that name."""
        return any(matches(code, codes) and self._matches(name, pattern) for pattern, codes in self.per_file_ignores)

    def wanted(self, code: str, fix: Fix | None) -> Fix | None:
        """The fix as the user wants it: none where its code is not to be fixed, and as safe as the user holds it to be.

        The longer prefix wins, and `extend-unsafe-fixes` wins a tie.
        """
        if fix is None or not enabled(code, self.fixables):
            return None
        unsafe = longest(code, self.extend_unsafe_fixes)
        safe = longest(code, self.extend_safe_fixes)
        if max(safe, unsafe) < 0:
            return fix
        return replace(fix, safety=Safety.UNSAFE if unsafe >= safe else Safety.SAFE)

    def excludes(self, path: str) -> bool:
        """True when a pattern names the file or folder itself; its parents are a question of their own."""
        return any(self._matches(path, pattern) for pattern in self.exclude + self.extend_exclude)

    def _path(self, written: str | None) -> Path | None:
        """The file that a configuration names, from its own folder or from the home of the user."""
        return self.root / Path(written).expanduser() if written else None

    def _matches(self, name: str, pattern: str) -> bool:
        """True when the pattern fits the name, or the path from the root; `*` crosses slashes, as in ruff."""
        return fnmatch(Path(name).name, pattern) or fnmatch(name, _from(self.root, pattern))

    def _with_rows(self, table: Table) -> Config:
        # Imported here: the catalogue is only needed by those who add to it, or by a file that is analysed.
        from lossflow.configuration import rows

        return replace(
            self,
            losses=self.losses + rows.losses(table),
            optimizers=self.optimizers + rows.optimizers(table),
            sinks=self.sinks + rows.sinks(table),
        )


def anchored(pattern: str, root: Path) -> str:
    """A pattern that means the same whatever folder it is applied from; a mere name fits everywhere."""
    return _from(root, pattern) if "/" in pattern or os.sep in pattern else pattern


def _from(root: Path, pattern: str) -> str:
    """The pattern for whole paths; a bracket in the path of the root is no pattern."""
    return os.path.normpath(os.path.join(escape(str(root)), pattern))


def _selection(table: Table, select: str = "select", ignore: str = "ignore") -> Selection:
    return Selection(
        select=_codes(table, select),
        extend_select=_codes(table, f"extend-{select}") or (),
        ignore=_codes(table, ignore) or (),
    )


def _codes(table: Table, key: str) -> tuple[str, ...] | None:
    found = table.texts(key)
    _refuse_unknown_codes(found or (), f"{table.origin}: `{table.key(key)}`")
    return found


def _per_file_ignores(table: Table) -> tuple[tuple[str, tuple[str, ...]], ...] | None:
    patterns = table.table("per-file-ignores")
    return None if patterns is None else tuple((p, _codes(patterns, p) or ()) for p in patterns.values)


def _refuse_unknown_codes(selectors: Iterable[str], where: str) -> None:
    selectors = [selector for selector in selectors if selector != ALL]
    if not selectors:
        return
    # Imported here: a run that selects nothing, and finds no file that matters, needs no rule.
    from lossflow.rules import RULES

    codes = [rule.code for rule in RULES]
    for selector in selectors:
        if not selector or not any(code.startswith(selector) for code in codes):
            raise ConfigError(f"{where} names `{selector}`, which is no rule.{suggestion(selector.upper(), codes)}")


def _or(value: Given | None, default: Given) -> Given:
    """The value, where the layer gives one."""
    return default if value is None else value
