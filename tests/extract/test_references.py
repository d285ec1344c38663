"""References of one file, where its source is read again without what the grammar does not know."""

from __future__ import annotations

from codesearch.core.references import BASE, CALL, FIELD
from codesearch.extract.references import references
from codesearch.extract.symbols import extract_scan

SOURCE = b"""\
class LOCKABLE Reader : public Base {
 public:
  EXPECT_OPEN(file, make_name(1));
  Cache cache_ GUARDED_BY(mutex_);
  LIB_API void close() LIB_NOEXCEPT { helper::drop(1); }
};
"""


def found(source: bytes, language: str = "cpp", path: str = "a.cpp") -> set[tuple[str, int, int, str, str]]:
    symbols, scan = extract_scan(source, language, path, whole=True)
    rows = references(scan, symbols)
    return {(symbols[at].qualname, line, role, name, receiver) for at, line, role, name, receiver in rows}


def test_the_better_tree_is_read() -> None:
    names = found(SOURCE)
    assert ("Reader", 1, BASE, "Base", "") in {(name, line, role, what, "") for name, line, role, what, _ in names}
    assert any((role, name, of) == (FIELD, "cache_", "<Cache>") for _, _, role, name, of in names)
    assert ("Reader::close", 5, CALL, "drop", "helper") in names


def test_what_is_left_out_of_it_still_refers() -> None:
    called = {name for _, _, role, name, _ in found(SOURCE) if role == CALL}
    assert {"EXPECT_OPEN", "make_name"} <= called


def test_a_component_in_tsx_has_references() -> None:
    source = b'<script setup lang="tsx">\nconst render = () => <List rows={load(1)} />\n</script>\n'
    assert "load" in {name for _, _, role, name, _ in found(source, "vue", "A.vue") if role == CALL}


def test_nothing_is_read_unless_it_is_asked_for() -> None:
    symbols, scan = extract_scan(SOURCE, "cpp", "a.cpp")
    assert references(scan, symbols) == []
