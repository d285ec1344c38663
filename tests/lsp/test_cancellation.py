from __future__ import annotations

import threading
from pathlib import Path

import pytest
from codesearch_lsp.cancellation import Cancellation

from codesearch.core.cancellation import CancelledWorkError, is_cancelled
from codesearch.store import Store

ENDLESS = "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT count(*) FROM n"


@pytest.fixture
def store():
    with Store(Path(":memory:"), writable=True) as store:
        yield store


def test_an_endless_question_is_ended(store: Store):
    cancellation = Cancellation()
    threading.Timer(0.2, cancellation.cancel).start()
    with pytest.raises(CancelledWorkError), cancellation.working(), store.stopped_if(is_cancelled):
        store.connection.rows(ENDLESS)
    assert store.counts()["files"] == 0  # the store still works


def test_one_that_was_given_up_is_not_begun():
    cancellation = Cancellation()
    cancellation.cancel()
    with pytest.raises(CancelledWorkError), cancellation.working():
        pytest.fail("began")


def test_without_a_question_nothing_is_cancelled():
    assert not is_cancelled()


def test_other_errors_stay_what_they_are():
    with pytest.raises(ZeroDivisionError), Cancellation().working():
        raise ZeroDivisionError
