"""The policies of row-level security: what the one who asks may read and change, as SQL for migrations.

Released statements are never edited, as those of `schema`.
"""

from __future__ import annotations

from codesearch.server.searching import ASKER, GRANTED, TO_NAME

APP = "codesearch_app"
SEARCH = "codesearch_search"
TABLES = ("repo", "ref", "file", "ref_file", "content", "symbol", "word", "grants")
"""Those of the first migration."""
DATA = ("ref", "file", "ref_file", "content", "symbol", "word")


def _may_push(granted: str) -> str:
    return granted.format(column="repo").removesuffix(")") + " AND g.may_push)"


def hidden(table: str) -> list[str]:
    """Return the statements that hide a table from all but the two roles."""
    return [
        f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY",
        f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY",
        f"GRANT SELECT ON {table} TO {APP}, {SEARCH}",
        f"CREATE POLICY search ON {table} FOR SELECT TO {SEARCH} USING (true)",
    ]


def of_repository(table: str) -> list[str]:
    """Return the statements that let APP read and write the rows of a table whose repositories are granted."""
    may = _may_push(TO_NAME)
    return [
        f"GRANT INSERT, UPDATE, DELETE ON {table} TO {APP}",
        f"CREATE POLICY visible ON {table} FOR SELECT TO {APP} USING ({TO_NAME.format(column='repo')})",
        f"CREATE POLICY added ON {table} FOR INSERT TO {APP} WITH CHECK ({may})",
        f"CREATE POLICY changed ON {table} FOR UPDATE TO {APP} USING ({may}) WITH CHECK ({may})",
        f"CREATE POLICY deleted ON {table} FOR DELETE TO {APP} USING ({may})",
    ]


def of_readers(table: str) -> list[str]:
    """Return the statements that let APP read and add the rows of a table whose repositories are granted."""
    granted = TO_NAME.format(column="repo")
    return [
        f"GRANT INSERT ON {table} TO {APP}",
        f"CREATE POLICY visible ON {table} FOR SELECT TO {APP} USING ({granted})",
        f"CREATE POLICY added ON {table} FOR INSERT TO {APP} WITH CHECK ({granted})",
    ]


def of_owner(table: str) -> str:
    """Return the statement that lets the owner administer a table: FORCE would hide everything from it."""
    return f"CREATE POLICY owner ON {table} TO CURRENT_USER USING (true) WITH CHECK (true)"


def pushed(table: str) -> str:
    """Return the statements that protect a table that pushes fill."""
    return "; ".join([*hidden(table), *of_repository(table), of_owner(table)])


def shared(table: str) -> str:
    """Return the statements that protect a table that questions fill, too."""
    return "; ".join([*hidden(table), *of_readers(table), of_owner(table)])


def of_first_tables() -> str:
    """Return the statements that protect the first tables."""
    found = [statement for table in TABLES for statement in hidden(table)]
    found += [
        f"CREATE POLICY visible ON repo FOR SELECT TO {APP} USING ({TO_NAME.format(column='id')})",
        f"CREATE POLICY visible ON grants FOR SELECT TO {APP} USING (who = current_setting('codesearch.who', true))",
    ]
    found += [statement for table in DATA for statement in of_repository(table)]
    found += map(of_owner, TABLES)
    return ";\n".join(found)


def of_groups() -> str:
    """Return the statements by which the policies of all tables count the groups of the one who asks, too."""
    granted, may = GRANTED.format(column="repo"), _may_push(GRANTED)
    found = [
        f"ALTER POLICY visible ON repo USING ({GRANTED.format(column='id')})",
        f"ALTER POLICY visible ON grants USING (who = {ASKER})",
        f"ALTER POLICY visible ON model_vector USING ({granted})",
        f"ALTER POLICY added ON model_vector WITH CHECK ({granted})",
    ]
    for table in (*DATA, "source", "artifact", "artifact_part"):
        found += [
            f"ALTER POLICY visible ON {table} USING ({granted})",
            f"ALTER POLICY added ON {table} WITH CHECK ({may})",
            f"ALTER POLICY changed ON {table} USING ({may}) WITH CHECK ({may})",
            f"ALTER POLICY deleted ON {table} USING ({may})",
        ]
    return ";\n".join(found)
