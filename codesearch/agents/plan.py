"""Which files installing or uninstalling for a client changes."""

from __future__ import annotations

from pathlib import Path

from codesearch.agents import entries, texts
from codesearch.agents.changes import Change, planned, read, restored
from codesearch.agents.clients import Client
from codesearch.core.errors import UsageError

_CLAUDE_FILES = {
    ".claude/skills/codesearch/SKILL.md": texts.SKILL,
    ".claude/agents/code-finder.md": texts.SUBAGENT,
}
"""Files in a project that only Claude Code reads."""


def config_file(client: Client, home: Path, project: Path | None) -> Path:
    """Return the configuration file: the user's, or that of a project. Raises UsageError if there is no such file."""
    if project is None:
        return client.file(home)
    if not client.in_project:
        raise UsageError(f"{client.title} has no configuration in projects; leave out --project")
    return project / client.in_project


def installing(client: Client, home: Path, project: Path | None, command: str) -> list[Change]:
    """Return the changes that install for a client. Raises UsageError if a file cannot be changed safely."""
    file = config_file(client, home, project)
    entry = client.entry(command)
    changes = [planned(file, lambda text: entries.added(file, text, client.path, entry))]
    if project is not None:
        changes.append(planned(project / client.instructions, entries.block_added))
        for name, text in _files(client).items():
            changes.append(planned(project / name, lambda now, text=text: now or text))  # type: ignore[misc]
    return changes


def uninstalling(client: Client, home: Path, project: Path | None) -> list[Change]:
    """Return the changes that uninstall. Files of other people's making are never removed."""
    file = config_file(client, home, project)
    changes = [restored(file, lambda text: entries.without(file, text, client.path))]
    if project is not None:
        changes.append(restored(project / client.instructions, entries.block_removed))
        changes += [restored(project / name, lambda text: text) for name in _files(client)]
    return changes


def is_installed(client: Client, home: Path, project: Path | None) -> bool:
    """Return whether the configuration of a client has the entry. Raises UsageError for a file that is not readable."""
    file = config_file(client, home, project)
    text = read(file)
    return text is not None and entries.has(file, text, client.path)


def _files(client: Client) -> dict[str, str]:
    return _CLAUDE_FILES if client.name == "claude-code" else {}
