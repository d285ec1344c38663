"""The difference of a change as text, JSON, Markdown, and as findings."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from codesearch.cli.ui.comment import MOST_ROWS, code
from codesearch.cli.ui.console import Look, clean
from codesearch.cli.ui.findings import Finding, Rule

if TYPE_CHECKING:
    from codesearch.artifacts.changes import Change, Difference
    from codesearch.core.types import Symbol

MARKS = {"added": "+", "changed": "~", "moved": ">", "removed": "-"}
COLORS = {"added": "32", "changed": "33", "moved": "36", "removed": "31"}
RULE = Rule(
    "similar-code",
    "SimilarCode",
    "Similar code",
    "New code is like code that exists",
    "Call the existing code, or move what both do into one function.",
    "symbol/v1",
)


def counts(found: Difference) -> str:
    """Return a summary on one line: `2 added, 1 changed`."""
    numbers = {what: sum(one.what == what for one in found.changes) for what in MARKS}
    return ", ".join(f"{number:,} {what}" for what, number in numbers.items() if number) or "no symbol differs"


def place(symbol: Symbol) -> str:
    """Return PATH:LINE."""
    return f"{symbol.path}:{symbol.start_line}"


def called(one: Change) -> str:
    """Return what its callers do."""
    return "still called by" if one.what == "removed" else "called by"


def text(found: Difference, look: Look) -> Iterator[str]:
    """Yield the difference for people, line by line."""
    for one in found.changes:
        mark = look.paint(MARKS[one.what], COLORS[one.what])
        where = f"  from {clean(one.before)}" if one.before else ""
        yield f"{mark} {clean(place(one.symbol))}  {one.symbol.kind} {clean(one.symbol.qualname)}{where}"
        for hit in one.like:
            yield f"    like {clean(place(hit.symbol))}  {clean(hit.symbol.qualname)}  {hit.score:.2f}"
        for caller in one.callers:
            yield f"    {called(one)} {clean(place(caller))}  {clean(caller.qualname)}"
    for left_out in found.skipped:
        yield f"! {clean(left_out.path)}  {left_out.reason}"


def as_object(found: Difference) -> dict[str, Any]:
    """Return the difference as JSON."""
    return {
        "base": found.base,
        "files": found.files,
        "changes": [_change(one) for one in found.changes],
        "skipped": [{"path": one.path, "reason": one.reason, "detail": one.detail} for one in found.skipped],
    }


def _change(one: Change) -> dict[str, Any]:
    return {
        "change": one.what,
        **_symbol(one.symbol),
        "before": one.before or None,
        "like": [{**_symbol(hit.symbol), "score": round(hit.score, 4)} for hit in one.like],
        "callers": [_symbol(caller) for caller in one.callers],
    }


def _symbol(symbol: Symbol) -> dict[str, Any]:
    return {
        "path": symbol.path,
        "kind": symbol.kind,
        "qualname": symbol.qualname,
        "start_line": symbol.start_line,
        "end_line": symbol.end_line,
    }


def markdown(found: Difference) -> Iterator[str]:
    """Yield a comment for a pull request, line by line."""
    yield f"### Symbols: {counts(found)}"
    yield ""
    if found.changes:
        yield "| | symbol | place | |"
        yield "|---|---|---|---|"
    for one in found.changes[:MOST_ROWS]:
        notes = [f"like {code(hit.symbol.qualname)} ({code(place(hit.symbol))}, {hit.score:.2f})" for hit in one.like]
        notes += [f"from {code(one.before)}"] if one.before else []
        if one.callers:
            notes.append(f"{called(one)} " + ", ".join(code(caller.qualname) for caller in one.callers[:5]))
            notes += [f"and {len(one.callers) - 5} more"] if len(one.callers) > 5 else []
        name = f"{one.symbol.kind} {code(one.symbol.qualname)}"
        yield f"| {one.what} | {name} | {code(place(one.symbol))} | {'; '.join(notes)} |"
    if len(found.changes) > MOST_ROWS:
        yield ""
        yield f"{len(found.changes) - MOST_ROWS:,} more are not shown."


def findings(found: Difference) -> list[Finding]:
    """Return what is worth an annotation: new code that is like code that exists."""
    return [
        Finding(
            one.symbol,
            f"{one.symbol.qualname} is like {hit.symbol.qualname} ({place(hit.symbol)}, similarity {hit.score:.2f})",
            (hit.symbol,),
            f"{one.symbol.path}#{one.symbol.qualname}",
        )
        for one in found.changes
        for hit in one.like[:1]
    ]
