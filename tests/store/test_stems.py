"""The stems of words, compared with the vocabulary of a full-text table."""

import threading

import apsw
import pytest

from codesearch.store.stems import TOKENIZER, stems, words

TEXTS = [
    "parse http parsehttp config_v2 running runs ran ponies caresses relational",
    "Größe ÜBUNG naïve Ångström İstanbul ﬁle ⅷ ² ½ Straße",
    "保 存 保存 する 한국 한국어 ไทย ภาษา",
    "e\u0301te\u0301 cafe\u0301 combining\u0301marks zero\u200bwidth soft\u00adhyphen",
    "a\0b c\0 \0d",
    "emoji 🦊fox x🦊y \U0001e900\U00010428 \ue000private",
    "123 1e5 0x1F snake_case kebab-case dot.ted a+b",
    "",
    "x" * 200 + "ing",
]


def vocabulary(text: str) -> list[str]:
    """Return the words of a text as a full-text table of the index stores them, in order."""
    db = apsw.Connection(":memory:")
    db.execute(f"CREATE VIRTUAL TABLE t USING fts5(text, tokenize='{' '.join(TOKENIZER)}')")
    db.execute("CREATE VIRTUAL TABLE v USING fts5vocab(t, instance)")
    db.execute("INSERT INTO t VALUES (?)", (text,))
    return [row[0] for row in db.execute("SELECT term FROM v ORDER BY offset")]


@pytest.mark.parametrize("text", TEXTS)
def test_are_those_of_the_full_text_index(text):
    assert list(words(text)) == vocabulary(text)
    assert stems(text) == [word.encode() for word in vocabulary(text)]


def test_knows_related_words():
    assert words("Indexing the INDEXED indexes, naïve") == ("index", "the", "index", "index", "naiv")


def test_a_lone_surrogate_is_no_word():
    assert words("a \udc80 b") == ("a", "b")


def test_each_thread_has_its_own_tokenizer():
    found: list[tuple[str, ...]] = []
    threads = [threading.Thread(target=lambda: found.append(words("running fast " * 2000))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(found) == {("run", "fast") * 2000} and len(found) == 8
