"""Who asks: the token of a request, and the name and rights that the database has for it."""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from codesearch.core.errors import NotFoundError, UsageError
from codesearch.repositories.registry import checked_name

if TYPE_CHECKING:
    from codesearch.server.database import Database

_PREFIX = "cs_"
"""Lets people and scanners of secrets recognise a token."""
KEPT_DAYS = 1
"""Versions of files that no ref holds are kept this long, for pushes that have not ended."""


_PERSON = re.compile(r"[A-Za-z0-9][\w.@+/:-]{0,199}", re.ASCII)


def is_person(name: str) -> bool:
    """Return whether a text can be the name of one who asks: a user name, an address of mail, or a job of CI."""
    return _PERSON.fullmatch(name) is not None


GROUP = "@"
"""Begins the name of a group in the grants; no name of a person does."""
MOST_GROUP = 200


def group(name: str) -> str:
    """Return a group as grants name it. Raises UsageError if it cannot be one."""
    if not is_group(name):
        raise UsageError(f"{name!r} cannot be the name of a group: use 1 to {MOST_GROUP} characters that can be seen")
    return GROUP + name


def is_group(name: str) -> bool:
    """Return whether a text can be the name of a group: any printable one."""
    return 0 < len(name) <= MOST_GROUP and name.isprintable() and name == name.strip()


def asker(name: str, groups: Iterable[str] = ()) -> str:
    """Return the one who asks, as transactions have it: the name, and then the groups, one per line.

    A group that could not be granted anything is left out.
    """
    return "\n".join((name, *(GROUP + one for one in dict.fromkeys(groups) if is_group(one))))


def name_of(who: str) -> str:
    """Return the name of the one who asks."""
    return who.partition("\n")[0]


def _checked(who: str) -> str:
    if who.startswith(GROUP) and is_group(who[1:]):
        return who
    if not is_person(who):
        raise UsageError(f"{who!r} cannot be a name: use letters, digits and the signs . _ - + @ / :")
    return who


def hashed(token: str) -> bytes:
    """Return the hash of a token, as the database has it. A token is random, so it needs no salt."""
    return hashlib.sha256(token.encode("utf-8", "replace")).digest()


def who_has(db: Database, token: str) -> str | None:
    """Return the name that a token belongs to."""
    row = db.execute("SELECT codesearch.who_has(%s)", [hashed(token)]).fetchone()
    return str(row[0]) if row and row[0] is not None else None


def grant(db: Database, who: str, repositories: Iterable[str], *, may_push: bool) -> None:
    """Let `who` read repositories, and push to them if `may_push`. Repositories that are not there are made."""
    for name in map(checked_name, repositories):
        db.execute("INSERT INTO repo(name) VALUES (%s) ON CONFLICT DO NOTHING", [name])
        db.execute(
            "INSERT INTO grants(repo, who, may_push) SELECT id, %s, %s FROM repo WHERE name = %s "
            "ON CONFLICT (repo, who) DO UPDATE SET may_push = EXCLUDED.may_push",
            [_checked(who), may_push, name],
        )


def new_token(db: Database, who: str) -> str:
    """Make a token for `who`, and return it: nothing else ever shows it."""
    token = _PREFIX + secrets.token_urlsafe(32)
    if who.startswith(GROUP):
        raise UsageError("a group has no token: the identity provider or the proxy says who is in it")
    add_token(db, who, token)
    return token


def add_token(db: Database, who: str, token: str) -> None:
    """Let a token stand for `who`."""
    db.execute("INSERT INTO token(hash, who) VALUES (%s, %s)", [hashed(token), _checked(who)])


def revoke(db: Database, who: str, repositories: Iterable[str] = ()) -> None:
    """Take repositories from `who`; without any, everything and the tokens. Raises NotFoundError, UsageError."""
    names = list(repositories)
    if names:
        count = db.execute(
            "DELETE FROM grants WHERE who = %s AND repo IN (SELECT id FROM repo WHERE name = ANY(%s))", [who, names]
        ).rowcount
    else:
        count = db.execute("DELETE FROM grants WHERE who = %s", [who]).rowcount
        count += db.execute("DELETE FROM token WHERE who = %s", [who]).rowcount
    if not count:
        raise NotFoundError(f"{who} has no access" + (f" to {', '.join(names)}" if names else ""))


def listing(db: Database) -> list[dict[str, Any]]:
    """Return who may do what, by name."""
    rows = db.execute(
        "SELECT w.who, (SELECT count(*) FROM token t WHERE t.who = w.who), "
        "coalesce(array_agg(r.name ORDER BY r.name) FILTER (WHERE r.name IS NOT NULL), '{}'), "
        "coalesce(array_agg(r.name ORDER BY r.name) FILTER (WHERE g.may_push), '{}') "
        "FROM (SELECT who FROM token UNION SELECT who FROM grants) w LEFT JOIN grants g ON g.who = w.who "
        "LEFT JOIN repo r ON r.id = g.repo GROUP BY w.who ORDER BY w.who"
    )
    return [{"who": row[0], "tokens": row[1], "reads": list(row[2]), "pushes": list(row[3])} for row in rows]


def forget(db: Database, repository: str, ref: str = "") -> None:
    """Delete a repository and everything in it, or only a branch of it. Raises NotFoundError."""
    row = db.execute("SELECT id FROM repo WHERE name = %s", [repository]).fetchone()
    if row is None:
        raise NotFoundError(f"there is no repository {repository}")
    if ref:
        if not db.execute("DELETE FROM ref WHERE repo = %s AND name = %s", [row[0], ref]).rowcount:
            raise NotFoundError(f"{repository} has no branch {ref}")
        return
    db.execute("INSERT INTO gone_vector(repo, hash) SELECT %s, '' FROM vectors", [row[0]])
    for table in ("artifact", "ref_file", "ref", "symbol", "file", "content", "model_vector"):
        db.execute(f"DELETE FROM {table} WHERE repo = %s".encode(), [row[0]])
    db.execute("DELETE FROM repo WHERE id = %s", [row[0]])


def collect(db: Database, days: float = KEPT_DAYS) -> int:
    """Delete the versions of files that no ref holds, and vectors that no symbol has; return the number of files."""
    old = f"sent < now() - interval '{days} days'"
    files = db.execute(
        f"DELETE FROM file f WHERE {old} AND NOT EXISTS "
        "(SELECT 1 FROM ref_file rf WHERE rf.repo = f.repo AND rf.file = f.id)".encode()
    ).rowcount
    db.execute(
        f"WITH gone AS (DELETE FROM content c WHERE {old} AND NOT EXISTS "
        "(SELECT 1 FROM symbol s WHERE s.repo = c.repo AND s.content = c.hash) RETURNING repo, hash, minor) "
        "INSERT INTO gone_vector(repo, hash) SELECT g.repo, g.hash FROM gone g, vectors WHERE NOT g.minor "
        "ON CONFLICT (repo, hash) DO UPDATE SET since = now()".encode()
    )
    db.execute(
        b"DELETE FROM model_vector v WHERE NOT EXISTS "
        b"(SELECT 1 FROM symbol s WHERE s.repo = v.repo AND s.content = v.hash)"
    )
    db.execute(f"DELETE FROM artifact WHERE NOT whole AND {old}".encode())
    return files


def required(names: Iterable[str]) -> list[str]:
    """Return the names of repositories. Raises UsageError if there are none."""
    found = list(names)
    if not found:
        raise UsageError("name at least one repository with --repo")
    return found
