"""Source is cut at the boundaries of statements, signature and documentation first."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from codesearch.context import blocks
from codesearch.context.excerpt import Excerpt, excerpt
from codesearch.core.types import Symbol
from codesearch.extract.symbols import extract

PYTHON = '''\
class Store:
    """Keeps values."""

    @property
    def size(self) -> int:
        return len(self.values)

    def save(
        self,
        path: str,
        *,
        compress: bool = False,
    ) -> None:
        """Write all values to a file.

        The file is replaced only when everything was written.
        """
        if compress:
            import gzip
            opener = gzip.open
            mode = "wb"
        else:
            opener = open
            mode = "wb"
        temporary = path + ".new"
        for key, value in sorted(self.values.items()):
            for part in self.parts_of(key, value):
                self.checksum.update(part)
                self.written += len(part)
        try:
            self.rename(temporary, path)
        except OSError as error:
            self.log.warning("retry the upload of %s after %s", path, error)
            self.retry_upload(path)
            raise
        self.report(path, opener, mode)
'''

GO = """\
package main

// Serve answers requests until the listener fails.
// It never returns nil.
func Serve(listener net.Listener) error {
\tfor {
\t\tconnection, err := listener.Accept()
\t\tif err != nil {
\t\t\treturn err
\t\t}
\t\tswitch kind(connection) {
\t\tcase plain:
\t\t\tgo answer(connection)
\t\t\tcounter.WithLabel("plain").Increment()
\t\t\tlogger.Info("a plain connection was accepted")
\t\tcase secure:
\t\t\tgo handshake(connection)
\t\t\tcounter.WithLabel("secure").Increment()
\t\t\tlogger.Info("a secure connection was accepted")
\t\t}
\t}
}
"""


def symbol_of(text: str, language: str, name: str) -> Symbol:
    found = extract(text.encode(), language, "file")
    return next(one for one in found if one.qualname == name)


def cut(text: str, language: str, name: str, budget: float, *words: str) -> Excerpt:
    return excerpt(text.encode(), symbol_of(text, language, name), budget, words)


def test_what_fits_is_shown_whole():
    found = cut(PYTHON, "python", "Store.size", 100)
    assert found.whole
    assert found.text == "    @property\n    def size(self) -> int:\n        return len(self.values)\n"


def test_the_whole_signature_and_the_documentation_come_first():
    found = cut(PYTHON, "python", "Store.save", 90)
    assert "compress: bool = False,\n    ) -> None:" in found.text
    assert "Write all values to a file." in found.text
    assert not found.whole


def test_lines_that_answer_the_question_are_kept_with_what_encloses_them():
    found = cut(PYTHON, "python", "Store.save", 150, "retry", "upload")
    assert "retry_upload(path)" in found.text
    assert "except OSError as error:" in found.text
    assert "gzip" not in found.text


def test_elisions_name_the_lines_that_are_missing():
    found = cut(PYTHON, "python", "Store.save", 150, "retry")
    lines = PYTHON.splitlines()
    shown = found.text
    for first, last in re.findall(r"\.\.\. lines (\d+)-(\d+) \.\.\.", found.text):
        gone = "\n".join(lines[int(first) - 1 : int(last)]) + "\n"
        note = re.search(rf" *\.\.\. lines {first}-{last} \.\.\.\n", shown)
        assert note is not None
        shown = shown.replace(note[0], gone)
    symbol = symbol_of(PYTHON, "python", "Store.save")
    assert shown.splitlines() == lines[symbol.start_line - 1 : symbol.end_line]


def test_of_a_type_the_members_are_shown_before_their_bodies():
    found = cut(PYTHON, "python", "Store", 100)
    assert "@property\n    def size(self) -> int:" in found.text
    assert "def save(" in found.text
    assert "checksum" not in found.text


def test_a_comment_above_a_definition_belongs_to_it():
    found = cut(GO, "go", "Serve", 60, "secure")
    assert found.text.startswith("// Serve answers requests until the listener fails.\n")
    assert "func Serve(listener net.Listener) error {" in found.text


@pytest.mark.parametrize("budget", [80, 120, 200])
def test_the_budget_is_kept(budget: int):
    for name in ("Store", "Store.save"):
        assert cut(PYTHON, "python", name, budget, "error").tokens <= budget


def test_text_without_a_grammar_is_cut_by_its_indentation(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("codesearch.context.blocks.MOST_BYTES", 0)
    found = cut(PYTHON, "python", "Store.save", 150, "retry", "upload")
    assert "retry_upload(path)" in found.text
    assert "except OSError as error:" in found.text


def test_control_characters_are_written_out(tmp_path: Path):
    text = 'def one():\n    return "\x1b[2J\u202e"\n'
    assert "\\x1b[2J\\u202e" in cut(text, "python", "one", 100).text


def test_a_symbol_that_is_no_longer_there_has_no_source():
    symbol = symbol_of(PYTHON, "python", "Store.save")
    assert excerpt(b"x = 1\n", symbol, 100) == Excerpt("", 0.0, whole=True)


def test_source_that_takes_too_long_to_parse_is_divided_by_its_indentation(monkeypatch: pytest.MonkeyPatch):
    source = (PYTHON * 50).encode()
    last = source.count(b"\n")
    by_indentation = blocks.blocks_of(source, "source", 1, last, 0, len(source))
    assert blocks.blocks_of(source, "python", 1, last, 0, len(source)) != by_indentation
    monkeypatch.setattr(blocks, "PARSE_SECONDS", -1.0)
    assert blocks.blocks_of(source, "python", 1, last, 0, len(source)) == by_indentation


def test_blank_lines_do_not_divide_what_is_left_out():
    blocks = "".join(f"    for value in several.words({number}):\n        use(value, here)\n\n" for number in range(40))
    source = f"def long():\n    first()\n\n{blocks}    return retry_upload(value)\n"
    found = cut(source, "python", "long", 90, "retry", "upload")
    assert found.text.count("...\n") == 1
    assert "retry_upload" in found.text
