"""What lossflow costs on real source trees, beside what others cost there: the table in the README.

    python -m tests.benchmarks.table                       # the wheels named in `WHEELS`, from the package index
    python -m tests.benchmarks.table path/to/a/repository  # folders of your own

The processor time is that of user and system; `--jobs 1` keeps lossflow in one process for it. What has a star is
measured on every tenth file, and the figure multiplied. flake8 and TorchFix run in an environment of their own, because
TorchFix keeps libcst below 1.6.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
import venv
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

WHEELS = ("diffusers", "speechbrain", "transformers")
SAMPLE = 10
"""One file of so many is given to what takes minutes."""

READ = "import sys\nfor name in sys.stdin.read().split('\\n'):\n    {}"
PIECES = {
    "reading the files": "open(name, 'rb').read()",
    "`ast.parse`": "import ast, warnings; warnings.simplefilter('ignore'); ast.parse(open(name, 'rb').read())",
    "`libcst.parse_module`": "import libcst; libcst.parse_module(open(name, 'rb').read())",
}


@dataclass(frozen=True, slots=True)
class Cost:
    """Seconds of processor and of clock, and the most memory that one process had, in MB."""

    processor: float
    clock: float
    memory: float

    def row(self, name: str) -> str:
        """A line of the table."""
        return f"| {name} | {self.processor:.1f} | {self.clock:.1f} | {self.memory:.0f} |"

    def times(self, factor: int, start: Cost) -> Cost:
        """The cost of so many times the files, of which `start` is paid once."""
        return Cost(
            start.processor + (self.processor - start.processor) * factor,
            start.clock + (self.clock - start.clock) * factor,
            self.memory,
        )


def measured(command: Sequence[str], folder: Path, *, given: str = "") -> Cost:
    """What a command costs, children that it waits for included."""
    start = time.monotonic()
    with tempfile.TemporaryFile("w+") as stdin:
        stdin.write(given)
        stdin.seek(0)
        process = subprocess.Popen(
            command, cwd=folder, stdin=stdin, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        _, _, usage = os.wait4(process.pid, 0)
        process.returncode = 0  # it has been waited for
    return Cost(usage.ru_utime + usage.ru_stime, time.monotonic() - start, usage.ru_maxrss / 1024)


def rows(tree: Path, others: Path) -> Iterator[str]:
    """The lines of the table for one tree; `others` has flake8 and TorchFix."""
    files = sorted(str(path) for path in tree.rglob("*.py"))
    for name, piece in PIECES.items():
        yield measured((sys.executable, "-c", READ.format(piece)), tree, given="\n".join(files)).row(name)
    ruff = (sys.executable, "-m", "ruff", "check", "--isolated", "--no-cache", ".")
    yield measured(ruff, tree).row("ruff")
    yield _sampled(("-m", "flake8", "--isolated", "--jobs=1"), others / "flake8", tree, files).row("flake8 *")
    yield _sampled(("-m", "flake8", "--isolated", "--jobs=1"), others / "torchfix", tree, files).row("with TorchFix *")
    yield from _lossflow(tree, files)


def _sampled(arguments: Sequence[str], environment: Path, tree: Path, files: Sequence[str]) -> Cost:
    """What a command costs that would take minutes: from some of the files."""
    command = (str(environment / "bin" / "python"), *arguments)
    start = measured((*command, "--version"), tree)
    return measured((*command, *files[::SAMPLE]), tree).times(SAMPLE, start)


def _lossflow(tree: Path, files: Sequence[str]) -> Iterator[str]:
    command = (sys.executable, "-m", "lossflow", "check", "--isolated", "--exit-zero")
    with tempfile.TemporaryDirectory() as folder:
        cached = (*command, f"--cache-dir={folder}", ".")
        yield measured((*command, "--no-cache", "--jobs=1", "."), tree).row("lossflow, without cache")
        shared = measured((*command, "--no-cache", "."), tree)
        yield f"| lossflow, on all processors | | {shared.clock:.1f} | |"  # of its workers nothing is known here
        measured(cached, tree)
        yield measured(cached, tree).row("lossflow, nothing has changed")
        with Path(files[len(files) // 2]).open("a") as file:
            file.write("\n# another line\n")
        yield measured((*cached, "--jobs=1"), tree).row("lossflow, one file has changed")


def fetched(name: str, folder: Path) -> Path:
    """The newest wheel of a package, unpacked."""
    wheels = folder / "wheels"
    pip = (sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:")
    subprocess.run((*pip, "--dest", str(wheels), name), check=True, stderr=subprocess.DEVNULL)
    (wheel,) = wheels.glob(f"{name}-*.whl")
    zipfile.ZipFile(wheel).extractall(folder / wheel.stem)
    return folder / wheel.stem


def environments(folder: Path) -> Path:
    """Virtual environments with flake8, and with TorchFix too: a plugin runs even where its codes are off."""
    for name, packages in {"flake8": ("flake8",), "torchfix": ("flake8", "torchfix")}.items():
        venv.create(folder / name, with_pip=True)
        pip = (str(folder / name / "bin" / "pip"), "install", "--quiet", *packages)
        subprocess.run(pip, check=True, stderr=subprocess.DEVNULL)
    return folder


def copied(tree: Path, folder: Path) -> Path:
    """A copy of the tree, of which one file may be changed."""
    target = folder / tree.name
    shutil.copytree(tree, target, ignore=shutil.ignore_patterns(".git", ".lossflow_cache"))
    return target


def main() -> None:
    """Print a table for each tree."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("trees", nargs="*", type=Path, help="folders; the wheels if there are none")
    parser.add_argument("--wheel", action="append", help="a package to fetch, in the place of all")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        others = environments(folder)
        trees = [copied(tree.absolute(), folder) for tree in options.trees]
        trees = trees or [fetched(each, folder) for each in options.wheel or WHEELS]
        for tree in trees:
            texts = [path.read_bytes() for path in tree.rglob("*.py")]
            lines = sum(text.count(b"\n") for text in texts)
            print(f"\n{tree.name}: {len(texts):,} files, {lines:,} lines\n")
            print("| | processor, s | clock, s | memory, MB |\n| --- | --- | --- | --- |")
            for row in rows(tree, others):
                print(row, flush=True)


if __name__ == "__main__":
    main()
