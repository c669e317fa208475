"""What libcst parses, and the Python that runs lossflow doesn't yet: its mistakes are told, and none is fixed."""

from __future__ import annotations

import pytest

from lossflow.catalog import Catalog
from lossflow.interp import interpret
from lossflow.rules import RULES, Rule
from lossflow.rules.documentation import documentation
from lossflow.rules.fixes import places
from lossflow.source import Source

from .traces import findings


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.code)
def test_without_a_syntax_tree_no_rule_offers_a_fix(rule: type[Rule], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(places, "syntax_of", lambda source: None)
    trace = interpret(Source("example.py", documentation(rule).bad), catalog=Catalog.default())
    found = [each for each in findings(trace) if each.code == rule.code]
    assert found
    assert all(each.fix is None for each in found)
