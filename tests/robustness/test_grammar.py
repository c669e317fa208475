"""Programs from Python's own grammar, and from libcst's nodes: syntax that training code seldom has."""

from __future__ import annotations

import os

import hypothesmith
import pytest
from hypothesis import HealthCheck, given, settings

from .surviving import assert_survives

EXAMPLES = 25
SEARCHED = 2_000
"""Writing one takes much longer than its analysis."""


_SETTINGS = settings(
    max_examples=SEARCHED if os.environ.get("LOSSFLOW_SEARCH") else EXAMPLES,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
)


@pytest.mark.filterwarnings("ignore::SyntaxWarning")  # `1 is 2` is Python all the same
@pytest.mark.parametrize("written", [hypothesmith.from_grammar, hypothesmith.from_node])
def test_any_syntax_is_analysed(written) -> None:
    @_SETTINGS
    @given(written())
    def survives(program: str) -> None:
        assert_survives(f"import torch\n{program}\nloss.backward()\n")

    survives()
