"""Installing changes nothing else in a file, and uninstalling leaves it as it was, to the byte."""

from __future__ import annotations

import io
import itertools
import json
import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML

from codesearch.agents import changes, jsonc, plan
from codesearch.agents.clients import CLIENTS, Client
from codesearch.core import dirs
from codesearch.core.errors import UsageError
from codesearch.core.libraries import install_command
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
ODD_YAML = {
    "nothing": "",
    "settings": "model: x # mine\n\n# the end\n",
    "no line break at the end": "a: 1",
    "a document with marks": "%YAML 1.2\n---\na: 1\n",
    "no entries": "KEY: # mine\nb: 1\n",
    "an empty collection": "a: 1\nKEY: EMPTY # mine\nb: 2\n",
    "an entry": "# top\nKEY:\n  ONE\n\n  # about the next\nb: 2\n",
    "an entry at the end": "a: [1,\n   2]\nKEY:\n    ONE # mine\n    # the end",
    "no indentation": "KEY:\nONE\nb: 2\n",
    "Windows line breaks": "a: 1\r\nKEY:\r\n  ONE\r\nb: 'it''s'\r\n",
    "several entries": "KEY:\n  ONE\n  TWO\n\n\nb: |\n  text\n\n  # text\n",
    "a text at the end of an entry": "KEY:\n  LONG\n\n# mine\nb: 2\n",
    "entries in brackets": "KEY: FLOW # mine\nb: 2\n",
    "JSON": '{"a": 1, "KEY": FLOW}\n',
    "JSON without entries": '{"a": 1}',
    "anchors": "base: &base {x: 1}\nKEY:\n  ONE\nc: *base\n",
}
MAPPED = {
    "EMPTY": "{}", "ONE": "other: {cmd: x}", "TWO": "third:\n    cmd: y", "FLOW": '{"other": {"cmd": "x"}}',
    "LONG": "other:\n    description: |\n      one\n\n      two",
}  # fmt: skip
LISTED = {
    "EMPTY": "[]", "ONE": "- name: other\nINDENTcommand: x", "TWO": "- {name: third}", "FLOW": '[{"name": "other"}]',
    "LONG": "- name: other\n    text: >-\n      one\n\n      two",
}  # fmt: skip


def yaml_text(name: str, text: str) -> str:
    client = CLIENTS[name]
    text = text.replace("KEY", client.path[0])
    for what, instead in (LISTED if client.listed else MAPPED).items():
        if (line := next((line for line in text.splitlines() if what in line), None)) is not None:
            column = line.index(what)
            indented = instead.replace("INDENT", " " * (column + 2))
            text = text.replace(what, indented if "\r" not in text else indented.replace("\n", "\r\n"))
    return text if client.listed or not text.startswith(f"{client.path[0]}:\nother") else ""


def texts_for(name: str) -> dict[str, str]:
    client = CLIENTS[name]
    suffix = client.file(Path("/h")).suffix
    if suffix == ".toml":
        return ODD_TOML
    if suffix == ".yaml":  # a mapping has to be indented, a list need not be
        return {what: found for what, text in ODD_YAML.items() if (found := yaml_text(name, text)) or not text}
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
    elif file.suffix == ".yaml":
        check_yaml(client, text, written)
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


def check_yaml(client: Client, text: str, written: str) -> None:
    """Check that a file means what it meant, and the entry."""
    before, entry = yaml_value(text or client.begins) or {}, client.entry("/bin/codesearch")
    key, name = client.path
    known: Any = before.get(key) or ([] if client.listed else {})
    expected = [*known, entry] if client.listed else {**known, name: entry}
    assert yaml_value(written) == {**before, key: expected}


def yaml_value(text: str) -> Any:
    return YAML(typ="safe", pure=True).load(text)


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
    before = {".toml": 'a = "1"\n', ".yaml": 'a: "1" # mine\n'}.get(file.suffix, '{\n  "a": "1"\n}\n')
    file.write_text(before)
    install(name, private_home)
    file.write_text(file.read_text().replace('"1"', '"2"'))
    uninstall(name, private_home)
    assert file.read_text() == before.replace('"1"', '"2"')


@pytest.mark.parametrize("name", CLIENTS)
def test_an_entry_that_the_client_has_rewritten_is_still_removed(private_home: Path, name: str):
    client = CLIENTS[name]
    file = client.file(private_home)
    file.parent.mkdir(parents=True, exist_ok=True)
    if file.suffix == ".yaml":
        check_rewritten_yaml(private_home, client)
        return
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


def check_rewritten_yaml(home: Path, client: Client) -> None:
    """Check that an entry is removed in each way to write it, alone and between others."""
    file, (key, name) = client.file(home), client.path
    others = [{"name": "other"}, {"name": "third"}] if client.listed else {"other": {"a": 1}, "third": {"a": 2}}
    own: Any = {"name": name, "cmd": "c", "args": ["mcp"]}
    for kept, flow in itertools.product((0, 1, 2), (True, False)):
        some: Any = others[:kept] if isinstance(others, list) else dict(list(others.items())[:kept])
        for place in range(kept + 1):
            if isinstance(some, list):
                value: Any = [*some[:place], own, *some[place:]]
            else:
                value = dict([*list(some.items())[:place], (name, own), *list(some.items())[place:]])
            out = io.StringIO()
            writer = YAML(typ="safe", pure=True)
            writer.default_flow_style = flow
            writer.dump({"a": 1, key: value, "z": 2}, out)
            file.write_text(out.getvalue())
            uninstall(client.name, home)
            assert not plan.is_installed(client, home, None)
            assert yaml_value(file.read_text()) == {"a": 1, key: some, "z": 2}


@pytest.mark.parametrize("name", ["continue", "goose"])
@pytest.mark.parametrize(
    "text", ["KEY: 1\n", "- a\n", "a: [1\n", "a: 1\n---\nb: 2\n", "a: !secret x\n", "KEY: &x SOME\nb: *x\nKEY: *x\n",
             "a: &x SOME\nKEY: *x\n", "a: 1\na: 2\n"],
)  # fmt: skip
def test_yaml_that_cannot_be_edited_is_left_alone(private_home: Path, name: str, text: str):
    client = CLIENTS[name]
    file = client.file(private_home)
    file.parent.mkdir(parents=True, exist_ok=True)
    text = text.replace("KEY", client.path[0]).replace("SOME", "[{name: x}]" if client.listed else "{x: {}}")
    file.write_text(text)
    with pytest.raises(UsageError, match="nothing was changed"):
        install(name, private_home)
    assert file.read_text() == text


def test_a_file_is_left_as_it_is_where_its_record_cannot_be_written(
    private_home: Path, call: Callable[..., Run], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    (tmp_path / "cache").touch()
    monkeypatch.setattr(dirs, "cache", lambda: tmp_path / "cache")
    run = call("agents", "install", "codex")
    assert run.status == 2
    assert run.err.startswith(f"codesearch: error: {tmp_path / 'cache' / 'agents'}: cannot be written (")
    assert "is left as it is. Set XDG_CACHE_HOME to a folder of yours." in run.err
    assert not CLIENTS["codex"].file(private_home).exists()


@pytest.mark.parametrize("name", ["continue", "goose"])
@pytest.mark.parametrize("command", ["install", "uninstall"])
def test_without_ruamel_the_command_that_installs_it_is_named(
    private_home: Path, call: Callable[..., Run], monkeypatch: pytest.MonkeyPatch, name: str, command: str
):
    file = CLIENTS[name].file(private_home)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("a: 1\n")
    for module in ("ruamel", "ruamel.yaml", "ruamel.yaml.error"):
        monkeypatch.setitem(sys.modules, module, None)
    run = call("agents", command, name)
    assert run.status == 2
    assert f"editing YAML needs ruamel.yaml: {install_command('ruamel.yaml')}; nothing was changed" in run.err
    assert file.read_text() == "a: 1\n"


@pytest.mark.parametrize(
    "text",
    [
        "{",
        '{"mcpServers": []}',
        '{"mcpServers": 1}',
        "[1]",
        "not json",
        '{"C:\\dir": 1}',
        '{"a": 1} {',
        '{"a" 1}',
        "{'a': 1}",
    ],
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
    assert "+[mcp_servers.codesearch]" in shown.out.splitlines()
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


@pytest.mark.parametrize(
    ("text", "added"),
    [
        ('{\n  "a": 1 // one, two\n}\n', '{\n  "a": 1, // one, two\n  "b": 2\n}\n'),
        ('{\r\n  "a": 1 /* one */\r\n}', '{\r\n  "a": 1, /* one */\r\n  "b": 2\r\n}'),
        ('{\n  "a": 1, // one\n  // two\n}\n', '{\n  "a": 1, // one\n  "b": 2,\n  // two\n}\n'),
        ('{\n  "a": 1 /* x, y */, // one\n}\n', '{\n  "a": 1, /* x, y */ // one\n  "b": 2,\n}\n'),
        ('\ufeff{"a": 1}', '\ufeff{"a": 1, "b": 2}'),
    ],
)
def test_a_comment_stays_with_the_member_before_it(text: str, added: str):
    assert jsonc.inserted(text, ("b",), 2) == added
    assert jsonc.removed(added, ("b",)) == (text if "x, y" not in text else '{\n  "a": 1, /* x, y */ // one\n}\n')
