"""Blocks of source: statements and members with the lines they occupy, nested as the syntax nests them."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from codesearch import languages
from codesearch.core.errors import CodesearchError

if TYPE_CHECKING:
    from tree_sitter import Node

MOST_BYTES = 400_000
"""A longer file is divided by its indentation: parsing it would take longer than the search."""
PARSE_SECONDS = 2.0
"""A file that takes longer to parse is divided in the same way."""
_DEEPEST = 60


@dataclass(frozen=True, slots=True)
class Block:
    """Consecutive whole lines, counted from 1, ends included. Lines of no inner block are its head and its tail."""

    first: int
    last: int
    inner: tuple[Block, ...] = ()


def blocks_of(source: bytes, language: str, first: int, last: int, start: int, end: int) -> Block:
    """Return the lines from `first` to `last` as a block; `start` and `end` are the bytes of the symbol there."""
    if len(source) <= MOST_BYTES:
        inner = _parsed(source, language, first, last, start, end)
        if inner:
            return Block(first, last, inner)
    lines = source.decode("utf-8", "replace").split("\n")
    return Block(first, last, _indented(lines, first, last))


def _parsed(source: bytes, language: str, first: int, last: int, start: int, end: int) -> tuple[Block, ...]:
    from codesearch.extract.scan import parse
    from codesearch.languages.grammar import grammar_of

    try:
        if not languages.get(language).module:
            return ()
        root = parse(grammar_of(language), source, time.monotonic() + PARSE_SECONDS).root_node
    except CodesearchError:
        return ()
    node = root.descendant_for_byte_range(start, max(start, end - 1)) or root
    while node.parent is not None and node.start_byte > start:
        node = node.parent
    return _within(_inside(node, first, 0), first, last)


def _within(blocks: list[Block], first: int, last: int) -> tuple[Block, ...]:
    return tuple(one for one in blocks if first < one.first and one.last <= last)


def _rows(node: Node) -> tuple[int, int]:
    """Return the first and the last line of a node, from 1."""
    first, last = node.start_point[0] + 1, node.end_point[0] + 1
    return first, last - 1 if node.end_point[1] == 0 and last > first else last


def _inside(node: Node, head: int, depth: int) -> list[Block]:
    """Return the blocks inside a node that begin after its line `head`."""
    found: list[Block] = []
    if depth > _DEEPEST:
        return found
    body = node.child_by_field_name("body")
    for child in node.named_children:
        first, last = _rows(child)
        if body is not None and child.start_byte < body.start_byte:
            continue  # belongs to the signature, on however many lines that is
        if child == body and last > head:
            children = body.named_children
            bare = bool(children) and children[0].start_point == body.start_point  # without a brace of its own
            _append(found, _inside(body, max(head, first - bare), depth + 1))
        elif first <= head:
            if last > head and not _is_text(child):
                _append(found, _inside(child, head, depth + 1))
            continue
        target = _defined(child)
        inner = _inside(target, _rows(target)[0], depth + 1) if last > first and not _is_text(child) else []
        _append(found, [Block(first, last, tuple(inner))] if target != child else _divided(child, inner, depth))
    return found


def _defined(node: Node) -> Node:
    """Return the definition inside decorators or an `export`; any other node itself."""
    return node.child_by_field_name("definition") or node.child_by_field_name("declaration") or node


def _is_text(node: Node) -> bool:
    return "string" in node.type or "comment" in node.type


def _divided(node: Node, inner: list[Block], depth: int) -> list[Block]:
    """Return the statements of a node that only holds statements, else the node as one block."""
    first, last = _rows(node)
    parts = node.named_children
    if last > first and len(parts) > 1 and parts[0].start_point == node.start_point and not _is_text(node):
        top = _rows(parts[0])
        if _rows(parts[1])[0] > top[1]:
            head = Block(*top, tuple(_inside(parts[0], top[0], depth + 1)))
            return [head, *(one for one in inner if one.first > top[1])]
    return [Block(first, last, tuple(inner))]


def _append(found: list[Block], more: list[Block]) -> None:
    """Add blocks; one that begins on a line of the block before it is merged with that."""
    for block in more:
        if found and block.first <= found[-1].last:
            if block.last > found[-1].last:
                found[-1] = Block(found[-1].first, block.last, found[-1].inner)
        else:
            found.append(block)


def _indented(lines: list[str], first: int, last: int) -> tuple[Block, ...]:
    """Return blocks by indentation: a line begins a block, and deeper lines after it belong to it."""
    written = [(n, len(lines[n - 1]) - len(lines[n - 1].lstrip())) for n in range(first + 1, last + 1)
               if n <= len(lines) and lines[n - 1].strip()]  # fmt: skip
    return tuple(_nested(written, 0))


def _nested(written: list[tuple[int, int]], depth: int) -> list[Block]:
    found: list[Block] = []
    at = 0
    while at < len(written):
        number, indent = written[at]
        end = at + 1
        while end < len(written) and written[end][1] > indent:
            end += 1
        inner = _nested(written[at + 1 : end], depth + 1) if depth < _DEEPEST else []
        found.append(Block(number, written[end - 1][0], tuple(inner)))
        at = end
    return found
