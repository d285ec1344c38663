"""Orders candidates: by the weighted sum of their features and the trees, then spread over files."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import takewhile
from operator import mul
from typing import NamedTuple

from codesearch.core.names import signs_of
from codesearch.core.types import CALLABLES, Symbol
from codesearch.search import boosted_trees, qualified
from codesearch.search import roles as roles_of
from codesearch.search.candidates import Candidate
from codesearch.search.features import NAMES, Features, query_features, with_comparison, with_reranking
from codesearch.search.query import Query
from codesearch.search.ranking import COMPARED, FAST, RERANKED, Weighting

SAME_FILE = 0.6
"""Subtracted from the sum for each better hit in the same file, so that one file does not fill the list."""
MAX_SAME_FILE = 8
OTHER_LANGUAGE = 0.6
"""Subtracted from the sum of a candidate in another language than the question names, if there are any in that one."""

RERANKED_CANDIDATES = 50
"""Candidates of the fast ranking that the transformer reranks; more change nothing (docs/architecture.md)."""

CROSS_CANDIDATES = 12
"""First hits that the cross-encoder compares with the query."""

WEAK = 0.12
"""A hit with a lower score is probably not relevant."""


class Weigher:
    """Sums up the features of a query's candidates: each times its weight, plus what the trees add.

    The trees count relative to their middle for such a query, so that features of the query alone add nothing.
    """

    def __init__(self, weighting: Weighting, features: Features) -> None:
        """Prepare for a query; `features` are those of any of its candidates."""
        asked = query_features(features)
        self._weights = [weighting.weights.get(name, 0.0) for name in NAMES]
        self._trees = weighting.trees
        self._middle = boosted_trees.middle_of(weighting.trees, asked)

    def totals(self, features: Sequence[Features]) -> list[float]:
        """Return the sum of each candidate."""
        columns = dict(zip(NAMES, zip(*features, strict=True), strict=True))
        trees = boosted_trees.totals_of(self._trees, columns, len(features))
        weights, middle = self._weights, self._middle
        return [float(sum(map(mul, weights, own))) + adds - middle for own, adds in zip(features, trees, strict=True)]


def contributions(weighting: Weighting, features: Features) -> list[tuple[str, float, float, float]]:
    """Return (feature, value, weight, contribution) for every feature; the contributions are what a Weigher sums up."""
    asked, values = query_features(features), features._asdict()
    from_trees = dict.fromkeys(NAMES, 0.0)
    for factor, forest in weighting.trees:
        for name, adds in boosted_trees.shares(forest.trees, asked, values).items():
            from_trees[name] += factor * adds
    weights = weighting.weights
    return [
        (name, float(value), weights.get(name, 0.0), value * weights.get(name, 0.0) + from_trees[name])
        for name, value in zip(NAMES, features, strict=True)
    ]


class Ranked(NamedTuple):
    """A candidate with the reasons of its rank. A tuple, since a query makes and changes hundreds."""

    candidate: Candidate
    features: Features
    score: float
    """0..1: roughly the probability that this is the right answer."""
    weighting: Weighting
    """The weighting that made the score."""
    copies: tuple[Candidate, ...] = ()
    """The same code elsewhere."""
    folded: tuple[Candidate, ...] = ()
    """Lower-ranked candidates that are shown as part of it: overloads of it, and the symbols that contain it."""
    same_file: float = 0.0
    """Number of better hits in the same file, at most MAX_SAME_FILE."""
    other_language: float = 0.0
    """1 if the question names another language."""
    elsewhere: float = 0.0
    """Subtracted from the sum of a symbol that is not in the containers written before the name asked for."""
    minor: float = 0.0
    """Subtracted from the sum of a minor symbol; see `search.minor`."""
    role: roles_of.Role = roles_of.NONE
    """What is said for and against it beside its features; see `search.roles`."""
    odds: float = 0.0
    """What its repository adds among others: see `repositories.joined`."""

    @property
    def refined(self) -> bool:
        """Whether the transformer has compared it with the query."""
        return self.weighting.refined

    def contributions(self) -> list[tuple[str, float, float, float]]:
        """Return (feature, value, weight, contribution) for every feature that contributes, most important first.

        A contribution is the value times its weight, plus what the trees add for it. What `codesearch tune` has learned
        about weights is one row, `learned`.
        """
        rows = contributions(self.weighting, self.features)
        if learned := self.weighting.learned:
            rows = [
                (name, value, weight - learned.get(name, 0.0), adds - value * learned.get(name, 0.0))
                for name, value, weight, adds in rows
            ]
            part = sum(getattr(self.features, name) * weight for name, weight in learned.items())
            rows.append(("learned", 1.0, part, part))
        rows.append(("same_file", self.same_file, -SAME_FILE, -SAME_FILE * self.same_file))
        rows.append(("other_language", self.other_language, -OTHER_LANGUAGE, -OTHER_LANGUAGE * self.other_language))
        rows.append(("elsewhere", float(self.elsewhere > 0), -self.elsewhere, -self.elsewhere))
        rows.append(("minor", self.minor, -1.0, -self.minor))
        rows += [(name, value, -weight, -weight * value) for name, value, weight in self.role.rows()]
        if self.odds:
            weight = 1 / self.weighting.calibration[0]  # scores are logistic in slope * sum
            rows.append(("repository", self.odds, weight, self.odds * weight))
        return sorted([row for row in rows if row[3]], key=lambda row: -abs(row[3]))


def rank(query: Query, candidates: Sequence[Candidate], features: Sequence[Features]) -> list[Ranked]:
    """Return the candidates, best first. Deterministic: ties are broken by path and line."""
    if not candidates:
        return []
    sums = Weigher(FAST, features[0]).totals(features)
    order = sorted(range(len(candidates)), key=lambda at: sort_key(sums[at], candidates[at]))
    copies = group_copies(order, candidates)
    best = [Ranked(candidates[at], features[at], sums[at], FAST, tuple(copies[at])) for at in order if at in copies]
    return scored(query, best)


def refine(
    query: Query, ranked: Sequence[Ranked], similarities: Mapping[int, float], weighting: Weighting = RERANKED
) -> list[Ranked]:
    """Return a ranking in a new order, after the transformer has compared its first candidates with the query.

    `similarities` holds its cosines by candidate id; among the first RERANKED_CANDIDATES, those without one count as
    the median of the others. The candidates after them keep their order.
    """
    best, rest = ranked[:RERANKED_CANDIDATES], ranked[RERANKED_CANDIDATES:]
    known = sorted(similarities[item.candidate.id] for item in best if item.candidate.id in similarities)
    if not known:
        return list(ranked)
    middle = known[len(known) // 2]
    values = [similarities.get(item.candidate.id, middle) for item in best]
    refined = with_reranking([item.features for item in best], values)
    return _before(scored(query, _summed(best, refined, weighting)), rest)


def compare(
    query: Query, ranked: Sequence[Ranked], logits: Mapping[int, float], weighting: Weighting = COMPARED
) -> list[Ranked]:
    """Return a ranking in a new order, after the cross-encoder has read its first hits (`to_compare`) with the query.

    `logits` holds its log-odds by candidate id; a hit without them counts as their mean. The hits after the first ones
    keep their order.
    """
    best = to_compare(ranked)
    rest = ranked[len(best) :]
    said = [logits.get(item.candidate.id) for item in best]
    if not any(logit is not None for logit in said):
        return list(ranked)
    compared = with_comparison([item.features for item in best], said)
    shown = fold(_summed(best, compared, weighting))
    found = _spread(query, shown, [item.other_language for item in shown], [item.role for item in shown])
    return _before(found, rest)


def _summed(best: Sequence[Ranked], features: Sequence[Features], weighting: Weighting) -> list[Ranked]:
    """Return hits with new features in the order of their sums, which take the place of scores."""
    sums = Weigher(weighting, features[0]).totals(features)
    found = [
        item._replace(features=known, score=total, weighting=weighting)
        for item, known, total in zip(best, features, sums, strict=True)
    ]
    return sorted(found, key=lambda item: sort_key(item.score, item.candidate))


def _before(found: list[Ranked], rest: Sequence[Ranked]) -> list[Ranked]:
    """Return hits with the rest behind them, which has no higher score than the last of them."""
    least = found[-1].score
    return found + [item if item.score <= least else item._replace(score=least) for item in rest]


def to_compare(ranked: Sequence[Ranked]) -> list[Ranked]:
    """Return the first hits, which the cross-encoder reads: those that the transformer has compared before."""
    return list(takewhile(lambda item: item.refined, ranked[:CROSS_CANDIDATES]))


def by_file(ranked: Sequence[Ranked]) -> list[Ranked]:
    """Return a ranking with the best hit of each file before the second of any."""
    first: dict[str, Ranked] = {}
    rest = [item for item in ranked if first.setdefault(item.candidate.symbol.path, item) is not item]
    return [*first.values(), *rest]


def scored(query: Query, ranked: Sequence[Ranked]) -> list[Ranked]:
    """Return a ranking (best first, sums instead of scores) as it is shown: folded, spread over files, calibrated."""
    preferred = any(item.candidate.symbol.language in query.languages for item in ranked)
    shown = fold(ranked)
    roles = roles_of.roles(query, [item.candidate.symbol for item in shown])
    others = [float(preferred and item.candidate.symbol.language not in query.languages) for item in shown]
    return _spread(query, shown, others, roles)


def _spread(
    query: Query, shown: Sequence[Ranked], others: Sequence[float], roles: Sequence[roles_of.Role]
) -> list[Ranked]:
    """Return folded hits (best first, sums instead of scores), spread over files and calibrated."""
    seen: dict[str, int] = {}
    found = []
    for item, other, role in zip(shown, others, roles, strict=True):
        path = item.candidate.symbol.path
        before = 0
        if not (item.features.name_match and query.is_name):  # symbols with the name asked for may stay together
            before = seen.get(path, 0)
            seen[path] = before + 1
            before = min(before, MAX_SAME_FILE)
        summed = item.score - SAME_FILE * before - OTHER_LANGUAGE * other - role.deduction
        away = 0.0
        if item.features.name_match and qualified.is_elsewhere(query, item.candidate.symbol):
            away = qualified.halved(summed, item.weighting.calibration)
        found.append((summed, away, before, other, role, item))
    # A sum that is high above all others may differ from them only before it is lowered.
    found.sort(key=lambda entry: (entry[1] - entry[0], sort_key(entry[0], entry[-1].candidate)))
    return [
        item._replace(
            score=_score(summed - away, item.weighting.calibration),
            same_file=float(before),
            other_language=other,
            elsewhere=away,
            role=role,
        )
        for summed, away, before, other, role, item in found
    ]


def fold(ranked: Sequence[Ranked]) -> list[Ranked]:
    """Return a ranking in which overloads are one hit, and a container is folded under a better hit inside it.

    The symbols inside a container that is the better hit are hits of their own: people look for functions.
    """
    kept: list[Ranked] = []
    in_file: dict[str, list[Ranked]] = {}
    folded: dict[int, list[Candidate]] = {}
    for item in ranked:
        symbol = item.candidate.symbol
        beside = in_file.setdefault(symbol.path, [])
        under = next((one for one in beside if _belongs_to(symbol, one.candidate.symbol)), None)
        if under is None:
            kept.append(item)
            beside.append(item)
        else:
            folded.setdefault(under.candidate.id, []).append(item.candidate)
    return [
        item._replace(folded=(*item.folded, *folded[item.candidate.id])) if item.candidate.id in folded else item
        for item in kept
    ]


def _belongs_to(symbol: Symbol, better: Symbol) -> bool:
    """Return whether a symbol is an overload of a better hit of its file, or contains it."""
    if symbol.kind in CALLABLES:
        return symbol.qualname == better.qualname and better.kind in CALLABLES
    return symbol.start_line <= better.start_line and better.end_line <= symbol.end_line


def group_copies(order: Sequence[int], candidates: Sequence[Candidate]) -> dict[int, list[Candidate]]:
    """Return the copies of each candidate that is the best of its group, by its position."""
    best: dict[tuple[int, str], int] = {}
    copies: dict[int, list[Candidate]] = {}
    for at in order:
        one = candidates[at]
        # The text that makes a content has no signs, so `operator==` may equal `operator!=` there.
        first = best.setdefault((one.content or -1 - at, signs_of(one.symbol.name)), at)
        if first == at:
            copies[at] = []
        else:
            copies[first].append(one)
    return copies


def _score(weighed: float, calibration: tuple[float, float]) -> float:
    slope, intercept = calibration
    return 1 / (1 + math.exp(-max(-60.0, min(60.0, slope * weighed + intercept))))


def sort_key(weighed: float, candidate: Candidate) -> tuple[float, int, str, int, int]:
    """Return the sort key: the sum, then the depth of the path, since copies lie deeper."""
    symbol = candidate.symbol
    return (-weighed, symbol.path.count("/"), symbol.path, symbol.start_line, -symbol.end_line)
