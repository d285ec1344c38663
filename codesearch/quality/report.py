"""The report of an evaluation: metrics with intervals, by kind, language and folder; differences; JSON."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from codesearch._version import __version__
from codesearch.core.errors import NotFoundError, UsageError
from codesearch.quality.ask import Outcome, Run
from codesearch.quality.metrics import METRICS, Bin, Interval, difference, interval, of_places, reliability

Earlier = Mapping[tuple[str, str], Sequence[float]]
"""The values of each metric, by the key of each question."""
FORMAT = 1
"""Version of the JSON format; raised when a field changes its meaning."""
GROUPINGS = ("kind", "language", "folder")
FEWEST_COMMON = 10
"""Minimum number of questions that two evaluations must share to be compared."""


@dataclass(frozen=True, slots=True)
class Figures:
    """The metrics of some questions."""

    count: int
    metrics: Mapping[str, Interval]


@dataclass(frozen=True, slots=True)
class RunReport:
    """The figures of one run."""

    run: Run
    values: Mapping[str, tuple[float, ...]]
    """Per metric, one value per question."""
    figures: Figures
    groups: Mapping[str, Mapping[str, Figures]]
    """By `kind`, `language` and `folder`; most questions first."""
    bins: tuple[Bin, ...]
    calibration_error: float
    median_seconds: float

    @property
    def name(self) -> str:
        """The settings that differ from the other runs."""
        return self.run.variant.name


@dataclass(frozen=True, slots=True)
class Difference:
    """The differences between the metrics of two runs over the same questions."""

    name: str
    against: str
    count: int
    metrics: Mapping[str, Interval]

    @property
    def dropped(self) -> tuple[str, ...]:
        """The metrics that are significantly lower: their interval lies below zero."""
        return tuple(metric for metric in METRICS if self.metrics[metric].high < 0)


@dataclass(frozen=True, slots=True)
class Report:
    """The complete result of an evaluation."""

    root: str
    seed: int
    runs: tuple[RunReport, ...]
    differences: tuple[Difference, ...]
    """Each further run compared with the first."""
    notes: tuple[str, ...] = ()
    baseline: Difference | None = None
    """The first run compared with an earlier evaluation."""


def summarise(run: Run, seed: int) -> RunReport:
    """Return the figures of a run."""
    rows = [of_places(outcome.places, len(outcome.question.targets)) for outcome in run.outcomes]
    values = {metric: tuple(row[number] for row in rows) for number, metric in enumerate(METRICS)}
    groups = {}
    for grouping in GROUPINGS:
        names = [_group(outcome, grouping) for outcome in run.outcomes]
        groups[grouping] = {
            name: _figures(values, [at for at, other in enumerate(names) if other == name], seed)
            for name, _ in Counter(names).most_common()
        }
    hits = [hit for outcome in run.outcomes for hit in outcome.hits]
    bins, error = reliability([hit.score for hit in hits], [hit.right for hit in hits])
    return RunReport(
        run,
        values,
        _figures(values, range(len(rows)), seed),
        groups,
        tuple(bins),
        error,
        median(outcome.seconds for outcome in run.outcomes) if run.outcomes else 0.0,
    )


def _group(outcome: Outcome, grouping: str) -> str:
    question = outcome.question
    if grouping == "kind":
        return question.kind
    if grouping == "folder":
        return question.folder
    return question.language or "unknown"


def _figures(values: Mapping[str, Sequence[float]], which: Sequence[int], seed: int) -> Figures:
    return Figures(len(which), {metric: interval([values[metric][at] for at in which], seed) for metric in METRICS})


def compare(run: RunReport, other: RunReport, seed: int) -> Difference:
    """Return the differences between two runs over the same questions."""
    metrics = {metric: difference(run.values[metric], other.values[metric], seed) for metric in METRICS}
    return Difference(run.name, other.name, run.figures.count, metrics)


def report(root: Path, runs: Sequence[Run], seed: int, notes: Sequence[str] = ()) -> Report:
    """Return the report of runs over the same questions; the others are compared with the first."""
    found = tuple(summarise(run, seed) for run in runs)
    return Report(str(root), seed, found, tuple(compare(other, found[0], seed) for other in found[1:]), tuple(notes))


def worst(run: RunReport, most: int) -> list[Outcome]:
    """Return the worst questions: those without a right answer first, then those with the lowest ranks."""
    failed = [outcome for outcome in run.run.outcomes if outcome.place != 1]
    return sorted(failed, key=lambda outcome: (-(outcome.place or 99), outcome.question.text))[:most]


# -- against an earlier evaluation ----------------------------------------------------------------


def against(run: RunReport, file: Path, earlier: Earlier, seed: int) -> Difference:
    """Compare a run with an earlier evaluation, read from `file`, over the questions that both asked.

    Raises UsageError if they share too few questions.
    """
    pairs = []
    for at, outcome in enumerate(run.run.outcomes):
        if (values := earlier.get(outcome.question.key)) is not None:
            pairs.append(([run.values[metric][at] for metric in METRICS], values))
    if len(pairs) < FEWEST_COMMON:
        raise UsageError(
            f"{file}: has {len(pairs)} questions in common with this evaluation, at least {FEWEST_COMMON} are needed: "
            "use the same --queries, --seed and settings"
        )
    metrics = {
        metric: difference([new[number] for new, _ in pairs], [old[number] for _, old in pairs], seed)
        for number, metric in enumerate(METRICS)
    }
    return Difference(run.name, file.name, len(pairs), metrics)


def earlier(file: Path) -> Earlier:
    """Return the values of the first run of an evaluation that was saved.

    Raises NotFoundError if there is no such file, UsageError if it is no evaluation.
    """
    try:
        value = json.loads(file.read_text("utf-8"))
    except FileNotFoundError:
        raise NotFoundError(f"{file}: no such evaluation; make one with --save {file}") from None
    except (ValueError, RecursionError):
        raise UsageError(_not_saved(file)) from None
    try:
        if value["format"] != FORMAT:
            raise UsageError(f"{file}: was saved by another version of codesearch; save a new one with --save")
        return {
            (row["query"], " ".join(_path(target) for target in row["targets"])): [float(row[key]) for key in METRICS]
            for row in value["runs"][0]["results"]
        }
    except (LookupError, TypeError, ValueError, AttributeError):
        raise UsageError(_not_saved(file)) from None


def _not_saved(file: Path) -> str:
    return f"{file}: not an evaluation; give a file that `codesearch eval --save {file.name}` has written"


def _path(target: dict[str, Any]) -> str:
    return str(target["path"])


# -- JSON -----------------------------------------------------------------------------------------


def to_json(found: Report) -> dict[str, Any]:
    """Return an evaluation as JSON, as docs/eval.md describes it."""
    value: dict[str, Any] = {
        "format": FORMAT,
        "codesearch": __version__,
        "root": found.root,
        "seed": found.seed,
        "notes": list(found.notes),
        "runs": [_run_json(run) for run in found.runs],
        "differences": [_difference_json(one) for one in found.differences],
    }
    if found.baseline is not None:
        value["baseline"] = _difference_json(found.baseline)
    return value


def _run_json(run: RunReport) -> dict[str, Any]:
    return {
        "name": run.name,
        "model": run.run.model,
        "symbols": run.run.symbols,
        **_figures_json(run.figures),
        "median_seconds": round(run.median_seconds, 4),
        "calibration_error": round(run.calibration_error, 6),
        "reliability": [
            {"low": one.low, "high": one.high, "count": one.count, "score": round(one.score, 6), "right": one.right}
            for one in run.bins
        ],
        "by": {
            grouping: {name: _figures_json(figures) for name, figures in groups.items()}
            for grouping, groups in run.groups.items()
        },
        "results": [
            _outcome_json(outcome, {metric: run.values[metric][at] for metric in METRICS})
            for at, outcome in enumerate(run.run.outcomes)
        ],
    }


def _figures_json(figures: Figures) -> dict[str, Any]:
    return {"questions": figures.count, "metrics": _metrics_json(figures.metrics)}


def _metrics_json(metrics: Mapping[str, Interval]) -> dict[str, Any]:
    return {
        name: {"mean": round(one.mean, 6), "low": round(one.low, 6), "high": round(one.high, 6)}
        for name, one in metrics.items()
    }


def _difference_json(one: Difference) -> dict[str, Any]:
    metrics = _metrics_json(one.metrics)
    return {
        "run": one.name,
        "against": one.against,
        "questions": one.count,
        "metrics": metrics,
        "dropped": list(one.dropped),
    }


def _outcome_json(outcome: Outcome, values: Mapping[str, float]) -> dict[str, Any]:
    question = outcome.question
    return {
        "query": question.text,
        "kind": question.kind,
        "language": question.language,
        "targets": [
            {"path": target.path, **({} if target.start is None else {"start": target.start})}
            for target in question.targets
        ],
        "place": outcome.place,
        **values,
        "hits": [
            {
                "path": hit.path,
                "line": hit.line,
                "kind": hit.kind,
                "name": hit.name,
                "score": hit.score,
                "right": hit.right,
            }
            for hit in outcome.hits
        ],
    }
