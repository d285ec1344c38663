"""Scores of texts for a query, and what they hold, come out the same in every way."""

import pytest

from codesearch.search.candidates import ALL_FIELDS, NAME_FIELDS
from codesearch.store import Store
from codesearch.store.match import Match, Words
from codesearch.store.schema import TEXT_FIELDS
from tests.store.test_store import item, record, vector

WORDS = "retry failed upload client queue parse config file socket read".split()


@pytest.fixture
def store(tmp_path):
    with Store(tmp_path / "index.db", writable=True) as opened:
        opened.use_model("test@1", 8)
        texts = [" ".join(WORDS[(n * step) % len(WORDS)] for step in range(1, n % 9 + 2)) for n in range(60)]
        paths = [f"{WORDS[n % 7]}/{n}.py" for n in range(60)]
        opened.replace(
            [record(path, item(WORDS[n % 10], texts[n], vector(n), path=path)) for n, path in enumerate(paths)]
        )
        yield opened


def test_scores_are_those_of_bm25(store):
    terms = ["retry", "uploads", "socket", "nowhere"]
    any_term = (Words(tuple(terms)),)
    text = dict(store.text_candidates(Match(any_term), ALL_FIELDS, 100))
    names = dict(store.text_candidates(Match(any_term, naming=True), NAME_FIELDS, 100))
    everything = list(range(1, 61))
    found = store.held(terms, ["failed upload client"], everything, (ALL_FIELDS, NAME_FIELDS))
    assert {id for id, held in found.items() if held.text} == text.keys()
    assert {id: held.text for id, held in found.items() if held.text} == pytest.approx(text)
    assert {id: held.names for id, held in found.items() if held.names} == pytest.approx(names)
    assert 5 < len(names) < len(text) < 60, "or it shows little"


def test_counts_are_those_of_the_index_as_it_is(store):
    retry = Match((Words(("retry",)),))
    with store.snapshot():
        before = store.holding(retry)
        assert before == store.count(retry) > 0
    store.replace([record("x/new.py", item("retry", "retry", vector(1), path="x/new.py"))])
    with store.snapshot():
        assert store.holding(retry) == before + 1
    store.remove(["x/new.py"])
    with store.snapshot():
        assert store.holding(retry) == before
    assert store.minor.holding(retry) == 0


def test_fields_are_told_by_term_and_phrase(store):
    store.replace([record("x/upload.py", item("retry", "failed client socket", vector(1), path="x/upload.py"))])
    id = max(store.named("retry", 100))
    in_body = b"\1" + bytes(5)
    store.phrases = lambda phrases, likely: {id: in_body + bytes(6) for id in likely if phrases[0] == "client socket"}
    fields = store.held(["retry", "upload", "queue"], ["client socket", "socket client"], [id], (ALL_FIELDS,) * 2)[id]
    bit = {name: 1 << at for at, name in enumerate(TEXT_FIELDS)}
    assert fields.fields == (bit["name"], bit["path"], 0, bit["body"], 0)
    assert store.held(["queue"], [], [id], (ALL_FIELDS,) * 2) == {}
    assert store.held([], [], [id], (ALL_FIELDS,) * 2) == {}
