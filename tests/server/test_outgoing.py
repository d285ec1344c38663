"""What a push sends of a text: its words as the full-text index has them, each where it is."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import apsw
import pytest

import codesearch
from codesearch.core.errors import StoreError
from codesearch.server import outgoing
from codesearch.server.push import Source, push
from codesearch.store import Store
from codesearch.store import outgoing as local
from codesearch.store.schema import TEXT_FIELDS
from codesearch.store.stems import TOKENIZER
from tests.search.test_phrases import FILES, indexed
from tests.support.trees import SMALL, copy_shop, write

NAMING = {"name": "A", "scope": "B", "signature": "C", "path": "D"}
EVERYTHING = {"name": "A", "scope": "B", "signature": "B", "documentation": "C", "path": "B", "body": "D"}
"""The labels of the fields."""


def vocabulary(texts: dict[int, Sequence[str]]) -> dict[int, list[tuple[int, int, str]]]:
    """Return (field, offset, word) of each place of each text, in order, as a full-text table has them."""
    db = apsw.Connection(":memory:")
    db.execute(f"CREATE VIRTUAL TABLE t USING fts5({','.join(TEXT_FIELDS)}, tokenize='{' '.join(TOKENIZER)}')")
    db.execute("CREATE VIRTUAL TABLE v USING fts5vocab(t, instance)")
    db.executemany(
        f"INSERT INTO t(rowid, {','.join(TEXT_FIELDS)}) VALUES (?,?,?,?,?,?,?)",
        [(id, *fields) for id, fields in texts.items()],
    )
    found: dict[int, list[tuple[int, int, str]]] = {id: [] for id in texts}
    rows: Any = db.execute("SELECT doc, col, offset, term FROM v").fetchall()
    for id, field, offset, word in rows:
        found[id].append((TEXT_FIELDS.index(field), offset, word))
    return {id: sorted(places) for id, places in found.items()}


def literal(places: Sequence[tuple[int, int, str]], labels: dict[str, str]) -> dict[str, list[str]]:
    """Return the places of each word as PostgreSQL has them, with a gap of one between two fields."""
    sizes = [max((at + 1 for own, at, _ in places if own == field), default=0) for field in range(len(TEXT_FIELDS))]
    starts = [1 + sum(size + 1 for size in sizes[:field] if size) for field in range(len(TEXT_FIELDS))]
    found: dict[str, list[str]] = {}
    for field, offset, word in places:
        if TEXT_FIELDS[field] in labels and offset < outgoing.MOST_WORDS and len(word) <= outgoing.LONGEST_WORD:
            position = min(starts[field] + offset, 16_383)
            found.setdefault(word, []).append(f"{position}{labels[TEXT_FIELDS[field]]}")
    return found


def parsed(sent: str) -> dict[str, list[str]]:
    """Return the places of each word of a text that is sent; no word of these trees has a quote or a blank."""
    return {word.strip("'"): places.split(",") for word, _, places in (one.rpartition(":") for one in sent.split())}


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Store, Path]]:
    long = "def long():\n" + "".join(f"    # some words in line {n}\n" for n in range(9000)) + "    return 1\n"
    root = write(tmp_path_factory.mktemp("outgoing"), {**FILES, "long.py": long})
    copy_shop(root / "frozen")
    with codesearch.open_index(root, model="static", workers=1, parse_timeout=60.0) as index:
        index.update()
    with Store(root / ".codesearch" / "index.db") as store:
        yield store, root


def all_files(store: Store) -> dict[str, local.OutgoingFile]:
    facts = store.meta()
    return {outgoing.digest(file, facts): file for file in local.files(store.connection)}


@pytest.mark.parametrize("most", [20, outgoing.BATCH_SYMBOLS])
def test_words_are_those_of_the_full_text_table(tree: tuple[Store, Path], monkeypatch: pytest.MonkeyPatch, most: int):
    monkeypatch.setattr(outgoing, "BATCH_SYMBOLS", most)
    store, root = tree
    expected = vocabulary(dict(indexed(store, root)))
    sent = [one for batch in outgoing.batches(store, root, all_files(store)) for one in batch]
    ids = [
        row[0]
        for row in store.connection.rows(
            "SELECT s.id FROM symbol s JOIN file f ON f.id = s.file_id ORDER BY f.path, s.id"
        )
    ]
    texts = [symbol[-3:] for one in sorted(sent, key=lambda one: one["path"]) for symbol in one["symbols"]]
    assert len(texts) == len(ids) == len(expected) > 400
    for id, (tokens, naming, everything) in zip(ids, texts, strict=True):
        assert tokens == len(expected[id])
        assert parsed(naming) == literal(expected[id], NAMING)
        assert parsed(everything) == literal(expected[id], EVERYTHING)
    assert max(tokens for tokens, *_ in texts) > outgoing.MOST_WORDS


def test_a_word_that_postgres_would_not_take_is_left_out_but_counted():
    found = outgoing.text([["a", "b" * (outgoing.LONGEST_WORD + 1), "a"], [], [], [], [], ["c"]])
    assert (found.tokens, found.naming, found.everything) == (4, "'a':1A,3A", "'a':1A,3A 'c':5D")


class Recorder:
    """A server that lacks everything and keeps what it is sent."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def post(self, path: str, body: dict[str, Any], *_: Any) -> dict[str, Any]:
        self.asked.append(path)
        return {"lacking": body.get("files") if path == "/push/begin" else []}


@pytest.fixture
def small(tmp_path: Path) -> Iterator[tuple[Store, Path]]:
    root = write(tmp_path / "small", {**SMALL, "empty.py": ""})
    with codesearch.open_index(root, model="static", workers=1, parse_timeout=60.0) as index:
        index.update()
    with Store(root / ".codesearch" / "index.db") as store:
        yield store, root


def pushed(store: Store, root: Path) -> list[str]:
    server: Any = Recorder()
    push(store, server, "shop", "main", "c1", Source(root, codesearch.Settings().file_options(), sent=False))
    return list(server.asked)


def test_a_tree_as_it_was_indexed_is_pushed_whole(small: tuple[Store, Path]):
    asked = pushed(*small)
    assert asked[0] == "/push/begin" and asked[-1] == "/push/switch" and "/push/files" in asked


@pytest.mark.parametrize("how", ["changed", "gone", "another tree"])
def test_a_file_that_is_not_as_it_was_indexed_ends_a_push_before_anything_is_sent(
    small: tuple[Store, Path], how: str, tmp_path: Path
):
    store, root = small
    names = "retry.py is"
    if how == "changed":
        (root / "retry.py").write_text("def other():\n    return 1\n")
    elif how == "gone":
        (root / "retry.py").unlink()
    else:
        root, names = tmp_path, "cache.py and 2 more files are"
    server: Any = Recorder()
    options = codesearch.Settings().file_options()
    with pytest.raises(StoreError) as caught:
        push(store, server, "shop", "main", "c1", Source(root, options, sent=False))
    assert str(caught.value) == (
        f"{names} not in {root} as indexed, so the words cannot be pushed. Run `codesearch index` there and push again."
    )
    assert server.asked == ["/push/begin"]


def test_a_file_that_changes_during_a_push_ends_it_before_the_branch_changes(
    small: tuple[Store, Path], monkeypatch: pytest.MonkeyPatch
):
    store, root = small
    monkeypatch.setattr(outgoing, "BATCH_SYMBOLS", 1)
    server: Any = Recorder()
    sent = server.post

    def post(path: str, body: dict[str, Any], *more: Any) -> dict[str, Any]:
        if path == "/push/files":
            (root / "retry.py").write_text("def other():\n    return 1\n")
        return dict(sent(path, body, *more))

    server.post = post
    with pytest.raises(StoreError, match=r"retry\.py is not in"):
        push(store, server, "shop", "main", "c1", Source(root, codesearch.Settings().file_options()))
    assert "/push/files" in server.asked and "/push/switch" not in server.asked


def test_a_file_that_was_only_touched_is_no_hindrance(small: tuple[Store, Path]):
    store, root = small
    (root / "retry.py").touch()
    assert pushed(store, root)[-1] == "/push/switch"
