from __future__ import annotations

import re

import pytest

from codesearch.core.counts import number
from tests.support.home import HOUSE

NOUNS = "|".join(
    "clusters commits contents files groups lines matches queries questions repositories results symbols vectors "
    "versions".split()
)
PLURAL_ALWAYS = re.compile(rf"(?<!of )(?<!all )\{{[^{{}}\"]+:,\}} (?:changed )?(?:{NOUNS})\b")
"""A count with a plural that stays with 1, in an f-string. `3 of 1 files` and bars of progress are allowed."""


@pytest.mark.parametrize(
    ("count", "nouns", "text"),
    [
        (0, ("file",), "0 files"),
        (1, ("file",), "1 file"),
        (2000, ("file",), "2,000 files"),
        (1, ("query", "queries"), "1 query"),
        (2, ("query", "queries"), "2 queries"),
        (1, ("file is", "files are"), "1 file is"),
    ],
)
def test_number(count: int, nouns: tuple[str, ...], text: str):
    assert number(count, *nouns) == text


def test_messages_do_not_count_one_files():
    found = [
        f"{path.relative_to(HOUSE)}: {one.group()}"
        for folder in ("codesearch", "lsp")
        for path in sorted((HOUSE / folder).rglob("*.py"))
        if path.name != "progress.py"
        for one in PLURAL_ALWAYS.finditer(path.read_text("utf-8"))
    ]
    assert found == []
