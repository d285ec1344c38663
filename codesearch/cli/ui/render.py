"""Prints results as text, JSON, vimgrep lines or paths."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from codesearch.cli.options import Format
from codesearch.cli.ui import console, page
from codesearch.cli.ui.console import Look, clean
from codesearch.cli.ui.header import FAINT, KIND, LINE, NAME, PATH, Header
from codesearch.cli.ui.page import NO_TERMS, Terms
from codesearch.cli.ui.paths import Paths
from codesearch.files.cells import Notebooks

if TYPE_CHECKING:
    from codesearch.cli.ui.beside import Beside
    from codesearch.core.types import Hit, Symbol
    from codesearch.index import Index
    from codesearch.repositories.joined import Place
    from codesearch.search import Ranked

MOST_COPIES = 3
"""Maximum number of copies or parts of a result that are named; the others are counted."""


@dataclass(frozen=True, slots=True)
class Answers:
    """How the results of a command are printed."""

    index: Index
    format: Format
    look: Look
    paths: Paths
    """How paths are printed, except in JSON."""
    context: int
    """Lines of source below each result in text."""
    snippet: bool = False
    snippet_lines: int | None = None
    """Lines of the snippet in JSON; None means the whole symbol."""
    weak: float = 0.0
    """Results with a lower score are marked."""
    terms: Terms = NO_TERMS
    """Words to show and mark in the source."""
    everything: bool = False
    """Show all results in full, even if they do not fit the terminal."""
    complete: bool = True
    """Whether the index has the whole tree, as JSON says."""
    unchecked: bool = False
    """Whether files may have changed since they were indexed; then those of the results are compared, and marked."""
    quiet: bool = False
    repository: str = ""
    """The name of the repository, if several are asked."""
    server: str = ""
    """The address of the server that has the repository; "" for one of this machine."""
    also: Mapping[int, Sequence[Place]] = field(default_factory=dict)
    """Where the same code is in other repositories, by rank."""
    beside: Beside | None = None
    _changed: dict[str, bool] = field(default_factory=dict)
    """Whether each file of the results has changed."""

    @property
    def notebooks(self) -> Notebooks:
        """Where lines are in the cells of notebooks; nothing is known of those on a server."""
        return Notebooks(None if self.server else self.index.root, self.index.settings.file_options())

    def line(self, symbol: Symbol) -> str:
        """Return the first line of a symbol as people read it."""
        return self.notebooks.line(symbol.path, symbol.start_line)

    def print_hits(self, hits: Sequence[Hit], query: dict[str, Any], reasons: Sequence[Ranked] = ()) -> None:
        """Print the results of one query; `query` is the text that JSON objects repeat.

        `reasons` are printed with them: one per result, and optionally one for the result after the last.
        """
        self.print_some(hits, query, reasons)
        self.note_changed()

    def print_some(self, hits: Sequence[Hit], query: dict[str, Any], reasons: Sequence[Ranked] = ()) -> None:
        """Do the same without the note about files that have changed."""
        if self.format is Format.json:
            results = [self.hit(hit, reasons) for hit in hits]
            self._print_object(results, query)
        elif self.format is Format.ndjson:
            for hit in hits:
                self._print_line(self.hit(hit, reasons))
        elif self.format is Format.text:
            print_page([(self, hit) for hit in hits], reasons)
        elif self.format is Format.paths:
            self.print_paths(path for hit in hits for path in self.paths_of(hit))
        else:
            self.print_plain(hit.symbol for hit in hits)

    def print_symbols(self, symbols: Iterable[Symbol], scores: Sequence[float] = ()) -> int:
        """Print symbols without a query, one per line; return how many there were. `scores` are for text only."""
        count = 0

        def counted() -> Iterator[Symbol]:
            nonlocal count
            for symbol in symbols:
                count += 1
                yield symbol

        if self.format is Format.json:
            self._print_object([self.symbol(one) for one in counted()])
        elif self.format is Format.ndjson:
            for symbol in counted():
                self._print_line(self.symbol(symbol))
        elif self.format is Format.text:
            for symbol in counted():
                score = f"{scores[count - 1]:.2f}  " if scores else ""
                head = score + self._place(symbol) + "  " + self._title(symbol)
                rest = "" if symbol.kind in ("module", "document") else clean(symbol.signature)
                if self.look.width is not None:
                    left = self.look.width - len(score) - console.columns(self._plain_header(symbol)) - 2
                    rest = console.cut(rest, left, self.look.more) if left > 15 else ""
                console.write(head + ("  " + self.look.paint(rest, FAINT) if rest else "") + "\n")
                if self.snippet_lines:
                    first, lines = self.index.source(symbol)
                    console.write(self._snippet(symbol, first, lines, 0, self.snippet_lines))
        else:
            self.print_plain(counted())
        self.note_changed()
        return count

    def print_source(self, symbols: list[Symbol]) -> None:
        """Print whole symbols: only the source in a pipe; with location and line numbers on a terminal."""
        if self.format is Format.json:
            results = [
                {**self.symbol(symbol), "snippet": "\n".join(self.index.source(symbol, whole=True)[1])}
                for symbol in symbols
            ]
            self._print_object(results)
            self.note_changed()
            return
        for number, symbol in enumerate(symbols):
            if number:
                console.write("\n")
            first, lines = self.index.source(symbol, whole=True)
            self._is_changed(symbol)
            if self.look.width is not None:
                head = f"{self._place(symbol)}  {self._title(symbol)}\n"
                console.write(head + self._snippet(symbol, first, lines, 0, len(lines)))
                continue
            if self.look.color:
                from codesearch.cli.ui import highlight

                lines = highlight.lines(lines, symbol.language, len(lines))
            console.write("\n".join(lines) + "\n")
        self.note_changed()

    # -- files that have changed ------------------------------------------------------------------

    def _is_changed(self, symbol: Symbol) -> bool:
        """Return whether the lines of a symbol may be others now than those that were indexed."""
        if not self.unchecked:
            return False
        if symbol.path not in self._changed:
            self._changed[symbol.path] = self.index.is_changed(symbol.path)
        return self._changed[symbol.path]

    def note_changed(self) -> None:
        """Say which files of the results have changed."""
        changed = sorted(path for path, is_changed in self._changed.items() if is_changed)
        if changed and not self.quiet:
            console.flush()
            shown = ", ".join(map(clean, changed[:MOST_COPIES])) + (", ..." if changed[MOST_COPIES:] else "")
            console.message(f"changed since indexed, so the lines shown may be others: {shown}")

    # -- JSON -------------------------------------------------------------------------------------

    def _print_object(self, results: list[dict[str, Any]], query: dict[str, Any] | None = None) -> None:
        about = {**(query or {}), "root": str(self.index.root), "complete": self.complete}
        print_json({**about, "results": results}, indent=2)

    def _print_line(self, item: dict[str, Any]) -> None:
        print_json(item if self.complete else {**item, "complete": False})

    def hit(self, hit: Hit, reasons: Sequence[Ranked] = ()) -> dict[str, Any]:
        """Return a result as output.schema.json describes it."""
        more: dict[str, Any] = {"weak": True} if hit.score < self.weak else {}
        if hit.copies:
            more["copies"] = list(hit.copies)
        if hit.folded:
            more["folded"] = [_line_of(one) for one in hit.folded]
        if also := self.also.get(hit.rank):
            more["also_in"] = [{"repo": one.repository, "path": one.path, "line": one.line} for one in also]
        if reasons:
            from codesearch.cli.ui import explain

            more["explain"] = explain.to_json(reasons[hit.rank - 1])
        if self.beside is not None:
            more |= self.beside.json(hit)
        return {"rank": hit.rank, "score": round(hit.score, 6), **self.symbol(hit.symbol), **more}

    def symbol(self, symbol: Symbol) -> dict[str, Any]:
        """Return a symbol as output.schema.json describes it."""
        fields: dict[str, Any] = {
            "path": symbol.path,
            "start_line": symbol.start_line,
            "end_line": symbol.end_line,
            "kind": symbol.kind,
            "name": symbol.name,
            "qualname": symbol.qualname,
            "signature": symbol.signature,
            "language": symbol.language,
        }
        fields |= self.notebooks.fields(symbol.path, symbol.start_line)
        if self.repository:
            fields["repo"] = self.repository
            fields |= {"server": self.server} if self.server else {"root": str(self.index.root)}
        if self._is_changed(symbol):
            fields["changed"] = True
        if self.snippet:
            fields["snippet"] = "\n".join(self.index.source(symbol, head=self.snippet_lines)[1])
        return fields

    # -- for editors ------------------------------------------------------------------------------

    def print_plain(self, symbols: Iterable[Symbol]) -> None:
        """Print symbols for other programs: as paths, as rows with their source, or as lines for editors."""
        if self.format is Format.paths:
            self.print_paths(self.paths.shown(symbol.path) for symbol in symbols)
            return
        if self.format is Format.nl:
            before = self.repository and f"{self.repository}:"
            for symbol in symbols:
                source = "\n".join(self.index.source(symbol, whole=True)[1])
                self._print_line({"id": f"{before}{symbol.path}:{symbol.start_line}", "code": source})
            return
        for symbol in symbols:
            _, lines = self.index.source(symbol, head=1)
            first = lines[0] if lines else ""
            if self._is_changed(symbol):
                first = ""  # of another symbol, perhaps
            column = len(first[: len(first) - len(first.lstrip())].encode()) + 1
            said = clean(symbol.signature or first.strip() or f"{symbol.kind} {symbol.qualname}")
            said = f"[{self.repository}] {said}" if self.repository else said
            console.write(f"{clean(self.paths.shown(symbol.path))}:{symbol.start_line}:{column}:{said}\n")

    def paths_of(self, hit: Hit) -> Iterator[str]:
        """Yield the paths of the files that contain a result or a copy of it, as they are printed."""
        for path in (hit.symbol.path, *(copy.rpartition(":")[0] for copy in hit.copies)):
            yield self.paths.shown(path)

    def print_paths(self, paths: Iterable[str]) -> None:
        """Print each path once: as it is for other programs, without control characters on a terminal."""
        seen = set()
        for path in paths:
            if path not in seen:
                seen.add(path)
                console.write((path if self.look.width is None else clean(path)) + "\n")

    # -- for people -------------------------------------------------------------------------------

    def text(self, hit: Hit, count: int, *, everything: bool = True) -> str:
        """Return a result with `count` lines of its source, and where else it is if `everything` is wanted."""
        return self._text(hit, count) + (self._elsewhere(hit) if everything else "")

    def _text(self, hit: Hit, count: int) -> str:
        """Return the header of a result, and `count` lines of its source."""
        symbol = hit.symbol
        header = self._header(hit)
        if self._is_changed(symbol):
            mark = f"{self.look.bar} changed since indexed; the lines may be others"
            header += self.look.paint("     " + self.look.fit(mark, 5), FAINT) + "\n"
        if self.beside is not None:
            return header + self.beside.text(hit, count)
        if not count and self.context:
            return header
        first, lines = self.index.source(symbol)
        is_module = symbol.kind in ("module", "document")
        signature = "" if is_module else symbol.signature
        declared = page.declaration(signature, lines)
        one_line = bool(count) and len(declared) == 1
        # A declaration of several lines is shown on one line, and the body from the line after it.
        top = "" if one_line else self._signature(symbol, signature)
        least = 0 if one_line else declared.stop
        start = page.first_line(lines, least, count, self.terms, is_module=is_module)
        if one_line and start > declared.stop:
            top = self._signature(symbol, signature)
        said = self._documentation(symbol, lines[start : start + count]) if self.look.height is not None else ""
        return header + said + top + self._snippet(symbol, first, lines, start, count)

    def _header(self, hit: Hit) -> str:
        """Return number, location, kind, name and score of a result."""
        weak = hit.score < self.weak
        score = f"weak {hit.score:.2f}" if weak else f"{hit.score:.2f}"
        number = f"{hit.rank:>2}  " if self.look.height is not None else ""
        symbol = hit.symbol
        said = Header(symbol, clean(self.paths.shown(symbol.path)), self.line(symbol), number, score, faint=weak)
        return said.text(self.look, lambda path: self._linked(symbol, path))

    def _documentation(self, symbol: Symbol, shown: list[str]) -> str:
        """Return the first sentence of the documentation, unless it is among the lines shown."""
        sentence = clean(page.first_sentence(symbol.documentation))
        if not sentence or any(sentence[:30] in " ".join(line.split()) for line in shown):
            return ""
        return self.look.paint("     " + self.look.fit(sentence, 5), "3") + "\n"

    def _elsewhere(self, hit: Hit) -> str:
        """Return the locations of copies and of overloads, one line for each sort.

        The enclosing symbol is not listed: the qualified name contains it.
        """
        out = []
        asked = hit.symbol
        same = (one for one in hit.folded if (one.qualname, one.kind) == (asked.qualname, asked.kind))
        overloads = [self.paths.place(one.path, self.line(one)) for one in same]
        copies = [self.paths.place(path, line) for path, _, line in (copy.rpartition(":") for copy in hit.copies)]
        also = [str(place) for place in self.also.get(hit.rank, ())]
        for said, places in (("copied in", copies), ("overloaded in", overloads), ("also in", also)):
            if places:
                named = ", ".join(map(clean, places[:MOST_COPIES]))
                more = len(places) - MOST_COPIES
                shown = f"{said} {named}" + (f" and {more} more" if more > 0 else "")
                out.append(self.look.paint("     " + self.look.fit(f"{self.look.bar} {shown}", 5), FAINT) + "\n")
        return "".join(out)

    def _plain_header(self, symbol: Symbol) -> str:
        path = clean(self.paths.shown(symbol.path))
        return f"{path}:{self.line(symbol)}  {symbol.kind} {clean(symbol.qualname)}"

    def _place(self, symbol: Symbol) -> str:
        look, path = self.look, clean(self.paths.shown(symbol.path))
        shown = self._linked(symbol, look.paint(path, PATH) if look.color else path)
        return f"{shown}:{look.paint(self.line(symbol), LINE)}"

    def _linked(self, symbol: Symbol, text: str) -> str:
        """Return text as a link to the file of a symbol, if the terminal supports it."""
        if not self.look.links or self.server:
            return text
        import os
        import socket

        target = os.fsencode(self.index.root / symbol.path)
        return self.look.link(text, f"file://{socket.gethostname()}{quote(target)}")

    def _title(self, symbol: Symbol) -> str:
        return f"{self.look.paint(symbol.kind, KIND)} {self.look.paint(clean(symbol.qualname), NAME)}"

    def _signature(self, symbol: Symbol, signature: str) -> str:
        if not signature:
            return ""
        shown = clean(signature)
        if self.look.color:
            from codesearch.cli.ui import highlight

            shown = highlight.lines([shown], symbol.language, 1)[0]
        return "  " + self.look.fit(shown, 2) + "\n"

    def _snippet(self, symbol: Symbol, first: int, lines: list[str], start: int, count: int) -> str:
        """Return `count` lines of a symbol from index `start`: numbered, dedented, in colours."""
        look = self.look
        stop = min(start + count, len(lines))
        if start >= stop:
            return ""
        # Lex from the beginning, so that a docstring that starts above the first line shown keeps its colour.
        source = [clean(line.expandtabs(4)) for line in (lines if look.color else lines[:stop])]
        if len(lines) - stop == 1:
            source, stop = [*source, clean(lines[stop].expandtabs(4))][: len(lines)], stop + 1
        visible = [line for line in (source[0], *source[start:stop]) if line.strip()]
        dedent = min((len(line) - len(line.lstrip()) for line in visible), default=0)
        while stop > start + 1 and not source[stop - 1].strip():
            stop -= 1
        if look.color:
            from codesearch.cli.ui import highlight

            source = highlight.lines(source, symbol.language, stop)
        places = self.notebooks.shorts(symbol.path, range(first + start, first + stop))
        digits = max(4, *map(len, places))
        out = []
        for place, line in zip(places, source[start:stop], strict=True):
            gutter = look.paint(f"{place:>{digits}} {look.bar}", FAINT)
            line = re.sub(rf"^((?:\x1b\[[0-9;]*m)*) {{0,{dedent}}}", r"\1", line)
            if look.color:
                line = self.terms.marked(line)
            out.append(f"{gutter} {look.fit(line, digits + 3)}".rstrip() + "\n")
        left = symbol.end_line - (first + stop - 1)
        if left > 0:
            note = f"{'':>{digits}} {look.bar} {look.more} {left:,} more line{'s' if left > 1 else ''}"
            out.append(look.paint(look.fit(note), FAINT) + "\n")
        return "".join(out)


def print_page(shown: Sequence[tuple[Answers, Hit]], reasons: Sequence[Ranked] = ()) -> None:
    """Print results as text, each by its printer; on a terminal, they are numbered, with as many lines as fit."""
    if not shown:
        return
    first = shown[0][0]
    look = first.look
    height = None if first.everything or reasons else look.height
    whole = first.everything or look.height is None
    strong = len(shown) if whole else sum(hit.score >= first.weak for _, hit in shown)
    lines = page.fitted(strong, len(shown) - strong, first.context, height)
    before = 0
    for number, ((printer, hit), count) in enumerate(zip(shown, lines, strict=True)):
        text = printer.text(hit, count, everything=bool(count or not height))
        rows = text.count("\n")
        console.write(("\n" if number and (rows > 1 or before > 1 or look.height is None) else "") + text)
        before = rows
        if reasons:
            from codesearch.cli.ui import explain

            for line in explain.lines(reasons, hit.rank, look):
                console.write(line + "\n")


def location(symbol: Any) -> dict[str, Any]:
    """Return where a symbol, or a row of the index about one, is as JSON."""
    return {
        "path": symbol.path,
        "start_line": symbol.start_line,
        "end_line": symbol.end_line,
        "kind": symbol.kind,
        "qualname": symbol.qualname,
    }


def _line_of(symbol: Symbol) -> str:
    return f"{symbol.path}:{symbol.start_line}"


def print_json(value: object, indent: int | None = None) -> None:
    """Print a JSON value in ASCII, for any locale; undecodable bytes of file names become lone surrogates."""
    console.write(json.dumps(value, indent=indent) + "\n")
