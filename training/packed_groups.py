"""Reads what pack_groups.py wrote, and lays out the texts of a batch on any device, many at a time."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import torch

START, END = 101, 102
"""[CLS] and [SEP]."""
PERIOD = 1012
MARKS = (range(999, 1014), range(1024, 1037), range(1063, 1067))
"""Tokens of punctuation, which a question does not have."""
SENTENCE = (5, 40)
"""Tokens of a first sentence of documentation that becomes a question."""
FROM_DOCUMENTATION = 4
"""Kinds below it have a question that was made of the right function's documentation."""
LOOSE = (1, 3)
"""Kinds whose question does not tell the class: a namesake is no wrong answer."""
PARTS = ("head", "documentation", "rest")

Integers = npt.NDArray[np.int64]


class Tokens(NamedTuple):
    """Arguments of an encoder, (texts, tokens) each."""

    ids: torch.Tensor
    mask: torch.Tensor
    types: torch.Tensor


class Groups(NamedTuple):
    """Questions by number, on the CPU: what is drawn from."""

    kinds: npt.NDArray[np.uint8]
    repository: npt.NDArray[np.int16]
    right: Integers
    """(groups, 3), -1 where there are fewer."""
    wrong: Integers
    """(groups, 16), hardest first, -1 where there are fewer; namesakes are left out where they are no wrong answer."""


class Packed:
    """The arrays of a packed file, and a question more for each documented function that has none."""

    def __init__(self, path: Path, device: str, query_tokens: int, *, sentences: bool) -> None:
        """Read all of it; `sentences` adds the questions made of documentation."""
        with np.load(path) as file:
            of = {name: file[name] for name in file.files}
        self.device, self.names = device, of["names"]
        rows = {name: _rows(of[name], of[f"{name}_lengths"]) for name in (*PARTS, "query")}
        self.ranks = of["ranks"]
        groups = Groups(of["kinds"], of["repository"], of["right"].astype(np.int64), of["wrong"].astype(np.int64))
        queries = rows["query"][:, :query_tokens]
        self.home = _homes(groups, len(self.names))
        self.groups = _without_namesakes(groups, self.names)
        if sentences:
            self.groups, queries = self._with_sentences(queries, rows["documentation"])
        self._queries = torch.from_numpy(queries.astype(np.int32)).to(device)
        self._parts = {name: torch.from_numpy(rows[name].astype(np.int32)).to(device) for name in PARTS}
        self._lengths = {name: (part != 0).sum(1) for name, part in self._parts.items()}

    def __len__(self) -> int:
        return len(self.groups.kinds)

    def _with_sentences(self, queries: Any, documentation: Any) -> tuple[Groups, Any]:
        groups = self.groups
        asked = set(groups.right[groups.kinds < FROM_DOCUMENTATION].ravel().tolist())
        mark = np.zeros(2**16, bool)
        for some in MARKS:
            mark[list(some)] = True
        numbers, texts = [], np.zeros((len(documentation), queries.shape[1]), queries.dtype)
        for number in np.flatnonzero(documentation.any(1)).tolist():
            row = documentation[number]
            stops = np.flatnonzero(row == PERIOD)
            text = row[: stops[0]] if len(stops) else row[row != 0]
            text = text[~mark[text]]
            if number in asked or self.home[number] < 0 or not SENTENCE[0] <= len(text) <= min(SENTENCE[1], 38):
                continue
            texts[len(numbers), : len(text)] = text
            numbers.append(number)
        _, first = np.unique(texts[: len(numbers)], axis=0, return_index=True)  # no sentence twice
        chosen = np.array(numbers, np.int64)[first]
        right = np.full((len(chosen), groups.right.shape[1]), -1, np.int64)
        right[:, 0] = chosen
        wrong = np.full((len(chosen), groups.wrong.shape[1]), -1, np.int64)
        more = Groups(np.zeros(len(chosen), np.uint8), self.home[chosen], right, wrong)
        joined = Groups(*(np.concatenate(pair) for pair in zip(groups, more, strict=True)))
        return joined, np.concatenate([queries, texts[first]])

    def functions(self, repository: int) -> Integers:
        """Return the functions of a repository."""
        found: Integers = np.flatnonzero(self.home == repository)
        return found

    def questions(self, chosen: Any) -> Tokens:
        """Return questions as texts of their own."""
        rows = self._queries[torch.as_tensor(chosen, device=self.device)]
        return _framed(rows, (rows != 0).sum(1), rows.shape[1] + 2)

    def documents(self, numbers: Any, most: int, *, documented: bool) -> Tokens:
        """Return functions as texts of their own, cut off after `most` tokens."""
        rows, lengths = self._texts(torch.as_tensor(numbers, device=self.device), most - 2, documented=documented)
        return _framed(rows, lengths, most)

    def pairs(self, chosen: Any, numbers: Any, most: int, *, documented: bool) -> Tokens:
        """Return a question and a function each as one text, cut off after `most` tokens."""
        asked = self._queries[torch.as_tensor(chosen, device=self.device)]
        asked_lengths = (asked != 0).sum(1, keepdim=True)
        text, lengths = self._texts(torch.as_tensor(numbers, device=self.device), most, documented=documented)
        place = torch.arange(most, device=self.device)[None]
        second = asked_lengths + 2  # where the function begins
        total = torch.minimum(second + lengths[:, None], torch.tensor(most - 1, device=self.device))
        ids = torch.where(
            place < second,
            torch.gather(asked, 1, (place - 1).clamp(0, asked.shape[1] - 1).expand(len(asked), -1)),
            torch.gather(text, 1, (place - second).clamp(0, most - 1)),
        )
        ids = torch.where(place == 0, START, torch.where((place == second - 1) | (place == total), END, ids))
        mask = place <= total
        return _trimmed(Tokens(ids * mask, mask.long(), ((place >= second) & mask).long()))

    def _texts(self, numbers: torch.Tensor, most: int, *, documented: bool) -> tuple[torch.Tensor, torch.Tensor]:
        """Return (tokens, lengths) of functions: name, documentation, the rest."""
        head, told, rest = (self._parts[name][numbers] for name in PARTS)
        first, second, third = (self._lengths[name][numbers][:, None] for name in PARTS)
        if not documented:
            second = torch.zeros_like(second)
        place = torch.arange(most, device=self.device)[None].expand(len(numbers), -1)
        ids = torch.where(
            place < first,
            torch.gather(head, 1, place.clamp(0, head.shape[1] - 1)),
            torch.where(
                place < first + second,
                torch.gather(told, 1, (place - first).clamp(0, told.shape[1] - 1)),
                torch.gather(rest, 1, (place - first - second).clamp(0, rest.shape[1] - 1)),
            ),
        )
        lengths = (first + second + third).clamp(max=most)[:, 0]
        return ids * (place < lengths[:, None]), lengths


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


def _framed(rows: torch.Tensor, lengths: torch.Tensor, most: int) -> Tokens:
    """Return [CLS] text [SEP]."""
    place = torch.arange(most, device=rows.device)[None]
    last = lengths[:, None] + 1
    shifted = torch.nn.functional.pad(rows, (1, max(0, most - 1 - rows.shape[1])))[:, :most]
    ids = torch.where(place == 0, START, torch.where(place == last, END, shifted))
    mask = place <= last
    return _trimmed(Tokens(ids * mask, mask.long(), torch.zeros_like(ids)))


def _trimmed(tokens: Tokens) -> Tokens:
    """Return texts without the columns that all leave empty, in steps of eight."""
    most = -(-int(tokens.mask.sum(1).max()) // 8) * 8
    return Tokens(*(part[:, :most].long() for part in tokens))
