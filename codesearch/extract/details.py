"""Constants, variables, fields, members of enums, aliases and calls that define something: what is below a function.

They have queries of their own (`queries/details/`), which leave the other definitions as they are.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import chain
from typing import TYPE_CHECKING, cast

from codesearch.core.types import KINDS, Kind
from codesearch.extract.comments import clean_comment, clean_string
from codesearch.languages.definition import Definition

if TYPE_CHECKING:
    from tree_sitter import Node

    from codesearch.extract.scan import FileScan
    from codesearch.languages.definition import Language

MOST = 2000
"""Details of a file; a table of more is data."""
_MAX_NAME = 120
_DOCUMENTED = "documented_field"
"""The capture of fields that count only if they are documented."""
_ROLES = ("constant", "variable", "field", "member", "call", _DOCUMENTED)
_AFTER = re.compile(rb"[ \t]*[;,]?[ \t]*((?://|#|--|/\*|\(\*|!)[^\n]*)")
"""The comment behind a detail on its line."""
_POINTER = re.compile(r"(?<=^!)<|(?<=^...)<|(?<=^....)<|(?<=^-- )\^")
"""The mark of Doxygen and of Haddock for a comment behind what it documents: `///<`, `/**<`, `-- ^`."""
_MARKS = "\"'`:$"
"""What is around a name: quotation marks, the colon of a symbol, the sign of a variable."""
_ALIAS = re.compile(rb"^[ \t]*alias[ \t]+(?:-\w+[ \t]+)*(?:--[ \t]+)?([\w.:+,!?-]+)=", re.MULTILINE)
_ENUM = re.compile(rb"\(\s*(?:\w+\.)?(?:\w+,\s*)*(?:\w+\.)*(?:Str|Int)?(?:Enum|IntFlag|Flag|Choices|TextChoices)\b")
"""The bases of a class of Python whose fields are members of an enum."""


def find(scan: FileScan, definitions: Iterable[Definition]) -> list[Definition]:
    """Return the details of a scan, in the order of the source, without names that `definitions` have."""
    known = {one.name_start for one in definitions if one.kind in KINDS}
    found = _from_query(scan, known)
    if scan.language.name == "bash":
        found += _aliases(scan.original)
    found.sort(key=lambda one: one.name_start)
    return found[:MOST]


def kept(details: Iterable[Definition], source: bytes, language: Language) -> list[Definition]:
    """Return the details that are worth a symbol, documented by the comment behind them if by nothing else."""
    details = list(details)
    describe(details, source, language)
    return [one for one in details if one.documentation or one.kind != _DOCUMENTED]


def describe(definitions: Iterable[Definition], source: bytes, language: Language) -> None:
    """Document details by the comment behind them if by nothing else."""
    for one in definitions:
        if one.minor:
            one.documentation = one.documentation or _comment_after(source, one.end, language)


def _from_query(scan: FileScan, known: set[int]) -> list[Definition]:
    if not scan.language.module:
        return []
    found: dict[int, Definition] = {}
    skipped: set[int] = set()
    for _, captures in chain.from_iterable(one.detail_matches() for one in (scan.read_as, *scan.parts)):
        skipped.update(node.start_byte for node in captures.get("skip", ()))
        for name in captures.get("name", ()):
            if name.start_byte not in known and (name.start_byte not in found or "doc" in captures):
                found[name.start_byte] = _definition(scan, captures, name)
    return [one for at, one in found.items() if at not in skipped and one.name]


def _definition(scan: FileScan, captures: dict[str, list[Node]], name_node: Node) -> Definition:
    role = next(role for role in _ROLES if role in captures)
    node = captures[role][0]
    source = scan.source
    text = source[name_node.start_byte : name_node.end_byte].decode("utf-8", "replace")
    name = text.strip(_MARKS)
    if not (name[:1].isidentifier() or name[:1].isdigit()):
        name = text  # an operator
    if role == "variable" and scan.language.name == "python" and name.isupper():
        role = "constant"
    doc = captures.get("doc")
    said = clean_string(source[doc[0].start_byte : doc[0].end_byte].decode("utf-8", "replace")) if doc else None
    return Definition(
        kind=role,
        name=" ".join(name.split())[:_MAX_NAME],
        scope="",
        start=node.start_byte,
        end=node.end_byte,
        head=node.start_byte,
        body=-1,
        pattern=0,
        name_start=name_node.start_byte,
        documentation=said,
        minor=True,
    )


def _comment_after(source: bytes, end: int, language: Language) -> str | None:
    """Return the text of the comment that is the rest of the line."""
    found = _AFTER.match(source, end, end + 500)
    if found is None:
        return None
    text = found[1].decode("utf-8", "replace").strip()
    for opening, closing in language.block_comments:
        if text.startswith(opening):
            return clean_comment(_POINTER.sub("", text)) if text.find(closing) == len(text) - len(closing) else None
    return clean_comment(_POINTER.sub("", text)) if text.startswith(language.line_comments) else None


def _aliases(source: bytes) -> list[Definition]:
    """Return the aliases of a shell script."""
    found = []
    for one in _ALIAS.finditer(source):
        end = source.find(b"\n", one.end())
        found.append(
            Definition(
                kind="alias",
                name=one[1].decode("utf-8", "replace"),
                scope="",
                start=one.start() + len(one[0]) - len(one[0].lstrip()),
                end=len(source) if end < 0 else end,
                head=one.start(),
                body=-1,
                pattern=0,
                name_start=one.start(1),
                minor=True,
            )
        )
    return found


def kind_of(definition: Definition, around: Definition | None, source: bytes) -> Kind:
    """Return the kind of a detail, which depends on what it is in: a field of an enum of Python is a member."""
    if definition.kind == _DOCUMENTED:
        return "field"
    if definition.kind == "field" and around is not None and definition.name.isupper():
        head = source[around.name_start : around.body if around.body > 0 else around.end][:200]
        if _ENUM.search(head):
            return "member"
    return cast("Kind", definition.kind)
