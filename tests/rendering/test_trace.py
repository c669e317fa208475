"""The formats of `lossflow trace`, each read back by what reads it in real life."""

from __future__ import annotations

import json
import sys
from functools import cache
from pathlib import Path

import pytest

from lossflow.checking import findings, traced
from lossflow.configuration.config import Config
from lossflow.notebook import read
from lossflow.rendering import trace_json, trace_mermaid, trace_tree
from lossflow.source import Source
from lossflow.tracing import Path as LossPath
from lossflow.tracing import paths

from ..fixtures_harness.markers import NOTEBOOK_FIXTURES, RULE_FIXTURES
from ..programs import SUMMED

VAE = """\
import torch
import torch.nn.functional as F
from torch import nn

model = nn.Linear(4, 4)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for x, y in loader:
    outputs = model(x)
    fit = F.mse_loss(outputs, y, reduction="sum") / x.size(0)
    loss = fit + 0.5 * torch.sum(outputs.pow(2))
    loss.backward()
    optimizer.step()
"""


def found(source: Source) -> list[tuple[LossPath, tuple[str, ...]]]:
    return [(path, ()) for path in paths(traced(source, Config()))]


def test_the_tree_of_a_mixture() -> None:
    source = Source("vae.py", VAE)
    trace = traced(source, Config())
    codes = tuple(finding.code for finding in findings(trace, Config()))
    assert (
        trace_tree.text([(path, codes) for path in paths(trace)], colour=False, width=None)
        == """\
The objective reaches backward on line 11  vae.py:11:5  loss.backward()
├── objective: scalar, gradients ~ B^0 to B^1
│   ├── term 1 ~ B^0
│   │   ├── `F.mse_loss` is computed, with `reduction="sum"`  9:11  F.mse_loss(outputs, y, reduction="sum")  -> B^1
│   │   ├── divided by what goes as B^1  9:11  F.mse_loss(outputs, y, reduction="sum") / x.size(0)  -> B^0
│   │   └── added to other terms  10:12  fit + 0.5 * torch.sum(outputs.pow(2))
│   └── term 2 ~ B^1
│       ├── summed over the batch  10:24  torch.sum(outputs.pow(2))  -> B^1
│       ├── multiplied by 0.5  10:18  0.5 * torch.sum(outputs.pow(2))
│       └── added to other terms  10:12  fit + 0.5 * torch.sum(outputs.pow(2))
├── SGD: its step is proportional to the gradient  6:13  torch.optim.SGD(model.parameters(), lr=0.1)
│   └── learning rate ~ B^0  6:52  0.1
└── the balance of the terms depends on the batch size: one grows as B^1, another as B^0  (LF105)

"""
    )


def test_a_narrow_terminal_folds_the_tree() -> None:
    text = trace_tree.text(found(Source("train.py", SUMMED)), colour=False, width=60)
    assert max(map(len, text.splitlines())) <= 60


def test_colours() -> None:
    assert "\x1b[" in trace_tree.text(found(Source("train.py", SUMMED)), colour=True, width=None)


def test_a_file_commands_no_terminal() -> None:
    source = Source("train.py", SUMMED.replace('"sum"', '"su" "m"').replace("lr=0.01", "lr=0.01 if '\x1b[31m' else 1"))
    assert "\x1b" not in trace_tree.text(found(source), colour=False, width=None)


def test_the_json_of_a_sum() -> None:
    (path,) = json.loads(trace_json.text([(each, ("LF101",)) for each, _ in found(Source("train.py", SUMMED))]))
    (term,) = path["terms"]
    assert [(stage["location"], stage["total"]["high"]) for stage in term["stages"]] == [
        ({"row": 5, "column": 13}, "0"),
        ({"row": 10, "column": 5}, "1"),
    ]
    assert path["findings"] == ["LF101"]
    assert path["optimizers"][0]["update"] == {"low": "1", "high": "1", "words": "B^1"}
    assert (path["verdict"], path["unknown"]) == ("update ~ B^1", [])


def test_json_of_what_is_not_known_has_open_ends() -> None:
    source = Source("train.py", SUMMED.replace("criterion(model(inputs), targets)", "unseen(model(inputs))"))
    (path,) = json.loads(trace_json.text(found(source)))
    assert path["gradient"] == {"low": None, "high": None, "words": "an unknown power of B"}
    assert path["unknown"][0]["place"]["location"] == {"row": 10, "column": 5}


@cache
def files() -> tuple[Path, ...]:
    return (*sorted(RULE_FIXTURES.glob("*/*.py")), *sorted(NOTEBOOK_FIXTURES.glob("*.ipynb")))


@pytest.mark.parametrize("file", files(), ids=lambda file: f"{file.parent.name}/{file.stem}")
def test_every_fixture_can_be_shown_in_every_format(file: Path) -> None:
    shown = found(read(str(file), file.read_bytes()))
    assert len(json.loads(trace_json.text(shown))) == len(shown)
    assert trace_tree.text(shown, colour=True, width=80).count("eaches backward") >= sum(
        "reaches backward" in path.words for path, _ in shown
    )
    assert trace_mermaid.text(shown).count("subgraph ") == len(shown)


@pytest.mark.skipif(sys.version_info < (3, 11), reason="Mermaid's parser has no release for Python 3.10")
def test_mermaid_reads_the_flowchart() -> None:
    """What Mermaid's own parser makes of it; `html` is what a browser shows."""
    from mermaid_parser import MermaidParser  # it starts a JavaScript engine

    hostile = VAE.replace("0.5 *", "{'\"]; <b>#amp;`%% --> |': 0.5}['\"]; <b>#amp;`%% --> |'] *")
    shown = found(Source("vae.py", hostile))
    graph = MermaidParser().parse(trace_mermaid.text(shown))["graph_data"]
    labels = {name: vertex["text"] for name, vertex in graph["vertices"].items()}
    stages = [stage for path, _ in shown for term in path.terms for stage in term.stages]
    assert len(labels) == len(stages) + 3  # the backward, the optimizer and the verdict
    assert len(graph["edges"]) == len(stages) + 2
    assert {edge["text"] for edge in graph["edges"] if edge.get("text")} == {"B^0", "B^1"}
    assert any("summed over the batch" in label for label in labels.values())
    assert not any("<b>" in label for label in labels.values())
