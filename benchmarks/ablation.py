#!/usr/bin/env python3
"""Measure what each signal finds alone, in pairs and all together, on the development suites.

    python benchmarks/ablation.py BENCH WORK --keep INDEXES --json OUT [--into docs/benchmarks.md]
    python benchmarks/ablation.py --show OUT

BENCH, WORK and the metrics are those of `development.py`. Three signals rank a repository: BM25 of the
full-text index, the static vectors, and the transformer's vectors. Each ranks the symbols of the index independently:
text those that contain a word of the query, the two models all of them, by cosine. Pairs, and all three, are combined
by reciprocal rank fusion: a symbol gets 1 / (60 + rank) from each signal that ranks it among its best 100. The 60 is
from the paper that proposed it, the 100 is the number of candidates that the product takes from a signal; neither was
tuned.
For comparison, *by scores* are sums of z-scores over the same candidates. The last three rankings are those of the
product. The hits of all rankings are folded as in the product.

Every symbol is embedded by both models before the first query: with the transformer that takes minutes. The indexes are
kept in INDEXES, so it is done once per model. Progress goes to stderr, the tables to stdout; `--json` writes the figure
of every query, `--show` prints the tables again from that, `--into` writes them into a document between
`<!-- ablation:begin -->` and `<!-- ablation:end -->`.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from development import Row, interval, judged, loaded, prepared

import codesearch
from codesearch import embed
from codesearch.core.errors import UsageError
from codesearch.index import Index
from codesearch.search import Query, parse, query_vector
from codesearch.search.candidates import ALL_FIELDS, BY_VECTOR, Candidate
from codesearch.search.features import NAMES, Features
from codesearch.search.rank import Ranked, fold, group_copies, sort_key
from codesearch.search.ranking import FAST
from codesearch.settings import Rerank
from codesearch.store import Store
from codesearch.store.match import any_word

SIGNALS = ("text", "static", "transformer")
TOGETHER = tuple(names for size in (2, 3) for names in combinations(SIGNALS, size))
BY_SCORES = ", by scores"
WITH_TRANSFORMER = "learned, with transformer"
LEARNED: dict[str, Rerank] = {
    "learned, fast": "none", WITH_TRANSFORMER: "fast", "learned, with cross-encoder": "full",
}  # fmt: skip
"""The product's rankings, by the setting `rerank`."""

CONSTANT = 60
"""The constant of reciprocal rank fusion, as proposed by Cormack, Clarke and Büttcher in 2009."""
FUSED = BY_VECTOR
HITS = 10
SUITES = {"docs": "MRR@10", "files": "NDCG@10"}

_LOOKED_AT = 10 * HITS
"""Ranks to fold first; nearly always, at least ten hits remain."""
_UNWEIGHED = Features(*(0.0,) * len(NAMES))
"""Folding does not depend on the features."""


@dataclass(slots=True)
class Repository:
    """All symbols of an index, and the data of each signal."""

    store: Store
    static: embed.Embedder
    transformer: embed.Embedder
    symbols: dict[int, Candidate]
    """The symbols by id, in the order that breaks ties."""
    places: dict[int, int]
    """The position of each id in that order."""
    vectors: npt.NDArray[np.float32]
    """The transformer's vectors, (symbols, dims), each row of length 1."""

    def scores(self, query: Query) -> dict[str, dict[int, float]]:
        """Return the scores of symbols by each signal; symbols without a score are left out."""
        every = len(self.symbols)
        matching = (
            self.store.text_candidates(match, ALL_FIELDS, every, query.where)
            if (match := any_word(*query.terms)) is not None
            else []
        )
        vector = query_vector(self.static, query)
        near = dict(self.store.vector_candidates(vector, every, query.where))  # exact for this number of candidates
        cosines = self.vectors @ _rows([self.transformer.quantised_query(query.text)])[0]
        return {
            "text": dict(matching),
            "static": near if any(vector) else {},
            "transformer": {id: score for id, score in zip(self.symbols, cosines.tolist(), strict=True) if id in near},
        }

    def order(self, scores: Mapping[int, float]) -> list[int]:
        """Return symbols, best first; ties are broken by path and line, as in the product."""
        return sorted(scores, key=lambda id: (-scores[id], self.places[id]))

    def hits(self, ranking: Sequence[int]) -> list[Row]:
        """Return the first ten hits of a ranking, with copies, overloads and containers folded."""
        kept: list[Ranked] = []
        for most in (_LOOKED_AT, len(ranking)):
            some = [self.symbols[id] for id in ranking[:most]]
            copies = group_copies(range(len(some)), some)
            kept = fold([Ranked(some[at], _UNWEIGHED, 0.0, FAST) for at in copies])
            if len(kept) >= HITS:
                break
        return [_row(one.candidate.symbol) for one in kept[:HITS]]

    def answers(self, query: Query) -> dict[str, list[Row]]:
        """Return the hits of each signal, of the pairs and of all three, by title, in the order of TITLES."""
        scores = self.scores(query)
        orders = {name: self.order(some) for name, some in scores.items()}
        found = {name: self.hits(order) for name, order in orders.items()}
        for names in TOGETHER:
            found[title(names)] = self.hits(self.order(reciprocal([orders[name] for name in names])))
        for names in TOGETHER:
            summed = standardised([(scores[name], orders[name]) for name in names])
            found[title(names) + BY_SCORES] = self.hits(self.order(summed))
        return found


def _rows(vectors: Sequence[bytes]) -> npt.NDArray[np.float32]:
    """Return int8 vectors as float32 rows of length 1."""
    rows = np.array([np.frombuffer(vector, np.int8) for vector in vectors], np.float32)
    return np.asarray(rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-9), np.float32)


def _row(symbol: codesearch.Symbol) -> Row:
    return {"path": symbol.path, "start_line": symbol.start_line, "end_line": symbol.end_line}


def title(names: Sequence[str]) -> str:
    """Return the name of a combination of signals in the tables."""
    return " + ".join(names) if len(names) < len(SIGNALS) else "all three"


TITLES = (*SIGNALS, *map(title, TOGETHER), *(title(names) + BY_SCORES for names in TOGETHER), *LEARNED)
"""The titles of all rankings, in the order of the tables."""


def reciprocal(orders: Iterable[Sequence[int]]) -> dict[int, float]:
    """Return the sum of 1 / (CONSTANT + rank) over the rankings that have a symbol among their first FUSED."""
    sums: dict[int, float] = defaultdict(float)
    for order in orders:
        for place, id in enumerate(order[:FUSED], 1):
            sums[id] += 1 / (CONSTANT + place)
    return sums


def standardised(signals: Iterable[tuple[Mapping[int, float], Sequence[int]]]) -> dict[int, float]:
    """Return the sums of z-scores of the symbols among the first FUSED of any ranking; a missing score counts 0.

    `signals` holds the scores and the ranking of each signal.
    """
    signals = list(signals)
    ids = list(dict.fromkeys(id for _, order in signals for id in order[:FUSED]))
    sums = np.zeros(len(ids))
    for scores, _ in signals:
        values = np.array([scores.get(id, 0.0) for id in ids])
        if values.any():
            sums += (values - values.mean()) / (values.std() or 1.0)
    return dict(zip(ids, sums.tolist(), strict=True))


def opened(index: Index) -> Repository:
    """Update an index, embed all of its symbols with both models, and return it.

    Sections of documents and settings are no candidates: the product, too, searches them apart from code.
    """
    index.update()
    report = index.embed_all()
    store = index.reader()
    if store is None or report.left or report.done < report.total:
        raise SystemExit(f"{index.root}: {report.total - report.done} of {report.total} symbols have no vector")
    static, transformer = embed.load(embed.STATIC), embed.load(index.settings.model)
    ids = [id for id, _ in store.vector_candidates(bytes(static.dims), report.total)]
    known = {item.symbol: item.vector for item in store.model_vectors(transformer.model_id).of_symbols(ids)}
    candidates = [
        Candidate(id, found.symbol, frozenset(found.roles.split()), 0.0, 0.0, 0.0, found.content)
        for id, found in store.symbols(ids).items()
    ]
    candidates.sort(key=lambda one: sort_key(0.0, one))
    symbols = {one.id: one for one in candidates}
    places = {id: place for place, id in enumerate(symbols)}
    return Repository(store, static, transformer, symbols, places, _rows([known[id] or b"" for id in symbols]))


def measure(folder: Path, work: Path, keep: Path) -> dict[str, Any]:
    """Return the models, the number of symbols, and `runs`: the figure of every query, by ranking."""
    bench = loaded(folder)
    runs: dict[str, list[Row]] = {name: [] for name in TITLES}
    found: dict[str, Any] = {"models": [], "symbols": 0, "repositories": 0, "runs": runs}
    for suite, repo, roots, tasks in prepared(bench, folder, work):
        db = str((keep / f"{suite}-{repo['name']}.db").absolute())
        # Without the user's cache: it changes no figure, and other benchmarks measure what it saves.
        indexes = {
            name: codesearch.open_index(roots[0], db=db, rerank=setting, cache=False)
            for name, setting in LEARNED.items()
        }
        repository = opened(indexes[WITH_TRANSFORMER])
        found["models"] = [repository.static.model_id, repository.transformer.model_id]
        found["symbols"] += len(repository.symbols)
        found["repositories"] += 1
        for task in tasks:
            for name, hits in asked(repository, indexes, task["query"].replace("\n", " ")).items():
                runs[name].append(judged(bench, suite, repo, roots, task, hits))
        for index in indexes.values():
            index.close()
        print(f"{suite} {repo['name']}: {len(repository.symbols):,} symbols, {len(tasks)} queries", file=sys.stderr)
    return found


def asked(repository: Repository, indexes: Mapping[str, Index], text: str) -> dict[str, list[Row]]:
    """Return the hits of every ranking."""
    try:
        answers = repository.answers(parse(text))
    except UsageError:  # only filters: there is nothing to rank
        return {name: [] for name in TITLES}
    for name, index in indexes.items():
        answer = index.query(text, limit=HITS)
        answers[name] = [_row(hit.symbol) for hit in answer]
        if answer.problem:
            raise SystemExit(answer.problem)
    return answers


def tables(found: Mapping[str, Any]) -> Iterator[str]:
    """Yield Markdown lines: every ranking, then the repositories and kinds of each suite."""
    runs: dict[str, list[Row]] = found["runs"]
    static, transformer = found["models"]
    yield (
        f"`{static}` and `{transformer}`, {found['symbols']:,} symbols in {found['repositories']} trees, all of them "
        "embedded by both."
    )
    suites = {suite: figure for suite, figure in SUITES.items() if of(runs[title(SIGNALS)], suite)}
    yield from _rankings(runs, suites)
    for suite, figure in suites.items():
        yield from _groups(runs, suite, figure)


def _rankings(runs: Mapping[str, list[Row]], suites: Mapping[str, str]) -> Iterator[str]:
    """Yield one line per ranking."""
    all_three = title(SIGNALS)
    yield "\n| signals |" + "".join(f" {suite}, {figure} | vs. all three |" for suite, figure in suites.items())
    yield "|---" * (1 + 2 * len(suites)) + "|"
    for name, rows in runs.items():
        cells = [name]
        for suite in suites:
            mean, low, high = interval(of(rows, suite))
            cells.append(f"{mean:.3f} ({low:.3f} to {high:.3f})")
            apart = interval(difference(of(rows, suite), of(runs[all_three], suite)))
            cells.append("" if name == all_three else "{:+.3f} ({:+.3f} to {:+.3f})".format(*apart))
        yield f"| {' | '.join(cells)} |"


def _groups(runs: Mapping[str, list[Row]], suite: str, figure: str) -> Iterator[str]:
    """Yield one line per kind and per repository of a suite."""
    shown = {name: of(rows, suite) for name, rows in runs.items() if not name.endswith(BY_SCORES)}
    first = shown[title(SIGNALS)]
    groups = [(by, value) for by in ("kind", "repo") for value in dict.fromkeys(row[by] for row in first)]
    yield f"\n| {suite}, {figure} | queries | {' | '.join(shown)} |"
    yield "|---" * (len(shown) + 2) + "|"
    for by, value in groups:
        some = [[row for row in rows if row[by] == value] for rows in shown.values()]
        if len(some[0]) == len(first):
            continue  # the only kind is all
        cells = ["{:.3f} ({:.2f} to {:.2f})".format(*interval(rows)) for rows in some]
        name = f"kind: {value}" if by == "kind" else value
        yield f"| {name} | {len(some[0])} | {' | '.join(cells)} |"


def of(rows: Sequence[Row], suite: str) -> list[Row]:
    """Return the rows of one suite."""
    return [row for row in rows if row["suite"] == suite]


def difference(rows: Sequence[Row], others: Sequence[Row]) -> list[Row]:
    """Return, per query, the difference between two runs."""
    return [{**row, "value": row["value"] - other["value"]} for row, other in zip(rows, others, strict=True)]


BEGIN, END = "<!-- ablation:begin -->", "<!-- ablation:end -->"


def put(document: Path, text: str) -> None:
    """Write the tables between the markers in a document."""
    before, begin, rest = document.read_text("utf-8").partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise SystemExit(f"{document}: there is no {BEGIN} ... {END}")
    document.write_text(f"{before}{BEGIN}\n{text}\n{END}{after}", "utf-8")


def main() -> None:
    """Measure, or show earlier measurements."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", type=Path, nargs="*", metavar="BENCH WORK")
    parser.add_argument("--keep", type=Path)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--show", type=Path)
    parser.add_argument("--into", type=Path)
    options = parser.parse_args()
    folders: list[Path] = options.folders
    if options.show is not None:
        found = json.loads(options.show.read_text("utf-8"))
    elif len(folders) != 2:
        parser.error("give BENCH and WORK, or --show OUT")
    elif options.keep is not None:
        options.keep.mkdir(parents=True, exist_ok=True)
        found = measure(folders[0], folders[1], options.keep)
    else:
        with tempfile.TemporaryDirectory() as keep:
            found = measure(folders[0], folders[1], Path(keep))
    if options.json is not None:
        options.json.write_text(json.dumps(found, indent=1), "utf-8")
    text = "\n".join(tables(found))
    print(text)
    if options.into is not None:
        put(options.into, text)


if __name__ == "__main__":
    main()
