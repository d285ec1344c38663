"""A server answers as a local index does."""

from __future__ import annotations

from itertools import pairwise

import pytest

import codesearch
from codesearch.core.errors import UsageError
from codesearch.core.filter import Filter
from codesearch.search import parse
from codesearch.search.candidates import ALL_FIELDS, NAME_FIELDS
from codesearch.search.term_pruning import select_terms
from codesearch.server import answering
from codesearch.server.store import PgStore
from codesearch.server.transactions import alone
from codesearch.service.protocol import filter_to_json
from tests.server.conftest import Place, send

QUESTIONS = (
    "retry a failed upload",
    "how are orders paid",
    "parse the configuration file",
    "where is the cache invalidated",
    "format a price",
    "load settings",
    "send an email to the customer",
    "validate input",
)
LINES = 10


@pytest.fixture
def filled(place: Place, shop: codesearch.Index) -> Place:
    send(shop, place.server("ci", "shop", push=True), "shop")
    return place


def remote(place: Place, text: str, where: Filter | None = None, limit: int = LINES) -> list[tuple[str, int, float]]:
    question = answering.Question(text, limit, filter_to_json(where))
    with place.pool.transaction("ci") as db:
        found = answering.answer(alone(db), question)
    return [(one["symbol"]["path"], one["symbol"]["start_line"], one["score"]) for one in found["hits"]]


def local(index: codesearch.Index, text: str, where: Filter | None = None) -> list[tuple[str, int, float]]:
    return [(hit.symbol.path, hit.symbol.start_line, hit.score) for hit in index.query(text, limit=LINES, where=where)]


@pytest.mark.parametrize("text", [*QUESTIONS, "kind:method save", "lang:python -is:test load", "path:src/** price"])
def test_the_same_hits_in_the_same_order(filled: Place, shop: codesearch.Index, text: str):
    found, known = remote(filled, text), local(shop, text)
    assert [one[:2] for one in found] == [one[:2] for one in known]
    assert [one[2] for one in found] == pytest.approx([one[2] for one in known], abs=0.01)


def test_the_same_evidence(filled: Place, shop: codesearch.Index, monkeypatch: pytest.MonkeyPatch):
    """Every count, and so BM25, of every symbol: only the order of candidates depends on the engine."""
    store = shop.required_reader()
    with filled.pool.transaction("ci") as db:
        there = PgStore(alone(db), answering.refs(alone(db)))
        places = {}
        for id, (symbol, roles, _) in store.symbols(range(1, store.counts()["symbols"] + 1)).items():
            places[symbol.path, symbol.start_byte, symbol.qualname, symbol.kind] = (id, roles)
        ids = [row[0] for row in db.execute("SELECT id FROM symbol").fetchall()]
        same = {}
        for id, (symbol, roles, _) in there.symbols(ids).items():
            own, own_roles = places.pop((symbol.path, symbol.start_byte, symbol.qualname, symbol.kind))
            assert own_roles == roles
            same[id] = own
        assert not places
        for here, other in ((store, there), (store.minor, there.minor)):
            for text in QUESTIONS:
                terms = parse(text).terms
                phrases = [f"{one} {two}" for one, two in pairwise(terms)]
                found = other.held(terms, phrases, list(same), (ALL_FIELDS, NAME_FIELDS))
                known = here.held(terms, phrases, list(same.values()), (ALL_FIELDS, NAME_FIELDS))
                if here is store:
                    assert {same[id]: one.fields for id, one in found.items() if same[id] in known} == {
                        id: one.fields for id, one in known.items()
                    }
                for id, held in found.items():
                    if same[id] in known:
                        assert (held.text, held.names) == pytest.approx((known[same[id]].text, known[same[id]].names))
                with monkeypatch.context() as costly:  # an index file leaves nothing out
                    costly.setattr(type(here), "scoring_cost", other.scoring_cost)
                    assert select_terms(other, parse(text)) == select_terms(here, parse(text))


@pytest.mark.parametrize(
    "where",
    [
        Filter(languages=("python",)),
        Filter(not_languages=("python",)),
        Filter(kinds=("function", "class")),
        Filter(paths=("src/**",)),
        Filter(paths=("*.py",)),
        Filter(paths=("[a-m]*.{py,ts}",)),
        Filter(not_paths=("tests",)),
        Filter(names=("get*",)),
        Filter(names=("Order",)),
        Filter(not_names=("o?d*",)),
        Filter(roles=("test",)),
        Filter(not_roles=("test", "doc")),
        Filter(paths=("[",)),
    ],
)
def test_the_same_symbols_pass_a_filter(filled: Place, shop: codesearch.Index, where: Filter):
    here = [(one.path, one.start_line, one.qualname) for one in shop.symbols(where)]
    with filled.pool.transaction("ci") as db:
        there = [
            (one.path, one.start_line, one.qualname)
            for one in PgStore(alone(db), answering.refs(alone(db))).listing(where)
        ]
    assert sorted(there) == sorted(here)


def test_a_test_in_a_file_of_code_is_a_test(place: Place, indexed):
    source = "fn add(a: u8) -> u8 { a }\n\n#[test]\nfn adds_numbers() { add(1); }\n"
    send(indexed({"src/lib.rs": source}), place.server("ci", "sums", push=True), "sums")
    with place.pool.transaction("ci") as db:
        store = PgStore(alone(db), answering.refs(alone(db)))
        assert [one.name for one in store.listing(Filter(roles=("test",)))] == ["adds_numbers"]
        others = [one.name for one in store.listing(Filter(not_roles=("test",), kinds=("function", "test")))]
        assert others == ["add"]
    assert [line for _, line, _ in remote(place, "add numbers is:test")] == [3]


def test_what_a_server_cannot_check_is_refused(filled: Place):
    for text in ("is:unused parse", "concept:io>0.5 parse"):
        with pytest.raises(UsageError, match="ask a local index"):
            remote(filled, text)


def test_several_repositories_answer_as_one(place: Place, indexed):
    for name, word in (("one", "kiwi"), ("two", "mango")):
        send(indexed({f"{word}.py": f"def peel_{word}():\n    return 1\n"}), place.server("ci", name, push=True), name)
    server = place.server("alice", "one", "two")
    found = server.post("/query", {"query": "peel"})
    assert {(one["repository"], one["symbol"]["path"]) for one in found["hits"]} >= {
        ("one", "kiwi.py"),
        ("two", "mango.py"),
    }
    only = server.post("/query", {"query": "peel repo:two"})
    assert {one["repository"] for one in only["hits"]} == {"two"}
    assert server.post("/query", {"query": "peel", "repositories": ["one"]})["repositories"] == [
        {"name": "one", "ref": "main", "commit": "c1"}
    ]
    with pytest.raises(UsageError, match="there is no repository three here, or you may not see it"):
        server.post("/query", {"query": "peel", "repositories": ["three"]})
