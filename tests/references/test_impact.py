"""What a change reaches: which files and lines git says are changed, whatever their names are and users have set."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

import codesearch
from codesearch.references.impact import changed_lines, impact, parse
from tests.support.git import commit_all, git

NAMES = ["caf\u00e9.py", "two words.py", 'a "quoted" name.py', "tab\there.py", "back\\slash.py", "line\nbreak.py"]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such names")
@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("prefix", ["", "a"])
def test_a_changed_file_is_found_whatever_its_name(name: str, prefix: str, tmp_path: Path):
    path = f"{prefix}/{name}" if prefix else name
    (tmp_path / prefix).mkdir(exist_ok=True)
    (tmp_path / path).write_text("def f():\n    return 1\n\n\ndef g():\n    return f()\n")
    git(tmp_path, "init", "-q", ".")
    commit_all(tmp_path)
    (tmp_path / path).write_text("def f():\n    return 2\n\n\ndef g():\n    return f()\n")
    index = codesearch.open_index(tmp_path)
    index.update()
    assert changed_lines(index, "HEAD") == {path: [(2, 2)]}
    found = impact(index)
    assert [one.qualname for one in found.changed] == ["f"]
    assert [edge.symbol.qualname for edge in found.reached] == ["g"]
    assert found.unknown == ()


@pytest.mark.skipif(sys.platform != "linux", reason="other systems refuse names that are not UTF-8")
def test_a_changed_file_is_found_if_its_name_is_not_utf8(tmp_path: Path):
    path = os.fsencode(tmp_path) + b"/\xff.py"
    Path(os.fsdecode(path)).write_text("def f():\n    return 1\n")
    git(tmp_path, "init", "-q", ".")
    commit_all(tmp_path)
    Path(os.fsdecode(path)).write_text("def f():\n    return 2\n")
    index = codesearch.open_index(tmp_path)
    index.update()
    assert [one.qualname for one in impact(index).changed] == ["f"]


@pytest.mark.parametrize(
    "setting", ["diff.noprefix", "diff.mnemonicPrefix", "core.quotePath", "diff.interHunkContext=9", "color.ui=always"]
)
def test_settings_of_the_user_change_nothing(setting: str, tmp_path: Path):
    (tmp_path / "b").mkdir()
    lines = [f"x{number} = {number}\n" for number in range(9)]
    (tmp_path / "b" / "caf\u00e9.py").write_text("".join(lines))
    git(tmp_path, "init", "-q", ".")
    commit_all(tmp_path)
    key, _, value = setting.partition("=")
    git(tmp_path, "config", key, value or "true")
    lines[1], lines[5] = "x1 = 11\n", "x5 = 55\n"
    (tmp_path / "b" / "caf\u00e9.py").write_text("".join(lines))
    index = codesearch.open_index(tmp_path)
    index.update()
    assert changed_lines(index, "HEAD") == {"b/caf\u00e9.py": [(2, 2), (6, 6)]}


def test_a_name_with_octal_escapes_is_read():
    header = '--- "a/a/caf\\303\\251.py"\n+++ "b/a/caf\\303\\251.py"\n@@ -2 +2 @@\n-x\n+y\n'
    assert parse(header) == {"a/caf\u00e9.py": [(2, 2)]}
