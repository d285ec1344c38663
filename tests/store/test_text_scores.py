"""Scores and evidence from postings: to the last bit what FTS5 computes, whatever was deleted, merged or long."""

import random

import numpy as np
import pytest

from codesearch.search.candidates import ALL_FIELDS, NAME_FIELDS
from codesearch.store import Store, full_text, postings, text_format, text_scores, texts
from codesearch.store.match import Beginnings, Match, Together, Words
from tests.store.test_store import item, record, vector

WORDS = "retry failed upload client queue parse config file socket read".split()
RARE = ("giraffe", "zebra")


def text(chance):
    some = [chance.choice(WORDS) for _ in range(chance.choice((3, 9, 40, 900)))]
    return " ".join([*some, *(word for word in RARE if chance.random() < 0.05)])


def fill(store, first, count, chance):
    for number in range(first, first + count):
        path = f"{chance.choice(WORDS)}/{number}.py"
        own = [item(f"{chance.choice(WORDS)}_{n}", text(chance), vector(n), path=path) for n in range(3)]
        store.replace([record(path, *own)])


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    """An index with several segments, deleted texts, and texts that repeat a word more often than a byte can count."""
    chance = random.Random(7)
    made = tmp_path_factory.mktemp("scores") / "index.db"
    with Store(made, writable=True) as store:
        store.use_model("test@1", 8)
        fill(store, 0, 150, chance)
        store.optimize(whole=True)
        store.remove(store.paths()[::4])
        store.replace([record("often.py", item("often", "socket " * 700 + "read " * 300, vector(1)))])
        fill(store, 500, 40, chance)
    return made


@pytest.fixture
def stores(path, monkeypatch):
    """One store that leaves everything to FTS5, and one that computes."""
    monkeypatch.setattr(texts, "SCORED_FROM", 10)
    with Store(path) as plain, Store(path) as computing:
        with computing.snapshot():
            pass  # the first question is left to FTS5
        with plain.snapshot(), computing.snapshot():
            plain._counts._looked = True
            assert plain._scores() is None
            assert computing._scores() is not None
            yield plain, computing


MATCHES = (
    Match((Words(("retry",)),)),
    Match((Words(("zebra", "giraffe")),)),
    Match((Words(tuple(WORDS)),)),
    Match((Words(("files", "file", "uploads")),)),
    Match((Words(("nowhere",)),)),
    Match((Words(("nowhere", "zebra")),)),
    Match((Words(("retry", "queue")),), naming=True),
    Match((Together(("zebra", "giraffe")),)),
    Match((Words(("zebra",)), Together(("retry", "queue")), Together(("retry", "socket", "read")))),
    Match((Together(("retry", "queue")), Together(("nowhere", "queue"))), naming=True),
)


@pytest.mark.parametrize("match", MATCHES)
@pytest.mark.parametrize("limit", [1, 7, 1000])
def test_the_best_are_those_of_fts5_with_the_same_scores(stores, match, limit):
    plain, computing = stores
    assert computing._scoring(match) is not None
    for weights in (ALL_FIELDS, NAME_FIELDS):
        wanted = plain.text_candidates(match, weights, limit)
        assert computing.text_candidates(match, weights, limit) == wanted
    assert computing.holding(match) == plain.holding(match)


def test_most_matches_of_the_test_find_something(stores):
    found = [len(stores[0].text_candidates(match, ALL_FIELDS, 1000)) for match in MATCHES]
    assert sum(count > 3 for count in found) >= 8
    assert max(found) > 400


@pytest.mark.parametrize("left_to_fts5", [False, True])
def test_the_evidence_is_that_of_fts5(stores, left_to_fts5, monkeypatch):
    plain, computing = stores
    if left_to_fts5:
        monkeypatch.setattr(postings, "MOST_READ_BYTES", 2000)  # zebra and giraffe are still read
    ids = [row[0] for row in plain.connection.rows("SELECT id FROM symbol ORDER BY id DESC")]
    for terms, phrases in (
        (["retry", "uploads", "zebra", "nowhere"], ["failed upload client", "queue parse", "parse parse parse parse"]),
        (["zebra"], []),
        (["nowhere"], ["failed upload client"]),
        (["nowhere"], []),
    ):
        wanted = plain.held(terms, phrases, ids, (ALL_FIELDS, NAME_FIELDS))
        assert computing.held(terms, phrases, ids, (ALL_FIELDS, NAME_FIELDS)) == wanted
    assert computing._scores().reads("zebra")
    assert computing._scores().reads("retry") is not left_to_fts5


PHRASES = (
    ("failed upload client", "queue parse"),
    ("zebra giraffe", "giraffe zebra", "queue nowhere", "parse parse parse parse"),
    ("upload upload upload", "socket socket"),
    ("nowhere at all",),
)


@pytest.mark.parametrize("phrases", PHRASES)
def test_phrases_in_few_texts_are_scored_as_by_fts5(stores, phrases, monkeypatch):
    plain, computing = stores
    match = Match((Words(phrases),))
    ids = [row[0] for row in plain.connection.rows("SELECT id FROM symbol")]
    monkeypatch.setattr(full_text, "few_with_phrases", lambda *_: None)
    wanted = {limit: plain.text_candidates(match, ALL_FIELDS, limit) for limit in (3, 1000)}
    evidence = plain.held(["retry"], phrases, ids, (ALL_FIELDS, NAME_FIELDS))
    monkeypatch.undo()
    found = {limit: computing.text_candidates(match, ALL_FIELDS, limit) for limit in (3, 1000)}
    assert found == wanted
    assert computing.held(["retry"], phrases, ids, (ALL_FIELDS, NAME_FIELDS)) == evidence
    assert computing.held(["retry"], ["read file"], ids, (ALL_FIELDS, NAME_FIELDS)) == plain.held(
        ["retry"], ["read file"], ids, (ALL_FIELDS, NAME_FIELDS)
    )


def test_what_is_no_word_of_fts5_is_left_to_it(stores):
    _, computing = stores
    for match in (
        Match((Words(("failed upload client",)),)),
        Match((Words(("+",)),)),
        Match((Beginnings(("ret", "que")),)),
    ):
        assert computing._scoring(match) is None
    assert computing.text_candidates(Match((Words(("failed upload client", "zebra zebra")),)), ALL_FIELDS, 5)


def test_a_list_of_texts_that_cannot_be_read_is_left_to_fts5(stores, monkeypatch):
    plain, computing = stores
    match = Match((Words(("retry",)),))

    def unsound(*_):
        raise text_format.UnsoundError("has another format")

    monkeypatch.setattr(postings, "decoded", unsound)
    assert computing._scoring(match) is None
    assert computing.text_candidates(match, ALL_FIELDS, 9) == plain.text_candidates(match, ALL_FIELDS, 9)


def test_the_first_question_and_few_texts_are_left_to_fts5(path, monkeypatch):
    monkeypatch.setattr(texts, "SCORED_FROM", 10)
    with Store(path) as store:
        seen = []
        for _ in range(3):
            with store.snapshot():
                seen.append(store._scores() is not None)
        assert seen == [False, True, True]
    monkeypatch.setattr(texts, "SCORED_FROM", 10_000)
    with Store(path) as store:
        for _ in range(3):
            with store.snapshot():
                assert store._scores() is None


def test_after_a_change_new_texts_are_found_and_old_ones_are_not(tmp_path, monkeypatch):
    monkeypatch.setattr(texts, "SCORED_FROM", 1)
    match = Match((Words(("zebra",)),))
    with Store(tmp_path / "index.db", writable=True) as store:
        store.use_model("test@1", 8)
        fill(store, 0, 30, random.Random(3))
        for number in range(6):
            store.replace([record("one.py", item(f"f{number}", "zebra " * (number + 1), vector(1)))])
            with store.snapshot():
                assert (store._scores() is not None) == (number > 0)
                found = store.text_candidates(match, ALL_FIELDS, 100)
            assert found == store.text_candidates(match, ALL_FIELDS, 100), "outside a snapshot FTS5 scores"
            names = [known.symbol.name for known in store.symbols(id for id, _ in found).values()]
            assert [name for name in names if name.startswith("f") and name[1:].isdigit()] == [f"f{number}"]


def test_few_bytes_are_kept_and_those_used_last():
    def some(count):
        zeros = np.zeros(count, np.int32)
        return postings.NONE._replace(ids=zeros)

    kept = postings.Kept(most=1000)
    kept.put(1, b"a", some(100))
    kept.put(1, b"b", some(100))
    kept.put(2, b"a", None)
    found = kept.get(1, b"a")
    assert found is not None and len(found.ids) == 100
    kept.put(1, b"c", some(100))
    assert kept.get(2, b"a") is None
    with pytest.raises(KeyError):
        kept.get(1, b"b")
    kept.forget(1)
    for token in (b"a", b"c"):
        with pytest.raises(KeyError):
            kept.get(1, token)
    assert kept._bytes == 0


def test_the_tokenizer_is_that_of_the_schema(stores):
    sql = stores[0].connection.rows("SELECT sql FROM sqlite_master WHERE name = 'symbol_text'")[0][0]
    assert f'tokenize="{" ".join(text_scores._TOKENIZER)}"' in sql
    assert tuple(text_scores.BITS.tolist()) == full_text.BIT_OF
