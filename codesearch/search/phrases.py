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
from functools import cache, cached_property
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
_GOES_ON = rb"[\x80-\xbf]"
_OTHERS = re.compile(
    rb"[\xc3-\xcf\xd2-\xdf]%b|(?:\xe1[\xb8-\xbb]|\xe2\x84|[\xea-\xef]%b)%b|[\xf0-\xf4]%b{3}" % ((_GOES_ON,) * 4)
)
"""A character that may be another one in the index: of Latin letters with marks, signs that look like letters (that of
Kelvin is a K), and most other scripts, but not of those whose marks join words."""
_ASCII = bytes(range(128))
_MOST_REPLACED = 64
"""Different characters that are replaced in a text, each at the cost of a look at all of it."""
_SIGNS = {2: "Ж".encode(), 3: "る".encode(), 4: "ЖЖ".encode()}
"""By their length: characters without words in ASCII."""
_BETWEEN = rb"[a-z0-9]*[^a-z0-9]*"
"""What may be between the beginnings of two words: the rest of a word, what separates words, or both."""
_LONGEST_ROW = 3
"""In more words there may be two compounds."""
_LONG = 400
"""In a longer text, only what is around the words of a phrase is made into words."""
_MOST_WINDOWS, _BYTES_PER_WINDOW = 300, 100
"""With more windows, and more than one per so many bytes, making the whole text into words takes less time."""
_WINDOW = 400
"""The identifiers before a word are not farther away."""
_IN_WORDS = bytes(code for code in range(256) if code > 127 or chr(code).isalnum() or chr(code) == "_")
"""The bytes of identifiers. Those beyond ASCII may be of signs, too, but no identifier goes on at another byte."""
_BETWEEN_WORDS = bytes(code for code in range(256) if code > 127 or not chr(code).isalnum())
"""What there may be between identifiers that have words: `_` has none."""
_AFTER = re.compile(rb"[\w\x80-\xff]*(?:[^a-zA-Z0-9]*[a-zA-Z0-9][\w\x80-\xff]*){0,3}", re.ASCII)
_WORDS = bytes(97 if code in _IN_WORDS else 32 for code in range(256))
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
        self._rows = [(at, row) for at, some in enumerate(split) if (row := _Row.of(some)) is not None]

    def among(self, text: _Text, possible: int = -1, *, in_rows: bool = True) -> int:
        """Return a bit for each phrase that a text may hold, of those that are possible.

        `in_rows`: only if its words may follow each other.
        """
        left = self.possible & possible
        if text.is_ascii:
            left &= ~self._beyond_ascii
        if text.plain is None:
            return left
        for beginning, phrases in self._holding:
            if left & phrases and beginning not in text.plain:
                left &= ~phrases
                if not left:
                    return 0
        if in_rows and text.has_rows:
            for at, row in self._rows:
                if left >> at & 1 and not row.may_be_in(text.plain):
                    left &= ~(1 << at)
        return left

    def counts(self, text: bytes, possible: int) -> Sequence[int] | None:
        """Return how often each phrase of some occurs in a text in UTF-8; None if none does."""
        of = _Text(text)
        is_long = len(text) > _LONG
        possible = self.among(of, possible, in_rows=not is_long)
        if not possible:
            return None
        in_rows: dict[int, int] = {}
        if is_long and of.read is not None and of.plain is not None and of.has_rows:
            for at, row in self._rows:
                if possible >> at & 1 and (windows := row.windows(of.read, of.plain)) is not None:
                    in_rows[at] = sum(_occurrences(self.patterns[at], _stems_in(text, *one)) for one in windows)
        whole = b"" if len(in_rows) == possible.bit_count() else of_identifiers(identifiers(text))
        found = [
            min(in_rows[at] if at in in_rows else _occurrences(pattern, whole), _MOST) if possible >> at & 1 else 0
            for at, pattern in enumerate(self.patterns)
        ]
        return found if any(found) else None


class _Text:
    """A text in UTF-8, in the forms in which it is searched for the beginnings of words."""

    def __init__(self, text: bytes) -> None:
        self.is_ascii = text.isascii()
        self.read = text if self.is_ascii else _as_indexed(text)
        """The text with all words in ASCII as they are in the index but for their case, each at its place; None if it
        has letters that may become others."""
        self.plain = None if self.read is None else self.read.translate(_LOWER, b"_")
        """That in lower case and without underscores, so that the parts of a compound stand together."""

    @cached_property
    def has_rows(self) -> bool:
        """Whether words that follow each other in the index do so in the text."""
        return self.read is not None and _NO_WORD not in self.read.translate(_WORDS)


def _as_indexed(text: bytes) -> bytes | None:
    """Return a text of the same length in which each character is plain; None if some may be of another sort."""
    if text.translate(None, _PLAIN) or b"\xe2\x84" in text:
        others = set(_OTHERS.findall(text.translate(None, _ASCII)))
        if len(others) > _MOST_REPLACED:
            return None
        for other in others:
            text = text.replace(other, _plain(other))
        if text.translate(None, _PLAIN):
            return None
    return text


@cache
def _plain(character: bytes) -> bytes:
    """Return a character as the index has it, filled up with underscores, or a sign of the same length if it has no
    words in ASCII there; the character itself if it has several, or longer ones.
    """
    if character.decode("utf-8", "replace").isdecimal():
        return b"_" * len(character)  # the words of an identifier are without it
    found = of_identifiers(identifiers(character)).strip()
    if found.isalnum() and len(found) <= len(character):
        return found.ljust(len(character), b"_")
    return character if re.search(rb"[a-z0-9]", found) else _SIGNS[len(character)]


class _Row:
    """The beginnings of two or three words in ASCII that follow each other."""

    def __init__(self, first: bytes, others: Sequence[bytes]) -> None:
        self._first = first
        self._following = re.compile(_BETWEEN.join(map(re.escape, (first, *others))))
        # A compound follows its last part in the index, so the first may be in one that begins as another of the words.
        # The pattern begins with letters, since Python finds them faster than what is not behind a letter.
        self._compounds = [
            re.compile(rb"%b(?<![a-z0-9]%b)[a-z0-9]+" % (begins, begins)) for begins in map(re.escape, others) if begins
        ]

    @classmethod
    def of(cls, words: Sequence[bytes]) -> _Row | None:
        """Return the row of some words; None if they are too many, not in ASCII, or begin with too little."""
        if not 1 < len(words) <= _LONGEST_ROW or not all(map(bytes.isascii, words)):
            return None
        begin = [word[:-1] for word in words]
        if len(begin[1]) > len(begin[0]) and (len(begin) > 2 or not begin[0]):
            del begin[0]  # the rarer is looked for; the one before it is in its window
        return cls(begin[0], begin[1:]) if begin[0] else None

    def may_be_in(self, plain: bytes) -> bool:
        """Return whether a text may have the words in a row; it is in lower case and without underscores."""
        return any(True for _ in self._places(plain))

    def windows(self, text: bytes, plain: bytes) -> list[tuple[int, int]] | None:
        """Return the parts of a text that may have the words in a row, or None if they are too many.

        `plain` is the text in lower case and without underscores.
        """
        places = list(self._places(plain))
        if len(places) > max(_MOST_WINDOWS, len(text) // _BYTES_PER_WINDOW):
            return None
        found: list[tuple[int, int]] = []
        at = begins = 0
        """A place in `plain`, and where it is in `text`."""
        for start, end in sorted(places):
            at, begins = start, _in_text(text, begins, start - at)
            first = _around(text, begins, before=True)
            last = _around(text, _in_text(text, begins, end - start), before=False)
            if found and first <= found[-1][1]:
                found[-1] = found[-1][0], max(last, found[-1][1])
            else:
                found.append((first, last))
        return found

    def _places(self, plain: bytes) -> Iterator[tuple[int, int]]:
        """Yield where the words may be, from the first that is looked for to the last."""
        for following in self._following.finditer(plain):
            yield following.span()
        for compounds in self._compounds:
            for compound in compounds.finditer(plain):
                if self._first in compound[0]:
                    yield compound.start(), compound.start()


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
