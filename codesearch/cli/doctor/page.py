"""An examination as text for people, and as JSON."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from textwrap import wrap
from typing import Any

from codesearch._version import __version__
from codesearch.cli.doctor.values import Check, Examination, State
from codesearch.cli.ui.console import Look, clean
from codesearch.core.counts import number

WIDEST = 100
"""Columns; longer lines are hard to read."""
LABEL = 14
_INDENT = 4
_MARKS: dict[State, tuple[str, str, str]] = {
    "ok": ("✓", "ok", "32"),
    "note": ("!", "!", "33"),
    "problem": ("✗", "X", "31"),
}
"""With Unicode, without, and the SGR code of the colour."""


def lines(found: Examination, look: Look) -> Iterator[str]:
    """Yield the page, line by line."""
    width = min(look.width or WIDEST, WIDEST)
    for group in _private(found).groups:
        yield look.paint(group.title, "1")
        for check in group.checks:
            yield from _check(check, look, width)
        yield ""
    yield _summary(found, look)


def _private(found: Examination) -> Examination:
    """Return an examination with `~` for the user's home folder: short, and without the user name in bug reports."""
    try:
        home = f"{Path.home()}{os.sep}"
    except RuntimeError:
        return found

    def short(text: str) -> str:
        return text.replace(home, f"~{os.sep}") if len(home) > 2 else text

    groups = [
        replace(
            group, checks=tuple(replace(one, text=short(one.text), advice=short(one.advice)) for one in group.checks)
        )
        for group in found.groups
    ]
    return replace(found, groups=tuple(groups))


def _check(check: Check, look: Look, width: int) -> Iterator[str]:
    mark, plain, code = _MARKS[check.state]
    if not look.unicode:
        mark = plain
    name = clean(check.name)
    room = max(24, width - _INDENT - LABEL - 1)
    rows = wrap(clean(check.text), room, break_on_hyphens=False) or [""]
    label = f"{name:<{LABEL}}" if len(name) < LABEL else f"{name} "
    if len(name) >= LABEL:
        rows = wrap(clean(check.text), max(24, width - _INDENT - len(label)), break_on_hyphens=False) or [""]
    text = look.paint(rows[0], code if check.state == "problem" else "")
    yield f"{' ' * (2 if len(mark) == 1 else 1)}{look.paint(mark, code)} {look.paint(label, '2')}{text}"
    for row in rows[1:]:
        yield " " * (_INDENT + LABEL) + look.paint(row, code if check.state == "problem" else "")
    arrow = "→" if look.unicode else "->"
    for at, row in enumerate(wrap(clean(check.advice), room - 2, break_on_hyphens=False)):
        yield " " * (_INDENT + LABEL) + look.paint(f"{arrow if not at else ' ' * len(arrow)} {row}", "36")


def _summary(found: Examination, look: Look) -> str:
    problems, notes = found.count("problem"), found.count("note")
    if not problems and not notes:
        return look.paint("Everything works.", "32")
    said = [number(problems, "problem")] * bool(problems) + [number(notes, "note")] * bool(notes)
    text = " and ".join(said) + "."
    return look.paint(text, _MARKS[found.state][2])


def to_json(found: Examination) -> dict[str, Any]:
    """Return an examination as JSON."""
    found = _private(found)
    return {
        "version": __version__,
        "state": found.state,
        "problems": found.count("problem"),
        "notes": found.count("note"),
        "groups": [
            {
                "title": group.title,
                "checks": [
                    {"name": one.name, "state": one.state, "text": one.text, "advice": one.advice or None}
                    for one in group.checks
                ],
            }
            for group in found.groups
        ],
    }
