"""One list from several answers: by score, each answer in its own order, copies once."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from codesearch.core.types import Answer, Hit, Symbol
from codesearch.repositories.joined import Part, join
from codesearch.repositories.likelihood import Evidence, log_odds
from codesearch.repositories.registry import Repository

A, B, C = (Repository(name, Path("/") / name) for name in "abc")


def symbol(name: str, path: str = "x.py", line: int = 1) -> Symbol:
    return Symbol("function", name, name, f"def {name}()", "", line, line + 1, 0, 9, "python", path)


def part(repository: Repository, *found: tuple[str, float], path: str = "") -> Part:
    hits = (Hit(rank, score, symbol(name, path or f"{name}.py")) for rank, (name, score) in enumerate(found, 1))
    return Part(repository, Answer(tuple(hits)))


def nothing(repository: Repository, one: Symbol) -> list[str]:
    return []


def listed(joined) -> list[str]:
    return [f"{one.repository.name}:{one.hit.symbol.name}" for one in joined]


def test_the_best_come_first_and_are_numbered_anew():
    joined = join([part(A, ("one", 0.9), ("two", 0.2)), part(B, ("three", 0.5), ("four", 0.1))], 3, nothing)
    assert listed(joined) == ["a:one", "b:three", "a:two"]
    assert [one.hit.rank for one in joined] == [1, 2, 3]


def test_each_answer_keeps_its_order():
    joined = join([part(A, ("one", 0.3), ("two", 0.9)), part(B, ("three", 0.5))], 9, nothing)
    assert listed(joined) == ["b:three", "a:one", "a:two"]


def test_scores_are_lower_where_nothing_is_near_the_question():
    near = replace(part(A, ("one", 0.4)), evidence=Evidence(0.9, 100))
    far = replace(part(B, ("two", 0.5)), evidence=Evidence(0.3, 100))
    joined = join([near, far], 9, nothing)
    assert listed(joined) == ["a:one", "b:two"]
    assert joined[0].hit.score == 0.4
    assert 0.0 < joined[1].hit.score < 0.1
    assert listed(join([replace(near, evidence=None), replace(far, evidence=None)], 9, nothing)) == ["b:two", "a:one"]


def test_a_repository_that_uses_the_words_is_likelier():
    uses, lacks = Evidence(0.5, 1000, {"webhook": 40, "verify": 9}), Evidence(0.5, 1000, {"webhook": 0, "verify": 9})
    assert log_odds([lacks, uses])[1] == 0.0
    assert log_odds([lacks, uses])[0] < -0.2
    common = Evidence(0.5, 1000, {"verify": 9})
    assert log_odds([common, common]) == [0.0, 0.0]
    assert log_odds([None, uses, None]) == [0.0, 0.0, 0.0]
    assert log_odds([]) == []


def test_a_name_is_expected_where_it_is_used_but_an_exact_one_is_never_hidden():
    uses, lacks = Evidence(0.9, 1000, {"response": 90}), Evidence(0.2, 1000, {"response": 1})
    assert log_odds([uses, lacks])[1] < -5.0
    assert log_odds([uses, lacks], is_name=True) == [0.0, -2.0]
    here, there = part(A, ("response", 0.999), ("response_type", 0.9)), part(B, ("Response", 0.9995))
    found = [replace(here, evidence=uses), replace(there, evidence=lacks)]
    assert listed(join(found, 9, nothing, is_name=True)) == ["a:response", "b:Response", "a:response_type"]
    assert listed(join([here, there], 9, nothing, is_name=True))[0] == "b:Response"


def test_a_share_of_texts_counts_and_not_their_number():
    small, large = Evidence(0.5, 1000, {"route": 100}), Evidence(0.5, 10_000, {"route": 100})
    assert log_odds([small, large])[0] == 0.0
    assert log_odds([small, large])[1] < -0.3


def test_equal_scores_are_in_the_order_of_the_repositories():
    joined = join([part(B, ("one", 0.5)), part(A, ("two", 0.5))], 9, nothing)
    assert listed(joined) == ["b:one", "a:two"]


def test_by_file_the_best_of_each_file_comes_first():
    several = part(A, ("one", 0.9), ("two", 0.8), path="same.py")
    joined = join([several, part(B, ("three", 0.1))], 9, nothing, by_file=True)
    assert listed(joined) == ["a:one", "b:three", "a:two"]
    assert listed(join([several, part(B, ("three", 0.1))], 9, nothing)) == ["a:one", "a:two", "b:three"]


def test_the_same_code_is_one_hit():
    def read(repository: Repository, one: Symbol) -> list[str]:
        return ["def same():", "    return 1" if repository is not C else "    return 2"]

    parts = [part(one, ("same", score)) for one, score in ((A, 0.4), (B, 0.6), (C, 0.5))]
    joined = join(parts, 9, read)
    assert listed(joined) == ["b:same", "c:same"]
    assert [str(place) for place in joined[0].also] == ["a:same.py:1"]
    assert joined[1].also == ()


def test_a_copy_below_the_last_place_is_named():
    parts = [part(A, ("same", 0.9), ("other", 0.8)), part(B, ("same", 0.1))]
    joined = join(parts, 2, lambda repository, one: [one.name])
    assert listed(joined) == ["a:same", "a:other"]
    assert [str(place) for place in joined[0].also] == ["b:same.py:1"]


def test_what_cannot_be_read_is_no_copy():
    assert len(join([part(A, ("same", 0.9)), part(B, ("same", 0.9))], 9, nothing)) == 2


def test_problems_are_named():
    parts = [part(A, ("one", 0.9)), Part(B, Answer(), "not indexed yet", answered=False)]
    joined = join(parts, 9, nothing, note="understood so")
    assert joined.problem == "understood so; b: not indexed yet"
    assert (joined.complete, joined.answered) == (False, True)
    assert join(parts[:1], 9, nothing).complete
    assert not join(parts[1:], 9, nothing).answered
