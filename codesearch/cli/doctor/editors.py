"""The editors on this machine, and whether the plugins in them are those of this version."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from codesearch._version import __version__
from codesearch.cli.doctor.values import Check
from codesearch.core import dirs
from codesearch.core.errors import CodesearchError

_PROGRAMS = {"neovim": ("Neovim", "nvim"), "vim": ("Vim", "vim"), "emacs": ("Emacs", "emacs")}
_VSCODE = {"VS Code": ("code", ".vscode"), "VSCodium": ("codium", ".vscode-oss"), "Cursor": ("cursor", ".cursor")}
_EXTENSION = re.compile(r"codesearch-local\.codesearch-(\d[\w.]*)$")
VERSION_TIMEOUT = 5.0


def editors() -> Iterator[Check]:
    """Yield the editors that are installed or have a plugin of codesearch."""
    found = [*_plugins(), *_extensions()]
    yield from found or [Check("editors", "none of Neovim, Vim, Emacs and VS Code was found")]


def _plugins() -> Iterator[Check]:
    from codesearch.cli.commands import editor

    if dirs.home() is None:  # a user without a home folder uses no editor
        return
    for one in editor.Editor:
        title, program = _PROGRAMS[one.value]
        path = shutil.which(program)
        try:
            state = editor.installation(one)
        except (CodesearchError, OSError) as error:
            yield Check(title, str(error), "problem", f"Install it again: `codesearch editor install {one.value}`.")
            continue
        if path is None and state == "absent":
            continue
        shown = _version(path) if path is not None else "the editor itself is not on PATH"
        if state == "absent":
            yield Check(title, f"{shown}; no plugin (`codesearch editor install {one.value}`)")
        elif state == "current":
            yield Check(title, f"{shown}; plugin up to date")
        else:
            yield Check(
                title,
                f"{shown}; the plugin is of another version, or was modified",
                "note",
                f"Run `codesearch editor install {one.value}`.",
            )


def _version(program: str) -> str:
    """Return the version that an editor prints in its first line."""
    with TemporaryDirectory() as home:  # Neovim writes a log even for this
        environment = {**os.environ, "HOME": home, "XDG_CACHE_HOME": home, "XDG_STATE_HOME": home}
        try:
            done = subprocess.run(
                [program, "--version"],
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=VERSION_TIMEOUT,
                env=environment,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired):
            return f"{program} does not say its version"
    found = re.search(r"\d+\.\d+(\.\d+)?", done.stdout.decode("utf-8", "replace").partition("\n")[0])
    return found[0] if found else program


def _extensions() -> Iterator[Check]:
    for title, (program, folder) in _VSCODE.items():
        path = shutil.which(program)
        home = dirs.home()
        installed = _newest(home / folder / "extensions") if home else ""
        if path is None and not installed:
            continue
        if not installed:
            yield Check(title, "found; no extension (docs/editors.md says how to install it)")
        elif installed != __version__:
            advice = f"Install the extension of codesearch {__version__}."
            yield Check(title, f"the extension is version {installed}, not {__version__}", "note", advice)
        else:
            yield Check(title, f"extension {installed}")


def _newest(extensions: Path) -> str:
    """Return the version of the extension that is installed; "" if there is none."""
    if not extensions.is_dir():
        return ""
    found = [match[1] for one in extensions.iterdir() if (match := _EXTENSION.search(one.name))]
    return max(found, key=lambda text: [int(part) for part in re.findall(r"\d+", text)], default="")
