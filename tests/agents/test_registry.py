"""server.json, for the registry of servers, agrees with the package and the README."""

from __future__ import annotations

import json

from codesearch._version import __version__
from tests.support.home import HOUSE


def test_name_and_version_agree_everywhere():
    server = json.loads((HOUSE / "server.json").read_text("utf-8"))
    [package] = server["packages"]
    assert server["version"] == package["version"] == __version__
    assert f"<!-- mcp-name: {server['name']} -->" in (HOUSE / "README.md").read_text("utf-8")
    assert 'name = "codesearch-local"' in (HOUSE / "pyproject.toml").read_text("utf-8")
    assert package["identifier"] == "codesearch-local"
    assert len(server["description"]) <= 100
