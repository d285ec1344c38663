"""Turns functions into commands: groups of shared options, the options that all commands have, help texts."""

from __future__ import annotations

import dataclasses
import functools
import inspect
from collections.abc import Callable, Iterator
from inspect import cleandoc
from textwrap import indent
from typing import Annotated, Any, get_type_hints

import typer

from codesearch.cli.ui import console
from codesearch.core import log

Command = Callable[..., int]
VerboseOption = Annotated[bool, typer.Option("--verbose", "-v", help="Log each step and how long it takes to stderr.")]


def application() -> typer.Typer:
    """Return an empty application, without rich, which would cost each command 60 ms for boxes around the help."""
    help_options = {"help_option_names": ["-h", "--help"]}  # subcommands inherit it
    return typer.Typer(rich_markup_mode=None, pretty_exceptions_enable=False, context_settings=help_options)


def group(help: str) -> typer.Typer:
    """Return an application for subcommands; it prints its help if no subcommand is given."""
    app = application()

    @app.callback(invoke_without_command=True, help=help)
    def show_help(ctx: typer.Context) -> None:
        if ctx.invoked_subcommand is None:
            console.write(ctx.get_help() + "\n")

    return app


def command(app: typer.Typer, name: str | None = None) -> Callable[[Command], Command]:
    """Register a function as a command of `app`; see `register`."""
    return lambda function: register(app, function, name)


def register(app: typer.Typer, function: Command, name: str | None = None) -> Command:
    """Register a function as a command of `app`; its docstring is the help. Return the function.

    A parameter whose type is a dataclass, such as `FilterOptions`, is a group of options: each of its fields becomes
    an option, and the function receives the dataclass.
    """
    app.command(name, help=help_of(function.__doc__ or ""))(_expanded(function))
    return function


def _expanded(function: Command) -> Command:
    """Return the function as typer needs it: groups expanded into options, and --verbose added."""
    parameters = inspect.signature(function, eval_str=True).parameters.values()
    groups: dict[str, Any] = {one.name: one.annotation for one in parameters if _is_group(one)}
    names = {name: [field.name for field in dataclasses.fields(cls)] for name, cls in groups.items()}

    def expanded(*, verbose: bool, **given: Any) -> int:
        if verbose:
            log.configure("debug")
        for name, cls in groups.items():
            given[name] = cls(**{field: given.pop(field) for field in names[name]})
        return function(**given)

    functools.update_wrapper(expanded, function)
    del expanded.__wrapped__  # type: ignore[attr-defined]
    expanded.__annotations__ = {}
    expanded.__signature__ = inspect.Signature(  # type: ignore[attr-defined]
        [
            *(option for one in parameters for option in _options(one, groups.get(one.name))),
            inspect.Parameter("verbose", inspect.Parameter.KEYWORD_ONLY, default=False, annotation=VerboseOption),
        ]
    )
    return expanded


def _is_group(parameter: inspect.Parameter) -> bool:
    return dataclasses.is_dataclass(parameter.annotation)


def _options(parameter: inspect.Parameter, options: Any) -> Iterator[inspect.Parameter]:
    if options is None:
        yield parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY)
        return
    hints = get_type_hints(options, include_extras=True)
    for field in dataclasses.fields(options):
        yield inspect.Parameter(
            field.name, inspect.Parameter.KEYWORD_ONLY, default=field.default, annotation=hints[field.name]
        )


def help_of(documentation: str) -> str:
    """Return a docstring as click expects it, with examples marked so that click does not wrap them."""
    paragraphs = cleandoc(documentation).split("\n\n")
    examples = ("codesearch ", "CODESEARCH_")
    return "\n\n".join("\b\n" + indent(text, "  ") if text.startswith(examples) else text for text in paragraphs)
