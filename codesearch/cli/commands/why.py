"""`codesearch why`: explain why a function does not rank higher."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any

import typer

from codesearch.cli import completion, named, options, session
from codesearch.cli.exit_codes import FOUND, NOTHING
from codesearch.cli.options import (
    ColorOption,
    FilterOptions,
    IndexOptions,
    PathArgument,
    ReportFormat,
    ReportFormatOption,
    RerankOptions,
)
from codesearch.cli.ui import console
from codesearch.cli.ui.console import clean
from codesearch.cli.ui.render import location, print_json

if TYPE_CHECKING:
    from codesearch.core.types import Hit, Symbol
    from codesearch.index import Index
    from codesearch.search.explain import Way, Why

_WAYS = {
    "text": "by text match",
    "names": "by text match in names",
    "vectors": "by semantic similarity",
    "phrases": "by three-word phrases",
    "beginnings": "by name prefix",
    "name": "by exact name",
}

_VERDICTS = {"no candidate": "not a candidate"}
"""Verdicts whose text differs from their name in JSON."""


def why(
    text: Annotated[str, typer.Argument(metavar="TEXT", help="The query, as for `codesearch query`.")],
    expected: Annotated[
        str,
        typer.Argument(
            metavar="NAME|FILE:LINE",
            help="The code you expected: the name of a symbol, or a line inside it.",
            autocompletion=completion.symbols,
        ),
    ],
    path: PathArgument = None,
    format: ReportFormatOption = ReportFormat.text,
    color: ColorOption = None,
    *,
    filters: FilterOptions,
    use: IndexOptions,
    rerank: RerankOptions,
) -> int:
    """Explain why a function does not rank higher for a query.

    codesearch why "retry failed uploads" src/client.py:25
    codesearch why "retry failed uploads" Client.retry
    codesearch why "open a socket lang:c" net/socket.c:120 repo --format json

    If several symbols have the NAME, the best one is explained and the others are listed.

    Possible reasons: the file is not indexed, a filter excludes it, it was not retrieved as a
    candidate, it is folded into another result, or it is outranked; in that case the features that
    make the difference are listed. Exit status: 0 if the rank could be explained.
    """
    wanted = named.wanted(expected, path, use)
    tree = use.tree(path)
    where = filters.where(tree) & tree.where
    with session.opened(wanted.root, db=use.db, color=options.value_of(color), **rerank.settings) as index:
        complete = session.prepare(index, update=use.update, quiet=use.quiet)
        place = named.place(index, wanted, quiet=use.quiet)
        if place is None:
            named.tell_nothing(expected, quiet=use.quiet)
            return NOTHING
        file, line = place
        found = index.why(text, file, line, where)
        if found.problem and not use.quiet:
            console.message(found.problem)
        if format is ReportFormat.json:
            asked = {"query": text, "root": str(index.root), "file": file, "line": line, "complete": complete}
            print_json({**asked, **to_json(found)}, indent=2)
        else:
            for row in lines(found, index, file, line):
                console.write(row + "\n")
    return FOUND


def lines(found: Why, index: Index, file: str, line: int) -> Iterator[str]:
    """Yield an explanation of what was asked about a line of a file as lines of text."""
    look = console.look(index.settings.color)
    if found.symbol is None:
        yield f"{clean(named.shown(index, file, line))}: {found.verdict}"
    else:
        score = f"  {found.score:.2f}" if found.place else ""
        yield look.fit(_titled(index, found.symbol) + score)
    yield f"{_VERDICTS.get(found.verdict, found.verdict)}: {clean(found.reason)}"
    yield from _retrieval(found)
    if found.before:
        yield ""
        yield look.paint("ranked above it", "2")
        for hit in found.before:
            yield look.fit(f"  {hit.rank:>3}  {_titled(index, hit.symbol)}  {hit.score:.2f}")
    if found.against is not None and found.gaps:
        from codesearch.cli.ui.explain import gap_lines

        yield ""
        yield look.paint(f"why {clean(found.against.symbol.qualname)} (rank {found.against.rank}) scores higher", "2")
        yield from gap_lines(found.gaps, look)


def _titled(index: Index, symbol: Symbol) -> str:
    return f"{clean(named.shown(index, symbol.path, symbol.start_line))}  {symbol.kind} {clean(symbol.qualname)}"


def _retrieval(found: Why) -> Iterator[str]:
    """Yield how each retrieval method ranked the symbol, and which words of the query it has."""
    if found.ways:
        yield ""
        for way in found.ways:
            yield _row(_WAYS.get(way.name, way.name), _way(way))
    if found.terms:
        present = " ".join(term.word for term in found.terms if term.held)
        missing = " ".join(term.word for term in found.terms if not term.held)
        yield _row("query words found in it", clean(present) or "none")
        if missing:
            yield _row("query words missing", clean(missing))


def _row(label: str, value: str) -> str:
    return f"  {label:<36}{value}"


def _way(way: Way) -> str:
    if way.place is None:
        return "does not match"
    return f"rank {way.place:,} of {way.among:,}; the first {way.taken} are candidates"


def to_json(found: Why) -> dict[str, Any]:
    """Return an explanation as JSON, without the fields that do not apply."""
    from dataclasses import asdict

    value: dict[str, Any] = {"verdict": found.verdict, "reason": found.reason}
    if found.symbol is not None:
        value["symbol"] = location(found.symbol)
    if found.place:
        value |= {"place": found.place, "score": round(found.score, 6)}
    if found.count:
        value["candidates"] = found.count
    if found.filters:
        value["filters"] = list(found.filters)
    for name, items in (("ways", found.ways), ("terms", found.terms)):
        if items:
            value[name] = [asdict(item) for item in items]
    if found.under is not None:
        value["under"] = _hit_json(found.under)
    if found.before:
        value["before"] = [_hit_json(hit) for hit in found.before]
    if found.against is not None:
        value["against"] = _hit_json(found.against)
        value["differences"] = [
            {
                "feature": gap.feature,
                "value": round(gap.value, 4),
                "other": round(gap.other, 4),
                "difference": round(gap.difference, 4),
            }
            for gap in found.gaps
        ]
    return value


def _hit_json(hit: Hit) -> dict[str, Any]:
    return {"rank": hit.rank, "score": round(hit.score, 6), **location(hit.symbol)}
