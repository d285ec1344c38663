"""Vectors in a real Milvus: the answers of PostgreSQL alone, and nothing that is missing without being said."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from importlib.util import find_spec

import pytest

import codesearch
from codesearch import embed
from codesearch.core.errors import NotFoundError, StoreError, UsageError
from codesearch.search import parse, query_vector
from codesearch.server import access, answering, outgoing, remote, shard, shards, vectors
from codesearch.server.connect import Pool, administering
from codesearch.server.databases import Databases
from codesearch.server.identity import Limits
from codesearch.server.milvus import AUTHORITIES, KINDS, Milvus
from codesearch.server.remote import Server, UnreachableError
from codesearch.server.replicas import Replicas
from codesearch.server.store import PgStore
from codesearch.server.transactions import Transactions
from tests.server.conftest import Place, Process, running, send, serving
from tests.server.test_answers import QUESTIONS
from tests.server.test_faults import acknowledged
from tests.server.test_metrics import asked
from tests.support.milvus import MilvusServer, certificate
from tests.support.postgres import Postgres
from tests.support.wait import until

MISSING = [name for name in ("milvus", "pymilvus") if find_spec(name) is None]
needs_milvus = pytest.mark.skipif(
    bool(MISSING) and os.environ.get("CI") != "true",
    reason=f"{' and '.join(MISSING)} not installed: sh tests/server/install.sh python",
)
WITHOUT = "found by words only, because the vectors in Milvus cannot be used now"


@pytest.fixture(scope="module")
def server() -> Iterator[MilvusServer]:
    with closing(MilvusServer()) as found:
        yield found


@pytest.fixture
def milvus(server: MilvusServer) -> Iterator[Milvus]:
    with closing(Milvus(server.url)) as found:
        yield found


@pytest.fixture
def database(postgres: Postgres, request: pytest.FixtureRequest) -> Iterator[str]:
    """Return the URL of a database of one test; its collection is deleted at the end."""
    url = postgres.create(f"milvus{abs(hash(request.node.name))}")
    with administering(url):
        pass
    yield url
    if not MISSING:
        collection = where(url)
        if collection is not None:
            request.getfixturevalue("server")
            with closing(Milvus(request.getfixturevalue("server").url)) as own:
                own.drop(collection.collection)


def where(url: str) -> vectors.Home | None:
    with administering(url) as db:
        return vectors.home(db)


@contextmanager
def with_vectors(database: str, milvus: Milvus | None) -> Iterator[Place]:
    """Run a gateway in this process that knows of Milvus."""
    databases = Databases([Replicas(Pool(database))], milvus=milvus)
    with serving(databases, limits=Limits(0)) as url:
        yield Place(database, url, databases.pools[0])


@pytest.fixture
def place(database: str, milvus: Milvus, server: MilvusServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    """A gateway whose questions are all answered by Milvus, however few texts there are."""
    monkeypatch.setattr(shard, "EXACT_BELOW", 0)
    vectors.fill(database, milvus)
    with with_vectors(database, Milvus(server.url)) as found:
        yield found


def reads(place: Place) -> dict[str, float]:
    """Return how many searches each engine did, by its name."""
    lines = asked(place.url, "/metrics")[1].splitlines()
    found = [line for line in lines if line.startswith("codesearch_vectors_total{")]
    return {line.split('"')[1]: float(line.split()[-1]) for line in found}


def held(database: str, milvus: Milvus) -> set[tuple[int, bytes]]:
    home = where(database)
    assert home is not None
    return milvus.keys(home.collection)


def contents(database: str) -> set[tuple[int, bytes]]:
    with administering(database) as db:
        return {(repo, bytes(hash)) for repo, hash in db.execute("SELECT repo, hash FROM content WHERE NOT minor")}


# -- answers ---------------------------------------------------------------------------------------


@needs_milvus
@pytest.mark.parametrize("kind", KINDS)
def test_the_nearest_are_those_of_postgresql(database, milvus: Milvus, shop: codesearch.Index, kind: str, monkeypatch):
    """PostgreSQL compares all vectors here, so this is recall; the scores are its own in both cases."""
    vectors.fill(database, milvus, kind)
    with with_vectors(database, milvus) as place:
        send(shop, place.server("ci", "shop", push=True), "shop")
        assert held(database, milvus) == contents(database) != set()
        found, sure = 0, 0
        for text in QUESTIONS:
            vector = query_vector(embed.load(embed.STATIC), parse(text))
            near = []
            for exact in (20_000, 0):
                monkeypatch.setattr(shard, "EXACT_BELOW", exact)
                with place.pool.transaction("ci") as db:
                    here = Transactions({0: db}, milvus=milvus)
                    near.append(PgStore(here, answering.refs(here)).vector_candidates(vector, 50))
            exactly, here_found = map(dict, near)
            assert all(exactly[id] == pytest.approx(here_found[id]) for id in exactly.keys() & here_found.keys())
            found, sure = found + len(exactly.keys() & here_found.keys()), sure + len(exactly)
        assert reads(place) == {"milvus": float(len(QUESTIONS))}
    assert found >= 0.97 * sure


@needs_milvus
def test_answers_are_those_of_postgresql_alone(place: Place, database, shop: codesearch.Index):
    client = place.server("ci", "shop", push=True)
    send(shop, client, "shop")
    with running(database) as alone:
        other = Server(alone.url, place.token("ann", "shop"))
        for text in QUESTIONS:
            own, known = (one.post("/query", {"query": text}) for one in (client, other))
            assert own["hits"] == known["hits"]
            assert own["problem"] == ""
    assert set(reads(place)) == {"milvus"}


@needs_milvus
def test_a_push_is_seen_at_once(place: Place, milvus: Milvus, indexed):
    client = place.server("ci", "shop", push=True)
    for number in range(5):
        word = f"zebra{number}"
        send(indexed({"a.py": f"def {word}_stripes(pattern):\n    return pattern * {number}\n"}), client, "shop")
        with place.pool.transaction("ci") as db:
            here = Transactions({0: db}, milvus=milvus)
            store = PgStore(here, answering.refs(here))
            vector = query_vector(embed.load(embed.STATIC), parse(f"{word} stripes pattern"))
            near = store.vector_candidates(vector, 1)
            assert [store.symbols([id])[id].symbol.name for id, _ in near] == [f"{word}_stripes"]
            assert store.problem == ""


@needs_milvus
def test_a_question_waits_for_what_was_there_when_its_branch_was_pushed(
    place: Place, milvus: Milvus, indexed, monkeypatch: pytest.MonkeyPatch
):
    """One server sees a push at once in any case; several nodes of Milvus do not."""
    client = place.server("ci", "shop", push=True)
    before = milvus.now()
    send(indexed({"a.py": "def load_invoice(number):\n    return number\n"}), client, "shop")
    times: list[int] = []
    nearest = Milvus.nearest

    def noted(self, *given):
        times.append(given[-1])
        return nearest(self, *given)

    monkeypatch.setattr(Milvus, "nearest", noted)
    client.post("/query", {"query": "invoice"})
    assert times and all(before < at <= milvus.now() for at in times)


@needs_milvus
def test_milvus_decides_nothing_about_rights(place: Place, indexed, monkeypatch: pytest.MonkeyPatch):
    """Even if it answers with contents of every repository, each asker sees their own ones."""
    client = place.server("ci", "open", "secret", push=True)
    send(indexed({"a.py": "def load_invoice(number):\n    return number\n"}), client, "open")
    send(indexed({"b.py": "def load_invoices(numbers):\n    return numbers\n"}), client, "secret")
    everything = sorted({repo for repo, _ in contents(place.database)})
    assert len(everything) == 2
    nearest = Milvus.nearest
    monkeypatch.setattr(
        Milvus,
        "nearest",
        lambda self, a, b, vector, repos, limit, at: nearest(self, a, b, vector, everything, limit, at),
    )
    bob = place.server("bob", "open")
    found = bob.post("/query", {"query": "load invoices"})
    assert {one["repository"] for one in found["hits"]} == {"open"}
    assert {one["name"] for one in found["repositories"]} == {"open"}
    assert {one["repository"] for one in client.post("/query", {"query": "load invoices"})["hits"]} == {
        "open",
        "secret",
    }


# -- while Milvus is away --------------------------------------------------------------------------


@needs_milvus
def test_killed_during_a_push_nothing_acknowledged_is_lost(
    database, server: MilvusServer, indexed, tmp_path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(outgoing, "BATCH_SYMBOLS", 4)
    index = indexed({f"m{n:02}.py": f"def step_{n}(value):\n    return value + {n}\n" for n in range(20)})
    milvus = Milvus(server.url)
    vectors.fill(database, milvus)
    with administering(database) as db:
        access.grant(db, "ci", ["shop"], may_push=True)
        token = access.new_token(db, "ci")
    log = tmp_path / "log"
    gateway = Process(database, log, "--port", "0", "--vectors", server.url)
    try:
        client = Server(gateway.url, token)
        sure = acknowledged(lambda: send(index, client, "shop"), monkeypatch, 8, server.kill)
        assert sure >= 8
        with pytest.raises(UnreachableError, match="the database of vectors cannot be used now; try again"):
            send(index, client, "shop")
        assert "Milvus cannot be used" in log.read_text()
        before = contents(database)
        assert len(before) >= sure, "acknowledged, so it is in PostgreSQL"
        server.start()
        until(milvus.answers)
        until(lambda: before <= tolerant_keys(database, milvus), seconds=240)
        assert until(lambda: pushed(index, client), seconds=240).files == 20
        assert before < contents(database) <= held(database, milvus)
        filled = vectors.fill(database, milvus)
        assert (filled.inserted, filled.contents) == (0, len(contents(database)))
    finally:
        gateway.kill()
        milvus.close()


def pushed(index, client):
    """Push, while Milvus may not have begun yet."""
    try:
        return send(index, client, "shop")
    except UnreachableError:
        return None


def tolerant_keys(database: str, milvus: Milvus) -> set[tuple[int, bytes]]:
    """Return what Milvus holds; nothing while it loads."""
    try:
        return held(database, milvus)
    except StoreError:
        return set()


@needs_milvus
def test_without_milvus_an_answer_is_by_postgresql_or_says_what_is_missing(
    place: Place, database, shop: codesearch.Index, milvus: Milvus, monkeypatch: pytest.MonkeyPatch
):
    client = place.server("ci", "shop", push=True)
    send(shop, client, "shop")
    question = {"query": "retry a failed upload", "limit": 5}
    before = client.post("/query", question)
    home = where(database)
    assert home is not None

    milvus.drop(home.collection)  # as if its disk was lost
    found = client.post("/query", question)
    assert (found["hits"], found["problem"]) == (before["hits"], ""), "PostgreSQL has its index still"
    assert reads(place) == {"milvus": 1.0, "postgresql": 1.0}
    assert "codesearch_vectors_up 0" in asked(place.url, "/metrics")[1]
    status, body = asked(place.url, "/health/ready")[:2]
    assert (status, '"vectors": "cannot be reached"' in body) == (200, True)

    with pytest.raises(UnreachableError, match="the database of vectors"):
        send(shop, place.server("ci2", "again", push=True), "again")
    vectors.fill(database, milvus)
    vectors.drop_index(database)
    monkeypatch.setattr("codesearch.server.milvus.REST_SECONDS", 0.0)
    home = where(database)
    assert home is not None and home.whole
    again = until(lambda: answered(client, question))
    assert again["hits"] == before["hits"], "repaired"

    milvus.drop(home.collection)
    found = client.post("/query", question)
    assert found["problem"] == WITHOUT
    assert found["hits"] != [], "by words"
    candidates = client.post("/candidates", question)
    assert WITHOUT in candidates["problem"]
    hit = before["hits"][0]
    like = {"repository": "shop", "ref": "main", **{
        name: hit["symbol"][name] for name in ("path", "qualname", "start_byte")}}  # fmt: skip
    alike = client.post("/similar", like)
    assert (alike["hits"], alike["problem"]) == ([], WITHOUT)

    # Half filled: what is there already must not pass for all.
    begun = threading.Event()
    insert = Milvus.insert

    def interrupted(self, *given):
        begun.set()
        raise StoreError("the process was killed")

    monkeypatch.setattr(Milvus, "insert", interrupted)
    with pytest.raises(StoreError, match="killed"):
        vectors.fill(database, milvus)
    assert begun.is_set()
    assert client.post("/query", question)["problem"] == WITHOUT
    monkeypatch.setattr(Milvus, "insert", insert)
    filled = vectors.fill(database, milvus)
    assert filled.inserted == filled.contents == len(contents(database))
    assert until(lambda: answered(client, question))["hits"] == before["hits"]

    # Back to PostgreSQL alone.
    vectors.leave(database, milvus)
    assert where(database) is None
    with administering(database) as db:
        assert vectors.has_index(db)
    assert client.post("/query", question)["hits"] == before["hits"]


def answered(client: Server, question):
    found = client.post("/query", question)
    return found if found["problem"] == "" else None


# -- deleting --------------------------------------------------------------------------------------


@needs_milvus
def test_what_is_deleted_here_is_deleted_there_a_day_later(place: Place, database, milvus: Milvus, indexed):
    client = place.server("ci", "shop", push=True)
    old = indexed({"a.py": "def lost_parcel(number):\n    return number\n"})
    send(old, client, "shop")
    first = contents(database)
    send(indexed({"b.py": "def found_parcel(number):\n    return number + 1\n"}), client, "shop")

    def collect() -> None:
        with administering(database) as db:
            db.execute("UPDATE file SET sent = now() - interval '2 days'")
            db.execute("UPDATE content SET sent = now() - interval '2 days'")
            access.collect(db)

    def sweep(days: float = vectors.GRACE_DAYS) -> int:
        with administering(database) as db:
            return vectors.sweep(db, milvus, days)

    collect()
    assert not first & contents(database)
    assert vectors.waiting([database]) == len(first)
    assert sweep() == 0, "a push may be bringing it back"
    assert first <= held(database, milvus)

    send(old, client, "shop")  # brings it back
    assert vectors.waiting([database]) == 0
    assert sweep(0) == 0
    assert first <= held(database, milvus)

    send(indexed({"b.py": "def found_parcel(number):\n    return number + 2\n"}), client, "shop")
    collect()
    assert sweep(0) > 0
    assert held(database, milvus) == contents(database)

    send(old, client, "shop")
    assert held(database, milvus) == contents(database) >= first, "deleted there, so it is written again"

    with administering(database) as db:
        access.forget(db, "shop")
    assert vectors.sweep_all([database], milvus) == 1
    assert held(database, milvus) == set()


@needs_milvus
def test_a_push_that_brings_a_content_back_waits_for_its_deletion(
    place: Place, database, milvus: Milvus, indexed, monkeypatch: pytest.MonkeyPatch
):
    client = place.server("ci", "shop", push=True)
    old = indexed({"a.py": "def lost_parcel(number):\n    return number\n"})
    send(old, client, "shop")
    first = contents(database)
    send(indexed({"b.py": "def found_parcel(number):\n    return number + 1\n"}), client, "shop")
    with administering(database) as db:
        db.execute("UPDATE file SET sent = now() - interval '2 days'")
        db.execute("UPDATE content SET sent = now() - interval '2 days'")
        access.collect(db)
    pushing = threading.Thread(target=lambda: send(old, client, "shop"))
    with administering(database) as db:
        assert vectors.sweep(db, milvus, 0) == len(first)
        pushing.start()

        def waits() -> bool:
            row = db.execute(
                "SELECT count(*) FROM pg_locks WHERE NOT granted AND locktype = 'transactionid' AND database IS NULL"
            ).fetchone()
            return bool(row and row[0])

        until(waits)
    pushing.join(60)
    assert first <= held(database, milvus)


@needs_milvus
def test_what_only_milvus_has_is_never_shown_and_deleted_later(place: Place, database, milvus: Milvus, indexed):
    client = place.server("ci", "shop", push=True)
    send(indexed({"a.py": "def load_invoice(number):\n    return number\n"}), client, "shop")
    repo, hash = min(contents(database))
    home = where(database)
    assert home is not None
    orphan = bytes(reversed(hash))
    milvus.insert(home.collection, repo, [(orphan, bytes(range(256)))])  # as a push that failed leaves it
    milvus.insert(home.collection, repo, [(hash, bytes(range(256)))])  # a second copy of one that is there
    assert [one["symbol"]["name"] for one in client.post("/query", {"query": "invoice"})["hits"]][:1] == [
        "load_invoice"
    ]
    filled = vectors.fill(database, milvus)
    assert (filled.contents, filled.inserted, filled.orphans) == (len(contents(database)), 0, 1)
    with administering(database) as db:
        assert vectors.sweep(db, milvus, 0) == 1
    assert held(database, milvus) == contents(database)


# -- gateways and commands -------------------------------------------------------------------------


@needs_milvus
def test_a_gateway_that_does_not_know_of_milvus_adds_nothing(place: Place, database, server: MilvusServer, indexed):
    index = indexed({"a.py": "def load_invoice(number):\n    return number\n"})
    with running(database) as other, pytest.raises(UnreachableError, match="the database of vectors"):
        send(index, Server(other.url, place.token("ci", "shop", push=True)), "shop")
    with pytest.raises(StoreError, match="Milvus, and this gateway does not know of it"), administering(database) as db:
        # A gateway of a version before this schema.
        db.execute("INSERT INTO content SELECT id, 'x', false, array_fill(1, ARRAY[256])::halfvec FROM repo")
    assert contents(database) == set()
    with pytest.raises(StoreError, match="are in Milvus: say where, with --vectors"):
        shards.prepare([database])
    with closing(Milvus(server.url)) as milvus:
        shards.prepare([database], milvus)
        vectors.leave(database, milvus)
        with pytest.raises(StoreError, match="are not in Milvus: run `codesearch access vectors` first"):
            shards.prepare([database], milvus)


@needs_milvus
def test_the_commands(database, server: MilvusServer, call, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("CODESEARCH_DATABASE", database)
    at = ["--vectors", server.url]
    done = call("access", "vectors", *at, "--index", "IVF_SQ8", "--drop-index")
    assert "0 contents are in Milvus (IVF_SQ8); 0 were missing" in done.err
    assert "deleted PostgreSQL's index of vectors" in done.err
    done = call("access", "vectors", *at, "--index", "HNSW")
    assert "replacing the index IVF_SQ8 by HNSW" in done.err
    home = where(database)
    assert home is not None and (home.kind, home.whole) == ("HNSW", True)
    assert "deleted 0 vectors from Milvus" in call("access", "gc", *at).err
    with administering(database) as db:
        access.grant(db, "ci", ["shop"], may_push=True)
        access.forget(db, "shop")
    assert "1 vector stays in Milvus: say where it is, with --vectors" in call("access", "gc").err
    assert "deleted 1 vector from Milvus" in call("access", "gc", *at).err
    assert "the vectors are in PostgreSQL only" in call("access", "vectors", *at, "--leave").err
    with closing(Milvus(server.url)) as milvus, pytest.raises(NotFoundError, match="are not in Milvus"):
        vectors.leave(database, milvus)


@needs_milvus
def test_tls_is_used_and_the_certificate_is_checked(database, shop: codesearch.Index, tmp_path, monkeypatch):
    pem, key = certificate(tmp_path)
    with closing(MilvusServer((pem, key))) as encrypted:
        monkeypatch.delenv(AUTHORITIES, raising=False)
        with closing(Milvus(encrypted.url)) as milvus, pytest.raises(StoreError, match=r"Milvus cannot be used"):
            vectors.fill(database, milvus)  # signed by an unknown authority
        assert where(database) is None
        monkeypatch.setenv(AUTHORITIES, str(tmp_path / "missing.pem"))
        with closing(Milvus(encrypted.url)) as milvus, pytest.raises(StoreError, match=r"missing\.pem"):
            vectors.fill(database, milvus)
        monkeypatch.setenv(AUTHORITIES, str(pem))
        monkeypatch.setattr(shard, "EXACT_BELOW", 0)
        with closing(Milvus(encrypted.url)) as milvus:
            vectors.fill(database, milvus)
            with with_vectors(database, milvus) as place:
                send(shop, place.server("ci", "shop", push=True), "shop")
                assert held(database, milvus) == contents(database) != set()
                found = place.server("alice", "shop").post("/query", {"query": QUESTIONS[0]})
                assert (found["problem"], bool(found["hits"]), reads(place)) == ("", True, {"milvus": 1.0})
            home = where(database)
            assert home is not None
            milvus.drop(home.collection)
            with administering(database) as db:
                db.execute("DELETE FROM vectors")


@needs_milvus
@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("postgresql://db", "write milvus://HOST"),
        ("milvus://", "write milvus://HOST"),
        ("milvus://db:99999", "write milvus://HOST"),
        ("milvus://[db", "write milvus://HOST"),
        ("milvus://db/x?index=HNSW", "write milvus://HOST"),
    ],
)
def test_another_url_is_refused(url: str, said: str):
    with pytest.raises(UsageError, match=said):
        Milvus(url)


@needs_milvus
def test_a_server_that_is_not_there_is_named_without_its_password(database):
    with closing(Milvus("milvus://me:secret@127.0.0.1:1")) as milvus:
        with pytest.raises(StoreError, match=r"milvus://me@127\.0\.0\.1:1: Milvus cannot be used") as failed:
            vectors.fill(database, milvus)
        assert "secret" not in str(failed.value)
        assert not milvus.answers()
    assert where(database) is None, "nothing was begun"


def test_without_pymilvus_it_is_named(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "pymilvus", None)
    with pytest.raises(UsageError, match=r"--vectors needs pymilvus: .* -m pip install 'pymilvus>=2\.6'"):
        Milvus("milvus://db")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ([], "name the Milvus with --vectors"),
        (["--vectors", "milvus://db", "--index", "FLAT"], "use HNSW, IVF_SQ8 or DISKANN"),
        (["--vectors", "milvus://db", "--leave", "--drop-index"], "neither --index nor --drop-index"),
    ],
)
def test_options_that_do_not_fit_are_refused(call, options, said):
    done = call("access", "vectors", "--store", "postgresql://db", *options)
    assert done.status == 2
    assert said in done.err


def test_the_command_line_imports_no_client_of_milvus():
    import subprocess

    code = "import codesearch.cli.commands.serve, codesearch.server.milvus, sys; print('pymilvus' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
    assert remote.VARIABLE
