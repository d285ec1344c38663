"""The symbols of a file that has changed since it was indexed, as they are now, and which of them pass a filter."""

from __future__ import annotations

import operator
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from codesearch.core.filter import AxisBound, Filter, has_role
from codesearch.core.types import DETAILS, Symbol
from codesearch.files import Source, read_source, role
from codesearch.store import exact, filter_sql

if TYPE_CHECKING:
    from pathlib import Path

    from codesearch.files import FileOptions
    from codesearch.store import Store

_COMPARE = {">": operator.gt, ">=": operator.ge, "<": operator.lt, "<=": operator.le}


def symbols(
    root: Path, options: FileOptions, store: Store, timeout: float | None, path: str, where: Filter | None
) -> list[tuple[Symbol, bool]]:
    """Return the symbols of a file as it is now, without details, and whether each passes a filter.

    Its file has passed the filters by language and path. One that cannot be parsed in time has its parts.
    """
    from codesearch.extract.symbols import ParseTimeoutError, extract, extract_parts

    source = read_source(root, path, options)
    if not isinstance(source, Source):
        return []
    shown = path.encode("utf-8", "replace").decode()
    try:
        found = extract(source.data, source.language, shown, timeout)
    except ParseTimeoutError:
        found = extract_parts(source.data, source.language, shown)
    roles = role(path)
    passing = [one.kind not in DETAILS and _passes(one, roles, where) for one in found]
    if where is not None and where.axes:
        near = _near(found, source.data, shown, where.axes)
        passing = [passes and is_near for passes, is_near in zip(passing, near, strict=True)]
    if where is not None and filter_sql.UNUSED in (*where.roles, *where.not_roles):
        known = _with_roles(store, path, where)
        passing = [passes and one.qualname in known for one, passes in zip(found, passing, strict=True)]
    return [(replace(one, path=path), passes) for one, passes in zip(found, passing, strict=True)
            if one.kind not in DETAILS]  # fmt: skip


def _passes(symbol: Symbol, file_roles: frozenset[str], where: Filter | None) -> bool:
    """Return whether kind, name and roles of a symbol pass a filter, all but `is:unused`."""
    if where is None:
        return True

    def named(patterns: Iterable[str]) -> bool:
        return any(filter_sql.name_matches(symbol.name, symbol.qualname, one) for one in patterns)

    def has(roles: Iterable[str]) -> bool:
        return any(has_role(one, symbol.kind, file_roles) for one in roles)

    by_role = not where.roles or filter_sql.UNUSED in where.roles or has(where.roles)
    wanted = (not where.kinds or symbol.kind in where.kinds) and (not where.names or named(where.names)) and by_role
    return wanted and symbol.kind not in where.not_kinds and not named(where.not_names) and not has(where.not_roles)


def _with_roles(store: Store, path: str, where: Filter) -> set[str]:
    """Return the names of the symbols that had the roles of a filter when the file was indexed: `is:unused`."""
    roles = Filter(roles=where.roles, not_roles=where.not_roles)
    return {one.qualname for one, passes in exact.symbols(store, path, roles) if passes}


def _near(found: Sequence[Symbol], source: bytes, path: str, axes: Sequence[AxisBound]) -> list[bool]:
    """Return whether each symbol passes all bounds on concepts: by its text as it is now."""
    import numpy as np

    from codesearch import embed
    from codesearch.core.numbers import Numbers
    from codesearch.embed.static import StaticEmbedder
    from codesearch.extract.documents import each_document, embedded

    embedder = StaticEmbedder(embed.folder_of(embed.STATIC))
    numbers = Numbers()
    texts = [list(map(numbers.packed, embedded(one.fields))) for one in each_document(found, source, path)]
    vectors = embed.quantise(embedder.encode_numbers(texts, numbers))
    rows = [np.frombuffer(one, np.int8).astype(np.float32) for one in vectors]

    def is_within(row: np.ndarray, bound: AxisBound) -> bool:
        axis = np.frombuffer(bound.axis, np.int8).astype(np.float32)
        lengths = float(np.linalg.norm(row) * np.linalg.norm(axis))
        return bool(lengths) and bool(_COMPARE[bound.concept.operator](float(row @ axis) / lengths, bound.cosine))

    return [all(is_within(row, one) for one in axes) for row in rows]
