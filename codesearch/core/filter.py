"""The filter of a query: which symbols are searched."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Filter:
    """Which symbols are searched. Empty means all; values of one field are alternatives, and all fields must match."""

    languages: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    paths: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()
    not_languages: tuple[str, ...] = ()
    not_kinds: tuple[str, ...] = ()
    not_paths: tuple[str, ...] = ()
    not_names: tuple[str, ...] = ()
    not_roles: tuple[str, ...] = ()
    under: tuple[str, ...] = ()
    """Globs of the folders that a command was restricted to; `paths` restrict further."""

    def __and__(self, other: Filter) -> Filter:
        """Return the filter with the values of both, field by field."""
        return Filter(*(getattr(self, name) + getattr(other, name) for name in self.__dataclass_fields__))

    def __bool__(self) -> bool:
        return self != Filter()
