"""Vectors in the form in which they are stored."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt


def quantise(vectors: npt.NDArray[np.float32]) -> list[bytes]:
    """Return each row as int8 bytes, round(127 x), as the store keeps them: dims bytes per row."""
    import numpy as np

    rows, dims = vectors.shape
    data = np.rint(vectors.astype(np.float64) * 127).astype(np.int8).tobytes()
    return [data[at : at + dims] for at in range(0, rows * dims, dims)]
