"""`codesearch map`: draw every symbol near what means the same."""

from __future__ import annotations

import sys
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from codesearch.cli import nearest, session
from codesearch.cli.exit_codes import FOUND
from codesearch.cli.options import FilterOptions, IndexOptions, PathArgument
from codesearch.cli.ui import console
from codesearch.core.counts import number
from codesearch.core.errors import CodesearchError, UnwritableError, UsageError
from codesearch.core.replacing import write_output

if TYPE_CHECKING:
    from codesearch.atlas.map import Map
    from codesearch.index import Index


class MapFormat(str, Enum):
    """What a map is written as."""

    html = "html"
    svg = "svg"
    png = "png"
    json = "json"


class Layout(str, Enum):
    """How symbols are placed."""

    neighbours = "neighbours"
    pca = "pca"
    umap = "umap"


def map_command(
    path: PathArgument = None,
    out: Annotated[
        str | None,
        typer.Option("--out", "-o", metavar="FILE", help="File to write; - for stdout.", show_default=False),
    ] = None,
    format: Annotated[
        MapFormat | None,
        typer.Option("--format", metavar="FORMAT", help="html, svg, png or json.", show_default=False),
    ] = None,
    serve: Annotated[bool, typer.Option("--serve", help="Serve the page on this machine, with real search.")] = False,
    port: Annotated[int, typer.Option("--port", min=0, max=65535, metavar="N", help="Port for --serve (any).")] = 0,
    layout: Annotated[
        Layout,
        typer.Option("--layout", metavar="NAME", help="neighbours, pca or umap (with umap-learn).", show_default=False),
    ] = Layout.neighbours,
    count: Annotated[
        int | None,
        typer.Option("--count", "-k", min=2, metavar="N", help="Number of clusters (chosen).", show_default=False),
    ] = None,
    color_by: Annotated[
        str,
        typer.Option(
            "--color-by",
            metavar="WHAT",
            help="The first colour of the page: cluster, folder, language, kind, role, age, churn or concept:NAME.",
            show_default=False,
        ),
    ] = "cluster",
    fresh: Annotated[bool, typer.Option("--fresh", help="Do not begin with the last map.")] = False,
    *,
    filters: FilterOptions,
    use: IndexOptions,
) -> int:
    """Draw a map: every symbol is a point near what means the same.

    codesearch map                          writes codesearch-map.html
    codesearch map --is '!test' -o map.svg
    codesearch map --serve

    The page needs no network and no server. Points are coloured by cluster, folder, language, kind, age,
    number of changes or concept; a click opens the editor. The next map has everything where it was.
    """
    from codesearch.atlas import map as atlas

    chosen = _format(format, out, serve=serve)
    colour = _colour(color_by, chosen)
    tree = use.tree(path)
    where = filters.where(tree) & tree.where
    with session.opened(tree.root, db=use.db) as index:
        if colour.startswith(CONCEPT):
            from codesearch.search.concepts import concept

            concept(index.path, colour.removeprefix(CONCEPT))
        complete = session.prepare(index, update=use.update, quiet=use.quiet)
        if layout is Layout.neighbours and not _compared(index, use):
            layout = Layout.pca
        from codesearch.cli.ui.progress import stretches

        with stretches(quiet=use.quiet)("drawing the map") as show:
            found = atlas.drawn(
                index, how=layout.value, where=where or None, count=count, fresh=fresh,
                on_progress=lambda share: show(int(100 * share), 100),
            )  # fmt: skip
        session.tell(index.filter_note(where), quiet=use.quiet)
        if serve:
            return _serve(index, found, port, colour, use)
        _write(found, chosen, out, colour, complete=complete, use=use)
    return FOUND


def _compared(index: Index, use: IndexOptions) -> bool:
    """Return whether all symbols are compared, for the layout `neighbours`; it is said if that cannot be kept."""
    try:
        nearest.refreshed(index, quiet=use.quiet)
    except UnwritableError as error:
        session.tell(
            f"{error} The map is drawn with --layout pca, which needs no comparison of symbols.", quiet=use.quiet
        )
        return False
    return True


def _format(format: MapFormat | None, out: str | None, *, serve: bool) -> MapFormat:
    """Return the format: as asked for, else by the ending of the file, else a page. Raises UsageError."""
    if serve and (out is not None or format not in (None, MapFormat.html)):
        raise UsageError("--serve writes no file: leave out --out and --format")
    ending = Path(out or "").suffix.lstrip(".").lower()
    by_name = {one.value: one for one in MapFormat}.get("html" if ending == "htm" else ending)
    if format is None and by_name is None and ending:  # perhaps a file of source code, which must not become a page
        raise UsageError(f"{out}: give --format, or a file that ends in .html, .svg, .png or .json")
    return format or by_name or MapFormat.html


CONCEPT = "concept "
"""Begins the name of a colour by concept on the page."""
_COLOURS = ("cluster", "folder", "language", "kind", "role", "age", "churn")


def _colour(wanted: str, format: MapFormat) -> str:
    """Return the name that the page has for a colour. Raises UsageError."""
    kind, _, name = wanted.partition(":")
    if wanted != "cluster" and format is not MapFormat.html:
        raise UsageError(f"--color-by {wanted}: only for html; a {format.value} is coloured by cluster")
    if kind == "concept" and name:
        return CONCEPT + name
    if wanted not in _COLOURS:
        raise UsageError(f"--color-by {wanted}: use {', '.join(_COLOURS)} or concept:NAME")
    return wanted


def _write(found: Map, format: MapFormat, out: str | None, colour: str, *, complete: bool, use: IndexOptions) -> None:
    data = _written(found, format, colour, complete=complete)
    if out == "-":
        console.flush()
        sys.stdout.buffer.write(data)
        return
    file = Path(out or f"codesearch-map.{format.value}")
    write_output(file, data)
    if not use.quiet:
        from codesearch.cli.ui import reports

        clusters = number(len(found.clustering.clusters), "cluster")
        console.message(
            f"{file}: {number(len(found.rows), 'symbol')} in {clusters}, {reports.size(len(data))}"
            + (" (open it in a browser)" if format is MapFormat.html else "")
        )


def _written(found: Map, format: MapFormat, colour: str, *, complete: bool) -> bytes:
    from codesearch.atlas import drawing, page

    if format is MapFormat.html:
        return page.page(found, colour=colour).encode()
    if format is MapFormat.svg:
        return drawing.svg(found).encode()
    if format is MapFormat.png:
        return drawing.png(found)
    import json

    return (json.dumps(to_json(found, complete=complete)) + "\n").encode()


def to_json(found: Map, *, complete: bool) -> dict[str, Any]:
    """Return a map as output.schema.json describes it."""
    from codesearch.atlas.page import clusters_on
    from codesearch.cli.ui.render import location

    numbers = {one.number: at for at, one in enumerate(found.clustering.clusters)}
    return {
        "root": found.root,
        "complete": complete,
        "layout": found.layout,
        "clusters": [
            {"name": one["name"], "symbols": one["size"], "x": one["x"], "y": one["y"]} for one in clusters_on(found)
        ],
        "symbols": [
            {**location(row), "x": round(float(x), 4), "y": round(float(y), 4), "cluster": numbers[label]}
            for row, (x, y), label in zip(found.rows, found.at.tolist(), found.clustering.labels, strict=True)
        ],
    }


def _serve(index: Index, found: Map, port: int, colour: str, use: IndexOptions) -> int:
    from codesearch.atlas import page, serve

    try:
        server = serve.server(index, page.page(found, site=serve.SITE, colour=colour), port=port)
    except OSError as error:
        raise CodesearchError(f"--port {port}: cannot be used ({error.strerror or error})") from error
    console.write(f"http://{serve.HOST}:{server.server_port}/\n")
    console.flush()
    session.tell("serving the map on this machine only; Ctrl+C ends it", quiet=use.quiet)
    with server:
        server.serve_forever()
    return FOUND
