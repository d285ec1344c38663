"""Clones: what counts as the same code, in which groups it is reported, and what is left out."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest

import codesearch
from codesearch.atlas import alignment, clone_search, clones, fingerprints
from codesearch.atlas.clones import Found
from codesearch.atlas.lexing import Vocabulary
from codesearch.core.errors import UsageError
from tests.support.trees import write

LOAD = '''def load_config(path, default=None):
    """Read a file of settings."""
    found = {}
    with open(path, encoding="utf-8") as file:
        for number, line in enumerate(file, 1):
            name, mark, value = line.partition("=")
            if not mark:
                raise ValueError(f"line {number} has no value")
            found[name.strip()] = value.strip()
    return found or default
'''
RENAMED = (
    LOAD.replace("load_config", "read_headers").replace("path", "where").replace("found", "headers")
    .replace("name", "key").replace('"="', '":"').replace("Read a file of settings.", "Parse headers.")
)  # fmt: skip
EDITED = LOAD.replace("load_config", "load_strict").replace(
    "            if not mark:",
    "            if name.startswith('#'):\n                continue\n            if not mark:",
)
OTHER = """def total_of_orders(orders, rate=1.0):
    total = 0
    while orders:
        order = orders.pop()
        if order.cancelled or order.price < 0:
            continue
        total += order.price * order.count
        if total > 1000:
            total -= order.discount(rate)
    print("the total is", total)
    return round(total * rate, 2)
"""


def similarity(one: str, other: str, language: str = "python") -> float:
    vocabulary = Vocabulary({})
    codes = [
        alignment.code(found.text.tolist(), found.kind.tolist())
        for found in (vocabulary.tokens(text.encode(), language) for text in (one, other))
    ]
    return alignment.similarity(*codes)


def found(root: Path, files: dict[str, str], **options) -> Found:
    write(root, files)
    with codesearch.open_index(root) as index:
        index.update()
        return clones.clones(index, **options)


def groups(of: Found) -> list[list[tuple[str, str]]]:
    return [[(one.symbol.name, one.how) for one in group.members] for group in of.groups]


def test_comments_blanks_and_docstrings_do_not_count(tmp_path: Path):
    spaced = LOAD.replace("    found = {}", "    # Everything found so far.\n\n    found  =  {}").replace(
        "Read a file", "Take a file"
    )
    result = found(tmp_path, {"a.py": LOAD, "b.py": spaced})
    assert groups(result) == [[("load_config", "exact"), ("load_config", "exact")]]
    assert result.groups[0].saved == 12


def test_names_may_differ_one_by_one(tmp_path: Path):
    result = found(tmp_path, {"a.py": LOAD, "b.py": RENAMED})
    assert groups(result) == [[("load_config", "exact"), ("read_headers", "renamed")]]


def test_a_name_that_becomes_two_names_is_not_renamed(tmp_path: Path):
    mixed = RENAMED.replace("headers[key.strip()]", "headers[where.strip()]")
    assert groups(found(tmp_path, {"a.py": LOAD, "b.py": mixed})) == [
        [("load_config", "exact"), ("read_headers", "near")]
    ]
    assert similarity(LOAD, RENAMED) > similarity(LOAD, mixed) > clones.LIKE


def test_a_part_of_the_code_may_differ(tmp_path: Path):
    result = found(tmp_path, {"a.py": LOAD, "b.py": EDITED, "c.py": OTHER})
    assert groups(result) == [[("load_strict", "exact"), ("load_config", "near")]]
    assert 0.75 < result.groups[0].members[1].similarity < 1
    assert found(tmp_path, {}, like=0.99).groups == ()


def test_other_code_of_the_same_shape_is_no_clone():
    fields = "class A:\n" + "".join(f"    {name}: int\n" for name in ("one", "two", "three", "four", "five"))
    others = "class B:\n" + "".join(f"    {name}: str\n" for name in ("red", "green", "blue", "black", "white"))
    assert similarity(fields, others) < clones.LIKE
    assert similarity(LOAD, OTHER) < clones.LIKE


@pytest.mark.parametrize(
    ("language", "one", "other"),
    [
        ("go", "a := `x\n// y` // z\nb()", "a := `x\n// y`\n/* w */ b()"),
        ("javascript", "call('it\\'s // no comment') // but this", "call('it\\'s // no comment')"),
        ("lua", "--[[ long\ncomment ]] local a = 1 -- short", "local a = 1"),
    ],
)
def test_comments_by_language(language: str, one: str, other: str):
    assert similarity(one, other, language) == 1


def test_the_alignment_is_as_long_as_the_longest_common_subsequence():
    def slow(one: list[int], other: list[int]) -> int:
        row = [0] * (len(other) + 1)
        for a in one:
            before = row[:]
            for at, b in enumerate(other, 1):
                row[at] = before[at - 1] + 1 if a == b else max(before[at], row[at - 1])
        return row[-1]

    import random

    chance = random.Random(7)
    for _ in range(200):
        one, other = ([chance.randrange(4) for _ in range(chance.randrange(30))] for _ in range(2))
        pairs = alignment._aligned(one, other)
        assert len(pairs) == slow(one, other) == alignment._length(one, other)
        assert all(one[a] == other[b] for a, b in pairs)
        assert all(a < c and b < d for (a, b), (c, d) in pairwise(pairs))


def test_rare_sequences_make_a_candidate_and_common_ones_do_not():
    import numpy as np

    chance = np.random.default_rng(1)
    common = chance.integers(0, 1000, 60)
    own = [np.concatenate([common, chance.integers(0, 1000, 60)]) for _ in range(fingerprints.MOST + 5)]
    own.append(own[3].copy())
    pairs = fingerprints.pairs([fingerprints.hashes(tokens, 6) for tokens in own])
    assert pairs.tolist() == [[3, len(own) - 1]]


def test_a_comment_leaves_a_symbol_out(tmp_path: Path):
    marked = "# codesearch: ignore clone\n" + LOAD
    inside = LOAD.replace("    found = {}", "    found = {}  # codesearch: ignore-clones")
    result = found(tmp_path, {"a.py": LOAD, "b.py": marked, "c.py": inside})
    assert (result.groups, result.suppressed) == ((), 2)


def test_a_comment_leaves_out_what_is_inside_the_symbol(tmp_path: Path):
    body = "".join("    " + line for line in LOAD.splitlines(keepends=True)).replace(
        "def load(path", "def load(self, path"
    )
    text = f"class Reader:\n{body}\n    def close(self):\n        self.file = None\n"
    result = found(tmp_path, {"a.py": text, "b.py": "# codesearch: ignore clone\n" + text.replace("Reader", "Other")})
    assert (result.groups, result.suppressed) == ((), 1)


def test_tests_and_generated_code_are_apart(tmp_path: Path):
    result = found(
        tmp_path,
        {"a.py": LOAD, "tests/test_a.py": LOAD, "tests/test_b.py": OTHER, "b.py": EDITED, "vendor/c.py": OTHER},
    )
    assert [group.part for group in result.groups] == ["code", "generated"]
    assert len(result.groups[0].members) == 3, "the copy in tests is part of the group"


def test_methods_are_part_of_the_class_that_is_a_clone(tmp_path: Path):
    body = "".join("    " + line for line in LOAD.splitlines(keepends=True))
    text = "class Reader:\n    def __init__(self):\n        self.seen = []\n\n" + body.replace("(path", "(self, path")
    result = found(tmp_path, {"a.py": text, "b.py": text})
    assert groups(result) == [[("Reader", "exact"), ("Reader", "exact")]]


def test_short_symbols_are_left_out(tmp_path: Path):
    short = "def area(width, height):\n    return width * height\n"
    assert found(tmp_path, {"a.py": short, "b.py": short}).groups == ()
    assert len(found(tmp_path, {}, least_tokens=10).groups) == 1


# -- the clones of one function --------------------------------------------------------------------


def clones_of(root: Path, source: str, files: dict[str, str], **options) -> list[tuple[str, str, str]]:
    write(root, files)
    with codesearch.open_index(root) as index:
        index.update()
        found = clone_search.clones_of(index, source.encode(), "python", **options)
    return [(one.how, one.symbol.path, one.symbol.name) for one in found]


def test_source_that_is_not_indexed_has_clones(tmp_path: Path):
    files = {"a.py": OTHER, "b.py": EDITED, "c.py": RENAMED, "d.py": f"{OTHER}\n\n{LOAD}"}
    assert clones_of(tmp_path, LOAD, files) == [
        ("exact", "d.py", "load_config"),
        ("renamed", "c.py", "read_headers"),
        ("near", "b.py", "load_strict"),
    ]


def test_a_function_is_no_clone_of_itself_wherever_it_is_now(tmp_path: Path):
    write(tmp_path, {"a.py": LOAD, "b.py": RENAMED})
    with codesearch.open_index(tmp_path) as index:
        index.update()
        here = index.symbol_at("a.py", 3)
        moved = replace(here, start_line=500, end_line=510, start_byte=9000, end_byte=9900)
        for one in (here, moved):
            found = clone_search.clones_of(index, LOAD.encode(), "python", but=one)
            assert [clone.symbol.path for clone in found] == ["b.py"]


def test_the_source_of_a_short_function_is_refused(tmp_path: Path):
    with pytest.raises(UsageError, match="too short: 10 tokens, and clones have at least 25"):
        clones_of(tmp_path, "def f(a):\n    return a + 1\n", {"a.py": LOAD})


def test_a_search_for_clones_can_be_stopped(tmp_path: Path):
    assert clones_of(tmp_path, LOAD, {"a.py": LOAD}, should_stop=lambda: True) == []


def test_code_of_a_class_is_reported_as_the_class(tmp_path: Path):
    source = "class Loader:\n" + "".join(
        f"    {line}\n" if line else "\n" for line in (LOAD + "\n" + OTHER).split("\n")
    )
    assert clones_of(tmp_path, source, {"a.py": source}) == [("exact", "a.py", "Loader")]
