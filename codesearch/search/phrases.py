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
from codesearch.files.again import read_again
from codesearch.store import Store, sources
from codesearch.store.schema import TEXT_COLUMNS, TEXT_FIELDS
from codesearch.store.sources import Part, PartRow, SourceFile
from codesearch.store.stems import of_identifiers, stems

_MOST = 255
"""Occurrences of a phrase in one field are counted up to this number, which fits a byte."""
_BODY = TEXT_COLUMNS.index("body")
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
_MOST_LOOKED_AT = 300
"""Places of a word in a text that are looked at, the first ones, unless the whole text is made into words."""
_LONG = 400
"""In a longer text, only what is around the words of a phrase is made into words."""
_WINDOW = 400
"""The identifiers before a word are not farther away."""
_IN_WORDS = bytes(code for code in range(128) if chr(code).isalnum() or chr(code) == "_")
_BETWEEN_WORDS = bytes(code for code in range(128) if code not in _IN_WORDS)
_AFTER = re.compile(rb"\w*(?:\W*\w+){0,3}", re.ASCII)
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
            return None if root is None else read_again(root, file.indexed)

        return cls(store, text_of)

    @classmethod
    def of_buffers(cls, store: Store, texts: Mapping[str, bytes]) -> PhraseReader:
        """Read unsaved files, whose texts are given by path."""
        return cls(store, lambda file: texts.get(file.indexed.path))

    def counts(self, phrases: Sequence[str], likely: Mapping[int, bytes]) -> dict[int, bytes]:
        """Return, for the texts that hold any phrase, how often each occurs in each of schema.TEXT_COLUMNS.

        One byte each, at most 255: all columns of the first phrase, then those of the next. Phrases are tokenised as
        the texts are. `likely` has a byte per phrase for each text that may hold one: bit n is set if column n may. A
        file is read once, in the order of their ids.
        """
        wanted = _Phrases(phrases)
        if not wanted.possible:
            return {}
        files = list(sources.files_of(self._store, likely))
        containers = [
            file.id
            for file in files
            if any(_is_container(one) and _in_body(likely[id]) for id, one in file.symbols.items())
        ]
        parts = sources.parts(self._store, containers) if containers else {}
        return {
            id: found
            for file in files
            for id, found in self._in_file(wanted, file, parts.get(file.id, []), likely)
            if any(found)
        }

    def _in_file(
        self, wanted: _Phrases, file: SourceFile, parts: Sequence[PartRow], likely: Mapping[int, bytes]
    ) -> Iterator[tuple[int, bytes]]:
        """Yield (id, counts) of the texts of a file."""
        source = self._text_of(file) if any(_in_body(likely[id]) for id in file.symbols) else None
        nothing = (0,) * len(wanted.patterns)
        for id, symbol in file.symbols.items():
            texts = dict(zip(TEXT_FIELDS, field_texts(symbol), strict=False))
            columns: list[Sequence[int]] = []
            for column, name in enumerate(TEXT_COLUMNS):
                possible = sum([1 << at for at, some in enumerate(likely[id]) if some >> column & 1])
                found = None
                if possible and column != _BODY:
                    found = wanted.counts(texts[name].encode("utf-8", "replace"), possible)
                elif possible and source is not None and symbol.kind not in DETAILS:
                    found = wanted.counts(_body(id, symbol, parts, source), possible)
                columns.append(found or nothing)
            yield id, bytes([some[phrase] for phrase in range(len(nothing)) for some in columns])


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
            (at, _Row(some))
            for at, some in enumerate(split)
            if 1 < len(some) <= _LONGEST_ROW and all(map(bytes.isascii, some))
        ]

    def among(self, text: bytes, possible: int = -1, *, in_rows: bool = True) -> int:
        """Return a bit for each phrase that a text may hold, of those that are possible.

        `in_rows`: only if its words may follow each other.
        """
        left = self.possible & possible
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
        if in_rows and is_ascii and _NO_WORD not in text.translate(_WORDS):
            for at, row in self._rows:
                if left >> at & 1 and not row.may_be_in(plain):
                    left &= ~(1 << at)
        return left

    def counts(self, text: bytes, possible: int) -> Sequence[int] | None:
        """Return how often each phrase of some occurs in a text in UTF-8; None if none does."""
        by_windows = len(text) > _LONG and text.isascii() and _NO_WORD not in text.translate(_WORDS)
        possible = self.among(text, possible, in_rows=not by_windows)
        if not possible:
            return None
        in_rows: dict[int, int] = {}
        if by_windows:
            plain = text.translate(_LOWER, b"_")
            for at, row in self._rows:
                if possible >> at & 1 and (windows := row.windows(text, plain)) is not None:
                    in_rows[at] = sum(_occurrences(self.patterns[at], _stems_in(text, *one)) for one in windows)
        whole = b"" if len(in_rows) == possible.bit_count() else of_identifiers(identifiers(text))
        found = [
            min(in_rows[at] if at in in_rows else _occurrences(pattern, whole), _MOST) if possible >> at & 1 else 0
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
        return any(True for _ in self._places(plain))

    def windows(self, text: bytes, plain: bytes) -> list[tuple[int, int]] | None:
        """Return the parts of a text that may have the words in a row, or None if they are too many.

        `plain` is the text in lower case and without underscores.
        """
        found: list[tuple[int, int]] = []
        at = begins = 0
        """A place in `plain`, and where it is in `text`."""
        for start, end in self._places(plain):
            if end < 0:
                return None
            at, begins = start, _in_text(text, begins, start - at)
            first = _around(text, begins, before=True)
            last = _around(text, _in_text(text, begins, end - start), before=False)
            if found and first <= found[-1][1]:
                found[-1] = found[-1][0], max(last, found[-1][1])
            else:
                found.append((first, last))
        return found

    def _places(self, plain: bytes) -> Iterator[tuple[int, int]]:
        """Yield where the words may be, from the first that is looked for to the last; (0, -1) if they are many."""
        looked_at = 0
        at = plain.find(self._first)
        while at >= 0:
            if looked_at == _MOST_LOOKED_AT:
                yield 0, -1
                return
            if following := self._following.match(plain, at + len(self._first)):
                yield at, following.end()
            elif self._in_compound(plain, at):
                yield at, at
            looked_at += 1
            at = plain.find(self._first, at + 1)

    def _in_compound(self, plain: bytes, at: int) -> bool:
        """Return whether a compound that begins as another of the words may follow the first.

        The index has it after its last part, so the first is in it.
        """
        before = plain[max(0, at - len(_NO_WORD)) : at]
        begins = at - len(before) + len(before.rstrip(_ALPHANUMERIC))
        return any(plain.startswith(other, begins) for other in self._others)


def _in_text(text: bytes, start: int, steps: int) -> int:
    """Return the place so many letters after another, of which underscores are none."""
    at = start + steps
    while (other := start + steps + text.count(b"_", start, at)) != at:
        at = other
    return at


def _around(text: bytes, at: int, *, before: bool) -> int:
    """Return where the identifiers around a place begin, or end: its own, and some more."""
    if before:
        head = text[max(0, at - _WINDOW) : at]
        return at - len(head) + len(head.rstrip(_IN_WORDS).rstrip(_BETWEEN_WORDS).rstrip(_IN_WORDS))
    ends = _AFTER.match(text, at)
    return ends.end() if ends else at


def _stems_in(text: bytes, start: int, end: int) -> bytes:
    return of_identifiers(identifiers(text[start:end]))


def _occurrences(pattern: bytes, words: bytes) -> int:
    """Return how often a phrase occurs in a text; occurrences may overlap, as they do for FTS5."""
    count = 0
    at = words.find(pattern)
    while at >= 0:
        count += 1
        at = words.find(pattern, at + 1)
    return count


def _in_body(columns: bytes) -> bool:
    """Return whether a body may hold a phrase."""
    return any(some >> _BODY & 1 for some in columns)


def _is_container(symbol: Symbol) -> bool:
    return symbol.kind not in CALLABLES and symbol.kind not in DETAILS


def _body(id: int, symbol: Symbol, parts: Sequence[PartRow], source: bytes) -> bytes:
    """Return the body of a symbol; `parts` has all symbols of the file unless its body is its whole source."""
    after = bisect_left(parts, (symbol.start_byte, -symbol.end_byte, id + 1))
    return body_of(symbol, map(Part._make, islice(parts, after, None)), source)
