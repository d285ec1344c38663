"""Names and text with control characters, or that are invisible or change the direction: a terminal never gets them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.support.command import terminal
from tests.support.trees import write

pytestmark = pytest.mark.skipif(os.name != "posix", reason="a terminal and such names need a POSIX system")

FILE = "lo\x1b[2Jad.py"
FOLDER = "su\x1b[4mb"
HIDDEN = "x\u202ey\u2066z\u200b\u200f\ufeff\U000e0041\u3164"
"""Reorders what follows, or is not shown."""
COMMANDS = [
    ("query", "load"),
    ("query", "load", "--format", "vimgrep"),
    ("query", "load", "--format", "paths"),
    ("query", "load", "--format", "json", "--snippet"),
    ("query", "load", "--explain"),
    ("query", "send", FOLDER),
    ("query", "load", "--path", "nosuch\x1b[1m"),
    ("query", "load", "--kind", "\x1b[1m"),
    ("symbols",),
    ("symbols", "--format", "paths"),
    ("show", "load"),
    ("show", f"{FILE}:1"),
    ("show", "nosuch\x1b[1m"),
    ("similar", f"{FILE}:1"),
    ("query", "-e", "load"),
    ("outline",),
    ("ast", "(identifier) @\x1b[1m", "--lang", "python"),
    ("ast", "(identifier) @name", "--lang", "python"),
    ("callers", "other"),
    ("callers", "other", "--format", "paths"),
    ("callees", "load"),
    ("related", f"{FILE}:1"),
    ("related", FILE),
    ("related", FILE, "--format", "paths"),
    ("clones",),
    ("clusters",),
    ("context", "load"),
    ("why", "load", f"{FILE}:1"),
    ("index", "nosuch\x1b[1m"),
    ("status",),
    ("config",),
    ("watch", "--status"),
    ("query", "load", "--verbose"),
]


@pytest.fixture(scope="module")
def evil(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(
        tmp_path_factory.mktemp("evil") / "ro\x1b[31mot",
        {
            FILE: f'def load(path):\n    """Load \x1b[5m it{HIDDEN}."""\n    return other("\x1b]0;x\x07{HIDDEN}")\n',
            f"{HIDDEN}.py": f'def other(a="{HIDDEN}"):\n    """Load {HIDDEN}."""\n    return "{HIDDEN}"\n',
            f"{FOLDER}/send.py": "def send():\n    pass\n",
            "big\x1b[3m.py": "x = 1\n" * 300_000,
            "pyproject.toml": "[tool.codesearch]\nlimit = \n",
        },
    )


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: " ".join(command)[:40])
def test_no_control_character_reaches_the_terminal(evil: Path, command: tuple[str, ...]):
    _, said = terminal(*command, cwd=evil, environment={"NO_COLOR": "1"})
    assert said
    for code in ("\x1b[31m", "\x1b[2J", "\x1b[4mb", "\x1b[5m", "\x1b[3m", "\x1b[1m", "\x1b]0", "\x07"):
        assert code not in said
    assert not (set(HIDDEN) - set("xyz")) & set(said)
