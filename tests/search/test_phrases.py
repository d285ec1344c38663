"""Phrases counted in the source, compared with what a full-text table with positions says of the same texts."""

from __future__ import annotations

import json
import os
import random
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import apsw
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import codesearch
from codesearch.core.tokens import as_terms, identifiers, words
from codesearch.extract.documents import documents
from codesearch.files import Source, read_source
from codesearch.search.overlay import Overlay
from codesearch.search.phrases import PhraseReader, _occurrences, _Phrases, _Text
from codesearch.store import Store
from codesearch.store.schema import TEXT_COLUMNS, TEXT_FIELDS
from codesearch.store.stems import TOKENIZER, of_identifiers, stems
from tests.search.test_unspaced import FILES as UNSPACED
from tests.support.buffers import record
from tests.support.texts import terms_of
from tests.support.trees import SMALL, copy_shop, write

NOTEBOOK = {
    "nbformat": 4,
    "nbformat_minor": 5,
    "metadata": {"kernelspec": {"name": "python3", "language": "python", "display_name": "Python 3"}},
    "cells": [
        {"cell_type": "markdown", "metadata": {}, "source": ["# Load the data\n", "Read the values of a sheet."]},
        {
            "cell_type": "code",
            "metadata": {},
            "execution_count": None,
            "outputs": [],
            "source": ["def load_sheet(path):\n", "    # read the values of a sheet\n", "    return open(path)"],
        },
    ],
}
FILES = {
    **SMALL,
    **{f"unspaced/{name}": text for name, text in UNSPACED.items()},
    "notes/data.ipynb": json.dumps(NOTEBOOK, indent=1),
    "compounds.py": '''
DEFAULT_TIMEOUT = 30  # the timeout of a request
"""The timeout of a request."""


class HTTPConfigParser:
    """Parse the HTTP config of parse_http_config_v2, then parse the HTTP config again and again and again."""

    retries = 3

    class Inner:
        def parse_http_config(self):
            """Parse http config parsehttpconfig."""
            return self.parseHTTPConfig(parse_http_config)

    def loadValues(self): return [1, 2]

    def __init__(self): self.___private___value = _ + __ + "a a a a a"


def parse_config(load, it): return parseconfig_load(it)
''',
    "marks.py": '''
def größe(übung):
    """La naïve méthode de la classe: “parse the config” — naïve méthode; naive methode. Kelvin K, Ångström."""
    return "naïve méthode" + "保存する parse the config" + "ab٣cd ef"


def plain(value):
    """Прочитать the config file … 保存する parse the config, ½ of the config file."""
''',
    "long.js": "function hold() {\n  // before the "
    + "x" * 90
    + " after the gap\n  return before_"
    + "y" * 81
    + ";\n}\n",
    "README.md": "# Read the values\n\nHow to read the values of a sheet.\n\n## Parse the config\n\nParse it.\n",
    "settings.toml": "[server.http]\ntimeout = 30\nretry_count = 3\n",
    "cp1252.py": "",
    "empty.py": "",
}


class Reference:
    """The texts of an index in a full-text table that has the positions of the words."""

    def __init__(self, texts: Mapping[int, Sequence[str]]) -> None:
        self._db = apsw.Connection(":memory:")
        tokenizer = " ".join(TOKENIZER)
        self._db.execute(f"CREATE VIRTUAL TABLE t USING fts5({','.join(TEXT_COLUMNS)}, tokenize='{tokenizer}')")
        self._db.executemany(
            f"INSERT INTO t(rowid, {','.join(TEXT_FIELDS)}) VALUES (?,?,?,?,?,?,?)",
            [(id, *fields) for id, fields in texts.items()],
        )
        self._db.register_fts5_function("counts", _counts)

    def counts(self, phrases: Sequence[str], ids: Sequence[int]) -> dict[int, bytes]:
        found = [self._one('"' + phrase.replace('"', '""') + '"') for phrase in phrases]
        nothing = bytes(len(TEXT_COLUMNS))
        both = {id: b"".join(one.get(id, nothing) for one in found) for id in ids}
        return {id: counts for id, counts in both.items() if any(counts)}

    def _one(self, phrase: str) -> dict[int, bytes]:
        rows: Any = self._db.execute("SELECT rowid, counts(t) FROM t WHERE t MATCH ?", (phrase,)).fetchall()
        return dict(rows)


def _counts(api: Any, *_: Any) -> bytes:
    return bytes(min(len(places), 255) for places in api.phrase_locations(0))


def indexed(store: Store, root: Path) -> dict[int, tuple[str, ...]]:
    """Return the fields of the text of each symbol, by id, made again from the files."""
    texts: dict[int, tuple[str, ...]] = {}
    for path in store.paths():
        rows = store.connection.rows(
            "SELECT s.id FROM symbol s JOIN file f ON f.id = s.file_id WHERE f.path = ? ORDER BY s.id", (path,)
        )
        source = read_source(root, path)
        if rows and isinstance(source, Source):
            symbols = store.symbols_in(rows[0][0])
            fields = [terms_of(one) for one in documents(symbols, source.data, path)]
            texts.update(zip((row[0] for row in rows), fields, strict=True))
    return texts


def anywhere(phrases: Sequence[str], ids: Sequence[int]) -> dict[int, bytes]:
    """Say that each column of some texts may hold each phrase."""
    return dict.fromkeys(ids, bytes([63] * len(phrases)))


def some_phrases(texts: Mapping[int, Sequence[str]], chance: random.Random, many: int) -> list[str]:
    """Return phrases: those of texts, from one word to five, and some that are nearly those."""
    found = []
    fields = [split for own in texts.values() for field in own if len(split := field.split()) > 1]
    for _ in range(many):
        field = chance.choice(fields)
        size = chance.choice((1, 2, 2, 3, 3, 3, 4, 5))
        at = chance.randrange(len(field))
        row = field[at : at + size]
        if chance.random() < 0.2:
            row[chance.randrange(len(row))] = chance.choice(chance.choice(fields))
        if chance.random() < 0.2:  # another form of the same word
            row[-1] += chance.choice(("s", "ing", "ed", "ation"))
        found.append(" ".join(row))
    return found


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Store, Path, dict[int, tuple[str, ...]]]]:
    root = write(tmp_path_factory.mktemp("phrases"), FILES)
    copy_shop(root / "frozen")
    (root / "cp1252.py").write_bytes("def lire():\n    '''Lire la première valeur.'''\n".encode("cp1252"))
    with codesearch.open_index(root, model="static") as index:
        index.update()
    with Store(root / ".codesearch" / "index.db") as store:
        texts = indexed(store, root)
        assert len(texts) == store.counts()["symbols"] > 400
        yield store, root, texts


@pytest.mark.parametrize("seed", range(12))
def test_counts_are_those_of_the_full_text_table(tree, seed: int):
    store, root, texts = tree
    chance = random.Random(seed)
    phrases = some_phrases(texts, chance, 12)
    ids = list(texts) if seed % 2 else chance.sample(list(texts), 150)
    expected = Reference(texts).counts(phrases, ids)
    assert PhraseReader.of_tree(store, root).counts(phrases, anywhere(phrases, ids)) == expected
    assert expected


@pytest.mark.parametrize(
    "phrase",
    [
        "parse http config", "http config parsehttpconfig", "parsehttpconfig parse http", "config parseconfig load",
        "parse config load", "and again and", "again and again and again", "a a", "a a a", "before the after",
        "return before", "naive methode de", "naïve méthode", "Parse THE Config!", "保 存 す る", "保存 保",
        "る parse the", "ab cd abcd", "k angstrom", "private value", "timeout of a request", "read the values of",
        "load sheet", "lire la premiere", "a", "", "!", "frozen", "values a sheet", "retry count retrycount",
    ],
)  # fmt: skip
def test_a_phrase_of_each_sort(tree, phrase: str):
    store, root, texts = tree
    assert PhraseReader.of_tree(store, root).counts([phrase], anywhere([phrase], list(texts))) == Reference(
        texts
    ).counts([phrase], list(texts))


def test_many_phrases_at_once_keep_their_places(tree):
    store, root, texts = tree
    phrases = ["read the values", "", "nothing like this", "parse the config"]
    found = PhraseReader.of_tree(store, root).counts(phrases, anywhere(phrases, list(texts)))
    assert found == Reference(texts).counts(phrases, list(texts))
    assert {len(counts) for counts in found.values()} == {len(phrases) * len(TEXT_COLUMNS)}


def test_no_phrase_or_no_text_asks_for_nothing(tree):
    store, root, texts = tree
    reader = PhraseReader.of_tree(store, root)
    assert reader.counts([], anywhere([], list(texts))) == reader.counts(["read the values"], {}) == {}
    assert reader.counts(["read the values"], {max(texts) + 1: b"?"}) == {}


def test_more_occurrences_than_a_byte_holds(tmp_path: Path):
    root = write(tmp_path, {"many.py": "def many():\n" + "    tick the clock\n" * 300})
    with codesearch.open_index(root, model="static") as index:
        index.update()
    with Store(root / ".codesearch" / "index.db") as store:
        texts = indexed(store, root)
        found = PhraseReader.of_tree(store, root).counts(["tick the clock"], dict.fromkeys(texts, b"?"))
        assert found == Reference(texts).counts(["tick the clock"], list(texts))
        assert max(max(counts) for counts in found.values()) == 255


BODY, DOCUMENTATION = TEXT_COLUMNS.index("body"), TEXT_COLUMNS.index("documentation")


def held(store: Store, root: Path | None, phrase: str) -> dict[str, bytes]:
    ids = [row[0] for row in store.connection.rows("SELECT id FROM symbol")]
    found = PhraseReader.of_tree(store, root).counts([phrase], dict.fromkeys(ids, b"?"))
    return {store.symbols([id])[id].symbol.name: counts for id, counts in found.items()}


@pytest.fixture
def small(tmp_path: Path) -> Iterator[tuple[Store, Path]]:
    root = write(tmp_path / "small", SMALL)
    with codesearch.open_index(root, model="static") as index:
        index.update()
    with Store(root / ".codesearch" / "index.db") as store:
        yield store, root


@pytest.mark.parametrize("how", ["changed", "same size", "gone", "a link", "no root"])
def test_the_body_of_a_file_that_is_not_the_indexed_one_counts_nothing(small, how: str):
    store, root = small
    file = root / "retry.py"
    text = file.read_text()
    before = held(store, root, "when the connection breaks")["retry_upload"]
    assert before[BODY] and before[DOCUMENTATION]
    if how == "changed":
        file.write_text(text + "# when the connection breaks, when the connection breaks\n")
    elif how == "same size":
        file.write_text(text.replace("Send a file", "Mail a file"))
    elif how == "no root":
        root = None
    else:
        file.rename(root / "other")
        if how == "a link":
            file.symlink_to(root / "other")
    after = held(store, root, "when the connection breaks")["retry_upload"]
    assert not after[BODY] and after[DOCUMENTATION] == before[DOCUMENTATION]


def test_a_file_that_was_only_touched_counts(small):
    store, root = small
    before = held(store, root, "when the connection breaks")
    os.utime(root / "retry.py", (1, 1))
    assert held(store, root, "when the connection breaks") == before


def test_buffers_count_from_their_own_text():
    overlay = Overlay("static")
    data = FILES["compounds.py"]
    overlay.put(record("compounds.py", data), data.encode())
    store = overlay._store
    ids = [row[0] for row in store.connection.rows("SELECT id FROM symbol ORDER BY id")]
    fields = [terms_of(one) for one in documents(store.symbols_in(ids[0]), data.encode(), "compounds.py")]
    texts = dict(zip(ids, fields, strict=True))
    phrases = some_phrases(texts, random.Random(1), 40)
    found = PhraseReader.of_buffers(store, overlay.texts()).counts(phrases, anywhere(phrases, ids))
    assert found == Reference(texts).counts(phrases, ids)


PIECES = ("a", "B", "e", "th", "ing", "Config", "ed", "ly", "able", "_", "__", "1", " ", " ", "-", "\n", "z" * 79)
MARKS = ("é", "ﬁ", "保", "る", "Ж", "½", "٣", "\u0301", "K", "İ", "…")


def may_be_in(text: str, at: int, size: int) -> None:
    """Check that what is looked for first rules out no text that has the phrase of its words."""
    found = as_terms(identifiers(text.encode())).split()
    phrase = " ".join(found[at : at + size])
    if stems(phrase):
        assert _Phrases([phrase]).among(_Text(text.encode())), (text, phrase)


@settings(max_examples=300, deadline=None)
@given(st.lists(st.sampled_from([*PIECES, *MARKS]), max_size=40).map("".join), st.integers(0, 40), st.integers(1, 4))
def test_a_text_may_hold_each_phrase_that_it_holds(text: str, at: int, size: int):
    may_be_in(text, at, size)


def test_a_text_in_ascii_may_hold_each_phrase_that_it_holds():
    chance = random.Random(5)
    for _ in range(20_000):
        text = "".join(chance.choices(PIECES, k=chance.randrange(1, 16)))
        may_be_in(text, chance.randrange(12), chance.randrange(1, 5))


PLAIN_MARKS = ("保", "る", "Ж", "½", "…", "—", "©", "²", "①")
OTHERS = (
    "é",
    "È",
    "à",
    "ö",
    "ß",
    "ø",
    "æ",
    "Ł",
    "ı",
    "İ",
    "ſ",
    "ế",
    "Ǆ",
    "ŉ",
    "ǰ",
    "×",
    "e\u0301",
    "K",
    "한",
    "👍",
    "𝐀",
    "ﷺ",
    "٣",
)


@pytest.mark.parametrize("marks", [(), PLAIN_MARKS, OTHERS, MARKS], ids=["ASCII", "plain", "others", "any"])
def test_what_is_around_the_words_holds_a_phrase_as_often_as_the_whole_text(marks: tuple[str, ...]):
    """Of long texts, only that is made into words."""
    chance = random.Random(len(marks))
    found = 0
    for _ in range(1500):
        pieces = chance.sample([*PIECES, "sets", "of", "the", "Get", *marks], 10)
        text = "".join(chance.choices([*pieces, " ", "_"], k=chance.randrange(20, 300)))
        filler = "x y " * 100  # it makes any text a long one
        long = f"{filler}{text} {filler}".encode()
        whole = of_identifiers(identifiers(long))
        terms = as_terms(identifiers(text.encode())).split()
        at, size = chance.randrange(max(1, len(terms))), chance.randrange(1, 5)
        phrase = " ".join(terms[at : at + size])
        if stems(phrase):
            phrases = _Phrases([phrase])
            expected = min(_occurrences(phrases.patterns[0], whole), 255)
            assert phrases.counts(long, -1) == ([expected] if expected else None), (text, phrase)
            found += 1
    assert found > 1000


def test_bytes_that_are_no_utf_8_hide_no_phrase():
    for broken in (b"\xc3", b"\xe1", b"\xf0\x9f", b"\xff", b"\xa9"):
        for text in (
            b"parse the %b config" % broken,
            b"parse %b\xe1\xba\xbf config" % broken,
            b"parse%b config" % broken,
        ):
            long = b"x y " * 200 + text
            whole = of_identifiers(identifiers(long))
            for phrase in ("parse the", "the config", "parse e config", "parse config"):
                phrases = _Phrases([phrase])
                expected = _occurrences(phrases.patterns[0], whole)
                assert phrases.counts(long, -1) == ([expected] if expected else None), (text, phrase)


def test_a_stem_is_the_beginning_of_its_word_but_for_a_letter():
    """The filter of `_Phrases` relies on it."""
    endings = (
        " s es ies sses ed eed ing y ational tional enci ency anci ancy izer bli bly alli ally entli ently eli "
        "ely ousli ously ization ation ator alism iveness fulness ousness aliti ality iviti ivity biliti "
        "bility logi logy icate ative alize iciti icity ical ful ness al ance ence er ic able ible ant ement "
        "ment ent sion tion ou ism ate iti ity ous ive ize e ll"
    ).split(" ")
    chance = random.Random(7)
    for _ in range(20_000):
        root = "".join(chance.choice("aeioubcdlrstyzx") for _ in range(chance.randrange(7)))
        word = root + chance.choice(endings) + chance.choice(("", "", *endings))
        if word:
            (stem,) = stems(word)
            assert word.encode().startswith(stem[:-1]), (word, stem)


def test_words_that_stand_as_they_are():
    """Each stem in ASCII is found, whatever characters are beside it."""
    for code in [*range(0x80, 0xD800), *range(0xE000, 0x11000), *range(0x1D400, 0x1D800), *range(0x1F000, 0x20000)]:
        mark = chr(code)
        text = f"ab{mark}cd Ab{mark}Cd_{mark}ef x_{mark}{mark}y"
        for stem in of_identifiers(identifiers(text.encode())).split():
            assert _Phrases([stem.decode()]).among(_Text(text.encode())), (hex(code), stem)


def test_words_of_identifiers_are_those_of_their_terms():
    found = identifiers("parseHTTPConfig running_fast größe 保存する x".encode())
    assert of_identifiers(found).split() == stems(as_terms(found))
    assert words("parse")  # the words of a query are split in the same way
