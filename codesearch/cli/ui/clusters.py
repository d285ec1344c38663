"""Prints clusters, from coarse to fine."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from codesearch.cli.ui import console
from codesearch.cli.ui.console import Look, clean
from codesearch.cli.ui.header import FAINT, NAME, PATH
from codesearch.cli.ui.render import location
from codesearch.core.counts import number

if TYPE_CHECKING:
    from codesearch.atlas.clusters import Cluster, Clustering
    from codesearch.store.atlas import Row

WIDEST_NAME = 44


def lines(found: Clustering, look: Look, *, members: bool) -> Iterator[str]:
    """Yield the clusters as text."""
    count = len(found.clusters)
    yield (
        f"{number(found.symbols, 'symbol')} in {number(count, 'cluster')}, {number(len(found.groups), 'group')} "
        + look.paint(f"(silhouette {found.silhouette:.2f})", FAINT)
    )
    names = [console.columns(clean(one.name)) + 2 for group in found.groups for one in group.clusters]
    room = WIDEST_NAME if look.width is None else min(WIDEST_NAME, max(20, look.width // 2 - 6))
    wide = min(room, max(names))
    for group in found.groups:
        yield ""
        if len(group.clusters) > 1:
            title = console.cut(clean(group.name), wide, look.more)
            yield look.paint(_padded(title, wide), NAME) + look.paint(f"{group.size:>8,}", "32")
        for one in group.clusters:
            alone = len(group.clusters) == 1
            yield look.fit(_line(one, look, wide, alone=alone))
            if members:
                for row in _members(found, one):
                    yield look.fit(f"      {look.paint(f'{clean(row.path)}:{row.start_line}', PATH)}  {_title(row)}")


def _line(one: Cluster, look: Look, wide: int, *, alone: bool) -> str:
    indent = "" if alone else "  "
    name = _padded(console.cut(indent + clean(one.name), wide, look.more), wide)
    typical = ", ".join(clean(row.name) for row in one.examples)
    shown = look.paint(name, NAME) if alone else name
    return f"{shown}{look.paint(f'{one.size:>8,}', '32')}  {look.paint(typical, FAINT)}"


def _padded(text: str, wide: int) -> str:
    return text + " " * max(0, wide - console.columns(text))


def _title(row: Row) -> str:
    return f"{row.kind} {clean(row.qualname)}"


def _members(found: Clustering, one: Cluster) -> Iterator[Row]:
    return (row for row, label in zip(found.rows, found.labels, strict=True) if label == one.number)


def to_json(found: Clustering, *, members: bool) -> dict[str, Any]:
    """Return clusters as output.schema.json describes them."""

    def cluster(one: Cluster) -> dict[str, Any]:
        value = {
            "number": one.number,
            "name": one.name,
            "terms": list(one.terms),
            "symbols": one.size,
            "tests": one.tests,
            "folders": [{"path": path, "symbols": count} for path, count in one.folders],
            "examples": [location(row) for row in one.examples],
        }
        if members:
            value["members"] = [location(row) for row in _members(found, one)]
        return value

    return {
        "symbols": found.symbols,
        "silhouette": found.silhouette,
        "groups": [
            {"name": group.name, "symbols": group.size, "clusters": [cluster(one) for one in group.clusters]}
            for group in found.groups
        ],
    }
