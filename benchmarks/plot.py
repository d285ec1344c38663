"""Log-log plots as one self-contained SVG file."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from html import escape

_WIDE, _HIGH = 380, 270
_LEFT, _RIGHT, _TOP, _BOTTOM = 72, 20, 46, 42
_COLUMNS = 2
_BEYOND = 0.08
"""Share of a decade by which a point may be outside the frame."""
_COLOURS = ("#2563eb", "#dc2626", "#059669", "#9333ea", "#b45309")
_STYLE = (
    "text{font:12px system-ui,sans-serif;fill:#333}.title{font-weight:600}.faint{fill:#777;font-size:11px}"
    "line{stroke:#ddd}polyline{fill:none;stroke-width:2}.asked{stroke:#999;stroke-dasharray:5 4}"
    "@media(prefers-color-scheme:dark){text{fill:#ddd}.faint{fill:#999}line{stroke:#444}}"
)


@dataclass(frozen=True, slots=True)
class Panel:
    """One plot: lines over the same logarithmic x."""

    title: str
    unit: str
    """The unit of y, printed after the numbers."""
    lines: dict[str, Sequence[tuple[float, float]]]
    """Points per line, by its name; x and y are positive."""
    asked: dict[str, float] = field(default_factory=dict)
    """Limits, drawn as horizontal lines, by label."""


def svg(title: str, x_title: str, panels: Sequence[Panel]) -> str:
    """Return the SVG of some plots."""
    rows = math.ceil(len(panels) / _COLUMNS)
    width, height = _COLUMNS * _WIDE, rows * _HIGH + 30
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" role="img" viewBox="0 0 {width} {height}" width="{width}" '
        f'height="{height}"><title>{escape(title)}</title><style>{_STYLE}</style>'
        f'<text class="title" x="8" y="18">{escape(title)}</text>'
    ]
    for number, panel in enumerate(panels):
        left, top = number % _COLUMNS * _WIDE, number // _COLUMNS * _HIGH + 30
        parts.append(f'<g transform="translate({left} {top})">{_panel(panel, x_title)}</g>')
    return "".join(parts) + "</svg>\n"


def _panel(panel: Panel, x_title: str) -> str:
    points = [point for line in panel.lines.values() for point in line]
    low_x, high_x = _decades([x for x, _ in points])
    low_y, high_y = _decades([y for _, y in points] + list(panel.asked.values()))

    def x(value: float) -> float:
        return _LEFT + (math.log10(value) - low_x) / (high_x - low_x) * (_WIDE - _LEFT - _RIGHT)

    def y(value: float) -> float:
        return _HIGH - _BOTTOM - (math.log10(value) - low_y) / (high_y - low_y) * (_HIGH - _TOP - _BOTTOM)

    names = [
        f'<tspan dx="{12 if number else 0}" style="fill:{_COLOURS[number % len(_COLOURS)]}">{escape(name)}</tspan>'
        for number, name in enumerate(panel.lines)
    ]
    parts = [
        f'<text class="title" x="{_LEFT}" y="14">{escape(panel.title)}</text>',
        f'<text x="{_LEFT}" y="32">{"".join(names)}</text>',
    ]
    for power in range(low_x, high_x + 1):
        at = x(10.0**power)
        parts.append(f'<line x1="{at:.1f}" x2="{at:.1f}" y1="{_TOP}" y2="{_HIGH - _BOTTOM}"/>')
        parts.append(
            f'<text class="faint" x="{at:.1f}" y="{_HIGH - _BOTTOM + 15}" text-anchor="middle">{_short(power)}</text>'
        )
    for power in range(low_y, high_y + 1):
        at = y(10.0**power)
        parts.append(f'<line x1="{_LEFT}" x2="{_WIDE - _RIGHT}" y1="{at:.1f}" y2="{at:.1f}"/>')
        label = f"{10**power if power >= 0 else 10.0**power:,} {panel.unit}"
        parts.append(f'<text class="faint" x="{_LEFT - 6}" y="{at + 4:.1f}" text-anchor="end">{escape(label)}</text>')
    parts.append(
        f'<text class="faint" x="{(_LEFT + _WIDE - _RIGHT) / 2}" y="{_HIGH - _BOTTOM + 30}" text-anchor="middle">'
        f"{escape(x_title)}</text>"
    )
    for name, value in panel.asked.items():
        at = y(value)
        parts.append(f'<line class="asked" x1="{_LEFT}" x2="{_WIDE - _RIGHT}" y1="{at:.1f}" y2="{at:.1f}"/>')
        parts.append(f'<text class="faint" x="{_LEFT + 4}" y="{at - 4:.1f}">{escape(name)}</text>')
    for number, (name, line) in enumerate(panel.lines.items()):
        colour = _COLOURS[number % len(_COLOURS)]
        drawn = " ".join(f"{x(a):.1f},{y(b):.1f}" for a, b in line)
        parts.append(f'<polyline style="stroke:{colour}" points="{drawn}"/>')
        for a, b in line:
            parts.append(
                f'<circle cx="{x(a):.1f}" cy="{y(b):.1f}" r="3.5" style="fill:{colour}">'
                f"<title>{escape(name)}: {a:,.0f}: {b:.4g} {escape(panel.unit)}</title></circle>"
            )
    return "".join(parts)


def _decades(values: Sequence[float]) -> tuple[int, int]:
    """Return the powers of ten that enclose some positive values, which may be slightly outside."""
    low, high = math.floor(math.log10(min(values)) + _BEYOND), math.ceil(math.log10(max(values)) - _BEYOND)
    return low, max(high, low + 1)


def _short(power: int) -> str:
    """Return a power of ten of the x axis."""
    for least, suffix in ((9, "G"), (6, "M"), (3, "k")):
        if power >= least:
            return f"{10 ** (power - least)}{suffix}"
    return f"{10**power}" if power >= 0 else f"{10.0**power:g}"
