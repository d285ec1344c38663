"""Who sees what: row-level security holds even where our own SQL asks for everything."""

from __future__ import annotations

import random
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest

from codesearch.core.errors import StoreError, UsageError
from codesearch.server import access
from codesearch.server.connect import administering
from tests.server.conftest import Place, send

TABLES = ("ref", "file", "ref_file", "content", "symbol", "word", "source")
NAMES = [f"r{n}" for n in range(6)]


@pytest.fixture
def filled(place: Place, indexed) -> Place:
    server = place.server("ci", *NAMES, push=True)
    for name in NAMES:
        send(indexed({f"{name}.py": f"def only_{name}(shared):\n    return shared\n"}), server, name)
    return place


def seen(place: Place, who: str) -> dict[str, set[str]]:
    """Return the repositories whose rows a user sees in each table, asking for all of them."""
    found = {}
    with administering(place.database) as db:
        names = dict(db.execute("SELECT id, name FROM repo").fetchall())
    with place.pool.transaction(who) as db:
        found["repo"] = {row[0] for row in db.execute("SELECT name FROM repo").fetchall()}
        for table in TABLES:
            rows = db.execute(f"SELECT DISTINCT repo FROM {table}".encode()).fetchall()
            found[table] = {names[row[0]] for row in rows}
        refs = [row[0] for row in db.execute("SELECT id FROM ref").fetchall()]
        every = list(range(1, 1000))
        for name, given in (("own", refs), ("guessed", every)):
            rows = db.execute(
                "SELECT s.repo FROM best_everything('{''share''}', '{}', '{}', '{}', '{1,1,1,1}', 1, %s, false, 100) m "
                "JOIN symbol s ON s.id = m.id",
                [given],
            ).fetchall()
            counted = db.execute("SELECT count_everything('''share'''::tsquery, %s, false, 100)", [given]).fetchone()
            found[name] = {names[row[0]] for row in rows}
            assert counted is not None and counted[0] == len(rows), "the count tells nothing either"
    return found


def test_nobody_one_and_all(filled: Place):
    filled.token("one", "r2")
    filled.token("every", *NAMES)
    for who, repositories in (("nobody", set()), ("", set()), ("one", {"r2"}), ("every", set(NAMES))):
        assert all(some == repositories for some in seen(filled, who).values()), who


def test_a_group_counts_for_everybody_in_it_and_for_no_others(filled: Place):
    with administering(filled.database) as db:
        access.grant(db, access.group("devs"), ["r1", "r4"], may_push=False)
        access.grant(db, "one", ["r2"], may_push=False)
    for who, repositories in (
        (access.asker("one"), {"r2"}),
        (access.asker("one", ["devs"]), {"r1", "r2", "r4"}),
        (access.asker("nobody", ["devs"]), {"r1", "r4"}),
        (access.asker("nobody", ["dev", "devs2", "devs\n@devs"]), set()),
        (access.asker("devs"), set()),
    ):
        assert all(some == repositories for some in seen(filled, who).values()), who


def test_any_grants_show_what_they_grant_and_nothing_else(filled: Place):
    """A thousand random changes of grants, compared with a model after each twentieth."""
    chance = random.Random(19)
    people = [f"p{n}" for n in range(8)]
    model: dict[str, set[str]] = {who: set() for who in people}
    for number in range(1000):
        who, name = chance.choice(people), chance.choice(NAMES)
        if number % 25 == 0:
            changing = administering(filled.database)
            db = changing.__enter__()
        if name in model[who] and chance.random() < 0.5:
            access.revoke(db, who, [name])
            model[who].discard(name)
        else:
            access.grant(db, who, [name], may_push=False)
            model[who].add(name)
        if number % 25 == 24:
            changing.__exit__(None, None, None)
            for one in people:
                with filled.pool.transaction(one) as reading:
                    rows = reading.execute(
                        "SELECT DISTINCT p.name FROM symbol s JOIN repo p ON p.id = s.repo"
                    ).fetchall()
                assert {row[0] for row in rows} == model[one]


def test_a_reader_writes_nothing_and_changes_no_rights(filled: Place):
    filled.token("reader", "r1")
    statements = (
        "INSERT INTO file(repo, digest, path, roles) SELECT id, 'x', 'x', '' FROM repo WHERE name = 'r1'",
        "INSERT INTO grants SELECT id, 'reader', true FROM repo",
        "UPDATE grants SET may_push = true",
        "SELECT * FROM token",
        "INSERT INTO token VALUES ('x', 'ci')",
        "DELETE FROM repo",
        "ALTER TABLE symbol DISABLE ROW LEVEL SECURITY",
    )
    for statement in statements:
        with pytest.raises(StoreError, match="refused"), filled.pool.transaction("reader") as db:
            db.execute(statement.encode())
    with filled.pool.transaction("reader") as db:
        for table in TABLES[2:]:
            assert db.execute(f"DELETE FROM {table}".encode()).rowcount == 0
    assert seen(filled, "ci")["symbol"] == set(NAMES)


def test_one_who_pushes_to_one_repository_writes_to_no_other(filled: Place, indexed):
    server = filled.server("bob", "r1", push=True)
    filled.token("bob", "r2")
    index = indexed({"a.py": "def a():\n    return 1\n"})
    send(index, server, "r1", "c2")
    for name in ("r2", "r3", "unknown"):
        with pytest.raises(UsageError, match=f"there is no repository {name} here, or you may not push to it"):
            send(index, server, name)
    row = "INSERT INTO file(repo, digest, path, roles) SELECT id, 'x', 'x', '' FROM repo WHERE name = 'r2'"
    with pytest.raises(StoreError, match="row-level security"), filled.pool.writing("bob") as db:
        db.execute(row)


def test_the_name_of_one_request_is_not_that_of_the_next(filled: Place):
    """Connections are used again: each transaction has its own name."""
    people = {f"u{n}": NAMES[n] for n in range(6)}
    for who, name in people.items():
        filled.token(who, name)

    def look(who: str) -> tuple[str, set[str]]:
        with filled.pool.transaction(who) as db:
            return who, {row[0] for row in db.execute("SELECT name FROM repo").fetchall()}

    with ThreadPoolExecutor(12) as threads:
        for who, found in threads.map(look, list(people) * 30):
            assert found == {people[who]}


def test_without_a_token_or_with_a_removed_one_there_is_no_answer(filled: Place):
    server = filled.server("alice", "r1")
    assert server.post("/query", {"query": "only_r1"})["hits"]
    with administering(filled.database) as db:
        access.revoke(db, "alice")
    with pytest.raises(UsageError, match=r"401.*token is wrong"):
        server.post("/query", {"query": "only_r1"})
    with psycopg.connect(filled.database) as raw:
        kept = raw.execute("SELECT hash FROM codesearch.token").fetchall()
    assert all(len(row[0]) == 32 for row in kept), "only hashes"
