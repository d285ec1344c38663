"""Runs questions against temporary indexes, with one or several variants of the settings."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from codesearch.core.errors import UsageError
from codesearch.core.types import Hit
from codesearch.index import Index
from codesearch.quality.questions import DOCUMENTATION, Question, Target
from codesearch.settings import NAMES, Settings, load_layers, merge

DEPTH = 10

Told = Callable[[int, int], None]
"""A function that is called with (done, total)."""
Progress = Callable[[str], AbstractContextManager[Told]]
"""A function that starts a stage of work with the given name."""


@dataclass(frozen=True, slots=True)
class Variant:
    """Settings to run the questions with."""

    name: str
    """The changed settings as given, such as `model=static,embed=none`; `settings` if nothing is changed."""
    settings: Settings


@dataclass(frozen=True, slots=True)
class Given:
    """One returned hit."""

    path: str
    line: int
    kind: str
    name: str
    score: float
    right: bool


@dataclass(frozen=True, slots=True)
class Outcome:
    """The result of one question."""

    question: Question
    hits: tuple[Given, ...]
    places: tuple[int, ...]
    """Ranks of the right answers that were found, from 1: the first rank of each target."""
    seconds: float

    @property
    def place(self) -> int:
        """Rank of the first right answer, from 1; 0 if there is none."""
        return min(self.places, default=0)


@dataclass(frozen=True, slots=True)
class Run:
    """All outcomes of one variant, in the order of the questions."""

    variant: Variant
    model: str
    """The models with their digests, that of the second stage behind a `+`."""
    symbols: int
    outcomes: tuple[Outcome, ...]
    problem: str = ""
    """Why questions were answered without the second stage that the settings want; "" if they were not."""


NEVER_COMPARED = frozenset({"db", "color", "context", "limit", "feedback"})
"""Settings that do not change the answers."""


def variants(root: Path, settings: Settings, compared: Sequence[str]) -> list[Variant]:
    """Return the variants that `--compare NAME=VALUE[,NAME=VALUE...]` asks for; the settings in force if none.

    Raises UsageError for an unknown setting or an invalid value.
    """
    if not compared:
        return [Variant("settings", settings)]
    found = [Variant(text, _overridden(root, settings, text)) for text in compared]
    names = [variant.name for variant in found]
    if len(set(names)) != len(names):
        raise UsageError("--compare: the same settings twice")
    return found


def _overridden(root: Path, settings: Settings, text: str) -> Settings:
    given: dict[str, Any] = {}
    for part in text.split(","):
        name, equals, value = part.strip().partition("=")
        key = name.strip().replace("-", "_")
        if not equals or key not in NAMES or key in NEVER_COMPARED:
            known = ", ".join(name for name in NAMES if name not in NEVER_COMPARED)
            raise UsageError(f"--compare {text}: must be SETTING=VALUE[,SETTING=VALUE...] with a setting of: {known}")
        given[key] = value.strip()
    checked = merge(load_layers(root, given))
    return replace(settings, **{key: getattr(checked, key) for key in given})


def answers(target: Target, hit: Hit) -> bool:
    """Return whether a hit is a right answer: the hit, a copy of it, or (exactly) a symbol folded under it.

    The containers of a hit are folded under it, too, and would contain the lines of any target in the file.
    """
    symbol = hit.symbol
    found = [(one.path, one.start_line, one.end_line) for one in (symbol, *(hit.folded if target.exact else ()))]
    for place in hit.copies:
        path, _, line = place.rpartition(":")
        found.append((path, int(line), int(line) + symbol.end_line - symbol.start_line))
    return any(target.answered_by(*lines) for lines in found)


def _outcome(question: Question, hits: Sequence[Hit], seconds: float) -> Outcome:
    places: dict[int, int] = {}
    given = []
    for place, hit in enumerate(hits, 1):
        answered = [at for at, target in enumerate(question.targets) if answers(target, hit)]
        for at in answered:
            places.setdefault(at, place)
        symbol = hit.symbol
        given.append(
            Given(symbol.path, symbol.start_line, symbol.kind, symbol.qualname, round(hit.score, 6), bool(answered))
        )
    return Outcome(question, tuple(given), tuple(sorted(places.values())), seconds)


def ask(
    variant: Variant,
    trees: Mapping[str, Path],
    questions: Sequence[Question],
    folder: Path,
    progress: Progress,
    label: str = "",
) -> Run:
    """Index the trees with the settings of a variant and run every question.

    `trees` names the tree of each kind of question; "" is that of all others. The indexes are made in `folder`, which
    must be empty. `label` follows the name of each stretch of work.
    """
    outcomes: dict[int, Outcome] = {}
    model, symbols, problem = "", 0, ""
    for number, tree in enumerate(dict.fromkeys(trees.values())):
        wanted = [at for at, one in enumerate(questions) if trees.get(one.kind, trees.get("")) == tree]
        if not wanted:
            continue
        with Index(tree, replace(variant.settings, db=str(folder / f"{number}.db"))) as index:
            with progress("indexing" + label) as told:
                index.update(on_progress=lambda now, told=told: told(now.files, now.files_total))  # type: ignore[misc]
            second = variant.settings.second_stage
            if second and variant.settings.embed == "full":
                with progress("embedding" + label) as told:
                    index.embed_all(on_progress=lambda now, told=told: told(now.done, now.total))  # type: ignore[misc]
            found = index.status()
            model, symbols = found.model, max(symbols, found.symbols)
            model += f" + {index.reranker_id}" if second else ""
            with progress("asking" + label) as told:
                for at in wanted:
                    started = time.perf_counter()
                    hits = index.query(questions[at].text, limit=DEPTH)
                    outcomes[at] = _outcome(questions[at], hits, time.perf_counter() - started)
                    problem = problem or hits.problem
                    told(len(outcomes), len(questions))
    return Run(variant, model, symbols, tuple(outcomes[at] for at in range(len(questions))), problem)


def trees_of(root: Path, copy: Path | None) -> dict[str, Path]:
    """Return the tree for each kind of question: questions from documentation use the copy without it."""
    return {"": root} if copy is None else {"": root, DOCUMENTATION: copy}
