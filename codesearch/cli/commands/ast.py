"""`codesearch ast`: syntax that matches a tree-sitter query, by symbol."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any

import typer

from codesearch.cli import session
from codesearch.cli.options import (
    FilterOptions,
    Format,
    IndexOptions,
    LimitOption,
    OpenOption,
    OutputOptions,
    PathArgument,
)
from codesearch.cli.ui import answers, console
from codesearch.core.errors import UsageError

if TYPE_CHECKING:
    from codesearch.core.filter import Filter
    from codesearch.exact.structure import Nodes
    from codesearch.exact.syntax import SyntaxPattern
    from codesearch.index import Index
    from codesearch.search import Query, Ranking

FILES_NAMED = 3


def ast(
    pattern: Annotated[
        str, typer.Argument(metavar="PATTERN", help="A tree-sitter query; - reads it from stdin.", show_default=False)
    ],
    path: PathArgument = None,
    question: Annotated[
        str | None,
        typer.Option(
            "--query",
            metavar="TEXT",
            help="Rank the symbols with matches by meaning; may hold filters.",
            show_default=False,
        ),
    ] = None,
    limit: LimitOption = None,
    open_: OpenOption = None,
    *,
    filters: FilterOptions,
    output: OutputOptions,
    use: IndexOptions,
) -> int:
    """Find syntax that matches a tree-sitter query in the files of a language.

    codesearch ast '(try_statement) @try' --lang python
    codesearch ast '(call function: (identifier) @f (#eq? @f "eval"))' -t python
    codesearch ast '(go_statement)' --lang go --query "retry uploads"

    Needs --lang. A match is what its captures hold together; captures that begin with _ do not count. Exit status: 0
    results found, 1 none found, 2 error.
    """
    from codesearch.exact import syntax
    from codesearch.exact.syntax import SyntaxPattern

    asked = SyntaxPattern(console.given(pattern))
    tree = use.tree(path)
    where = filters.where(tree) & tree.where
    if not where.languages:
        raise UsageError("ast needs a language: codesearch ast PATTERN --lang LANG, for example --lang python")
    languages, note = syntax.usable(asked, where.languages)
    query = _query(question, where)
    most = limit if open_ is None else max(open_, limit or 0)
    with session.opened(tree.root, db=use.db, limit=most if query is not None else None, **output.settings) as index:
        complete = session.prepare(
            index, update=use.update, quiet=use.quiet, words=() if query is None else query.words
        )
        nodes = _found(index, asked, languages, where if query is None else query.where, note, quiet=use.quiet)
        about = {"pattern": asked.text, "languages": languages}
        if query is not None:
            return _ranked(index, nodes, query, {"query": question, **about}, complete, open_, output, use)
        return _listed(index, nodes, where, about, complete, limit, open_, output, use)


def _query(question: str | None, where: Filter) -> Query | None:
    if question is None:
        return None
    from codesearch.search import parse

    return parse(question, where)


def _found(
    index: Index, pattern: SyntaxPattern, languages: list[str], where: Filter, note: str, *, quiet: bool
) -> Nodes:
    """Return the matches in an index, after telling what was not searched."""
    from codesearch.exact import structure

    nodes = structure.find(index, pattern, languages, where)
    for said in (note, nodes.problem):
        session.tell(said, quiet=quiet)
    for one in nodes.failed[:FILES_NAMED]:
        session.tell(f"{one.path}: not searched: {one.problem}", quiet=quiet)
    if more := len(nodes.failed) - FILES_NAMED:
        session.tell(f"{more:,} more files not searched (--json lists them)" if more > 0 else "", quiet=quiet)
    if nodes.partial:
        some = ", ".join(nodes.partial[:FILES_NAMED]) + (", ..." if nodes.partial[FILES_NAMED:] else "")
        files = f"{len(nodes.partial):,} file{'s' if nodes.partial[1:] else ''}"
        session.tell(f"{files} with syntax errors, in which matches may be missing: {some}", quiet=quiet)
    return nodes


def _listed(
    index: Index,
    nodes: Nodes,
    where: Filter,
    about: dict[str, Any],
    complete: bool,
    limit: int | None,
    open_: int | None,
    output: OutputOptions,
    use: IndexOptions,
) -> int:
    """Print every match, by symbol. Return the exit status."""
    from codesearch.cli import exact
    from codesearch.cli.ui import ast as ui
    from codesearch.search import resolved

    groups = list(nodes.groups(resolved(where, index.root, index.path)))
    if open_ is not None and groups:
        return exact.opened(index, [(one.symbol.path, one.matches[0].whole.line) for one in groups], open_, "matches")
    printed = answers.answers(index, output, use, complete=complete)
    most = exact.most_shown(limit, printed, output)
    count, total = ui.print_groups(printed, groups, {**about, **ui.about_files(nodes)}, most, output.context)
    exact.tell_shown(count, total, "matches", limit, quiet=use.quiet)
    return answers.ended(index, bool(groups), quiet=use.quiet)


def _ranked(
    index: Index,
    nodes: Nodes,
    query: Query,
    about: dict[str, Any],
    complete: bool,
    open_: int | None,
    output: OutputOptions,
    use: IndexOptions,
) -> int:
    """Print the best symbols with matches. Return the exit status."""
    from codesearch.cli import exact
    from codesearch.cli.ui import ast as ui
    from codesearch.exact import structure

    def rank(query: Query) -> Ranking:
        return index.rank(query, budget=session.later())

    found = structure.ranked(index, nodes, query, index.settings.limit, rank)
    hits = found.answer.hits
    session.tell(found.answer.problem, quiet=use.quiet)
    if open_ is not None and hits:
        session.finish(index, quiet=use.quiet)
        places = [(hit.symbol.path, found.matches[hit.rank][0].whole.line) for hit in hits]
        return exact.opened(index, places, open_, "matches")
    whole = complete and found.answer.complete
    printed = answers.answers(index, output, use, weak=True, terms=query.terms, complete=whole)
    if printed.format is Format.vimgrep:
        from codesearch.cli.ui.exact import print_vimgrep

        print_vimgrep(printed, ((hit.symbol.path, one.line) for hit in hits for one in found.matches[hit.rank]))
    else:
        printed = replace(printed, beside=ui.Matches(printed, found.matches))
        printed.print_hits(hits, {**about, **ui.about_files(nodes)})
    session.finish(index, quiet=use.quiet)
    return answers.ended(index, bool(hits), quiet=use.quiet)
