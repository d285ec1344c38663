"""What numbered texts stand for, found for many of them at once. Needs numpy."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from codesearch.core.numbers import BYTES, Numbers

if TYPE_CHECKING:
    import numpy.typing as npt

    Array = npt.NDArray[np.int32]


class Parts:
    """What numbers stand for: each for no, one or several numbers of another kind."""

    def __init__(self, numbers: Numbers, split: Callable[[Sequence[bytes]], Iterable[bytes]]) -> None:
        """Take numbers, and what returns the packed numbers of the parts of each of some texts, each given once."""
        self.numbers = numbers
        self._split = split
        self._parts = bytearray()
        self._starts = array("i", [0])

    def of(self, fields: Sequence[bytes]) -> tuple[Array, Array]:
        """Return the parts of the packed numbers of some fields, in order, and how many each field has."""
        del self._parts[self._starts[-1] * BYTES :]  # what a call without memory may have left
        for parts_of_text in self._split(self.numbers.texts[len(self._starts) - 1 :]):
            self._parts += parts_of_text
            self._starts.append(len(self._parts) // BYTES)
        # Copies: views would keep the tables from growing.
        starts, parts = np.array(self._starts), np.frombuffer(bytes(self._parts), np.int32)
        found = np.frombuffer(b"".join(fields), np.int32)
        sizes = np.diff(starts)[found]
        ends = np.cumsum(sizes, dtype=np.int32)
        places = np.repeat(starts[found] - ends + sizes, sizes)
        places += np.arange(len(places), dtype=np.int32)
        until = np.concatenate((np.zeros(1, np.int32), ends))
        per_field = np.diff(until[np.cumsum([0, *map(len, fields)]) // BYTES])
        return parts[places], per_field
