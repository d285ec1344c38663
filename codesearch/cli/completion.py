"""What a shell completes: languages, kinds, roles, models, settings, topics, and names of symbols from the index.

Each function gets what was typed so far. None of them ever fails, and none may take long: a shell waits.
"""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Any

MOST = 200
"""Names of symbols that are offered at most."""


def languages(incomplete: str) -> list[str]:
    """Return the languages and aliases; `!` before one excludes it."""
    from codesearch import languages as known

    return _negatable(incomplete, known.names())


def kinds(incomplete: str) -> list[str]:
    """Return the kinds of symbols."""
    from codesearch.core.types import KINDS

    return _negatable(incomplete, list(KINDS))


def roles(incomplete: str) -> list[str]:
    """Return the roles of code."""
    return _negatable(incomplete, ["example", "generated", "test", "unused", "vendored"])


def models(incomplete: str) -> list[str]:
    """Return the installed models."""
    from codesearch import embed

    return _starting(incomplete, embed.available())


def repositories(incomplete: str) -> list[str]:
    """Return the names of repositories and groups."""
    from codesearch.repositories import registry

    with suppress(Exception):
        known = registry.load()
        return _starting(incomplete, [*known, *{group for one in known.values() for group in one.groups}, registry.ALL])
    return []


def settings(incomplete: str) -> list[str]:
    """Return the names of settings."""
    from codesearch.settings import NAMES

    return _starting(incomplete, list(NAMES))


def topics(incomplete: str) -> list[str]:
    """Return commands and topics of the help."""
    from codesearch.cli.names import NAMES
    from codesearch.cli.topics import TOPICS

    return _starting(incomplete, [*NAMES, *TOPICS])


def schemas(incomplete: str) -> list[str]:
    """Return the names of JSON outputs."""
    from codesearch.cli.schemas import OUTPUTS

    return _starting(incomplete, list(OUTPUTS))


def symbols(ctx: Any, incomplete: str) -> list[str]:
    """Return the names of symbols that start with what was typed, from the index as it is; none without an index."""
    from codesearch.store.roots import enclosing_root, has_index

    with suppress(Exception):
        given = ctx.params
        root = Path(given.get("root") or enclosing_root(Path.cwd()))
        file = Path(given["db"]) if given.get("db") else root / ".codesearch" / "index.db"
        if file.exists() if given.get("db") else has_index(root):
            return _names(file, incomplete)
    return []


def _names(file: Path, incomplete: str) -> list[str]:
    """Return the names in an index that start with a text, without loading more than SQLite."""
    import sqlite3
    from contextlib import closing
    from urllib.parse import quote

    escaped = incomplete.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    with closing(sqlite3.connect(f"file:{quote(str(file.absolute()))}?mode=ro", uri=True, timeout=0.2)) as connection:
        rows = connection.execute(
            "SELECT DISTINCT CASE WHEN name LIKE :start ESCAPE '\\' THEN name ELSE qualname END FROM symbols "
            "WHERE (name LIKE :start ESCAPE '\\' OR qualname LIKE :start ESCAPE '\\') AND kind <> 'module' "
            "ORDER BY 1 LIMIT :most",
            {"start": f"{escaped}%", "most": MOST},
        ).fetchall()
    return [name for (name,) in rows if name.isprintable() and " " not in name]


def _starting(incomplete: str, known: list[str]) -> list[str]:
    return sorted(one for one in known if one.startswith(incomplete))


def _negatable(incomplete: str, known: list[str]) -> list[str]:
    mark = "!" if incomplete.startswith("!") else ""
    return [mark + one for one in _starting(incomplete.removeprefix("!"), known)]
