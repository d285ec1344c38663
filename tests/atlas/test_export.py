"""Exports: the same rows in every format, complete or not there at all."""

from __future__ import annotations

import csv
import json
import sqlite3
import sys
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

import codesearch
from codesearch.atlas import export
from codesearch.core.errors import CodesearchError, NotFoundError, UnwritableError
from codesearch.store.export import COLUMNS
from tests.support.trees import copy_shop


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory):
    with codesearch.open_index(copy_shop(tmp_path_factory.mktemp("export") / "shop")) as index:
        index.update()
        yield index


def written(index: codesearch.Index, format: str, folder: Path, **options: object) -> Path:
    out = folder / f"out.{format}"
    count = export.export(index, format, out, **options)  # type: ignore[arg-type]
    assert count > 0
    assert [file.name for file in folder.iterdir()] == [out.name], "nothing else is left"
    return out


def expected(index: codesearch.Index) -> list[tuple[object, ...]]:
    fields = [name for name in COLUMNS if name not in ("id", "roles")]
    return [tuple(getattr(symbol, name) for name in fields) for symbol in index.symbols()]


def vector_of(index: codesearch.Index, row: dict[str, object]) -> np.ndarray | None:
    store = index.required_reader()
    data = store.vector_of(int(str(row["id"])))
    if data is None:
        return None
    vector = np.frombuffer(data, np.int8).astype(np.float32)
    return np.asarray(vector / np.linalg.norm(vector))


def check(index: codesearch.Index, rows: list[dict[str, object]], *, vectors: bool = True) -> None:
    """Check that the rows are all symbols, in order, each with its vector."""
    fields = [name for name in COLUMNS if name not in ("id", "roles")]
    assert [tuple(row[name] for name in fields) for row in rows] == expected(index)
    if not vectors:
        return
    for row in rows:
        wanted = vector_of(index, row)
        assert (row["vector"] is None) == (wanted is None)
        if wanted is not None:
            assert np.allclose(np.asarray(row["vector"], np.float32), wanted, atol=1e-6)
    assert any(row["vector"] is None for row in rows), "constants have none"


def test_csv(index: codesearch.Index, tmp_path: Path):
    with written(index, "csv", tmp_path, vectors=True).open(encoding="utf-8", newline="") as file:
        rows: list[dict[str, object]] = list(csv.DictReader(file))
    for row in rows:
        row |= {name: int(str(row[name])) for name in ("start_line", "end_line")}
        row["vector"] = json.loads(str(row["vector"])) if row["vector"] else None
    check(index, rows)


def test_csv_without_vectors(index: codesearch.Index, tmp_path: Path):
    head = written(index, "csv", tmp_path, vectors=False).read_text("utf-8").splitlines()[0]
    assert head.split(",") == list(COLUMNS)


def test_parquet(index: codesearch.Index, tmp_path: Path):
    from pyarrow import parquet

    table = parquet.read_table(written(index, "parquet", tmp_path))
    assert table.schema.field("vector").type.list_size == 256
    check(index, table.to_pylist())


def test_parquet_needs_pyarrow(index: codesearch.Index, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(CodesearchError, match=r"parquet needs pyarrow: .* -m pip install pyarrow"):
        export.export(index, "parquet", tmp_path / "out.parquet")
    assert list(tmp_path.iterdir()) == []


def test_sqlite(index: codesearch.Index, tmp_path: Path):
    with closing(sqlite3.connect(written(index, "sqlite", tmp_path))) as db:
        db.row_factory = sqlite3.Row
        rows = [dict(row) for row in db.execute("SELECT * FROM symbols ORDER BY rowid")]
    order = {id: at for at, id in enumerate(row["id"] for row in rows)}
    assert len(order) == len(rows)
    for row in rows:
        row["vector"] = None if row["vector"] is None else np.frombuffer(row["vector"], np.float32)
    rows.sort(key=lambda row: (row["path"], row["start_line"], -row["end_line"], row["id"]))
    check(index, rows)


def test_npz(index: codesearch.Index, tmp_path: Path):
    with np.load(written(index, "npz", tmp_path), allow_pickle=False) as file:
        arrays = dict(file)
    assert "documentation" not in arrays
    assert arrays["vector"].shape == (len(arrays["id"]), 256)
    symbols = list(index.symbols())
    assert arrays["qualname"].tolist() == [symbol.qualname for symbol in symbols]
    assert arrays["start_line"].tolist() == [symbol.start_line for symbol in symbols]
    assert np.isclose(np.linalg.norm(arrays["vector"], axis=1)[arrays["kind"] == "function"], 1).all()


def test_projector(index: codesearch.Index, tmp_path: Path):
    out = written(index, "projector", tmp_path)
    assert sorted(file.name for file in out.iterdir()) == ["metadata.tsv", "projector_config.pbtxt", "vectors.tsv"]
    vectors = (out / "vectors.tsv").read_text("utf-8").splitlines()
    head, *metadata = (out / "metadata.tsv").read_text("utf-8").splitlines()
    assert len(vectors) == len(metadata) > 100
    assert {line.count("\t") for line in vectors} == {255}
    assert {line.count("\t") for line in metadata} == {head.count("\t")}
    again = export.export(index, "projector", out)
    assert again == len(vectors), "a folder that is there is written again"


def test_a_filter_restricts_it(index: codesearch.Index, tmp_path: Path):
    out = tmp_path / "go.csv"
    count = export.export(index, "csv", out, where=codesearch.Filter(languages=("go",)), vectors=False)
    assert count == len(list(index.symbols(codesearch.Filter(languages=("go",)))))


def test_what_fails_leaves_the_last_file(index: codesearch.Index, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    out = tmp_path / "out.csv"
    out.write_text("the last one", "utf-8")

    def failing(*_: object) -> object:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(export, "unit", failing)
    with pytest.raises(UnwritableError, match="No space left on device"):
        export.export(index, "csv", out, vectors=True)
    assert [file.name for file in tmp_path.iterdir()] == ["out.csv"]
    assert out.read_text("utf-8") == "the last one"
    with pytest.raises(UnwritableError):
        export.export(index, "csv", tmp_path / "no" / "folder.csv")


def test_there_must_be_an_index(tmp_path: Path):
    with codesearch.open_index(tmp_path) as index, pytest.raises(NotFoundError):
        export.export(index, "csv", tmp_path / "out.csv")
