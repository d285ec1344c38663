"""Ranks the minor symbols (constants, fields, documents, configuration) beside the others.

They are weighed by the same features, as if they were among the best of the others, whose order they never change. Each
is then put below functions and types by a margin that depends on what the question asks for. The margins are set by
hand: questions for functions and for files must not get worse when a tree has documents (docs/ranking.md).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from codesearch.core.types import DETAILS, MINOR, TEXTS
from codesearch.search.candidates import Candidate
from codesearch.search.feature_values import coverage, term_rarity
from codesearch.search.features import Features, compute, with_reranking
from codesearch.search.query import Query
from codesearch.search.rank import RERANKED_CANDIDATES, Ranked, Weigher, group_copies, scored, sort_key
from codesearch.search.ranking import FAST, RERANKED

RERANKED_MINOR = 8
WITHIN = 20
"""The transformer reads at most RERANKED_MINOR texts of minor symbols: those among the first WITHIN of the ranking."""

_DETAIL, _TEXT = 2.0, 6.0
"""The margins if the question does not ask for such symbols."""
_SAME_NAME = 0.3
"""The margin of a symbol with the name asked for: a function of the same name comes first."""
_ASKED = 0.0
"""The margin of what the question asks for."""
_LEAD = 0.25
"""The share of a question, weighted by rarity, by which the name, the trail and the path of a text must say more of it
than any code says anywhere, so that the text is what the question asks for. With less, the margin is in between."""
_HEAD_FIELDS = 0b010111
"""The fields of `Candidate.terms` that are not its content: name, scope, signature and path."""

_DOCUMENT_WORDS = frozenset(
    "doc docs documentation readme guide guides tutorial tutorials manual changelog install installing installation "
    "faq license licence contributing contributors guidelines quickstart overview prerequisites requirements roadmap "
    "howto recommendations".split()
)
_CONFIG_WORDS = frozenset(
    "ci workflow workflows pipeline pipelines github gitlab yaml yml toml dockerfile dockerfiles compose kubernetes "
    "k8s helm kustomize terraform makefile makefiles cmake npm dependencies configuration config css scss stylesheet "
    "stylesheets tox nox gradle maven pom linter job jobs target targets openapi swagger".split()
)
_CELL_WORDS = frozenset({"notebook", "notebooks", "jupyter", "cell", "ipynb"})
_DETAIL_WORDS = frozenset(
    "constant constants default defaults value values limit limits maximum minimum max min enum enumeration field "
    "fields variable variables property properties attribute member members alias aliases flag flags const macro "
    "threshold timeout size".split()
)


def is_minor(item: Ranked) -> bool:
    """Return whether a hit is a minor symbol."""
    return item.candidate.symbol.kind in MINOR


def beside(query: Query, ranked: Sequence[Ranked], candidates: Sequence[Candidate]) -> list[Ranked]:
    """Return a ranking with some minor symbols in it; the others keep their order and their scores."""
    if not candidates:
        return list(ranked)
    others = [item.candidate for item in ranked[:RERANKED_CANDIDATES]]
    features = compute(query, [*others, *candidates])[len(others) :]
    leads = _leads(query, others, candidates)
    margins = [margin(query, *one) for one in zip(candidates, features, leads, strict=True)]
    totals = Weigher(FAST, features[0]).totals(features)
    sums = [total - below for total, below in zip(totals, margins, strict=True)]
    order = sorted(range(len(candidates)), key=lambda at: sort_key(sums[at], candidates[at]))
    copies = group_copies(order, candidates)
    best = [
        Ranked(candidates[at], features[at], sums[at], FAST, tuple(copies[at]), minor=margins[at])
        for at in order
        if at in copies
    ]
    return _merged(ranked, scored(query, best))


def to_refine(ranked: Sequence[Ranked]) -> list[Ranked]:
    """Return the hits whose texts the transformer compares with the query, best first."""
    minor = [item for item in ranked[:WITHIN] if item.candidate.symbol.kind in TEXTS]
    others = [item for item in ranked if not is_minor(item)]
    return others[:RERANKED_CANDIDATES] + minor[:RERANKED_MINOR]


def refined(
    query: Query, ranked: Sequence[Ranked], others: Sequence[Ranked], similarities: Mapping[int, float]
) -> list[Ranked]:
    """Return a ranking after the transformer has compared its first candidates with the query.

    `others` are the refined ones of `ranked` that are not minor. Minor symbols without a cosine keep their score.
    """
    minor = [item for item in ranked if is_minor(item)]
    read = [item for item in minor if item.candidate.id in similarities]
    if not read:
        return _merged(others, minor)
    compared = [item for item in others if item.refined and item.candidate.id in similarities]
    again = _read(query, compared, read, similarities)
    return _merged(others, again + [item for item in minor if item.candidate.id not in similarities])


def _read(
    query: Query, compared: Sequence[Ranked], read: Sequence[Ranked], similarities: Mapping[int, float]
) -> list[Ranked]:
    """Return the minor symbols `read` by the transformer in their new order, weighed beside others it compared."""
    together = [*compared, *read]
    cosines = [similarities[item.candidate.id] for item in together]
    features = with_reranking([item.features for item in together], cosines)[len(compared) :]
    weighting = compared[0].weighting if compared else RERANKED
    totals = Weigher(weighting, features[0]).totals(features)
    summed = [
        item._replace(features=known, score=total - item.minor, weighting=weighting)
        for item, known, total in zip(read, features, totals, strict=True)
    ]
    summed.sort(key=lambda item: sort_key(item.score, item.candidate))
    return scored(query, summed)


def _leads(query: Query, others: Sequence[Candidate], candidates: Sequence[Candidate]) -> list[float]:
    """Return how much more of the question the heads of minor symbols say than the others do anywhere, 0 to 1.

    `upload coverage to codecov` is the name of a step of CI; the best function has only one of these words.
    """
    rarity = term_rarity(query, [*others, *candidates])
    most = max((coverage(rarity, one.terms)[0] for one in others), default=0.0)
    heads = ([fields & _HEAD_FIELDS for fields in one.terms] for one in candidates)
    return [max(0.0, coverage(rarity, head)[0] - most) for head in heads]


def margin(query: Query, candidate: Candidate, features: Features, lead: float) -> float:
    """Return how far a minor symbol is put below the others; `lead` is as in `_leads`."""
    kind = candidate.symbol.kind
    where = query.where
    if where.kinds or (kind in TEXTS and "doc" in where.roles):
        return _ASKED
    if features.name_match and query.is_name:
        return _SAME_NAME
    if not _words_for(candidate).isdisjoint(query.terms):
        return _ASKED
    return _DETAIL if kind in DETAILS else _TEXT * max(0.0, 1 - lead / _LEAD)


def _words_for(candidate: Candidate) -> frozenset[str]:
    """Return the words of a question that ask for such a symbol."""
    symbol = candidate.symbol
    if symbol.kind in DETAILS:
        return _DETAIL_WORDS
    if symbol.path.endswith(".ipynb"):
        return _CELL_WORDS
    return _DOCUMENT_WORDS if "doc" in candidate.roles else _CONFIG_WORDS


def _merged(others: Sequence[Ranked], minor: Sequence[Ranked]) -> list[Ranked]:
    """Return two rankings as one. Each keeps its order; at the same score, minor symbols come last."""
    found: list[Ranked] = []
    rest = list(minor)[::-1]
    for item in others:
        while rest and rest[-1].score > item.score:
            found.append(rest.pop())
        found.append(item)
    return found + rest[::-1]
