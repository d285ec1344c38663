"""How many words each text has, a few thousand texts per row; 0 for an id without a text. Needs numpy."""

from __future__ import annotations

import zlib
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, NamedTuple

import apsw
import numpy as np

from codesearch.store import postings
from codesearch.store.full_text import DamagedError

if TYPE_CHECKING:
    import numpy.typing as npt

PER_ROW = 4096
_BYTES = 4
_MOST_TEXTS = 1 << 24
"""Texts that no index has; more is damage, which must not take all memory."""


class Lengths(NamedTuple):
    """The lengths of all texts, at one moment."""

    of: npt.NDArray[np.uint32]
    """By id."""
    texts: int
    words: int


NONE = Lengths(np.zeros(1, np.uint32), 0, 0)


def read(db: apsw.Connection, minor: bool, last: int = 0, schema: str = "main") -> Lengths:
    """Return the lengths of all texts, up to `last` at least. Raises DamagedError."""
    rows: list[Any] = db.execute(
        f"SELECT block, lengths FROM {schema}.text_length WHERE minor = ? ORDER BY block", (minor,)
    ).fetchall()
    if rows:
        last = max(last, (rows[-1][0] + 1) * PER_ROW - 1)
    if last >= _MOST_TEXTS or (rows and rows[0][0] < 0):
        raise DamagedError("too many texts")
    found = np.zeros((last // PER_ROW + 1) * PER_ROW, np.uint32)
    for number, data in rows:
        found[number * PER_ROW : (number + 1) * PER_ROW] = _read(data)
    return Lengths(found, int(np.count_nonzero(found)), int(found.sum(dtype=np.int64)))


def write(db: apsw.Connection, minor: bool, lengths: Iterable[tuple[int, int]]) -> None:
    """Write the lengths of texts by id. A row without texts is deleted."""
    rows: dict[int, npt.NDArray[np.uint32]] = {}
    for id, length in lengths:
        number, at = divmod(id, PER_ROW)
        row = rows.get(number)
        if row is None:
            known: Any = db.execute(
                "SELECT lengths FROM text_length WHERE minor = ? AND block = ?", (minor, number)
            ).fetchall()
            row = rows[number] = _read(known[0][0]).copy() if known else np.zeros(PER_ROW, np.uint32)
        row[at] = length
    for number, row in rows.items():
        if row.any():
            planes = row.astype("<u4").view(np.uint8).reshape(-1, _BYTES).T.tobytes()
            db.execute("INSERT OR REPLACE INTO text_length VALUES (?, ?, ?)", (minor, number, zlib.compress(planes, 6)))
        else:
            db.execute("DELETE FROM text_length WHERE minor = ? AND block = ?", (minor, number))


def _read(data: bytes) -> npt.NDArray[np.uint32]:
    try:
        planes = postings.inflated(data)
        found: npt.NDArray[np.uint32] = np.frombuffer(planes, np.uint8).reshape(_BYTES, PER_ROW).T.copy().view("<u4")
        return found.ravel()
    except (zlib.error, ValueError) as error:
        raise DamagedError(f"the lengths of its texts: {error}") from error
