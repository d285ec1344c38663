"""The schema of an index file, as numbered migrations; docs/schema.md describes the part that people may rely on.

`PRAGMA user_version` holds the number of applied migrations, independently of the version of the program. A released
migration is never edited: a change is a new migration.
"""

from __future__ import annotations

MIGRATIONS: tuple[str, ...] = (
    """
    CREATE TABLE meta(key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;

    -- One row per file seen; skipped is NULL for an indexed file, else the reason.
    CREATE TABLE file(
        id INTEGER PRIMARY KEY,
        path NOT NULL UNIQUE,          -- TEXT; a BLOB if the name is not valid UTF-8
        language TEXT,
        skipped TEXT,
        detail TEXT NOT NULL DEFAULT '',
        lines INTEGER NOT NULL DEFAULT 0,
        size INTEGER NOT NULL,
        mtime_ns INTEGER NOT NULL,
        ctime_ns INTEGER NOT NULL,
        inode INTEGER NOT NULL,
        checked_ns INTEGER NOT NULL,   -- when size and times were read
        hash BLOB,                     -- of the raw bytes; NULL if the file was not read
        roles TEXT NOT NULL DEFAULT '' -- test, vendored, generated, example: separated by blanks
    );

    -- Distinct texts, as an embedder sees them. Vectors belong to texts, not to places.
    CREATE TABLE content(id INTEGER PRIMARY KEY, hash BLOB NOT NULL UNIQUE);

    -- The vector of a content, one int8 per dimension, and the signs of its elements. Comparing signs finds the
    -- nearest quickly; the vectors then order them.
    CREATE TABLE vector(id INTEGER PRIMARY KEY REFERENCES content(id), embedding BLOB NOT NULL);
    CREATE TABLE vector_signs(id INTEGER PRIMARY KEY REFERENCES content(id), signs BLOB NOT NULL);

    CREATE TABLE symbol(
        id INTEGER PRIMARY KEY,
        file_id INTEGER NOT NULL REFERENCES file(id),
        content_id INTEGER NOT NULL REFERENCES content(id),
        kind TEXT NOT NULL,
        name TEXT NOT NULL,
        name_key TEXT NOT NULL,        -- the name without case and separators
        qualname TEXT NOT NULL,
        signature TEXT NOT NULL,
        documentation TEXT NOT NULL,
        start_line INTEGER NOT NULL,
        end_line INTEGER NOT NULL,
        start_byte INTEGER NOT NULL,
        end_byte INTEGER NOT NULL
    );
    CREATE INDEX symbol_file ON symbol(file_id, start_line);
    CREATE INDEX symbol_content ON symbol(content_id);
    CREATE INDEX symbol_name_key ON symbol(name_key);

    CREATE VIRTUAL TABLE symbol_text USING fts5(
        name, scope, signature, documentation, path, body,
        content='', contentless_delete=1, tokenize="porter unicode61 remove_diacritics 2"
    );

    CREATE VIEW files AS
        SELECT path, language, lines, size, skipped, detail, roles FROM file;
    CREATE VIEW symbols AS
        SELECT s.id, f.path, f.language, s.kind, s.name, s.qualname, s.signature, s.documentation,
               s.start_line, s.end_line, f.roles
        FROM symbol s JOIN file f ON f.id = s.file_id;
    """,
    """
    -- The reranker models and their vectors: a cache, filled as queries need it or by backfill.
    CREATE TABLE model(id INTEGER PRIMARY KEY, model_id TEXT NOT NULL UNIQUE, dims INTEGER NOT NULL);
    CREATE TABLE model_vector(
        content_id INTEGER NOT NULL REFERENCES content(id),
        model INTEGER NOT NULL REFERENCES model(id),
        embedding BLOB NOT NULL,       -- one int8 per dimension
        PRIMARY KEY(content_id, model)
    ) WITHOUT ROWID;

    -- The vectors of the latest queries.
    CREATE TABLE query_vector(
        id INTEGER PRIMARY KEY,
        model INTEGER NOT NULL REFERENCES model(id),
        hash BLOB NOT NULL,
        embedding BLOB NOT NULL,
        UNIQUE(model, hash)
    );

    -- Contents that no symbol has any more, in the order in which they lost their last symbol. They are kept for a
    -- while for their vectors, since switching back to another branch brings them back.
    CREATE TABLE unused(id INTEGER PRIMARY KEY, content_id INTEGER NOT NULL UNIQUE REFERENCES content(id));
    """,
    """
    -- The signs of many vectors per row: comparing them in blocks is much faster. sign_codes.py describes the layout.
    DROP TABLE vector_signs;
    CREATE TABLE vector_signs(block INTEGER PRIMARY KEY, signs BLOB NOT NULL);

    -- The longest field comes first: FTS5 stores the column of every position that is not in the first column.
    DROP TABLE symbol_text;
    CREATE VIRTUAL TABLE symbol_text USING fts5(
        body, name, scope, signature, documentation, path,
        content='', contentless_delete=1, tokenize="porter unicode61 remove_diacritics 2"
    );

    -- Everything is read again; reranker vectors stay.
    DELETE FROM meta;
    DELETE FROM symbol;
    DELETE FROM vector;
    DELETE FROM file;
    INSERT OR IGNORE INTO unused(content_id) SELECT DISTINCT content_id FROM model_vector;
    DELETE FROM content WHERE id NOT IN (SELECT content_id FROM unused);
    """,
    """
    -- The nearest texts of each text; related.py describes them. A text is up to date if its hash is still the same.
    CREATE TABLE related_text(content_id INTEGER PRIMARY KEY, hash BLOB NOT NULL);
    CREATE TABLE related_pair(
        content_id INTEGER NOT NULL,
        place INTEGER NOT NULL,        -- from 1
        other_id INTEGER NOT NULL,
        similarity INTEGER NOT NULL,   -- cosine in ten thousandths
        PRIMARY KEY(content_id, place)
    ) WITHOUT ROWID;

    -- What clusters, maps and concepts keep from one run to the next.
    CREATE TABLE atlas(name TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;

    CREATE VIEW related AS
        SELECT s.id AS symbol_id, p.place AS rank, p.similarity / 10000.0 AS similarity,
               (SELECT min(o.id) FROM symbol o WHERE o.content_id = p.other_id) AS related_id
        FROM symbol s
        JOIN content c ON c.id = s.content_id
        JOIN related_text t ON t.content_id = c.id AND t.hash = c.hash
        JOIN related_pair p ON p.content_id = c.id
        JOIN content oc ON oc.id = p.other_id
        JOIN related_text ot ON ot.content_id = oc.id AND ot.hash = oc.hash
        WHERE EXISTS (SELECT 1 FROM symbol o WHERE o.content_id = p.other_id);
    """,
    """
    -- What is called, constructed, inherited and imported where, by name. Files with the same bytes share one set;
    -- place is the number of a symbol: start of the set + position of the symbol in its file.
    CREATE TABLE reference_name(id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
    CREATE TABLE reference_set(
        start INTEGER PRIMARY KEY,
        places INTEGER NOT NULL,       -- symbols in the file
        hash BLOB NOT NULL UNIQUE,     -- of the references
        names BLOB NOT NULL            -- ids of the names in it, as 32-bit integers
    );
    CREATE TABLE reference_file(
        file_id INTEGER PRIMARY KEY REFERENCES file(id),
        start INTEGER NOT NULL REFERENCES reference_set(start),
        first_symbol INTEGER NOT NULL  -- the symbol at place `start`
    );
    CREATE INDEX reference_file_start ON reference_file(start);
    CREATE TABLE reference(
        name_id INTEGER NOT NULL REFERENCES reference_name(id),
        place INTEGER NOT NULL,
        role INTEGER NOT NULL,         -- position in core.references.ROLES
        receiver_id INTEGER NOT NULL,  -- of reference_name; 0 if there is none
        line INTEGER NOT NULL,         -- of the first such reference, counted from the line of the symbol
        PRIMARY KEY(name_id, place, role, receiver_id)
    ) WITHOUT ROWID;

    CREATE VIEW edges AS
        SELECT s.id AS symbol_id, f.path, s.qualname, s.start_line + r.line AS line,
               CASE r.role WHEN 0 THEN 'call' WHEN 1 THEN 'new' WHEN 2 THEN 'base' WHEN 3 THEN 'type' WHEN 4 THEN 'use'
                   WHEN 5 THEN 'import' WHEN 6 THEN 'field' WHEN 7 THEN 'decorator' END AS role,
               n.name, coalesce(w.name, '') AS receiver
        FROM reference r
        JOIN reference_name n ON n.id = r.name_id
        LEFT JOIN reference_name w ON w.id = r.receiver_id
        JOIN reference_file rf ON rf.start = (SELECT max(start) FROM reference_set WHERE start <= r.place)
        JOIN symbol s ON s.id = rf.first_symbol + r.place - rf.start
        JOIN file f ON f.id = rf.file_id;
    """,
    """
    -- The texts of minor symbols: constants, sections of documents and the like. In symbol_text they would change how
    -- rare a word is there, and so the order of functions.
    CREATE VIRTUAL TABLE minor_text USING fts5(
        body, name, scope, signature, documentation, path,
        content='', contentless_delete=1, tokenize="porter unicode61 remove_diacritics 2"
    );
    """,
    """
    -- Static vectors take half a byte per dimension (vector_codes.py). Everything is read again; reranker vectors stay.
    DELETE FROM meta;
    DELETE FROM symbol;
    DELETE FROM vector;
    DELETE FROM vector_signs;
    DELETE FROM file;
    DELETE FROM reference;
    DELETE FROM reference_file;
    DELETE FROM reference_set;
    DELETE FROM reference_name;
    DELETE FROM related_text;
    DELETE FROM related_pair;
    INSERT INTO symbol_text(symbol_text) VALUES ('delete-all');
    INSERT INTO minor_text(minor_text) VALUES ('delete-all');
    INSERT OR IGNORE INTO unused(content_id) SELECT DISTINCT content_id FROM model_vector;
    DELETE FROM content WHERE id NOT IN (SELECT content_id FROM unused);
    """,
    """
    -- The vectors of the bundled transformer take half a byte per dimension, too.
    UPDATE model_vector SET embedding = packed(embedding) WHERE length(embedding) = 384
        AND model IN (SELECT id FROM model WHERE dims = 384 AND model_id LIKE 'transformer@%');
    """,
    """
    -- Names and other texts that repeat are kept once; a file knows where its symbols begin and end.
    DROP VIEW files;
    DROP VIEW symbols;
    DROP VIEW related;
    DROP VIEW edges;
    DROP TABLE symbol;
    DROP TABLE reference;
    DROP TABLE reference_file;
    DROP TABLE reference_set;
    DROP TABLE reference_name;
    DROP TABLE file;

    CREATE TABLE file(
        id INTEGER PRIMARY KEY,
        path NOT NULL UNIQUE,          -- TEXT; a BLOB if the name is not valid UTF-8
        language TEXT,
        skipped TEXT,                  -- NULL for an indexed file, else the reason
        detail TEXT NOT NULL DEFAULT '',
        lines INTEGER NOT NULL DEFAULT 0,
        size INTEGER NOT NULL,
        mtime_ns INTEGER NOT NULL,
        ctime_ns INTEGER NOT NULL,
        inode INTEGER NOT NULL,
        checked_ns INTEGER NOT NULL,   -- when size and times were read
        hash BLOB,                     -- of the raw bytes; NULL if the file was not read
        roles TEXT NOT NULL DEFAULT '',    -- test, vendored, generated, example: separated by blanks
        first_symbol INTEGER NOT NULL DEFAULT 0,
        last_symbol INTEGER NOT NULL DEFAULT -1    -- its symbols have consecutive ids; less than the first: it has none
    );

    -- Four bytes find a hash; the whole one decides.
    CREATE TABLE kept AS SELECT id, hash FROM content
        WHERE id IN (SELECT content_id FROM unused UNION SELECT content_id FROM model_vector);
    DROP TABLE content;
    CREATE TABLE content(id INTEGER PRIMARY KEY, hash BLOB NOT NULL);
    INSERT INTO content SELECT id, hash FROM kept;
    DROP TABLE kept;
    CREATE INDEX content_hash ON content(substr(hash, 1, 4));

    -- The names of symbols, and those that references name. `key` is the name without case and separators; NULL if
    -- it is what the index computes.
    CREATE TABLE name(id INTEGER PRIMARY KEY, text TEXT NOT NULL, key TEXT);
    CREATE INDEX name_key ON name(coalesce(key, replace(replace(replace(lower(text), '_', ''), ' ', ''), '-', '')));

    -- Other texts that repeat, found by a checksum: the containers of symbols, the beginnings of signatures, the
    -- receivers of references. `whole`: a qualified name that does not end with the name.
    CREATE TABLE part(
        id INTEGER PRIMARY KEY,
        checksum INTEGER NOT NULL,
        whole INTEGER NOT NULL,
        text TEXT NOT NULL
    );
    CREATE INDEX part_checksum ON part(checksum);

    -- The symbols; the view `full_symbol` puts their texts together.
    CREATE TABLE symbol(
        id INTEGER PRIMARY KEY,
        file_id INTEGER NOT NULL REFERENCES file(id),
        content_id INTEGER NOT NULL REFERENCES content(id),
        kind_number INTEGER NOT NULL,  -- position in core.types.KINDS
        name_id INTEGER NOT NULL REFERENCES name(id),
        container_id INTEGER REFERENCES part(id),    -- what precedes the name in the qualified name
        beginning_id INTEGER REFERENCES part(id),    -- what precedes the name in the signature; NULL: it is not in it
        start_line INTEGER NOT NULL,
        lines INTEGER NOT NULL,        -- after the first
        start_byte INTEGER NOT NULL,
        bytes INTEGER NOT NULL,
        rest TEXT NOT NULL,            -- what follows the name in the signature
        documentation TEXT NOT NULL
    );
    CREATE INDEX symbol_content ON symbol(content_id);
    CREATE INDEX symbol_name ON symbol(name_id);

    -- As in version 5, but names and receivers are in tables of others, and the first symbol is in `file`.
    CREATE TABLE reference_set(
        start INTEGER PRIMARY KEY,
        places INTEGER NOT NULL,       -- symbols in the file
        hash BLOB NOT NULL UNIQUE,     -- of the references
        names BLOB NOT NULL            -- ids of the names in it, as 32-bit integers
    );
    CREATE TABLE reference_file(
        file_id INTEGER PRIMARY KEY REFERENCES file(id),
        start INTEGER NOT NULL REFERENCES reference_set(start)
    );
    CREATE INDEX reference_file_start ON reference_file(start);
    CREATE TABLE reference(
        name_id INTEGER NOT NULL REFERENCES name(id),
        place INTEGER NOT NULL,
        role INTEGER NOT NULL,         -- position in core.references.ROLES
        receiver_id INTEGER NOT NULL,  -- of part; 0 if there is none
        line INTEGER NOT NULL,         -- of the first such reference, counted from the line of the symbol
        PRIMARY KEY(name_id, place, role, receiver_id)
    ) WITHOUT ROWID;

    -- The outer joins find one row each; SQLite leaves out those whose columns a statement does not use.
    CREATE VIEW full_symbol AS
        SELECT d.id, d.file_id, d.content_id, d.kind_number,
               CASE d.kind_number WHEN 0 THEN 'function' WHEN 1 THEN 'method' WHEN 2 THEN 'class' WHEN 3 THEN 'struct'
                   WHEN 4 THEN 'trait' WHEN 5 THEN 'interface' WHEN 6 THEN 'enum' WHEN 7 THEN 'type'
                   WHEN 8 THEN 'macro' WHEN 9 THEN 'test' WHEN 10 THEN 'module' WHEN 11 THEN 'constant'
                   WHEN 12 THEN 'variable' WHEN 13 THEN 'field' WHEN 14 THEN 'member' WHEN 15 THEN 'alias'
                   WHEN 16 THEN 'call' WHEN 17 THEN 'section' WHEN 18 THEN 'document' WHEN 19 THEN 'config'
                   WHEN 20 THEN 'cell' END AS kind,
               d.name_id, n.text AS name,
               coalesce(n.key, replace(replace(replace(lower(n.text), '_', ''), ' ', ''), '-', '')) AS name_key,
               CASE WHEN c.whole THEN c.text ELSE coalesce(c.text, '') || n.text END AS qualname,
               coalesce(b.text || n.text, '') || d.rest AS signature, d.documentation,
               d.start_line, d.start_line + d.lines AS end_line, d.start_byte, d.start_byte + d.bytes AS end_byte
        FROM symbol d
        LEFT JOIN name n ON n.id = d.name_id
        LEFT JOIN part c ON c.id = d.container_id
        LEFT JOIN part b ON b.id = d.beginning_id;

    CREATE VIEW files AS
        SELECT path, language, lines, size, skipped, detail, roles FROM file;
    CREATE VIEW symbols AS
        SELECT s.id, f.path, f.language, s.kind, s.name, s.qualname, s.signature, s.documentation,
               s.start_line, s.end_line, f.roles
        FROM full_symbol s JOIN file f ON f.id = s.file_id AND s.id BETWEEN f.first_symbol AND f.last_symbol;
    CREATE VIEW related AS
        SELECT s.id AS symbol_id, p.place AS rank, p.similarity / 10000.0 AS similarity,
               (SELECT min(o.id) FROM symbol o WHERE o.content_id = p.other_id) AS related_id
        FROM symbol s
        JOIN content c ON c.id = s.content_id
        JOIN related_text t ON t.content_id = c.id AND t.hash = c.hash
        JOIN related_pair p ON p.content_id = c.id
        JOIN content oc ON oc.id = p.other_id
        JOIN related_text ot ON ot.content_id = oc.id AND ot.hash = oc.hash
        WHERE EXISTS (SELECT 1 FROM symbol o WHERE o.content_id = p.other_id);
    CREATE VIEW edges AS
        SELECT s.id AS symbol_id, f.path, s.qualname, s.start_line + r.line AS line,
               CASE r.role WHEN 0 THEN 'call' WHEN 1 THEN 'new' WHEN 2 THEN 'base' WHEN 3 THEN 'type' WHEN 4 THEN 'use'
                   WHEN 5 THEN 'import' WHEN 6 THEN 'field' WHEN 7 THEN 'decorator' END AS role,
               n.text AS name, coalesce(w.text, '') AS receiver
        FROM name n
        CROSS JOIN reference r ON r.name_id = n.id    -- in this order, a name is found without reading all references
        LEFT JOIN part w ON w.id = r.receiver_id
        JOIN reference_file rf ON rf.start = (SELECT max(start) FROM reference_set WHERE start <= r.place)
        JOIN file f ON f.id = rf.file_id
        JOIN full_symbol s ON s.id = f.first_symbol + r.place - rf.start;

    -- A full-text index without places of words, in segments (text_segments.py), instead of FTS5.
    DROP TABLE symbol_text;
    DROP TABLE minor_text;
    CREATE TABLE text_segment(
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        minor INTEGER NOT NULL,
        first INTEGER NOT NULL,        -- its texts are the symbols with these ids
        last INTEGER NOT NULL,
        texts INTEGER NOT NULL,
        postings INTEGER NOT NULL,
        block INTEGER NOT NULL,        -- its blocks follow each other
        blocks INTEGER NOT NULL,
        directory BLOB NOT NULL        -- the first word of each block
    );
    CREATE TABLE text_block(id INTEGER PRIMARY KEY, data BLOB NOT NULL);
    -- Words per text (text_lengths.py).
    CREATE TABLE text_length(
        minor INTEGER NOT NULL,
        block INTEGER NOT NULL,
        lengths BLOB NOT NULL,
        PRIMARY KEY(minor, block)
    ) WITHOUT ROWID;

    -- Everything is read again; reranker vectors stay.
    DELETE FROM meta;
    DELETE FROM vector;
    DELETE FROM vector_signs;
    DELETE FROM related_text;
    DELETE FROM related_pair;
    INSERT OR IGNORE INTO unused(content_id) SELECT DISTINCT content_id FROM model_vector;
    """,
)

VERSION = len(MIGRATIONS)

TEXT_FIELDS = ("name", "scope", "signature", "documentation", "path", "body")
"""The fields of the text of a symbol, in the order used everywhere but in postings."""
TEXT_COLUMNS = ("body", "name", "scope", "signature", "documentation", "path")
"""The same in the order in which postings count words."""
