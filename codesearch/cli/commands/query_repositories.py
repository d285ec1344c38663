"""`codesearch query --repo`: one list of results from several repositories."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from codesearch.cli import session
from codesearch.cli.exit_codes import FOUND, NOTHING
from codesearch.cli.options import FilterOptions, Format, IndexOptions, OutputOptions, ResultOptions
from codesearch.cli.ui import console
from codesearch.core.errors import CodesearchError, UsageError

if TYPE_CHECKING:
    from codesearch.cli.ui.several import Several
    from codesearch.core.filter import Filter
    from codesearch.repositories.joined import JoinedAnswer, RepositoryHit
    from codesearch.repositories.registry import Repository
    from codesearch.repositories.several import Repositories


_NONE_LEFT = "no repository is both in --repo and in repo:"


class Asked(NamedTuple):
    """A question to several repositories."""

    text: str
    repositories: list[Repository]
    note: str
    """What to say about how the question was understood."""


def asked(text: str | None, path: str | None, use: IndexOptions, results: ResultOptions) -> Asked | None:
    """Return the question without its filters `repo:`; None if these name nothing, and all of it is text.

    Raises UsageError for options that cannot be combined with several repositories, and for unknown names.
    """
    from codesearch.repositories import selection

    found = selection.split(text or "")
    if not (use.repo or found):
        session.tell(found.note, quiet=use.quiet)
        return None
    for given, name in ((path, "PATH"), (use.root, "--root"), (use.db, "--db")):
        if given is not None:
            raise UsageError(f"repositories are chosen by name, so {name} cannot be combined with --repo or repo:")
    return Asked(found.text, _chosen(use.repo or [], found.names, found.excluded), found.note)


def _chosen(options: list[str], names: tuple[str, ...], excluded: tuple[str, ...]) -> list[Repository]:
    """Return the repositories that --repo and repo: mean together. Raises UsageError if there are none."""
    from codesearch.repositories import selection

    chosen = selection.choose(options or names, excluded)
    if options and names:
        wanted = {one.name for one in selection.choose(names)}
        chosen = [one for one in chosen if one.name in wanted]
    if not chosen:
        raise UsageError(_NONE_LEFT)
    return chosen


def answer(
    question: Asked,
    filters: FilterOptions,
    results: ResultOptions,
    output: OutputOptions,
    use: IndexOptions,
    settings: dict[str, Any],
) -> int:
    """Answer a question, print it, and return the exit status."""
    from codesearch.cli.targets import Tree
    from codesearch.cli.ui import several as ui
    from codesearch.repositories.several import Repositories

    where = filters.where(Tree(Path.cwd()))
    given = {name: value for name, value in settings.items() if value is not None}
    with Repositories(question.repositories, **given) as several:
        if results.batch is not None:
            return _batch(several, where, results, output, use)
        found = several.query(
            question.text, where=where, fresh=use.update, explain=results.explain, note=question.note
        )  # fmt: skip
        if not found.answered:
            raise CodesearchError(f"no repository could answer: {found.problem}")
        _tell(found, quiet=use.quiet)
        least = results.min_score or 0.0
        kept = [one for one in found if one.hit.score >= least]
        if results.open_ is not None:
            return _open(several, question.text, found, least, results.open_)
        printed = ui.Several.of(several, found, output, use)
        if not use.quiet:
            _note(found, kept, least, printed)
        printed.print_hits(kept, question.text)
        console.flush()
        session.tell(several.flush(), quiet=use.quiet)
        return FOUND if kept else NOTHING


def _batch(
    several: Repositories, where: Filter, results: ResultOptions, output: OutputOptions, use: IndexOptions
) -> int:
    """Answer each line of a file; filters `repo:` in a line choose among the repositories that were named."""
    from codesearch.cli.commands import batch
    from codesearch.cli.ui import several as ui
    from codesearch.repositories import selection

    def ask(line: str) -> batch.Answered:
        question = selection.split(line)
        only = None
        if question:
            only = {one.name for one in selection.choose(question.names, question.excluded)}
            if only.isdisjoint(one.name for one in several.repositories):
                raise UsageError(_NONE_LEFT)
        found = several.query(question.text, where=where, fresh=use.update, only=only, note=question.note)
        printed = ui.Several.of(several, found, output._replace(format=Format.ndjson, json=False), use)
        kept = [one for one in found if one.hit.score >= (results.min_score or 0.0)]
        problems = {
            part.repository.name: f"{part.repository.name}: {part.problem}" for part in found.parts if part.problem
        }
        return batch.Answered(printed.values(kept), found.complete, {"": found.note, **problems})

    assert results.batch is not None
    status = batch.answer_lines(results.batch, ask, quiet=use.quiet)
    session.tell(several.flush(), quiet=use.quiet)
    return status


def _note(found: JoinedAnswer, kept: list[RepositoryHit], least: float, printed: Several) -> None:
    """Say that there are no results, or only weak ones."""
    if not found:
        console.message("no results")
    elif not kept:
        console.message(f"no results with a score of {least:g} or more; the best score is {found[0].hit.score:.2f}")
    elif printed.format is Format.text and kept[0].hit.score < printed.weak:
        console.message("no good match; closest results:")


def _tell(found: JoinedAnswer, *, quiet: bool) -> None:
    """Print what is wrong with the answer, one line per repository."""
    session.tell(found.note, quiet=quiet)
    for part in found.parts:
        session.tell(f"{part.repository.name}: {part.problem}" if part.problem else "", quiet=quiet)


def _open(several: Repositories, text: str, found: JoinedAnswer, least: float, place: int) -> int:
    kept = [one for one in found if one.hit.score >= least]
    chosen = kept[place - 1] if place <= len(kept) else None
    index = several.index((chosen or found.parts[0]).repository)
    return session.open_answer(index, text, [one.hit for one in kept], place)
