"""The nearest rows of each row: exact, whatever the size of the blocks."""

from __future__ import annotations

import numpy as np
import pytest

from codesearch.atlas import nearest, vectors


def some(size: int, dims: int = 16, seed: int = 1) -> np.ndarray:
    return np.random.default_rng(seed).integers(-127, 128, (size, dims)).astype(np.int8)


def by_hand(rows: np.ndarray, count: int) -> np.ndarray:
    unit = vectors.unit(rows)
    scores = unit @ unit.T
    np.fill_diagonal(scores, -2)
    return -np.sort(-scores, axis=1)[:, :count]


@pytest.mark.parametrize("size", [1, 3, 40, 301])
def test_all_pairs_are_compared(size: int, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(nearest, "BLOCK", 64)
    monkeypatch.setattr(nearest, "SAMPLE", 50)
    rows = some(size)
    found = nearest.of_all(rows, 5)
    have = min(5, size - 1)
    assert np.allclose(found.scores[:, :have], by_hand(rows, have), atol=1e-6)
    assert (found.others[:, have:] == -1).all()
    unit = vectors.unit(rows)
    for row in range(size):
        others = found.others[row, :have]
        assert len(set(others.tolist()) | {row}) == have + 1, "each once, and not itself"
        assert np.allclose(unit[others] @ unit[row], found.scores[row, :have], atol=1e-6)


def test_some_rows_have_the_same_nearest_as_among_all(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(nearest, "BLOCK", 64)
    rows = some(300)
    wanted = np.array([0, 5, 130, 299])
    found = nearest.of_some(rows, wanted, 5, wanted[:0])
    assert np.allclose(found.scores[wanted], by_hand(rows, 5)[wanted], atol=1e-6)


def test_copies_and_rows_of_zeros():
    rows = some(8)
    rows[3] = rows[1]
    rows[5] = 0
    found = nearest.of_all(rows, 3)
    assert found.others[1, 0] == 3
    assert found.scores[1, 0] == pytest.approx(1)
    assert (np.abs(found.scores[5]) < 1e-6).all()


def test_progress_ends_at_one(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(nearest, "BLOCK", 64)
    seen: list[float] = []
    nearest.of_all(some(200), 3, seen.append)
    assert seen == sorted(seen)
    assert seen[-1] == 1
