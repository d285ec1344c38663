"""Exact searches from Python: the same lines as the command's, by symbol, alone or beside a question."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

import codesearch
from codesearch import Filter, Index, NotFoundError, Pattern, UsageError, matching_lines, open_index, query_matching
from codesearch.atlas import concepts
from codesearch.exact.limited import StoppedError, scanned
from codesearch.exact.scan import Request
from codesearch.exact.tree import tree_of
from codesearch.extract.scan import ParseTimeoutError
from tests.support.trees import SMALL, write

PARTS = {
    "net.py": '''def fetch(url):
    """Download a page from the network over a socket."""
    return connect(url).read()


def colour(pixel):
    """Mix red, green and blue of a picture into grey."""
    return sum(pixel) / 3
'''
}


@pytest.fixture
def index(tmp_path: Path) -> Iterator[Index]:
    with open_index(write(tmp_path / "tree", SMALL | PARTS), model="static") as index:
        index.update()
        yield index


def names(found: codesearch.MatchingLines) -> list[str]:
    return [group.symbol.qualname for group in found]


def test_every_line_by_symbol(index: Index):
    found = matching_lines(index, r"self\.values|times")
    assert [(one.symbol.qualname, [line.number for line in one.lines]) for one in found] == [
        ("Cache.get", [9]),
        ("Cache.put", [17]),
        ("retry_upload", [1, 3]),
    ]
    assert (found.problem, found.complete, len(found)) == ("", True, 3)
    assert found[0].lines[0].text.strip() == "return self.values.get(key)"


def test_a_pattern_says_how_it_is_searched_for(index: Index):
    assert names(matching_lines(index, Pattern(("PATH",), word=True, ignore_case=True))) == ["retry_upload"]
    assert names(matching_lines(index, Pattern(("(key)",), fixed=True))) == ["Cache.get"]


def test_a_filter_chooses_the_symbols_and_says_what_nothing_passes(index: Index):
    found = matching_lines(index, "def ", Filter(kinds=("method",)))
    assert names(found) == ["Cache.get", "Cache.put"]
    assert "nowhere" in matching_lines(index, "def ", Filter(paths=("nowhere/**",))).problem


def test_files_that_are_not_searched_are_a_problem(index: Index):
    (index.root / "binary.py").write_bytes(b"x = 1\0\0\n")
    index.update()
    assert "1 binary" in matching_lines(index, "def ").problem


def test_a_question_is_answered_with_symbols_that_match(index: Index):
    found = query_matching(index, "store a value", r"self\.values", limit=1)
    assert [hit.symbol.qualname for hit in found.answer] == ["Cache.put"]
    assert [line.number for line in found.lines[1]] == [17]
    assert found.answer.complete
    assert not query_matching(index, "store a value", "no_such_text").answer


def test_filters_in_the_text_of_a_question_hold(index: Index):
    found = query_matching(index, "store a value kind:class", "def ")
    assert {hit.symbol.kind for hit in found.answer} == {"class"}


def test_a_wrong_pattern_is_explained_in_the_terms_of_python(index: Index):
    with pytest.raises(UsageError, match=r"^pattern \(a: missing \)"):
        matching_lines(index, "(a")
    with pytest.raises(UsageError, match=r"^pattern \(a: "):
        query_matching(index, "store a value", "(a")


def test_without_an_index_there_is_no_answer(tmp_path: Path):
    with open_index(tmp_path) as index, pytest.raises(NotFoundError, match="not indexed yet"):
        matching_lines(index, "x")


def test_a_scan_is_stopped_when_its_caller_wants_that(index: Index):
    endless = Pattern((r"(a+)+$",))  # 2**60 ways to divide the text
    request = Request(index.root, ["cache.py"], endless, 1 << 20, {"cache.py": b"a" * 60 + b"!"})
    with pytest.raises(StoppedError):
        scanned(request, in_child=True, should_stop=lambda: True)


# -- files that have changed since they were indexed ------------------------------------------------------------------


@pytest.fixture
def networked(index: Index) -> Index:
    """Return the index with a concept; then `net.py` has other lines, and a second function about pictures."""
    fetch = index.symbols_named("fetch")[0]
    concepts.add(index, "network", like=[fetch], unlike=[index.symbols_named("colour")[0]])
    moved = "# moved\n\n" + PARTS["net.py"] + "\n\n" + PARTS["net.py"].partition("\n\n\n")[2].replace("colour", "tint")
    write(index.root, {"net.py": moved})
    return index


@pytest.mark.parametrize(("bound", "expected"), [("network>0.5", ["fetch"]), ("network<=0.5", ["colour", "tint"])])
def test_a_filter_by_concept_holds_in_a_file_that_has_changed(networked: Index, bound: str, expected: list[str]):
    where = Filter(concepts=(bound,), paths=("net.py",), kinds=("function",))
    assert names(matching_lines(networked, "return", where)) == expected


def test_symbols_of_a_changed_file_score_as_after_an_update(networked: Index):
    where = Filter(concepts=("network>0.3",), paths=("net.py",))
    before = names(matching_lines(networked, ".", where))
    networked.update()
    assert names(matching_lines(networked, ".", where)) == before


def test_a_test_in_a_changed_file_of_code_is_a_test(index: Index):
    source = "fn double(x: u8) -> u8 { x + x }\n\n#[test]\nfn doubles() { double(2); }\n"
    write(index.root, {"src/double.rs": source})
    index.update()
    for text in (source, "// moved\n" + source):
        write(index.root, {"src/double.rs": text})
        assert names(matching_lines(index, "double", Filter(roles=("test",)))) == ["doubles"]
        assert names(matching_lines(index, "double", Filter(not_roles=("test",)))) == ["double"]
        assert names(matching_lines(index, "double", Filter(roles=("vendored",)))) == []


def test_what_nothing_names_is_known_from_before_the_change(index: Index):
    write(index.root, {"use.py": "from net import fetch\n\nfetch('here')\n"})
    index.update()
    write(index.root, {"net.py": "# moved\n" + PARTS["net.py"]})
    found = matching_lines(index, "return", Filter(roles=("unused",), paths=("net.py",), kinds=("function",)))
    assert names(found) == ["colour"]


def test_a_changed_file_that_cannot_be_parsed_in_time_has_its_parts(index: Index, monkeypatch: pytest.MonkeyPatch):
    from codesearch.extract import symbols

    write(index.root, {"net.py": "# moved\n" + PARTS["net.py"]})
    whole = symbols.extract

    def slow(source: bytes, language: str, path: str, timeout: float | None = None) -> list[codesearch.Symbol]:
        if timeout is not None:
            raise ParseTimeoutError("parsing took too long")
        return whole(source, language, path)

    monkeypatch.setattr(symbols, "extract", slow)
    assert [(one.kind, passes) for one, passes in tree_of(index).symbols("net.py", None)] == [("module", True)]
    assert [
        (one.symbol.kind, len(one.lines)) for one in matching_lines(index, "def ") if one.symbol.path == "net.py"
    ] == [("module", 2)]
