"""The commands: each parses its arguments, calls the library and prints what came back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

import typer

from codesearch._version import __version__
from codesearch.cli import options, session
from codesearch.cli.commands.bench import bench
from codesearch.cli.commands.cache import app as cache
from codesearch.cli.commands.editor import app as editor
from codesearch.cli.commands.evaluate import evaluate
from codesearch.cli.commands.feedback import app as feedback
from codesearch.cli.commands.lsp import lsp
from codesearch.cli.commands.model import app as model
from codesearch.cli.commands.query import query
from codesearch.cli.commands.watch import watch
from codesearch.cli.commands.why import why
from codesearch.cli.exit_codes import FOUND, NOTHING
from codesearch.cli.options import (
    ColorOption,
    ContextOption,
    DbOption,
    EmbedOption,
    Format,
    FormatOption,
    KindOption,
    LanguageOption,
    LimitOption,
    ModelOption,
    NameOption,
    NoCacheOption,
    NoUpdateOption,
    PathArgument,
    PathOption,
    QuietOption,
    ReportFormat,
    ReportFormatOption,
    SnippetOption,
)
from codesearch.cli.registration import Command, VerboseOption, application, command, help_of
from codesearch.cli.ui import answers, console
from codesearch.core import log
from codesearch.core.errors import NotFoundError, UsageError

app = application()


def _command(name: str | None = None) -> Callable[[Command], Command]:
    """Register a command whose help is its docstring."""
    return command(app, name)


def _version(wanted: bool) -> None:
    if wanted:
        console.write(f"codesearch {__version__}\n")
        raise typer.Exit


_INTRODUCTION = """
Find code by meaning: ask in plain words, get the function. Everything stays on this machine.

codesearch query "where are failed uploads retried"
codesearch query "parse a config file lang:go -is:test" path/to/repo
codesearch similar src/cache.py:42

The first query of a folder indexes it; later ones look for what changed.
"""


@app.callback(invoke_without_command=True, help=help_of(_INTRODUCTION))
def codesearch(
    ctx: typer.Context,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version and exit.")
    ] = False,
    verbose: VerboseOption = False,
) -> None:
    """Show the help when no command is named."""
    if verbose:
        log.configure("debug")
    if ctx.invoked_subcommand is None:
        console.write(ctx.get_help() + "\n")


_command()(query)


@_command()
def similar(
    place: Annotated[str, typer.Argument(metavar="FILE:LINE", help="A line of the code to compare with.")],
    path: PathArgument = None,
    limit: LimitOption = None,
    lang: LanguageOption = None,
    kind: KindOption = None,
    path_filter: PathOption = None,
    name: NameOption = None,
    format: FormatOption = None,
    context: ContextOption = None,
    snippet: SnippetOption = False,
    color: ColorOption = None,
    no_update: NoUpdateOption = False,
    db: DbOption = None,
    quiet: QuietOption = False,
) -> int:
    """Find code that is like the function around a line.

    codesearch similar src/cache.py:42
    codesearch similar src/cache.py:42 --path 'tests/**' -n 3

    FILE is absolute, below the current folder, or below the root.
    """
    where = options.filters(lang, kind, path_filter, name)
    at = options.place(place)
    if at is None:
        raise UsageError(f"{place}: write FILE:LINE, for example src/cache.py:42")
    root, file = options.located(at[0], path)
    with session.opened(root, db=db, limit=limit, context=context, color=answers.value_of(color)) as index:
        hits = session.similar(index, file, at[1], where, update=not no_update, quiet=quiet)
        asked = {"file": file, "line": at[1]}
        answers.answers(index, format, context, snippet=snippet).print_hits(hits, asked)
        return answers.ended(index, bool(hits), quiet=quiet)


@_command()
def show(
    what: Annotated[str, typer.Argument(metavar="NAME|FILE:LINE", help="A symbol's name, or a line within it.")],
    path: PathArgument = None,
    limit: Annotated[
        int, typer.Option("--limit", "-n", min=1, metavar="N", help="Show at most N symbols of that name.")
    ] = 1,
    format: ReportFormatOption = ReportFormat.text,
    color: ColorOption = None,
    no_update: NoUpdateOption = False,
    db: DbOption = None,
    quiet: QuietOption = False,
) -> int:
    """Print the whole source of a symbol.

    codesearch show Engine.ServeHTTP
    codesearch show parse_config -n 5       all of that name, at most 5
    codesearch show src/cache.py:42 | less
    """
    at = options.place(what)
    if at is not None:
        root, file = options.located(at[0], path)
    else:
        root, file = options.root_of(path), ""
    with session.opened(root, db=db, color=answers.value_of(color)) as index:
        if not no_update:
            session.refresh(index, quiet=quiet)
        found = [index.symbol_at(file, at[1])] if at is not None else index.symbols_named(what)
        answers.answers(index, Format(format.value), None).print_source(found[:limit])
        rest = found[limit:]
        if rest and not quiet:
            others = ", ".join(f"{one.path}:{one.start_line}" for one in rest[:5]) + (", ..." if rest[5:] else "")
            console.message(f"{len(rest)} more named so: {others} (-n {len(found)} shows them)")
        if not found and not quiet:
            console.message(f"no symbol is named {what}; `codesearch query` finds code by what it does")
        return FOUND if found else NOTHING


@_command()
def symbols(
    path: PathArgument = None,
    limit: Annotated[
        int | None, typer.Option("--limit", "-n", min=1, metavar="N", help="At most N symbols.", show_default=False)
    ] = None,
    lang: LanguageOption = None,
    kind: KindOption = None,
    path_filter: PathOption = None,
    name: NameOption = None,
    format: FormatOption = None,
    snippet: SnippetOption = False,
    context: ContextOption = None,
    color: ColorOption = None,
    no_update: NoUpdateOption = False,
    db: DbOption = None,
    quiet: QuietOption = False,
) -> int:
    """List the symbols of a folder, by path and line.

    codesearch symbols --kind class
    codesearch symbols path/to/repo --lang go --name 'parse*' --format ndjson
    """
    where = options.filters(lang, kind, path_filter, name)
    with session.opened(options.root_of(path), db=db, color=answers.value_of(color)) as index:
        if not no_update:
            session.refresh(index, quiet=quiet)
        found = index.symbols(where, limit=-1 if limit is None else limit)
        count = answers.answers(index, format, context, snippet=snippet).print_symbols(found)
        return answers.ended(index, bool(count), quiet=quiet)


@_command("index")
def index_command(
    path: PathArgument = None,
    rebuild: Annotated[bool, typer.Option("--rebuild", help="Start from nothing.")] = False,
    include: Annotated[
        list[str] | None,
        typer.Option("--include", metavar="GLOB", help="Index only files that match; repeatable.", show_default=False),
    ] = None,
    exclude: Annotated[
        list[str] | None,
        typer.Option("--exclude", metavar="GLOB", help="Leave files out; repeatable.", show_default=False),
    ] = None,
    workers: Annotated[
        int | None,
        typer.Option(
            "--workers", min=0, metavar="N", help="Processes that read files (one a core).", show_default=False
        ),
    ] = None,
    db: DbOption = None,
    model: ModelOption = None,
    embed: EmbedOption = None,
    no_cache: NoCacheOption = False,
    quiet: QuietOption = False,
) -> int:
    """Bring the index of a folder up to date, or make it.

    codesearch index
    codesearch index path/to/repo --exclude 'third_party/**'
    codesearch index --rebuild
    codesearch index --embed full          let the transformer see all of it now

    Only what changed is read. Interrupting it loses nothing. A second run waits for the first.
    """
    from codesearch.cli.ui import reports
    from codesearch.cli.ui.progress import Reporter

    settings = {"include": include, "exclude": exclude, "workers": workers, "db": db, "model": model}
    shared = {"embed": answers.value_of(embed), "cache": options.cache(no_cache=no_cache)}
    with session.opened(options.root_of(path), **settings, **shared) as index:
        index.check_model()
        with Reporter(index.root, quiet=quiet, first=rebuild or not index.path.exists()) as reporter:
            report = index.update(rebuild=rebuild, on_progress=reporter.progress, on_wait=reporter.waiting)
        something = report.symbols or next(index.symbols(limit=1), None) is not None
        problem = "" if something else session.nothing_to_search(index.status())
        if not quiet:
            for note in report.notes:
                console.message(note)
            if not problem:
                console.message(reports.done(report, index.root))
        if problem:
            raise NotFoundError(problem)
        if index.settings.embed == "full" and index.settings.second_stage:
            session.embed_all(index, quiet=quiet)
    return FOUND


@_command()
def status(
    path: PathArgument = None,
    skipped: Annotated[bool, typer.Option("--skipped", help="List every file that was left out.")] = False,
    format: ReportFormatOption = ReportFormat.text,
    color: ColorOption = None,
    db: DbOption = None,
) -> int:
    """Tell what the index of a folder holds, and whether it is up to date.

    codesearch status
    codesearch status path/to/repo --skipped
    codesearch status --format json

    Exit status: 0 if there is an index, 1 if not.
    """
    from codesearch.cli.ui import render, reports

    with session.opened(options.root_of(path), db=db, color=answers.value_of(color)) as index:
        found = index.status()
        if format is ReportFormat.json:
            render.print_json(reports.status_object(found, list_skipped=skipped), indent=2)
        else:
            for line in reports.status_lines(found, console.look(index.settings.color), list_skipped=skipped):
                console.write(line + "\n")
    return FOUND if found.exists else NOTHING


@_command()
def clean(path: PathArgument = None, db: DbOption = None, quiet: QuietOption = False) -> int:
    """Delete the index of a folder. Your code is not touched.

    codesearch clean
    codesearch clean path/to/repo

    Exit status: 0 if there was one, 1 if not.
    """
    with session.opened(options.root_of(path), db=db) as index:
        removed = index.remove()
        if not quiet:
            console.message(f"{index.path}: {'removed' if removed else 'there is no index'}")
    return FOUND if removed else NOTHING


@_command()
def config(path: PathArgument = None, format: ReportFormatOption = ReportFormat.text, color: ColorOption = None) -> int:
    """Show each setting, its value and where it comes from.

    codesearch config
    CODESEARCH_LIMIT=20 codesearch config path/to/repo
    """
    from codesearch import settings
    from codesearch.cli.ui import render, reports

    with session.opened(options.root_of(path), color=answers.value_of(color)) as index:
        layers = settings.load_layers(index.root, {"color": answers.value_of(color)})
        described = settings.describe(layers)
        if format is ReportFormat.json:
            found = {item.name: {"value": item.value, "origin": item.origin} for item in described}
            render.print_json({"root": str(index.root), "settings": found}, indent=2)
        else:
            for line in reports.config_lines(described, console.look(index.settings.color)):
                console.write(line + "\n")
    return FOUND


_command()(lsp)
_command()(watch)
_command()(why)
_command("eval")(evaluate)
_command()(bench)
app.add_typer(cache, name="cache")
app.add_typer(editor, name="editor")
app.add_typer(feedback, name="feedback")
app.add_typer(model, name="model")
