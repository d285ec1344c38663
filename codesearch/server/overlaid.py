"""A server's answer with the files of a checkout that differ from what the server has.

Which repository of the server a checkout is follows from commits: that of the server is one that the clone has. Files
that differ from it answer from here, by a small index in memory, and in one ranking with the rest.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from functools import partial
from pathlib import Path
from typing import Any

from codesearch import embed
from codesearch.artifacts import changes, revision
from codesearch.core.counts import number
from codesearch.core.errors import CodesearchError, NotFoundError
from codesearch.core.filter import Filter
from codesearch.core.types import Answer, Symbol
from codesearch.files import discover_only
from codesearch.files.reading import read_plain
from codesearch.indexing.buffer_worker import Buffer, BufferReader
from codesearch.rerank.job import RerankBudget, Similarities
from codesearch.rerank.reranker import Reranker
from codesearch.search import Query, parse, query_vector, rank_candidates
from codesearch.search.candidates import Candidate
from codesearch.search.overlay import BufferView, Overlay
from codesearch.server.remote import UnreachableError
from codesearch.server.second_stage import Cosines
from codesearch.settings import Settings
from codesearch.store.match import Match, Words

MOST_FILES = 500
"""Files that may differ; an index of more is no small one."""
_CANDIDATE = [one.name for one in fields(Candidate)]
_SYMBOL = [one.name for one in fields(Symbol)]
"""What a server says of a candidate."""


class TooDifferentError(CodesearchError):
    """More than MOST_FILES files differ."""


@dataclass(frozen=True, slots=True)
class Checkout:
    """A checkout of a repository that a server has."""

    root: Path
    repository: str
    ref: str
    commit: str
    """What the server has."""
    paths: tuple[str, ...]
    """Files that differ from it, those that are gone among them."""
    others: tuple[str, ...] = ()
    """Other repositories of the server that it could be."""

    def about(self) -> dict[str, Any]:
        """Return what an answer says about it."""
        return {"repository": self.repository, "root": str(self.root), "commit": self.commit, "files": len(self.paths)}


def find(root: Path, refs: list[dict[str, Any]], wanted: list[str]) -> Checkout | None:
    """Return which repository of a server a checkout is of; None if it is of none.

    `refs` are those of the server; with `wanted`, only these repositories count. The first branch of each repository is
    the one that is searched. Raises TooDifferentError.
    """
    first: dict[str, dict[str, Any]] = {}
    for one in refs:
        first.setdefault(str(one["repository"]), one)
    names = {name: one for name, one in first.items() if not wanted or name in wanted}
    known = revision.present(root, (str(one["commit"]) for one in names.values()))
    own = sorted((name for name, one in names.items() if one["commit"] in known), key=lambda name: name != root.name)
    if not own:
        return None
    chosen = names[own[0]]
    commit = str(chosen["commit"])
    try:
        paths = tuple(changes.paths_since(root, commit))
    except NotFoundError:
        return None
    if len(paths) > MOST_FILES:
        raise TooDifferentError(
            f"{number(len(paths), 'file')} here differ from {own[0]} on the server, more than {MOST_FILES}: "
            "they do not count"
        )
    return Checkout(root, own[0], str(chosen["ref"]), commit, paths, tuple(own[1:]))


@dataclass(frozen=True, slots=True)
class Overlaid:
    """An answer: hits by their repositories, and what was found out on the way."""

    answer: Answer
    repositories: tuple[str, ...]
    """Of each hit."""
    local: frozenset[int]
    """The ranks of the hits that are from this checkout's files."""
    problem: str


def answer(found: Mapping[str, Any], checkout: Checkout, where: Filter, limit: int, settings: Settings) -> Overlaid:
    """Return the answer from a server's candidates (`/candidates`) and the files of a checkout that differ."""
    query = parse(str(found["text"]), where)
    query = query.literal if found["literal"] else query
    several = len(found["repositories"]) > 1
    view, problems = _read(checkout, settings)
    try:
        remote = [_candidate(one, several=several) for one in found["candidates"]]
    except (KeyError, TypeError) as error:
        raise UnreachableError(f"the server's candidates cannot be read: {type(error).__name__} {error}") from error
    candidates = [one for one, _ in remote]
    if any(one["name"] == checkout.repository for one in found["repositories"]):
        own = _own(found, view, query)
        candidates += [replace(one, symbol=_in(checkout.repository, one.symbol)) if several else one for one in own]
    cosines = {one.id: near for one, near in remote if near is not None}
    compare = partial(_compared, found["reranked"], cosines, view, Reranker(checkout.root, None, settings), query)
    ranking = rank_candidates(query, candidates, compare if found["reranked"] else None)
    of = {int(one["id"]): str(one["repository"]) for one in found["candidates"]}
    named = [(item.candidate.id, of.get(item.candidate.id, checkout.repository)) for item in ranking.ranked[:limit]]
    problem = "; ".join(filter(None, (*problems, ranking.problem)))
    return _answered(ranking.answer(limit), named, problem, several=several)


def _answered(answer: Answer, named: list[tuple[int, str]], problem: str, *, several: bool) -> Overlaid:
    """Return an answer with the repositories of its hits; `named` has (candidate, repository) of each."""
    names = tuple(name for _, name in named)
    hits = tuple(_bare(hit, name) if several else hit for hit, name in zip(answer, names, strict=True))
    local = frozenset(rank for rank, (id, _) in enumerate(named, 1) if id < 0)
    return Overlaid(replace(answer, hits=hits), names, local, problem)


def _own(found: Mapping[str, Any], view: BufferView | None, query: Query) -> list[Candidate]:
    """Return the candidates among the files that differ."""
    if view is None:
        return []
    vector = query_vector(embed.load(embed.STATIC), query)
    return view.candidates(_Counts(int(found["texts"]), found["holding"]), query, vector)


def _read(checkout: Checkout, settings: Settings) -> tuple[BufferView | None, list[str]]:
    """Return the index of the files that differ, and what to say about those that cannot be read."""
    options = settings.file_options()
    listed = discover_only(checkout.root, checkout.paths, options) if checkout.paths else None
    overlay, failed = Overlay(), []
    reader = BufferReader()
    try:
        for file in listed.files if listed is not None else ():
            try:
                data = read_plain(f"{checkout.root}/{file.path}", settings.max_file_size + 1)
            except OSError as error:
                failed.append(f"{file.path} ({error.strerror})")
                continue
            record = reader.read(Buffer(file.path, data, None, options, settings.parse_timeout))
            if record.skipped is None:
                overlay.put(record, data)
            elif record.skipped.startswith("parse"):
                failed.append(f"{file.path} ({record.skipped})")
    finally:
        reader.close()
    said = [f"changed here, but cannot be read: {', '.join(failed)}"] if failed else []
    return overlay.view(), said


def _compared(
    reranked: Mapping[str, Any],
    cosines: Mapping[int, float],
    view: BufferView | None,
    reranker: Reranker,
    query: Query,
    best: Mapping[int, Symbol],
) -> Similarities:
    """Return how near the best candidates are to the question: the server's as it said, those of here by its model."""
    known = {id: cosines[id] for id in best if id in cosines}
    own = [id for id in best if id < 0]
    if view is None or not own:
        return Similarities(known)
    job = reranker.begin(None, query.text, is_name=query.is_name, rerank="fast")
    if job is None:
        return Similarities(known)
    if job.problem or job.model_id != reranked["model"]:
        why = job.problem or f"the server's model is {reranked['model']}, and here it is {job.model_id}"
        return Similarities(known, f"your changed files were not compared with the question: {why}")
    evidence = job.look(None, {}, view.sources(own))
    result = job.similarities(Cosines(), evidence, RerankBudget(keep_query=False, write_later=True))
    return result._replace(cosines={**known, **result.cosines})


@dataclass(frozen=True, slots=True)
class _Counts:
    """How many texts of the server hold each word: `search.overlay.Counts`."""

    texts: int
    holding: Mapping[str, list[int]]

    def count(self, match: Match | None = None) -> int:
        """Return the number of texts, or of those that hold the word of a match."""
        if match is None:
            return self.texts
        only = match.any_of[0]
        assert isinstance(only, Words)
        return int(self.holding.get(only.words[0], (0, 0))[match.naming])


def _candidate(value: Mapping[str, Any], *, several: bool) -> tuple[Candidate, float | None]:
    """Return a candidate of a server, and its cosine."""
    known = {name: value[name] for name in _CANDIDATE}  # a newer server may say more
    symbol = Symbol(**{name: value["symbol"][name] for name in _SYMBOL})
    known["symbol"] = _in(str(value["repository"]), symbol) if several else symbol
    known["roles"], known["terms"] = frozenset(value["roles"]), tuple(value["terms"])
    return Candidate(**known), value["cosine"]


def _in(repository: str, symbol: Symbol) -> Symbol:
    return replace(symbol, path=f"{repository}:{symbol.path}")


def _bare(hit: Any, repository: str) -> Any:
    """Return a hit with paths in its repository."""

    def bare(symbol: Symbol) -> Symbol:
        return replace(symbol, path=symbol.path.partition(":")[2])

    copies = tuple(copy.removeprefix(f"{repository}:") for copy in hit.copies)
    return replace(hit, symbol=bare(hit.symbol), folded=tuple(map(bare, hit.folded)), copies=copies)
