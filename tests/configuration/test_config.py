"""Configuration is layered and typed, and every mistake in it is one sentence that names the key and the file."""

from __future__ import annotations

from pathlib import Path

import pytest

from lossflow.catalog.entry import Effect, Loss, Optimizer, Scale, Sink, SinkKind, Unreduced
from lossflow.checking import check
from lossflow.configuration.config import Config
from lossflow.configuration.files import Configs, inline
from lossflow.configuration.keys import KEYS
from lossflow.configuration.selection import Selection, enabled
from lossflow.configuration.tables import Table
from lossflow.errors import ConfigError
from lossflow.findings import Fix, Safety, SumFix
from lossflow.source import Source


def of(folder: Path, text: str, *, name: str = "lossflow.toml") -> Config:
    (folder / name).write_text(text)
    return Configs().of(folder)


# --- which rules are on -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("layers", "on"),
    [
        ([], {"LF101", "LF102", "LF201"}),
        ([Selection(select=("LF1",))], {"LF101", "LF102"}),
        ([Selection(select=("LF1",), ignore=("LF102",))], {"LF101"}),
        ([Selection(select=("LF102",), ignore=("LF1",))], {"LF102"}),
        ([Selection(select=("LF101",), ignore=("LF101",))], set()),
        ([Selection(ignore=("LF1",))], {"LF201"}),
        ([Selection(ignore=("ALL",), extend_select=("LF2",))], {"LF201"}),
        ([Selection(select=("LF2",)), Selection(extend_select=("LF101",))], {"LF101", "LF201"}),
        ([Selection(ignore=("LF101",)), Selection(select=("LF101",))], {"LF101"}),
        ([Selection(select=("LF2",)), Selection(ignore=("LF201",))], set()),
        ([Selection(select=())], set()),
        ([Selection(select=("ALL",))], {"LF101", "LF102", "LF108", "LF201"}),
        ([Selection(select=("LF108",))], {"LF108"}),
        ([Selection(extend_select=("LF108",))], {"LF101", "LF102", "LF108", "LF201"}),
        ([Selection(extend_select=("LF1", "LF10"))], {"LF101", "LF102", "LF201"}),
        ([Selection(select=("ALL",), ignore=("LF10",))], {"LF201"}),
    ],
)
def test_the_strongest_layer_and_the_longest_prefix_win(layers: list[Selection], on: set[str]) -> None:
    defaults = {"LF101": True, "LF102": True, "LF108": False, "LF201": True}
    assert {code for code, default in defaults.items() if enabled(code, layers, default=default)} == on


# --- which fixes are made -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "code", "given", "wanted"),
    [
        ("", "LF101", Safety.UNSAFE, Safety.UNSAFE),
        ('fixable = ["LF2"]', "LF101", Safety.SAFE, None),
        ('fixable = ["LF2"]\nextend-fixable = ["LF101"]', "LF101", Safety.SAFE, Safety.SAFE),
        ('unfixable = ["LF1"]', "LF101", Safety.SAFE, None),
        ('unfixable = ["LF1"]', "LF201", Safety.SAFE, Safety.SAFE),
        ('fixable = ["LF101"]\nunfixable = ["LF1"]', "LF101", Safety.SAFE, Safety.SAFE),
        ('extend-safe-fixes = ["LF1"]', "LF101", Safety.UNSAFE, Safety.SAFE),
        ('extend-unsafe-fixes = ["LF1"]', "LF101", Safety.SAFE, Safety.UNSAFE),
        ('extend-unsafe-fixes = ["LF2"]', "LF101", Safety.SAFE, Safety.SAFE),
        ('extend-safe-fixes = ["LF101"]\nextend-unsafe-fixes = ["LF1"]', "LF101", Safety.UNSAFE, Safety.SAFE),
        ('extend-safe-fixes = ["LF101"]\nextend-unsafe-fixes = ["LF101"]', "LF101", Safety.SAFE, Safety.UNSAFE),
        ('extend-safe-fixes = ["ALL"]', "LF101", Safety.UNSAFE, Safety.SAFE),
    ],
)
def test_which_fixes_are_wanted_and_how_safe_they_count(
    tmp_path: Path, text: str, code: str, given: Safety, wanted: Safety | None
) -> None:
    fix = of(tmp_path, text).wanted(code, Fix(given, "Do.", ()))
    assert (None if fix is None else fix.safety) is wanted


# --- which file holds ---------------------------------------------------------------------------------------------


def test_the_nearest_file_that_speaks_of_lossflow_holds(tmp_path: Path) -> None:
    package = tmp_path / "src" / "package"
    package.mkdir(parents=True)
    (tmp_path / "pyproject.toml").write_text('[tool.lossflow]\nselect = ["LF1"]\n')
    (tmp_path / "src" / "pyproject.toml").write_text('[project]\nname = "lossflow-user"\n')
    config = Configs().of(package)
    assert (config.root, config.file) == (tmp_path, tmp_path / "pyproject.toml")
    assert config.selections == (Selection(select=("LF1",)),)
    (package / "lossflow.toml").write_text('ignore = ["LF3"]\n')
    assert Configs().of(package).selections == (Selection(ignore=("LF3",)),)


def test_a_lossflow_file_wins_over_its_neighbour(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text('[tool.lossflow]\nselect = ["LF1"]\n')
    assert of(tmp_path, 'select = ["LF2"]').selections[0].select == ("LF2",)


def test_isolated_reads_no_file_and_overrides_lie_on_top(tmp_path: Path) -> None:
    (tmp_path / "lossflow.toml").write_text('select = ["LF2"]')
    layer = inline('ignore = ["LF101"]')
    assert Configs(isolated=True, overrides=(layer,)).of(tmp_path).selections == (Selection(ignore=("LF101",)),)
    assert len(Configs(overrides=(layer,)).of(tmp_path).selections) == 2


def test_every_key_is_read(tmp_path: Path) -> None:
    config = of(
        tmp_path,
        """
        select = ["LF1"]
        extend-select = ["LF2"]
        ignore = ["LF102"]
        per-file-ignores = { "tests/*" = ["LF101"], "old.py" = ["ALL"] }
        exclude = ["generated"]
        extend-exclude = ["data"]
        sum-fix = "batch"
        batch-size-names = ["n_images"]
        fix = true
        fix-only = true
        unsafe-fixes = true
        show-fixes = true
        show-untraced = true
        fixable = ["LF2"]
        extend-fixable = ["LF1"]
        unfixable = ["LF102"]
        extend-safe-fixes = ["LF1"]
        extend-unsafe-fixes = ["LF20"]
        baseline = "known.json"
        cache-dir = "caches"
        force-exclude = true
        respect-gitignore = false
        [losses."mine.FocalLoss"]
        params = "alpha gamma reduction"
        default = "sum"
        reductions = ["none", "mean", "sum"]
        effects = { batchsum = "batch-sum" }
        unreduced = "per-example"
        aliases = ["mine.losses.FocalLoss"]
        [losses."mine.focal_loss"]
        params = "input target reduction"
        [optimizers."mine.Opt"]
        scale = "invariant"
        params = "params learning_rate"
        default-lr = false
        [sinks."mine.step_with"]
        kind = "backward"
        position = 1
        keyword = "loss"
        divides = true
        """,
    )
    assert set(KEYS) == {
        "select", "extend-select", "ignore", "per-file-ignores", "exclude", "extend-exclude", "sum-fix",
        "batch-size-names", "losses", "optimizers", "sinks", "fix", "fix-only", "unsafe-fixes", "show-fixes",
        "fixable", "extend-fixable", "unfixable", "extend-safe-fixes", "extend-unsafe-fixes", "baseline",
        "cache-dir",
        "extend", "force-exclude", "respect-gitignore", "show-untraced",
    }  # fmt: skip
    assert (config.fix, config.fix_only, config.unsafe_fixes, config.show_fixes) == (True, True, True, True)
    assert config.show_untraced
    assert config.fixables == (Selection(("LF2",), ("LF1",), ("LF102",)),)
    assert (config.extend_safe_fixes, config.extend_unsafe_fixes) == (("LF1",), ("LF20",))
    assert config.selections == (Selection(("LF1",), ("LF2",), ("LF102",)),)
    assert config.ignores("LF101", str(tmp_path / "tests" / "deep" / "test_x.py"))
    assert config.ignores("LF305", str(tmp_path / "old.py"))
    assert not config.ignores("LF101", str(tmp_path / "train.py"))
    assert not config.ignores("LF102", str(tmp_path / "tests" / "test_x.py"))
    assert config.excludes(str(tmp_path / "generated"))
    assert config.excludes(str(tmp_path / "a" / "data"))
    assert not config.excludes(str(tmp_path / "venv"))
    assert (config.sum_fix, config.batch_size_names) == (SumFix.BATCH, ("n_images",))
    assert config.baseline == tmp_path / "known.json"
    assert config.cache_dir == tmp_path / "caches"
    assert (config.force_exclude, config.respect_gitignore) == (True, False)
    assert config.losses == (
        Loss(
            "mine.FocalLoss",
            params="alpha gamma reduction",
            default="sum",
            reductions=("none", "mean", "sum", "batchsum"),
            effects=(("batchsum", Effect.BATCH_SUM),),
            unreduced=Unreduced.PER_EXAMPLE,
            aliases=("mine.losses.FocalLoss",),
        ),
        Loss("", functional="mine.focal_loss", functional_params="input target reduction", lenient=True),
    )
    assert config.optimizers == (
        Optimizer("mine.Opt", Scale.INVARIANT, params="params learning_rate", default_lr=False),
    )
    assert config.sinks == (Sink("mine.step_with", SinkKind.BACKWARD, position=1, keyword="loss", divides=True),)


# --- mistakes -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ('selct = ["LF1"]', "unknown key `selct`. Did you mean `select`?"),
        ("xyz = 1", "unknown key `xyz`."),
        ('select = "LF1"', "`select` must be a list of strings, but it is 'LF1'."),
        ("select = [1]", "`select` must be a list of strings, but it holds 1."),
        ('select = ["LF1O1"]', "`select` names `LF1O1`, which is no rule. Did you mean `LF101`?"),
        ('ignore = ["E501"]', "`ignore` names `E501`, which is no rule."),
        ('ignore = ["lf101"]', "`ignore` names `lf101`, which is no rule. Did you mean `LF101`?"),
        ('select = [""]', "`select` names ``, which is no rule."),
        ('per-file-ignores = ["LF1"]', "`per-file-ignores` must be a table"),
        ('per-file-ignores = {"a.py" = ["X1"]}', "`per-file-ignores.a.py` names `X1`"),
        ('sum-fix = "mea"', '`sum-fix` must be one of "mean", "batch", but it is "mea". Did you mean `mean`?'),
        ("losses = 3", "`losses` must be a table, but it is 3."),
        ('losses = { "m.L" = "sum" }', "`losses.m.L` must be a table"),
        ('losses = { "m.L" = { defualt = "sum" } }', "unknown key `losses.m.L.defualt`. Did you mean `default`?"),
        ('losses = { "m.L" = { effects = { s = "add" } } }', "`losses.m.L.effects.s` must be one of"),
        ('optimizers = { "m.O" = {} }', "`optimizers.m.O` lacks the key `scale`"),
        ('optimizers = { "m.O" = { scale = "invariant", default-lr = 1 } }', "must be true or false, but it is 1."),
        ('sinks = { "m.s" = { position = true } }', "`sinks.m.s.position` must be an integer, but it is True."),
        ("[tool.lossflow]\nfix = true", "the keys stand for themselves, without the heading [tool.lossflow]."),
        ("select = [", "the configuration is not valid TOML"),
        (
            'losses = { "m.L" = { default = "men" } }',
            '`losses.m.L.default` must be one of "none", "mean", "sum", but it is "men". Did you mean `mean`?',
        ),
        (
            'losses = { "m.L" = { reductions = ["avg"], default = "mean", effects = { b = "batch-sum" } } }',
            '`losses.m.L.default` must be one of "avg", "b", but it is "mean".',
        ),
        (
            'losses = { "m.L" = { params = "alpha, reduction" } }',
            "`losses.m.L.params` must be names separated by blanks, but it holds 'alpha,'.",
        ),
        (
            '[losses.mine.FocalLoss]\ndefault = "sum"',
            '`losses.mine.FocalLoss` is a table. A dotted name needs quotes: "mine.FocalLoss".',
        ),
        (
            'sinks = { "m.s" = { position = -2 } }',
            "`sinks.m.s.position` must be 0 or more, or -1 for the object itself.",
        ),
        ('sinks = { "m.s" = { kind = "bakward" } }', "Did you mean `backward`?"),
        ('baseline = ["a"]', "`baseline` must be a string, but it is ['a']."),
        ('respect-gitignore = "no"', "`respect-gitignore` must be true or false, but it is 'no'."),
    ],
)
def test_a_mistake_is_named_with_its_key_and_file(tmp_path: Path, text: str, sentence: str) -> None:
    with pytest.raises(ConfigError) as refusal:
        of(tmp_path, text)
    assert str(refusal.value).startswith(f"{tmp_path / 'lossflow.toml'}: ")
    assert sentence in str(refusal.value)
    assert "\n" not in str(refusal.value)


def test_the_keys_of_pyproject_are_named_in_full(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"unknown key `tool\.lossflow\.selct`"):
        of(tmp_path, '[tool.lossflow]\nselct = ["LF1"]\n', name="pyproject.toml")
    with pytest.raises(ConfigError, match=r"`tool\.lossflow` must be a table"):
        of(tmp_path, "[tool]\nlossflow = 1\n", name="pyproject.toml")


def test_a_configuration_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"nowhere\.toml: the configuration can't be read"):
        Configs(explicit=tmp_path / "nowhere.toml").of(tmp_path)
    (tmp_path / "lossflow.toml").write_bytes(b"select = ['\xff']")
    with pytest.raises(ConfigError, match="not valid UTF-8"):
        Configs().of(tmp_path)


# --- what the declared rows do ------------------------------------------------------------------------------------

TEMPLATE = """
import torch
import mine
model = torch.nn.Linear(4, 1)
criterion = {criterion}
optimizer = {optimizer}
for x, y in loader:
    optimizer.zero_grad()
    loss = criterion(model(x), y)
    {backward}
    optimizer.step()
"""
ROWS = Table(
    "test",
    "",
    {
        "losses": {"mine.SumLoss": {"default": "sum"}},
        "optimizers": {"mine.Opt": {"scale": "proportional"}},
        "sinks": {"mine.back": {"kind": "backward", "keyword": "loss"}},
    },
)
SGD = "torch.optim.SGD(model.parameters(), lr=0.1)"
SUM = 'torch.nn.MSELoss(reduction="sum")'


@pytest.mark.parametrize(
    ("criterion", "optimizer", "backward"),
    [
        ("mine.SumLoss()", SGD, "loss.backward()"),
        (SUM, "mine.Opt(model.parameters(), lr=0.1)", "loss.backward()"),
        (SUM, SGD, "mine.back(loss)"),
    ],
)
def test_declared_losses_optimizers_and_sinks_are_followed(criterion: str, optimizer: str, backward: str) -> None:
    source = Source("x.py", TEMPLATE.format(criterion=criterion, optimizer=optimizer, backward=backward))
    assert "LF101" not in [finding.code for finding in check(source, Config()).findings]
    assert [finding.code for finding in check(source, Config().apply(ROWS)).findings] == ["LF101"]


OWN = Table(
    "test",
    "",
    {
        "losses": {
            "mine.Loss": {"params": "size_average reduce reduction", "reductions": ["none", "sum"]},
            "mine.Open": {"params": "alpha reduction"},
        }
    },
)


@pytest.mark.parametrize(
    ("criterion", "codes"),
    [
        ("mine.Loss(size_average=False)", []),  # what it means by that is its own affair
        ('mine.Loss(reduction="average")', ["LF302"]),
        ('mine.Loss("sum")', ["LF304"]),
        ('mine.Loss(reduction="sum")', []),
        ('mine.Open(reduction="average")', []),  # its reductions aren't listed
    ],
)
def test_the_arguments_of_declared_losses_are_judged(criterion: str, codes: list[str]) -> None:
    source = Source("x.py", f"import mine\n\ncriterion = {criterion}\n")
    assert check(source, Config()).findings == ()
    assert [finding.code for finding in check(source, Config().apply(OWN)).findings] == codes
