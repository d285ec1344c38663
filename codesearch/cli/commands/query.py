"""`codesearch query`: find code by what it does."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from codesearch.cli import options, session
from codesearch.cli.exit_codes import NOTHING
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
    MinScoreOption,
    ModelOption,
    NameOption,
    NoCacheOption,
    NoUpdateOption,
    PathArgument,
    PathOption,
    QuietOption,
    SnippetOption,
)
from codesearch.cli.registration import application, register
from codesearch.cli.ui import answers, console
from codesearch.core.errors import UsageError

if TYPE_CHECKING:
    from codesearch.search import Ranked


def query(
    text: Annotated[
        str | None,
        typer.Argument(metavar="TEXT", help="What the code does, in plain words, or a name.", show_default=False),
    ] = None,
    path: PathArgument = None,
    limit: LimitOption = None,
    lang: LanguageOption = None,
    kind: KindOption = None,
    path_filter: PathOption = None,
    name: NameOption = None,
    format: FormatOption = None,
    context: ContextOption = None,
    snippet: SnippetOption = False,
    batch: Annotated[
        str | None,
        typer.Option(
            "--batch",
            metavar="FILE",
            help="Answer one query a line of FILE (- is stdin) with one JSON object a line; TEXT is left out.",
            show_default=False,
        ),
    ] = None,
    min_score: MinScoreOption = None,
    explain: Annotated[bool, typer.Option("--explain", help="Tell why each answer is where it is.")] = False,
    open_: Annotated[
        int | None,
        typer.Option("--open", min=1, metavar="N", help="Open answer N in $VISUAL or $EDITOR.", show_default=False),
    ] = None,
    color: ColorOption = None,
    no_update: NoUpdateOption = False,
    db: DbOption = None,
    model: ModelOption = None,
    embed: EmbedOption = None,
    no_cache: NoCacheOption = False,
    quiet: QuietOption = False,
) -> int:
    """Find the functions, methods and types that do what TEXT says.

    codesearch query "how are routes grouped and registered"
    codesearch query ServeHTTP path/to/gin            a name, in any case style
    codesearch query "retry lang:python kind:method -path:tests/**"
    codesearch query "open a socket" --format vimgrep -n 20
    codesearch query "parse a date" --open 1          in your editor
    codesearch query -- "-is:test parse"              a query that begins with -
    codesearch query --batch queries.txt path/to/repo

    Filters within TEXT: lang: kind: path: name: is: (test, vendored, generated, example), each
    also with - in front; quote values with blanks. Exit status: 0 found, 1 nothing found (or
    nothing with --min-score), 2 error.
    """
    if batch is not None:
        if path is not None:
            raise UsageError("with --batch the queries come from the file: leave TEXT out and name only the folder")
        text, path = None, text
    elif text is None:
        raise UsageError("no query given: codesearch query TEXT [PATH], for example codesearch query 'parse dates' .")
    where = options.filters(lang, kind, path_filter, name)
    from codesearch.search import parse

    parsed = None if text is None else parse(text, where)
    if open_ is not None:
        limit = max(open_, limit or 0)
    settings = {"db": db, "model": model, "limit": limit, "context": context, "color": answers.value_of(color)}
    shared = {"embed": answers.value_of(embed), "cache": options.cache(no_cache=no_cache)}
    with session.opened(options.root_of(path), **settings, **shared) as index:
        if batch is not None:
            from codesearch.cli.commands.batch import answer_lines

            if format not in (None, Format.json, Format.ndjson):
                raise UsageError("with --batch the format is ndjson")
            if explain or open_ is not None:
                raise UsageError("--explain and --open are for one query, not for --batch")
            if not no_update:
                session.refresh(index, quiet=quiet)
            printed = answers.answers(index, Format.ndjson, context, snippet=snippet, weak=True)
            return answer_lines(index, batch, where, printed, min_score, quiet=quiet)
        assert text is not None
        assert parsed is not None
        if explain and format in (Format.vimgrep, Format.paths):
            raise UsageError(f"--explain has no place in the format {format.value}: use text, json or ndjson")
        reasons: list[Ranked] = []
        if explain:
            hits, reasons = session.explained(index, parsed, update=not no_update, quiet=quiet)
        else:
            hits = session.query(index, text, parsed, where, update=not no_update, quiet=quiet)
        kept = [hit for hit in hits if hit.score >= (min_score or 0.0)]
        if open_ is not None:
            session.finish(index, quiet=quiet)
            return session.open_answer(index, text, kept, open_)
        printed = answers.answers(index, format, context, snippet=snippet, weak=True)
        if hits and min_score is not None and not kept:
            if not quiet:
                console.message(f"nothing with a score of {min_score:g} or more; the best has {hits[0].score:.2f}")
            if printed.format is Format.json:
                printed.print_hits([], {"query": text})
            return NOTHING
        if kept and printed.format is Format.text and kept[0].score < printed.weak and not quiet:
            console.message("no good match; the nearest:")
        printed.print_hits(kept, {"query": text}, reasons)
        session.finish(index, quiet=quiet)
        return answers.ended(index, bool(kept), quiet=quiet)


alone = application()
"""The command without the others, whose options take typer as long to prepare as an answer takes to find."""
alone.callback()(lambda: None)
register(alone, query)
