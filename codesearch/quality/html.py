"""An evaluation as one HTML page: plots as inline SVG, nothing loaded from anywhere, light and dark, no script."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from html import escape

from codesearch._version import __version__
from codesearch.quality.ask import Outcome
from codesearch.quality.evaluation import counted
from codesearch.quality.metrics import METRICS, TITLES, Interval
from codesearch.quality.plots import bars, reliability
from codesearch.quality.questions import Question
from codesearch.quality.report import GROUPINGS, Difference, Figures, Report, RunReport, worst

SHOWN_WORST = 25
SHOWN_HITS = 5

_STYLE = """
:root { color-scheme: light dark; --ink: #1b1f24; --paper: #ffffff; --faint: #59636e; --line: #d1d9e0;
  --c0: #0550ae; --c1: #bc4c00; --c2: #1a7f37; --c3: #8250df; --good: #1a7f37; --bad: #b3261e; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6edf3; --paper: #0d1117; --faint: #9198a1; --line: #3d444d;
  --c0: #79b8ff; --c1: #ffa657; --c2: #7ee787; --c3: #d2a8ff; --good: #7ee787; --bad: #ff9b94; } }
body { margin: 0 auto; max-width: 60rem; padding: 1.5rem; font: 16px/1.5 system-ui, sans-serif;
  color: var(--ink); background: var(--paper); }
h1 { font-size: 1.6rem; } h2 { font-size: 1.25rem; margin-top: 2.5rem; } h3 { font-size: 1rem; }
p.faint, figcaption, td.faint, .faint { color: var(--faint); }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th, td { text-align: left; padding: .3rem .6rem; border-bottom: 1px solid var(--line); vertical-align: top; }
td.number, th.number { text-align: right; white-space: nowrap; }
.scroll { overflow-x: auto; } figure { margin: 1rem 0; } svg { max-width: 100%; height: auto; }
svg text { fill: var(--ink); font: 13px system-ui, sans-serif; } svg .faint { fill: var(--faint); }
svg .axis { stroke: var(--line); } svg .diagonal { stroke: var(--faint); }
svg .whisker { stroke: var(--ink); stroke-width: 1.5; }
.c0 { fill: var(--c0); stroke: var(--c0); } .c1 { fill: var(--c1); stroke: var(--c1); }
.c2 { fill: var(--c2); stroke: var(--c2); } .c3 { fill: var(--c3); stroke: var(--c3); }
svg .bar { stroke: none; } svg .curve { fill: none; stroke-width: 2; }
.good { color: var(--good); } .bad { color: var(--bad); }
code { font: .9em ui-monospace, monospace; overflow-wrap: anywhere; }
details { border-bottom: 1px solid var(--line); padding: .4rem 0; } summary { cursor: pointer; }
"""
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"


def page(found: Report) -> str:
    """Return the page of an evaluation."""
    return "\n".join(
        (
            "<!doctype html>",
            '<html lang="en"><head><meta charset="utf-8">',
            f'<meta http-equiv="Content-Security-Policy" content="{escape(_POLICY)}">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            f"<title>codesearch eval: {_said(found.root)}</title>",
            f"<style>{_STYLE}</style></head><body><main>",
            *_sections(found),
            "</main></body></html>\n",
        )
    )


def _said(text: object) -> str:
    """Return text for HTML; bytes of file names that are no text become replacement characters."""
    return escape(str(text).encode("utf-8", "replace").decode())


def _sections(found: Report) -> Iterator[str]:
    first = found.runs[0]
    questions = [outcome.question for outcome in first.run.outcomes]
    yield "<h1>How good the answers are</h1>"
    yield (
        f"<p><code>{_said(found.root)}</code>: {len(questions):,} questions ({_said(counted(questions))}), "
        f'<span class="faint">seed {found.seed}, codesearch {__version__}</span></p>'
    )
    for note in found.notes:
        yield f"<p><strong>Note:</strong> {_said(note)}</p>"
    yield "<h2>All questions</h2>"
    yield _overall(found)
    yield _figure(bars(found), "The figures and their 95 % confidence intervals (bootstrap over questions).")
    differences = (*found.differences, *([found.baseline] if found.baseline else []))
    if differences:
        yield "<h2>Differences</h2>"
        yield _differences(differences)
    yield "<h2>What the scores promise</h2>"
    for number, run in enumerate(found.runs):
        yield f"<h3>{_said(run.name)}</h3>" if len(found.runs) > 1 else ""
        caption = (
            "How many of the answers with a score were right; on the diagonal, the score is a probability. "
            f"Expected calibration error: {run.calibration_error:.3f}."
        )
        yield _figure(reliability(run, number), caption)
        yield _bins(run)
    for grouping in GROUPINGS:
        if any(len(run.groups[grouping]) > 1 for run in found.runs):
            yield f"<h2>By {grouping}</h2>"
            yield _groups(found, grouping)
    yield "<h2>What went worst</h2>"
    yield from _worst(first)


def _figure(svg: str, caption: str) -> str:
    return f"<figure>{svg}<figcaption>{_said(caption)}</figcaption></figure>"


def _table(caption: str, head: list[str], rows: list[list[str]], numbers: int) -> str:
    """Return a table whose first columns are text and whose last `numbers` columns are numbers (all of it HTML)."""
    texts = len(head) - numbers

    def kind(at: int) -> str:
        return ' class="number"' if at >= texts else ""

    out = [f'<div class="scroll"><table><caption class="faint">{caption}</caption><thead><tr>']
    out += [f'<th scope="col"{kind(at)}>{cell}</th>' for at, cell in enumerate(head)]
    out.append("</tr></thead><tbody>")
    for row in rows:
        cells = [
            f'<th scope="row">{row[0]}</th>',
            *(f"<td{kind(at)}>{cell}</td>" for at, cell in enumerate(row[1:], 1)),
        ]
        out.append("<tr>" + "".join(cells) + "</tr>")
    return "".join([*out, "</tbody></table></div>"])


def _cells(metrics: Mapping[str, Interval]) -> list[str]:
    return [
        f"{metrics[name].mean:.3f}<br><span class='faint'>({metrics[name].low:.3f}–{metrics[name].high:.3f})</span>"
        for name in METRICS
    ]


def _overall(found: Report) -> str:
    rows = [
        [
            f"{_said(run.name)}<br><code class='faint'>{_said(run.run.model)}</code>",
            *_cells(run.figures.metrics),
            f"{run.calibration_error:.3f}",
            f"{1000 * run.median_seconds:.0f} ms",
        ]
        for run in found.runs
    ]
    head = ["settings", *(TITLES[name] for name in METRICS), "calibration error", "median query"]
    return _table("Means with 95 % confidence intervals", head, rows, 5)


def _differences(differences: tuple[Difference, ...]) -> str:
    rows = []
    for one in differences:
        cells = []
        for name in METRICS:
            value = one.metrics[name]
            sure = "good" if value.low > 0 else "bad" if value.high < 0 else "faint"
            word = {"good": "higher", "bad": "lower", "faint": "may be chance"}[sure]
            cells.append(
                f"{value.mean:+.3f} ({value.low:+.3f} to {value.high:+.3f}) <span class='{sure}'>{word}</span>"
            )
        rows.append([f"{_said(one.name)} against {_said(one.against)}", f"{one.count:,}", *cells])
    head = ["", "questions", *(TITLES[name] for name in METRICS)]
    return _table("Of the same questions, with 95 % confidence intervals (paired bootstrap)", head, rows, 4)


def _bins(run: RunReport) -> str:
    rows = [
        [f"{one.low:.1f}–{one.high:.1f}", f"{one.count:,}", f"{one.score:.3f}", f"{one.right:.3f}"] for one in run.bins
    ]
    return _table("Answers by score", ["score", "answers", "mean score", "share right"], rows, 3)


def _groups(found: Report, grouping: str) -> str:
    rows = []
    for name in found.runs[0].groups[grouping]:
        for run in found.runs:
            figures: Figures = run.groups[grouping][name]
            label = (
                _said(name) if len(found.runs) == 1 else f"{_said(name)} <span class='faint'>{_said(run.name)}</span>"
            )
            rows.append([label, f"{figures.count:,}", *_cells(figures.metrics)])
    return _table(f"By {grouping}", [grouping, "questions", *(TITLES[name] for name in METRICS)], rows, 4)


def _worst(run: RunReport) -> Iterator[str]:
    found = worst(run, SHOWN_WORST)
    if not found:
        yield "<p>Every question had its answer in the first place.</p>"
        return
    yield f"<p class='faint'>{_said(run.name)}: the questions without a right answer, then those with late ones.</p>"
    for outcome in found:
        yield from _answers(outcome)


def _answers(outcome: Outcome) -> Iterator[str]:
    question: Question = outcome.question
    place = f"place {outcome.place}" if outcome.place else "not among ten"
    right = ", ".join(str(target) for target in question.targets[:3])
    yield f"<details><summary>{_said(question.text)} <span class='faint'>({place})</span></summary>"
    name = f" ({_said(question.name)})" if question.name else ""
    yield f"<p>Right: <code>{_said(right)}</code>{name}. Given:</p><ol>"
    for hit in outcome.hits[: max(SHOWN_HITS, outcome.place)]:
        mark = " <strong class='good'>right</strong>" if hit.right else ""
        yield (
            f"<li><code>{_said(hit.path)}:{hit.line}</code> {_said(hit.kind)} {_said(hit.name)} "
            f"<span class='faint'>{hit.score:.2f}</span>{mark}</li>"
        )
    yield "</ol></details>"
