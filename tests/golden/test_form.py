"""Indexes outlive a release, so their rules must change whenever the indexed form of the same source does."""

from __future__ import annotations

from hashlib import blake2b
from pathlib import Path
from struct import iter_unpack

from codesearch.core.tokens import as_terms
from codesearch.extract import INDEXED_FORM
from codesearch.files import FileOptions, discover, read_source
from codesearch.files.values import Source
from codesearch.indexing.records import RecordBuilder
from codesearch.store.records import FileState
from tests.golden.pinned import pinned
from tests.support.trees import SHOP, copy_shop


def digest_of(root: Path) -> str:
    """Return a hash of everything that an index says about the text of a tree."""
    builder = RecordBuilder()
    digest = blake2b(digest_size=16)
    for file in discover(root).files:
        source = read_source(root, file.path, FileOptions())
        if not isinstance(source, Source):
            digest.update(repr(source).encode())
            continue
        found = builder.extract(file.path, FileState(0, 0, 0, 0, 0, None), source)
        digest.update(repr((file.path, found.record.language, found.record.lines, found.record.roles)).encode())
        for symbol, (fields, content) in zip(found.symbols, found.texts, strict=True):
            texts = tuple(as_terms(builder.numbers.texts[at] for (at,) in iter_unpack("=i", field)) for field in fields)
            digest.update(repr((symbol, texts, content)).encode())
    return digest.hexdigest()


def test_another_indexed_form_has_another_number(tmp_path: Path):
    found = {"form": INDEXED_FORM, "digest": digest_of(copy_shop(tmp_path / SHOP.name))}
    known = pinned("form", found)
    assert known == found, (
        "The indexed form changed: raise INDEXED_FORM in codesearch/extract/__init__.py, so that indexes and artifacts "
        "of older versions are read again, and update the golden data."
        if known["form"] == INDEXED_FORM
        else "Update the golden data."
    )
