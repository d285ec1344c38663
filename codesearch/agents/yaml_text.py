"""Adds an entry to a collection of a YAML file, as text, so that nothing else in the file changes.

ruamel.yaml says where things are and what a text means; the text itself is edited here, since no YAML library writes
every file back as it was. Each edit is checked: the new text must mean the old one plus (or minus) the entry.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from typing import Any

from codesearch.core.errors import UsageError
from codesearch.core.libraries import install_command

_PLAIN = re.compile(r"[A-Za-z/][A-Za-z0-9_./-]*")
_NOT_TEXT = frozenset("true false yes no on off null y n".split())
"""Words that are no strings without quotes, for some readers of YAML."""


def entry_at(text: str, path: Sequence[str]) -> Any:
    """Return the value of an entry; None if there is none. Raises UsageError if the text is not YAML.

    `path` is the name of the collection and that of the entry. If the collection is a list, the entry is the item with
    that `name`.
    """
    at, value = _found(_mapping(text).get(path[0]), path[1])
    return value if at is not None else None


def inserted(text: str, path: Sequence[str], entry: dict[str, Any], *, listed: bool) -> str:
    """Return a text with an entry at the end of a collection, which is added if need be: a list if `listed`.

    Raises UsageError if the text is not YAML, if the collection is something else, or if the text cannot be edited.
    """
    before = _mapping(text)
    collection = before.get(path[0])
    if collection is not None and not isinstance(collection, list if listed else dict):
        raise UsageError(f"{path[0]} is not a {'list' if listed else 'mapping'}")
    known: Any = collection or ([] if listed else {})
    wanted = {**before, path[0]: [*known, entry] if listed else {**known, path[1]: entry}}
    return _checked(_additions(text, path, entry, listed=listed), wanted, f"an entry cannot be added to {path[0]}")


def removed(text: str, path: Sequence[str]) -> str:
    """Return the text without an entry, which is there. Raises UsageError if the text cannot be edited."""
    before = _mapping(text)
    collection = before.get(path[0])
    at, _ = _found(collection, path[1])
    wanted = dict(before)
    if isinstance(collection, list):
        wanted[path[0]] = [one for place, one in enumerate(collection) if place != at]
    elif isinstance(collection, dict):
        wanted[path[0]] = {name: one for name, one in collection.items() if name != path[1]}
    return _checked(_removals(text, path), wanted, f"the entry cannot be taken out of {path[0]}")


def _found(collection: Any, name: str) -> tuple[int | str | None, Any]:
    """Return (place, value) of an entry; (None, None) if there is none."""
    if isinstance(collection, dict) and name in collection:
        return name, collection[name]
    if isinstance(collection, list):
        for at, one in enumerate(collection):
            if isinstance(one, dict) and one.get("name") == name:
                return at, one
    return None, None


def _checked(candidates: Iterator[str], wanted: dict[str, Any], otherwise: str) -> str:
    """Return the first text that means what is wanted."""
    found = next((candidate for candidate in candidates if _means(candidate, wanted)), None)
    if found is None:
        raise UsageError(otherwise)
    return found


def _means(text: str, wanted: dict[str, Any]) -> bool:
    try:
        return _mapping(text) == wanted
    except UsageError:  # the edit does not fit this file
        return False


# -- reading ----------------------------------------------------------------------------------------------------------


def _mapping(text: str) -> dict[str, Any]:
    """Return what a text means. Raises UsageError if it is not one mapping."""
    reader = _reader()
    from ruamel.yaml.error import YAMLError

    try:
        value = reader.load(text)
    except (YAMLError, ValueError) as error:
        problem = getattr(error, "problem", None) or str(error).partition("\n")[0]
        mark = getattr(error, "problem_mark", None)
        place = f", in line {mark.line + 1}" if mark is not None else ""
        raise UsageError(f"is not YAML that can be edited ({problem}{place})") from error
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise UsageError("is not a mapping")
    # Copied without sharing: two aliases of one collection would change together.
    return {name: _copied(one) for name, one in value.items()}


def _copied(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _copied(one) for name, one in value.items()}
    return [_copied(one) for one in value] if isinstance(value, list) else value


def _reader() -> Any:
    try:
        from ruamel.yaml import YAML
    except ImportError as error:
        raise UsageError(f"editing YAML needs ruamel.yaml: {install_command('ruamel.yaml')}") from error
    return YAML(typ="safe", pure=True)


def _node(text: str, name: str) -> tuple[Any, Any, Any]:
    """Return the nodes of (the whole text, a key of it, its value); None for what is not there."""
    root = _reader().compose(text)
    if root is None:
        return None, None, None
    return root, *next(((key, value) for key, value in root.value if key.value == name), (None, None))


def _is_flow(node: Any) -> bool:
    return bool(node.flow_style)


def _last_end(node: Any) -> int:
    """Return the offset behind the last character of a node; the parser's mark is behind the comments after it."""
    while node.id != "scalar" and not _is_flow(node) and node.value:
        node = node.value[-1][1] if node.id == "mapping" else node.value[-1]
    return int(node.end_mark.index)


# -- writing ----------------------------------------------------------------------------------------------------------


def _additions(text: str, path: Sequence[str], entry: dict[str, Any], *, listed: bool) -> Iterator[str]:
    """Yield texts that may be the text with the entry, the best first."""
    newline = "\r\n" if "\r\n" in text else "\n"
    item = _item(path[1], entry, listed=listed)
    flow = json.dumps(entry, ensure_ascii=False)
    flow = flow if listed else f"{json.dumps(path[1])}: {flow}"
    root, key, value = _node(text, path[0])
    if root is None or (key is None and not _is_flow(root)):
        gap = "" if not text or text.endswith("\n") else newline
        yield text + gap + newline.join([f"{path[0]}:", *_indented(item, 2)]) + newline
    elif key is None:
        yield from _into_flow(text, root, f"{json.dumps(path[0])}: " + (f"[{flow}]" if listed else f"{{{flow}}}"))
    else:
        yield from _into(text, key, value, item, flow)


def _into(text: str, key: Any, value: Any, item: Sequence[str], flow: str) -> Iterator[str]:
    """Yield the text with an entry in a collection that is there, as lines or within brackets."""
    newline = "\r\n" if "\r\n" in text else "\n"
    if value.id == "scalar" or (_is_flow(value) and not value.value):
        # Nothing in it: the entry takes the lines after its name.
        start, end = value.start_mark.index, value.end_mark.index
        without = text[:start].rstrip(" ") + text[end:]
        yield _lines_after(without, key.end_mark.index, _indented(item, key.start_mark.column + 2), newline)
        yield text[: end - 1] + flow + text[end - 1 :]
    elif _is_flow(value):
        yield from _into_flow(text, value, flow)
    else:
        lines = _indented(item, value.start_mark.column)
        for end in (_last_end(value), value.end_mark.index):
            yield _lines_after(text, max(0, end - 1), lines, newline)


def _into_flow(text: str, node: Any, inner: str) -> Iterator[str]:
    """Yield the text with something at the end of a collection in brackets."""
    if not node.value:
        yield text[: node.end_mark.index - 1] + inner + text[node.end_mark.index - 1 :]
        return
    last = node.value[-1][1] if node.id == "mapping" else node.value[-1]
    yield f"{text[: last.end_mark.index]}, {inner}{text[last.end_mark.index :]}"


def _lines_after(text: str, offset: int, lines: Sequence[str], newline: str) -> str:
    """Return the text with lines after the line of an offset."""
    at = text.find("\n", offset)
    if at < 0:
        return text + newline + newline.join(lines) + newline
    return text[: at + 1] + newline.join(lines) + newline + text[at + 1 :]


def _removals(text: str, path: Sequence[str]) -> Iterator[str]:
    """Yield texts that may be the text without the entry, the best first."""
    _, key, value = _node(text, path[0])
    pairs = [(one, one) for one in value.value] if value.id == "sequence" else list(value.value)
    at = next(place for place, (name, one) in enumerate(pairs) if _is_entry(name, one, path[1]))
    first, last = pairs[at][0].start_mark.index, _last_end(pairs[at][1])
    if _is_flow(value):
        if at > 0:
            yield text[: pairs[at - 1][1].end_mark.index] + text[last:]
        elif len(pairs) > 1:
            yield text[:first] + text[pairs[1][0].start_mark.index :]
        yield text[:first] + text[last:]
        return
    start = text.rfind("\n", 0, first) + 1
    end = text.find("\n", last - 1) + 1 or len(text)
    left = text[:start] + text[end:]
    if len(pairs) > 1:
        yield left
        return
    colon = text.index(":", key.end_mark.index)
    yield f"{left[: colon + 1]} {'[]' if value.id == 'sequence' else '{}'}{left[colon + 1 :]}"


def _is_entry(name: Any, value: Any, wanted: str) -> bool:
    if name is not value:
        return bool(name.value == wanted)
    return value.id == "mapping" and any(one.value == "name" and to.value == wanted for one, to in value.value)


def _item(name: str, entry: dict[str, Any], *, listed: bool) -> list[str]:
    """Return the lines of an entry: an item of a list, or a name with its value."""
    fields = [f"{field}: {_inline(value)}" for field, value in entry.items()]
    if listed:
        return [f"{'  ' if at else '- '}{field}" for at, field in enumerate(fields)]
    return [f"{name}:", *(f"  {field}" for field in fields)]


def _indented(lines: Sequence[str], columns: int) -> list[str]:
    return [" " * columns + line for line in lines]


def _inline(value: Any) -> str:
    if isinstance(value, str) and _PLAIN.fullmatch(value) and value.lower() not in _NOT_TEXT:
        return value
    if isinstance(value, list):
        return f"[{', '.join(map(_inline, value))}]"
    return json.dumps(value, ensure_ascii=False)
