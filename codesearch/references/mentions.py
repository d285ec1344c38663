"""Which sections of prose name a symbol, and which symbols a section names.

A name counts if it stands in a code span or a cross reference, and if it can only mean one symbol of the index. Files
are read as they are now, when it is asked: the index holds nothing for it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from codesearch.core.filter import Filter
from codesearch.core.tokens import name_key
from codesearch.core.types import TEXTS, Symbol
from codesearch.exact import groups
from codesearch.exact.pattern import Pattern
from codesearch.exact.scan import Request, scan
from codesearch.exact.tree import Tree, tree_of
from codesearch.files import decode
from codesearch.files.reading import read_plain
from codesearch.languages import detect
from codesearch.references.edges import CONFIDENCES, Confidence, Edge, at_least

if TYPE_CHECKING:
    from codesearch.index import Index
    from codesearch.store import Store

PROSE = ("markdown", "restructuredtext", "asciidoc", "org", "text")
"""The languages whose sections are looked at."""
MOST_NAMED = 200
"""Symbols with one name that are compared; a name that more have means none of them."""
_FENCES = {
    "markdown": re.compile(r"\s*(?:[-*>]\s+)?(`{3,}|~{3,})"),
    "asciidoc": re.compile(r"(-{4,}|\.{4,}|`{3,})\s*$"),
    "org": re.compile(r"\s*(#\+(?:begin|end)_)", re.IGNORECASE),
}
"""What begins and ends a block of code."""
_SPAN = re.compile(
    r"(?P<ticks>`{1,2})(?P<code>[^`\n]{1,200})(?P=ticks)"
    r"|<<(?P<cross>[^<>,\n]{1,200})(?:,[^<>\n]{0,200})?>>"
    r"|(?<![\w=~+])(?P<sign>[=~+])(?P<marked>[^\s=~+](?:[^=~+\n]{0,198}[^\s=~+])?)(?P=sign)(?![\w=~+])"
    r"|^\s*\.\. (?:\w+:)?(?:auto)?(?:function|class|method|exception|attribute|data|macro|type|struct)::\s+"
    r"(?P<directive>[^\s(]{1,200})"
)
_TARGET = re.compile(r".*<([^<>]+)>\s*\Z")
"""A role of reStructuredText with a title of its own: `title <target>`."""
_NAME = re.compile(r"[^\W\d][\w$]*[!?]?(?:(?:\.|::|#|->|\\|/)[^\W\d][\w$]*[!?]?)*")
_SEPARATOR = re.compile(r"::|\.|#|->|\\|/|:")
_PLAIN = re.compile(r"[A-Z]?[a-z]*")
"""A name that may be a word of the text, an option, a value, or a function of another library."""
_SHORTEST = 3
"""Letters of a name that is not taken for a word."""
_BARE = frozenset({"function", "class", "struct", "trait", "interface", "enum", "type"})
_FOREIGN = frozenset({"test", "example", "vendored"})
_INTERFACES = (".h", ".hh", ".hpp", ".hxx", ".mli", ".pyi", ".d.ts", ".ads", ".fsi")
"""Files with declarations, whose definitions are in other files."""
_NEWS = re.compile(r"change|history|news|release", re.IGNORECASE)


class Mention(NamedTuple):
    """A name in a text."""

    line: int
    """From 1."""
    parts: tuple[str, ...]
    """The name and what it says it is in, the outermost first."""


def mentions(index: Index, symbol: Symbol, *, confidence: Confidence = "likely") -> list[Edge]:
    """Return the sections of prose that name a symbol; of a section, the symbols that it names, by line.

    `exact`: nothing else in the index has this name. `name`: the same for a plain word (`serve`) that may
    mean something else. A name that several symbols have means none. Raises NotFoundError if there is no index.
    """
    tree = tree_of(index)
    found = _symbols(index, tree, symbol) if symbol.kind in TEXTS else _sections(tree, symbol)
    return [edge for edge in found if at_least(edge.confidence, confidence)]


def _sections(tree: Tree, symbol: Symbol) -> list[Edge]:
    if _NAME.fullmatch(symbol.name) is None:
        return []
    where = Filter(languages=PROSE)
    edges: list[Edge] = []
    pattern = Pattern((rf"(?<!\w){re.escape(symbol.name)}(?!\w)",))
    means: dict[tuple[str, ...], Confidence | None] = {}
    for file in scan(Request(tree.root, tree.paths(where), pattern, tree.options.max_file_size)):
        sure: dict[int, Confidence] = {}
        for one in _of_file(tree, file.path):  # the whole file, since its blocks of code decide
            if one.parts[-1] != symbol.name:
                continue
            if one.parts not in means:
                is_meant = _is_among(symbol, _meant(tree.store, one.parts))
                means[one.parts] = _confidence(one.parts) if is_meant else None
            if known := means[one.parts]:
                sure[one.line] = _surest(known, sure.get(one.line, known))
        lines = tuple(line for line in file.lines if line.number in sure)
        for group in groups.grouped(tree, [replace(file, lines=lines)], where) if lines else ():
            numbers = tuple(line.number for line in group.lines)
            edges.append(Edge(group.symbol, numbers, _surest(*(sure[number] for number in numbers)), "use"))
    return sorted(edges, key=lambda edge: bool(_NEWS.search(edge.symbol.path)))


def _symbols(index: Index, tree: Tree, section: Symbol) -> list[Edge]:
    first, text = index.source(section, whole=True)
    edges: dict[tuple[str, int, str], Edge] = {}
    for one in _in_text(section.language, text, first):
        for symbol in _meant(tree.store, one.parts):
            known = edges.get(key := (symbol.path, symbol.start_byte, symbol.name))
            lines = tuple(dict.fromkeys((*(known.lines if known else ()), one.line)))
            sure = _confidence(one.parts)
            sure = _surest(sure, known.confidence) if known else sure
            edges[key] = Edge(symbol, lines, sure, "use", source=section.path)
    return list(edges.values())


def _of_file(tree: Tree, path: str) -> Iterator[Mention]:
    try:
        raw = read_plain(f"{tree.root}/{path}", tree.options.max_file_size + 1)
    except OSError:  # it has gone since it was searched
        return
    language, decoded = detect(path, raw), decode(raw)
    if language is not None and not isinstance(decoded, str):
        yield from _in_text(language.name, decoded[0].decode("utf-8", "replace").split("\n"), 1)


def _in_text(language: str, lines: Sequence[str], first: int) -> Iterator[Mention]:
    """Yield the names in code spans and cross references, outside blocks of code."""
    fence, fences = "", _FENCES.get(language)
    for number, line in enumerate(lines, first):
        if opened := fences.match(line) if fences else None:
            mark = opened[1].lower().replace("end", "begin")
            if not fence or mark.startswith(fence):
                fence = "" if fence else mark
            continue
        if fence:
            continue
        for found in _SPAN.finditer(line):
            written = found["code"] or found["cross"] or found["marked"] or found["directive"]
            if one := _mention(number, written):
                yield one


def _mention(line: int, written: str) -> Mention | None:
    target = _TARGET.match(written)
    text = (target[1] if target else written).strip().lstrip("~.!@&#:")
    name = text.partition("(")[0].strip()
    if _NAME.fullmatch(name) is None:
        return None
    parts = tuple(part for part in _SEPARATOR.split(name) if part)
    return Mention(line, parts) if parts else None


def _meant(store: Store | None, parts: tuple[str, ...]) -> list[Symbol]:
    """Return the symbol that a name means, and its overloads and declaration; nothing if it can mean several.

    Tests, examples and vendored code are left out: prose rarely means them, and they have names of other projects.
    """
    symbols = _with_name(store, parts) if store is not None else []
    if any(one.kind != "method" for one in symbols):  # a constructor has the name of its class
        symbols = [one for one in symbols if _around(one)[-1:] != (one.name,)]
    bodies = [one for one in symbols if not one.path.endswith(_INTERFACES)] or symbols
    is_one = len({(one.path, one.qualname) for one in bodies}) == 1 and len({one.qualname for one in symbols}) == 1
    return [one for one in symbols if _is_named_bare(one, parts)] if is_one else []


def _with_name(store: Store, parts: tuple[str, ...]) -> list[Symbol]:
    """Return the symbols that a name can be that of; none if there are very many."""
    key = name_key(parts[-1])
    ids, details = store.named(key, MOST_NAMED + 1), store.minor.named(key, MOST_NAMED + 1)
    if len(ids) > MOST_NAMED or len(details) > MOST_NAMED:
        return []
    stored = [one for one in store.symbols([*ids, *details]).values() if not _is_no_code(one.symbol)]
    return [one.symbol for one in stored if _fits(one.symbol, parts) and _FOREIGN.isdisjoint(one.roles.split())]


def _fits(symbol: Symbol, parts: tuple[str, ...]) -> bool:
    """Return whether a name can be that of a symbol: the end of its path and qualified name, as they are written."""
    if symbol.name != parts[-1]:
        return False
    path = symbol.path.rpartition(".")[0].split("/")
    inside = (*_around(symbol), symbol.name)
    if (*path, *inside)[-len(parts) :] == parts:
        return True
    # A package that exports what its modules hold: `shop.Cart` is in shop/cart.py.
    return parts[-len(inside) :] == inside and all(part in path for part in parts[: -len(inside)])


def _around(symbol: Symbol) -> tuple[str, ...]:
    return tuple(part for part in _SEPARATOR.split(symbol.qualname.removesuffix(symbol.name)) if part)


def _is_no_code(symbol: Symbol) -> bool:
    return symbol.kind in (*TEXTS, "test") or (symbol.kind == "module" and symbol.start_byte == 0)


def _surest(*some: Confidence) -> Confidence:
    return min(some, key=CONFIDENCES.index)


def _is_named_bare(symbol: Symbol, parts: tuple[str, ...]) -> bool:
    """Return whether a symbol may be named as it is: what belongs to a type needs it, unless its name says enough."""
    return len(parts) > 1 or symbol.kind in _BARE or _PLAIN.fullmatch(symbol.name) is None


def _confidence(parts: tuple[str, ...]) -> Confidence:
    is_word = parts[0].islower() and _PLAIN.fullmatch(parts[0]) is not None
    return "name" if len(parts) == 1 and (is_word or len(parts[0]) < _SHORTEST) else "exact"


def _is_among(symbol: Symbol, symbols: Sequence[Symbol]) -> bool:
    here = symbol.path, symbol.qualname
    return any((one.path, one.qualname) == here for one in symbols)
