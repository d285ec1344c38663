"""Which texts are scored: all if they are few, otherwise those with rare words."""

import pytest

from codesearch.search import parse, term_pruning
from codesearch.search.candidates import ALL_FIELDS
from codesearch.store import Store
from tests.store.test_store import item, record, vector
from tests.support import fts5


@pytest.fixture(autouse=True)
def _costly(monkeypatch):
    """Scoring costs what it does on a server; an index file leaves nothing out."""
    monkeypatch.setattr(Store, "scoring_cost", 1)


@pytest.fixture
def store(tmp_path):
    with Store(tmp_path / "index.db", writable=True) as opened:
        opened.use_model("test@1", 8)
        some = [f"common {'usual' if n % 2 else 'other'} {'rare' if n == 7 else 'word'}" for n in range(40)]
        opened.replace([record("a.py", *(item(f"f{n}", text, vector(1)) for n, text in enumerate(some)))])
        yield opened


def scored(store, text, **options):
    match = term_pruning.select_terms(store, parse(text), **options)
    return {id for id, _ in store.text_candidates(match, ALL_FIELDS, 100)} if match else set()


def test_in_a_small_index_whatever_holds_a_word_is_scored(store):
    assert len(scored(store, "common rare unheard")) == 40
    assert scored(store, "unheard of") == set()
    assert scored(store, "common", only_names=True) == set()


def test_where_scoring_costs_nothing_all_words_count(store, monkeypatch):
    monkeypatch.setattr(Store, "scoring_cost", 0)
    monkeypatch.setattr(term_pruning, "MAX_SCORED", 1)
    assert len(scored(store, "common rare usual")) == 40


def test_in_a_large_one_a_common_word_alone_does_not_count(store, monkeypatch):
    monkeypatch.setattr(term_pruning, "MAX_SCORED", 25)
    monkeypatch.setattr(term_pruning, "ENOUGH", 5)
    assert len(scored(store, "common rare usual")) == 20, "usual and rare, which it overlaps"
    assert len(scored(store, "common usual")) == 20
    assert len(scored(store, "common")) == 40, "there is nothing else to go by"
    monkeypatch.setattr(term_pruning, "MAX_SCORED", 10)
    assert len(scored(store, "common rare usual word")) == 1, "no two common ones are few enough, and one holds rare"
    assert len(scored(store, "common usual other")) == 20, "too many, but fewer than with any word alone"


def test_of_the_three_rarest_common_words_two_must_come_together(tmp_path, monkeypatch):
    """A text with two of them is probably relevant, unlike one with a fourth common word."""
    monkeypatch.setattr(term_pruning, "MAX_SCORED", 25)
    monkeypatch.setattr(term_pruning, "ENOUGH", 20)
    with Store(tmp_path / "index.db", writable=True) as opened:
        opened.use_model("test@1", 8)
        words = ("lens", "mirror", "mount", "screw")  # each in more texts than the one before
        held = [words[at] for at in range(4) for _ in range(26 + at)]
        held += ["lens mirror", "lens mount", "mirror mount", "mount screw", "lens screw"]
        opened.replace([record("a.py", *(item(f"f{n}", text, vector(1)) for n, text in enumerate(held)))])
        found = opened.symbols(scored(opened, "lens mirror mount screw"))
    together = sorted(held[int(symbol.name[1:])] for symbol, _, _ in found.values())
    assert together == ["lens mirror", "lens mount", "mirror mount"]


HELD = {
    "zinc": 3, "yarn": 4, "wool": 8, "velvet": 9, "twine": 10, "wool velvet": 2, "wool twine": 3, "velvet twine": 4,
}  # fmt: skip
"""The number of texts that consist of exactly these words."""


@pytest.mark.parametrize(
    ("most", "enough", "query", "expression"),
    [
        (99, 99, "wool zinc unheard", '"wool" OR "zinc"'),
        (7, 99, "twine velvet wool yarn zinc", '"zinc" OR "yarn"'),
        (9, 99, "twine velvet wool yarn zinc", '"zinc" OR "yarn" OR ("wool" AND "velvet")'),
        (11, 99, "twine velvet wool yarn zinc", '"zinc" OR "yarn" OR ("wool" AND "velvet")'),
        (12, 99, "twine velvet wool yarn zinc", '"zinc" OR "yarn" OR ("wool" AND "velvet") OR ("wool" AND "twine")'),
        (12, 9, "twine velvet wool yarn zinc", '"zinc" OR "yarn" OR ("wool" AND "velvet") OR ("wool" AND "twine")'),
        (12, 7, "twine velvet wool yarn zinc", '"zinc" OR "yarn"'),
        (2, 99, "yarn zinc", '"zinc"'),
        (2, 99, "unheard", None),
    ],
)
def test_words_are_added_from_the_rarest_on_while_their_texts_are_few(
    tmp_path, monkeypatch, most, enough, query, expression
):
    """Up to `most` texts; pairs of common words only if fewer than `enough` texts contain a rare one."""
    monkeypatch.setattr(term_pruning, "MAX_SCORED", most)
    monkeypatch.setattr(term_pruning, "ENOUGH", enough)
    some = [text for text, count in HELD.items() for _ in range(count)]
    with Store(tmp_path / "index.db", writable=True) as opened:
        opened.use_model("test@1", 8)
        opened.replace([record("a.py", *(item(f"f{n}", text, vector(1)) for n, text in enumerate(some)))])
        found = term_pruning.select_terms(opened, parse(query))
        assert (found and fts5.rendered(found)) == expression


@pytest.fixture
def whole(store, monkeypatch):
    """Return the store with limits by which all of its texts are scored."""
    monkeypatch.setattr(term_pruning, "MAX_SCORED", 100)
    monkeypatch.setattr(term_pruning, "ENOUGH", 0)
    assert len(scored(store, "common rare")) == 40
    return store


def test_a_word_in_more_texts_than_are_counted_is_common_however_many_may_be_scored(whole, monkeypatch):
    monkeypatch.setattr(term_pruning, "MOST_COUNTED", 40)
    assert len(scored(whole, "common rare")) == 1
    assert len(scored(whole, "common")) == 40, "there is nothing else to go by"


def test_where_a_text_costs_more_fewer_are_scored(whole, monkeypatch):
    monkeypatch.setattr(Store, "scoring_cost", 5)
    assert len(scored(whole, "common rare")) == 1
