from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from codesearch.core import cancellation
from codesearch.core.cancellation import CancelledWorkError


def test_what_is_cancelled_is_known_in_its_thread_alone():
    gone = threading.Event()
    with pytest.raises(CancelledWorkError), cancellation.working(gone.is_set):
        assert not cancellation.is_cancelled()
        gone.set()
        assert cancellation.is_cancelled()
        with ThreadPoolExecutor(1) as pool:
            assert not pool.submit(cancellation.is_cancelled).result(), "the work of another thread"
            assert pool.submit(cancellation.current()).result()
        cancellation.check()
    assert not cancellation.is_cancelled()


def test_the_error_of_cancelled_work_says_that_it_was_cancelled():
    gone = threading.Event()
    with pytest.raises(CancelledWorkError), cancellation.working(gone.is_set):
        gone.set()
        raise ZeroDivisionError


def test_other_threads_work_for_the_same_answer():
    gone = threading.Event()
    with cancellation.working(gone.is_set), ThreadPoolExecutor(1) as pool:
        assert pool.submit(cancellation.carried(cancellation.is_cancelled)).result() is False
        carried = cancellation.carried(lambda: pytest.fail("began"))
        gone.set()
        with pytest.raises(CancelledWorkError):
            pool.submit(carried).result()


def test_work_inside_work_is_cancelled_by_its_own():
    with cancellation.working(lambda: False):
        with pytest.raises(CancelledWorkError), cancellation.working(lambda: True):
            pytest.fail("began")
        cancellation.check()
