"""Renders a filter over symbols as SQL, and matches paths and names against the globs of people."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Any, NamedTuple

from codesearch.core import globs, names
from codesearch.core.errors import UsageError
from codesearch.core.filter import TEST, Filter
from codesearch.core.references import FIELD, NOT_CALLED_BY_NAME
from codesearch.core.tokens import name_key
from codesearch.core.types import MINOR
from codesearch.store import symbol_sql, vector_codes
from codesearch.store.connection import Connection
from codesearch.store.interned import HAS_KEY, key_of

Binding = str | bytes | float
_ESCAPES_NOTHING = re.compile(r"\\(?![*?\[\]{},!\\])")
WILDCARD = re.compile(r"[*?\[]")
_PATH_IS = "{path} = ? OR {path} >= ? AND {path} < ?"
"""A file, or the files below a folder: "0" follows "/" in ASCII."""


def listed(values: Iterable[str]) -> str:
    """Return names as the list of an SQL condition; they are not escaped."""
    return ", ".join(f"'{value}'" for value in values)


UNUSED = "unused"
"""The filter `is:unused`: symbols that nothing in the index names but they themselves."""
_OWN = "(SELECT rf.start + s.id - f.first_symbol FROM reference_file rf WHERE rf.file_id = s.file_id)"
_UNUSED = f"""(
    s.kind_number NOT IN {symbol_sql.kinds(("module", "test", *MINOR))} AND s.name_key <> ''
    AND s.name NOT LIKE '\\_\\_%\\_\\_' ESCAPE '\\'
    AND s.name_key NOT IN ({listed(NOT_CALLED_BY_NAME)})
    AND instr(' ' || f.roles || ' ', ' test ') = 0 AND has_references(f.language)
    AND NOT EXISTS (
        SELECT 1 FROM reference r WHERE r.name_id = s.name_id AND r.role <> {FIELD} AND r.place IS NOT {_OWN})
    AND NOT EXISTS (SELECT 1 FROM reference r WHERE r.name_id = 0 AND r.place = {_OWN})
    AND occurrences_in_bodies(s.name_key)
        <= 2 * (SELECT count(*) FROM name n JOIN symbol o ON o.name_id = n.id WHERE {key_of("n")} = s.name_key)
)"""
"""No reference has its name, no decorator hands it on, and its name occurs only where that of any definition occurs: in
its own text and in that of its container. Constructors and functions that the language calls itself are left out, and
so are minor symbols: that a constant or field is read is not a reference."""

_CONCEPT = (
    f"(SELECT 1 - vec_distance_cosine(vec_int8({vector_codes.UNPACKED}(cv.embedding)), vec_int8(?)) "
    "FROM vector cv WHERE cv.id = s.content_id) {operator} ?"
)
"""Symbols without a vector pass no bound."""


@lru_cache(maxsize=256)
def has_references(language: str | None) -> bool:
    """Return whether the references of a language are known."""
    from codesearch import languages

    return bool(language and languages.get(language).references)


Clause = Callable[[str], tuple[str, list[Any]]]
"""Returns the condition of one value of a filter, and its bindings."""


class Dialect(NamedTuple):
    """How the values of a filter are written as SQL."""

    language: Clause
    kind: Clause
    path: Clause
    name: Clause
    role: Clause


def clauses_of(where: Filter, dialect: Dialect) -> tuple[list[str], list[Any]]:
    """Return the conditions of a filter, except those by concept, that must all hold, and their bindings."""
    clauses: list[str] = []
    bindings: list[Any] = []

    def add(values: Iterable[str], clause: Clause, *, negated: bool) -> None:
        rendered = [clause(value) for value in values]
        if rendered:
            clauses.append(("NOT " if negated else "") + "(" + " OR ".join(text for text, _ in rendered) + ")")
            bindings.extend(value for _, some in rendered for value in some)

    add(where.under, dialect.path, negated=False)
    for negated, languages, kinds, paths, symbols, roles in (
        (False, where.languages, where.kinds, where.paths, where.names, where.roles),
        (True, where.not_languages, where.not_kinds, where.not_paths, where.not_names, where.not_roles),
    ):
        add(languages, dialect.language, negated=negated)
        add(kinds, dialect.kind, negated=negated)
        add(paths, dialect.path, negated=negated)
        add(symbols, dialect.name, negated=negated)
        add(roles, dialect.role, negated=negated)
    return clauses, bindings


def render(where: Filter) -> tuple[str, list[Binding]]:
    """Return a condition over `full_symbol s JOIN file f`, and its bindings. The text is never the user's."""
    if where.concepts:
        raise UsageError("a filter by concept needs an index: use `search.resolved` first")
    clauses, values = clauses_of(where, _SQLITE)
    bindings: list[Binding] = [bound(value) for value in values]
    for one in where.axes:
        clauses.append(_CONCEPT.format(operator=one.concept.operator))
        bindings += [one.axis, one.cosine]
    return " AND ".join(clauses) or "1", bindings


def _role(value: str) -> tuple[str, list[str]]:
    if value == UNUSED:
        return _UNUSED, []
    return with_kind(value, "instr(' ' || f.roles || ' ', ' ' || ? || ' ') > 0"), [value]


def with_kind(role: str, condition: str) -> str:
    """Return the condition that a symbol has a role: by its file, as a condition says, or by its kind."""
    return f"(s.kind = '{TEST}' OR {condition})" if role == TEST else condition


def unmatched(connection: Connection, where: Filter) -> tuple[str, ...]:
    """Return the path filters that no file passes, as written in a query, and the folders without an indexed file."""
    found = []
    folders = [(globs.unescaped(glob[1:-2]), glob) for glob in where.under if glob.endswith("/**")]
    filters = [("path:" + glob, glob) for glob in where.paths] + [("-path:" + glob, glob) for glob in where.not_paths]
    for shown, pattern in folders + filters:
        condition, values = render(Filter(paths=(pattern,)))
        if not connection.rows(f"SELECT 1 FROM file f WHERE {condition} LIMIT 1", values):
            found.append(shown)
    return tuple(found)


def _path(pattern: str) -> tuple[str, list[str]]:
    """Return the condition of a path filter. A path of the index, as it is printed, means that file or folder."""
    matches = "path_matches(f.path, ?)"
    printed = _printed(pattern)
    if not printed:
        return matches, [pattern]
    texts = [text for path in printed for text in (path, path + "/", path + "0")]
    known = " OR ".join([_PATH_IS.format(path="path")] * len(printed))
    same = " OR ".join([_PATH_IS.format(path="f.path")] * len(printed))
    condition = f"CASE WHEN EXISTS (SELECT 1 FROM file WHERE {known}) THEN ({same}) ELSE {matches} END"
    return condition, [*texts, *texts, pattern]


def _printed(pattern: str) -> tuple[str, ...]:
    """Return the paths that a pattern may be, taken literally; () if it has no wildcards, and so is taken literally."""
    if not (globs.is_glob(pattern) or "{" in pattern):
        return ()
    readings = (pattern, globs.unescaped(pattern), pattern.replace("\\", "/"))
    return tuple(dict.fromkeys(reading.removeprefix("./").strip("/") for reading in readings))


def _name(pattern: str) -> tuple[str, list[str]]:
    """Return the condition of a name filter.

    The name of a symbol means that name if it has signs, such as `operator*`, or wildcards: `[Symbol.iterator]`.
    """
    matches = "name_matches(s.name, s.qualname, ?)"
    named = names.split(pattern)
    if named is None and WILDCARD.search(pattern):
        literal = f"EXISTS (SELECT 1 FROM symbol s WHERE {HAS_KEY.format('= ? AND text = ?')})"
        return f"CASE WHEN {literal} THEN s.name = ? ELSE {matches} END", [name_key(pattern), pattern, pattern, pattern]
    if named is None or not (names.signs_of(named[0]) or names.is_operator(pattern)):
        return matches, [pattern]
    keys = names.keys(names.identity(named[0])[0])
    same = "name_is(s.name, s.qualname, ?)"
    within = HAS_KEY.format(f"IN ({','.join('?' * len(keys))})")
    return (
        f"CASE WHEN EXISTS (SELECT 1 FROM full_symbol s WHERE {within} AND {same}) THEN {same} ELSE {matches} END",
        [*keys, pattern, pattern, pattern],
    )


_SQLITE = Dialect(
    language=lambda value: ("f.language = ?", [value]),
    kind=lambda value: ("s.kind = ?", [value]),
    path=_path,
    name=_name,
    role=_role,
)


def bound(value: str) -> str | bytes:
    """Return a value as SQLite can bind it: as bytes if it has bytes that are not UTF-8."""
    try:
        value.encode()
    except UnicodeEncodeError:
        return value.encode("utf-8", "surrogateescape")
    return value


def _text(value: str | bytes) -> str:
    return value.decode("utf-8", "surrogateescape") if isinstance(value, bytes) else value


# -- paths -------------------------------------------------------------------------------------------


def path_matches(path: str | bytes, pattern: str | bytes) -> bool:
    """Return whether a path passes a `path:` filter."""
    return _path_pattern(_text(pattern)).fullmatch(_text(path)) is not None


@lru_cache(maxsize=256)
def _path_pattern(pattern: str) -> re.Pattern[str]:
    r"""Compile a path filter: a glob over the whole path, or, without wildcards, any part of it.

    `*` stays within a folder, `**` crosses folders, a pattern without `/` may match at any depth, and one that begins
    with `/` starts at the root. `{a,b}` means either. A backslash escapes, or separates folders as on Windows.
    """
    return re.compile(path_regex(pattern, globs.translate), re.IGNORECASE | re.DOTALL)


def path_regex(pattern: str, translate: Callable[[str], str]) -> str:
    """Return the regex of a path filter, to match the whole path in any case; `translate` is one of core.globs."""
    found = [_path_regex(one, translate) for reading in _readings(pattern) for one in globs.alternatives(reading)]
    if globs.is_glob(pattern) or "{" in pattern:
        found.append(_containing(pattern))
    return "|".join(f"(?:{regex})" for regex in found)


def _readings(pattern: str) -> list[str]:
    if "\\" not in pattern:
        return [pattern]
    as_folders = pattern.replace("\\", "/")
    if _ESCAPES_NOTHING.search(pattern):
        return [as_folders]
    return [pattern, as_folders] if r"\*" in pattern else [pattern]


def _path_regex(pattern: str, translate: Callable[[str], str]) -> str:
    while pattern.startswith("./"):
        pattern = pattern[1:]
    anchored = pattern.lstrip("/")
    if not globs.is_glob(pattern):
        if anchored == pattern:
            return _containing(pattern)
        return re.escape(anchored.rstrip("/")) + ("/.*" if anchored.endswith("/") else "(?:/.*)?") if anchored else ".*"
    if anchored.endswith("/"):
        anchored += "**"
    if "/" not in pattern:
        anchored = "**/" + anchored
    return "|".join(map(translate, _crossing(anchored)))


def _containing(text: str) -> str:
    return f".*{re.escape(text)}.*"


_INSIDE_STARS = re.compile(r"(?<=[^/*])\*{2,}|\*{2,}(?=[^/*])")


def _crossing(pattern: str) -> list[str]:
    """Return the globs that together mean what people mean by `**` beside other characters: `src/**.ts`, `src**`."""
    found = [""]
    at = 0
    for stars in list(_INSIDE_STARS.finditer(pattern))[:3]:
        before = pattern[at : stars.start()]
        found = [one + before + star for one in found for star in ("*", "*/**/*")]
        at = stars.end()
    return [one + pattern[at:] for one in found]


# -- names -------------------------------------------------------------------------------------------


def name_matches(name: str, qualname: str, pattern: str | bytes) -> bool:
    """Return whether a symbol passes a `name:` filter."""
    compiled = _name_pattern(_text(pattern))
    return compiled.fullmatch(name) is not None or compiled.fullmatch(qualname) is not None


_SIGN = "[-+*%^&|~!=<>?@$]"


@lru_cache(maxsize=256)
def _name_pattern(pattern: str) -> re.Pattern[str]:
    return re.compile(name_regex(pattern, globs.translate), re.IGNORECASE | re.DOTALL)


def name_regex(pattern: str, translate: Callable[..., str]) -> str:
    """Return the regex of a name filter, a glob over the whole name, or, without wildcards, any part of it.

    It is to match the whole name in any case; `translate` is one of core.globs.
    """
    if WILDCARD.search(pattern):
        translated = [translate(one, folders=False) for one in globs.alternatives(pattern.replace("\\", r"\\"))]
        if globs.NEVER not in translated:
            return "|".join(f"(?:{one})" for one in translated)
    # `operator<` is no part of `operator<<`.
    before = f"(?<!{_SIGN})" if re.match(_SIGN, pattern) else ""
    after = f"(?!{_SIGN})" if re.search(rf"{_SIGN}\Z", pattern) else ""
    return f".*{before}{re.escape(pattern)}{after}.*"


def name_is(name: str, qualname: str, asked: str | bytes) -> bool:
    """Return whether a symbol has exactly the name asked for, signs included; containers before it narrow it down."""
    typed = names.split(_text(asked))
    if typed is None or names.identity(name) != names.identity(typed[0]):
        return False
    return name_key(qualname.removesuffix(name)).endswith("".join(typed[1]))


FUNCTIONS: dict[str, tuple[Any, int]] = {
    "path_matches": (path_matches, 2),
    "name_matches": (name_matches, 3),
    "name_is": (name_is, 3),
    "signs_of": (names.signs_of, 1),
    "has_references": (has_references, 1),
}
"""What the SQL calls: name -> (function, number of arguments)."""
