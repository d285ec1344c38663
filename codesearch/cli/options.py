"""Groups of options that several commands share, and the values that result from them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from codesearch.core.dirs import expand_home
from codesearch.core.errors import NotFoundError, UsageError

if TYPE_CHECKING:
    from codesearch.core.filter import Filter


class Format(str, Enum):
    """How results are printed."""

    text = "text"
    json = "json"
    ndjson = "ndjson"
    vimgrep = "vimgrep"
    paths = "paths"


class ReportFormat(str, Enum):
    """How reports about an index are printed."""

    text = "text"
    json = "json"


class ColorChoice(str, Enum):
    """When to use colours."""

    auto = "auto"
    always = "always"
    never = "never"


class EmbedChoice(str, Enum):
    """When the reranking model embeds code."""

    lazy = "lazy"
    full = "full"
    none = "none"


PathArgument = Annotated[
    str | None,
    typer.Argument(
        metavar="PATH",
        help="Folder to search (default: the nearest enclosing folder with an index or a git repository).",
        show_default=False,
    ),
]
LimitOption = Annotated[
    int | None,
    typer.Option("--limit", "-n", min=1, metavar="N", help="Maximum number of results (10).", show_default=False),
]
ReportFormatOption = Annotated[
    ReportFormat, typer.Option("--format", metavar="FORMAT", help="text or json.", show_default=False)
]
ColorOption = Annotated[
    ColorChoice | None,
    typer.Option("--color", metavar="WHEN", help="auto, always or never.", show_default=False),
]
RootOption = Annotated[
    str | None,
    typer.Option(
        "--root",
        metavar="DIR",
        help="Root of the index, even inside another root; an index is created there if needed.",
        show_default=False,
    ),
]
NoUpdateOption = Annotated[
    bool, typer.Option("--no-update", help="Use the index as it is, without checking for changed files.")
]
DbOption = Annotated[
    str | None,
    typer.Option("--db", metavar="FILE", help="Index file (PATH/.codesearch/index.db).", show_default=False),
]
QuietOption = Annotated[bool, typer.Option("--quiet", "-q", help="Print errors only: no progress, no notes.")]
ModelOption = Annotated[
    str | None,
    typer.Option("--model", metavar="NAME", help="Reranking model; `static` turns reranking off.", show_default=False),
]


@dataclass(frozen=True, slots=True)
class FilterOptions:
    """Which symbols are searched."""

    lang: Annotated[
        list[str] | None,
        typer.Option(
            "--lang",
            "-t",
            metavar="LANG",
            help="Only this language; !LANG excludes it. Repeatable.",
            show_default=False,
        ),
    ] = None
    kind: Annotated[
        list[str] | None,
        typer.Option(
            "--kind",
            metavar="KIND",
            help="Only this kind: function, method, class, ... Repeatable.",
            show_default=False,
        ),
    ] = None
    path_filter: Annotated[
        list[str] | None,
        typer.Option(
            "--path",
            "-g",
            metavar="GLOB",
            help="Only matching paths; without wildcards, paths that contain GLOB. Repeatable.",
            show_default=False,
        ),
    ] = None
    name_filter: Annotated[
        list[str] | None,
        typer.Option(
            "--name",
            metavar="GLOB",
            help="Only matching names; without wildcards, names that contain GLOB. Repeatable.",
            show_default=False,
        ),
    ] = None

    role: Annotated[
        list[str] | None,
        typer.Option(
            "--is",
            metavar="ROLE",
            help="Only test, vendored, generated or example code; !ROLE excludes it. Repeatable.",
            show_default=False,
        ),
    ] = None

    def where(self) -> Filter:
        """Return the filter; a value after `!` is excluded. Raises UsageError for an unknown language, kind or role."""
        from codesearch.core.filter import Filter
        from codesearch.search.query import checked

        given = (
            ("languages", "--lang", self.lang),
            ("kinds", "--kind", self.kind),
            ("paths", "--path", self.path_filter),
            ("names", "--name", self.name_filter),
            ("roles", "--is", self.role),
        )
        values: dict[str, tuple[str, ...]] = {}
        for field, option, wanted in given:
            for value in wanted or ():
                negated = re.match(r"![\w*?./\[]", value) is not None
                key = f"not_{field}" if negated else field
                found = checked(field, value[negated:], f"{option} {value}".strip())
                values[key] = (*values.get(key, ()), *found)
        return Filter(**values)


@dataclass(frozen=True, slots=True)
class OutputOptions:
    """How results are printed."""

    format: Annotated[
        Format | None,
        typer.Option(
            "--format",
            metavar="FORMAT",
            help="text, json, ndjson (one object per line), vimgrep (path:line:column:text) or paths.",
            show_default=False,
        ),
    ] = None
    json: Annotated[bool, typer.Option("--json", help="The same as --format json.")] = False
    files: Annotated[
        bool, typer.Option("--files-with-matches", "-l", help="The same as --format paths: only names of files.")
    ] = False
    context: Annotated[
        int | None,
        typer.Option(
            "--context", "-C", min=0, metavar="N", help="Lines of source shown per result (5).", show_default=False
        ),
    ] = None
    snippet: Annotated[
        bool,
        typer.Option(
            "--snippet",
            help="JSON: include the source: all of it, or the number of lines given by --context.",
        ),
    ] = False
    everything: Annotated[
        bool, typer.Option("--all", help="Show all results in full, even weak ones and if they do not fit the screen.")
    ] = False
    color: ColorOption = None

    @property
    def chosen(self) -> Format:
        """The format. Raises UsageError if two are asked for."""
        asked = {
            *([self.format] if self.format is not None else []),
            *([Format.json] if self.json else []),
            *([Format.paths] if self.files else []),
        }
        if len(asked) > 1:
            raise UsageError("use only one of --format, --json and --files-with-matches")
        return asked.pop() if asked else Format.text

    @property
    def settings(self) -> dict[str, Any]:
        """The settings that these options override."""
        return {"context": self.context, "color": value_of(self.color)}


@dataclass(frozen=True, slots=True)
class IndexOptions:
    """Which index is used, and how quietly."""

    root: RootOption = None
    no_update: NoUpdateOption = False
    db: DbOption = None
    quiet: QuietOption = False

    def tree(self, path: str | None) -> Tree:
        """Return the tree for PATH and these options; see `tree_of`."""
        return tree_of(path, self.root, self.db)

    @property
    def update(self) -> bool:
        """Whether to look for changed files first."""
        return not self.no_update


@dataclass(frozen=True, slots=True)
class RerankOptions:
    """Which model reranks the results, and when it embeds code."""

    model: ModelOption = None
    embed: Annotated[
        EmbedChoice | None,
        typer.Option(
            "--embed",
            metavar="WHEN",
            help="When the reranking model embeds code: lazy (as queries need it), full (everything, in advance) or "
            "none (no reranking).",
            show_default=False,
        ),
    ] = None
    no_cache: Annotated[bool, typer.Option("--no-cache", help="Do not use the shared vector cache.")] = False

    @property
    def settings(self) -> dict[str, Any]:
        """The settings that these options override."""
        return {"model": self.model, "embed": value_of(self.embed), "cache": False if self.no_cache else None}


def value_of(choice: Enum | None) -> str | None:
    """Return a choice as a value for the settings; None if the option was not given."""
    return None if choice is None else str(choice.value)


@dataclass(frozen=True, slots=True)
class Tree:
    """The tree that a command works on."""

    root: Path
    """The index file."""
    below: str = ""
    """The folder that the command is restricted to, relative to the root with `/`; "" for all of it."""

    @property
    def where(self) -> Filter:
        """The restriction as a filter."""
        from codesearch.core.filter import Filter

        escaped = re.sub(r"([*?\[])", r"[\1]", self.below)
        return Filter(under=(f"/{escaped}/**",)) if self.below else Filter()


def tree_of(path: str | None, root: str | None = None, db: str | None = None) -> Tree:
    """Return the tree for PATH and --root: PATH restricts a command, the folder that encloses it has the index.

    With --db, PATH is the root: an index file of its own hides no other index.
    Raises UsageError where the tree would be a home folder or a whole disk that was not named.
    """
    for given, name in ((path, "PATH"), (root, "--root")):
        if given is not None and not given:
            raise UsageError(f"{name} is empty: give a folder, or omit it")
    from codesearch.store.roots import enclosing_root, holds_everything

    if root is not None:
        return _explicit_tree(path, root)
    folder = _absolute(Path.cwd() if path is None else expand_home(path))
    if path is not None and not folder.is_dir():
        return Tree(Path(path))  # opening it reports the problem
    if path is not None and db is not None:
        return Tree(folder)
    top = enclosing_root(folder)
    if path is None and holds_everything(top) and not (top / ".git").exists():
        raise UsageError(
            f"{top}: too large to index unasked. Go to a project, or give a folder (`.` for all of this one)"
        )
    _note_nested(folder, top)
    return Tree(top, "" if path is None else _below(folder, top))


def _explicit_tree(path: str | None, root: str) -> Tree:
    top = _absolute(expand_home(root))
    folder = top if path is None else _absolute(expand_home(path))
    if not folder.is_relative_to(top):
        raise UsageError(f"{path}: not inside the root {top}")
    return Tree(top, _below(folder, top))


def root_of(path: str | None, root: str | None = None, db: str | None = None) -> Path:
    """Return the root of the tree for PATH, --root and --db; see `tree_of`."""
    return tree_of(path, root, db).root


def folder_of(path: str | None) -> Path:
    """Return PATH, for commands that build their own index; without PATH, the root that encloses the current folder."""
    return root_of(None) if path is None else Path(path)


def _below(folder: Path, top: Path) -> str:
    return "" if folder == top else folder.relative_to(top).as_posix()


def _note_nested(folder: Path, top: Path) -> None:
    """Mention an index inside the tree that is not used, made by an earlier version or with --root."""
    from codesearch.cli.ui import console
    from codesearch.store.roots import has_index

    for inner in (folder, *folder.parents):
        if inner == top or not inner.is_relative_to(top):
            return
        if has_index(inner):
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


def located(file: str, path: str | None, use: IndexOptions) -> tuple[Path, str]:
    """Return (root, path below it) of a file that is absolute, relative to the current folder, or relative to the root.

    For a file outside the default root, this is the root that encloses it. Raises NotFoundError if there is none.
    """
    from codesearch.store.roots import enclosing_root

    meant = use.tree(path).root
    top = _absolute(meant)
    here = _absolute(expand_home(file))
    if not here.is_file():
        below = _absolute(top / file)
        if not below.is_file():
            raise NotFoundError(f"{file}: no such file in the current folder or in {top}")
        here = below
    for start in (top, top.resolve()):
        for end in (here, here.resolve()):
            if end.is_relative_to(start):
                return meant, end.relative_to(start).as_posix()
    if path is not None or use.root is not None:
        raise NotFoundError(f"{file}: not inside {top}")
    own = enclosing_root(here.parent)
    return own, here.relative_to(_absolute(own)).as_posix()


def _absolute(path: Path) -> Path:
    import os

    return Path(os.path.abspath(path))  # noqa: PTH100 -- resolve() would follow links out of the tree as named
