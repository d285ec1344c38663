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
    debouncer = Debouncer(clock)
    assert debouncer.due() is None
    debouncer.add(["a.py"])
    clock.now += QUIET / 2
    debouncer.add(["b.py", "a.py"])
    assert debouncer.due() == pytest.approx(QUIET)
    assert debouncer.wait(0) is None
    clock.now += QUIET
    assert debouncer.wait(0) == Batch(("a.py", "b.py"))
    assert debouncer.empty


def test_news_that_does_not_end_is_taken_all_the_same():
    clock = Clock()
    debouncer = Debouncer(clock)
    started = clock.now
    while debouncer.wait(0) is None:
        debouncer.add(["a.py"])
        clock.now += QUIET / 2
    assert LONGEST <= clock.now - started < LONGEST + QUIET


def test_a_storm_becomes_a_look_at_the_whole():
    debouncer = Debouncer(Clock())
    debouncer.add(f"{number}.py" for number in range(MOST + 1))
    debouncer.add(["late.py"])
    debouncer.hurry()
    assert debouncer.wait(0) == Batch(whole=True)
    debouncer.add(f"{number}.py" for number in range(MOST))
    debouncer.hurry()
    batch = debouncer.wait(0)
    assert batch is not None
    assert len(batch.paths) == MOST


def test_whatever_is_put_back_comes_again():
    debouncer = Debouncer(Clock())
    debouncer.add_batch(Batch(("a.py",), settings=True))
    debouncer.add_batch(Batch(whole=True, folders=True))
    debouncer.hurry()
    assert debouncer.wait(0) == Batch(whole=True, settings=True, folders=True)
    assert not debouncer.idle  # taken, not done
    debouncer.done()
    assert debouncer.idle


def test_hurry_ends_a_wait():
    debouncer = Debouncer()
    timer = threading.Timer(0.05, debouncer.hurry)
    timer.start()
    assert debouncer.wait(60) is None
    timer.join()
    debouncer.add(["a.py"])
    debouncer.hurry()
    assert debouncer.wait(60) == Batch(("a.py",))
