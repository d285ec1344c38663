"""The list of all indexes of a user, as text and as JSON."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from codesearch.cli.ui.console import Look, clean
from codesearch.cli.ui.reports import size
from codesearch.core.counts import number
from codesearch.store.location import is_own
from codesearch.store.registry import Known


def bytes_of(index: Path) -> int:
    """Return the size of an index file and its log; 0 for what is gone."""
    return sum(file.stat().st_size for file in (index, Path(f"{index}-wal")) if file.exists())


def lines(found: Sequence[Known], look: Look) -> Iterator[str]:
    """Yield a table of indexes: size, last use, tree, and the index file where it is not in the tree."""
    sizes = [bytes_of(one.file) for one in found]
    yield look.paint(f"{'size':>10}  {'last used':<14}root", "2")
    for one, count in zip(found, sizes, strict=True):
        row = f"{size(count):>10}  {age(one.used):<14}{clean(short(one.root))}"
        gone = "" if one.root.is_dir() else "  (the folder is gone)"
        yield row + look.paint(gone, "33")
        if not is_own(one.root, one.file):
            yield look.paint(f"{'':>26}index: {clean(short(one.file))}", "2")
    yield look.paint(f"{size(sum(sizes)):>10}  {number(len(found), 'index', 'indexes')}", "2")


def age(used: float) -> str:
    """Return how long ago a time was: `today`, `yesterday`, `12 days ago`."""
    days = (datetime.now().date() - datetime.fromtimestamp(used).date()).days
    return "today" if days < 1 else "yesterday" if days == 1 else f"{number(days, 'day')} ago"


def to_json(found: Sequence[Known]) -> dict[str, Any]:
    """Return the list as JSON."""

    def iso(seconds: float) -> str:
        return datetime.fromtimestamp(seconds, timezone.utc).isoformat(timespec="seconds")

    return {
        "indexes": [
            {
                "root": str(one.root),
                "index": str(one.file),
                "bytes": bytes_of(one.file),
                "changed": iso(one.file.stat().st_mtime),
                "used": iso(one.used),
                "root_exists": one.root.is_dir(),
            }
            for one in found
        ]
    }


def short(path: Path) -> str:
    """Return a path with `~` for the home folder."""
    try:
        return str(Path("~") / path.relative_to(Path.home()))
    except (ValueError, RuntimeError):
        return str(path)
