"""`codesearch editor install|uninstall`: foreign files are never overwritten, and all of ours are removed."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from codesearch.cli.commands import editor as command
from codesearch.core.errors import CodesearchError
from tests.editors import conftest
from tests.editors.conftest import HOUSE, Repository

DEFAULTS = {
    "neovim": ".local/share/nvim/site/pack/codesearch/start/codesearch",
    "emacs": ".emacs.d/codesearch",
    "vim": ".vim/pack/codesearch/start/codesearch",
}


@pytest.fixture(autouse=True)
def _home(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Path, "home", lambda: home)
    for name in ("XDG_DATA_HOME", "XDG_CONFIG_HOME", "NVIM_APPNAME"):
        monkeypatch.delenv(name, raising=False)
    if os.name == "nt":
        pytest.skip("the folders below are those of Unix")


def _tree(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()
    }


@pytest.mark.parametrize("name", DEFAULTS)
def test_install_and_uninstall_leave_nothing(name: str, home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (home / "notes.txt").write_text("mine", encoding="utf-8")
    before = _tree(home)
    editor = command.Editor(name)
    assert command.install(editor) == 0
    written = set(_tree(home)) - set(before)
    assert len(written) > 1
    assert {path.startswith(DEFAULTS[name]) for path in written} == {True}
    assert command.uninstall(editor) == 0
    assert _tree(home) == before
    assert not (home / DEFAULTS[name]).exists()
    assert command.uninstall(editor) == 1
    assert "installed in" in capsys.readouterr().out


@pytest.mark.parametrize("name", DEFAULTS)
def test_what_is_installed_is_the_plugin(name: str, home: Path) -> None:
    command.install(command.Editor(name))
    source = conftest.PLUGINS / name
    installed = _tree(home / DEFAULTS[name])
    for path, data in _tree(source).items():
        if not path.endswith(".elc"):
            assert installed[path] == data


def test_again_changes_nothing_and_says_so(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command.install(command.Editor.vim)
    before = _tree(home)
    capsys.readouterr()
    assert command.install(command.Editor.vim) == 0
    assert _tree(home) == before
    assert "is up to date" in capsys.readouterr().out


def test_dry_run_writes_nothing(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert command.install(command.Editor.neovim, dry_run=True) == 0
    assert _tree(home) == {}
    assert "would write" in capsys.readouterr().out


def test_a_changed_file_is_neither_overwritten_nor_removed(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = home / DEFAULTS["vim"]
    command.install(command.Editor.vim)
    mine = folder / "plugin/codesearch.vim"
    mine.write_text("mine", encoding="utf-8")
    with pytest.raises(CodesearchError, match=r"plugin/codesearch\.vim"):
        command.install(command.Editor.vim)
    assert command.uninstall(command.Editor.vim) == 1
    assert _tree(folder) == {"plugin/codesearch.vim": b"mine"}
    assert "modified since it was installed" in capsys.readouterr().err


def test_files_that_were_there_stop_the_installation(home: Path) -> None:
    folder = home / DEFAULTS["emacs"]
    folder.mkdir(parents=True)
    (folder / "codesearch.el").write_text("(mine)", encoding="utf-8")
    before = _tree(home)
    with pytest.raises(CodesearchError, match="were not written by codesearch"):
        command.install(command.Editor.emacs)
    assert _tree(home) == before


def test_an_update_replaces_what_is_ours_and_drops_what_is_gone(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command, "_command", lambda: None)
    folder = home / DEFAULTS["vim"]
    monkeypatch.setattr(command, "_files", lambda _: {"plugin/a.vim": b"1", "plugin/b.vim": b"1"})
    command.install(command.Editor.vim)
    (folder / "plugin/own.vim").write_text("mine", encoding="utf-8")
    monkeypatch.setattr(command, "_files", lambda _: {"plugin/a.vim": b"2"})
    command.install(command.Editor.vim)
    left = {name: data for name, data in _tree(folder).items() if name != command.MANIFEST}
    assert left == {"plugin/a.vim": b"2", "plugin/own.vim": b"mine"}


def test_a_manifest_cannot_name_files_elsewhere(home: Path) -> None:
    folder = home / DEFAULTS["vim"]
    command.install(command.Editor.vim)
    victim = home / "victim"
    victim.write_text("", encoding="utf-8")
    empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    up = "/".join([".."] * 5)
    (folder / command.MANIFEST).write_text(f'{{"files": {{"{up}/victim": "{empty}", "{victim}": "{empty}"}}}}')
    command.uninstall(command.Editor.vim)
    assert victim.exists()


@pytest.mark.parametrize("damage", ["", "[]", "{", '{"files": 3}'])
def test_a_damaged_manifest_is_an_error(damage: str, home: Path) -> None:
    command.install(command.Editor.vim)
    (home / DEFAULTS["vim"] / command.MANIFEST).write_text(damage, encoding="utf-8")
    with pytest.raises(CodesearchError, match="damaged"):
        command.uninstall(command.Editor.vim)


def test_to_another_folder_says_what_to_configure(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = home / "my plugins" / "cs"
    command.install(command.Editor.neovim, to=str(folder))
    assert f'vim.opt.runtimepath:append("{folder}")' in capsys.readouterr().out
    command.install(command.Editor.vim, to=str(folder) + "2")
    assert "set runtimepath+=" + str(folder).replace(" ", "\\ ") + "2" in capsys.readouterr().out
    assert command.uninstall(command.Editor.neovim, to=str(folder)) == 0
    assert not folder.exists()


@pytest.mark.parametrize(
    ("present", "expected"),
    [([], ".emacs.d"), ([".emacs.d"], ".emacs.d"), ([".config/emacs"], ".config/emacs"),
     ([".config/emacs", ".emacs"], ".emacs.d")],
)  # fmt: skip
def test_emacs_folder_is_chosen_as_emacs_does(present: list[str], expected: str, home: Path) -> None:
    for name in present:
        (home / name).mkdir(parents=True)
    assert command._folder(command.Editor.emacs, None) == home / expected / "codesearch"


@pytest.mark.parametrize("where", ["path", "beside", "module"])
def test_the_command_is_written_down_where_its_name_would_not_find_it(
    where: str, tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    binary = tmp_path / "bin" / "codesearch"
    binary.parent.mkdir()
    if where != "module":
        binary.write_text("#!/bin/sh\n", encoding="utf-8")
        binary.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(binary.parent / "python"))
    monkeypatch.setenv("PATH", str(binary.parent) if where == "path" else str(tmp_path))
    expected = {"path": None, "beside": [str(binary)], "module": [sys.executable, "-m", "codesearch.cli"]}
    assert command._command() == expected[where]
    command.install(command.Editor.neovim)
    written = home / DEFAULTS["neovim"] / "lua/codesearch/installed.lua"
    assert written.exists() == (where != "path")
    if where == "beside":
        assert f'cmd = {{ "{binary}", "lsp" }}' in written.read_text(encoding="utf-8")


# -- the editors find the installed plugin --------------------------------------------------------


def _environment(repository: Repository, home: Path) -> dict[str, str]:
    # Without a command for the server: the path that the installer wrote must be enough.
    return {**repository.environment(home, []), "PATH": "/usr/bin:/bin"}


@pytest.mark.editor
@pytest.mark.parametrize("kind", ["debian", "wheel"])
def test_neovim_loads_it(kind: str, repository: Repository, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    nvim = conftest.neovims()[kind]
    if nvim is None:
        conftest.absent(f"no Neovim of this kind: {kind}")
    monkeypatch.setenv("PATH", "/usr/bin:/bin")  # where the name alone would not be found
    command.install(command.Editor.neovim)
    script = home / "check.lua"
    script.write_text(
        "vim.cmd('edit ' .. vim.fn.fnameescape(vim.env.CS_OTHER_PATH))\n"
        "vim.cmd('Codesearch! ' .. vim.env.CS_QUERY)\n"
        "vim.wait(20000, function() return #vim.fn.getqflist() > 0 end, 20)\n"
        "vim.cmd('help codesearch.setup()')\n"
        "io.stdout:write(vim.fn.getqflist()[1].text:sub(1, 18) .. ' ' .. vim.fn.expand('%:t'))\nvim.cmd('qall!')\n",
        encoding="utf-8",
    )
    done = conftest.run(
        [str(nvim), "--headless", "-n", "-c", f"luafile {script}"], _environment(repository, home), home
    )
    assert done.stdout.endswith("def edit_distance( codesearch.txt"), done.stdout


@pytest.mark.editor
def test_vim_loads_it(repository: Repository, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    conftest.required("vim")
    monkeypatch.setenv("PATH", "/usr/bin:/bin")  # where the name alone would not be found
    command.install(command.Editor.vim)
    script = home / "check.vim"
    script.write_text(
        "execute 'edit' fnameescape($CS_OTHER_PATH)\nexecute 'Codesearch' $CS_QUERY\n"
        "for i in range(1000) | if !empty(getqflist()) | break | endif | sleep 20m | endfor\n"
        "help codesearch-vim-ale\n"
        "call writefile([getqflist()[0].text[:17] . ' ' . expand('%:t')], '/dev/stdout', 'a')\nqall!\n",
        encoding="utf-8",
    )
    (home / ".vimrc").write_text("set nocompatible nomore\n", encoding="utf-8")
    line = ["vim", "-i", "NONE", "-n", "-T", "dumb", "--not-a-term", "-c", f"source {script}"]
    done = conftest.run(line, _environment(repository, home), home)
    assert "def edit_distance( codesearch-vim.txt" in done.stdout, done.stdout


@pytest.mark.editor
def test_emacs_loads_it(
    repository: Repository, home: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    conftest.required("emacs")
    monkeypatch.setenv("PATH", "/usr/bin:/bin")  # where the name alone would not be found
    command.install(command.Editor.emacs)
    printed = [line.strip() for line in capsys.readouterr().out.splitlines() if line.startswith("  (")]
    (home / "check.el").write_text(
        "\n".join(printed) + '\n(find-file (getenv "CS_OTHER_PATH"))\n'
        '(message "FIRST %s" (plist-get (car (codesearch--query (getenv "CS_QUERY"))) :name))\n',
        encoding="utf-8",
    )
    done = conftest.run(["emacs", "-Q", "--batch", "-l", str(home / "check.el")], _environment(repository, home), home)
    assert "FIRST edit_distance" in done.stdout, done.stdout


def test_the_command_line_runs_it(tmp_path: Path) -> None:
    environment = {**os.environ, "HOME": str(tmp_path), "PYTHONPATH": str(HOUSE)}
    for arguments, status in ((["install", "vim"], 0), (["uninstall", "vim"], 0), (["uninstall", "vim"], 1)):
        done = subprocess.run(
            [*conftest.COMMAND, "editor", *arguments], env=environment, capture_output=True, text=True, cwd=tmp_path
        )
        assert done.returncode == status, done.stderr
