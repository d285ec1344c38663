"""Texts of symbols as the full-text index takes them, from words as they are written."""

from __future__ import annotations

from collections.abc import Sequence

from codesearch.core.numbers import Numbers
from codesearch.core.tokens import as_terms
from codesearch.extract.documents import Document
from codesearch.store.records import Texts
from codesearch.store.stems import stems
from codesearch.store.word_counts import WordCounter


def counted(texts: Sequence[Sequence[str]]) -> Texts:
    """Return texts, each given by the terms of its fields, as a worker counts their words."""
    numbers = Numbers()
    packed = [[numbers.packed(field.encode().split()) for field in text] for text in texts]
    (found,) = WordCounter(numbers, lambda terms: [stems(term.decode()) for term in terms]).counted([packed])
    return found


def terms_of(document: Document) -> tuple[str, ...]:
    """Return the terms of each field of a document."""
    return tuple(map(as_terms, document.fields))
