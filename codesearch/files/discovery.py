"""Lists the candidate files of a tree with their stat: git's list or a walk, without what the user excludes."""

from __future__ import annotations

import os
import stat
import sys
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from codesearch.core.errors import NotFoundError, UsageError
from codesearch.core.types import Skipped
from codesearch.files import git
from codesearch.files.ignore import Rules
from codesearch.files.reading import read_plain
from codesearch.files.values import Discovery, FileOptions, FoundFile
from codesearch.files.walk import OWN_FOLDERS, Chain, Listing, read_rules, rules_above, walk

if TYPE_CHECKING:
    from codesearch.files.trail import Trail

IGNORE_FILE = b".codesearchignore"
_HEAD_BYTES = 256
"""Bytes that are read to find a shebang line."""
_SNIFFED_A_FOLDER = 100
"""Files without extension that are opened per folder to look for a shebang; executables always are."""
_WINDOWS = os.name == "nt"
_ENCODING, _ERRORS = sys.getfilesystemencoding(), sys.getfilesystemencodeerrors()
"""What `os.fsdecode` uses, without its two calls a file."""
_REPARSE_POINT = 0x400
"""Windows: junctions and other links that look like folders."""


class Selection:
    """The user's rules: include, exclude, and every `.codesearchignore` from the root downwards."""

    def __init__(self, root: bytes, options: FileOptions) -> None:
        self._root = root
        self._include = Rules.of_globs(options.include)
        exclude = Rules.of_globs(options.exclude)
        self._top: Chain = ((0, b"", exclude),) if exclude else ()
        # folder -> the rules for it, and whether `include` names it; None: left out whole
        self._folders: dict[bytes, tuple[Chain, bool] | None] = {b"": (self._top, False)}
        # the same with the rules of the folder itself, for its entries
        self._inside: dict[bytes, tuple[Chain, bool] | None] = {}

    def _with_own(self, prefix: bytes, chain: Chain) -> Chain:
        rules = read_rules(self._root + b"/" + prefix + IGNORE_FILE)
        return ((len(prefix), b"", rules), *chain) if rules else chain

    def listed(self, path: bytes, names: Collection[bytes]) -> None:
        """Take note of the names in a kept folder: if it has no rule file, none needs to be read."""
        if IGNORE_FILE not in names:
            self._inside[path] = self._folders[path]

    def _folder(self, path: bytes, *, plain: bool = False) -> tuple[Chain, bool] | None:
        """Return the rules for a folder (relative, without a final `/`); None if it is left out.

        `plain` says that it is known to be no link.
        """
        if path in self._folders:
            return self._folders[path]
        above, _, name = path.rpartition(b"/")
        parent = self._within(above)
        result = None
        if parent is not None and name not in OWN_FOLDERS and (plain or not self._is_link(path)):
            chain, included = parent
            if not _ignored(chain, name, path, is_folder=True):
                if self._include:
                    verdict = self._include.match(name, path, True)
                    included = included if verdict is None else verdict
                result = (chain, included)
        self._folders[path] = result
        return result

    def _within(self, path: bytes) -> tuple[Chain, bool] | None:
        """Return the rules inside a folder, or None if it is left out."""
        if path not in self._inside:
            found = self._folder(path)
            self._inside[path] = found and (self._with_own(path + b"/" if path else b"", found[0]), found[1])
        return self._inside[path]

    def keeps_folder(self, path: bytes, *, plain: bool = False) -> bool:
        """Return whether files in this folder may be listed; `plain` says that it is known to be no link."""
        return self._folder(path, plain=plain) is not None

    def keeps_file(self, path: bytes) -> bool:
        """Return whether no rule leaves this file out."""
        above, _, name = path.rpartition(b"/")
        parent = self._inside[above] if above in self._inside else self._within(above)
        if parent is None:
            return False
        chain, included = parent
        if chain and _ignored(chain, name, path, is_folder=False):
            return False
        if self._include:
            verdict = self._include.match(name, path, False)
            return included if verdict is None else verdict
        return True

    def _is_link(self, path: bytes) -> bool:
        # git lists tracked files below a folder that has since become a link, perhaps to outside the root.
        try:
            return _is_link(os.lstat(self._root + b"/" + path))
        except OSError:
            return False


def _ignored(chain: Chain, name: bytes, path: bytes, *, is_folder: bool) -> bool:
    for skip, before, rules in chain:
        verdict = rules.match(name, before + path[skip:], is_folder)
        if verdict is not None:
            return verdict
    return False


def _is_link(status: os.stat_result) -> bool:
    return stat.S_ISLNK(status.st_mode) or bool(getattr(status, "st_file_attributes", 0) & _REPARSE_POINT)


class _Run:
    """The state of one discovery."""

    def __init__(self, root: str, options: FileOptions, trail: Trail | None = None) -> None:
        from codesearch import languages

        self.root = root
        self.trail = trail
        self.options = options
        self.selection = Selection(os.fsencode(root), options)
        self.files: list[FoundFile] = []
        self.skipped: list[Skipped] = []
        self.unknown: Counter[str] = Counter()
        self.excluded = 0
        self.not_kept: list[bytes] = []
        self.irregular: list[bytes] = []
        self.notes: list[str] = []
        self.from_git = False
        self._detect = languages.detect
        self._named = frozenset(name for language in languages.all() for name in language.filenames)
        self._data = languages.DATA_FILES
        self._by_extension: dict[str, str | None] = {}
        self._wanted = frozenset(options.languages)
        # Several languages share `.h` or `.m`; only the content decides.
        self._wanted_extensions = frozenset(
            extension
            for language in languages.all()
            if language.name in self._wanted
            for extension in language.extensions
        )
        self._sniffed: Counter[str] = Counter()
        self._seen: set[bytes] = set()

    def collect(self) -> None:
        """List the root, then each repository found inside it, clones before linked worktrees."""
        pending = [b""]
        while pending:
            nested: dict[bytes, None] = {}
            for prefix in pending:
                if self.trail is not None:
                    self.trail.begin(self.root, prefix)
                listing = self._list(prefix)
                if self.trail is not None:
                    self.trail.end(prefix, listing)
                if listing is None:
                    continue
                for folder, why in listing.unreadable:
                    path = os.fsdecode(prefix + folder) or "."
                    self.skipped.append(Skipped(path, "unreadable", why))
                nested.update((prefix + name, None) for name in listing.repositories)
                self._take((prefix + name for name in listing.paths), nested)
            at = os.fsencode(self.root) + b"/"
            pending = sorted(
                (name for name in nested if self.selection.keeps_folder(name.rstrip(b"/"))),
                key=lambda name: (not git.is_main_worktree(at + name), name),
            )
        if self.trail is not None:
            self.trail.irregular.update(self.irregular)
            self.trail.excluded.update(self.not_kept)

    def _list(self, prefix: bytes) -> Listing | None:
        """List one repository or plain folder; None if it is a worktree of one already listed."""
        folder = os.fsencode(self.root) + b"/" + prefix.rstrip(b"/") if prefix else os.fsencode(self.root)
        top = git.top_of(folder)
        if prefix and top != folder:
            return None  # a submodule that is not checked out: its content is ignored, as in git
        if top is None:
            if git.is_bare(folder):
                self.notes.append(f"{os.fsdecode(prefix) or '.'}: a bare git repository has no files to index")
            return self._walk(prefix, folder, ())
        who = git.identity(top)
        shown = os.fsdecode(prefix) or "."
        if who in self._seen:
            self.notes.append(f"{shown}: another worktree of a repository already listed; left out")
            return None
        try:
            listing = git.list_files(folder)
            self._seen.add(who)  # a bare repository has no files, unlike the worktrees beside it
        except git.GitUnavailableError as error:
            self.notes.append(f"{shown}: {error}; walked the folder instead")
            if self.trail is not None:
                self.trail.odd = "git failed"
            return self._walk(prefix, folder, rules_above(top, folder))
        if not listing.paths and not listing.repositories and top != folder:
            # An ignored folder that is named explicitly, such as an installed package.
            return self._walk(prefix, folder, ())
        self.from_git = self.from_git or not prefix
        return listing

    def collect_only(self, where: Sequence[bytes]) -> bool:
        """List some paths; return False if that needs the whole list."""
        folder = os.fsencode(self.root)
        top = git.top_of(folder)
        if top is None and git.is_bare(folder):
            return False
        listing = None
        if top is not None:
            try:
                listing = git.list_files(folder, where)
            except git.GitUnavailableError:
                listing = self._walk(b"", folder, rules_above(top, folder), where)
            if not listing.paths and top != folder and any(os.path.lexists(folder + b"/" + path) for path in where):
                return False  # perhaps git ignores the root
        if listing is None:
            listing = self._walk(b"", folder, (), where)
        nested: dict[bytes, None] = {}
        self._take(listing.paths, nested)
        return not nested and not listing.repositories and not any(map(self._sniffs_only_some, self._sniffed))

    def _sniffs_only_some(self, folder: str) -> bool:
        """Return whether a folder may have more files without extension than are opened."""
        try:
            return sum(1 for _ in Path(self.root, folder).iterdir()) > _SNIFFED_A_FOLDER
        except OSError:
            return True

    def _walk(self, prefix: bytes, folder: bytes, above: Chain, where: Sequence[bytes] = ()) -> Listing:
        selection = self.selection

        def listed(path: bytes, names: Collection[bytes]) -> None:
            selection.listed(prefix + path if path else prefix[:-1], names)
            if self.trail is not None:
                self.trail.walked[prefix + path if path else prefix[:-1]] = set(names)

        if self.trail is not None:
            self.trail.by_walk.add(prefix)
        # What a walk enters is no link; only Windows has other kinds of them.
        return walk(
            folder, lambda path: selection.keeps_folder(prefix + path, plain=not _WINDOWS), above, where, listed
        )

    def _take(self, paths: Iterable[bytes], nested: dict[bytes, None]) -> None:
        base = self.root.rstrip("/") + "/"
        keeps, lstat, limit = self.selection.keeps_file, os.lstat, self.options.max_file_size
        for raw in paths:
            if not keeps(raw):
                self.excluded += 1
                self.not_kept.append(raw)
                continue
            path = raw.decode(_ENCODING, _ERRORS)
            try:
                status = lstat(base + path)
            except (FileNotFoundError, NotADirectoryError):
                self.irregular.append(raw)
                continue  # tracked but deleted, or outside a sparse checkout
            except (OSError, ValueError) as error:
                self.irregular.append(raw)
                self.skipped.append(Skipped(path, "unreadable", getattr(error, "strerror", "") or str(error)))
                continue
            if stat.S_IFMT(status.st_mode) != stat.S_IFREG or (_WINDOWS and _is_link(status)):
                self.irregular.append(raw)
                if stat.S_ISDIR(status.st_mode) and not _is_link(status):
                    nested[raw + b"/"] = None  # a submodule
                continue
            language = self._language(path, status)
            if language is None or status.st_size > limit or (self._wanted and not self._may_be_wanted(path, language)):
                self._leave_out(path, status, language)
            else:
                self.files.append(
                    FoundFile(path, status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino, language)
                )

    def _leave_out(self, path: str, status: os.stat_result, language: str | None) -> None:
        """Count a file that is no candidate, or say why."""
        if language is None:
            self.unknown[_extension(path)] += 1
        elif self._wanted and not self._may_be_wanted(path, language):
            self.excluded += 1
        else:
            self.skipped.append(Skipped(path, "too large", f"{status.st_size} bytes"))
        if self.trail is not None and (language is not None or not _extension(path)):
            self.trail.others.append((path, status))

    def _may_be_wanted(self, path: str, language: str) -> bool:
        return language in self._wanted or _extension(path) in self._wanted_extensions

    def _language(self, path: str, status: os.stat_result) -> str | None:
        slash = path.rfind("/") + 1
        name = path[slash:]
        if name in self._named:
            return self._detected(name)
        if name.lower() in self._data:
            return None
        dot = name.rfind(".")
        extension = name[dot:].lower() if dot > 0 else ""
        if extension:
            # Asked once per extension, not once per file.
            if extension not in self._by_extension:
                self._by_extension[extension] = self._detected("x" + extension)
            return self._by_extension[extension]
        if name.startswith(".") or status.st_size < len("#!x"):
            return None
        if not status.st_mode & 0o111 or _WINDOWS:
            folder = path[:slash]
            self._sniffed[folder] += 1
            if self._sniffed[folder] > _SNIFFED_A_FOLDER:
                return None
        try:
            head = read_plain(self.root + "/" + path, _HEAD_BYTES)
        except OSError:
            return None
        return self._detected(name, head) if head.startswith(b"#!") else None

    def _detected(self, name: str, head: bytes = b"") -> str | None:
        found = self._detect(name, head)
        return None if found is None else found.name


def _extension(path: str) -> str:
    name = path[path.rfind("/") + 1 :]
    dot = name.rfind(".")
    return name[dot:].lower() if dot > 0 else ""


def language_by_name(path: str) -> str | None:
    """Return the language of a file if its name decides that; None if its content does, or if there is none."""
    from codesearch import languages

    if not _extension(path) and not any(path[path.rfind("/") + 1 :] in one.filenames for one in languages.all()):
        return None
    found = languages.detect(path[path.rfind("/") + 1 :])
    return None if found is None else found.name


def discover(root: Path, options: FileOptions | None = None, trail: Trail | None = None) -> Discovery:
    """List the candidate files of a tree, with their stat, in the order of their paths.

    In a git work tree: what git tracks or does not ignore; else, or where git fails (see `notes`), what a walk
    finds that no `.gitignore` leaves out. Nothing is read but ignore files and the first line of files that
    have no extension. A `trail` records what the list depends on.

    Raises:
        NotFoundError: there is no such folder.
        UsageError: it is a file.

    """
    run = _Run(_folder(root), options or FileOptions(), trail)
    run.collect()
    return _discovery(run)


MOST_PATHS = 500
MOST_PATH_BYTES = 20_000
"""Of a partial list: Windows takes commands of 32,767 characters."""


def discover_only(root: Path, paths: Iterable[str], options: FileOptions | None = None) -> Discovery | None:
    """List those candidate files that are, or are below, some paths (relative to the root, with `/`).

    They are those that `discover` would list there, at a small part of its cost. None if that needs the whole list:
    in repositories inside the root, for the root itself, for very many paths. Raises as `discover`.
    """
    top = _folder(root)
    where = sorted({os.fsencode(path.rstrip("/")) for path in paths})
    if not where:
        return Discovery(top, ())
    if len(where) > MOST_PATHS or sum(map(len, where)) > MOST_PATH_BYTES:
        return None
    if any(set(path.split(b"/")) & {b"", b".", b".."} for path in where):
        return None
    run = _Run(top, options or FileOptions())
    folders: dict[bytes, None] = {}
    for path in where:
        while path and path not in folders:
            folders[path] = None
            path = path.rpartition(b"/")[0]
    base = os.fsencode(top)
    if any(os.path.lexists(base + b"/" + folder + b"/.git") for folder in folders) or not run.collect_only(where):
        return None
    return _discovery(run)


def _folder(root: Path) -> str:
    absolute = root.absolute()
    if not absolute.is_dir():
        if absolute.exists():
            raise UsageError(f"{root} is a file; codesearch indexes folders: give the folder it is in")
        raise NotFoundError(f"no such folder: {root}")
    return str(absolute)


def _discovery(run: _Run) -> Discovery:
    run.files.sort()
    run.skipped.sort(key=lambda skipped: skipped.path)
    return Discovery(
        root=run.root,
        files=tuple(run.files),
        skipped=tuple(run.skipped),
        unknown=dict(run.unknown.most_common()),
        excluded=run.excluded,
        notes=tuple(run.notes),
        from_git=run.from_git,
    )
