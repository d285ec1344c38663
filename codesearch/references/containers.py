"""Where symbols are defined: in which container, file and folder, and what that makes visible."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from posixpath import dirname

from codesearch.references import modules
from codesearch.references.edges import Confidence
from codesearch.store.references import Known

TYPES = frozenset({"class", "struct", "trait", "interface", "enum", "type"})
ABSTRACT = frozenset({"trait", "interface"})
_CONSTRUCTORS = frozenset({"__init__", "__new__", "constructor", "initialize", "init", "__construct"})
_SEPARATOR = re.compile(r"::|\.|#|\\|:| > ")
_STATIC = re.compile(r"(?:\w+ )*static\b")
_SPLIT = frozenset({"rust", "swift", "csharp", "ruby", "kotlin", "scala"})
"""Languages in which the methods of a type may be in other folders than the type."""

Target = tuple[Known, Confidence]


def parent(known: Known) -> str:
    """Return the containers of a symbol, joined by dots; "" at the top level."""
    symbol = known.symbol
    before = symbol.qualname[: -len(symbol.name)] if symbol.qualname.endswith(symbol.name) else ""
    return ".".join(filter(None, _SEPARATOR.split(before)))


def owner(known: Known) -> str:
    """Return the name of the container of a symbol; "" at the top level."""
    return parent(known).rpartition(".")[2]


def whole(known: Known) -> str:
    """Return the name of a symbol with its containers, joined by dots."""
    return ".".join(filter(None, (parent(known), known.symbol.name)))


def is_type(known: Known) -> bool:
    """Return whether a symbol is a type."""
    return known.symbol.kind in TYPES


def is_free(known: Known) -> bool:
    """Return whether a symbol is used without a receiver: no method of a type."""
    return known.symbol.kind != "method"


def is_constructor(known: Known) -> bool:
    """Return whether calling its class means calling it."""
    name = known.symbol.name
    return known.symbol.kind == "method" and (name in _CONSTRUCTORS or name == owner(known))


def is_class_named(known: Known) -> bool:
    """Return whether a method has the name of its class: calls of the name mean the class."""
    return known.symbol.kind == "method" and known.symbol.name == owner(known)


def is_header(known: Known) -> bool:
    """Return whether a symbol is in a header of C or C++."""
    return known.symbol.path.endswith((".h", ".hpp", ".hh", ".hxx", ".inl"))


def is_linked(known: Known) -> bool:
    """Return whether other files can call a function of C or C++: it is not static to its file."""
    return is_header(known) or not _STATIC.match(known.symbol.signature)


def is_within(inside: str, around: str) -> bool:
    """Return whether names in one container are visible in another."""
    return not around or inside == around or inside.startswith(around + ".")


def names(found: Iterable[Known]) -> int:
    """Return how many different qualified names some symbols have."""
    return len({one.symbol.qualname for one in found})


def in_file(found: Iterable[Known], path: str) -> list[Known]:
    """Return those of some symbols that are in a file."""
    return [one for one in found if one.symbol.path == path]


def in_folder(found: Iterable[Known], path: str) -> list[Known]:
    """Return those of some symbols whose files are in the folder of a file."""
    folder = dirname(path)
    return [one for one in found if dirname(one.symbol.path) == folder]


def at_top(found: Iterable[Known]) -> list[Known]:
    """Return those of some symbols that are in no container."""
    return [one for one in found if not parent(one)]


def nearest(found: list[Known], path: str) -> list[Known]:
    """Return those in the file, else those in its folder, else all."""
    return in_file(found, path) or in_folder(found, path) or found


def spoken(found: Iterable[Known], language: str) -> list[Known]:
    """Return those of some symbols that code in a language can name."""
    return [one for one in found if modules.same_family(one.symbol.language, language)]


def graded(found: Sequence[Known], best: Confidence) -> list[Target]:
    """Return symbols with a confidence if they are one function, else by name."""
    one = len({(each.symbol.qualname, each.symbol.path) for each in found}) == 1
    return [(each, best if one else "name") for each in found]


def owned(candidates: Sequence[Known], type: Known) -> list[Known]:
    """Return those of some symbols that are members of a type."""
    found = [one for one in candidates if owner(one) == type.symbol.name]
    if not found:
        return []
    name = whole(type)
    exact = [one for one in found if parent(one) == name]
    if type.symbol.language in modules.FAMILIES[1]:
        return _one_container(exact or found)  # declared in a header, defined elsewhere
    path = type.symbol.path
    near = in_file(exact, path) or in_file(found, path) or in_folder(found, path)
    return near or (_one_container(found) if type.symbol.language in _SPLIT else [])


def _one_container(found: list[Known]) -> list[Known]:
    """Return some symbols if they are in one container; else none."""
    return found if len({parent(one) for one in found}) == 1 else []


def visible(found: Iterable[Known], caller: Known, *, with_methods: bool) -> list[Known]:
    """Return what a symbol can name in its file, of the innermost container that has any of some symbols."""
    inside = whole(caller) if caller.symbol.kind != "module" else ""
    near = [one for one in in_file(found, caller.symbol.path) if is_within(inside, parent(one))]
    near = [one for one in near if with_methods or is_free(one)]
    deepest = max((len(parent(one)) for one in near), default=0)
    return [one for one in near if len(parent(one)) == deepest]
