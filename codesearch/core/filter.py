"""The filter of a query: which symbols are searched."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from codesearch.core.errors import UsageError

TEST = "test"
"""The role of files of tests, and the kind of tests in any file: both are what `is:test` means."""
_CONCEPT = re.compile(r"(?P<name>[A-Za-z0-9][\w-]*)(?P<operator>>=|<=|>|<)(?P<score>0?\.[0-9]+|[01](?:\.[0-9]*)?)")
_OPPOSITE = {">": "<=", ">=": "<", "<": ">=", "<=": ">"}


class ConceptBound(NamedTuple):
    """A bound on the score of a concept: `io>0.6`."""

    name: str
    operator: str
    score: float

    @property
    def opposite(self) -> ConceptBound:
        """The bound that exactly the other symbols pass."""
        return self._replace(operator=_OPPOSITE[self.operator])

    def __str__(self) -> str:
        return f"{self.name}{self.operator}{self.score:g}"


class AxisBound(NamedTuple):
    """The same as the index can check it: a bound on the cosine of each vector with the axis of the concept."""

    concept: ConceptBound
    axis: bytes
    """One int8 per dimension."""
    cosine: float


def concept_bound(text: str) -> ConceptBound:
    """Parse a filter by concept. Raises UsageError."""
    found = _CONCEPT.fullmatch(text.strip())
    if found is None or float(found["score"]) > 1:
        raise UsageError(f"`{text}` is no bound on a concept; give its name, >, >=, < or <=, and 0 to 1: `io>0.6`")
    return ConceptBound(found["name"], found["operator"], float(found["score"]))


def has_role(role: str, kind: str, roles: Collection[str]) -> bool:
    """Return whether a symbol of some kind, in a file with some roles, passes the filter `is:role`."""
    return role in roles or role == kind == TEST


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
    concepts: tuple[str, ...] = ()
    """Bounds on the scores of concepts, such as `io>0.6`; all of them must hold."""
    axes: tuple[AxisBound, ...] = ()
    """The same with the axes of the concepts, which `search.resolved` looks up."""

    @classmethod
    def of(cls, values: Mapping[str, tuple[str, ...]]) -> Filter:
        """Return the filter with some fields that are texts."""
        return cls(**values)  # type: ignore[arg-type]

    def __and__(self, other: Filter) -> Filter:
        """Return the filter with the values of both, field by field."""
        return Filter(*(getattr(self, name) + getattr(other, name) for name in self.__dataclass_fields__))

    def __bool__(self) -> bool:
        return self != Filter()
