"""Clones are shallow, run nothing of the repository, and are whole or not there."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from codesearch.core.errors import CodesearchError, UsageError
from codesearch.repositories import cloning, registry
from codesearch.repositories.registry import Repository
from tests.support.git import commit_all, git
from tests.support.trees import write
from tests.support.wait import until


def clone_of(remote: Path | str, *, branch: str = "", commit: str = "") -> Repository:
    return Repository("gin", registry.clones() / "gin", str(remote), branch, commit)


def left_over() -> list[str]:
    return [path.name for path in registry.clones().iterdir() if path.name.startswith(".new-")]


def test_a_clone_has_one_commit(remote: Path):
    write(remote, {"second.py": "two = 2\n"})
    commit_all(remote, "two")
    one = clone_of(f"file://{remote}")
    commit = cloning.fetch(one)
    assert commit == git(remote, "rev-parse", "HEAD").strip() == cloning.commit_of(one)
    assert (one.folder / "second.py").read_text() == "two = 2\n"
    assert git(one.folder, "rev-list", "--count", "HEAD").strip() == "1"
    assert left_over() == []


def test_updates_follow_the_branch(remote: Path):
    git(remote, "checkout", "-q", "-b", "next")
    write(remote, {"next.py": "n = 1\n"})
    commit_all(remote, "next")
    git(remote, "checkout", "-q", "main")
    one = clone_of(remote, branch="next")
    cloning.fetch(one)
    assert (one.folder / "next.py").exists()
    git(remote, "checkout", "-q", "next")
    git(remote, "rm", "-q", "next.py")
    write(remote, {"later.py": "l = 1\n"})
    commit_all(remote, "later")
    write(one.folder, {"retry.py": "edited in the clone\n"})
    assert cloning.fetch(one) == git(remote, "rev-parse", "next").strip()
    assert sorted(path.name for path in one.folder.glob("*.py")) == ["cache.py", "later.py", "retry.py"]
    assert "edited" not in (one.folder / "retry.py").read_text()


def test_a_commit_stays_that_commit(remote: Path):
    first = git(remote, "rev-parse", "HEAD").strip()
    write(remote, {"second.py": "two = 2\n"})
    commit_all(remote, "two")
    one = clone_of(remote, commit=first)
    assert cloning.fetch(one) == first
    assert cloning.fetch(one) == first
    assert not (one.folder / "second.py").exists()


@pytest.mark.parametrize(
    ("how", "said"),
    [
        ({"branch": "nope"}, "has no branch or tag nope"),
        ({"commit": "1" * 40}, "does not give commit 111111111111"),
    ],
)
def test_what_the_remote_does_not_have(remote: Path, how: dict[str, str], said: str):
    one = clone_of(remote, **how)
    with pytest.raises(CodesearchError, match=said):
        cloning.fetch(one)
    assert not one.folder.exists()
    assert left_over() == []


def test_an_empty_and_a_missing_remote(tmp_path: Path):
    git(tmp_path, "init", "-q", "--bare", "empty.git")
    with pytest.raises(CodesearchError, match="has no default branch"):
        cloning.fetch(clone_of(tmp_path / "empty.git"))
    with pytest.raises(CodesearchError, match=r"git cannot fetch .*gone"):
        cloning.fetch(clone_of(tmp_path / "gone"))


def test_a_failed_update_keeps_what_there_was(remote: Path, tmp_path: Path):
    one = clone_of(remote)
    commit = cloning.fetch(one)
    remote.rename(tmp_path / "moved")
    with pytest.raises(CodesearchError):
        cloning.fetch(one)
    assert cloning.commit_of(one) == commit
    assert (one.folder / "retry.py").exists()


def script(path: Path, text: str) -> Path:
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


@pytest.mark.skipif(os.name != "posix", reason="shell scripts")
def test_no_hook_no_filter_and_no_submodule(remote: Path, home: Path, tmp_path: Path):
    inner = write(tmp_path / "inner", {"inner.py": "i = 1\n"})
    commit_all(inner)
    git(remote, "submodule", "add", "-q", str(inner), "sub")
    write(remote, {".gitattributes": "*.py filter=evil\n*.md filter=dotted.name\n", "a.md": "# a\n"})
    commit_all(remote, "two")
    ran = tmp_path / "ran"
    hooks = tmp_path / "template" / "hooks"
    hooks.mkdir(parents=True)
    for hook in ("post-checkout", "reference-transaction", "post-index-change"):
        script(hooks / hook, f"touch {ran}")
    evil = script(tmp_path / "evil", f"touch {ran}; cat")
    (home / ".gitconfig").write_text(
        f"[init]\ntemplateDir = {tmp_path / 'template'}\n[core]\nhooksPath = {hooks}\n"
        f'[filter "evil"]\nsmudge = {evil}\nclean = {evil}\nrequired = true\n'
        f'[filter "dotted.name"]\nprocess = {evil}\nrequired = true\n'
    )
    one = clone_of(remote)
    cloning.fetch(one)
    cloning.fetch(one)
    assert "def retry_upload" in (one.folder / "retry.py").read_text()
    assert (one.folder / "a.md").read_text() == "# a\n"
    assert not (one.folder / "sub" / "inner.py").exists()
    assert not ran.exists()
    subprocess.run(["git", "clone", "-q", remote, tmp_path / "as-usual"], check=False, capture_output=True)
    assert ran.exists(), "the hooks and filters of this test work"


@pytest.mark.skipif(os.name != "posix", reason="shell scripts and signals")
def test_a_process_that_is_killed_leaves_nothing_half(remote: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    real = subprocess.run(["sh", "-c", "command -v git"], check=True, capture_output=True, text=True).stdout.strip()
    (tmp_path / "bin").mkdir()
    pid = tmp_path / "pid"
    fake = (
        f'case " $* " in *" checkout "*) {real} "$@"; echo $$ > {pid}.new; mv {pid}.new {pid}; exec sleep 600;; esac\n'
    )
    script(tmp_path / "bin" / "git", f'{fake}exec {real} "$@"')
    one = clone_of(remote)
    code = (
        "from pathlib import Path; from codesearch.repositories import cloning, registry; "
        f"cloning.fetch(registry.Repository('gin', registry.clones() / 'gin', {str(remote)!r}))"
    )
    path = f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}"
    process = subprocess.Popen([sys.executable, "-c", code], env={**os.environ, "PATH": path})
    try:
        until(pid.exists, "the checkout")
        process.kill()
        process.wait()
        assert not one.folder.exists()
        assert left_over()
    finally:
        process.kill()
        process.wait()
        os.kill(int(pid.read_text()), signal.SIGKILL)
    cloning.fetch(one)
    assert (one.folder / "retry.py").exists()
    assert left_over() == []


@pytest.mark.skipif(os.name != "posix", reason="a shell script")
def test_a_remote_that_does_not_answer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, remote: Path):
    real = subprocess.run(["sh", "-c", "command -v git"], check=True, capture_output=True, text=True).stdout.strip()
    (tmp_path / "bin").mkdir()
    script(tmp_path / "bin" / "git", f'case " $* " in *" fetch "*) exec sleep 600;; esac\nexec {real} "$@"')
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}")
    one = clone_of(remote)
    with pytest.raises(CodesearchError, match=r"git took longer than 2 s for .* \(--timeout gives it more"):
        cloning.fetch(one, timeout=2.0)
    assert not one.folder.exists()


def test_a_lock_that_a_killed_git_left_is_no_obstacle(remote: Path):
    one = clone_of(remote)
    cloning.fetch(one)
    (one.folder / ".git" / "index.lock").touch()
    write(remote, {"second.py": "two = 2\n"})
    commit_all(remote, "two")
    cloning.fetch(one)
    assert (one.folder / "second.py").exists()


@pytest.mark.parametrize(
    "said",
    [
        "fatal: could not read Username for 'https://x': terminal prompts disabled",
        "git@x: Permission denied (publickey).\nfatal: Could not read from remote",
    ],
)
def test_credentials_that_are_missing(said: str):
    reason = cloning._reason(clone_of("https://example.org/secret"), said)
    assert "asks for credentials, or does not exist" in reason
    assert "`git ls-remote https://example.org/secret`" in reason


@pytest.mark.parametrize(
    "url",
    [
        "ext::sh -c touch% /tmp/x",
        "fd::17",
        "-oProxyCommand=x",
        "--upload-pack=x",
        "ssh://-oProxyCommand=x/y",
        "git@-oProxyCommand=x:y",
        "host:-x",
        "https://",
        "ftp://example.org/x",
        "https://example.org/a b",
        "https://example.org/\n",
    ],
)
def test_urls_that_are_refused(url: str):
    with pytest.raises(UsageError, match="not a URL to clone from"):
        cloning.checked_url(url)


def test_a_password_in_a_url_is_refused_and_not_repeated():
    with pytest.raises(UsageError, match="holds a password") as error:
        cloning.checked_url("https://me:hunter2@example.org/x")
    assert "hunter2" not in str(error.value)


@pytest.mark.parametrize(
    "url",
    [
        "https://example.org/team/gin.git",
        "https://token@example.org/gin",
        "ssh://git@example.org:2222/team/gin",
        "git@example.org:team/gin.git",
        "file:///srv/git/gin",
        "git://example.org/gin",
    ],
)
def test_urls_that_are_cloned(url: str):
    assert cloning.is_url(url)
    assert cloning.checked_url(url) == url


@pytest.mark.parametrize("text", ["src/shop", "C:\\src\\shop", "C:/src", "~/src"])
def test_folders_are_no_urls(text: str):
    assert not cloning.is_url(text)


@pytest.mark.parametrize("name", ["", "-x", "a b", "a..b", "a:b", "x*", "a\n"])
def test_what_cannot_be_a_branch(name: str):
    with pytest.raises(UsageError, match="not the name of a branch or tag"):
        cloning.checked_reference(name, "--branch")


def test_only_clones_are_deleted(remote: Path, tmp_path: Path):
    with pytest.raises(CodesearchError, match="not cloned by codesearch"):
        cloning.delete(Repository("remote", remote))
    with pytest.raises(CodesearchError, match="not cloned by codesearch"):
        cloning.delete(Repository("remote", remote, "https://example.org/x"))
    assert (remote / "retry.py").exists()
    one = clone_of(remote)
    cloning.fetch(one)
    cloning.delete(one)
    cloning.delete(one)
    assert not one.folder.exists()
    assert left_over() == []
