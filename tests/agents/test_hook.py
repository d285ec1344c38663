"""The hook: which calls search broadly, when advice is given, and that nothing disturbs the agent."""

from __future__ import annotations

import io
import json
import os
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from codesearch.agents import broad, hook, jsonc, plan
from codesearch.agents.changes import install, uninstall
from codesearch.agents.clients import CLIENTS
from codesearch.agents.texts import ADVICE
from codesearch.core.errors import UsageError
from tests.support.command import Run, process
from tests.support.trees import SMALL, write

HOOKED = [name for name, client in CLIENTS.items() if client.hook is not None]


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    root = write(tmp_path / "tree", {**SMALL, "src/deep/a.py": "x = 1\n", ".git/HEAD": ""})
    (root / ".codesearch").mkdir()
    (root / ".codesearch" / "index.db").touch()
    return root


def call(tree: Path, tool: str = "Grep", session: str = "s1", **given: Any) -> dict[str, Any]:
    return {
        "session_id": session, "cwd": str(tree), "hook_event_name": "PreToolUse",
        "tool_name": tool, "tool_input": given or {"pattern": "retry"},
    }  # fmt: skip


def answered(value: object) -> str:
    data = value if isinstance(value, bytes) else json.dumps(value).encode()
    return hook.main(io.BytesIO(data))


# -- what is a broad search --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("command", "folder"),
    [
        ("rg retry", "."),
        ("rg -n 'two words' src", "src"),
        ("rg retry src/deep/a.py", None),
        ("rg retry src/deep/a.py src", "src"),
        ("grep -rn retry .", "."),
        ("grep -R 'a|b; c' src/", "src"),
        ("grep --recursive x", "."),
        ("grep retry src/deep/a.py", None),
        ("grep -n retry *.py", None),
        ("ls | grep retry", None),
        ("cat src/deep/a.py | rg retry", None),
        ("cd src && rg retry", "src"),
        ("cd src; grep -r x . | head -50", "src"),
        ("LANG=C rg x", "."),
        ("timeout 10 rg x", "."),
        ("/usr/bin/grep -rni x", "."),
        ("git grep retry", "."),
        ("find . -name '*.py' | xargs grep retry", "."),
        ("find src -type f", "src"),
        ("find src/deep/a.py", None),
        ("fd retry", "."),
        ("echo hello && ag retry", "."),
        ("(cd src && rg x)", "src"),
        ("echo 'rg x'", None),
        ("make test", None),
        ("git log --grep=x", None),
        ('echo "no end', None),
        ("", None),
        ("rg x /no/such/folder", "."),
        ("rg\nx", "."),
        (";;;&&&|||", None),
    ],
)
def test_commands_that_search_many_files_are_recognized(tree: Path, command: str, folder: str | None):
    found = broad.searched("Bash", {"command": command}, tree)
    assert (None if found is None else found.resolve()) == (None if folder is None else (tree / folder).resolve())
    assert broad.searched("run_shell_command", {"command": command}, tree) == found
    assert broad.searched("shell", {"command": ["bash", "-lc", command]}, tree) == found


@pytest.mark.parametrize(
    ("tool", "given", "is_broad"),
    [
        ("Grep", {"pattern": "x"}, True),
        ("Grep", {"pattern": "x", "path": "src"}, True),
        ("Grep", {"pattern": "x", "path": "src/deep/a.py"}, False),
        ("Grep", {"pattern": "x", "path": 5}, False),
        ("grep_search", {"pattern": "x", "dir_path": "src"}, True),
        ("Glob", {"pattern": "**/*.py"}, True),
        ("Glob", {"pattern": "src/*.py"}, False),
        ("Read", {"file_path": "src/deep/a.py"}, False),
        ("Bash", {"command": 5}, False),
        ("shell", {"command": ["rg"]}, False),
        ("Bash", {}, False),
    ],
)
def test_tools_that_search_many_files_are_recognized(tree: Path, tool: str, given: dict[str, Any], is_broad: bool):
    assert (broad.searched(tool, given, tree) is not None) == is_broad


# -- advice ------------------------------------------------------------------------------------------------------------


def test_the_first_broad_search_of_a_session_gets_advice(tree: Path, private_home: Path):
    assert answered(call(tree, "Read", file_path="a")) == ""
    found = json.loads(answered(call(tree)))
    assert found == {"hookSpecificOutput": {"hookEventName": "PreToolUse", "additionalContext": ADVICE}}
    assert "search_code" in ADVICE
    assert answered(call(tree)) == ""
    assert answered(call(tree, "Bash", command="rg x")) == ""
    assert answered(call(tree, session="s2")) != ""


def test_advice_never_decides_about_the_call(tree: Path, private_home: Path):
    found = json.loads(answered({**call(tree), "hook_event_name": "AfterTool"}))
    assert set(found) == {"hookSpecificOutput"}
    assert found["hookSpecificOutput"].keys() == {"hookEventName", "additionalContext"}
    assert found["hookSpecificOutput"]["hookEventName"] == "AfterTool"


def test_a_folder_without_an_index_gets_no_advice(tree: Path, private_home: Path):
    other = write(tree.parent / "other", SMALL)
    assert answered(call(other)) == ""
    assert answered(call(tree, path=str(other))) == ""
    assert answered(call(other, path=str(tree / "src"))) != "", "what counts is the folder that is searched"


def test_an_index_that_is_kept_elsewhere_counts(tree: Path, private_home: Path):
    place = tree / "src" / "elsewhere.db"
    place.touch()
    (tree / ".codesearch" / "index.db").unlink()
    assert answered(call(tree)) == ""
    write(tree, {".codesearch.toml": 'db = "src/elsewhere.db"\n'})
    assert answered(call(tree)) != ""


def test_sessions_are_remembered_for_a_week(tree: Path, private_home: Path):
    assert answered(call(tree)) != ""
    [mark] = (private_home / ".cache" / "codesearch" / "agents" / "sessions").iterdir()
    assert stat.S_IMODE(mark.stat().st_mode) == 0o600 or os.name == "nt"
    os.utime(mark, (0, 0))
    assert answered(call(tree, session="s2")) != ""
    assert not mark.exists()


@pytest.mark.parametrize(
    "value",
    [
        b"", b"not json", b"\xff\xfe", b"[" * 100_000, [], 5, {}, {"tool_name": "Grep"},
        {"tool_name": "Grep", "tool_input": {"pattern": "x"}, "hook_event_name": "PreToolUse", "session_id": "s"},
        {"tool_name": "Grep", "tool_input": {"pattern": "x"}, "hook_event_name": "E", "session_id": "s", "cwd": "."},
        {"tool_name": "Grep", "tool_input": [], "hook_event_name": "PreToolUse", "session_id": "s", "cwd": "."},
        {"tool_name": "Grep", "tool_input": {"path": "\0"}, "hook_event_name": "E", "session_id": "s", "cwd": "/"},
        {"tool_name": "Bash", "tool_input": {"command": "rg \0"}, "hook_event_name": "E", "session_id": "s", "cwd": ""},
        {"tool_name": "Grep", "tool_input": {"path": "x" * 9999}, "hook_event_name": "E", "session_id": "", "cwd": "/"},
    ],
)  # fmt: skip
def test_whatever_is_wrong_nothing_is_said(private_home: Path, value: object):
    assert answered(value) == ""


def test_a_cache_that_cannot_be_written_is_not_an_error(tree: Path, private_home: Path):
    (private_home / ".cache").write_text("a file")
    assert answered(call(tree)) == ""


def test_the_command_prints_advice_and_always_succeeds(tree: Path, private_home: Path):
    run = process("agents", "hook", cwd=tree, stdin=json.dumps(call(tree)).encode())
    assert (run.status, run.json["hookSpecificOutput"]["additionalContext"], run.err) == (0, ADVICE, "")
    for stdin in (b"nonsense", json.dumps(call(tree)).encode()):
        run = process("agents", "hook", cwd=tree, stdin=stdin)
        assert (run.status, run.out, run.err) == (0, "", "")
    run = process("agents", "hook", cwd=tree, stdin=b"nonsense", environment={"CODESEARCH_LOG": "info"})
    assert (run.status, run.out) == (0, "")
    assert "no advice: JSONDecodeError" in run.err
    run = process("agents", "hook", "--verbose", cwd=tree, stdin=json.dumps(call(tree)).encode())
    assert (run.status, run.out) == (0, "")
    assert "this session has got it" in run.err


def test_the_hook_imports_nothing_that_is_slow(tree: Path, private_home: Path):
    script = (
        "import io, sys; from codesearch.agents import hook; print(hook.main(sys.stdin.buffer)); "
        "print(sorted({'numpy', 'typer', 'tree_sitter', 'asyncio', 'logging'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], input=json.dumps(call(tree)).encode(), capture_output=True, check=True
    )
    assert b"additionalContext" in done.stdout
    assert done.stdout.splitlines()[-1] == b"[]"


# -- installing it -----------------------------------------------------------------------------------------------------

ODD = {
    "nothing": "",
    "other settings": '{\n    "theme": "dark", // mine\n}\n',
    "other hooks": '{\n\t"hooks": {\n\t\t"EVENT": [\n\t\t\t{"matcher": "X", "hooks": []}, // first\n\t\t]\n\t}\n}',
    "one line": '{"hooks":{"EVENT":[{"matcher":"X","hooks":[]}]},"a":[1,2]}',
    "no hooks of this event": '{\r\n  "hooks": {\r\n    "Stop": []\r\n  }\r\n}\r\n',
    "an empty list": '{"hooks": {"EVENT": [ ]}}',
    "an empty list with a comment": '{\n  "hooks": {\n    "EVENT": [\n      // none yet\n    ]\n  }\n}\n',
}


def hooks_of(text: str, event: str) -> list[str]:
    return jsonc.items_at(text, ("hooks", event))


@pytest.mark.parametrize("what", ODD)
@pytest.mark.parametrize("name", HOOKED)
def test_a_round_trip_leaves_every_byte(private_home: Path, name: str, what: str):
    client = CLIENTS[name]
    assert client.hook is not None
    file, event = client.hook.file(private_home), client.hook.event
    text = ODD[what].replace("EVENT", event)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(text.encode())
    install(plan.installing(client, private_home, None, "/bin/codesearch", hook=True))
    added = file.read_bytes().decode()
    entry = json.loads(hooks_of(added, event)[-1])
    [command] = entry["hooks"]
    assert command["command"].startswith("/bin/codesearch agents hook")
    assert len(hooks_of(added, event)) == len(hooks_of(text, event)) + 1
    assert plan.is_hooked(client, private_home, None)
    install(plan.installing(client, private_home, None, "/bin/codesearch", hook=True))
    install(plan.installing(client, private_home, None, "/bin/codesearch"))
    assert file.read_bytes().decode() == added, "it is added once, and stays"
    uninstall(plan.uninstalling(client, private_home, None))
    assert file.read_bytes().decode() == text
    assert not plan.is_hooked(client, private_home, None)


@pytest.mark.parametrize("name", HOOKED)
def test_files_that_did_not_exist_are_deleted_again(private_home: Path, name: str):
    before = set(private_home.rglob("*"))
    install(plan.installing(CLIENTS[name], private_home, None, "/bin/codesearch", hook=True))
    uninstall(plan.uninstalling(CLIENTS[name], private_home, None))
    left = {path for path in private_home.rglob("*") if path.is_file()} - before
    assert left == set()


@pytest.mark.parametrize("name", HOOKED)
def test_a_hook_that_the_user_has_edited_is_still_removed(private_home: Path, name: str):
    client = CLIENTS[name]
    assert client.hook is not None
    file, event = client.hook.file(private_home), client.hook.event
    install(plan.installing(client, private_home, None, "/bin/codesearch", hook=True))
    value = json.loads(file.read_text())
    other = {"matcher": "X", "hooks": [{"type": "command", "command": "grep agents hooks"}]}
    value["hooks"][event] = [other, *value["hooks"][event], other]
    value["hooks"][event][1]["matcher"] = "Bash"
    file.write_text(json.dumps(value))
    uninstall(plan.uninstalling(client, private_home, None))
    assert json.loads(file.read_text())["hooks"][event] == [other, other]


@pytest.mark.parametrize("text", ['{"hooks": []}', '{"hooks": {"PreToolUse": {}}}', '{"hooks": 1}', "[", '{"hooks": {'])
def test_a_file_that_is_not_understood_is_left_alone(private_home: Path, text: str):
    file = private_home / ".claude" / "settings.json"
    file.parent.mkdir()
    file.write_text(text)
    with pytest.raises(UsageError):
        install(plan.installing(CLIENTS["claude-code"], private_home, None, "codesearch", hook=True))
    assert file.read_text() == text
    assert not (private_home / ".claude.json").exists()


def test_the_command_of_a_project_works_without_codesearch(private_home: Path, tmp_path: Path):
    """A colleague who has not installed it gets no error at each grep."""
    install(plan.installing(CLIENTS["claude-code"], private_home, tmp_path, "codesearch", hook=True))
    value = json.loads((tmp_path / ".claude" / "settings.json").read_text())
    command = value["hooks"]["PreToolUse"][0]["hooks"][0]["command"]
    assert os.system(f"PATH=/nonexistent; {command} 2>/dev/null") == 0
    uninstall(plan.uninstalling(CLIENTS["claude-code"], private_home, tmp_path))
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


def test_the_command_shows_installs_and_lists_the_hook(private_home: Path, call: Callable[..., Run]):
    shown = call("agents", "install", "claude-code", "--hook", "--dry-run").out
    assert '+        "matcher": "Grep|Glob|Bash"' in shown
    assert not (private_home / ".claude").exists()
    assert call("agents", "install", "claude-code", "codex", "--hook").status == 0
    listed = call("agents", "status").out
    assert {line.split()[0] for line in listed.splitlines() if "installed, hook" in line} == {"claude-code", "codex"}
    refused = call("agents", "install", "zed", "--hook")
    assert refused.status == 2
    assert "Zed has no hooks that can give advice (these have: claude-code, codex, gemini)" in refused.err
    assert call("agents", "uninstall", "claude-code", "codex").status == 0
    assert "installed, hook" not in call("agents", "status").out
