"""The map as a drawing: SVG with labels, light and dark, and PNG of the points alone."""

from __future__ import annotations

import colorsys
import math
import struct
import zlib
from collections.abc import Iterator
from html import escape
from typing import TYPE_CHECKING

from codesearch.atlas.page import clusters_on
from codesearch.core.counts import number

if TYPE_CHECKING:
    from codesearch.atlas.map import Map

SIDE = 1200
"""Width and height in pixels."""
MOST_POINTS = 30_000
"""Points of an SVG: of more, every nth is drawn."""
LABELS = 28
_LETTER = 7.6
"""Mean width of a letter of a label."""
_STYLE = (
    "text{font:600 14px system-ui,sans-serif;text-anchor:middle;fill:#1c1f23;stroke:#fbfbf9;stroke-width:3px;"
    "paint-order:stroke}rect{fill:#fbfbf9}path{stroke-linecap:round;stroke-width:3.4;fill:none;stroke-opacity:.75}"
    "@media(prefers-color-scheme:dark){text{fill:#e8eaed;stroke:#101317}rect{fill:#101317}}"
)


def colours(found: Map) -> dict[int, tuple[int, int, int]]:
    """Return the colour of each cluster: a hue per group, shades of it for its clusters."""
    out = {}
    groups = found.clustering.groups
    for place, group in enumerate(groups):
        for at, one in enumerate(group.clusters):
            hue = (0.6 + place / len(groups) + (at / max(1, len(group.clusters) - 1) - 0.4) * 0.09) % 1
            light = 0.42 + 0.24 * ((at * 0.618) % 1)
            red, green, blue = colorsys.hls_to_rgb(hue, light, 0.66 - 0.14 * (at % 2))
            out[one.number] = (round(255 * red), round(255 * green), round(255 * blue))
    return out


def svg(found: Map) -> str:
    """Return the map as SVG."""
    name = escape(found.root.rstrip("/").rpartition("/")[2].encode("utf-8", "replace").decode())
    return "\n".join(
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {SIDE} {SIDE}" role="img">',
            f"<title>Map of {name}: {number(len(found.rows), 'symbol')}</title>",
            f"<style>{_STYLE}</style>",
            f'<rect width="{SIDE}" height="{SIDE}"/>',
            *_points(found),
            *_labels(found),
            "</svg>\n",
        )
    )


def _points(found: Map) -> Iterator[str]:
    step = -(-len(found.rows) // MOST_POINTS)
    by_cluster: dict[int, list[str]] = {}
    for at in range(0, len(found.rows), step):
        x, y = _place(*found.at[at].tolist())
        by_cluster.setdefault(found.clustering.labels[at], []).append(f"M{x:.0f} {y:.0f}h0")
    for cluster, (red, green, blue) in colours(found).items():
        if dots := by_cluster.get(cluster):
            yield f'<path stroke="#{red:02x}{green:02x}{blue:02x}" d="{"".join(dots)}"/>'


def _labels(found: Map) -> Iterator[str]:
    taken: list[tuple[float, float, float, float]] = []
    for one in sorted(clusters_on(found), key=lambda one: -int(one["size"]))[:LABELS]:
        text = ", ".join(str(one["name"]).split(", ")[:2])
        x, y = _place(one["x"], one["y"])
        half = _LETTER * len(text) / 2
        x = min(max(x, half + 4), SIDE - half - 4)
        box = (x - half, y - 10, x + half, y + 10)
        if any(box[0] < b[2] and box[2] > b[0] and box[1] < b[3] and box[3] > b[1] for b in taken):
            continue
        taken.append(box)
        yield f'<text x="{x:.0f}" y="{y + 5:.0f}">{escape(text)}</text>'


def _place(x: float, y: float) -> tuple[float, float]:
    half = SIDE / 2
    return half + x * half * 0.96, half - y * half * 0.96


def png(found: Map, side: int = SIDE) -> bytes:
    """Return the points as PNG, on a transparent ground."""
    import numpy as np

    image = np.zeros((side, side, 4), np.uint8)
    middle = np.stack([0.5 + found.at[:, 0] * 0.48, 0.5 - found.at[:, 1] * 0.48], axis=1) * side
    of = colours(found)
    tints = np.array([of[label] for label in found.clustering.labels], np.uint8)
    radius = max(1.2, 2 * (6000 / len(found.rows)) ** 0.22) * side / SIDE  # as on the page
    reach = range(-math.ceil(radius), math.ceil(radius) + 1)
    for far, across, down in sorted((math.hypot(x, y), x, y) for x in reach for y in reach):
        alpha = round(255 * min(1.0, max(0.0, radius + 0.5 - far)))
        x = np.clip(middle[:, 0].astype(int) + across, 0, side - 1)
        y = np.clip(middle[:, 1].astype(int) + down, 0, side - 1)
        new = image[y, x, 3] < alpha
        image[y[new], x[new], :3] = tints[new]
        image[y, x, 3] = np.maximum(image[y, x, 3], alpha)
    lines = b"".join(b"\0" + line.tobytes() for line in image)
    header = struct.pack(">IIBBBBB", side, side, 8, 6, 0, 0, 0)
    parts = ((b"IHDR", header), (b"IDAT", zlib.compress(lines, 6)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(kind, data) for kind, data in parts)


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
