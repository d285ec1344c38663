"""Asks several repositories at once, each by its service if one runs, else in this process.

In this process, how likely each repository is comes first: it costs a fraction of a search, and the unlikely ones are
searched only if the others do not fill the list.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from types import TracebackType
from typing import Any, TypeVar

from codesearch import embed
from codesearch.core import cancellation
from codesearch.core.counts import number
from codesearch.core.errors import CodesearchError, IndexBusyError, NotFoundError, UnwritableError
from codesearch.core.filter import Filter
from codesearch.core.log import Log
from codesearch.core.types import Answer, Symbol
from codesearch.index import Index, open_index
from codesearch.repositories import likelihood, selection
from codesearch.repositories.joined import JoinedAnswer, Part, join
from codesearch.repositories.likelihood import Evidence
from codesearch.repositories.registry import Repository, clones
from codesearch.search import Query, Ranked, parse, qualified, query_vector, resolved
from codesearch.search.candidates import by_vector
from codesearch.service import client
from codesearch.service.readers import cancellable
from codesearch.store import registry as used_indexes
from codesearch.store.match import Match, Words

log = Log("codesearch.repositories")

_Found = TypeVar("_Found")

MOST_AT_ONCE = 32
"""Services that are asked at the same time."""


@dataclass(frozen=True, slots=True)
class _Question:
    """What each repository is asked."""

    text: str
    where: Filter | None
    parsed: Query
    limit: int
    fresh: bool
    filters: bool
    """Whether its text may hold filters."""
    vector: bytes
    """Its static vector."""
    explain: bool
    """Whether the reasons for each score are wanted, which a service does not give."""
    only: Collection[str] | None
    """The names of the repositories that are asked; None for all."""
    end: float
    """When to stop indexing changed files, by the monotonic clock."""


@dataclass(frozen=True, slots=True)
class _Waiting:
    """A repository that this process has still to search."""

    repository: Repository
    index: Index
    evidence: Evidence | None
    problem: str
    """Why its index may be out of date."""
    left: int
    """Changed files that are not indexed."""


class Repositories:
    """Several repositories as one. Open them with `open_repositories`, and close them or use them as a context manager.

    Indexes stay open between questions. One question at a time.
    """

    def __init__(self, chosen: Sequence[Repository], **settings: Any) -> None:
        self.repositories = tuple(chosen)
        self._settings = settings
        self._indexes: dict[str, Index] = {}
        self._lock = threading.Lock()
        self._working = threading.Lock()
        """Held while this process searches: searches in two threads take longer than one after the other."""

    def __enter__(self) -> Repositories:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the indexes. The next question opens them again."""
        with self._lock:
            while self._indexes:
                self._indexes.popitem()[1].close()

    def flush(self) -> str:
        """Do what `Index.flush` does, for each of them."""
        problems = [index.flush() for index in self._indexes.values()]
        return "; ".join(dict.fromkeys(filter(None, problems)))

    def index(self, one: Repository) -> Index:
        """Return the index of a repository. Raises NotFoundError if its folder is missing, UsageError."""
        with self._lock:
            if (found := self._indexes.get(one.name)) is None:
                found = self._indexes[one.name] = open_index(one.folder, **self._settings)
            return found

    def query(
        self,
        text: str,
        *,
        limit: int | None = None,
        where: Filter | None = None,
        fresh: bool = True,
        filters: bool = True,
        explain: bool = False,
        only: Collection[str] | None = None,
        note: str = "",
    ) -> JoinedAnswer:
        """Return the symbols that answer `text` in all repositories, best first. Filters are as in `Index.query`.

        With `fresh`, changed files are indexed first, within the setting `update_budget` for all of them together.
        A repository that cannot answer is named in the answer's `problem`; the others answer.
        `note` is put before it. Without `filters`, what looks like one in the text is text. With `explain`, each hit
        has its `reason`. `only` leaves out all repositories but those named.
        Raises UsageError for a question that cannot be understood.
        """
        settings = self._any_settings()
        parsed = parse(text, where, filters=filters)
        wanted = settings.limit if limit is None else limit
        end = time.monotonic() + (settings.update_budget if fresh else 0.0)
        vector = query_vector(embed.load(embed.STATIC), parsed)
        question = _Question(text, where, parsed, wanted, fresh, filters, vector, explain, only, end)
        begun = self._each(lambda one: self._guarded(one, partial(self._begun, one, question)), only)
        parts, missing = _without_missing(self._finished(begun, question), parsed)
        said = "; ".join(filter(None, (note, parsed.note, missing)))
        joined = join(parts, wanted, self._read, by_file=parsed.by_file, is_name=parsed.is_name, note=said)
        return replace(joined, terms=parsed.terms)

    def _any_settings(self) -> Any:
        """Return the settings of the user, which hold for all of them."""
        from codesearch import settings

        return settings.merge(settings.load_layers(clones(), self._settings))

    def _each(
        self, ask: Callable[[Repository], Part | _Waiting], only: Collection[str] | None
    ) -> list[Part | _Waiting]:
        chosen = [one for one in self.repositories if only is None or one.name in only]
        if len(chosen) < 2:
            return [ask(one) for one in chosen]
        with ThreadPoolExecutor(min(len(chosen), MOST_AT_ONCE), "codesearch-repositories") as pool:
            return list(pool.map(cancellation.carried(ask), chosen))

    def _guarded(self, one: Repository, ask: Callable[[], _Found]) -> _Found | Part:
        """Return what `ask` returns. Never raises: what goes wrong is the problem of the repository."""
        start = time.monotonic()
        try:
            found = ask()
        except Exception as error:  # noqa: BLE001 -- the others still answer
            cancellation.check()
            said = str(error) if isinstance(error, (CodesearchError, OSError)) else f"it failed: {error!r}"
            log.warning("%s cannot answer: %r", one.name, error)
            return Part(one, Answer(), said, answered=False)
        log.debug("%s: %.0f ms", one.name, 1000 * (time.monotonic() - start))
        return found

    def _begun(self, one: Repository, question: _Question) -> Part | _Waiting:
        """Return the answer of the service of a repository; without one, how likely it is that it can answer."""
        if not one.folder.is_dir():
            return Part(one, Answer(), _missing(one), answered=False)
        index = self.index(one)
        if not index.path.exists():
            return Part(one, Answer(), f"not indexed yet; run `codesearch repo update {one.name}`", answered=False)
        asked = None
        if not question.explain:
            asked = client.query(
                index,
                question.text,
                where=question.where,
                limit=question.limit,
                fresh=question.fresh,
                filters=question.filters,
            )
        if asked is not None:
            used_indexes.used(index.root, index.path)
            answer = replace(asked, problem=_without(asked.problem, question))
            return self._judged(one, index, answer, question, evidence=_evidence(index, question))
        with self._working:
            used_indexes.used(index.root, index.path)
            if not index.current:
                return Part(one, Answer(), _outdated(one, index), answered=False)
            problem, left = _updated(index, question) if question.fresh and index.complete else ("", 0)
            return _Waiting(one, index, _evidence(index, question), problem, left)

    def _finished(self, begun: Sequence[Part | _Waiting], question: _Question) -> list[Part]:
        """Search the repositories that wait, the likeliest first, and the unlikely ones only as long as hits lack.

        A name is looked for in all of them.
        """
        parts = [one if isinstance(one, Part) else None for one in begun]
        odds = likelihood.log_odds([one.evidence for one in begun], is_name=question.parsed.is_name)
        hits = sum(len(one.answer) for one in begun if isinstance(one, Part))
        for at in sorted(range(len(begun)), key=lambda at: -odds[at]):
            if not isinstance(one := begun[at], _Waiting):
                continue
            likely = question.parsed.is_name or odds[at] >= -likelihood.UNLIKELY
            searched = likely or hits < question.limit
            log.debug("%s: log-odds %.1f%s", one.repository.name, odds[at], "" if searched else ", not searched")
            part = self._guarded(one.repository, partial(self._here, one, question, searched=searched))
            hits += len(part.answer)
            parts[at] = part
        return [part for part in parts if part is not None]

    def _here(self, one: _Waiting, question: _Question, *, searched: bool) -> Part:
        """Answer in this process; without hits unless the repository is to be searched."""
        index = one.index
        found = Answer(complete=index.complete)
        reasons: tuple[Ranked, ...] = ()
        if searched:
            try:
                with cancellable(index):
                    ranking = index.rank(question.parsed, limit=question.limit)
            except NotFoundError:
                said = "its index is being made; ask again in a moment"
                return Part(one.repository, Answer(), said, answered=False)
            found = ranking.answer(question.limit)
            reasons = tuple(ranking.ranked[: question.limit]) if question.explain else ()
        fresh = question.fresh and not one.problem
        answer = replace(found, problem=_without(found.problem, question), pending=one.left, fresh=fresh)
        part = self._judged(one.repository, index, answer, question, one.problem, evidence=one.evidence)
        return replace(part, reasons=reasons)

    def _judged(
        self,
        one: Repository,
        index: Index,
        answer: Answer,
        question: _Question,
        problem: str = "",
        *,
        evidence: Evidence | None,
    ) -> Part:
        """Return an answer with what is wrong with it, and how likely its repository is."""
        if not answer.complete:
            problem = f"its first index is not finished; run `codesearch repo update {one.name}`"
        elif question.fresh and not answer.fresh and not problem:
            problem = "some changed files are not indexed yet"
        whole = answer.complete and (answer.fresh or not question.fresh)
        said = "; ".join(filter(None, (problem, answer.problem, *index.warnings)))
        return Part(one, replace(answer, complete=whole), said, evidence=evidence)

    def _read(self, one: Repository, symbol: Symbol) -> list[str]:
        return self.index(one).source(symbol, whole=True)[1]


def _updated(index: Index, question: _Question) -> tuple[str, int]:
    """Index what has changed; return (why the index may be out of date, changed files that are left)."""
    try:
        report = index.update(
            lock_timeout=0.0, should_stop=lambda: time.monotonic() > question.end, words=question.parsed.words
        )
    except IndexBusyError:
        return "it is being indexed; results may be out of date", 0
    except UnwritableError as error:
        return "" if index.status().fresh else str(error), 0
    if report.left:
        return (
            f"{number(report.left, 'changed file is', 'changed files are')} not indexed yet",
            report.left,
        )
    return "", 0


def _evidence(index: Index, question: _Question) -> Evidence | None:
    """Return what an index holds of the question; None if it holds nothing."""
    if (store := index.reader()) is None:
        return None
    where = resolved(question.parsed.where, index.root, index.path)
    with store.snapshot():
        # As many as a search asks for next, which then has them.
        found = store.vector_candidates(question.vector, by_vector(question.limit), where)[: likelihood.NEAREST]
        if not found:
            return None
        near = [max(0.0, min(1.0, similarity)) for _, similarity in found]
        holding = {word: store.holding(Match((Words((word,)),))) for word in question.parsed.terms}
        return Evidence(sum(near) / len(near), store.count(), holding)


def _missing(one: Repository) -> str:
    if one.is_clone:
        return f"its clone is missing; `codesearch repo update {one.name}` makes it again"
    return f"{one.folder} is missing; `codesearch repo remove {one.name}` forgets it"


def _outdated(one: Repository, index: Index) -> str:
    if index.reader() is None:
        return f"its index is being made or of another version; run `codesearch repo update {one.name}`"
    return f"its index was made by other settings or another version; run `codesearch repo update {one.name}`"


def _without(problem: str, question: _Question) -> str:
    """Return a problem without the note about the question, which is said once for all repositories."""
    note = question.parsed.note
    return problem.removeprefix(note).removeprefix("; ") if note else problem


def _without_missing(parts: Sequence[Part], parsed: Query) -> tuple[list[Part], str]:
    """Return parts without the note that a qualified name is missing, and that note if it is missing in all of them."""
    note = qualified.note(parsed)
    there = [part for part in parts if note not in part.answer.problem]
    if not parsed.scope or len(there) == len(parts):
        return list(parts), ""
    found = any(qualified.is_namesake(parsed, hit.symbol) for part in there for hit in part.answer)
    quiet = [
        replace(part, problem="; ".join(filter(None, part.problem.replace(note, "").split("; ")))) for part in parts
    ]
    return quiet, "" if found else note


def open_repositories(*names: str, without: Iterable[str] = (), **settings: Any) -> Repositories:
    """Open the repositories that some names mean: of repositories, of groups, or `all`; without a name, all.

    Those that the names in `without` mean are left out. `settings` are those of `open_index`, for each of them.
    Raises UsageError for an unknown name. A folder that is missing is a problem of the answer.

    >>> with codesearch.open_repositories("backend") as several:
    ...     for found in several.query("where are failed uploads retried"):
    ...         print(found.repository.name, found.hit.symbol.path, found.hit.symbol.start_line)
    """
    return Repositories(selection.choose(names, without), **settings)
