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
    rb"[ \t]*(?:;;)?[ \t]*(?:\r?\n)?[ \t]*\(\*\*(?!\*|/\*\*\))((?:[^*]|\*(?!\)))*)\*\)[ \t\r]*"
    rb"(?=\n|\Z)"
)


_DOC_ABOVE = re.compile(rb"\*\)[ \t\r]*\n[ \t]*\Z")


def ocaml_name(text: str) -> tuple[str, str]:
    """Unwrap `( + )`."""
    return "", text.strip("() ") or text


def ocaml(scan: Scan) -> list[Definition]:
    """Take `let`, `let rec`, `and` and the like into the ranges, and find the documentation below.

    A comment directly between two items belongs to the first, as OCaml's manual says, unless that has one above it.
    """
    source = scan.source
    taken: set[int] = set()
    """Where comments end that belong to what is before them."""
    for definition in sorted(scan.definitions, key=lambda one: one.start):
        low = max(0, definition.start - 80)
        binder = _BINDER.search(source[low : definition.start])
        if binder:
            definition.start = definition.head = low + binder.start()
        if definition.kind == "type":
            definition.body = -1  # what a type is made of belongs to its signature
        above = _DOC_ABOVE.search(source, max(0, definition.start - 200), definition.start)
        definition.owns_comment = above is None or above.start() + 2 not in taken
        if above is None or not definition.owns_comment:
            below = _DOC_BELOW.match(source, definition.end, definition.end + 8_000)
            if below:
                taken.add(below.end(1) + 2)
                lines = below[1].decode("utf-8", "replace").splitlines()
                definition.documentation = "\n".join(line.strip() for line in lines).strip()
    return scan.definitions
