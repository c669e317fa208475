"""Which files can have a finding: looks that cost next to nothing, before anything is analysed.

A finding needs a loss by name in the file itself, or a backward in a file that its imports lead to. The looks come in
steps, each dearer than the one before: at the words of the text, at the names of its code, and at the files that it
imports. A file that Python can't parse is never ruled out: the analysis says what is wrong with it.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from lossflow.catalog.lookup import Catalog
from lossflow.catalog.names import means_loss
from lossflow.code_text import code_of
from lossflow.source import Source, is_test
from lossflow.unwarned import unwarned

Resolve = Callable[[str, str], "Source | None"]

_TRAINS = re.compile(
    r"backward|\.step\(|training_step|compute_loss|autograd|optim(?:\b|i[sz]er)|Optimi[sz]er|Trainer|\.fit\("
)
"""What a file has that takes a loss to an update."""
_CALLS = re.compile(r"\b_?(?:train|learn|run|main|fit|solve)\w*\(")
_GIVES = re.compile(r"\b(?:lr|learning_rate|epochs?|criterion|\w*loaders?)\b")
"""A file that calls what may train, and has what training needs, may train too; `_run_strip_accents(text)` doesn't."""

HINTS = (
    "loss", "criterion", "objective", "entropy", "nll", "elbo", "backward", "autograd", "training_step", "kl_div",
    "kldiv", "dice", "variation", "fortokenclassification", "composer",
)  # fmt: skip
"""What a text has somewhere, in whatever case, whose code names a loss or a sink; a test asks the catalogue."""
_WORD = re.compile(r"[^\W\d]\w*")
_SINKS = frozenset({"backward", "manual_backward", "training_step", "compute_loss", "autograd", "ComposerModel"})
_SINK = re.compile(
    r"\.\s*(?:backward|manual_backward|training_step|compute_loss)\b|\bdef\s+(?:training_step|compute_loss)\b"
    r"|\bfrom\s+torch\.autograd\s+import\b|ComposerModel\b"
)
_GRADIENTS = re.compile(r"\bautograd\s*\.\s*grad\b")

_FROM = r"from[ \t]+(?P<package>\.*[\w.]*)[ \t]+import[ \t]+(?P<names>\([^)]*\)|[^\r\n#;]*)"
_STRING = re.compile(r"import_module\(\s*[\"'](?P<string>[\w.]+)[\"']")
_IMPORT = re.compile(rf"[ \t]*(?:{_FROM}|import[ \t]+(?P<modules>[^\r\n#;]*))")
_BINDING = re.compile(r"([\w.]+|\*)(?:\s+as\s+(\w+))?")


def trains(source: Source) -> bool:
    """True for a file that takes a loss to an update, as far as its words tell.

    The imports of any other change nothing in it: it only computes what others train with. A test trains nothing, nor
    does a comment on backward compatibility.
    """
    if not _trains(source.text) or is_test(source):  # the first is a third of the look at the code
        return False
    return _trains(code_of(source.text))


def _trains(text: str) -> bool:
    return bool(_TRAINS.search(text) or (_CALLS.search(text) and _GIVES.search(text)))


@dataclass(frozen=True, slots=True)
class Import:
    """`from package import name as bound`, where a star binds nothing by name; for `import package` both are empty."""

    package: str
    name: str = ""
    bound: str = ""

    @property
    def below(self) -> str:
        """The module that the name may be."""
        return f"{self.package}{'' if self.package.endswith('.') else '.'}{self.name}"


@dataclass(frozen=True, slots=True)
class Look:
    """What the words of a file tell: whether it names a loss, has a sink of losses, and what it imports."""

    loss: bool
    sink: bool
    imports: tuple[Import, ...]


class Relevance:
    """Tells which files may have a finding; it remembers what it has seen, so that it is good for one run."""

    def __init__(self, catalog: Catalog, resolve: Resolve) -> None:
        default = Catalog.default()
        self._losses = frozenset(map(_leaf, catalog.loss_names))
        own = {name for row in {*catalog.losses} - {*default.losses} for name in (row.name, row.functional) if name}
        own |= {row.name for row in {*catalog.sinks} - {*default.sinks}}
        self._own = frozenset(map(_leaf, own))  # what the user declares may be a method of any name
        self._resolve = resolve
        # Their keys hold no text: a run has read all files in the end.
        self._looks: dict[tuple[str, int], Look] = {}
        self._sinkless: set[tuple[str, str]] = set()  # files and names of packages from which none leads to a sink

    def holds(self, source: Source) -> bool:
        """True when the analysis of a file may find something; of a notebook in part it is not known."""
        if source.broken or self.look(source).loss:
            return True
        return (source.name, "") not in self._sinkless and trains(source) and self._leads_to_a_sink(source)

    def look(self, source: Source) -> Look:
        """What a file is about."""
        key = (source.name, hash(source.text))
        if key not in self._looks:
            self._looks[key] = self._look(source.text)
        return self._looks[key]

    def _look(self, text: str) -> Look:
        imports = tuple(dict.fromkeys(_imports(text)))
        if any(word in text for word in self._own):
            return Look(True, True, imports)
        words = set(_hinted(text))
        losses = {word for word in words if word in self._losses or means_loss(word)}
        if not losses and words.isdisjoint(_SINKS):
            return Look(False, False, imports)
        code = code_of(text)
        sink = not words.isdisjoint(_SINKS) and _has_sink(code, text)
        return Look(sink or not losses.isdisjoint(_hinted(code)), sink, imports)

    def _leads_to_a_sink(self, source: Source) -> bool:
        """True when the imports of a file lead to one with a backward."""
        waiting, seen = [(source, "")], {(source.name, "")}
        while waiting:
            each, name = waiting.pop()
            if self.look(each).sink:
                return True
            for target, asked in self._imported(each, name):
                key = (target.name, asked)
                if key not in seen and key not in self._sinkless:
                    seen.add(key)
                    waiting.append((target, asked))
        self._sinkless |= seen
        return False

    def _imported(self, source: Source, name: str) -> Iterator[tuple[Source, str]]:
        """The files that a file imports, or where a name of a package comes from.

        Of a package's `__init__.py` only those imports are followed whose names are asked for: it gathers what has
        nothing to do with each other.
        """
        for each in self._gathered(source, name) if name else self.look(source).imports:
            module = self._resolve(source.name, each.package)
            below = self._resolve(source.name, each.below) if each.name not in ("", "*") else None
            for target, asked in ((module, each.name), (below, "")):
                if target is None:
                    continue
                if not target.name.endswith("__init__.py"):
                    yield target, ""
                elif asked not in ("", "*"):
                    yield target, asked
                else:
                    # Of a whole package, the analysis too looks only at what the importing file names.
                    names = (inner.bound for inner in self.look(target).imports)
                    yield from ((target, bound) for bound in names if bound and bound in source.text)

    def _gathered(self, source: Source, name: str) -> Iterable[Import]:
        """The imports of a package that a name of it may come from, or that a function of it has at hand."""
        imports = self.look(source).imports
        if re.search(rf"^(?:def|class)\s+{name}\b", source.text, re.MULTILINE):
            return imports
        return [each for each in imports if each.bound == name or each.name == "*"]


def _leaf(dotted: str) -> str:
    return dotted.rpartition(".")[2]


def _hinted(text: str) -> Iterator[str]:
    """The words of a text that have a hint in them."""
    lowered = text.lower()
    if len(lowered) != len(text):  # a capital with a dot becomes two characters
        yield from _WORD.findall(text)
        return
    for hint in HINTS:
        start = lowered.find(hint)
        while start >= 0:
            first, end = start, start + len(hint)
            while first and _is_of_word(text[first - 1]):
                first -= 1
            while end < len(text) and _is_of_word(text[end]):
                end += 1
            yield text[first:end]
            start = lowered.find(hint, end)


def _is_of_word(character: str) -> bool:
    return character.isalnum() or character == "_"


def _has_sink(code: str, text: str) -> bool:
    """True where something hands a loss to backward, or makes a class one whose framework does."""
    return _SINK.search(code) is not None or (_GRADIENTS.search(code) is not None and _asks_for_gradients(text))


def _asks_for_gradients(text: str) -> bool:
    """True where `torch.autograd.grad` is used other than to pass gradients on that it is given.

    That is what the backward of a `torch.autograd.Function` does. Only the arguments tell; a text that can't be parsed
    is not ruled out.
    """
    try:
        with unwarned():
            nodes = list(ast.walk(ast.parse(text)))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return True
    passing = {id(node.func) for node in nodes if isinstance(node, ast.Call) and _is_given_gradients(node)}
    return any(_is_grad(node) and id(node) not in passing for node in nodes)


def _is_grad(node: ast.AST) -> bool:
    match node:
        case ast.Attribute(attr="grad", value=ast.Attribute(attr="autograd") | ast.Name(id="autograd")):
            return True
    return False


def _is_given_gradients(call: ast.Call) -> bool:
    match call.func:
        case ast.Attribute(attr="grad"):
            return len(call.args) > 2 or any(keyword.arg in ("grad_outputs", None) for keyword in call.keywords)
    return False


def _imports(text: str) -> Iterator[Import]:
    start = text.find("import")
    while start >= 0:
        found = _STRING.match(text, start) or _IMPORT.match(text, _line_start(text, start))
        start = text.find("import", max(start + 6, found.end() if found is not None else 0))
        if found is not None:
            yield from _imported_by(found.groupdict())


def _line_start(text: str, offset: int) -> int:
    return max(text.rfind("\n", 0, offset), text.rfind("\r", 0, offset)) + 1


def _imported_by(found: Mapping[str, str | None]) -> Iterator[Import]:
    if (string := found.get("string")) is not None:
        yield Import(string)
    elif (modules := found.get("modules")) is not None:
        yield from (Import(module) for module, _ in _BINDING.findall(modules))
    else:
        for name, bound in _BINDING.findall(found["names"] or ""):
            yield Import(found["package"] or "", name, bound or ("" if name == "*" else name))
