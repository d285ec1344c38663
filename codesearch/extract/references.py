"""The references of one file: who calls, constructs, uses, imports and inherits what, by name and receiver.

A query (`languages/queries/references`) marks the places; what is common to all languages is here. Captures:

- `@call`, `@new`, `@base`, `@type`, `@use`, `@decorator`: the name of a reference, perhaps with its `@receiver`;
  `@derived` is the type that has a `@base`, if it is not around it
- `@import` with its `@module`, or a `@module` alone, each perhaps with an `@alias`
- `@variable` and `@field`, with the `@value` they are given or the type they are `@of`
- `@words`: text that is not parsed, such as the body of a macro
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from codesearch.core.references import BASE, CALL, DECORATOR, FIELD, IMPORT, NEW, PLAIN_DECORATORS, TYPE, USE
from codesearch.core.types import CALLABLES, MINOR, Symbol
from codesearch.extract.receivers import MAX_LENGTH, UNKNOWN, expression, type_name

if TYPE_CHECKING:
    from tree_sitter import Node

    from codesearch.extract.scan import FileScan

_ROLES = {"call": CALL, "new": NEW, "base": BASE, "type": TYPE, "use": USE, "decorator": DECORATOR}
_MAX_NAME = 100
_CALLED = re.compile(rb"([A-Za-z_]\w*)\s*\(")
_SEPARATORS = re.compile(r"[./:\\]+")
_INFERRED = frozenset({"auto", "var", "val"})
"""Types that are inferred from the value."""
_HEAD = re.compile(r"[^.()]+")
_MODULE_MARKS = "\"'<>`"
MOST = 50_000
"""References that are read per file. A file with more of them is data."""

Event = tuple[int, int, str, str]
"""Where it takes effect, what it is (a role, or one of the next two), its name, its receiver or expression."""
_VARIABLE, _FIELD = 100, 101

Captures = dict[str, list["Node"]]
Packed = tuple[int, int, int, str, str]
"""The fields of a `core.references.Reference`: making named tuples takes as long as finding them."""


def references(found: FileScan, symbols: Sequence[Symbol]) -> list[Packed]:
    """Return the references of a file that was scanned for them; none if its language has no query for them."""
    return _References(found.source, symbols).read(found.references) if found.references else []


@dataclass(slots=True)
class _Scope:
    """A symbol around the place that is looked at."""

    at: int
    """Position of the symbol."""
    end: int
    """Where it ends."""
    kind: str
    names: dict[str, str] = field(default_factory=dict)
    """Variables, and what they stand for."""


class _References:
    """Collects the references of a file and resolves what is evident in it: aliases, variables, own types."""

    def __init__(self, source: bytes, symbols: Sequence[Symbol]) -> None:
        self.source = source
        self.symbols = symbols
        self.own = {symbol.name for symbol in symbols if symbol.kind in CALLABLES}
        self.imports: dict[str, tuple[str, str]] = {}
        """Local name -> (original name or "" for a module, receiver)."""
        self.events: list[Event] = []
        self.texts: dict[bytes, str] = {}
        self.expressions: dict[bytes, str] = {}
        self.types: dict[bytes, str] = {}
        self.found: dict[tuple[int, int, str, str], int] = {}
        """Symbol, role, name, receiver -> where it is found first."""
        self.resolved: dict[str, str] = {}
        """What chains stand for at the place that is looked at."""

    def _text(self, node: Node) -> str:
        raw = self.source[node.start_byte : node.end_byte]
        text = self.texts.get(raw)
        if text is None:
            text = self.texts[raw] = raw.decode("utf-8", "replace")
        return text

    def _expression(self, node: Node) -> str:
        raw = self.source[node.start_byte : min(node.end_byte, node.start_byte + 5 * MAX_LENGTH)]
        chain = self.expressions.get(raw)
        if chain is None:
            chain = self.expressions[raw] = expression(raw.decode("utf-8", "replace"))
        return chain

    def _type(self, node: Node) -> str:
        raw = self.source[node.start_byte : min(node.end_byte, node.start_byte + 2 * MAX_LENGTH)]
        name = self.types.get(raw)
        if name is None:
            name = self.types[raw] = type_name(raw.decode("utf-8", "replace"))
        return name

    # -- what the query found ---------------------------------------------------------------------

    def read(self, matches: Sequence[tuple[int, Captures]]) -> list[Packed]:
        """Return the references of all matches."""
        handlers: dict[int, Callable[[Captures], None]] = {}
        for pattern, captures in matches:
            handler = handlers.get(pattern)
            if handler is None:
                handler = handlers[pattern] = self._handler(captures)
            handler(captures)
        if self.events:
            self._sweep()
        breaks = [one.start() for one in re.finditer(b"\n", self.source)]
        return [
            (at, bisect_left(breaks, start) + 1, role, name, receiver)
            for (at, role, name, receiver), start in self.found.items()
        ]

    def _handler(self, captures: Captures) -> Callable[[Captures], None]:
        """Return what reads the matches of a pattern; each pattern has captures of one kind."""
        for key, role in _ROLES.items():
            if key in captures:
                return self._places(key, role)
        if "module" in captures:
            return self._import
        if "variable" in captures:
            return lambda some: self._bind(some, some.get("variable", ()), _VARIABLE)
        if "field" in captures:
            return lambda some: self._bind(some, some.get("field", ()), _FIELD)
        return self._words if "words" in captures else lambda _: None

    def _places(self, key: str, role: int) -> Callable[[Captures], None]:
        add, source, expressed, texts = self.events.append, self.source, self._expression, self.texts

        def read(captures: Captures) -> None:
            receiver = expressed(captures["receiver"][0]) if "receiver" in captures else ""
            if "derived" in captures:
                receiver = f"<{self._text(captures['derived'][0])}>"
            for node in captures.get(key, ()):
                start = node.start_byte
                raw = source[start : node.end_byte]
                name = texts.get(raw)
                if name is None:
                    name = texts[raw] = raw.decode("utf-8", "replace")
                if role != DECORATOR or name not in PLAIN_DECORATORS:
                    add((start, role, name, receiver))

        return read

    def _import(self, captures: Captures) -> None:
        node = captures["module"][0]
        module = self._text(node).strip(_MODULE_MARKS).replace(" ", "")
        if not module or len(module) > _MAX_NAME:
            return
        aliases = captures.get("alias")
        receiver = "@" + module
        if names := captures.get("import"):
            for node in names:
                name = self._text(node)
                name = name if name.isidentifier() or "." in name[1:] else "*"  # everything
                self.imports[self._text(aliases[0]) if aliases else name] = name, receiver
                self.events.append((node.start_byte, IMPORT, name, receiver))
            return
        last = _SEPARATORS.split(module.rstrip("/"))[-1]
        self.events.append((node.start_byte, IMPORT, last[:_MAX_NAME] or module, receiver))
        if aliases:
            local = self._text(aliases[0])
            self.imports[local] = local if "default" in captures else "", receiver
        elif "." in module and "/" not in module:
            first = module.partition(".")[0]
            self.imports[first] = "", "@" + first  # `import a.b` binds `a`
        else:
            self.imports[last] = "", receiver

    def _bind(self, captures: Captures, nodes: Sequence[Node], what: int) -> None:
        """Record what some names are given, from where on."""
        end = 0
        if "self" in captures and self._text(captures["self"][0]) != "self":
            return
        name = self._type(captures["of"][0]) if "of" in captures else ""
        if name and name not in _INFERRED:
            given = f"<{name}>"
        elif "value" in captures:
            value = captures["value"][0]
            given, end = self._expression(value), value.end_byte - 1  # still in the symbol
        else:
            given = UNKNOWN
        for node in nodes:
            self.events.append((end or node.start_byte, what, self._text(node).lstrip("#"), given))

    def _words(self, captures: Captures) -> None:
        for node in captures["words"]:
            for word in _CALLED.finditer(self.source, node.start_byte, node.end_byte):
                self.events.append((word.start(), CALL, word[1].decode(), ""))

    # -- in order of the source -------------------------------------------------------------------

    def _order(self) -> list[int]:
        """Return the symbols that may contain references, by position, containers first."""
        symbols = self.symbols
        places = (at for at in range(len(symbols)) if symbols[at].kind not in MINOR)
        return sorted(places, key=lambda at: (symbols[at].start_byte, -symbols[at].end_byte))

    def _sweep(self) -> None:
        """Go through everything in order, with the symbols around and what their names stand for."""
        symbols = self.symbols
        order = self._order()
        upcoming, most = 0, len(order)
        begins = symbols[order[0]].start_byte
        around: list[_Scope] = []
        self.events.sort()
        previous = -1, -1
        for start, what, name, given in self.events[:MOST]:
            if (start, what) == previous:
                continue  # two patterns for one place
            previous = start, what
            if (upcoming < most and begins <= start) or around[-1].end <= start:
                self.resolved.clear()
            while upcoming < most and begins <= start:
                symbol = symbols[order[upcoming]]
                while len(around) > 1 and around[-1].end <= begins:
                    around.pop()
                around.append(_Scope(order[upcoming], symbol.end_byte, symbol.kind))
                upcoming += 1
                begins = symbols[order[upcoming]].start_byte if upcoming < most else 0
            while len(around) > 1 and around[-1].end <= start:
                around.pop()
            if what < _VARIABLE:
                self._refer(around, start, what, name, given)
            elif what == _VARIABLE:
                self._variable(around, start, name, given)
            else:
                self._field(around, start, name, given)

    def _variable(self, around: list[_Scope], start: int, name: str, given: str) -> None:
        scope = around[-1]
        self.resolved.clear()
        if given == "require()":
            return  # an import
        resolved = self._resolved(around, given)
        if scope.kind in CALLABLES or scope.kind == "module":
            scope.names[name] = resolved
        if len(around) == 1 and (resolved.startswith("<") or resolved.endswith("()")):
            self._add(scope.at, start, FIELD, name, resolved)

    def _field(self, around: list[_Scope], start: int, name: str, given: str) -> None:
        resolved = self._resolved(around, given)
        if not resolved.startswith(UNKNOWN):
            for scope in reversed(around):
                if scope.kind not in CALLABLES and scope.kind != "module":
                    self._add(scope.at, start, FIELD, name, resolved)
                    return

    def _refer(self, around: list[_Scope], start: int, role: int, name: str, receiver: str) -> None:
        at = around[-1].at
        if receiver:
            if role != IMPORT and not (role == BASE and receiver[0] == "<"):
                known = self.resolved.get(receiver)
                if known is None:
                    known = self.resolved[receiver] = self._resolved(around, receiver)
                receiver = known
        elif name not in self.own and (given := self._local(around, name)) is not None:
            if given[0] in "?<" or given[-1] == ")":
                return  # a variable, not a symbol
            separator = ":" if given[0] == "@" and "." not in given.partition(":")[2] else "."
            receiver, _, name = given.rpartition(separator)
        elif name in self.imports:
            original, receiver = self.imports[name]
            name = original if original not in ("", "*") else name
        self._add(at, start, role, name, receiver)

    def _local(self, around: list[_Scope], name: str) -> str | None:
        """Return what a variable of a function around stands for; None if there is no such variable."""
        for scope in reversed(around):
            if name in scope.names:
                return scope.names[name]
        return None

    def _resolved(self, around: list[_Scope], chain: str) -> str:
        """Return a chain with its first name replaced by what it stands for in the file."""
        if chain[0] == "<":
            head, _, rest = chain[1:-1].partition(".")
            return f"<{self._imported(head, rest)}>" if head in self.imports else chain
        if chain[0] == UNKNOWN:
            return UNKNOWN
        found = _HEAD.match(chain)
        head, rest = (found[0], chain[found.end() :]) if found else (chain, "")
        given = self._local(around, head)
        if given is not None and (given[0] != UNKNOWN or head not in ("self", "super")):
            if given[0] == UNKNOWN:
                return UNKNOWN
            return (given + rest)[: 2 * MAX_LENGTH]
        if head not in self.imports or head in ("self", "super"):
            return chain
        if rest.startswith("()"):
            return self._imported(head, "") + rest
        return self._imported(head, rest.removeprefix("."))

    def _imported(self, local: str, rest: str) -> str:
        original, receiver = self.imports[local]
        chain = ".".join(part for part in (original if original != "*" else local, rest) if part)
        return f"{receiver}:{chain}" if chain else receiver

    def _add(self, at: int, start: int, role: int, name: str, receiver: str) -> None:
        key = at, role, name, receiver
        if key not in self.found and 0 < len(name) <= _MAX_NAME:
            self.found[key] = start
