"""What a text must hold to match, whatever engine looks for it. Fields are those of schema.TEXT_FIELDS."""

from __future__ import annotations

from dataclasses import dataclass

NAMING_FIELDS = ("name", "scope", "signature", "path")
"""The fields that name things: not documentation, not body."""


@dataclass(frozen=True, slots=True)
class Words:
    """Texts with any of some words; several words with blanks between them must follow each other."""

    words: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Together:
    """Texts with all of some words."""

    words: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Beginnings:
    """Texts in whose name or scope there is, for each of some beginnings, a word that begins with it."""

    words: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Match:
    """Texts that match any of some conditions; there is at least one."""

    any_of: tuple[Words | Together | Beginnings, ...]
    naming: bool = False
    """Whether only NAMING_FIELDS count."""


def any_word(*some: str, naming: bool = False) -> Match | None:
    """Return what matches texts with any of some words; None if there are no words."""
    return Match((Words(some),), naming) if some else None
