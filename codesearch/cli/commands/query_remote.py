"""`codesearch query --remote`: results from a server."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from codesearch.cli import session
from codesearch.cli.exit_codes import FOUND, NOTHING
from codesearch.cli.options import FilterOptions, Format, IndexOptions, OutputOptions, RerankOptions, ResultOptions
from codesearch.cli.ui import console
from codesearch.core.errors import UsageError
from codesearch.core.types import Hit, Symbol

if TYPE_CHECKING:
    from codesearch.cli.ui.several import Several
    from codesearch.settings import Settings


@dataclass(frozen=True, slots=True)
class _Place:
    """Stands for the index of a repository on a server, which keeps no source."""

    root: Path
    settings: Settings

    def source(self, symbol: Symbol, **_: object) -> tuple[int, list[str]]:
        """Return no lines."""
        return symbol.start_line, []


def check(results: ResultOptions, use: IndexOptions, path: str | None, *, exact: bool) -> None:
    """Raise UsageError for options that a server cannot serve."""
    for given, name in (
        (path, "PATH"), (use.root, "--root"), (use.db, "--db"), (results.batch, "--batch"),
        (results.open_, "--open"), (results.explain or None, "--explain"), (exact or None, "-e"),
    ):  # fmt: skip
        if given is not None:
            raise UsageError(f"{name} cannot be combined with --remote")


def answer(
    url: str,
    text: str,
    filters: FilterOptions,
    results: ResultOptions,
    output: OutputOptions,
    use: IndexOptions,
    rerank: RerankOptions,
) -> int:
    """Ask a server, print the answer, and return the exit status. Raises CodesearchError if it cannot answer."""
    from codesearch.cli.targets import Tree
    from codesearch.server.remote import Server
    from codesearch.service.protocol import filter_to_json

    server = Server(url)
    if server.is_open:
        session.tell(f"the token for {url} is not encrypted on its way; use https", quiet=use.quiet)
    settings = _settings(output, rerank)
    asked = {
        "query": text,
        "limit": results.limit or settings.limit,
        "where": filter_to_json(filters.where(Tree(Path.cwd()))),
        "repositories": use.repo or [],
        "fast": not settings.second_stage,
    }
    found = server.post("/query", asked)
    session.tell(str(found.get("problem", "")), quiet=use.quiet)
    hits = [(str(one["repository"]), hit_of(one)) for one in found["hits"]]
    kept = [(name, hit) for name, hit in hits if hit.score >= (results.min_score or 0.0)]
    printed = _printers(url, found, hits, output, use, settings)
    if not use.quiet:
        _note(hits, kept, results, printed)
    printed.show(kept, text)
    console.flush()
    return FOUND if kept else NOTHING


def hit_of(value: dict[str, Any]) -> Hit:
    """Return the hit in an answer."""
    folded = tuple(Symbol(**one) for one in value["folded"])
    return Hit(value["rank"], value["score"], Symbol(**value["symbol"]), tuple(value["copies"]), folded)


def _settings(output: OutputOptions, rerank: RerankOptions) -> Settings:
    """Return the settings of the user and of these options. Raises UsageError for a model: the server has its own."""
    from codesearch import embed
    from codesearch.settings import load_layers, merge

    if rerank.model not in (None, embed.STATIC):
        raise UsageError(f"--model {rerank.model} cannot be combined with --remote: the server has its own model")
    given = {**output.settings, **rerank.settings}
    return merge(load_layers(Path.cwd(), {name: value for name, value in given.items() if value is not None}))


def _printers(
    url: str,
    found: dict[str, Any],
    hits: list[tuple[str, Hit]],
    output: OutputOptions,
    use: IndexOptions,
    settings: Settings,
) -> Several:
    """Return the printer of each repository of an answer."""
    from dataclasses import replace

    from codesearch.cli.ui import answers
    from codesearch.cli.ui.paths import Paths
    from codesearch.cli.ui.several import Several
    from codesearch.search.rank import WEAK

    place: Any = _Place(Path(), settings)
    plain = answers.answers(place, output, use._replace(no_update=False), weak=True, terms=found["terms"])
    printers = {
        name: replace(plain, paths=Paths(f"{name}:"), repository=name, server=url, context=0) for name, _ in hits
    }
    about = {
        "server": url,
        "complete": True,
        "problem": found.get("problem", ""),
        "reranked": found.get("reranked"),
        "repositories": found["repositories"],
    }
    return Several(printers, output.chosen, WEAK, about)


def _note(hits: list[tuple[str, Hit]], kept: list[tuple[str, Hit]], results: ResultOptions, printed: Several) -> None:
    if not hits:
        console.message("no results")
    elif not kept:
        console.message(
            f"no results with a score of {results.min_score:g} or more; the best score is {hits[0][1].score:.2f}"
        )
    elif printed.format is Format.text and kept[0][1].score < printed.weak:
        console.message("no good match; closest results:")
