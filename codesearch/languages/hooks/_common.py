"""What the hooks of several languages share."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache

from codesearch.languages.definition import Definition, Scan


@cache
def regex(pattern: bytes, flags: int = 0) -> re.Pattern[bytes]:
    """Return a compiled pattern, compiled on first use."""
    return re.compile(pattern, flags)


NO_NAMES = frozenset(
    b"if for while switch return sizeof catch using lock foreach fixed else do defined foreach".split()
)


def heads(
    pattern: bytes, source: bytes, spans: list[tuple[int, int]], known: list[Definition], kind: str
) -> list[Definition]:
    """Return definitions that the parser lost in syntax errors, recognised by their heads."""
    taken = {definition.name_start for definition in known}
    blocks = Blocks(source)
    bodies = {definition.body for definition in known}
    found: list[Definition] = []
    for begin, stop in spans:
        for match in regex(pattern, re.VERBOSE | re.MULTILINE).finditer(source, begin, stop):
            if match.start("name") in taken or match.start("body") in bodies or match["name"] in NO_NAMES:
                continue
            start = match.start() + len(match[0]) - len(match[0].lstrip())
            body = match.start("body")
            scope = match.groupdict().get("start") or b""
            qualifier = re.search(rb"((?:[A-Za-z_]\w*::)+)$", scope)
            found.append(
                Definition(
                    kind=kind,
                    name=match["name"].decode("ascii", "replace"),
                    scope=qualifier[1].decode("ascii").strip(":") if qualifier else "",
                    start=start,
                    end=blocks.end(body),
                    head=start,
                    body=body,
                    pattern=0,
                    name_start=match.start("name"),
                )
            )
    return found


def fewer_errors(scans: list[Scan]) -> Scan:
    """Return the scan with the fewest bytes in syntax errors, the first of equals."""
    return min(scans, key=lambda scan: sum(end - start for start, end in scan.errors) if scan.has_error else -1)


def blanked(source: bytes, spans: Sequence[tuple[int, int]]) -> bytes:
    """Return a source in which some ranges are blank; line breaks stay."""
    out = bytearray(source)
    for start, end in spans:
        out[start:end] = regex(rb"[^\r\n]").sub(b" ", source[start:end])
    return bytes(out)


def merged(spans: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return ranges in order, those that overlap as one."""
    out: list[tuple[int, int]] = []
    for start, end in sorted(spans):
        if out and start < out[-1][1]:
            out[-1] = out[-1][0], max(end, out[-1][1])
        else:
            out.append((start, end))
    return out


_BRACKETS = {0x28: 0x29, 0x5B: 0x5D, 0x7B: 0x7D, 0x3C: 0x3E}


def closing(source: bytes, start: int, limit: int = 1_000) -> int:
    """Return the end of what the bracket at `start` opens, strings passed over; -1 if it does not end soon."""
    expected: list[int] = []
    for found in regex(rb'"(?:[^"\\\n]|\\.)*"|[()\[\]{}<>]').finditer(source, start, start + limit):
        byte = found[0][0]
        if byte in _BRACKETS:
            expected.append(_BRACKETS[byte])
        elif expected and byte == expected[-1]:
            expected.pop()
            if not expected:
                return found.end()
        elif byte == 0x3E:
            continue  # an arrow, a comparison
        elif byte != 0x22:
            while expected and expected[-1] == 0x3E:
                expected.pop()  # a comparison
            if not expected or expected.pop() != byte:
                return -1
            if not expected:
                return found.end()
    return -1


class Blocks:
    """Finds the ends of blocks. Braces are matched once per source; those in strings count too."""

    def __init__(self, source: bytes) -> None:
        self._source = source
        self._ends: dict[int, int] | None = None
        self._no_semicolon = len(source)
        """No semicolon follows this offset."""

    def end(self, start: int) -> int:
        """Return the end of what opens at `start`: a block, or an `=> expression;`."""
        if self._source[start : start + 1] == b"{":
            if self._ends is None:
                self._ends = self._matched()
            return self._ends.get(start, min(len(self._source), start + 1))
        if start >= self._no_semicolon:
            return len(self._source)
        end = self._source.find(b";", start)
        if end < 0:
            self._no_semicolon = start
            return len(self._source)
        return end + 1

    def _matched(self) -> dict[int, int]:
        ends: dict[int, int] = {}
        opened: list[int] = []
        for match in regex(rb"[{}]").finditer(self._source):
            if match[0] == b"{":
                opened.append(match.start())
            elif opened:
                ends[opened.pop()] = match.end()
        return ends


def without_generics(text: str) -> str:
    if "<" not in text:
        return text
    out: list[str] = []
    depth = 0
    previous = ""
    for character in text:
        if character == "<":
            depth += 1
        elif character == ">" and previous != "-":
            depth = max(0, depth - 1)
        elif depth == 0:
            out.append(character)
        previous = character
    return "".join(out)


@dataclass(slots=True)
class _Level:
    """The definitions directly inside one definition."""

    end: int
    last: Definition | None = None


def merge(
    definitions: list[Definition],
    belongs: Callable[[Definition, Definition], bool],
    join: Callable[[Definition, Definition], None],
) -> list[Definition]:
    """Merge neighbours on one level: where `belongs(earlier, later)`, `join` may change the earlier, which then
    reaches to the end of the later.
    """
    kept: list[Definition] = []
    levels = [_Level(end=1 << 62)]
    for definition in sorted(definitions, key=lambda one: (one.start, -one.end, one.name_start)):
        while levels[-1].end <= definition.start:
            levels.pop()
        level = levels[-1]
        earlier = level.last
        if earlier and earlier.end <= definition.start and belongs(earlier, definition):
            join(earlier, definition)
            earlier.end = definition.end
        else:
            level.last = definition
            kept.append(definition)
        levels.append(_Level(definition.end))
    return kept


def definition_at(kind: str, name: str, start: int, end: int, body: int, name_start: int) -> Definition:
    """Return a definition found without a query, without decorators or documentation."""
    return Definition(
        kind=kind,
        name=name,
        scope="",
        start=start,
        end=end,
        head=start,
        body=body,
        pattern=0,
        name_start=name_start,
    )


def in_namespaces(definitions: list[Definition]) -> list[Definition]:
    """Let the qualifiers of functions stand for namespaces: the engine takes one for a type, and its function for a
    method, which `app.add` in SQL, `Base.show` in Julia or `sub My::Module::run` in Perl is not.
    """
    out: list[Definition] = []
    for definition in definitions:
        if definition.scope and definition.kind == "function":
            around = definition_at(
                "namespace", definition.scope, definition.start, definition.end, -1, definition.start
            )
            around.name_start = -1  # before the function, whose range it shares
            definition.scope = ""
            out.append(around)
        out.append(definition)
    return out
