"""Where the bytes of an index file are, as lines and as JSON."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from codesearch.cli.ui.reports import size

if TYPE_CHECKING:
    from codesearch.cli.ui.console import Look
    from codesearch.store.sizes import Part


def lines(parts: Sequence[Part], source: int, look: Look) -> Iterator[str]:
    """Yield the parts, largest first, after their sum beside the bytes of the source."""
    if not parts:
        return
    total = sum(part.bytes for part in parts)
    ratio = f", {total / source:.2f} times the source" if source else ""
    yield f"{look.paint('bytes     ', '2')}{size(total)}{ratio}"
    for part in parts:
        yield f"  {part.purpose:<24}{size(part.bytes):>10} {part.bytes / total:>6.1%}"


def to_json(parts: Sequence[Part]) -> list[dict[str, Any]]:
    """Return the parts with their tables as JSON."""
    return [
        {
            "purpose": part.purpose,
            "bytes": part.bytes,
            "tables": [{"name": name, "bytes": taken} for name, taken in part.tables],
        }
        for part in parts
    ]
