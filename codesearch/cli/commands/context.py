"""`codesearch context`: the best code for a question, within a number of tokens, for a model in a pipe."""

from __future__ import annotations

from enum import Enum
from typing import Annotated

import typer

from codesearch.cli import session
from codesearch.cli.exit_codes import FOUND, NOTHING
from codesearch.cli.options import FilterOptions, IndexOptions, PathArgument
from codesearch.cli.ui import console


class ContextFormat(str, Enum):
    """How the code is written."""

    markdown = "markdown"
    xml = "xml"
    json = "json"


MOST_HITS = 30
"""Results that are considered; more never fit a sensible number of tokens."""


def context(
    question: Annotated[
        str, typer.Argument(metavar="QUESTION", help="What the code does, in plain words; - reads it from stdin.")
    ],
    path: PathArgument = None,
    max_tokens: Annotated[
        int, typer.Option("--max-tokens", min=200, metavar="N", help="Maximum size of the output in tokens.")
    ] = 6000,
    format: Annotated[
        ContextFormat, typer.Option("--format", metavar="FORMAT", help="markdown, xml or json.", show_default=False)
    ] = ContextFormat.markdown,
    *,
    filters: FilterOptions,
    use: IndexOptions,
) -> int:
    """Print the code that answers a question best, within a number of tokens, for a language model.

    codesearch context "how are uploads retried" | llm "Explain the retries."
    codesearch context "parse the configuration" --max-tokens 2000 --format xml

    The size is estimated without a tokenizer. Exit status: 0 found, 1 nothing found, 2 error.
    """
    from codesearch.context import pipe
    from codesearch.search import parse

    question = console.given(question)
    tree = use.tree(path)
    where = filters.where(tree) & tree.where
    parsed = parse(question, where)
    with session.opened(tree.root, db=use.db, limit=MOST_HITS) as index:
        answer = session.query(index, question, parsed, where, update=use.update, quiet=use.quiet)
        if not answer:
            session.tell("no results", quiet=use.quiet)
            return NOTHING
        text, _ = pipe.document(index, parsed.text, answer.hits, max_tokens, parsed.words, format.value)
        console.write(text)
        session.finish(index, quiet=use.quiet)
    return FOUND
