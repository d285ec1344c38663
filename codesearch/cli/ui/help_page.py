"""How --help lists commands and options: in named groups, and never cut."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from codesearch.cli import api_options, exact_options, options, remote_options, team_options
from codesearch.cli.names import GROUPS, NAMES

OTHERS, GENERAL = "Options", "General"
PANELS = {
    "Model of a service (with --api)": api_options.ApiOptions,
    "Results": options.ResultOptions,
    "Exact words": exact_options.ExactOptions,
    "Filters": options.FilterOptions,
    "Output": options.OutputOptions,
    "Index": options.IndexOptions,
    "Files": options.FileOptions,
    "Teams and CI": team_options.TeamOptions,
    "Reranking": options.RerankOptions,
    "Server": remote_options.RemoteOptions,
}
_GENERAL = ("quiet", "color", "verbose", "help", "version", "install_completion", "show_completion")
FEW = 8
"""So many options need no groups."""


def write_commands(group: Any, context: Any, formatter: Any) -> None:
    """Write the commands of a group with their summaries, as click's `format_commands` does."""
    found = {
        name: one for name in group.list_commands(context) if (one := group.get_command(context, name)).hidden is False
    }
    for title, rows in grouped_commands(found):
        with formatter.section(title):
            formatter.write_dl([(name, summary(one)) for name, one in rows])


def grouped_commands(found: dict[str, Any]) -> Iterator[tuple[str, list[tuple[str, Any]]]]:
    """Yield commands by group; those of a group of subcommands are in one."""
    if "query" not in found:
        yield "Commands", list(found.items())
        return
    for title, names in GROUPS.items():
        yield title, [(name, found[name]) for name in names if name in found]
    if rest := [(name, one) for name, one in found.items() if name not in NAMES]:
        yield "Other", rest


def summary(command: Any) -> str:
    """Return the first sentence of a command's help, whole."""
    return str(command.get_short_help_str(limit=10_000))


def write_options(command: Any, context: Any, formatter: Any) -> None:
    """Write the arguments and options of a command, as click's `format_options` does."""
    for title, rows in grouped_options(command, context):
        with formatter.section(title):
            formatter.write_dl(rows)


def grouped_options(command: Any, context: Any) -> list[tuple[str, list[tuple[str, str]]]]:
    """Return the help records of a command's parameters by group: arguments first, then options."""
    arguments: list[tuple[str, str]] = []
    listed: list[tuple[str, tuple[str, str]]] = []
    for parameter in command.get_params(context):
        record = parameter.get_help_record(context)
        if record is None:
            continue
        if parameter.param_type_name == "argument":
            arguments.append(record)
        else:
            listed.append((_panel(str(parameter.name)), record))
    groups: list[tuple[str, list[tuple[str, str]]]] = [("Arguments", arguments)] if arguments else []
    if len(listed) <= FEW:
        return [*groups, (OTHERS, [record for _, record in listed])]
    titles = (OTHERS, *PANELS, GENERAL)
    every = [(title, [record for panel, record in listed if panel == title]) for title in titles]
    return [*groups, *((title, rows) for title, rows in every if rows)]


def _panel(name: str) -> str:
    if name in _GENERAL:
        return GENERAL
    return next((title for title, group in PANELS.items() if name in _fields(group)), OTHERS)


def _fields(group: Any) -> Iterable[str]:
    return tuple(group._fields)
