"""One parse of one source: the query's matches as definitions with byte offsets."""

from __future__ import annotations

import time
from bisect import bisect_right
from collections.abc import Callable, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from codesearch import languages
from codesearch.core.errors import CodesearchError
from codesearch.core.types import KINDS
from codesearch.extract.comments import clean_comment, clean_string
from codesearch.extract.repeats import shortened
from codesearch.languages.definition import Definition, Language, Scan
from codesearch.languages.grammar import grammar_of, load, load_details, load_whole

if TYPE_CHECKING:
    from tree_sitter import Node, Query, Tree

Match = tuple[int, dict[str, list["Node"]]]
"""The number of a pattern, and what it has captured."""

PATIENCE, PATIENCE_PER_BYTE = 1.0, 2e-6
"""Seconds of processor time that a grammar may take for a text in which a long run of one unit is shortened."""
_CHUNK = 1 << 16
"""Bytes handed to the parser at once when the parse is bounded."""
_MAX_DEPTH = 400
"""Maximum nesting depth that is searched: queries on deep trees are slow."""
_MAX_NAME = 200

_CONTAINERS = ("namespace", "impl")
_BODILESS = {"signature": False, "prototype": True}
_ROLES = {role: role for role in (*KINDS, *_CONTAINERS, *_BODILESS)}
_HELPERS = frozenset({"name", "scope", "body", "doc"})
_QUOTES = "\"'`"


class ParseTimeoutError(CodesearchError):
    """A file took longer to parse than the time given."""


class FileScan:
    """The definitions of one source; see `languages.definition.Scan`.

    Captures of a query: `@<kind>`, `@namespace`, `@impl`, `@signature` or `@prototype` around a definition with its
    `@name` (and `@scope`; and `@body`, the body or the value that has one, if the definition has no field `body`);
    `@wrap` around the node `@inner` that it widens; `@attribute` beside the definition that follows it, perhaps with
    a `@doc`; `@documented` around a node whose docstring is `@doc`.
    """

    def __init__(
        self,
        source: bytes,
        language: Language,
        deadline: float | None = None,
        known: Tree | None = None,
        original: bytes | None = None,
        whole: bool = False,
    ) -> None:
        self.source = source
        self.original = source if original is None else original
        self.language = language
        self.definitions: list[Definition] = []
        self.marks: dict[str, list[tuple[int, int]]] = {}
        self.wraps: dict[tuple[int, int], tuple[int, int]] = {}
        self.attributes: dict[int, tuple[int, str]] = {}
        """End of an attribute -> its start and the documentation it holds."""
        self.docstrings: dict[tuple[int, int], str] = {}
        self.root = (0, len(source))
        self.has_error = False
        self.references: list[Match] = []
        """Matches of the query for references in this tree, if the whole file is read."""
        self._details: list[Match] | None = None
        """Matches of the query for details in this tree, if the whole file is read."""
        self._whole = whole
        self._changed: Sequence[tuple[int, int]] = ()
        """What was blanked in the source of another scan, so that this one could be made."""
        self.read_as: FileScan = self
        """The scan whose tree details are read from: of the source without what the grammar does not know."""
        self.parts: list[FileScan] = []
        """Scans of parts of the source that have details of their own."""
        self._deadline = deadline
        self.tree: Tree | None = None
        if not language.module:
            return
        grammar, query, *firsts = load_whole(language.name) if whole else load(language.name)
        self.tree = parse(grammar, source, deadline, known)
        root = self.tree.root_node
        self.root = (root.start_byte, root.end_byte)
        self.has_error = root.has_error
        matches = _matches(query, root)
        if whole:
            first, second = firsts
            self.references = [match for match in matches if first <= match[0] < second]
            self._details = [match for match in matches if match[0] >= second]
            matches = [match for match in matches if match[0] < first]
        self._collect(matches)

    def _collect(self, matches: list[Match]) -> None:
        found: dict[int, Definition] = {}
        for pattern, captures in matches:
            if names := captures.get("name"):
                name_start = names[0].start_byte
                known = found.get(name_start)
                if known is None or pattern < known.pattern:
                    definition = self._definition(pattern, captures, names[0])
                    if definition:
                        found[name_start] = definition
            elif inner := captures.get("inner"):
                wrap = captures["wrap"][0]
                for node in inner:
                    self.wraps[node.start_byte, node.end_byte] = wrap.start_byte, wrap.end_byte
            elif documented := captures.get("documented"):
                node = documented[0]
                self.docstrings[node.start_byte, node.end_byte] = self._documentation(captures["doc"])
            elif attributes := captures.get("attribute"):
                self._add_attributes(attributes, captures.get("doc"))
            else:
                for key, nodes in captures.items():
                    self.marks.setdefault(key, []).extend((node.start_byte, node.end_byte) for node in nodes)
        self.definitions = list(found.values())

    def _add_attributes(self, attributes: list[Node], doc: list[Node] | None) -> None:
        text = self._documentation(doc) if doc else ""
        for node in attributes:
            if text or node.end_byte not in self.attributes:
                self.attributes[node.end_byte] = node.start_byte, text

    def _scope_and_name(self, role: str, scopes: list[Node] | None, name_node: Node) -> tuple[str, str]:
        """Return the qualifier and the name of a definition, as the language splits them."""
        name = self._decode(name_node.start_byte, name_node.end_byte)
        scope = self._decode(scopes[0].start_byte, scopes[0].end_byte) if scopes else ""
        if name and name[0] in _QUOTES and name[-1] == name[0]:
            name = name[1:-1]
        elif self.language.split_name and role != "test":
            own_scope, name = self.language.split_name(name)
            scope = self.language.separator.join(part for part in (scope, own_scope) if part)
        if not name.isidentifier():
            name = " ".join(name.split())
        return scope, name[:_MAX_NAME]

    def _definition(self, pattern: int, captures: dict[str, list[Node]], name_node: Node) -> Definition | None:
        role = next((key for key in captures if key in _ROLES), None)
        if role is None:
            return None
        node = captures[role][0]
        body, body_end = _body(node, captures.get("body"))
        start, end = node.start_byte, node.end_byte
        name_start = name_node.start_byte
        scope, name = self._scope_and_name(role, captures.get("scope"), name_node)
        if not name:
            return None
        return Definition(
            kind="function" if role in _BODILESS else role,
            name=name,
            scope="".join(scope.split())[:_MAX_NAME],
            start=start,
            end=end,
            head=start,
            body=body if body > name_start or 0 < body_end <= name_start else -1,
            tail=body_end if 0 < body_end <= name_start else -1,
            pattern=pattern,
            name_start=name_start,
            prototype=_BODILESS.get(role, False),
        )

    def _decode(self, start: int, end: int) -> str:
        return self.source[start:end].decode("utf-8", "replace")

    def _documentation(self, nodes: list[Node]) -> str:
        text = "\n".join(self._decode(node.start_byte, node.end_byte) for node in nodes)
        return clean_comment(text) if nodes[0].type.endswith("comment") else clean_string(text)

    def detail_matches(self) -> list[Match]:
        """Return the matches of the query for details in the tree of this scan."""
        if self._details is None:
            query = load_details(self.language.name) if self.tree is not None else None
            self._details = [] if query is None or self.tree is None else _matches(query, self.tree.root_node)
        return self._details

    def reference_matches(self) -> list[Match]:
        """Return the matches of the query for references, if the whole file is read.

        Where a source was read again without what its grammar does not know, they are those of that tree, and those
        in this one of what was left out: macros are used, and what they are given is called.
        """
        other = self.read_as
        if other is self or other.tree is None or not self._whole:
            return self.references
        left_out = [match for match in self.references if other.leaves_out(match[1])]
        self.references = []
        return left_out + other.references

    def leaves_out(self, captures: dict[str, list[Node]]) -> bool:
        """Return whether a match in the tree of another scan begins in what was blanked to make this one."""
        at = min(nodes[0].start_byte for nodes in captures.values())
        place = bisect_right(self._changed, (at, len(self.source))) - 1
        return place >= 0 and at < self._changed[place][1]

    @cached_property
    def errors(self) -> list[tuple[int, int]]:
        """Byte ranges of the outermost syntax errors."""
        out: list[tuple[int, int]] = []
        stack = [self.tree.root_node] if self.tree and self.has_error else []
        while stack:
            node = stack.pop()
            if node.is_error:
                out.append((node.start_byte, node.end_byte))
            else:
                stack += [child for child in node.children if child.has_error]
        return sorted(out)

    def again(
        self, source: bytes, language: str | None = None, changed: Sequence[tuple[int, int]] | None = None
    ) -> Scan:
        """Scan another source of the same length, so that its offsets fit this one; see `Scan.again`."""
        if changed is None or self.tree is None:
            entry = languages.get(language) if language else self.language
            return scan(source, entry, self._deadline, whole=self._whole)
        other = FileScan(
            source, self.language, self._deadline, _edited(self.tree, self.source, changed), whole=self._whole
        )
        other._changed = changed
        return other

    def adopt(self, other: Scan, *, part: bool = False) -> None:
        """Take over what widens and documents the definitions of another scan (wrappers, attributes, docstrings).

        Details are then read from the tree of the other: also from it, if it is only a `part` of the source.
        """
        if not isinstance(other, FileScan):
            raise TypeError(f"not a scan of a file: {other!r}")
        if part:
            self.parts.append(other)
        else:
            self.read_as = other
        self.wraps.update(other.wraps)
        self.attributes.update(other.attributes)
        self.docstrings.update({span: text for span, text in other.docstrings.items() if span != other.root})


def _matches(query: Query, root: Node) -> list[Match]:
    from tree_sitter import QueryCursor

    cursor = QueryCursor(query)
    cursor.set_max_start_depth(_MAX_DEPTH)
    # Never a progress_callback here: it crashes the interpreter (tree-sitter 0.26).
    return cursor.matches(root)


def scan(source: bytes, language: Language, deadline: float | None = None, *, whole: bool = False) -> FileScan:
    """Parse a source and find its definitions; if it is read as a `whole`, its references and details in the same pass.

    `deadline` is as `time.monotonic()`. Raises ParseTimeoutError when the deadline passes during the parse.
    """
    rewritten = _rewritten(source, language)
    short = shortened(source) if language.module else source
    if short is not source:
        short = _rewritten(short, language)
        try:
            patience = PATIENCE + len(source) * PATIENCE_PER_BYTE
            parse(grammar_of(language.name), short, time.thread_time() + patience, clock=time.thread_time)
            rewritten = short
        except ParseTimeoutError:
            pass  # a few grammars are slower with the blanks
    return FileScan(rewritten, language, deadline, original=source, whole=whole)


def parsed(source: bytes, language: Language, grammar: str = "") -> Tree:
    """Parse a source as `scan` does, perhaps by the grammar of another language, and without a limit of time.

    Raises GrammarError.
    """
    return parse(grammar_of(grammar or language.name), _rewritten(source, language), None)


def _rewritten(source: bytes, language: Language) -> bytes:
    """Return a source of the same length that the grammar of a language can parse."""
    return language.before(source) if language.before else source


def _edited(tree: Tree, source: bytes, changed: Sequence[tuple[int, int]]) -> Tree:
    """Return a copy of a tree that knows what changed; the ranges keep their length and their line breaks."""
    tree = tree.copy()
    row = line = 0
    for start, end in changed:
        row += source.count(b"\n", line, start)
        line = source.rfind(b"\n", 0, start) + 1
        inside = source.count(b"\n", start, end)
        at = row, start - line
        should_stop = row + inside, end - (source.rfind(b"\n", 0, end) + 1)
        tree.edit(start, end, end, at, should_stop, should_stop)
    return tree


def parse(
    grammar: object,
    source: bytes,
    deadline: float | None,
    known: Tree | None = None,
    clock: Callable[[], float] = time.monotonic,
) -> Tree:
    """Parse a source by a grammar; `deadline` is as `clock()`. Raises ParseTimeoutError when it passes."""
    from tree_sitter import Parser

    # A parser of its own for each parse (0.3 us): one that was interrupted would return the old tree.
    parser = Parser(grammar)  # type: ignore[arg-type]
    if deadline is None:
        return parser.parse(source) if known is None else parser.parse(source, known)
    limit = deadline
    late = False

    def read(offset: int, _point: object) -> bytes:
        return source[offset : offset + _CHUNK]

    def overdue(*_: object) -> bool:
        nonlocal late
        late = clock() > limit
        return late

    parse: Callable[..., Tree] = parser.parse
    try:
        return parse(read, *([known] if known else []), progress_callback=overdue)
    except ValueError:
        parser.reset()
        if late:
            raise ParseTimeoutError("parsing took too long") from None
        raise


def _body(node: Node, bodies: list[Node] | None) -> tuple[int, int]:
    """Return the range of the body of a definition: that of its `@body` capture, or of its field; -1, -1 without."""
    body = (bodies[0].child_by_field_name("body") or bodies[0]) if bodies else node.child_by_field_name("body")
    return (body.start_byte, body.end_byte) if body else (-1, -1)
