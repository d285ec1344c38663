"""Removes documentation from source without moving anything: its words become blanks, comment marks stay.

Offsets, lines and syntax stay as they are, so a symbol is found at the same place in the copy. The result is
checked by extracting it again: a file in which any symbol would move or change keeps its text.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from codesearch.core.errors import CodesearchError
from codesearch.core.types import Symbol
from codesearch.extract.symbols import extract

_MARKS = re.compile(r"(?:\b[rRuUbBfF]{1,2}(?=[\"'])|@(?:type|module)?doc\b|\bdoc\b\s*=|\W|_)+")
"""What may be beside a line of documentation: comment marks, quotes and their prefixes, `@doc`."""
_TAGS = r"</?\w[^<>]*>|\{@link(?:plain)?\s+[^\s}]+\s+|\{@\w+\s*|\([^()]*\)(?=\s*\})|\}"
"""What Javadoc may have between two words: tags, `{@link Shop#open() `, `{@code `, the brackets of a method."""
_ESCAPED = {"<": "(?:<|&lt;)", ">": "(?:>|&gt;)", "&": "(?:&|&amp;)", ".": "[.#]"}
_BLANKED = "."
"""Dots, not blanks: some grammars, such as Scala's, parse an empty comment as something else."""
_WORDS = re.compile(r"[^\W\d_]{2}")
_SKIPPED = 3
"""Lines in between without words: banners, directives."""
_COMMENT_ABOVE = 200
"""Number of lines above a symbol in which its comment may be."""
PARSE_SECONDS = 20.0


def without_documentation(source: bytes, language: str, path: str) -> tuple[bytes, list[Symbol], frozenset[int]]:
    """Return (source without the documentation of functions and types, the original symbols, which were blanked).

    The last are indices into the symbols: those whose documentation was removed. The documentation of the file
    itself (of its `module`) stays. Raises the errors of `extract`.
    """
    symbols = extract(source, language, path, timeout=PARSE_SECONDS)
    documented = [at for at, symbol in enumerate(symbols) if symbol.kind != "module" and symbol.documentation]
    if not documented:
        return source, symbols, frozenset()
    try:
        lines = source.decode("utf-8").split("\n")
    except UnicodeDecodeError:
        return source, symbols, frozenset()
    for at in documented:
        _blank(lines, symbols[at])
    blanked = "\n".join(lines).encode()
    try:
        after = extract(blanked, language, path, timeout=PARSE_SECONDS)
    except CodesearchError:
        return source, symbols, frozenset()
    if [_place(symbol) for symbol in after] != [_place(symbol) for symbol in symbols]:
        return source, symbols, frozenset()
    return blanked, symbols, frozenset(at for at in documented if not _WORDS.search(after[at].documentation))


def _place(symbol: Symbol) -> tuple[object, ...]:
    return (symbol.kind, symbol.qualname, symbol.signature, symbol.start_byte, symbol.end_byte)


def _blank(lines: list[str], symbol: Symbol) -> None:
    """Blank the documentation of one symbol if its lines are found in order; else change nothing."""
    wanted = [text for line in symbol.documentation.splitlines() if (text := line.strip()) and re.search(r"\w", text)]
    patterns = [_pattern(text) for text in wanted]
    if not patterns:
        return
    top = max(0, symbol.start_line - 1 - _COMMENT_ABOVE)
    # The nearest comment above the symbol, else the first text inside it.
    above = range(symbol.start_line - 2, top - 1, -1)
    for first in (*above, *range(symbol.start_line - 1, min(symbol.end_line, len(lines)))):
        found = _run(lines, patterns, first, symbol.end_line)
        if found is not None:
            for row, start, end in found:
                line = lines[row]
                # As many bytes as before: offsets are in bytes.
                lines[row] = line[:start] + _BLANKED * len(line[start:end].encode()) + line[end:]
            return


def _pattern(text: str) -> re.Pattern[str]:
    """Return what finds a line of documentation in its source, where it may have the markup of Javadoc."""
    tokens = [_ESCAPED.get(token, re.escape(token)) for token in re.findall(r"\w+|[^\w\s]", text)]
    between = rf"(?:\s|{_TAGS})*"
    return re.compile(f"(?:{_TAGS})*{between.join(tokens)}(?:{_TAGS})*")


def _run(
    lines: list[str], patterns: Sequence[re.Pattern[str]], first: int, last: int
) -> list[tuple[int, int, int]] | None:
    """Return (row, start, end) of each line of documentation if the first is on row `first` and the others below it."""
    found = []
    row = first
    for number, pattern in enumerate(patterns):
        for probe in range(row, min(row + (_SKIPPED + 1 if number else 1), len(lines))):
            match = pattern.search(lines[probe])
            if match is not None and _is_alone(lines[probe], match):
                found.append((probe, match.start(), match.end()))
                row = probe + 1
                break
        else:
            return None
    return found if row <= last + 1 else None


def _is_alone(line: str, match: re.Match[str]) -> bool:
    """Return whether a line contains nothing but comment marks beside the documentation."""
    rest = (line[: match.start()], line[match.end() :])
    return all(not part or _MARKS.fullmatch(part) is not None for part in rest)
