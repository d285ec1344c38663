"""Several databases as the shards of one server: which is which, and what `codesearch access` writes to all of them.

Each database notes the server it belongs to, its number, and how many there are, so a list that leaves one out or has
another order is refused. `access migrate` joins databases to a server and gives them what all of them know. A command
changes all of them or, if one cannot be reached, none; only an end between two commits leaves a difference, and the
same command again makes them equal.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

from codesearch.core.errors import NotFoundError, StoreError, UsageError
from codesearch.repositories.registry import checked_name
from codesearch.server import access, schema, vectors
from codesearch.server.connect import administering, connect, driver, explained, shown

if TYPE_CHECKING:
    from codesearch.server.database import Database
    from codesearch.server.milvus import Milvus

_JOIN = "run `codesearch access migrate` with all databases of the server, in the order that its gateways have"
MOST_SHARDS = 32


def prepare(urls: Sequence[str], milvus: Milvus | None = None) -> list[schema.Place | None]:
    """Bring the schema of the databases of a gateway up to date if this user may, else check it.

    Returns which shard of the server each of them is. Raises StoreError if they are not the databases of one server,
    in their order, if their vectors are not where the gateway looks for them, or if they cannot be used.
    """
    _check_list(urls)
    places = [_prepared(url, number, len(urls), milvus) for number, url in enumerate(urls)]
    _check_same(urls, places)
    return places


def _prepared(url: str, number: int, count: int, milvus: Milvus | None) -> schema.Place | None:
    """Prepare a database; return which shard it is."""
    db = connect(url)
    try:
        with explained(url):
            _upgrade(db)
            with db.transaction():
                vectors.check(url, db, milvus)
                return _check_place(url, schema.place(db), number, count)
    finally:
        db.close()


def _upgrade(db: Database) -> None:
    with db.transaction():
        schema.check(db, may_be_older=True)
        if schema.version(db) >= schema.VERSION:
            return
    try:
        with db.transaction():
            schema.migrate(db)
    except driver().errors.InsufficientPrivilege as error:
        raise StoreError(
            "the schema of the database is not that of this program, and this user may not change it: run "
            "`codesearch access migrate` as the owner of the database"
        ) from error


def _check_list(urls: Sequence[str]) -> None:
    if len(urls) > MOST_SHARDS:
        raise UsageError(f"a server can have at most {MOST_SHARDS} databases, and --store names {len(urls)}")
    for number, url in enumerate(urls):
        if url in urls[:number]:
            raise UsageError(f"--store {shown(url)} is given twice")


def _check_place(url: str, place: schema.Place | None, number: int, count: int) -> schema.Place | None:
    """Return which shard a database is; None for one that stands alone. Raises StoreError if it is another one."""
    if place is None:
        if count > 1:
            raise StoreError(f"{shown(url)}: the database is no shard yet: {_JOIN}")
        return None
    if (place.number, place.shards) != (number, count):
        raise StoreError(
            f"{shown(url)}: the database is shard {place.number + 1} of {place.shards}, and --store has it as "
            f"{number + 1} of {count}: name all databases of the server, in their order"
        )
    return place


class Administration:
    """The databases of a server, each in a transaction of its owner."""

    def __init__(self, databases: Sequence[Database]) -> None:
        self._databases = databases

    def grant(self, who: str, repositories: Iterable[str], *, may_push: bool) -> None:
        """Let `who` read repositories, and push to them if `may_push`. Those that are not there are made."""
        names = list(map(checked_name, repositories))
        for name in names:
            if len(self._databases) > 1 and not self._homes(name):
                home = placed(name, len(self._databases))
                for number, db in enumerate(self._databases):
                    db.execute(
                        "INSERT INTO repo(name, elsewhere) VALUES (%s, %s) "
                        "ON CONFLICT (name) DO UPDATE SET elsewhere = EXCLUDED.elsewhere",
                        [name, number != home],
                    )
        for db in self._databases:
            access.grant(db, who, names, may_push=may_push)

    def _homes(self, name: str) -> list[int]:
        """Return which databases have a repository: one, or none."""
        sql = "SELECT 1 FROM repo WHERE name = %s AND NOT elsewhere"
        return [number for number, db in enumerate(self._databases) if db.execute(sql, [name]).fetchone()]

    def new_token(self, who: str) -> str:
        """Make a token for `who`, and return it: nothing else ever shows it."""
        token = access.new_token(self._databases[0], who)
        for db in self._databases[1:]:
            access.add_token(db, who, token)
        return token

    def revoke(self, who: str, repositories: Iterable[str] = ()) -> None:
        """Take repositories from `who`; without any, everything and the tokens. Raises NotFoundError, UsageError."""
        names = list(repositories)
        self._in_any(lambda db: access.revoke(db, who, names))

    def listing(self) -> list[dict[str, Any]]:
        """Return who may do what, by name: every database knows it."""
        return access.listing(self._databases[0])

    def forget(self, repository: str, ref: str = "") -> None:
        """Delete a repository and everything in it, or only a branch of it. Raises NotFoundError."""
        if ref and (homes := self._homes(repository)):
            access.forget(self._databases[homes[0]], repository, ref)
        else:
            self._in_any(lambda db: access.forget(db, repository, ref))

    def collect(self) -> int:
        """Delete what no ref holds; return the number of versions of files."""
        return sum(map(access.collect, self._databases))

    def _in_any(self, change: Callable[[Database], None]) -> None:
        """Change every database that has something to change. Raises NotFoundError if none has."""

        def failure(db: Database) -> NotFoundError | None:
            try:
                change(db)
            except NotFoundError as error:
                return error
            return None

        failed = list(filter(None, map(failure, self._databases)))
        if len(failed) == len(self._databases):
            raise failed[0]


def placed(name: str, count: int) -> int:
    """Return the number of the database that a new repository comes to."""
    return int.from_bytes(blake2b(name.encode(), digest_size=8).digest(), "big") % count


@contextmanager
def administration(urls: Sequence[str]) -> Iterator[Administration]:
    """Lend the databases of a server, after the migrations that are missing; all changes are kept, or none.

    Raises StoreError if they are not all databases of one server, in their order.
    """
    with _owned(urls) as databases:
        places = [
            _check_place(url, schema.place(db), number, len(urls))
            for number, (url, db) in enumerate(zip(urls, databases, strict=True))
        ]
        _check_same(urls, places)
        yield Administration(databases)


@contextmanager
def _owned(urls: Sequence[str]) -> Iterator[list[Database]]:
    _check_list(urls)
    with ExitStack() as stack:
        places: dict[tuple[Any, ...], str] = {}
        for url in urls:
            with explained(url), connect(url) as db:
                name = (db.info.host, db.info.port, db.info.dbname)
            if name in places:
                raise UsageError(f"--store {shown(url)} is the same database as {shown(places[name])}")
            places[name] = url
        yield [stack.enter_context(administering(url)) for url in urls]


def _check_same(urls: Sequence[str], places: Sequence[schema.Place | None]) -> None:
    for url, place in zip(urls, places, strict=True):
        if place and places[0] and place.server != places[0].server:
            raise StoreError(f"{shown(url)}: the database belongs to another server than {shown(urls[0])}")


# -- joining databases -----------------------------------------------------------------------------


def migrate(urls: Sequence[str]) -> int:
    """Bring databases to the schema of this program, and make several of them shards; return the number of the schema.

    A server may get further databases at the end of its list. Raises StoreError if they cannot be one server.
    """
    with _owned(urls) as databases:
        places = [schema.place(db) for db in databases]
        _check_joined(urls, places)
        if len(urls) > 1:
            server = next((one.server for one in places if one is not None), secrets.token_hex(8))
            for number, db in enumerate(databases):
                db.execute("DELETE FROM shard")
                db.execute("INSERT INTO shard VALUES (%s, %s, %s)", [server, number, len(urls)])
            _spread(urls, databases)
        return schema.version(databases[0])


def _check_joined(urls: Sequence[str], places: Sequence[schema.Place | None]) -> None:
    """Raise StoreError if databases cannot be the shards of one server, in this order."""
    known = [one for one in places if one is not None]
    for number, (url, place) in enumerate(zip(urls, places, strict=True)):
        if place is not None and (place.number != number or place.shards > len(urls)):
            _check_place(url, place, number, len(urls))
        if place is not None and place.server != known[0].server:
            raise StoreError(f"{shown(url)}: the database belongs to another server than others in the list")


def _spread(urls: Sequence[str], databases: Sequence[Database]) -> None:
    """Give every database what all of them know: tokens, names of repositories, and the grants of each one's home."""
    homes: dict[str, int] = {}
    for number, db in enumerate(databases):
        for (name,) in db.execute("SELECT name FROM repo WHERE NOT elsewhere ORDER BY name").fetchall():
            if name in homes:
                raise StoreError(
                    f"the repository {name} is in {shown(urls[homes[name]])} and in {shown(urls[number])}: take it "
                    "from one of them (`codesearch access forget`) before they become one server"
                )
            homes[name] = number
    tokens = [row for db in databases for row in db.execute("SELECT hash, who, made FROM token").fetchall()]
    for number, db in enumerate(databases):
        with db.cursor() as cursor:
            cursor.executemany(
                "INSERT INTO token(hash, who, made) VALUES (%s, %s, %s) ON CONFLICT (hash) DO NOTHING", tokens
            )
            cursor.execute("DELETE FROM repo WHERE elsewhere")
            away = sorted(name for name, home in homes.items() if home != number)
            cursor.executemany("INSERT INTO repo(name, elsewhere) VALUES (%s, true)", [[name] for name in away])
    grants = [
        row
        for db in databases
        for row in db.execute(
            "SELECT r.name, g.who, g.may_push FROM grants g JOIN repo r ON r.id = g.repo WHERE NOT r.elsewhere"
        ).fetchall()
    ]
    for db in databases:
        with db.cursor() as cursor:
            cursor.executemany(
                "INSERT INTO grants(repo, who, may_push) SELECT id, %s, %s FROM repo WHERE name = %s AND elsewhere",
                [(who, may_push, name) for name, who, may_push in grants],
            )
