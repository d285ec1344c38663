"""The options that several commands share, in groups, and the values they stand for."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

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
    """How facts about an index are printed."""

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
    """Which symbols may be results."""

    lang: Annotated[
        list[str] | None,
        typer.Option("--lang", metavar="LANG", help="Only this language. Repeatable.", show_default=False),
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

    def where(self) -> Filter:
        """Return the filter. Raises UsageError for an unknown language or kind."""
        from codesearch.core.filter import Filter
        from codesearch.search.query import checked

        given = (
            ("languages", "--lang", self.lang),
            ("kinds", "--kind", self.kind),
            ("paths", "--path", self.path_filter),
            ("names", "--name", self.name_filter),
        )
        values: dict[str, tuple[str, ...]] = {}
        for field, option, wanted in given:
            for value in wanted or ():
                values[field] = (*values.get(field, ()), *checked(field, value, f"{option} {value}".strip()))
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
    color: ColorOption = None

    @property
    def settings(self) -> dict[str, Any]:
        """The settings that these options override."""
        return {"context": self.context, "color": value_of(self.color)}


@dataclass(frozen=True, slots=True)
class IndexOptions:
    """Which index is used, and how quietly."""

    no_update: NoUpdateOption = False
    db: DbOption = None
    quiet: QuietOption = False

    @property
    def update(self) -> bool:
        """Whether to look for changed files first."""
        return not self.no_update


@dataclass(frozen=True, slots=True)
class RerankOptions:
    """With which model results are reranked, and when code is embedded for it."""

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
    """Return the value of a choice as settings take it; None if it was not made."""
    return None if choice is None else str(choice.value)


def root_of(path: str | None) -> Path:
    """Return the folder a command works on: PATH, or the one that encloses the current folder."""
    if path is not None:
        if not path:
            raise UsageError("PATH is empty: give a folder, or omit it")
        return Path(path)
    from codesearch.index import enclosing_root

    return enclosing_root(Path.cwd())


_PLACE = re.compile(r"(?P<file>.+?):(?P<line>[0-9]{1,9})(?::[0-9]+)?\Z", re.DOTALL)
_PLACE_WITHOUT_COLUMN = re.compile(r"(?P<file>.+):(?P<line>[0-9]{1,9})\Z", re.DOTALL)


def place(text: str) -> tuple[str, int] | None:
    """Return (file, line) of FILE:LINE, or of FILE:LINE:COLUMN as editors and grep print it; None for other text."""
    found = _PLACE.match(text)
    if found is None:
        return None
    longer = _PLACE_WITHOUT_COLUMN.match(text)
    if longer is not None and longer["file"] != found["file"] and Path(longer["file"]).exists():
        found = longer
    return found["file"], int(found["line"])


def located(file: str, root: str | None) -> tuple[Path, str]:
    """Return (root, path below it) of a file given as absolute, relative to the current folder, or to the root.

    A file outside the default root has the root that encloses it. Raises NotFoundError.
    """
    from codesearch.index import enclosing_root

    meant = root_of(root)
    top = _absolute(meant)
    here = _absolute(Path(file).expanduser())
    if not here.is_file():
        below = _absolute(top / file)
        if not below.is_file():
            raise NotFoundError(f"{file}: no such file in the current folder or in {top}")
        here = below
    for start in (top, top.resolve()):
        for end in (here, here.resolve()):
            if end.is_relative_to(start):
                return meant, end.relative_to(start).as_posix()
    if root is not None:
        raise NotFoundError(f"{file}: not inside {top}")
    own = enclosing_root(here.parent)
    return own, here.relative_to(_absolute(own)).as_posix()


def _absolute(path: Path) -> Path:
    import os

    return Path(os.path.abspath(path))  # noqa: PTH100 -- resolve() would follow links out of the tree as named
