"""The options that commands share, and the values they stand for."""

from __future__ import annotations

import re
from enum import Enum
from pathlib import Path
from typing import Annotated, Any

import typer

from codesearch.core.errors import NotFoundError, UsageError


class Format(str, Enum):
    """How answers are printed."""

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
    """When the second stage's model computes its vectors."""

    lazy = "lazy"
    full = "full"
    none = "none"


PathArgument = Annotated[
    str | None,
    typer.Argument(
        metavar="PATH",
        help="Folder to search. Without it: the nearest folder above that has an index or is a git tree.",
        show_default=False,
    ),
]
LimitOption = Annotated[
    int | None, typer.Option("--limit", "-n", min=1, metavar="N", help="At most N answers (10).", show_default=False)
]
LanguageOption = Annotated[
    list[str] | None,
    typer.Option("--lang", metavar="LANG", help="Only this language; repeat for more.", show_default=False),
]
KindOption = Annotated[
    list[str] | None,
    typer.Option(
        "--kind",
        metavar="KIND",
        help="Only this kind: function, method, class...; repeat for more.",
        show_default=False,
    ),
]
PathOption = Annotated[
    list[str] | None,
    typer.Option(
        "--path", metavar="GLOB", help="Only paths that match, or contain it if no wildcard.", show_default=False
    ),
]
NameOption = Annotated[
    list[str] | None,
    typer.Option(
        "--name", metavar="GLOB", help="Only names that match, or contain it if no wildcard.", show_default=False
    ),
]
FormatOption = Annotated[
    Format | None,
    typer.Option(
        "--format",
        metavar="FORMAT",
        help="text, json, ndjson (one object a line), vimgrep (path:line:col:text) or paths.",
        show_default=False,
    ),
]
ReportFormatOption = Annotated[
    ReportFormat, typer.Option("--format", metavar="FORMAT", help="text or json.", show_default=False)
]
ContextOption = Annotated[
    int | None,
    typer.Option(
        "--context", "-C", min=0, metavar="N", help="Show N lines of each answer's source (5).", show_default=False
    ),
]
SnippetOption = Annotated[
    bool, typer.Option("--snippet", help="JSON: add the source, whole or as many lines as --context says.")
]
ColorOption = Annotated[
    ColorChoice | None,
    typer.Option("--color", metavar="WHEN", help="auto, always or never.", show_default=False),
]
NoUpdateOption = Annotated[
    bool, typer.Option("--no-update", help="Answer from the index as it is; do not look for changed files.")
]
DbOption = Annotated[
    str | None,
    typer.Option("--db", metavar="FILE", help="Index file (PATH/.codesearch/index.db).", show_default=False),
]
ModelOption = Annotated[
    str | None,
    typer.Option("--model", metavar="NAME", help="Model of the second stage; static for none.", show_default=False),
]
EmbedOption = Annotated[
    EmbedChoice | None,
    typer.Option(
        "--embed",
        metavar="WHEN",
        help="Vectors of the second stage: lazy (as queries need them), full (all at once) or none (do without).",
        show_default=False,
    ),
]
NoCacheOption = Annotated[
    bool,
    typer.Option("--no-cache", help="Vectors of the second stage: neither take from nor add to your own cache."),
]
MinScoreOption = Annotated[
    float | None,
    typer.Option(
        "--min-score", min=0.0, max=1.0, metavar="X", help="Leave out answers with a lower score.", show_default=False
    ),
]
QuietOption = Annotated[bool, typer.Option("--quiet", "-q", help="No progress and no notes, only errors.")]


def filters(
    languages: list[str] | None, kinds: list[str] | None, paths: list[str] | None, names: list[str] | None
) -> Any:
    """Return the Filter that the options stand for. Raises UsageError for a value there is not."""
    from codesearch.core.filter import Filter
    from codesearch.search.query import checked

    given = (("languages", "--lang", languages), ("kinds", "--kind", kinds), ("paths", "--path", paths),
             ("names", "--name", names))  # fmt: skip
    values: dict[str, tuple[str, ...]] = {}
    for field, option, wanted in given:
        for value in wanted or ():
            values[field] = (*values.get(field, ()), *checked(field, value, f"{option} {value}".strip()))
    return Filter(**values)


def cache(*, no_cache: bool) -> bool | None:
    """Return what --no-cache says of the setting `cache`; None for nothing."""
    return False if no_cache else None


def root_of(path: str | None) -> Path:
    """Return the folder a command works on: the one named, else the one around the current folder."""
    if path is not None:
        if not path:
            raise UsageError("the path is empty; name a folder, or leave it out for the current one")
        return Path(path)
    from codesearch.index import enclosing_root

    return enclosing_root(Path.cwd())


_PLACE = re.compile(r"(?P<file>.+?):(?P<line>[0-9]{1,9})(?::[0-9]+)?\Z", re.DOTALL)
_PLACE_WITHOUT_COLUMN = re.compile(r"(?P<file>.+):(?P<line>[0-9]{1,9})\Z", re.DOTALL)


def place(text: str) -> tuple[str, int] | None:
    """Split FILE:LINE, or FILE:LINE:COLUMN as editors and grep print it; None if it is neither."""
    found = _PLACE.match(text)
    if found is None:
        return None
    longer = _PLACE_WITHOUT_COLUMN.match(text)
    if longer is not None and longer["file"] != found["file"] and Path(longer["file"]).exists():
        found = longer
    return found["file"], int(found["line"])


def located(file: str, root: str | None) -> tuple[Path, str]:
    """Return (root, path below it) of a file named absolutely, from the current folder, or from the root.

    A file outside the root that is meant takes its own root, unless one was named. Raises NotFoundError.
    """
    from codesearch.index import enclosing_root

    meant = root_of(root)
    top = _absolute(meant)
    here = _absolute(Path(file).expanduser())
    if not here.is_file():
        below = _absolute(top / file)
        if not below.is_file():
            raise NotFoundError(f"{file}: no such file, neither here nor under {top}")
        here = below
    for start in (top, top.resolve()):
        for end in (here, here.resolve()):
            if end.is_relative_to(start):
                return meant, end.relative_to(start).as_posix()
    if root is not None:
        raise NotFoundError(f"{file}: is not under {top}")
    own = enclosing_root(here.parent)
    return own, here.relative_to(_absolute(own)).as_posix()


def _absolute(path: Path) -> Path:
    import os

    return Path(os.path.abspath(path))  # noqa: PTH100 -- resolve() would follow links out of the tree as named
