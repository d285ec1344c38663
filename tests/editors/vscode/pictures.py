"""Saves screenshots for the documentation, with a small palette."""

from __future__ import annotations

import importlib
import struct
from pathlib import Path

COLOURS = 128


def size(file: Path) -> tuple[int, int]:
    """Return width and height of a PNG file, in pixels."""
    head = file.read_bytes()[:24]
    assert head.startswith(b"\x89PNG\r\n\x1a\n"), file
    width, height = struct.unpack(">II", head[16:24])
    return width, height


def save(picture: Path, file: Path) -> None:
    """Write a screenshot as a PNG file with a palette. Needs Pillow (pip install pillow)."""
    image = importlib.import_module("PIL.Image")
    file.parent.mkdir(parents=True, exist_ok=True)
    with image.open(picture) as opened:
        # No dithering: text stays sharp, and areas of one colour compress well.
        palette = opened.convert("RGB").quantize(COLOURS, method=image.Quantize.MEDIANCUT, dither=image.Dither.NONE)
    palette.save(file, optimize=True)
