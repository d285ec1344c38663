"""Texts as counts of words: the same as counting the stems of each field one by one."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence

import numpy as np
import pytest

from codesearch.core.numbers import Numbers
from codesearch.core.tokens import as_terms, identifiers_in
from codesearch.store import postings
from codesearch.store.records import NO_TEXTS, Texts
from codesearch.store.schema import TEXT_COLUMNS, TEXT_FIELDS
from codesearch.store.stems import words
from codesearch.store.word_counts import Gathered, WordCounter
from tests.support.texts import counted

WORDS = "retryUpload failed_uploads client queue parseHTTPConfig2 größe 保存する sha256 _ __init__ z".split()
Fields = Sequence[str]


def text(chance: random.Random) -> Fields:
    return tuple(" ".join(chance.choices(WORDS, k=chance.choice((0, 1, 5, 30)))) for _ in TEXT_FIELDS)


def stems_of(field: str) -> list[str]:
    return list(words(as_terms(identifiers_in(field))))


def expected(texts: Sequence[Fields]) -> dict[tuple[int, str], tuple[int, ...]]:
    """Return how often each column of each text has each word, with the highest count that is kept."""
    found = {}
    for at, fields in enumerate(texts):
        columns = [Counter(stems_of(fields[TEXT_FIELDS.index(column)])) for column in TEXT_COLUMNS]
        for word in set().union(*columns):
            found[at, word] = tuple(min(one[word], most) for one, most in zip(columns, postings.MOST, strict=True))
    return found


def held(some: Sequence[Texts]) -> dict[tuple[int, str], tuple[int, ...]]:
    """Return the same of counted texts, as they are written."""
    gathered = Gathered(some)
    batch = gathered.batch(np.ones(len(gathered.lengths), bool), 0)
    assert batch.words == sorted(batch.words)
    columns = postings.Postings(batch.ids.astype(np.int32), batch.counts).columns().tolist()
    of = np.repeat(np.arange(len(batch.words)), batch.texts).tolist()
    return {
        (id, batch.words[at].decode()): tuple(counts)
        for id, at, counts in zip(batch.ids.tolist(), of, columns, strict=True)
    }


@pytest.mark.parametrize("seed", range(5))
def test_texts_of_several_files_and_batches_are_counted_as_they_are(seed: int) -> None:
    chance = random.Random(seed)
    numbers = Numbers()
    counter = WordCounter(numbers)
    texts: list[Fields] = []
    found: list[Texts] = []
    for _ in range(3):
        files = [[text(chance) for _ in range(chance.choice((0, 1, 20)))] for _ in range(4)]
        packed = [[[numbers.packed(identifiers_in(field)) for field in one] for one in file] for file in files]
        found += counter.counted(packed)
        texts += [one for file in files for one in file]
    assert [one.size for one in found] and sum(one.size for one in found) == len(texts)
    assert held(found) == expected(texts)
    lengths = [max(1, sum(len(stems_of(field)) for field in fields)) for fields in texts]
    assert Gathered(found).lengths.tolist() == lengths


def test_many_occurrences_are_counted_up_to_the_highest_count() -> None:
    often = ("queue " * 99, "", "", "queue " * 300, "", "queue " * 999)
    assert held([counted([often])]) == {(0, "queue"): (255, 15, 0, 0, 255, 0)}


def test_the_files_of_a_batch_share_their_words() -> None:
    numbers = Numbers()
    files = [[[numbers.packed([word])] * 6] for word in (b"retry", b"queue")]
    one, two = WordCounter(numbers).counted(files)
    assert one.words is two.words
    assert sorted(one.words) == [b"queue", b"retri"]


def test_some_of_the_texts_are_chosen() -> None:
    gathered = Gathered([counted([("retry", *[""] * 5), ("queue", *[""] * 5), ("retry", *[""] * 5)])])
    batch = gathered.batch(np.array([False, True, True]), 1)
    assert (batch.words, batch.texts.tolist(), batch.ids.tolist()) == ([b"queue", b"retri"], [1, 1], [0, 1])


def test_nothing_is_counted_as_nothing() -> None:
    assert list(WordCounter(Numbers()).counted([])) == []
    assert counted([])[1:] == NO_TEXTS[1:]
    gathered = Gathered([NO_TEXTS, counted([("",) * 6])])
    assert gathered.lengths.tolist() == [1]
    assert gathered.batch(np.ones(1, bool), 0).words == []


def test_a_text_with_too_few_fields_is_refused() -> None:
    with pytest.raises(ValueError, match="6 fields"):
        counted([("retry",) * 6, ("too", "few")])


def test_more_different_words_than_fit_two_bytes_keep_their_order() -> None:
    texts = [("", "", "", "", "", " ".join(f"w{at}x{number}" for number in range(1000))) for at in range(70)]
    numbers = Numbers()
    packed = [[numbers.packed(identifiers_in(field)) for field in fields] for fields in texts]
    assert held(list(WordCounter(numbers).counted([packed]))) == expected(texts)
