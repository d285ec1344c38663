"""SQL: a scanner for CREATE statements."""

from __future__ import annotations

import re
from bisect import bisect_left

from codesearch.languages.definition import Definition, Scan
from codesearch.languages.hooks._common import definition_at, in_namespaces

_IDENTIFIER = rb"(?:\"[^\"\n]+\"|\[[^\]\n]+\]|`[^`\n]+`|[\w@$#&:\x80-\xff]+)"


_CREATE = re.compile(
    rb"""^[ \t]*(CREATE\s+(?:OR\s+(?:REPLACE|ALTER)\s+)?(?:DEFINER\s*=\s*\S+\s+)?
    (?:(?:GLOBAL|LOCAL|TEMP|TEMPORARY|UNLOGGED|FOREIGN|EXTERNAL|VIRTUAL|RECURSIVE|FORCE|EDITIONABLE|NONEDITIONABLE
        |CONSTRAINT|TRANSIENT|SECURE|MATERIALIZED|EVENT(?=\s+TRIGGER)|TABLE(?=\s+FUNCTION)|ALGORITHM\s*=\s*\w+|SQL\s+SECURITY\s+\w+)\s+)*
    (FUNCTION|PROCEDURE|PROC|AGGREGATE|TRIGGER|EVENT|MACRO|VIEW|TABLE|TYPE(?:\s+BODY)?|DOMAIN|PACKAGE(?:\s+BODY)?
        |(?:UNIQUE\s+|FULLTEXT\s+|SPATIAL\s+|(?:NON)?CLUSTERED\s+)*INDEX(?:\s+CONCURRENTLY)?(?!\s+ON\b)
        |POLICY|SEQUENCE)\s+
    (?:IF\s+NOT\s+EXISTS\s+)?)
    ("""
    + _IDENTIFIER
    + rb"(?:\s*\.\s*"
    + _IDENTIFIER
    + rb")*)",
    re.IGNORECASE | re.MULTILINE | re.VERBOSE,
)


_KINDS = {
    b"function": "function",
    b"procedure": "function",
    b"proc": "function",
    b"aggregate": "function",
    b"trigger": "function",
    b"event": "function",
    b"macro": "macro",
    b"table": "struct",
    b"package": "module",
    b"policy": "call",
    b"sequence": "call",
}
_INDEX = re.compile(rb"\bINDEX\b", re.IGNORECASE)
_COMMENT_ON = re.compile(
    rb"^[ \t]*COMMENT\s+ON\s+(?:MATERIALIZED\s+|FOREIGN\s+|EVENT\s+)?(\w+)\s+("
    + _IDENTIFIER
    + rb"(?:\s*\.\s*"
    + _IDENTIFIER
    + rb")*)(?:\s*\([^()]*\))?"
    rb"(?:\s+ON\s+[\w.\"]+)?\s+IS\s+(?:E|N)?'((?:[^']|'')*)'",
    re.IGNORECASE | re.MULTILINE,
)
"""What PostgreSQL and Oracle say of a table, a function, or a column, whose name has one part more."""


_ESCAPES = rb"'(?:[^'\\\n]|\\.|''|\n(?![ \t]*CREATE\b))*'|"
"""Strings of MySQL, where a backslash escapes a quote."""


_MYSQL = re.compile(rb"^[ \t]*`|\bENGINE[ \t]*=|^DELIMITER\b|\bTABLE[ \t]+`", re.IGNORECASE | re.MULTILINE)


_PASSED = rb"--[^\n]*|/\*.*?(?:\*/|\Z)|'(?:[^'\n]|''|\n(?![ \t]*CREATE\b))*'|\"[^\"\n]*\""


_DOLLAR_QUOTED = rb"|\$(?P<tag>\w*)\$.*?(?:\$(?P=tag)\$|\Z)"


_MARKS = rb"""
    |(?P<open>\b(?:BEGIN|CASE)\b)|(?P<close>\bEND\b(?!\s+(?:IF|LOOP|WHILE|REPEAT|FOR)\b))
    |(?P<create>^[ \t]*CREATE\b)|(?P<stop>^(?:GO|/)[ \t\r]*$|;"""


_FLAGS = re.IGNORECASE | re.MULTILINE | re.DOTALL | re.VERBOSE


_TOKEN = re.compile(_PASSED + _DOLLAR_QUOTED + _MARKS + rb")", _FLAGS)


_TOKEN_MYSQL = re.compile(_ESCAPES + _PASSED + _DOLLAR_QUOTED + _MARKS + rb")", _FLAGS)


_TOKEN_DELIMITED = re.compile(_PASSED + _MARKS + rb"|//|\$\$|^DELIMITER\b[^\n]*)", _FLAGS)
"""For MySQL scripts that set the end of a statement with `DELIMITER`: `$$` opens no string there."""


_DELIMITER = re.compile(rb"^[ \t]*DELIMITER[ \t]", re.IGNORECASE | re.MULTILINE)


_ROUTINE = re.compile(
    rb"^[ \t]*CREATE\s+(?:OR\s+\w+\s+)?(?:FUNCTION|PROC|PROCEDURE|TRIGGER|VIEW|PACKAGE)\b", re.IGNORECASE | re.MULTILINE
)


_BATCH_END = re.compile(rb"^(?:GO|/)[ \t\r]*$", re.IGNORECASE | re.MULTILINE)


_BODY = re.compile(rb"\b(?:AS|IS)\s*(?:\$\w*\$|'|BEGIN\b|SELECT\b|WITH\b|\n|$)|\bBEGIN\b|\$\w*\$", re.IGNORECASE)


_PACKAGE = re.compile(rb"\bPACKAGE\b", re.IGNORECASE)


_END = re.compile(rb"\bEND\s+(" + _IDENTIFIER + rb")\s*;", re.IGNORECASE)


_MEMBER = re.compile(rb"^[ \t]*((?:PROCEDURE|FUNCTION)\s+)(" + _IDENTIFIER + rb")", re.IGNORECASE | re.MULTILINE)


_MEMBER_HEAD = re.compile(rb"\b(?:IS|AS)\b|;", re.IGNORECASE)


_QUOTES = re.compile(r"[\"`\[\]]")


_DOT = re.compile(r"\s*\.\s*")


def sql(scan: Scan) -> list[Definition]:
    """Return the tables, views, types, functions, procedures and triggers that a file creates."""
    source = scan.source
    tokens = _TOKEN_DELIMITED if _DELIMITER.search(source) else _TOKEN_MYSQL if _MYSQL.search(source) else _TOKEN
    batches = [found.start() for found in _BATCH_END.finditer(source)]
    routines = [found.start() for found in _ROUTINE.finditer(source)] if batches else []
    package_ends = _package_ends(source) if _PACKAGE.search(source) else {}
    out: list[Definition] = []
    at = 0
    while found := _next_create(source, at, tokens):
        keyword = found[2].lower().split()[0]
        scope, _, name = _DOT.sub(".", _QUOTES.sub("", found[3].decode("utf-8", "replace"))).rpartition(".")
        kind = _kind(found[2], keyword)
        routine = kind in ("function", "module")
        end = _batch_end(found.end(), batches, routines) if routine else -1
        if end < 0:
            end = _package_end(name, found.end(), package_ends) if keyword == b"package" else -1
        if end < 0:
            end = _statement_end(source, found.end(), routine, tokens)
        end = found.end() + len(source[found.end() : end].rstrip())
        at = end
        body = _BODY.search(source, found.end(), end) if keyword != b"table" else None
        out.append(definition_at(kind, name, found.start(1), end, body.start() if body else -1, found.start(3)))
        out[-1].scope, out[-1].minor = scope, kind == "call"
        if keyword == b"package":
            out += _members(source, found.end(), end, tokens)
    _document(out, source)
    return in_namespaces(out)


def _kind(created: bytes, keyword: bytes) -> str:
    return "call" if _INDEX.search(created) else _KINDS.get(keyword, "type")


def _document(definitions: list[Definition], source: bytes) -> None:
    """Give definitions what the statements COMMENT ON say of them."""
    said = _comments(source)
    for one in definitions if said else ():
        one.documentation = said.get(f"{one.scope}.{one.name}".strip(".").lower())


def _comments(source: bytes) -> dict[str, str]:
    """Return what the statements COMMENT ON say, by the name of a table, function or the like in lower case.

    What is said of a column is a line of its table's.
    """
    found: dict[str, str] = {}
    for one in _COMMENT_ON.finditer(source):
        name = _DOT.sub(".", _QUOTES.sub("", one[2].decode("utf-8", "replace")))
        text = one[3].decode("utf-8", "replace").replace("''", "'").strip()
        if one[1].lower() == b"column":
            name, _, column = name.rpartition(".")
            text = "\n".join(filter(None, (found.get(name.lower()), f"{column}: {text}")))
        found[name.lower()] = text
    return found


def _package_ends(source: bytes) -> dict[str, list[int]]:
    """Return where `END name;` ends, in order, by name."""
    ends: dict[str, list[int]] = {}
    for found in _END.finditer(source):
        ends.setdefault(_QUOTES.sub("", found[1].decode("utf-8", "replace")).lower(), []).append(found.end())
    return ends


def _package_end(name: str, at: int, ends: dict[str, list[int]]) -> int:
    """Return the end of an Oracle package, `END name;`; -1 if it has none."""
    own = ends.get(name.lower(), [])
    index = bisect_left(own, at)
    return own[index] if index < len(own) else -1


def _members(source: bytes, start: int, end: int, tokens: re.Pattern[bytes]) -> list[Definition]:
    """Return the functions and procedures of an Oracle package; without a body they count as prototypes."""
    out: list[Definition] = []
    at = start
    while found := _MEMBER.search(source, at, end):
        head = _MEMBER_HEAD.search(source, found.end(), end)
        has_body = head is not None and head[0] != b";"
        stop = _block_end(source, head.end(), end, tokens) if head and has_body else head.end() if head else end
        name = _QUOTES.sub("", found[2].decode("utf-8", "replace"))
        body = head.start() if head and has_body else -1
        member = definition_at("function", name, found.start(1), stop, body, found.start(2))
        member.prototype = not has_body
        out.append(member)
        at = max(stop, found.end())
    return out


def _block_end(source: bytes, at: int, limit: int, tokens: re.Pattern[bytes]) -> int:
    """Return the end of declarations followed by BEGIN ... END."""
    depth = 0
    begun = False
    while token := tokens.search(source, at, limit):
        at = max(token.end(), at + 1)
        if token["open"]:
            depth, begun = depth + 1, True
        elif token["close"]:
            depth -= 1
        elif token["stop"] == b";" and begun and depth <= 0:
            return token.end()
    return limit


def _next_create(source: bytes, at: int, tokens: re.Pattern[bytes]) -> re.Match[bytes] | None:
    """Return the next statement that creates something, comments and strings passed over."""
    while token := tokens.search(source, at):
        if token["create"]:
            found = _CREATE.match(source, token.start())
            if found:
                return found
        at = max(token.end(), at + 1)
    return None


def _batch_end(at: int, batches: list[int], routines: list[int]) -> int:
    """Return the batch separator that ends a routine, -1 if another routine begins before there is one."""
    batch = bisect_left(batches, at)
    if batch == len(batches):
        return -1
    routine = bisect_left(routines, at)
    return batches[batch] if routine == len(routines) or batches[batch] < routines[routine] else -1


def _statement_end(source: bytes, at: int, routine: bool, tokens: re.Pattern[bytes]) -> int:
    """Return where the statement ends: a semicolon outside BEGIN ... END, a delimiter, the next CREATE."""
    depth = 0
    while token := tokens.search(source, at):
        at = max(token.end(), at + 1)
        if token["open"]:
            depth += routine
        elif token["close"]:
            depth = max(0, depth - 1)
        elif token["stop"] == b";":
            if depth == 0:
                return token.end()
        elif token["stop"] or (token["create"] and depth == 0):
            return token.start()
    return len(source)
