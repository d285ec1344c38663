"""The session in docs/agents.md is what the server answers.

`CODESEARCH_UPDATE_DOCS=1 python -m pytest tests/mcp/test_recorded_session.py` writes the current answers into it.
"""

from __future__ import annotations

import json
import os
import re
import shutil
from pathlib import Path

import codesearch
from tests.mcp.client import Raw, stop_service
from tests.support.home import HOUSE

PAGE = HOUSE / "docs" / "agents.md"
BLOCK = re.compile(r"^(?P<fence>`{3,})mcp\n> (?P<call>.*)\n(?P<answer>(?:.*\n)*?)(?P=fence)$", re.MULTILINE)


def test_the_recorded_session_is_true(tmp_path: Path):
    root = Path(shutil.copytree(HOUSE / "docs" / "example", tmp_path / "example"))
    with codesearch.open_index(root) as index:
        index.update()  # under load, the first answer might come before the first index
    text = PAGE.read_text("utf-8")
    assert len(BLOCK.findall(text)) >= 5
    with Raw(root) as session:

        def answered(found: re.Match[str]) -> str:
            tool, _, arguments = found["call"].partition(" ")
            answer = session.text(tool, **json.loads(arguments))
            fence = "````" if "```" in answer else "```"
            return f"{fence}mcp\n> {found['call']}\n{answer}{fence}"

        now = BLOCK.sub(answered, text)
    stop_service(root)
    if os.environ.get("CODESEARCH_UPDATE_DOCS"):
        PAGE.write_text(now, "utf-8")
    else:
        assert now.splitlines() == text.splitlines()
