"""Making the commands of functions: what typer is told about each."""

from __future__ import annotations

from collections.abc import Callable
from inspect import cleandoc
from textwrap import indent

import typer

Command = Callable[..., int]


def application() -> typer.Typer:
    """Return what commands are registered with. rich would cost 60 ms of each, only to draw boxes around the help."""
    return typer.Typer(rich_markup_mode=None, pretty_exceptions_enable=False)


def register(app: typer.Typer, function: Command, name: str | None = None) -> Command:
    """Make a command of a function, whose docstring is its help; return the function."""
    app.command(name, help=help_of(function.__doc__ or ""))(function)
    return function


def help_of(documentation: str) -> str:
    """Return a docstring as click wants it: a mark before paragraphs of examples keeps their lines as they are."""
    paragraphs = cleandoc(documentation).split("\n\n")
    examples = ("codesearch ", "CODESEARCH_")
    return "\n\n".join("\b\n" + indent(text, "  ") if text.startswith(examples) else text for text in paragraphs)
