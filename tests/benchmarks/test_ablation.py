"""The ablation on an invented suite: each signal ranks everything independently."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from codesearch.search import parse
from tests.support import models
from tests.support.models import FakeModel

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"

SUITES = """
import math

def repos(suite, data):
    for line in (data / suite / "repos.tsv").read_text().splitlines():
        name, language, root = line.split()
        yield {"name": name, "language": language, "root": root}

def ndcg(results, targets):
    found = [one["path"] for one in results]
    gains = [1 / math.log2(found.index(target) + 2) for target in targets if target in found]
    return sum(gains) / sum(1 / math.log2(place + 2) for place in range(len(targets)))
"""
"""The part of the suites' own program that the benchmark uses."""

TREE = {
    "money.py": """class Account:
    def withdraw(self, amount):
        self.balance = self.balance - amount

    def deposit(self, amount):
        self.balance = self.balance + amount
""",
    "copied.py": """def zebra_crossing(street):
    return street.stripes
""",
    "copy_of_it.py": """def zebra_crossing(street):
    return street.stripes
""",
    "notes.md": """# Weather

Clouds and how they are read.
""",
    "weather.py": """def forecast(clouds):
    return clouds.rain


def thunder(clouds):
    return clouds.lightning
""",
}
SYMBOLS = 11
"""Two methods, a class, four functions, and the rest of each file; sections of documents are not counted."""
TASKS: dict[str, list[dict[str, Any]]] = {
    "docs": [
        {"query": "take balance from an account", "path": "money.py", "start": 2},
        {"query": "zebra stripes of a street", "path": "copied.py", "start": 1},
    ],
    "files": [{"query": "lightning and rain", "relevant": ["weather.py"], "category": "semantic"}],
}


@pytest.fixture
def ablation(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    return import_module("ablation")


@pytest.fixture(autouse=True)
def nothing_stays() -> Iterator[None]:
    yield
    for name in ("ablation", "development"):
        sys.modules.pop(name, None)


@pytest.fixture
def transformer() -> Iterator[FakeModel]:
    """A model whose vectors only depend on the word thunder."""
    model = FakeModel("transformer", favourite="thunder")
    models.install(model)
    yield model
    models.uninstall()


@pytest.fixture
def suites(tmp_path: Path) -> tuple[Path, Path, Path]:
    """Return BENCH, WORK and the folder of the indexes."""
    bench, work, keep = tmp_path / "bench", tmp_path / "work", tmp_path / "keep"
    keep.mkdir()
    for suite in TASKS:
        (bench / suite).mkdir(parents=True)
        (bench / suite / "repos.tsv").write_text("town python .\nabsent python .\n")
        tree = work / suite / "town" / ("src" if suite == "docs" else ".")
        tree.mkdir(parents=True)
        for path, text in TREE.items():
            (tree / path).write_text(text)
    (bench / "bench.py").write_text(SUITES)
    (bench / "docs" / "town.jsonl").write_text("".join(json.dumps(task) + "\n" for task in TASKS["docs"]))
    (bench / "files" / "town.json").write_text(json.dumps(TASKS["files"]))
    return bench, work, keep


def test_every_ranking_answers_every_query(ablation, suites, transformer):
    found = ablation.measure(*suites)
    assert (found["symbols"], found["repositories"]) == (2 * SYMBOLS, 2)
    assert found["models"][0].startswith("static@") and found["models"][1] == transformer.model_id
    assert [*found["runs"]] == [
        "text", "static", "transformer", "text + static", "text + transformer", "static + transformer", "all three",
        "text + static, by scores", "text + transformer, by scores", "static + transformer, by scores",
        "all three, by scores", "learned, fast", "learned, with transformer", "learned, with cross-encoder",
    ]  # fmt: skip
    asked = [task["query"] for tasks in TASKS.values() for task in tasks]
    assert all([row["query"] for row in rows] == asked for rows in found["runs"].values())
    values = {name: [row["value"] for row in rows] for name, rows in found["runs"].items()}
    assert values["text"] == [1.0, 1.0, 1.0]
    assert values["learned, fast"] == [1.0, 1.0, 1.0]
    assert values["transformer"] != values["text"]

    made = len(transformer.documents)
    assert ablation.measure(*suites) == found
    assert len(transformer.documents) == made, "what is kept is not embedded again"


def test_a_signal_alone_ranks_all_symbols_that_it_can(ablation, suites, transformer):
    _, work, keep = suites
    with ablation.codesearch.open_index(work / "docs/town/src", db=str(keep / "x.db"), embed="lazy") as index:
        everything = ablation.opened(index)
        by = everything.scores(parse("thunder withdraw"))
        name = {id: candidate.symbol.name for id, candidate in everything.symbols.items()}
        assert {name[id] for id in by["text"]} == {"withdraw", "thunder", "Account", "weather"}, "what holds the words"
        assert len(by["static"]) == len(by["transformer"]) == SYMBOLS
        best = everything.order(by["transformer"])[0]
        assert name[best] == "thunder"
        exact = everything.store.cosines(
            transformer.quantised_query("thunder withdraw"),
            {
                item.symbol: item.vector
                for item in everything.store.model_vectors(transformer.model_id).of_symbols([best])
            },
        )
        assert by["transformer"][best] == pytest.approx(exact[best], abs=1e-5)
        assert len(everything.scores(parse("thunder name:with*"))["transformer"]) == 1, "filters hold for all"


def test_hits_are_folded_as_the_product_folds_them(ablation, suites, transformer):
    _, work, keep = suites
    with ablation.codesearch.open_index(work / "docs/town/src", db=str(keep / "x.db"), embed="lazy") as index:
        everything = ablation.opened(index)
        called = {(one.symbol.path, one.symbol.name): id for id, one in everything.symbols.items()}
        ranking = [
            called["money.py", "withdraw"],
            called["money.py", "Account"],
            called["copied.py", "zebra_crossing"],
            called["copy_of_it.py", "zebra_crossing"],
            called["money.py", "deposit"],
        ]
        hits = [(hit["path"], hit["start_line"]) for hit in everything.hits(ranking)]
    assert hits == [("money.py", 2), ("copied.py", 1), ("money.py", 5)]


def test_rankings_are_fused_by_their_places(ablation):
    sums = ablation.reciprocal([[1, 2, 3], [3, 1]])
    assert sums == pytest.approx({1: 1 / 61 + 1 / 62, 2: 1 / 62, 3: 1 / 63 + 1 / 61})
    long = [*range(1000)]
    assert len(ablation.reciprocal([long])) == ablation.FUSED


def test_scores_are_added_as_z_scores(ablation):
    first, second = {1: 4.0, 2: 2.0}, {2: 0.5, 3: 0.3, 1: 0.1}
    sums = ablation.standardised([(first, [1, 2]), (second, [2, 3, 1])])
    far = 1.5**0.5  # in deviations: 4 from the mean of 4, 2 and, where there is no score, 0
    assert sums == pytest.approx({1: far - far, 2: 0 + far, 3: -far + 0})
    assert ablation.standardised([({}, []), ({1: 1.0}, [1])]) == {1: 0.0}


def test_the_tables_say_what_was_measured(ablation, tmp_path):
    def row(suite: str, repo: str, value: float) -> dict[str, object]:
        return {"suite": suite, "repo": repo, "language": "c", "kind": suite, "query": "q", "value": value}

    runs = {
        "text": [row("docs", "a", 0.25), row("docs", "b", 0.75), row("files", "c", 1.0)],
        "all three": [row("docs", "a", 0.5), row("docs", "b", 1.0), row("files", "c", 0.5)],
        "all three, by scores": [row("docs", "a", 0.0), row("docs", "b", 0.0), row("files", "c", 0.0)],
    }
    found = {"models": ["static@1", "transformer@2"], "symbols": 1234, "repositories": 3, "runs": runs}
    lines = [*ablation.tables(found)]
    assert "| text | 0.500 (0.500 to 0.500) | -0.250 (-0.250 to -0.250) | " in "\n".join(lines)
    assert any(line.startswith("| all three, by scores | 0.000 ") for line in lines)
    assert "| a | 1 | 0.250 (0.25 to 0.25) | 0.500 (0.50 to 0.50) |" in lines
    assert "`static@1` and `transformer@2`, 1,234 symbols in 3 trees" in lines[0]

    document = tmp_path / "page.md"
    document.write_text(f"before\n{ablation.BEGIN}\nold\n{ablation.END}\nafter\n")
    ablation.put(document, "new")
    assert document.read_text() == f"before\n{ablation.BEGIN}\nnew\n{ablation.END}\nafter\n"
    (tmp_path / "other.md").write_text("no marks")
    with pytest.raises(SystemExit, match="ablation:begin"):
        ablation.put(tmp_path / "other.md", "new")
