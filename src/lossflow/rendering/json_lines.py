"""The objects of the JSON format, each on a line of its own."""

from __future__ import annotations

import json
from collections.abc import Iterable

from lossflow.checking import FileReport
from lossflow.rendering.json_format import rows


def text(reports: Iterable[FileReport]) -> str:
    """A line a finding."""
    return "".join(json.dumps(row) + "\n" for row in rows(reports))
