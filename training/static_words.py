"""The words of mined functions and questions, counted once for any vocabulary."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from static_table import wordpiece

BODY_WORDS = 200
QUERY_WORDS = 40
FIELDS = ("name", "container", "signature", "body")

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Bags:
    """Texts as bags of words, concatenated."""

    words: npt.NDArray[np.int32]
    amounts: npt.NDArray[np.float32]
    """The amount of each word in its field, as in `codesearch.embed.static`."""
    fields: npt.NDArray[np.int8]
    """The index in FIELDS of each word; 0 in questions."""
    starts: Ints
    """The start of each text, and the end of the last."""

    @classmethod
    def of(cls, texts: Iterable[list[list[str]]], numbers: dict[str, int]) -> Bags:
        """Count the words of texts, given per field; new words get the next numbers."""
        words, amounts, fields, starts = [], [], [], [0]
        for text in texts:
            for field, content in enumerate(text):
                counts = {word: 1 + math.log(n) for word, n in Counter(content).items()}
                length = math.sqrt(sum(counts.values()))
                for word, n in counts.items():
                    words.append(numbers.setdefault(word, len(numbers)))
                    amounts.append(n / length)
                    fields.append(field)
            starts.append(len(words))
        arrays = np.array(words, np.int32), np.array(amounts, np.float32), np.array(fields, np.int8)
        return cls(*arrays, np.array(starts, np.int64))

    def tokens(self, some: Ints, pieces: Pieces) -> Tokens:
        """Return some of the texts as tokens."""
        rows, of = _ranges(self.starts[some], self.starts[some + 1])
        words = self.words[rows]
        at, which = _ranges(pieces.starts[words], pieces.starts[words + 1])
        return Tokens(of[which], pieces.tokens[at], self.amounts[rows][which], self.fields[rows][which], len(some))


@dataclass(frozen=True, slots=True)
class Tokens:
    """Texts as tokens; each array has one element per token of a field."""

    texts: Ints
    """The text of each token, ascending."""
    tokens: npt.NDArray[np.int32]
    amounts: npt.NDArray[np.float32]
    fields: npt.NDArray[np.int8]
    count: int
    """Number of texts."""

    @classmethod
    def joined(cls, some: Iterable[Tokens]) -> Tokens:
        """Concatenate several."""
        parts = list(some)
        before = np.cumsum([0, *(part.count for part in parts)])
        return cls(
            np.concatenate([part.texts + first for part, first in zip(parts, before, strict=False)]),
            np.concatenate([part.tokens for part in parts]),
            np.concatenate([part.amounts for part in parts]),
            np.concatenate([part.fields for part in parts]),
            int(before[-1]),
        )


@dataclass(frozen=True, slots=True)
class Pieces:
    """The tokens of each word, concatenated."""

    tokens: npt.NDArray[np.int32]
    starts: Ints

    @classmethod
    def of(cls, words: Iterable[str], tokens: Iterable[str]) -> Pieces:
        """Split words into tokens."""
        vocabulary = {token: at for at, token in enumerate(tokens)}
        found: list[int] = []
        starts = [0]
        for word in words:
            found += wordpiece(word, vocabulary)
            starts.append(len(found))
        return cls(np.array(found, np.int32), np.array(starts, np.int64))


@dataclass(frozen=True, slots=True)
class Repository:
    """The functions of one repository, and the questions for some of them."""

    name: str
    functions: Bags
    questions: Bags
    answers: Ints
    """The index of the function that answers each question."""


def read(folder: Path) -> tuple[list[Repository], list[str]]:
    """Read the output of mine_pairs.py; return the repositories, and all words by number."""
    numbers: dict[str, int] = {}
    found = []
    for file in files(folder):
        rows = list(rows_of(file))
        questions = [(at, row["query"].split()[:QUERY_WORDS]) for at, row in enumerate(rows) if row["query"]]
        found.append(
            Repository(
                file.stem,
                Bags.of(([row[field].split()[:BODY_WORDS] for field in FIELDS] for row in rows), numbers),
                Bags.of(([words] for _, words in questions), numbers),
                np.array([at for at, _ in questions], np.int64),
            )
        )
    return found, list(numbers)


def files(folder: Path) -> list[Path]:
    """Return the file of each repository; `rows_of` reads it together with the file of its commits."""
    return sorted(file for file in folder.glob("*.jsonl") if not file.name.endswith(".commits.jsonl"))


def rows_of(file: Path) -> Iterator[dict[str, str]]:
    """Yield the rows of a repository's functions, then those of its commits, if these were mined."""
    for path in (file, file.with_suffix(".commits.jsonl")):
        if path.exists():
            with path.open() as lines:
                yield from map(json.loads, lines)


def _ranges(starts: Ints, ends: Ints) -> tuple[Ints, Ints]:
    """Return the integers of all ranges, concatenated, and the index of the range of each."""
    sizes = ends - starts
    which = np.repeat(np.arange(len(sizes)), sizes)
    first = np.concatenate([[0], np.cumsum(sizes)])[:-1]
    return starts[which] - first[which] + np.arange(len(which)), which
