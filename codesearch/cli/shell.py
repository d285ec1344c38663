"""Completion for the user's shell: printed, or installed after a question."""

from __future__ import annotations

import os
from importlib import import_module
from pathlib import Path
from typing import NamedTuple

from codesearch.cli.ui import console
from codesearch.core.errors import UsageError

VARIABLE = "_CODESEARCH_COMPLETE"


class Place(NamedTuple):
    """Where a shell finds the completion of a command, below the home folder."""

    script: str
    changes: str
    """The file that also gets a line, if any."""


PLACES = {
    "bash": Place(".bash_completions/codesearch.sh", ".bashrc"),
    "zsh": Place(".zfunc/_codesearch", ".zshrc"),
    "fish": Place(".config/fish/completions/codesearch.fish", ""),
}


def name() -> str:
    """Return the user's shell: the one that started this process if that can be told, else $SHELL; "" if unknown."""
    try:
        found = str(import_module("shellingham").detect_shell()[0])
    except Exception:  # noqa: BLE001 -- it raises its own errors, and OSError for what it cannot read
        found = ""
    return found if found in PLACES else Path(os.environ.get("SHELL", "")).name


def show() -> None:
    """Print the script. Raises UsageError for a shell that is not supported."""
    script = import_module("typer.completion").get_completion_script
    console.write(script(prog_name="codesearch", complete_var=VARIABLE, shell=_supported()) + "\n")


def install() -> None:
    """Say what is changed, ask, and install. Raises UsageError for an unsupported shell, and without a terminal."""
    shell = _supported()
    place = PLACES[shell]
    changes = f", and a line that loads it is added to ~/{place.changes}" if place.changes else ""
    console.message(f"the script for {shell} is written to ~/{place.script}{changes}")
    if console.confirmed("Go ahead?", "`codesearch --show-completion` prints the script"):
        import_module("typer.completion").install(shell=shell, prog_name="codesearch", complete_var=VARIABLE)
        console.message(f"installed in ~/{place.script}; start a new shell to use it")


def _supported() -> str:
    shell = name()
    if shell not in PLACES:
        raise UsageError(f"no completion for this shell ({shell or 'unknown'}); there is one for {', '.join(PLACES)}")
    return shell
