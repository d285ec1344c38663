"""Measure how many of the symbols of a tree are junk, by rules, and print a sample to read.

    python benchmarks/precision.py TREE... [--lang NAME] [--sample N] [--seed N]

For each language: the files, the symbols, and how many break a rule (`RULES` describes them). The sample is drawn with
a seed, so that two versions can be read side by side. Files over 1 MB and minified files are left out.
"""

from __future__ import annotations

import argparse
import random
import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from recall_ctags import source_files

from codesearch import languages
from codesearch.core.types import TEXTS, Symbol
from codesearch.extract.symbols import ParseTimeoutError, extract

RULES = {
    "keyword": "the name is a keyword that no definition can have",
    "no name": "the name is empty, or has brackets or semicolons that are not an operator's; "
    "of a text: brackets that do not pair, or an entity of HTML",
    "overlap": "the range begins inside another symbol and ends behind it",
    "neighbour": "the documentation is that of the symbol before and stands once in the source, "
    "or the range ends in the comment of the next",
    "no end": "the body opens a brace that the range does not close",
    "twice": "another symbol of the same name and kind begins on the same line",
}
KEYWORDS = frozenset("if else for while switch return catch sizeof elif foreach until unless do try finally".split())
FREE_NAMES = {
    "ruby": KEYWORDS,
    "lua": KEYWORDS,
    "erlang": frozenset({"do", "foreach", "for", "while", "return", "until", "unless", "switch", "finally", "sizeof"}),
    "ocaml": frozenset({"return", "catch", "switch", "foreach", "unless", "until", "finally"}),
    "ocaml_interface": frozenset({"return", "catch", "switch", "foreach", "unless", "until", "finally"}),
}
"""The words that are ordinary names in a language."""
OPERATOR_LANGUAGES = frozenset({"haskell", "scala", "ocaml", "ocaml_interface", "swift", "julia", "elixir"})
QUOTED_NAMES = frozenset({"fsharp", "kotlin", "nix", "zig", "groovy"})
"""Languages with names in quotes, which may hold anything."""
NO_NAME = re.compile(r"[(){};]")
ENTITY = re.compile(r"&(?:#\d+|[a-z]+);")
PAIRS = {")": "(", "]": "[", "}": "{"}
COMMENT_END = re.compile(r"(?:\*/|^\s*(?://|/\*|\*\s).*)\Z")
LONGEST_TITLE = 120
"""Letters after which the name of a text is cut."""
NO_SLASHES = frozenset({"nix"})
"""Languages in which `//` is an operator."""


@dataclass
class Row:
    """The counts for one language."""

    files: int = 0
    symbols: int = 0
    broken: Counter[str] = field(default_factory=Counter)
    examples: list[str] = field(default_factory=list)


def broken(symbols: Sequence[Symbol], source: bytes) -> Iterator[tuple[Symbol, str]]:
    """Yield each symbol that breaks a rule, and the rule."""
    seen: set[tuple[str, str, int]] = set()
    around: list[Symbol] = []
    before: Symbol | None = None
    shared = _shared(symbols, source)
    for symbol in symbols:
        while around and around[-1].end_byte <= symbol.start_byte:
            around.pop()
        if around and symbol.end_byte > around[-1].end_byte:
            yield symbol, "overlap"
        around.append(symbol)
        is_text = symbol.kind in TEXTS or languages.get(symbol.language).is_text
        for rule in _of_text(symbol) if is_text else _of_code(symbol, source, _repeats(symbol, before, shared)):
            yield symbol, rule
        key = symbol.qualname, symbol.kind, symbol.start_line
        if key in seen:
            yield symbol, "twice"
        seen.add(key)
        before = symbol


def _of_text(symbol: Symbol) -> Iterator[str]:
    if not _is_title(symbol):
        yield "no name"


def _of_code(symbol: Symbol, source: bytes, is_repeated: bool) -> Iterator[str]:
    if _is_keyword(symbol):
        yield "keyword"
    if _has_no_name(symbol):
        yield "no name"
    text = source[symbol.start_byte : symbol.end_byte].decode("utf-8", "replace")
    if is_repeated or (symbol.language not in NO_SLASHES and _ends_in_comment(text)):
        yield "neighbour"
    if text.count("{") == 1 and "}" not in text and "\n" in text:
        yield "no end"


def _is_keyword(symbol: Symbol) -> bool:
    if symbol.kind not in ("function", "type") or symbol.name not in KEYWORDS:
        return False
    return symbol.name not in FREE_NAMES.get(symbol.language, ())


def _has_no_name(symbol: Symbol) -> bool:
    free = symbol.language in OPERATOR_LANGUAGES or symbol.language in QUOTED_NAMES
    if symbol.kind == "test" or "operator" in symbol.name or free:
        return not symbol.name
    return not symbol.name or NO_NAME.search(symbol.name) is not None


def _is_title(symbol: Symbol) -> bool:
    """Whether a name is whole; that of a part of unknown source is its first line, whatever it says."""
    if not symbol.name.strip():
        return False
    if symbol.language == "source" or len(symbol.name) >= LONGEST_TITLE:
        return True
    open_ones: list[str] = []
    for sign in re.sub(r"[:;]-?[()]|^\w{1,2}\)", "", symbol.name):
        if sign in PAIRS.values():
            open_ones.append(sign)
        elif sign in PAIRS and (not open_ones or open_ones.pop() != PAIRS[sign]):
            return False
    return not open_ones and ENTITY.search(symbol.name) is None


def _shared(symbols: Sequence[Symbol], source: bytes) -> set[str]:
    """Return the documentation that more symbols have than the source says it."""
    times = Counter(symbol.documentation for symbol in symbols if len(symbol.documentation) > 40)
    text = source.decode("utf-8", "replace")
    return {said for said, count in times.items() if count > 1 and text.count(_longest_line(said)) < count}


def _longest_line(said: str) -> str:
    return max(said.splitlines(), key=len).strip()


def _repeats(symbol: Symbol, before: Symbol | None, shared: set[str]) -> bool:
    if before is None or symbol.documentation not in shared or before.documentation != symbol.documentation:
        return False
    return before.start_line != symbol.start_line and before.name != symbol.name


def _ends_in_comment(text: str) -> bool:
    return "\n" in text and COMMENT_END.search(text[text.rfind("\n") + 1 :]) is not None


def main() -> None:
    """Print the table, then the sample."""
    rules = "\n".join(f"  {name}: {meaning}" for name, meaning in RULES.items())
    parser = argparse.ArgumentParser(
        description=f"{__doc__}\n{rules}", formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("trees", nargs="+", type=Path, metavar="TREE")
    parser.add_argument("--lang", help="only this language")
    parser.add_argument("--sample", type=int, default=0, metavar="N", help="print N random symbols of each language")
    parser.add_argument("--broken", type=int, default=0, metavar="N", help="print N symbols that break a rule")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    rows: dict[str, Row] = defaultdict(Row)
    found: dict[str, list[Symbol]] = defaultdict(list)
    for path, language, source in source_files(options.trees, options.lang):
        try:
            _, *symbols = extract(source, language, str(path), timeout=20)
        except ParseTimeoutError:
            continue
        row = rows[language]
        row.files += 1
        row.symbols += len(symbols)
        found[language] += symbols
        for symbol, rule in broken(symbols, source):
            row.broken[rule] += 1
            row.examples.append(f"{rule}: {path}:{symbol.start_line} {symbol.kind} {symbol.qualname}")
    print(f"{'language':15} {'files':>6} {'symbols':>8} {'junk':>6}  {'share':>7}  by rule")
    for name, row in sorted(rows.items()):
        junk = row.broken.total()
        share = f"{100 * junk / row.symbols:.2f} %" if row.symbols else "-"
        by_rule = ", ".join(f"{rule} {count}" for rule, count in row.broken.most_common())
        print(f"{name:15} {row.files:6} {row.symbols:8} {junk:6}  {share:>7}  {by_rule}")
    draw = random.Random(options.seed)
    for name, row in sorted(rows.items()):
        for example in draw.sample(row.examples, min(options.broken, len(row.examples))):
            print(f"{name}: {example}")
        for symbol in draw.sample(found[name], min(options.sample, len(found[name]))):
            first = symbol.documentation.partition("\n")[0][:80]
            print(f"{symbol.path}:{symbol.start_line}-{symbol.end_line} {symbol.kind} {symbol.qualname} | {first}")


if __name__ == "__main__":
    main()
