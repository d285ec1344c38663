"""What surrounds the index: settings, folders and disks, the shell."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from codesearch.cli.doctor.values import Check, Subject
from codesearch.cli.ui.reports import size
from codesearch.core import dirs
from codesearch.core.errors import CodesearchError

LITTLE_ROOM = 500_000_000
NO_ROOM = 50_000_000
"""Bytes free on a disk: below the first there is a note, below the second writing will soon fail."""


def settings(root: Path) -> Iterator[Check]:
    """Yield which settings files and variables are in force, and what is wrong in them."""
    from codesearch import settings as layered

    user = layered.user_file()
    if user is None:
        yield Check("your file", "there is no home folder", "note", "Set HOME, or use environment variables only.")
    else:
        yield Check("your file", f"{user}" + ("" if user.exists() else " (does not exist)"))
    project = [root / layered.PROJECT_FILE, root / "pyproject.toml"]
    found = [str(file) for file in project if file.exists()]
    yield Check("project", ", ".join(found) or "no settings in this project")
    try:
        layers = layered.load_layers(root)
    except CodesearchError as error:
        yield Check("values", str(error), "problem", "Every command fails until this is mended.")
        return
    for problem in layered.problems(layers):
        yield Check("values", problem, "problem", "Mend the file, or finish the merge.")
    changed = [f"{one.name} ({one.origin})" for one in layered.describe(layers) if one.origin != "default"]
    yield Check("values", "set: " + ", ".join(changed) if changed else "all are defaults")


def shell() -> Iterator[Check]:
    """Yield whether the user's shell completes the command."""
    from codesearch.cli.shell import PLACES, name

    found = name()
    if found not in PLACES:
        yield Check("completion", f"there is none for this shell ({found or 'unknown'})")
    elif (Path.home() / PLACES[found].script).exists():
        yield Check("completion", f"installed for {found}")
    else:
        yield Check("completion", f"not installed for {found} (`codesearch --install-completion`)")


def disks(subject: Subject) -> Iterator[Check]:
    """Yield whether the folders that codesearch writes to can be written, and how much room they have."""
    from codesearch.store.location import is_writable

    folder = subject.index.parent
    place = folder if folder.exists() else folder.parent
    yield _room("index", place)
    if not is_writable(place if place.exists() else place.parent) or _sealed(subject.index):
        yield Check(
            "index",
            f"{place} cannot be written",
            "note",
            "An index that is there is used as it is. To update it, name another place with `--db FILE`.",
        )
    cache = dirs.cache()
    if cache is None:
        yield Check("cache", "there is no home folder, so vectors are not shared", "note", "Set HOME.")
    else:
        there = next((one for one in (cache, *cache.parents) if one.exists()), cache)
        if not is_writable(there):
            yield Check("cache", f"{there} cannot be written", "note", "Set XDG_CACHE_HOME to a folder of yours.")
        else:
            yield _room("cache", there)
    yield _temporary()


def _sealed(index: Path) -> bool:
    return index.exists() and not os.access(index, os.W_OK)


def _room(name: str, folder: Path) -> Check:
    try:
        free = shutil.disk_usage(folder).free
    except OSError as error:
        return Check(name, f"{folder}: {error.strerror}", "problem", "Check that the folder exists and can be read.")
    text = f"{size(free)} free in {folder}"
    if free < NO_ROOM:
        return Check(name, text, "problem", "The disk is full: the index cannot be updated. Delete files.")
    if free < LITTLE_ROOM:
        return Check(name, text, "note", "There is little room: an index takes about twice the size of its source.")
    return Check(name, text)


def _temporary() -> Check:
    try:
        with tempfile.TemporaryFile():
            return Check("temporary", tempfile.gettempdir())
    except OSError as error:
        advice = "Set TMPDIR to a folder that you can write."
        return Check("temporary", f"no temporary file can be made: {error.strerror or error}", "problem", advice)
