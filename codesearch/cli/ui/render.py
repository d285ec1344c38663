"""Answers as text, JSON, vimgrep lines and paths."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from codesearch.cli.options import Format
from codesearch.cli.ui import console
from codesearch.cli.ui.console import Look, clean

if TYPE_CHECKING:
    from codesearch.core.types import Hit, Symbol
    from codesearch.index import Index
    from codesearch.search import Ranked

PATH, LINE, KIND, NAME, FAINT = "35", "32", "2", "1", "2"
"""SGR codes of the parts of a header; grep's colours for path and line."""
MOST_COPIES = 3
"""So many copies of an answer (or parts) are named, the others counted."""


@dataclass(frozen=True, slots=True)
class Answers:
    """How the answers of one command are printed."""

    index: Index
    format: Format
    look: Look
    context: int
    """Lines of source below each answer in text."""
    snippet: bool = False
    snippet_lines: int | None = None
    """Lines of the snippet in JSON; None means the whole symbol."""
    weak: float = 0.0
    """Answers with a lower score are marked."""

    def print_hits(self, hits: Sequence[Hit], query: dict[str, Any], reasons: Sequence[Ranked] = ()) -> None:
        """Print the answers to one question; `query` is what a JSON object says was asked.

        `reasons`, if there are any, are printed with them: one an answer, and perhaps that of the one after the last.
        """
        if self.format is Format.json:
            results = [self.hit(hit, reasons) for hit in hits]
            print_json({**query, "root": str(self.index.root), "results": results}, indent=2)
        elif self.format is Format.ndjson:
            for hit in hits:
                print_json(self.hit(hit, reasons))
        elif self.format is Format.text:
            for number, hit in enumerate(hits):
                console.write(("\n" if number else "") + self._text(hit) + self._elsewhere(hit))
                if reasons:
                    from codesearch.cli.ui import explain

                    for line in explain.lines(reasons, hit.rank, self.look):
                        console.write(line + "\n")
        elif self.format is Format.paths:
            # A copy's file holds the answer as well.
            self._print_paths(
                path for hit in hits for path in (hit.symbol.path, *(copy.rpartition(":")[0] for copy in hit.copies))
            )
        else:
            self._print_plain(hit.symbol for hit in hits)

    def print_symbols(self, symbols: Iterable[Symbol]) -> int:
        """Print symbols that are no answers to a question, one a line; return how many there were."""
        count = 0

        def counted() -> Iterator[Symbol]:
            nonlocal count
            for symbol in symbols:
                count += 1
                yield symbol

        if self.format is Format.json:
            print_json({"root": str(self.index.root), "results": [self.symbol(one) for one in counted()]}, indent=2)
        elif self.format is Format.ndjson:
            for symbol in counted():
                print_json(self.symbol(symbol))
        elif self.format is Format.text:
            for symbol in counted():
                head = self._place(symbol) + "  " + self._title(symbol)
                rest = "" if symbol.kind == "module" else clean(symbol.signature)
                if self.look.width is not None:
                    left = self.look.width - console.columns(self._plain_header(symbol)) - 2
                    rest = console.cut(rest, left, self.look.more) if left > 15 else ""
                console.write(head + ("  " + self.look.paint(rest, FAINT) if rest else "") + "\n")
        else:
            self._print_plain(counted())
        return count

    def print_source(self, symbols: list[Symbol]) -> None:
        """Print whole symbols: the bare source in a pipe, with places and line numbers on a terminal."""
        if self.format is Format.json:
            results = [
                {**self.symbol(symbol), "snippet": "\n".join(self.index.source(symbol, whole=True)[1])}
                for symbol in symbols
            ]
            print_json({"root": str(self.index.root), "results": results}, indent=2)
            return
        for number, symbol in enumerate(symbols):
            if number:
                console.write("\n")
            first, lines = self.index.source(symbol, whole=True)
            if self.look.width is not None:
                head = f"{self._place(symbol)}  {self._title(symbol)}\n"
                console.write(head + self._snippet(symbol, first, lines, 0, len(lines)))
                continue
            if self.look.color:
                from codesearch.cli.ui import highlight

                lines = highlight.lines(lines, symbol.language, len(lines))
            console.write("\n".join(lines) + "\n")

    # -- JSON -------------------------------------------------------------------------------------

    def hit(self, hit: Hit, reasons: Sequence[Ranked] = ()) -> dict[str, Any]:
        """Return an answer as hit.schema.json describes it."""
        more: dict[str, Any] = {"weak": True} if hit.score < self.weak else {}
        if hit.copies:
            more["copies"] = list(hit.copies)
        if hit.folded:
            more["folded"] = [_line_of(one) for one in hit.folded]
        if reasons:
            from codesearch.cli.ui import explain

            more["explain"] = explain.to_json(reasons[hit.rank - 1])
        return {"rank": hit.rank, "score": round(hit.score, 6), **self.symbol(hit.symbol), **more}

    def symbol(self, symbol: Symbol) -> dict[str, Any]:
        """Return a symbol as hit.schema.json describes it."""
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
        if self.snippet:
            fields["snippet"] = "\n".join(self.index.source(symbol, head=self.snippet_lines)[1])
        return fields

    # -- for editors ------------------------------------------------------------------------------

    def _print_plain(self, symbols: Iterable[Symbol]) -> None:
        if self.format is Format.paths:
            self._print_paths(symbol.path for symbol in symbols)
            return
        for symbol in symbols:
            _, lines = self.index.source(symbol, head=1)
            first = lines[0] if lines else ""
            column = len(first[: len(first) - len(first.lstrip())].encode()) + 1
            said = clean(symbol.signature or first.strip() or f"{symbol.kind} {symbol.qualname}")
            console.write(f"{clean(symbol.path)}:{symbol.start_line}:{column}:{said}\n")

    @staticmethod
    def _print_paths(paths: Iterable[str]) -> None:
        seen = set()
        for path in paths:
            if path not in seen:
                seen.add(path)
                console.write(path + "\n")

    # -- for people -------------------------------------------------------------------------------

    def _text(self, hit: Hit) -> str:
        """Return header, signature and the first lines of an answer."""
        look, symbol = self.look, hit.symbol
        header = f"{self._place(symbol)}  {self._title(symbol)}"
        score = f"{hit.score:.2f}"
        if hit.score < self.weak:
            score = f"weak {score}"
            header = look.paint(self._plain_header(symbol), FAINT) if look.color else header
        room = 2 if look.width is None else look.width - console.columns(self._plain_header(symbol) + score)
        header += (" " * room + look.paint(score, FAINT) if room >= 2 else "") + "\n"
        first, lines = self.index.source(symbol)
        signature = "" if symbol.kind == "module" else symbol.signature
        declared = _declaration(signature, lines)
        if not self.context or len(declared) != 1:
            # The declaration spans lines: show it on one, and the body from the line after it.
            after = declared.stop
            return (
                header + self._signature(symbol, signature) + self._snippet(symbol, first, lines, after, self.context)
            )
        return header + self._snippet(symbol, first, lines, 0, self.context)

    def _elsewhere(self, hit: Hit) -> str:
        """Return where the same code stands too, and where overloads do, a line each.

        What an answer is defined in is named by its qualified name already.
        """
        out = []
        overloads = [_line_of(one) for one in hit.folded if one.qualname == hit.symbol.qualname]
        for said, places in (("copied in", hit.copies), ("overloaded in", overloads)):
            if places:
                named = ", ".join(map(clean, places[:MOST_COPIES]))
                more = len(places) - MOST_COPIES
                shown = f"{said} {named}" + (f" and {more} more" if more > 0 else "")
                out.append(self.look.paint("     " + self.look.fit(f"{self.look.bar} {shown}", 5), FAINT) + "\n")
        return "".join(out)

    def _plain_header(self, symbol: Symbol) -> str:
        return f"{clean(symbol.path)}:{symbol.start_line}  {symbol.kind} {clean(symbol.qualname)}"

    def _place(self, symbol: Symbol) -> str:
        look = self.look
        path = look.paint(clean(symbol.path), PATH) if look.color else clean(symbol.path)
        if look.links:
            import os
            import socket

            target = os.fsencode(self.index.root / symbol.path)
            path = look.link(path, f"file://{socket.gethostname()}{quote(target)}")
        return f"{path}:{look.paint(str(symbol.start_line), LINE)}"

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
        """Return `count` of a symbol's lines from the one at index `start`: numbered, dedented, in colours."""
        look = self.look
        stop = min(start + count, len(lines))
        if start >= stop:
            return ""
        # A docstring begun before the first line shown keeps its colour: all lines up to the last are lexed.
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
        digits = max(4, len(str(first + stop - 1)))
        out = []
        for number, line in enumerate(source[start:stop], first + start):
            gutter = look.paint(f"{number:>{digits}} {look.bar}", FAINT)
            line = re.sub(rf"^((?:\x1b\[[0-9;]*m)*) {{0,{dedent}}}", r"\1", line)
            out.append(f"{gutter} {look.fit(line, digits + 3)}".rstrip() + "\n")
        left = symbol.end_line - (first + stop - 1)
        if left > 0:
            note = f"{left:,} more line{'s' if left > 1 else ''}"
            out.append(look.paint(f"{'':>{digits}} {look.bar} {look.more} {note}", FAINT) + "\n")
        return "".join(out)


def _line_of(symbol: Symbol) -> str:
    return f"{symbol.path}:{symbol.start_line}"


def _declaration(signature: str, lines: list[str]) -> range:
    """Return which of a symbol's first lines hold its declaration; an empty range if that cannot be told."""
    wanted = "".join(signature.split())
    # A signature has no comma after the last of several parameters, which stand on lines of their own in the source.
    closed = re.compile(r",(?=[)\]])")
    for start, line in enumerate(lines[:20] if wanted else ()):
        found = "".join(line.split())
        if not found or not (wanted.startswith(found) or found.startswith(wanted)):
            continue
        for stop in range(start + 1, min(start + 60, len(lines)) + 1):
            if closed.sub("", found).startswith(wanted):
                return range(start, stop)
            found += "".join(lines[stop].split()) if stop < len(lines) else ""
    return range(0)


def print_json(value: object, indent: int | None = None) -> None:
    """Print one JSON value in ASCII, so that any locale takes it; bytes of file names are lone surrogates."""
    console.write(json.dumps(value, indent=indent) + "\n")
