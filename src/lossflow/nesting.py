"""Whether code nests too deeply to be parsed.

The parser of libcst is native and recursive: 3000 nested brackets, or a chain of 20000 operators, overflow its stack
and end the process without an exception that could be caught (measured with libcst 1.9; it counts indented blocks
itself). So such code is refused before it reaches the parser.
"""

from __future__ import annotations

import re

from lossflow.errors import NotAnalysed

MAX_BRACKETS = 200
"""Brackets inside each other; the limit of CPython's own tokenizer."""
MAX_CHAIN = 2000
"""Operators, attributes, calls, conditions and adjacent strings of one expression."""
MAX_BRANCHES = 3000
"""`elif` branches of a file; each is nested in the one before."""

# `:` ends no chain, for the sake of `lambda: lambda: ...`.
_TOKEN = re.compile(
    r"""(?P<skip>\#[^\r\n]*|\\\r?\n)"""
    r"""|(?P<string>(?P<prefix>[a-zA-Z]{0,2})(?:'''(?:\\.|[^\\])*?'''|\"\"\"(?:\\.|[^\\])*?\"\"\""""
    r"""|'(?:\\.|[^\\'\r\n])*'|"(?:\\.|[^\\"\r\n])*"))"""
    r"""|(?P<open>[(\[{])|(?P<close>[)\]}])|(?P<comma>[,;])|(?P<newline>[\r\n]+)"""
    r"""|(?P<branch>\belif\b)|(?P<link>[-+*/%@&|^~<>.]|\b(?:not|and|or|if|lambda|await|in|is)\b)""",
    re.DOTALL,
)


def refuse_deep_nesting(text: str) -> None:
    """Raise NotAnalysed where `text` nests deeper than a parser can follow."""
    chains = [0]  # the length of the chain at hand, for every open bracket
    branches = 0
    for token in _TOKEN.finditer(text):
        kind = token.lastgroup
        match kind:
            case "open":
                chains[-1] += 1
                chains.append(0)
            case "close" if len(chains) > 1:
                chains.pop()
            case "comma":
                chains[-1] = 0
            case "newline" if len(chains) == 1:
                chains[-1] = 0
            case "string" | "link":
                chains[-1] += 1
                if kind == "string" and set("fFtT").intersection(token["prefix"]):
                    refuse_deep_nesting(token["string"][len(token["prefix"]) + 1 : -1])
            case "branch":
                branches += 1
        if len(chains) > MAX_BRACKETS or chains[-1] > MAX_CHAIN or branches > MAX_BRANCHES:
            row = text.count("\n", 0, token.start()) + 1
            raise NotAnalysed(f"its code nests too deeply to be parsed (line {row})")
