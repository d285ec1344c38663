"""Installing changes nothing else in a file, and uninstalling leaves it as it was, to the byte."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from codesearch.agents import changes, jsonc, plan
from codesearch.agents.clients import CLIENTS
from codesearch.core.errors import UsageError
from tests.support.command import Run

toml = import_module("tomllib" if sys.version_info >= (3, 11) else "tomli")

ODD_JSON = {
    "nothing": "",
    "an empty object": "{}",
    "an empty object with a comment": "{\n  // servers come here\n}\n",
    "other settings": '{\n    "theme": "dark", // with a comment\n    "list": [1, 2,],\n}\n',
    "another server": '{\n\t"KEY": {\n\t\t"other": { "command": "x" } /* mine */\n\t}\n}',
    "one line": '{"KEY":{"other":{"command":"x"}},"a":1}',
    "a comma at the end": '{\n  "KEY": {\n    "other": {"command": "x"},\n  },\n}\n',
    "Windows line breaks": '{\r\n  "KEY": {},\r\n  "a": "}"\r\n}\r\n',
    "an empty list of servers": '{ "KEY": { }, "b": "// no comment" }',
}
ODD_TOML = {
    "nothing": "",
    "settings": 'model = "x" # mine\n\n[profiles.a]\nkey = 1\n',
    "no line break at the end": '[mcp_servers.other]\ncommand = "x"',
    "Windows line breaks": "a = 1\r\n[b]\r\nc = 2\r\n",
}


def texts_for(name: str) -> dict[str, str]:
    client = CLIENTS[name]
    if client.file(Path("/h")).suffix == ".toml":
        return ODD_TOML
    return {what: text.replace("KEY", client.path[0]) for what, text in ODD_JSON.items()}


CASES = [(name, what, text) for name in CLIENTS for what, text in texts_for(name).items()]


def install(name: str, home: Path, project: Path | None = None, command: str = "/bin/codesearch") -> None:
    changes.install(plan.installing(CLIENTS[name], home, project, command))


def uninstall(name: str, home: Path, project: Path | None = None) -> None:
    changes.uninstall(plan.uninstalling(CLIENTS[name], home, project))


def without_comments(text: str) -> Any:
    """Parse what the scanner accepts, through the offsets that it found."""

    def value(at: int, end: int) -> Any:
        if text[at] != "{":
            return text[at:end]
        found = jsonc.scan(text, at)
        return {one.name: value(one.start, one.end) for one in found.members}

    found = jsonc.scan(text)
    return value(found.start, found.end + 1)


@pytest.mark.parametrize(("name", "what", "text"), CASES, ids=[f"{name}, {what}" for name, what, _ in CASES])
def test_a_round_trip_leaves_every_byte(private_home: Path, name: str, what: str, text: str):
    client = CLIENTS[name]
    file = client.file(private_home)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(text.encode())
    install(name, private_home)
    assert plan.is_installed(client, private_home, None)
    written = file.read_bytes().decode()
    if file.suffix == ".toml":
        expected = toml.loads(text)
        expected.setdefault("mcp_servers", {})["codesearch"] = {"command": "/bin/codesearch", "args": ["mcp"]}
        assert toml.loads(written) == expected
    else:
        read = without_comments(written)
        entry = jsonc.value_at(written, client.path)
        assert entry is not None
        assert json.loads(entry) == client.entry("/bin/codesearch")
        del read[client.path[0]]["codesearch"]
        before = without_comments(text) if text.strip() else {}
        before.setdefault(client.path[0], {})
        assert read == before
    assert all(comment in written for comment in ("// with a comment", "/* mine */", "# mine") if comment in text)
    install(name, private_home, command="/other/codesearch")  # an update
    install(name, private_home)
    assert file.read_bytes().decode() == written
    uninstall(name, private_home)
    assert file.read_bytes() == text.encode()


@pytest.mark.parametrize("name", CLIENTS)
def test_a_file_that_was_made_is_removed(private_home: Path, name: str):
    install(name, private_home)
    file = CLIENTS[name].file(private_home)
    assert file.exists()
    uninstall(name, private_home)
    assert not file.exists()


@pytest.mark.parametrize("name", CLIENTS)
def test_edits_since_then_stay(private_home: Path, name: str):
    client = CLIENTS[name]
    file = client.file(private_home)
    file.parent.mkdir(parents=True, exist_ok=True)
    is_toml = file.suffix == ".toml"
    file.write_text('a = "1"\n' if is_toml else '{\n  "a": "1"\n}\n')
    install(name, private_home)
    file.write_text(file.read_text().replace('"1"', '"2"'))
    uninstall(name, private_home)
    assert file.read_text() == ('a = "2"\n' if is_toml else '{\n  "a": "2"\n}\n')


@pytest.mark.parametrize("name", CLIENTS)
def test_an_entry_that_the_client_has_rewritten_is_still_removed(private_home: Path, name: str):
    client = CLIENTS[name]
    file = client.file(private_home)
    file.parent.mkdir(parents=True, exist_ok=True)
    if file.suffix == ".toml":
        text = '[mcp_servers.codesearch]\ncommand = "c"\nargs = ["mcp"]\nenabled = true\n\n[other]\nx = 1\n'
    else:
        other = {"command": "x"}
        text = json.dumps({client.path[0]: {"other": other, "codesearch": {"command": "c"}, "third": other}})
    file.write_text(text)
    uninstall(name, private_home)
    assert not plan.is_installed(client, private_home, None)
    left = toml.loads(file.read_text()) if file.suffix == ".toml" else json.loads(file.read_text())
    assert left in ({"other": {"x": 1}}, {client.path[0]: {"other": {"command": "x"}, "third": {"command": "x"}}})


@pytest.mark.parametrize(
    "text", ["{", '{"mcpServers": []}', '{"mcpServers": 1}', "[1]", "not json", '{"a": 1} {', '{"a" 1}', "{'a': 1}"]
)
def test_a_file_that_is_not_understood_is_left_alone(private_home: Path, text: str):
    file = private_home / ".claude.json"
    file.write_text(text)
    with pytest.raises(UsageError, match="nothing was changed"):
        install("claude-code", private_home)
    assert file.read_text() == text


def test_a_project_gets_servers_instructions_a_skill_and_a_sub_agent(private_home: Path, tmp_path: Path):
    (tmp_path / "CLAUDE.md").write_text("# Rules\n\nBe kind.")
    install("claude-code", private_home, tmp_path, "codesearch")
    assert json.loads((tmp_path / ".mcp.json").read_text())["mcpServers"]["codesearch"]["command"] == "codesearch"
    rules = (tmp_path / "CLAUDE.md").read_text()
    assert rules.startswith("# Rules\n\nBe kind.\n\n<!-- codesearch: begin")
    assert "search_code" in rules
    assert (tmp_path / ".claude/skills/codesearch/SKILL.md").read_text().startswith("---\nname: codesearch\n")
    assert "mcp__codesearch__search_code" in (tmp_path / ".claude/agents/code-finder.md").read_text()
    assert not (private_home / ".claude.json").exists()
    uninstall("claude-code", private_home, tmp_path)
    assert {path.name for path in tmp_path.rglob("*") if path.is_file()} == {"CLAUDE.md"}
    assert (tmp_path / "CLAUDE.md").read_text() == "# Rules\n\nBe kind."


def test_the_command_shows_a_diff_installs_lists_and_uninstalls(private_home: Path, call: Callable[..., Run]):
    shown = call("agents", "install", "codex", "--dry-run")
    assert "+[mcp_servers.codesearch]" in shown.out
    assert not (private_home / ".codex").exists()
    assert call("agents", "install", "codex", "cursor").status == 0
    listed = call("agents", "status").out
    assert {line.split()[0] for line in listed.splitlines() if "  installed" in line} == {"codex", "cursor"}
    assert call("agents", "uninstall", "codex", "cursor").status == 0
    assert call("agents", "uninstall", "codex").status == 1
    assert "known: claude-code, codex" in call("agents", "install", "notepad").err
    assert call("agents", "install").status == 2


_KEYS = st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), max_size=6)
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | _KEYS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_KEYS, inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=100, deadline=None)
@given(st.dictionaries(_KEYS, _JSON, max_size=4), st.sampled_from([None, 0, 2, "\t"]), st.booleans())
def test_a_member_is_added_to_and_removed_from_any_object(value: dict[str, Any], indent: int | str | None, ascii: bool):
    value.pop("servers", None)
    text = json.dumps(value, indent=indent, ensure_ascii=ascii)
    added = jsonc.inserted(text, ("servers", "new"), {"command": "c", "args": ["a"]})
    assert json.loads(added) == {**value, "servers": {"new": {"command": "c", "args": ["a"]}}}
    assert json.loads(jsonc.removed(added, ("servers", "new"))) == {**value, "servers": {}}
    assert json.loads(jsonc.removed(added, ("servers",))) == value
