"""Which files installing or uninstalling for a client changes."""

from __future__ import annotations

import os
import shlex
from collections.abc import Callable
from pathlib import Path

from codesearch.agents import entries, texts
from codesearch.agents.changes import Change, planned, read, restored
from codesearch.agents.clients import CLIENTS, Client, Hook
from codesearch.core.errors import UsageError

_CLAUDE_FILES = {
    ".claude/skills/codesearch/SKILL.md": texts.SKILL,
    ".claude/agents/code-finder.md": texts.SUBAGENT,
}
"""Files in a project that only Claude Code reads."""

_Edit = Callable[[str], str]


def config_file(client: Client, home: Path, project: Path | None) -> Path:
    """Return the configuration file: the user's, or that of a project. Raises UsageError if there is no such file."""
    if project is None:
        return client.file(home)
    if not client.in_project:
        raise UsageError(f"{client.title} has no configuration in projects; leave out --project")
    return project / client.in_project


def installing(client: Client, home: Path, project: Path | None, command: str, *, hook: bool = False) -> list[Change]:
    """Return the changes that install for a client; a hook that is there stays and is brought up to date.

    Raises UsageError if a file cannot be changed safely, or if the client has no hooks but one is wanted.
    """
    file = config_file(client, home, project)
    entry = client.entry(command)
    edits: dict[Path, list[_Edit]] = {
        file: [lambda text: entries.added(file, text or client.begins, client.path, entry, listed=client.listed)]
    }
    if hook and client.hook is None:
        known = ", ".join(one.name for one in CLIENTS.values() if one.hook is not None)
        raise UsageError(f"{client.title} has no hooks that can give advice (these have: {known}); leave out --hook")
    if client.hook is not None and (hook or is_hooked(client, home, project)):
        _add_hook(edits, client.hook, _hook_file(client.hook, home, project), command)
    changes = [planned(one, _one_after_another(steps)) for one, steps in edits.items()]
    if project is not None:
        changes.append(planned(project / client.instructions, entries.block_added))
        for name, text in _files(client).items():
            changes.append(planned(project / name, lambda now, text=text: now or text))  # type: ignore[misc]
    return changes


def uninstalling(client: Client, home: Path, project: Path | None) -> list[Change]:
    """Return the changes that uninstall. Files of other people's making are never removed."""
    file = config_file(client, home, project)
    edits: dict[Path, list[_Edit]] = {file: [lambda text: entries.without(file, text, client.path)]}
    if (hook := client.hook) is not None:
        place = _hook_file(hook, home, project)
        edits.setdefault(place, []).append(lambda text: entries.hook_removed(place, text, hook.path))
    changes = [restored(one, _one_after_another(steps)) for one, steps in edits.items()]
    if project is not None:
        changes.append(restored(project / client.instructions, entries.block_removed))
        changes += [restored(project / name, lambda text: text) for name in _files(client)]
    return changes


def is_installed(client: Client, home: Path, project: Path | None) -> bool:
    """Return whether the configuration of a client has the entry. Raises UsageError for a file that is not readable."""
    file = config_file(client, home, project)
    text = read(file)
    return text is not None and entries.has(file, text, client.path)


def is_hooked(client: Client, home: Path, project: Path | None) -> bool:
    """Return whether a client has the hook. Raises UsageError for a file that is not readable."""
    if client.hook is None:
        return False
    text = read(_hook_file(client.hook, home, project))
    return text is not None and entries.has_hook(text, client.hook.path)


def _hook_file(hook: Hook, home: Path, project: Path | None) -> Path:
    return hook.file(home) if project is None else project / hook.in_project


def _add_hook(edits: dict[Path, list[_Edit]], hook: Hook, file: Path, command: str) -> None:
    entry = hook.entry(_hook_command(command))
    edits.setdefault(file, []).append(lambda text: entries.hook_added(file, text, hook.path, entry))


def _hook_command(command: str) -> str:
    """Return the command line of the hook, which succeeds even if the command has been removed."""
    if os.name == "nt":
        return f'"{command}" {texts.HOOK_ARGUMENTS}'
    return f"{shlex.quote(command)} {texts.HOOK_ARGUMENTS} || true"


def _one_after_another(edits: list[_Edit]) -> _Edit:
    def edit(text: str) -> str:
        for one in edits:
            text = one(text)
        return text

    return edit


def _files(client: Client) -> dict[str, str]:
    return _CLAUDE_FILES if client.name == "claude-code" else {}
