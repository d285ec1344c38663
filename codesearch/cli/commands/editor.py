"""`codesearch editor`: install an editor's plugin where the editor finds it, and uninstall it.

Files that codesearch did not write, or that were modified since, are never overwritten or removed: a manifest lists the
installed files with their hashes, and only files that still have that hash are replaced or deleted.
"""

from __future__ import annotations

import os
import re
import shutil
import sys
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Annotated, Literal

import typer

from codesearch.cli.registration import command, group
from codesearch.cli.ui import console
from codesearch.core import dirs
from codesearch.core.errors import CodesearchError, NotFoundError

app = group("Install or remove an editor plugin.")

MANIFEST = ".codesearch-editor.json"
"""Lists the files that were installed, with the SHA-256 of each."""


class Editor(str, Enum):
    """The editors that have a plugin; docs/editors.md has the configuration of others."""

    neovim = "neovim"
    emacs = "emacs"
    vim = "vim"


EditorArgument = Annotated[Editor, typer.Argument(metavar="EDITOR", help="neovim, emacs or vim.")]
ToOption = Annotated[
    str | None,
    typer.Option(
        "--to", metavar="FOLDER", help="Plugin folder (default: the editor's own plugin path).", show_default=False
    ),
]


@command(app)
def install(
    editor: EditorArgument,
    to: ToOption = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would be written, without writing it.")] = False,
) -> int:
    """Install an editor plugin.

    codesearch editor install neovim
    codesearch editor install emacs --to ~/lisp/codesearch
    codesearch editor install vim --dry-run

    Files that codesearch did not write, or that were modified since, are never overwritten. Run it
    again to update the plugin.
    """
    folder = _folder(editor, to)
    wanted = _files(editor)
    plan = _plan(folder, wanted)
    if plan.foreign:
        listed = ", ".join(plan.foreign[:5])
        raise CodesearchError(
            f"{folder}: not installed: these files were not written by codesearch or were modified: {listed}. "
            "Move them away or choose another folder with --to."
        )
    if dry_run:
        for name in plan.writes:
            console.write(console.clean(f"would write {folder / name}") + "\n")
        for name in plan.stale:
            console.write(console.clean(f"would remove {folder / name}") + "\n")
    else:
        _write(folder, wanted, plan)
        done = "is up to date" if not plan.writes and not plan.stale else "installed"
        console.write(console.clean(f"{editor.value}: {done} in {folder}") + "\n")
    for line in _next_steps(editor, folder, default=to is None):
        console.write(line + "\n")
    return 0


@command(app)
def uninstall(editor: EditorArgument, to: ToOption = None) -> int:
    """Remove an editor plugin.

    codesearch editor uninstall neovim

    Modified files are kept.

    Exit status: 0 if removed, 1 if not installed or if modified files were kept.
    """
    folder = _folder(editor, to)
    installed = _manifest(folder)
    if installed is None:
        console.message(f"{editor.value}: no plugin is installed in {folder}")
        return 1
    kept = [name for name, digest in installed.items() if _digest_of(folder / name) not in (digest, None)]
    for name in installed:
        if name not in kept:
            (folder / name).unlink(missing_ok=True)
    (folder / MANIFEST).unlink()
    _remove_empty(folder)
    for name in kept:
        console.message(f"{folder / name}: modified since it was installed; kept")
    console.write(console.clean(f"{editor.value}: removed from {folder}") + "\n")
    for line in _undo_steps(editor, folder):
        console.write(line + "\n")
    return 1 if kept else 0


# -- what and where -------------------------------------------------------------------------------


def _source(editor: Editor) -> Path:
    """Return the folder to copy the plugin from: inside the package or, in a checkout, beside it."""
    package = Path(__file__).resolve().parents[2]
    for folder in (package / "editors", package.parent / "editors"):
        if (folder / editor.value).is_dir():
            return folder / editor.value
    raise NotFoundError(f"{package / 'editors' / editor.value}: the plugin is missing from this installation")


def _folder(editor: Editor, to: str | None) -> Path:
    """Return the absolute path of the folder to install the plugin in."""
    if to is not None:
        folder = dirs.expand_home(to)
    elif editor is Editor.neovim:
        default = _home("AppData", "Local") if os.name == "nt" else _home(".local", "share")
        base = Path(
            os.environ.get("XDG_DATA_HOME") or (os.environ.get("LOCALAPPDATA") if os.name == "nt" else "") or default
        )
        data = os.environ.get("NVIM_APPNAME") or "nvim"
        folder = base / (f"{data}-data" if os.name == "nt" else data) / "site/pack/codesearch/start/codesearch"
    elif editor is Editor.vim:
        folder = _home("vimfiles" if os.name == "nt" else ".vim") / "pack/codesearch/start/codesearch"
    else:
        folder = _emacs_directory() / "codesearch"
    return Path(os.path.abspath(folder))  # noqa: PTH100 -- resolve() would follow a linked configuration


def _home(*parts: str) -> Path:
    folder = dirs.home()
    if folder is None:
        raise NotFoundError("there is no home folder to install the plugin in; name a folder with --to")
    return folder.joinpath(*parts)


def _emacs_directory() -> Path:
    """Return the folder that Emacs uses as `user-emacs-directory`, by the same rules."""
    if os.name == "nt":
        return Path(os.environ.get("APPDATA") or _home()) / ".emacs.d"
    classic = _home(".emacs.d")
    modern = Path(os.environ.get("XDG_CONFIG_HOME") or _home(".config")) / "emacs"
    if not classic.exists() and not _home(".emacs").exists() and modern.exists():
        return modern
    return classic


def _command() -> list[str] | None:
    """Return the absolute path of the command, or None if the bare name `codesearch` starts this same program."""
    name = "codesearch.exe" if os.name == "nt" else "codesearch"
    here = Path(sys.executable).parent / name
    found = shutil.which("codesearch")
    if here.exists():
        return None if found and Path(found).resolve() == here.resolve() else [str(here)]
    return None if found else [sys.executable, "-m", "codesearch.cli"]


def _files(editor: Editor) -> dict[str, bytes]:
    """Return the content of the files to install, by their path below the plugin's folder."""
    source = _source(editor)
    wanted = {
        path.relative_to(source).as_posix(): path.read_bytes()
        for path in sorted(source.rglob("*"))
        if path.is_file() and path.suffix not in (".elc", ".pyc") and path.name not in ("tags", MANIFEST)
    }
    tags = _help_tags(wanted)
    if tags:
        wanted["doc/tags"] = tags
    command = _command()
    if command is not None and editor is Editor.neovim:
        wanted["lua/codesearch/installed.lua"] = (
            "-- Written by `codesearch editor install`.\n" + f"return {{ cmd = {{ {_quoted([*command, 'lsp'])} }} }}\n"
        ).encode()
    elif command is not None and editor is Editor.vim:
        wanted["autoload/codesearch/installed.vim"] = (
            '" Written by `codesearch editor install`.\n'
            f"let g:codesearch_installed_command = [{', '.join(_vim_quoted(word) for word in command)}]\n"
        ).encode()
    return wanted


def _quoted(words: list[str]) -> str:
    import json

    return ", ".join(json.dumps(word, ensure_ascii=False) for word in words)


def _vim_quoted(word: str) -> str:
    return "'" + word.replace("'", "''") + "'"


def _help_tags(files: dict[str, bytes]) -> bytes:
    """Return the tags of help files as `:helptags` writes them."""
    lines = set()
    for name, data in files.items():
        if name.startswith("doc/") and name.endswith(".txt"):
            for tag in re.findall(r"(?:^|(?<=[ \t]))\*([^*\s|]+)\*(?=\s|$)", data.decode(), re.MULTILINE):
                lines.add(f"{tag}\t{name.removeprefix('doc/')}\t/*{tag}*\n")
    return "".join(sorted(lines)).encode()


# -- the manifest ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Plan:
    """The changes that an installation would make, as paths below the folder."""

    writes: list[str]
    stale: list[str]
    """Installed earlier, unmodified, and no longer part of the plugin."""
    foreign: list[str]
    """Files in the way that codesearch did not write."""


def _plan(folder: Path, wanted: dict[str, bytes]) -> _Plan:
    installed = _manifest(folder) or {}
    writes, foreign = [], []
    for name, data in wanted.items():
        there = _digest_of(folder / name)
        if there == _digest(data):
            continue
        if there is None or there == installed.get(name):
            writes.append(name)
        else:
            foreign.append(name)
    stale = [name for name, digest in installed.items() if name not in wanted and _digest_of(folder / name) == digest]
    return _Plan(writes, stale, foreign)


def installation(editor: Editor) -> Literal["absent", "current", "other"]:
    """Return whether the plugin of an editor is installed where the editor finds it, and is that of this version."""
    folder = _folder(editor, None)
    if _manifest(folder) is None:
        return "absent"
    plan = _plan(folder, _files(editor))
    return "other" if plan.writes or plan.stale or plan.foreign else "current"


def _write(folder: Path, wanted: dict[str, bytes], plan: _Plan) -> None:
    import json

    before = _manifest(folder)
    after = {name: _digest(data) for name, data in wanted.items()}
    if before == after and not plan.writes:
        return
    folder.mkdir(parents=True, exist_ok=True)
    # The manifest first: whatever fails later, `uninstall` knows every file that may have been written.
    text = json.dumps({"files": {**(before or {}), **after}}, indent=1) + "\n"
    (folder / MANIFEST).write_text(text, encoding="utf-8")
    for name in plan.writes:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(wanted[name])
    for name in plan.stale:
        (folder / name).unlink()
    (folder / MANIFEST).write_text(json.dumps({"files": after}, indent=1) + "\n", encoding="utf-8")
    _remove_empty(folder)


def _manifest(folder: Path) -> dict[str, str] | None:
    import json

    path = folder / MANIFEST
    try:
        files = dict(json.loads(path.read_text(encoding="utf-8"))["files"])
    except FileNotFoundError:
        return None
    except (ValueError, KeyError, TypeError) as error:
        raise CodesearchError(f"{path}: damaged ({error}); remove {folder} by hand") from error
    # A manifest must not name files outside the folder.
    return {
        str(name): str(digest)
        for name, digest in files.items()
        if ".." not in Path(name).parts and not Path(name).is_absolute()
    }


def _digest(data: bytes) -> str:
    import hashlib

    return hashlib.sha256(data).hexdigest()


def _digest_of(path: Path) -> str | None:
    try:
        return _digest(path.read_bytes())
    except FileNotFoundError:
        return None


def _remove_empty(folder: Path) -> None:
    """Remove folders that are empty now, up to the plugin's own."""
    for path in sorted((one for one in folder.rglob("*") if one.is_dir()), reverse=True):
        if not any(path.iterdir()):
            path.rmdir()
    if folder.is_dir() and not any(folder.iterdir()):
        folder.rmdir()


# -- next steps -----------------------------------------------------------------------------------


def _next_steps(editor: Editor, folder: Path, *, default: bool) -> list[str]:
    import json

    if editor is Editor.emacs:
        lines = [
            "Add to your init file:",
            "",
            f"  (add-to-list 'load-path {json.dumps(str(folder), ensure_ascii=False)})",
        ]
        lines += ["  (require 'codesearch)"]
        command = _command()
        if command is not None:
            words = " ".join(json.dumps(word, ensure_ascii=False) for word in [*command, "lsp"])
            lines.append(f"  (setq codesearch-command '({words}))")
        return [*lines, "", "Then M-x codesearch."]
    lines = []
    if not default:
        line = f"vim.opt.runtimepath:append({json.dumps(str(folder))})"
        if editor is Editor.vim:
            line = f"set runtimepath+={str(folder).replace(' ', chr(92) + ' ')}"
        lines = ["Add to your configuration:", "", f"  {line}", ""]
    if editor is Editor.neovim:
        return [*lines, "Start nvim, then :Codesearch. To index files as you open them: require('codesearch').setup()"]
    return [*lines, "Start vim, then :Codesearch WORDS. For :CodesearchSimilar put the cursor on a function."]


def _undo_steps(editor: Editor, folder: Path) -> list[str]:
    if editor is Editor.emacs:
        return [f"Remove the lines that mention {folder} and codesearch from your init file."]
    return []
