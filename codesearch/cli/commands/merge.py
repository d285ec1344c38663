"""`codesearch merge`: one index out of the indexes of parts of a tree."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from codesearch.cli.exit_codes import FOUND
from codesearch.cli.options import QuietOption, ReportFormat, ReportFormatOption
from codesearch.cli.ui import console
from codesearch.core.counts import number


def merge(
    sources: Annotated[
        list[str], typer.Argument(metavar="FILE...", help="Indexes (made with --db), artifacts, or indexed folders.")
    ],
    output: Annotated[str, typer.Option("--output", "-o", metavar="FILE", help="The index to write.")] = "index.db",
    format: ReportFormatOption = ReportFormat.text,
    quiet: QuietOption = False,
) -> int:
    """Merge indexes of parts of a tree into the index of the whole.

    codesearch index --include 'server/**' --db server.db      one job
    codesearch index --exclude 'server/**' --db rest.db        another job
    codesearch merge server.db rest.db -o whole.db
    codesearch index --from whole.db                           use it

    The result is that of indexing everything in one job, at a tenth of the time. The parts must have the same root and
    must not share files.
    """
    from codesearch.artifacts import merging
    from codesearch.cli.ui.render import print_json
    from codesearch.cli.ui.reports import size

    target = Path(output).expanduser()
    made = merging.merge([Path(source).expanduser() for source in sources], target)
    packed = target.stat().st_size
    if format is ReportFormat.json:
        print_json(
            {
                "file": str(target),
                "bytes": packed,
                "parts": len(sources),
                "files": made.files,
                "symbols": made.symbols,
            },
            indent=2,
        )
    elif not quiet:
        console.message(
            f"{target}: merged {len(sources):,} indexes: {number(made.files, 'file')}, "
            f"{number(made.symbols, 'symbol')}, {size(packed)}"
        )
    return FOUND
