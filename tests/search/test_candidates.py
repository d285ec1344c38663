"""Each retrieval method finds candidates that the others miss, and no more than its limit."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import pytest

from codesearch.search import candidates, parse
from codesearch.search.candidates import BY_MENTION, BY_TEXT, BY_VECTOR
from codesearch.store import FileRecord, Store, texts
from tests.store.test_store import item, record, vector
from tests.support import fts5

NEAR, FAR, NOWHERE = vector(127), vector(0, 127), vector(-127)
NOTHING = bytes(8)
"""The query's vector, an orthogonal one, the opposite, and the zero vector of unknown words."""
LONG = " ".join(f"filler{n}" for n in range(3000))
"""A long body, in which other words have little weight."""


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store(tmp_path / "index.db", writable=True) as opened:
        opened.use_model("test@1", 8)
        yield opened


def found(store: Store, text: str, wanted: int = 0) -> list[str]:
    query = parse(text)
    return [one.symbol.name for one in candidates.gather(store, query, NEAR, wanted)]


def crowd(
    count: int, name: str = "other{}", body: str = "{}", vec: bytes = NOWHERE, path: str = "crowd.py"
) -> FileRecord:
    """Return a file of many symbols; `{}` in name and body is replaced by the number of the symbol."""
    symbols = [item(name.format(n), body.format(n), vec, path=path) for n in range(count)]
    made: FileRecord = record(path, *symbols)
    return made


def fill(store: Store, *records: FileRecord) -> None:
    store.replace(list(records))


def test_a_text_that_holds_a_word_is_found(store: Store):
    fill(store, crowd(200, vec=NEAR), record("a.py", item("target", "telescope", NOWHERE)))
    assert "target" in found(store, "polish the telescope today")


def test_the_best_texts_are_taken_and_more_if_more_answers_are_wanted(store: Store):
    fill(store, crowd(300, body="telescope"))
    assert len(found(store, "polish the telescope today")) >= BY_TEXT
    assert len(found(store, "polish the telescope today", wanted=160)) == 240, "half as many again: some are folded"


def test_the_nearest_vectors_are_found_whatever_they_hold(store: Store):
    fill(store, crowd(200, body="telescope"), record("a.py", item("target", "lens", NEAR)))
    assert "target" in found(store, "polish the telescope today")
    fill(store, crowd(BY_VECTOR + 50, "near{}", vec=NEAR, path="near.py"))
    near = [name for name in found(store, "polish the telescope today") if name.startswith("near")]
    assert len(near) >= BY_VECTOR - 1


def test_a_name_among_better_texts_is_found(store: Store):
    """A match in the name counts even if two hundred bodies contain the words more often."""
    busy = crowd(200, body="polish telescope " * 5 + "{}", vec=NEAR)
    fill(store, busy, record("a.py", item("polish", LONG, NOWHERE)))
    assert "polish" in found(store, "polish the telescope today")


def test_the_beginnings_of_a_names_words_find_it(store: Store):
    fill(store, crowd(200, vec=NEAR), record("a.py", item("polish telescope", LONG, NOWHERE)))
    assert "polish telescope" in found(store, "pol tele")
    assert "polish telescope" not in found(store, "pol xyz")


def test_a_message_is_found_by_three_of_its_words_in_a_row(store: Store, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(texts, "MOST_READ", 300)  # here all texts have the words, and are equally likely
    busy = crowd(200, body="still telescope lens ready cap {}", vec=NEAR)
    fill(store, busy, record("a.py", item("target", f"lens cap still {LONG}", NOWHERE)))

    def in_body(phrases: Sequence[str], likely: Mapping[int, bytes]) -> dict[int, bytes]:
        known = store.symbols(likely)
        own = b"".join(bytes([phrase == "lens cap still", *[0] * 5]) for phrase in phrases)
        return {id: own for id in likely if known[id].symbol.name == "target" and any(own)}

    store.phrases = in_body
    assert "target" in found(store, "telescope ready: lens cap still on")
    assert "target" not in found(store, "telescope ready: cap lens still on"), "other words in a row"


def test_a_name_asked_for_is_found_in_any_case_style(store: Store):
    fill(store, crowd(200, body="polish telescope", vec=NEAR), record("a.py", item("PolishTelescope", LONG, NOWHERE)))
    assert "PolishTelescope" in found(store, "polish_telescope")
    assert "PolishTelescope" in found(store, "polish_tele"), "the beginning of a name finds it too"


def test_a_name_may_stand_among_words(store: Store):
    """`Router` in "where is the Router used": hundreds of functions use it, and all of them match better by text."""
    busy = crowd(200, "use of router {}", "router used router used {}", vec=NEAR)
    fill(store, busy, record("a.py", item("Router", LONG, NOWHERE)))
    assert "Router" in found(store, "where is the Router used?")
    assert "Router" not in found(store, "where is the router used?"), "a plain word is not taken for a name"


def test_namesakes_beyond_a_few_do_not_crowd_the_others_out(store: Store):
    busy = crowd(200, "use of router {}", "router used router used {}", vec=NEAR)
    fill(store, busy, crowd(60, "Router", f"{{}} {LONG}", path="many.py"))
    assert found(store, "where is the Router used?").count("Router") == BY_MENTION


def test_a_word_in_a_body_is_no_name(store: Store):
    """Only name and scope are searched for candidates by name."""
    many = [item(f"other{n}", "telescope " * (n + 1), NOWHERE, path="crowd.py") for n in range(BY_TEXT * 2)]
    fill(store, record("crowd.py", *many))
    query = parse("polish the telescope today")
    assert len(candidates.gather(store, query, NOTHING)) == BY_TEXT


def test_a_query_without_a_vector_is_like_nothing(store: Store):
    fill(store, crowd(3, body="telescope", vec=NEAR), crowd(3, "near{}", vec=NEAR, path="near.py"))
    found = candidates.gather(store, parse("polish the telescope today"), NOTHING)
    assert {one.symbol.path for one in found} == {"crowd.py"}
    assert {one.similarity for one in found} == {0.0}


def test_copies_of_the_same_code_have_the_same_number(store: Store):
    same = [record(path, item("send", "telescope", NEAR, path=path)) for path in ("a.py", "b.py")]
    fill(store, *same, record("c.py", item("other", "telescope", NEAR, path="c.py")))
    numbers = {one.symbol.path: one.content for one in candidates.gather(store, parse("telescope"), NEAR)}
    assert numbers["a.py"] == numbers["b.py"] != numbers["c.py"]
    assert all(numbers.values())


def test_a_filter_holds_for_every_way(store: Store):
    """Without the filter, each method would find the symbol of b.py: text, name, prefix, phrase, vector, mention."""
    fill(store, *(record(path, item("LensCap", "lens cap is on", NEAR, path=path)) for path in ("a.py", "b.py")))
    for typed in ("LensCap", "lens cap", "the lens cap is on", "where is LensCap used"):
        found = candidates.gather(store, parse(f"{typed} path:a.py"), NEAR)
        assert [one.symbol.path for one in found] == ["a.py"], typed


@pytest.mark.parametrize(
    ("typed", "expression"),
    [
        ("pol tele", '{name scope} : ("pol"* AND "tele"*)'),
        ("pol tele len cap", '{name scope} : ("pol"* AND "tele"* AND "len"* AND "cap"*)'),
        ("pol tele len cap mir", None),
        ("pol te", None),
        ("telescope", None),
    ],
)
def test_two_to_four_words_of_three_letters_may_be_beginnings(typed: str, expression: str):
    found = candidates.beginnings(parse(typed))
    assert (found and fts5.rendered(found)) == expression


@pytest.mark.parametrize(
    ("typed", "rows"),
    [
        ("lens cap still", []),
        ("lens cap still on", ["lens cap still", "cap still on"]),
        ("what is the lens of a telescope", []),
        ("lens cap lens cap lens cap", ["lens cap lens", "cap lens cap"]),
    ],
)
def test_a_phrase_is_three_words_in_a_row_of_a_longer_query(typed: str, rows: list[str]):
    assert candidates.trigrams(parse(typed)) == rows


def test_a_pasted_text_has_no_more_phrases_than_help():
    assert len(candidates.trigrams(parse(" ".join(f"word{n}" for n in range(60))))) == candidates.MAX_TRIGRAMS
