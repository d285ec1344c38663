"""Reads what pack_groups.py wrote: groups of a question, a right function and wrong ones, as token numbers."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

START, END = 101, 102
"""[CLS] and [SEP]."""
FROM_DOCUMENTATION = frozenset({0, 1, 2, 3})
"""Kinds whose question was made of the right function's documentation."""
LOOSE = frozenset({1, 3})
"""Kinds whose question does not tell the class: a namesake is no wrong answer."""
SHOWN_FOR_OTHERS, SHOWN_FOR_LOOSE = 0.6, 0.3
"""How often documentation is shown: with questions from elsewhere, and with reworded ones (not with the sentence)."""
REACHED = 40
"""A question whose answer the fast ranking had at a later place is asked less often."""

Tokens = npt.NDArray[np.uint16]


@dataclass(frozen=True, slots=True)
class Group:
    """A question's tokens, and those of the right function and of wrong ones."""

    query: Tokens
    documents: list[Tokens]
    """The right one first."""
    repository: int


class Packed:
    """The arrays of a packed file."""

    def __init__(self, path: Path) -> None:
        """Read all of it."""
        with np.load(path) as file:
            self._of = {name: file[name] for name in file.files}
        self._starts = {
            name: np.concatenate([[0], np.cumsum(self._of[f"{name}_lengths"].astype(np.int64))])
            for name in ("query", "head", "documentation", "body")
        }
        self.kinds, self.ranks = self._of["kinds"], self._of["ranks"]

    def __len__(self) -> int:
        return len(self.kinds)

    def _text(self, name: str, at: int) -> Tokens:
        starts = self._starts[name]
        found: Tokens = self._of[name][starts[at] : starts[at + 1]]
        return found

    def query(self, at: int) -> Tokens:
        """Return the tokens of a question."""
        return self._text("query", at)

    def document(self, number: int, most: int, *, documented: bool) -> Tokens:
        """Return the first tokens of a function: what names it, its documentation, its body."""
        parts = [self._text("head", number)]
        if documented:
            parts.append(self._text("documentation", number))
        parts.append(self._text("body", number))
        return np.concatenate(parts)[:most]

    def right(self, at: int) -> list[int]:
        """Return the right functions of a group."""
        return [int(number) for number in self._of["right"][at] if number >= 0]

    def wrong(self, at: int) -> list[int]:
        """Return the wrong functions of a group, best of the fast ranking first."""
        return [int(number) for number in self._of["wrong"][at] if number >= 0]

    def namesakes(self, at: int) -> set[int]:
        """Return the wrong functions that have the name of a right one."""
        names = self._of["names"]
        own = {int(names[number]) for number in self.right(at)}
        return {number for number in self.wrong(at) if int(names[number]) in own}

    def shown(self, at: int, chance: random.Random) -> bool:
        """Return whether to show documentation in a group."""
        kind = int(self.kinds[at])
        if kind not in FROM_DOCUMENTATION:
            return chance.random() < SHOWN_FOR_OTHERS
        return kind != 0 and chance.random() < SHOWN_FOR_LOOSE

    def group(self, at: int, wrong: int, most: int, chance: random.Random) -> Group | None:
        """Return a group with so many wrong functions: half of them the hardest; None if there are too few."""
        pool = self.wrong(at)
        if int(self.kinds[at]) in LOOSE:
            left_out = self.namesakes(at)
            pool = [number for number in pool if number not in left_out]
        if len(pool) < wrong:
            return None
        hard = pool[: wrong + 2]
        some = chance.sample(hard, wrong // 2)
        rest = [number for number in pool if number not in some]
        chosen = [chance.choice(self.right(at)), *some, *chance.sample(rest, wrong - len(some))]
        documented = self.shown(at, chance)
        return Group(
            self.query(at),
            [self.document(number, most, documented=documented) for number in chosen],
            int(self._of["repository"][at]),
        )

    def groups(self, wrong: int, most: int, seed: int) -> Iterator[tuple[int, Group]]:
        """Yield (number so far, group) forever; each pass over the data in another order."""
        count = 0
        for epoch in range(10**6):
            chance = random.Random(f"{seed} {epoch}")
            order = list(range(len(self)))
            chance.shuffle(order)
            for at in order:
                count += 1
                far = self.ranks[at] == 0 or self.ranks[at] > REACHED
                if far and chance.random() < 0.5:
                    continue
                found = self.group(at, wrong, most, chance)
                if found is not None:
                    yield count, found


def joined(query: Tokens, document: Tokens, most: int) -> tuple[list[int], list[int]]:
    """Return token numbers and types of question and function in one text."""
    asked = [START, *query.tolist(), END]
    answer = [*document.tolist()[: most - len(asked) - 1], END]
    return asked + answer, [0] * len(asked) + [1] * len(answer)


def padded(rows: list[list[int]], value: int = 0) -> npt.NDArray[np.int64]:
    """Return rows of different lengths as an array."""
    found = np.full((len(rows), max(map(len, rows))), value, np.int64)
    for at, row in enumerate(rows):
        found[at, : len(row)] = row
    return found
