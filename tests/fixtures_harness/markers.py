"""What a fixture expects of lossflow and of torch, read from its own comments.

- `# LF201` (or `# LF301, LF101`) at the end of a line: these findings begin on that line, and nothing else is reported.
- `# fixed: LF101`: once the fix of the fixture's rule is applied, this is reported on that line.
- `# todo: LF201`: a known miss, which must not be reported yet.
- `# revealed: per example, B^0`: what the analysis knows of the argument of `reveal(...)` on that line.
- `# todo: revealed: scalar, B^1`: what is true of it, but not known yet.
- in a notebook all of this stands in its code cells, and lines are counted through them.
- the first line may say `# not run: <reason>`, or tell the torch oracle about an unusual script:
  `# oracle: <directives>`, separated by semicolons or commas: `batch size is <regex>`, `gradient B^<x>` and
  `update B^<x>` (what torch measures, 0 unless a finding says otherwise), `raises <Exception>` (torch stops, though not
  in the usual way), `warns` or `silent` (torch warns, or doesn't, where one would expect otherwise), `no step`
  (nothing is trained).
"""

from __future__ import annotations

import io
import re
import tokenize
from collections import Counter
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

from lossflow import notebook

ROOT = Path(__file__).resolve().parents[2]
RULE_FIXTURES = ROOT / "fixtures" / "rules"
FIX_FIXTURES = ROOT / "fixtures" / "fixes"
FLOW_FIXTURES = ROOT / "fixtures" / "flow"
PROJECT_FIXTURES = ROOT / "fixtures" / "projects"
NOTEBOOK_FIXTURES = ROOT / "fixtures" / "notebooks"

_CODE = r"LF\d{3}"
_CODES = rf"{_CODE}(?:\s*,\s*{_CODE})*"
_FINDINGS = re.compile(rf"(?:(?P<when>todo|fixed):\s*)?(?P<codes>{_CODES})")
_LOOKS_LIKE_A_CODE = re.compile(r"\bLF\d", re.IGNORECASE)
_NOQA = re.compile(r"(flake8:\s*)?noqa\b", re.IGNORECASE)
_DIRECTIVE = re.compile(
    r"batch size is (?P<batch_size>\S+)|gradient B\^(?P<gradient>\S+)|update B\^(?P<update>\S+)"
    r"|raises (?P<raises>\w+)|(?P<word>warns|silent|no step)"
)

Place = tuple[int, str]
"""A line from 1 and a code."""


class BadMarker(ValueError):
    """A comment of a fixture looks like a marker, but isn't one."""


@dataclass(frozen=True)
class Directives:
    """What the first line tells the torch oracle; None and False where it says nothing."""

    batch_size: str | None = None
    gradient: Fraction | None = None
    update: Fraction | None = None
    raises: str | None = None
    words: frozenset[str] = frozenset()  # `warns`, `silent`, `no step`


@dataclass(frozen=True)
class Fixture:
    """One script with its expectations; `not_run` is the reason why torch can't run it, empty where it can."""

    path: Path
    text: str
    expected: Counter[Place]
    missed: Counter[Place]
    fixed: Counter[Place]
    revealed: dict[int, str]
    unrevealed: dict[int, str]
    not_run: str
    directives: Directives

    @property
    def id(self) -> str:
        """The path below its collection: `kl-mean/flagged_default.py`."""
        return "/".join(self.path.parts[-2:])

    @property
    def codes(self) -> set[str]:
        """Every code that is right for this file, known misses included."""
        return {code for _, code in self.expected + self.missed}

    def lines(self, code: str) -> set[int]:
        """The lines on which `code` is right."""
        return {line for line, each in self.expected + self.missed if each == code}


def read(path: Path, text: str | None = None) -> Fixture:
    """The fixture at `path`; raises BadMarker naming the line of a comment that only looks like a marker."""
    if text is None:
        text = notebook.read(str(path), path.read_bytes()).text
    expected: Counter[Place] = Counter()
    missed: Counter[Place] = Counter()
    fixed: Counter[Place] = Counter()
    revealed: dict[int, str] = {}
    unrevealed: dict[int, str] = {}
    for line, comment in _comments(text):
        if found := re.fullmatch(r"(todo:\s*)?revealed:\s*(.+)", comment):
            (unrevealed if found[1] else revealed)[line] = found[2]
        elif found := _FINDINGS.fullmatch(comment):
            places = {None: expected, "todo": missed, "fixed": fixed}[found["when"]]
            places.update((line, code) for code in re.findall(_CODE, found["codes"]))
        elif _LOOKS_LIKE_A_CODE.search(comment) and not _NOQA.match(comment):
            raise BadMarker(f"{path}:{line}: `# {comment}` is not a marker")
    first = text.partition("\n")[0]
    reason = re.fullmatch(r"#\s*not run:\s*(.+)", first)
    return Fixture(
        path, text, expected, missed, fixed, revealed, unrevealed, reason[1] if reason else "", _directives(path, first)
    )


def collect(folder: Path) -> list[Fixture]:
    """Every fixture below `folder`, sorted by path."""
    return [read(path) for path in sorted(folder.rglob("*")) if path.suffix in {".py", notebook.SUFFIX}]


@dataclass(frozen=True)
class Project:
    """Several files of one program; `entry` is the file that says the batch size, which torch can run."""

    folder: Path
    files: tuple[Fixture, ...]

    @property
    def id(self) -> str:
        return self.folder.name

    @property
    def not_run(self) -> str:
        """The reason why torch can't run it, empty where it can."""
        return next((each.not_run for each in self.files if each.not_run), "")

    @property
    def entry(self) -> Fixture:
        """The file to run, with the expectations of all files; raises BadMarker where it isn't one file."""
        entries = [each for each in self.files if re.search(r"^batch_size = \d+$", each.text, re.MULTILINE)]
        if len(entries) != 1:
            raise BadMarker(f"{self.folder}: one file must say `batch_size = <number>`, not {len(entries)}")
        expected = Counter[Place]()
        for each in self.files:
            expected += each.expected
        return replace(entries[0], expected=expected)


def collect_projects() -> list[Project]:
    """Every project, sorted by name."""
    return [Project(folder, tuple(collect(folder))) for folder in sorted(PROJECT_FIXTURES.iterdir())]


def silenced(fixture: Fixture) -> str:
    """The text of the fixture with every marker of an expected finding turned into the `noqa` that silences it."""
    lines = fixture.text.splitlines(keepends=True)
    columns = {token.start[0]: token.start[1] for token in _comment_tokens(fixture.text)}
    for number in {line for line, _ in fixture.expected}:
        column = columns[number]
        kept = [each.strip() for each in lines[number - 1][column + 1 :].split("#")]
        kept = [f"noqa: {each}" if re.fullmatch(_CODES, each) else each for each in kept]
        lines[number - 1] = lines[number - 1][:column] + "  ".join(f"# {each}" for each in kept) + "\n"
    return "".join(lines)


def _comment_tokens(text: str) -> list[tokenize.TokenInfo]:
    tokens = tokenize.generate_tokens(io.StringIO(text).readline)
    return [token for token in tokens if token.type == tokenize.COMMENT]


def _comments(text: str) -> list[tuple[int, str]]:
    """The comments of `text`, several on one line (`# LF301  # todo: LF101`) taken apart."""
    parts = ((token.start[0], part.strip()) for token in _comment_tokens(text) for part in token.string.split("#"))
    return [(line, part) for line, part in parts if part]


def _directives(path: Path, first: str) -> Directives:
    said = re.fullmatch(r"#\s*oracle:\s*(.+)", first)
    values: dict[str, str] = {}
    words: set[str] = set()
    for directive in re.split(r"[;,]\s*", said[1]) if said else ():
        match = _DIRECTIVE.fullmatch(directive)
        if match is None:
            raise BadMarker(f"{path}:1: the oracle does not understand `{directive}`")
        given = {key: value for key, value in match.groupdict().items() if value is not None}
        words.update({given.pop("word")} if "word" in given else ())
        values |= given
    exponents = {key: Fraction(values[key]) for key in ("gradient", "update") if key in values}
    return Directives(values.get("batch_size"), raises=values.get("raises"), words=frozenset(words), **exponents)
