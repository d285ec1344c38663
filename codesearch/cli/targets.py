"""Which tree, file and line the arguments of a command mean."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from codesearch.core.dirs import expand_home
from codesearch.core.errors import CodesearchError, NotFoundError, UsageError
from codesearch.core.visible import path_shown_as

if TYPE_CHECKING:
    from codesearch.core.filter import Filter


class Tree(NamedTuple):
    """The tree that a command works on."""

    root: Path
    """The folder that is indexed."""
    below: str = ""
    """The folder that the command is restricted to, relative to the root with `/`; "" for all of it."""

    @property
    def where(self) -> Filter:
        """The restriction as a filter."""
        from codesearch.core import globs
        from codesearch.core.filter import Filter

        return Filter(under=(f"/{globs.escaped(self.below)}/**",)) if self.below else Filter()


def tree_of(
    path: str | None,
    root: str | None = None,
    db: str | None = None,
    repo: list[str] | None = None,
    *,
    quiet: bool = False,
) -> Tree:
    """Return the tree for PATH and --root: PATH restricts a command, the folder that encloses it has the index.

    --repo means the root of a repository. With --db, PATH is the root: an index file of its own hides no other index.
    Raises UsageError where the tree would be a home folder or a whole disk that was not named.
    """
    _refuse_empty(path, root)
    if repo:
        return Tree(_root_of_repository(repo, path, root))
    from codesearch.store.roots import enclosing_root, holds_everything

    if root is not None:
        return _explicit_tree(path, root)
    folder = _absolute(Path.cwd()) if path is None else _meant(_absolute(expand_home(path)))
    if path is not None and not folder.is_dir():
        return Tree(Path(path))  # opening it reports the problem
    if path is not None and db is not None:
        return Tree(folder)
    top = enclosing_root(folder)
    if not folder.resolve().is_relative_to(top.resolve()):  # a link leads out of the tree, which does not follow it
        folder = folder.resolve()
        top = enclosing_root(folder)
    if path is None and holds_everything(top) and not (top / ".git").exists():
        raise UsageError(
            f"{top}: too large to index unasked. Go to a project, or give a folder (`.` for all of this one)"
        )
    _note_nested(folder, top, quiet=quiet)
    return Tree(top, "" if path is None else _below(folder, top))


def _refuse_empty(path: str | None, root: str | None) -> None:
    for given, name in ((path, "PATH"), (root, "--root")):
        if given is not None and not given:
            raise UsageError(f"{name} is empty: give a folder, or omit it")


def _explicit_tree(path: str | None, root: str) -> Tree:
    top = _meant(_absolute(expand_home(root)))
    folder = top if path is None else _meant(_absolute(expand_home(path)))
    if not folder.is_relative_to(top):
        raise UsageError(f"{path}: not inside the root {top}")
    return Tree(top, _below(folder, top))


def root_of(path: str | None, root: str | None = None, db: str | None = None, *, quiet: bool = False) -> Path:
    """Return the root of the tree for PATH, --root and --db; see `tree_of`."""
    return tree_of(path, root, db, quiet=quiet).root


def _root_of_repository(names: list[str], path: str | None, root: str | None) -> Path:
    """Return the root that --repo means. Raises UsageError if NAME means none or several."""
    from codesearch.repositories import selection

    if path is not None or root is not None:
        raise UsageError(f"--repo cannot be combined with {'PATH' if path is not None else '--root'}")
    if len(names) > 1:
        raise UsageError("this command takes one --repo; `codesearch query` takes several")
    one = selection.one(names[0])
    if not one.folder.is_dir():
        raise NotFoundError(f"{one.name}: {one.folder} is missing (`codesearch repo list` shows what there is)")
    return one.folder


def enclosing() -> Path:
    """Return the root of the current folder for commands that index nothing: any folder will do."""
    from codesearch.store.roots import enclosing_root

    return enclosing_root(Path.cwd())


def folder_of(path: str | None) -> Path:
    """Return PATH, for commands that build their own index; without PATH, the root that encloses the current folder."""
    return root_of(None) if path is None else Path(path)


def _below(folder: Path, top: Path) -> str:
    """Return a folder relative to the root; a linked one is the real folder, as links are not followed."""
    real, real_top = folder.resolve(), top.resolve()
    below = real.relative_to(real_top) if real.is_relative_to(real_top) else folder.relative_to(top)
    return "" if below == Path() else below.as_posix()


def _note_nested(folder: Path, top: Path, *, quiet: bool) -> None:
    """Mention an index inside the tree that is not used, made by an earlier version or with --root."""
    from codesearch.cli.ui import console
    from codesearch.store.roots import has_index

    for inner in (folder, *folder.parents):
        if inner == top or not inner.is_relative_to(top):
            return
        if has_index(inner) and not quiet:
            console.message(
                f"using the index of {top}, not the one inside it at {inner} "
                f"(--root {inner} uses that one, `codesearch clean --root {inner}` deletes it)"
            )
            return


_PLACE = re.compile(r"(?P<file>.+?):(?P<line>[0-9]{1,9})(?::[0-9]+)?\Z", re.DOTALL)
_PLACE_WITHOUT_COLUMN = re.compile(r"(?P<file>.+):(?P<line>[0-9]{1,9})\Z", re.DOTALL)


def place(text: str) -> tuple[str, int] | None:
    """Parse FILE:LINE, or FILE:LINE:COLUMN as editors and grep print it, into (file, line); None for other text."""
    found = _PLACE.match(text)
    if found is None:
        return None
    longer = _PLACE_WITHOUT_COLUMN.match(text)
    if longer is not None and longer["file"] != found["file"] and Path(longer["file"]).exists():
        found = longer
    return found["file"], int(found["line"])


def _no_file(file: str, places: tuple[Path, Path], top: Path) -> CodesearchError:
    """Return the error about an argument that names no file at either place."""
    other = next((place for place in places if place.exists()), None)
    if other is None:
        return NotFoundError(f"{file}: no such file in the current folder or in {top}")
    what = "a folder" if other.is_dir() else "not a regular file, so it is not indexed"
    return UsageError(f"{file}: is {what}; name a file, as FILE:LINE")


def located(
    file: str, path: str | None, root: str | None = None, db: str | None = None, repo: list[str] | None = None
) -> tuple[Path, str]:
    """Return (root, path below it) of a file that is absolute, relative to the current folder, or relative to the root.

    For a file outside the default root, also behind a link, this is the root that encloses it, if that is a git
    repository or has an index: a folder is not indexed for one file. `NAME:path` is a file of a repository, as answers
    from several print it. Raises NotFoundError if there is none.
    """
    from codesearch.store.roots import enclosing_root, has_index

    if (found := in_repository(file)) is not None:
        return found
    meant = tree_of(path, root, db, repo, quiet=True).root
    top = _absolute(meant)
    here = _meant(_absolute(expand_home(file)))
    if not here.is_file():
        below = _meant(_absolute(top / file))
        if not below.is_file():
            raise _no_file(file, (here, below), top)
        here = below
    real, real_top = here.resolve(), top.resolve()
    if real.is_relative_to(real_top):  # links are not followed: the index has the real file
        return meant, real.relative_to(real_top).as_posix()
    inside = here.is_relative_to(top)
    if path is None and root is None and not repo:
        own = enclosing_root(real.parent)
        if has_index(own) or (own / ".git").exists():
            return own, real.relative_to(own).as_posix()
        if not inside:
            raise NotFoundError(
                f"{file}: is outside {top}, and its folder {own} is neither a git repository nor indexed "
                f"(`codesearch index {own}` would index it)"
            )
    if inside:
        return meant, here.relative_to(top).as_posix()
    raise NotFoundError(f"{file}: not inside {top}")


def in_repository(file: str) -> tuple[Path, str] | None:
    """Return (root, path below it) of `NAME:path`; None if it is no such file."""
    if ":" not in file or Path(file).exists():
        return None
    from codesearch.repositories import selection

    found = selection.place(file)
    if found is None:
        return None
    top, below = found[0].folder, found[1]
    below = path_shown_as(top, below) or below
    return (top, below) if (top / below).is_file() else None


def from_here(pattern: str, root: Path) -> str:
    """Return a path filter as it is meant from the current folder, if that leads below the root.

    `./` and `../` begin at the current folder, and so do the paths that were printed for a folder outside the root.
    """
    negated = "!" * pattern.startswith("!")
    pattern = pattern[len(negated) :]
    below = _relative(Path.cwd() / pattern, root)
    explicit = re.match(r"\.\.?(?:/|\Z)", pattern) is not None
    if below is None or not (explicit or (_relative(Path.cwd(), root) is None and (Path.cwd() / pattern).exists())):
        return negated + pattern
    return negated + ("/**" if below == "." else f"/{below}" + "/" * pattern.endswith("/"))


def _relative(path: Path, root: Path) -> str | None:
    """Return a path relative to a root; None if it is not below."""
    try:
        below = os.path.relpath(os.path.normpath(path), root).replace(os.sep, "/")
    except ValueError:  # Windows: on another drive
        return None
    return None if below == ".." or below.startswith("../") else below


def _absolute(path: Path) -> Path:
    return Path(os.path.abspath(path))  # noqa: PTH100 -- resolve() would follow links out of the tree as named


def exists(path: str) -> bool:
    """Return whether an argument is the path of a file or folder, or how one is printed, with escapes."""
    return os.path.exists(_meant(_absolute(expand_home(path))))  # noqa: PTH110 -- False for a name that is too long


def is_folder(path: str) -> bool:
    """Return whether an argument is the path of a folder, or how one is printed, with escapes."""
    return os.path.isdir(_meant(_absolute(expand_home(path))))  # noqa: PTH112 -- False for a name that is too long


def _meant(place: Path) -> Path:
    """Return an absolute path as it is, or that of the file or folder that is printed so, with escapes."""
    top = Path(place.anchor)
    shown = path_shown_as(top, place.relative_to(top).as_posix())
    return place if shown is None else top / shown
