"""OCaml: binders and documentation."""

from __future__ import annotations

import re

from codesearch.languages.definition import Definition, Scan

# OCaml

_BINDER = re.compile(
    rb"(?:\b(?:let|and|type|class|module)\b(?:%[\w.]+|\[@[^\]]*\])?\s*(?:\b(?:rec|nonrec|type|virtual|private)\b\s*)*"
    rb"(?:\[[^\]]*\]\s*)?)$"
)


_DOC_BELOW = rb"[ \t]*(?:;;)?[ \t]*(?:\r?\n)?[ \t]*\(\*\*(?!\*|/\*\*\))((?:[^*]|\*(?!\)))*)\*\)[ \t\r]*"
_BELOW = re.compile(_DOC_BELOW + rb"(?=\n|\Z)")
_LAST_BELOW = re.compile(_DOC_BELOW + rb"(?=\n[ \t\r]*(?:\n|end\b|\}|\Z)|\Z)")
"""A comment after which nothing stands directly that it could document."""
_DOC_ABOVE = re.compile(rb"\*\)[ \t\r]*\n[ \t]*\Z")


def ocaml_name(text: str) -> tuple[str, str]:
    """Unwrap `( + )`."""
    return "", text.strip("() ") or text


def ocaml(scan: Scan) -> list[Definition]:
    """Take `let`, `let rec`, `and` and the like into the ranges, and find the documentation below.

    OCaml's compiler gives a comment directly between two items to both, and warns. Here it has one owner: in an
    interface the item before it, where such comments are usual, unless that has one above; else the item after it.
    """
    source = scan.source
    doc_below = _BELOW if scan.language.name == "ocaml_interface" else _LAST_BELOW
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
            below = doc_below.match(source, definition.end, definition.end + 8_000)
            if below:
                taken.add(below.end(1) + 2)
                lines = below[1].decode("utf-8", "replace").splitlines()
                definition.documentation = "\n".join(line.strip() for line in lines).strip()
    return scan.definitions
