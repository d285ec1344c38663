"""What `codesearch tune` has learned for a tree. A file beside the index keeps it, so it outlives a rebuild.

Every reranked query looks for the file, so its values are named tuples, and nothing is imported unless it is there.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from operator import mul
from pathlib import Path
from typing import Any, NamedTuple

from codesearch.core.errors import StoreError, UnwritableError

_VERSION = 1


class Adapter(NamedTuple):
    """A linear map of low rank that is added to a query's vector: `output` x `inputs` x vector."""

    inputs: tuple[tuple[float, ...], ...]
    """(rank, dims)"""
    output: tuple[tuple[float, ...], ...]
    """(dims, rank)"""

    def moved(self, vector: bytes) -> bytes:
        """Return the adapted int8 vector; one of another length is returned as it is.

        In plain Python: numpy takes longer to import than this takes.
        """
        if len(vector) != len(self.output) or not any(vector):
            return vector
        values = memoryview(vector).cast("b").tolist()
        parts = [sum(map(mul, row, values)) for row in self.inputs]
        moved = [value + sum(map(mul, row, parts)) for value, row in zip(values, self.output, strict=True)]
        scale = 127 / (sum(value * value for value in moved) ** 0.5 or 1.0)
        return bytes(max(-127, min(127, round(value * scale))) & 0xFF for value in moved)


class Tuning(NamedTuple):
    """What was learned, and what it was learned with and from."""

    model: str
    """The id of the reranker's model."""
    ranking: str
    """The version of the ranking: see `search.tuned.version`."""
    weights: Mapping[str, float]
    """By feature: added to the weight of the ranking with the transformer."""
    shift: float
    """Added to every sum, so that the first hits keep their scores on average."""
    adapter: Adapter | None
    gain: tuple[float, float, float]
    """Change of MRR@10 on held-out questions, and its interval."""
    questions: int
    when: str
    """Date, as YYYY-MM-DD."""


def file_of(index: Path) -> Path:
    """Return the file with what was learned for the tree of an index."""
    return Path(f"{index}.tuning.json")


def read(index: Path) -> Tuning | None:
    """Return what was learned for the tree of an index; None if nothing was. Raises StoreError if it is damaged."""
    file = file_of(index)
    try:
        status = file.stat()
    except OSError:
        return None
    return _read(file, status.st_ino, status.st_mtime_ns, status.st_size)


@lru_cache(maxsize=8)
def _read(file: Path, *version: int) -> Tuning | None:
    """Read a file; `version` tells a new file from the one read before."""
    import json

    try:
        value = json.loads(file.read_text("utf-8"))
        if value.pop("version") != _VERSION:
            raise StoreError(f"{file}: written by another version of codesearch; run `codesearch tune` again")
        adapter = value.pop("adapter")
        return Tuning(
            adapter=None if adapter is None else Adapter(_rows(adapter["inputs"]), _rows(adapter["output"])),
            weights={str(name): float(weight) for name, weight in value.pop("weights").items()},
            shift=float(value.pop("shift")),
            gain=_three(value.pop("gain")),
            **value,
        )
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise StoreError(f"{file}: is damaged ({error}); `codesearch tune --undo` deletes it") from error


def _rows(value: Any) -> tuple[tuple[float, ...], ...]:
    return tuple(tuple(map(float, row)) for row in value)


def _three(value: Any) -> tuple[float, float, float]:
    mean, low, high = map(float, value)
    return mean, low, high


def write(index: Path, tuning: Tuning) -> None:
    """Keep what was learned, instead of what was before. Raises UnwritableError."""
    import json

    from codesearch.core.replacing import replace_text

    adapter = None if tuning.adapter is None else tuning.adapter._asdict()
    value = {"version": _VERSION, **tuning._asdict(), "adapter": adapter}
    file = file_of(index)
    try:
        replace_text(file, json.dumps(value) + "\n")
    except OSError as error:
        raise UnwritableError(f"{file}: cannot be written ({error.strerror or error})") from error


def remove(index: Path) -> bool:
    """Delete what was learned; return whether there was something. Raises UnwritableError."""
    file = file_of(index)
    try:
        file.unlink()
    except FileNotFoundError:
        return False
    except OSError as error:
        raise UnwritableError(f"{file}: cannot be deleted ({error.strerror or error})") from error
    return True
