"""The file that keeps what `codesearch tune` has learned."""

from __future__ import annotations

from pathlib import Path

import pytest

from codesearch.core.errors import StoreError, UnwritableError
from codesearch.store import tunings
from codesearch.store.tunings import Adapter, Tuning

ADAPTER = Adapter(((0.5, 0.0, 0.0), (0.0, 0.25, 0.0)), ((0.0, 1.0), (1.0, 0.0), (0.0, 0.0)))
TUNING = Tuning("fake@1", "abc", {"text": 0.5, "names": -0.25}, 0.1, ADAPTER, (0.03, 0.01, 0.05), 200, "2026-11-27")


def test_keeps_what_was_learned(tmp_path: Path) -> None:
    index = tmp_path / "index.db"
    assert tunings.read(index) is None
    tunings.write(index, TUNING)
    assert tunings.read(index) == TUNING
    without = TUNING._replace(adapter=None, questions=7)
    tunings.write(index, without)
    assert tunings.read(index) == without
    assert [path.name for path in tmp_path.iterdir()] == ["index.db.tuning.json"]


def test_forgets_it(tmp_path: Path) -> None:
    tunings.write(tmp_path / "index.db", TUNING)
    assert tunings.remove(tmp_path / "index.db")
    assert not tunings.remove(tmp_path / "index.db")
    assert tunings.read(tmp_path / "index.db") is None


@pytest.mark.parametrize("text", ["", "{", "[]", '{"version": 1}', '{"version": 1, "adapter": 3}', "\x00"])
def test_a_damaged_file_is_an_error_that_says_what_to_do(tmp_path: Path, text: str) -> None:
    tunings.file_of(tmp_path / "index.db").write_text(text, "utf-8")
    with pytest.raises(StoreError, match=r"damaged .*--undo"):
        tunings.read(tmp_path / "index.db")


def test_a_file_of_another_version_is_not_guessed_at(tmp_path: Path) -> None:
    tunings.file_of(tmp_path / "index.db").write_text('{"version": 2}', "utf-8")
    with pytest.raises(StoreError, match="another version"):
        tunings.read(tmp_path / "index.db")


def test_says_where_it_cannot_write(tmp_path: Path) -> None:
    with pytest.raises(UnwritableError, match="cannot be written"):
        tunings.write(tmp_path / "missing" / "index.db", TUNING)


def test_an_adapter_adds_its_map_to_the_vector_and_keeps_the_length_of_vectors() -> None:
    moved = memoryview(ADAPTER.moved(bytes([100, 0, 0]))).cast("b").tolist()
    # (100, 0, 0) + (0, 50, 0), scaled to length 127
    assert moved == [round(100 * 127 / 12500**0.5), round(50 * 127 / 12500**0.5), 0]
    negative = memoryview(ADAPTER.moved(bytes([156, 0, 0]))).cast("b").tolist()
    assert negative == [-value for value in moved]
