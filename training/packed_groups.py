"""Reads what pack_groups.py wrote, and lays out the texts of a batch, many at a time."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

START, END = 101, 102
"""[CLS] and [SEP]."""
PERIOD = 1012
MARKS = (range(999, 1014), range(1024, 1037), range(1063, 1067))
"""Tokens of punctuation, which a question does not have."""
SENTENCE = (5, 38)
"""Tokens of a first sentence of documentation that becomes a question."""
FROM_DOCUMENTATION = 4
"""Kinds below it have a question that was made of the right function's documentation."""
LOOSE = (1, 3)
"""Kinds whose question does not tell the class: a namesake is no wrong answer."""
PARTS = ("head", "documentation", "rest")

Integers = npt.NDArray[np.int64]


class Tokens(NamedTuple):
    """Arguments of an encoder, int64 (texts, tokens) each."""

    ids: Integers
    mask: Integers
    types: Integers


class Groups(NamedTuple):
    """Questions by number: what is drawn from."""

    kinds: npt.NDArray[np.uint8]
    repository: npt.NDArray[np.int16]
    right: Integers
    """(groups, 3), -1 where there are fewer."""
    wrong: Integers
    """(groups, 16), hardest first, -1 where there are fewer; namesakes are left out where they are no wrong answer."""


class Packed:
    """The arrays of a packed file, and a question more for each documented function that has none."""

    def __init__(self, path: Path, query_tokens: int, *, sentences: bool) -> None:
        """Read all of it; `sentences` adds the questions made of documentation."""
        with np.load(path) as file:
            of = {name: file[name] for name in file.files}
        self.names = of["names"]
        rows = {name: _rows(of[name], of[f"{name}_lengths"]) for name in (*PARTS, "query")}
        self.ranks = of["ranks"]
        groups = Groups(of["kinds"], of["repository"], of["right"].astype(np.int64), of["wrong"].astype(np.int64))
        queries = np.zeros((len(rows["query"]), query_tokens), np.uint16)
        queries[:, : rows["query"].shape[1]] = rows["query"][:, :query_tokens]
        self.home = _homes(groups, len(self.names))
        self.groups = _without_namesakes(groups, self.names)
        self.mined = len(groups.kinds)
        """Questions that were mined; those made of documentation come after them."""
        if sentences:
            self.groups, queries = self._with_sentences(queries, rows["documentation"])
        self._queries = queries
        self._parts = {name: rows[name] for name in PARTS}
        self._lengths = {name: (part != 0).sum(1) for name, part in self._parts.items()}

    def __len__(self) -> int:
        return len(self.groups.kinds)

    def _with_sentences(self, queries: Any, documentation: Any) -> tuple[Groups, Any]:
        groups = self.groups
        asked = set(groups.right[groups.kinds < FROM_DOCUMENTATION].ravel().tolist())
        mark = np.zeros(2**16, bool)
        for some in MARKS:
            mark[list(some)] = True
        numbers: list[int] = []
        texts: Any = np.zeros((len(documentation), queries.shape[1]), queries.dtype)
        for number in np.flatnonzero(documentation.any(1)).tolist():
            row = documentation[number]
            stops = np.flatnonzero(row == PERIOD)
            text = row[: stops[0]] if len(stops) else row[row != 0]
            text = text[~mark[text]]
            if number in asked or self.home[number] < 0 or not SENTENCE[0] <= len(text) <= SENTENCE[1]:
                continue
            texts[len(numbers), : len(text)] = text
            numbers.append(number)
        _, first = np.unique(texts[: len(numbers)], axis=0, return_index=True)  # no sentence twice
        chosen = np.array(numbers, np.int64)[first]
        right = np.full((len(chosen), groups.right.shape[1]), -1, np.int64)
        right[:, 0] = chosen
        wrong = np.full((len(chosen), groups.wrong.shape[1]), -1, np.int64)
        more = Groups(np.zeros(len(chosen), np.uint8), self.home[chosen], right, wrong)
        pairs: Any = zip(groups, more, strict=True)
        joined = Groups(*(np.concatenate(pair) for pair in pairs))
        return joined, np.concatenate([queries, texts[first]])

    def functions(self, repository: int) -> Integers:
        """Return the functions of a repository."""
        found: Integers = np.flatnonzero(self.home == repository)
        return found

    def questions(self, chosen: Integers) -> Tokens:
        """Return questions as texts of their own."""
        rows = self._queries[chosen]
        return _framed(rows, (rows != 0).sum(1), rows.shape[1] + 2)

    def documents(self, numbers: Integers, most: int, *, documented: bool) -> Tokens:
        """Return functions as texts of their own, cut off after `most` tokens."""
        return _framed(*self._texts(numbers, most - 2, documented=documented), most)

    def pairs(self, chosen: Integers, numbers: Integers, most: int, *, documented: bool) -> Tokens:
        """Return a question and a function each as one text, cut off after `most` tokens."""
        asked = self._queries[chosen]
        text, lengths = self._texts(numbers, most, documented=documented)
        place = np.arange(most)[None]
        second = (asked != 0).sum(1)[:, None] + 2  # where the function begins
        last = np.minimum(second + lengths[:, None], most - 1)
        ids = np.where(place < second, _taken(asked, place - 1), _taken(text, place - second))
        ids = np.where(place == 0, START, np.where((place == second - 1) | (place == last), END, ids))
        return _trimmed(ids, place <= last, place >= second)

    def _texts(self, numbers: Integers, most: int, *, documented: bool) -> tuple[Integers, Integers]:
        """Return (tokens, lengths) of functions: name, documentation, the rest."""
        head, told, rest = (self._parts[name][numbers] for name in PARTS)
        first, second, third = (self._lengths[name][numbers][:, None] for name in PARTS)
        if not documented:
            second = np.zeros_like(second)
        place = np.arange(most)[None]
        later = np.where(place < first + second, _taken(told, place - first), _taken(rest, place - first - second))
        ids = np.where(place < first, _taken(head, place), later)
        lengths = np.minimum(first + second + third, most)
        return ids * (place < lengths), lengths[:, 0]


def _taken(rows: Any, places: Integers) -> Integers:
    """Return what each row has at its places; anything at places that it does not have."""
    places = np.broadcast_to(places.clip(0, rows.shape[1] - 1), (len(rows), places.shape[1]))
    return np.take_along_axis(rows, places, axis=1).astype(np.int64)


def _rows(flat: Any, lengths: Any) -> Any:
    """Return texts of different lengths as rows, 0 after their end."""
    lengths = lengths.astype(np.int64)
    found = np.zeros((len(lengths), max(1, int(lengths.max()))), np.uint16)
    found[np.arange(found.shape[1])[None] < lengths[:, None]] = flat
    return found


def _homes(groups: Groups, functions: int) -> npt.NDArray[np.int16]:
    """Return the repository of each function, -1 if no group has it."""
    found = np.full(functions, -1, np.int16)
    for numbers in (groups.right, groups.wrong):
        rows, columns = np.nonzero(numbers >= 0)
        found[numbers[rows, columns]] = groups.repository[rows]
    return found


def _without_namesakes(groups: Groups, names: Any) -> Groups:
    same = (names[groups.wrong][:, :, None] == names[groups.right][:, None, :]) & (groups.right >= 0)[:, None, :]
    loose = np.isin(groups.kinds, LOOSE)[:, None] & same.any(2)
    return groups._replace(wrong=np.where(loose, -1, groups.wrong))


def _framed(rows: Any, lengths: Integers, most: int) -> Tokens:
    """Return [CLS] text [SEP]."""
    place, last = np.arange(most)[None], lengths[:, None] + 1
    ids = np.where(place == 0, START, np.where(place == last, END, _taken(rows, place - 1)))
    return _trimmed(ids, place <= last, np.zeros_like(ids, bool))


def _trimmed(ids: Integers, mask: npt.NDArray[np.bool_], types: npt.NDArray[np.bool_]) -> Tokens:
    """Return texts without the columns that all leave empty, in steps of eight."""
    most = -(-int(mask.sum(1).max()) // 8) * 8
    mask = mask[:, :most]
    return Tokens(ids[:, :most] * mask, mask.astype(np.int64), (types[:, :most] & mask).astype(np.int64))
