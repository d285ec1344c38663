"""Svelte, Vue and Astro: the scripts of a component."""

from __future__ import annotations

import re
from collections.abc import Iterable

from codesearch.languages.definition import Definition, Scan
from codesearch.languages.hooks.javascript import typescript

_OPEN = re.compile(
    rb"<!--.*?(?:-->|\Z)|<script(?=[\s>/])((?:[^>\"']|\"[^\"]{0,2000}\"|'[^']{0,2000}'){0,500})>",
    re.IGNORECASE | re.DOTALL,
)


_FRONTMATTER = re.compile(rb"\A(?:\xef\xbb\xbf)?\s*---[ \t]*\r?\n")


_FENCE = re.compile(rb"^[ \t]*---", re.MULTILINE)


_CLOSE = re.compile(rb"</script\s*>", re.IGNORECASE)


_BLANK = bytes(byte if byte in b"\r\n" else 0x20 for byte in range(256))


_FOREIGN = re.compile(rb"""\b(?:type|lang)\s*=\s*["']?(?:application/(?:ld\+)?json|text/template|coffee)""")


_JSX = re.compile(rb"""\blang\s*=\s*["']?[jt]sx\b""")


def blocks(source: bytes) -> list[tuple[int, int, bytes]]:
    """Return start, end and attributes of the content of each script block, in order."""
    out = []
    at = 0
    while found := _OPEN.search(source, at):
        at = found.end()
        attributes = found[1]
        if attributes is None or attributes.endswith(b"/"):  # an HTML comment, an empty element
            continue
        close = _CLOSE.search(source, at)
        end = close.start() if close else len(source)
        if not _FOREIGN.search(attributes):
            out.append((found.end(), end, attributes))
        at = close.end() if close else len(source)
    return out


def only_scripts(source: bytes) -> bytes:
    """Blank everything outside the script blocks; offsets and line numbers stay."""
    return _only(source, ((start, end) for start, end, _ in blocks(source)))


def astro_scripts(source: bytes) -> bytes:
    """Do the same for Astro, whose first script is the frontmatter between two lines `---`."""
    opened = _FRONTMATTER.match(source)
    closed = _FENCE.search(source, opened.end()) if opened else None
    if opened is None or closed is None:
        return only_scripts(source)
    return _only(source[: closed.end()], [(opened.end(), closed.start())]) + only_scripts(source[closed.end() :])


def _only(source: bytes, kept: Iterable[tuple[int, int]]) -> bytes:
    """Blank everything outside some ranges."""
    out = []
    at = 0
    for start, end in kept:
        out += [source[at:start].translate(_BLANK), source[start:end]]
        at = end
    out.append(source[at:].translate(_BLANK))
    return b"".join(out)


def is_tsx(source: bytes) -> bool:
    """Return whether the scripts of a component are TSX."""
    return any(_JSX.search(attributes) for _, _, attributes in blocks(source))


def components(scan: Scan) -> list[Definition]:
    """Read the scripts as TSX if the component says `lang="tsx"`."""
    if is_tsx(scan.original):
        tsx = scan.again(scan.source, "tsx")
        scan.adopt(tsx)
        return tsx.definitions
    return typescript(scan)
