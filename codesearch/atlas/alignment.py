"""How much of two token sequences is the same code: the longest common subsequence, and which names correspond in it.

Names may differ, but one by one: where `key` became `name`, it must be `name` in all places, and in two at least,
because any name corresponds to any other once. A token counts as shared only if it is aligned and agrees with that.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from codesearch.atlas.lexing import LITERAL, NAME

OTHER_LITERAL = 0.5
"""What a literal counts that is aligned with another literal."""


@dataclass(frozen=True, slots=True)
class Code:
    """The tokens of one symbol."""

    texts: tuple[int, ...]
    kinds: tuple[int, ...]
    shape: tuple[int, ...]
    """The tokens without names and values."""

    def __iter__(self) -> Iterator[tuple[int, int]]:
        return zip(self.texts, self.kinds, strict=True)


def code(texts: Sequence[int], kinds: Sequence[int]) -> Code:
    """Return tokens for a comparison: their texts and classes."""
    shape = [-1 - kind if kind in (NAME, LITERAL) else text for text, kind in zip(texts, kinds, strict=True)]
    return Code(tuple(texts), tuple(kinds), tuple(shape))


def renamed(code: Code) -> tuple[int, ...]:
    """Return the tokens with each name replaced by the number of its first place: equal after consistent renaming."""
    numbers: dict[int, int] = {}
    found = []
    for text, kind in code:
        if kind == NAME:
            found.append(-2 - numbers.setdefault(text, len(numbers)))
        else:
            found.append(-1 if kind == LITERAL else text)
    return tuple(found)


def similarity(one: Code, other: Code, *, least: float = 0.0) -> float:
    """Return the share of the tokens of both that is shared code, 0..1; 0 if it is surely below `least`."""
    total = len(one.texts) + len(other.texts)
    if not total:
        return 0.0
    if 2 * _length(one.shape, other.shape) / total < least:  # equal texts have equal shapes, so it bounds both
        return 0.0
    same = 2 * _length(one.texts, other.texts) / total
    return max(same, 2 * _consistent(one, other, _aligned(one.shape, other.shape)) / total)


def _consistent(one: Code, other: Code, pairs: Sequence[tuple[int, int]]) -> float:
    """Return how many of the aligned tokens agree with the names that correspond most often."""
    named = Counter((one.texts[a], other.texts[b]) for a, b in pairs if one.kinds[a] == NAME)
    there: dict[int, int] = {}
    taken: set[int] = set()
    for (here, name), count in sorted(named.items(), key=lambda item: (-item[1], item[0][0] != item[0][1], item[0])):
        if here not in there and name not in taken:
            there[here] = name if count > 1 or here == name else -1
            taken.add(name)
    shared = 0.0
    for a, b in pairs:
        kind, here, name = one.kinds[a], one.texts[a], other.texts[b]
        if kind == NAME:
            shared += there.get(here) == name
        elif kind == LITERAL:
            shared += 1.0 if here == name else OTHER_LITERAL
        else:
            shared += 1.0
    return shared


def _aligned(one: Sequence[int], other: Sequence[int]) -> list[tuple[int, int]]:
    """Return the positions of a longest common subsequence.

    One row of the table of lengths is one whole number, a bit per token of `other` (Hyyrö 2004), so that a row takes
    a few operations on long numbers.
    """
    head = 0
    while head < len(one) and head < len(other) and one[head] == other[head]:
        head += 1
    tail = 0
    while tail < len(one) - head and tail < len(other) - head and one[-1 - tail] == other[-1 - tail]:
        tail += 1
    found = [(at, at) for at in range(head)]
    found += [(head + a, head + b) for a, b in _middle(one[head : len(one) - tail], other[head : len(other) - tail])]
    return found + [(len(one) - at, len(other) - at) for at in range(tail, 0, -1)]


def _length(one: Sequence[int], other: Sequence[int]) -> int:
    """Return the length of a longest common subsequence."""
    row = every = (1 << len(other)) - 1
    places = _places(other)
    for token in one:
        if matched := row & places.get(token, 0):
            row = ((row + matched) | (row - matched)) & every
    return len(other) - row.bit_count()


def _places(tokens: Sequence[int]) -> dict[int, int]:
    """Return the positions of each token as the bits of a number."""
    found: dict[int, int] = {}
    for at, token in enumerate(tokens):
        found[token] = found.get(token, 0) | (1 << at)
    return found


def _middle(one: Sequence[int], other: Sequence[int]) -> list[tuple[int, int]]:
    places = _places(other)
    every = (1 << len(other)) - 1
    row = every
    rows = []
    for token in one:
        matched = row & places.get(token, 0)
        row = ((row + matched) | (row - matched)) & every
        rows.append(row)
    found = []
    a, b = len(one) - 1, len(other) - 1
    while a >= 0 and b >= 0:
        # A bit of 0 means that the length grows at this place of the row.
        if rows[a] >> b & 1:
            b -= 1
        elif a and not rows[a - 1] >> b & 1:
            a -= 1
        else:
            found.append((a, b))
            a -= 1
            b -= 1
    return found[::-1]
