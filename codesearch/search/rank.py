"""Putting candidates in order: what their features add up to, then room for more than one file."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from operator import mul

from codesearch.core.types import CALLABLES, Symbol
from codesearch.search import boosted_trees
from codesearch.search.candidates import Candidate
from codesearch.search.features import ASKED, NAMES, Features, deepened
from codesearch.search.query import Query
from codesearch.search.ranking import DEEP, FAST, Weighting

SAME_FILE = 0.6
"""What each better hit of the same file takes from the sum, so that one file does not fill the list."""
MOST_SAME_FILE = 8

RERANKED_CANDIDATES = 50
"""How many of the fast ranking's best the transformer looks at; more change nothing (docs/architecture.md)."""

WEAK = 0.12
"""A score below which a hit is hardly what was asked for."""


_PLACES = {name: place for place, name in enumerate(NAMES)}


class Weigher:
    """What the features of a query's candidates add up to: each times its weight, and what the trees make of them.

    A tree's part counts from the middle of what it can add for such a query, so features that tell of the query only
    add nothing themselves.
    """

    def __init__(self, weighting: Weighting, of: Features) -> None:
        """`of` are the features of any candidate of the query."""
        asked = _asked(of)
        self._weights = [weighting.weights.get(name, 0.0) for name in NAMES]
        self._trees = [
            (factor, [boosted_trees.prune(tree, asked, _PLACES) for tree in some]) for factor, some in weighting.trees
        ]
        self._middle = sum(factor * boosted_trees.middle(some, asked) for factor, some in weighting.trees)

    def total(self, features: Features) -> float:
        """Return the sum."""
        grown = sum([factor * boosted_trees.total(some, features) for factor, some in self._trees])
        return float(sum(map(mul, self._weights, features))) + grown - self._middle


def contributions(weighting: Weighting, features: Features) -> list[tuple[str, float, float, float]]:
    """Return (feature, value, weight, what it adds) for every feature; what they add is what a Weigher sums up."""
    asked, values = _asked(features), features._asdict()
    grown = dict.fromkeys(NAMES, 0.0)
    for factor, some in weighting.trees:
        for name, adds in boosted_trees.shares(some, asked, values).items():
            grown[name] += factor * adds
    weights = weighting.weights
    return [
        (name, float(value), weights.get(name, 0.0), value * weights.get(name, 0.0) + grown[name])
        for name, value in zip(NAMES, features, strict=True)
    ]


def _asked(features: Features) -> dict[str, float]:
    return {name: getattr(features, name) for name in ASKED}


@dataclass(frozen=True, slots=True)
class Ranked:
    """A candidate with the reason of its place."""

    candidate: Candidate
    features: Features
    score: float
    """0..1: roughly how likely this is what was asked for."""
    weighting: Weighting
    """What its features were weighed by."""
    copies: tuple[Candidate, ...] = ()
    """The same code elsewhere."""
    folded: tuple[Candidate, ...] = ()
    """What would stand further down and says the same: overloads of it, and what it is defined in."""
    same_file: float = 0.0
    """How many better hits of its file it follows, as far as that counts."""

    @property
    def refined(self) -> bool:
        """Whether the transformer had a say."""
        return self.weighting is DEEP

    def contributions(self) -> list[tuple[str, float, float, float]]:
        """Return (feature, value, weight, what it adds) for every feature that adds something, most important first.

        It adds its value times its weight, and what the trees make of it.
        """
        rows = contributions(self.weighting, self.features)
        rows.append(("same_file", self.same_file, -SAME_FILE, -SAME_FILE * self.same_file))
        return sorted([row for row in rows if row[3]], key=lambda row: -abs(row[3]))


def rank(query: Query, candidates: Sequence[Candidate], features: Sequence[Features]) -> list[Ranked]:
    """Return the candidates, best first. Deterministic: ties are broken by path and line."""
    if not candidates:
        return []
    weigher = Weigher(FAST, features[0])
    sums = [weigher.total(one) for one in features]
    order = sorted(range(len(candidates)), key=lambda at: _key(sums[at], candidates[at]))
    copies = _copies(order, candidates)
    best = [Ranked(candidates[at], features[at], sums[at], FAST, tuple(copies[at])) for at in order if at in copies]
    return _scored(query, best)


def refine(query: Query, ranked: Sequence[Ranked], similarities: Mapping[int, float]) -> list[Ranked]:
    """Return a ranking put in order again, now that a transformer has compared some of it with the query.

    `similarities` holds its cosines by candidate id; of the first DEEP_CANDIDATES, those without one count as the
    middle of the others. What comes after them keeps its order.
    """
    best, rest = ranked[:RERANKED_CANDIDATES], ranked[RERANKED_CANDIDATES:]
    known = sorted(similarities[item.candidate.id] for item in best if item.candidate.id in similarities)
    if not known:
        return list(ranked)
    middle = known[len(known) // 2]
    values = [similarities.get(item.candidate.id, middle) for item in best]
    deep = deepened([item.features for item in best], values)
    weigher = Weigher(DEEP, deep[0])
    summed = [
        replace(item, features=features, score=weigher.total(features), weighting=DEEP)
        for item, features in zip(best, deep, strict=True)
    ]
    summed.sort(key=lambda item: _key(item.score, item.candidate))
    found = _scored(query, summed)
    least = found[-1].score
    return found + [replace(item, score=min(item.score, least)) for item in rest]


def _scored(query: Query, ranked: Sequence[Ranked]) -> list[Ranked]:
    """Return a ranking (with sums for scores, best first) as it is shown: folded, spread over files, calibrated."""
    seen: dict[str, int] = {}
    found = []
    for item in _fold(ranked):
        path = item.candidate.symbol.path
        before = 0
        if not (item.features.name_match and query.name):  # all that bear the name asked for may stand together
            before = seen.get(path, 0)
            seen[path] = before + 1
            before = min(before, MOST_SAME_FILE)
        found.append((item.score - SAME_FILE * before, before, item))
    found.sort(key=lambda entry: _key(entry[0], entry[2].candidate))
    return [
        Ranked(
            item.candidate,
            item.features,
            _score(summed, item.weighting.calibration),
            item.weighting,
            item.copies,
            item.folded,
            float(before),
        )
        for summed, before, item in found
    ]


def _fold(ranked: Sequence[Ranked]) -> list[Ranked]:
    """Return a ranking in which overloads are one hit, and what holds a better hit is folded under that.

    What a container holds stays beside it where the container is the better hit: people look for functions.
    """
    kept: list[Ranked] = []
    in_file: dict[str, list[Ranked]] = {}
    folded: dict[int, list[Candidate]] = {}
    for item in ranked:
        symbol = item.candidate.symbol
        beside = in_file.setdefault(symbol.path, [])
        under = next((one for one in beside if _says_the_same(symbol, one.candidate.symbol)), None)
        if under is None:
            kept.append(item)
            beside.append(item)
        else:
            folded.setdefault(under.candidate.id, []).append(item.candidate)
    return [
        replace(item, folded=(*item.folded, *folded[item.candidate.id])) if item.candidate.id in folded else item
        for item in kept
    ]


def _says_the_same(symbol: Symbol, better: Symbol) -> bool:
    """Return whether a symbol is an overload of a better hit of its file, or what holds that."""
    if symbol.kind in CALLABLES:
        return symbol.qualname == better.qualname and better.kind in CALLABLES
    return symbol.start_line <= better.start_line and better.end_line <= symbol.end_line


def _copies(order: Sequence[int], candidates: Sequence[Candidate]) -> dict[int, list[Candidate]]:
    """Return, for the best of each group of copies, the others."""
    best: dict[int, int] = {}
    copies: dict[int, list[Candidate]] = {}
    for at in order:
        first = best.setdefault(candidates[at].content or -1 - at, at)
        if first == at:
            copies[at] = []
        else:
            copies[first].append(candidates[at])
    return copies


def _score(weighed: float, calibration: tuple[float, float]) -> float:
    slope, intercept = calibration
    return 1 / (1 + math.exp(-max(-60.0, min(60.0, slope * weighed + intercept))))


def _key(weighed: float, candidate: Candidate) -> tuple[float, int, str, int, int]:
    """Return what to sort by: the sum, then the shallower path, since copies live deeper."""
    symbol = candidate.symbol
    return (-weighed, symbol.path.count("/"), symbol.path, symbol.start_line, -symbol.end_line)
