"""Draws the output of a command on a terminal as an SVG picture for the documentation."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from html import escape, unescape

WIDTH, HEIGHT = 8.4, 19
"""Pixels of a character cell at a font size of 14."""
MARGIN = 14
_LINK = re.compile(r"\x1b\]8;;.*?\x1b\\")
_CODES = re.compile(r"\x1b\[([\d;]*)m")
_OTHER = re.compile(r"\x1b\[[\d;?]*[A-Za-ln-z]|\r")


@dataclass(frozen=True, slots=True)
class Theme:
    """The colours of a terminal."""

    background: str
    text: str
    faint: str
    colours: dict[str, str]
    """By SGR code, such as `35`."""


THEMES = {
    "dark": Theme(
        "#0d1117",
        "#e6edf3",
        "#8b949e",
        {"31": "#ff7b72", "32": "#56d364", "34": "#79c0ff", "35": "#d2a8ff", "36": "#39c5cf"},
    ),
    "light": Theme(
        "#ffffff",
        "#1f2328",
        "#656d76",
        {"31": "#cf222e", "32": "#116329", "34": "#0550ae", "35": "#8250df", "36": "#1b7c83"},
    ),
}


def plain(output: str) -> str:
    """Return the text of an output without colours and links."""
    return _CODES.sub("", _OTHER.sub("", _LINK.sub("", output)))


def text_of(svg: str) -> str:
    """Return the text of a picture, with its lines as they were."""
    lines = re.findall(r"<text [^>]*>(.*?)</text>", svg)
    return "\n".join(unescape(re.sub(r"<[^>]*>", "", line)) for line in lines)


def draw(command: str, output: str, columns: int, theme: Theme) -> str:
    """Return an SVG picture of a terminal in which `command` was typed and printed `output`."""
    shell = [("$ ", frozenset({"2"})), (command, frozenset({"1"}))]
    lines = [shell, *map(list, map(_runs, _whole(output)))]
    width, height = columns * WIDTH + 2 * MARGIN, len(lines) * HEIGHT + 2 * MARGIN
    texts = "\n".join(_line(runs, MARGIN + number * HEIGHT + 14) for number, runs in enumerate(lines))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height}" width="{width:.0f}">\n'
        f"<style>{_style(theme)}</style>\n"
        f'<rect x=".5" y=".5" width="{width - 1:.0f}" height="{height - 1}" rx="8"/>\n{texts}\n</svg>\n'
    )


def _whole(output: str) -> list[str]:
    return _OTHER.sub("", _LINK.sub("", output)).rstrip("\n").split("\n")


def _runs(line: str) -> Iterator[tuple[str, frozenset[str]]]:
    """Yield the parts of a line, each with the SGR codes in force."""
    codes: frozenset[str] = frozenset()
    parts = _CODES.split(line)
    for text, change in zip(parts[::2], [*parts[1::2], "0"], strict=True):
        if text:
            yield text, codes
        for code in change.split(";"):
            codes = frozenset() if code in ("", "0") else codes - {"4"} if code == "24" else codes | {code}


def _line(runs: list[tuple[str, frozenset[str]]], y: int) -> str:
    spans, column = [], 0
    for text, codes in runs:
        names = " ".join(f"s{code}" for code in sorted(codes, key=int))
        style = f' class="{names}"' if names else ""
        place = f'x="{MARGIN + column * WIDTH:.1f}" textLength="{len(text) * WIDTH:.1f}"'
        spans.append(f"<tspan {place}{style}>{escape(text, quote=False)}</tspan>")
        column += len(text)
    return f'<text y="{y}">{"".join(spans)}</text>'


def _style(theme: Theme) -> str:
    colours = "".join(f".s{code}{{fill:{colour}}}" for code, colour in theme.colours.items())
    return (
        "text{font:14px ui-monospace,SFMono-Regular,Menlo,Consolas,'DejaVu Sans Mono',monospace;"
        f"white-space:pre;fill:{theme.text}}}"
        f"rect{{fill:{theme.background};stroke:{theme.faint};stroke-opacity:.4}}"
        f".s1{{font-weight:600}}.s2{{fill:{theme.faint}}}{colours}.s2.s32{{opacity:.8}}.s4{{text-decoration:underline}}"
    )
