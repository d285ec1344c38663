r"""Translates globs to regular expressions that match in linear time, as git's `dir.c` and `wildmatch.c` read them.

`*` and `?` stay within a folder, `**` between slashes crosses folders, `[...]` is a set, `\` escapes. There is one
translator for ignore files, settings and filters.

No pattern is slow, however many stars it has. What follows a star is matched at the first place that fits, and never
tried elsewhere: the next star can skip whatever a later place would have skipped. A lookahead with a back-reference
keeps `re` from trying again (Python 3.10 has no atomic groups). Only what follows the last star is bound to the end.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from itertools import count, pairwise

NEVER = r"(?!)"
"""The translation of a pattern that matches nothing, such as `[` without its end."""

_SPECIAL = re.compile(r"[*?\[\\]")
_CLASSES = {
    "alnum": "0-9A-Za-z",
    "alpha": "A-Za-z",
    "blank": r" \t",
    "cntrl": r"\x00-\x1f\x7f",
    "digit": "0-9",
    "graph": "!-~",
    "lower": "a-z",
    "print": " -~",
    "punct": r"!-/:-@\[-`{-~",
    "space": r" \t\n\v\f\r",
    "upper": "A-Z",
    "xdigit": "0-9A-Fa-f",
}
_STAR, _FOLDERS, _ANYTHING = "[^/]*", "(?:.*/)?", ".*"
_LAZY = {_STAR: "[^/]*?", _FOLDERS: "(?:.*?/)??", _ANYTHING: ".*?"}
_groups = count()
"""Numbers of groups: several translations may become parts of one expression."""

MOST_ALTERNATIVES = 64
"""Patterns that one pattern with braces may stand for; the braces of one with more are ordinary characters."""


def translate(pattern: str, *, folders: bool = True) -> str:
    """Return the regex of one glob, for `fullmatch` with re.DOTALL on a path relative to the pattern's base.

    Without `folders`, slashes are ordinary characters, as in a name.
    """
    parts = _parts(pattern) if folders else _flat_parts(pattern)
    return NEVER if parts is None else _assembled(parts)


def translate_plainly(pattern: str, *, folders: bool = True) -> str:
    """Return the same regex without groups and references, for engines that never try a place twice."""
    parts = _parts(pattern) if folders else _flat_parts(pattern)
    return NEVER if parts is None else "".join(parts)


def is_glob(pattern: str) -> bool:
    r"""Return whether a pattern has wildcards or escapes: `*`, `?`, `[` or `\`."""
    return _SPECIAL.search(pattern) is not None


def unescaped(pattern: str) -> str:
    """Return a pattern without its backslashes: the text it means if its wildcards are escaped."""
    return re.sub(r"\\(.)", r"\1", pattern, flags=re.DOTALL)


def escaped(text: str) -> str:
    """Return the pattern that matches only this text."""
    return re.sub(r"([*?\[\]{},!\\])", r"\\\1", text)


def alternatives(pattern: str) -> list[str]:
    """Return the patterns that a pattern with braces stands for: `*.{ts,tsx}` -> `*.ts`, `*.tsx`. Braces nest."""
    done: list[str] = []
    todo = [pattern]
    while todo:
        first = todo.pop()
        found = _braces(first)
        if found is None:
            done.append(first)
        else:
            before, choices, after = found
            todo += [before + choice + after for choice in reversed(choices)]
        if len(done) + len(todo) > MOST_ALTERNATIVES:
            return [pattern]
    return done


def _braces(pattern: str) -> tuple[str, list[str], str] | None:
    """Split a pattern at its first braces with a comma: what is before, between the commas, and after."""
    opened: list[tuple[int, list[int]]] = []
    best: tuple[int, list[int], int] | None = None
    at = 0
    while at < len(pattern):
        char = pattern[at]
        if char == "\\":
            at += 1
        elif char == "{":
            opened.append((at, []))
        elif char == "," and opened:
            opened[-1][1].append(at)
        elif char == "}" and opened:
            start, commas = opened.pop()
            if commas and (best is None or start < best[0]):
                best = start, commas, at
            if best is not None and not opened:
                break
        at += 1
    if best is None:
        return None
    start, commas, end = best
    cuts = [start, *commas, end]
    choices = [pattern[left + 1 : right] for left, right in pairwise(cuts)]
    return pattern[:start], choices, pattern[end + 1 :]


# -- from a pattern to parts: stars, and regexes of a fixed length between them ----------------------


def _parts(pattern: str) -> list[str] | None:
    special = _SPECIAL.search(pattern)
    # git compares the part before the first special character as it is and starts the matcher after it,
    # so that `**` counts as "at the start" there too: `foo**/bar` matches `foo/x/bar`.
    start = special.start() if special else len(pattern)
    return _split(pattern, start, lambda at: _stars(pattern, at, start), "[^/]")


def _flat_parts(pattern: str) -> list[str] | None:
    def stars(at: int) -> tuple[str, int]:
        while pattern[at : at + 1] == "*":
            at += 1
        return _ANYTHING, at

    return _split(pattern, 0, stars, ".")


def _split(pattern: str, start: int, stars: Callable[[int], tuple[str, int]], any_character: str) -> list[str] | None:
    """Return the parts of a pattern, whose text before `start` is literal; None if it cannot match.

    `stars` returns what the stars at an index mean, and the index after them.
    """
    out = [re.escape(pattern[:start])]
    at = start
    while at < len(pattern):
        if pattern[at] == "*":
            star, at = stars(at)
            out += [star, ""]
            continue
        found = _fixed(pattern, at, any_character)
        if found is None:
            return None
        out[-1] += found[0]
        at = found[1]
    return out


def _fixed(pattern: str, at: int, any_character: str) -> tuple[str, int] | None:
    """Return (regex, index after it) of what matches one character; None if the pattern cannot match."""
    char = pattern[at]
    if char == "?":
        return any_character, at + 1
    if char == "[":
        return _bracket(pattern, at)
    if char == "\\":
        at += 1
        if at >= len(pattern):
            return None
    return re.escape(pattern[at]), at + 1


def _stars(pattern: str, stars: int, start: int) -> tuple[str, int]:
    """Translate the stars at `stars`; return (regex, index after them). `start` is where git's matcher starts."""
    at, end = stars, len(pattern)
    while at < end and pattern[at] == "*":
        at += 1
    crosses = (
        at - stars > 1
        and (stars == start or pattern[stars - 1] == "/")
        and (at == end or pattern[at] == "/" or pattern.startswith("\\/", at))
    )
    if not crosses:
        return _STAR, at
    return (_FOLDERS, at + 1) if at < end and pattern[at] == "/" else (_ANYTHING, at)


def _bracket(pattern: str, at: int) -> tuple[str, int] | None:
    """Translate the set that opens at `at`; return (regex, index after it), or None if it never closes."""
    negated = pattern[at + 1 : at + 2] in ("!", "^")
    i = first = at + 1 + negated
    members: list[str] = []
    previous = ""  # what may begin a range such as a-z
    while i < len(pattern):
        char = pattern[i]
        if char == "]" and i > first:
            return _set("".join(members), negated=negated), i + 1
        if pattern.startswith("[:", i) and (close := _class_end(pattern, i)) != i:
            named = _CLASSES.get(pattern[i + 2 : close - 1]) if close > 0 else None
            if named is None:
                return None
            members.append(named)
            previous, i = "", close + 1
            continue
        is_range = previous != "" and char == "-" and pattern[i + 1 : i + 2] not in ("", "]")
        i += is_range
        if pattern[i] == "\\":  # before any character
            i += 1
            if i >= len(pattern):
                return None
        low = previous if is_range else pattern[i]
        if low <= pattern[i]:
            members.append(f"{_escape(low)}-{_escape(pattern[i])}")
        previous = "" if is_range else pattern[i]
        i += 1
    return None


def _class_end(pattern: str, at: int) -> int:
    """Return the index of the `]` of a `[:class:]` at `at`; `at` for an ordinary `[`, -1 if nothing closes it."""
    close = pattern.find("]", at + 2)
    if close < 0:
        return -1
    return at if close == at + 2 or pattern[close - 1] != ":" else close


def _set(members: str, *, negated: bool) -> str:
    """Return the regex of a set of characters; no set matches a slash."""
    if not members:
        return "[^/]" if negated else NEVER
    return f"(?!/)[{'^' if negated else ''}{members}]"


def _escape(char: str) -> str:
    code = ord(char)
    return f"\\x{code:02x}" if code < 256 else f"\\U{code:08x}"


# -- from parts to a regex ---------------------------------------------------------------------------


def _assembled(parts: list[str]) -> str:
    """Join (fixed, star, fixed, star, ...) so that nothing is tried at more than one place behind a star.

    A block reaches from one star that crosses folders to the next; in it are only stars within a folder.
    """
    crossings = [at for at in range(1, len(parts), 2) if parts[at] != _STAR]
    out = []
    start = 0
    for stop in (*crossings, len(parts)):
        block = "".join(_within_folder(parts[start + (start > 0) : stop], last=stop == len(parts)))
        if not start:
            out.append(block)
        elif stop == len(parts):
            out.append(parts[start] + block)
        else:
            out.append(_once(_LAZY[parts[start]] + block))
        start = stop
    return "".join(out)


def _within_folder(parts: list[str], *, last: bool) -> Iterator[str]:
    """Yield the regexes of a block; the last star of the last block is bound to the end."""
    yield parts[0]
    for at in range(1, len(parts), 2):
        if last and at == len(parts) - 2:
            yield parts[at] + parts[at + 1]
        else:
            yield _once(_LAZY[parts[at]] + parts[at + 1])


def _once(regex: str) -> str:
    """Return a regex that is matched at the first place that fits, and never tried again."""
    name = f"g{next(_groups)}"
    return f"(?=(?P<{name}>{regex}))(?P={name})"
