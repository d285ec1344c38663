"""Names clusters by what distinguishes them: c-TF-IDF over the words of names and of first sentences of documentation.

A word counts for a cluster by the share of its symbols that have it, and by how rare it is among all. Words that often
stand next to each other in names are one term.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise

from codesearch.core import tokens
from codesearch.search.query import STOP_WORDS
from codesearch.store.atlas import Row

TERMS = 3
"""Terms of a name."""
_LOOKED_AT = 12
"""Words that a name is made of, at most."""
_NEXT_TO = 0.4
"""Two words are one term if this share of the rarer one's uses in names is next to the other."""
_IN_NAME, _IN_SCOPE, _IN_DOCUMENTATION = 3.0, 1.0, 1.0
"""How much a word counts by where it is."""
_LEAST = 0.04
"""A word must be in this share of a cluster's symbols."""
_PLUMBING = frozenset(
    (
        "test tests testing spec init new get set is has to from of self this cls str int bool float none null nil "
        "true false return returns raise raises def func function method class struct type types var let const public "
        "static private void arg args kwargs param params value values given used use uses using also one two only "
        "other any all each whether if else when may must instead without same called call calls make makes see ok "
        "main module src lib pkg index impl internal util utils helper helpers common base py js ts go rb rs java not "
        "no nothing never nor than override default repr too add"
    ).split()
)
"""Words of nearly every program, which tell no clusters apart."""


def names(members: Sequence[Sequence[Row]]) -> list[tuple[str, ...]]:
    """Return the terms that distinguish each cluster, most important first."""
    known: dict[str, str] = {}
    counts = [_counted(rows, known) for rows in members]
    everywhere: Counter[str] = Counter()
    for (weights, _, _), _rows in zip(counts, members, strict=True):
        everywhere.update(weights)
    mean = sum(everywhere.values()) / max(1, len(members))
    found = []
    for (weights, holding, beside), rows in zip(counts, members, strict=True):
        scored = {
            word: weight / len(rows) * math.log(1 + mean / everywhere[word])
            for word, weight in weights.items()
            if holding[word] >= max(2, _LEAST * len(rows)) or len(rows) < 4
        }
        best = sorted(scored, key=lambda word: (-scored[word], word))[:_LOOKED_AT]
        found.append(tuple(_terms(best, holding, beside)))
    return found


def _counted(rows: Iterable[Row], known: dict[str, str]) -> tuple[Counter[str], Counter[str], Counter[tuple[str, str]]]:
    """Return the weight of each word, how many symbols have it, and how often two are next to each other in names."""
    weights: Counter[str] = Counter()
    holding: Counter[str] = Counter()
    beside: Counter[tuple[str, str]] = Counter()
    for row in rows:
        own: dict[str, float] = {}
        named = [_folded(word, known) for word in tokens.words(row.name)]
        for word in named:
            own[word] = _IN_NAME
        scope = row.qualname[: -len(row.name)] if row.qualname.endswith(row.name) else row.qualname
        for text, weight in ((scope, _IN_SCOPE), (_sentence(row.documentation), _IN_DOCUMENTATION)):
            for word in tokens.words(text):
                own.setdefault(_folded(word, known), weight)
        useful = {word: weight for word, weight in own.items() if _is_useful(word)}
        weights.update(useful)
        holding.update(useful.keys())
        beside.update({pair for pair in pairwise(named) if pair[0] != pair[1]})
    return weights, holding, beside


def _terms(best: Sequence[str], holding: Counter[str], beside: Counter[tuple[str, str]]) -> Iterator[str]:
    taken: list[str] = []
    count = 0
    for word in best:
        if count == TERMS:
            return
        if any(_is_form(word, other) for other in taken):
            continue
        partner = next((other for other in best if _belongs(word, other, holding, beside, taken)), "")
        taken.append(word)
        count += 1
        if not partner:
            yield word
            continue
        taken.append(partner)
        yield f"{word} {partner}" if beside[word, partner] >= beside[partner, word] else f"{partner} {word}"


def _belongs(
    word: str, other: str, holding: Counter[str], beside: Counter[tuple[str, str]], taken: Sequence[str]
) -> bool:
    """Return whether two words are one term."""
    if word == other or other in taken or _is_form(word, other):
        return False
    return beside[word, other] + beside[other, word] >= _NEXT_TO * min(holding[word], holding[other])


def _is_form(word: str, other: str) -> bool:
    """Return whether two words are forms of one, such as parse and parser."""
    shortest = min(len(word), len(other))
    return word[: max(4, shortest - 1)] == other[: max(4, shortest - 1)]


def _is_useful(word: str) -> bool:
    return len(word) > 1 and not word.isdigit() and word not in _PLUMBING and word not in STOP_WORDS


def _folded(word: str, known: dict[str, str]) -> str:
    """Return the singular of a word, by its ending."""
    if (found := known.get(word)) is None:
        found = word
        if len(word) > 4 and word.endswith("ies"):
            found = word[:-3] + "y"
        elif len(word) > 3 and word.endswith("s") and not word.endswith(("ss", "us", "is", "as")):
            found = word[:-1]
        known[word] = found
    return found


def _sentence(text: str) -> str:
    return text.partition("\n\n")[0].partition(". ")[0]
