"""The configurations in docs/editors.md can be read, and the screens in it are there."""

from __future__ import annotations

import importlib
import json
import re
import sys

import pytest

from tests.editors.conftest import HOUSE

TEXT = (HOUSE / "docs" / "editors.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(toml|json)\n(.*?)^```", TEXT, re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("number", range(len(BLOCKS)))
def test_configurations_parse_and_start_the_server(number: int) -> None:
    language, text = BLOCKS[number]
    if language == "json":
        found = json.dumps(json.loads(text))
    else:
        reader = importlib.import_module("tomllib" if sys.version_info >= (3, 11) else "tomli")
        found = json.dumps(reader.loads(text))
    assert any(one in found for one in ('["codesearch", "lsp"]', '"args": ["lsp"]', "codesearch lsp", '"similar"'))


def test_every_configuration_was_seen() -> None:
    assert [language for language, _ in BLOCKS] == ["toml", "json", "json", "json", "json"]


def test_screens_are_there() -> None:
    screens = re.findall(r"<!-- capture: ([\w-]+) -->\n```text\n(.*?)```\n<!-- end -->", TEXT, re.DOTALL)
    assert [name for name, _ in screens] == ["neovim-wheel", "neovim-quickfix", "emacs-consult", "emacs-xref", "vim"]
    for name, screen in screens:
        assert "def resend" in screen, name
        assert "/tmp/" not in screen, name
