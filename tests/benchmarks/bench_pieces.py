"""The pieces of a run by themselves: `python -m pytest tests/benchmarks/bench_pieces.py`, with pytest-benchmark."""

from __future__ import annotations

from pathlib import Path

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from lossflow.caching import store
from lossflow.catalog.lookup import Catalog
from lossflow.checking import FileReport, analysed, forget, read_file
from lossflow.configuration.config import Config
from lossflow.interp.objects import modules
from lossflow.project import resolve
from lossflow.project.graph import Node
from lossflow.relevance import Relevance
from lossflow.source import Source
from tests.benchmarks.start_up import script

FILES = sorted((Path(__file__).parents[2] / "src").rglob("*.py"))


@pytest.fixture
def training() -> Source:
    return Source("train.py", script())


def test_parse_a_script_of_500_lines(benchmark: BenchmarkFixture, training: Source) -> None:
    benchmark(lambda: modules._parsed.__wrapped__(training.text))


def test_analyse_a_script_of_500_lines(benchmark: BenchmarkFixture, training: Source) -> None:
    assert benchmark(lambda: analysed(training, Config())).whole


def test_rule_out_what_does_not_matter(benchmark: BenchmarkFixture) -> None:
    sources = [read_file(path).source for path in FILES]

    def gate() -> int:
        relevance = Relevance(Catalog.default(), resolve)
        return sum(map(relevance.holds, sources))

    assert benchmark(gate) < len(sources)


def test_take_a_thousand_results_from_the_cache(benchmark: BenchmarkFixture, tmp_path: Path) -> None:
    for number in range(1000):
        (tmp_path / f"m{number}.py").write_text(f"import m{number // 2}\n")
    names = [str(tmp_path / f"m{number}.py") for number in range(1000)]
    led = [{f"m{number // 2}": names[number // 2]} if number else {} for number in range(1000)]
    seen = {name: Node(store.digest(name), imports) for name, imports in zip(names, led)}
    store.save(tmp_path / "x.cache", store.State().updated(map(FileReport, names), seen))

    def known() -> int:
        forget()
        return len(store.load(tmp_path / "x.cache").fresh(names))

    assert benchmark(known) == len(names)
