"""The result of an examination: checks, each with its state and what to do about it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from codesearch.settings import Settings

State = Literal["ok", "note", "problem"]


@dataclass(frozen=True, slots=True)
class Check:
    """One line of the examination."""

    name: str
    text: str
    """What was found."""
    state: State = "ok"
    advice: str = ""
    """What to do about it, as a sentence; "" if nothing."""


@dataclass(frozen=True, slots=True)
class Group:
    """The checks of one part, such as the index."""

    title: str
    checks: tuple[Check, ...]


@dataclass(frozen=True, slots=True)
class Examination:
    """All that was found."""

    root: Path
    groups: tuple[Group, ...]

    @property
    def checks(self) -> Iterator[Check]:
        """Every check, in order."""
        return (check for group in self.groups for check in group.checks)

    def count(self, state: State) -> int:
        """Return how many checks have a state."""
        return sum(check.state == state for check in self.checks)

    @property
    def state(self) -> State:
        """The worst state of all checks."""
        return "problem" if self.count("problem") else "note" if self.count("note") else "ok"


@dataclass(frozen=True, slots=True)
class Subject:
    """What is examined."""

    root: Path
    index: Path
    settings: Settings


def listed(names: Iterable[str], most: int = 6) -> str:
    """Return at most `most` names, separated by commas, and the number of the others."""
    found = list(names)
    more = len(found) - most
    return ", ".join(found[:most]) + (f" and {more} more" if more > 0 else "")
