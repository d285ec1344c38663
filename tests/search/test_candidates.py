"""Each way to find candidates brings what the others miss, and no more than its share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from codesearch.search import candidates, parse
from codesearch.search.candidates import BY_MENTION, BY_TEXT, BY_VECTOR
from codesearch.store import FileRecord, Store
from tests.store.test_store import item, record, vector

NEAR, FAR, NOWHERE = vector(127), vector(0, 127), vector(-127)
"""The query's vector, one that has nothing to do with it, and its opposite."""
LONG = " ".join(f"filler{n}" for n in range(3000))
"""A long body: what else its text holds weighs little."""


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
    """Return a file of many symbols; `{}` in name and body becomes their number."""
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
    """The words of a name count even where two hundred bodies hold them more often."""
    busy = crowd(200, body="polish telescope " * 5 + "{}", vec=NEAR)
    fill(store, busy, record("a.py", item("polish", LONG, NOWHERE)))
    assert "polish" in found(store, "polish the telescope today")


def test_the_beginnings_of_a_names_words_find_it(store: Store):
    fill(store, crowd(200, vec=NEAR), record("a.py", item("polish telescope", LONG, NOWHERE)))
    assert "polish telescope" in found(store, "pol tele")
    assert "polish telescope" not in found(store, "pol xyz")


def test_a_message_is_found_by_three_of_its_words_in_a_row(store: Store):
    busy = crowd(200, body="still telescope lens ready cap {}", vec=NEAR)
    fill(store, busy, record("a.py", item("target", f"lens cap still {LONG}", NOWHERE)))
    assert "target" in found(store, "telescope ready: lens cap still on")
    assert "target" not in found(store, "telescope ready: cap lens still on"), "other words in a row"


def test_a_name_asked_for_is_found_in_any_case_style(store: Store):
    fill(store, crowd(200, body="polish telescope", vec=NEAR), record("a.py", item("PolishTelescope", LONG, NOWHERE)))
    assert "PolishTelescope" in found(store, "polish_telescope")
    assert "PolishTelescope" in found(store, "polish_tele"), "the beginning of a name finds it too"


def test_a_name_may_stand_among_words(store: Store):
    """`Router` in "where is the Router used": hundreds of functions use it, and all their texts match better."""
    busy = crowd(200, "use of router {}", "router used router used {}", vec=NEAR)
    fill(store, busy, record("a.py", item("Router", LONG, NOWHERE)))
    assert "Router" in found(store, "where is the Router used?")
    assert "Router" not in found(store, "where is the router used?"), "a plain word is not taken for a name"


def test_namesakes_beyond_a_few_do_not_crowd_the_others_out(store: Store):
    busy = crowd(200, "use of router {}", "router used router used {}", vec=NEAR)
    fill(store, busy, crowd(60, "Router", f"{{}} {LONG}", path="many.py"))
    assert found(store, "where is the Router used?").count("Router") == BY_MENTION
