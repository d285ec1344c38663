"""SVG plots: bars with intervals, and the reliability diagram. Colours are classes of the page's style."""

from __future__ import annotations

from html import escape

from codesearch.quality.metrics import METRICS, TITLES
from codesearch.quality.report import Report, RunReport

COLOURS = 4
_WIDTH = 640
_BAR, _GAP = 22, 14
_LEFT, _RIGHT = 110, 60


def bars(found: Report) -> str:
    """Return a bar chart: one group per metric, one bar per run, with its interval as a whisker."""
    rows: list[str] = []
    scale = _WIDTH - _LEFT - _RIGHT
    top = 10
    for metric in METRICS:
        rows.append(f'<text x="0" y="{top + _BAR - 7}">{TITLES[metric]}</text>')
        for number, run in enumerate(found.runs):
            one = run.figures.metrics[metric]
            middle = top + _BAR / 2
            rows.append(
                f'<rect class="bar c{number % COLOURS}" x="{_LEFT}" y="{top}" width="{one.mean * scale:.1f}" '
                f'height="{_BAR - 4}" fill-opacity=".75"><title>{_said(run.name)}: {one.mean:.3f}</title></rect>'
                f'<line class="whisker" x1="{_LEFT + one.low * scale:.1f}" x2="{_LEFT + one.high * scale:.1f}" '
                f'y1="{middle - 2}" y2="{middle - 2}"/>'
                f'<text class="faint" x="{_LEFT + one.high * scale + 6:.1f}" y="{middle + 3}">{one.mean:.3f}</text>'
            )
            top += _BAR
        top += _GAP
    for number, run in enumerate(found.runs if len(found.runs) > 1 else ()):
        rows.append(
            f'<rect class="bar c{number % COLOURS}" x="{_LEFT}" y="{top}" width="12" height="12" fill-opacity=".75"/>'
            f'<text x="{_LEFT + 18}" y="{top + 11}">{_said(run.name)}</text>'
        )
        top += _BAR
    said = "; ".join(
        f"{run.name}: " + ", ".join(f"{TITLES[metric]} {run.figures.metrics[metric].mean:.3f}" for metric in METRICS)
        for run in found.runs
    )
    return _svg("bars", "Figures of each run", said, _WIDTH, top, rows)


def reliability(run: RunReport, number: int) -> str:
    """Return the share of right answers over the score, with the diagonal; larger dots stand for more answers."""
    side, left, bottom = 300, 50, 40

    def x(value: float) -> float:
        return left + value * side

    def y(value: float) -> float:
        return 10 + (1 - value) * side

    rows = [f'<line class="diagonal" x1="{x(0)}" y1="{y(0)}" x2="{x(1)}" y2="{y(1)}" stroke-dasharray="4 4"/>']
    for tick in (0, 0.25, 0.5, 0.75, 1):
        rows.append(f'<line class="axis" x1="{x(tick)}" y1="{y(0)}" x2="{x(tick)}" y2="{y(0) + 5}"/>')
        rows.append(f'<text class="faint" x="{x(tick)}" y="{y(0) + 20}" text-anchor="middle">{tick:g}</text>')
        rows.append(f'<text class="faint" x="{left - 8}" y="{y(tick) + 4}" text-anchor="end">{tick:g}</text>')
    rows.append(f'<line class="axis" x1="{x(0)}" y1="{y(0)}" x2="{x(1)}" y2="{y(0)}"/>')
    rows.append(f'<line class="axis" x1="{x(0)}" y1="{y(0)}" x2="{x(0)}" y2="{y(1)}"/>')
    rows.append(f'<text x="{x(0.5)}" y="{y(0) + 36}" text-anchor="middle">score</text>')
    rows.append(f'<text transform="translate(12 {y(0.5)}) rotate(-90)" text-anchor="middle">share right</text>')
    colour = f"c{number % COLOURS}"
    line = " ".join(f"{x(one.score):.1f},{y(one.right):.1f}" for one in run.bins)
    rows.append(f'<polyline class="curve {colour}" style="fill:none" points="{line}"/>')
    most = max((one.count for one in run.bins), default=1)
    for one in run.bins:
        radius = 3 + 5 * (one.count / most) ** 0.5
        rows.append(
            f'<circle class="{colour}" cx="{x(one.score):.1f}" cy="{y(one.right):.1f}" r="{radius:.1f}">'
            f"<title>score {one.score:.2f}: {one.right:.2f} of {one.count:,} answers right</title></circle>"
        )
    said = "; ".join(f"score {one.score:.2f}: {one.right:.2f} right" for one in run.bins)
    return _svg(f"reliability-{number}", "Reliability diagram", said, left + side + 20, 10 + side + bottom, rows)


def _svg(name: str, title: str, description: str, width: float, height: float, rows: list[str]) -> str:
    return (
        f'<svg role="img" aria-labelledby="{name}-title {name}-text" viewBox="0 0 {width} {height}" '
        f'width="{width}" height="{height}"><title id="{name}-title">{_said(title)}</title>'
        f'<desc id="{name}-text">{_said(description)}</desc>{"".join(rows)}</svg>'
    )


def _said(text: str) -> str:
    return escape(text.encode("utf-8", "replace").decode())
