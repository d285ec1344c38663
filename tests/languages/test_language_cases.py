"""Each file in `cases/` yields exactly the symbols in the `.symbols` file beside it.

After a deliberate change, rewrite them with `UPDATE_CASES=1 pytest tests/languages/test_language_cases.py` and review
the diff.
"""

from __future__ import annotations

import os
import random
from pathlib import Path

import pytest

from codesearch import languages
from codesearch.core.types import KINDS, Symbol
from codesearch.extract.symbols import extract

CASES = Path(__file__).parent / "cases"
SOURCES = sorted(path for path in CASES.iterdir() if path.suffix != ".symbols")


def symbols(path: Path) -> list[Symbol]:
    source = path.read_bytes()
    language = languages.detect(path.name, source[:4096])
    assert language is not None, path
    return extract(source, language.name, path.name)


def line(symbol: Symbol) -> str:
    return " | ".join(
        (
            f"{symbol.start_line}-{symbol.end_line}",
            symbol.kind,
            symbol.name,
            symbol.qualname,
            symbol.signature,
            repr(symbol.documentation),
        )
    )


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.name)
def test_a_source_gives_its_symbols(path: Path):
    found = [line(symbol) for symbol in symbols(path)]
    wanted = path.with_name(path.name + ".symbols")
    if os.environ.get("UPDATE_CASES"):
        wanted.write_text("\n".join(found) + "\n", encoding="utf-8", newline="\n")
    assert found == wanted.read_text("utf-8").splitlines()
    assert len(found) > 1


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.name)
def test_ranges_lie_in_the_source_and_begin_where_the_text_does(path: Path):
    source = path.read_bytes()
    for symbol in symbols(path)[1:]:
        text = source[symbol.start_byte : symbol.end_byte]
        assert text.strip() == text, symbol
        assert symbol.start_line == source.count(b"\n", 0, symbol.start_byte) + 1
        assert symbol.end_line == source.count(b"\n", 0, symbol.end_byte) + 1
        assert symbol.kind in KINDS


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.name)
def test_broken_sources_break_nothing(path: Path):
    source = path.read_bytes()
    language = languages.detect(path.name, source[:4096])
    assert language is not None
    noise = random.Random(7)
    broken = [source[:end] for end in range(0, len(source), max(1, len(source) // 40))]
    for _ in range(20):
        damaged = bytearray(source)
        for _ in range(8):
            damaged[noise.randrange(len(damaged))] = noise.randrange(256)
        broken.append(bytes(damaged))
    broken += [noise.randbytes(2_000), source.replace(b"\n", b"\r\n"), source.replace(b" ", b"\t")]
    for text in broken:
        for symbol in extract(text, language.name, path.name):
            assert 0 <= symbol.start_byte <= symbol.end_byte <= len(text)
            assert symbol.start_line <= symbol.end_line


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("sql", b"CREATE TABLE " + b" " * 100_000),
        ("sql", b"/*" * 50_000),
        ("sql", b"'" + b"\n" * 100_000),
        ("sql", b"CREATE FUNCTION f() AS $$ BEGIN " * 3_000),
        ("vue", b"<script>" * 20_000),
        ("vue", b"<!-- <script " * 10_000),
        ("astro", b"---\n" + b"<script>" * 20_000),
        ("astro", b"\n" * 100_000),
        ("swift", b"func ... " * 20_000),
        ("perl", b"=head1 x\n" * 10_000),
        ("objc", b"- (void)a:(int)" * 5_000),
        ("objc", b"NS_SWIFT_NAME(" * 10_000),
        ("hcl", b'resource "a" ' * 5_000),
        ("ocaml", b"let f x = 1 (** " * 2_000),
        ("elixir", b"def f(" * 2_000),
        ("bash", b'@test "a" {\n' * 5_000),
        ("bash", b"f() {\n" * 5_000 + b")"),
        ("objc", b"@interface A\n" + b"- (void)a {\n" * 5_000),
        ("kotlin", b'fun f() { $$"$$x" }\n' * 3_000),
    ],
    ids=lambda value: value if isinstance(value, str) else value[:14].decode(),
)
@pytest.mark.timeout(60)
def test_hooks_take_no_quadratic_time(name: str, text: bytes):
    extract(text, name, "x")
