"""`lossflow rule CODE`: the documentation of a rule, or of all."""

from __future__ import annotations

import sys
from argparse import Namespace

from lossflow.commands.reporting import CLEAN
from lossflow.configuration.tables import suggestion
from lossflow.errors import UsageError
from lossflow.rendering import rule_markdown, rule_page
from lossflow.rules import RULES


def run(options: Namespace) -> int:
    """Print what the options name; raises UsageError for what is no rule."""
    if options.all == (options.code is not None):
        raise UsageError("`lossflow rule` takes the code of one rule, or `--all`.")
    chosen = [rule for rule in RULES if options.all or rule.code == options.code.upper()]
    if not chosen:
        hint = suggestion(options.code.upper(), [rule.code for rule in RULES])
        raise UsageError(f"there is no rule `{options.code}`.{hint}")
    forms = {"text": rule_page.text, "json": rule_page.json_text, "markdown": rule_markdown.text}
    sys.stdout.write(forms[options.output_format](chosen))
    return CLEAN
