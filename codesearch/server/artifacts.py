"""The packed index of a branch, for those who want an index of their own: the latest of each, in parts.

A part is small enough for one request. An upload that was cut off goes on where it ended. Readers get the artifact
that was whole last; it may be of an earlier commit than the branch, and then more is read where it is used.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from codesearch.core.errors import NotFoundError, UsageError

if TYPE_CHECKING:
    from codesearch.server.database import Database

PART = 4 << 20
"""Bytes of a part; the last one is shorter."""
MOST_MEGABYTES = 1024
"""Of an artifact that a gateway accepts, unless its option says otherwise; 0 for none."""

_OF_REF = (
    "SELECT a.repo, a.id, a.sha256, a.size, a.commit FROM artifact a JOIN ref r ON r.repo = a.repo AND r.id = a.ref "
    "JOIN repo p ON p.id = a.repo WHERE p.name = %s AND r.name = %s AND a.whole"
)


def parts_of(size: int) -> int:
    """Return the number of parts of an artifact."""
    return -(-size // PART)


# -- of a push -------------------------------------------------------------------------------------


def begin(db: Database, repo: int, given: Mapping[str, Any], most: int) -> dict[str, Any]:
    """Note that an artifact comes; return the parts of it that are lacking.

    Raises UsageError if it is larger than `most` bytes, or the branch was not pushed.
    """
    digest, size, commit = bytes.fromhex(given["sha256"]), int(given["size"]), str(given["commit"])
    if not 0 < size <= most or len(digest) != 32:
        allowed = f"at most {most >> 20:,} MB" if most else "none"
        raise UsageError(f"the packed index has {size / (1 << 20):,.1f} MB, and this server accepts {allowed}")
    ref = _ref(db, repo, str(given["ref"]))
    db.execute(
        "INSERT INTO artifact(repo, ref, sha256, size, commit) VALUES (%s, %s, %s, %s, %s) "
        "ON CONFLICT (repo, ref, sha256) DO UPDATE SET sent = now(), commit = EXCLUDED.commit",
        [repo, ref, digest, size, commit],
    )
    id, _ = _coming(db, repo, ref, digest)
    rows = db.execute("SELECT number FROM artifact_part WHERE repo = %s AND artifact = %s", [repo, id]).fetchall()
    known = {row[0] for row in rows}
    return {"part": PART, "lacking": [number for number in range(parts_of(size)) if number not in known]}


def add(db: Database, repo: int, given: Mapping[str, Any]) -> dict[str, Any]:
    """Keep a part. Raises ValueError if it has not the length that it should."""
    number, data = int(given["number"]), base64.b64decode(given["data"], validate=True)
    id, size = _coming(db, repo, _ref(db, repo, str(given["ref"])), bytes.fromhex(given["sha256"]))
    if not 0 <= number < parts_of(size) or len(data) != min(PART, size - number * PART):
        raise ValueError("a part of another length")
    db.execute(
        "INSERT INTO artifact_part(repo, artifact, number, data) VALUES (%s, %s, %s, %s) ON CONFLICT DO NOTHING",
        [repo, id, number, data],
    )
    return {"number": number}


def end(db: Database, repo: int, given: Mapping[str, Any]) -> dict[str, Any]:
    """Make an artifact the one of its branch, in place of the one before.

    Raises UsageError if parts are lacking, or it is not what was announced; it is then deleted.
    """
    digest = bytes.fromhex(given["sha256"])
    ref = _ref(db, repo, str(given["ref"]), lock=True)
    id, size = _coming(db, repo, ref, digest)
    found = hashlib.sha256()
    for number in range(parts_of(size)):
        row = _part(db, repo, id, number)
        if row is None:
            raise UsageError("parts of the packed index are lacking: push again")
        found.update(row)
    if is_sound := found.digest() == digest:
        db.execute("DELETE FROM artifact WHERE repo = %s AND ref = %s AND whole AND id <> %s", [repo, ref, id])
        db.execute("UPDATE artifact SET whole = true, sent = now() WHERE repo = %s AND id = %s", [repo, id])
    else:
        db.execute("DELETE FROM artifact WHERE repo = %s AND id = %s", [repo, id])
    return {"kept": is_sound}


def _ref(db: Database, repo: int, name: str, *, lock: bool = False) -> int:
    sql = "SELECT id FROM ref WHERE repo = %s AND name = %s AND pushed IS NOT NULL" + (" FOR UPDATE" if lock else "")
    row = db.execute(sql.encode(), [repo, name]).fetchone()
    if row is None:
        raise UsageError(f"there is no branch {name}: push it first")
    return int(row[0])


def _coming(db: Database, repo: int, ref: int, digest: bytes) -> tuple[int, int]:
    """Return the id and the size of an artifact that was announced. Raises UsageError if it was not."""
    row = db.execute(
        "SELECT id, size FROM artifact WHERE repo = %s AND ref = %s AND sha256 = %s", [repo, ref, digest]
    ).fetchone()
    if row is None:
        raise UsageError("this packed index was not announced: push again")
    return int(row[0]), int(row[1])


def _part(db: Database, repo: int, id: int, number: int) -> bytes | None:
    row = db.execute(
        "SELECT data FROM artifact_part WHERE repo = %s AND artifact = %s AND number = %s", [repo, id, number]
    ).fetchone()
    return None if row is None else bytes(row[0])


# -- for its readers -------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Packed:
    """The artifact of a branch."""

    repository: str
    ref: str
    repo: int
    id: int
    sha256: str
    size: int
    commit: str

    def about(self) -> dict[str, Any]:
        """Return what it is, as JSON."""
        return {
            "repository": self.repository, "ref": self.ref, "commit": self.commit, "sha256": self.sha256,
            "size": self.size, "parts": parts_of(self.size), "part": PART,
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Asked:
    """A branch whose artifact is wanted."""

    repository: str
    ref: str

    @classmethod
    def of(cls, given: Mapping[str, Any]) -> Asked:
        """Return the branch that a JSON object names. Raises UsageError."""
        repository, ref = given.get("repository"), given.get("ref")
        if not isinstance(repository, str) or not isinstance(ref, str):
            raise UsageError("`repository` and `ref` must be texts")
        return cls(repository.replace("\0", ""), ref.replace("\0", ""))

    @property
    def missing(self) -> str:
        """What to say if there is none."""
        return (
            f"there is no packed index of {self.repository} {self.ref} here, or you may not see it; "
            "`codesearch push --artifact` brings one"
        )

    def find(self, db: Database) -> Packed | None:
        """Return the artifact in a database; None if it has none."""
        row = db.execute(_OF_REF.encode(), [self.repository, self.ref]).fetchone()
        if row is None:
            return None
        repo, id, digest, size, commit = row
        return Packed(self.repository, self.ref, repo, id, bytes(digest).hex(), size, commit)


def part(db: Database, packed: Packed, given: Mapping[str, Any]) -> bytes:
    """Return a part of an artifact. Raises NotFoundError if the branch has another one by now, UsageError."""
    number, digest = given.get("number"), given.get("sha256")
    if not isinstance(number, int) or not isinstance(digest, str):
        raise UsageError("`number` must be a number, and `sha256` a text")
    data = _part(db, packed.repo, packed.id, number) if digest == packed.sha256 else None
    if data is None:
        raise NotFoundError(f"{packed.repository} {packed.ref} has another packed index by now")
    return data
