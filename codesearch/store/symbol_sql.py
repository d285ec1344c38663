"""How symbols are read: columns, joins and conditions that statements share. `s` is a symbol, `f` its file."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from codesearch.core.types import DETAILS, KINDS, MINOR, Kind, Symbol
from codesearch.store.paths import shown

COLUMNS = (
    "s.kind, s.name, s.qualname, s.signature, s.documentation, s.start_line, s.end_line, "
    "s.start_byte, s.end_byte, f.language, f.path"
)
"""What `symbol_of` takes."""
IN_FILE = "s.id BETWEEN f.first_symbol AND f.last_symbol"
"""The symbols of a file, by their ids."""
SYMBOLS = f"full_symbol s JOIN file f ON f.id = s.file_id AND {IN_FILE}"
"""Each symbol with its file: SQLite goes from the symbol to the file, or from the file to its symbols.

The table `symbol` has what is no text: it is quicker to count and to group.
"""
FILES_FIRST = f"file f CROSS JOIN full_symbol s ON {IN_FILE}"
"""The same, file by file: a filter over all symbols then checks the conditions on a file once."""


def kinds(some: Iterable[Kind]) -> str:
    """Return kinds as the list of a condition on `kind_number`."""
    return f"({', '.join(str(number) for number in sorted(map(KINDS.index, some)))})"


IS_MINOR = f"s.kind_number IN {kinds(MINOR)}"
NOT_MINOR = f"s.kind_number NOT IN {kinds(MINOR)}"
NO_DETAIL = f"s.kind_number NOT IN {kinds(DETAILS)}"


def symbol_of(columns: Sequence[Any]) -> Symbol:
    """Return a symbol from its COLUMNS."""
    return Symbol(*(*columns[:10], shown(columns[10])))
