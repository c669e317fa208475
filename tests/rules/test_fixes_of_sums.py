"""Where the mean is offered for a sum that is chosen in another way than by a literal, and where it can't be."""

from __future__ import annotations

import pytest

from lossflow.catalog import Catalog
from lossflow.catalog.entry import Loss
from lossflow.findings import Finding
from lossflow.interp import interpret
from lossflow.source import Source, apply_edits

from .traces import findings

HEAD = """\
import losses
import torch
import torch.nn.functional as F
from functools import partial
from torch import nn

model = nn.Linear(4, 1)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
dataset = torch.utils.data.TensorDataset(torch.randn(32, 4), torch.randn(32, 1))
loader = torch.utils.data.DataLoader(dataset, batch_size=8)
"""
LOOP = """\
for x, y in loader:
    optimizer.zero_grad()
    loss = {loss}
    loss.backward()
    optimizer.step()
"""
OWN = (
    Loss("", functional="losses.total_error", functional_params="input target reduction", default="sum"),
    Loss("", functional="losses.only_sum", functional_params="input target reduction", default="sum",
         reductions=("none", "sum")),
)  # fmt: skip


def found(script: str, code: str) -> list[Finding]:
    trace = interpret(Source("script.py", HEAD + script), catalog=Catalog.default().extended(OWN))
    return [each for each in findings(trace) if each.code == code]


def fixed(script: str, code: str = "LF101") -> str | None:
    """The script after the fix of its first finding; None where none is offered."""
    first = found(script, code)[0]
    return None if first.fix is None else apply_edits(HEAD + script, first.fix.edits).removeprefix(HEAD)


def averaged(script: str) -> str | None:
    """The script with a mean for its first sum; None where the objective is divided, or nothing is offered."""
    after = fixed(script)
    return None if after is None or "loss / " in after else after


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("F.mse_loss(model(x), y, False)", 'F.mse_loss(model(x), y, reduction="mean")'),
        ("F.mse_loss(model(x), y, size_average=False, reduce=True)", 'F.mse_loss(model(x), y, reduction="mean")'),
        (
            "F.mse_loss(model(x), y, size_average=False, reduction='none')",
            "F.mse_loss(model(x), y, reduction='mean')",
        ),
        ("F.kl_div(model(x), y, size_average=False)", 'F.kl_div(model(x), y, reduction="batchmean")'),
        ("F.mse_loss(model(x), y, **{'size_average': False})", None),
        ("F.mse_loss(model(x), y, **{'reduction': 'sum'})", "F.mse_loss(model(x), y, **{'reduction': 'mean'})"),
        ("F.mse_loss(model(x), y, **{'reduction': 'mean', **{'reduction': 'sum'}})", None),
        ("F.mse_loss(*(model(x), y), **{'reduction': 'sum'})", None),
        ("F.mse_loss(model(x), y, None, None, 'sum')", "F.mse_loss(model(x), y, None, None, 'mean')"),
        ("losses.total_error(model(x), y)", 'losses.total_error(model(x), y, reduction="mean")'),
        ("losses.only_sum(model(x), y)", None),
    ],
)
def test_the_mean_is_given_to_a_call(before: str, after: str | None) -> None:
    assert averaged(LOOP.format(loss=before)) == (None if after is None else LOOP.format(loss=after))


@pytest.mark.parametrize(
    ("before", "use", "after"),
    [
        ("HOW = 'sum'", "F.mse_loss(model(x), y, reduction=HOW)", "HOW = 'mean'"),
        ("HOW: str = 'sum'", "F.mse_loss(model(x), y, reduction=HOW)", "HOW: str = 'mean'"),
        ("HOW = 'sum'\nprint(HOW)", "F.mse_loss(model(x), y, reduction=HOW)", None),
        ("HOW = 'sum'\nHOW = 'sum'", "F.mse_loss(model(x), y, reduction=HOW)", None),
        ("HOW = AS = 'sum'", "F.mse_loss(model(x), y, reduction=HOW)", None),
        ("class Own:\n    HOW = 'sum'", "F.mse_loss(model(x), y, reduction=Own.HOW)", None),
        ("by = {'reduction': 'sum'}", "F.mse_loss(model(x), y, **by)", "by = {'reduction': 'mean'}"),
        ("by = dict(reduction='sum')", "F.mse_loss(model(x), y, **by)", "by = dict(reduction='mean')"),
        ("by = {'reduction': 'none'}\nby['reduction'] = 'sum'", "F.mse_loss(model(x), y, **by)", None),
        (
            "mse = partial(F.mse_loss, reduction='sum')", "mse(model(x), y)",
            "mse = partial(F.mse_loss, reduction='mean')",
        ),
        (
            "HOW = 'sum'\nmse = partial(F.mse_loss, reduction=HOW)", "mse(model(x), y)",
            "HOW = 'mean'\nmse = partial(F.mse_loss, reduction=HOW)",
        ),
        ("mse = partial(F.mse_loss, reduction='sum')\nprint(mse(x, y))", "mse(model(x), y)", None),
        ("make = partial(nn.MSELoss, reduction='sum')\nprint(make)", "make()(model(x), y)", None),
        ("make = partial(nn.MSELoss, size_average=False)", "make()(model(x), y)", None),
    ],
)  # fmt: skip
def test_a_literal_elsewhere_is_respelled_if_nothing_else_reads_it(before: str, use: str, after: str | None) -> None:
    loop = LOOP.format(loss=use)
    assert averaged(f"{before}\n{loop}") == (None if after is None else f"{after}\n{loop}")


def test_a_constant_of_an_evaluation_stays_what_it_is() -> None:
    evaluation = "with torch.no_grad():\n    print(F.mse_loss(model(x), y, reduction=HOW))\n"
    assert averaged("HOW = 'sum'\n" + LOOP.format(loss="F.mse_loss(model(x), y, reduction=HOW)") + evaluation) is None


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("F.mse_loss(model(x), y) * x.size(0)", "F.mse_loss(model(x), y)"),
        ("0.5 * len(x) * F.mse_loss(model(x), y)", None),
        ("F.mse_loss(model(x), y) * (len(x) * 2)", None),
        ("F.mse_loss(model(x), y) * len(x) * len(x)", None),
        (
            "(F.mse_loss(model(x), y) + F.l1_loss(model(x), y)) * len(x)",
            "F.mse_loss(model(x), y) + F.l1_loss(model(x), y)",
        ),
        ("F.mse_loss(model(x), y) * len(x) + unseen(x)", None),
    ],
)
def test_the_factor_of_a_mean_is_left_out(before: str, after: str | None) -> None:
    found = averaged(LOOP.format(loss=before))
    assert found == (None if after is None else LOOP.format(loss=after))


@pytest.mark.parametrize(("divisor", "offered"), [("loader.dataset", False), ("loader", True)])
def test_a_factor_that_an_average_relies_on_stays(divisor: str, offered: bool) -> None:
    loop = LOOP.format(loss="F.mse_loss(model(x), y) * x.size(0)")
    script = f"total = 0\n{loop}    total += loss.item()\nprint(total / len({divisor}))\n"
    assert (averaged(script) is not None) == offered


@pytest.mark.parametrize(
    ("code", "before", "after"),
    [
        ("LF101", 'F.mse_loss(model(x), y, reduction="sum")', 'F.mse_loss(model(x), y, reduction="mean")'),
        ("LF109", "F.mse_loss(model(x), y) / len(x)", "F.mse_loss(model(x), y)"),
    ],
)
def test_the_average_of_another_loss_does_not_matter(code: str, before: str, after: str) -> None:
    script = "total = 0\n{}    total += F.l1_loss(model(x), y).item()\nprint(total / len(loader))\n"
    assert fixed(script.format(LOOP.format(loss=before)), code) == script.format(LOOP.format(loss=after))


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("F.mse_loss(model(x), y) * (1 / len(x))", "F.mse_loss(model(x), y)"),
        ("F.mse_loss(model(x), y) * (2 / len(x))", None),
        ("F.mse_loss(model(x), y) / len(x)", "F.mse_loss(model(x), y)"),
        ("torch.div(F.mse_loss(model(x), y), len(x))", "F.mse_loss(model(x), y)"),
        ("1 / len(x) * (F.mse_loss(model(x), y) + 1)", "F.mse_loss(model(x), y) + 1"),
    ],
)
def test_a_second_division_is_left_out(before: str, after: str | None) -> None:
    assert fixed(LOOP.format(loss=before), "LF109") == (None if after is None else LOOP.format(loss=after))


def test_a_division_that_is_all_of_a_block_stays() -> None:
    block = "F.mse_loss(model(x), y)\n    with torch.enable_grad():\n        loss /= len(x)"
    assert fixed(LOOP.format(loss=block), "LF109") is None


MIXED = """\
def train(binary):
    criterion = nn.MSELoss(reduction="sum") if binary else nn.L1Loss(reduction="{how}")
    for x, y in loader:
        output = model(x)
        if binary:
            error = {first}
        else:
            error = {second}
        optimizer.zero_grad()
        loss = error + output.abs().mean()
        loss.backward()
        optimizer.step()


train({binary})
"""


@pytest.mark.parametrize(
    ("how", "first", "second", "after"),
    [
        ("sum", "criterion(output, y)", "3 * criterion(output, y)", "3 * criterion(output, y) / output.size(0)"),
        ("mean", "criterion(output, y)", "criterion(output, y)", None),
        ("sum", "criterion(output, y)", "criterion(output, y) + unseen(output)", None),
        ("sum", "criterion(output, y)", "criterion(output, y) + output.sum()", None),
        ("sum", "criterion(output, y)", "unseen(output, y)", None),
        ("sum", "criterion(output, y)", "torch.zeros(())", "torch.zeros(())"),
        ("sum", "(output - y).pow(2).sum()", "(output - y).abs().sum()", None),
    ],
)
def test_a_branch_that_is_not_taken_is_divided_alike(how: str, first: str, second: str, after: str | None) -> None:
    script = MIXED.format(how=how, first=first, second=second, binary=True)
    fix = fixed(script, "LF105")
    if after is None:
        assert fix is None
    else:
        assert fix == MIXED.format(how=how, first=f"{first} / output.size(0)", second=after, binary=True)


def test_a_branch_that_another_call_takes_is_not_divided_along() -> None:
    """What is analysed there is a mean."""
    script = MIXED.format(how="sum", first="{}", second="F.l1_loss(output, y)", binary=True) + "train(False)\n"
    after = script.format("criterion(output, y) / output.size(0)")
    assert fixed(script.format("criterion(output, y)"), "LF105") == after


def test_of_two_sums_of_which_one_is_followed_none_is_divided() -> None:
    """Divided alone, it would leave a loss that grows in one of the two cases, and is reported no more."""
    sums = ("(output - y).pow(2).sum()", "(output - y).abs().sum()")
    assert fixed(MIXED.format(how="sum", first=sums[0], second=sums[1], binary="unseen"), "LF105") is None


TWO = """\
def compare(output, y, squared):
    if squared:
        loss = {first}
    else:
        loss = {second}
    return loss


criterion = nn.MSELoss(reduction="sum")
other = nn.L1Loss(reduction="sum")
average = nn.L1Loss()
"""


@pytest.mark.parametrize(
    ("first", "second", "after"),
    [
        (
            'F.mse_loss(output, y, reduction="sum")', "F.l1_loss(output, y, size_average=False)",
            ('F.mse_loss(output, y, reduction="mean")', 'F.l1_loss(output, y, reduction="mean")'),
        ),
        (
            'F.mse_loss(output, y, reduction="sum")', "(output - y).abs().mean()",
            ('F.mse_loss(output, y, reduction="mean")', "(output - y).abs().mean()"),
        ),
        ('F.mse_loss(output, y, reduction="sum")', "(output - y).abs().sum()", None),
        ("(output - y).pow(2).sum()", "(output - y).abs().sum()", None),
        ("(output - y).pow(2).sum()", "(output - y).norm()", ("(output - y).pow(2).mean()", "(output - y).norm()")),
    ],
)  # fmt: skip
@pytest.mark.parametrize("squared", ["True", "unseen"])
def test_a_sum_in_another_branch_becomes_a_mean_too(
    first: str, second: str, after: tuple[str, str] | None, squared: str
) -> None:
    loop = LOOP.format(loss=f"compare(model(x), y, {squared})")
    fix = averaged(TWO.format(first=first, second=second) + loop)
    assert fix == (None if after is None else TWO.format(first=after[0], second=after[1]) + loop)


CHOSEN = """\
def compare(output, y, squared):
    loss = {} if squared else {}
    return loss


"""


@pytest.mark.parametrize("squared", ["True", "unseen"])
def test_a_sum_in_the_other_half_of_an_expression_is_a_second_place(squared: str) -> None:
    """The mean of the one alone would leave a loss that is a mean here and a sum there."""
    loop = LOOP.format(loss=f"compare(model(x), y, {squared})")
    halves = ("(output - y).pow(2).sum()", "(output - y).abs().{}()")
    for order in (halves, halves[::-1]):
        assert averaged(CHOSEN.format(*order).format("sum") + loop) is None
    one = CHOSEN.format(*halves).format("mean") + loop
    assert averaged(one) == one.replace("sum", "mean", 1)


EPOCH = """\
criterion = nn.MSELoss(reduction="sum")
average = nn.L1Loss()


def epoch(train):
    total = 0.0
    for x, y in loader:
        if train:
            loss = criterion(model(x), y)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        else:
            loss = {}(model(x), y)
        total += loss.item()
    return total / len(loader)


epoch(True)
epoch(False)
"""


@pytest.mark.parametrize("other", ["criterion", "average"])
def test_an_evaluation_in_another_branch_does_not_keep_a_criterion_from_its_mean(other: str) -> None:
    script = EPOCH.format(other)
    assert averaged(script) == script.replace('"sum"', '"mean"')


@pytest.mark.parametrize(("second", "offered"), [("other", False), ("average", True)])
def test_a_criterion_in_another_branch_that_sums_as_well_is_a_second_place(second: str, offered: bool) -> None:
    script = TWO.format(first="criterion(output, y)", second=f"{second}(output, y)")
    assert (averaged(script + LOOP.format(loss="compare(model(x), y, unseen)")) is not None) == offered


def test_where_the_mean_would_change_something_else_the_objective_is_divided() -> None:
    loop = LOOP.format(loss="F.mse_loss(model(x), y, reduction=HOW)")
    after = fixed(f"HOW = 'sum'\nprint(HOW)\n{loop}")
    assert after == f"HOW = 'sum'\nprint(HOW)\n{loop}".replace("loss.back", "(loss / x.size(0)).back")


ADDED = """\
for x, y in loader:
    optimizer.zero_grad()
    loss = 0
{loop}    loss.backward()
    optimizer.step()
"""


@pytest.mark.parametrize(
    ("loop", "divisor"),
    [
        ("    for a, b in zip(x, y):\n        loss += F.mse_loss(model(a), b)\n", "len(x)"),
        ("    for i, a in enumerate(x):\n        loss = loss + F.mse_loss(model(a), y[i])\n", "y.size(0)"),
        ("    z = model(x)\n    for _ in [0]:\n        loss += z.exp().sum() + z.abs().sum()\n", "z.size(0)"),
        ("    z = model(x)\n    loss += z.exp().sum() + z.abs().sum()\n", "z.size(0)"),
        ("    if unseen:\n        z = model(x)\n        loss += z.exp().sum() + z.abs().sum()\n", None),
        (
            "    if unseen:\n        for _ in [0]:\n            z = model(x)\n"
            "            loss += z.exp().sum() + z.abs().sum()\n",
            None,
        ),
    ],
)
def test_examples_that_are_added_up_are_counted_by_what_the_loop_goes_over(loop: str, divisor: str | None) -> None:
    script = ADDED.format(loop=loop)
    assert fixed(script) == (None if divisor is None else script.replace("loss.back", f"(loss / {divisor}).back"))


ONE = """\
for batch in losses.loader:
    optimizer.zero_grad()
    {before}
    loss = {loss} + model(batch).abs().sum()
    loss.backward()
    optimizer.step()
"""


@pytest.mark.parametrize(
    ("before", "loss", "offered"),
    [
        ("pass", "model(batch).pow(2).sum()", False),
        ("print(batch.keys())", "model(batch).pow(2).sum()", False),
        ("extra = losses.extra(batch)", "model(batch).pow(2).sum()", False),
        ("print(batch.shape)", "model(batch).pow(2).sum()", True),
        ("pass", "(model(batch) - batch).pow(2).sum()", True),
        ("pass", "model(torch.abs(batch)).pow(2).sum()", True),
        ("pass", 'F.mse_loss(model(batch), batch, reduction="sum")', True),
    ],
)
def test_a_batch_is_counted_where_the_code_takes_it_for_a_tensor(before: str, loss: str, offered: bool) -> None:
    """As far as its loader shows, it may be a dict of tensors too, whose `size` nobody knows."""
    script = ONE.format(before=before, loss=loss)
    assert fixed(script) == (script.replace("loss.back", "(loss / batch.size(0)).back") if offered else None)


SCALE, PENALTY = "scale = nn.Parameter(torch.ones(4))\n", "0.1 * scale.pow(2).sum()"


def test_an_objective_with_a_penalty_is_not_divided_as_a_whole() -> None:
    """The penalty has no part in the batch, and would be divided with it."""
    loop = LOOP.format(loss=f"F.mse_loss(model(x), y, reduction=HOW) + {PENALTY}")
    assert fixed(f"{SCALE}HOW = 'sum'\nprint(HOW)\n{loop}") is None
    by_hand = SCALE + LOOP.format(loss=f"(model(x) - y).pow(2).sum() + {PENALTY}")
    assert fixed(by_hand) == by_hand.replace("pow(2).sum() +", "pow(2).mean() +", 1)


def test_the_backward_of_another_loss_does_not_matter() -> None:
    loop = LOOP.format(loss="F.mse_loss(model(x), y, reduction=HOW)")
    loop = f"HOW = 'sum'\nprint(HOW)\n{loop}    F.l1_loss(model(x), y).backward()\n    optimizer.step()\n"
    assert fixed(loop) == loop.replace("loss.back", "(loss / x.size(0)).back", 1)


def test_a_sum_whose_reduction_another_caller_may_choose_is_not_divided() -> None:
    error = "def error(a, b, how):\n    return F.mse_loss(a, b, reduction=how)\n\n\n"
    assert fixed(error + LOOP.format(loss="error(model(x), y, 'sum') + F.mse_loss(model(x), y)"), "LF105") is None


@pytest.mark.parametrize(
    ("other", "offered"),
    [
        ("criterion(model(x), y) + losses.extra(model(x))", ""),
        ("criterion(model(x), y) + F.l1_loss(model(x), y, reduction='sum')", "Divide the objective by `x.size(0)`"),
        ("criterion(model(x), 2 * y)", 'Write `reduction="mean"`'),
    ],
)
def test_the_mean_suits_every_objective_of_a_criterion_in_any_order(other: str, offered: str) -> None:
    """Beside another sum, or what may be one, it would make a mixture of what is in balance."""
    loops = [LOOP.format(loss="criterion(model(x), y)"), LOOP.format(loss=other)]
    for first, second in (loops, loops[::-1]):
        finding = found(f'criterion = nn.MSELoss(reduction="sum")\n{first}{second}', "LF101")[0]
        assert (finding.fix is not None) == bool(offered)
        assert finding.fix is None or finding.fix.message.startswith(offered)
