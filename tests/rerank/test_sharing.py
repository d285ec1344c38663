"""Vectors shared by a user's indexes: worktrees, clones and branches compute only vectors that none has yet."""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import codesearch
from codesearch.core import dirs
from codesearch.rerank import backfill, shared_cache
from codesearch.rerank.job import Source
from codesearch.store import Store
from codesearch.store import store as store_module
from tests.support import models
from tests.support.git import git
from tests.support.models import FakeModel
from tests.support.wait import until

QUESTION = "generate shell completion script"


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Switch the cache on, in a folder of its own; return its file."""
    monkeypatch.setenv("CODESEARCH_CACHE", "true")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(dirs, "cache", lambda: tmp_path / "cache" / "codesearch")
    for name in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{name}_NAME", "n")
        monkeypatch.setenv(f"GIT_{name}_EMAIL", "e@example.org")
    return tmp_path / "cache" / "codesearch" / "vectors.db"


def another_process(fake: FakeModel) -> None:
    """Forget all vectors in this process, and reset the counts."""
    models.forget_vectors()
    fake.documents.clear()
    fake.queries.clear()


def ids(hits):
    return [(hit.symbol.path, hit.symbol.start_line, hit.score) for hit in hits]


def vectors(root: Path) -> dict[bytes, bytes]:
    with Store(root / ".codesearch" / "index.db") as store:
        return dict(
            store.connection.rows(
                "SELECT c.hash, v.embedding FROM content c JOIN model_vector v ON v.content_id = c.id"
            )
        )


def shared() -> int:
    facts = shared_cache.facts()
    assert facts.problem == ""
    return sum(count for _, count in facts.models)


@pytest.fixture
def repository(root: Path) -> Path:
    """A git repository with two branches and an index."""
    (root / ".gitignore").write_text(".codesearch/\n")
    git(root, "init", "-q", "-b", "main")
    git(root, "add", ".")
    git(root, "commit", "-qm", "one")
    git(root, "switch", "-qc", "other")
    for number, file in enumerate(sorted(root.rglob("*.py"))):
        if number % 3 == 0:
            file.unlink()
        elif number % 3 == 1:
            file.write_text(file.read_text().replace("shop", "market"))
    git(root, "commit", "-qam", "two")
    git(root, "switch", "-q", "main")
    return root


def filled(root: Path, **settings) -> backfill.BackfillReport:
    with codesearch.open_index(root, model="fake", **settings) as index:
        index.update()
        report = index.embed_all()
        assert report.problem == ""
    assert report.left == 0
    assert report.done == report.total
    return report


# -- backfill -------------------------------------------------------------------------------------


def test_a_worktree_and_a_clone_are_filled_without_the_model(repository: Path, fake: FakeModel, tmp_path: Path):
    first = filled(repository)
    assert first.embedded == len(fake.documents) == len(vectors(repository))
    assert first.cached == 0
    git(repository, "worktree", "add", "-q", "--detach", str(tmp_path / "worktree"), "main")
    git(tmp_path, "clone", "-q", str(repository), "clone")
    for place in ("worktree", "clone"):
        another_process(fake)
        report = filled(tmp_path / place)
        assert fake.documents == []
        assert (report.embedded, report.cached) == (0, first.embedded)
        assert vectors(tmp_path / place) == vectors(repository)
    git(repository, "worktree", "add", "-q", str(tmp_path / "branch"), "other")
    another_process(fake)
    report = filled(tmp_path / "branch")
    assert report.embedded == len(fake.documents) == len(set(fake.documents)) > 0
    assert report.cached > 0, "what the branches have in common"


@pytest.mark.parametrize("on", [True, False])
def test_switching_to_a_branch_and_back_embeds_nothing(repository: Path, fake: FakeModel, on: bool):
    whole = filled(repository, cache=on)
    git(repository, "switch", "-q", "other")
    there = filled(repository, cache=on)
    assert 0 < there.embedded < whole.embedded
    for branch in ("main", "other", "main"):
        git(repository, "switch", "-q", branch)
        another_process(fake)
        report = filled(repository, cache=on)
        assert fake.documents == []
        assert (report.embedded, report.cached) == (0, 0), "the index has kept them"


def test_coming_back_after_the_index_has_forgotten_embeds_nothing(
    repository: Path, fake: FakeModel, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(store_module, "MOST_UNUSED", 0)
    monkeypatch.setattr(store_module, "UNUSED_SHARE", 0.0)
    filled(repository)
    git(repository, "switch", "-q", "other")
    filled(repository)
    git(repository, "switch", "-q", "main")
    another_process(fake)
    report = filled(repository)
    assert fake.documents == []
    assert report.cached > 0


def test_an_index_made_anew_takes_them_from_there(root: Path, fake: FakeModel):
    before = filled(root)
    with codesearch.open_index(root, model="fake") as index:
        assert index.remove()
    another_process(fake)
    assert filled(root).cached == before.embedded
    assert fake.documents == []


def test_without_it_every_index_computes_its_own(root: Path, fake: FakeModel, cache: Path):
    def anew(*, on: bool) -> backfill.BackfillReport:
        with codesearch.open_index(root, model="fake") as index:
            index.remove()
        another_process(fake)
        return filled(root, cache=on)

    whole = anew(on=False).embedded
    assert not cache.exists()
    assert anew(on=True).embedded == whole
    assert shared() == whole
    assert anew(on=True).embedded == 0
    assert anew(on=False).embedded == whole


def test_another_model_has_its_own(root: Path, fake: FakeModel, tmp_path: Path):
    filled(root)
    other = FakeModel("other", dims=12)
    models.install(fake, other)
    with codesearch.open_index(root, model="other") as index:
        report = index.embed_all()
    assert report.cached == 0
    assert len(shared_cache.facts().models) == 2


RUN = """
import sys, codesearch
from codesearch.rerank import backfill
from tests.support import models
models.install(models.FakeModel(delay=0.004))
backfill.KEEP_SECONDS = 0.05
with codesearch.open_index(sys.argv[1], model="fake") as index:
    index.embed_all()
"""


@pytest.mark.skipif(os.name != "posix", reason="kill -9 is POSIX")
def test_killed_while_filling_neither_index_nor_cache_loses_what_they_had(root: Path, fake: FakeModel, tmp_path: Path):
    rng = random.Random(7)
    seen = 0
    for _ in range(3):
        process = subprocess.Popen([sys.executable, "-c", RUN, str(root)])
        until(lambda: len(vectors(root)) > seen or process.poll() is not None)  # noqa: B023 -- called at once
        time.sleep(rng.uniform(0.0, 0.2))
        process.send_signal(signal.SIGKILL)
        process.wait()
        now = len(vectors(root))
        assert now > seen
        assert shared() >= now, "it goes into the cache first"
        seen = now
    had = shared()
    filled(root)
    assert shared() == len(vectors(root))
    assert len(fake.documents) == len(vectors(root)) - had
    with codesearch.open_index(root, model="fake") as index:
        assert index.update().changed == 0


# -- queries --------------------------------------------------------------------------------------


def test_a_question_of_a_clone_is_answered_from_the_first_ones_vectors(root: Path, fake: FakeModel, tmp_path: Path):
    copy = Path(shutil.copytree(root, tmp_path / "copy"))
    with codesearch.open_index(root, model="fake") as index:
        answer = ids(index.query(QUESTION))
    assert shared() == len(fake.documents) > 0
    another_process(fake)
    with codesearch.open_index(copy, model="fake") as index:
        ranking = index.rank(codesearch.search.parse(QUESTION))
        assert ranking.embedded == 0
        assert ids(index.query(QUESTION)) == answer
    assert fake.documents == []
    assert len(vectors(copy)) == shared(), "kept in the index too"


def test_with_all_vectors_at_hand_nobody_waits_for_the_model(root: Path, fake: FakeModel, tmp_path: Path):
    copy = Path(shutil.copytree(root, tmp_path / "copy"))
    heard: list[object] = []
    with codesearch.open_index(root, model="fake") as index:
        index.query(QUESTION, on_first=heard.append)
    assert len(heard) == 1
    with codesearch.open_index(copy, model="fake") as index:
        index.query(QUESTION, on_first=heard.append)
    assert len(heard) == 1


def test_it_is_not_opened_where_the_index_lacks_nothing(root: Path, fake: FakeModel, monkeypatch: pytest.MonkeyPatch):
    with codesearch.open_index(root, model="fake") as index:
        answer = ids(index.query(QUESTION))
    another_process(fake)
    monkeypatch.setattr(shared_cache, "VectorCache", lambda *arguments: pytest.fail("it was opened"))
    with codesearch.open_index(root, model="fake") as index:
        assert ids(index.query(QUESTION)) == answer
        index.query("Typer")


def test_it_tells_nothing_of_the_tree_but_hashes_and_vectors(root: Path, fake: FakeModel, cache: Path):
    with codesearch.open_index(root, model="fake") as index:
        index.query(QUESTION)
        names = {word for symbol in index.symbols() for word in (symbol.path, symbol.name) if len(word) > 4}
    held = b"".join(file.read_bytes() for file in cache.parent.iterdir()).lower()
    assert len(held) > 4096
    assert len(names) > 50
    assert [name for name in {*names, QUESTION, str(root)} if name.lower().encode() in held] == []


def test_what_is_being_typed_is_not_kept(root: Path, fake: FakeModel):
    text = b"def just_typed():\n    '''Nobody has saved this.'''\n"
    with codesearch.open_index(root, model="fake") as index, Store(index.path) as store:
        symbol = next(index.symbols())
        _, content = codesearch.extract.documents.embedding_text(symbol, (), text)
        source = Source(content, symbol, (), buffer=text)
        job = index._reranker.begin(store, QUESTION, is_name=False)
        assert job is not None
        found = job.similarities(store, job.look(store, {}, {-1: source}))
        assert -1 in found.cosines
        assert found.embedded == 1
    assert shared_cache.facts().models == ()


# -- a cache that cannot be used ------------------------------------------------------------------


def damaged(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file.parent.mkdir(parents=True)
    file.write_bytes(b"garbage" * 4096)


def no_place(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dirs, "cache", lambda: Path("/dev/null/codesearch"))


def no_home(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dirs, "cache", lambda: None)


@pytest.mark.parametrize("make", [damaged, no_place, no_home])
def test_one_that_cannot_be_used_costs_a_note_and_nothing_else(
    root: Path, fake: FakeModel, cache: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, make
):
    copy = Path(shutil.copytree(root, tmp_path / "copy"))
    with codesearch.open_index(copy, model="fake", cache=False) as index:
        found = index.query(QUESTION)
        answer = ids(found)
        assert found.problem == ""
    make(cache, monkeypatch)
    another_process(fake)
    with codesearch.open_index(root, model="fake") as index:
        found = index.query(QUESTION)
        assert ids(found) == answer
        assert found.problem.startswith("the vector cache")
        assert len(vectors(root)) == len(fake.documents) > 0
        another_process(fake)
        found = index.query(QUESTION)
        assert ids(found) == answer
        assert found.problem == "", "it was not needed"
        report = index.embed_all()
        assert report.left == 0
        assert report.problem.startswith("the vector cache")
        if make is not no_place:  # a missing file is not a problem
            assert any(note.startswith("the vector cache") for note in index.status().notes)
