"""Clones that are known, in a file: a check then reports only what was added since.

A member is known by its path and name, so that it may be edited; one that was moved is known by its fingerprint, as
long as no symbol is left where it was.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from codesearch.atlas.clones import Found, Group, Member
from codesearch.core.errors import CodesearchError, NotFoundError, UsageError

VERSION = 1


class Known(NamedTuple):
    """A member of a group that is known."""

    group: int
    path: str
    qualname: str
    fingerprint: str


def written(groups: Sequence[Group]) -> str:
    """Return the text of a baseline: one member per line, sorted, so that a change of it is easy to read."""
    entries = sorted(
        [sorted((one.symbol.path, one.symbol.qualname, one.fingerprint) for one in group.members) for group in groups]
    )
    lines = [
        "    [\n" + ",\n".join(f"      {json.dumps(member)}" for member in members) + "\n    ]" for members in entries
    ]
    return f'{{\n  "version": {VERSION},\n  "clones": [\n' + ",\n".join(lines) + "\n  ]\n}\n"


def write(file: Path, groups: Sequence[Group]) -> None:
    """Write a baseline. Raises CodesearchError if that is not possible."""
    try:
        file.write_text(written(groups), "utf-8", newline="\n")
    except OSError as error:
        raise CodesearchError(f"{file}: cannot be written ({error.strerror or error})") from error


def read(file: Path) -> list[Known]:
    """Return the members in a baseline. Raises NotFoundError, UsageError if it is none."""
    try:
        value = json.loads(file.read_text("utf-8"))
        if value["version"] != VERSION:
            raise UsageError(f"{file}: a baseline of version {value['version']}; this codesearch reads {VERSION}")
        return [
            Known(number, str(path), str(qualname), str(fingerprint))
            for number, members in enumerate(value["clones"])
            for path, qualname, fingerprint in members
        ]
    except FileNotFoundError as error:
        raise NotFoundError(
            f"{file}: no such baseline; `codesearch clones --write-baseline {file}` writes it"
        ) from error
    except OSError as error:
        raise CodesearchError(f"{file}: cannot be read ({error.strerror or error})") from error
    except (ValueError, KeyError, TypeError) as error:
        raise UsageError(f"{file}: not a baseline of `codesearch clones`") from error


def added(found: Found, known: Sequence[Known]) -> Found:
    """Return the groups with a member that is not known, with those members as added."""
    members = [one for group in found.groups for one in group.members]
    here = {(one.symbol.path, one.symbol.qualname) for one in members}
    by_name: dict[tuple[str, str], list[Known]] = defaultdict(list)
    moved: dict[str, list[Known]] = defaultdict(list)
    for entry in known:
        name = (entry.path, entry.qualname)
        (by_name[name] if name in here else moved[entry.fingerprint]).append(entry)
    groups = []
    for group in found.groups:
        entries = [_entry(one, by_name, moved) for one in group.members]
        counted = Counter(entry.group for entry in entries if entry is not None)
        same = counted.most_common(1)[0][0] if counted else -1
        new = {
            one.symbol.id
            for one, entry in zip(group.members, entries, strict=True)
            if entry is None or entry.group != same
        }
        if new:
            groups.append(replace(group, added=frozenset(new)))
    return replace(found, groups=tuple(groups))


def _entry(one: Member, by_name: dict[tuple[str, str], list[Known]], moved: dict[str, list[Known]]) -> Known | None:
    """Return the entry of a member, each only once."""
    for entries in (by_name.get((one.symbol.path, one.symbol.qualname)), moved.get(one.fingerprint)):
        if entries:
            return entries.pop(0)
    return None
