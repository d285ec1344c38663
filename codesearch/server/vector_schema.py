"""The parts of the schema for vectors: their index in PostgreSQL, and the tables that say what is in Milvus."""

DIMS = 256
FIRST_DIMS = 128
"""Dimensions that HNSW compares."""
INDEX = f"""CREATE INDEX content_v ON content USING hnsw ((subvector(v, 1, {FIRST_DIMS})::halfvec({FIRST_DIMS}))
    halfvec_cosine_ops) WITH (m = 16, ef_construction = 64) WHERE NOT minor"""
"""The statement that makes the index. It can be deleted if Milvus has the vectors: see `vectors`."""
TABLES = """
-- Milvus may have the vectors of contents, too: see `vectors`. Who adds contents must know the collection.
CREATE TABLE vectors(
    collection text NOT NULL, kind text NOT NULL, whole boolean NOT NULL DEFAULT false, at bigint NOT NULL DEFAULT 0
);
GRANT SELECT ON vectors TO {app};
CREATE FUNCTION vectors_known() RETURNS trigger LANGUAGE plpgsql SET search_path = codesearch, pg_catalog AS $$
BEGIN
    IF EXISTS (
        SELECT FROM vectors WHERE collection IS DISTINCT FROM current_setting('codesearch.vectors', true)
    ) THEN
        RAISE EXCEPTION 'the vectors of this database are in Milvus, and this gateway does not know of it: '
            'upgrade it, and start it with --vectors';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER vectors_known BEFORE INSERT ON content FOR EACH STATEMENT EXECUTE FUNCTION vectors_known();
-- Contents that are not here any more, and still in Milvus; an empty hash stands for all of a repository.
CREATE TABLE gone_vector(
    repo bigint NOT NULL,
    hash bytea NOT NULL,
    since timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (repo, hash)
);
-- The time of Milvus when the branch was pushed.
ALTER TABLE ref ADD vectors_at bigint NOT NULL DEFAULT 0;
"""
"""The statements that make the tables; `gone_vector` gets its policies in `schema`. To be formatted with `app`."""
