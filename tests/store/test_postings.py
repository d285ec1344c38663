"""Postings in blocks of bytes: what comes out is what went in, and damage is reported."""

import random
import struct
import zlib

import numpy as np
import pytest

from codesearch.store import postings
from codesearch.store.full_text import DamagedError
from codesearch.store.postings import Batch, Postings


def batch(words):
    """Return a batch of {word: {id: counts}}."""
    every = sorted(words.items())
    return Batch(
        [word for word, _ in every],
        np.array([len(held) for _, held in every], np.int64),
        np.array([id for _, held in every for id in sorted(held)], np.int64),
        np.array([held[id] for _, held in every for id in sorted(held)], np.uint32),
    )


def of(*counts):
    """Return the counts of the columns in one number."""
    return sum(count << shift for count, shift in zip(counts, postings.SHIFTS, strict=False))


def blocks(some, level=6):
    return [(first, postings.unpacked(data)) for first, data in postings.packed(some, level)]


def read(found):
    """Return {word: {id: counts}} of blocks."""
    held = {}
    for _, block in found:
        for word in block.words:
            own = block.of(word)
            held[word] = dict(zip(own.ids.tolist(), own.counts.tolist(), strict=True))
    return held


def many(chance, words, texts):
    every = {}
    for _ in range(words):
        word = "".join(chance.choice("abcdefg") for _ in range(chance.randint(1, 6))).encode()
        ids = chance.sample(range(texts), min(texts, int(chance.paretovariate(0.7))))
        every[word] = {id: of(*(chance.choice((0, 0, 0, 1, 2, 9)) for _ in range(6))) or 1 for id in ids}
    return every


@pytest.mark.parametrize("seed", range(4))
def test_what_is_packed_is_read(seed, monkeypatch):
    monkeypatch.setattr(postings, "BLOCK_POSTINGS", 50 * (seed + 1))
    monkeypatch.setattr(postings, "BLOCK_WORDS", 30)
    some = many(random.Random(seed), 800, (100, 5000, 70_000, 9_000_000)[seed])
    found = blocks(batch(some))
    assert read(found) == some
    assert len(found) > 5
    assert [first for first, _ in found] == [block.words[0] for _, block in found]
    assert all(len(block.words) <= 30 for _, block in found)
    large = [block for _, block in found if len(block.places) > 4 * 50 * (seed + 1)]
    assert (large or not seed) and all(len(block.words) == 1 for block in large), (
        "a word in many texts has its own block"
    )
    for _, block in found:
        whole = block.batch()
        assert read(blocks(whole)) == {word: some[word] for word in block.words}


def test_one_block_holds_what_is_small():
    some = {b"one": {3: of(1)}, b"two": {0: of(2, 1), 7: of(0, 0, 1)}}
    ((first, block),) = blocks(batch(some))
    assert first == b"one"
    assert block.of(b"nothing") is None
    assert read([(first, block)]) == some


def test_words_are_found_by_their_beginnings():
    some = {word: {number: of(1)} for number, word in enumerate((b"a", b"retri", b"retry", b"retrying", b"reu"))}
    ((_, block),) = blocks(batch(some))
    assert block.beginning(b"retr").words == [b"retri", b"retry", b"retrying"]
    assert block.beginning(b"retr").ids.tolist() == [1, 2, 3]
    assert block.beginning(b"x").words == [] and len(block.beginning(b"x").ids) == 0


def test_counts_are_weighted_and_chosen_by_column():
    own = Postings(np.array([1, 5, 8], np.int32), np.array([of(3), of(0, 2), of(1, 0, 0, 0, 7, 1)], np.uint32))
    assert own.weighted([1.0, 10.0, 0.0, 0.0, 100.0, 0.5]).tolist() == [3.0, 20.0, 701.5]
    assert own.columns().tolist() == [[3, 0, 0, 0, 0, 0], [0, 2, 0, 0, 0, 0], [1, 0, 0, 0, 7, 1]]
    names = own.within([False, True, False, False, False, True])
    assert names.ids.tolist() == [5, 8]
    assert names.columns().tolist() == [[0, 2, 0, 0, 0, 0], [0, 0, 0, 0, 0, 1]]


@pytest.mark.parametrize(
    "damage",
    [
        lambda data: data[:9],
        lambda data: data[:-1],
        lambda data: data + b"x",
        lambda data: data[:16] + b"\x00" + data[17:],
        lambda data: struct.pack("<IIIBBBB", 2**31, 2, 2, 1, 1, 1, 0) + data[16:],
        lambda data: struct.pack("<IIIBBBB", 2, 3, 2, 8, 255, 8, 0) + data[16:],
        lambda data: data[:16] + zlib.compress(bytes(1 << 29)),
        lambda data: data[:16] + zlib.compress(zlib.decompress(data[16:])[:-1] + b"\xff"),
    ],
)
def test_damage_is_told(damage):
    ((_, data),) = list(postings.packed(batch({b"one": {3: of(1)}, b"two": {0: of(2, 1), 7: of(0, 0, 1)}}), 6))
    with pytest.raises(DamagedError, match="a block of its full text"):
        postings.unpacked(damage(data))


def test_random_damage_is_told_or_harmless():
    chance = random.Random(5)
    ((_, data),) = list(postings.packed(batch(many(chance, 60, 90)), 6))
    for _ in range(300):
        broken = bytearray(data)
        for _ in range(chance.randint(1, 4)):
            broken[chance.randrange(len(broken))] = chance.randrange(256)
        try:
            found = postings.unpacked(bytes(broken))
        except DamagedError:
            continue
        assert len(found.places) == len(found.steps) < 1000
