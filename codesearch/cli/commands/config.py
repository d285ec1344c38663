"""`codesearch config`: every setting, its value and its source."""

from __future__ import annotations

from codesearch.cli import options, session, targets
from codesearch.cli.exit_codes import FOUND
from codesearch.cli.options import ColorOption, PathArgument, ReportFormat, ReportFormatOption
from codesearch.cli.ui import console


def config(path: PathArgument = None, format: ReportFormatOption = ReportFormat.text, color: ColorOption = None) -> int:
    """Show every setting, its value and its source.

    codesearch config
    CODESEARCH_LIMIT=20 codesearch config path/to/repo
    """
    from codesearch import settings
    from codesearch.cli.ui import render, reports

    given = {"color": options.value_of(color)}
    with session.opened(targets.root_of(path), **given) as index:
        described = settings.describe(settings.load_layers(index.root, given))
        if format is ReportFormat.json:
            found = {item.name: {"value": item.value, "origin": item.origin} for item in described}
            render.print_json({"root": str(index.root), "settings": found}, indent=2)
        else:
            for line in reports.config_lines(described, console.look(index.settings.color)):
                console.write(line + "\n")
    return FOUND
