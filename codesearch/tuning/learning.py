"""Learns from questions with known answers: weights of the ranking, and an adapter of the query's vector; needs numpy.

Both are held close to what there is: the weights by a penalty that cross-validation chooses, the adapter by ridge
regression, whose map is shrunk towards the identity and kept to a low rank.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from codesearch.search.features import POSITIONS
from codesearch.store.tunings import Adapter

LEARNED = (
    "text", "names", "similarity", "cosine", "text_rank", "names_rank", "similarity_rank", "agreement", "worse_rank",
    "similarity_gap", "name_share", "file", "file_similarity", "file_nearest", "file_text", "file_coverage",
    "file_name", "coverage", "coverage_ratio", "coverage_name", "coverage_scope", "coverage_signature",
    "coverage_path", "coverage_body", "rerank_similarity", "rerank_cosine", "rerank_rank", "rerank_gap",
)  # fmt: skip
"""Features whose weights are learned. Left out is what depends on how questions are mined (what a symbol is, its
length and documentation: the right answer of a mined question has lost its own), and what only names have."""
PENALTIES = (0.1, 0.3, 1.0, 3.0)
"""Of the squared weights, in standard deviations: the one that predicts best is taken."""
STEPS = 200
_RATE = 0.03
RIDGE = 1.0
STEP = 0.3
"""How far a query is moved towards where the regression says."""
RANK = 16

Array = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Example:
    """The candidates for one question that the transformer has compared with it, and its vectors."""

    values: Array
    """(candidates, LEARNED)"""
    sums: Array
    """The sum of each with the weights as they are."""
    right: npt.NDArray[np.bool_]
    query: bytes
    answer: bytes | None
    """The vector of the first right answer, if it is one function."""
    file: str
    """Where that answer is."""


def values_of(features: Sequence[Sequence[float]]) -> Array:
    """Return the features that are learned of candidates, (candidates, LEARNED)."""
    positions = [POSITIONS[name] for name in LEARNED]
    return np.array([[one[at] for at in positions] for one in features], np.float64).reshape(-1, len(LEARNED))


def weights_of(examples: Sequence[Example]) -> dict[str, float]:
    """Return what to add to weights so that right answers become likelier; {} if nothing does that.

    How far they may move is decided by cross-validation: weights from one half of the files have to make the answers
    in the other half likelier.
    """
    used = [one for one in examples if one.right.any() and not one.right.all()]
    files = sorted({one.file for one in used})
    if len(files) < 2:
        return {}
    whole = _Batch.of(used)
    first = set(files[::2])
    halves = [_Batch.of([one for one in used if (one.file in first) is side], whole.spread) for side in (True, False)]
    best, least = 0.0, sum(half.loss(np.zeros(len(LEARNED))) for half in halves)
    for penalty in PENALTIES:
        loss = halves[1].loss(halves[0].fitted(penalty)) + halves[0].loss(halves[1].fitted(penalty))
        if loss < least:
            best, least = penalty, loss
    if not best:
        return {}
    weights = whole.fitted(best) / whole.spread
    return {name: round(float(one), 5) for name, one in zip(LEARNED, weights, strict=True)}


@dataclass(frozen=True, slots=True)
class _Batch:
    """Questions with their candidates, filled up to the same number of candidates."""

    values: Array
    """(questions, candidates, LEARNED), divided by `spread`."""
    sums: Array
    """(questions, candidates); those that fill up have no chance."""
    wanted: Array
    """(questions, candidates): shares of the right answers."""
    spread: Array
    """(LEARNED)"""

    @classmethod
    def of(cls, examples: Sequence[Example], spread: Array | None = None) -> _Batch:
        if spread is None:
            spread = np.concatenate([one.values for one in examples]).std(axis=0)
            spread[spread < 1e-4] = 1e6  # a feature that never differs here is left alone
        most = max((len(one.sums) for one in examples), default=1)
        values = np.zeros((len(examples), most, len(LEARNED)))
        sums, wanted = np.full((len(examples), most), -1e9), np.zeros((len(examples), most))
        for at, one in enumerate(examples):
            count = len(one.sums)
            values[at, :count], sums[at, :count] = one.values / spread, one.sums
            wanted[at, :count] = one.right / one.right.sum()
        return cls(values, sums, wanted, spread)

    def odds(self, weights: Array) -> Array:
        """Return the softmax over the candidates of each question."""
        totals = self.sums + self.values @ weights
        found = np.exp(totals - totals.max(axis=1, keepdims=True))
        return np.asarray(found / found.sum(axis=1, keepdims=True), np.float64)

    def loss(self, weights: Array) -> float:
        """Return how unlikely the right answers are: the sum over the questions."""
        return float(-np.log((self.odds(weights) * (self.wanted > 0)).sum(axis=1) + 1e-12).sum())

    def fitted(self, penalty: float) -> Array:
        """Return the weights that make the right answers likeliest, by Adam."""
        weights: Array = np.zeros(len(LEARNED))
        slow, fast = np.zeros_like(weights), np.zeros_like(weights)
        for step in range(1, STEPS + 1):
            error = (self.odds(weights) - self.wanted) / max(1, len(self.sums))
            gradient = penalty * weights + np.tensordot(error, self.values, 2)
            slow = 0.9 * slow + 0.1 * gradient
            fast = 0.99 * fast + 0.01 * gradient**2
            weights = weights - _RATE * (slow / (1 - 0.9**step)) / (np.sqrt(fast / (1 - 0.99**step)) + 1e-8)
        return weights


def adapter_of(examples: Sequence[Example]) -> Adapter | None:
    """Return a map that moves queries towards the vectors of their answers; None if nothing can be learned."""
    pairs = [(one.query, one.answer) for one in examples if one.answer and any(one.answer)]
    pairs = [(query, answer) for query, answer in pairs if len(query) == len(answer)]
    if not pairs:
        return None
    queries, answers = (_unit([pair[side] for pair in pairs]) for side in (0, 1))
    # The dual form: there are fewer questions than squares of dimensions.
    solved = np.linalg.solve(queries @ queries.T + RIDGE * np.eye(len(pairs)), answers - queries)
    left, size, right = np.linalg.svd(solved.T @ queries)
    rank = min(RANK, len(pairs))
    output, inputs = STEP * left[:, :rank] * size[:rank], right[:rank]
    return Adapter(_rounded(inputs), _rounded(output))


def _unit(vectors: Sequence[bytes]) -> Array:
    values = np.frombuffer(b"".join(vectors), np.int8).astype(np.float64).reshape(len(vectors), -1)
    lengths = np.linalg.norm(values, axis=1, keepdims=True)
    return np.asarray(values / np.where(lengths == 0, 1, lengths), np.float64)


def _rounded(values: Array) -> tuple[tuple[float, ...], ...]:
    return tuple(tuple(row) for row in np.round(values, 5).tolist())
