"""A small project to search, and the environment a server runs in."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import codesearch

HOUSE = Path(codesearch.__file__).parents[1]
sys.path.insert(0, str(HOUSE / "lsp"))  # of a checkout that is not installed

from tests.lsp.client import Client  # noqa: E402

FILES = {
    "pkg/config.py": '''\
"""Reading configuration."""


@cached
def load_config(path):
    """Read the configuration file and return it as a dictionary."""
    with open(path) as file:
        return parse(file.read())


class ConfigLoader:
    """Finds configuration files in the usual places."""

    def locate(self):
        """Return the first configuration file that exists."""
        return None
''',
    "pkg/upload.py": '''\
def retry_upload(client, attempts):
    """Send again the uploads that failed, and wait longer every time."""
    for attempt in range(attempts):
        client.send()
        client.sleep(2 ** attempt)
''',
    "pkg/copy_one.py": """\
def sum_of_squares(numbers):
    total = 0
    for number in numbers:
        total += number * number
    return total
""",
    "pkg/copy_two.py": """\
def sum_of_squares(numbers):
    total = 0
    for number in numbers:
        total += number * number
    return total
""",
    "web/emoji.js": """\
/* 😀é */ function countSmileys(text) { return text.split(":)").length; }
""",
    "odd #1 100% ñ/déjà vu.go": """\
package odd

// LaunchRocket starts the engines and lifts off.
func LaunchRocket(fuel int) error {
	return nil
}
""",
    "ignored/secret.py": "def never_shown():\n    '''A function in a folder that is ignored.'''\n",
    ".gitignore": "ignored/\n",
}


def write(root: Path, files: dict[str, str]) -> Path:
    """Write files below a root."""
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return root


def environment(home: Path) -> dict[str, str]:
    """Return the environment of a server without the tester's own settings."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("CODESEARCH_", "XDG_"))}
    return {**kept, "HOME": str(home), "PYTHONPATH": f"{HOUSE}{os.pathsep}{HOUSE / 'lsp'}"}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Return a small project."""
    return write(tmp_path / "project", FILES)


@pytest.fixture
def client(tmp_path: Path) -> Iterator[Client]:
    """Return a client with a server that is not initialized yet; ended whatever happens."""
    home = tmp_path / "home"
    home.mkdir()
    client = Client(env=environment(home), cwd=tmp_path)
    try:
        yield client
    finally:
        client.kill()
