"""Renders a filter over symbols as SQL."""

from __future__ import annotations

import re
from functools import lru_cache

from codesearch.core.filter import Filter


def render(where: Filter) -> tuple[str, list[str | bytes]]:
    """Return a condition over `symbol s JOIN file f`, and its bindings. The text is never the user's."""
    clauses: list[str] = []
    bindings: list[str | bytes] = []

    def add(clause: str, values: tuple[str, ...], *, negated: bool) -> None:
        if values:
            clauses.append(("NOT " if negated else "") + "(" + " OR ".join([clause] * len(values)) + ")")
            bindings.extend(map(_bound, values))

    add("path_matches(f.path, ?)", where.under, negated=False)
    for negated, languages, kinds, paths, names, roles in (
        (False, where.languages, where.kinds, where.paths, where.names, where.roles),
        (True, where.not_languages, where.not_kinds, where.not_paths, where.not_names, where.not_roles),
    ):
        add("f.language = ?", languages, negated=negated)
        add("s.kind = ?", kinds, negated=negated)
        add("path_matches(f.path, ?)", paths, negated=negated)
        add("name_matches(s.name, s.qualname, ?)", names, negated=negated)
        add("instr(' ' || f.roles || ' ', ' ' || ? || ' ') > 0", roles, negated=negated)
    return " AND ".join(clauses) or "1", bindings


def _bound(value: str) -> str | bytes:
    """Return a value as SQLite can bind it: as bytes if it has bytes that are not UTF-8."""
    try:
        value.encode()
    except UnicodeEncodeError:
        return value.encode("utf-8", "surrogateescape")
    return value


def _text(value: str | bytes) -> str:
    return value.decode("utf-8", "surrogateescape") if isinstance(value, bytes) else value


@lru_cache(maxsize=256)
def _path_pattern(pattern: str) -> re.Pattern[str]:
    """Compile a path filter: a glob over the whole path, or, without wildcards, any part of it.

    `*` stays within a folder, `**` crosses folders, a pattern without `/` may match at any depth.
    """
    wanted = pattern.removeprefix("./")
    if not re.search(r"[*?\[]", wanted):
        return re.compile(re.escape(wanted), re.IGNORECASE)
    anchored = wanted.lstrip("/")
    if "/" not in anchored:
        anchored = "**/" + anchored
    return re.compile(_glob(anchored) + r"\Z", re.IGNORECASE)


@lru_cache(maxsize=256)
def _name_pattern(pattern: str) -> re.Pattern[str]:
    """Compile a name filter: a glob over the whole name, or, without wildcards, any part of it."""
    if not re.search(r"[*?\[]", pattern):
        return re.compile(re.escape(pattern), re.IGNORECASE)
    return re.compile(_glob(pattern.replace("*", "**")) + r"\Z", re.IGNORECASE)


def _glob(pattern: str) -> str:
    out: list[str] = []
    at = 0
    while at < len(pattern):
        if pattern.startswith("**/", at):
            out.append("(?:.*/)?")
            at += 3
        elif pattern.startswith("**", at):
            out.append(".*")
            at += 2
        elif pattern[at] == "*":
            out.append("[^/]*")
            at += 1
        elif pattern[at] == "?":
            out.append("[^/]")
            at += 1
        elif pattern[at] == "[" and (end := pattern.find("]", at + 2)) > 0:
            inside = pattern[at + 1 : end].replace("\\", r"\\").replace("[", r"\[")
            out.append("[" + ("^" + inside[1:] if inside[0] in "!^" else inside) + "]")
            at = end + 1
        else:
            out.append(re.escape(pattern[at]))
            at += 1
    return "(?s:" + "".join(out) + ")"


def path_matches(path: str | bytes, pattern: str | bytes) -> bool:
    """Return whether a path passes a `path:` filter."""
    pattern = _text(pattern)
    text = _text(path)
    return _path_pattern(pattern).match(text) is not None or (
        not re.search(r"[*?\[]", pattern) and _path_pattern(pattern).search(text) is not None
    )


def name_matches(name: str, qualname: str, pattern: str | bytes) -> bool:
    """Return whether a symbol passes a `name:` filter."""
    pattern = _text(pattern)
    compiled = _name_pattern(pattern)
    if re.search(r"[*?\[]", pattern):
        return compiled.match(name) is not None or compiled.match(qualname) is not None
    return compiled.search(qualname) is not None or compiled.search(name) is not None
