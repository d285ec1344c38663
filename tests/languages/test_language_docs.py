"""docs/languages.md lists the languages of the registry."""

from __future__ import annotations

from pathlib import Path

import pytest

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
        named = dict.fromkeys((*language.extensions, *language.filenames))
        assert files.replace("`", "").split(", ") == list(named)
        assert kinds
        assert grammar.strip("`") == language.module.replace("_", "-") or not language.module


def test_names_and_ids_are_unambiguous_where_they_must_be():
    every = [one for language in languages.all() for one in (language.name, *language.editor_ids)]
    assert len(every) == len(set(every)), "an id of an editor means one language"
    assert languages.named("ts") == ("typescript", "tsx")
    assert languages.named("C#") == ("csharp",)
    assert languages.named("klingon") == ()


@pytest.mark.parametrize(
    ("identifier", "name"),
    [
        ("cs", "csharp"), ("c_sharp", "csharp"), ("objcpp", "objc"), ("Objective-CPP", "objc"), ("cuda-cpp", "cpp"),
        ("ocaml.interface", "ocaml_interface"), ("ocamlinterface", "ocaml_interface"),
        ("javascriptreact", "javascript"), ("typescriptreact", "tsx"), ("shellscript", "bash"), ("python", "python"),
    ],
)  # fmt: skip
def test_a_buffer_without_a_file_is_known_by_what_its_editor_calls_it(identifier, name):
    found = languages.by_editor_id(identifier)
    assert found is not None
    assert found.name == name


def test_every_language_has_a_highlighter():
    from codesearch.languages import lexers

    assert not [language.name for language in languages.all() if lexers.of(language.name) is None]
