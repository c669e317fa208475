"""The paths of losses as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterable

from lossflow.domain.exponent import Exponent
from lossflow.rendering.json_format import location
from lossflow.tracing import Driver, Path, Reason, Spot, Stage, TermPath, growth


def text(paths: Iterable[tuple[Path, tuple[str, ...]]]) -> str:
    """A list of paths, each with the codes of the findings about it."""
    return json.dumps([{**_path(path), "findings": list(codes)} for path, codes in paths], indent=2) + "\n"


def _path(path: Path) -> dict[str, object]:
    return {
        "message": path.words,
        **_place(path.spot),
        "case": path.case or None,
        "axes": path.axes,
        "terms": [_term(term) for term in path.terms],
        "scaling": _exponent(path.scaling),
        "gradient": _exponent(path.gradient),
        "optimizers": [_driver(driver) for driver in path.drivers],
        "verdict": path.verdict,
        "unknown": [_reason(reason) for reason in path.reasons],
    }


def _term(term: TermPath) -> dict[str, object]:
    return {
        "exponent": _exponent(term.exponent),
        "has_examples": not term.batchless,
        "stages": [_stage(stage) for stage in term.stages],
        "unknown": None if term.reason is None else _reason(term.reason),
    }


def _stage(stage: Stage) -> dict[str, object]:
    return {
        "message": stage.words,
        **_place(stage.spot),
        "factor": _exponent(stage.factor),
        "total": _exponent(stage.total),
    }


def _driver(driver: Driver) -> dict[str, object]:
    return {
        "message": driver.words,
        "place": None if driver.spot is None else _place(driver.spot),
        "learning_rate": _exponent(driver.learning_rate),
        "learning_rate_place": None if driver.learning_rate_spot is None else _place(driver.learning_rate_spot),
        "update": _exponent(driver.update),
    }


def _reason(reason: Reason) -> dict[str, object]:
    return {"message": reason.words, "place": None if reason.spot is None else _place(reason.spot)}


def _place(spot: Spot) -> dict[str, object]:
    return {
        "filename": spot.source.name,
        "cell": spot.start.cell,
        "location": location(spot.start),
        "end_location": location(spot.end),
    }


def _exponent(exponent: Exponent) -> dict[str, str | None]:
    """The ends of the interval as fractions; null for an open end."""
    return {
        "low": None if exponent.low is None else str(exponent.low),
        "high": None if exponent.high is None else str(exponent.high),
        "words": growth(exponent),
    }
