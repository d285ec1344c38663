"""Rust: names of `impl` blocks, and items inside macros."""

from __future__ import annotations

import re

from codesearch.languages.definition import Definition, Scan
from codesearch.languages.hooks._common import closing, without_generics

_MAX_MACRO_DEPTH = 3
"""Item macros inside item macros: deeper is not looked for."""
_ITEM = re.compile(rb"\b(?:fn|struct|enum|trait|union|type|static)\s+\w")


_BRACE = re.compile(rb"\w+(?:<[^<>{};]*>)?\s*:\s*\w+\s*\{")


# Rust


def rust_name(text: str) -> tuple[str, str]:
    """Name the type of an `impl` without references, generics and path: `&'a mut io::Reader<R>` is Reader."""
    if text.isidentifier():
        return "", text
    if text.startswith("r#"):
        return "", text[2:]
    text = re.sub(r"^(?:&|\*const\b|\*mut\b|mut\b|dyn\b|'\w+|\s)+", "", text)
    plain = without_generics(text).strip()
    path = re.match(r"[\w:]+", plain)
    return "", path[0].rpartition("::")[2] if path and path[0].strip(":") else text


def rust(scan: Scan) -> list[Definition]:
    """Add the items inside item macros: `cfg_rt! { pub fn .. }`."""
    definitions = list(scan.definitions)
    known = {definition.name_start for definition in definitions}
    inner = scan
    for _ in range(_MAX_MACRO_DEPTH):
        spans = [span for span in inner.marks.get("reparse", ()) if _ITEM.search(scan.source, *span)]
        if not spans:
            break
        inner = inner.again(_only(scan.source, [(start + 1, end - 1) for start, end in spans]))
        found = [one for one in inner.definitions if one.name_start not in known]
        for one in found:
            _close(one, scan.source)
        definitions += found
        known.update(one.name_start for one in inner.definitions)
        scan.adopt(inner, part=True)
    return definitions


def _close(definition: Definition, source: bytes) -> None:
    """Let a type reach to its brace: the grammar does not know `struct Flags: u32 { .. }`."""
    brace = _BRACE.match(source, definition.name_start)
    if brace and definition.kind in ("struct", "enum"):
        definition.body = brace.end() - 1
        definition.end = max(definition.end, closing(source, definition.body))


def _only(source: bytes, spans: list[tuple[int, int]]) -> bytes:
    """Blank a source except for some spans; line breaks stay."""
    out = bytearray(re.sub(rb"[^\r\n]", b" ", source))
    for start, end in spans:
        out[start:end] = source[start:end]
    return bytes(out)
