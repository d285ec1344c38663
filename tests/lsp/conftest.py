"""A small project to search, and the environment of the server."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.lsp.client import Client
from tests.support.home import environment
from tests.support.trees import write

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


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Return a small project."""
    return write(tmp_path / "project", FILES)


@pytest.fixture
def client(tmp_path: Path) -> Iterator[Client]:
    """Yield a client with a server that is not initialized yet; the server is ended in any case."""
    home = tmp_path / "home"
    home.mkdir()
    client = Client(env=environment(home), cwd=tmp_path)
    try:
        yield client
    finally:
        client.kill()
