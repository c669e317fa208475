"""What IPython adds to Python is taken out where IPython would see it, and nowhere else."""

from __future__ import annotations

import ast

import pytest

from lossflow.magics import without_magics


@pytest.mark.parametrize(
    ("cell", "python"),
    [
        ("%cd ..\nx = 1\n", "pass\nx = 1\n"),
        ("!ls (it's\nx = 1\n", "pass\nx = 1\n"),
        ("!!ls\n,f a\n;f a\n/f a\n", "pass\npass\npass\npass\n"),
        ("!pip install a \\\n  b \\\n  c\nx = 1\n", "pass\n\n\nx = 1\n"),
        ("!ls \\", "pass"),
        ("?name\n??name", "pass\npass"),
        ("name?\n  name??\ntorch.*Loss?", "pass\n  pass\npass"),
        ("%matplotlib?\n", "pass\n"),
        ("x = foo?\n", "pass\n"),
        ("if x:\n    %time f()\n\ty = !ls\n", "if x:\n    pass\n\ty = None\n"),
        ("a = %env X\nb = !ls\n", "a = None\nb = None\n"),
        ("a, b = !ls \\\n  -l\nc = 1\n", "a, b = None\n\nc = 1\n"),
        ('d["a=b"] = !ls\n', 'd["a=b"] = None\n'),
        ("(a,\n b) = !echo it's\nx\n", "(a,\n b) = None\nx\n"),
        ("x: int = !ls\n", "x: int = None\n"),
    ],
)
def test_a_magic_is_replaced_and_lines_keep_their_number(cell: str, python: str) -> None:
    assert without_magics(cell) == python
    assert cell.count("\n") == python.count("\n")


@pytest.mark.parametrize(
    "python",
    [
        'print("loss %f"\n      % loss)\n',
        "rest = a\\\n% b\n",
        "rest = [a\n/ b,\n'?'\n]\n",
        's = """\n%d of them\n!x\nwhat?\n"""\n',
        "s = '''it's \\''' \n%d'''\n",
        "s = 'a\\\n%b'\n",
        "# why?\nx = 1  # (\n# done?\n",
        "s = 'what?'\n",
        'f"{a!r} {b=}"\n',
        "x = f(a=1, b=2)\n",
        "def f(a=1): return a != 2\n",
        "x %= 2\nx /= 3\n",
    ],
)
def test_python_is_left_as_it_is(python: str) -> None:
    ast.parse(python)
    assert without_magics(f"%cd ..\n{python}!ls\n") == f"pass\n{python}pass\n"


@pytest.mark.parametrize("cell", ["a = b = !ls\n", "f(a=!ls)\n", "x = 1; !ls\n", "x = (1\n!ls\n", "a ? b\n"])
def test_what_ipython_refuses_is_left_as_it_is(cell: str) -> None:
    assert without_magics(cell) == cell
