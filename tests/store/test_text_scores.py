"""Scores and evidence from postings: what FTS5 computes, whatever was deleted or merged."""

import random

import numpy as np
import pytest

from codesearch.core.filter import Filter
from codesearch.search.candidates import ALL_FIELDS, NAME_FIELDS
from codesearch.store import Store, text_index, text_scores, text_segments, texts
from codesearch.store.full_text import BIT_OF
from codesearch.store.match import Beginnings, Match, Together, Words
from codesearch.store.postings import NONE
from codesearch.store.schema import TEXT_COLUMNS
from tests.store.test_store import item, record, vector
from tests.support import fts5

WORDS = "retry failed upload client queue parse config file socket read".split()
RARE = ("giraffe", "zebra", "zone", "größe", "naïve")


class Both:
    """An index, and a table of FTS5 with the same texts."""

    def __init__(self, store):
        self.store, self.table = store, fts5.Table()
        self.store.phrases = lambda phrases, likely: {
            id: within(likely[id], counts) for id, counts in self.table.counts(phrases).items() if id in likely
        }

    def replace(self, path, *items):
        self._forget(path)
        self.store.replace([record(path, *items)])
        for id, own in zip(self._ids(path), items, strict=True):
            self.table.add(id, own.fields)

    def remove(self, *paths):
        for path in paths:
            self._forget(path)
        self.store.remove(paths)

    def _forget(self, path):
        for id in self._ids(path):
            self.table.remove(id)

    def _ids(self, path):
        select = "SELECT s.id FROM symbol s JOIN file f ON f.id = s.file_id WHERE f.path = ? ORDER BY s.id"
        return [row[0] for row in self.store.connection.rows(select, (path,))]

    def check(self, match, weights, limit=1000):
        wanted = self.table.best(match, weights, limit)
        found = self.store.text_candidates(match, weights, limit)
        assert dict(found) == pytest.approx(dict(wanted), rel=1e-9), match
        assert [score for _, score in found] == sorted((score for _, score in found), reverse=True)
        if not any(" " in word for one in match.any_of for word in one.words):
            assert self.store.count(match) == self.table.holding(match), match
        return len(found)


def within(columns, counts):
    """Return the counts in the columns of each phrase that are asked for."""
    return bytes(count if columns[at // 6] >> at % 6 & 1 else 0 for at, count in enumerate(counts))


def text(chance):
    some = [chance.choice(WORDS) for _ in range(chance.choice((3, 9, 40, 200)))]
    return " ".join([*some, *(word for word in RARE if chance.random() < 0.15)])


def fill(both, first, count, chance):
    for number in range(first, first + count):
        path = f"{chance.choice(WORDS)}/{number}.py"
        names = (f"{chance.choice(WORDS)} {chance.choice(RARE)}{n}" for n in (1, 2))
        own = [item(name, text(chance), vector(1), path=path) for name in names]
        both.replace(path, *own)


MATCHES = (
    Match((Words(("retry",)),)),
    Match((Words(("zebra", "giraffe")),)),
    Match((Words(tuple(WORDS)),)),
    Match((Words(("files", "file", "uploads")),)),
    Match((Words(("nowhere",)),)),
    Match((Words(("nowhere", "Größe", "naive")),)),
    Match((Words(("retry", "queue")),), naming=True),
    Match((Together(("zebra", "giraffe")),)),
    Match((Words(("zebra",)), Together(("retry", "queue")), Together(("retry", "socket", "read")))),
    Match((Together(("retry", "queue")), Together(("nowhere", "queue"))), naming=True),
    Match((Words(("failed upload client", "queue parse", "parse parse parse")),)),
    Match((Words(("nowhere at all", "zebra giraffe")),)),
)


@pytest.fixture(scope="module")
def both(tmp_path_factory):
    """An index with several segments, deleted texts, and replaced files. All texts are read for phrases."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(texts, "MOST_READ", 1000)
        yield from made(tmp_path_factory)


def made(tmp_path_factory):
    chance = random.Random(7)
    with Store(tmp_path_factory.mktemp("scores") / "index.db", writable=True) as store:
        store.use_model("test@1", 8)
        both = Both(store)
        fill(both, 0, 120, chance)
        store.optimize(whole=True)
        both.remove(*store.paths()[::4])
        fill(both, 500, 37, chance)
        for path in store.paths()[::9]:
            both.replace(path, item("other", text(chance), vector(1), path=path))
        assert len(text_segments.segments(store.connection.raw, False)) > 5
        yield both


@pytest.mark.parametrize("match", MATCHES)
@pytest.mark.parametrize("weights", [ALL_FIELDS, NAME_FIELDS])
def test_the_best_are_those_of_fts5_with_the_same_scores(both, match, weights):
    both.check(match, weights)
    both.check(match, weights, limit=len(both.table.best(match, weights, 1000)))


def test_most_matches_of_the_test_find_something(both):
    found = [both.check(match, ALL_FIELDS) for match in MATCHES]
    assert sum(count > 3 for count in found) >= 9
    assert max(found) > 200


def test_the_order_of_the_best_is_that_of_all(both):
    everything = both.store.text_candidates(MATCHES[2], ALL_FIELDS, 1000)
    for limit in (1, 7, 100):
        assert both.store.text_candidates(MATCHES[2], ALL_FIELDS, limit) == everything[:limit]


@pytest.mark.parametrize("seed", range(6))
def test_common_words_that_change_nothing_are_not_looked_at_and_nothing_is_lost(both, seed, monkeypatch):
    chance = random.Random(seed)
    words = tuple(chance.sample([*WORDS, *RARE[:3]], chance.randint(2, 8)))
    completed = []
    own = text_scores.TextScores._completed

    def counted(*given):
        completed.append(1)
        return own(*given)

    monkeypatch.setattr(text_scores.TextScores, "_completed", counted)
    for naming in (False, True):
        match = Match((Words(words),), naming)
        wanted = both.table.best(match, ALL_FIELDS, 1000)
        for limit in (1, 2, 5, 20):
            found = both.store.text_candidates(match, ALL_FIELDS, limit)
            assert [score for _, score in found] == pytest.approx([score for _, score in wanted[:limit]], rel=1e-9)
    assert completed


def test_texts_are_found_by_the_beginnings_of_their_names(both):
    match = Match((Beginnings(("upl", "gir")),))
    found = dict(both.store.text_candidates(match, ALL_FIELDS, 1000))
    assert found.keys() == dict(both.table.best(match, ALL_FIELDS, 1000)).keys() and len(found) > 3
    assert both.store.text_candidates(Match((Beginnings(("upl", "nowhere")),)), ALL_FIELDS, 9) == []


def test_the_evidence_is_that_of_fts5(both):
    ids = [row[0] for row in both.store.connection.rows("SELECT id FROM symbol ORDER BY id DESC")]
    terms, phrases = ["retry", "uploads", "zebra", "nowhere"], ["failed upload client", "queue parse", "nowhere at all"]
    found = both.store.held(terms, phrases, ids, (ALL_FIELDS, NAME_FIELDS))
    for which, naming, weights in ((1, False, ALL_FIELDS), (2, True, NAME_FIELDS)):
        match = Match((Words(tuple(terms)),), naming)
        wanted = dict(both.table.best(match, weights, 1000))
        assert {id: held[which] for id, held in found.items() if held[which]} == pytest.approx(wanted, rel=1e-9)
    counts = [*(both.table.counts([one]) for one in (*terms, *phrases))]
    for id in ids:
        fields = tuple(_bits(some.get(id)) for some in counts)
        assert (found[id].fields if id in found else (0,) * len(counts)) == fields


def _bits(counts):
    return sum(bit for bit, count in zip(BIT_OF, counts or bytes(6), strict=True) if count)


def test_of_a_filter_the_best_that_pass_are_taken(both, monkeypatch):
    monkeypatch.setattr(texts, "_LOOKED_AT", 3)
    everything = both.store.text_candidates(MATCHES[2], ALL_FIELDS, 1000)
    paths = {id: found.symbol.path for id, found in both.store.symbols([id for id, _ in everything]).items()}
    inside = [one for one in everything if paths[one[0]].startswith("queue/")]
    assert 10 < len(inside) < len(everything) / 4
    for limit in (1, 8, 1000):
        assert both.store.text_candidates(MATCHES[2], ALL_FIELDS, limit, Filter(paths=("queue",))) == inside[:limit]


def test_phrases_are_looked_for_in_texts_that_hold_their_words(both):
    asked = []
    counter = both.store.phrases

    def recorded(phrases, likely):
        asked.append(likely)
        return counter(phrases, likely)

    both.store.phrases = recorded
    try:
        both.store.text_candidates(Match((Words(("queue parse file",)),)), ALL_FIELDS, 9)
    finally:
        both.store.phrases = counter
    holding = both.table.best(Match((Together(("queue", "parse", "file")),)), ALL_FIELDS, 1000)
    assert 0 < len(asked[0]) <= len(holding)


def test_of_many_texts_those_with_most_and_rarest_phrases_are_read(both):
    with both.store.scores() as scores:
        every = scores.together(["queue parse", "zebra giraffe"], 1000)
        some = scores.together(["queue parse", "zebra giraffe"], 2)
        rare = scores.together(["zebra giraffe"], 1000)
        chosen = scores.together(["queue parse", "zebra giraffe"], 1000, set(sorted(every)[5:9]))
    assert set(some) <= set(every) and len(some) == 2 < len(every)
    assert set(some) <= set(rare)
    assert chosen == {id: every[id] for id in sorted(every)[5:9]}
    assert {columns[0] for columns in every.values()} == {0, 1}


def test_of_texts_with_the_same_phrases_the_shortest_are_read_whenever_they_were_indexed(both):
    """A file that was edited has higher ids than the others; it is no less likely to hold a phrase."""
    long = [item(f"long{n}", "wombat " + "filler " * 40 + "numbat", vector(n), line=n) for n in range(6)]
    both.replace("long.py", *long)
    both.replace("short.py", item("short", "wombat numbat", vector(9)))
    names = {id: symbol.symbol.name for id, symbol in both.store.symbols(both._ids("short.py")).items()}
    assert list(names.values()) == ["short"]
    with both.store.scores() as scores:
        assert set(scores.together(["wombat numbat"], 1)) == set(names)


def test_phrases_outside_of_bodies_are_looked_for_in_all_candidates(both, monkeypatch):
    """The bodies of a few candidates are read; names, signatures, paths and documentation of all are at hand."""
    monkeypatch.setattr(texts, "MOST_READ", 2)
    body = BIT_OF[TEXT_COLUMNS.index("body")]
    phrases = ["queue giraffe1", "parse zebra2", "file parse"]
    ids = [row[0] for row in both.store.connection.rows("SELECT id FROM symbol ORDER BY id")]
    found = both.store.held(["retry"], phrases, ids, (ALL_FIELDS, NAME_FIELDS))
    counts = [both.table.counts([one]) for one in phrases]
    in_names = in_bodies = 0
    for id in ids:
        held = found[id].fields[1:] if id in found else (0,) * len(phrases)
        wanted = [_bits(some.get(id)) for some in counts]
        assert [bits & ~body for bits in held] == [bits & ~body for bits in wanted]
        in_names += any(bits & ~body for bits in held)
        in_bodies += any(bits & body for bits in held)
    assert in_names > 4 >= in_bodies


def test_what_was_read_for_another_question_changes_no_answer(both, monkeypatch):
    monkeypatch.setattr(texts, "MOST_READ", 1)
    phrases, weights = ["queue giraffe1", "parse zebra2", "file parse"], (ALL_FIELDS, NAME_FIELDS)
    ids = [row[0] for row in both.store.connection.rows("SELECT id FROM symbol ORDER BY id")]
    first = both.store.held(["retry"], phrases, ids, weights)
    monkeypatch.setattr(texts, "MOST_READ", 1000)
    assert both.store.held(["retry"], phrases, ids, weights) != first
    monkeypatch.setattr(texts, "MOST_READ", 1)
    assert both.store.held(["retry"], phrases, ids, weights) == first


def test_a_search_that_was_interrupted_changes_no_later_one(both, monkeypatch):
    match, points = MATCHES[2], text_scores.TextScores._points
    calls = []

    def interrupted(scores, *given):
        calls.append(given)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return points(scores, *given)

    with monkeypatch.context() as patch:
        patch.setattr(text_scores.TextScores, "_points", interrupted)
        with pytest.raises(KeyboardInterrupt):
            both.store.text_candidates(match, ALL_FIELDS, 1000)
    both.check(match, ALL_FIELDS)


def test_after_a_change_new_texts_are_found_and_old_ones_are_not(tmp_path):
    chance = random.Random(3)
    match = Match((Words(("zebra",)),))
    with Store(tmp_path / "index.db", writable=True) as store, Store(tmp_path / "index.db") as reader:
        store.use_model("test@1", 8)
        both = Both(store)
        fill(both, 0, 20, chance)
        for number in range(40):
            both.replace("one.py", item(f"f{number}", "zebra " * (number + 1), vector(1)))
            both.check(match, ALL_FIELDS)
            with reader.snapshot():
                found = reader.text_candidates(match, ALL_FIELDS, 100)
            assert found == store.text_candidates(match, ALL_FIELDS, 100)
        assert len(text_segments.segments(store.connection.raw, False)) < 2 * text_segments.MERGED_AT
        store.clear()
        assert store.count() == 0 and store.text_candidates(match, ALL_FIELDS, 9) == []
        store.replace([record("one.py", item("again", "zebra", vector(1)))])
        assert len(store.text_candidates(match, ALL_FIELDS, 9)) == 1


def test_few_bytes_are_kept_and_those_used_last(monkeypatch):
    monkeypatch.setattr(text_index, "_ENTRY_BYTES", 0)
    some = NONE._replace(ids=np.zeros(100, np.int32))
    kept = text_index.Kept(most=1000)
    kept.put((1, 1, b"a"), some)
    kept.put((1, 1, b"b"), some)
    assert kept.get((1, 1, b"a")) is some
    kept.put((1, 2, b"c"), some)
    assert kept.get((1, 1, b"b")) is None
    assert kept.get((1, 1, b"a")) is some
    kept.forget(1)
    assert kept.get((1, 1, b"a")) is None and kept._bytes == 0


def test_bits_are_those_of_the_columns():
    assert tuple(text_scores.BITS.tolist()) == BIT_OF
