"""JavaScript, TypeScript and their relatives: names, and signatures that the grammar does not know."""

from __future__ import annotations

import re

from codesearch.languages.definition import Definition, Scan
from codesearch.languages.hooks._common import closing, fewer_errors, regex

_GENERIC_LINE = rb"^[ \t]*(?:new[ \t]*)?(<)(?=\w)"
_CONTINUED = (b"=", b"|", b"&", b"(", b",", b":", b"=>", b"{", b";", b"?", b"<", b"extends", b"return")
"""What a line ends with that goes on in the next."""

_WRAPPED = rb"\s*(?::[^=;{}]*)?=\s*(?:[\w$.]+(?:<[^;{}()]*>)?\(\s*)+"
"""What is between a name and the function that it is given: `= memo(forwardRef<A, B>(`."""
_MOST_BETWEEN = 300

# JavaScript and TypeScript


def javascript_name(text: str) -> tuple[str, str]:
    """Split the left side of an assignment: `A.prototype.f` is A's f, `exports.f` and `this.f` are f."""
    if "." not in text and "[" not in text:
        return "", text
    if text[0] == "[":
        quoted = re.fullmatch(r"\[\s*([\"'`])([^\"'`]+)\1\s*\]", text)
        return "", quoted[2] if quoted else text
    text = re.sub(r"\[\s*[\"'`]([\w$-]+)[\"'`]\s*\]", r".\1", text)
    if not re.fullmatch(r"[\w$#]+(?:\??\.[\w$#-]+)*", text):
        tail = re.search(r"\.([\w$#-]+)$", text)
        return "", tail[1] if tail else text
    parts = [part for part in re.split(r"\??\.", text) if part != "prototype"]
    if parts[0] in ("this", "self", "exports", "window", "globalThis") and len(parts) > 1:
        parts = parts[1:]
    elif parts[:2] == ["module", "exports"]:
        parts = parts[2:] or ["exports"]
    return ".".join(parts[:-1]), parts[-1]


def javascript(scan: Scan) -> list[Definition]:
    """Leave out what another definition wraps under the same name: `const Card = memo(function Card() { .. })`."""
    return _without_wrapped(scan.definitions, scan.source)


def typescript(scan: Scan) -> list[Definition]:
    """Do as `javascript`, and read signatures that the grammar does not know."""
    return _without_wrapped(_with_call_signatures(scan), scan.source)


def _without_wrapped(definitions: list[Definition], source: bytes) -> list[Definition]:
    outer: dict[str, Definition] = {}
    kept = []
    for one in sorted(definitions, key=lambda one: one.name_start):
        around = outer.setdefault(one.name, one)
        between = source[around.name_start + len(around.name.encode()) : one.start]
        if around is not one and len(between) < _MOST_BETWEEN and regex(_WRAPPED).fullmatch(between):
            continue
        outer[one.name] = one
        kept.append(one)
    return kept


def _with_call_signatures(scan: Scan) -> list[Definition]:
    """Separate call signatures without semicolons: the grammar takes `<T>(a: T): T` for a part of the line above."""
    if not scan.has_error:
        return scan.definitions
    source = scan.source
    out = bytearray(source)
    spans = []
    for found in regex(_GENERIC_LINE, re.MULTILINE).finditer(source):
        start = found.start(1)
        end = closing(source, start)
        above = source[max(0, found.start() - 200) : found.start()].rstrip()
        if end < 0 or source[end : end + 1] != b"(" or above.endswith(_CONTINUED):
            continue
        out[start:end] = b";".ljust(end - start)
        spans.append((start, end))
    if not spans:
        return scan.definitions
    other = scan.again(bytes(out), changed=spans)
    if fewer_errors([scan, other]) is scan:
        return scan.definitions
    scan.adopt(other)
    return other.definitions
