"""Code that is written twice: symbols with the same tokens, with the same tokens but for names, and with most of them.

Equal sequences are found by hash. Other candidates share rare sequences of tokens, or are among the nearest of each
other by their vectors. What is reported was verified: the tokens of both were aligned (`alignment`).
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from codesearch.atlas import clone_units
from codesearch.atlas.alignment import Code, code, similarity
from codesearch.atlas.clone_units import Unit, fingerprint, inside
from codesearch.atlas.lexing import Vocabulary
from codesearch.core.filter import Filter
from codesearch.core.log import Log
from codesearch.search import resolved
from codesearch.store import atlas
from codesearch.store.atlas import Row

if TYPE_CHECKING:
    from codesearch.core.types import Symbol
    from codesearch.index import Index

log = Log("codesearch.atlas")

TOKENS = 50
"""Symbols with fewer tokens are not compared."""
LIKE = 0.75
"""Share of the tokens from which two symbols are near clones."""
How = Literal["exact", "renamed", "near"]
ORDER: tuple[How, ...] = ("exact", "renamed", "near")
"""From the smallest difference to the largest."""
Part = Literal["code", "tests", "generated"]
PARTS: tuple[Part, ...] = ("code", "tests", "generated")


@dataclass(frozen=True, slots=True)
class Member:
    """One of several symbols that share code."""

    symbol: Row
    how: How
    """In what it differs from the first of its group."""
    similarity: float
    """Share of the tokens of both that is the same code as in the first."""
    fingerprint: str
    """The same for all symbols that are equal but for names and values, wherever they are."""

    @property
    def lines(self) -> int:
        """Number of its lines."""
        return self.symbol.end_line - self.symbol.start_line + 1


@dataclass(frozen=True, slots=True)
class Group:
    """Symbols that share code."""

    members: tuple[Member, ...]
    """At least two, the one that all others were compared with first."""
    part: Part
    """`tests` or `generated` (generated and vendored) if fewer than two members are other code."""
    added: frozenset[int] = frozenset()
    """Ids of the symbols that a change adds to the group."""

    @property
    def saved(self) -> int:
        """Lines that one function instead of all of them would save."""
        return sum(round(one.similarity * one.lines) for one in self.members[1:])

    @property
    def how(self) -> How:
        """Return the largest difference between its members."""
        return max((one.how for one in self.members), key=ORDER.index)


@dataclass(frozen=True, slots=True)
class Found:
    """The clones of a tree."""

    groups: tuple[Group, ...]
    """The one that would save most lines first."""
    symbols: int
    """Symbols that were compared."""
    suppressed: int
    """Symbols that a comment excludes."""
    seconds: float


@dataclass(frozen=True, slots=True)
class _Change:
    """The source of a symbol before a change; empty if the change adds it."""

    source: bytes
    language: str


Changes = Mapping[tuple[str, str, int], _Change]
"""By path, qualified name and first line of the symbol as it is now."""


def changed(symbols: Iterable[tuple[Symbol, bytes]]) -> Changes:
    """Return symbols that a change touches, with their source before it, as `clones` takes them."""
    return {(one.path, one.qualname, one.start_line): _Change(before, one.language) for one, before in symbols}


def clones(
    index: Index,
    *,
    where: Filter | None = None,
    least_tokens: int = TOKENS,
    like: float = LIKE,
    changes: Changes | None = None,
) -> Found:
    """Return the groups of symbols that share code, of those that pass a filter.

    With `changes`, only groups to which one of the changed symbols was added. The index must be up to date. Raises
    NotFoundError without an index.
    """
    start = time.monotonic()
    store = index.required_reader()
    vocabulary = Vocabulary({})
    with store.snapshot():
        rows = atlas.rows(store.connection, None if where is None else resolved(where, index.root, index.path))
        units, suppressed = clone_units.units(index, rows, vocabulary, least_tokens)
        equal = clone_units.equal(units)
        first = [units[some[0]] for some in equal]
        candidates = clone_units.candidates(store, first, like)
    links = _verified(first, candidates, like)
    log.info("%d symbols, %d candidates, %d verified", len(units), len(candidates), sum(map(len, links.values())) // 2)
    texts = list(vocabulary.ids)
    groups = []
    for star in _stars(equal, units, links):
        if len(star) > 1 or len(equal[star[0]]) > 1:
            group = _group(units, equal, star, links, texts)
            if len(group.members) < 2:
                continue
            if changes is not None:
                group = replace(group, added=_added(group, units, changes, vocabulary, like))
            if changes is None or group.added:
                groups.append(group)
    groups = _outermost(groups)
    groups.sort(key=lambda one: (-one.saved, one.members[0].symbol.path, one.members[0].symbol.start_line))
    return Found(tuple(groups), len(units), suppressed, time.monotonic() - start)


def _added(
    group: Group, units: Sequence[Unit], changes: Changes, vocabulary: Vocabulary, like: float
) -> frozenset[int]:
    """Return the members that the change adds: those that were no clone of another member before."""
    rows = {one.symbol.id for one in group.members}
    found = set()
    for member in group.members:
        row = member.symbol
        change = changes.get((row.path, row.qualname, row.start_line))
        if change is None:
            continue
        if change.source:
            tokens = vocabulary.tokens(change.source, change.language)
            before = code(tokens.text.tolist(), tokens.kind.tolist())
            others = (unit for unit in units if unit.row.id in rows and unit.row.id != row.id)
            if any(similarity(before, unit.code(), least=like) >= like for unit in others):
                continue
        found.add(row.id)
    return frozenset(found)


def _verified(units: Sequence[Unit], candidates: Iterable[tuple[int, int]], like: float) -> dict[int, dict[int, float]]:
    """Return, per unit, the units that share at least the share `like` of their tokens with it."""
    links: dict[int, dict[int, float]] = defaultdict(dict)
    codes: dict[int, Code] = {}
    for a, b in candidates:
        for at in (a, b):
            if at not in codes:
                codes[at] = units[at].code()
        share = similarity(codes[a], codes[b], least=like)
        if share >= like:
            links[a][b] = links[b][a] = share
    return links


def _stars(
    equal: Sequence[Sequence[int]], units: Sequence[Unit], links: Mapping[int, Mapping[int, float]]
) -> Iterator[list[int]]:
    """Yield sets of near units, each first compared with all others, those that save most first; each unit once."""
    lines = [sum(_lines(units[at].row) for at in some) for some in equal]
    worth = {
        at: lines[at] + sum(share * lines[other] for other, share in links.get(at, {}).items())
        for at in range(len(equal))
    }
    taken: set[int] = set()
    for at in sorted(worth, key=lambda one: (-worth[one], one)):
        if at not in taken:
            others = sorted(other for other in links.get(at, ()) if other not in taken)
            taken.update((at, *others))
            yield [at, *others]


def _lines(row: Row) -> int:
    return row.end_line - row.start_line + 1


def _group(
    units: Sequence[Unit],
    equal: Sequence[Sequence[int]],
    star: Sequence[int],
    links: Mapping[int, Mapping[int, float]],
    texts: Sequence[bytes],
) -> Group:
    centre = units[equal[star[0]][0]]
    members = []
    for at in star:
        for place in equal[at]:
            unit = units[place]
            how: How = "near"
            share = links[star[0]][at] if at != star[0] else 1.0
            if at == star[0]:
                how = "exact" if unit.texts.tolist() == centre.texts.tolist() else "renamed"
            members.append(Member(unit.row, how, share, fingerprint(unit, texts)))
    first, *others = members
    others.sort(key=lambda one: (-one.similarity, one.symbol.path, one.symbol.start_line))
    kept = [first]
    for one in others:
        if not any(clone_units.overlap(one.symbol, other.symbol) for other in kept):
            kept.append(one)
    return Group(tuple(kept), _part([one.symbol for one in kept]))


def _part(rows: Sequence[Row]) -> Part:
    roles = [set(row.roles.split()) for row in rows]
    made = [bool(one & {"generated", "vendored"}) for one in roles]
    if made.count(False) < 2:
        return "generated"
    tests = ["test" in one or row.kind == "test" for one, row in zip(roles, rows, strict=True)]
    plain = sum(not a and not b for a, b in zip(made, tests, strict=True))
    return "code" if plain >= 2 else "tests"


def _outermost(groups: Sequence[Group]) -> list[Group]:
    """Return the groups without those whose members all lie inside members of another: methods of classes that are."""
    around: dict[str, list[tuple[int, Row]]] = defaultdict(list)
    for number, group in enumerate(groups):
        for member in group.members:
            around[member.symbol.path].append((number, member.symbol))
    found = []
    for number, group in enumerate(groups):
        outside: set[int] | None = None
        for member in group.members:
            here = {
                other for other, row in around[member.symbol.path] if other != number and inside(member.symbol, row)
            }
            outside = here if outside is None else outside & here
        if not outside:
            found.append(group)
    return found
