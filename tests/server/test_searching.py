"""The full text of a server: what is looked up, what is left out, and that other branches take no place."""

from __future__ import annotations

import pytest

from codesearch.core.filter import Filter
from codesearch.server import answering, tsquery
from codesearch.server.store import PgStore
from codesearch.server.transactions import alone
from codesearch.store.match import Beginnings, Match, Together, Words
from tests.server.conftest import Place, send

ALL = (3.0, 1.5, 1.5, 2.0, 1.5, 1.0)


def test_what_needs_several_words_is_looked_up_by_itself():
    match = Match((Words(("retry", "open the file", "upload")), Together(("send", "mail"))))
    assert tsquery.parts(match, {"mail": 3, "send": 9, "open": 5, "the": 90, "file": 7}) == [
        "'retri' | 'upload'",
        "('send') & ('mail')",
        "('open' <-> 'the' <-> 'file')",
    ]


@pytest.mark.parametrize(("most", "kept"), [(0, 3), (100, 3), (20, 2), (4, 1)])
def test_phrases_of_frequent_words_are_left_out(most: int, kept: int):
    holding = {"a": 3, "b": 15, "c": 60, "d": 900}
    match = Match((Words(("d a", "d b", "d c")),))
    found = tsquery.parts(match, holding, most)
    assert found == ["('d' <-> 'a')", "('d' <-> 'b')", "('d' <-> 'c')"][:kept]


def test_a_phrase_alone_is_looked_up_however_frequent_its_words_are():
    assert tsquery.parts(Match((Words(("a b",)),)), {"a": 900, "b": 900}, 10) == ["('a' <-> 'b')"]


@pytest.fixture
def filled(place: Place, indexed) -> Place:
    """Two branches; in the second, many functions answer better than any in the first."""
    server = place.server("ci", "small", push=True)
    first = {"a.py": 'def keep(value):\n    """Note a parcel, and other words, too."""\n    return value\n'}
    many = "\n\n".join(f"def parcel{n}(parcel):\n    return parcel" for n in range(20))
    send(indexed(first), server, "small", "c1", "main")
    send(indexed({"b.py": many + "\n"}), server, "small", "c2", "other")
    return place


def candidates(place: Place, ref: str, match: Match, limit: int) -> list[str]:
    with place.pool.transaction("ci") as db:
        store = PgStore(alone(db), answering.refs(alone(db), ref))
        found = [id for id, _ in store.text_candidates(match, ALL, limit)]
        symbols = store.symbols(found)
        return [symbols[id].symbol.name for id in found]


def test_better_texts_of_other_branches_take_no_place(filled: Place):
    match = Match((Words(("parcel",)),))
    assert candidates(filled, "main", match, 1) == ["keep"]
    assert len(candidates(filled, "other", match, 5)) == 5


def test_beginnings_are_those_of_name_and_scope(filled: Place):
    found = candidates(filled, "other", Match((Beginnings(("parcel1",)),)), 30)
    assert sorted(found) == ["parcel1", *(f"parcel1{n}" for n in range(10))]
    assert candidates(filled, "main", Match((Beginnings(("val",)),)), 30) == [], "only in the signature"


def test_words_together_are_estimated_within_what_is_possible(filled: Place):
    with filled.pool.transaction("ci") as db:
        store = PgStore(alone(db), answering.refs(alone(db), "other"))
        assert store.holding(Match((Together(("parcel", "return")),))) <= 20
        assert store.holding(Match((Together(("parcel", "absent")),))) == 0


def test_a_filter_that_all_pass_changes_nothing_of_the_nearest(filled: Place):
    with filled.pool.transaction("ci") as db:
        store = PgStore(alone(db), answering.refs(alone(db), "other"))
        vector = bytes([1] * 256)
        found = store.vector_candidates(vector, 5)
        assert len(found) == 5
        assert found == store.vector_candidates(vector, 5, Filter(languages=("python",)))
