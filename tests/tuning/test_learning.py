"""What is learned from examples, and how it is judged."""

from __future__ import annotations

import numpy as np
import pytest

from codesearch.embed.vectors import quantise
from codesearch.tuning import judging
from codesearch.tuning.learning import LEARNED, Example, adapter_of, weights_of


def examples(count: int, telling: str, seed: int = 0) -> list[Example]:
    """Return questions whose right answer has the highest value of one feature, which the sum ignores."""
    chance = np.random.default_rng(seed)
    found: list[Example] = []
    for _ in range(count):
        values = chance.random((12, len(LEARNED)))
        right = np.zeros(12, bool)
        right[values[:, LEARNED.index(telling)].argmax()] = True
        found.append(Example(values, chance.random(12), right, b"", None, f"{len(found) % 8}.py"))
    return found


def test_a_weight_grows_for_what_tells_the_right_answers() -> None:
    weights = weights_of(examples(80, "coverage_path"))
    assert max(weights, key=lambda name: weights[name]) == "coverage_path"


def test_weights_stay_where_they_are_without_evidence() -> None:
    assert weights_of([]) == {}
    chance = np.random.default_rng(1)
    nothing = Example(chance.random((5, len(LEARNED))), chance.random(5), np.zeros(5, bool), b"", None, "a.py")
    assert weights_of([nothing]) == {}


def test_weights_stay_where_they_are_when_the_right_answers_are_random() -> None:
    chance = np.random.default_rng(5)
    some = [
        Example(one.values, one.sums, chance.permutation(one.right), b"", None, one.file)
        for one in examples(80, "coverage_path")
    ]
    assert max(map(abs, weights_of(some).values()), default=0.0) < 0.5


def test_a_feature_that_never_differs_keeps_its_weight() -> None:
    some = examples(40, "text")
    for one in some:
        one.values[:, LEARNED.index("names")] = 0.5
    assert weights_of(some)["names"] == 0


def rotated(count: int, seed: int) -> tuple[list[bytes], list[bytes]]:
    """Return queries, and answers that are the queries turned by the same rotation."""
    turn = np.linalg.qr(np.random.default_rng(7).standard_normal((16, 16)))[0]
    rows = np.random.default_rng(seed).standard_normal((count, 16))
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    return quantise(rows.astype(np.float32)), quantise((rows @ turn).astype(np.float32))


def cosine(one: bytes, other: bytes) -> float:
    a, b = (np.frombuffer(vector, np.int8).astype(float) for vector in (one, other))
    return float(a @ b / (np.linalg.norm(a) * np.linalg.norm(b)))


def test_an_adapter_moves_new_queries_towards_their_answers() -> None:
    queries, answers = rotated(200, seed=1)
    blank = np.zeros((0, len(LEARNED)))
    made = adapter_of(
        [
            Example(blank, np.zeros(0), np.zeros(0, bool), query, answer, "a.py")
            for query, answer in zip(queries, answers, strict=True)
        ]
    )
    assert made is not None
    new, wanted = rotated(50, seed=2)
    before = np.mean([cosine(query, answer) for query, answer in zip(new, wanted, strict=True)])
    after = np.mean([cosine(made.moved(query), answer) for query, answer in zip(new, wanted, strict=True)])
    assert after > before + 0.2
    assert all(len(made.moved(query)) == len(query) for query in new)
    assert made.moved(bytes(16)) == bytes(16)
    assert made.moved(b"\x01" * 8) == b"\x01" * 8, "a vector of another model is left alone"


def test_no_adapter_without_answers() -> None:
    assert adapter_of([Example(np.zeros((0, 1)), np.zeros(0), np.zeros(0, bool), b"\x01", None, "a.py")]) is None


def test_an_interval_over_files_is_wider_than_one_over_questions() -> None:
    # Ten questions about each of six files, all alike within a file.
    gains = [gain for gain in (0.3, -0.2, 0.25, -0.1, 0.2, 0.1) for _ in range(10)]
    by_file = judging.interval(gains, [str(at // 10) for at in range(60)], 0, 0.05)
    by_question = judging.interval(gains, [str(at) for at in range(60)], 0, 0.05)
    assert by_file.mean == pytest.approx(by_question.mean)
    assert by_file.high - by_file.low > 1.5 * (by_question.high - by_question.low)


def test_a_file_is_in_one_part_only_and_parts_are_alike_in_size() -> None:
    parts = [judging._part(f"src/{at}.py", 0) for at in range(500)]
    assert parts == [judging._part(f"src/{at}.py", 0) for at in range(500)]
    assert all(60 < parts.count(part) < 140 for part in range(judging.FOLDS))
