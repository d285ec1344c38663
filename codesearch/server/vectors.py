"""Keeps vectors in Milvus beside PostgreSQL, so that nothing is missing there that a question should find.

PostgreSQL has every vector, and is right: it decides what may be seen, and computes the scores. Milvus only says which
contents are nearest. It may have more than PostgreSQL (nothing comes of it), never less:

- a push writes a content to Milvus before its transaction ends, and fails if Milvus does;
- what is deleted from PostgreSQL is noted in `gone_vector`. A day later it is deleted from Milvus, in a transaction
  that holds its row there. A push that brings it back takes the row away first, so it waits for that transaction, and
  then writes the content again;
- a gateway that does not know of Milvus cannot add contents: a trigger refuses it;
- while contents are being brought to Milvus, `whole` is false, and questions do not rely on it.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from codesearch.core.errors import NotFoundError, StoreError
from codesearch.server import schema, vector_schema
from codesearch.server.connect import administering, shown
from codesearch.server.milvus import Milvus, VectorsError

if TYPE_CHECKING:
    from codesearch.server.database import Database

GRACE_DAYS = 1
"""How long vectors of contents that are gone stay in Milvus: longer than any push takes."""
_AT_ONCE = 5_000
"""Contents that are brought to Milvus, or deleted there, at once."""


@dataclass(frozen=True, slots=True)
class Home:
    """Where Milvus has the vectors of a database."""

    collection: str
    kind: str
    whole: bool
    """Whether everything is there."""
    at: int
    """The time of Milvus when it became whole."""


def home(db: Database) -> Home | None:
    """Return where Milvus has the vectors of a database; None if they are in PostgreSQL only."""
    row = db.execute("SELECT collection, kind, whole, at FROM codesearch.vectors").fetchone()
    return None if row is None else Home(str(row[0]), str(row[1]), bool(row[2]), int(row[3]))


def has_index(db: Database) -> bool:
    """Return whether PostgreSQL has its own index of vectors, too."""
    row = db.execute("SELECT to_regclass('codesearch.content_v') IS NOT NULL").fetchone()
    return bool(row and row[0])


def check(url: str, db: Database, milvus: Milvus | None) -> None:
    """Raise StoreError if a gateway does not know where the vectors of a database are."""
    found = home(db)
    if found is not None and milvus is None:
        raise StoreError(f"{shown(url)}: the vectors of this database are in Milvus: say where, with --vectors")
    if found is None and milvus is not None:
        raise StoreError(
            f"{shown(url)}: the vectors of this database are not in Milvus: run `codesearch access vectors` first"
        )


# -- pushes ----------------------------------------------------------------------------------------


def expect(db: Database, milvus: Milvus | None) -> Home | None:
    """Prepare a transaction that adds contents; return where Milvus has the others, None if nowhere.

    Raises VectorsError if Milvus should have them and is not known.
    """
    found = home(db)
    if found is not None:
        if milvus is None:
            raise VectorsError("the vectors of this database are in Milvus, and this gateway has no --vectors")
        db.execute("SELECT set_config('codesearch.vectors', %s, true)", [found.collection])
    return found


def add(db: Database, milvus: Milvus, to: Home, repo: int, rows: Sequence[tuple[bytes, bytes]]) -> None:
    """Write contents that a transaction has added to PostgreSQL to Milvus, too. Raises VectorsError."""
    if rows:
        # Waits for a transaction that deletes these from Milvus.
        db.execute("DELETE FROM gone_vector WHERE repo = %s AND hash = ANY(%s)", [repo, [hash for hash, _ in rows]])
        milvus.insert(to.collection, repo, rows)


def note_time(db: Database, milvus: Milvus | None, repo: int, ref: str) -> None:
    """Note with a branch the time of Milvus, so that questions see everything that was pushed. Raises VectorsError."""
    if milvus is not None and home(db) is not None:
        db.execute("UPDATE ref SET vectors_at = %s WHERE repo = %s AND name = %s", [milvus.now(), repo, ref])


# -- deleting --------------------------------------------------------------------------------------


def sweep(db: Database, milvus: Milvus, days: float = GRACE_DAYS) -> int:
    """Delete contents from Milvus that have been gone for some days; return how many. Call it in a transaction.

    Raises VectorsError.
    """
    found = home(db)
    if found is None:
        return 0
    db.execute(
        "DELETE FROM gone_vector g USING content c WHERE c.repo = g.repo AND c.hash = g.hash"  # came back
    )
    rows = db.execute(
        "DELETE FROM gone_vector WHERE (repo, hash) IN ("
        "SELECT repo, hash FROM gone_vector WHERE hash = '' OR since < now() - make_interval(secs => %s) "
        "LIMIT %s FOR UPDATE SKIP LOCKED) RETURNING repo, hash",
        [days * 86_400, _AT_ONCE],
    ).fetchall()
    keys = [(int(repo), bytes(hash)) for repo, hash in rows]
    for repo, hash in keys:
        if not hash:
            milvus.delete_repository(found.collection, repo)
    milvus.delete(found.collection, [key for key in keys if key[1]])
    return len(keys)


def sweep_all(urls: Iterable[str], milvus: Milvus) -> int:
    """Sweep databases until nothing is left; return the number of deleted contents. Raises VectorsError."""
    count = 0
    for url in urls:
        while True:
            with administering(url) as db:
                some = sweep(db, milvus)
            count += some
            if some < _AT_ONCE:
                break
    return count


def waiting(urls: Iterable[str]) -> int:
    """Return how many contents that are gone from PostgreSQL are still in Milvus."""
    count = 0
    for url in urls:
        with administering(url) as db:
            row = db.execute("SELECT count(*) FROM gone_vector").fetchone()
            count += int(row[0]) if row else 0
    return count


# -- filling and repairing -------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Filled:
    """What was done so that Milvus has all vectors of a database."""

    collection: str
    kind: str
    contents: int
    inserted: int
    orphans: int
    """Contents that only Milvus has; they are deleted after a day."""


Say = Callable[[str], None]


def fill(url: str, milvus: Milvus, kind: str = "", say: Say = lambda text: None) -> Filled:
    """Bring every content of a database to Milvus that is not there; begin with a new collection if there is none.

    `kind` is that of the index; "" for the one there is, or the first of milvus.KINDS. Pushes and questions go on
    meanwhile. It may end at any time, and run again. Raises StoreError.
    """
    found = _begun(url, milvus, kind)
    if not milvus.has(found.collection):
        _set_whole(url, None)
        say(f"making the collection {found.collection} with an index {found.kind}")
        milvus.create(found.collection, found.kind, vector_schema.DIMS)
    elif kind and kind != found.kind:
        _set_whole(url, None)
        say(f"replacing the index {found.kind} by {kind}")
        milvus.index(found.collection, kind)
        with administering(url) as db:
            db.execute("UPDATE vectors SET kind = %s", [kind])
    contents = inserted = orphans = 0
    with administering(url) as db:
        repos = db.execute("SELECT id, name FROM repo ORDER BY name").fetchall()
    for repo, name in repos:
        wanted = _contents(
            url, repo
        )  # read before Milvus is: a push writes to Milvus first, so Milvus has all of these
        held = {hash for _, hash in milvus.keys(found.collection, repo)}
        if missing := sorted(wanted - held):
            _set_whole(url, None)
            say(f"{name}: {len(missing):,} of {len(wanted):,} contents are not in Milvus; inserting them")
            for rows in _vectors(url, repo, missing):
                milvus.insert(found.collection, repo, rows)
        _note_gone(url, repo, sorted(held - wanted))
        contents, inserted, orphans = contents + len(wanted), inserted + len(missing), orphans + len(held - wanted)
    if inserted:
        milvus.settle(found.collection)
    _set_whole(url, milvus.now())
    return Filled(found.collection, kind or found.kind, contents, inserted, orphans)


def _begun(url: str, milvus: Milvus, kind: str) -> Home:
    """Return where the vectors of a database are to be; from then on, pushes write them there."""
    with administering(url) as db:
        db.execute("LOCK TABLE vectors IN EXCLUSIVE MODE")
        if (found := home(db)) is None:
            found = Home(f"codesearch_{secrets.token_hex(8)}", kind or "HNSW", whole=False, at=0)
            milvus.create(found.collection, found.kind, vector_schema.DIMS)
            db.execute("INSERT INTO vectors(collection, kind) VALUES (%s, %s)", [found.collection, found.kind])
            # Pushes that have begun without Milvus end first.
            db.execute("LOCK TABLE content IN SHARE ROW EXCLUSIVE MODE")
    return found


def _set_whole(url: str, at: int | None) -> None:
    with administering(url) as db:
        if at is None:
            db.execute("UPDATE vectors SET whole = false WHERE whole")
        else:
            db.execute("UPDATE vectors SET whole = true, at = %s", [at])


def _contents(url: str, repo: int) -> set[bytes]:
    with administering(url) as db:
        rows = db.execute("SELECT hash FROM content WHERE repo = %s AND NOT minor", [repo])
        return {bytes(hash) for (hash,) in rows}


def _vectors(url: str, repo: int, hashes: Sequence[bytes]) -> Iterator[list[tuple[bytes, bytes]]]:
    """Yield contents with their vectors, some at a time; those that are gone meanwhile are left out."""
    for start in range(0, len(hashes), _AT_ONCE):
        with administering(url) as db:
            rows = db.execute(
                "SELECT hash, v::text FROM content WHERE repo = %s AND hash = ANY(%s)",
                [repo, list(hashes[start : start + _AT_ONCE])],
            ).fetchall()
        yield [(bytes(hash), int8(vector)) for hash, vector in rows]


def _note_gone(url: str, repo: int, hashes: Sequence[bytes]) -> None:
    with administering(url) as db:
        db.execute(
            "INSERT INTO gone_vector(repo, hash) SELECT %s, unnest(%s::bytea[]) ON CONFLICT (repo, hash) DO NOTHING",
            [repo, list(hashes)],
        )


def int8(text: str) -> bytes:
    """Return the vector that pgvector writes as `[1,-2,...]`."""
    return bytes(int(float(value)) & 0xFF for value in text.strip("[]").split(","))


# -- PostgreSQL's own index ------------------------------------------------------------------------


def drop_index(url: str) -> None:
    """Delete PostgreSQL's own index of vectors. Raises NotFoundError unless Milvus has all of them."""
    with administering(url) as db:
        found = home(db)
        if found is None or not found.whole:
            raise NotFoundError(f"{shown(url)}: not all vectors are in Milvus, so PostgreSQL's index stays")
        db.execute(f"SET LOCAL lock_timeout = '{round(1000 * schema.LOCK_SECONDS)}ms'".encode())
        db.execute("DROP INDEX IF EXISTS content_v")


def leave(url: str, milvus: Milvus) -> None:
    """Go back to PostgreSQL alone: build its index if it is gone, then delete the collection. Raises StoreError."""
    with administering(url) as db:
        found = home(db)
        if found is None:
            raise NotFoundError(f"{shown(url)}: the vectors of this database are not in Milvus")
        if not has_index(db):
            db.execute(vector_schema.INDEX.encode())
        db.execute("DELETE FROM vectors")
        db.execute("DELETE FROM gone_vector")
    milvus.drop(found.collection)
