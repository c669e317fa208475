"""Where the fixes of averages are offered, and where another number is not sure to be right."""

from __future__ import annotations

import pytest

from lossflow.catalog import Catalog
from lossflow.interp import interpret
from lossflow.source import Source, apply_edits

from .traces import findings

HEAD = """\
import numpy as np
import torch
import torch.nn.functional as F
from torch.utils.data import DataLoader, TensorDataset

dataset = TensorDataset(torch.randn(64, 6), torch.randn(64, 1))
loader = DataLoader(dataset, batch_size=8)
model = torch.nn.Linear(6, 1)
"""


def fixed(script: str) -> str | None:
    """The script after the fix of its only finding; None where none is offered."""
    trace = interpret(Source("script.py", HEAD + script), catalog=Catalog.default())
    (found,) = [each for each in findings(trace) if each.code == "LF401"]
    return None if found.fix is None else apply_edits(HEAD + script, found.fix.edits).removeprefix(HEAD)


COUNTED = """\
total, seen = 0.0, 0
for x, y in loader:
    total += F.mse_loss(model(x), y).item(){}
    {}
{}
"""


@pytest.mark.parametrize(
    ("count", "use", "factor"),
    [
        ("seen += len(y)", "print(total / seen)", "len(y)"),
        ("seen = seen + y.shape[0]", "print(total / max(seen, 1))", "y.shape[0]"),
        ("seen += len(y)", "total /= seen\nprint(total)", "len(y)"),
        ("seen += len(y)", "print(total / seen, total)", None),  # the total is told as well
        ("seen += len(y)", "if len(dataset) > 8: total /= seen\nprint(total)", None),  # likewise, of a small dataset
        ("seen += len(y)", "print(total / seen, total / len(loader))", None),  # the other average is right
        ("seen += len(y); y = None", "print(total / seen)", "len(y)"),
        ("n = len(y)\n    seen += n", "print(total / seen)", None),  # not yet known where the loss is added
        ("if len(y) > 4:\n        seen += len(y)", "print(total / seen)", None),
    ],
)
def test_means_over_counted_examples(count: str, use: str, factor: str | None) -> None:
    after = None if factor is None else COUNTED.format(f" * {factor}", count, use)
    assert fixed(COUNTED.format("", count, use)) == after


LOOP = """\
total = 0.0
for x, y in {}:
    {}total += F.mse_loss(model(x), y).detach()
print(total{} / len({}))
"""


@pytest.mark.parametrize(
    ("iterable", "before", "use", "divisor"),
    [
        ("loader", "", "", "loader"),
        ("loader", "", ".item()", "loader"),
        ("tqdm(loader)", "", "", "loader"),
        ("tqdm(iterable=loader)", "", "", None),
        ("iter(loader)", "", "", None),  # it has no length
        ("loader", "if len(x) > 4: ", "", None),
        ("loader", "if len(x) < 8: break\n    ", "", None),
    ],
)
def test_means_over_the_dataset(iterable: str, before: str, use: str, divisor: str | None) -> None:
    script = "from tqdm import tqdm\n" + LOOP.format(iterable, before, use, "{}")
    assert fixed(script.format("dataset")) == (None if divisor is None else script.format(divisor))


@pytest.mark.parametrize(("made", "divisor"), [("DataLoader(dataset, batch_size=8)", "stream"), ("iter(loader)", None)])
def test_a_loader_is_known_by_what_makes_it(made: str, divisor: str | None) -> None:
    script = f"stream = {made}\n" + LOOP.format("stream", "", "", "{}")
    assert fixed(script.format("dataset")) == (None if divisor is None else script.format(divisor))


def test_the_batches_of_several_epochs_are_more_than_those_of_the_loader() -> None:
    rounds = "    for x, y in loader:\n        total += F.mse_loss(model(x), y).item()\n"
    assert fixed(f"total = 0.0\nfor epoch in range(3):\n{rounds}print(total / len(dataset))\n") is None


CALLED = """\
def epoch(data, start):
    {}total = 0.0
    for x, y in data:
        total += F.mse_loss(model(x), y).item()
    return total

{}print(epoch(loader, 0) / len({}))
"""


@pytest.mark.parametrize(
    ("first", "other", "divisor"),
    [
        ("", "", "loader"),
        ("data = list(data)\n    ", "", None),  # perhaps another number of batches
        ("", "epoch = print if dataset is None else epoch\n", None),
    ],
)
def test_a_total_that_a_function_adds_up(first: str, other: str, divisor: str | None) -> None:
    before = CALLED.format(first, other, "dataset")
    assert fixed(before) == (None if divisor is None else CALLED.format(first, other, divisor))


def test_a_function_that_stops_early_adds_up_fewer_batches() -> None:
    script = CALLED.format("", "", "dataset").replace("        total", "        if len(x) < 8: break\n        total")
    assert fixed(script) is None


LISTS = """\
losses = []
for x, y in loader:
    losses.append(F.mse_loss(model(x), y{}).item())
print({})
"""


@pytest.mark.parametrize(
    ("reduction", "before", "after"),
    [
        ("", "sum(losses) / len(dataset)", "sum(losses) / len(losses)"),
        (', reduction="sum"', "sum(losses) / len(losses)", "sum(losses) / len(loader.dataset)"),
        (', reduction="sum"', "np.mean(losses)", "np.sum(losses) / len(loader.dataset)"),
        (', reduction="sum"', "np.mean(losses).round(3)", "(np.sum(losses) / len(loader.dataset)).round(3)"),
        (', reduction="sum"', "statistics.mean(losses)", "sum(losses) / len(loader.dataset)"),
    ],
)
def test_lists_of_losses(reduction: str, before: str, after: str | None) -> None:
    script = "import statistics\n" + LISTS.format(reduction, "{}")
    assert fixed(script.format(before)) == (None if after is None else script.format(after))


@pytest.mark.parametrize(
    ("change", "offered"), [("del losses[0]", False), ("losses[0] = 0.0", False), ("print(losses[0])", True)]
)
def test_a_list_without_some_of_its_losses_has_fewer_examples(change: str, offered: bool) -> None:
    script = LISTS.format(', reduction="sum"', "{}").replace("print", f"{change}\nprint")
    assert fixed(script.format("np.mean(losses)")) == (
        script.format("np.sum(losses) / len(loader.dataset)") if offered else None
    )


@pytest.mark.parametrize(
    ("first", "mean"),
    [("import statistics\nfrom torch import sum", "statistics.mean"), ("np = np if np else torch", "np.mean")],
)
def test_what_is_not_surely_a_sum_of_numbers_stays_a_mean(first: str, mean: str) -> None:
    """Of torch, `sum` takes no list."""
    assert fixed(f"{first}\n" + LISTS.format(', reduction="sum"', f"{mean}(losses)")) is None


def test_a_loader_that_drops_examples_says_nothing_of_their_number() -> None:
    other = "loader = DataLoader(dataset, batch_size=8, drop_last=True)\n"
    assert fixed(other + LISTS.format(', reduction="sum"', "sum(losses) / len(losses)")) is None


METER = """\
class Meter:
    def __init__(self):
        self.total, self.count = 0.0, 0

    def update(self, value, n=1):
        self.total += value
        self.count += n

meter = Meter()
for x, y in loader:
    meter.update({})
print(meter.total / meter.count)
"""


def test_a_meter_that_takes_the_number_first_stays() -> None:
    script = METER.replace("(self, value, n=1)", "(self, n, value)").format("len(y), F.mse_loss(model(x), y).item()")
    assert fixed(script) is None


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("F.mse_loss(model(x), y).item(), len(y)", "F.mse_loss(model(x), y).item() * len(y), len(y)"),
        ("F.mse_loss(model(x), y).item(), y.numel()", "F.mse_loss(model(x), y).item() * y.numel(), y.numel()"),
        ("F.mse_loss(model(x), y).item(), n=len(y)", None),
    ],
)
def test_a_meter_that_adds_up_means(before: str, after: str | None) -> None:
    assert fixed(METER.format(before)) == (None if after is None else METER.format(after))
