"""The best code for a question as one document, for a model in a pipe: Markdown, XML or JSON."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape, quoteattr

from codesearch.context.entries import Entry, Reader, Selection, select
from codesearch.context.token_count import estimate
from codesearch.core.visible import json_text

if TYPE_CHECKING:
    from codesearch.core.types import Hit
    from codesearch.index import Index

TOKENS_PER_RESULT = 120
"""One result is considered per this number of tokens in the budget."""
XML_TOKENS = 30.0
"""Tokens of the tags around a result beyond those of its heading."""


def document(
    index: Index, question: str, hits: Sequence[Hit], budget: int, words: Sequence[str], format: str
) -> tuple[str, Selection]:
    """Return a document of at most `budget` tokens, and what is in it."""
    sources = Reader(index)
    hits = hits[: max(3, budget // TOKENS_PER_RESULT)]
    room = budget - estimate(question) - 20
    if format == "xml":
        room -= XML_TOKENS * min(len(hits), budget // 100)
    while True:
        found = select(sources, hits, room, words=words)
        shown = [entry for entry in found.entries if entry.source] or found.entries[:3]
        text = _RENDERED[format](question, shown)
        excess = estimate(text) - budget
        if excess <= 0 or room < 50:
            return text, found
        room -= excess + 5


def _markdown(question: str, entries: Sequence[Entry]) -> str:
    return "\n".join(f"## {entry.text()}" for entry in entries)


def _xml(question: str, entries: Sequence[Entry]) -> str:
    parts = []
    for entry in entries:
        value = entry.json()
        attributes = " ".join(
            f"{name}={quoteattr(str(value[key]))}"
            for name, key in (("path", "path"), ("lines", "start_line"), ("kind", "kind"), ("name", "name"))
        ).replace(f'lines="{value["start_line"]}"', f'lines="{value["start_line"]}-{value["end_line"]}"')
        parts.append(f"<code {attributes}>\n{escape(entry.source)}</code>\n")
    return f"<context question={quoteattr(question)}>\n{''.join(parts)}</context>\n"


def _json(question: str, entries: Sequence[Entry]) -> str:
    value = {"question": question, "results": [{**entry.json(), **entry.real_names()} for entry in entries]}
    return json_text(json.dumps(value, ensure_ascii=False)) + "\n"


_RENDERED = {"markdown": _markdown, "xml": _xml, "json": _json}
