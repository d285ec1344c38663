"""Each row of `kinds/*.txt` is a small source and its symbols: one kind of definition that is easy to lose or misread.

A row:

    === what it shows
    --- name of the file
    source (␍ stands for a carriage return)
    --- symbols
    lines | kind | qualified name | signature | documentation

The module of the file is listed only where it has documentation. After a deliberate change, rewrite the rows with
`UPDATE_CASES=1 pytest tests/languages/test_language_kinds.py`, and read the difference.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

import pytest

from codesearch import languages
from codesearch.extract.symbols import extract

FOLDER = Path(__file__).parent / "kinds"
ROW = re.compile(r"^=== ([^\n]+)\n--- (\S+)\n(.*?\n)--- symbols\n(.*?)(?=^=== |\Z)", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Row:
    language: str
    title: str
    path: str
    source: str
    symbols: str

    def found(self) -> str:
        source = self.source.replace("␍", "\r").encode()
        language = languages.detect(self.path, source)
        assert language is not None, self.path
        file, *others = extract(source, language.name, self.path)
        lines = []
        for symbol in [file, *others] if file.documentation else others:
            text = symbol.documentation.replace("\n", "\\n")
            fields = f"{symbol.start_line}-{symbol.end_line}", symbol.kind, symbol.qualname, symbol.signature, text
            lines.append(" | ".join(fields).rstrip(" |"))
        return "".join(f"{line}\n" for line in lines)


def rows(path: Path) -> list[Row]:
    return [Row(path.stem, *found) for found in ROW.findall(path.read_text("utf-8"))]


FILES = sorted(FOLDER.glob("*.txt"))
ROWS = [row for path in FILES for row in rows(path)]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row.language}: {row.title}")
def test_a_source_gives_its_symbols(row: Row) -> None:
    assert row.found() == row.symbols.strip("\n") + "\n"


def test_every_row_is_read() -> None:
    for path in FILES:
        text = path.read_text("utf-8")
        assert len(rows(path)) == text.count("\n--- symbols\n"), path.name
        if os.environ.get("UPDATE_CASES"):
            parts = [f"=== {r.title}\n--- {r.path}\n{r.source}--- symbols\n{r.found()}" for r in rows(path)]
            path.write_text("\n".join(parts), "utf-8", newline="\n")
