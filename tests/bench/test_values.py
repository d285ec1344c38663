"""Percentiles, and values derived from measurements."""

from __future__ import annotations

import random

import pytest

from codesearch.bench.values import Indexing, Latency


def test_percentiles_are_measured_values():
    values = [number / 1000 for number in range(1, 201)]
    random.Random(1).shuffle(values)
    assert Latency.of(values) == Latency(200, 0.100, 0.190, 0.198, 0.200)
    assert Latency.of([0.3]) == Latency(1, 0.3, 0.3, 0.3, 0.3)
    assert Latency.of([2.0, 1.0]) == Latency(2, 1.0, 2.0, 2.0, 2.0)


def test_nothing_has_no_percentiles():
    with pytest.raises(ValueError, match="nothing"):
        Latency.of([])


def test_rates_and_ratio():
    made = Indexing(3, 4_000_000, 500, 400, 2.0, None, None, 3_000_000)
    assert made.bytes_per_second == 2e6
    assert made.functions_per_second == 200
    assert made.symbols_per_second == 250
    assert made.index_ratio == 0.75
