"""The schema of a server's database, as numbered migrations. A released migration is never edited.

Every key begins with the repository. A push never changes a file that is there: it adds versions of files, and one
transaction then makes a ref hold other versions. What no ref holds is deleted by `codesearch access gc`.

Row-level security hides the repositories that the one who asks may not see. It is enforced for APP, the role that the
gateway takes in every transaction, and for the owner of the tables. PostgreSQL evaluates `@@` on a table with such
policies only after them, so without its index. Functions of SEARCH search the full text instead: see `searching`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

from codesearch.core.errors import StoreError
from codesearch.server import policies, searching, vector_schema
from codesearch.server.policies import APP, SEARCH
from codesearch.server.searching import GRANTED, TO_NAME
from codesearch.server.vector_schema import DIMS

if TYPE_CHECKING:
    from codesearch.server.database import Database

NEAREST = 400
"""Contents that HNSW or Milvus gives for a question, which are then compared."""
_LOCK = 7_263_948_102
"""The advisory lock of a migration."""


_NO_LOOPS = "SET enable_nestloop = off"
"""The setting of the fourth migration: see there."""


def _best(make: Callable[[str], str]) -> str:
    """Return the statements that make both functions that find the best texts."""
    return f"""GRANT CREATE ON SCHEMA codesearch TO {SEARCH};
    {"".join(map(make, searching.EXPRESSIONS))}
    ALTER FUNCTION best_everything OWNER TO {SEARCH};
    ALTER FUNCTION best_naming OWNER TO {SEARCH};
    REVOKE CREATE ON SCHEMA codesearch FROM {SEARCH};"""


MIGRATIONS = (
    f"""
    CREATE EXTENSION IF NOT EXISTS vector;
    DO $$ BEGIN CREATE ROLE {APP} NOLOGIN; EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$;
    DO $$ BEGIN CREATE ROLE {SEARCH} NOLOGIN; EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$;
    GRANT {APP} TO CURRENT_USER;
    GRANT {SEARCH} TO CURRENT_USER;
    GRANT USAGE ON SCHEMA codesearch TO {APP};
    GRANT USAGE, CREATE ON SCHEMA codesearch TO {SEARCH};

    -- Who asks. A token is kept as its SHA-256.
    CREATE TABLE token(hash bytea PRIMARY KEY, who text NOT NULL, made timestamptz NOT NULL DEFAULT now());
    CREATE TABLE repo(id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text COLLATE "C" NOT NULL UNIQUE);
    CREATE TABLE grants(
        repo bigint NOT NULL REFERENCES repo ON DELETE CASCADE,
        who text NOT NULL,
        may_push boolean NOT NULL DEFAULT false,
        PRIMARY KEY (repo, who)
    );
    CREATE INDEX grants_who ON grants(who);

    -- A branch, as it was pushed last. The numbers are those of the texts it holds.
    CREATE TABLE ref(
        repo bigint NOT NULL REFERENCES repo ON DELETE CASCADE,
        id bigint GENERATED ALWAYS AS IDENTITY UNIQUE,
        name text NOT NULL,
        commit text NOT NULL DEFAULT '',
        model text NOT NULL DEFAULT '',
        pushed timestamptz,
        files bigint NOT NULL DEFAULT 0,
        texts bigint NOT NULL DEFAULT 0,
        tokens bigint NOT NULL DEFAULT 0,
        minor_texts bigint NOT NULL DEFAULT 0,
        minor_tokens bigint NOT NULL DEFAULT 0,
        PRIMARY KEY (repo, id),
        UNIQUE (repo, name)
    );

    -- A version of a file, by a digest over all that its symbols follow from. It never changes.
    CREATE TABLE file(
        repo bigint NOT NULL REFERENCES repo ON DELETE CASCADE,
        id bigint GENERATED ALWAYS AS IDENTITY,
        digest bytea NOT NULL,
        path text COLLATE "C" NOT NULL,
        language text,
        roles text NOT NULL,
        sent timestamptz NOT NULL DEFAULT now(),
        PRIMARY KEY (repo, id),
        UNIQUE (repo, digest)
    );
    CREATE TABLE ref_file(
        repo bigint NOT NULL,
        ref bigint NOT NULL,
        file bigint NOT NULL,
        PRIMARY KEY (repo, file, ref),
        FOREIGN KEY (repo, ref) REFERENCES ref ON DELETE CASCADE,
        FOREIGN KEY (repo, file) REFERENCES file
    );
    CREATE INDEX ref_file_ref ON ref_file(repo, ref);

    -- The vector of a content. Contents without a direction are left out.
    CREATE TABLE content(
        repo bigint NOT NULL REFERENCES repo ON DELETE CASCADE,
        hash bytea NOT NULL,
        minor boolean NOT NULL,
        v halfvec({DIMS}) NOT NULL,
        sent timestamptz NOT NULL DEFAULT now(),
        PRIMARY KEY (repo, hash)
    );
    CREATE INDEX content_v ON content USING hnsw (v halfvec_cosine_ops) WITH (m = 16, ef_construction = 64)
        WHERE NOT minor;

    CREATE TABLE symbol(
        repo bigint NOT NULL,
        id bigint GENERATED ALWAYS AS IDENTITY,
        file bigint NOT NULL,
        content bytea NOT NULL,
        minor boolean NOT NULL,
        kind text NOT NULL,
        name text NOT NULL,
        name_key text COLLATE "C" NOT NULL,
        signs text NOT NULL,
        scope_key text NOT NULL,
        qualname text NOT NULL,
        signature text NOT NULL,
        documentation text NOT NULL,
        start_line integer NOT NULL,
        end_line integer NOT NULL,
        start_byte integer NOT NULL,
        end_byte integer NOT NULL,
        tokens integer NOT NULL,
        naming tsvector NOT NULL,      -- A name, B scope, C signature, D path
        everything tsvector NOT NULL,  -- A name, B scope, signature and path, C documentation, D body
        PRIMARY KEY (repo, id),
        FOREIGN KEY (repo, file) REFERENCES file ON DELETE CASCADE
    );
    CREATE INDEX symbol_id ON symbol(id);
    CREATE INDEX symbol_file ON symbol(repo, file);
    CREATE INDEX symbol_content ON symbol(repo, content);
    CREATE INDEX symbol_name_key ON symbol(name_key);
    CREATE INDEX symbol_naming ON symbol USING gin (naming);
    CREATE INDEX symbol_everything ON symbol USING gin (everything);

    -- In how many texts of a ref each word is: anywhere, and in what names things.
    CREATE TABLE word(
        repo bigint NOT NULL,
        ref bigint NOT NULL,
        minor boolean NOT NULL,
        word text COLLATE "C" NOT NULL,
        texts bigint NOT NULL,
        naming bigint NOT NULL,
        PRIMARY KEY (repo, ref, minor, word),
        FOREIGN KEY (repo, ref) REFERENCES ref ON DELETE CASCADE
    );
    CREATE INDEX word_word ON word(word);

    CREATE FUNCTION who_has(given bytea) RETURNS text LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path = codesearch, pg_catalog
    AS $$ SELECT who FROM token WHERE hash = given $$;
    REVOKE ALL ON FUNCTION who_has(bytea) FROM PUBLIC;
    GRANT EXECUTE ON FUNCTION who_has(bytea) TO {APP};
    {searching.first_version("text", "everything", TO_NAME)}
    {searching.first_version("naming", "naming", TO_NAME)}
    ALTER FUNCTION text_matches OWNER TO {SEARCH};
    ALTER FUNCTION text_count OWNER TO {SEARCH};
    ALTER FUNCTION naming_matches OWNER TO {SEARCH};
    ALTER FUNCTION naming_count OWNER TO {SEARCH};
    REVOKE CREATE ON SCHEMA codesearch FROM {SEARCH};
    {policies.of_first_tables()};
    """,
    f"""
    -- The source of a version of a file: UTF-8, compressed by zlib.
    CREATE TABLE source(
        repo bigint NOT NULL,
        file bigint NOT NULL,
        packed bytea NOT NULL,
        PRIMARY KEY (repo, file),
        FOREIGN KEY (repo, file) REFERENCES file ON DELETE CASCADE
    );
    ALTER TABLE source ALTER packed SET STORAGE EXTERNAL;
    {policies.pushed("source")};
    CREATE INDEX file_path ON file(repo, path);
    ALTER TABLE ref ADD languages text[] NOT NULL DEFAULT '{{}}';
    UPDATE ref SET languages = coalesce((
        SELECT array_agg(DISTINCT f.language ORDER BY f.language) FILTER (WHERE f.language IS NOT NULL)
        FROM ref_file rf JOIN file f ON f.repo = rf.repo AND f.id = rf.file WHERE rf.repo = ref.repo AND rf.ref = ref.id
    ), '{{}}');
    """,
    f"""
    -- The vectors of the second stage, by the text they are of. They come with pushes; the gateway adds those that it
    -- had to make for an answer, in the name of the one who asks.
    CREATE TABLE model_vector(
        repo bigint NOT NULL REFERENCES repo ON DELETE CASCADE,
        model text COLLATE "C" NOT NULL,
        hash bytea NOT NULL,
        v bytea NOT NULL,
        PRIMARY KEY (repo, model, hash)
    );
    {policies.shared("model_vector")};
    """,
    """
    -- Where many files are searched, PostgreSQL takes them one by one and looks at all of their texts, since it expects
    -- few: 3 s of processor time per question in 237,542 symbols. Without nested loops it begins with the full text.
    ALTER FUNCTION text_matches SET enable_nestloop = off;
    ALTER FUNCTION text_count SET enable_nestloop = off;
    ALTER FUNCTION naming_matches SET enable_nestloop = off;
    ALTER FUNCTION naming_count SET enable_nestloop = off;
    """,
    f"""
    -- The packed index of a branch, in parts. One that is not whole is being sent.
    CREATE TABLE artifact(
        repo bigint NOT NULL,
        id bigint GENERATED ALWAYS AS IDENTITY,
        ref bigint NOT NULL,
        sha256 bytea NOT NULL,
        size bigint NOT NULL,
        commit text NOT NULL,
        whole boolean NOT NULL DEFAULT false,
        sent timestamptz NOT NULL DEFAULT now(),
        PRIMARY KEY (repo, id),
        UNIQUE (repo, ref, sha256),
        FOREIGN KEY (repo, ref) REFERENCES ref ON DELETE CASCADE
    );
    CREATE TABLE artifact_part(
        repo bigint NOT NULL,
        artifact bigint NOT NULL,
        number integer NOT NULL,
        data bytea NOT NULL,
        PRIMARY KEY (repo, artifact, number),
        FOREIGN KEY (repo, artifact) REFERENCES artifact ON DELETE CASCADE
    );
    ALTER TABLE artifact_part ALTER data SET STORAGE EXTERNAL;
    {policies.pushed("artifact")};
    {policies.pushed("artifact_part")};
    """,
    f"""
    -- What is granted to a group of an identity provider counts for everybody in it.
    {policies.of_groups()};
    {searching.first_version("text", "everything", GRANTED, _NO_LOOPS)}
    {searching.first_version("naming", "naming", GRANTED, _NO_LOOPS)}
    """,
    f"""
    -- What names a symbol was kept twice: `everything` has it, with labels A and B. The places of the scope end at
    -- scope_end, those of the signature at signature_end, and those of the path follow.
    ALTER TABLE symbol ADD scope_end smallint NOT NULL DEFAULT 0, ADD signature_end smallint NOT NULL DEFAULT 0;
    UPDATE symbol SET (scope_end, signature_end) = (
        SELECT coalesce(max(x.place) FILTER (WHERE x.label = 'B'), 0),
               coalesce(max(x.place) FILTER (WHERE x.label IN ('B', 'C')), 0)
        FROM unnest(naming) u, unnest(u.positions, u.weights) AS x(place, label)
    );
    DROP FUNCTION text_matches, text_count, naming_matches, naming_count;
    ALTER TABLE symbol DROP COLUMN naming;
    -- Minor symbols apart: few texts of theirs hold a word that many others hold.
    DROP INDEX symbol_everything;
    CREATE INDEX symbol_everything ON symbol USING gin (everything) WHERE NOT minor;
    CREATE INDEX symbol_minor_everything ON symbol USING gin (everything) WHERE minor;
    CREATE INDEX symbol_naming ON symbol USING gin (ts_filter(everything, '{{a,b}}')) WHERE NOT minor;
    CREATE INDEX symbol_minor_naming ON symbol USING gin (ts_filter(everything, '{{a,b}}')) WHERE minor;
    -- Scores read the words of a text, which are slow to read from elsewhere.
    ALTER TABLE symbol ALTER everything SET STORAGE MAIN;

    -- The first dimensions say most: among the {NEAREST} nearest by them are all but a few of the fifty nearest.
    DROP INDEX content_v;
    {vector_schema.INDEX};

    -- One index instead of two: a question asks for words, in all refs.
    ALTER TABLE word DROP CONSTRAINT word_pkey, ALTER texts TYPE integer, ALTER naming TYPE integer,
        ADD PRIMARY KEY (word, repo, ref, minor);
    DROP INDEX word_word;
    CREATE INDEX word_ref ON word USING brin (repo, ref) WITH (pages_per_range = 16, autosummarize = on);

    GRANT CREATE ON SCHEMA codesearch TO {SEARCH};
    {"".join(searching.count_of(name) + searching.first_best_of(name) for name in searching.EXPRESSIONS)}
    ALTER FUNCTION count_everything OWNER TO {SEARCH};
    ALTER FUNCTION count_naming OWNER TO {SEARCH};
    ALTER FUNCTION best_everything OWNER TO {SEARCH};
    ALTER FUNCTION best_naming OWNER TO {SEARCH};
    REVOKE CREATE ON SCHEMA codesearch FROM {SEARCH};
    """,
    f"""
    -- Several databases can be the shards of one server. A repository is in one of them; the others know its name and
    -- who may see it, so that each can say what is missing while another cannot be reached.
    ALTER TABLE repo ADD elsewhere boolean NOT NULL DEFAULT false;
    CREATE TABLE shard(server text NOT NULL, number integer NOT NULL, shards integer NOT NULL);
    GRANT SELECT ON shard TO {APP};
    """,
    f"""
    {vector_schema.TABLES.format(app=APP)}
    {policies.pushed("gone_vector")};
    """,
    f"""
    -- A score ranks each word of a text once instead of twice.
    {_best(searching.second_best_of)}
    """,
    f"""
    -- Which texts are of the refs is looked up for the best ones, one by one: see `searching`.
    {_best(searching.best_of)}
    {searching.SORTED_IN.format(app=APP)}
    -- Symbols are looked up by their id alone, so two indexes of it are one too many.
    ALTER TABLE symbol DROP CONSTRAINT symbol_pkey;
    """,
)

VERSION = len(MIGRATIONS)
OLDEST = 7
"""The oldest schema whose programs work on this one, so that gateways can be upgraded one after the other.

A migration that older programs cannot work with sets it to its own number: then all gateways stop for the upgrade.
"""
LOCK_SECONDS = 10
"""How long a migration waits for a table; everybody else waits behind it."""


def version(db: Database) -> int:
    """Return the number of migrations that a database has; 0 for one that is new."""
    return _state(db)[0]


def _state(db: Database) -> tuple[int, int]:
    """Return the number of migrations of a database, and the oldest schema whose programs work on it."""
    known = db.execute("SELECT to_regclass('codesearch.version') IS NOT NULL").fetchone()
    if not (known and known[0]):
        return 0, 0
    row = db.execute("SELECT v.number, to_jsonb(v) -> 'oldest' FROM codesearch.version v").fetchone()
    if row is None:
        return 0, 0
    return int(row[0]), int(row[0] if row[1] is None else row[1])


class Place(NamedTuple):
    """Which of the databases of a server one is."""

    server: str
    number: int
    """From 0."""
    shards: int


def place(db: Database) -> Place | None:
    """Return which shard of a server a database is; None for one that stands alone."""
    row = db.execute("SELECT server, number, shards FROM codesearch.shard").fetchone()
    return None if row is None else Place(str(row[0]), int(row[1]), int(row[2]))


def migrate(db: Database) -> None:
    """Bring a database to the schema of this program; the caller commits.

    Raises StoreError if it is newer, and this program does not work on it.
    """
    db.execute("SELECT pg_advisory_xact_lock(%s)", (_LOCK,))
    check(db, may_be_older=True)
    now = version(db)
    if now >= VERSION:
        return
    db.execute(f"SET LOCAL lock_timeout = '{round(1000 * LOCK_SECONDS)}ms'".encode())
    db.execute("CREATE SCHEMA IF NOT EXISTS codesearch")
    db.execute("SET LOCAL search_path = codesearch, public")
    for statements in MIGRATIONS[now:]:
        db.execute(statements.encode())
    db.execute("CREATE TABLE IF NOT EXISTS codesearch.version(number integer NOT NULL)")
    db.execute("ALTER TABLE codesearch.version ADD COLUMN IF NOT EXISTS oldest integer")
    db.execute(f"GRANT SELECT ON codesearch.version TO {APP}".encode())
    db.execute("DELETE FROM codesearch.version")
    db.execute("INSERT INTO codesearch.version(number, oldest) VALUES (%s, %s)", (VERSION, OLDEST))
    db.execute("SET LOCAL lock_timeout = DEFAULT")


def check(db: Database, *, may_be_older: bool = False) -> None:
    """Raise StoreError if this program does not work on the schema of a database."""
    found, oldest = _state(db)
    if found > VERSION and oldest > VERSION:
        raise StoreError(
            f"the database was written by a newer codesearch (schema {found}, this program knows {VERSION}): upgrade it"
        )
    if found < VERSION and not may_be_older:
        raise StoreError(
            f"the database has schema {found}, not {VERSION}: run `codesearch access migrate` as the owner of the "
            "database, which brings it up to date"
        )
