"""Parses the text of a query into words and filters."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import NamedTuple

from codesearch import languages
from codesearch.core import names, tokens
from codesearch.core.errors import UsageError
from codesearch.core.filter import Filter, concept_bound
from codesearch.core.suggestions import hint
from codesearch.core.types import KINDS, MINOR
from codesearch.search.wording import Wording, asks_for_files, understand

MAX_CHARACTERS = 10_000
"""Characters of a query that are used; a longer one is cut, with a note."""
MAX_TERMS = 48
"""More terms (a pasted stack trace) cost time and change little."""

ROLES = ("test", "vendored", "generated", "example", "doc", "unused")

_TOKEN = re.compile(
    r"""(?P<no>-?)(?P<key>[a-z]+):(?:"(?P<quoted>[^"]*)"|(?P<value>[^\s"]*(?:""\w+)?))(?=\s|$)|\S+""", re.IGNORECASE
)
_BY = re.compile(r"(?<!\S)by:(file|symbol)(?!\S)", re.IGNORECASE)
_KEYS = {
    "lang": "languages",
    "language": "languages",
    "kind": "kinds",
    "path": "paths",
    "file": "paths",
    "name": "names",
    "is": "roles",
    "concept": "concepts",
}
STOP_WORDS = frozenset(
    (
        "a an and are as at be been being but by can could did do does doing for from had has have having how i if in "
        "into is it its itself me my of on onto or our out own please should so some such that the their them then "
        "there these they this those to us was we were what when where which while who whom whose why will with would "
        "you your"
    ).split()
)
"""Words of a question that say nothing about the code; kept if a query has no others."""


_AROUND = "`'\",;:?!()[]{}<>…"
"""Punctuation around a name in a sentence."""
_SPELLED = re.compile(r"[a-z0-9$][A-Z]|[A-Z]{2}[a-z]|_|[a-zA-Z][0-9]|[.:#>/]|\(\)")
"""Spelling that only names have."""
MAX_MENTIONS, MIN_MENTION_LETTERS = 8, 3
CAPITAL, PLAIN = 0.75, 0.5
"""Certainty that a word without such spelling is a name, if it begins with a capital and if it does not."""


_NEVER_MEANT = STOP_WORDS | (frozenset(KINDS) - MINOR) | {"def", "func"}
"""Words that are never taken for names, even if symbols have these names."""


class Mention(NamedTuple):
    """A word of a longer query that may be a symbol's name: `Router` in "where is Router used"."""

    name: str
    """As typed."""
    scope: tuple[str, ...]
    """Keys of the containers written before it."""
    certainty: float
    """How certainly it is a name, by its spelling: 1 for `serveHTTP` and `engine.run`, less for `Router` and `run`."""
    signs: str = ""
    """The signs of an operator (`names.identity`), which its name must have: `==` of `operator==`."""

    @property
    def key(self) -> str:
        """The same for names in any case style, other for other operators."""
        return tokens.name_key(self.name) + self.signs

    @property
    def distinctive(self) -> bool:
        """Whether its spelling is unlike that of a plain word, so that it is worth looking for."""
        return self.certainty > PLAIN


@dataclass(frozen=True, slots=True)
class Query:
    """A parsed query."""

    text: str
    """The text without its filters."""
    terms: tuple[str, ...]
    """Distinct lower-case terms in order, stop words left out."""
    where: Filter
    name: str = ""
    """The key of the name's words, if the text looks like a name: `Engine.Run` -> run, `<=>` and `operator==` -> ""."""
    signs: str = ""
    """The signs of that name (`names.identity`): `name?` -> ?, `operator==` -> ==."""
    scope: tuple[str, ...] = ()
    """Keys of the containers written before that name."""
    tree: str = ""
    """Key of the name of the tree's folder, which is a container, too: `gin.Context` in a clone of gin."""
    mentions: tuple[Mention, ...] = ()
    """Words that may be names, if the whole text is not one."""
    note: str = ""
    """What the user should know about how the text was understood; "" if nothing."""
    languages: tuple[str, ...] = ()
    """Languages that the question names ("in golang"): preferred, and not part of `text`."""
    typed: str = ""
    """The whole text, if `text` is only what matters of it."""
    about: str = ""
    """More of a long text, for its vector (`query_vector`)."""
    files: frozenset[str] = frozenset()
    """Keys of the files that a long text names (`wording.file_keys`): preferred."""
    frames: tuple[tuple[str, str], ...] = ()
    """(function, key of its file) of the frames of pasted stack traces, innermost first: preferred."""
    by_file: bool = False
    """Whether the best hit of each file comes before a second hit of any: for questions about how something works."""

    @property
    def is_name(self) -> bool:
        """Whether the text looks like a name."""
        return bool(self.name or self.signs)

    @property
    def words(self) -> tuple[str, ...]:
        """The words of the text without compounds; a run of a script without blanks is one word."""
        found = dict.fromkeys(tokens.words(self.text))
        return tuple(word for word in found if word in self.terms or tokens.is_unspaced(word))

    @property
    def literal(self) -> Query:
        """The query with a language it names as part of the text: for an index without code in that language."""
        return replace(_literal(self.typed, self.where), note=self.note, by_file=self.by_file)


def parse(typed: str | Query, where: Filter | None = None, *, filters: bool = True) -> Query:
    """Parse a query; filters in the text add to those given. A parsed query is returned with the filters added.

    Without `filters`, the text has none: `lang:go` in it is text.

    People paste signatures, error messages and whole issues, so a word with a colon is a filter only if its value is
    one that the filter can have. Everything else is text, and `note` says so where a filter may have been meant.
    Raises UsageError for a query without text.
    """
    if isinstance(typed, Query):
        return replace(typed, where=where & typed.where) if where else typed
    notes = []
    if len(typed) > MAX_CHARACTERS:
        notes.append(f"only the first {MAX_CHARACTERS:,} of {len(typed):,} characters of the query are used")
        typed = typed[:MAX_CHARACTERS]
    values: dict[str, list[str]] = {}
    rest: list[str] = []
    typed, by = _by(typed) if filters else (typed, None)
    for match in _TOKEN.finditer(typed):
        filter = _filter(match) if filters else None
        if filter is None:
            rest.append(match[0])
            continue
        field, value, negated = filter
        try:
            found = checked(field, value, match[0])
        except UsageError as error:
            rest.append(match[0])
            notes.append(f"`{match[0]}` is searched as text: {error}")
            continue
        key, found = placed(field, found, negated=negated)
        values.setdefault(key, []).extend(found)
    words = " ".join(rest).strip()
    if names.split(words) is None:  # `operator""_s` is a name
        words = words.replace('"', " ").strip()
    if not words:
        raise UsageError(
            "the query is empty: describe what the code does, or give a name"
            + (" besides the filters (to list symbols by filter alone, use `codesearch symbols`)" if values else "")
        )
    own = Filter.of({name: tuple(found) for name, found in values.items()})
    return replace(_parsed(words, (where or Filter()) & own, by), note="; ".join(notes))


def _by(typed: str) -> tuple[str, bool | None]:
    """Return a text without `by:file` and `by:symbol`, and whether the last of them is `by:file`; None without any."""
    found = _BY.findall(typed)
    return (_BY.sub("", typed), found[-1].lower() == "file") if found else (typed, None)


def _filter(match: re.Match[str]) -> tuple[str, str, bool] | None:
    """Return (field, value, whether it is excluded) of a word that may be a filter; None for text."""
    field = _KEYS.get((match["key"] or "").lower())
    value = match["quoted"] if match["quoted"] is not None else match["value"]
    if field is None or (_is_text(value) and not (field == "names" and names.is_operator(value))):
        return None
    excluded = is_negated(field, value)
    return field, value[excluded:], bool(match["no"]) != excluded


def _is_text(value: str) -> bool:
    """Return whether what follows a key and its colon cannot be the value of a filter.

    No value (`def load(name: str)`), the second half of `::` or `://`, the end of a clause, or part of a bracketed
    expression (`f(a, name:str)`). A path may hold brackets in pairs: `app/[slug]/page.tsx`.
    """
    if not value.strip() or value.startswith((":", "//")) or value.endswith((",", ";", ":")):
        return True
    return any(value.count(left) != value.count(right) for left, right in ("()", "[]", "{}"))


def _parsed(words: str, where: Filter, by_file: bool | None) -> Query:
    said = understand(words)
    query = _literal(said.text, where)
    if by_file is not None:
        query = replace(query, by_file=by_file)
    if said == Wording(words):
        return query
    terms = [*query.terms, *(term for name in said.names for term in tokens.terms(name) if term not in STOP_WORDS)]
    # A long text is asked for by its names, too, wherever they are in it.
    named = tuple(Mention(*found, 1.0) for name in said.names if (found := names.split(name)) is not None)
    return replace(
        query,
        terms=tuple(dict.fromkeys(terms))[:MAX_TERMS],
        mentions=named or query.mentions,
        languages=said.languages,
        typed=words,
        about=said.about,
        files=said.files,
        frames=said.frames,
    )


def _literal(words: str, where: Filter) -> Query:
    found = list(dict.fromkeys(tokens.query_terms(words)))
    terms = tuple(term for term in found if term not in STOP_WORDS)[:MAX_TERMS] or tuple(found[:MAX_TERMS])
    named = names.split(words)
    if named is None:
        mentions = tuple(_mentions(words))[:MAX_MENTIONS]
        return Query(words, terms, where, mentions=mentions, by_file=asks_for_files(words))
    name, signs = names.identity(named[0])
    return Query(words, terms, where, name, signs, named[1])


def _mentions(typed: str) -> Iterator[Mention]:
    for word in dict.fromkeys(typed.split()):
        bare = word.rstrip(".").lstrip(_AROUND)
        operator = bare.rstrip("`'\".?;")
        bare = bare.rstrip(_AROUND) + ("()" if "()" in bare else "")
        if is_operator := names.is_operator(operator):
            bare = operator
        if not (is_operator or names.is_plain(bare)) or (found := names.split(bare)) is None:
            continue
        name, scope = found
        if is_operator:
            yield Mention(name, scope, 1.0, names.signs_of(name))
        elif _SPELLED.search(bare):
            yield Mention(name, scope, 1.0)
        elif len(name) >= MIN_MENTION_LETTERS and name.lower() not in _NEVER_MEANT:
            yield Mention(name, scope, CAPITAL if name[0].isupper() else PLAIN)


def is_negated(field: str, value: str) -> bool:
    """Return whether a value of a filter begins with `!` to exclude the rest. Names may begin with it: `!=`."""
    return re.match(r"![\w*?./\[]" if field == "names" else r"!.", value) is not None


def begins_with_filter(typed: str) -> bool:
    """Return whether a text begins with a filter such as `path:src/**`, or one that excludes, such as `-is:test`."""
    key, colon, _ = typed.partition(":")
    return bool(colon) and key.removeprefix("-").lower() in (*_KEYS, "repo", "by")


def placed(field: str, values: tuple[str, ...], *, negated: bool) -> tuple[str, tuple[str, ...]]:
    """Return the field of `Filter` for values that are wanted or excluded, and the values there."""
    if negated and field == "concepts":
        return field, tuple(str(concept_bound(value).opposite) for value in values)
    return f"not_{field}" if negated else field, values


def checked(field: str, value: str, shown: str) -> tuple[str, ...]:
    """Return the values of a filter. Raises UsageError if there is no such language, kind or role."""
    value = value.strip()
    if not value:
        raise UsageError(f"the filter `{shown}` has no value; for example: `{_EXAMPLES[field]}`")
    if field in _LISTED and "," in value:
        return tuple(one for part in value.split(",") for one in checked(field, part, shown))
    lowered = value.lower()
    if field == "languages":
        if not (found := languages.named(lowered)):
            raise UsageError(_unknown("language", value, languages.names()))
        return found
    if field == "kinds":
        if lowered not in KINDS:
            raise UsageError(_unknown("kind", value, list(KINDS)))
        return (lowered,)
    if field == "roles":
        if lowered not in ROLES:
            raise UsageError(_unknown("role", value, list(ROLES)))
        return (lowered,)
    return (str(concept_bound(value)),) if field == "concepts" else (value,)


_LISTED = frozenset({"languages", "kinds", "roles"})
"""Fields of a filter whose values have no comma, so that several may stand together: `lang:go,rust`."""
_EXAMPLES = {"languages": "lang:go", "kinds": "kind:method", "paths": "path:src/**", "names": "name:parse*",
             "roles": "-is:test", "concepts": "concept:io>0.6"}  # fmt: skip


def _unknown(what: str, value: str, known: list[str]) -> str:
    return f"there is no {what} `{value}`" + (hint(value.lower(), known) or f". Known: {', '.join(sorted(known))}.")
