"""One evaluation from beginning to end, in a temporary folder: the index of the tree is neither read nor written."""

from __future__ import annotations

import tempfile
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from codesearch import languages
from codesearch.core.errors import UsageError
from codesearch.files import discover
from codesearch.quality import mining
from codesearch.quality.ask import Progress, Variant, ask, trees_of
from codesearch.quality.questions import HISTORY, LABELLED, Question, Target
from codesearch.quality.report import Report, report
from codesearch.settings import Settings

FEWEST = 30
"""With fewer questions, a note says that the figures are uncertain."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """The questions to run."""

    mined: int = 200
    """Number of questions to mine if none are given."""
    questions: tuple[Question, ...] = ()
    seed: int = 0


def evaluate(root: Path, variants: Sequence[Variant], wanted: Wanted, progress: Progress) -> Report:
    """Run questions against a tree with each variant of the settings, and return the results.

    The first variant's settings say which files are copied and asked about. Raises UsageError if nothing can be asked.
    """
    with tempfile.TemporaryDirectory(prefix="codesearch-eval-") as folder:
        work = Path(folder).resolve()
        copy = None
        if wanted.questions:
            questions, notes = _present(root, variants[0].settings, wanted.questions)
            questions = [_with_language(question) for question in questions]
        else:
            copy = work / "copy"
            questions, notes = _mined(root, copy, variants[0].settings, wanted, progress)
            if not any(question.kind != HISTORY for question in questions):
                copy = None
        if len(questions) < FEWEST:
            notes.append(f"only {len(questions)} questions: the figures are uncertain, see the intervals")
        runs = []
        for number, variant in enumerate(variants):
            indexes = work / f"indexes-{number}"
            indexes.mkdir()
            label = f" ({variant.name})" if len(variants) > 1 else ""
            runs.append(ask(variant, trees_of(root, copy), questions, indexes, progress, label))
            if runs[-1].problem:
                notes.append(f"{variant.name}: {runs[-1].problem}")
    return report(root, runs, wanted.seed, notes)


def _mined(
    root: Path, copy: Path, settings: Settings, wanted: Wanted, progress: Progress
) -> tuple[list[Question], list[str]]:
    options = settings.file_options()
    with progress("copying without documentation") as told:
        documented = mining.copy_without_documentation(root, copy, options, told)
    committed, problem = mining.history(root, options)
    notes = [f"no questions from history: {problem}"] if problem else []
    questions = mining.shares(documented, committed, wanted.mined, wanted.seed)
    if not questions:
        raise UsageError(
            f"{root}: no questions can be made from it: no documented functions and no suitable commits"
            + (f" ({problem})" if problem else "")
            + "; write some yourself: codesearch eval --queries FILE"
        )
    return questions, notes


def _with_language(question: Question) -> Question:
    found = languages.detect(question.targets[0].path, b"")
    return replace(question, language=found.name) if found is not None and not question.language else question


def _present(root: Path, settings: Settings, questions: Sequence[Question]) -> tuple[list[Question], list[str]]:
    """Return the questions without answers that are missing from the tree, and notes on questions with no other answer.

    These keep them, and count as not answered.
    """
    by_name: dict[str, list[str]] = defaultdict(list)
    for file in discover(root, settings.file_options()).files:
        by_name[PurePosixPath(file.path).name].append(file.path)

    def is_there(target: Target) -> bool:
        whole = replace(target, start=None, end=None, exact=False)
        return any(whole.answered_by(path, 1, 1) for path in by_name[PurePosixPath(target.path).name])

    found, gone = [], []
    for question in questions:
        if not (targets := tuple(filter(is_there, question.targets))):
            gone.append(question.targets[0].path)
        found.append(replace(question, targets=targets or question.targets))
    if not gone:
        return found, []
    return found, [f"{len(gone)} of {len(found)} questions have answers that are not in the tree, such as {gone[0]}"]


def counted(questions: Sequence[Question]) -> str:
    """Return the number of questions of each kind: `120 documentation, 80 history`."""
    kinds = Counter(question.kind or LABELLED for question in questions)
    return ", ".join(f"{count:,} {kind}" for kind, count in kinds.most_common())
