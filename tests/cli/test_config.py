"""`codesearch config set|unset|path`: one setting changes, everything else in the file stays."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from codesearch import settings
from codesearch.cli import settings_file
from tests.support.command import process

COMMENTED = """# My settings.
limit = 5          # few
exclude = [
    "third_party/**",  # not ours
    "limit = 3",
]

# How it looks.
color = "never"
"""


@pytest.mark.parametrize(
    ("name", "value", "line", "before"),
    [
        ("limit", 20, "limit = 20          # few\n", "limit = 5          # few\n"),
        ("color", "auto", 'color = "auto"\n', 'color = "never"\n'),
        ("exclude", ("a/**", 'b"c'), 'exclude = ["a/**", "b\\"c"]\n', COMMENTED[COMMENTED.index("exclude") :][:65]),
    ],
)
def test_one_setting_changes_and_nothing_else(tmp_path: Path, name: str, value: object, line: str, before: str):
    file = tmp_path / "config.toml"
    file.write_text(COMMENTED)
    settings_file.write(file, name, value)
    assert before in COMMENTED
    assert file.read_text() == COMMENTED.replace(before, line)


def test_a_new_setting_is_added_before_the_tables(tmp_path: Path):
    file = tmp_path / "config.toml"
    settings_file.write(file, "limit", 3)
    assert file.read_text() == "limit = 3\n"
    file.write_text("color = 'auto'")
    settings_file.write(file, "limit", 3)
    assert file.read_text() == "color = 'auto'\nlimit = 3\n"
    file.write_text("[other]\nlimit = 9\n")
    settings_file.write(file, "limit", 3)
    assert file.read_text() == "limit = 3\n[other]\nlimit = 9\n"


def test_removing_a_setting(tmp_path: Path):
    file = tmp_path / "config.toml"
    file.write_text(COMMENTED)
    assert settings_file.remove(file, "exclude")
    assert file.read_text() == '# My settings.\nlimit = 5          # few\n\n# How it looks.\ncolor = "never"\n'
    assert not settings_file.remove(file, "exclude")


def test_line_ends_stay(tmp_path: Path):
    file = tmp_path / "config.toml"
    file.write_bytes(COMMENTED.replace("\n", "\r\n").encode())
    settings_file.write(file, "limit", 20)
    settings_file.write(file, "context", 2)
    assert settings_file.remove(file, "exclude")
    expected = '# My settings.\nlimit = 20          # few\n\n# How it looks.\ncolor = "never"\ncontext = 2\n'
    assert file.read_bytes().decode() == expected.replace("\n", "\r\n")


@pytest.mark.skipif(os.name != "posix", reason="links of POSIX")
def test_a_settings_file_that_is_a_link_stays_one(tmp_path: Path):
    real, link = tmp_path / "dotfiles.toml", tmp_path / "config.toml"
    real.write_text("limit = 5\n")
    link.symlink_to(real)
    settings_file.write(link, "limit", 3)
    assert (link.is_symlink(), real.read_text()) == (True, "limit = 3\n")


@pytest.mark.parametrize("value", ["\U000e0041/**", "a\tb", 'quo"te', "\\back"])
def test_every_text_can_be_set(tmp_path: Path, value: str):
    file = tmp_path / "config.toml"
    settings_file.write(file, "exclude", (value,))
    assert settings.read_file(file) == {"exclude": [value]}


def test_the_command(small: Path, private_home: Path):
    file = private_home / ".config" / "codesearch" / "config.toml"
    assert process("config", "path", cwd=small).out == f"{file}\n"
    assert f"user file        {file}  (does not exist)" in process("config", cwd=small).out
    run = process("config", "set", "limit", "3", cwd=small)
    assert (run.status, run.err) == (0, f"codesearch: {file}: limit = 3\n")
    run = process("config", "set", "exclude", "third_party/**", "*.{pb,gen}.go", cwd=small)
    assert file.read_text() == 'limit = 3\nexclude = ["third_party/**", "*.{pb,gen}.go"]\n'
    shown = process("config", "show", "--format", "json", cwd=small).json
    assert shown["settings"]["limit"] == {"value": 3, "origin": str(file)}
    assert process("config", "unset", "limit", cwd=small).status == 0
    assert process("config", "unset", "limit", cwd=small).status == 1
    assert "limit" not in file.read_text()


def test_a_setting_of_the_project(small: Path):
    run = process("config", "set", "--project", "languages", "python", cwd=small)
    assert run.status == 0
    assert (small / ".codesearch.toml").read_text() == 'languages = ["python"]\n'
    run = process("config", "set", "languages", "go", "-q", cwd=small)
    assert "overridden here by" in run.err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("set", "limt", "3"), "unknown setting 'limt'; did you mean 'limit'?\n"),
        (("set", "zzzz", "3"), "unknown setting 'zzzz'. Known settings: include, "),
        (("unset", "limt"), "unknown setting 'limt'; did you mean"),
        (("set", "limit", "many"), "limit must be an integer from 1 to 10000, not 'many'"),
        (("set", "limit", "3", "4"), "limit takes one value, not 2"),
        (("set", "db", "x.db"), "db cannot be set in the user's file"),
        (("set", "--project", "feedback", "true"), "feedback cannot be set by a project"),
    ],
)
def test_what_is_not_allowed_changes_nothing(small: Path, private_home: Path, arguments: tuple[str, ...], said: str):
    run = process("config", *arguments, cwd=small)
    assert run.status == 2
    assert said in run.err
    assert not (small / ".codesearch.toml").exists()
    assert not (private_home / ".config" / "codesearch" / "config.toml").exists()
