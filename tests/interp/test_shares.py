"""Steps are shared fairly: whatever the rest of a file costs, its training steps are analysed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lossflow.catalog import Catalog
from lossflow.checking import check
from lossflow.configuration.config import Config
from lossflow.domain.trace import Revealed
from lossflow.domain.values import Const, Unknown
from lossflow.interp import module
from lossflow.interp.engine.shares import Entry, Outline, Shares
from lossflow.source import Source

COSTLY = """\
import torch
import torch.nn.functional as F
import lightning as L


def leaf(x):
    return [x + i * x for i in (1, 2, 3)]


def three(x):
    return leaf(x), leaf(x + 1), leaf(x + 2), leaf(x + 3)


def two(x):
    return three(x), three(x + 1), three(x + 2), three(x + 3)


def one(x):
    return two(x), two(x + 1), two(x + 2), two(x + 3)


def prepare(x):
    return one(x), one(x + 1), one(x + 2), one(x + 3)
"""
TRAINING = """

def train(model, loader):
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    for x, y in loader:
        optimizer.zero_grad()
        F.mse_loss(model(x), y, reduction="sum").backward()
        optimizer.step()
"""
TRAINER = """

class Trainer:
    def __init__(self, model):
        self.stages = prepare(1)
        self.model = model

    def prepare(self):
        return prepare(1)

    def after(self):
        return prepare(2)

    def fit(self, loader):
        optimizer = torch.optim.SGD(self.model.parameters(), lr=0.1)
        for x, y in loader:
            optimizer.zero_grad()
            F.mse_loss(self.model(x), y, reduction="sum").backward()
            optimizer.step()
"""
LIGHTNING = """

class Module(L.LightningModule):
    def setup(self):
        self.stages = prepare(1)

    def training_step(self, batch, batch_idx):
        x, y = batch
        return F.mse_loss(self.model(x), y, reduction="sum")

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), lr=0.1)
"""


@pytest.mark.parametrize(
    "text",
    [
        COSTLY + TRAINING,
        COSTLY + "\n\nloss = prepare(1)\n" + TRAINING,
        COSTLY + TRAINING + "\n\nprepare(1)\n",
        COSTLY + TRAINER,
        COSTLY + LIGHTNING,
        COSTLY + "\n\nloss = prepare(1)\n" + LIGHTNING,
    ],
    ids=["not called", "in the body before", "in the body behind", "in a class", "in a framework", "both"],
)
def test_what_the_rest_of_a_file_costs_takes_nothing_from_training(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_STEPS", 2_000)
    report = check(Source("script.py", text), Config())
    assert [finding.code for finding in report.findings] == ["LF101"]
    assert any("stopped after" in note for note in report.notes)


def test_a_note_names_what_was_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_STEPS", 2_000)
    notes = check(Source("script.py", COSTLY + TRAINING), Config()).notes
    assert any(note.startswith("script.py: the analysis of `prepare` stopped after ") for note in notes)
    (note,) = check(Source("script.py", COSTLY + "\n\nloss = prepare(1)\n"), Config()).notes
    assert note.startswith("script.py: the analysis of the module stopped after ")


def test_a_small_file_is_not_cut_off() -> None:
    assert check(Source("script.py", COSTLY + TRAINING), Config()).notes == ()


# --- the outline --------------------------------------------------------------------------------------------------

SCRIPT = """\
import torch

class Trainer(
    Base,
):
    rate = 0.1

    @property
    def name(self): return "x"

    async def fit(
        self,
        loader,
    ):
        def inner():
            pass
        loss.backward()
    limit = 3

def helper():
    fitted()

def fitted():
    optimizer.step()

def plain():
    '''
def not_a_function():
    '''
    return 1

if __name__ == "__main__":
    spawn(helper, 4)
"""


def test_what_trains_by_its_own_text_or_by_what_it_calls() -> None:
    outline = Outline(SCRIPT)
    training = [Entry("fit", "Trainer"), Entry("helper"), Entry("fitted"), Entry()]
    assert [entry for entry in training if not outline.trains(entry)] == []
    others = [Entry("name", "Trainer"), Entry("plain"), Entry("inner"), Entry("inner", "Trainer")]
    assert [entry for entry in others if outline.trains(entry)] == []


def test_what_the_body_calls_is_not_apart() -> None:
    apart = Outline(SCRIPT).apart()
    assert apart[Entry("fit", "Trainer")] is True
    assert apart[Entry("name", "Trainer")] is False
    assert apart[Entry("plain")] is False
    assert Entry("helper") not in apart  # handed on by the body
    assert Entry("fitted") not in apart  # called by what is handed on


def test_a_file_without_functions_has_nothing_apart() -> None:
    assert Outline("").apart() == {}
    assert Outline("loss.backward()\n").trains(Entry())


# --- the shares ---------------------------------------------------------------------------------------------------

ENTRIES = st.dictionaries(st.builds(Entry, st.sampled_from("abcdef")), st.booleans(), min_size=1)


@given(ENTRIES, st.data())
def test_each_entry_point_has_its_share_whatever_others_take(waiting: dict[Entry, bool], data: st.DataObject) -> None:
    shares = Shares(10_000)
    shares.divide(waiting)
    training = sum(waiting.values())
    spent = 0
    for entry, trains in waiting.items():
        limit = shares.limit(entry)
        kept = 10_000 // 4 // len(waiting) + (10_000 // 2 // training if trains else 0)
        assert kept <= limit - spent
        spent += data.draw(st.integers(0, limit - spent))
    assert spent <= 10_000


@given(ENTRIES, st.integers(0, 20_000))
def test_what_was_spent_before_is_not_shared(waiting: dict[Entry, bool], spent: int) -> None:
    shares = Shares(10_000)
    shares.divide(waiting, spent=spent)
    limits = [shares.limit(entry) for entry in waiting]
    assert limits == sorted(limits)
    assert limits[0] >= min(spent, 10_000)
    assert limits[-1] == 10_000


def test_an_entry_point_that_runs_again_keeps_half_for_that() -> None:
    shares = Shares(10_000)
    shares.divide({Entry("a"): True, Entry("b"): False})
    first = shares.limit(Entry("a"), again=True)
    assert shares.limit(Entry("b")) == first + 1_250
    assert shares.limit(Entry("a")) == 10_000


# --- stopping anywhere --------------------------------------------------------------------------------------------

CLOSURES = """\
import torch


def make(scale, early):
    if early:
        return None
    total = [scale]

    def scaled(x):
        total.append(x)
        return x * scale

    class Holder:
        held = scaled

    return scaled, Holder(), lambda x: scaled(x) + total[0]


class Trainer:
    def __init__(self, model):
        self.model = model
        self.made = make(2, False)

    def fit(self, loader):
        optimizer = torch.optim.SGD(self.model.parameters(), lr=0.1)
        for epoch in range(3):
            for x, y in loader:
                scaled, holder, plus = make(len(x), epoch)
                loss = plus(scaled(self.model(x) - y)).sum()
                self.made[2](loss)
                holder.held(loss).backward()
                optimizer.step()


def main(loaders):
    for loader in loaders:
        for scale in (1, 2):
            kept = make(scale, scale)
            Trainer(torch.nn.Linear(3, 3)).fit(loader)
            kept[0](scale)


main(torch.utils.data.DataLoader(data, batch_size=4))
"""


@pytest.mark.parametrize("steps", [*range(20, 400, 7), *range(400, 4_000, 90)])
def test_the_analysis_can_stop_anywhere(steps: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_STEPS", steps)
    monkeypatch.setattr(module, "MAX_STEPS_OF_CASES", steps)
    for text in (CLOSURES, CLOSURES.replace("\n\nmain(", "\n\nif False:\n    main(")):
        assert check(Source("script.py", text), Config()).failure is None


HELD = """\
kept = {}


def keep(held, reduction="sum"):
    costs = [x + held for x in (1, 2, 3)], [x - held for x in (1, 2, 3)]
    kept["reduction"] = lambda: reduction


def train(loss):
    reveal(kept["reduction"]())
    loss.backward()


held = 1
for _ in range(n):
    keep(held)
    held = [held]
"""


def test_what_a_closure_holds_outlives_a_later_call_that_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []
    for steps in range(40, 300):
        monkeypatch.setattr(module, "MAX_STEPS", steps)
        trace = module.interpret(Source("script.py", HELD), catalog=Catalog.default())
        seen.extend(event.value for event in trace.events if isinstance(event, Revealed))
    assert Const("sum") in seen
    assert Unknown("reduction") not in seen
