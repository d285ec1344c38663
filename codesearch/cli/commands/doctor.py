"""`codesearch doctor`: check the installation, the machine and the index."""

from __future__ import annotations

from codesearch.cli import targets
from codesearch.cli.exit_codes import FOUND, NOTHING
from codesearch.cli.options import ColorOption, DbOption, PathArgument, ReportFormat, ReportFormatOption, RootOption
from codesearch.cli.ui import console


def doctor(
    path: PathArgument = None,
    format: ReportFormatOption = ReportFormat.text,
    color: ColorOption = None,
    root: RootOption = None,
    db: DbOption = None,
) -> int:
    """Check the installation, this machine and the index, and say what to do about each problem.

    codesearch doctor
    codesearch doctor path/to/repo
    codesearch doctor --format json        for a bug report

    Nothing is changed. Each check has a time limit, so a watcher or a network drive that does not
    respond is reported. Exit status: 0 without problems, 1 if there is one.
    """
    from codesearch.cli.doctor import examine, page
    from codesearch.cli.ui.render import print_json

    found = examine.examine(lambda: targets.root_of(path, root, db), db)
    if format is ReportFormat.json:
        print_json(page.to_json(found), indent=2)
    else:
        for line in page.lines(found, console.look(color.value if color else "auto")):
            console.write(line + "\n")
    return NOTHING if found.state == "problem" else FOUND
