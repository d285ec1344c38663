"""`codesearch clones`: code that is written twice."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from codesearch.cli import nearest, options, session
from codesearch.cli.exit_codes import FOUND, NOTHING
from codesearch.cli.options import ColorOption, FilterOptions, IndexOptions, LimitOption, PathArgument
from codesearch.cli.registration import optional_values
from codesearch.cli.ui import console
from codesearch.core.counts import number
from codesearch.core.errors import IndexBusyError, UnwritableError, UsageError

if TYPE_CHECKING:
    from codesearch.atlas.clones import Found
    from codesearch.core.filter import Filter
    from codesearch.index import Index

FAILED = 1


class ClonesFormat(str, Enum):
    """How clones are printed."""

    text = "text"
    json = "json"
    markdown = "markdown"
    sarif = "sarif"
    github = "github"
    gitlab = "gitlab"


@optional_values(diff=options.UNCOMMITTED)
def clones(
    path: PathArgument = None,
    diff: Annotated[
        str | None,
        typer.Option(
            "--diff",
            metavar="[BASE]",
            help="Only what was added since HEAD left this commit or branch (default: HEAD).",
            show_default=False,
        ),
    ] = None,
    every: Annotated[
        bool, typer.Option("--all", help="Also clones in tests, and in generated and vendored code.")
    ] = False,
    fail: Annotated[
        bool, typer.Option("--fail", help="Exit with 1 if there are clones, and 0 if there are none.")
    ] = False,
    baseline: Annotated[
        str | None,
        typer.Option("--baseline", metavar="FILE", help="Only what is not in this file.", show_default=False),
    ] = None,
    write_baseline: Annotated[
        str | None,
        typer.Option("--write-baseline", metavar="FILE", help="Write all clones to this file.", show_default=False),
    ] = None,
    like: Annotated[
        float, typer.Option("--like", min=0.5, max=1.0, metavar="X", help="Share of the code that must be the same.")
    ] = 0.75,
    tokens: Annotated[
        int, typer.Option("--min-tokens", min=10, metavar="N", help="Leave out symbols with fewer tokens.")
    ] = 50,
    format: Annotated[
        ClonesFormat,
        typer.Option(
            "--format",
            metavar="FORMAT",
            help="text, json, markdown (a comment), sarif (code scanning), github (annotations in a log) or gitlab "
            "(Code Quality report).",
            show_default=False,
        ),
    ] = ClonesFormat.text,
    limit: LimitOption = None,
    color: ColorOption = None,
    *,
    filters: FilterOptions,
    use: IndexOptions,
) -> int:
    """Find functions and types that are written twice, the ones that cost most lines first.

    codesearch clones
    codesearch clones --diff                        what is not committed adds
    codesearch clones --diff origin/main --fail     what this branch adds
    codesearch clones --write-baseline known.json
    codesearch clones --baseline known.json --fail  what is new since then

    Comments and layout do not count. Names and values may differ (renamed), and a part of the code (near: the
    number is the share that is the same). A comment `codesearch: ignore clone` inside a symbol, or on the line
    above it, leaves it out.

    Exit status: 0 if there are clones, 1 if there are none; with --fail, the other way round.
    """
    tree = use.tree(path)
    where = filters.where(tree) & tree.where
    with session.opened(tree.root, db=use.db, limit=limit, color=options.value_of(color)) as index:
        complete = session.prepare(index, update=use.update, quiet=use.quiet)
        _compare(index, use)
        found = _found(index, where or None, diff, tokens, like)
        session.tell(index.filter_note(where), quiet=use.quiet)
        if write_baseline is not None:
            return _write(found, write_baseline, narrowed=diff is not None or baseline is not None, use=use)
        if baseline is not None:
            from codesearch.atlas import clone_baseline

            found = clone_baseline.added(found, clone_baseline.read(Path(baseline)))
        left_out = {"tests": 0, "generated": 0}
        if not every:
            for group in found.groups:
                if group.part != "code":
                    left_out[group.part] += 1
            found = replace(found, groups=tuple(one for one in found.groups if one.part == "code"))
        _print(index, found, left_out, format, complete=complete, fail=fail, use=use)
    if fail:
        return FAILED if found.groups else FOUND
    return FOUND if found.groups else NOTHING


def _compare(index: Index, use: IndexOptions) -> None:
    """Bring the table of the nearest up to date, if that is quick and possible: it has candidates."""
    from codesearch.atlas import related

    if related.is_small(index):
        with suppress(IndexBusyError, UnwritableError):
            nearest.refreshed(index, quiet=use.quiet)


def _found(index: Index, where: Filter | None, base: str | None, tokens: int, like: float) -> Found:
    from codesearch.atlas import clones as atlas

    changes = None
    if base is not None:
        from codesearch.artifacts import changes as compared
        from codesearch.artifacts import revision

        if Path(base).is_dir() and revision.found(index.root, base) is None:
            raise UsageError(f"{base}: a folder, not a commit; write `--diff {options.UNCOMMITTED} {base}`")
        changes = atlas.changed((one.symbol, one.before) for one in compared.touched(index, base))
    return atlas.clones(index, where=where, least_tokens=tokens, like=like, changes=changes)


def _write(found: Found, file: str, *, narrowed: bool, use: IndexOptions) -> int:
    from codesearch.atlas import clone_baseline

    if narrowed:
        raise UsageError("--write-baseline writes all clones: leave out --diff and --baseline")
    clone_baseline.write(Path(file), found.groups)
    if not use.quiet:
        console.message(f"{file}: {number(len(found.groups), 'group')} of clones")
    return FOUND


def _print(
    index: Index,
    found: Found,
    left_out: dict[str, int],
    format: ClonesFormat,
    *,
    complete: bool,
    fail: bool,
    use: IndexOptions,
) -> None:
    from codesearch.cli.ui import clones as ui
    from codesearch.cli.ui.render import print_json

    if format is ClonesFormat.json:
        about = {"root": str(index.root), "complete": complete}
        print_json({**about, **ui.to_json(found, left_out)}, indent=2)
    elif format in (ClonesFormat.sarif, ClonesFormat.github, ClonesFormat.gitlab):
        _print_findings(index, found, format, fail=fail)
    elif format is ClonesFormat.markdown:
        for line in ui.markdown(found):
            console.write(line + "\n")
    else:
        shown = found.groups[: index.settings.limit]
        for line in ui.lines(shown, console.look(index.settings.color)):
            console.write(line + "\n")
        session.tell(ui.summary(found, len(shown), left_out), quiet=use.quiet)


def _print_findings(index: Index, found: Found, format: ClonesFormat, *, fail: bool) -> None:
    from codesearch.artifacts import revision
    from codesearch.cli.ui import clones as ui
    from codesearch.cli.ui import findings
    from codesearch.cli.ui.render import print_json

    each, prefix = ui.findings(found), revision.prefix(index.root)
    if format is ClonesFormat.sarif:
        print_json(findings.sarif(ui.RULE, each, prefix), indent=2)
    elif format is ClonesFormat.gitlab:
        print_json(findings.gitlab(ui.RULE, each, prefix, error=fail), indent=2)
    else:
        for line in findings.github(ui.RULE, each, prefix, error=fail):
            console.write(line + "\n")
