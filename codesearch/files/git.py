"""Ask git which files a work tree has, without trusting the environment or the repository's configuration."""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Container, Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from codesearch.files.reading import read_plain
from codesearch.files.walk import Listing

if TYPE_CHECKING:
    import subprocess

LOCAL_VARIABLES = frozenset(
    {
        "GIT_ALTERNATE_OBJECT_DIRECTORIES",
        "GIT_COMMON_DIR",
        "GIT_DIR",
        "GIT_INDEX_FILE",
        "GIT_NAMESPACE",
        "GIT_OBJECT_DIRECTORY",
        "GIT_PREFIX",
        "GIT_WORK_TREE",
    }
)
"""Variables that are set in git hooks and would make git list another repository."""

_HEAD = re.compile(rb"ref:\s*refs/|[0-9a-f]{40}")

_UNREADABLE = re.compile(rb"^warning: could not open directory '(.*)': (.*)$", re.MULTILINE)


_BLOBS_AT_ONCE = 500
"""Ids sent to git before its answers are read: they fit the buffer of a pipe."""


class GitUnavailableError(Exception):
    """git cannot list this folder; the message is a short reason, suitable for a note."""


def top_of(folder: bytes) -> bytes | None:
    """Return the nearest folder at or above `folder` (absolute) that has a `.git`, or None."""
    at = folder
    while True:
        if os.path.lexists(at + b"/.git"):
            return at
        above = os.path.dirname(at)  # noqa: PTH120 - bytes
        if above == at:
            return None
        at = above


def folder_of(top: bytes) -> bytes:
    """Return the git folder of a work tree: its `.git`, or where the file of that name points to."""
    git = top + b"/.git"
    try:
        if not Path(os.fsdecode(git)).is_dir():
            text = read_plain(git, 8192)
            if text.startswith(b"gitdir:"):
                return os.path.join(top, text[len(b"gitdir:") :].strip())  # noqa: PTH118 - bytes
    except OSError:
        pass  # a link, or not readable
    return git


def identity(top: bytes) -> bytes:
    """Return what all linked worktrees of one repository share: the real path of its common git folder."""
    folder = folder_of(top)
    with contextlib.suppress(OSError):  # no commondir: not a linked worktree
        folder = os.path.join(folder, read_plain(folder + b"/commondir", 8192).strip())  # noqa: PTH118 - bytes
    return os.path.realpath(folder)


def is_valid(top: bytes, common: bytes) -> bool:
    """Return whether git takes the `.git` of `top` for a repository; `common` is its `identity`.

    Otherwise it looks for one in the folders above.
    """
    head = folder_of(top) + b"/HEAD"
    try:
        link = os.path.islink(head)  # noqa: PTH114 - bytes
        text = b"ref: " + os.readlink(head) if link else read_plain(head, 8192)  # noqa: PTH115 - bytes
    except OSError:
        return False
    parts = [Path(os.fsdecode(common), name) for name in ("objects", "refs")]
    return _HEAD.match(text) is not None and all(part.is_dir() for part in parts)


def is_main_worktree(top: bytes) -> bool:
    """Return whether `.git` is a folder, as in a clone, rather than a file that points to one."""
    return Path(os.fsdecode(top + b"/.git")).is_dir()


def is_bare(folder: bytes) -> bool:
    """Return whether a folder without `.git` is itself a repository's git folder."""
    path = Path(os.fsdecode(folder))
    return (path / "HEAD").is_file() and (path / "objects").is_dir() and (path / "refs").is_dir()


def _executable() -> str:
    if os.name != "nt":
        return "git"
    # CreateProcess looks in the current folder first, which may be the very repository being read.
    for folder in os.environ.get("PATH", "").split(os.pathsep):
        candidate = Path(folder) / "git.exe"
        if candidate.is_absolute() and candidate.is_file():
            return str(candidate)
    raise GitUnavailableError("git is not installed")


def _reason(stderr: bytes, folder: bytes) -> str:
    text = stderr.decode("utf-8", "replace")
    if "dubious ownership" in text:
        name = os.fsdecode(folder).encode("utf-8", "replace").decode()
        return f"git refuses a work tree of another owner (git config --global --add safe.directory '{name}')"
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    fatal = [line for line in lines if line.startswith("fatal:")] or lines[-1:] or ["git failed"]
    return "git: " + fatal[0].removeprefix("fatal: ")


def environment() -> dict[str, str]:
    """Return the environment in which git runs: none of a hook, and messages in English."""
    environment = {key: value for key, value in os.environ.items() if key not in LOCAL_VARIABLES}
    return environment | {"GIT_OPTIONAL_LOCKS": "0", "LC_ALL": "C", "LANGUAGE": "C"}


def command(arguments: Iterable[str]) -> list[str]:
    """Return the command line of git. Raises GitUnavailableError if there is none."""
    # A repository's own configuration may name a program to run as its file monitor; reading must not run it.
    return [_executable(), "-c", "core.fsmonitor=false", *arguments]


def _run(
    folder: bytes,
    arguments: Iterable[str],
    timeout: float | None = None,
    *,
    given: bytes = b"",
    well: Container[int] = (0,),
) -> subprocess.CompletedProcess[bytes]:
    """Run git with some bytes as its input; `well` are the exit statuses that are no failure."""
    import subprocess

    try:
        done = subprocess.run(
            command(arguments),
            cwd=os.fsdecode(folder),
            env=environment(),
            input=given,
            capture_output=True,
            check=False,
            timeout=timeout,
        )
    except FileNotFoundError as error:
        raise GitUnavailableError("git is not installed") from error
    except OSError as error:
        raise GitUnavailableError(f"git cannot be run: {error.strerror}") from error
    if done.returncode not in well:
        raise GitUnavailableError(_reason(done.stderr, folder))
    return done


def output(folder: bytes, arguments: Iterable[str], timeout: float | None = None) -> bytes:
    """Run a git command that only reads, in `folder`, and return its output.

    Raises:
        GitUnavailableError: git is missing, or refuses or cannot read the repository.
        subprocess.TimeoutExpired: it took longer than `timeout` seconds.

    """
    return _run(folder, arguments, timeout).stdout


def configuration(folder: bytes) -> bytes:
    """Return git's whole configuration in `folder`, with the file that each value comes from. Raises as `output`."""
    return output(folder, ("config", "--list", "--show-origin", "-z"))


def tracked(folder: bytes) -> bytes:
    """Return the list of the files that git tracks below `folder`, separated by NUL. Raises as `output`."""
    return output(folder, ("ls-files", "-c", "-z"))


def excludes_file(folder: bytes) -> tuple[bytes, ...] | None:
    """Return where git looks for the user's own ignore file, first to last; None if that depends on git's folder.

    Raises as `output`.
    """
    named = _run(folder, ("config", "--path", "--get", "core.excludesFile"), well=(0, 1)).stdout.rstrip(b"\n")
    if named:
        return (named,) if os.path.isabs(named) else None  # noqa: PTH117 - bytes
    homes = (os.environ.get("HOME"), os.environ.get("USERPROFILE"))
    places = [os.environ.get("XDG_CONFIG_HOME"), *(os.path.join(home, ".config") for home in homes if home)]  # noqa: PTH118
    return tuple(os.fsencode(os.path.join(place, "git", "ignore")) for place in places if place)  # noqa: PTH118


def ignored(folder: bytes, paths: Iterable[bytes]) -> set[bytes]:
    """Return those paths (relative to `folder`) that git's rules ignore, tracked or not.

    Raises:
        GitUnavailableError: git is missing, or refuses, or a path is in another repository.

    """
    given = b"".join(path + b"\0" for path in paths)
    if not given:
        return set()
    found = _run(folder, ("check-ignore", "-z", "--stdin", "--no-index"), given=given, well=(0, 1)).stdout
    return set(found.split(b"\0")) - {b""}


def blobs(folder: bytes, ids: Sequence[bytes]) -> Iterator[bytes]:
    """Yield the content of each blob, in order, as it is in the repository: no filter is applied, nothing is fetched.

    Raises:
        GitUnavailableError: git is missing, or the repository lacks one of them, as a partial clone does.

    """
    import subprocess

    process = subprocess.Popen(
        command(("cat-file", "--batch")),
        cwd=os.fsdecode(folder),
        env={**environment(), "GIT_NO_LAZY_FETCH": "1"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        for start in range(0, len(ids), _BLOBS_AT_ONCE):
            some = ids[start : start + _BLOBS_AT_ONCE]
            process.stdin.write(b"".join(id + b"\n" for id in some))
            process.stdin.flush()
            for id in some:
                head = process.stdout.readline().split()
                if len(head) != 3:
                    raise GitUnavailableError(
                        f"the clone lacks object {os.fsdecode(id)[:12]}; fetch the whole commit first"
                    )
                yield process.stdout.read(int(head[2]))
                process.stdout.read(1)
    finally:
        process.kill()
        process.communicate()


def list_files(folder: bytes, where: Iterable[bytes] = ()) -> Listing:
    """List what git tracks or does not ignore below `folder` (absolute), submodules as plain entries.

    `where` restricts it to some paths, relative to `folder`, and everything below them.

    Raises:
        GitUnavailableError: git is missing, or refuses or cannot read the repository.

    """
    command = ["--literal-pathspecs", "ls-files", "-co", "--exclude-standard", "-z", "--", *map(os.fsdecode, where)]
    done = _run(folder, command)
    found = Listing()
    names = dict.fromkeys(done.stdout.split(b"\0"))  # unmerged files are listed once per stage
    names.pop(b"", None)
    found.paths = [name for name in names if not name.endswith(b"/")]
    if len(found.paths) != len(names):
        found.repositories = [name for name in names if name.endswith(b"/")]
    if done.stderr:
        found.unreadable = [
            (m[1].rstrip(b"/"), m[2].decode("utf-8", "replace")) for m in _UNREADABLE.finditer(done.stderr)
        ]
    return found
