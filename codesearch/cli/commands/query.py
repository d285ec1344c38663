"""`codesearch query`: search code with a description of what it does."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import typer

from codesearch.cli import session, targets
from codesearch.cli.exact_options import ExactOptions
from codesearch.cli.options import (
    FilterOptions,
    Format,
    IndexOptions,
    OutputOptions,
    RerankOptions,
    ResultOptions,
)
from codesearch.cli.registration import application, register
from codesearch.cli.remote_options import RemoteOptions, unserved
from codesearch.cli.ui import answers, console
from codesearch.core.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from codesearch.cli.commands.query_repositories import Asked
    from codesearch.cli.exact import Shown, Wanted
    from codesearch.core.filter import Filter
    from codesearch.core.types import Answer
    from codesearch.exact.pattern import Pattern
    from codesearch.index import Index
    from codesearch.search import Query, Ranked


_ONE_REPOSITORY = "-e cannot be combined with --repo and repo:; search one repository at a time"


class Request(NamedTuple):
    """A query as it was typed, with its options."""

    text: str
    where: Filter
    results: ResultOptions
    output: OutputOptions
    use: IndexOptions
    exact: Wanted | None = None
    """What the results must hold."""
    about: Mapping[str, Any] = {}
    """What JSON says besides: a server that could not be reached."""


WordsArgument = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[TEXT]... [PATH]",
        help="What the code does, in plain words, or a name; - reads it from stdin. Then the folder to search "
        "(default: the nearest enclosing folder with an index or a git repository).",
        show_default=False,
    ),
]


def query(
    words: WordsArgument = None,
    *,
    results: ResultOptions,
    exact: ExactOptions,
    filters: FilterOptions,
    output: OutputOptions,
    use: IndexOptions,
    rerank: RerankOptions,
    server: RemoteOptions,
) -> int:
    """Find functions, methods and types that match TEXT.

    codesearch query "how are routes grouped and registered"
    codesearch query ServeHTTP path/to/gin            a name, in any case style
    codesearch query "retry lang:python kind:method -path:tests/**"
    codesearch query "open a socket" --format vimgrep -n 20
    codesearch query "retry an upload" --repo all     every repository
    codesearch query "parse a date" --open 1          open it in your editor
    codesearch query -- "-is:test parse"              a query starting with -
    codesearch query --batch queries.txt path/to/repo
    codesearch query -e 'retry_[a-z]+'                every matching line
    codesearch query "retry uploads" -e 'backoff *='  results with a match
    codesearch query 'retry "broken pipe"'            quoted text is exact
    codesearch query "retry" --remote URL             from `codesearch serve`

    Filters in TEXT: lang: kind: path: name: is: (test, doc, unused, ...) and repo:. Prefix with -
    to negate; quote values that contain spaces. Exit status: 0 results found, 1 none found (or none
    with --min-score), 2 error.
    """
    pattern = exact.pattern
    text, path = _understood(words or [], results, alone=pattern is not None)
    about: dict[str, Any] = {}
    if url := _server(server, text, path, pattern, results, use):
        answered, about = _from_server(url, text, path, pattern, filters, results, output, use, rerank)
        if answered is not None:
            return answered
    if text is None and pattern is not None and results.batch is None:
        return _lines(pattern, path, results, filters, output, use)
    _check(text, results, output, exact)
    text = _with_by(text, results)
    limit = results.limit if results.open_ is None else max(results.open_, results.limit or 0)
    settings = {"limit": limit, **output.settings, **rerank.settings}
    if (asked := _repositories(text, path, pattern, results, use)) is not None:
        from codesearch.cli.commands import query_repositories

        return query_repositories.answer(asked, filters, results, output, use, settings)
    tree = use.tree(path)
    where = filters.where(tree) & tree.where
    from codesearch.search import parse

    parsed = None if text is None else parse(text, where)
    with session.opened(tree.root, db=use.db, **settings) as index:
        if parsed is None:
            return _batch(index, where, results, output, use)
        request = Request(text or "", where, results, output, use, _wanted(text or "", pattern), about)
        return _answer(index, parsed, request)


def _with_by(text: str | None, results: ResultOptions) -> str | None:
    """Return a question with what --by says."""
    return f"{text} by:{results.by.value}" if text and results.by is not None else text


def _server(
    given: RemoteOptions,
    text: str | None,
    path: str | None,
    pattern: Pattern | None,
    results: ResultOptions,
    use: IndexOptions,
) -> str:
    """Return the server to ask; "" for the local index. One from the settings answers what a server can."""
    if given.remote is not None:
        return given.remote
    from codesearch.settings import of_user

    if text is None or use.repo or unserved(results, use, path, exact=pattern is not None):
        return ""
    return of_user().remote


def _from_server(
    url: str,
    text: str | None,
    path: str | None,
    pattern: Pattern | None,
    filters: FilterOptions,
    results: ResultOptions,
    output: OutputOptions,
    use: IndexOptions,
    rerank: RerankOptions,
) -> tuple[int | None, dict[str, Any]]:
    """Answer from a server; return the exit status. If the local index has to answer, None and what its answer says."""
    from codesearch.cli.commands import query_remote
    from codesearch.server.remote import UnreachableError

    if name := unserved(results, use, path, exact=pattern is not None):
        raise UsageError(f"{name} cannot be combined with --remote")
    if text is None:
        raise UsageError("--remote needs a question: codesearch query TEXT --remote URL")
    try:
        return query_remote.answer(url, _with_by(text, results) or "", filters, results, output, use, rerank), {}
    except UnreachableError as error:
        if use.repo or not query_remote.has_tree():
            raise
        session.tell(f"{error}; this is the answer of the local index", quiet=use.quiet)
        return None, {"server": {"url": url, "problem": str(error)}}


def _repositories(
    text: str | None, path: str | None, pattern: Pattern | None, results: ResultOptions, use: IndexOptions
) -> Asked | None:
    """Return which repositories are asked, and what; None if it is the tree of PATH."""
    if not use.repo and not (text is not None and "repo:" in text.lower()):
        return None
    from codesearch.cli.commands import query_repositories

    asked = query_repositories.asked(text, path, use, results)
    if asked is not None and pattern is not None:
        raise UsageError(_ONE_REPOSITORY)
    return asked


def _lines(
    pattern: Pattern,
    path: str | None,
    results: ResultOptions,
    filters: FilterOptions,
    output: OutputOptions,
    use: IndexOptions,
) -> int:
    """Print the lines that match, without a question."""
    from codesearch.cli import exact

    if use.repo:
        raise UsageError(_ONE_REPOSITORY)
    exact.check_alone(results)
    tree = use.tree(path)
    where = filters.where(tree) & tree.where
    with session.opened(tree.root, db=use.db, **output.settings) as index:
        return exact.alone(index, pattern, where, results, output, use)


def _wanted(text: str, pattern: Pattern | None) -> Wanted | None:
    """Return what results must hold; None if there is nothing such."""
    if pattern is None and '"' not in text:
        return None
    from codesearch.cli import exact

    found = exact.wanted(text, pattern)
    return found if any(found) else None


def _understood(words: list[str], results: ResultOptions, *, alone: bool) -> tuple[str | None, str | None]:
    """Split the arguments into (TEXT, PATH): the last of several is PATH if it is a folder or looks like a path.

    If a search may be `alone`, without TEXT, so is an only one that is a folder.
    """
    if results.batch is not None:
        if len(words) > 1:
            raise UsageError("with --batch, queries come from the file: omit TEXT and give only PATH")
        return None, words[0] if words else None
    path = None
    if (len(words) > 1 and _is_path(words[-1])) or (alone and words and targets.is_folder(words[-1])):
        *words, path = words
    return console.given(" ".join(words)) if words else None, path


def _is_path(word: str) -> bool:
    if not word or targets.exists(word) or word.startswith((".", "~")):
        return True
    if "/" not in word and os.sep not in word:
        return False
    from codesearch.search.query import begins_with_filter

    return not begins_with_filter(word)


def _check(text: str | None, results: ResultOptions, output: OutputOptions, exact: ExactOptions) -> None:
    """Raise UsageError for options that cannot be combined."""
    format = output.chosen
    if results.batch is not None:
        if format not in (Format.text, Format.json, Format.ndjson):
            raise UsageError("--batch always prints ndjson; remove --format")
        if results.explain or results.open_ is not None:
            raise UsageError("--explain and --open cannot be combined with --batch")
        if exact.regexp:
            raise UsageError("-e cannot be combined with --batch")
        if results.by is not None:
            raise UsageError(
                f"--by cannot be combined with --batch; put by:{results.by.value} into the queries instead"
            )
    elif text is None:
        raise UsageError(
            "no query given. Usage: codesearch query TEXT [PATH], for example: codesearch query 'parse dates'"
        )
    if results.explain and format in (Format.vimgrep, Format.paths):
        raise UsageError(f"--explain is not available in the format {format.value}; use text, json or ndjson")


def _batch(index: Index, where: Filter, results: ResultOptions, output: OutputOptions, use: IndexOptions) -> int:
    from codesearch.cli.commands import batch

    assert results.batch is not None
    complete = session.prepare(index, update=use.update, quiet=use.quiet)
    printed = answers.answers(
        index, output._replace(format=Format.ndjson, json=False), use, weak=True, complete=complete
    )
    ask = batch.from_index(index, where, printed, results.min_score)
    return batch.answer_lines(results.batch, ask, complete=complete, quiet=use.quiet)


def _answered(index: Index, parsed: Query, asked: Request) -> tuple[Answer, list[Ranked], Shown | None]:
    """Return the answer, the reasons for `--explain`, and the matches of exact text if there is a pattern."""
    results, use = asked.results, asked.use
    if asked.exact is not None:
        from codesearch.cli import exact

        found = exact.filtered(index, parsed, asked.exact, use)
        return found.answer, list(found.reasons) if results.explain else [], found
    if results.explain:
        return *session.explained(index, parsed, update=use.update, quiet=use.quiet), None
    answer = session.query(
        index, asked.text, parsed, asked.where, update=use.update, quiet=use.quiet, wait=results.wait
    )  # fmt: skip
    return answer, [], None


def _answer(index: Index, parsed: Query, asked: Request) -> int:
    text, results, output, use = asked.text, asked.results, asked.output, asked.use
    about = {"query": text, **asked.about}
    answer, reasons, found = _answered(index, parsed, asked)
    kept = [hit for hit in answer if hit.score >= (results.min_score or 0.0)]
    if results.open_ is not None:
        session.finish(index, quiet=use.quiet)
        return session.open_answer(index, text, kept, results.open_)
    printed = answers.answers(index, output, use, weak=True, terms=parsed.terms, complete=answer.complete)
    if answer and not kept:
        least = results.min_score or 0.0
        return answers.nothing_above(least, answer[0].score, printed, about, quiet=use.quiet)
    if kept and printed.format is Format.text and kept[0].score < printed.weak and not use.quiet:
        console.message("no good match; closest results:")
    if found is None or not found.lines:
        printed.print_hits(kept, about, reasons)
    else:
        found.print(printed, kept, about, reasons)
    session.finish(index, quiet=use.quiet)
    return answers.ended(index, bool(kept), quiet=use.quiet)


alone = application()
"""Only this command: preparing the options of the others would take typer as long as answering a query."""
alone.callback()(lambda: None)
register(alone, query)
