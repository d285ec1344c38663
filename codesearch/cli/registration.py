"""Making the commands of functions: what typer is told about each."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from inspect import cleandoc
from textwrap import indent
from typing import Annotated, Any

import typer

from codesearch.cli.ui import console
from codesearch.core import log

Command = Callable[..., int]
VerboseOption = Annotated[
    bool, typer.Option("--verbose", "-v", help="Log to stderr what is done and how long each step takes.")
]


def application() -> typer.Typer:
    """Return an empty application. Without rich, which would cost each command 60 ms to draw boxes around the help."""
    return typer.Typer(rich_markup_mode=None, pretty_exceptions_enable=False)


def group(help: str) -> typer.Typer:
    """Return an application for subcommands, which prints its help when none is given."""
    app = application()

    @app.callback(invoke_without_command=True, help=help)
    def show_help(ctx: typer.Context) -> None:
        if ctx.invoked_subcommand is None:
            console.write(ctx.get_help() + "\n")

    return app


def command(app: typer.Typer, name: str | None = None) -> Callable[[Command], Command]:
    """Register a function as a command of `app`; its docstring is the help."""
    return lambda function: register(app, function, name)


def register(app: typer.Typer, function: Command, name: str | None = None) -> Command:
    """Register a function as a command of `app`; its docstring is the help. Return the function."""
    app.command(name, help=help_of(function.__doc__ or ""))(_with_verbose(function))
    return function


def _with_verbose(function: Command) -> Command:
    """Return the function with the option that every command has."""

    @functools.wraps(function)
    def verbose_command(*, verbose: bool, **given: Any) -> int:
        if verbose:
            log.configure("debug")
        return function(**given)

    signature = inspect.signature(function, eval_str=True)
    option = inspect.Parameter("verbose", inspect.Parameter.KEYWORD_ONLY, default=False, annotation=VerboseOption)
    verbose_command.__signature__ = signature.replace(parameters=[*signature.parameters.values(), option])  # type: ignore[attr-defined]
    return verbose_command


def help_of(documentation: str) -> str:
    """Return a docstring as click wants it: paragraphs of examples are marked, so that their lines stay as they are."""
    paragraphs = cleandoc(documentation).split("\n\n")
    examples = ("codesearch ", "CODESEARCH_")
    return "\n\n".join("\b\n" + indent(text, "  ") if text.startswith(examples) else text for text in paragraphs)
