"""From arguments to an exit status: every way in which a command can end."""

from __future__ import annotations

import os
import sys
import warnings

import typer

from codesearch.cli.exit_codes import ERROR, FOUND, INTERRUPTED
from codesearch.cli.ui import console
from codesearch.core import log
from codesearch.core.errors import CodesearchError

# Newer versions of typer contain a copy of click; this is the base of all usage errors in both.
_UsageProblem: type[Exception] = typer.BadParameter.__mro__[2]

COMPLETE = "_CODESEARCH_COMPLETE"
"""Set by a shell that asks what could be typed next."""


def run(arguments: list[str]) -> int:
    """Run a command and return its exit status; errors become one line on stderr."""
    if not sys.flags.dev_mode and not sys.warnoptions:
        warnings.simplefilter("ignore")
    console.prepare()
    try:
        log.configure_from_environment()
        status = _dispatch(understood(arguments))
        console.flush()
    except console.PipeClosedError:
        console.abandon()
        return FOUND
    except CodesearchError as error:
        return _failed(str(error))
    except OSError as error:
        console.abandon()
        named = isinstance(error.filename, str | bytes)
        return _failed((f"{os.fsdecode(error.filename)}: " if named else "") + (error.strerror or str(error)))
    return status


def _dispatch(arguments: list[str]) -> int:
    try:
        result = _application(arguments)(arguments, prog_name="codesearch", standalone_mode=False)
    except _UsageProblem as problem:
        from codesearch.cli.usage_errors import explained

        return _failed(explained(problem, arguments))
    except typer.Abort:
        return INTERRUPTED
    except typer.Exit as leaving:
        return leaving.exit_code
    return result if isinstance(result, int) else FOUND


def _application(arguments: list[str]) -> typer.Typer:
    """Return the application for these arguments: for `query` a smaller one, which starts sooner."""
    if arguments[:1] == ["query"]:
        from codesearch.cli.commands.query import alone

        return alone
    from codesearch.cli.app import app

    if COMPLETE in os.environ:
        from importlib import import_module

        import_module("typer.completion").completion_init()
    return app


def understood(arguments: list[str]) -> list[str]:
    """Return the arguments with a command first: `codesearch "text"`, `search` and `find` become `query`."""
    first = arguments[0] if arguments else ""
    if first in ("query", "search", "find"):
        return ["query", *_without_options(arguments[1:])]
    if first == "help":
        return _help(arguments[1:])
    if _is_exclusion(first):
        return ["query", *_without_options(arguments)]
    if not first or (first.startswith("-") and first != "-"):
        return arguments
    if first == "-" or any(character.isspace() for character in first):
        return ["query", *_without_options(arguments)]
    from difflib import get_close_matches

    from codesearch.cli.names import NAMES

    if first in NAMES or get_close_matches(first, (*NAMES, "search", "find", "help"), n=1, cutoff=0.75):
        return arguments
    return ["query", *_without_options(arguments)]


def _without_options(arguments: list[str]) -> list[str]:
    """Return the arguments of `query` with a blank before a text such as `-is:test`, which is no option then."""
    before = ["", *arguments]
    return [
        f" {argument}" if _is_exclusion(argument) and before[place] not in ("-e", "--regexp") else argument
        for place, argument in enumerate(arguments)
    ]


def _is_exclusion(argument: str) -> bool:
    if not argument.startswith("-") or ":" not in argument:
        return False
    from codesearch.search.query import begins_with_filter

    return argument.startswith("-") and begins_with_filter(argument)


def _help(words: list[str]) -> list[str]:
    """Return the arguments that show the help of a command (`model add` too), or a topic."""
    if not words:
        return ["--help"]
    if words[0] in ("search", "find"):
        return ["query", "--help"]
    from codesearch.cli.names import NAMES

    return [*words, "--help"] if words[0] in NAMES else ["help", *words]


def _failed(message: str) -> int:
    try:
        console.flush()
    except console.PipeClosedError:
        console.abandon()
    console.message(f"error: {message}")
    return ERROR
