"""References: what a symbol calls, constructs, uses, imports and inherits, as written in its source."""

from __future__ import annotations

from typing import Final, Literal, NamedTuple, get_args

Role = Literal["call", "new", "base", "type", "use", "import", "field", "decorator"]
"""What a reference is: a call, the construction of a type, a type that is inherited or implemented, a type that is
named, a name used as a value, an imported name, a field or variable whose type is known, a decorator or annotation."""

ROLES: Final[tuple[Role, ...]] = get_args(Role)
CALL, NEW, BASE, TYPE, USE, IMPORT, FIELD, DECORATOR = range(len(ROLES))
"""The roles as they are stored: positions in ROLES."""


class Reference(NamedTuple):
    """One reference. Names are the original ones: an alias of an import is replaced by what it stands for."""

    symbol: int
    """Position of the symbol that contains it, among the symbols of its file."""
    line: int
    """From 1."""
    role: int
    """Position in ROLES."""
    name: str
    receiver: str
    """What the name belongs to, as codesearch/extract/receivers.py describes it; "" for a plain name."""


PLAIN_DECORATORS: Final = frozenset(
    "property staticmethod classmethod cached_property abstractmethod override overload final Override Deprecated "
    "cache SuppressWarnings Nullable NonNull NotNull FunctionalInterface SafeVarargs Input Output wraps "
    "lru_cache".split()
)
"""Decorators and annotations that do not hand a symbol to something that may call it."""

NOT_CALLED_BY_NAME: Final = ("main", "init", "constructor", "initialize", "setup", "teardown", "default", "exports")
"""Names of symbols that run without being named."""
