"""The clones of one piece of source, which the index need not know yet: all functions and types are compared with it.

What makes a clone is the same as in `clones`. There is no search for candidates, because the one is compared with all
symbols of its language and of about its size; and no comment leaves a symbol out, because the user chose the function.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from codesearch.atlas import clone_units, fingerprints
from codesearch.atlas.alignment import Code, code, renamed, similarity
from codesearch.atlas.clone_units import Unit
from codesearch.atlas.clones import LIKE, ORDER, How
from codesearch.atlas.lexing import Vocabulary
from codesearch.core.errors import UsageError
from codesearch.core.filter import Filter
from codesearch.files.content import read_source
from codesearch.files.values import Source
from codesearch.search import resolved
from codesearch.store import atlas
from codesearch.store.atlas import Row

if TYPE_CHECKING:
    from codesearch.atlas.clone_units import Numbers
    from codesearch.core.types import Symbol
    from codesearch.index import Index

TOKENS = 25
"""Source with fewer tokens is not compared: fewer than in `clones`, because here the user chose the function."""
OF_A_SIZE = 4
"""How many times longer or shorter than the source a symbol may be, in bytes: comments and names may differ."""
ALIKE = (frozenset({"javascript", "typescript", "tsx"}), frozenset({"c", "cpp", "objc"}))
"""Languages in which the same code can be written."""


@dataclass(frozen=True, slots=True)
class Clone:
    """A symbol that shares code with the source."""

    symbol: Symbol
    how: How
    """In what it differs from the source."""
    similarity: float
    """Share of the tokens of both that is the same code."""


def is_compared(symbol: Symbol) -> bool:
    """Return whether a symbol is of a kind that can have clones: a function or a type."""
    return symbol.kind in clone_units.COMPARED


def clones_of(
    index: Index,
    source: bytes,
    language: str,
    *,
    but: Symbol | None = None,
    where: Filter | None = None,
    least_tokens: int = TOKENS,
    like: float = LIKE,
    should_stop: Callable[[], bool] | None = None,
) -> tuple[Clone, ...]:
    """Return the functions and types that share code with a piece of source, the most similar first.

    `but` is the symbol that the source is of, which is left out, also if it was moved since. What `should_stop` ends
    early is incomplete. Raises UsageError for source that is too short, NotFoundError without an index.
    """
    store = index.required_reader()
    vocabulary = Vocabulary({})
    tokens = vocabulary.tokens(source, language)
    if len(tokens.text) < least_tokens:
        what = "this" if but is None else but.qualname
        raise UsageError(f"{what} is too short: {len(tokens.text)} tokens, and clones have at least {least_tokens}")
    wanted = code(tokens.text.tolist(), tokens.kind.tolist())
    with store.snapshot():
        rows = atlas.rows(store.connection, None if where is None else resolved(where, index.root, index.path))
        rows = [row for row in rows if _may_be(row, len(source), language) and not (but and _same(row, but))]
        units = _units(index, rows, vocabulary, should_stop)
        found = [(_compared(wanted, unit, like), unit.row) for unit in units]
        kept = _apart([(share, how, row) for (how, share), row in found if share])
        symbols = store.symbols(row.id for _, _, row in kept)
    return tuple(Clone(symbols[row.id].symbol, how, share) for share, how, row in kept)


def _may_be(row: Row, size: int, language: str) -> bool:
    """Return whether a symbol is compared with source of a size in bytes and a language."""
    alike = next((some for some in ALIKE if language in some), frozenset({language}))
    fits = size / OF_A_SIZE <= row.end_byte - row.start_byte <= size * OF_A_SIZE
    return fits and row.kind in clone_units.COMPARED and row.language in alike


def _apart(found: list[tuple[float, How, Row]]) -> list[tuple[float, How, Row]]:
    """Return the symbols that do not overlap, those with the smallest difference first."""
    kept: list[tuple[float, How, Row]] = []
    for one in sorted(found, key=lambda one: (ORDER.index(one[1]), -one[0], one[2].path, one[2].start_line)):
        if not any(clone_units.overlap(one[2], other[2]) for other in kept):
            kept.append(one)
    return kept


def _same(row: Row, but: Symbol) -> bool:
    """Return whether a row is the symbol itself, what is around it or what is inside it."""
    if row.path != but.path:
        return False
    overlaps = row.start_byte < but.end_byte and but.start_byte < row.end_byte
    return overlaps or (row.qualname, row.kind) == (but.qualname, but.kind)


def _units(
    index: Index, rows: Sequence[Row], vocabulary: Vocabulary, should_stop: Callable[[], bool] | None
) -> Iterator[Unit]:
    """Yield each symbol with its tokens, until `should_stop` returns true."""
    by_path: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        by_path[row.path].append(row)
    options = index.settings.file_options()
    for path, some in by_path.items():
        if should_stop is not None and should_stop():
            return
        source = read_source(index.root, path, options)
        if isinstance(source, Source):
            for row in some:
                tokens = vocabulary.tokens(source.data[row.start_byte : row.end_byte], source.language)
                yield Unit(row, tokens.text, tokens.kind)


def _compared(wanted: Code, unit: Unit, like: float) -> tuple[How, float]:
    """Return how a unit differs from the source, and the share of code that is the same; 0 if it is below `like`."""
    longer, shorter = sorted((len(unit.texts), len(wanted.texts)), reverse=True)
    if 2 * shorter < like * (longer + shorter):
        return "near", 0.0
    its = unit.code()
    if its.texts == wanted.texts:
        return "exact", 1.0
    if longer == shorter and renamed(its) == renamed(wanted):
        return "renamed", 1.0
    if longer > clone_units.LONGEST or fingerprints.bound(_histogram(wanted), _histogram(its))[0] < like:
        return "near", 0.0
    share = similarity(wanted, its, least=like)
    return "near", share if share >= like else 0.0


def _histogram(of: Code) -> Numbers:
    import numpy as np

    return fingerprints.histogram(np.array(of.shape, np.int64))[None, :]
