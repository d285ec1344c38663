"""The vector of a query: of its text, or of a long text's title and beginning."""

from __future__ import annotations

import math
from array import array

import pytest

from codesearch import embed
from codesearch.search import parse, query_vector

TITLE = "The pool keeps closed connections."
REST = " ".join(["A database server restarts during the night and every later transaction fails."] * 6)


def cosine(one: bytes, other: bytes) -> float:
    a, b = array("b", one), array("b", other)
    return sum(x * y for x, y in zip(a, b, strict=True)) / math.sqrt(sum(x * x for x in a) * sum(y * y for y in b))


@pytest.fixture(scope="module")
def model() -> embed.Embedder:
    return embed.load(embed.STATIC)


def test_a_question_has_the_vector_of_its_text(model: embed.Embedder) -> None:
    assert query_vector(model, parse("where are failed uploads retried")) == model.quantised_query(
        "where are failed uploads retried"
    )


def test_the_vector_of_a_long_text_is_as_near_to_its_title_as_to_the_rest(model: embed.Embedder) -> None:
    query = parse(f"{TITLE} {REST}")
    found = query_vector(model, query)
    near_title = cosine(found, model.quantised_query(query.text))
    near_rest = cosine(found, model.quantised_query(query.about))
    assert query.text == TITLE.rstrip(".") and len(found) == model.dims
    assert near_title == pytest.approx(near_rest, abs=0.02)
    assert near_title > cosine(model.quantised_query(query.text), model.quantised_query(query.about))


def test_a_long_text_without_a_known_word_has_a_vector(model: embed.Embedder) -> None:
    assert query_vector(model, parse("? " * 80)) == bytes(model.dims)
