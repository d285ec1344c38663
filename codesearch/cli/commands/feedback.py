"""`codesearch feedback`: the log of opened results."""

from __future__ import annotations

from codesearch.cli import session, targets
from codesearch.cli.exit_codes import FOUND, NOTHING
from codesearch.cli.options import DbOption, PathArgument, QuietOption, ReportFormat, ReportFormatOption
from codesearch.cli.registration import command, group
from codesearch.cli.ui import console
from codesearch.cli.ui.console import clean

app = group("Show or delete the log of results you opened (recorded only if the setting `feedback` is on).")


@command(app, "list")
def list_command(path: PathArgument = None, format: ReportFormatOption = ReportFormat.text, db: DbOption = None) -> int:
    """Print the log, oldest first.

    Exit status: 0, or 1 if it is empty.
    """
    from dataclasses import asdict

    from codesearch.cli.ui.render import print_json
    from codesearch.quality import feedback

    with session.opened(targets.root_of(path), db=db) as index:
        found = list(feedback.read(index.path))
        if format is ReportFormat.json:
            file = str(feedback.file_of(index.path))
            opened = [asdict(one) for one in found]
            print_json({"file": file, "recording": index.settings.feedback, "opened": opened}, indent=2)
        for one in found if format is ReportFormat.text else ():
            place = f"  ({one.place})" if one.place else ""
            console.write(
                f"{one.time}  {clean(one.query)}  ->  {clean(one.path)}:{one.line} {clean(one.name)}{place}\n"
            )
        if not found:
            off = "" if index.settings.feedback else "; the setting `feedback` is off"
            console.message(f"{feedback.file_of(index.path)}: nothing was recorded{off}")
    return FOUND if found else NOTHING


@command(app)
def clear(path: PathArgument = None, db: DbOption = None, quiet: QuietOption = False) -> int:
    """Delete the log.

    Exit status: 0, or 1 if it was empty.
    """
    from codesearch.quality import feedback

    with session.opened(targets.root_of(path), db=db) as index:
        count = feedback.clear(index.path)
        if not quiet:
            told = f"{count:,} deleted" if count else "nothing was recorded"
            console.message(f"{feedback.file_of(index.path)}: {told}")
    return FOUND if count else NOTHING
