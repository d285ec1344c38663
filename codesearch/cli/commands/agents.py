"""`codesearch agents`: enter the server for coding agents into their configuration, and take it out again."""

from __future__ import annotations

import shutil
import sys
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from codesearch.cli.exit_codes import FOUND, NOTHING
from codesearch.cli.registration import command, group
from codesearch.cli.ui import console
from codesearch.core.errors import CodesearchError, UsageError
from codesearch.core.suggestions import hint

if TYPE_CHECKING:
    from codesearch.agents.changes import Change
    from codesearch.agents.clients import Client

app = group("Enter the server for coding agents into their configuration.")

ClientsArgument = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[CLIENT]...",
        help="claude-code, codex, cursor, vscode, zed, gemini, opencode, copilot-cli, windsurf, continue or goose.",
        show_default=False,
    ),
]
ProjectOption = Annotated[
    str | None,
    typer.Option(
        "--project",
        metavar="DIR",
        help="Change the files of a project instead of your own: also instructions, and for Claude Code a skill and a "
        "sub-agent.",
        show_default=False,
    ),
]
HookOption = Annotated[
    bool,
    typer.Option(
        "--hook",
        help="Also enter a hook that advises the agent once per session, at its first broad grep, to use search_code "
        "(claude-code, codex, gemini).",
    ),
]
DryRunOption = Annotated[bool, typer.Option("--dry-run", help="Show the changes as a diff, without making them.")]


@command(app)
def install(
    clients: ClientsArgument = None,
    project: ProjectOption = None,
    hook: HookOption = False,
    dry_run: DryRunOption = False,
) -> int:
    """Enter the server into the configuration of clients.

    codesearch agents install claude-code --dry-run
    codesearch agents install codex vscode
    codesearch agents install claude-code --project . --hook

    Comments and formatting of the files stay. `uninstall` takes out exactly what was added.
    """
    from codesearch.agents import changes, plan

    folder = _folder(project)
    executable = "codesearch" if folder is not None else _executable()
    wanted = _chosen(clients)
    planned = {one.name: plan.installing(one, Path.home(), folder, executable, hook=hook) for one in wanted}
    for client in wanted:
        todo = planned[client.name]
        if dry_run:
            _show(todo)
            continue
        changes.install(todo)
        for change in todo:
            state = "written" if change.needed else "up to date"
            console.write(console.clean(f"{client.title}: {change.file}: {state}") + "\n")
    return FOUND


@command(app)
def uninstall(clients: ClientsArgument = None, project: ProjectOption = None, dry_run: DryRunOption = False) -> int:
    """Take the server out of the configuration of clients.

    codesearch agents uninstall codex

    Exit status: 0 if something was removed, 1 if nothing was installed.
    """
    from codesearch.agents import changes, plan

    folder = _folder(project)
    wanted = _chosen(clients)
    planned = {one.name: plan.uninstalling(one, Path.home(), folder) for one in wanted}
    found = False
    for client in wanted:
        todo = planned[client.name]
        found = found or any(change.needed for change in todo)
        if dry_run:
            _show(todo)
            continue
        changes.uninstall(todo)
        for change in todo:
            if change.needed:
                state = "removed" if change.after is None else "restored"
                console.write(console.clean(f"{client.title}: {change.file}: {state}") + "\n")
    if not found:
        console.message("nothing is installed there")
    return FOUND if found else NOTHING


@command(app)
def status(project: ProjectOption = None) -> int:
    """List the clients, and whether the server is in their configuration.

    codesearch agents status
    """
    from codesearch.agents import plan
    from codesearch.agents.clients import CLIENTS

    folder = _folder(project)
    width, wide = max(map(len, CLIENTS)), len("not installed, hook")
    for client in CLIENTS.values():
        if folder is not None and not client.in_project:
            continue
        file = plan.config_file(client, Path.home(), folder)
        try:
            state = "installed" if plan.is_installed(client, Path.home(), folder) else "not installed"
            if plan.is_hooked(client, Path.home(), folder):
                state += ", hook"
        except CodesearchError:
            state = "unreadable"
        console.write(console.clean(f"{client.name:{width}}  {state:{wide}}  {file}") + "\n")
    return FOUND


@command(app)
def hook() -> int:
    """Advise an agent about the call of a tool that stdin describes; `install --hook` has clients run this.

    codesearch agents hook --verbose < call.json
    """
    from codesearch.agents import hook as hooks

    console.write(hooks.main(sys.stdin.buffer if sys.stdin else BytesIO()))
    return FOUND


def _show(changes: list[Change]) -> None:
    """Print changes as a diff."""
    for change in changes:
        if change.needed:
            for line in change.diff().splitlines():
                console.write(console.clean(line) + "\n")


def _chosen(names: list[str] | None) -> list[Client]:
    """Return the clients with these names. Raises UsageError if one is unknown, or none is named."""
    from codesearch.agents.clients import CLIENTS

    known = ", ".join(CLIENTS)
    if not names:
        raise UsageError(f"name the clients: {known}")
    if unknown := [name for name in names if name not in CLIENTS]:
        raise UsageError(f"there is no client {unknown[0]}" + (hint(unknown[0], CLIENTS, "{}") or f"; known: {known}"))
    return [CLIENTS[name] for name in dict.fromkeys(names)]


def _folder(project: str | None) -> Path | None:
    if project is None:
        return None
    folder = Path(project).absolute()
    if not folder.is_dir():
        raise UsageError(f"{project}: no such folder")
    return folder


def _executable() -> str:
    """Return the path of this command: clients with windows often have another PATH than a terminal."""
    beside = Path(sys.executable).parent / "codesearch"
    return str(beside) if beside.exists() else shutil.which("codesearch") or "codesearch"
