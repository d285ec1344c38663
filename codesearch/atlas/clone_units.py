"""The symbols that are looked at for clones, as tokens, and the pairs of them that are worth a comparison."""

from __future__ import annotations

from array import array
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import TYPE_CHECKING

from codesearch.atlas.alignment import Code, code, renamed
from codesearch.atlas.lexing import LITERAL, NAME, SUPPRESSED, Vocabulary
from codesearch.core.types import CALLABLES
from codesearch.store import related as table
from codesearch.store.atlas import Row

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from codesearch.index import Index
    from codesearch.store import Store

    Numbers = npt.NDArray[np.int64]

LONGEST = 20_000
"""Longer symbols are compared for equality only."""
COMPARED = frozenset({*CALLABLES, "class", "struct", "trait", "interface", "enum"})
SEQUENCES = ((6, False), (12, True))
"""Sequences of tokens that make a pair a candidate: how long, and whether without names and values."""
NEAR = 0.6
"""Similarity of vectors from which a pair is a candidate."""


@dataclass(frozen=True, slots=True)
class Unit:
    """A symbol that is compared."""

    row: Row
    texts: Numbers
    kinds: Numbers

    def code(self) -> Code:
        """Return its tokens for an alignment."""
        return code(self.texts.tolist(), self.kinds.tolist())


def fingerprint(unit: Unit, texts: Sequence[bytes]) -> str:
    """Return the hash of a unit's tokens without names and values; `texts` has the text of each token.

    It is the same in every run, and wherever the code is.
    """
    parts = [texts[one] if one >= 0 else b"%d" % one for one in renamed(unit.code())]
    return blake2b(b"\0".join(parts), digest_size=8).hexdigest()


def units(index: Index, rows: Sequence[Row], vocabulary: Vocabulary, least: int) -> tuple[list[Unit], int]:
    """Return the functions and types that are long enough, each range once, and how many a comment excludes."""
    import numpy as np

    from codesearch.files.content import read_source
    from codesearch.files.values import Source

    by_path: dict[str, dict[tuple[int, int], Row]] = defaultdict(dict)
    for row in rows:
        if row.kind not in COMPARED:
            continue
        by_path[row.path].setdefault((row.start_byte, row.end_byte), row)
    found: list[Unit] = []
    suppressed = 0
    options = index.settings.file_options()
    for path, places in by_path.items():
        source = read_source(index.root, path, options)
        if not isinstance(source, Source):
            continue
        tokens = vocabulary.tokens(source.data, source.language)
        excluded = _suppressed(source.data, list(places.values()))
        suppressed += len(excluded)
        for (start, end), row in places.items():
            first, last = np.searchsorted(tokens.start, (start, end))
            if last - first >= least and not any(inside(row, one) for one in excluded):
                found.append(Unit(row, tokens.text[first:last], tokens.kind[first:last]))
    return found, suppressed


def _suppressed(data: bytes, rows: Sequence[Row]) -> list[Row]:
    """Return the symbols that a comment inside them, or on the line above, excludes: the innermost for each comment.

    The symbols inside those are excluded with them.
    """
    found: dict[int, Row] = {}
    for mark in SUPPRESSED.finditer(data):
        line = data.count(b"\n", 0, mark.start()) + 1
        around = [row for row in rows if row.start_line - 1 <= line <= row.end_line]
        if around:
            innermost = min(around, key=lambda row: (row.end_line - row.start_line, -row.start_line))
            found[innermost.id] = innermost
    return list(found.values())


def equal(units: Sequence[Unit]) -> list[list[int]]:
    """Return the places of the units that are equal but for names and values, in groups of one or more."""
    by_key: dict[bytes, list[int]] = defaultdict(list)
    for at, unit in enumerate(units):
        by_key[_key(renamed(unit.code()))].append(at)
    return [_apart(units, some) for some in by_key.values()]


def _key(values: Sequence[int]) -> bytes:
    return blake2b(array("q", values).tobytes(), digest_size=16).digest()


def _apart(units: Sequence[Unit], places: Sequence[int]) -> list[int]:
    """Return the places without units that lie inside another one of them."""
    rows = [units[at].row for at in places]
    by_path: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        by_path[row.path].append(row)
    return [
        at
        for at, row in zip(places, rows, strict=True)
        if not any(other is not row and inside(row, other) for other in by_path[row.path])
    ]


def inside(inner: Row, outer: Row) -> bool:
    """Return whether a symbol lies inside another one, or has the same range."""
    return inner.path == outer.path and outer.start_byte <= inner.start_byte and inner.end_byte <= outer.end_byte


def _shape(unit: Unit) -> Numbers:
    import numpy as np

    plain: Numbers = np.where((unit.kinds == NAME) | (unit.kinds == LITERAL), -1 - unit.kinds, unit.texts)
    return plain


def candidates(store: Store, units: Sequence[Unit], like: float) -> list[tuple[int, int]]:
    """Return the pairs of units that are worth a comparison."""
    import numpy as np

    from codesearch.atlas import fingerprints

    found: set[tuple[int, int]] = set()
    shapes = [_shape(unit) for unit in units]
    for length, plain in SEQUENCES:
        sets = [
            fingerprints.hashes(shape if plain else unit.texts, length)
            for unit, shape in zip(units, shapes, strict=True)
        ]
        found.update(map(tuple, fingerprints.pairs(sets).tolist()))
    found.update(_near(store, units))
    pairs = [(a, b) for a, b in sorted(found) if not overlap(units[a].row, units[b].row)]
    if not pairs:
        return []
    histograms = np.array([fingerprints.histogram(shape) for shape in shapes])
    codes = np.array(pairs)
    kept = np.concatenate(
        [
            fingerprints.bound(histograms[some[:, 0]], histograms[some[:, 1]])
            for some in np.array_split(codes, max(1, len(codes) // 50_000))
        ]
    )
    sizes = histograms.sum(axis=1)
    return [
        pair
        for pair, most in zip(pairs, kept.tolist(), strict=True)
        if most >= like and max(sizes[pair[0]], sizes[pair[1]]) <= LONGEST
    ]


def overlap(one: Row, other: Row) -> bool:
    """Return whether two symbols share a part of a file."""
    return one.path == other.path and one.start_byte < other.end_byte and other.start_byte < one.end_byte


def _near(store: Store, units: Sequence[Unit]) -> Iterator[tuple[int, int]]:
    """Yield the pairs whose vectors are near, from the table of the nearest of every symbol, if there is one."""
    places: dict[int, list[int]] = defaultdict(list)
    for at, unit in enumerate(units):
        places[unit.row.content].append(at)
    for content, some in table.lists(store.connection, places).items():
        for pair in some:
            if pair.similarity >= NEAR * table.STEPS:
                for a in places[content]:
                    yield from ((min(a, b), max(a, b)) for b in places.get(pair.other, ()) if a != b)
