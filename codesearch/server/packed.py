"""Sends the packed index of a branch to a server, and fetches it: the client's side of `server.artifacts`."""

from __future__ import annotations

import base64
import glob
import hashlib
import re
import time
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

from codesearch.artifacts import package, revision
from codesearch.core.errors import NotFoundError, StoreError, UsageError
from codesearch.core.log import Log
from codesearch.server.remote import PUSH_SECONDS, MissingError, Server, UnreachableError

log = Log("codesearch.server")

TRIES = 3
"""How often a download begins again because a push has replaced the artifact."""
WAITS = (1.0, 2.0, 4.0, 8.0)
"""Seconds between the tries to get a part, as long as a database needs to come back after a restart."""


def send(server: Server, repository: str, ref: str, artifact: Path) -> int:
    """Make an artifact the one of a branch that was pushed; return the bytes that were sent.

    Raises UnreachableError, UsageError if the server refuses, StoreError if what arrived is not what was sent.
    """
    header = package.read_header(artifact)
    about = {
        "repository": repository, "ref": ref, "commit": header.commit, "sha256": package.sha256_of(artifact),
        "size": artifact.stat().st_size,
    }  # fmt: skip
    found = server.post("/push/artifact", about, PUSH_SECONDS)
    length, sent = int(found["part"]), 0
    with artifact.open("rb") as file:
        for number in found["lacking"]:
            file.seek(number * length)
            data = file.read(length)
            server.post(
                "/push/artifact/part",
                {**about, "number": number, "data": base64.b64encode(data).decode()},
                PUSH_SECONDS,
            )
            sent += len(data)
    if not server.post("/push/artifact/end", about, PUSH_SECONDS)["kept"]:
        raise StoreError(f"{server.url}: the packed index arrived altered, and was not kept; push again")
    return sent


def fetch(server: Server, repository: str, ref: str, target: Path) -> dict[str, Any]:
    """Download the artifact of a branch, and check it; return what the server says of it.

    What was downloaded before this was cut off stays beside `target`, and the next call goes on from there.
    Raises UsageError if there is none, StoreError if it is not what the server says, UnreachableError.
    """
    asked = {"repository": repository, "ref": ref}
    for _ in range(TRIES):
        about = server.post("/artifact", asked)
        partial = _partial(server, str(about["sha256"]), target)
        try:
            digest = _download(server, {**asked, "sha256": about["sha256"]}, about, partial)
        except MissingError:
            partial.unlink(missing_ok=True)
            continue  # a push has replaced it
        if digest != about["sha256"]:
            partial.unlink()
            raise StoreError(f"{server.url}: the packed index of {repository} {ref} arrived damaged; try again")
        partial.replace(target)
        return about
    raise StoreError(f"{server.url}: the packed index of {repository} {ref} was replaced all the time; try again")


def _partial(server: Server, sha256: str, target: Path) -> Path:
    """Return the file for the parts of an artifact that have arrived; such files of other artifacts are deleted."""
    if not re.fullmatch("[0-9a-f]{64}", sha256):
        raise UnreachableError(f"{server.url} did not answer as a server of codesearch")
    partial = target.with_name(f"{target.name}.{sha256[:16]}.partial")
    for other in target.parent.glob(f"{glob.escape(target.name)}.*.partial"):
        if other != partial:
            other.unlink(missing_ok=True)
    return partial


def _download(server: Server, asked: Mapping[str, str], about: Mapping[str, Any], target: Path) -> str:
    """Write all parts to a file, after those that it has already; return the SHA-256 of all."""
    parts, length = int(about["parts"]), int(about.get("part", 0))  # servers of before do not say the length
    digest = hashlib.sha256()
    try:
        with target.open("r+b" if target.exists() else "w+b") as file:
            here = 0
            while length and len(data := file.read(length)) == length and here < parts:
                digest.update(data)
                here += 1
            file.seek(here * length)
            file.truncate()
            for number in range(here, parts):
                data = _part(server, {**asked, "number": number}, parts)
                digest.update(data)
                file.write(data)
                file.flush()
    except OSError as error:
        raise StoreError(f"{target}: cannot be written ({error.strerror or error})") from error
    return digest.hexdigest()


def _part(server: Server, asked: Mapping[str, Any], parts: int) -> bytes:
    """Return a part; if the server cannot answer now, ask again for a while."""
    found = _tried(server, asked)
    for seconds in WAITS:
        if isinstance(found, bytes):
            return found
        log.info("part %d of %d: %s", asked["number"] + 1, parts, found)
        time.sleep(seconds)
        found = _tried(server, asked)
    if isinstance(found, bytes):
        return found
    here = f"{asked['number']} of {parts} parts have arrived, and the same command goes on from there"
    raise UnreachableError(f"{found}; {here}") from found


def _tried(server: Server, asked: Mapping[str, Any]) -> bytes | UnreachableError:
    try:
        return server.fetch("/artifact/part", asked, PUSH_SECONDS)
    except UnreachableError as error:
        return error


def choose(
    root: Path, refs: Sequence[Mapping[str, Any]], repository: str, ref: str, missing: Collection[str] = ()
) -> tuple[Mapping[str, Any], int]:
    """Return the branch whose artifact fits a checkout best, and how many commits HEAD is ahead of it (-1: not known).

    `refs` are those of the server, and `missing` the repositories whose database it cannot reach. Without `repository`,
    it is the one whose pushed commits the clone has, or that has the name of the folder. Raises NotFoundError,
    StoreError for one that is missing, UsageError if several fit.
    """
    names = {str(one["repository"]) for one in refs}
    name = repository or _repository(root, refs)
    _check_reached(name, missing)
    if name not in names:
        raise NotFoundError(f"there is no repository {name} on the server, or you may not see it")
    own = [one for one in refs if one["repository"] == name and (not ref or one["ref"] == ref)]
    if not own:
        raise NotFoundError(f"{name} has no branch {ref} on the server")
    packed = [one for one in own if one.get("artifact")]
    if not packed:
        branch = f" {ref}" if ref else ""
        raise NotFoundError(
            f"the server has no packed index of {name}{branch}; `codesearch push --artifact` in CI brings one"
        )
    behind = {commit: distance for distance, commit in enumerate(revision.ancestors(root))}
    steps = [(behind.get(str(one["artifact"]["commit"]), -1), at) for at, one in enumerate(packed)]
    distance, at = min(steps, key=lambda pair: (pair[0] < 0, pair[0], pair[1]))
    return packed[at], distance


def _check_reached(name: str, missing: Collection[str]) -> None:
    if name in missing:
        raise StoreError(f"the server cannot reach the database of {name} now; try again later")


def _repository(root: Path, refs: Sequence[Mapping[str, Any]]) -> str:
    known = revision.present(root, (str(one["commit"]) for one in refs))
    own = sorted({str(one["repository"]) for one in refs if one["commit"] in known})
    if root.name in own or not own:
        return root.name
    if len(own) > 1:
        raise UsageError(f"this could be {', '.join(own)} on the server: choose with --repo")
    return own[0]
