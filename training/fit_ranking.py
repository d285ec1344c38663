"""Fit the ranking on mined queries of many kinds, cross-validated by repository.

    pip install numpy lightgbm
    PYTHONPATH=. python training/fit_ranking.py SUITE [--again] [--write]

SUITE is the output of benchmarks/mined.py, from repositories that no benchmark measures and no model was trained on.
Both trees of each repository are indexed (`src.db`, `bare.db` beside them), and the candidates of every query are
collected; for some queries of each kind, the transformer compares the best candidates of the current ranking with the
query. The result is kept in `candidates.pickle`; `--again` collects it again.

The ranking is a weighted sum of features plus small decision trees. The ranking with the transformer is the fast one,
scaled, plus the transformer's features and more trees. Both maximize the likelihood that a correct candidate comes
first (softmax over a query's candidates); KINDS has the weight of each kind of query per repository.

Prints the quality for every kind of query, each repository scored by a ranking fitted without it, beside simpler
rankings, and the calibration of the scores. `--write` fits on all repositories and writes
codesearch/search/ranking_model.py and docs/ranking.md with its diagram. Afterwards, update the examples in the
documentation with `CODESEARCH_UPDATE_DOCS=1 python -m pytest tests/test_docs.py`.
"""

from __future__ import annotations

import argparse
import math
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import lightgbm
import numpy as np
import numpy.typing as npt
import ranking_weights
from ranking_cases import Case, cases, compared
from ranking_weights import Bins, Fitted, Numbers, Table

from codesearch.search import boosted_trees
from codesearch.search.boosted_trees import Forest, Tree
from codesearch.search.features import CROSS_FEATURES, NAMES, QUERY_FEATURES, RERANK_FEATURES, query_features
from codesearch.search.rank import MAX_SAME_FILE, SAME_FILE

Array = npt.NDArray[np.float64]

KINDS = {
    "docs": 1.8, "web": 2.5, "keywords": 0.5, "question": 0.7, "name": 0.5, "half": 0.6, "error": 1.0, "commit": 1.2,
    "architecture": 1.0, "topic": 0.6, "symbol": 0.9,
}  # fmt: skip
"""Weight of each kind of query per tree. Web questions are in four of the trees only."""
FIXED = {"name_match": 36.0, "is_generated": -2.6}
"""Weights that mined queries cannot determine: an exact name must win; generated code is too rare among them."""
FOLDS = 4
STEPS = 120
RATE = 0.2
DECAY = 1e-3
SCALED = 10.0
"""Divisor of the fast ranking's sum: its weight is learned at a tenth of the rate of the others."""
COUNTED = 10
ORDERED = 60
"""Candidates that are folded and spread over files; the first COUNTED of the result count."""
GROWING = {
    "min_data_in_leaf": 200, "min_sum_hessian_in_leaf": 2, "max_bin": 63,
    "feature_fraction": 0.6, "lambda_l2": 1.0, "num_threads": 1, "verbose": -1, "seed": 7,
}  # fmt: skip
NEAR = 50
FAR = 15
"""Training rows per query: the NEAR best (by the features in GUESS, later by the weighted sum), and FAR of the others,
drawn at random."""
LEAST = 1e-9
"""No feature has a value nearer to zero, except zero."""
GUESS = ("text_rank", "names_rank", "similarity_rank", "rerank_rank")


class Stage(NamedTuple):
    """How a stage of the ranking is fitted: on top of the one before it, if there is one."""

    features: Sequence[str]
    """Those that get a weight here; the others have the one of the stage before. The trees use all features."""
    trees: int
    rate: float
    leaves: int
    """Maximum number of leaves of a tree."""


STAGES = {
    "FAST": Stage([name for name in NAMES if name not in (*RERANK_FEATURES, *CROSS_FEATURES)], 80, 0.15, 8),
    "RERANKED": Stage(RERANK_FEATURES, 60, 0.12, 8),
    "COMPARED": Stage(CROSS_FEATURES, 60, 0.05, 4),
}
TITLES = {"FAST": "fast ranking", "RERANKED": "with the transformer", "COMPARED": "with the cross-encoder"}
RIVALS = {
    "FAST": ("text", "cosine"), "RERANKED": ("text", "cosine", "rerank_cosine"), "COMPARED": ("cross_odds",),
}  # fmt: skip
"""Features whose order each stage is compared with."""


@dataclass(frozen=True, slots=True)
class Suite:
    """All cases, with the features of their candidates in one array."""

    cases: Sequence[Case]
    features: npt.NDArray[np.float32]
    starts: npt.NDArray[np.int64]
    """First row of each case, and the number of rows."""

    @classmethod
    def of(cls, some: Sequence[Case]) -> Suite:
        """Stack cases into one array."""
        sizes = [len(case.right) for case in some]
        return cls(some, np.vstack([case.features for case in some]), np.concatenate([[0], np.cumsum(sizes)]))

    def rows(self, at: int) -> slice:
        """Return the rows of a case's candidates."""
        return slice(int(self.starts[at]), int(self.starts[at + 1]))


@dataclass(frozen=True, slots=True)
class Lists:
    """Rows to learn from, one list per query."""

    rows: npt.NDArray[np.int64]
    starts: npt.NDArray[np.int64]
    sizes: npt.NDArray[np.int64]
    right: npt.NDArray[np.bool_]
    share: Array
    """Weight of the query of each row."""
    standing: Array
    """Log of the number of rows that each row represents: a few random ones represent all distant ones."""

    def gradient(self, sums: Array) -> tuple[Array, Array]:
        """Return the first derivative of the loss by each row's sum, and an approximation of the second."""
        sums = sums + self.standing
        exponent = np.exp(sums - np.repeat(np.maximum.reduceat(sums, self.starts), self.sizes))
        chance = exponent / np.repeat(np.add.reduceat(exponent, self.starts), self.sizes)
        of_right = np.add.reduceat(chance * self.right, self.starts)
        wanted = chance * self.right / np.repeat(np.maximum(of_right, 1e-12), self.sizes)
        return (chance - wanted) * self.share, np.maximum(chance * (1 - chance), 1e-4) * self.share


@dataclass(frozen=True, slots=True)
class Model:
    """A fitted ranking: its own sum plus, if there is one, `scale` times the ranking below it."""

    weights: Array
    """Weights of all NAMES, including those of `below`."""
    booster: lightgbm.Booster
    below: Model | None = None
    scale: float = 0.0

    def sums(self, features: npt.NDArray[np.float32]) -> Array:
        """Return the sums that order candidates."""
        return np.asarray(features @ self.weights + self.grown(features), dtype=np.float64)

    def grown(self, features: npt.NDArray[np.float32]) -> Array:
        """Return the contribution of the trees."""
        own = np.asarray(self.booster.predict(features, raw_score=True, num_threads=1), dtype=np.float64)
        return own + self.scale * self.below.grown(features) if self.below else own

    def trees(self) -> tuple[Tree, ...]:
        """Return its own trees as they are written to the package."""
        return tuple(_tree(one["tree_structure"])[0] for one in self.booster.dump_model()["tree_info"])

    def all_trees(self) -> tuple[tuple[float, Forest], ...]:
        """Return (factor, trees) of this ranking and of those below it."""
        below = self.below.all_trees() if self.below else ()
        return (*((self.scale * factor, forest) for factor, forest in below), (1.0, Forest(self.trees())))


def _tree(node: dict[str, Any]) -> tuple[Tree, int]:
    """Return a tree of LightGBM as a `Tree`, and the number of rows it was fitted on."""
    if "leaf_value" in node:
        return round(node["leaf_value"], 4), node.get("leaf_count", 1)
    (low, fewer), (high, more) = _tree(node["left_child"]), _tree(node["right_child"])
    mean = (_mean(low) * fewer + _mean(high) * more) / (fewer + more)
    return (NAMES[node["split_feature"]], _limit(node["threshold"]), round(mean, 4), low, high), fewer + more


def _limit(threshold: float) -> float:
    """Return a threshold with as many digits as it takes to part any two numbers of 32 bits, which the features are.

    LightGBM separates zero from other values by 1e-35 and -1e-35.
    """
    if abs(threshold) > LEAST:
        return float(f"{threshold:.9g}")
    return 0.0 if threshold >= 0 else -LEAST


def _mean(tree: Tree) -> float:
    return tree[2] if isinstance(tree, tuple) else tree


def ordered(case: Case, sums: Array) -> tuple[list[int], Array]:
    """Return the first candidates in the order of rank.rank, with copies folded, and the sums that decided it."""
    sums = sums.copy()
    kept: list[int] = []
    copies: set[int] = set()
    seen: Counter[int] = Counter()
    for at in np.argsort(-sums, kind="stable")[:ORDERED]:
        if (content := int(case.contents[at])) in copies:
            continue
        copies.add(content)
        kept.append(int(at))
        file = int(case.files[at])
        sums[at] -= SAME_FILE * min(seen[file], MAX_SAME_FILE)
        seen[file] += 1
    return sorted(kept, key=lambda at: -sums[at])[:COUNTED], sums


def quality(case: Case, sums: Array) -> float:
    """Return NDCG@10 if the answers are files, else the reciprocal rank of the function, 0 beyond rank 10."""
    order, _ = ordered(case, sums)
    if not case.by_file:
        return next((1 / place for place, at in enumerate(order, 1) if case.right[at] >= 0), 0.0)
    found: set[int] = set()
    gain = 0.0
    for place, at in enumerate(order, 1):
        if (answer := int(case.right[at])) >= 0 and answer not in found:
            found.add(answer)
            gain += 1 / math.log2(place + 1)
    return gain / sum(1 / math.log2(place + 1) for place in range(1, min(COUNTED, case.answers) + 1))


def lists(suite: Suite, some: Sequence[int], best: Array) -> Lists:
    """Return the training rows of cases with a correct candidate: that one, the best by `best`, and random others."""
    usable = [at for at in some if (suite.cases[at].right >= 0).any()]
    count = Counter((suite.cases[at].repository, suite.cases[at].kind) for at in usable)
    chance = np.random.default_rng(7)
    rows, right, standing = [], [], []
    for at in usable:
        where, is_right = suite.rows(at), suite.cases[at].right >= 0
        chosen = np.arange(len(is_right))
        stands = np.zeros(len(chosen))
        if len(chosen) > NEAR:
            order = np.argsort(-best[where])
            lot = chance.choice(order[NEAR:], min(FAR, len(order) - NEAR), replace=False)
            stands[lot] = np.log(max(1.0, (len(order) - NEAR) / FAR))
            stands[is_right] = 0.0
            chosen = np.unique(np.concatenate([order[:NEAR], lot, np.flatnonzero(is_right)]))
        rows.append(chosen + where.start)
        right.append(is_right[chosen])
        standing.append(stands[chosen])
    sizes = np.array([len(one) for one in rows])
    share = np.array([KINDS[suite.cases[at].kind] / count[suite.cases[at].repository, suite.cases[at].kind]
                      for at in usable])  # fmt: skip
    starts = np.concatenate([[0], np.cumsum(sizes)[:-1]])
    shares = np.repeat(share / share.mean(), sizes)
    return Lists(np.concatenate(rows), starts, sizes, np.concatenate(right), shares, np.concatenate(standing))


def weigh(suite: Suite, some: Sequence[int], names: Sequence[str], below: Model | None) -> tuple[Array, float]:
    """Return the weights (of all NAMES) with the least loss, by Adam, and the scale of the ranking below.

    Features that are not in `names` have weight 0, or their weight in the ranking below.
    """
    of = lists(suite, some, suite.features[:, [NAMES.index(name) for name in GUESS]].sum(axis=1))
    features = suite.features[of.rows]
    if below:
        # One more column; its weight starts at 1.
        features = np.column_stack([features, below.sums(features) / SCALED]).astype(np.float32)
    free = np.array(
        [name in names and name not in FIXED and name not in QUERY_FEATURES for name in NAMES], dtype=np.float64
    )
    weights = np.array([FIXED.get(name, 0.0) for name in NAMES])
    if below:
        free, weights = np.append(free, 1.0), np.append(np.zeros_like(weights), SCALED)
    began = weights
    first, second = np.zeros_like(weights), np.zeros_like(weights)
    for step in range(1, STEPS + 1):
        slope, _ = of.gradient((features @ weights.astype(np.float32)).astype(np.float64))
        gradient = (features.T @ (slope / len(of.sizes)).astype(np.float32) + DECAY * (weights - began)) * free
        first = 0.9 * first + 0.1 * gradient
        second = 0.99 * second + 0.01 * gradient**2
        rate = RATE * min(1.0, 2 * (1 - step / STEPS) + 0.05)
        weights = weights - rate * (first / (1 - 0.9**step)) / (np.sqrt(second / (1 - 0.99**step)) + 1e-8)
    if below is None:
        return weights, 0.0
    scale = float(weights[-1]) / SCALED
    return weights[:-1] + scale * below.weights, scale


def fit(suite: Suite, some: Sequence[int], stage: Stage, below: Model | None = None) -> Model:
    """Fit weights and trees on some cases: for the fast ranking, or for the stage above `below`."""
    weights, scale = weigh(suite, some, stage.features, below)
    base = suite.features @ weights
    if below:
        base = base + scale * below.grown(suite.features)
    of = lists(suite, some, base)
    known = base[of.rows].astype(np.float64)
    features = suite.features[of.rows]
    data = lightgbm.Dataset(features, label=of.right.astype(np.float64), feature_name=list(NAMES))
    objective = {"objective": lambda grown, _: of.gradient(known + grown)}
    shape = {"learning_rate": stage.rate, "num_leaves": stage.leaves}
    return Model(weights, lightgbm.train(GROWING | objective | shape, data, stage.trees), below, scale)


def calibrate(sums: Array, right: npt.NDArray[np.bool_]) -> tuple[float, float]:
    """Return slope and intercept of a logistic regression of correctness on the sum, by Newton's method."""
    design = np.column_stack([sums, np.ones_like(sums)])
    theta = np.zeros(2)
    for _ in range(50):
        chance = 1 / (1 + np.exp(-design @ theta))
        hessian = design.T @ (design * (chance * (1 - chance))[:, None]) + 1e-9 * np.eye(2)
        theta += np.linalg.solve(hessian, design.T @ (right - chance))
    return float(theta[0]), float(theta[1])


def reliability(score: Array, right: npt.NDArray[np.bool_], bins: int = 10) -> tuple[float, Bins]:
    """Return the expected calibration error, and its bins."""
    where = np.minimum((score * bins).astype(int), bins - 1)
    rows = [(score[where == b].mean(), right[where == b].mean(), int((where == b).sum())) for b in sorted(set(where))]
    return sum(abs(a - b) * n for a, b, n in rows) / len(score), rows


def by_kind(suite: Suite, values: Sequence[float]) -> dict[str, float]:
    """Return the mean per kind over repositories."""
    found: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    for case, value in zip(suite.cases, values, strict=True):
        found[case.kind][case.repository].append(value)
    return {kind: float(np.mean([np.mean(one) for one in found[kind].values()])) for kind in KINDS if kind in found}


@dataclass(frozen=True, slots=True)
class HeldOut:
    """The sums of a suite's rows, each from a ranking fitted without the row's repository."""

    weighed: Array
    """From the weights alone."""
    summed: Array
    scored: Array
    """Sums with the trees relative to their mean for the query, as in search.rank."""
    models: tuple[Model, ...]


def held_out(suite: Suite, repositories: Sequence[str], stage: Stage, below: Sequence[Model] = ()) -> HeldOut:
    """Fit one ranking per fold, without the fold's repositories, above the ranking of that fold in `below`."""
    models = []
    for fold in range(FOLDS):
        out = set(repositories[fold::FOLDS])
        ins = [at for at, case in enumerate(suite.cases) if case.repository not in out]
        models.append(fit(suite, ins, stage, below[fold] if below else None))
    return sums_of(suite, repositories, models)


def sums_of(suite: Suite, repositories: Sequence[str], models: Sequence[Model]) -> HeldOut:
    """Return the sums by one ranking per fold."""
    weighed, summed, scored = (np.zeros(len(suite.features)) for _ in range(3))
    for fold, model in enumerate(models):
        out = set(repositories[fold::FOLDS])
        grown = model.all_trees()
        for at, case in enumerate(suite.cases):
            if case.repository in out:
                where = suite.rows(at)
                weighed[where] = case.features @ model.weights
                summed[where] = model.sums(case.features)
                scored[where] = summed[where] - middle(grown, case.features[0])
    return HeldOut(weighed, summed, scored, tuple(models))


def middle(grown: Sequence[tuple[float, Forest]], features: npt.NDArray[np.float32]) -> float:
    """Return the mean contribution of trees if only the query's features are known."""
    return boosted_trees.middle_of(grown, query_features(features.tolist()))


def check(model: Model, suite: Suite) -> None:
    """Check that the written trees equal the fitted ones. Raises AssertionError if they do not."""
    some = suite.features[:: max(1, len(suite.features) // 2000)]
    some = some[:200]
    columns = dict(zip(NAMES, some.T.tolist(), strict=True))
    ours = boosted_trees.totals_of(model.all_trees(), columns, len(some))
    theirs = model.grown(some)
    assert np.mean(np.abs(np.array(ours) - theirs) < 0.01) > 0.98, "the trees as written differ"


def report(title: str, suite: Suite, of: HeldOut, rivals: Mapping[str, Array]) -> Table:
    """Return and print the quality of rankings fitted on other repositories, beside other sums."""
    columns = {"held out": of.summed, "without trees": of.weighed, **rivals}
    cells = {
        column: by_kind(suite, [quality(case, sums[suite.rows(at)]) for at, case in enumerate(suite.cases)])
        for column, sums in columns.items()
    }
    cells["among candidates"] = by_kind(suite, [float((case.right >= 0).any()) for case in suite.cases])
    sums, right = [], []
    for at, case in enumerate(suite.cases):
        if not case.named:  # an exact name is always correct
            order, values = ordered(case, of.scored[suite.rows(at)])
            sums.append(values[order])
            right.append(case.right[order] >= 0)
    total, hits = np.concatenate(sums), np.concatenate(right)
    slope, intercept = calibrate(total, hits)
    error, bins = reliability(1 / (1 + np.exp(-(slope * total + intercept))), hits)
    found = Table(title, Counter(case.kind for case in suite.cases), cells, (slope, intercept), error, bins)
    print(found.markdown(), flush=True)
    print(f"calibration {slope:.3f} {intercept:.3f}: expected error {error:.4f}", flush=True)
    return found


def numbers(model: Model, table: Table) -> Numbers:
    """Return a fitted ranking's numbers for the generated module."""
    weights = dict(zip(NAMES, model.weights.tolist(), strict=True))
    return Numbers(weights, table.calibration, model.trees(), model.scale if model.below else None)


def main() -> None:
    """Fit and report."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("suite", type=Path)
    parser.add_argument("--again", action="store_true", help="gather all candidates again")
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    found = (*cases(options.suite, options.again), compared(options.suite, options.again))
    suites = dict(zip(STAGES, map(Suite.of, found), strict=True))
    repositories = sorted({case.repository for case in suites["FAST"].cases})
    models: tuple[Model, ...] = ()
    tables = {}
    for which, stage in STAGES.items():
        suite = suites[which]
        rivals = {name: suite.features[:, NAMES.index(name)].astype(np.float64) for name in RIVALS[which]}
        if which == "COMPARED":
            rivals["without the cross-encoder"] = sums_of(suite, repositories, models).summed
        result = held_out(suite, repositories, stage, models)
        models = result.models
        tables[which] = report(TITLES[which], suite, result, rivals)
    if options.write:
        fitted: dict[str, Fitted] = {}
        below = None
        for which, stage in STAGES.items():
            below = fit(suites[which], range(len(suites[which].cases)), stage, below)
            check(below, suites[which])
            fitted[which] = Fitted(numbers(below, tables[which]), tables[which])
        ranking_weights.write(fitted, len(repositories))


if __name__ == "__main__":
    main()
