from __future__ import annotations

import threading

import pytest

from codesearch.watch.debounce import LONGEST, MOST, QUIET, Batch, Debouncer


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_a_batch_is_ready_when_it_has_been_quiet():
    clock = Clock()
    gatherer = Debouncer(clock)
    assert gatherer.due() is None
    gatherer.add(["a.py"])
    clock.now += QUIET / 2
    gatherer.add(["b.py", "a.py"])
    assert gatherer.due() == pytest.approx(QUIET)
    assert gatherer.wait(0) is None
    clock.now += QUIET
    assert gatherer.wait(0) == Batch(("a.py", "b.py"))
    assert gatherer.empty


def test_news_that_does_not_end_is_taken_all_the_same():
    clock = Clock()
    gatherer = Debouncer(clock)
    started = clock.now
    while gatherer.wait(0) is None:
        gatherer.add(["a.py"])
        clock.now += QUIET / 2
    assert LONGEST <= clock.now - started < LONGEST + QUIET


def test_a_storm_becomes_a_look_at_the_whole():
    gatherer = Debouncer(Clock())
    gatherer.add(f"{number}.py" for number in range(MOST + 1))
    gatherer.add(["late.py"])
    gatherer.hurry()
    assert gatherer.wait(0) == Batch(whole=True)
    gatherer.add(f"{number}.py" for number in range(MOST))
    gatherer.hurry()
    batch = gatherer.wait(0)
    assert batch is not None
    assert len(batch.paths) == MOST


def test_whatever_is_put_back_comes_again():
    gatherer = Debouncer(Clock())
    gatherer.add_batch(Batch(("a.py",), settings=True))
    gatherer.add_batch(Batch(whole=True, folders=True))
    gatherer.hurry()
    assert gatherer.wait(0) == Batch(whole=True, settings=True, folders=True)
    assert not gatherer.idle  # taken, not done
    gatherer.done()
    assert gatherer.idle


def test_hurry_ends_a_wait():
    gatherer = Debouncer()
    timer = threading.Timer(0.05, gatherer.hurry)
    timer.start()
    assert gatherer.wait(60) is None
    timer.join()
    gatherer.add(["a.py"])
    gatherer.hurry()
    assert gatherer.wait(60) == Batch(("a.py",))
