"""`codesearch query --remote`: results from a server."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from codesearch.cli import session
from codesearch.cli.exit_codes import FOUND, NOTHING
from codesearch.cli.options import FilterOptions, Format, IndexOptions, OutputOptions, RerankOptions, ResultOptions
from codesearch.cli.ui import console
from codesearch.cli.ui.several import Several
from codesearch.core.errors import UsageError
from codesearch.core.types import Hit, Symbol
from codesearch.search.rank import WEAK

if TYPE_CHECKING:
    from codesearch.cli.ui.render import Answers
    from codesearch.core.filter import Filter
    from codesearch.server.overlaid import Checkout
    from codesearch.server.remote import Server
    from codesearch.settings import Settings

_CHANGED = "\0changed"
"""Ends the name of the printer of a repository's changed files."""


@dataclass(frozen=True, slots=True)
class _Place:
    """Stands for the index of a repository on a server."""

    root: Path
    """The checkout of it that is here; an empty path if there is none."""
    settings: Settings

    def source(self, symbol: Symbol, **wanted: Any) -> tuple[int, list[str]]:
        """Return the lines of a symbol as this checkout has them; none without a checkout."""
        top = self.root.resolve()
        # What a server calls a path must not lead out of the checkout.
        if not self.root.parts or not (top / symbol.path).resolve().is_relative_to(top):
            return symbol.start_line, []
        from codesearch.search.source import lines_of

        return lines_of(self.root, self.settings.file_options(), symbol, **wanted)


def has_tree() -> bool:
    """Return whether the current folder is in a tree that the local index can answer about."""
    from codesearch.cli import targets
    from codesearch.core.errors import CodesearchError
    from codesearch.files import git
    from codesearch.store.roots import has_index

    try:
        root = targets.root_of(None, quiet=True)
    except CodesearchError:
        return False
    return has_index(root) or git.top_of(os.fsencode(root)) is not None


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
    session.tell(server.warning, quiet=use.quiet)
    settings = _settings(output, rerank)
    where, limit = filters.where(Tree(Path.cwd())), results.limit or settings.limit
    asked: dict[str, Any] = {
        "query": text,
        "limit": limit,
        "where": filter_to_json(where),
        "repositories": use.repo or [],
        "fast": not settings.second_stage,
    }
    checkout, note = _checkout(server, use.repo or [])
    hits, found = _asked(server, asked, checkout, where, settings)
    problem = "; ".join(filter(None, (str(found.get("problem", "")), note)))
    session.tell(problem, quiet=use.quiet)
    kept = [(name, hit) for name, hit in hits if hit.score >= (results.min_score or 0.0)]
    about = {
        "server": url,
        "complete": not found.get("missing"),
        "problem": problem,
        "reranked": found.get("reranked"),
        "lag": found.get("lag"),
        "missing": found.get("missing", []),
        "overlay": checkout.about() if checkout is not None else None,
        "repositories": found["repositories"],
    }
    printers = _printers(url, found["terms"], hits, output, use, settings, checkout)
    printed = Several(printers, output.chosen, WEAK, about)
    if not use.quiet:
        _note(hits, kept, results, printed)
    printed.show(kept, text)
    console.flush()
    return FOUND if kept else NOTHING


def _checkout(server: Server, wanted: list[str]) -> tuple[Checkout | None, str]:
    """Return what the current folder is a checkout of on a server, and what to say about its changes."""
    from codesearch.core.errors import CodesearchError
    from codesearch.files import git
    from codesearch.server import overlaid

    top = git.top_of(os.fsencode(Path.cwd()))
    if top is None:
        return None, ""
    root = Path(os.fsdecode(top))
    refs = server.get("/refs")["refs"]
    try:
        found = overlaid.find(root, refs, wanted)
    except CodesearchError as error:
        return None, str(error)
    if found is None:
        same = next((one for one in refs if one["repository"] == root.name and one["commit"]), None)
        if same is None or (wanted and root.name not in wanted):
            return None, ""
        return None, (
            f"changes here do not count: the server has {root.name} at commit {same['commit'][:12]}, which this clone "
            "does not have (`git fetch` may bring it)"
        )
    if found.others:
        return found, f"taken for {found.repository} on the server; it could be {', '.join(found.others)} (see --repo)"
    return found, ""


def _asked(
    server: Server, asked: dict[str, Any], checkout: Checkout | None, where: Filter, settings: Settings
) -> tuple[list[tuple[str, Hit]], dict[str, Any]]:
    """Return (printer, hit) of each hit, and the server's answer; hits of changed files have a printer of their own."""
    if checkout is None or not checkout.paths:
        found = server.post("/query", asked)
        return [(str(one["repository"]), hit_of(one)) for one in found["hits"]], found
    from codesearch.server import overlaid

    found = server.post("/candidates", {**asked, "without": {checkout.repository: list(checkout.paths)}})
    mine = overlaid.answer(found, checkout, where, asked["limit"], settings)
    found["problem"] = "; ".join(filter(None, (str(found.get("problem", "")), mine.problem)))
    named = zip(mine.repositories, mine.answer, strict=True)
    return [(name + _CHANGED if hit.rank in mine.local else name, hit) for name, hit in named], found


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
    terms: list[str],
    hits: list[tuple[str, Hit]],
    output: OutputOptions,
    use: IndexOptions,
    settings: Settings,
    checkout: Checkout | None,
) -> dict[str, Answers]:
    """Return the printers of hits; lines are those of the checkout, if there is one of the repository."""
    from dataclasses import replace

    from codesearch.cli.ui import answers
    from codesearch.cli.ui.paths import Paths

    printers = {}
    for key, _ in hits:
        name = key.removesuffix(_CHANGED)
        here = checkout.root if checkout is not None and checkout.repository == name else Path()
        place: Any = _Place(here, settings)
        plain = answers.answers(place, output, use._replace(no_update=False), weak=True, terms=terms)
        # Programs get paths that they can open, people those that say in which repository they are.
        open_ = here.parts and output.chosen not in (Format.text, Format.nl)
        paths = Paths.of(here) if open_ else Paths(f"{name}:")
        lines = plain.context if here.parts else 0
        server = "" if key.endswith(_CHANGED) else url
        printers[key] = replace(plain, paths=paths, repository=name, server=server, context=lines)
    return printers


def _note(hits: list[tuple[str, Hit]], kept: list[tuple[str, Hit]], results: ResultOptions, printed: Several) -> None:
    if not hits:
        console.message("no results")
    elif not kept:
        console.message(
            f"no results with a score of {results.min_score:g} or more; the best score is {hits[0][1].score:.2f}"
        )
    elif printed.format is Format.text and kept[0][1].score < printed.weak:
        console.message("no good match; closest results:")
