"""The description of a language, and the scan of a file as its hooks see it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

TYPE_KINDS = frozenset({"class", "struct", "trait", "interface", "enum", "impl"})
"""A function directly inside one of these is a method."""
ANNOTATION = rb"@(?!interface\b)[\w.]+(?:\((?:[^()\"]|\"(?:[^\"\\]|\\.)*\"|\((?:[^()\"]|\"(?:[^\"\\]|\\.)*\")*\))*\))?"
"""Regular expression for an annotation as Java and TypeScript write it."""


@dataclass(slots=True)
class Definition:
    """One definition as a query found it: byte offsets and names, not yet placed in its containers.

    `kind` is a `Kind`, or `namespace` or `impl` for containers that are not symbols themselves.
    """

    kind: str
    name: str
    scope: str
    """Qualifier written with the name: the receiver type in Go, the `A::B` of `A::B::f`; else empty."""
    start: int
    """Start of the range, including decorators, attributes and `export`."""
    end: int
    head: int
    """Start of the declaration itself, after decorators."""
    body: int
    """Start of the body; -1 if there is none to leave out of the signature."""
    tail: int = field(default=-1, kw_only=True)
    """End of a body that stands before the name, as in `typedef struct { .. } name`; -1 if it does not."""
    pattern: int
    """Index of the query pattern that matched; if two match one name, the earlier wins."""
    name_start: int
    prototype: bool = False
    """A declaration that counts only if the file has no definition of the same qualified name."""
    documentation: str | None = None
    """From a docstring or an attribute; None if the comment above is to be used."""
    owns_comment: bool = True
    """Whether the comment above documents it; False if it belongs to what is before."""
    minor: bool = False
    """Whether it is a detail (`extract.details`), which qualifies no other name."""


class Scan(Protocol):
    """One parsed source and the definitions found in it."""

    language: Language
    source: bytes
    original: bytes
    """The source before the `before` hook rewrote it."""
    definitions: list[Definition]
    has_error: bool
    attributes: dict[int, tuple[int, str]]
    """End of an attribute -> its start and the documentation it holds; a definition right after it includes it."""
    root: tuple[int, int]
    """Start and end of what was parsed."""
    docstrings: dict[tuple[int, int], str]
    """Range of what is documented inside -> the documentation."""
    marks: dict[str, list[tuple[int, int]]]
    """Byte ranges of captures that only hooks use, by capture name (`@reparse`, ...)."""

    @property
    def errors(self) -> list[tuple[int, int]]:
        """Byte ranges of the outermost syntax errors, computed on first use."""

    def again(
        self, source: bytes, language: str | None = None, changed: Sequence[tuple[int, int]] | None = None
    ) -> Scan:
        """Scan another source of the same length, so that its offsets fit this one.

        `changed` are the ranges in which it differs from this one, in order; the rest is not parsed again.
        """

    def adopt(self, other: Scan, *, part: bool = False) -> None:
        """Take over the wrappers, attributes and docstrings of the definitions of another scan."""


SplitName = Callable[[str], tuple[str, str]]
"""From the text of a name to (scope, name)."""
Before = Callable[[bytes], bytes]
"""Rewrites a source before it is parsed; length and line breaks must not change."""
After = Callable[[Scan], list[Definition]]
"""Returns the definitions to use for a scan: it may add, merge or drop some."""


@dataclass(frozen=True, slots=True)
class Language:
    """One language: its names, its files, its grammar, and the form of its names and comments.

    The query is `queries/<name>.scm`; its captures are described in docs/languages.md.
    """

    name: str
    """In queries, settings and answers: `csharp`."""
    display: str
    """For people: `C#`."""
    module: str
    """Wheel module of the grammar, such as `tree_sitter_go`; empty if the `after` hook finds everything itself."""
    function: str = "language"
    """Function of the module that returns the grammar."""
    aliases: tuple[str, ...] = ()
    """Other names that people use in a filter: `cs`, `c#`. Several languages may share one."""
    editor_ids: tuple[str, ...] = ()
    """Other names that editors use, as language ids of LSP or file types: `javascriptreact`."""
    lexer: str = ""
    """Name of the Pygments lexer, if it differs from `name`."""
    packed: bool = False
    """Whether minifiers are used for it; elsewhere a long line is data inside real code."""
    extensions: tuple[str, ...] = ()
    """With the dot, in lower case."""
    filenames: tuple[str, ...] = ()
    interpreters: tuple[str, ...] = ()
    """Names in a `#!` line, without version digits."""
    content: bytes = b""
    """Regular expression (multi-line) that the head of a file must match if another language has the same extension.
    Entries with one are tried first, in the order of the registry; then the first entry without one."""
    foreign: bytes = b""
    """Regular expression (multi-line) for the head of a file with one of the extensions that is in another language."""
    queries: tuple[str, ...] = ()
    """Names of the query files, read as one; by default the name of the language."""
    references: tuple[str, ...] = ()
    """Names of the query files in `queries/references`, read as one; without one, the language has no references."""
    separator: str = "."
    line_comments: tuple[str, ...] = ("//",)
    block_comments: tuple[tuple[str, str], ...] = (("/*", "*/"),)
    method_kinds: frozenset[str] = field(default=TYPE_KINDS)
    """Kinds of containers whose functions are methods."""
    overloads: bool = False
    """Whether prototypes directly above a definition of the same name are part of it."""
    annotation: bytes = b""
    """Regular expression for one annotation to leave out at the start of a signature."""
    opens_body: tuple[str, ...] = ()
    """What ends a declaration and only opens its body, beside the signs and words that do so in most languages."""
    split_name: SplitName | None = None
    is_text: bool = False
    """Whether its files are documents or configuration, not code: the file itself is a `document` then."""
    plain_documentation: Callable[[str], str] | None = None
    """Rewrites documentation in the language's markup as plain text."""
    before: Before | None = None
    after: After | None = None
