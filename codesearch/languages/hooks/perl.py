"""Perl: packages, methods and POD."""

from __future__ import annotations

import re
from bisect import bisect_left

from codesearch.languages.definition import Definition, Scan
from codesearch.languages.hooks._common import in_namespaces

_POD = re.compile(rb"^=(?!cut\b)(\w+)(?:[ \t]+([^\n]*))?\n(.*?)(?=^=cut\b|\Z)", re.MULTILINE | re.DOTALL)


_POD_HEADING = re.compile(rb"^=(?:head[1-6]|item|method|func|attr|sub)[ \t]+([^\n]*)$", re.MULTILINE)


_POD_PACKAGE = re.compile(rb"^=head1[ \t]+NAME[ \t]*\r?\n\s*(?:[CBI]<+)?([\w:]+)>*\s+-+\s+([^\r\n]+)", re.MULTILINE)


_POD_NAME = re.compile(rb"(?:[\w:]+(?:->|::))?(?:[CBI]<+\s*)?(?:\$\w+->)?(\w+)\b")


_POD_COMMAND = re.compile(r"^=\w+.*$", re.MULTILINE)


_POD_FORMAT = re.compile(r"[CBIFLSX]<+\s?([^<>|]*)(?:\|[^<>]*)?\s?>+")


_SELF = re.compile(rb"\{\s*(?:#[^\n]*\n\s*)*my\s*\(?\s*\$(?:self|class|invocant|this|proto|c)\b")


_MAX_POD = 8_000


def perl_name(text: str) -> tuple[str, str]:
    """Split `My::Full::name`, which is absolute."""
    scope, _, name = text.rpartition("::")
    return f"::{scope}" if scope else "", name


def perl(scan: Scan) -> list[Definition]:
    """Extend packages to the next one, recognise methods by `$self`, and find documentation in POD."""
    source = scan.source
    pods = [(found.start(), found.end(), found) for found in _POD.finditer(source)] if b"\n=" in source else []
    sections, names = _pod_sections(source, pods), _pod_names(source, pods)
    ends = [end for _, end, _ in pods]
    _extend_packages(scan)
    for definition in scan.definitions:
        if definition.kind == "module":
            definition.documentation = names.get(definition.name) or definition.documentation
        if definition.kind not in ("function", "method"):
            continue
        if definition.body > 0 and _SELF.match(source, definition.body, definition.body + 400):
            definition.kind = "method"
        at = bisect_left(ends, definition.start + 1) - 1
        above = at >= 0 and _is_right_above(source, ends[at], definition.start)
        above = above and not _POD_PACKAGE.search(source, pods[at][0], ends[at])
        text = _pod_text(source[pods[at][0] : ends[at]]) if above else ""
        definition.documentation = text or sections.get(definition.name) or definition.documentation
    return in_namespaces(scan.definitions)


def _pod_sections(source: bytes, pods: list[tuple[int, int, re.Match[bytes]]]) -> dict[str, str]:
    """Return the text below each heading that begins with a name, by that name."""
    sections: dict[str, str] = {}
    for start, end, _ in pods:
        headings = list(_POD_HEADING.finditer(source, start, end))
        for index, heading in enumerate(headings):
            name = _POD_NAME.match(heading[1])
            if not name:
                continue
            below = headings[index + 1].start() if index + 1 < len(headings) else end
            text = _pod_text(source[heading.end() : min(below, heading.end() + _MAX_POD)])
            if text:
                sections.setdefault(name[1].decode("utf-8", "replace"), text)
    return sections


def _pod_names(source: bytes, pods: list[tuple[int, int, re.Match[bytes]]]) -> dict[str, str]:
    """Return what the NAME sections say, the text after `My::Package -`, by package."""
    names: dict[str, str] = {}
    for start, end, _ in pods:
        if found := _POD_PACKAGE.search(source, start, end):
            package, text = (part.decode("utf-8", "replace") for part in found.groups())
            names.setdefault(package, _POD_FORMAT.sub(r"\1", text).strip())
    return names


def _pod_text(pod: bytes) -> str:
    text = pod[:_MAX_POD].decode("utf-8", "replace")
    text = _POD_FORMAT.sub(r"\1", _POD_COMMAND.sub("", text))
    return re.sub(r"\n{3,}", "\n\n", text).strip()


def _extend_packages(scan: Scan) -> None:
    """Let each package or class that has no block reach to the next one, or to the end of the block that it is in."""
    source = scan.source
    blocks = scan.marks.get("block", [])
    following = len(source)
    packages = (one for one in scan.definitions if one.kind in ("module", "class", "trait"))
    for package in sorted(packages, key=lambda one: one.start, reverse=True):
        if package.end > package.name_start and source[package.end - 1 : package.end] != b"}":
            package.body = package.end
            around = min((end - 1 for start, end in blocks if start < package.start < end), default=len(source))
            package.end = package.start + len(source[package.start : min(following, around)].rstrip())
        package.name, package.scope = f"{package.scope}::{package.name}".strip(":"), ""
        following = package.start


def _is_right_above(source: bytes, pod_end: int, start: int) -> bool:
    """Return whether only blanks lie between the `=cut` line of a POD block and a definition."""
    line_end = source.find(b"\n", pod_end)
    return 0 <= line_end <= start and not source[line_end:start].strip()
