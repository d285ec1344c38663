"""Writes all symbols, with their vectors, for notebooks and other programs.

Rows are read and written in batches, so memory does not grow with the tree, except for `npz`, which has whole columns.
What is written appears under its name only when it is complete.
"""

from __future__ import annotations

import csv
import json
import os
import shutil
import sqlite3
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from codesearch.core.errors import CodesearchError, UnwritableError
from codesearch.core.libraries import install_command
from codesearch.search import resolved
from codesearch.store.export import COLUMNS
from codesearch.store.export import rows as stored_rows

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from codesearch.core.filter import Filter
    from codesearch.index import Index

FORMATS = ("parquet", "csv", "npz", "sqlite", "projector")
BATCH = 2000
VECTOR = "vector"
_NUMBERS = ("id", "start_line", "end_line")
_LONG = ("signature", "documentation")
"""Columns that an npz leaves out: in it, every text of a column takes the room of the longest."""
_METADATA = ("qualname", "path", "start_line", "kind", "language", "roles")
"""Columns of the projector's metadata."""

Row = tuple[Any, ...]
Writer = Callable[[Path, Iterator[list[Row]], bool, int], int]


def export(index: Index, format: str, out: Path, *, where: Filter | None = None, vectors: bool = True) -> int:
    """Write the symbols that pass a filter to a file (a folder for `projector`); return how many there are.

    Raises NotFoundError if there is no index, CodesearchError without pyarrow for `parquet`, UnwritableError.
    """
    store = index.required_reader()
    where = None if where is None else resolved(where, index.root, index.path)
    dims = int(store.meta()["dims"])
    with store.snapshot(), _new(out, folder=format == "projector") as temporary:
        batches = _batches(stored_rows(store.connection, where))
        return _WRITERS[format](temporary, batches, vectors, dims)


def _batches(rows: Iterator[Row]) -> Iterator[list[Row]]:
    while batch := list(islice(rows, BATCH)):
        yield [tuple(_text(value) for value in row) for row in batch]


def _text(value: Any) -> Any:
    """Return text that is valid UTF-8: bytes of a file name that are not become replacement characters."""
    return value.encode("utf-8", "replace").decode() if isinstance(value, str) else value


@contextmanager
def _new(out: Path, *, folder: bool) -> Iterator[Path]:
    """Yield a file or folder to write, which then takes the name `out`. Raises UnwritableError."""
    try:
        if folder:
            with tempfile.TemporaryDirectory(dir=out.absolute().parent, prefix=f".{out.name}.") as temporary:
                yield Path(temporary)
                out.mkdir(exist_ok=True)
                for file in Path(temporary).iterdir():
                    file.replace(out / file.name)
            return
        handle, name = tempfile.mkstemp(dir=out.absolute().parent, prefix=f".{out.name}.")
        os.close(handle)
        try:
            yield Path(name)
            umask = os.umask(0)
            os.umask(umask)
            Path(name).chmod(0o666 & ~umask)  # mkstemp makes it private
            Path(name).replace(out)
        finally:
            Path(name).unlink(missing_ok=True)
    except OSError as error:
        raise UnwritableError(f"{out}: cannot be written ({error.strerror or error})") from error


def copy_to_stdout(file: Path) -> None:
    """Write a finished export to stdout."""
    with file.open("rb") as source:
        shutil.copyfileobj(source, sys.stdout.buffer)
    sys.stdout.buffer.flush()


def unit(batch: list[Row], dims: int) -> npt.NDArray[np.float32]:
    """Return the vectors of some rows as float32 of length 1; zeros without one."""
    import numpy as np

    from codesearch.atlas import vectors

    blank = bytes(dims)
    data = b"".join(row[-1] or blank for row in batch)
    return vectors.unit(np.frombuffer(data, np.int8).reshape(len(batch), dims))


def _csv(out: Path, batches: Iterator[list[Row]], with_vectors: bool, dims: int) -> int:
    count = 0
    with out.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow((*COLUMNS, *([VECTOR] if with_vectors else [])))
        for batch in batches:
            count += len(batch)
            if with_vectors:
                made = zip(batch, unit(batch, dims), strict=True)
                writer.writerows((*row[:-1], _listed(vector) if row[-1] else "") for row, vector in made)
            else:
                writer.writerows(row[:-1] for row in batch)
    return count


def _listed(vector: npt.NDArray[np.float32]) -> str:
    return json.dumps([round(float(value), 6) for value in vector.tolist()], separators=(",", ":"))


def _parquet(out: Path, batches: Iterator[list[Row]], with_vectors: bool, dims: int) -> int:
    try:
        import pyarrow
        from pyarrow import parquet
    except ImportError:
        raise CodesearchError(f"parquet needs pyarrow: {install_command('pyarrow')}") from None
    fields = [(name, pyarrow.int64() if name in _NUMBERS else pyarrow.string()) for name in COLUMNS]
    fields += [(VECTOR, pyarrow.list_(pyarrow.float32(), dims))] if with_vectors else []
    schema = pyarrow.schema(fields)
    count = 0
    with parquet.ParquetWriter(out, schema, compression="zstd") as writer:
        for batch in batches:
            count += len(batch)
            columns: list[Any] = [list(column) for column in zip(*batch, strict=True)][:-1]
            if with_vectors:
                made = zip(batch, unit(batch, dims), strict=True)
                columns.append([vector.tolist() if row[-1] else None for row, vector in made])
            writer.write_table(pyarrow.table(columns, schema=schema))
    return count


def _npz(out: Path, batches: Iterator[list[Row]], with_vectors: bool, dims: int) -> int:
    import numpy as np

    rows = list(chain.from_iterable(batches))
    arrays: dict[str, Any] = {
        name: np.array([row[at] for row in rows], np.int64 if name in _NUMBERS else np.str_)
        for at, name in enumerate(COLUMNS)
        if name not in _LONG
    }
    if with_vectors:
        arrays[VECTOR] = unit(rows, dims)
    with out.open("wb") as file:
        np.savez_compressed(file, **arrays)
    return len(rows)


def _sqlite(out: Path, batches: Iterator[list[Row]], with_vectors: bool, dims: int) -> int:
    types = ", ".join(f"{name} {'INTEGER' if name in _NUMBERS else 'TEXT'}" for name in COLUMNS)
    types = types.replace("id INTEGER", "id INTEGER PRIMARY KEY", 1) + (f", {VECTOR} BLOB" if with_vectors else "")
    count = 0
    with closing(sqlite3.connect(out)) as db, db:
        db.execute(f"CREATE TABLE symbols({types})")
        marks = ", ".join("?" * (len(COLUMNS) + with_vectors))
        for batch in batches:
            count += len(batch)
            data = [
                (*row[:-1], *([vector.tobytes() if row[-1] else None] if with_vectors else []))
                for row, vector in zip(batch, unit(batch, dims), strict=True)
            ]
            db.executemany(f"INSERT INTO symbols VALUES ({marks})", data)
        db.execute("CREATE INDEX symbols_path ON symbols(path, start_line)")
    return count


def _projector(out: Path, batches: Iterator[list[Row]], with_vectors: bool, dims: int) -> int:
    """Write what TensorBoard's embedding projector loads: only symbols with a vector."""
    count = 0
    places = [COLUMNS.index(name) for name in _METADATA]
    with (
        (out / "vectors.tsv").open("w", encoding="utf-8") as vectors,
        (out / "metadata.tsv").open("w", encoding="utf-8") as metadata,
    ):
        metadata.write("\t".join(_METADATA) + "\n")
        for batch in batches:
            some = [row for row in batch if row[-1]]
            count += len(some)
            for row, vector in zip(some, unit(some, dims), strict=True):
                vectors.write("\t".join(f"{value:.6g}" for value in vector.tolist()) + "\n")
                metadata.write("\t".join(" ".join(str(row[at]).split()) or "-" for at in places) + "\n")
    config = 'embeddings {\n  tensor_path: "vectors.tsv"\n  metadata_path: "metadata.tsv"\n}\n'
    (out / "projector_config.pbtxt").write_text(config, "utf-8")
    return count


_WRITERS: dict[str, Writer] = {
    "parquet": _parquet,
    "csv": _csv,
    "npz": _npz,
    "sqlite": _sqlite,
    "projector": _projector,
}
