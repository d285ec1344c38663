"""The metrics, compared with values computed by hand."""

from __future__ import annotations

import math
import random

import pytest

from codesearch.quality.metrics import difference, interval, of_places, reliability


@pytest.mark.parametrize(
    ("places", "targets", "expected"),
    [
        ((), 1, (0, 0, 0)),
        ((1,), 1, (1, 1, 1)),
        ((3,), 1, (1 / 3, 1, 0.5)),
        ((11,), 1, (0, 0, 0)),
        ((1, 2), 2, (1, 1, 1)),
        ((2, 4), 3, (0.5, 2 / 3, (1 / math.log2(3) + 1 / math.log2(5)) / (1 + 1 / math.log2(3) + 0.5))),
        ((1, 1), 2, (1, 1, 1 / (1 + 1 / math.log2(3)))),  # one hit that is both answers gains once
        (
            tuple(range(1, 11)),
            14,
            (1, 10 / 14, 1),
        ),  # ten results can contain only ten of fourteen targets; the ideal NDCG accounts for that
    ],
)
def test_figures_of_one_question(places: tuple[int, ...], targets: int, expected: tuple[float, ...]):
    assert of_places(places, targets) == pytest.approx(expected)


def test_the_interval_is_that_of_the_theory():
    drawn = random.Random(1)
    values = [float(drawn.random() < 0.3) for _ in range(400)]
    found = interval(values)
    mean = sum(values) / len(values)
    deviation = math.sqrt(mean * (1 - mean) / len(values))
    assert found.mean == pytest.approx(mean)
    assert found.low == pytest.approx(mean - 1.96 * deviation, abs=0.006)
    assert found.high == pytest.approx(mean + 1.96 * deviation, abs=0.006)
    assert interval(values) == found
    assert interval(values, seed=1) != found


def test_intervals_of_little():
    assert interval([]) == interval([0.0])
    assert interval([0.5]).low == interval([0.5]).high == 0.5
    assert interval([1.0] * 30).low == 1.0


def test_a_difference_is_paired():
    drawn = random.Random(2)
    before = [drawn.random() for _ in range(100)]
    after = [value - 0.01 for value in before]
    found = difference(after, before)
    assert found.high < 0, "each question is lower, though by far less than questions differ"
    assert found.mean == pytest.approx(-0.01)
    assert difference(before, before).low == difference(before, before).high == 0


def test_reliability():
    bins, error = reliability([0.05, 0.05, 0.95, 0.95, 1.0], [False, True, True, True, True])
    assert [(one.count, one.right) for one in bins] == [(2, 0.5), (3, 1.0)]
    assert error == pytest.approx(2 / 5 * 0.45 + 3 / 5 * (1 - 2.9 / 3))
    assert reliability([], []) == ([], 0.0)
