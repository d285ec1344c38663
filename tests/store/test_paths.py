"""The names of files in an index, which depend on no locale."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from codesearch.store.paths import shown, stored

NAMES = [b"plain.py", "größe.py".encode(), b"caf\xe9.py", "日/本.py".encode()]
STORED: list[str | bytes] = ["plain.py", "größe.py", b"caf\xe9.py", "日/本.py"]


def test_a_name_that_is_not_utf8_is_bytes():
    names = [os.fsdecode(name) for name in NAMES]
    assert [stored(name) for name in names] == STORED
    assert [shown(name) for name in STORED] == names


@pytest.mark.skipif(os.name != "posix" or sys.platform == "darwin", reason="names are decoded as UTF-8 there")
def test_another_locale_stores_the_same():
    program = f"""
import os, sys
from codesearch.store.paths import shown, stored
assert sys.getfilesystemencoding() == "ascii"
names = [os.fsdecode(name) for name in {NAMES!a}]
assert [stored(name) for name in names] == {STORED!a}
assert [shown(name) for name in {STORED!a}] == names
"""
    locale = {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"}
    subprocess.run([sys.executable, "-c", program], env={**os.environ, **locale}, check=True)
