"""The table of the ten nearest: always what a new computation would give, and never wrong while it is out of date."""

from __future__ import annotations

import shutil
from collections import Counter
from pathlib import Path

import pytest

import codesearch
from codesearch.atlas import related
from codesearch.core.errors import NotFoundError
from codesearch.store import Store
from tests.support.trees import copy_shop


@pytest.fixture(scope="module")
def indexed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the frozen tree, indexed, with its table."""
    tree = copy_shop(tmp_path_factory.mktemp("related") / "shop")
    with codesearch.open_index(tree) as index:
        index.update()
        related.refresh(index)
    return tree


@pytest.fixture
def tree(indexed: Path, tmp_path: Path) -> Path:
    """Return a copy of it that a test may change."""
    return Path(shutil.copytree(indexed, tmp_path / "shop"))


VIEW = (
    "SELECT a.path, a.qualname, a.start_line, r.rank, round(r.similarity, 3) FROM related r "
    "JOIN symbols a ON a.id = r.symbol_id ORDER BY 1, 3, 2, 4"
)


def table(tree: Path) -> list[tuple[object, ...]]:
    with Store(tree / ".codesearch" / "index.db") as store:
        return store.connection.rows(VIEW)


def table_from_nothing(tree: Path) -> list[tuple[object, ...]]:
    with Store(tree / ".codesearch" / "index.db", writable=True) as store, store.connection.transaction() as db:
        db.execute("DELETE FROM related_text; DELETE FROM related_pair")
    with codesearch.open_index(tree) as index:
        related.refresh(index)
    return table(tree)


def test_every_symbol_has_ten_nearest(tree: Path):
    rows = table(tree)
    with codesearch.open_index(tree) as index:
        callable_ones = codesearch.Filter(kinds=("function", "method", "class", "struct", "interface", "module"))
        wanted = {(one.path, one.qualname, one.start_line) for one in index.symbols(callable_ones)}
    listed = Counter(row[:3] for row in rows)
    assert wanted <= set(listed), "constants and other data have no vector"
    assert all(count % 10 == 0 for count in listed.values())
    with codesearch.open_index(tree) as index:
        assert related.refresh(index).computed == 0, "nothing has changed"


def test_changes_leave_the_table_as_a_new_one(tree: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(related, "REPLACED", 1.0)
    (tree / "shop" / "cart.py").unlink()
    (tree / "shop" / "extra.py").write_text("def add_to_cart(cart, item):\n    cart.items.append(item)\n")
    text = (tree / "shop" / "orders.py").read_text()
    (tree / "shop" / "orders.py").write_text(text.replace("def ", "def my_", 2))
    with codesearch.open_index(tree) as index:
        index.update()
        store = index.reader()
        assert store is not None
        assert related.pending(store)
        done = related.refresh(index)
    assert 0 < done.computed < done.texts
    after = table(tree)
    assert after == table_from_nothing(tree)


def test_while_it_is_out_of_date_the_view_shows_no_pair_of_texts_that_are_gone(tree: Path):
    before = table(tree)
    (tree / "shop" / "cart.py").unlink()
    with codesearch.open_index(tree) as index:
        index.update()
    left = table(tree)
    assert set(left) < set(before)
    assert not any(row[0] == "shop/cart.py" for row in left)


def test_a_rebuilt_index_has_no_table(tree: Path):
    with codesearch.open_index(tree) as index:
        index.update(rebuild=True)
    assert table(tree) == []


def test_a_symbol_has_the_same_answers_from_the_table(tree: Path):
    with codesearch.open_index(tree) as index:
        for path, line in (("shop/cart.py", 40), ("mail/queue.go", 30), ("web/src/money.ts", 3)):
            fast = related.of_symbol(index, path, line, limit=10)
            assert [hit.symbol for hit in fast] == [hit.symbol for hit in index.similar(path, line, limit=10)]
            assert len(fast) == 10


def test_files_are_related_by_their_symbols(tree: Path):
    with codesearch.open_index(tree) as index:
        found = related.of_file(index, "mail/smtp.go", limit=3)
        assert found[0].path.startswith("mail/")
        scores = [one.score for one in found]
        assert scores == sorted(scores, reverse=True)
        assert all(match.of.path == "mail/smtp.go" for one in found for match in one.matches)
        only = codesearch.Filter(languages=("go",))
        assert all(one.path.endswith(".go") for one in related.of_file(index, "mail/smtp.go", limit=9, where=only))


def test_without_a_table_a_file_has_the_same_answer(tree: Path):
    with codesearch.open_index(tree) as index:
        with_table = related.of_file(index, "mail/queue.go", limit=5)
    with Store(tree / ".codesearch" / "index.db", writable=True) as store, store.connection.transaction() as db:
        db.execute("DELETE FROM related_text; DELETE FROM related_pair")
    with codesearch.open_index(tree) as index:
        assert related.of_file(index, "mail/queue.go", limit=5) == with_table


def test_a_file_that_is_not_indexed(tree: Path, tmp_path: Path):
    with codesearch.open_index(tree) as index, pytest.raises(NotFoundError, match="nope"):
        related.of_file(index, "nope.py", limit=5)
    with codesearch.open_index(tmp_path) as index, pytest.raises(NotFoundError, match="not indexed"):
        related.refresh(index)
