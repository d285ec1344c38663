"""Turns functions into commands: groups of shared options, the options that all commands have, help texts."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterator
from inspect import cleandoc
from textwrap import indent
from typing import Annotated, Any

import typer
from typer.core import TyperCommand, TyperGroup

from codesearch.cli.ui import console
from codesearch.core import log
from codesearch.core.errors import UsageError

Command = Callable[..., int]
VerboseOption = Annotated[bool, typer.Option("--verbose", "-v", help="Log each step and how long it takes to stderr.")]
_VERBOSE = inspect.Parameter("verbose", inspect.Parameter.KEYWORD_ONLY, default=False, annotation=VerboseOption)


_MEANT = "value_if_bare"


def optional_values(**values: str) -> Callable[[Command], Command]:
    """Let options of a command be given without a value: for `diff="HEAD"`, `--diff` means `--diff HEAD`."""

    def marked(function: Command) -> Command:
        setattr(function, _MEANT, {f"--{name}": value for name, value in values.items()})
        return function

    return marked


class _Command(TyperCommand):
    """A command whose help lists its options in groups, and some of whose options have a value or none."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Insert the values that are meant where an option is given without one."""
        return super().parse_args(ctx, _with_values(args, getattr(self.callback, _MEANT, {})))

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """Write the arguments and options."""
        from codesearch.cli.ui import help_page

        help_page.write_options(self, ctx, formatter)


def _with_values(args: list[str], meant: dict[str, str]) -> list[str]:
    found: list[str] = []
    for place, word in enumerate(args):
        if word == "--":
            return [*found, *args[place:]]
        bare = word in meant and (place + 1 == len(args) or args[place + 1].startswith("-"))
        found.append(f"{word}={meant[word]}" if bare else word)
    return found


class _Group(TyperGroup):
    """A group of commands whose help lists them in groups, with whole summaries."""

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """Write the commands, then the options."""
        from codesearch.cli.ui import help_page

        help_page.write_commands(self, ctx, formatter)
        help_page.write_options(self, ctx, formatter)


def application(cls: type[TyperGroup] = _Group) -> typer.Typer:
    """Return an empty application, without rich, which would cost each command 60 ms for boxes around the help."""
    help_options = {"help_option_names": ["-h", "--help"]}  # subcommands inherit it
    return typer.Typer(
        cls=cls,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        context_settings=help_options,
        add_completion=False,
    )


class _ShowsByDefault(_Group):
    """A group whose subcommand `show` may be omitted."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Insert `show` unless the first argument is a subcommand or asks for help."""
        if not args or args[0] not in (*self.commands, *ctx.help_option_names):
            args = ["show", *args]
        return super().parse_args(ctx, args)


def group_with_default(help: str) -> typer.Typer:
    """Return an application for subcommands; without one, `show` is meant."""
    app = application(_ShowsByDefault)
    app.callback(help=help)(lambda: None)
    return app


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

    A parameter whose type is a named tuple, such as `FilterOptions`, is a group of options: each of its fields becomes
    an option, and the function receives the tuple.
    """
    app.command(name, cls=_Command, help=help_of(function.__doc__ or ""))(_expanded(function))
    return function


def _expanded(function: Command) -> Command:
    """Return the function as typer needs it: groups expanded into options, and --verbose added."""
    parameters = inspect.signature(function, eval_str=True).parameters.values()
    groups = {one.name: one.annotation for one in parameters if _is_group(one.annotation)}

    def expanded(*, verbose: bool, **given: Any) -> int:
        if verbose:
            log.configure("debug")
        for name, value in given.items():
            if value != value:  # NaN lies in every range
                raise UsageError(f"--{name.replace('_', '-')} must be a number, not nan")
        for name, group in groups.items():
            given[name] = group(**{field: given.pop(field) for field in group._fields})
        return function(**given)

    functools.update_wrapper(expanded, function)
    del expanded.__wrapped__  # type: ignore[attr-defined]
    expanded.__annotations__ = {}
    expanded.__signature__ = inspect.Signature(  # type: ignore[attr-defined]
        [*(option for one in parameters for option in _options(one)), _VERBOSE]
    )
    return expanded


def _is_group(annotation: Any) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, tuple) and hasattr(annotation, "_fields")


def _options(parameter: inspect.Parameter) -> Iterator[inspect.Parameter]:
    """Yield what typer makes options of: the parameter itself, or one for each field of a group."""
    group = parameter.annotation
    if not _is_group(group):
        yield parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY)
        return
    for name, annotation in inspect.get_annotations(group).items():
        yield inspect.Parameter(
            name, inspect.Parameter.KEYWORD_ONLY, default=group._field_defaults[name], annotation=annotation
        )


def help_of(documentation: str) -> str:
    """Return a docstring as click expects it, with examples marked so that click does not wrap them."""
    paragraphs = cleandoc(documentation).split("\n\n")
    examples = ("codesearch ", "CODESEARCH_")
    return "\n\n".join("\b\n" + indent(text, "  ") if text.startswith(examples) else text for text in paragraphs)
