"""datasette-codesearch in the real Datasette: pages, permissions, SQL that reaches no other index, and a browser."""

from __future__ import annotations

import asyncio
import hashlib
import json
import logging
import os
import re
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

import codesearch
from codesearch.atlas import map as atlas
from codesearch.atlas import related
from tests.support import plugins
from tests.support.browser import browse
from tests.support.home import HOUSE
from tests.support.trees import copy_shop
from tests.support.wait import until

datasette_app = pytest.importorskip("datasette.app")
PROJECT = plugins.PLUGINS / "datasette-codesearch"
QUESTION = "wait before calling a function again"
pytestmark = pytest.mark.usefixtures("private_home")


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return an indexed tree with a map."""
    tree = copy_shop(tmp_path_factory.mktemp("datasette") / "shop")
    with codesearch.open_index(tree) as index:
        index.update()
        related.refresh(index)
        atlas.drawn(index)
    return tree


@pytest.fixture(scope="module", autouse=True)
def _plugin():
    """Register the plugin, whether it is installed or not."""
    from datasette.plugins import pm

    sys.path.insert(0, str(PROJECT))
    try:
        import datasette_codesearch

        pm.get_plugin("codesearch") or pm.register(datasette_codesearch, "codesearch")
        yield
    finally:
        sys.path.remove(str(PROJECT))


def get(files: list[Path], *addresses: str, actor: str = "", **options: Any) -> list[Any]:
    """Return the responses of one Datasette to some addresses."""

    async def run() -> list[Any]:
        server = datasette_app.Datasette([str(file) for file in files], **options)
        await server.invoke_startup()
        cookies = {"ds_actor": server.sign({"a": {"id": actor}}, "actor")} if actor else {}
        return [await server.client.get(address, cookies=cookies) for address in addresses]

    return asyncio.run(run())


def database(tree: Path) -> Path:
    return tree / ".codesearch" / "index.db"


def answers(tree: Path, limit: int = 10) -> list[str]:
    with codesearch.open_index(tree, embed="none") as index:
        return [hit.symbol.qualname for hit in index.query(QUESTION, limit=limit)]


def cart(tree: Path) -> codesearch.Symbol:
    with codesearch.open_index(tree) as index:
        return index.symbols_named("ShoppingCart")[0]


# -- pages -----------------------------------------------------------------------------------------


def test_a_question(tree: Path):
    page, data = get([database(tree)], f"/-/codesearch?q={QUESTION}", f"/-/codesearch.json?q={QUESTION}&n=3")
    assert page.status_code == 200
    assert f'value="{QUESTION}"' in page.text
    for name in answers(tree):
        assert f"<strong>{name}</strong>" in page.text
    found = data.json()
    assert [row["qualname"] for row in found["results"]] == answers(tree, 3)
    assert found["database"] == "index"
    assert found["problem"] == ""
    assert "access-control-allow-origin" not in data.headers


def test_related(tree: Path):
    symbol = cart(tree)
    with codesearch.open_index(tree) as index:
        wanted = [hit.symbol.qualname for hit in index.similar(symbol.path, symbol.start_line, limit=4)]
    place = f"path={symbol.path}&line={symbol.start_line}"
    page, data, nothing = get(
        [database(tree)],
        f"/-/codesearch/related?{place}",
        f"/-/codesearch/related.json?{place}&n=4",
        "/-/codesearch/related",
    )
    assert page.status_code == 200
    assert f"Like <code>{symbol.path}:{symbol.start_line}</code>" in page.text
    assert [row["qualname"] for row in data.json()["results"]] == wanted
    assert nothing.status_code == 400
    assert "Name a symbol" in nothing.text


def test_the_links_of_a_result_lead_to_pages(tree: Path):
    options: dict[str, Any] = {"settings": {"base_url": "/prefix/"}}
    (page,) = get([database(tree)], f"/-/codesearch?q={QUESTION}&n=2", **options)
    links = re.findall(r'<(?:a|form)(?: [^>]*)? (?:href|action)="([^"]+)"', page.text.partition("<h1>")[2])
    ours = [link.replace("&amp;", "&") for link in links if "codesearch" in link or "/symbols" in link]
    assert len(ours) == 2 + 2 * 3
    assert all(link.startswith("/prefix/") for link in ours)
    pages = get([database(tree)], *(link.removeprefix("/prefix").partition("#")[0] for link in ours), **options)
    assert [one.status_code for one in pages] == [200] * len(ours)
    assert any(answers(tree, 1)[0] in one.text for one in pages)


def test_menus(tree: Path):
    start, folder = get([database(tree)], "/", "/index")
    assert '<a href="/-/codesearch">Search code</a>' in start.text
    assert '<a href="/-/codesearch/map?db=index">Map of the code</a>' in folder.text


def test_the_map(tree: Path):
    page, again = get([database(tree)], "/-/codesearch/map", "/-/codesearch/map?db=index")
    assert page.status_code == 200
    assert page.text == again.text
    meta = json.loads(re.search(r'<script id="meta" type="application/json">(.*?)</script>', page.text)[1])  # type: ignore[index]
    assert meta["search"] == "/-/codesearch.json?db=index&n=50&q="
    assert meta["symbol"] == "/-/codesearch/related?db=index&"
    assert meta["root"] == ""
    assert '<h1><a href="/-/codesearch?db=index">index</a></h1>' in page.text
    with codesearch.open_index(tree) as index:
        assert meta["size"] == len(atlas.drawn(index, detached=True).rows)


def test_the_map_after_a_change_of_the_index(tmp_path: Path):
    tree = copy_shop(tmp_path / "shop")
    with codesearch.open_index(tree) as index:
        index.update()

    async def run() -> list[str]:
        server = datasette_app.Datasette([str(database(tree))])
        await server.invoke_startup()
        before = await server.client.get("/-/codesearch/map")
        (tree / "new.py").write_text("def something_else():\n    return 1\n")
        with codesearch.open_index(tree) as index:
            index.update()
        after = await server.client.get("/-/codesearch/map")
        return [re.search(r"([\d,]+) symbols", page.text)[1] for page in (before, after)]  # type: ignore[index]

    before, after = asyncio.run(run())
    assert int(after.replace(",", "")) > int(before.replace(",", ""))


# -- what strangers can do -------------------------------------------------------------------------


def test_what_people_type_is_text(tree: Path):
    for address in (
        '/-/codesearch?q="><script>alert(1)</script>',
        "/-/codesearch/related?line=1&path=<script>alert(1)",
    ):
        (page,) = get([database(tree)], address)
        assert "<script>alert(1)" not in page.text
        assert "alert(1)" in page.text


def test_names_of_files_and_symbols_are_text(tree: Path, tmp_path: Path):
    tree = Path(shutil.copytree(tree, tmp_path / "bad"))
    (tree / "<img src=x>.js").write_text("class A { '</script><img src=x onerror=alert(1)>'() { return 1 } }\n")
    with suppress(OSError):  # not every file system has such names
        (tree / os.fsdecode(b"caf\xe9.py")).write_text("def alert_somebody():\n    return 1\n")
    with codesearch.open_index(tree) as index:
        index.update()
    search, odd, page = get(
        [database(tree)], "/-/codesearch?q=img&n=50", "/-/codesearch?q=alert_somebody", "/-/codesearch/map"
    )
    assert (search.status_code, odd.status_code, page.status_code) == (200, 200, 200)
    for one in (search, odd, page):
        assert "<img" not in one.text


def test_mistakes_are_shown_and_name_no_file_of_the_machine(tree: Path, caplog: pytest.LogCaptureFixture):
    caplog.set_level(logging.CRITICAL)
    addresses = [
        *(
            f"/-/codesearch?q={one}"
            for one in ("lang:klingon", '"', "concept:none>0.5 x", "is:x", "path:/etc/passwd a")
        ),
        *(f"/-/codesearch/related?line=1&path={one}" for one in ("no/such.py", "/etc/passwd", "../index.db", "a%00b")),
        "/-/codesearch/related?path=shop/cart.py&line=99999",
        f"/-/codesearch?n=1000000&q={'x' * 10_000}",
    ]
    for address, page in zip(addresses, get([database(tree)], *addresses), strict=True):
        assert page.status_code in (200, 400), address
        assert 'role="status"' in page.text or "<strong>" in page.text, address
        assert "Traceback" not in page.text
        assert str(tree) not in page.text, address
    (gone,) = get([database(tree)], "/-/codesearch/related.json?line=1&path=/etc/passwd")
    assert gone.json()["problem"] == "There is no symbol at /etc/passwd:1 in this index."


def test_nothing_is_written(tree: Path):
    def state() -> dict[str, str]:
        files = [one for one in tree.rglob("*") if one.is_file() and not one.name.endswith(("-shm", "-wal"))]
        return {str(one): hashlib.sha256(one.read_bytes()).hexdigest() for one in files}

    before = state()
    symbol = cart(tree)
    get(
        [database(tree)],
        f"/-/codesearch?q={QUESTION}",
        f"/-/codesearch/related?path={symbol.path}&line={symbol.start_line}",
        "/-/codesearch/map",
        "/index.json?sql=select codesearch_search_json('open the door')",
    )
    assert state() == before


def test_a_database_that_is_no_index(tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tree)  # an index that is not published
    other = tmp_path / "other.db"
    with closing(sqlite3.connect(other)) as db:
        db.execute("CREATE TABLE t(x)")
    page, query, folder, model = get(
        [other, database(tree)],
        "/-/codesearch.json?q=x&db=other",
        "/other.json?sql=select codesearch_search_json('x') as found&_shape=array",
        f"/index.json?sql=select codesearch_search_json('x', 1, '{tree}')&_shape=array",
        "/index.json?sql=select codesearch_embed('x', 'some-large-model')&_shape=array",
    )
    assert page.status_code == 404
    assert query.status_code == folder.status_code == model.status_code == 400
    nothing, menu, drawn = get([other], "/-/codesearch?q=x", "/", "/-/codesearch/map")
    assert nothing.status_code == 400
    assert "None of the databases here is an index" in nothing.text
    assert "Search code" not in menu.text
    assert drawn.status_code == 404


@pytest.mark.parametrize("rule", [{"allow": {"id": "root"}}, {"tables": {"symbols": {"allow": {"id": "root"}}}}])
def test_only_those_who_may_view_it(tree: Path, rule: dict[str, Any]):
    options: dict[str, Any] = {"metadata": {"databases": {"index": rule}}}
    addresses = (f"/-/codesearch.json?q={QUESTION}", "/-/codesearch/related?path=a&line=1", "/-/codesearch/map", "/")
    *pages, start = get([database(tree)], *addresses, **options)
    assert [one.status_code for one in pages] == [403, 403, 403]
    assert "Search code" not in start.text
    *pages, start = get([database(tree)], *addresses, actor="root", **options)
    assert [one.status_code for one in pages] == [200, 400, 200]
    assert "Search code" in start.text


def test_an_old_sqlite_is_named_at_the_start(tree: Path, monkeypatch: pytest.MonkeyPatch):
    import datasette_codesearch
    from datasette.utils import StartupError

    class Old:
        sqlite_version, sqlite_version_info = "3.40.1", (3, 40, 1)

    monkeypatch.setattr(datasette_codesearch, "sqlite3", Old)
    with pytest.raises(StartupError, match=r"needs SQLite 3\.43.*pip install pysqlite3-binary"):
        get([database(tree)], "/-/codesearch")


# -- SQL, and the program --------------------------------------------------------------------------


def test_sql(tree: Path):
    nearest = (
        "select s.qualname, round(codesearch_similarity(v.embedding, :q), 3) as score from vector v "
        "join full_symbol s on s.content_id = v.id order by score desc limit 3"
    )
    asked = "select value ->> 'qualname' as name from json_each(codesearch_search_json(:q, 3))"
    one, other = get(
        [database(tree)], *(f"/index.json?sql={sql}&q={QUESTION}&_shape=array" for sql in (nearest, asked))
    )
    assert {row["qualname"] for row in one.json()} & set(answers(tree))
    assert [row["name"] for row in other.json()] == answers(tree, 3)


@contextmanager
def served(tree: Path, folder: Path) -> Iterator[str]:
    """Yield the address of the real program, started by its command, which finds the plugin by itself."""
    errors = folder / "datasette.log"
    command = [
        sys.executable,
        "-m",
        "datasette",
        "serve",
        str(database(tree)),
        "--port",
        "0",
        "--setting",
        "facet_time_limit_ms",
        "1000",
    ]
    with errors.open("wb") as log:
        process = subprocess.Popen(command, cwd=folder, stdout=log, stderr=log)
    try:
        until(lambda: "running on" in errors.read_text() or process.poll() is not None, "Datasette answers")
        found = re.search(r"http://127\.0\.0\.1:\d+", errors.read_text())
        assert found is not None, errors.read_text()
        yield found[0]
    finally:
        process.terminate()
        process.wait(60)


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plugins.on_path(monkeypatch, plugins.distribution(tmp_path / "site", PROJECT))


def test_the_real_program_finds_the_plugin(tree: Path, installed: None):
    command = [sys.executable, "-m", "datasette", str(database(tree)), "--get", f"/-/codesearch.json?q={QUESTION}&n=2"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=240, cwd=HOUSE)
    assert done.returncode == 0, done.stderr
    assert [row["qualname"] for row in json.loads(done.stdout)["results"]] == answers(tree, 2)


PICTURES = HOUSE / "docs" / "images"
LINKS = "[...document.querySelectorAll('.codesearch li a.place')].map(link => link.textContent)"
LISTED = "document.querySelectorAll('#list a').length"


@pytest.mark.editor
def test_in_a_browser(tree: Path, tmp_path: Path, installed: None):
    """A person searches, looks at what is related, and goes on to the map; the pictures in the documentation."""
    shots = PICTURES if os.environ.get("CODESEARCH_UPDATE_DOCS") else tmp_path
    with served(tree, tmp_path) as address:
        found = browse(
            f"{address}/-/codesearch",
            ("wait", "document.activeElement.name === 'q'"),
            ("type", "take the goods back and return the money"),
            ("press", "Enter"),
            ("wait", "document.querySelectorAll('.codesearch li').length === 10"),
            ("evaluate", LINKS),
            ("shot", str(shots / "datasette-search.png")),
            ("click", ".codesearch li:first-child .links a:first-child"),
            ("wait", "document.querySelector('h1').textContent.startsWith('Like ')"),
            ("evaluate", LINKS),
            ("click", ".codesearch li:first-child .links a:last-child"),
            ("wait", "window.codesearchMap?.listed?.()?.length === 16"),
            ("evaluate", "(one => `${one.path}:${one.line}`)(codesearchMap.symbolOf(codesearchMap.selected()))"),
            ("press", "/"),
            ("type", "send an invoice"),
            ("press", "Enter"),
            ("wait", "document.querySelector('#count').textContent.includes('from the index')"),
            ("evaluate", LISTED),
            ("evaluate", "document.querySelector('#list a').href"),
            ("evaluate", "codesearchMap.selected()"),
            ("click", "#all"),
            ("wait", "codesearchMap.view.zoom === 1"),
            ("shot", str(shots / "datasette-map.png")),
            ("click", "#list a"),
            ("wait", "document.querySelector('h1').textContent.startsWith('Like ')"),
            plain=True,
        )  # fmt: skip
        results, near, selected, listed, link, none = found["results"]
        assert all(one.startswith(address) for one in found["asked"])
    assert len(results) == 10
    assert selected == near[0]
    assert listed > 3
    assert none == -1, "a search ends the selection"
    assert link.startswith(f"{address}/-/codesearch/related?db=index&path=")
    for name in ("datasette-search.png", "datasette-map.png"):
        assert 20_000 < (PICTURES / name).stat().st_size < 400_000
