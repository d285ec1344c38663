"""Clones repositories with the user's git: shallow, without submodules, hooks and filters, whole or not at all.

A clone is made in a temporary folder and then renamed, so that a process that is killed leaves no half of one. The next
clone deletes the temporary folder: it holds the lock, so no other process is using it.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from codesearch.core.errors import CodesearchError, UsageError
from codesearch.core.lock import ProcessLock
from codesearch.core.log import Log
from codesearch.files import git
from codesearch.repositories.registry import Repository, clones

log = Log("codesearch.repositories")

TIMEOUT = 600.0
"""Seconds that git may take for one repository."""
_SCHEMES = ("https", "http", "ssh", "git", "file")
_URL = re.compile(rf"(?:{'|'.join(_SCHEMES)})://(?P<user>[^@/\s]*@)?[^-/\s][^\s]*|file:///[^\s]+", re.IGNORECASE)
_SSH = re.compile(r"(?:[A-Za-z0-9_.][A-Za-z0-9_.-]*@)?[A-Za-z0-9][A-Za-z0-9.-]*:(?![:/\\])[^\s-][^\s]*")
"""host:path, as ssh has it; a single letter before the colon is a drive of Windows."""
_COMMIT = re.compile(r"[0-9a-fA-F]{40}(?:[0-9a-fA-F]{24})?")
_LOCKS = ("index.lock", "shallow.lock", "HEAD.lock")
"""What a git that was killed leaves in a repository, and then refuses to touch."""
_TEMPORARY = ".new-"


def is_url(text: str) -> bool:
    """Return whether a text is a URL, or a host and path, that git clones from."""
    return "://" in text or "::" in text or (_SSH.fullmatch(text) is not None and not re.match(r"[A-Za-z]:", text))


def checked_url(url: str) -> str:
    """Return a URL that may be cloned. Raises UsageError for one that could run a program or holds a password."""
    if url.startswith("-") or "::" in url or not url.isprintable():
        raise UsageError(f"{url!r}: not a URL to clone from: give https://..., ssh://..., user@host:path or a folder")
    if Path(url).is_absolute():
        return url
    found = _URL.fullmatch(url)
    if found is None and _SSH.fullmatch(url) is None:
        known = ", ".join(f"{scheme}://" for scheme in _SCHEMES)
        raise UsageError(f"{url}: not a URL to clone from: give one that begins with {known}, or user@host:path")
    if found is not None and ":" in (found["user"] or ""):
        raise UsageError(
            "the URL holds a password, which would be stored as plain text: leave it out, and let git's credential "
            "helper know it (`git help credentials`)"
        )
    return url


def checked_reference(name: str, option: str) -> str:
    """Return the name of a branch or tag. Raises UsageError for what git would take as an option."""
    if not name or name.startswith("-") or not name.isprintable() or re.search(r"[\s:?*\[\\^~]|\.\.", name):
        raise UsageError(f"{option} {name!r}: not the name of a branch or tag")
    return name


def checked_commit(commit: str) -> str:
    """Return the full id of a commit. Raises UsageError for a shortened one, which servers do not send."""
    if not _COMMIT.fullmatch(commit):
        raise UsageError(f"--commit {commit!r}: give the whole id of 40 hexadecimal digits (`git rev-parse COMMIT`)")
    return commit.lower()


def fetch(one: Repository, timeout: float = TIMEOUT) -> str:
    """Clone a repository, or bring its clone up to date; return the commit that it then has.

    Raises CodesearchError with git's reason if that fails: what was there before stays.
    """
    with _locked(timeout) as folder:
        if (one.folder / ".git").is_dir():
            return _updated(one, timeout)
        temporary = Path(tempfile.mkdtemp(prefix=_TEMPORARY, dir=folder))
        try:
            _run(one, temporary, timeout, "init", "--quiet", "--template=")
            commit = _checked_out(one, temporary, timeout)
            if one.folder.exists():  # left over, and no repository
                shutil.rmtree(one.folder)
            temporary.rename(one.folder)
        finally:
            shutil.rmtree(temporary, ignore_errors=True)
    return commit


def delete(one: Repository) -> None:
    """Delete the folder of a clone. Raises CodesearchError if it is no clone, or cannot be deleted."""
    if not one.is_clone or one.folder.parent != clones():
        raise CodesearchError(f"{one.folder}: not cloned by codesearch, so it is not deleted")
    with _locked(TIMEOUT) as folder:
        if not one.folder.exists():
            return
        doomed = Path(tempfile.mkdtemp(prefix=_TEMPORARY, dir=folder))
        try:
            one.folder.rename(doomed / one.name)
        except OSError as error:
            raise CodesearchError(f"{one.folder}: cannot be deleted: {error.strerror}") from error
        finally:
            shutil.rmtree(doomed, ignore_errors=True)


def commit_of(one: Repository) -> str:
    """Return the commit of a clone, "" for a folder of the user's or if it cannot be read."""
    try:
        head = (one.folder / ".git" / "HEAD").read_text("ascii").strip() if one.is_clone else ""
    except (OSError, ValueError):
        return ""
    return head if _COMMIT.fullmatch(head) else ""


@contextmanager
def _locked(timeout: float) -> Iterator[Path]:
    """Lend the folder of the clones, which no other process changes meanwhile; leftovers in it are deleted."""
    folder = clones()
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = ProcessLock(folder / ".lock")
        if not lock.acquire(timeout=timeout):
            raise CodesearchError(f"{folder}: another process is cloning; try again")
    except OSError as error:
        raise CodesearchError(f"{folder}: cannot be written: {error.strerror}") from error
    try:
        for left in folder.glob(f"{_TEMPORARY}*"):
            shutil.rmtree(left, ignore_errors=True)
        yield folder
    finally:
        lock.release(delete=True)


def _updated(one: Repository, timeout: float) -> str:
    for name in _LOCKS:
        (one.folder / ".git" / name).unlink(missing_ok=True)
    return _checked_out(one, one.folder, timeout)


def _checked_out(one: Repository, folder: Path, timeout: float) -> str:
    """Fetch the wanted commit alone and check it out; return its id."""
    wanted = one.commit or one.branch or "HEAD"
    _run(one, folder, timeout, "fetch", "--quiet", "--depth=1", "--no-tags", "--no-recurse-submodules", "--",
         one.url, wanted)  # fmt: skip
    _run(one, folder, timeout, *_without_filters(one, folder), "checkout", "--quiet", "--force", "--detach",
         "FETCH_HEAD")  # fmt: skip
    commit = _run(one, folder, timeout, "rev-parse", "--verify", "HEAD").strip()
    log.info("%s is at %s of %s", one.name, commit[:12], one.url)
    return commit


def _without_filters(one: Repository, folder: Path) -> list[str]:
    """Return options that switch off the filters of the user's configuration: a repository says which files they get.

    A file that a filter would fill, as one of Git LFS, is then what the repository has: a few lines that point to it.
    """
    listed = _run(one, folder, 30.0, "config", "--null", "--name-only", "--get-regexp", r"^filter\.", may_fail=True)
    drivers = {name.rpartition(".")[0] for name in listed.split("\0") if name.count(".") > 1}
    return [
        part
        for driver in sorted(drivers)
        for key in ("smudge=", "clean=", "process=", "required=false")
        for part in ("-c", f"{driver}.{key}")
    ]


def _run(one: Repository, folder: Path, timeout: float, *arguments: str, may_fail: bool = False) -> str:
    """Run git in a folder and return its output. Raises CodesearchError with the reason if it fails."""
    options = ("-c", f"core.hooksPath={os.devnull}", "-c", "submodule.recurse=false", "-c", "gc.autoDetach=false",
               "-c", "gc.pruneExpire=now", "-c", "core.logAllRefUpdates=false")  # fmt: skip
    environment = git.environment() | {
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_ALLOW_PROTOCOL": ":".join(_SCHEMES),
        "GIT_LFS_SKIP_SMUDGE": "1",
    }
    try:
        process = subprocess.Popen(
            git.command((*options, *arguments)),
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,  # it ends with its helpers, and none of them asks on the terminal
        )
    except (FileNotFoundError, git.GitUnavailableError) as error:
        raise CodesearchError("git is not installed: install it to clone repositories, or add a folder") from error
    try:
        out, err = process.communicate(timeout=timeout)
    except subprocess.TimeoutExpired:
        _kill(process)
        raise CodesearchError(
            f"{one.name}: git took longer than {timeout:.0f} s for {one.url} (--timeout gives it more time)"
        ) from None
    except BaseException:  # an interrupt, too
        _kill(process)
        raise
    if process.returncode and not may_fail:
        raise CodesearchError(f"{one.name}: {_reason(one, err.decode('utf-8', 'replace'))}")
    return out.decode("utf-8", "replace")


def _kill(process: subprocess.Popen[bytes]) -> None:
    """End git and the programs that it started."""
    try:
        if os.name == "posix":
            os.killpg(process.pid, signal.SIGKILL)
        else:
            process.kill()
    except OSError:
        log.debug("git %d has ended already", process.pid)
    process.communicate()


_SIGN_IN = (
    "could not read Username",
    "could not read Password",
    "Authentication failed",
    "Permission denied (",
    "Host key verification failed",
    "terminal prompts disabled",
)


def _reason(one: Repository, said: str) -> str:
    """Return why git failed, and what to do about it."""
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    problem = next((line for line in lines if line.startswith(("fatal:", "error:"))), lines[-1] if lines else "")
    problem = problem.partition(": ")[2] if problem.startswith(("fatal:", "error:")) else problem or "git failed"
    if "couldn't find remote ref" in said or "not our ref" in said or "unadvertised object" in said:
        if one.commit:
            return f"{one.url} does not give commit {one.commit[:12]}: check the id, or clone a branch (--branch)"
        wanted = f"no branch or tag {one.branch}" if one.branch else "no default branch (it may be empty)"
        return f"{one.url} has {wanted} (`git ls-remote {one.url}` lists what it has)"
    if any(sign in said for sign in _SIGN_IN):
        return (
            f"{one.url} asks for credentials, or does not exist: {problem}. Sign in once with `git ls-remote "
            f"{one.url}`, so that git's credential helper or your SSH agent knows them"
        )
    return f"git cannot fetch {one.url}: {problem}"
