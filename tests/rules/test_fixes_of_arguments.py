"""Where the fixes of written arguments are offered, and where the outcome would not be certain."""

from __future__ import annotations

import pytest

from lossflow.catalog import Catalog
from lossflow.findings import Finding, Safety
from lossflow.interp import interpret
from lossflow.source import Source, apply_edits

from .traces import findings

HEAD = """\
import torch
import torch.nn.functional as F
from torch import nn

x, y = torch.randn(4, 3), torch.randn(4, 3)
"""


def found(script: str, code: str) -> list[Finding]:
    trace = interpret(Source("script.py", HEAD + script), catalog=Catalog.default())
    return [each for each in findings(trace) if each.code == code]


def fixed(script: str, code: str) -> str | None:
    """The script after the fix of its first finding; None where none is offered."""
    first = found(script, code)[0]
    return None if first.fix is None else apply_edits(HEAD + script, first.fix.edits).removeprefix(HEAD)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("nn.MSELoss(size_average=False, **{})", None),
        ("nn.MSELoss(**{'size_average': False})", None),
        ("loss = nn.MSELoss\nloss(size_average=False)", "loss = nn.MSELoss\nloss(reduction=\"sum\")"),
        ("def make(cls):\n    return cls(size_average=False)\nmake(nn.MSELoss)", None),
        ("for cls in (nn.MSELoss, nn.L1Loss):\n    cls(size_average=False)", None),
        ("class Own:\n    kind = nn.MSELoss\n    def make(self):\n        return self.kind(size_average=False)", None),
        ("f'{F.mse_loss(x, y, size_average=False)}'", None),
        ("def f(nn, x=True):\n    return nn\nnn.MSELoss(size_average=False)", None),
        ("from functools import partial\nloss = partial(F.mse_loss, size_average=False)\nloss(x, y)", None),
        ("size_average = False\nnn.MSELoss(size_average=size_average, reduce=True)", None),
        ("size_average = False\nnn.MSELoss(size_average=size_average, reduction='none')", None),
        ("nn.MSELoss(size_average=False, reduce=1j)", None),
        (
            "try:\n    import apex\nexcept ImportError as error:\n    apex = error\nnn.MSELoss(size_average=False)",
            "try:\n    import apex\nexcept ImportError as error:\n    apex = error\nnn.MSELoss(reduction=\"sum\")",
        ),
        ("def f():\n    try: f()\n    except ValueError as nn: pass\nnn.MSELoss(size_average=False)", None),
        (
            "size_average = False\nnn.MSELoss(size_average=size_average, reduce=None)",
            "size_average = False\n"
            "nn.MSELoss(reduction=\"mean\" if size_average is None or size_average else \"sum\", reduce=None)",
        ),
        ("nn.MSELoss(size_average=False if x.dim() else True)", None),
        ("criterion = nn.MSELoss()\ncriterion.size_average = False", None),
        (
            "class Own(nn.MSELoss):\n    pass\nOwn(size_average=False)",
            "class Own(nn.MSELoss):\n    pass\nOwn(reduction=\"sum\")",
        ),
    ],
)  # fmt: skip
def test_legacy_arguments(before: str, after: str | None) -> None:
    assert fixed(before, "LF301") == after


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("nn.MSELoss(reduction=None)", None),
        ("nn.MSELoss(reduction='total')", None),
        ("nn.MSELoss(reduction='avg' if x.dim() else 'total')", None),
        ("nn.MSELoss(reduction='Sum' if x.dim() else 'none')", "nn.MSELoss(reduction='sum' if x.dim() else 'none')"),
        ("R = 'Sum'\nnn.MSELoss(reduction=R)", "R = 'sum'\nnn.MSELoss(reduction=R)"),
        ("R: str = 'Sum'\nnn.MSELoss(reduction=R)", "R: str = 'sum'\nnn.MSELoss(reduction=R)"),
        ("R = 'Sum'\nnn.MSELoss(reduction=R)\nprint(R)", None),
        ("R = 'Sum'\nnn.MSELoss(reduction=R)\nF.mse_loss(x, y, R)", None),
        ("R = Q = 'Sum'\nnn.MSELoss(reduction=R)", None),
        ("R = 'none'\nR = 'Sum'\nnn.MSELoss(reduction=R)", None),
        ("def make():\n    r = 'Sum'\n    return nn.MSELoss(reduction=r)", None),
        ("def make(r='none'):\n    return nn.MSELoss(reduction=r)\nmake('Sum')", None),
        ("c = nn.MSELoss()\nc.reduction = 'Sum'", "c = nn.MSELoss()\nc.reduction = 'sum'"),
        ("c = nn.MSELoss()\nd = c.reduction = 'Sum'", None),
    ],
)
def test_invalid_reductions(before: str, after: str | None) -> None:
    assert fixed(before, "LF302") == after


@pytest.mark.parametrize(
    ("arguments", "after"),
    [
        ("x, y", 'x, y, reduction="batchmean"'),
        ("x, y, reduction='mean'", "x, y, reduction='batchmean'"),
        ("*(x, y)", None),
        ("x, y, **{'log_target': True}", None),
        ("x, y, reduction=mean", None),
        ("x, y, size_average=True", None),
    ],
)
def test_means_of_divergences(arguments: str, after: str | None) -> None:
    script = 'mean = "mean"\ndef f(x, y):\n    return F.kl_div({}) + 0\n'
    text = script.format(arguments)
    assert fixed(text, "LF303") == (None if after is None else script.format(after))


def test_the_integers_of_torch_kl_div_have_no_batchmean() -> None:
    assert fixed("def f(x, y):\n    return torch.kl_div(x, y, 1) + 0\n", "LF303") is None


@pytest.mark.parametrize(
    ("before", "after", "safety"),
    [
        ("nn.MSELoss('mean')", "nn.MSELoss(reduction='mean')", Safety.SAFE),
        ("nn.MSELoss('batchmean')", "nn.MSELoss(reduction='mean')", Safety.SAFE),
        ("nn.MSELoss('sum')", "nn.MSELoss(reduction='sum')", Safety.UNSAFE),
        ("nn.CTCLoss('sum')", "nn.CTCLoss(reduction='sum')", Safety.SAFE),
        ("F.gaussian_nll_loss(x, y, y, 'mean')", "F.gaussian_nll_loss(x, y, y, reduction='mean')", Safety.UNSAFE),
        ("R = 'sum'\nnn.MSELoss(R)", "R = 'sum'\nnn.MSELoss(reduction=R)", Safety.UNSAFE),
        ("R = 'Sum'\nnn.MSELoss(R)", None, None),
        ("nn.MSELoss('sum', False)", None, None),
        ("nn.MSELoss('sum', reduction='sum')", None, None),
        ("nn.MSELoss('sum', None)", "nn.MSELoss(reduction='sum', reduce=None)", Safety.UNSAFE),
        ("F.mse_loss(*(x, y), 'sum')", None, None),
        ("nn.MSELoss('mean' if x.dim() else 'sum')", None, None),
    ],
)
def test_reductions_in_a_wrong_position(before: str, after: str | None, safety: Safety | None) -> None:
    assert fixed(before, "LF304") == after
    fix = found(before, "LF304")[0].fix
    assert (fix.safety if fix else None) == safety


@pytest.mark.parametrize(
    ("use", "offered"),
    [
        ("loss = {}\nloss.backward()", True),
        ("loss = {}\nloss.item()", True),
        ("loss = {}\nscaler.scale(loss)", True),
        ("loss = 0\nloss += {}", True),
        ("loss: torch.Tensor = {}\nprint(-loss)", True),
        ("best = {} < 3", True),
        ("({} if x.dim() else 0).backward()", True),
        ("def f():\n    return {}\nf().backward()", True),
        ("def f():\n    return {}\ndef g():\n    loss = f()\n    return loss\ng().backward()", True),
        ("criterion = {}", False),
        ("trainer.fit({})", False),
        ("criterion = {}\ntrainer.fit(criterion)", False),
        ("criterion = {}\ncriterion(x, y).backward()", False),
        ("criterion = {}\ncriterion.backward = 1\ncriterion(x)", False),
        ("losses = [{}]", False),
        ("print('%s' % {})", False),
        ("loss = {}\nprint(loss)", False),
        ("loss = {}\nloss = loss if x.dim() else loss", False),
        ("loss = {}\nloss = loss if x.dim() else 0\nloss.backward()", True),
        ("loss = {}\nloss.to('cpu')", False),
        ("def f():\n    return {}\nf()", False),
        ("def f():\n    return {}\nrun(f)\nf().backward()", False),
        ("def f():\n    loss = {}\ndef g(loss):\n    loss.backward()", False),
        ("class A:\n    def f(self):\n        return {}\nA().f().backward()", False),
    ],
)
def test_tensors_to_a_constructor_where_a_loss_was_meant(use: str, offered: bool) -> None:
    script = "pred, target = x, y\n" + use
    after = fixed(script.format("nn.MSELoss(pred, target)"), "LF305")
    assert after == (script.format("nn.MSELoss()(pred, target)") if offered else None)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("nn.L1Loss(x, y, reduction='sum')", "nn.L1Loss(reduction='sum')(x, y)"),
        ("nn.L1Loss(x, y, **{})", "nn.L1Loss(**{})(x, y)"),
        ("nn.L1Loss(x, y, None)", None),
        ("nn.L1Loss(x, y, reduction='sum' # why\n)", "nn.L1Loss(reduction='sum')(x, y # why\n)"),
        ("nn.TripletMarginLoss(x, y)", None),
    ],
)
def test_options_move_in_front_of_the_tensors(before: str, after: str | None) -> None:
    assert fixed(f"{before}.backward()", "LF305") == (None if after is None else f"{after}.backward()")
