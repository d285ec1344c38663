"""Fits the results of a search into a budget of tokens, the best with the most source."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Protocol

from codesearch.context.clean import fence, one_line
from codesearch.context.excerpt import Excerpt, excerpt
from codesearch.context.token_count import estimate
from codesearch.core.types import Hit, Symbol
from codesearch.files.content import read_source
from codesearch.files.notebooks import EXTENSION, Cells, Place
from codesearch.files.values import Source

if TYPE_CHECKING:
    from codesearch.index import Index

SHARE = 0.35
"""Share of the tokens left that a result may take for its snippet; the next results share the rest."""
LEAST_SOURCE = 60.0
"""Tokens below which a snippet says too little."""
MODULE_TOKENS = 150.0
"""Tokens for the code of a file outside its symbols, among other results."""
HEADINGS_SHARE = 0.5
"""Share of the budget that is kept for the headings of the results to come."""
WORTH_REPEATING = 40.0
"""Source of fewer tokens is sent again, because saying that it was sent costs as much."""
SENT_BEFORE = "(source sent earlier in this session; get_symbol shows it again)"
MOST_COPIES = 3


@dataclass(frozen=True, slots=True)
class Entry:
    """A result as it is shown."""

    hit: Hit
    detail: str
    source: str = ""
    whole: bool = True
    sent_before: bool = False
    mark: str = ""
    """What `sent` holds once the source was sent; "" if there is none."""
    cell: Place | None = None
    """Where it begins, if it is in a notebook."""

    def text(self) -> str:
        """Return the entry as Markdown."""
        lines = [heading(self.hit, self.cell)]
        if self.detail == "signatures" and not self.source:
            lines += [f"  {line}" for line in summary(self.hit.symbol)]
        if self.sent_before:
            lines.append(f"  {SENT_BEFORE}")
        if not self.source:
            return "\n".join(lines) + "\n"
        marks = fence(self.source)
        return "\n".join([*lines, f"{marks}\n{self.source}{marks}"]) + "\n"

    def real_names(self) -> dict[str, Any]:
        """Return what of the object a program needs as it is, with whatever characters are in it."""
        copies = list(self.hit.copies[:MOST_COPIES])
        names: dict[str, Any] = {"path": self.hit.symbol.path, "name": self.hit.symbol.qualname}
        return {**names, "copies": copies} if copies else names

    def json(self) -> dict[str, Any]:
        """Return the entry as an object; its names are cleaned."""
        symbol = self.hit.symbol
        value: dict[str, Any] = {
            "path": one_line(symbol.path),
            "start_line": symbol.start_line,
            "end_line": symbol.end_line,
            "kind": symbol.kind,
            "name": one_line(symbol.qualname),
        }
        if self.cell is not None:
            value |= {"cell": self.cell.cell, "cell_line": self.cell.line}
        if self.hit.score:
            value["score"] = round(self.hit.score, 2)
        if self.hit.copies:
            value["copies"] = [one_line(copy) for copy in self.hit.copies[:MOST_COPIES]]
        if self.detail == "signatures" and not self.source:
            value["signature"] = one_line(symbol.signature)
            if first := _first_sentence(symbol):
                value["documentation"] = first
        if self.source:
            value["source"] = self.source
            value["whole"] = self.whole
        if self.sent_before:
            value["sent_before"] = True
        return value


@dataclass(frozen=True, slots=True)
class Selection:
    """The entries that fit a budget."""

    entries: tuple[Entry, ...]
    left_out: int
    """Hits that did not fit."""

    @property
    def marks(self) -> list[str]:
        """What was sent."""
        return [entry.mark for entry in self.entries if entry.mark]


def heading(hit: Hit, cell: Place | None = None) -> str:
    """Return the line above a result: place, in a notebook also that in its `cell`, kind and name."""
    symbol = hit.symbol
    last = f"-{symbol.end_line}" if symbol.end_line != symbol.start_line else ""
    copies = hit.copies[:MOST_COPIES]
    more = f", {len(hit.copies) - len(copies)} more" if len(hit.copies) > len(copies) else ""
    also = f" (same code: {', '.join(map(one_line, copies))}{more})" if copies else ""
    place = f"{one_line(symbol.path)}:{symbol.start_line}{last}" + (f" ({cell})" if cell is not None else "")
    return f"{place} {symbol.kind} {one_line(symbol.qualname)}{also}"


def summary(symbol: Symbol) -> list[str]:
    """Return the signature of a symbol, and the first sentence of its documentation."""
    return [line for line in (one_line(symbol.signature)[:300], _first_sentence(symbol)) if line]


def _first_sentence(symbol: Symbol) -> str:
    paragraph = " ".join(symbol.documentation.split("\n\n")[0].split())
    end = paragraph.find(". ")
    return one_line(paragraph if end < 0 else paragraph[: end + 1])[:200]


def select(
    sources: Sources,
    hits: Sequence[Hit],
    budget: float,
    *,
    detail: str = "snippets",
    words: Sequence[str] = (),
    sent: Collection[str] = (),
) -> Selection:
    """Return the hits that fit a budget of tokens, best first.

    `words` are those of the question; source that is in `sent` (`Selection.marks` of earlier answers) is left out.
    """
    cells = [_cell(sources, hit.symbol) for hit in hits]
    least = "signatures" if detail == "signatures" else "locations"
    costs = [estimate(Entry(hit, least, cell=cell).text()) for hit, cell in zip(hits, cells, strict=True)]
    entries: list[Entry] = []
    left = budget
    for place, hit in enumerate(hits):
        kept = min(sum(costs[place + 1 :]), HEADINGS_SHARE * left)
        if costs[place] > left and entries:
            break
        entry = Entry(hit, detail, cell=cells[place])
        if detail in ("snippets", "full"):
            room = left - costs[place] - kept
            share = room if detail == "full" or len(hits) == 1 else min(room, max(SHARE * room, 3 * LEAST_SOURCE))
            if hit.symbol.kind == "module" and len(hits) > 1:  # the code of a file outside its symbols
                share = min(share, MODULE_TOKENS)
            entry = _with_source(sources, entry, share, words, sent)
        entries.append(entry)
        left -= estimate(entry.text())
    return Selection(tuple(entries), len(hits) - len(entries))


def _with_source(sources: Sources, entry: Entry, budget: float, words: Sequence[str], sent: Collection[str]) -> Entry:
    """Return the entry with as much source as the budget allows; without any if it was sent before."""
    symbol = entry.hit.symbol
    source = sources.read(symbol.path)
    if source is None or budget < LEAST_SOURCE:
        return entry
    found = excerpt(source, symbol, budget - 8, words)
    mark = _mark(symbol, source, found)
    if found.tokens > WORTH_REPEATING and (mark in sent or _within(symbol, source, sent)):
        return replace(entry, sent_before=True)
    if found.tokens > budget and entry.detail != "full":
        return entry  # not even the signature fits
    return replace(entry, source=found.text, whole=found.whole, mark=mark)


def _cell(sources: Sources, symbol: Symbol) -> Place | None:
    """Return where a symbol in a notebook begins; None for other files."""
    text = sources.read(symbol.path) if symbol.path.endswith(EXTENSION) else None
    return None if text is None else Cells.of(text).place(symbol.start_line)


def _mark(symbol: Symbol, source: bytes, found: Excerpt) -> str:
    if found.whole:
        return f"{_digest(symbol.path, source)}:{symbol.start_line}-{symbol.end_line}"
    return _digest(symbol.path, found.text.encode("utf-8", "replace"))


def _digest(path: str, content: bytes) -> str:
    return hashlib.blake2b(path.encode("utf-8", "surrogateescape") + b"\0" + content, digest_size=6).hexdigest()


def _within(symbol: Symbol, source: bytes, sent: Collection[str]) -> bool:
    """Return whether a symbol is part of one that was sent whole, from the same content of the file."""
    start = _digest(symbol.path, source) + ":"
    for mark in sent:
        if mark.startswith(start):
            first, _, last = mark[len(start) :].partition("-")
            if int(first) <= symbol.start_line and symbol.end_line <= int(last):
                return True
    return False


class Sources(Protocol):
    """Where the source of results is read from."""

    def read(self, path: str) -> bytes | None:
        """Return the source of a file as it is now; None if it cannot be read."""


class Reader:
    """Reads the files of an index, each once."""

    def __init__(self, index: Index) -> None:
        self._root, self._options = index.root, index.settings.file_options()
        self._known: dict[str, bytes | None] = {}

    def read(self, path: str) -> bytes | None:
        """Return the source of a file as it is now; None if it cannot be read."""
        if path not in self._known:
            source = read_source(self._root, path, self._options)
            self._known[path] = source.data if isinstance(source, Source) else None
        return self._known[path]


def cleaned(notes: Sequence[str]) -> list[str]:
    """Return notes, each once and on one line, without control characters; empty ones are left out."""
    return list(dict.fromkeys(one_line(note) for note in notes if note))
