"""Which repositories a name means: one of them, a group, or `all`; and the filters `repo:NAME` in a question."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from codesearch.core.errors import UsageError
from codesearch.core.suggestions import hint
from codesearch.repositories.registry import ALL, Repository, load

_WORD = re.compile(r"(?<!\S)(?P<no>-?)repo:(?P<also_no>!?)(?P<name>[^\s\"]+)(?!\S)", re.IGNORECASE)
_PLACE = re.compile(r"(?P<name>[A-Za-z0-9][A-Za-z0-9._-]*):(?!:)(?P<rest>.+)", re.DOTALL)
MOST_NAMES = 30
"""Names that a message lists."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A question without its filters `repo:`, and the repositories that these name."""

    text: str
    names: tuple[str, ...] = ()
    excluded: tuple[str, ...] = ()
    note: str = ""
    """Why a word that looks like such a filter is searched as text."""

    def __bool__(self) -> bool:
        return bool(self.names or self.excluded)


def split(text: str, known: Mapping[str, Repository] | None = None) -> Asked:
    """Take the filters `repo:NAME` and `-repo:NAME` out of a question; unknown names are text. Raises as `load`."""
    if "repo:" not in text.lower():
        return Asked(text)
    known = load() if known is None else known
    names: list[str] = []
    excluded: list[str] = []
    notes: list[str] = []

    def taken(match: re.Match[str]) -> str:
        if not _meant(match["name"], known):
            notes.append(f"`{match[0]}` is searched as text: {_unknown(match['name'], known)}")
            return match[0]
        (excluded if match["no"] or match["also_no"] else names).append(match["name"])
        return ""

    left = " ".join(_WORD.sub(taken, text).split()) if _WORD.search(text) else text
    return Asked(left if names or excluded else text, tuple(names), tuple(excluded), "; ".join(notes))


def choose(
    names: Iterable[str], excluded: Iterable[str] = (), known: Mapping[str, Repository] | None = None
) -> list[Repository]:
    """Return the repositories that some names mean, each once, without those `excluded`. No names mean all.

    Raises UsageError for an unknown name, and if nothing is left; otherwise as `load`.
    """
    known = load() if known is None else known
    if not known:
        raise UsageError("there are no repositories yet: `codesearch repo add FOLDER|URL` adds one")
    found: dict[str, Repository] = {}
    for name in list(names) or [ALL]:
        found |= {one.name: one for one in _required(name, known)}
    for name in excluded:
        for one in _required(name, known):
            found.pop(one.name, None)
    if not found:
        raise UsageError("no repository is left: the question excludes all that were chosen")
    return list(found.values())


def one(name: str) -> Repository:
    """Return the repository with a name. Raises UsageError if there is none, or the name is a group."""
    found = choose([name])
    if len(found) > 1 or (found[0].name != name and name.lower() == ALL):
        listed = ", ".join(each.name for each in found[:MOST_NAMES])
        raise UsageError(f"{name} means several repositories, and one is needed: {listed}")
    return found[0]


def place(text: str) -> tuple[Repository, str] | None:
    """Return (repository, path in it) of `NAME:path`, as answers print it; None for any other text."""
    if (match := _PLACE.fullmatch(text)) is None:
        return None
    repository = load().get(match["name"])
    return None if repository is None else (repository, match["rest"])


def _meant(name: str, known: Mapping[str, Repository]) -> list[Repository]:
    if name.lower() == ALL:
        return list(known.values())
    return [known[name]] if name in known else [one for one in known.values() if name in one.groups]


def _required(name: str, known: Mapping[str, Repository]) -> list[Repository]:
    if not (found := _meant(name, known)):
        raise UsageError(_unknown(name, known))
    return found


def _unknown(name: str, known: Mapping[str, Repository]) -> str:
    names = [*known, *dict.fromkeys(group for one in known.values() for group in one.groups)]
    if not names:
        return f"there is no repository {name}: `codesearch repo add FOLDER|URL` adds one"
    more = f" and {len(names) - MOST_NAMES} more" if len(names) > MOST_NAMES else ""
    there = f"(there are: {', '.join(names[:MOST_NAMES])}{more})"
    return f"there is no repository or group {name}{hint(name, names, '{}')} {there}"
