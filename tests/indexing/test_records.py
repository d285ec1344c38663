"""Records of files: what is kept between batches, and what happens if there is too little memory."""

from __future__ import annotations

import gc
from weakref import ref

import pytest

from codesearch.core import limits
from codesearch.files import Source
from codesearch.indexing import records
from codesearch.indexing.records import Extracted, RecordBuilder
from codesearch.store.records import FileRecord, FileState

SMALL, LARGE = b"def tiny():\n    return 1\n", b"def tiny():\n    return 1\n" * 50


@pytest.fixture
def builder(monkeypatch: pytest.MonkeyPatch) -> RecordBuilder:
    """Return one that has no memory for more than forty texts at once."""
    made = RecordBuilder()
    texts = made._texts

    def scarce(extracted: list[Extracted]) -> object:
        if sum(len(one.symbols) for one in extracted) > 40:
            raise MemoryError
        return texts(extracted)

    monkeypatch.setattr(made, "_texts", scarce)
    return made


def extracted(builder: RecordBuilder, path: str, data: bytes) -> Extracted:
    return builder.extract(path, FileState(0, 0, 0, 0, 0, None), Source(data, "utf-8", b"", "python"))


def test_only_the_file_that_is_too_large_is_left_out(builder: RecordBuilder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "is_own_limit", lambda: True)
    found = [extracted(builder, path, data) for path, data in (("a.py", SMALL), ("b.py", LARGE), ("c.py", SMALL))]
    first, large, last = (one for one in builder.completed(found) if isinstance(one, FileRecord))
    assert (large.skipped, large.detail) == ("parse failed", "needed more than 500 MB of memory")
    assert [len(one.symbols) for one in (first, large, last)] == [2, 0, 2]
    assert [one.skipped for one in (first, last)] == [None, None]


def test_memory_that_the_machine_lacks_is_not_held_against_a_file(
    builder: RecordBuilder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "is_own_limit", lambda: False)
    with pytest.raises(MemoryError):
        builder.completed([extracted(builder, "b.py", LARGE)])


def test_identifiers_that_are_forgotten_take_no_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """Though a worker collects no cycles while it reads."""
    monkeypatch.setattr(records, "MOST_IDENTIFIERS", 1)
    builder = RecordBuilder()
    gc.disable()
    try:
        first = ref(builder.numbers)
        for path in ("a.py", "b.py"):
            builder.completed([extracted(builder, path, SMALL)])
        assert first() is None
    finally:
        gc.enable()
