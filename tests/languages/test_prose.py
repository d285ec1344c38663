"""What describes a section of prose: its first paragraph, without fields and directives."""

from __future__ import annotations

from pathlib import Path

import pytest

from codesearch.index import open_index
from tests.support.trees import write

CASES = {
    "emoji.md": ("# Title\n\n:seedling: Grows with **you**.\n", ":seedling: Grows with you."),
    "alone.md": ("# Title\n\n:tada: :rocket:\n\nSaid after it.\n", "Said after it."),
    "field.rst": ("Title\n=====\n\n:warning: a field\n:param str name: another\n\nSaid after it.\n", "Said after it."),
    "role.rst": ("Title\n=====\n\n:class:`Engine` runs it.\n", "Engine runs it."),
    "attribute.adoc": ("= Title\n\n:toc: left\n:star:\n\nSaid after it.\n", "Said after it."),
    "drawer.org": ("* Title\n:PROPERTIES:\n:ID: 5\n:END:\nSaid after it.\n", "Said after it."),
}


@pytest.mark.parametrize("name", CASES)
def test_the_first_paragraph(tmp_path: Path, name: str):
    text, expected = CASES[name]
    write(tmp_path, {name: text})
    with open_index(tmp_path, embed="none") as index:
        index.update()
        said = {one.kind: one.documentation for one in index.symbols()}
    assert said["section"] == expected
