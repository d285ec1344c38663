"""A file that was indexed, read again."""

from __future__ import annotations

import os
import time
from hashlib import blake2b
from pathlib import Path

import pytest

from codesearch.files import Source, read_source
from codesearch.files.again import Indexed, read_again

TEXTS = {
    "plain.py": b"def f():\n    return 1\n",
    "umlaut.py": "def größe():\n    return 'é'\n".encode(),
    "latin.py": "def größe():\n    return 'é'\n".encode("cp1252"),
    "bom.py": b"\xef\xbb\xbfx = 1\n",
    "wide.py": "x = 'wide'\n".encode("utf-16"),
    "mac.py": b"x = 1\ry = 2\r",
    "windows.py": b"x = 1\r\ny = 2\r\n",
    "escape.py": b"x = '\x1b[0m'\n",
    "empty.py": b"",
    "notes.ipynb": b'{"nbformat": 4, "metadata": {}, "cells": [\n{"cell_type": "code", "source": ["x = 1"]}]}',
}


def seen(root: Path, name: str, *, checked: int | None = None, times: bool = True, hashed: bool = True) -> Indexed:
    """Return a file as it is now."""
    status = (root / name).stat()
    state = (status.st_mtime_ns, status.st_ctime_ns, status.st_ino) if times else (0, 0, 0)
    moment = time.time_ns() + 10_000_000_000 if checked is None else checked
    digest = blake2b((root / name).read_bytes(), digest_size=16).digest()
    return Indexed(name, status.st_size, *state, moment, digest if hashed else None)


@pytest.mark.parametrize("times", [True, False])
@pytest.mark.parametrize("name", TEXTS)
def test_its_text_is_what_was_indexed(tmp_path: Path, name: str, times: bool):
    (tmp_path / name).write_bytes(TEXTS[name])
    source = read_source(tmp_path, name)
    assert isinstance(source, Source)
    assert read_again(tmp_path, seen(tmp_path, name, times=times)) == source.data


def test_a_file_of_the_same_size_that_changed_is_not_read(tmp_path: Path):
    file = tmp_path / "a.py"
    file.write_bytes(b"x = 1\n")
    before = seen(tmp_path, "a.py")
    file.write_bytes(b"x = 2\n")
    os.utime(file, (1, 1))
    assert read_again(tmp_path, before) is None


def test_times_of_the_moment_are_not_trusted(tmp_path: Path):
    """A change within the grain of the clock keeps them."""
    file = tmp_path / "a.py"
    file.write_bytes(b"x = 2\n")
    now = seen(tmp_path, "a.py", checked=file.stat().st_mtime_ns)
    assert read_again(tmp_path, now._replace(hash=bytes(16))) is None
    assert read_again(tmp_path, now._replace(hash=None)) is None
    assert read_again(tmp_path, now) == b"x = 2\n"


def test_a_file_without_a_hash_is_told_by_its_times(tmp_path: Path):
    (tmp_path / "a.py").write_bytes(b"x = 1\n")
    assert read_again(tmp_path, seen(tmp_path, "a.py", hashed=False)) == b"x = 1\n"
    assert read_again(tmp_path, seen(tmp_path, "a.py", hashed=False, times=False)) is None


def test_what_is_gone_or_no_plain_file_is_not_read(tmp_path: Path):
    (tmp_path / "a.py").write_bytes(b"x = 1\n")
    before = seen(tmp_path, "a.py")
    (tmp_path / "a.py").unlink()
    assert read_again(tmp_path, before) is None
    (tmp_path / "a.py").mkdir()
    assert read_again(tmp_path, before) is None
