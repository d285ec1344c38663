"""Resolves references within the index: by scope, import and file, the type of the receiver, and inheritance.

A rule that can be wrong gives `likely`; where only the name agrees, it says so (`name`). What no rule resolves, and
what comes from outside the index, is left out.
"""

from __future__ import annotations

from collections.abc import Sequence
from posixpath import dirname

from codesearch.core.references import BASE, CALL, FIELD, IMPORT, NEW, USE
from codesearch.core.types import Symbol
from codesearch.references import modules
from codesearch.references.common_names import COMMON
from codesearch.references.containers import (
    ABSTRACT,
    Target,
    at_top,
    graded,
    in_file,
    in_folder,
    is_class_named,
    is_free,
    is_header,
    is_linked,
    is_type,
    names,
    nearest,
    owned,
    owner,
    parent,
    spoken,
    visible,
    whole,
)
from codesearch.references.edges import Confidence
from codesearch.references.signatures import returned
from codesearch.store.references import Known, Place, References

_IMPLICIT_SELF = frozenset({"java", "cpp", "csharp", "ruby", "kotlin", "swift", "scala", "dart", "objc"})
"""Languages in which a plain name may be a method of the own class."""
_BUILT_IN_GLOBALS = frozenset({"python", "javascript", "typescript", "tsx", "svelte", "vue", "astro", "lua"})
"""Languages in which a plain name that is neither defined in the file nor imported is built in."""
_PACKAGE_SCOPE = frozenset({"go", "kotlin", "swift", "java", "scala", "csharp", "dart"})
"""Languages in which files of one folder see each other's names."""
_MOST = 60
"""Definitions of one name that are compared. A name with more is resolved only within the file."""
_DEPTH = 5

Value = tuple[tuple[Known, ...], Confidence]
"""Types that an expression may have."""


class Resolver:
    """Resolves the references of one index; keeps what it has read, so use it for one question in one snapshot."""

    def __init__(self, references: References) -> None:
        self.references = references
        self._defined: dict[str, list[Known]] = {}
        self._symbols: dict[int, Known] = {}
        self._fields: dict[int, dict[str, str]] = {}
        self._bases: dict[int, tuple[Known, ...]] = {}
        self._derived: dict[int, tuple[Known, ...]] = {}
        self._wildcards: dict[str, tuple[str, ...]] = {}
        self._resolved: dict[tuple[str, str, str, int, str], tuple[Target, ...]] = {}
        self._values: dict[tuple[str, str, str], Value | None] = {}

    # -- reading ----------------------------------------------------------------------------------

    def defined(self, name: str) -> list[Known]:
        """Return the symbols with a name."""
        if name not in self._defined:
            self._defined[name] = self.references.defined(name)
            self._symbols.update((one.id, one) for one in self._defined[name])
        return self._defined[name]

    def load(self, ids: Sequence[int]) -> None:
        """Read some symbols at once."""
        self._symbols.update(self.references.symbols([id for id in ids if id not in self._symbols]))

    def symbol(self, id: int) -> Known:
        """Return a symbol by id."""
        if id not in self._symbols:
            self.load([id])
        return self._symbols[id]

    # -- one reference ----------------------------------------------------------------------------

    def resolve(self, place: Place) -> tuple[Target, ...]:
        """Return the symbols that a reference may mean, each with its confidence."""
        caller = self.symbol(place.symbol)
        key = caller.symbol.path, parent(caller) + "." + caller.symbol.name, place.name, place.role, place.receiver
        found = self._resolved.get(key)
        if found is None:
            found = self._resolved[key] = tuple(self._targets(place, caller))
        return found

    def _targets(self, place: Place, caller: Known) -> Sequence[Target]:
        candidates = self._fitting(place, caller)
        if not candidates:
            return ()
        receiver = place.receiver
        if place.role == BASE and receiver.startswith("<"):
            receiver = ""
        if not receiver:
            return self._plain(candidates, caller)
        if receiver.startswith("@") and ":" not in receiver.replace("::", ""):
            return self._imported(candidates, receiver[1:], caller)
        value = self.value(receiver, caller)
        if value is not None:
            found = self._members(value, place.name, candidates)
            if found or value[0]:
                return found
        spaces = self._in_namespace(candidates, receiver, caller)
        return spaces if spaces is not None else self._unknown(candidates, receiver)

    def _fitting(self, place: Place, caller: Known) -> list[Known]:
        """Return the definitions of the name that a reference in this role can mean."""
        language = caller.symbol.language
        found = [one for one in spoken(self.defined(place.name), language) if not is_class_named(one)]
        if place.role == BASE or (place.role == NEW and language not in modules.FAMILIES[0]):
            found = [one for one in found if is_type(one)]
        elif place.role == CALL:
            found = [one for one in found if one.symbol.kind != "test"]
        if len(found) > _MOST:
            return in_file(found, caller.symbol.path) or (found if place.receiver else [])
        return found

    # -- plain names ------------------------------------------------------------------------------

    def _plain(self, candidates: list[Known], caller: Known) -> Sequence[Target]:
        """Return what a name without a receiver means: the innermost scope that has it decides."""
        implicit = caller.symbol.language in _IMPLICIT_SELF
        if near := visible(candidates, caller, with_methods=implicit):
            return [(one, "exact") for one in near]
        own = self._own_class(caller) if implicit else None
        if own and (found := self._members(((own,), "exact"), candidates[0].symbol.name, candidates)):
            return found
        return self._beyond_file([one for one in candidates if is_free(one)], caller)

    def _beyond_file(self, free: list[Known], caller: Known) -> Sequence[Target]:
        """Return what a name means that the file does not define."""
        language = caller.symbol.language
        if language in _PACKAGE_SCOPE:
            near = [one for one in in_folder(free, caller.symbol.path) if not parent(one)]
            if near:
                return [(one, "exact") for one in near]
        if language in modules.FAMILIES[1]:
            return self._linked([one for one in free if is_linked(one)], caller)
        if imported := self._imported_whole(free, caller):
            return graded(imported, "exact" if len(imported) == 1 else "likely")
        if language in _BUILT_IN_GLOBALS or not free:
            return ()
        return graded(free, "likely" if free[0].symbol.name not in COMMON else "name")

    def _imported_whole(self, free: list[Known], caller: Known) -> list[Known]:
        """Return those of some symbols whose modules the file imports whole."""
        opened = self._open(caller.symbol.path)
        return [one for one in free if any(self._is_in(one, module, caller.symbol) for module in opened)]

    def _linked(self, found: list[Known], caller: Known) -> Sequence[Target]:
        """Return the functions of C and C++ that are meant, of those that another file can call."""
        if names(found) <= 1:
            definitions = [one for one in found if not is_header(one)]
            return [(one, "exact" if len(definitions) <= 1 else "likely") for one in found]
        near = in_folder(found, caller.symbol.path)
        return graded(near or found, "likely" if near else "name")

    def _is_in(self, one: Known, module: str, importer: Symbol) -> bool:
        return bool(modules.matches(module, importer.path, one.symbol.path, importer.language))

    def _open(self, path: str) -> tuple[str, ...]:
        """Return the modules that a file imports whole."""
        if path not in self._wildcards:
            places = self.references.of_file(path, (IMPORT,))
            self._wildcards[path] = tuple(one.receiver[1:] for one in places if one.name == "*" and one.receiver)
        return self._wildcards[path]

    def _imported(self, candidates: list[Known], module: str, caller: Known) -> Sequence[Target]:
        """Return the definitions of a name that is imported from a module, or named with it."""
        levels = self._by_level(candidates, module, caller)
        if strong := levels[modules.STRONG]:
            return [(one, "exact") for one in at_top(strong) or strong]
        weak = levels[modules.WEAK]
        if names(weak) == 1:
            return [(one, "exact" if len(weak) == 1 else "likely") for one in weak]
        # A relative import leads into the tree: where a module only hands names on, the one definition is meant.
        weak = weak or (levels[modules.NO] if module.startswith(".") else [])
        top = at_top(weak)
        return [(one, "likely" if len(top) == 1 else "name") for one in top or weak]

    def _by_level(self, candidates: list[Known], module: str, caller: Known) -> dict[int, list[Known]]:
        """Return functions and types by how well their files fit a module."""
        symbol = caller.symbol
        levels: dict[int, list[Known]] = {modules.NO: [], modules.WEAK: [], modules.STRONG: []}
        for one in filter(is_free, candidates):
            levels[modules.matches(module, symbol.path, one.symbol.path, symbol.language)].append(one)
        return levels

    # -- receivers --------------------------------------------------------------------------------

    def value(self, chain: str, caller: Known, depth: int = 0) -> Value | None:
        """Return the types that an expression may have; None if nothing is known of it."""
        key = caller.symbol.path, parent(caller) + "." + caller.symbol.name, chain
        if key not in self._values:
            self._values[key] = None  # until it is known, for what refers to itself
            self._values[key] = self._value(chain, caller, depth)
        return self._values[key]

    def _value(self, chain: str, caller: Known, depth: int) -> Value | None:
        if depth > _DEPTH:
            return None
        head, steps = _split(chain)
        value = self._head(head, steps, caller, depth)
        for step in steps:
            if value is None:
                return None
            value = self._step(value, step, depth)
        return value

    def _head(self, head: str, steps: list[str], caller: Known, depth: int) -> Value | None:
        """Return the value of the first part of a chain; it may take some of the steps with it."""
        if head in ("self", "super", "self()", "super()"):
            own = self._own_class(caller)
            if own is None:
                return None
            return ((own,), "exact") if head.startswith("self") else (self.bases(own), "exact")
        if head.startswith("<"):
            return self._typed(head[1:-1], caller, depth)
        if head.startswith("@"):
            module, _, first = head[1:].rpartition("|")
            return self._object(first, module, caller, depth)
        if head.startswith("?"):
            return None
        return self._object(head, "", caller, depth)

    def _typed(self, name: str, caller: Known, depth: int) -> Value | None:
        """Return a type by the name that an annotation gives it."""
        if name.startswith("@"):
            module, _, chain = name[1:].rpartition(":") if ":" in name else (name[1:], "", "")
            if not chain:
                return None
            found = self._imported(self._types(chain.rpartition(".")[2], caller), module, caller)
        else:
            found = self._plain(types, caller) if (types := self._types(name.rpartition(".")[2], caller)) else ()
        if not found:
            return None
        confidence: Confidence = "exact" if all(level == "exact" for _, level in found) else "likely"
        return tuple(one for one, level in found if level != "name"), confidence

    def _types(self, name: str, caller: Known) -> list[Known]:
        return [one for one in spoken(self.defined(name), caller.symbol.language) if is_type(one)]

    def _object(self, name: str, module: str, caller: Known, depth: int) -> Value | None:
        """Return the value of a name, or of its call: a type, or what a function returns, or a variable of a module."""
        called = name.endswith("()")
        name = name.removesuffix("()")
        place = Place(caller.id, 0, CALL if called else USE, name, f"@{module}" if module else "")
        found = [one for one, level in self.resolve(place) if level != "name"] if self.defined(name) else []
        types = tuple(one for one in found if is_type(one))
        if types:
            return types, "exact"
        if called and found:
            return self._returned(found[0], depth)
        if module and not called:
            return self._variable(name, module, caller, depth)
        return None

    def _variable(self, name: str, module: str, caller: Known, depth: int) -> Value | None:
        """Return the type of a variable at the top level of another module."""
        for place in self.references.naming(name, (FIELD,)):
            where = self.symbol(place.symbol)
            symbol = caller.symbol
            if where.symbol.kind == "module" and modules.matches(
                module, symbol.path, where.symbol.path, symbol.language
            ):
                return self.value(place.receiver, where, depth + 1)
        return None

    def _returned(self, function: Known, depth: int) -> Value | None:
        name = returned(function.symbol)
        if name in ("Self", "self", "this"):
            own = self._own_class(function)
            return ((own,), "exact") if own else None
        return self._typed(name, function, depth + 1) if name else None

    def _step(self, value: Value, step: str, depth: int) -> Value | None:
        """Return the value of a field or method of some types."""
        types, confidence = value
        if step.endswith("()"):
            name = step.removesuffix("()")
            for one, level in self._members(value, name, self.defined(name)):
                result = self._returned(one, depth)
                if result is not None:
                    return result[0], "likely" if "likely" in (level, confidence, result[1]) else "exact"
            return None
        for one in types:
            for around in (one, *self._all_bases(one)):
                if (given := self.fields(around).get(step)) is not None:
                    result = self.value(given, around, depth + 1)
                    return result and (result[0], "likely" if "likely" in (confidence, result[1]) else "exact")
        names = {one.symbol.name for one in types}
        inner = tuple(one for one in self.defined(step) if is_type(one) and owner(one) in names)
        return (inner, confidence) if inner else None

    def _members(self, value: Value, name: str, candidates: Sequence[Known]) -> list[Target]:
        """Return the methods of some types with a name, inherited ones included."""
        types, confidence = value
        found: list[Target] = []
        for one in types:
            for around in (one, *self._all_bases(one)):
                own = owned(candidates, around)
                if own:
                    found += [(each, confidence) for each in own]
                    if around.symbol.kind in ABSTRACT or (around is one and one.symbol.kind in ABSTRACT):
                        found += [(each, "likely") for each in self._overrides(around, candidates)]
                    break
            else:
                found += (
                    [(each, "likely") for each in self._overrides(one, candidates)]
                    if one.symbol.kind in ABSTRACT
                    else []
                )
        return list(dict(reversed(found)).items()) if len(found) > 1 else found

    def _overrides(self, around: Known, candidates: Sequence[Known]) -> list[Known]:
        """Return the methods of those that implement a type."""
        return [each for one in self.derived(around) for each in owned(candidates, one)]

    def _in_namespace(self, candidates: list[Known], receiver: str, caller: Known) -> Sequence[Target] | None:
        """Return the definitions in a namespace or module that is named: `ns::f`; None if it is no such name."""
        if receiver[0] in "?<" or receiver.startswith(("self", "super")) or "(" in receiver:
            return None
        chain = receiver.removeprefix("@").replace(":", ".")
        last = chain.rpartition(".")[2]
        inside = [one for one in candidates if owner(one) == last]
        if inside:
            near = in_file(inside, caller.symbol.path) or inside
            return graded(near, "exact" if names(near) == 1 else "likely")
        return self._in_module(candidates, receiver, chain, caller)

    def _in_module(self, candidates: list[Known], receiver: str, chain: str, caller: Known) -> Sequence[Target] | None:
        imported = receiver[0] == "@"
        if not imported and caller.symbol.language != "rust":
            return None
        is_whole = not imported or caller.symbol.language == "python"
        module = chain if is_whole else receiver[1:].partition(":")[0]
        found = self._imported(candidates, module, caller) if module.strip(".") else ()
        return found if found or imported else None

    def _unknown(self, candidates: list[Known], receiver: str) -> Sequence[Target]:
        """Return the methods that a call on something of unknown type may mean."""
        methods = [one for one in candidates if owner(one) or not is_free(one)]
        hint = _plain_word(receiver.rpartition(".")[2].removesuffix("()").strip("?_"))
        hinted = [one for one in methods if hint and _plain_word(owner(one)) == hint]
        if hinted:
            return [(one, "likely") for one in hinted]
        owners = {(owner(one), dirname(one.symbol.path)) for one in methods}
        is_only = len(owners) == 1 and methods[0].symbol.name not in COMMON
        return [(one, "likely" if is_only else "name") for one in methods]

    # -- types ------------------------------------------------------------------------------------

    def _own_class(self, known: Known) -> Known | None:
        """Return the type around a symbol, or the symbol if it is one."""
        if is_type(known):
            return known
        path, around = known.symbol.path, parent(known)
        name = owner(known)
        found = self._types(name, known) if name else []
        exact = [one for one in in_file(found, path) if whole(one) == around]
        if best := exact or nearest(found, path):
            return best[0]
        outer = self._types(around.split(".")[-2], known) if "." in around else []
        return next(iter(in_file(outer, path)), None)

    def fields(self, type: Known) -> dict[str, str]:
        """Return the known types of the fields of a type, as receivers."""
        if type.id not in self._fields:
            places = self.references.within(type.id, roles=(FIELD,))
            self._fields[type.id] = {one.name: one.receiver for one in reversed(places)}
        return self._fields[type.id]

    def bases(self, type: Known) -> tuple[Known, ...]:
        """Return the types that a type inherits or implements, if the index holds them."""
        if type.id not in self._bases:
            self._bases[type.id] = ()
            places = [one for one in self.references.within(type.id, roles=(BASE,)) if not one.receiver.startswith("<")]
            if type.symbol.language == "rust":
                of_file = self.references.of_file(type.symbol.path, (BASE,))
                places += [one for one in of_file if one.receiver == f"<{type.symbol.name}>"]
            found = [each for one in places for each, level in self.resolve(one) if level != "name"]
            self._bases[type.id] = tuple(dict.fromkeys(one for one in found if one.id != type.id))
        return self._bases[type.id]

    def _all_bases(self, type: Known) -> list[Known]:
        found: dict[int, Known] = {}
        waiting = list(self.bases(type))
        while waiting and len(found) < 50:
            one = waiting.pop(0)
            if one.id not in found and one.id != type.id:
                found[one.id] = one
                waiting += self.bases(one)
        return list(found.values())

    def derived(self, type: Known) -> tuple[Known, ...]:
        """Return the types that directly inherit or implement a type."""
        if type.id not in self._derived:
            found: dict[int, Known] = {}
            for place in self.references.naming(type.symbol.name, (BASE,)):
                if not any(one.id == type.id for one, level in self.resolve(place) if level != "name"):
                    continue
                where = self.symbol(place.symbol)
                if place.receiver.startswith("<"):
                    value = self._typed(place.receiver[1:-1], where, 0)
                    found.update((one.id, one) for one in (value[0] if value else ()))
                elif is_type(where):
                    found[where.id] = where
            self._derived[type.id] = tuple(found.values())
        return self._derived[type.id]


def _plain_word(word: str) -> str:
    return word.replace("_", "").lower()


def _split(chain: str) -> tuple[str, list[str]]:
    """Split a chain into its head and its steps; the head of an import is `@module|name`."""
    if chain.startswith("<"):
        end = chain.rfind(">") + 1
        return chain[:end], [part for part in chain[end:].split(".") if part]
    if chain.startswith("@"):
        module, _, rest = chain[1:].replace("::", "\0").partition(":")
        first, *steps = rest.split(".")
        return f"@{module.replace(chr(0), '::')}|{first}", steps
    first, *steps = chain.replace("::", ".").split(".")
    return first, steps
