"""Judges what was learned on questions about files that it was not learned from; needs numpy."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import TypeVar

import numpy as np

from codesearch.quality.metrics import RESAMPLED, Interval
from codesearch.search import tuned
from codesearch.search.rank import Weigher
from codesearch.store import Store
from codesearch.store.tunings import Adapter, Tuning
from codesearch.tuning.asking import Asked, answered, example, reciprocal, refined
from codesearch.tuning.learning import Example, adapter_of, weights_of
from codesearch.tuning.questions import NAMES

_T = TypeVar("_T")

FOLDS = 5
"""Parts of the files; each is held out once."""
FEWEST = 60
"""Number of questions with an answer among the candidates below which nothing is learned."""
FEWEST_FILES = 10
WORSE = 0.02
"""How much MRR@10 a kind of question may lose: with some dozens of each kind, less is chance."""
FEWEST_OF_KIND = 20
"""A kind with fewer questions has no say."""
WAYS = {"weights": (True, False), "query": (False, True), "both": (True, True)}
"""By name: whether weights, and whether an adapter of queries are learned."""
LEVEL = 0.05
"""The chance that random questions are taken for an improvement, by all ways together."""


@dataclass(frozen=True, slots=True)
class Way:
    """What came of one way of learning, on held-out questions."""

    name: str
    gain: Interval
    """Change of MRR@10. The interval holds for all ways together: each has its share of the 5 %."""
    by_kind: Mapping[str, Interval]
    """The same by kind of question, with a plain 95 % interval."""
    reason: str
    """Why it is not adopted; "" if it could be."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What came of all ways."""

    questions: Mapping[str, int]
    """Number of questions by kind."""
    before: Mapping[str, float]
    """MRR@10 by kind with the ranking as it is; "" for all but names."""
    ways: tuple[Way, ...]
    adopted: str
    """The best way that may be adopted; "" if none may."""
    reason: str
    """Why nothing is adopted; "" otherwise."""


def judge(
    store: Store,
    asked: Sequence[Asked],
    seed: int,
    told: Callable[[int, int], None],
    *,
    taught: Callable[[Asked], bool] = lambda one: one.question.kind != NAMES,
) -> Verdict:
    """Learn from the files of all parts but one, and ask the questions about that one, part by part.

    Only questions that are `taught` are learned from. `store` does arithmetic.
    """
    kinds = [one.question.kind for one in asked]
    before = [reciprocal(one, answered(store, one)) for one in asked]
    means = _means(before, kinds)
    usable = _usable(store, asked, taught)
    files = len({own.file for own in usable.values()})
    if len(usable) < FEWEST or files < FEWEST_FILES:
        reason = (
            f"too little to learn from: usable queries: {len(usable)}, files: {files}; "
            f"needed: {FEWEST} and {FEWEST_FILES}"
        )
        return Verdict(Counter(kinds), means, (), "", reason)
    after = _held_out(store, asked, usable, before, seed, told)
    ways = tuple(_way(name, asked, kinds, before, after[name], seed) for name in WAYS)
    best = max((way for way in ways if not way.reason), key=lambda way: way.gain.mean, default=None)
    reason = "" if best else max(ways, key=lambda way: way.gain.mean).reason
    return Verdict(Counter(kinds), means, ways, best.name if best else "", reason)


def _usable(store: Store, asked: Sequence[Asked], taught: Callable[[Asked], bool]) -> dict[int, Example]:
    """Return what can be learned from questions, by their position."""
    found = ((at, example(store, one)) for at, one in enumerate(asked) if taught(one))
    return {at: own for at, own in found if own is not None and own.right.any()}


def _means(values: Sequence[float], kinds: Sequence[str]) -> dict[str, float]:
    """Return the means by kind, and "" for all but names."""
    means = {kind: _mean(_of(values, kinds, kind)) for kind in sorted(set(kinds))}
    means[""] = _mean([value for value, kind in zip(values, kinds, strict=True) if kind != NAMES])
    return means


def _held_out(
    store: Store,
    asked: Sequence[Asked],
    usable: Mapping[int, Example],
    before: Sequence[float],
    seed: int,
    told: Callable[[int, int], None],
) -> dict[str, list[float]]:
    """Return the reciprocal rank of each question under what each way learned from other parts of the files."""
    part = [_part(one.file, seed) for one in asked]
    after = {name: list(before) for name in WAYS}
    for held in range(FOLDS):
        learned = _learned([own for at, own in usable.items() if part[at] != held])
        for at in (at for at, number in enumerate(part) if number == held):
            for name, tuning in learned.items():
                if tuning.weights or tuning.adapter is not None:
                    after[name][at] = reciprocal(asked[at], answered(store, asked[at], tuning))
        told(held + 1, FOLDS)
    return after


def learn(store: Store, asked: Sequence[Asked], way: str) -> tuple[dict[str, float], float, Adapter | None]:
    """Return (weights, shift, adapter) learned from all questions that may be learned from."""
    pairs = [(one, own) for one in asked if one.question.kind != NAMES and (own := example(store, one))]
    tuning = _learned([own for _, own in pairs if own.right.any()])[way]
    shifts = [_first_sum(store, one, None) - _first_sum(store, one, tuning) for one, _ in pairs]
    return dict(tuning.weights), round(_mean(shifts), 5), tuning.adapter


def _first_sum(store: Store, asked: Asked, tuning: Tuning | None) -> float:
    first = refined(store, asked, tuning)[0]
    return Weigher(first.weighting, first.features).totals([first.features])[0]


def _learned(examples: Sequence[Example]) -> dict[str, Tuning]:
    """Return what each way learns from some questions."""
    weights, adapter = weights_of(examples), adapter_of(examples)
    nothing = Tuning("", tuned.version(), {}, 0.0, None, (0.0, 0.0, 0.0), len(examples), "")
    return {
        name: nothing._replace(weights=weights if weighted else {}, adapter=adapter if moved else None)
        for name, (weighted, moved) in WAYS.items()
    }


def _way(
    name: str,
    asked: Sequence[Asked],
    kinds: Sequence[str],
    before: Sequence[float],
    after: Sequence[float],
    seed: int,
) -> Way:
    gains = [new - old for new, old in zip(after, before, strict=True)]
    files = [one.file for one in asked]
    learnable = [at for at, kind in enumerate(kinds) if kind != NAMES]
    share = LEVEL / len(WAYS)
    gain = interval([gains[at] for at in learnable], [files[at] for at in learnable], seed, share)
    by_kind = {
        kind: interval(_of(gains, kinds, kind), _of(files, kinds, kind), seed, LEVEL) for kind in sorted(set(kinds))
    }
    counts = Counter(kinds)
    worse = [kind for kind, one in by_kind.items() if counts[kind] >= FEWEST_OF_KIND and one.mean < -WORSE]
    reason = ""
    if gain.low <= 0:
        reason = (
            f"held-out queries do not improve beyond chance: MRR@10 {gain.mean:+.3f} "
            f"({gain.low:+.3f} to {gain.high:+.3f})"
        )
    elif worse:
        reason = f"held-out queries improve, but not those of the kind {' and '.join(worse)}"
    return Way(name, gain, by_kind, reason)


def interval(gains: Sequence[float], files: Sequence[str], seed: int, level: float) -> Interval:
    """Return the mean of paired differences with a percentile bootstrap interval that draws whole files.

    Questions about one file are alike, so drawing questions would make the interval too narrow.
    """
    if not gains:
        return Interval(0.0, 0.0, 0.0)
    number = {file: at for at, file in enumerate(dict.fromkeys(files))}
    at = np.array([number[file] for file in files])
    sums, counts = np.bincount(at, gains), np.bincount(at)
    drawn = np.random.default_rng(seed).integers(0, len(sums), (RESAMPLED, len(sums)))
    means = sums[drawn].sum(axis=1) / counts[drawn].sum(axis=1)
    low, high = np.percentile(means, [50 * level, 100 - 50 * level])
    return Interval(_mean(gains), float(low), float(high))


def _part(file: str, seed: int) -> int:
    """Return the part of a file, the same in each run."""
    text = f"{seed}\0{file}".encode("utf-8", "surrogateescape")
    return int.from_bytes(blake2b(text, digest_size=8).digest(), "big") % FOLDS


def _of(values: Sequence[_T], kinds: Sequence[str], kind: str) -> list[_T]:
    return [value for value, own in zip(values, kinds, strict=True) if own == kind]


def _mean(values: Sequence[float]) -> float:
    return float(np.mean(values)) if values else 0.0
