"""Adds a member to an object of a JSON file with comments, as text, so that nothing else in the file changes.

The scanner accepts comments (`//`, `/* */`) and commas before a closing bracket, as the editors' files have them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass

from codesearch.core.errors import UsageError

_SKIPPED = re.compile(r"(?:[\s\ufeff]|//[^\n]*|/\*.*?\*/)*", re.DOTALL)
_REST_OF_LINE = re.compile(r"(?:[ \t]|/\*[^\n]*?\*/)*(?://[^\r\n]*)?(?=\r?\n)")
"""Blanks and comments up to the end of the line."""
_STRING = re.compile(r'"(?:[^"\\\x00-\x1f]|\\.)*"')
_PLAIN = re.compile(r"-?[0-9][-+.0-9eE]*|true|false|null")
_DEEPEST = 200


@dataclass(frozen=True, slots=True)
class Member:
    """A member of an object: where its name begins, and from where to where its value is."""

    name: str
    at: int
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Object:
    """An object in a text: the offsets of its braces, and its members."""

    start: int
    end: int
    """Offset of the closing brace."""
    members: tuple[Member, ...]
    comma: bool
    """Whether a comma follows the last member."""

    def get(self, name: str) -> Member | None:
        """Return a member; the last one if several have the name, as parsers do."""
        return next((one for one in reversed(self.members) if one.name == name), None)


def scan(text: str, start: int = 0) -> Object:
    """Return the object that begins at an offset, after blanks and comments. Raises UsageError if there is none."""
    found = _object(text, _skip(text, start), 0)
    if start == 0 and _skip(text, found.end + 1) != len(text):
        raise UsageError(f"something follows the closing brace, in line {_line(text, found.end)}")
    return found


def inserted(text: str, path: Sequence[str], value: object) -> str:
    """Return a text with a value added under a path of names; the objects on the way are added as needed.

    Raises UsageError if the text is not JSON, if something else than an object is on the way, or if it has a value.
    """
    if not text.strip():
        text = "{}\n"
    outer = scan(text)
    at = 0
    while at < len(path) - 1 and (member := outer.get(path[at])) is not None:
        if text[member.start] != "{":
            raise UsageError(f"{'.'.join(path[: at + 1])} is not an object")
        outer = scan(text, member.start)
        at += 1
    if outer.get(path[at]) is not None:
        raise UsageError(f"{'.'.join(path)} is already there")
    for name in reversed(path[at + 1 :]):
        value = {name: value}
    return _added(text, outer, path[at], value)


def value_at(text: str, path: Sequence[str]) -> str | None:
    """Return the text of the value under a path of names; None if there is none. Raises UsageError."""
    way = _way(text, path)
    return text[way[-1].start : way[-1].end] if len(way) == len(path) else None


def _way(text: str, path: Sequence[str]) -> list[Member]:
    """Return the members under a path of names, up to one that is missing, or whose value is no object."""
    way: list[Member] = []
    outer = scan(text) if text.strip() else None
    for name in path:
        member = None if outer is None else outer.get(name)
        if member is None:
            break
        way.append(member)
        outer = scan(text, member.start) if text[member.start] == "{" else None
    return way


def appended(text: str, path: Sequence[str], value: object) -> str:
    """Return a text with a value at the end of the array under a path of names, which is added as needed.

    Raises UsageError if the text is not JSON, or if something else is on the way.
    """
    array = _array_at(text, path)
    if array is None:
        return inserted(text, path, [value])
    start, items, end = array
    if not items:
        inner, step = _indentation(text, Object(start, end, (), comma=False))
    else:
        inner = _indent_of(text, items[-1][0])
        step = _indentation(text, Object(start, end, (), comma=False))[1]
    newline = "\r\n" if "\r\n" in text else "\n"
    if "\n" not in text[start:end] and items:  # an array on one line stays on one line
        return f"{text[: items[-1][1]]}, {json.dumps(value, ensure_ascii=False)}{text[items[-1][1] :]}"
    item = f"{newline}{inner}".join(json.dumps(value, indent=step, ensure_ascii=False).split("\n"))
    if items:
        return f"{text[: items[-1][1]]},{newline}{inner}{item}{text[items[-1][1] :]}"
    return f"{text[: start + 1]}{newline}{inner}{item}{newline}{_indent_of(text, start)}{text[end:]}"


def items_at(text: str, path: Sequence[str]) -> list[str]:
    """Return the texts of the items of the array under a path; nothing if there is none. Raises UsageError."""
    if value_at(text, path) is None:
        return []
    array = _array_at(text, path)
    return [text[first:last] for first, last in array[1]] if array is not None else []


def without_item(text: str, path: Sequence[str], place: int) -> str:
    """Return a text without an item of the array under a path, with its comma. Raises UsageError."""
    array = _array_at(text, path)
    if array is None or place >= len(array[1]):
        return text
    _, items, _ = array
    first, last = items[place]
    if place > 0:
        return text[: items[place - 1][1]] + text[last:]
    if len(items) > 1:
        return text[:first] + text[items[1][0] :]
    after = _skip(text, last)
    end = after + 1 if text[after : after + 1] == "," else last
    return text[:first].rstrip() + text[end:].lstrip()


def _array_at(text: str, path: Sequence[str]) -> tuple[int, list[tuple[int, int]], int] | None:
    """Return the offsets of the bracket, of the items and of the closing bracket; None if there is no value."""
    way = _way(text, path)
    if len(way) < len(path):
        if way and text[way[-1].start] != "{":
            raise UsageError(f"{'.'.join(path[: len(way)])} is not an object")
        return None
    if text[way[-1].start] != "[":
        raise UsageError(f"{'.'.join(path)} is not an array")
    return way[-1].start, *_array(text, way[-1].start, 0)


def _added(text: str, outer: Object, name: str, value: object) -> str:
    """Return the text with a member at the end of an object, indented as its neighbours are."""
    last = outer.members[-1] if outer.members else None
    newline = "\r\n" if "\r\n" in text else "\n"
    inner, step = _indentation(text, outer)
    lines = json.dumps(value, indent=step, ensure_ascii=False).split("\n")
    member = json.dumps(name, ensure_ascii=False) + ": " + f"{newline}{inner}".join(lines)
    if last is None:
        closing = _indent_of(text, outer.start)
        return f"{text[: outer.start + 1]}{newline}{inner}{member}{newline}{closing}{text[outer.end :]}"
    if "\n" not in text[outer.start : outer.end]:  # an object on one line stays on one line
        member = json.dumps(name, ensure_ascii=False) + ": " + json.dumps(value, ensure_ascii=False)
        return f"{text[: last.end]}, {member}{text[last.end :]}"
    comma = _skip(text, last.end) if outer.comma else last.end
    rest = _REST_OF_LINE.match(text, comma + outer.comma)
    if rest is None or "\n" in text[last.end : comma]:
        return f"{text[: last.end]},{newline}{inner}{member}{text[last.end :]}"
    end = rest.end()  # a comment behind the last member stays with it
    before = text[last.end : comma] + text[comma + outer.comma : end]
    return f"{text[: last.end]},{before}{newline}{inner}{member}{',' * outer.comma}{text[end:]}"


def _indentation(text: str, outer: Object) -> tuple[str, int | str]:
    """Return the blanks before a member of an object, and the step from one level to the next."""
    base = _indent_of(text, outer.start)
    if outer.members:
        inner = _indent_of(text, outer.members[-1].at)
        step = inner[len(base) :] if inner.startswith(base) else ""
        return inner, step or 2
    found = re.search(r"\n([ \t]+)\S", text)
    step = found[1] if found else "  "
    return base + step, step


def _indent_of(text: str, at: int) -> str:
    """Return the blanks at the start of the line of an offset."""
    start = text.rfind("\n", 0, at) + 1
    found = re.match(r"[ \t]*", text[start:])
    return found[0] if found else ""


def _skip(text: str, at: int) -> int:
    found = _SKIPPED.match(text, at)
    return found.end() if found else at


def _line(text: str, at: int) -> int:
    return text.count("\n", 0, at) + 1


def _object(text: str, at: int, depth: int) -> Object:
    if at >= len(text) or text[at] != "{" or depth > _DEEPEST:
        raise UsageError(f"an object is expected in line {_line(text, at)}")
    members: list[Member] = []
    start, comma = at, False
    at = _skip(text, at + 1)
    while at < len(text) and text[at] != "}":
        name = _STRING.match(text, at)
        if name is None or (members and not comma):
            raise UsageError(f"a name or a closing brace is expected in line {_line(text, at)}")
        colon = _skip(text, name.end())
        if text[colon : colon + 1] != ":":
            raise UsageError(f"a colon is expected in line {_line(text, colon)}")
        first = _skip(text, colon + 1)
        end = _value_end(text, first, depth)
        members.append(Member(_unquoted(text, name), at, first, end))
        at = _skip(text, end)
        comma = text[at : at + 1] == ","
        at = _skip(text, at + 1) if comma else at
    if at >= len(text):
        raise UsageError("the closing brace is missing")
    return Object(start, at, tuple(members), comma)


def _unquoted(text: str, name: re.Match[str]) -> str:
    try:
        return str(json.loads(name[0]))
    except ValueError as error:
        raise UsageError(f"the name in line {_line(text, name.start())} is not JSON: {name[0][:60]}") from error


def _value_end(text: str, at: int, depth: int) -> int:
    """Return the end of the value that begins at an offset."""
    if text[at : at + 1] == "{":
        return _object(text, at, depth + 1).end + 1
    if text[at : at + 1] == "[":
        return _array(text, at, depth + 1)[1] + 1
    found = _STRING.match(text, at) or _PLAIN.match(text, at)
    if found is None:
        raise UsageError(f"a value is expected in line {_line(text, at)}")
    return found.end()


def _array(text: str, at: int, depth: int) -> tuple[list[tuple[int, int]], int]:
    """Return the offsets of the items of the array that begins at an offset, and that of the closing bracket."""
    if depth > _DEEPEST:
        raise UsageError(f"too deep, in line {_line(text, at)}")
    items = []
    at = _skip(text, at + 1)
    while at < len(text) and text[at] != "]":
        end = _value_end(text, at, depth)
        items.append((at, end))
        at = _skip(text, end)
        if text[at : at + 1] == ",":
            at = _skip(text, at + 1)
        elif text[at : at + 1] != "]":
            raise UsageError(f"a comma is expected in line {_line(text, at)}")
    if at >= len(text):
        raise UsageError("a closing bracket is missing")
    return items, at


def removed(text: str, path: Sequence[str]) -> str:
    """Return a text without the value under a path of names, with its comma and line. Raises UsageError."""
    outer = scan(text)
    for name in path[:-1]:
        member = outer.get(name)
        if member is None or text[member.start] != "{":
            return text
        outer = scan(text, member.start)
    member = outer.get(path[-1])
    if member is None:
        return text
    place = outer.members.index(member)
    if place > 0:  # from the comma before it
        start = outer.members[place - 1].end
        end = member.end
        comma = _skip(text, start)
        between = text[comma + 1 : member.at]
        if between.strip():  # a comment before it stays
            own = _skip(text, end)
            if text[own : own + 1] == ",":
                return text[: comma + 1] + between.rstrip() + text[end:own] + text[own + 1 :]
            return text[:comma] + between.rstrip() + text[end:]
        return text[:start] + text[start:comma] + text[end:]
    if place + 1 < len(outer.members):
        return text[: member.at] + text[outer.members[place + 1].at :]
    return text[: outer.start + 1] + text[outer.start + 1 : member.at].rstrip() + _tail(text, member.end, outer.end)


def _tail(text: str, start: int, end: int) -> str:
    """Return what follows the only member of an object, without its comma."""
    rest = text[start:end].lstrip().removeprefix(",")
    return (rest if rest.strip() else "") + text[end:]
