"""`codesearch export`: all symbols and their vectors as a file for other programs."""

from __future__ import annotations

import tempfile
from enum import Enum
from pathlib import Path
from typing import Annotated

import typer

from codesearch.cli import session
from codesearch.cli.exit_codes import FOUND, NOTHING
from codesearch.cli.options import FilterOptions, IndexOptions, PathArgument
from codesearch.cli.ui import console
from codesearch.core.counts import number
from codesearch.core.errors import UsageError


class ExportFormat(str, Enum):
    """What an export is written as."""

    parquet = "parquet"
    csv = "csv"
    npz = "npz"
    sqlite = "sqlite"
    projector = "projector"


_ENDINGS = {"parquet": "parquet", "csv": "csv", "npz": "npz", "sqlite": "sqlite", "db": "sqlite", "sqlite3": "sqlite"}


def export(
    path: PathArgument = None,
    out: Annotated[
        str | None,
        typer.Option(
            "--out", "-o", metavar="FILE", help="File to write (projector: folder); - for stdout.", show_default=False
        ),
    ] = None,
    format: Annotated[
        ExportFormat | None,
        typer.Option(
            "--format",
            metavar="FORMAT",
            help="parquet (needs pyarrow), csv, npz, sqlite or projector (TensorBoard).",
            show_default=False,
        ),
    ] = None,
    vectors: Annotated[
        bool | None,
        typer.Option(
            "--vectors/--no-vectors",
            help="With the vector of each symbol or without (csv: without).",
            show_default=False,
        ),
    ] = None,
    *,
    filters: FilterOptions,
    use: IndexOptions,
) -> int:
    """Write all symbols, with their vectors, for notebooks and other programs.

    codesearch export -o symbols.parquet
    codesearch export --format csv -o - --kind function
    codesearch export --format projector -o projector/

    Exit status: 0, or 1 if there are no symbols.
    """
    from codesearch.atlas import export as exports

    chosen = _format(format, out)
    with_vectors = _vectors(vectors, chosen)
    tree = use.tree(path)
    where = filters.where(tree) & tree.where
    with session.opened(tree.root, db=use.db) as index:
        session.prepare(index, update=use.update, quiet=use.quiet)
        if out == "-":
            with tempfile.TemporaryDirectory() as place:
                file = Path(place) / "export"
                count = exports.export(index, chosen, file, where=where or None, vectors=with_vectors)
                console.flush()
                exports.copy_to_stdout(file)
        else:
            file = Path(out or f"codesearch-{'projector' if chosen == 'projector' else f'symbols.{chosen}'}")
            count = exports.export(index, chosen, file, where=where or None, vectors=with_vectors)
            session.tell(f"{file}: {number(count, 'symbol')}", quiet=use.quiet)
        session.tell(index.filter_note(where), quiet=use.quiet)
    return FOUND if count else NOTHING


def _format(format: ExportFormat | None, out: str | None) -> str:
    """Return the format: as asked for, else by the ending of the file. Raises UsageError."""
    found = format.value if format else _ENDINGS.get(Path(out or "").suffix.lstrip(".").lower(), "")
    if not found:
        raise UsageError(f"give --format, or a file that ends in one of {', '.join(f'.{one}' for one in _ENDINGS)}")
    if out == "-" and found == "projector":
        raise UsageError("a projector export is a folder of three files: name it with --out")
    return found


def _vectors(wanted: bool | None, format: str) -> bool:
    if wanted is False and format == "projector":
        raise UsageError("a projector export is of vectors: leave out --no-vectors")
    return format != "csv" if wanted is None else wanted
