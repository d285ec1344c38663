"""Values that pass between the packages: frozen, and without dependencies."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, get_args, overload

Kind = Literal[
    "function",
    "method",
    "class",
    "struct",
    "trait",
    "interface",
    "enum",
    "type",
    "macro",
    "test",
    "module",
    "constant",
    "variable",
    "field",
    "member",
    "alias",
    "call",
    "section",
    "document",
    "config",
    "cell",
]
"""The kind of a symbol. `method` includes constructors, accessors and properties with bodies; `test` is a
`describe`/`it`-like block; `module` is a declared module (Ruby, Elixir) or the rest of a file: its code
outside all other symbols. `member` is one of an enum, `call` a call at the top level that defines something
(`task("deploy", ...)`); `section` is a part of a document below its heading, `document` a whole one, `config` a
part of a configuration file, `cell` one of a notebook."""

KINDS: tuple[Kind, ...] = get_args(Kind)
"""An index holds positions in this: a new kind comes last, and into the view `full_symbol` by a migration."""

CALLABLES: frozenset[Kind] = frozenset({"function", "method", "macro", "test"})
"""Kinds whose text is their whole source; that of the others leaves out the bodies of the symbols inside them."""

DETAILS: frozenset[Kind] = frozenset({"constant", "variable", "field", "member", "alias", "call"})
"""Kinds whose source is also part of the text of the module or type around them. They have no vector of their own."""

TEXTS: frozenset[Kind] = frozenset({"section", "document", "config", "cell"})
"""Kinds of what is not code, or not a definition."""

MINOR: frozenset[Kind] = DETAILS | TEXTS
"""Kinds that are looked for beside the others: they take no place from functions and types, and rank below them
unless they are what is asked for."""


@dataclass(frozen=True, slots=True)
class Symbol:
    """One definition in one file.

    Lines count from 1, ends included. Bytes are offsets into the file's source as `files.read_source`
    returns it (UTF-8, byte-order mark dropped), end excluded. The range includes decorators, attributes
    and an `export`; the documentation comment directly above is NOT part of it.
    """

    kind: Kind
    name: str
    qualname: str
    """Name with its containers, as the language writes it: `Engine.ServeHTTP`, `routing::Router::nest`."""
    signature: str
    """The declaration on one line, without its body: `def get(self, key: str) -> Any`."""
    documentation: str
    """Docstring or doc comment, comment marks removed, paragraphs kept; empty if there is none."""
    start_line: int
    end_line: int
    start_byte: int
    end_byte: int
    language: str
    path: str
    """Relative to the root, with `/`."""


ENCLOSING = 5
"""How many symbols a search for similar ones may leave out: the symbol itself and those that contain it."""


def encloses(outer: Symbol, inner: Symbol) -> bool:
    """Return whether a symbol is another one or contains it, as a class does its methods and a module its file."""
    return outer.path == inner.path and outer.start_byte <= inner.start_byte and inner.end_byte <= outer.end_byte


@dataclass(frozen=True, slots=True)
class Hit:
    """One result of a query."""

    rank: int
    """From 1."""
    score: float
    """0..1, higher is better; comparable within one index and model."""
    symbol: Symbol
    copies: tuple[str, ...] = ()
    """Other places of the same code, as `path:line`; copies are one hit."""
    folded: tuple[Symbol, ...] = ()
    """Symbols that are shown as part of it: overloads, and the symbols that contain it."""


@dataclass(frozen=True, slots=True)
class Answer(Sequence[Hit]):
    """The hits that answer a question, best first, and how complete they are. Use it as a sequence of hits."""

    hits: tuple[Hit, ...] = ()
    problem: str = ""
    """Why the answer is poorer than it could be, for example a model that cannot be loaded; "" if it is not."""
    fresh: bool = False
    """Whether the index was compared with the tree for this question, and matched. `Index.query` does not compare."""
    pending: int = 0
    """Changed files that are known to be missing from the index."""
    complete: bool = True
    """Whether the first index of this tree was finished; if not, whole files may be missing."""
    refined: bool = False
    """Whether the reranker took part in the ranking."""

    @overload
    def __getitem__(self, at: int) -> Hit: ...
    @overload
    def __getitem__(self, at: slice) -> tuple[Hit, ...]: ...
    def __getitem__(self, at: int | slice) -> Hit | tuple[Hit, ...]:
        return self.hits[at]

    def __len__(self) -> int:
        return len(self.hits)

    def __iter__(self) -> Iterator[Hit]:
        return iter(self.hits)


@dataclass(frozen=True, slots=True)
class Skipped:
    """A file that was left out, and why."""

    path: str
    reason: str
    """One of `codesearch.files.REASONS`, a stable key such as `binary`, `too large`, `unreadable`."""
    detail: str = ""
