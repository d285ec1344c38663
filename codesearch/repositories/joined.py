"""One ranked list from the answers of several repositories."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import overload

from codesearch.core.types import Answer, Hit, Symbol
from codesearch.repositories.likelihood import Evidence, log_odds
from codesearch.repositories.registry import Repository
from codesearch.search import Ranked

Read = Callable[[Repository, Symbol], list[str]]


@dataclass(frozen=True, slots=True)
class Place:
    """Where the same code is in another repository."""

    repository: str
    path: str
    line: int

    def __str__(self) -> str:
        return f"{self.repository}:{self.path}:{self.line}"


@dataclass(frozen=True, slots=True)
class RepositoryHit:
    """A hit, and the repository that it is in."""

    repository: Repository
    hit: Hit
    """Its rank is that among all repositories."""
    also: tuple[Place, ...] = ()
    """The same code in other repositories."""
    reason: Ranked | None = None
    """Why it has its score, if that was asked for."""


@dataclass(frozen=True, slots=True)
class Part:
    """What one repository answered."""

    repository: Repository
    answer: Answer
    problem: str = ""
    """Why it did not answer, or could have answered better; "" if it could not."""
    answered: bool = True
    evidence: Evidence | None = None
    """What it holds of the question; None if that is not known."""
    reasons: tuple[Ranked, ...] = ()
    """One for each hit, if they were asked for."""


@dataclass(frozen=True, slots=True)
class JoinedAnswer(Sequence[RepositoryHit]):
    """The hits of all repositories, best first. Use it as a sequence of hits."""

    hits: tuple[RepositoryHit, ...] = ()
    parts: tuple[Part, ...] = ()
    """What each repository answered, in the order in which they were asked."""
    note: str = ""
    """What to say about how the question was understood."""
    terms: tuple[str, ...] = ()
    """The words of the question that matter."""

    @overload
    def __getitem__(self, at: int) -> RepositoryHit: ...
    @overload
    def __getitem__(self, at: slice) -> tuple[RepositoryHit, ...]: ...
    def __getitem__(self, at: int | slice) -> RepositoryHit | tuple[RepositoryHit, ...]:
        return self.hits[at]

    def __len__(self) -> int:
        return len(self.hits)

    def __iter__(self) -> Iterator[RepositoryHit]:
        return iter(self.hits)

    @property
    def problem(self) -> str:
        """Why the answer is poorer than it could be: each repository with its problem; "" if it is not."""
        said = [f"{part.repository.name}: {part.problem}" for part in self.parts if part.problem]
        return "; ".join(([self.note] if self.note else []) + said)

    @property
    def complete(self) -> bool:
        """Whether every repository answered, from a whole and current index."""
        return all(part.answered and part.answer.complete for part in self.parts)

    @property
    def answered(self) -> bool:
        """Whether at least one repository answered."""
        return any(part.answered for part in self.parts)


def join(
    parts: Sequence[Part], limit: int, read: Read, *, by_file: bool = False, is_name: bool = False, note: str = ""
) -> JoinedAnswer:
    """Return the best `limit` hits of all answers.

    The score of a hit is its probability if its repository is the right one. How likely that is follows from what the
    repository holds of the question: scores keep their value in the likeliest repository, and are lower in the others.
    `by_file` and `is_name` are as in `Query`: by file, the answers list the best hit of each file first, and so does
    the result. `read` returns the source of a symbol, by which the same code in two repositories is recognised: it is
    one hit.
    """
    odds = log_odds([part.evidence for part in parts], is_name=is_name)
    by_file = by_file and not is_name
    order = [
        entry for part, behind in zip(parts, odds, strict=True) for entry in _placed(part, behind, by_file=by_file)
    ]
    order.sort(key=lambda entry: entry[0])
    kept: list[RepositoryHit] = []
    source = _once(read)
    like: dict[tuple[object, ...], list[int]] = {}
    for _, repository, hit, reason in order:
        alike = like.setdefault(_likeness(hit.symbol), [])
        same = next((at for at in alike if _is_copy(kept[at], repository, hit, source)), None)
        if same is not None:
            place = Place(repository.name, hit.symbol.path, hit.symbol.start_line)
            kept[same] = replace(kept[same], also=(*kept[same].also, place))
            continue
        alike.append(len(kept))
        kept.append(RepositoryHit(repository, hit, reason=reason))
    hits = tuple(
        replace(one, hit=replace(one.hit, rank=rank)) for rank, one in enumerate(kept[:limit], 1)
    )  # after all are folded, so that a copy further down is named
    return JoinedAnswer(hits, tuple(parts), note)


def _placed(
    part: Part, odds: float, *, by_file: bool
) -> Iterator[tuple[tuple[bool, float], Repository, Hit, Ranked | None]]:
    """Yield the hits of one answer with their sort keys, which keep its own order; `odds` are those of `log_odds`."""
    files: set[str] = set()
    least = {False: 1.0, True: 1.0}
    for at, hit in enumerate(part.answer):
        again = by_file and hit.symbol.path in files
        files.add(hit.symbol.path)
        score = _lowered(hit.score, -odds)
        least[again] = min(least[again], score)
        reason = part.reasons[at]._replace(odds=odds) if part.reasons else None
        yield (again, -least[again]), part.repository, replace(hit, score=score), reason


def _lowered(score: float, by: float) -> float:
    """Return a probability whose log-odds are lower by some value."""
    if by == 0.0 or not 0.0 < score < 1.0:
        return score
    return 1 / (1 + (1 - score) / score * math.exp(by))


def _likeness(symbol: Symbol) -> tuple[object, ...]:
    """Return what copies have in common for sure, so that few sources have to be compared."""
    return symbol.kind, symbol.name, symbol.language, symbol.end_line - symbol.start_line


def _once(read: Read) -> Read:
    """Return `read` so that it reads each symbol once."""
    known: dict[tuple[str, str, int, int], list[str]] = {}

    def once(repository: Repository, symbol: Symbol) -> list[str]:
        key = repository.name, symbol.path, symbol.start_byte, symbol.end_byte
        if key not in known:
            known[key] = read(repository, symbol)
        return known[key]

    return once


def _is_copy(kept: RepositoryHit, repository: Repository, hit: Hit, read: Read) -> bool:
    if kept.repository.name == repository.name:
        return False
    lines = read(repository, hit.symbol)
    return bool(lines) and lines == read(kept.repository, kept.hit.symbol)
