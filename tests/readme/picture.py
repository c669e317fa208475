"""The picture of a terminal in the README: what `lossflow check` prints about the script that stands above it.

`python -m tests.readme.picture`, in the root of the repository, draws it anew.
"""

from __future__ import annotations

import io
import re
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

from rich.console import Console
from rich.text import Text

FOLDER = Path(__file__).resolve().parents[2] / "fixtures" / "readme"
SCRIPT = FOLDER / "train.py"
PICTURE = FOLDER / "train.svg"
_COLUMNS = 100


def drawn() -> str:
    """The picture as it is to be, an SVG."""
    command = [sys.executable, "-m", "lossflow", "check", "--isolated", "--no-cache", "--color=always", SCRIPT.name]
    # Written in UTF-8 whatever the terminal of whoever draws it.
    run = subprocess.run(command, cwd=FOLDER, capture_output=True, encoding="utf-8")
    if run.returncode != 1:
        raise RuntimeError(f"lossflow should find something and exit with 1, not {run.returncode}:\n{run.stderr}")
    console = Console(record=True, width=_COLUMNS, file=io.StringIO(), force_terminal=True, color_system="truecolor")
    console.print(Text(f"$ lossflow check {SCRIPT.name}", "bold"))
    console.print(Text.from_ansi(run.stdout), end="")
    return console.export_svg(title="lossflow", unique_id="lossflow")


def shown(svg: str) -> list[tuple[str | None, ...]]:
    """What one reads in a picture: each piece of text with its place and style.

    How the window around it is drawn may differ from one version of rich to the next.
    """
    styles = dict(re.findall(r"^\s*\.(lossflow-r\d+) \{ (.*?) \}", svg, re.MULTILINE))
    texts = ElementTree.fromstring(svg).iter("{http://www.w3.org/2000/svg}text")
    return [(styles.get(each.get("class", "")), each.get("x"), each.get("y"), each.text) for each in texts]


if __name__ == "__main__":
    PICTURE.write_text(drawn(), encoding="utf-8")
