"""
The pictures of a terminal in the README and in docs/usage.md show what the command prints.

`CODESEARCH_UPDATE_DOCS=1 python -m pytest tests/test_pictures.py` draws them again.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
from pathlib import Path

import pytest

from tests.support import screen
from tests.support.command import process, terminal
from tests.support.home import HOUSE

IMAGES = HOUSE / "docs" / "images"
UPDATE = bool(os.environ.get("CODESEARCH_UPDATE_DOCS"))
EXAMPLE = 'codesearch query "where are failed uploads retried"'
README = 'codesearch query "how do we stop two processes from writing the index at the same time"'
LARGEST = 16_000
"""Bytes of a picture."""

pytestmark = [
    pytest.mark.usefixtures("private_home"),
    pytest.mark.skipif(os.name != "posix", reason="needs a pseudo-terminal"),
]


def printed(command: str, tree: Path, columns: int) -> str:
    """Return what a command prints on a terminal of 24 lines, after the tree was indexed."""
    assert process("index", "-q", tree, cwd=tree).status == 0
    status, output = terminal(*shlex.split(command)[1:], cwd=tree, columns=columns, rows=24)
    assert status == 0
    return output


def update(name: str, command: str, output: str, columns: int) -> None:
    """Draw a picture in each theme, if the documentation is being updated."""
    for theme, colours in screen.THEMES.items():
        if UPDATE:
            (IMAGES / f"{name}-{theme}.svg").write_text(screen.draw(command, output, columns, colours), "utf-8")


def shown(name: str) -> str:
    """Return the text of a picture, which must be the same in all themes."""
    files = [IMAGES / f"{name}-{theme}.svg" for theme in screen.THEMES]
    assert all(file.stat().st_size < LARGEST for file in files)
    (text,) = {screen.text_of(file.read_text("utf-8")) for file in files}
    return text


def lasting(text: str) -> str:
    """Return an output without scores, which may differ in the last digit between processors."""
    return re.sub(r"\b[01]\.\d\d$", "0.00", text, flags=re.MULTILINE)


@pytest.mark.parametrize("columns", [60, 80, 120])
def test_the_page_of_results_in_usage(columns: int, tmp_path: Path):
    root = shutil.copytree(
        HOUSE / "docs" / "example", tmp_path / "example", ignore=shutil.ignore_patterns(".codesearch")
    )
    output = printed(EXAMPLE, root, columns)
    update(f"terminal-{columns}", EXAMPLE, output, columns)
    first, _, page = shown(f"terminal-{columns}").partition("\n")
    assert first == f"$ {EXAMPLE}"
    assert lasting(page) == lasting(screen.plain(output).rstrip("\n"))
    assert max(map(len, page.splitlines())) <= columns


def test_the_first_picture_of_the_readme(tmp_path: Path):
    """It searches this project itself: the first result must be the same, but its lines may move."""
    tree = tmp_path / "codesearch"
    passing = (".git", ".venv*", ".codesearch", ".*_cache", "__pycache__", "node_modules", "build", "dist")
    shutil.copytree(HOUSE, tree, ignore=shutil.ignore_patterns(*passing))
    output = printed(README, tree, 96)
    update("terminal-readme", README, output, 96)

    def first(text: str) -> tuple[str, ...]:
        header = re.search(r"^ 1  (\S+):\d+  (\w+ \S+)", text, re.MULTILINE)
        assert header is not None, text
        return header.groups()

    page = shown("terminal-readme")
    assert page.startswith(f"$ {README}\n")
    assert first(page) == first(screen.plain(output)) == ("codesearch/store/location.py", "function writer_lock")


@pytest.mark.parametrize(("document", "names"), [("README.md", 1), ("docs/usage.md", 3)])
def test_a_document_shows_its_pictures_in_the_theme_of_the_reader(document: str, names: int):
    text = (HOUSE / document).read_text("utf-8")
    pictures = re.findall(r'<picture>.*?srcset="([^"]*)".*?src="([^"]*)".*?</picture>', text, re.DOTALL)
    assert len(pictures) == names
    for dark, light in pictures:
        assert dark.replace("-dark", "-light") == light
        assert all(((HOUSE / document).parent / path).is_file() for path in (dark, light))


def test_a_picture_keeps_text_colours_and_columns():
    output = "\x1b[1m 1  \x1b[0m\x1b]8;;file:///a\x1b\\\x1b[35ma<b>.py\x1b[0m\x1b]8;;\x1b\\:\x1b[32m2\x1b[0m\n\n  end\n"
    picture = screen.draw("codesearch x", output, 40, screen.THEMES["dark"])
    assert screen.text_of(picture) == "$ codesearch x\n 1  a<b>.py:2\n\n  end"
    assert f'x="{screen.MARGIN + 4 * screen.WIDTH:.1f}"' in picture
    assert 'class="s35">a&lt;b&gt;.py<' in picture
