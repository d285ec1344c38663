"""Backfilling the reranker's vectors: killed, interrupted, twice at once, during an update; a changed model."""

import os
import random
import signal
import subprocess
import sys
import threading
import time

import pytest

import codesearch
from codesearch.core.errors import UsageError
from codesearch.rerank import backfill
from codesearch.store import Store
from tests.support import models
from tests.support.models import FakeModel
from tests.support.wait import until

RUN = """
import sys, codesearch
from codesearch.rerank import backfill
from tests.support import models
models.install(models.FakeModel(delay=float(sys.argv[2])))
backfill.KEEP_SECONDS = 0.1
with codesearch.open_index(sys.argv[1], model="fake") as index:
    print(index.embed_all().embedded)
"""


def filling(root, delay=0.004, out=subprocess.DEVNULL):
    return subprocess.Popen([sys.executable, "-c", RUN, str(root), str(delay)], stdout=out, text=True)


def vectors(root):
    with Store(root / ".codesearch" / "index.db") as store:
        assert store.connection.rows("PRAGMA integrity_check") == [("ok",)]
        return dict(
            store.connection.rows(
                "SELECT c.hash, v.embedding FROM content c JOIN model_vector v ON v.content_id = c.id"
            )
        )


def test_everything_is_embedded_once_and_progress_is_told(root, fake):
    told: list[backfill.BackfillProgress] = []
    with codesearch.open_index(root, model="fake") as index:
        index.query("parse an option")
        before = len(fake.documents)
        report = index.embed_all(on_progress=told.append)
        assert report.left == 0
        assert report.done == report.total == index.coverage()[0] == index.coverage()[1]
        assert report.embedded == len(fake.documents) - before
        assert len(fake.documents) == len(set(fake.documents))
        assert [now.done for now in told] == sorted(now.done for now in told)
        assert told[-1].done == told[-1].total
        assert index.embed_all().embedded == 0
    status = codesearch.open_index(root, model="fake").status()
    assert (status.second_stage, status.embedded) == ("fake", status.embeddable)
    assert 0 < status.embeddable < status.symbols  # the constants have no text


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="kill -9 is POSIX")
@pytest.mark.timeout(300)
def test_killed_at_any_moment_it_goes_on_and_ends_like_one_that_was_not(root, fake):
    rng = random.Random(3)
    seen = 0
    for _ in range(4):
        process = filling(root)
        until(lambda: len(vectors(root)) > seen or process.poll() is not None)  # noqa: B023 -- called at once
        time.sleep(rng.uniform(0.0, 0.3))
        process.send_signal(signal.SIGKILL)
        process.wait()
        now = len(vectors(root))
        assert now > seen, "what was made before is kept"
        seen = now
    with codesearch.open_index(root, model="fake") as index:
        report = index.embed_all()
        assert report.left == 0
        assert report.embedded == len(vectors(root)) - seen
        assert index.update().changed == 0, "nothing else was lost"
    whole = vectors(root)
    with Store(root / ".codesearch" / "index.db", writable=True) as store, store.connection.transaction() as db:
        db.execute("DELETE FROM model_vector")
    models.forget_vectors()
    with codesearch.open_index(root, model="fake") as index:
        index.embed_all()
    assert vectors(root) == whole


@pytest.mark.timeout(300)
def test_two_at_once_share_the_work(root, fake):
    first, second = (filling(root, out=subprocess.PIPE) for _ in range(2))
    counts = [int(process.communicate(timeout=120)[0]) for process in (first, second)]
    assert first.returncode == second.returncode == 0
    assert sum(counts) == len(vectors(root))
    with codesearch.open_index(root, model="fake") as index:
        assert index.embed_all().embedded == 0


def test_it_ends_when_it_is_asked_to_and_keeps_what_it_has(root, fake):
    with codesearch.open_index(root, model="fake") as index:
        report = index.embed_all(should_stop=lambda: len(fake.documents) >= 40)
        assert report.left > 0
        assert report.embedded == len(vectors(root)) == 40


def test_an_interrupt_is_passed_on(root, fake, monkeypatch):
    monkeypatch.setattr(backfill, "KEEP_SECONDS", 0.0)

    def interrupt():
        if len(fake.documents) == backfill.UNCANCELLABLE_BATCH + 6:
            raise KeyboardInterrupt

    fake.on_document = interrupt
    with codesearch.open_index(root, model="fake") as index:
        with pytest.raises(KeyboardInterrupt):
            index.embed_all()
        assert len(vectors(root)) == backfill.UNCANCELLABLE_BATCH, "whole batches"
        fake.on_document = lambda: None
        assert index.embed_all().left == 0


def test_an_update_does_not_wait_for_it(root, fake):
    fake.delay = 0.02
    stop = threading.Event()
    done = []

    def run():
        with codesearch.open_index(root, model="fake") as index:
            done.append(index.embed_all(should_stop=stop.is_set))

    thread = threading.Thread(target=run)
    thread.start()
    try:
        until(lambda: len(fake.documents) >= 8)
        (root / "added.py").write_text("def added_meanwhile():\n    '''Something new.'''\n")
        with codesearch.open_index(root, model="fake") as index:
            assert index.update(lock_timeout=60.0).changed == 1
        assert thread.is_alive(), "it was still at work"
    finally:
        stop.set()
        thread.join()
    assert done[0].left > 0


def test_another_model_starts_anew_and_the_old_one_stays_until_then(root, fake):
    other = FakeModel("other", dims=12)
    models.install(fake, other)
    with codesearch.open_index(root, model="fake") as index:
        index.embed_all()
        all_of_them = index.coverage()
    with codesearch.open_index(root, model="other") as index:
        index.query("parse an option")
        assert 0 < index.coverage()[0] < all_of_them[0]
        index.embed_all(should_stop=lambda: len(other.documents) > 100)
        with codesearch.open_index(root, model="fake") as old:
            assert old.coverage() == all_of_them
        index.embed_all()
        assert index.coverage() == all_of_them
        with codesearch.open_index(root, model="fake") as old:
            assert old.coverage()[0] == 0


def test_switching_there_and_back_embeds_nothing(root, fake):
    file = root / "shop" / "orders.py"
    text = file.read_text()
    with codesearch.open_index(root, model="fake") as index:
        index.update()
        index.embed_all()
        file.unlink()
        index.update()
        file.write_text(text)
        index.update()
        fake.documents.clear()
        models.forget_vectors()
        assert index.embed_all().embedded == 0
        assert index.coverage()[0] == index.coverage()[1]
    assert fake.documents == []


def test_without_a_second_stage_there_is_nothing_to_fill(root):
    with codesearch.open_index(root, model="static") as index, pytest.raises(UsageError, match="the reranker is off"):
        index.embed_all()
