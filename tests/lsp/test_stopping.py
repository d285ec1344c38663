from __future__ import annotations

import threading
from pathlib import Path

import pytest
from codesearch_lsp.stopping import Stop, StoppedError, stoppable

from codesearch.store import Store

ENDLESS = "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT count(*) FROM n"


@pytest.fixture
def store():
    with Store(Path(":memory:"), writable=True) as store:
        yield store


def test_an_endless_question_is_ended(store: Store):
    stop = Stop()
    threading.Timer(0.2, stop.stop).start()
    with pytest.raises(StoppedError), stop.answering(), stoppable(store):
        store.connection.rows(ENDLESS)
    assert store.counts()["files"] == 0  # the store is as good as before


def test_one_that_was_given_up_is_not_begun(store: Store):
    stop = Stop()
    stop.stop()
    with pytest.raises(StoppedError), stop.answering(), stoppable(store):
        pytest.fail("began")


def test_without_a_question_nothing_changes(store: Store):
    with stoppable(store):
        assert store.counts()["files"] == 0
    with stoppable(None):
        pass


def test_other_errors_stay_what_they_are(store: Store):
    with pytest.raises(ZeroDivisionError), Stop().answering(), stoppable(store):
        raise ZeroDivisionError
