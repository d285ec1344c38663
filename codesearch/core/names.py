"""Names as people type them: containers, the name itself, and the signs that tell operators apart.

Words of names in any case style meet under one key (`tokens.name_key`), which drops every sign. Signs are a second key:
`operator==` and `operator+` share the words, `name?` and `name!` as well, and `<=>` and `[]` have none.
"""

from __future__ import annotations

import re
from functools import cache, lru_cache

from codesearch.core.tokens import name_key

_WORD = r"[^\W\d][\w$]*"
_SEPARATOR = r"(?:\.|::|\#|->|/)"
_SIGN = r"[^\w\s\"'`()\[\]{},;\ud800-\udfff]"
"""A byte that is not UTF-8, which is a surrogate, is no sign."""
_OPERATOR = rf"""
    operator\s*(?: {_SIGN}+ | \(\s*\) | \[\s*\] | , | ""\s*\w+ | (?<=\s)(?:new|delete)\b(?:\s*\[\s*\])? )
"""
"""C++, C#: `operator==`, `operator ()`, `operator new[]`, `operator""_s`."""
_BARE = rf"(?: {_SIGN}+ | \[\]=? | \(\) | \(\s*{_SIGN}+\s*\) | :\({_SIGN}+\) )"
"""Ruby `<=>`, `[]=`; Haskell `(<+>)`; Swift `==`; Julia `:(==)`."""
_IN_CONTAINER = rf"(?:(?<=\#)|(?<=\.)(?=[:!?]+\Z)|(?![.:?!/\#]+\Z|\*{{1,2}}\Z)){_BARE}"
"""Behind a container: not the dots of `loading...`, nor the star of `java.util.*`; but `Path#/` and `List.::`."""
_WORDED = rf"(?: [~\#]?{_WORD}(?:[!?=]|'+)? | (?:let|and){_SIGN}+ | unary_[-+~!] | (?:{_WORD}:){{2,}} )"
"""Ruby and Elixir `name?`, Haskell `foldl'`, C++ `~Item`, OCaml `let*`, Scala `unary_-`, Objective-C `find:with:`."""

_NAME = rf"""
    (?P<scope> (?:{_WORD}[!?=]?{_SEPARATOR})* )
    (?P<last> {_OPERATOR} | {_WORDED} )
    (?:\(\))? \Z
    | (?P<bare_scope> (?:{_WORD}{_SEPARATOR})+ ) (?P<bare> {_IN_CONTAINER} ) \Z
    | (?P<alone> {_BARE} ) \Z
"""
_PLAIN = re.compile(rf"{_WORD}(?:{_SEPARATOR}{_WORD}[!?=]?)*[!?=]?(?:\(\))?\Z", re.VERBOSE)
_SIGNED_OPERATOR = rf"(?:{_WORD}{_SEPARATOR})*{_OPERATOR}\Z"
_DUNDER = re.compile(r"__\w*[^\W_]\w*__\Z")
_IN_PARENTHESES = re.compile(r":?\((.+)\)\Z")
_NO_SIGNS = re.compile(r"[\w\s`$]+")


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    """Return a pattern that most queries do not need, compiled: that takes longer than parsing a query."""
    return re.compile(pattern, re.VERBOSE)


def split(typed: str) -> tuple[str, tuple[str, ...]] | None:
    """Return (name as typed, keys of the containers before it) if a text is a name, else None."""
    text = typed.strip("`")
    if is_plain(text) and not text.endswith("operator()"):
        *containers, last = re.split(_SEPARATOR, text.removesuffix("()"))
        return last, tuple(map(name_key, containers))
    if len(text.split(None, 1)) > 1 and not ("operator" in text or text[0] == "("):
        return None
    found = _compiled(_NAME).match(text)
    if found is None:
        return None
    last = found["last"] or found["bare"] or found["alone"]
    before = found["scope"] or found["bare_scope"] or ""
    return last, tuple(name_key(part) for part in re.split(_SEPARATOR, before) if part)


def is_plain(typed: str) -> bool:
    """Return whether a word is a name of words, with containers or without: `Engine.run()`, but not `<=>` or `let*`."""
    return _PLAIN.match(typed) is not None


def is_operator(typed: str) -> bool:
    """Return whether a word is an operator's name that holds signs and the word `operator`."""
    return "operator" in typed and _compiled(_SIGNED_OPERATOR).match(typed) is not None


@lru_cache(maxsize=4096)
def identity(name: str) -> tuple[str, str]:
    """Return (key of the words, signs) of a name; two names with the same are the same name.

    The word `operator` says nothing: `operator==` (C++) and `==` (Swift) are one. Signs are also the underscores around
    `__eq__`, the apostrophe of `foldl'`, and all of a name without letters and digits: `$`, `_`.
    """
    bare = name.strip("`")
    signs = _NO_SIGNS.sub("", bare)
    if _DUNDER.match(name):
        signs += "__"
    key = name_key(name)
    if not key and not signs:
        signs = bare
    if not key and (inside := _IN_PARENTHESES.match(signs)):
        signs = inside[1]
    return ("" if signs and key == "operator" else key), signs


def signs_of(name: str) -> str:
    """Return the signs of a name; "" for most names."""
    return identity(name)[1]


def keys(key: str) -> tuple[str, ...]:
    """Return the keys (`tokens.name_key`) of the names with some signs whose words are `key`."""
    return (key,) if key else ("", "operator")
