"""Places in a source that libcst writes out differently from how it was read."""

from __future__ import annotations

from lossflow.catalog import Catalog
from lossflow.domain.trace import LossCall, OptimizerStep
from lossflow.interp import interpret
from lossflow.source import Source

SCRIPT = (
    "import torch\n\fmodel = torch.nn.Linear(3, 4)\n\f\n"
    '\fcriterion = torch.nn.MSELoss(reduction="sum")\n'
    "optimizer = torch.optim.SGD(model.parameters(), lr=0.01)\noptimizer.step()\n"
)


def test_a_form_feed_before_code_moves_no_place() -> None:
    trace = interpret(Source("feeds.py", SCRIPT), catalog=Catalog.default())
    (call,) = (event for event in trace.events if isinstance(event, LossCall))
    (step,) = (event for event in trace.events if isinstance(event, OptimizerStep))
    assert trace.text(call.site.place) == 'torch.nn.MSELoss(reduction="sum")'
    assert trace.text(step.site.place) == "optimizer.step()"
    assert step.optimizer.learning_rate_site is not None
    assert trace.text(step.optimizer.learning_rate_site.place) == "0.01"
