"""Unsaved buffers searched together with the index."""

from __future__ import annotations

from pathlib import Path

import pytest

import codesearch
from codesearch import embed, search
from codesearch.core.types import Symbol
from codesearch.search import nearest
from codesearch.search.overlay import Overlay
from codesearch.store import FileRecord, FileState, Store
from tests.support import models
from tests.support.buffers import record
from tests.support.models import FakeModel

MODEL = "static"


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """Return an indexed tree in which most words are common and some are rare."""
    root = tmp_path / "tree"
    root.mkdir()
    for number in range(40):
        (root / f"part{number}.py").write_text(
            f"def read_value_{number}(value):\n    '''Read the value.'''\n    return value + {number}\n"
        )
    (root / "rare.py").write_text("def polish_the_telescope():\n    '''Polish the telescope.'''\n")
    with codesearch.open_index(root) as index:
        index.update()
    return root


def ask(root: Path | None, overlay: Overlay, text: str, limit: int = 10) -> list[tuple[str, str, bool, float]]:
    query = search.parse(text)
    vector = embed.load(MODEL).quantised_query(query.text)

    def found(store: Store | None) -> list[tuple[str, str, bool, float]]:
        return [
            (item.candidate.symbol.path, item.candidate.symbol.name, item.candidate.unsaved, item.score)
            for item in search.search(store, query, vector, limit, buffers=overlay.view()).ranked[:limit]
        ]

    if root is None:
        return found(None)
    with Store(root / ".codesearch" / "index.db") as store:
        return found(store)


def test_an_empty_overlay_changes_nothing(tree: Path):
    with codesearch.open_index(tree, model="static") as index:
        plain = [(hit.symbol.path, hit.symbol.name, False, hit.score) for hit in index.query("read the value")]
    assert ask(tree, Overlay(MODEL), "read the value") == plain


def test_a_buffer_that_is_its_file_changes_almost_nothing(tree: Path):
    overlay = Overlay(MODEL)
    before = ask(tree, overlay, "polish the telescope")
    overlay.put(record("rare.py", (tree / "rare.py").read_text()))
    after = ask(tree, overlay, "polish the telescope")
    assert [one[:2] for one in before[:2]] == [one[:2] for one in after[:2]]
    assert after[0][2]
    assert after[0][3] == pytest.approx(before[0][3], abs=0.1)


def test_common_words_do_not_become_rare_in_a_small_overlay(tree: Path):
    """Negative control of the statistics: in the buffer alone, all words would count as rare."""
    overlay = Overlay(MODEL)
    overlay.put(record("new.py", "def value_value_value(value):\n    '''The value.'''\n"))
    assert ask(tree, overlay, "the value of the telescope")[0][1] == "polish_the_telescope"


def test_a_words_rarity_is_that_of_the_whole_index(tree: Path):
    """The text score of a buffer is about that of the same text on disk, for rare and for common words.

    In a small overlay, a word is in no other text or in most of them, so its own statistics are meaningless.
    """
    overlay = Overlay(MODEL)
    for name in ("rare.py", "part1.py"):
        overlay.put(record(name, (tree / name).read_text()))
    for typed, path in (("polish the telescope", "rare.py"), ("read the value of part", "part1.py")):
        query = search.parse(typed)
        vector = embed.load(MODEL).quantised_query(query.text)
        with Store(tree / ".codesearch" / "index.db") as store:
            saved = search.search(store, query, vector, 100).ranked
            both = search.search(store, query, vector, 100, buffers=overlay.view()).ranked
            unsaved = [item for item in both if item.candidate.unsaved]

        def matches(ranked: list[search.Ranked], path: str = path) -> dict[str, float]:
            found = [item.candidate for item in ranked]
            return {one.symbol.name: one.text for one in found if one.symbol.path == path and one.text > 0}

        assert matches(unsaved) == pytest.approx(matches(saved), rel=0.2), typed


def test_the_saved_version_does_not_answer(tree: Path):
    overlay = Overlay(MODEL)
    overlay.put(record("rare.py", "def water_the_plants():\n    '''Water the plants.'''\n"))
    assert "polish_the_telescope" not in [one[1] for one in ask(tree, overlay, "polish the telescope", 100)]
    assert ask(tree, overlay, "water the plants")[0][:3] == ("rare.py", "water_the_plants", True)
    overlay.drop("rare.py")
    assert ask(tree, overlay, "polish the telescope")[0][:3] == ("rare.py", "polish_the_telescope", False)
    assert "water_the_plants" not in [one[1] for one in ask(tree, overlay, "water the plants", 100)]


def test_a_buffer_that_is_dropped_during_a_query_answers_it(tree: Path):
    overlay = Overlay(MODEL)
    overlay.put(record("rare.py", "def water_the_plants():\n    '''Water the plants.'''\n"))
    query = search.parse("water the plants")
    vector = embed.load(MODEL).quantised_query(query.text)
    view = overlay.view()
    overlay.drop("rare.py")
    assert view is not None
    assert overlay.paths == frozenset()
    assert [one.symbol.path for one in view.candidates(None, query, vector)] == ["rare.py"] * 2
    assert {symbol.path for symbol, _ in view.nearest(vector, 3)} == {"rare.py"}
    overlay.put(record("other.py", "def water_the_lawn():\n    pass\n"))
    later = overlay.view()
    assert later is not None
    assert {one.symbol.path for one in later.candidates(None, query, vector)} == {"other.py"}
    del view
    assert overlay.view() is not None
    assert overlay.symbols("rare.py") == []


def test_a_buffer_with_nothing_in_it_hides_its_file(tree: Path):
    overlay = Overlay(MODEL)
    overlay.put(FileRecord("rare.py", FileState(0, 0, 0, 0, 0, None), skipped="binary"))
    assert "rare.py" not in [one[0] for one in ask(tree, overlay, "polish the telescope", 100)]


def test_filters_and_names_reach_buffers(tree: Path):
    overlay = Overlay(MODEL)
    overlay.put(record("new.py", "class Kettle:\n    def boil(self):\n        '''Boil water.'''\n"))
    assert ask(tree, overlay, "boil water kind:class")[0][1] == "Kettle"
    assert all(one[0] == "new.py" for one in ask(tree, overlay, "boil path:new.py"))
    assert ask(tree, overlay, "Kettle")[0][1] == "Kettle"
    assert "boil" not in [one[1] for one in ask(tree, overlay, "boil water -path:new.py", 100)]


def test_without_an_index():
    overlay = Overlay(MODEL)
    assert ask(None, overlay, "boil water") == []
    overlay.put(record("new.py", "def boil():\n    '''Boil water.'''\n"))
    assert ask(None, overlay, "boil water")[0][1] == "boil"


def test_nearest_leaves_itself_and_the_saved_version_out(tree: Path):
    overlay = Overlay(MODEL)
    source = (tree / "rare.py").read_text()
    overlay.put(record("rare.py", source))
    overlay.put(record("copy.py", source))
    found = overlay.at("rare.py", 1)
    assert found is not None
    vector, symbol = found
    assert vector is not None
    with Store(tree / ".codesearch" / "index.db") as store:
        near = nearest(store, vector, symbol, 3, buffers=overlay.view())
    assert (near[0].symbol.path, near[0].unsaved) == ("copy.py", True)
    assert near[0].score == pytest.approx(1.0, abs=0.01)
    assert ("rare.py", "polish_the_telescope") not in [(one.symbol.path, one.symbol.name) for one in near]


def test_symbols_of_a_buffer():
    overlay = Overlay(MODEL)
    overlay.put(record("new.py", "class Kettle:\n    def boil(self):\n        pass\n"))
    names = [one.name for one in overlay.symbols("new.py") if isinstance(one, Symbol)]
    assert {"Kettle", "boil"} < set(names) | {"new"}
    assert overlay.at("new.py", 99) is None


def test_a_second_stage_sees_files_and_buffers_alike(tree: Path):
    fake = FakeModel()
    models.install(fake)
    try:
        with codesearch.open_index(tree, model="fake") as index:
            saved = [(hit.symbol.path, hit.score) for hit in index.query("polish the telescope")]
            text = (tree / "rare.py").read_text()
            overlay = Overlay()
            query = search.parse("polish the telescope")

            def ask_both() -> list[tuple[str, float]]:
                found = index.rank(query, limit=10, buffers=overlay.view()).ranked[:10]
                return [(item.candidate.symbol.path, item.score) for item in found]

            assert ask_both() == saved
            seen = len(fake.documents)
            overlay.put(record("rare.py", text), text.encode())
            assert ask_both()[0][0] == "rare.py"
            assert len(fake.documents) == seen, "the buffer's text is one that the index has a vector of"
            text = "def water_the_plants():\n    '''Water the plants.'''\n"
            overlay.put(record("rare.py", text), text.encode())
            ask_both()
            new = fake.documents[seen:]
            assert new, "read from memory"
            assert any("water the plants" in one for one in new)
    finally:
        models.uninstall()


def test_a_test_in_a_buffer_of_code_is_a_test(tree: Path):
    source = "fn polish(lens: u8) -> u8 { lens }\n\n#[test]\nfn polish_is_smooth() { polish(1); }\n"
    overlay = Overlay(MODEL)
    overlay.put(record("src/lens.rs", source, "rust"), source.encode())
    for asked, expected in (("is:test", ["polish_is_smooth"]), ("-is:test", ["polish"])):
        found = [name for path, name, *_ in ask(tree, overlay, f"polish {asked}") if path == "src/lens.rs"]
        assert [name for name in found if name != "lens"] == expected
    where = search.parse("polish is:test").where
    passing = {symbol.name for symbol, passes in overlay.passing("src/lens.rs", where) if passes}
    assert passing == {"polish_is_smooth"}
