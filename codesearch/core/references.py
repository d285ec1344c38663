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

_PYTHON = frozenset(
    "abs all any bool bytearray bytes callable chr classmethod dict dir divmod enumerate filter float frozenset "
    "getattr globals hasattr hash hex id int isinstance issubclass iter len list locals map max min next object ord "
    "print range repr reversed round set setattr slice sorted str sum super tuple type vars zip AssertionError "
    "AttributeError Exception FileNotFoundError ImportError IndexError KeyError NotImplementedError OSError "
    "RuntimeError StopIteration TypeError ValueError".split()
)
_ECMASCRIPT = frozenset(
    "require parseInt parseFloat isNaN String Number Boolean Symbol Array Object Error TypeError RangeError Promise "
    "Map Set WeakMap WeakSet Date RegExp setTimeout clearTimeout setInterval clearInterval".split()
)
BUILT_IN: Final = {
    "python": _PYTHON,
    "javascript": _ECMASCRIPT,
    "typescript": _ECMASCRIPT,
    "tsx": _ECMASCRIPT,
    "go": frozenset(
        "append len make cap panic recover string bool byte rune int int8 int16 int32 int64 uint uint8 uint16 uint32 "
        "uint64 uintptr float32 float64".split()
    ),
    "rust": frozenset(
        "Some Ok Err assert assert_eq assert_ne println print eprintln format panic vec write writeln matches "
        "unreachable todo".split()
    ),
}
"""Plain names whose calls are left out, unless the file defines or imports them: they mean what the language has."""

NOT_CALLED_BY_NAME: Final = ("main", "init", "constructor", "initialize", "setup", "teardown", "default", "exports")
"""Names of symbols that run without being named."""
