"""docs/languages.md lists what the registry has."""

from __future__ import annotations

from pathlib import Path

from codesearch import languages

DOCS = Path(__file__).parents[2] / "docs" / "languages.md"


def test_the_table_lists_every_language_with_its_files_and_its_grammar():
    rows = {}
    for line in DOCS.read_text("utf-8").splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if len(cells) == 4 and "(`" in cells[0]:
            rows[cells[0].rpartition("(`")[2].rstrip("`)")] = cells
    assert set(rows) == {language.name for language in languages.all()}
    for language in languages.all():
        _, files, kinds, grammar = rows[language.name]
        assert files.replace("`", "").split(", ") == [*language.extensions, *language.filenames]
        assert kinds
        assert grammar.strip("`") == language.module.replace("_", "-") or not language.module
