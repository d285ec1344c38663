"""Prints clones: as text, as JSON, and as findings."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from codesearch.cli.ui import console
from codesearch.cli.ui.comment import MOST_ROWS, code
from codesearch.cli.ui.console import Look, clean
from codesearch.cli.ui.findings import Finding, Rule
from codesearch.cli.ui.header import FAINT, NAME, PATH
from codesearch.cli.ui.render import location
from codesearch.core.counts import number

if TYPE_CHECKING:
    from codesearch.atlas.clones import Found, Group, Member

RULE = Rule(
    "clone",
    "Clone",
    "Code that exists already",
    "Code that is written twice",
    "Call the existing code, or move what both do into one function. A comment `codesearch: ignore clone` in the code "
    "keeps it out of the report.",
    "clone/v1",
)


def lines(groups: Sequence[Group], look: Look) -> Iterator[str]:
    """Yield clones as text, a group per paragraph."""
    for place, group in enumerate(groups):
        if place:
            yield ""
        where = "" if group.part == "code" else f", {group.part}"
        yield look.paint(number(group.saved, "line"), NAME) + look.paint(f"  {group.how}{where}", FAINT)
        shown = [(f"{clean(one.symbol.path)}:{one.symbol.start_line}", one) for one in group.members]
        wide = min(max(console.columns(text) for text, _ in shown), 60 if look.width is None else look.width // 2)
        for text, one in shown:
            mark = look.paint("+ ", "32") if one.symbol.id in group.added else "  "
            gap = " " * max(0, wide - console.columns(text))
            title = f"{one.symbol.kind} {clean(one.symbol.qualname)}"
            yield look.fit(
                f"{mark}{look.paint(text, PATH)}{gap}  {title}  {look.paint(_difference(one), FAINT)}".rstrip()
            )


def _difference(one: Member) -> str:
    return {"exact": "", "renamed": "renamed"}.get(one.how, f"{one.similarity:.2f}")


def summary(found: Found, shown: int, left_out: dict[str, int]) -> str:
    """Return what was compared, and what is not shown."""
    saved = sum(group.saved for group in found.groups)
    parts = [f"{number(len(found.groups), 'group')} of clones, {number(saved, 'line')} to save"]
    if shown < len(found.groups):
        parts.append(f"the first {shown} are shown (-n N shows more)")
    others = [
        f"{count:,} in {'tests' if part == 'tests' else 'generated code'}" for part, count in left_out.items() if count
    ]
    if others:
        parts.append(f"not listed: {', '.join(others)} (--all)")
    if found.suppressed:
        parts.append(f"{number(found.suppressed, 'symbol')} suppressed")
    return "; ".join(parts)


def markdown(found: Found) -> Iterator[str]:
    """Yield a comment for a pull request, line by line."""
    rows = [(one, _other(one, group)) for group in found.groups for one in _repeating(group)]
    if not rows:
        yield "### Clones: none"
        return
    saved = sum(group.saved for group in found.groups)
    yield f"### Clones: {number(len(found.groups), 'group')}, {number(saved, 'line')} to save"
    yield ""
    yield "| symbol | place | same code as | |"
    yield "|---|---|---|---|"
    for one, other in rows[:MOST_ROWS]:
        there = f"{code(other.symbol.qualname)} ({code(f'{other.symbol.path}:{other.symbol.start_line}')})"
        here = f"{one.symbol.path}:{one.symbol.start_line}"
        how = _difference(one) or _difference(other) or "exact"
        yield f"| {one.symbol.kind} {code(one.symbol.qualname)} | {code(here)} | {there} | {how} |"
    if len(rows) > MOST_ROWS:
        yield ""
        yield f"{len(rows) - MOST_ROWS:,} more are not shown."


def to_json(found: Found, left_out: dict[str, int]) -> dict[str, Any]:
    """Return clones as output.schema.json describes them."""
    return {
        "symbols": found.symbols,
        "suppressed": found.suppressed,
        "left_out": left_out,
        "groups": [
            {
                "saved_lines": group.saved,
                "difference": group.how,
                "part": group.part,
                "members": [
                    {
                        **location(one.symbol),
                        "difference": one.how,
                        "similarity": round(one.similarity, 4),
                        "fingerprint": one.fingerprint,
                        "added": one.symbol.id in group.added,
                    }
                    for one in group.members
                ],
            }
            for group in found.groups
        ],
    }


def findings(found: Found) -> list[Finding]:
    """Return the members that were added, or all but the first of each group, with the code that they repeat."""
    return [_finding(one, _other(one, group)) for group in found.groups for one in _repeating(group)]


def _repeating(group: Group) -> Sequence[Member]:
    return [one for one in group.members if one.symbol.id in group.added] if group.added else group.members[1:]


def _other(one: Member, group: Group) -> Member:
    """Return the member that a message compares this one with: one that is not new, if there is any."""
    first = group.members[0]
    if one is not first and first.symbol.id not in group.added:
        return first
    rest = [other for other in group.members if other is not one]
    return next((other for other in rest if other.symbol.id not in group.added), rest[0])


def _finding(one: Member, other: Member) -> Finding:
    there = f"{other.symbol.qualname} ({other.symbol.path}:{other.symbol.start_line})"
    most = max((one, other), key=lambda member: ("exact", "renamed", "near").index(member.how))
    said = {
        "exact": f"has the same code as {there}",
        "renamed": f"has the same code as {there} but for names and values",
        "near": f"shares {min(one.similarity, other.similarity):.0%} of its code with {there}",
    }[most.how]
    return Finding(one.symbol, f"{one.symbol.qualname} {said}", (other.symbol,), one.fingerprint)
