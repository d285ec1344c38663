"""The vectors of all texts as one matrix."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from codesearch.store import related

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from codesearch.store import Store


@dataclass(frozen=True, slots=True)
class Vectors:
    """The static vectors of all texts of an index."""

    ids: npt.NDArray[np.int64]
    """The ids of the texts, ascending."""
    rows: npt.NDArray[np.int8]
    """One vector per text, int8."""

    def places(self, contents: list[int]) -> npt.NDArray[np.int64]:
        """Return the rows of some texts; texts without a vector are left out."""
        import numpy as np

        wanted = np.array(sorted(contents), np.int64)
        at = np.searchsorted(self.ids, wanted)
        at[at == len(self.ids)] = 0
        return at[self.ids[at] == wanted] if len(self.ids) else at[:0]


def read(store: Store) -> Vectors:
    """Return the vectors of an index."""
    import numpy as np

    ids, data = related.vectors(store.connection)
    rows = np.frombuffer(data, np.int8)
    return Vectors(np.array(ids, np.int64), rows.reshape(len(ids), -1) if ids else rows.reshape(0, 1))


def unit(rows: npt.NDArray[np.int8]) -> npt.NDArray[np.float32]:
    """Return rows with a length of 1; rows of zeros stay."""
    import numpy as np

    found = rows.astype(np.float32)
    length = np.sqrt(np.einsum("ij,ij->i", found, found))
    length[length == 0] = 1
    found /= length[:, None]
    return found
