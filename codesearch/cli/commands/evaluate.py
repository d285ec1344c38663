"""`codesearch eval`: measure search quality on your own code."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from codesearch.cli import options, session, targets
from codesearch.cli.exit_codes import FOUND, NOTHING
from codesearch.cli.options import PathArgument, ReportOptions
from codesearch.cli.ui import console
from codesearch.cli.ui.console import Look, clean
from codesearch.cli.ui.reports import printed
from codesearch.core.counts import number
from codesearch.core.errors import UsageError
from codesearch.core.replacing import write_output

if TYPE_CHECKING:
    from codesearch.index import Index
    from codesearch.quality.questions import Question
    from codesearch.quality.report import Difference, Figures, Report, RunReport

MINED = 200
SHOWN_GROUPS = 12
"""Languages, folders and kinds that the terminal shows; the HTML report shows all."""
SHOWN_WORST = 3


def evaluate(
    path: PathArgument = None,
    queries: Annotated[
        str,
        typer.Option(
            "--queries",
            metavar="N|FILE",
            help="Number of queries to generate, a file of labelled queries, or `feedback`.",
        ),
    ] = str(MINED),
    compare: Annotated[
        list[str] | None,
        typer.Option(
            "--compare",
            metavar="SETTING=VALUE[,...]",
            help="Measure with these settings; repeat to compare several.",
            show_default=False,
        ),
    ] = None,
    seed: Annotated[int, typer.Option("--seed", min=0, metavar="N", help="Random seed for choosing queries.")] = 0,
    html: Annotated[
        str | None,
        typer.Option(
            "--html", metavar="FILE", help="Write a self-contained HTML report with plots.", show_default=False
        ),
    ] = None,
    save: Annotated[
        str | None,
        typer.Option("--save", metavar="FILE", help="Save the results as JSON, for --baseline.", show_default=False),
    ] = None,
    baseline: Annotated[
        str | None,
        typer.Option(
            "--baseline",
            metavar="FILE",
            help="Compare with saved results; exit status 1 on a significant drop.",
            show_default=False,
        ),
    ] = None,
    fail_under: Annotated[
        list[str] | None,
        typer.Option(
            "--fail-under",
            metavar="METRIC=X",
            help="Exit status 1 if MRR, recall or NDCG is below X. Repeatable.",
            show_default=False,
        ),
    ] = None,
    *,
    output: ReportOptions,
) -> int:
    """Measure search quality on your own code, without labelled queries.

    codesearch eval
    codesearch eval --compare model=static --compare model=transformer
    codesearch eval --queries labelled.tsv --html report.html
    codesearch eval --save before.json                 and later:
    codesearch eval --baseline before.json --fail-under MRR=0.5

    Queries come from the first sentences of documentation (searched in a copy with that
    documentation removed) and from subjects of commits that changed a single file. The folder's own
    index is not used. Exit status: 0 done, 1 below --fail-under or --baseline, 2 error.
    """
    limits = _limits(fail_under or [])
    with session.opened(targets.folder_of(path), color=options.value_of(output.color)) as index:
        from codesearch.cli.ui.progress import stretches
        from codesearch.quality import ask, evaluation, report

        variants = ask.variants(index.root, index.settings, compare or [])
        wanted = _wanted(index, queries, seed)
        earlier = report.earlier(Path(baseline)) if baseline is not None else None
        for file in (html, save):
            if file is not None and not Path(file).absolute().parent.is_dir():
                raise UsageError(f"{file}: cannot be written: the folder does not exist")
        found = evaluation.evaluate(index.root, variants, wanted, stretches(quiet=output.quiet))
        if baseline is not None and earlier is not None:
            found = replace(found, baseline=report.against(found.runs[0], Path(baseline), earlier, seed))
        look = console.look(index.settings.color)
    value = report.to_json(found) if output.is_json or save is not None else {}
    if save is not None:
        import json

        _save(save, json.dumps(value, indent=1) + "\n")
    if html is not None:
        from codesearch.quality.html import page

        _save(html, page(found))
    printed(value, lines(found, look), as_json=output.is_json)
    return _ended(found, limits)


def _wanted(index: Index, queries: str, seed: int) -> Any:
    from codesearch.quality import questions
    from codesearch.quality.evaluation import Wanted

    if (count := options.number_of(queries)) is not None:
        return Wanted(mined=count, seed=seed)
    if queries == "feedback":
        return Wanted(questions=tuple(_opened(index)), seed=seed)
    return Wanted(questions=tuple(questions.read(Path(queries))), seed=seed)


def _opened(index: Index) -> list[Question]:
    from codesearch.quality import feedback

    found = feedback.questions(index)
    if not found:
        raise UsageError(
            f"{feedback.file_of(index.path)}: nothing is recorded; set `feedback = true` and open answers with "
            "`codesearch query --open N` or in your editor"
        )
    return found


def _limits(given: list[str]) -> dict[str, float]:
    names = {
        "mrr": "mrr",
        "mrr@10": "mrr",
        "recall": "recall",
        "recall@10": "recall",
        "ndcg": "ndcg",
        "ndcg@10": "ndcg",
    }
    limits = {}
    for text in given:
        name, _, value = text.partition("=")
        try:
            limit = float(value)
        except ValueError:
            limit = -1.0
        if name.strip().lower() not in names or not 0 <= limit <= 1:
            raise UsageError(f"--fail-under {text}: must be MRR=X, recall=X or NDCG=X with X from 0 to 1")
        limits[names[name.strip().lower()]] = limit
    return limits


def _save(file: str, text: str) -> None:
    write_output(Path(file), text.encode())


def _ended(found: Report, limits: dict[str, float]) -> int:
    from codesearch.quality.metrics import TITLES

    status = FOUND
    for metric, limit in limits.items():
        mean = found.runs[0].figures.metrics[metric].mean
        if mean < limit:
            console.message(f"{TITLES[metric]} is {mean:.3f}, lower than {limit:g}")
            status = NOTHING
    if found.baseline is not None and found.baseline.dropped:
        named = ", ".join(
            f"{TITLES[metric]} by {-found.baseline.metrics[metric].mean:.3f}" for metric in found.baseline.dropped
        )
        console.message(f"lower than {found.baseline.against}: {named}")
        status = NOTHING
    return status


# -- the table ------------------------------------------------------------------------------------


def lines(found: Report, look: Look) -> Iterator[str]:
    """Yield an evaluation as lines of text."""
    from codesearch.quality.evaluation import counted
    from codesearch.quality.metrics import METRICS, TITLES

    first = found.runs[0]
    questions = [outcome.question for outcome in first.run.outcomes]
    yield f"{clean(found.root)}: {number(len(questions), 'query', 'queries')} ({clean(counted(questions))})"
    for note in found.notes:
        yield look.paint(f"note: {clean(note)}", "2")
    yield ""
    width = max(8, *(len(run.name) for run in found.runs))
    heading = "".join(f"  {TITLES[metric]:<20}" for metric in METRICS)
    yield look.paint(f"{'':<{width}}{heading}  calibration  a query", "2")
    for run in found.runs:
        cells = "".join(f"  {_interval(run.figures, metric):<20}" for metric in METRICS)
        error = f"{run.calibration_error:.3f}"
        yield f"{clean(run.name):<{width}}{cells}  {error:<11}  {1000 * run.median_seconds:.0f} ms"
    for difference in (*found.differences, *([found.baseline] if found.baseline else [])):
        yield from _difference(difference, look)
    for run in found.runs:
        yield from _groups(run, look, named=len(found.runs) > 1)
    yield from _worst(first, look)


def _interval(figures: Figures, metric: str) -> str:
    one = figures.metrics[metric]
    return f"{one.mean:.3f} ({one.low:.3f}-{one.high:.3f})"


def _difference(one: Difference, look: Look) -> Iterator[str]:
    from codesearch.quality.metrics import METRICS, TITLES

    yield ""
    yield look.paint(
        f"{clean(one.name)} compared with {clean(one.against)}, {number(one.count, 'query', 'queries')}", "2"
    )
    for metric in METRICS:
        found = one.metrics[metric]
        sure, word = (
            ("32", "higher") if found.low > 0 else ("31", "lower") if found.high < 0 else ("2", "not significant")
        )
        text = f"{found.mean:+.3f} ({found.low:+.3f} to {found.high:+.3f})  {word}"
        yield f"  {TITLES[metric]:<10}  {look.paint(text, sure)}"


def _groups(run: RunReport, look: Look, *, named: bool) -> Iterator[str]:
    from codesearch.quality.report import GROUPINGS

    for grouping in GROUPINGS:
        groups = run.groups[grouping]
        if len(groups) < 2:
            continue
        yield ""
        yield look.paint(f"by {grouping}" + (f" ({clean(run.name)})" if named else ""), "2")
        width = max(len(clean(name)) for name in list(groups)[:SHOWN_GROUPS])
        for name, figures in list(groups.items())[:SHOWN_GROUPS]:
            yield f"  {clean(name):<{width}}  {figures.count:>5,}  MRR@10 {_interval(figures, 'mrr')}"
        if len(groups) > SHOWN_GROUPS:
            yield look.paint(f"  and {len(groups) - SHOWN_GROUPS} more (--html shows all)", "2")


def _worst(run: RunReport, look: Look) -> Iterator[str]:
    from codesearch.quality.report import worst

    found = worst(run, SHOWN_WORST)
    if not found:
        return
    yield ""
    yield look.paint("not found, or ranked low; `codesearch why` explains", "2")
    for outcome in found:
        target = clean(str(outcome.question.targets[0]))
        place = f"rank {outcome.place}" if outcome.place else "not in the first ten"
        yield look.fit(f"  {clean(outcome.question.text)}")
        yield look.fit(look.paint(f"    {target}: {place}", "2"))
