"""`extend`: a file that says what is different from another one, with a sentence for everything that can't be meant."""

from __future__ import annotations

from pathlib import Path

import pytest

from lossflow.configuration.files import Configs, inline
from lossflow.configuration.selection import Selection
from lossflow.errors import ConfigError


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """`package` extends what is in `shared`."""
    (tmp_path / "shared").mkdir()
    (tmp_path / "package").mkdir()
    (tmp_path / "package" / "lossflow.toml").write_text('extend = "../shared/base.toml"\nignore = ["LF102"]\n')
    return tmp_path


def test_what_a_file_says_lies_on_top_of_what_it_extends(folder: Path) -> None:
    (folder / "shared" / "base.toml").write_text(
        'select = ["LF1"]\nignore = ["LF101"]\nsum-fix = "batch"\nbatch-size-names = ["a"]\nunsafe-fixes = true\n'
        'losses = { "m.L" = { default = "sum" } }\nextend-exclude = ["gen"]\n'
    )
    with (folder / "package" / "lossflow.toml").open("a") as file:
        file.write('batch-size-names = ["b"]\nunsafe-fixes = false\nlosses = { "m.M" = { default = "sum" } }\n')
    config = Configs().of(folder / "package")
    assert config.selections == (Selection(("LF1",), ignore=("LF101",)), Selection(ignore=("LF102",)))
    assert (config.sum_fix.value, config.batch_size_names, config.unsafe_fixes) == ("batch", ("a", "b"), False)
    assert [row.name for row in config.losses] == ["m.L", "m.M"]
    assert config.file == folder / "package" / "lossflow.toml"
    assert [base.resolve() for base in config.bases] == [folder / "shared" / "base.toml"]


def test_patterns_and_files_mean_what_they_mean_where_they_stand(folder: Path) -> None:
    (folder / "shared" / "base.toml").write_text(
        'extend-exclude = ["gen", "old/*.py"]\nper-file-ignores = { "*/t/*" = ["LF1"] }\nbaseline = "known.json"\n'
    )
    config = Configs().of(folder / "package")
    assert config.root == folder / "package"
    assert config.excludes(str(folder / "package" / "gen"))
    assert config.excludes(str(folder / "shared" / "old" / "a.py"))
    assert not config.excludes(str(folder / "package" / "old" / "a.py"))
    assert config.ignores("LF101", str(folder / "shared" / "x" / "t" / "a.py"))
    assert not config.ignores("LF101", str(folder / "package" / "x" / "t" / "a.py"))
    assert config.baseline is not None
    assert config.baseline.resolve() == folder / "shared" / "known.json"


def test_a_pyproject_and_the_home_of_the_user_can_be_extended(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(folder))
    monkeypatch.setenv("USERPROFILE", str(folder))
    (folder / "pyproject.toml").write_text('[tool.lossflow]\nextend = "~/shared/base.toml"\nignore = ["LF2"]\n')
    (folder / "shared" / "base.toml").write_text('ignore = ["LF3"]\n')
    (folder / "package" / "lossflow.toml").write_text('extend = "../pyproject.toml"\n')
    ignored = [selection.ignore for selection in Configs().of(folder / "package").selections]
    assert ignored == [("LF3",), ("LF2",), ()]


def test_a_file_that_is_named_by_an_option_may_extend_another(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    (folder / "shared" / "base.toml").write_text('ignore = ["LF3"]\nexclude = ["a/b"]\n')
    config = Configs(explicit=Path("package/lossflow.toml")).of(folder)
    assert [selection.ignore for selection in config.selections] == [("LF3",), ("LF102",)]
    assert config.excludes(str(folder / "shared" / "a" / "b"))


@pytest.mark.parametrize(
    ("base", "sentence"),
    [
        ('extend = "../package/lossflow.toml"', "which would extend itself."),
        ('extend = "base.toml"', "which would extend itself."),
        ('extend = "nowhere.toml"', "which is no file."),
        ('extend = "."', "which is no file."),
        ('extend = "pyproject.toml"', "which has no [tool.lossflow]."),
        ("extend = 1", "`extend` must be a string, but it is 1."),
        ('selct = ["LF1"]', "unknown key `selct`. Did you mean `select`?"),
    ],
)
def test_a_mistake_is_named_with_its_file(folder: Path, base: str, sentence: str) -> None:
    (folder / "shared" / "base.toml").write_text(base)
    (folder / "shared" / "pyproject.toml").write_text('[project]\nname = "lossflow-user"\n')
    with pytest.raises(ConfigError) as refusal:
        Configs().of(folder / "package")
    origin, _, rest = str(refusal.value).partition(": ")
    assert Path(origin).resolve() == folder / "shared" / "base.toml"
    assert rest.endswith(sentence)


def test_a_base_that_is_not_there_is_named_in_the_file_that_wants_it(folder: Path) -> None:
    with pytest.raises(ConfigError) as refusal:
        Configs().of(folder / "package")
    package = folder / "package"
    base = folder / "shared" / "base.toml"
    assert str(refusal.value) == f"{package / 'lossflow.toml'}: `extend` names {base}, which is no file."


def test_an_option_cannot_extend_a_file() -> None:
    with pytest.raises(ConfigError, match="only a file can `extend` another one"):
        inline('extend = "a.toml"')


def test_a_bracket_in_the_path_of_a_project_is_no_pattern(tmp_path: Path) -> None:
    root = tmp_path / "[work]"
    root.mkdir()
    (root / "lossflow.toml").write_text('extend-exclude = ["a/*.py"]\n')
    config = Configs().of(root)
    assert config.excludes(str(root / "a" / "b.py"))
    assert not config.excludes(str(tmp_path / "w" / "a" / "b.py"))
