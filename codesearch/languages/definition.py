"""What a registry entry says of a language, and what the scan of a file hands to its hooks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

TYPE_KINDS = frozenset({"class", "struct", "trait", "interface", "enum", "impl"})
"""A function directly inside one of these is a method."""


@dataclass(slots=True)
class Definition:
    """One definition as a query found it: byte offsets and names, not yet placed in its containers.

    `kind` is a `Kind`, or `namespace` or `impl` for containers that are no symbols of their own.
    """

    kind: str
    name: str
    scope: str
    """Qualifier written with the name: a Go receiver's type, the `A::B` of `A::B::f`; else empty."""
    start: int
    """Where the range begins: decorators, attributes and `export` included."""
    end: int
    head: int
    """Where the declaration proper begins, after decorators."""
    body: int
    """Where the body begins, -1 if there is none to leave out of the signature."""
    pattern: int
    """Index of the query pattern that matched; of two for one name the earlier wins."""
    name_start: int
    prototype: bool = False
    """A declaration that counts only if the file holds no definition of the same qualified name."""
    documentation: str | None = None
    """From a docstring or an attribute; None means: look at the comment above."""


class Scan(Protocol):
    """What a hook sees: one parsed source and the definitions found in it."""

    source: bytes
    definitions: list[Definition]
    has_error: bool
    marks: dict[str, list[tuple[int, int]]]
    """Byte ranges of captures the engine gives no meaning, by capture name (`@reparse`, ...)."""

    @property
    def errors(self) -> list[tuple[int, int]]:
        """Byte ranges of the outermost syntax errors; found when first asked for."""

    def again(
        self, source: bytes, language: str | None = None, changed: Sequence[tuple[int, int]] | None = None
    ) -> Scan:
        """Scan another source of the same length, so that its offsets fit this one.

        `changed` are the ranges in which it differs from this one, in order: what is outside them is not parsed again.
        """

    def adopt(self, other: Scan) -> None:
        """Take over what widens and documents the definitions of another scan (wrappers, attributes, docstrings)."""


SplitName = Callable[[str], tuple[str, str]]
"""From the text of a name to (scope, name)."""
Before = Callable[[bytes], bytes]
"""Rewrites a source before it is parsed; the length and the line breaks must stay."""
After = Callable[[Scan], list[Definition]]
"""Replaces the definitions of a scan: to add, merge or drop some."""


@dataclass(frozen=True, slots=True)
class Language:
    """One language: how its files are known, which grammar parses it, how its names and comments look.

    The query is `queries/<name>.scm`; its captures are described in docs/languages.md.
    """

    name: str
    module: str
    """Wheel module of the grammar, such as `tree_sitter_go`; empty if the `after` hook finds everything itself."""
    function: str = "language"
    """The function of the module that gives the grammar."""
    extensions: tuple[str, ...] = ()
    """With the dot, in lower case."""
    filenames: tuple[str, ...] = ()
    interpreters: tuple[str, ...] = ()
    """Names in a `#!` line, without version digits."""
    content: bytes = b""
    """Regular expression (multi-line) that the head of a file must match where another language has the same
    extension. Entries with one are asked first, in the registry's order; then the first entry without one."""
    queries: tuple[str, ...] = ()
    """Names of the query files, read as one; by default the language's own."""
    separator: str = "."
    line_comments: tuple[str, ...] = ("//",)
    block_comments: tuple[tuple[str, str], ...] = (("/*", "*/"),)
    method_kinds: frozenset[str] = field(default=TYPE_KINDS)
    """Containers whose functions are methods."""
    overloads: bool = False
    """Whether prototypes directly above a definition of the same name are part of it."""
    annotation: bytes = b""
    """Regular expression for one annotation to leave out at the start of a signature."""
    split_name: SplitName | None = None
    before: Before | None = None
    after: After | None = None
