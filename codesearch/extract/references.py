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
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from codesearch.core.references import BASE, BUILT_IN, CALL, DECORATOR, FIELD, IMPORT, NEW, PLAIN_DECORATORS, TYPE, USE
from codesearch.core.types import CALLABLES, MINOR, Symbol
from codesearch.extract.receivers import MAX_LENGTH, UNKNOWN, expression, head, type_name

if TYPE_CHECKING:
    from tree_sitter import Node

    from codesearch.extract.scan import FileScan

_ROLES = {"call": CALL, "new": NEW, "base": BASE, "type": TYPE, "use": USE, "decorator": DECORATOR}
_MAX_NAME = 100
_MAX_TEXT = 4 * MAX_LENGTH
"""Longer receivers are read each time."""
_CALLED = re.compile(rb"([A-Za-z_]\w*)\s*\(")
_SEPARATORS = re.compile(r"[./:\\]+")
_INFERRED = frozenset({"auto", "var", "val"})
"""Types that are inferred from the value."""
_HEAD = re.compile(r"[^.()]+")
_MODULE_MARKS = "\"'<>`"
MOST = 50_000
"""References that are read per file. A file with more of them is data."""

Event = tuple[int, int, list[Any]]
"""Where it takes effect, what it is (a role, or one of the next two), and details that equal events share: the name;
the receiver or what it is given (a type, or "=" and the text of an expression); and the turn in which it was last seen.
"""
_VARIABLE, _FIELD = 100, 101

Key = tuple[int, int, str, str]
"""Symbol, role, name and receiver of a reference."""
Captures = dict[str, list["Node"]]
Packed = tuple[int, int, int, str, str]
"""The fields of a `core.references.Reference`: making named tuples takes as long as finding them."""


def references(found: FileScan, symbols: Sequence[Symbol]) -> list[Packed]:
    """Return the references of a file that was scanned for them; none if its language has no query for them.

    The matches are taken from the scan: their many nodes leave their memory to what is made next.
    """
    matches = found.reference_matches()
    if not matches:
        return []
    return _References(found.source, symbols, found.language.name).read(matches)


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

    def __init__(self, source: bytes, symbols: Sequence[Symbol], language: str) -> None:
        self.source = source
        self.symbols = symbols
        self.own = {symbol.name for symbol in symbols if symbol.kind in CALLABLES}
        self.built_in = BUILT_IN.get(language, frozenset()) - self.own
        self.imports: dict[str, tuple[str, str]] = {}
        """Local name -> (original name or "" for a module, receiver)."""
        self.events: list[Event] = []
        self.left_out: list[Event] = []
        """Calls of what the language has, unless the file imports the name."""
        self.heads: set[str] = set()
        """The names at the start of a receiver or expression, and plain names: what a variable may be looked up by."""
        self.texts: dict[bytes, str] = {}
        self.expressions: dict[str, str] = {}
        self.types: dict[bytes, str] = {}
        self.found: dict[Key, int] = {}
        """Where each is found first."""
        self.resolved: dict[str, str] = {}
        """What chains stand for at the place that is looked at."""

    def _text(self, node: Node) -> str:
        raw = self.source[node.start_byte : node.end_byte]
        text = self.texts.get(raw)
        if text is None:
            text = self.texts[raw] = raw.decode("utf-8", "replace")
        return text

    def _expression(self, text: str) -> str:
        chain = self.expressions.get(text)
        if chain is None:
            chain = self.expressions[text] = expression(text)
        return chain

    def _beginning(self, node: Node) -> str:
        """Return the text of an expression, cut where it is too long to be followed."""
        return self.source[node.start_byte : min(node.end_byte, node.start_byte + 5 * MAX_LENGTH)].decode(
            "utf-8", "replace"
        )

    def _type(self, node: Node) -> str:
        raw = self.source[node.start_byte : min(node.end_byte, node.start_byte + 2 * MAX_LENGTH)]
        name = self.types.get(raw)
        if name is None:
            name = self.types[raw] = type_name(raw.decode("utf-8", "replace"))
        return name

    # -- what the query found ---------------------------------------------------------------------

    def read(self, matches: list[tuple[int, Captures]]) -> list[Packed]:
        """Return the references of all matches, which are taken from the list."""
        readers: dict[int, Callable[[Captures], None]] = {}
        matches.reverse()
        while matches:
            pattern, captures = matches.pop()
            reader = readers.get(pattern)
            if reader is None:
                reader = readers[pattern] = self._reader(captures)
            reader(captures)
        if "*" in self.imports or not self.built_in.isdisjoint(self.imports):
            self.events += self.left_out
        if self.events:
            self._sweep()
        return [
            (at, line, role, name, receiver) for (at, role, name, receiver), line in self._lines(self.found).items()
        ]

    def _lines(self, found: dict[Key, int]) -> dict[Key, int]:
        """Return lines for places, which are in the order of the source."""
        source, line, at = self.source, 1, 0
        for key, start in found.items():
            line += source.count(b"\n", at, start)
            found[key], at = line, start
        return found

    def _reader(self, captures: Captures) -> Callable[[Captures], None]:
        """Return what reads the matches of a pattern; each pattern has captures of one kind."""
        for key, role in _ROLES.items():
            if key in captures:
                return self._derived if "derived" in captures else self._places(key, role)
        if "module" in captures:
            return self._import
        if "variable" in captures:
            return lambda some: self._bind(some, some.get("variable", ()), _VARIABLE)
        if "field" in captures:
            return lambda some: self._bind(some, some.get("field", ()), _FIELD)
        return self._words if "words" in captures else lambda _: None

    def _places(self, key: str, role: int) -> Callable[[Captures], None]:
        add, leave_out = self.events.append, self.left_out.append
        source, built_in = self.source, self.built_in if role in (CALL, NEW) else frozenset[str]()
        known: dict[bytes, list[Any]] = {}
        """Source text -> details of the event; most texts are repeated."""

        def read(captures: Captures) -> None:
            receivers = captures.get("receiver")
            for node in captures.get(key, ()):
                start, end = node.start_byte, node.end_byte
                begin = receivers[0].start_byte if receivers else start
                raw = source[begin if end - begin <= _MAX_TEXT else start : end]
                details = known.get(raw)
                if details is None:
                    details = self._details(node, receivers[0] if receivers else None)
                    if end - begin <= _MAX_TEXT:
                        known[raw] = details
                if details[1] or details[0] not in built_in:
                    add((start, role, details))
                else:
                    leave_out((start, role, details))

        return read

    def _details(self, node: Node, receiver: Node | None) -> list[Any]:
        name = self._text(node)
        chain = self._expression(self._beginning(receiver)) if receiver else ""
        found = _HEAD.match(chain or name)
        self.heads.add(found[0] if found else chain or name)
        return [name, chain, 0]

    def _derived(self, captures: Captures) -> None:
        around = f"<{self._text(captures['derived'][0])}>"
        for node in captures.get("base", ()):
            self._event(node.start_byte, BASE, self._text(node), around)

    def _event(self, start: int, what: int, name: str, given: str) -> None:
        self.events.append((start, what, [name, given, 0]))

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
                self._event(node.start_byte, IMPORT, name, receiver)
            return
        last = _SEPARATORS.split(module.rstrip("/"))[-1]
        self._event(node.start_byte, IMPORT, last[:_MAX_NAME] or module, receiver)
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
            text = self._beginning(value)
            given, end = "=" + text, value.end_byte - 1  # still in the symbol
            self.heads.add(head(text))
        else:
            given = UNKNOWN
        for node in nodes:
            self._event(end or node.start_byte, what, self._text(node).lstrip("#"), given)

    def _words(self, captures: Captures) -> None:
        for node in captures["words"]:
            for word in _CALLED.finditer(self.source, node.start_byte, node.end_byte):
                name = word[1].decode()
                self.heads.add(name)
                self._event(word.start(), CALL, name, "")

    # -- in order of the source -------------------------------------------------------------------

    def _order(self) -> list[int]:
        """Return the symbols that may contain references, by position, containers first."""
        symbols = self.symbols
        places = (at for at in range(len(symbols)) if symbols[at].kind not in MINOR)
        return sorted(places, key=lambda at: (symbols[at].start_byte, -symbols[at].end_byte))

    def _sweep(self) -> None:
        """Go through everything in order, with the symbols around and what their names stand for."""
        order = self._order()
        order.reverse()
        around: list[_Scope] = []
        self.events.sort()
        border = turn = 0  # a turn ends with the innermost symbol, and where one of its names changes
        before = kind = -1
        for start, what, details in self.events[:MOST]:
            if start == before and what == kind:
                continue  # two patterns for one place
            before, kind = start, what
            if start >= border:
                border = self._enter(around, order, start)
                self.resolved.clear()
                turn += 1
            if details[2] == turn and what < _VARIABLE:
                continue
            name, given, details[2] = details[0], details[1], turn
            if what < _VARIABLE:
                self._refer(around, start, what, name, given)
            elif what == _VARIABLE:
                if len(around) == 1 or name in self.heads:
                    self._variable(around, start, name, given)
                    turn += 1
            else:
                self._field(around, start, name, given)

    def _enter(self, around: list[_Scope], order: list[int], start: int) -> int:
        """Make `around` the symbols around a place, taking what begins from `order`; return where that ends."""
        symbols = self.symbols
        while order and symbols[order[-1]].start_byte <= start:
            symbol = symbols[order[-1]]
            while len(around) > 1 and around[-1].end <= symbol.start_byte:
                around.pop()
            around.append(_Scope(order.pop(), symbol.end_byte, symbol.kind))
        while len(around) > 1 and around[-1].end <= start:
            around.pop()
        end = around[-1].end if len(around) > 1 else len(self.source) + 1
        return min(end, symbols[order[-1]].start_byte) if order else end

    def _variable(self, around: list[_Scope], start: int, name: str, given: str) -> None:
        scope = around[-1]
        self.resolved.clear()
        if given[0] == "=":
            given = self._expression(given[1:])
        if given == "require()":
            return  # an import
        resolved = self._resolved(around, given)
        if scope.kind in CALLABLES or scope.kind == "module":
            scope.names[name] = resolved
        if len(around) == 1 and (resolved.startswith("<") or resolved.endswith("()")):
            self._add(scope.at, start, FIELD, name, resolved)

    def _field(self, around: list[_Scope], start: int, name: str, given: str) -> None:
        if given[0] == "=":
            given = self._expression(given[1:])
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
        is_plain = role == DECORATOR and name in PLAIN_DECORATORS
        if key not in self.found and 0 < len(name) <= _MAX_NAME and not is_plain:
            self.found[key] = start
