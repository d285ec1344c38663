"""Datasette searches the indexes of codesearch among its databases by meaning, and shows their maps.

Everything is read from the index alone: the tree that it was made of is not looked at, and nothing is written.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote, urlencode
from weakref import WeakKeyDictionary

from datasette import Forbidden, NotFound, Response, hookimpl
from datasette.utils import StartupError, add_cors_headers
from datasette.utils.sqlite import sqlite3

from codesearch import Answer, CodesearchError, Index, UsageError
from codesearch.sql import COLUMNS, is_index, opened, register

DEFAULT_LIMIT, MOST = 10, 100
LONGEST_QUESTION = 2000
OLDEST_SQLITE = (3, 43)
"""The first with the full-text tables of an index."""
NO_INDEX = "None of the databases here is an index of codesearch."

log = logging.getLogger(__name__)
T = TypeVar("T")


@hookimpl
def startup(datasette: Any) -> None:
    """Raise StartupError if Datasette's SQLite is too old to read an index."""
    if sqlite3.sqlite_version_info < OLDEST_SQLITE and (indexes := ", ".join(_indexes(datasette))):
        raise StartupError(
            f"{indexes}: an index of codesearch needs SQLite {'.'.join(map(str, OLDEST_SQLITE))}, but this Python has "
            f"{sqlite3.sqlite_version}: pip install pysqlite3-binary, which Datasette then uses, or take a newer Python"
        )


@hookimpl
def prepare_connection(conn: Any, database: str, datasette: Any) -> None:
    """Define the SQL functions on every connection. A query can search its own database and no other."""
    register(conn, only=True)


@hookimpl
def register_routes() -> list[tuple[str, Any]]:
    """Return the pages."""
    return [
        (r"^/-/codesearch(?P<format>\.json)?$", search_page),
        (r"^/-/codesearch/related(?P<format>\.json)?$", related_page),
        (r"^/-/codesearch/map$", map_page),
    ]


@hookimpl
def menu_links(datasette: Any, actor: Any) -> Callable[[], Awaitable[list[dict[str, str]]]]:
    """Return the entry of the menu, for those who can search something."""

    async def links() -> list[dict[str, str]]:
        if not await _viewable(datasette, actor, _indexes(datasette)):
            return []
        return [{"href": datasette.urls.path("/-/codesearch"), "label": "Search code"}]

    return links


@hookimpl
def database_actions(datasette: Any, actor: Any, database: str) -> Callable[[], Awaitable[list[dict[str, str]]]]:
    """Return the entries of the menu of a database that is an index."""

    async def links() -> list[dict[str, str]]:
        if not await _viewable(datasette, actor, [name for name in _indexes(datasette) if name == database]):
            return []
        return [
            {"href": _address(datasette, "", db=database), "label": "Search code"},
            {"href": _address(datasette, "/map", db=database), "label": "Map of the code"},
        ]

    return links


# -- which databases ------------------------------------------------------------------------------------


def _indexes(datasette: Any) -> dict[str, Path]:
    """Return the databases that are indexes, by name."""
    files = {name: Path(one.path) for name, one in datasette.databases.items() if one.path}
    return {name: file.absolute() for name, file in files.items() if is_index(file)}


async def _viewable(datasette: Any, actor: Any, names: Any) -> list[str]:
    """Return the databases whose symbols an actor may view."""
    out = []
    for name in names:
        permissions = [("view-table", (name, "symbols")), ("view-database", name), "view-instance"]
        visible, _ = await datasette.check_visibility(actor, permissions=permissions)
        if visible:
            out.append(name)
    return out


def _address(datasette: Any, page: str, **given: object) -> str:
    query = urlencode({name: _text(str(value)) for name, value in given.items()})
    return str(datasette.urls.path(f"/-/codesearch{page}")) + (f"?{query}" if query else "")


def _text(value: str) -> str:
    """Return text that can be sent: bytes of file names that are no text are replaced."""
    return value.encode("utf-8", "replace").decode()


@dataclass(frozen=True, slots=True)
class _Asked:
    """What a request asks for."""

    database: str
    """The name of the database; "" if none is an index."""
    databases: tuple[str, ...]
    """Those that the visitor may search."""
    file: Path
    limit: int

    def opened(self) -> Index:
        """Return the index. Its folder stands in for the tree, so that no question looks at files."""
        return opened(self.file, tree=self.file.parent)


async def _asked(datasette: Any, request: Any) -> _Asked:
    """Return what is asked for. Raises NotFound if there is no such index, Forbidden if the visitor may not view it."""
    known = _indexes(datasette)
    allowed = await _viewable(datasette, request.actor, known)
    wanted = request.args.get("db") or next(iter(allowed or known), "")
    if wanted and wanted not in known:
        raise NotFound(f"No index of codesearch: {wanted}")
    if wanted and wanted not in allowed:
        raise Forbidden(f"You may not search {wanted}")
    given = request.args.get("n") or ""
    limit = min(MOST, max(1, int(given))) if given.isdecimal() and len(given) < 6 else DEFAULT_LIMIT
    return _Asked(wanted, tuple(allowed), known.get(wanted, Path()), limit)


# -- search and related ---------------------------------------------------------------------------------


async def search_page(datasette: Any, request: Any) -> Any:
    """Answer a question."""
    asked = await _asked(datasette, request)
    question = (request.args.get("q") or "").strip()[:LONGEST_QUESTION]
    answer, problem = Answer(), "" if asked.database else NO_INDEX
    if question and not problem:
        answer, problem = await _answered(asked, lambda index: index.query(question, limit=asked.limit))
    return await _shown(datasette, request, asked, {"q": question, "of": ""}, answer, problem)


async def related_page(datasette: Any, request: Any) -> Any:
    """List what is similar to a symbol."""
    asked = await _asked(datasette, request)
    path, line = request.args.get("path") or "", request.args.get("line") or ""
    place = f"{path}:{line}"
    answer, problem = Answer(), "" if asked.database else NO_INDEX
    if not path or not line.isdecimal() or len(line) > 9:
        problem = problem or "Name a symbol: ?path=FILE&line=LINE"
    elif not problem:
        missing = f"There is no symbol at {place} in this index."
        answer, problem = await _answered(
            asked, lambda index: index.similar(path, int(line), limit=asked.limit), missing
        )
    return await _shown(datasette, request, asked, {"q": "", "of": place if path else ""}, answer, problem)


async def _answered(asked: _Asked, ask: Callable[[Index], Answer], missing: str = "") -> tuple[Answer, str]:
    """Return (answer, what the visitor should know)."""

    def work() -> tuple[Answer, str]:
        with asked.opened() as index:
            found = ask(index)
        return found, found.problem

    return await _in_thread(asked, work, lambda problem: (Answer(), problem), missing)


async def _in_thread(asked: _Asked, work: Callable[[], T], failed: Callable[[str], T], missing: str = "") -> T:
    """Return the result of some work, or of `failed` with what went wrong. Datasette answers others meanwhile.

    Only messages about the question are for visitors; others name files of this machine. `missing` is the message
    about what is not found.
    """

    def attempt() -> T:
        try:
            return work()
        except CodesearchError as error:
            if isinstance(error, UsageError) and str(asked.file.parent) not in str(error):
                return failed(str(error))
            log.warning("%s: %s", asked.database, error)
            return failed(missing or "The index cannot answer this; the log of the server says why.")

    return await asyncio.get_running_loop().run_in_executor(None, attempt)


async def _shown(
    datasette: Any, request: Any, asked: _Asked, about: dict[str, str], answer: Answer, problem: str
) -> Any:
    rows = [{"rank": hit.rank, "score": round(hit.score, 4), **_columns(hit.symbol)} for hit in answer]
    status = 200 if rows or not problem else 400
    if request.url_vars.get("format"):
        headers: dict[str, str] = {}
        if datasette.cors:
            add_cors_headers(headers)
        value = {"database": asked.database, "results": rows, "problem": problem}
        return Response.json(value, status=status, headers=headers)
    for row in rows:
        at = {"db": asked.database, "path": row["path"], "line": row["start_line"]}
        row["related"] = _address(datasette, "/related", **at)
        row["map"] = _address(datasette, "/map", db=asked.database) + f"#{quote(row['path'])}:{row['start_line']}"
        columns = {"path__exact": row["path"], "start_line__exact": row["start_line"]}
        row["symbol"] = f"{datasette.urls.table(asked.database, 'symbols')}?{urlencode(columns)}"
    values = {
        **{name: _text(value) for name, value in about.items()},
        "database": asked.database,
        "databases": asked.databases,
        "limit": asked.limit if request.args.get("n") else "",
        "map": _address(datasette, "/map", db=asked.database) if asked.database else "",
        "rows": rows,
        "problem": _text(problem),
    }
    html = await datasette.render_template("codesearch.html", values, request=request)
    return Response.html(html, status=status)


def _columns(symbol: Any) -> dict[str, Any]:
    values = {name: getattr(symbol, name) for name in COLUMNS[2:]}
    return {name: _text(value) if isinstance(value, str) else value for name, value in values.items()}


# -- map ------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Maps:
    """The pages of maps that were drawn, each with the state of the index that it shows."""

    drawing: asyncio.Lock = field(default_factory=asyncio.Lock)
    pages: dict[str, tuple[tuple[int, ...], str]] = field(default_factory=dict)


_maps: WeakKeyDictionary[Any, _Maps] = WeakKeyDictionary()


async def map_page(datasette: Any, request: Any) -> Any:
    """Show the map. It is drawn once, and again after the index has changed."""
    asked = await _asked(datasette, request)
    if not asked.database:
        raise NotFound(NO_INDEX)
    maps = _maps.setdefault(datasette, _Maps())
    async with maps.drawing:  # a large map takes seconds and memory: one at a time
        state, html = maps.pages.get(asked.database, ((), ""))
        now = _state(asked.file)
        if state != now:
            html, problem = await _drawn(datasette, asked)
            if problem:
                raise NotFound(problem)
            maps.pages[asked.database] = (now, html)
    return Response.html(html, headers={"Cache-Control": "private, no-cache"})


def _state(file: Path) -> tuple[int, ...]:
    """Return what differs after a change of a database: the sizes and times of its file and log."""
    files = [one for one in (file, Path(f"{file}-wal")) if one.exists()]
    return tuple(value for one in files for value in (one.stat().st_size, one.stat().st_mtime_ns))


async def _drawn(datasette: Any, asked: _Asked) -> tuple[str, str]:
    """Return (page, problem)."""

    def work() -> tuple[str, str]:
        from codesearch.atlas import map as atlas
        from codesearch.atlas import page

        site = page.Site(
            search=_address(datasette, ".json", db=asked.database, n=50) + "&q=",
            symbol=_address(datasette, "/related", db=asked.database) + "&",
            home=_address(datasette, "", db=asked.database),
            name=asked.database,
        )
        with asked.opened() as index:
            return page.page(atlas.drawn(index, detached=True), site=site), ""

    too_little = "There is too little code in this index for a map, or it was made by another version of codesearch."
    return await _in_thread(asked, work, lambda problem: ("", problem), too_little)
