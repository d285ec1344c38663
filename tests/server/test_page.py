"""The page of a server, in headless Chromium: what people see, and that nothing of a repository becomes part of it."""

from __future__ import annotations

import base64
import hashlib
import os
import re
import shutil
from pathlib import Path
from typing import Any

import pytest

import codesearch
from codesearch.search.rank import WEAK
from codesearch.server import page
from tests.server.conftest import Place, send
from tests.support import browser
from tests.support.home import HOUSE
from tests.support.trees import SHOP

BOX = "document.querySelector('#query')"
CHOSEN = "document.querySelector('[aria-selected=true]')"
COUNT = "document.querySelectorAll('.hit').length"
SHOWN = f"{COUNT} > 0 && !document.querySelector('#results').classList.contains('waiting')"
NAMES = "[...document.querySelectorAll('.hit strong')].map(one => one.textContent)"
TITLE = "document.querySelector('#title').textContent"
SOURCE = "document.querySelectorAll('#code .lines > div').length > 0"
STATUS = "document.querySelector('#status').textContent"
SCORES = "[...document.querySelectorAll('.hit .score')].map(one => one.textContent)"
FOCUS = "document.activeElement.id"
READY = "!document.querySelector('#list').hidden && !document.querySelector('#query').disabled"
NARROW = {"width": 400, "height": 800}
WIDE = {"width": 1400, "height": 860}


def browse(url: str, *steps: tuple[Any, ...], **more: Any) -> dict[str, Any]:
    """Do some steps on the page."""
    return browser.browse(url, *steps, plain=True, **more)


def signed_in(token: str) -> list[tuple[Any, ...]]:
    """Return the steps of a person who signs in."""
    return [
        ("wait", "!document.querySelector('#enter').hidden"),
        ("fill", "#token", token),
        ("press", "Enter"),
        ("wait", READY),
    ]


def searched(text: str) -> list[tuple[Any, ...]]:
    """Return the steps of a search whose results are other than those before."""
    return [
        ("fill", "#query", text),
        ("wait", f"location.hash.includes(new URLSearchParams({{q: {text!r}}})) && {SHOWN}"),
    ]


@pytest.fixture
def filled(place: Place, shop: codesearch.Index, indexed) -> Place:
    server = place.server("ci", "shop", "fruit", push=True)
    send(shop, server, "shop")
    send(indexed({"kiwi.py": "def peel_kiwi(kiwi):\n    return kiwi.peeled()\n"}), server, "fruit")
    return place


def test_the_policy_lets_only_the_own_script_run():
    reply = page.reply()
    headers = dict(reply.headers)
    policy = headers["Content-Security-Policy"]
    text = reply.body.decode()
    for kind, tag in (("script-src", "script"), ("style-src", "style")):
        (part,) = re.findall(f"<{tag}>(.*?)</{tag}>", text, re.DOTALL)
        own = base64.b64encode(hashlib.sha256(part.encode()).digest()).decode()
        assert f"{kind} 'sha256-{own}';" in policy
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "require-trusted-types-for 'script'" in policy
    assert "unsafe" not in policy
    assert headers["Referrer-Policy"] == "no-referrer"
    assert not re.search(r"(?:src|href)=[\"']?(?:https?:)?//", text), "no address of another server"
    assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(|style=| on\w+=", text)
    assert "{{" not in text


@pytest.mark.editor
def test_a_person_signs_in_searches_and_reads(filled: Place):
    token = filled.token("alice", "shop", "fruit")
    found = browse(
        filled.url,
        ("wait", "!document.querySelector('#enter').hidden"),
        ("fill", "#token", "cs_wrong"),
        ("press", "Enter"),
        ("wait", "document.querySelector('#wrong').textContent !== ''"),
        *signed_in(token),
        ("evaluate", "[document.querySelector('#who').textContent, document.querySelector('#size').textContent]"),
        ("evaluate", FOCUS),
        ("type", "retry a failed upload"),
        ("wait", f"location.hash.includes('retry+a+failed+upload') && {SHOWN} && {SOURCE}"),
        ("evaluate", NAMES),
        ("evaluate", f"[{TITLE}, document.querySelectorAll('#code .matches mark').length > 0]"),
        ("evaluate", STATUS),
        ("evaluate", "document.cookie + JSON.stringify(localStorage) + location"),
        ("reload",),
        ("wait", SHOWN),
        ("evaluate", NAMES),
        ("click", "#out"),
        ("wait", "!document.querySelector('#enter').hidden"),
        ("evaluate", "[sessionStorage.length, document.querySelectorAll('.hit').length, document.body.innerText]"),
        problems=("Failed to load resource: the server responded with a status of 401",),
        size=WIDE,
    )  # fmt: skip
    (who, size), focus, names, (title, marked), status, kept, again, (left, hits, text) = found["results"]
    assert who == "alice"
    assert size.endswith("symbols in 2 repositories.")
    assert focus == "query"
    assert title == names[0] == again[0]
    assert marked
    assert re.fullmatch(r"\d+ results from (1 of )?2 repositories", status)
    assert token not in kept, "neither in a cookie, nor in storage that lasts, nor in the address"
    assert (left, hits) == (0, 0)
    assert names[0] not in text
    assert all(one.startswith((filled.url, "data:")) for one in found["asked"]), "nothing comes from elsewhere"
    assert not any("upload" in one for one in found["asked"]), "a question is in no address that is sent"


@pytest.mark.editor
def test_everything_can_be_done_with_keys(filled: Place):
    found = browse(
        filled.url,
        *signed_in(filled.token("alice", "shop", "fruit")),
        ("press", "Escape"), ("press", "/"),
        ("evaluate", FOCUS),
        *searched("load settings"),
        ("press", "ArrowDown"), ("press", "ArrowDown"), ("press", "ArrowUp"),
        ("evaluate", f"[{CHOSEN}.id, {BOX}.getAttribute('aria-activedescendant')]"),
        ("wait", f"{TITLE} === {NAMES}[1] && {SOURCE}"),
        ("press", "Enter"),
        ("evaluate", FOCUS),
        ("evaluate", TITLE),
        ("press", "s"),
        ("wait", f"!document.querySelector('#like').hidden && {SHOWN}"),
        ("evaluate", f"[document.querySelector('#like strong').textContent, {NAMES}, {FOCUS}]"),
        ("press", "Escape"),
        ("wait", f"document.querySelector('#like').hidden && {SHOWN}"),
        ("evaluate", NAMES),
        ("press", "Escape"),
        ("wait", "!document.querySelector('#start').hidden"),
        ("press", "Escape"), ("press", "?"),
        ("evaluate", "document.querySelector('#keys').open"),
        ("press", "Escape"),
        ("evaluate", "document.querySelector('#keys').open"),
        size=WIDE,
    )  # fmt: skip
    first, chosen, pane, title, (like, others, after), back, shown, closed = found["results"]
    assert first == "query"
    assert chosen == ["hit1", "hit1"]
    assert pane == "code"
    assert like == title == back[1]
    assert title not in others[:1]
    assert after == "query"
    assert (shown, closed) == (True, False)


@pytest.mark.editor
def test_filters_narrow_the_search(filled: Place):
    found = browse(
        filled.url,
        *signed_in(filled.token("alice", "shop", "fruit")),
        *searched("peel"),
        ("evaluate", "[...document.querySelectorAll('.hit .where b')].map(one => one.textContent)"),
        ("select", "#repository", "fruit"),
        ("wait", f"location.hash.includes('repository=fruit') && {SHOWN}"),
        ("evaluate", "[...document.querySelectorAll('.hit .where b')].map(one => one.textContent)"),
        ("evaluate", "[...document.querySelector('#language').options].map(one => one.value)"),
        ("select", "#kind", "class"),
        ("wait", f"{STATUS}.startsWith('No results')"),
        ("evaluate", STATUS),
        ("click", "#clear"),
        ("wait", SHOWN),
        ("evaluate", "[location.hash, document.querySelector('#clear').hidden]"),
    )  # fmt: skip
    every, only, languages, none, (address, hidden) = found["results"]
    assert set(every) == {"shop", "fruit"}
    assert set(only) == {"fruit"}
    assert languages == ["", "python"]
    assert none == "No results in 1 repository. Try other words, or clear the filters."
    assert (address, hidden) == ("#q=peel", True)


@pytest.mark.editor
@pytest.mark.parametrize("size", [WIDE, NARROW])
def test_the_start_counts_a_repository_once_and_shows_its_whole_name(
    filled: Place, shop: codesearch.Index, size: dict[str, int]
):
    long = "platform-engineering-shared-libraries-and-tools"
    server = filled.server("ci", "shop", long, push=True)
    for number in range(3):
        send(shop, server, "shop", ref=f"branch{number}")
    send(shop, server, long)
    found = browse(
        filled.url,
        *signed_in(filled.token("alice", "shop", long)),
        ("evaluate", "document.querySelector('#size').textContent"),
        ("evaluate", "[...document.querySelectorAll('#known li')].map(one => one.children[2].textContent)"),
        ("evaluate", "[...document.querySelectorAll('#known button')].map(one => one.scrollWidth <= one.clientWidth)"),
        ("evaluate", "[...document.querySelectorAll('#known li span')].every(one => "
                     "one.getBoundingClientRect().right <= innerWidth)"),
        size=size,
    )  # fmt: skip
    text, symbols, whole, inside = found["results"]
    assert inside
    assert text == f"{sum(int(one.split()[0]) for one in symbols)} symbols in 2 repositories."
    assert whole == [True, True]


@pytest.mark.editor
def test_answers_that_are_probably_wrong_say_so(filled: Place):
    found = browse(
        filled.url,
        *signed_in(filled.token("alice", "shop", "fruit")),
        *searched("load settings"),
        ("evaluate", SCORES),
        ("evaluate", STATUS),
        *searched("zzzz qqqq"),
        ("evaluate", SCORES),
        ("evaluate", STATUS),
        ("fill", "#query", "peel lang:haskell"),
        ("wait", f"{STATUS}.startsWith('No results')"),
        ("evaluate", STATUS),
    )  # fmt: skip
    good, some, bad, all_weak, none = found["results"]
    for score in good + bad:
        assert score.startswith("weak ") == (float(score.split()[-1]) < WEAK), score
    assert not good[0].startswith("weak ")
    assert "weak" not in some
    assert bad[0].startswith("weak ")
    assert all_weak.endswith("All are weak: the code may not exist, or use other words.")
    assert none == "No results in 2 repositories. Try other words, or leave out a filter."


@pytest.mark.editor
def test_on_a_telephone_the_help_has_room(filled: Place):
    found = browse(
        filled.url,
        *signed_in(filled.token("alice", "shop")),
        ("click", "#help"),
        ("evaluate", "document.querySelector('#keys').getBoundingClientRect().width"),
        ("evaluate", "document.querySelector('#keys button').getBoundingClientRect().left - "
                     "document.querySelector('#keys form span').getBoundingClientRect().right"),
        size=NARROW,
    )  # fmt: skip
    width, between = found["results"]
    assert width > 300
    assert between >= 8


FOREIGN = "img, i, svg:not(.field svg), script:not(:last-of-type), b:not(.where b, #place b)"
HOSTILE = {
    "x<img src=x onerror=alert(1)>.py": (
        'def steal(cookie="<script>document.title=1</script>"):\n'
        '    """Take <img src=x onerror="document.title=2"> and </script><script>document.title=3</script>."""\n'
        "    return '</span><svg onload=document.title=4>' + cookie  # \u202e reversed\n"
    ),
    "bad.js": "class A { '</strong><img src=x onerror=document.title=5>'(cookie) { return cookie } }\n",
    "page.html": "<script>document.title = 6</script><h1 id=steal onclick=x>steal the cookie</h1>\n",
}


@pytest.mark.editor
def test_hostile_names_documentation_and_source_are_text(place: Place, indexed):
    server = place.server("ci", "evil", push=True)
    send(indexed(HOSTILE), server, "evil", "<b>c1</b>", ref="<i>main</i>")
    found = browse(
        place.url,
        *signed_in(place.token("alice", "evil")),
        *searched("steal the cookie"),
        ("wait", f"{TITLE} === {NAMES}[0] && {SOURCE}"),
        ("press", "ArrowDown"),
        ("wait", f"{TITLE} === {NAMES}[1] && {SOURCE}"),
        ("press", "ArrowDown"),
        ("wait", f"{TITLE} === {NAMES}[2] && {SOURCE}"),
        ("evaluate", f"[document.title, document.querySelectorAll({FOREIGN!r}).length]"),
        ("evaluate", "document.body.innerText"),
        size=WIDE,
    )  # fmt: skip
    (title, elements), text = found["results"]
    assert (title, elements) == ("codesearch", 0)
    for part in ("<script>document.title=1</script>", "<img src=x onerror=", r"\u202e reversed"):
        assert part in text
    assert "\u202e" not in text


@pytest.mark.editor
def test_without_source_places_and_signatures_are_shown(place: Place, indexed):
    index = indexed({"kiwi.py": "def peel_kiwi(kiwi):\n    return kiwi.peeled()\n"})
    send(index, place.server("ci", "fruit", push=True), "fruit", source=False)
    found = browse(
        place.url,
        *signed_in(place.token("alice", "fruit")),
        *searched("peel"),
        ("wait", "document.querySelector('#code').textContent.includes('no source')"),
        ("evaluate", "['.hit .lines', '#code'].map(one => document.querySelector(one).textContent)"),
        size=WIDE,
    )  # fmt: skip
    line, text = found["results"][0]
    assert line == "def peel_kiwi(kiwi)"
    assert "pushed without it" in text


@pytest.mark.editor
def test_on_a_telephone_a_result_covers_the_list(filled: Place):
    across = "document.documentElement.scrollWidth <= 400"
    found = browse(
        filled.url,
        ("evaluate", across),
        *signed_in(filled.token("alice", "shop", "fruit")),
        ("evaluate", across),
        *searched("load settings"),
        ("evaluate", across),
        ("evaluate", "getComputedStyle(document.querySelector('#pane')).display"),
        ("click", ".hit"),
        ("wait", SOURCE),
        ("evaluate", "[getComputedStyle(document.querySelector('#pane')).position, document.activeElement.id]"),
        ("click", "#back"),
        ("evaluate", "[getComputedStyle(document.querySelector('#pane')).display, document.activeElement.id]"),
        size=NARROW,
    )  # fmt: skip
    *fits, before, opened, after = found["results"]
    assert fits == [True, True, True]
    assert (before, opened, after) == ("none", ["fixed", "code"], ["none", "query"])


CONTRAST = """(() => {
  const light = (text) => { const [r, g, b] = text.match(/[0-9.]+/g).map(Number).map(one => { one /= 255;
    return one <= .04045 ? one / 12.92 : ((one + .055) / 1.055) ** 2.4; }); return .2126 * r + .7152 * g + .0722 * b; };
  const back = (one) => { for (; one; one = one.parentElement) { const found = getComputedStyle(one).backgroundColor;
    if (/^rgb\\(/.test(found)) return found; } return 'rgb(255, 255, 255)'; };
  const bad = [];
  for (const one of document.querySelectorAll('.hit *, #status, #pane *, #top *')) {
    if (![...one.childNodes].some(child => child.nodeType === 3 && child.data.trim())) continue;
    if (!one.checkVisibility() || one.closest('.around, .no, option')) continue;
    const two = [light(getComputedStyle(one).color), light(back(one))].sort((a, b) => b - a);
    const ratio = (two[0] + .05) / (two[1] + .05);
    if (ratio < 4.5) bad.push(`${one.className || one.tagName} ${ratio.toFixed(2)}`);
  }
  return [...new Set(bad)];
})()"""


NAMELESS = """[...document.querySelectorAll('input, select, button')].filter(one =>
  one.checkVisibility() && !one.labels?.length && !one.ariaLabel && !one.textContent.trim()).length"""


@pytest.mark.editor
@pytest.mark.parametrize("dark", [False, True])
def test_text_can_be_read_and_everything_has_a_name(filled: Place, dark: bool):
    found = browse(
        filled.url,
        *signed_in(filled.token("alice", "shop", "fruit")),
        *searched("load settings"),
        ("wait", SOURCE),
        ("evaluate", CONTRAST),
        ("tree",),
        ("evaluate", NAMELESS),
        size=WIDE, dark=dark,
    )  # fmt: skip
    faint, tree, nameless = found["results"]
    assert faint == []
    assert nameless == 0
    for part in (
        'combobox "Search code"',
        'combobox "Repository"',
        'listbox "Results"',
        "option",
        'region "Source"',
        "article",
    ):
        assert part in tree, part


PICTURES = {"light": (WIDE, False), "dark": (WIDE, True), "narrow": (NARROW, False)}


@pytest.mark.editor
@pytest.mark.parametrize("name", PICTURES)
def test_the_pictures_in_the_documentation(name: str, place: Place, shop: codesearch.Index, indexed, tmp_path: Path):
    """They show this project; `CODESEARCH_UPDATE_DOCS=1` draws them again."""
    picture = HOUSE / "docs" / "images" / f"server-{name}.png"
    if os.environ.get("CODESEARCH_UPDATE_DOCS"):
        server = place.server("ci", "codesearch", "shop", push=True)
        send(shop, server, "shop", "5f0c2ab81d3e")
        tree = shutil.copytree(
            HOUSE / "codesearch", tmp_path / "codesearch", ignore=shutil.ignore_patterns("__pycache__")
        )
        with codesearch.open_index(tree, model="static") as index:
            index.update()
            send(index, server, "codesearch", "0abc7e2b7c61")
        size, dark = PICTURES[name]
        browse(
            place.url,
            *signed_in(place.token("alice", "codesearch", "shop")),
            *searched("stop two processes from writing at the same time"),
            *([] if size is NARROW else [("wait", SOURCE)]),
            ("shot", str(picture)),
            size=size, dark=dark,
        )  # fmt: skip
    data = picture.read_bytes()
    assert data.startswith(b"\x89PNG")
    assert 20_000 < len(data) < 400_000


def test_the_lines_of_a_result(filled: Place):
    server = filled.server("alice", "shop", "fruit")
    found = server.post("/query", {"query": "retry failed uploads", "lines": 3, "limit": 3})
    for hit in found["hits"]:
        numbers = [line["number"] for line in hit["lines"]]
        assert 1 <= len(numbers) <= 3
        assert numbers[0] == hit["symbol"]["start_line"]
        assert numbers == sorted(numbers)
        assert numbers[-1] <= hit["symbol"]["end_line"]
    first = found["hits"][0]
    about = {name: first[name] for name in ("repository", "ref")} | {"path": first["symbol"]["path"]}
    part = server.post("/source", {**about, "first": 1, "last": 5, "terms": ["retry"]})
    text = (SHOP / first["symbol"]["path"]).read_text("utf-8").split("\n")
    assert ["".join(word for _, word in line["parts"]) for line in part["lines"]] == text[:5]
    assert part["total"] == len(text)
    assert server.post("/source", {**about, "path": "none.py", "first": 1, "last": 5})["lines"] == []
