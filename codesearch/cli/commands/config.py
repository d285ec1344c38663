"""`codesearch config`: show the settings and where each comes from, and change them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from codesearch.cli import completion, options, session, settings_file, targets
from codesearch.cli.exit_codes import FOUND, NOTHING
from codesearch.cli.options import ColorOption, PathArgument, QuietOption, ReportFormat, ReportFormatOption
from codesearch.cli.registration import command, group_with_default, help_of
from codesearch.cli.ui import console
from codesearch.core.errors import UsageError

app = group_with_default(
    help_of(
        """
Show every setting, its value and its source; change settings.

codesearch config
codesearch config set limit 20
codesearch config set --project exclude 'third_party/**' '*.pb.go'

`config` alone is `config show`.
"""
    )
)

NameArgument = Annotated[
    str,
    typer.Argument(
        metavar="NAME",
        help="Name of the setting, such as limit.",
        autocompletion=completion.settings,
    ),
]
ProjectOption = Annotated[bool, typer.Option("--project", help="In .codesearch.toml of this project, for everybody.")]


@command(app)
def show(path: PathArgument = None, format: ReportFormatOption = ReportFormat.text, color: ColorOption = None) -> int:
    """Show every setting, its value and its source, and the files that settings are read from.

    codesearch config
    CODESEARCH_LIMIT=20 codesearch config path/to/repo
    """
    from codesearch import settings
    from codesearch.cli.ui import render, reports

    given = {"color": options.value_of(color)}
    with session.opened(targets.root_of(path), **given) as index:
        described = settings.describe(settings.load_layers(index.root, given))
        files = _files(index.root)
        if format is ReportFormat.json:
            found = {item.name: {"value": item.value, "origin": item.origin} for item in described}
            shown = {name: None if file is None else str(file) for name, file in files.items()}
            render.print_json({"root": str(index.root), "files": shown, "settings": found}, indent=2)
        else:
            look = console.look(index.settings.color)
            for line in reports.config_lines(described, look):
                console.write(line + "\n")
            for name, file in files.items():
                console.write(look.paint(_shown(name, file), "2") + "\n")
    return FOUND


@command(app, "set")
def set_command(
    name: NameArgument,
    values: Annotated[list[str], typer.Argument(metavar="VALUE...", help="The value; several for a list.")],
    project: ProjectOption = False,
    quiet: QuietOption = False,
) -> int:
    """Write a setting to your settings file, or to the project's with --project. Comments in the file stay.

    codesearch config set limit 20
    codesearch config set --project exclude 'third_party/**' '*.pb.go'
    """
    from codesearch import settings

    name = name.replace("-", "_")
    default = getattr(settings.Settings(), name, None)
    if len(values) > 1 and name in settings.NAMES and not isinstance(default, tuple):
        raise UsageError(f"{name} takes one value, not {len(values)}")
    value = settings.checked(name, values if isinstance(default, tuple) else values[0])
    file, root = _target(project=project)
    _changed(file, root, lambda: settings_file.write(file, name, value))
    if not quiet:
        console.message(f"{file}: {name} = {settings_file.literal(value)}")
    _tell_override(root, name, value, file)
    return FOUND


@command(app)
def unset(name: NameArgument, project: ProjectOption = False, quiet: QuietOption = False) -> int:
    """Remove a setting from your settings file, or from the project's with --project.

    codesearch config unset limit

    Exit status: 0, or 1 if it was not set there.
    """
    from codesearch import settings

    name = name.replace("-", "_")
    if name not in settings.NAMES:
        settings.checked(name, "")  # raises the error that suggests a name
    file = _target(project=project)[0]
    removed = settings_file.remove(file, name)
    if not quiet:
        console.message(f"{file}: {name} {'removed' if removed else 'is not set there'}")
    return FOUND if removed else NOTHING


@command(app, "path")
def path_command(project: ProjectOption = False) -> int:
    """Print the path of your settings file, or of the project's with --project, whether or not it exists.

    $EDITOR "$(codesearch config path)"
    """
    console.write(f"{_target(project=project)[0]}\n")
    return FOUND


def _target(*, project: bool) -> tuple[Path, Path]:
    """Return (the file to change, the root whose settings are in force here)."""
    from codesearch import settings

    root = targets.root_of(".") if project else targets.enclosing()
    file = root / settings.PROJECT_FILE if project else settings.user_file()
    if file is None:
        raise UsageError("there is no home folder for your settings; use --project, or environment variables")
    return file, root


def _changed(file: Path, root: Path, change: Any) -> None:
    """Change a settings file; restore it if the settings are then not allowed there. Raises UsageError."""
    from codesearch import settings

    before = file.read_bytes() if file.exists() else None
    change()
    try:
        settings.load_layers(root)
    except UsageError:
        if before is None:
            file.unlink()
        else:
            file.write_bytes(before)
        raise


def _tell_override(root: Path, name: str, value: Any, file: Path) -> None:
    from codesearch import settings

    now = next(item for item in settings.describe(settings.load_layers(root)) if item.name == name)
    if str(file) not in now.origin:
        console.message(f"overridden here by {now.origin}: {name} = {settings_file.literal(now.value)}")


def _files(root: Path) -> dict[str, Path | None]:
    from codesearch import settings

    return {"user": settings.user_file(), "project": root / settings.PROJECT_FILE}


def _shown(name: str, file: Path | None) -> str:
    missing = "there is no home folder" if file is None else "" if file.exists() else "does not exist"
    return f"{name + ' file':<16} {'' if file is None else console.clean(str(file))}{f'  ({missing})' * bool(missing)}"
