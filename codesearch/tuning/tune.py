"""Tunes the ranking to one tree, from mining the questions to keeping what was learned.

Questions are asked in temporary indexes; the index of the tree is not written, and nothing leaves the machine. Only at
the end is one small file written beside the index, so an interruption at any moment changes nothing.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from codesearch.core.errors import UsageError
from codesearch.index import Index
from codesearch.quality import feedback, mining
from codesearch.quality.ask import Progress
from codesearch.quality.questions import Question
from codesearch.search import tuned
from codesearch.settings import Settings
from codesearch.store import Store, tunings
from codesearch.store.tunings import Tuning
from codesearch.tuning import judging
from codesearch.tuning.asking import Asked, ask
from codesearch.tuning.judging import Verdict
from codesearch.tuning.questions import NAMES, narrowed, of_names, of_tests

TIMED = 200
"""Number of times that adapting a query is repeated to measure it."""


@dataclass(frozen=True, slots=True)
class Options:
    """What to do, and how much."""

    count: int = 400
    """Maximum number of questions, names not counted."""
    seconds: float = 600.0
    """Time for asking questions; the indexes and the judging come on top."""
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of it."""

    root: Path
    model: str
    verdict: Verdict
    tuning: Tuning | None
    """What may be adopted; None if nothing may."""
    milliseconds: float
    """What it adds to a query."""
    seconds: float
    in_time: bool
    """Whether all questions were asked before the time was over."""
    notes: tuple[str, ...] = ()


def tune(index: Index, options: Options, progress: Progress) -> Outcome:
    """Learn from questions that a tree answers itself, and judge it; nothing is kept (see `adopt`).

    Raises UsageError if the reranker is off or a service, or no questions can be made from the tree.
    """
    model = _model(index)
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="codesearch-tune-") as folder, Questions(index, Path(folder)) as made:
        asked, in_time = made.asked(options, progress)
        with progress("judging") as told:
            store = made.store
            verdict = judging.judge(store, asked, options.seed, told)
            tuning = _tuning(store, asked, verdict, model) if verdict.adopted else None
    extra = _milliseconds(tuning, asked)
    return Outcome(index.root, model, verdict, tuning, extra, time.monotonic() - started, in_time, made.notes)


def adopt(index: Index, outcome: Outcome) -> bool:
    """Keep what was learned with the index, if it may be adopted; return whether it was. Raises UnwritableError."""
    if outcome.tuning is None:
        return False
    tunings.write(index.path, outcome.tuning)
    return True


def undo(index: Index) -> bool:
    """Forget what was learned; return whether there was something. Raises UnwritableError."""
    return tunings.remove(index.path)


def _model(index: Index) -> str:
    from codesearch import embed

    if not index.settings.second_stage:
        raise UsageError("the reranker is off, and only its ranking can be tuned: see the settings model and embed")
    if isinstance(embed.load(index.settings.second_stage), embed.RemoteEmbedder):
        raise UsageError("the reranker is a service: nothing is sent there to tune; choose a model of this machine")
    return index.reranker_id


class Questions:
    """The questions of a tree, and the temporary indexes that they are asked in. A context manager."""

    def __init__(self, index: Index, folder: Path) -> None:
        self._source, self._folder = index, folder.resolve()
        self._opened: list[Index] = []
        self.notes: tuple[str, ...] = ()

    def __enter__(self) -> Questions:
        return self

    def __exit__(self, *error: object) -> None:
        for one in self._opened:
            one.close()

    @property
    def store(self) -> Store:
        """A store that does arithmetic."""
        return self._opened[0].required_reader()

    def asked(self, options: Options, progress: Progress) -> tuple[list[Asked], bool]:
        """Return the questions, asked, and whether there was time for all. Raises UsageError if there are none."""
        root, settings = self._source.root, self._source.settings
        with progress("copying without documentation") as told:
            copy = self._folder / "copy"
            documented = mining.copy_without_documentation(root, copy, settings.file_options(), told)
        half = options.count // 2
        here = self._open(root, settings, "tree", progress)
        others = self._others(here, options.count - min(half, len(documented)), options.seed)
        learnable = sum(question.kind != NAMES for question in others)
        documented = mining.sample(documented, options.count - learnable, options.seed)
        if not documented and not learnable:
            raise UsageError(
                f"{root}: no queries can be made from it: no documented functions, no tests whose names say "
                "something, and no suitable commits"
            )
        deadline = time.monotonic() + options.seconds
        total = len(documented) + len(others)
        found: list[Asked] = []
        done = 0
        for one, questions in ((here, others), (None, documented)):
            if not questions:
                continue
            place = one or self._open(copy, settings, "copy", progress)
            with progress("asking") as told:
                # Each kind gets a share of the time, so that no kind is missing if the time runs out.
                end = deadline if one is None else time.monotonic() + options.seconds * len(questions) / total
                found += ask(place, questions, _before(end), lambda now, told=told, base=done: told(base + now, total))  # type: ignore[misc]
            done += len(questions)
        return found, time.monotonic() < deadline

    def _open(self, root: Path, settings: Settings, name: str, progress: Progress) -> Index:
        index = Index(root, replace(settings, db=str(self._folder / f"{name}.db")))
        self._opened.append(index)
        with progress("indexing") as told:
            index.update(on_progress=lambda now: told(now.files, now.files_total))
        return index

    def _others(self, here: Index, most: int, seed: int) -> list[Question]:
        """Return the questions about the tree as it is, mixed: history, tests, opened answers and names."""
        source = self._source
        opened = feedback.questions(source) if source.settings.feedback else []
        committed, problem = mining.history(source.root, source.settings.file_options())
        self.notes = (f"no queries from history: {problem}",) if problem else ()
        most = max(0, most - len(opened))
        tested = of_tests(here, most // 2, seed)
        committed = narrowed(here, mining.sample(committed, most - len(tested), seed))
        names = of_names(here, max(judging.FEWEST_OF_KIND, most // 4), seed)
        return mining.sample([*opened, *committed, *tested, *names], 1 << 30, seed)


def _before(end: float) -> Callable[[], bool]:
    return lambda: time.monotonic() < end


def _tuning(store: Store, asked: Sequence[Asked], verdict: Verdict, model: str) -> Tuning:
    weights, shift, adapter = judging.learn(store, asked, verdict.adopted)
    gain = next(way.gain for way in verdict.ways if way.name == verdict.adopted)
    return Tuning(
        model=model,
        ranking=tuned.version(),
        weights=weights,
        shift=shift,
        adapter=adapter,
        gain=(round(gain.mean, 4), round(gain.low, 4), round(gain.high, 4)),
        questions=len(asked),
        when=time.strftime("%Y-%m-%d"),
    )


def _milliseconds(tuning: Tuning | None, asked: Sequence[Asked]) -> float:
    """Return what a tuning adds to a query: the weights nothing, an adapter some arithmetic."""
    if tuning is None or tuning.adapter is None or not asked:
        return 0.0
    started = time.perf_counter()
    for at in range(TIMED):
        tuning.adapter.moved(asked[at % len(asked)].vector)
    return 1000 * (time.perf_counter() - started) / TIMED
