"""The second stage: what a query embeds, keeps and does not need again, and that it never fails for it."""

import pytest

import codesearch
from codesearch import cascade
from tests import models
from tests.models import FakeModel
from tests.trees import copy_package

QUESTION = "generate shell completion script"


@pytest.fixture
def fake():
    model = FakeModel()
    models.install(model)
    yield model
    models.uninstall()


@pytest.fixture(scope="module")
def indexed(tmp_path_factory):
    root = copy_package("typer", tmp_path_factory.mktemp("cascade") / "typer")
    with codesearch.open_index(root, model="static") as index:
        index.update()
    return root


@pytest.fixture
def root(indexed, tmp_path):
    """A tree with an index, which each test may change."""
    import shutil

    target = tmp_path / "typer"
    shutil.copytree(indexed, target)
    return target


def ids(hits):
    return [(hit.symbol.path, hit.symbol.start_line, hit.score) for hit in hits]


def forget():
    """Forget what the process remembers: only what is in the index counts."""
    cascade._process.vectors.clear()


def test_a_query_embeds_its_best_candidates_once(root, fake):
    with codesearch.open_index(root, model="fake") as index:
        first = index.query(QUESTION)
        assert 30 <= len(fake.documents) <= 50
        assert fake.queries == [QUESTION]
        fake.documents.clear()
        forget()
        assert ids(index.query(QUESTION)) == ids(first)
        assert fake.documents == []
        assert fake.queries == [QUESTION], "the query's own vector is kept too"
