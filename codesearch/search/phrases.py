"""How often phrases occur in texts. The index has no positions of words, so the texts are made again from the source.

Few texts hold a phrase of a question, and most lack one of its words. So the beginnings of the words are looked for
first, at a fraction of the cost: a stem is the beginning of its word but for the last letter (`poni` that of `pony`).
Then it is looked whether they follow each other. What this may rule out follows from how `core.tokens` and
`store.stems` make words of a text; tests/search/test_phrases.py compares the two.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path

from codesearch.core.tokens import identifiers
from codesearch.core.types import CALLABLES, DETAILS, Symbol
from codesearch.extract.documents import body_of, field_texts
from codesearch.files.again import Indexed, read_again
from codesearch.store import Store, sources
from codesearch.store.schema import TEXT_COLUMNS, TEXT_FIELDS
from codesearch.store.sources import Part, PartRow, SourceFile
from codesearch.store.stems import of_identifiers, stems

_MOST = 255
"""Occurrences of a phrase in one field are counted up to this number, which fits a byte."""
_FIELD_OF = tuple(TEXT_FIELDS.index(column) for column in TEXT_COLUMNS)
_LOWER = bytes(range(256)).lower()
_PLAIN = bytes({*range(0xC3), 0xD0, 0xD1, *range(0xE2, 0xEA)})
"""The bytes of a text in which the words in ASCII stand as they are: of ASCII, Cyrillic, Japanese, Chinese and signs,
but not of Latin letters with marks."""
_LETTERLIKE = b"\xe2\x84"
"""How signs such as that of Kelvin begin, which is a K."""
_BETWEEN = rb"[a-z0-9]*[^a-z0-9]*"
"""What may be between the beginnings of two words: the rest of a word, what separates words, or both."""
_ALPHANUMERIC = bytes(code for code in range(128) if chr(code).isalnum())
_LONGEST_ROW = 3
"""In more words there may be two compounds."""
_MOST_LOOKED_AT = 20
_WORDS = bytes(97 if chr(code).isalnum() or code == 95 else 32 for code in range(128)).ljust(256)
_NO_WORD = b"a" * 81
"""What is longer than a word can be has no place among the words, so those around it follow each other."""


class PhraseReader:
    """Counts phrases in the texts of one index."""

    def __init__(self, store: Store, text_of: Callable[[SourceFile], bytes | None]) -> None:
        """`text_of` returns the text of a file, or None if it is no longer the one that was indexed."""
        self._store, self._text_of = store, text_of

    @classmethod
    def of_tree(cls, store: Store, root: Path | None) -> PhraseReader:
        """Read the files of a tree. Of one that changed, or without a root, the bodies count nothing."""

        def text_of(file: SourceFile) -> bytes | None:
            return None if root is None else read_again(root, Indexed(file.path, *file.seen))

        return cls(store, text_of)

    @classmethod
    def of_buffers(cls, store: Store, texts: Mapping[str, bytes]) -> PhraseReader:
        """Read unsaved files, whose texts are given by path."""
        return cls(store, lambda file: texts.get(file.path))

    def counts(self, phrases: Sequence[str], ids: Sequence[int]) -> dict[int, bytes]:
        """Return, for the texts that hold any phrase, how often each occurs in each of schema.TEXT_COLUMNS.

        One byte each, at most 255: all columns of the first phrase, then those of the next. Phrases are tokenised as
        the texts are. A file is read once, in the order of their ids.
        """
        wanted = _Phrases(phrases)
        if not wanted.possible:
            return {}
        files = list(sources.files_of(self._store, ids))
        containers = [file.id for file in files if any(map(_is_container, file.symbols.values()))]
        parts = sources.parts(self._store, containers) if containers else {}
        return {id: found for file in files for id, found in self._in_file(wanted, file, parts.get(file.id, []))}

    def _in_file(self, wanted: _Phrases, file: SourceFile, parts: Sequence[PartRow]) -> Iterator[tuple[int, bytes]]:
        """Yield (id, counts) of the texts of a file that hold a phrase."""
        has_body = any(symbol.kind not in DETAILS for symbol in file.symbols.values())
        source = self._text_of(file) if has_body else None
        in_path = wanted.counts(file.path)
        for id, symbol in file.symbols.items():
            *texts, path = field_texts(symbol)
            by_field: list[Sequence[int] | None] = [None] * len(TEXT_FIELDS)
            if wanted.among("\n".join(texts).encode("utf-8", "replace")):
                by_field[: len(texts)] = map(wanted.counts, texts)
            if path:
                by_field[TEXT_FIELDS.index("path")] = in_path
            if source is not None and symbol.kind not in DETAILS:
                by_field[TEXT_FIELDS.index("body")] = wanted.counts_in(_body(id, symbol, parts, source))
            if any(by_field):
                nothing = (0,) * len(wanted.patterns)
                yield (
                    id,
                    bytes(
                        (by_field[field] or nothing)[phrase] for phrase in range(len(nothing)) for field in _FIELD_OF
                    ),
                )


class _Phrases:
    """The phrases of a question, and what a text must hold to hold one of them."""

    def __init__(self, phrases: Sequence[str]) -> None:
        split = [stems(phrase) for phrase in phrases]
        self.patterns = [b" " + b"".join(word + b" " for word in some) for some in split]
        self.possible = sum(1 << at for at, some in enumerate(split) if some)
        """A bit for each phrase that has a word."""
        self._beyond_ascii = sum(1 << at for at, some in enumerate(split) if not all(map(bytes.isascii, some)))
        holding: dict[bytes, int] = {}
        for at, some in enumerate(split):
            for word in some:
                if word.isascii() and word[:-1]:
                    holding[word[:-1]] = holding.get(word[:-1], 0) | 1 << at
        self._holding = sorted(holding.items(), key=lambda one: -len(one[0]))
        """What begins the words of phrases, with the phrases that have such a word, the longest first."""
        self._rows = [
            (1 << at, _Row(some))
            for at, some in enumerate(split)
            if 1 < len(some) <= _LONGEST_ROW and all(map(bytes.isascii, some))
        ]

    def among(self, text: bytes) -> int:
        """Return a bit for each phrase that a text may hold."""
        left = self.possible
        is_ascii = text.isascii()
        if is_ascii:
            left &= ~self._beyond_ascii
        elif text.translate(None, _PLAIN) or _LETTERLIKE in text:
            return left
        plain = text.translate(_LOWER, b"_")  # the parts of a compound stand together
        for beginning, phrases in self._holding:
            if left & phrases and beginning not in plain:
                left &= ~phrases
                if not left:
                    return 0
        if is_ascii and _NO_WORD not in text.translate(_WORDS):
            for phrase, row in self._rows:
                if left & phrase and not row.may_be_in(plain):
                    left &= ~phrase
        return left

    def counts(self, text: str) -> Sequence[int] | None:
        """Return how often each phrase occurs in a text; None if none does."""
        return self.counts_in(text.encode("utf-8", "replace"))

    def counts_in(self, text: bytes) -> Sequence[int] | None:
        """Return the same for a text in UTF-8."""
        possible = self.among(text)
        if not possible:
            return None
        words = of_identifiers(identifiers(text))
        found = [
            min(_occurrences(pattern, words), _MOST) if possible >> at & 1 else 0
            for at, pattern in enumerate(self.patterns)
        ]
        return found if any(found) else None


class _Row:
    """The beginnings of two or three words in ASCII that follow each other."""

    def __init__(self, words: Sequence[bytes]) -> None:
        begin = [word[:-1] for word in words]
        if len(begin) > 2 and len(begin[1]) > len(begin[0]):
            del begin[0]  # the rarer is looked for
        self._first, *self._others = begin
        self._following = re.compile(_BETWEEN + _BETWEEN.join(map(re.escape, self._others)))

    def may_be_in(self, plain: bytes) -> bool:
        """Return whether a text may have the words in a row; it is in lower case and without underscores."""
        looked_at = 0
        at = plain.find(self._first)
        while at >= 0 and looked_at < _MOST_LOOKED_AT:
            if self._following.match(plain, at + len(self._first)) or self._in_compound(plain, at):
                return True
            looked_at += 1
            at = plain.find(self._first, at + 1)
        return looked_at == _MOST_LOOKED_AT

    def _in_compound(self, plain: bytes, at: int) -> bool:
        """Return whether a compound that begins as another of the words may follow the first.

        The index has it after its last part, so the first is in it.
        """
        before = plain[max(0, at - len(_NO_WORD)) : at]
        begins = at - len(before) + len(before.rstrip(_ALPHANUMERIC))
        return any(plain.startswith(other, begins) for other in self._others)


def _occurrences(pattern: bytes, words: bytes) -> int:
    """Return how often a phrase occurs in a text; occurrences may overlap, as they do for FTS5."""
    count = 0
    at = words.find(pattern)
    while at >= 0:
        count += 1
        at = words.find(pattern, at + 1)
    return count


def _is_container(symbol: Symbol) -> bool:
    return symbol.kind not in CALLABLES and symbol.kind not in DETAILS


def _body(id: int, symbol: Symbol, parts: Sequence[PartRow], source: bytes) -> bytes:
    """Return the body of a symbol; `parts` has all symbols of the file unless its body is its whole source."""
    after = bisect_left(parts, (symbol.start_byte, -symbol.end_byte, id + 1))
    return body_of(symbol, map(Part._make, islice(parts, after, None)), source)
