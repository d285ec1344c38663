"""The functions of the database that search the full text. They check the grants themselves, since they may read all.

They return only ids, scores and numbers. Released ones are never edited: a migration makes new ones.
"""

from __future__ import annotations

TO_NAME = "{column} IN (SELECT g.repo FROM codesearch.grants g WHERE g.who = current_setting('codesearch.who', true))"
"""The condition of the first migrations: only what is granted to a name."""
ASKER = "ANY (string_to_array(current_setting('codesearch.who', true), E'\\n'))"
"""The name of the one who asks, and the groups: see `access.asker`."""
GRANTED = f"{{column}} IN (SELECT g.repo FROM codesearch.grants g WHERE g.who = {ASKER})"


def first_version(name: str, column: str, granted: str, settings: str = "") -> str:
    """Return the function that scores the texts whose `column` matches, and the one that counts them."""
    visible = f"""
    AND s.minor = is_minor AND {granted.format(column="s.repo")}
    AND EXISTS (SELECT 1 FROM codesearch.ref_file rf WHERE rf.repo = s.repo AND rf.file = s.file AND rf.ref = ANY(refs))
    """
    return f"""
    CREATE OR REPLACE FUNCTION {name}_matches(asked tsquery, words tsquery[], rarity float8[], weights float4[],
        average float8, refs bigint[], is_minor boolean, most integer)
    RETURNS TABLE(id bigint, score float8) LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path = codesearch, pg_catalog, public {settings}
    AS $$
        SELECT s.id, (
            SELECT sum(t.rarity * t.often / (t.often + 1.2 * (0.25 + 0.75 * s.tokens / average)))
            FROM (SELECT w.rarity, 1.645 * ts_rank(weights, s.{column}, w.word) AS often
                  FROM unnest(words, rarity) AS w(word, rarity)) t
        )
        FROM symbol s
        WHERE s.{column} @@ asked {visible}
        ORDER BY 2 DESC, 1 LIMIT most
    $$;
    CREATE OR REPLACE FUNCTION {name}_count(asked tsquery, refs bigint[], is_minor boolean, most integer)
    RETURNS bigint LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path = codesearch, pg_catalog, public {settings}
    AS $$
        SELECT count(*) FROM (SELECT 1 FROM symbol s WHERE s.{column} @@ asked {visible} LIMIT most) found
    $$;
    """


TEXT_INDEXES = ("symbol_everything", "symbol_minor_everything", "symbol_naming", "symbol_minor_naming")
SORTED_IN = f"""
    -- What is inserted into a GIN index waits in a list of up to 4 MB, which every search reads from end to end. A push
    -- ends with sorting it in; only the owner of an index may.
    CREATE FUNCTION sort_in_texts() RETURNS bigint LANGUAGE sql SECURITY DEFINER
    SET search_path = codesearch, pg_catalog
    AS $$ SELECT sum(gin_clean_pending_list(i::regclass))::bigint
          FROM unnest('{{{{{",".join(TEXT_INDEXES)}}}}}'::text[]) i $$;
    REVOKE ALL ON FUNCTION sort_in_texts() FROM PUBLIC;
    GRANT EXECUTE ON FUNCTION sort_in_texts() TO {{app}};
    SELECT sort_in_texts();
"""
"""The statements that make the function; to be formatted with `app`."""
EXPRESSIONS = {"everything": "s.everything", "naming": "ts_filter(s.everything, '{a,b}')"}
"""What is searched -> its expression, as the index has it."""


def count_of(name: str) -> str:
    """Return the function that counts the texts that match."""
    return f"""
    CREATE FUNCTION count_{name}(asked tsquery, refs bigint[], is_minor boolean, most integer)
    RETURNS bigint LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = codesearch, pg_catalog, public
    SET enable_nestloop = off
    AS $$
    DECLARE
        found bigint;
    BEGIN
        EXECUTE format($q$
            SELECT count(*) FROM (
                SELECT 1 FROM symbol s WHERE {EXPRESSIONS[name]} @@ %L::tsquery AND %s
                    AND {GRANTED.format(column="s.repo")} AND EXISTS (
                    SELECT 1 FROM ref_file rf WHERE rf.repo = s.repo AND rf.file = s.file AND rf.ref = ANY($1))
                LIMIT $2
            ) matching
            $q$, asked, CASE WHEN is_minor THEN 's.minor' ELSE 'NOT s.minor' END)
            INTO found USING refs, most;
        RETURN found;
    END
    $$;
    """


_SCORED_TWICE = """
        SELECT coalesce(string_agg(format(
            $q$%s * t%s / (t%s + 1.2 * (0.25 + 0.75 * s.tokens / $4))$q$, w.rarity, w.n, w.n), ' + '), '0')
            INTO scored FROM unnest(words, rarity) WITH ORDINALITY AS w(word, rarity, n);
        SELECT format(
            $q$SELECT s.id, s.repo, s.file, (%s)::float8 AS score FROM (
                SELECT s.id, s.repo, s.file, s.tokens %s FROM symbol s
                WHERE (%s) AND %s AND s.repo = ANY($1)
            ) s ORDER BY score DESC, s.id LIMIT $2$q$,
            scored, coalesce(string_agg(format(
                $q$, 4.935 * ts_rank($5, s.everything, %L::tsquery) AS t%s$q$, w.word, w.n), ''), ''), matching,
            CASE WHEN is_minor THEN 's.minor' ELSE 'NOT s.minor' END)
            INTO matching FROM unnest(words) WITH ORDINALITY AS w(word, n);"""
"""How the first `best_of` wrote the score out: PostgreSQL takes the inner query apart, and ranks each word twice."""
_SCORED = """
        SELECT coalesce(string_agg(format(
            $q$%s * (1 - k / (4.935::float8 * ts_rank($5, s.everything, %L::tsquery) + k))$q$, w.rarity, w.word),
            ' + '), '0')
            INTO scored FROM unnest(words, rarity) AS w(word, rarity);
        matching := format(
            $q$SELECT s.id, s.repo, s.file, s.content, (%s)::float8 AS score FROM (
                SELECT s.id, s.repo, s.file, s.content, s.everything, 0.3::float8 + 0.9::float8 * s.tokens / $4 AS k
                FROM symbol s WHERE (%s) AND %s AND s.repo = ANY($1)
                OFFSET 0
            ) s ORDER BY score DESC, s.content, s.id LIMIT $2$q$,
            scored, matching, CASE WHEN is_minor THEN 's.minor' ELSE 'NOT s.minor' END);"""
"""The same score, with each word ranked once: t / (t + k) is 1 - k / (t + k). OFFSET keeps the inner query whole."""
_SCORED_OF_MANY = _SCORED.replace("s.repo = ANY($1)", "%s = ANY($1)").replace(
    "ELSE 'NOT s.minor' END);", "ELSE 'NOT s.minor' END, of_repos);"
)
"""The same, with a condition that says whether the repositories are few enough to be looked up in their index."""
_REPOS = """
        SELECT array_agg(DISTINCT r.repo) INTO repos FROM ref r
        WHERE r.id = ANY(refs) AND {granted};"""
_REPOS_AND_SHARE = """
        SELECT array_agg(DISTINCT r.repo), CASE WHEN {share} * sum(r.texts + r.minor_texts) > (
            SELECT c.reltuples FROM pg_class c WHERE c.oid = 'codesearch.symbol'::regclass
        ) THEN 's.repo + 0' ELSE 's.repo' END INTO repos, of_repos FROM ref r
        WHERE r.id = ANY(refs) AND {granted};"""
"""The same. If more than a quarter of all texts is of the refs, `+ 0` keeps PostgreSQL from reading that index for all
of them, which took longer than all the rest."""
_SHARE = 4
_LIVE_JOINED = """
                    SELECT b.id, b.score{of_best} FROM best b WHERE EXISTS (
                        SELECT 1 FROM ref_file rf WHERE rf.repo = b.repo AND rf.file = b.file AND rf.ref = ANY($3))
                    ORDER BY b.score DESC{of_best}, b.id LIMIT $6"""
"""How `best_of` found the texts of the refs before: PostgreSQL read all files of all refs for it."""
_LIVE = """
                    SELECT b.id, b.score{of_best} FROM (SELECT * FROM best ORDER BY score DESC, content, id OFFSET 0) b
                    CROSS JOIN LATERAL (SELECT FROM ref_file rf
                        WHERE rf.repo = b.repo AND rf.file = b.file AND rf.ref = ANY($3) LIMIT 1) held
                    LIMIT $6"""
"""The same, one text after the other until there are enough of them. LIMIT and OFFSET keep the order."""


def first_best_of(name: str) -> str:
    """Return what `best_of` was at first: of equal scores, the first id came first."""
    return _best_of(name, _SCORED_TWICE, "", _LIVE_JOINED, _REPOS)


def second_best_of(name: str) -> str:
    """Return what `best_of` was next: it reads all files of the refs, to know which texts are of them."""
    return f"DROP FUNCTION best_{name};" + _best_of(name, _SCORED, "content", _LIVE_JOINED, _REPOS)


def best_of(name: str) -> str:
    """Return the function that finds the best texts that match any of `parts`, by a score near BM25.

    Each part is looked up in the index by itself, since PostgreSQL skips through the texts of a common word only if the
    rest of a condition names a rare one. The score is written out for the words, and which texts are of the refs is
    looked up for the best ones only; if too many of those are of other refs, all are scored again. Of equal scores, the
    hash of the content decides, so that it does not matter which database a text is in.
    """
    return f"DROP FUNCTION best_{name};" + _best_of(name, _SCORED_OF_MANY, "content", _LIVE, _REPOS_AND_SHARE)


def _best_of(name: str, scored: str, tie: str, live: str, repos: str) -> str:
    column = EXPRESSIONS[name]
    typed, of_best, of_live = (f", {tie} bytea", f", b.{tie}", f", l.{tie}") if tie else ("", "", "")
    declared = "\n        of_repos text;" if "of_repos" in repos else ""
    return f"""
    CREATE FUNCTION best_{name}(parts tsquery[], beginnings text[], words tsquery[], rarity float8[],
        weights float4[], average float8, refs bigint[], is_minor boolean, most integer)
    RETURNS TABLE(id bigint, score float8{typed}) LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path = codesearch, pg_catalog, public
    AS $$
    DECLARE
        repos bigint[];
        matching text;
        scored text;{declared}
        looked_at bigint := 2 * most;
    BEGIN{repos.format(granted=GRANTED.format(column="r.repo"), share=_SHARE)}
        IF repos IS NULL OR cardinality(parts) = 0 THEN
            RETURN;
        END IF;
        SELECT string_agg(format($q${column} @@ %L::tsquery$q$, p), ' OR ') INTO matching FROM unnest(parts) p;
        IF cardinality(beginnings) > 0 THEN
            SELECT format('(%s) AND %s', matching, string_agg(format($q$EXISTS (
                SELECT 1 FROM unnest(s.everything) u, unnest(u.positions, u.weights) AS x(place, label)
                WHERE starts_with(u.lexeme, %L) AND (x.label = 'A' OR x.label = 'B' AND x.place <= s.scope_end))$q$, b),
                ' AND ')) INTO matching FROM unnest(beginnings) b;
        END IF;{scored}
        LOOP
            RETURN QUERY EXECUTE format($q$
                WITH best AS MATERIALIZED (%s), live AS ({live.format(of_best=of_best)}
                )
                SELECT l.id, l.score{of_live} FROM live l
                WHERE $2 IS NULL OR (SELECT count(*) FROM live) >= $6 OR (SELECT count(*) FROM best) < $2
                $q$, matching)
                USING repos, looked_at, refs, average, weights, most;
            EXIT WHEN FOUND OR looked_at IS NULL;
            looked_at := NULL;
        END LOOP;
    END
    $$;
    """
