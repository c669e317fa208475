"""The README shows what a run prints today, about the script that it shows."""

from __future__ import annotations

import re

from tests.readme.picture import PICTURE, SCRIPT, drawn, shown

ROOT = SCRIPT.parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_picture_shows_what_lossflow_prints() -> None:
    stored = shown(PICTURE.read_text(encoding="utf-8"))
    assert stored == shown(drawn()), "draw it anew with `python -m tests.readme.picture`"


def test_the_picture_is_in_colours_and_names_the_finding() -> None:
    pieces = shown(PICTURE.read_text(encoding="utf-8"))
    assert len({style for style, *_ in pieces}) > 4
    assert "LF101" in [text for *_, text in pieces]


def test_the_readme_shows_the_script_and_the_picture() -> None:
    assert f"```python\n{SCRIPT.read_text(encoding='utf-8')}```\n" in README
    (path,) = re.findall(r"!\[[^]]+\]\((\S+\.svg)\)", README)
    assert ROOT / path == PICTURE
