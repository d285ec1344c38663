"""The map: stable, aligned with the last one, neighbours kept together; its page in Chromium; its server."""

from __future__ import annotations

import http.client
import json
import os
import re
import shutil
import subprocess
import threading
import xml.etree.ElementTree as ElementTree
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import codesearch
from codesearch.atlas import drawing, history, layout, page, related, serve
from codesearch.atlas import map as atlas
from codesearch.core.errors import UsageError
from tests.support.browser import browse
from tests.support.home import HOUSE
from tests.support.trees import copy_shop


@pytest.fixture(scope="module")
def indexed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    tree = copy_shop(tmp_path_factory.mktemp("map") / "shop")
    with codesearch.open_index(tree) as index:
        index.update()
        related.refresh(index)
    return tree


@pytest.fixture
def tree(indexed: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(indexed, tmp_path / "shop"))


@pytest.fixture(scope="module")
def drawn(indexed: Path) -> atlas.Map:
    with codesearch.open_index(indexed) as index:
        return atlas.drawn(index)


def positions(found: atlas.Map) -> dict[tuple[str, int, str], tuple[float, float]]:
    return {
        (row.path, row.start_line, row.qualname): tuple(at)
        for row, at in zip(found.rows, found.at.tolist(), strict=True)
    }


# -- where things are ------------------------------------------------------------------------------


def test_groups_that_are_apart_stay_apart():
    random = np.random.default_rng(1)
    truth = np.repeat(np.arange(4), 50)
    points = np.eye(4, 12, dtype=np.float32)[truth] + 0.05 * random.standard_normal((200, 12)).astype(np.float32)
    flat = layout.pca(points)
    assert flat.shape == (200, 2)
    pairs = [(a, b) for a in range(200) for b in random.choice(np.nonzero(truth == truth[a])[0], 5) if a != b]
    row, other = (np.array(side, np.int64) for side in zip(*pairs, strict=True))
    at = layout.by_neighbours(flat, (row, other, np.ones(len(row), np.float32)))
    middles = np.array([at[truth == group].mean(axis=0) for group in range(4)])
    inside = np.mean([np.linalg.norm(at[truth == group] - middles[group], axis=1).mean() for group in range(4)])
    apart = np.linalg.norm(middles[:, None] - middles[None], axis=2)[np.triu_indices(4, 1)].min()
    assert apart > 3 * inside


def test_a_map_that_was_turned_and_mirrored_is_turned_back():
    old = np.random.default_rng(2).random((40, 2)).astype(np.float32)
    turned = (old @ np.array([[0.6, 0.8], [0.8, -0.6]], np.float32)) * 3 + 5
    every = np.arange(40)
    assert np.allclose(layout.aligned(turned.astype(np.float32), old, every), old, atol=1e-4)
    assert layout.aligned(turned, old[:2], every[:2]) is turned, "two points are not enough"


@pytest.mark.parametrize("how", ["neighbours", "pca"])
def test_the_same_code_has_the_same_map(tree: Path, how: str):
    with codesearch.open_index(tree) as index:
        one = atlas.drawn(index, how=how, fresh=True)
        other = atlas.drawn(index, how=how, fresh=True)
        again = atlas.drawn(index, how=how)
    assert np.array_equal(one.at, other.at)
    assert again.moved < 1e-5
    assert np.abs(one.at).max() <= 1
    assert np.ptp(one.at, axis=0).min() > 0.5


def test_after_a_change_everything_is_where_it_was(tree: Path):
    with codesearch.open_index(tree) as index:
        before = positions(atlas.drawn(index))
        (tree / "shop" / "extra.py").write_text("def put_into_cart(cart, item):\n    cart.items.append(item)\n")
        (tree / "mail" / "bounce.go").unlink()
        index.update()
        related.refresh(index)
        after = positions(atlas.drawn(index))
    common = before.keys() & after.keys()
    assert len(common) > 200
    assert max(np.hypot(*np.subtract(before[key], after[key])) for key in common) < 1e-3
    new = after["shop/extra.py", 1, "put_into_cart"]
    assert max(map(abs, new)) <= 1


def test_a_detached_map_is_the_last_one_and_changes_nothing(tree: Path):
    file = tree / ".codesearch" / "index.db"
    with codesearch.open_index(tree) as index:
        assert atlas.drawn(index, detached=True).layout == "pca", "there is no last map"
        before = positions(atlas.drawn(index))
        (tree / "shop" / "extra.py").write_text("def put_into_cart(cart, item):\n    cart.items.append(item)\n")
        index.update()
        data = file.read_bytes()
        found = atlas.drawn(index, detached=True)
    assert file.read_bytes() == data
    assert found.layout == "neighbours"
    after = positions(found)
    assert {key: after[key] for key in before} == before
    new = np.array(after["shop/extra.py", 1, "put_into_cart"])
    assert min(np.hypot(*(new - at)) for at in before.values()) < 0.02, "beside its nearest"


def test_neighbours_of_the_map_are_neighbours_in_meaning(drawn: atlas.Map):
    clusters = np.array(drawn.clustering.labels)
    apart = np.linalg.norm(drawn.at[:, None] - drawn.at[None], axis=2)
    np.fill_diagonal(apart, np.inf)
    same = np.mean(clusters[apart.argmin(axis=1)] == clusters)
    chance = sum((np.bincount(clusters) / len(clusters)) ** 2)
    assert same > 2 * chance


def test_umap_says_what_to_install(tree: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("codesearch.atlas.layout.find_spec", lambda name: None)
    with (
        codesearch.open_index(tree) as index,
        pytest.raises(UsageError, match=r"pip install umap-learn"),
    ):
        atlas.drawn(index, how="umap")


def test_history_of_files(tmp_path: Path):
    assert history.changes(tmp_path) == ({}, {})
    git = ("git", "-c", "user.name=a", "-c", "user.email=a@example.org", "-C", str(tmp_path))
    (tmp_path / "sub").mkdir()
    for text, name in (("1", "a b.py"), ("2", "a b.py"), ("3", "sub/é.py")):
        (tmp_path / name).write_text(text)
        for command in (("init", "-q"), ("add", "-A"), ("commit", "-qm", text)):
            subprocess.run([*git, *command], check=True)
    last, count = history.changes(tmp_path)
    assert dict(count) == {"a b.py": 2, "sub/é.py": 1}
    assert set(last) == set(count)
    assert all(time > 1_600_000_000 for time in last.values())
    assert set(history.changes(tmp_path / "sub")[0]) == {"é.py"}, "relative to the root of the index"


# -- drawings --------------------------------------------------------------------------------------


def test_svg(drawn: atlas.Map):
    root = ElementTree.fromstring(drawing.svg(drawn))
    names = {one.tag.rpartition("}")[2] for one in root.iter()}
    assert {"path", "text", "title", "style", "rect"} <= names
    dots = sum(one.get("d", "").count("M") for one in root.iter() if one.tag.endswith("path"))
    assert dots == len(drawn.rows)


def test_png(drawn: atlas.Map):
    data = drawing.png(drawn, side=64)
    assert data.startswith(b"\x89PNG\r\n\x1a\n")
    at, kinds = 8, []
    while at < len(data):
        size = int.from_bytes(data[at : at + 4], "big")
        body = data[at + 4 : at + 8 + size]
        assert zlib.crc32(body) == int.from_bytes(data[at + 8 + size : at + 12 + size], "big")
        kinds.append(body[:4])
        if body[:4] == b"IDAT":
            assert len(zlib.decompress(body[4:])) == 64 * (1 + 4 * 64)
        at += 12 + size
    assert kinds == [b"IHDR", b"IDAT", b"IEND"]


def test_the_page_holds_everything_and_names_no_address(drawn: atlas.Map):
    html = page.page(drawn)
    assert "connect-src 'none'" in html
    assert not re.findall(r"(?:src|href)=[\"']?(?:https?:)?//", html)
    assert "{{" not in html.replace("{{}}", "")
    assert len(html) < 200_000


# -- in a browser ----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def file(drawn: atlas.Map, tmp_path_factory: pytest.TempPathFactory) -> str:
    """Return the address of the page as a file."""
    target = tmp_path_factory.mktemp("page") / "map.html"
    target.write_text(page.page(drawn), "utf-8")
    return target.as_uri()


FIRST = "(a => [a.firstChild.textContent, a.href])(document.querySelector('#list a'))"
UNDER = "(at => codesearchMap.nearest(at[0], at[1], 4) >= 0)(codesearchMap.onScreen(5))"
READ = "[document.activeElement.closest('#list') !== null, document.querySelector('#announce').textContent]"
LISTED = "document.querySelectorAll('#list a').length"


@pytest.mark.editor
def test_a_search_says_how_many_names_match(file: str, drawn: atlas.Map):
    title = "[document.querySelector('#count').textContent, document.querySelector('#copy').hidden]"
    unique = max((row.qualname for row in drawn.rows), key=len)
    found = browse(
        file,
        ("evaluate", f"codesearchMap.search({unique!r})"),
        ("evaluate", title),
        ("evaluate", "codesearchMap.search('shop')"),
        ("evaluate", title),
        ("evaluate", "codesearchMap.listed().length"),
        ("evaluate", "codesearchMap.search('zzzz qqqq')"),
        ("evaluate", title),
    )  # fmt: skip
    _, one, _, some, count, _, none = found["results"]
    assert one == ["1 match", False]
    assert some == [f"{count} matches", False]
    assert none == ["No name or path has these words", True]


@pytest.mark.editor
def test_the_page_in_chromium(file: str, drawn: atlas.Map, tmp_path: Path):
    shot = tmp_path / "map.png"
    found = browse(
        file,
        ("evaluate", "[codesearchMap.renderer, codesearchMap.count(), codesearchMap.meta.clusters.length]"),
        ("shot", str(shot)),
        ("press", "/"),
        ("type", "ShoppingCart"),
        ("press", "Enter"),
        ("wait", f"{LISTED} > 3"),
        ("evaluate", FIRST),
        ("press", "Escape"),
        ("evaluate", "document.querySelector('#results').hidden"),
        ("press", "0"),
        ("wait", "codesearchMap.view.zoom === 1"),
        ("lasso", [[60, 60], [960, 60], [960, 780], [60, 780]]),
        ("evaluate", "codesearchMap.listed().length"),
        ("press", "Escape"),
        ("evaluate", UNDER),
        ("select", "#colour", "language"),
        ("evaluate", "document.querySelectorAll('#legend button').length"),
        ("evaluate", "performance.getEntriesByType('resource').length"),
    )  # fmt: skip
    (renderer, count, clusters), hits, hidden, inside, near, legend, resources = found["results"]
    assert renderer == "webgl2"
    assert count == len(drawn.rows)
    assert clusters == len(drawn.clustering.clusters)
    assert hits[0].startswith("ShoppingCart")
    assert re.fullmatch(r"vscode://file/.*/shop/cart\.py:\d+", hits[1])
    assert hidden
    assert inside > len(drawn.rows) * 0.8
    assert near
    assert legend > 8
    assert resources == 0
    assert found["asked"] == [file], "nothing is loaded"
    assert len(zlib.compress(shot.read_bytes())) > 20_000, "something was drawn"


MOVES = """(async () => {
  const { view, moved, drawn, rests, unit } = codesearchMap, canvas = document.querySelector('#points'), out = [];
  const frame = () => new Promise(requestAnimationFrame), rest = async () => { do await frame(); while (!rests()); };
  await rest();
  for (const pixels of [20, 3000]) {
    const before = drawn();
    view.x += pixels / unit();
    moved();
    await frame();
    out.push([drawn() - before, canvas.style.transform !== '']);
    await rest();
    out.push([drawn() - before, canvas.style.transform !== '']);
  }
  return out;
})()"""


@pytest.mark.editor
def test_a_map_that_moves_is_drawn_again_only_where_it_ends_and_when_it_rests(file: str):
    near, near_at_rest, far, far_at_rest = browse(file, ("evaluate", MOVES))["results"][0]
    assert near == [0, True], "the picture is moved"
    assert near_at_rest == [1, False]
    assert far == [1, False], "the edge of the picture would come into view"
    assert far_at_rest == [1, False]


@pytest.mark.editor
def test_an_address_begins_with_a_symbol(file: str, drawn: atlas.Map):
    row = next(row for row in drawn.rows if row.qualname == "ShoppingCart")
    found = browse(
        f"{file}#{row.path}:{row.start_line}",
        ("wait", "codesearchMap.listed() !== null"),
        ("evaluate", "codesearchMap.symbolOf(codesearchMap.selected()).name"),
    )
    assert found["results"] == ["ShoppingCart"]


@pytest.mark.editor
def test_the_page_begins_with_a_symbol(drawn: atlas.Map, tmp_path: Path):
    at = next(n for n, row in enumerate(drawn.rows) if row.qualname == "ShoppingCart")
    target = tmp_path / "map.html"
    target.write_text(page.page(drawn, selected=at), "utf-8")
    found = browse(
        target.as_uri(),
        ("wait", "codesearchMap.view.zoom > 1.5"),
        (
            "evaluate",
            "[codesearchMap.selected(), codesearchMap.listed(), document.querySelector('#count').textContent]",
        ),
        ("press", "Escape"),
        ("evaluate", "codesearchMap.selected()"),
        ("evaluate", "codesearchMap.listed()"),
    )
    (selected, listed, title), after, none = found["results"]
    assert (selected, listed[0], title) == (at, at, "ShoppingCart and what is near it")
    assert len(listed) == 16
    far = np.linalg.norm(drawn.at - drawn.at[at], axis=1)
    assert far[listed].max() <= np.sort(far)[20], "the nearest on the map"
    assert (after, none) == (-1, None)


@pytest.mark.editor
def test_the_page_without_a_mouse(file: str):
    found = browse(
        file,
        ("tree",),
        ("press", "Tab"), ("press", "Tab"), ("press", "Tab"), ("press", "Tab"), ("press", "Tab"), ("press", "Tab"),
        ("press", "Tab"),
        ("evaluate", "document.activeElement.id"),
        ("evaluate", "codesearchMap.view.x"),
        ("press", "ArrowRight"), ("press", "+"),
        ("evaluate", "[codesearchMap.view.x, codesearchMap.view.zoom]"),
        ("press", "Enter"),
        ("evaluate", LISTED),
        ("evaluate", READ),
        dark=True,
    )  # fmt: skip
    tree, focus, x, (moved, zoom), listed, (focused, said) = found["results"]
    for part in ("searchbox", "combobox", 'navigation "Clusters"', "application"):
        assert part in tree
    assert focus == "points"
    assert moved > x
    assert zoom > 1
    assert listed > 0
    assert focused
    assert "in view" in said


@pytest.mark.editor
def test_a_hostile_name_is_shown_as_text(tree: Path, tmp_path: Path):
    (tree / "bad.js").write_text(
        "function x() {}\nclass A { '</script><img src=x onerror=alert(1)>'() { return 1 } }\n"
    )
    with codesearch.open_index(tree) as index:
        index.update()
        related.refresh(index)
        found = atlas.drawn(index)
    target = tmp_path / "bad.html"
    target.write_text(page.page(found), "utf-8")
    assert browse(target.as_uri(), ("evaluate", "document.images.length"))["results"] == [0]


@pytest.mark.editor
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_pictures_in_the_documentation(theme: str, tmp_path: Path):
    """They show this project; `CODESEARCH_UPDATE_DOCS=1` draws them again."""
    picture = HOUSE / "docs" / "images" / f"map-{theme}.png"
    if os.environ.get("CODESEARCH_UPDATE_DOCS"):
        passing = (
            ".git",
            ".venv*",
            ".codesearch",
            ".*_cache",
            "__pycache__",
            "node_modules",
            "build",
            "dist",
            "golden",
        )
        tree = shutil.copytree(HOUSE, tmp_path / "codesearch", ignore=shutil.ignore_patterns(*passing))
        with codesearch.open_index(tree) as index:
            index.update()
            related.refresh(index)
            html = page.page(atlas.drawn(index, where=codesearch.Filter(not_roles=("test",))))
        (tmp_path / "map.html").write_text(html, "utf-8")
        browse((tmp_path / "map.html").as_uri(), ("shot", str(picture)), dark=theme == "dark")
    data = picture.read_bytes()
    assert data.startswith(b"\x89PNG")
    assert 30_000 < len(data) < 400_000


# -- the server ------------------------------------------------------------------------------------


@contextmanager
def served(tree: Path) -> Iterator[int]:
    ready = threading.Event()
    holder: list[Any] = []

    def run() -> None:
        with codesearch.open_index(tree) as index:
            holder.append(serve.server(index, page.page(atlas.drawn(index), site=serve.SITE)))
            ready.set()
            holder[0].serve_forever(poll_interval=0.05)
            holder[0].server_close()

    thread = threading.Thread(target=run)
    thread.start()
    assert ready.wait(120)
    try:
        yield holder[0].server_port
    finally:
        holder[0].shutdown()
        thread.join()


def asked(port: int, path: str, method: str = "GET", **headers: str) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    connection.request(method, path, headers=headers)
    reply = connection.getresponse()
    body = reply.read()
    connection.close()
    return reply.status, body


def test_the_server_answers_this_machine_only(tree: Path):
    with served(tree) as port:
        status, body = asked(port, "/")
        assert status == 200
        assert b"connect-src 'self'" in body
        status, body = asked(port, "/search?q=cancel+an+order")
        assert status == 200
        assert json.loads(body)["results"]
        assert "problem" in json.loads(asked(port, "/search?q=")[1])
        assert asked(port, "/", Host="evil.example")[0] == 403
        assert asked(port, "/../../etc/passwd")[0] == 404
        assert asked(port, "/", method="POST")[0] == 501


@pytest.mark.editor
def test_the_search_box_asks_the_index(tree: Path):
    with served(tree) as port:
        found = browse(
            f"http://127.0.0.1:{port}/",
            ("press", "/"),
            ("type", "take the goods back and return the money"),
            ("press", "Enter"),
            ("wait", f"{LISTED} > 3"),
            ("evaluate", "document.querySelector('#count').textContent"),
        )
    assert "from the index" in found["results"][0]
