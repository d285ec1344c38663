"""A small repository with documentation and history."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.git import git

CACHE = '''"""A cache."""


class Cache:
    """Keeps values for a time that was agreed on."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.values: dict[str, object] = {}

    def get(self, key: str) -> object:
        """Return what was stored under a key, unless it is too old.

        None otherwise.
        """
        if self.expired(key):
            return None
        return self.values[key]

    def put(self, key: str, value: object) -> None:
        """
        Store a value together with the moment it came.
        """
        self.drop_oldest()
        self.values[key] = value
        self.note(key)
'''
UPLOAD = """package upload

// Retry sends the parts again that did not arrive, waiting longer each time.
func Retry(parts []string) error {
\tfor _, part := range parts {
\t\tsend(part)
\t}
\treturn nil
}

/* Checks that the bytes that came are the bytes that were sent. */
func verify(sum string, data []byte) bool {
\tfound := digest(data)
\tlog(found)
\treturn found == sum
}
"""


@pytest.fixture
def commit(repository: Path) -> Callable[..., None]:
    """Return a function that changes files and commits them."""

    def run(subject: str, **files: str) -> None:
        for name, text in files.items():
            path = repository / name.replace("__", "/").replace("_", ".")
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("a", encoding="utf-8") as stream:
                stream.write(text)
        git(repository, "add", "-A")
        git(repository, "commit", "-q", "-m", subject)

    return run


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """Return a git work tree with two source files."""
    root = tmp_path / "repository"
    (root / "src").mkdir(parents=True)
    (root / "src" / "cache.py").write_text(CACHE, encoding="utf-8")
    (root / "src" / "upload.go").write_text(UPLOAD, encoding="utf-8")
    git(root, "init", "-q", "-b", "main")
    git(root, "add", "-A")
    git(root, "commit", "-q", "-m", "Begin with everything at once here")
    return root
