"""All commands, registered."""

from __future__ import annotations

from typing import Annotated

import typer

from codesearch._version import __version__
from codesearch.cli.commands.access import app as access
from codesearch.cli.commands.agents import app as agents
from codesearch.cli.commands.artifact import app as artifact
from codesearch.cli.commands.ast import ast
from codesearch.cli.commands.bench import bench
from codesearch.cli.commands.cache import app as cache
from codesearch.cli.commands.callers import callees, callers, impact, mentions, tests
from codesearch.cli.commands.clean import clean
from codesearch.cli.commands.clones import clones
from codesearch.cli.commands.clusters import clusters
from codesearch.cli.commands.concept import app as concept
from codesearch.cli.commands.config import app as config
from codesearch.cli.commands.context import context
from codesearch.cli.commands.diff import diff
from codesearch.cli.commands.doctor import doctor
from codesearch.cli.commands.editor import app as editor
from codesearch.cli.commands.evaluate import evaluate
from codesearch.cli.commands.export import export
from codesearch.cli.commands.feedback import app as feedback
from codesearch.cli.commands.help import help_command
from codesearch.cli.commands.index import index
from codesearch.cli.commands.lsp import lsp
from codesearch.cli.commands.man import man
from codesearch.cli.commands.map import map_command
from codesearch.cli.commands.mcp import mcp
from codesearch.cli.commands.merge import merge
from codesearch.cli.commands.model_api import app as model
from codesearch.cli.commands.outline import outline
from codesearch.cli.commands.pull import pull
from codesearch.cli.commands.push import push
from codesearch.cli.commands.query import query
from codesearch.cli.commands.refs import refs
from codesearch.cli.commands.related import related
from codesearch.cli.commands.repo import app as repo
from codesearch.cli.commands.schema import schema
from codesearch.cli.commands.serve import serve
from codesearch.cli.commands.show import show
from codesearch.cli.commands.similar import similar
from codesearch.cli.commands.status import status
from codesearch.cli.commands.symbols import symbols
from codesearch.cli.commands.tune import tune
from codesearch.cli.commands.watch import watch
from codesearch.cli.commands.why import why
from codesearch.cli.registration import Command, VerboseOption, application, help_of, register
from codesearch.cli.ui import console
from codesearch.core import log

app = application()

_INTRODUCTION = """
Semantic code search: describe what the code does, get the function. Everything runs on this machine.

codesearch "where are failed uploads retried"
codesearch query "parse a config file lang:go -is:test" path/to/repo
codesearch similar src/cache.py:42

The first query in a folder builds the index; later queries only re-index files that changed.
`codesearch help` and one of filters, names, formats, exit-status, environment, files shows a page on that topic.
"""


def _version(wanted: bool) -> None:
    if wanted:
        console.write(f"codesearch {__version__}\n")
        raise typer.Exit


def _completion(wanted: bool, install: bool) -> None:
    if wanted:
        from codesearch.cli import shell

        (shell.install if install else shell.show)()
        raise typer.Exit


@app.callback(invoke_without_command=True, help=help_of(_INTRODUCTION))
def codesearch(
    ctx: typer.Context,
    version: Annotated[
        bool, typer.Option("--version", "-V", callback=_version, is_eager=True, help="Show the version and exit.")
    ] = False,
    install_completion: Annotated[
        bool,
        typer.Option(
            "--install-completion",
            callback=lambda wanted: _completion(wanted, install=True),
            is_eager=True,
            help="Install completion for your shell; says what it changes, and asks.",
        ),
    ] = False,
    show_completion: Annotated[
        bool,
        typer.Option(
            "--show-completion",
            callback=lambda wanted: _completion(wanted, install=False),
            is_eager=True,
            help="Print the completion script for your shell.",
        ),
    ] = False,
    verbose: VerboseOption = False,
) -> None:
    """Show the help when no command is given."""
    if verbose:
        log.configure("debug")
    if ctx.invoked_subcommand is None:
        console.write(ctx.get_help() + "\n")


_COMMANDS: dict[str, Command] = {
    "query": query,
    "similar": similar,
    "show": show,
    "symbols": symbols,
    "outline": outline,
    "ast": ast,
    "callers": callers,
    "callees": callees,
    "tests": tests,
    "mentions": mentions,
    "impact": impact,
    "context": context,
    "related": related,
    "clusters": clusters,
    "map": map_command,
    "clones": clones,
    "export": export,
    "diff": diff,
    "merge": merge,
    "index": index,
    "status": status,
    "clean": clean,
    "lsp": lsp,
    "mcp": mcp,
    "serve": serve,
    "push": push,
    "pull": pull,
    "refs": refs,
    "watch": watch,
    "why": why,
    "eval": evaluate,
    "tune": tune,
    "bench": bench,
    "doctor": doctor,
    "schema": schema,
    "man": man,
    "help": help_command,
}
_GROUPS = {
    "access": access,
    "agents": agents,
    "artifact": artifact,
    "cache": cache,
    "concept": concept,
    "config": config,
    "editor": editor,
    "feedback": feedback,
    "model": model,
    "repo": repo,
}

for _name, _command in _COMMANDS.items():
    register(app, _command, _name)
for _name, _group in _GROUPS.items():
    app.add_typer(_group, name=_name)
