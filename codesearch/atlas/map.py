"""The map of a tree: where each symbol is, which cluster it is in, and what else it can be coloured by.

Positions are kept in the index by the hash of each text. After a small change only new texts find their places,
beside those that stay; after a large one the new map begins with the last and is turned onto it.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from codesearch import embed
from codesearch.atlas import clusters, concepts, history, kmeans, layout, vectors
from codesearch.atlas.kept import keep
from codesearch.core.filter import Filter
from codesearch.core.log import Log
from codesearch.store import atlas
from codesearch.store import related as table
from codesearch.store.atlas import Row

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from codesearch.atlas.clusters import Clustering
    from codesearch.index import Index
    from codesearch.store.connection import Connection

    Floats = npt.NDArray[np.float32]
    Places = npt.NDArray[np.int64]

log = Log("codesearch.atlas")

KEPT = "map"
NEAR_COPIES = 0.0015
"""How far copies of one text are from each other, in parts of the half width of the map."""
RECOGNISED = 0.5
"""A map begins with the last one if it knows this share of the texts."""
_SCALE = 8.0
"""Half the width of a map while it is computed."""
STAYING = 0.9
"""If it knows this share, those texts stay where they are."""


@dataclass(frozen=True, slots=True)
class Map:
    """Everything that is drawn."""

    root: str
    layout: str
    clustering: Clustering
    at: Floats
    """The position of each of `clustering.rows`, within -1..1."""
    changed: Mapping[str, int]
    """When each file last changed, in Unix seconds; empty without git."""
    commits: Mapping[str, int]
    """How often each file changed."""
    concepts: Mapping[str, Sequence[float]]
    """The score of each of `clustering.rows`, by concept."""
    moved: float
    """How far texts that were on the last map are from there: the median, in half widths of the map; 0 without one."""
    seconds: float

    @property
    def rows(self) -> tuple[Row, ...]:
        """The symbols."""
        return self.clustering.rows


def drawn(
    index: Index,
    *,
    how: str = "neighbours",
    where: Filter | None = None,
    count: int | None = None,
    fresh: bool = False,
    detached: bool = False,
    on_progress: Callable[[float], None] | None = None,
) -> Map:
    """Return the map of the symbols that pass a filter.

    `how` is one of `layout.LAYOUTS`; `neighbours` reads the table of related code, which must be up to date. `count` is
    the number of clusters. `fresh` begins without the last map. `detached` is for programs that only show an index: it
    writes nothing, asks git nothing, and shows the last map, with new symbols beside the nearest that is on it; without
    one, the layout is `pca`. Raises as `clusters.clusters`, and UsageError without umap-learn.
    """
    start = time.monotonic()
    found = clusters.clusters(index, count=count, where=where, fresh=fresh, keeps=not detached)
    store = index.required_reader()
    import numpy as np

    with store.snapshot():
        ids = np.array(sorted({row.content for row in found.rows}), np.int64)
        known = vectors.read(store)
        how = _kept_layout(store.connection) if detached else how
        before = {} if fresh else _before(store.connection, how)
        hashes = table.hashes(store.connection, ids.tolist())
        lists = {} if detached or how != "neighbours" else table.lists(store.connection, ids.tolist())
    unit = vectors.unit(known.rows[known.places(ids.tolist())])
    points = kmeans.centred(unit, unit.mean(axis=0))
    digests = [hashes[id] for id in ids.tolist()]
    start_at, old, common = _start(points, digests, before)
    if len(common) == len(ids):
        at = old
    elif detached:
        at = start_at / _SCALE if len(common) else layout.fitted(start_at)
    else:
        at = _laid_out(how, points, start_at, common, layout.edges(ids, lists), on_progress)
        at = layout.aligned(at, old, common) if len(common) else layout.fitted(at)
    moved = float(np.median(np.abs(at[common] - old))) if len(common) else 0.0
    if not (where or detached):
        _keep(index, how, digests, at)
    changed, commits = ({}, {}) if detached else history.changes(index.root)
    scored = _scored(index, found.rows)
    log.info("the map of %d texts took %.1f s, moved %.4f", len(ids), time.monotonic() - start, moved)
    rows_at = _with_copies(found.rows, ids, np.clip(at, -1, 1))
    return Map(str(index.root), how, found, rows_at, changed, commits, scored, moved, time.monotonic() - start)


def _scored(index: Index, rows: Sequence[Row]) -> dict[str, list[float]]:
    store = index.required_reader()
    model = embed.load(embed.STATIC).model_id
    out = {}
    for one in concepts.listed(index):
        if one.model == model:
            by_text = concepts.cosines(store, one)
            out[one.name] = [one.score(by_text[row.content]) for row in rows]
    return out


def _laid_out(
    how: str,
    points: Floats,
    start: Floats,
    common: Places,
    edges: layout.Edges,
    on_progress: Callable[[float], None] | None,
) -> Floats:
    """Return the positions by a layout; by `neighbours`, after a small change, only what is new moves."""
    import numpy as np

    if how == "umap":
        return layout.umap(points, start)
    if how == "pca":
        return layout.pca(points)
    size = len(start)
    free = None
    if len(common) >= STAYING * size:
        free = np.ones(size, bool)
        free[common] = False
    return layout.by_neighbours(start, edges, again=len(common) > 0, free=free, on_progress=on_progress)


def _start(
    points: Floats, hashes: Sequence[bytes], before: Mapping[bytes, tuple[float, float]]
) -> tuple[Floats, Floats, Places]:
    """Return where texts begin, the old positions of those that were on the last map, and which these are."""
    import numpy as np

    common = np.array([at for at, digest in enumerate(hashes) if digest in before], np.int64)
    old = np.array([before[hashes[at]] for at in common.tolist()], np.float32).reshape(-1, 2)
    flat = layout.pca(points)
    if len(common) < RECOGNISED * len(hashes):
        return flat, old, common[:0]
    # New texts begin beside the old one that is nearest to them; the scale is that of the force layout.
    at = np.empty_like(flat)
    is_new = np.ones(len(hashes), bool)
    is_new[common] = False
    at[common] = old * _SCALE
    for place in np.nonzero(is_new)[0].tolist():
        nearest = int(np.argmax(points[common] @ points[place]))
        at[place] = at[common[nearest]] + 0.05
    return at, old, common


def _with_copies(rows: Sequence[Row], ids: Places, at: Floats) -> Floats:
    """Return the position of each symbol: that of its text, copies in a small spiral around it."""
    import numpy as np

    texts = np.searchsorted(ids, [row.content for row in rows])
    order = np.argsort(texts, kind="stable")
    _, first, size = np.unique(texts[order], return_index=True, return_counts=True)
    turn = np.empty(len(rows))
    turn[order] = np.arange(len(rows)) - np.repeat(first, size)
    angle, far = turn * 2.39996, NEAR_COPIES * np.sqrt(turn)
    return np.asarray(at[texts] + np.stack([np.cos(angle), np.sin(angle)], axis=1) * far[:, None], np.float32)


def _kept_layout(connection: Connection) -> str:
    """Return the layout of the last map; `pca` if there is none."""
    data = atlas.kept(connection, KEPT)
    return "pca" if data is None else str(json.loads(data.partition(b"\n")[0])["layout"])


def _before(connection: Connection, how: str) -> dict[bytes, tuple[float, float]]:
    """Return the last positions by the hash of the text."""
    import numpy as np

    data = atlas.kept(connection, KEPT)
    if data is None:
        return {}
    head, _, body = data.partition(b"\n")
    about = json.loads(head)
    if about["layout"] != how:
        return {}
    size = about["hash"] + 8
    texts = len(body) // size
    at = np.frombuffer(body[texts * about["hash"] :], "<f4").reshape(-1, 2).tolist()
    width = about["hash"]
    return {body[n * width : (n + 1) * width]: (at[n][0], at[n][1]) for n in range(texts)}


def _keep(index: Index, how: str, hashes: Sequence[bytes], at: Floats) -> None:
    about = {"layout": how, "hash": len(hashes[0])}
    keep(index, KEPT, json.dumps(about).encode() + b"\n" + b"".join(hashes) + at.astype("<f4").tobytes())
