"""`codesearch tune`: adapt the ranking to a tree, if that helps."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any

import typer

from codesearch.cli import options, session, targets
from codesearch.cli.exit_codes import FOUND, NOTHING
from codesearch.cli.options import DbOption, PathArgument, ReportOptions, RootOption
from codesearch.cli.ui.console import Look, clean, look
from codesearch.cli.ui.reports import printed
from codesearch.core.counts import number
from codesearch.core.errors import UsageError

if TYPE_CHECKING:
    from codesearch.quality.metrics import Interval
    from codesearch.tuning.tune import Outcome

TITLES = {"weights": "weights", "query": "query vector", "both": "both"}


def tune(
    path: PathArgument = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Learn and measure, but keep the ranking as it is.")
    ] = False,
    undo: Annotated[bool, typer.Option("--undo", help="Forget what was learned.")] = False,
    queries: Annotated[int, typer.Option("--queries", min=1, metavar="N", help="Maximum number of queries.")] = 400,
    minutes: Annotated[float, typer.Option("--minutes", metavar="N", help="Time for running the queries.")] = 10.0,
    seed: Annotated[int, typer.Option("--seed", min=0, metavar="N", help="Random seed for choosing queries.")] = 0,
    root: RootOption = None,
    db: DbOption = None,
    *,
    output: ReportOptions,
) -> int:
    """Adapt the ranking to your code, if that helps.

    codesearch tune
    codesearch tune --dry-run
    codesearch tune --undo

    It learns from queries with known answers: documentation (searched in a copy without it), commits,
    names of tests, and results that you opened (if the setting `feedback` is on). What it learns is used
    only if queries about other files improve significantly. Nothing leaves the machine.

    Exit status: 0 if it is used (with --dry-run: would be), or undone; 1 if not, or there was nothing to undo.
    """
    if undo and dry_run:
        raise UsageError("--undo and --dry-run cannot be combined")
    if not 0 < minutes <= 24 * 60:
        raise UsageError("--minutes must be more than 0, and at most 1440")
    folder = targets.root_of(path, root, db, quiet=output.quiet)
    with session.opened(folder, db=db, color=options.value_of(output.color)) as index:
        from codesearch.tuning.tune import Options, adopt, tune
        from codesearch.tuning.tune import undo as forget

        if undo:
            there = forget(index)
            session.tell("the tuning is undone" if there else "there is no tuning to undo", quiet=output.quiet)
            return FOUND if there else NOTHING
        from codesearch.cli.ui.progress import stretches
        from codesearch.store import location

        if not dry_run:
            location.prepare(index.path)  # say now, not after ten minutes, that nothing can be kept
        found = tune(index, Options(queries, 60 * minutes, seed), stretches(quiet=output.quiet))
        kept = not dry_run and adopt(index, found)
        shown = look(index.settings.color)
    printed(to_json(found, kept=kept), lines(found, shown, dry_run=dry_run), as_json=output.is_json)
    return FOUND if found.tuning is not None else NOTHING


def lines(found: Outcome, look: Look, *, dry_run: bool) -> Iterator[str]:
    """Yield what came of it as lines of text."""
    verdict = found.verdict
    kinds = ", ".join(f"{count:,} {kind}" for kind, count in sorted(verdict.questions.items()))
    yield f"{clean(str(found.root))}: {number(sum(verdict.questions.values()), 'query', 'queries')} ({clean(kinds)})"
    notes = found.notes if found.in_time else (*found.notes, "the time was over before all queries had been run")
    for note in notes:
        yield look.paint(f"note: {clean(note)}", "2")
    if verdict.ways:
        yield ""
        yield look.paint(f"MRR@10 on held-out queries, {verdict.before['']:.3f} as it is", "2")
    for way in verdict.ways:
        sure = "32" if way.gain.low > 0 else "31" if way.gain.high < 0 else "2"
        yield f"  {TITLES[way.name]:<14}{look.paint(_interval(way.gain), sure)}"
    best = max(verdict.ways, key=lambda way: (way.name == verdict.adopted, way.gain.mean), default=None)
    if best is not None:
        yield ""
        yield look.paint(f"by kind, with {TITLES[best.name]}", "2")
        for kind, gain in best.by_kind.items():
            yield f"  {clean(kind):<14}{_interval(gain)}  from {verdict.before[kind]:.3f}"
    yield ""
    if found.tuning is None:
        yield f"not tuned: {clean(verdict.reason)}"
        return
    word = "would be tuned" if dry_run else "tuned"
    cost = f"{found.milliseconds:.1f} ms a query" if found.milliseconds else "nothing"
    yield f"{word} ({TITLES[verdict.adopted]}); it costs {cost}" + (
        "" if dry_run else "; `codesearch tune --undo` undoes it"
    )


def _interval(one: Interval) -> str:
    return f"{one.mean:+.3f} ({one.low:+.3f} to {one.high:+.3f})"


def to_json(found: Outcome, *, kept: bool) -> dict[str, Any]:
    """Return what came of it as output.schema.json describes it."""
    verdict = found.verdict
    return {
        "root": str(found.root),
        "model": found.model,
        "questions": dict(sorted(verdict.questions.items())),
        "before": {kind or "all": round(mean, 4) for kind, mean in verdict.before.items()},
        "ways": [
            {
                "name": way.name,
                "gain": _object(way.gain),
                "by_kind": {kind: _object(gain) for kind, gain in way.by_kind.items()},
                "reason": way.reason,
            }
            for way in verdict.ways
        ],
        "adopted": verdict.adopted or None,
        "kept": kept,
        "reason": verdict.reason,
        "milliseconds": round(found.milliseconds, 2),
        "seconds": round(found.seconds, 1),
        "in_time": found.in_time,
        "notes": list(found.notes),
    }


def _object(one: Interval) -> dict[str, float]:
    return {"mean": round(one.mean, 4), "low": round(one.low, 4), "high": round(one.high, 4)}
