"""OCaml: binders and documentation."""

from __future__ import annotations

import re

from codesearch.languages.definition import Definition, Scan

# OCaml

_BINDER = re.compile(
    rb"(?:\b(?:let|and|type|class|module)\b(?:%[\w.]+|\[@[^\]]*\])?\s*(?:\b(?:rec|nonrec|type|virtual|private)\b\s*)*"
    rb"(?:\[[^\]]*\]\s*)?)$"
)


_DOC_BELOW = re.compile(
    rb"[ \t]*(?:;;)?[ \t]*(?:\r?\n)?[ \t]*\(\*\*(?!\*)((?:[^*]|\*(?!\)))*)\*\)[ \t\r]*"
    rb"(?=\n[ \t\r]*(?:\n|end\b|\}|\Z)|\Z)"
)


_DOC_ABOVE = re.compile(rb"\*\)[ \t\r]*\n[ \t]*\Z")


def ocaml_name(text: str) -> tuple[str, str]:
    """Unwrap `( + )`."""
    return "", text.strip("() ") or text


def ocaml(scan: Scan) -> list[Definition]:
    """Take `let`, `let rec`, `and` and the like into the ranges, and find the documentation below."""
    source = scan.source
    for definition in scan.definitions:
        low = max(0, definition.start - 80)
        binder = _BINDER.search(source[low : definition.start])
        if binder:
            definition.start = definition.head = low + binder.start()
        if definition.kind == "type":
            definition.body = -1  # what a type is made of belongs to its signature
        if not _DOC_ABOVE.search(source, max(0, definition.start - 200), definition.start):
            below = _DOC_BELOW.match(source, definition.end, definition.end + 8_000)
            if below:
                lines = below[1].decode("utf-8", "replace").splitlines()
                definition.documentation = "\n".join(line.strip() for line in lines).strip()
    return scan.definitions
