"""`codesearch outline`: what is in files and folders, as a tree."""

from __future__ import annotations

from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from codesearch.cli import completion, session, targets
from codesearch.cli.exit_codes import FOUND, NOTHING
from codesearch.cli.options import ColorOption, IndexOptions, value_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from codesearch.context.file_outline import FileOutline
    from codesearch.index import Index


class OutlineFormat(str, Enum):
    """How an outline is printed."""

    text = "text"
    compact = "compact"
    json = "json"


def outline(
    what: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[FILE|DIR]...",
            help="Files and folders (default: the whole tree of the current folder).",
            show_default=False,
        ),
    ] = None,
    depth: Annotated[
        int | None,
        typer.Option(
            "--depth", min=0, metavar="N", help="Levels of symbols shown; 0 lists files only.", show_default=False
        ),
    ] = None,
    kind: Annotated[
        list[str] | None,
        typer.Option(
            "--kind",
            metavar="KIND",
            help="Only this kind, and what is around it; !KIND excludes it. Repeatable.",
            show_default=False,
            autocompletion=completion.kinds,
        ),
    ] = None,
    max_tokens: Annotated[
        int | None,
        typer.Option(
            "--max-tokens",
            min=20,
            metavar="N",
            help="Keep what matters most within this size of the format compact.",
            show_default=False,
        ),
    ] = None,
    format: Annotated[
        OutlineFormat,
        typer.Option("--format", metavar="FORMAT", help="text, compact (for a model) or json.", show_default=False),
    ] = OutlineFormat.text,
    color: ColorOption = None,
    *,
    use: IndexOptions,
) -> int:
    """Show what is in files and folders: one line per symbol, nested as in the source.

    codesearch outline src/cache.py
    codesearch outline src --depth 1 --kind '!field'
    codesearch outline . --format compact --max-tokens 2000    for a model

    A folder is outlined from the index. A file that is not indexed, or has changed since, is read as it is now.
    Exit status: 0 something found, 1 nothing found, 2 error.
    """
    from codesearch.cli.ui import outline as ui
    from codesearch.context import file_outline

    kinds, not_kinds = _kinds(kind or [])
    shown: list[ui.Shown] = []
    for root, places in _by_root(what or [None], use).items():
        with session.opened(root, db=use.db, color=value_of(color)) as index:
            complete = True
            files: dict[str, FileOutline] = {}
            for path, is_file in places:
                if not is_file:
                    complete = session.prepare(index, update=use.update, quiet=use.quiet) and complete
                files.update({one.path: one for one in _outlines(index, path, is_file=is_file, update=use.update)})
            found = [file_outline.limited(one, depth=depth, kinds=kinds, not_kinds=not_kinds) for one in files.values()]
            if kind:
                found = [one for one in found if one.parts]
            kept = found if max_tokens is None else _fitted(index, found, places, max_tokens)
            shown.append(ui.shown(index, found, kept, complete=complete))
    ui.write(shown, format.value, quiet=use.quiet)
    if any(one.files for one in shown):
        return FOUND
    session.tell("nothing to outline", quiet=use.quiet)
    return NOTHING


def _kinds(given: Sequence[str]) -> tuple[set[str], set[str]]:
    """Return the kinds that are wanted, and those that are not. Raises UsageError for an unknown kind."""
    from codesearch.search.query import checked, is_negated

    kinds: tuple[set[str], set[str]] = (set(), set())
    for value in given:
        negated = is_negated("kinds", value)
        kinds[negated].update(checked("kinds", value[negated:], f"--kind {value}".strip()))
    return kinds


def _by_root(what: Iterable[str | None], use: IndexOptions) -> dict[Path, dict[tuple[str, bool], None]]:
    """Return, by root, the files and folders below it, each once, and whether it is a file. Raises NotFoundError."""
    found: dict[Path, dict[tuple[str, bool], None]] = {}
    for one in what:
        if one is None or targets.is_folder(one):
            tree = use.tree(one)
            root, place = tree.root, (tree.below, False)
        else:
            root, below = use.located(one, None)
            place = below, True
        found.setdefault(root, {})[place] = None
    return found


def _outlines(index: Index, path: str, *, is_file: bool, update: bool) -> Iterable[FileOutline]:
    """Return the outlines of a folder from the index, or that of a file, from the index if it has it as it is now."""
    from codesearch.context import file_outline
    from codesearch.core.filter import Filter
    from codesearch.core.globs import escaped

    if not is_file:
        return file_outline.of_index(index, Filter(under=(f"/{escaped(path)}/**",)) if path else None)
    store = index.reader()
    known = store is not None and store.file(path) is not None
    if known and not (update and index.is_changed(path)):
        found = list(file_outline.of_index(index, Filter(under=(f"/{escaped(path)}",))))
        if found:
            return found
    settings = index.settings
    return [file_outline.of_source(index.root, path, settings.file_options(), settings.parse_timeout)]


def _fitted(
    index: Index, found: Sequence[FileOutline], places: Iterable[tuple[str, bool]], budget: int
) -> Sequence[FileOutline]:
    """Return what fits a number of tokens: of a folder, what is used most; of files, the outermost symbols."""
    from codesearch.cli.ui.paths import Paths
    from codesearch.context import file_outline
    from codesearch.context import outline as overview
    from codesearch.files.cells import Notebooks

    notebooks = Notebooks.of(index)
    scores = {} if all(is_file for _, is_file in places) else overview.scores(index)
    return file_outline.fitted(found, budget, notebooks, scores=scores, path=Paths.of(index.root).shown)
