"""Segments of the full-text index: what is written, merged, deleted and carried over."""

import random

import pytest

from codesearch.store import Store, postings, text_index, text_lengths, text_segments
from codesearch.store.full_text import DamagedError
from codesearch.store.schema import TEXT_COLUMNS, TEXT_FIELDS
from codesearch.store.stems import words
from tests.support.texts import counted

WORDS = "retry failed upload client queue parse config größe socket 保存 read".split()


@pytest.fixture
def db(tmp_path):
    with Store(tmp_path / "index.db", writable=True) as store:
        yield store.connection.raw


def text(chance):
    return tuple(" ".join(chance.choices(WORDS, k=chance.randint(0, 12))) for _ in TEXT_FIELDS)


def held(db, texts, minor=False):
    """Return {word: {id: counts}} of the index, and the same counted from texts by id."""
    index = text_index.TextIndex(db, minor)
    index.refresh(random.randrange(1 << 30))
    found = {}
    for word in sorted({stem for one in WORDS for stem in words(one)}):
        own = index.of(word.encode())
        found[word] = dict(zip(own.ids.tolist(), map(tuple, own.columns().tolist()), strict=True))
    index.close()
    wanted: dict[str, dict[int, tuple[int, ...]]] = {word: {} for word in found}
    for id, fields in texts.items():
        listed = [words(fields[TEXT_FIELDS.index(column)]) for column in TEXT_COLUMNS]
        for word in {word for some in listed for word in some}:
            wanted[word][id] = tuple(some.count(word) for some in listed)
    return found, wanted


def add(db, texts, minor=False):
    """Write texts, whose ids follow each other."""
    text_segments.add(db, min(texts), [counted(list(texts.values()))], [minor] * len(texts))


def write(db, texts, first, count, chance, minor=False):
    own = {id: text(chance) for id in range(first, first + count)}
    add(db, own, minor)
    texts |= own


def test_words_in_order_read_each_block_once(db, monkeypatch):
    """Not once for each word and segment: a map asks for the names of all symbols."""
    chance = random.Random(1)
    texts: dict[int, tuple[str, ...]] = {}
    for _ in range(5):
        write(db, texts, text_segments.next_id(db), 20, chance)
    reads = []
    read = text_segments.block

    def counted_read(db, number):
        reads.append(number)
        return read(db, number)

    monkeypatch.setattr(text_segments, "block", counted_read)
    found, wanted = held(db, texts)
    assert found == wanted
    assert len(reads) == len(set(reads)) == 5


def test_texts_are_written_deleted_and_merged(db):
    chance = random.Random(1)
    texts: dict[int, tuple[str, ...]] = {}
    for number in range(40):
        write(db, texts, text_segments.next_id(db) + number % 3, chance.randint(1, 30), chance)
        gone = chance.sample(sorted(texts), len(texts) // 9)
        text_segments.forget(db, False, gone)
        for id in gone:
            del texts[id]
        if number % 7 == 0:
            assert held(db, texts)[0] == held(db, texts)[1]
    found, wanted = held(db, texts)
    assert found == wanted
    assert 1 < len(text_segments.segments(db, False)) < 2 * text_segments.MERGED_AT
    blocks = (
        db.execute("SELECT count(*) FROM text_block").fetchall(),
        sum(len(text_segments.directory(db, one)) for one in text_segments.segments(db, False)),
    )
    assert blocks[0] == [(blocks[1],)], "merged segments leave nothing behind"
    text_segments.merge(db, False, whole=True)
    assert len(text_segments.segments(db, False)) == 1
    assert held(db, texts)[0] == wanted
    lengths = text_lengths.read(db, False)
    assert lengths.texts == len(texts)
    assert lengths.words == sum(max(1, sum(len(words(field)) for field in fields)) for fields in texts.values())


def test_merging_goes_by_ranges_of_words(db, monkeypatch):
    monkeypatch.setattr(text_segments, "_MERGED_AT_ONCE", 20)
    monkeypatch.setattr(postings, "BLOCK_POSTINGS", 10)
    chance = random.Random(2)
    texts: dict[int, tuple[str, ...]] = {}
    for _ in range(7):
        write(db, texts, text_segments.next_id(db), 9, chance)
    text_segments.merge(db, False, whole=True)
    (segment,) = text_segments.segments(db, False)
    assert len(text_segments.directory(db, segment)) > 5
    found, wanted = held(db, texts)
    assert found == wanted


def test_minor_texts_are_apart(db):
    chance = random.Random(3)
    texts: dict[int, tuple[str, ...]] = {}
    minor: dict[int, tuple[str, ...]] = {}
    write(db, texts, 1, 9, chance)
    write(db, minor, 10, 9, chance, minor=True)
    assert held(db, texts)[0] == held(db, texts)[1]
    assert held(db, minor, minor=True)[0] == held(db, minor)[1]
    assert text_segments.next_id(db) == 19


def test_an_id_is_not_used_twice(db):
    """Else a new text would have the words of a deleted one."""
    texts: dict[int, tuple[str, ...]] = {}
    write(db, texts, 1, 9, random.Random(4))
    text_segments.forget(db, False, texts)
    assert text_segments.next_id(db) == 10
    before = text_segments.segments(db, False)[0].id
    text_segments.clear(db)
    assert text_segments.next_id(db) == 1
    write(db, {}, 1, 9, random.Random(4))
    assert text_segments.segments(db, False)[0].id > before, "a process caches postings by the number of their segment"


def test_many_deleted_texts_are_left_out_when_there_is_time(db):
    texts: dict[int, tuple[str, ...]] = {}
    write(db, texts, 1, 100, random.Random(5))
    text_segments.forget(db, False, range(1, 25))
    text_segments.merge(db, False, whole=False)
    assert text_segments.segments(db, False)[0].texts == 100
    text_segments.forget(db, False, range(25, 40))
    text_segments.merge(db, False, whole=False)
    assert text_segments.segments(db, False)[0].texts == 61


def test_a_text_without_words_is_a_text(db):
    add(db, {1: ("",) * 6, 2: ("retry", "", "", "", "", "")})
    assert text_lengths.read(db, False).texts == 2
    add(db, {3: ("",) * 6})
    assert text_lengths.read(db, False).texts == 3


def test_more_occurrences_than_fit_are_the_most_that_fit(db):
    add(db, {1: ("retry " * 99, "", "", "", "", "queue " * 999)})
    index = text_index.TextIndex(db, minor=False)
    index.refresh(1)
    counts = [index.of(word).columns().tolist() for word in (b"retri", b"queue")]
    assert counts == [[[0, 15, 0, 0, 0, 0]], [[255, 0, 0, 0, 0, 0]]]


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        ("DELETE FROM text_block", "a block of its full text is missing"),
        ("UPDATE text_segment SET directory = x'00'", "the list of the blocks of its full text"),
        ("UPDATE text_length SET lengths = x'00'", "the lengths of its texts"),
        ("UPDATE text_length SET block = 1 << 40", "too many texts"),
        ("UPDATE text_segment SET last = first", "names texts that do not exist"),
    ],
)
def test_damage_is_told(db, damage, said):
    add(db, dict.fromkeys(range(1, 4), ("retry", "", "", "", "", "")))
    db.execute(damage)
    index = text_index.TextIndex(db, minor=False)
    with pytest.raises(DamagedError, match=said):
        index.refresh(1)
        index.of(b"retri")


def test_an_index_that_is_damaged_says_what_to_do(tmp_path):
    from codesearch.core.errors import StoreError
    from codesearch.store.match import Match, Words
    from tests.store.test_store import item, record, vector

    path = tmp_path / "index.db"
    with Store(path, writable=True) as store:
        store.use_model("test@1", 8)
        store.replace([record("a.py", item("retry", "socket", vector(1)))])
        with store.connection.transaction() as db:
            db.execute("UPDATE text_block SET data = x'00'")
    with Store(path) as store, pytest.raises(StoreError, match=r"the index is damaged .* --rebuild"):
        store.text_candidates(Match((Words(("socket",)),)), (1.0,) * 6, 5)
