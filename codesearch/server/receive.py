"""Takes a push into the database: versions of files as they come, then a ref that holds them, in one transaction.

A push may end at any time. What was acknowledged stays, and the next one sends only the rest.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from codesearch.core.names import signs_of
from codesearch.core.tokens import name_key
from codesearch.core.types import KINDS, MINOR
from codesearch.server import vectors as side
from codesearch.server.shard import halfvec
from codesearch.server.vector_schema import DIMS

if TYPE_CHECKING:
    from codesearch.server.database import Database
    from codesearch.server.milvus import Milvus

MOST_AT_ONCE = 5000
"""Symbols of one request."""
_KEPT_HOURS = 12
"""What a push relies on is marked as sent again, at most this often; see `access.collect`."""

_SYMBOL = (
    "INSERT INTO symbol(repo, file, content, minor, kind, name, name_key, signs, scope_key, qualname, signature, "
    "documentation, start_line, end_line, start_byte, end_byte, tokens, scope_end, signature_end, everything) "
    f"VALUES ({', '.join(['%s'] * 19)}, %s::tsvector)"
).encode()
_COUNTED = """
    WITH changed AS MATERIALIZED (
        SELECT s.minor, s.everything, d.sign
        FROM unnest(%(files)s::bigint[], %(signs)s::integer[]) d(file, sign)
        JOIN symbol s ON s.repo = %(repo)s AND s.file = d.file
    ), counted AS (
        SELECT minor, word, sign AS texts, 0 AS naming
        FROM changed, unnest(tsvector_to_array(everything)) word
        UNION ALL
        SELECT minor, word, 0, sign FROM changed, unnest(tsvector_to_array(ts_filter(everything, '{a,b}'))) word
    )
    INSERT INTO word(repo, ref, minor, word, texts, naming)
    SELECT %(repo)s, %(ref)s, minor, word, sum(texts), sum(naming) FROM counted GROUP BY minor, word
    HAVING sum(texts) <> 0 OR sum(naming) <> 0
    ON CONFLICT (repo, ref, minor, word) DO UPDATE
        SET texts = word.texts + EXCLUDED.texts, naming = word.naming + EXCLUDED.naming
"""
_SIZES = """
    UPDATE ref SET commit = %(commit)s, model = %(model)s, pushed = now(), files = %(count)s,
        texts = ref.texts + d.texts, tokens = ref.tokens + d.tokens,
        minor_texts = ref.minor_texts + d.minor_texts, minor_tokens = ref.minor_tokens + d.minor_tokens,
        languages = coalesce((
            SELECT array_agg(DISTINCT f.language ORDER BY f.language) FILTER (WHERE f.language IS NOT NULL)
            FROM file f WHERE f.repo = %(repo)s AND f.id = ANY(%(held)s)
        ), '{}')
    FROM (
        SELECT coalesce(sum(d.sign) FILTER (WHERE NOT s.minor), 0) AS texts,
               coalesce(sum(d.sign * s.tokens) FILTER (WHERE NOT s.minor), 0) AS tokens,
               coalesce(sum(d.sign) FILTER (WHERE s.minor), 0) AS minor_texts,
               coalesce(sum(d.sign * s.tokens) FILTER (WHERE s.minor), 0) AS minor_tokens
        FROM unnest(%(files)s::bigint[], %(signs)s::integer[]) d(file, sign)
        JOIN symbol s ON s.repo = %(repo)s AND s.file = d.file
    ) d
    WHERE ref.repo = %(repo)s AND ref.id = %(ref)s
"""


class LackingError(Exception):
    """A ref cannot hold files that the server does not have."""


def repository(db: Database, name: str) -> int | None:
    """Return the id of a repository that the one who asks may push to; None if there is none."""
    row = db.execute(
        "SELECT r.id FROM repo r JOIN grants g ON g.repo = r.id WHERE r.name = %s AND g.may_push AND NOT r.elsewhere",
        [name],
    ).fetchone()
    return int(row[0]) if row else None


def lacking_files(db: Database, repo: int, digests: Sequence[str]) -> list[str]:
    """Return the versions of files that the server does not have."""
    return _lacking(db, "file", "digest", repo, digests)


def lacking_contents(db: Database, repo: int, hashes: Sequence[str]) -> list[str]:
    """Return the contents whose vectors the server does not have."""
    return _lacking(db, "content", "hash", repo, hashes)


def _lacking(db: Database, table: str, column: str, repo: int, keys: Sequence[str]) -> list[str]:
    wanted = [bytes.fromhex(key) for key in keys]
    db.execute(
        f"UPDATE {table} SET sent = now() WHERE repo = %s AND {column} = ANY(%s) "
        f"AND sent < now() - interval '{_KEPT_HOURS} hours'".encode(),
        [repo, wanted],
    )
    rows = db.execute(f"SELECT {column} FROM {table} WHERE repo = %s AND {column} = ANY(%s)".encode(), [repo, wanted])
    known = {bytes(row[0]) for row in rows}
    return [key for key, raw in zip(keys, wanted, strict=True) if raw not in known]


def files(
    db: Database,
    repo: int,
    given: Sequence[Mapping[str, Any]],
    vectors: Mapping[str, bytes],
    milvus: Milvus | None = None,
) -> int:
    """Add versions of files with their symbols, and vectors of contents; return how many were new.

    Those that another push has added meanwhile are left out. Rows go in by their keys, so pushes of the same files wait
    for each other and never in a circle. Vectors go to Milvus, too, if that has the others. Raises ValueError or
    KeyError for what is not sound, VectorsError if Milvus cannot be used.
    """
    of_digest = {bytes.fromhex(one["digest"]): one for one in given}
    if sum(len(one["symbols"]) for one in given) > MOST_AT_ONCE + max(
        (len(one["symbols"]) for one in given), default=0
    ):
        raise ValueError(f"more than {MOST_AT_ONCE} symbols at once")
    keys = sorted(of_digest)
    rows = db.execute(
        b"INSERT INTO file(repo, digest, path, language, roles) SELECT %s, d, p, l, r "
        b"FROM unnest(%s::bytea[], %s::text[], %s::text[], %s::text[]) WITH ORDINALITY f(d, p, l, r, n) ORDER BY n "
        b"ON CONFLICT (repo, digest) DO NOTHING RETURNING digest, id",
        [repo, keys, *([of_digest[key][name] for key in keys] for name in ("path", "language", "roles"))],
    ).fetchall()
    _contents(db, repo, given, vectors, milvus)
    with db.cursor() as cursor:
        cursor.executemany(
            _SYMBOL,
            [_row(repo, id, symbol) for digest, id in rows for symbol in of_digest[bytes(digest)]["symbols"]],
        )
    return len(rows)


def _contents(
    db: Database,
    repo: int,
    given: Sequence[Mapping[str, Any]],
    vectors: Mapping[str, bytes],
    milvus: Milvus | None,
) -> None:
    minor = {symbol[0]: symbol[1] in MINOR for one in given for symbol in one["symbols"]}
    if any(len(vector) != DIMS for vector in vectors.values()):
        raise ValueError(f"vectors must have {DIMS} dimensions")
    rows = sorted((bytes.fromhex(key), minor[key], halfvec(vector)) for key, vector in vectors.items() if any(vector))
    if not rows:
        return
    home = side.expect(db, milvus)
    added = db.execute(
        b"INSERT INTO content(repo, hash, minor, v) SELECT %s, h, m, v::halfvec "
        b"FROM unnest(%s::bytea[], %s::boolean[], %s::text[]) WITH ORDINALITY c(h, m, v, n) ORDER BY n "
        b"ON CONFLICT (repo, hash) DO NOTHING RETURNING hash, minor",
        [repo, *(list(column) for column in zip(*rows, strict=True))],
    ).fetchall()
    if home is not None and milvus is not None:
        new = [bytes(hash) for hash, is_minor in added if not is_minor]
        side.add(db, milvus, home, repo, [(hash, vectors[hash.hex()]) for hash in new])


def _row(repo: int, file: int, symbol: Sequence[Any]) -> list[Any]:
    content, kind, name, qualname, signature, documentation, *lines, tokens, naming, everything = symbol
    if kind not in KINDS or len(lines) != 4:
        raise ValueError("a symbol is not sound")
    # The literal of what names the symbol has each place with its label: B for the scope, C for the signature.
    scope_end, signature_end = (
        max(map(int, re.findall(rf"[:,](\d{{1,5}}){label}", naming)), default=0) for label in "BC"
    )
    return [
        repo, file, bytes.fromhex(content), kind in MINOR, kind, name, name_key(name), signs_of(name),
        name_key(qualname.removesuffix(name)), qualname, signature, documentation, *lines, tokens,
        scope_end, max(scope_end, signature_end), everything,
    ]  # fmt: skip


def switch(db: Database, repo: int, ref: str, commit: str, model: str, digests: Sequence[str]) -> None:
    """Make a ref hold exactly some versions of files. Readers see it before or after, never between.

    Raises LackingError if the server lacks some of them.
    """
    db.execute("INSERT INTO ref(repo, name) VALUES (%s, %s) ON CONFLICT (repo, name) DO NOTHING", [repo, ref])
    row = db.execute("SELECT id FROM ref WHERE repo = %s AND name = %s FOR UPDATE", [repo, ref]).fetchone()
    assert row is not None
    id = row[0]
    wanted = [bytes.fromhex(key) for key in set(digests)]
    rows = db.execute("SELECT id FROM file WHERE repo = %s AND digest = ANY(%s)", [repo, wanted]).fetchall()
    after = {row[0] for row in rows}
    if len(after) < len(wanted):
        raise LackingError
    before = {
        row[0] for row in db.execute("SELECT file FROM ref_file WHERE repo = %s AND ref = %s", [repo, id]).fetchall()
    }
    added, removed = sorted(after - before), sorted(before - after)
    changed = {
        "repo": repo, "ref": id, "commit": commit, "model": model, "count": len(after),
        "files": [*added, *removed], "signs": [1] * len(added) + [-1] * len(removed), "held": sorted(after),
    }  # fmt: skip
    db.execute("DELETE FROM ref_file WHERE repo = %s AND ref = %s AND file = ANY(%s)", [repo, id, removed])
    db.execute("INSERT INTO ref_file(repo, ref, file) SELECT %s, %s, unnest(%s::bigint[])", [repo, id, added])
    db.execute(_COUNTED.encode(), changed)
    db.execute("DELETE FROM word WHERE repo = %s AND ref = %s AND texts <= 0", [repo, id])
    db.execute(_SIZES.encode(), changed)
    if added:
        db.execute(b"SELECT sort_in_texts()")
