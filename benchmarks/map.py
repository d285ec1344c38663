"""How well a map keeps neighbours together: trustworthiness of each layout, 1 at best, about 0.5 by chance.

    python benchmarks/map.py PATH...

Trustworthiness (scikit-learn) is low if symbols are near on the map that are not near in the space of the vectors. It
is computed on at most 5,000 symbols, drawn at random, with 10 neighbours. The layout `umap` is measured if umap-learn
is installed. Times are of the processor, for the layout alone. Needs an index of each folder, with
`codesearch related --update`; a path that ends with `.db` is an index file (`benchmarks/atlas.py --keep`).
"""

from __future__ import annotations

import sys
import time
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from sklearn.manifold import trustworthiness

from codesearch import open_index
from codesearch.atlas import kmeans, layout, vectors
from codesearch.sql import opened
from codesearch.store import related

SAMPLE, NEIGHBOURS = 5000, 10


def measured(path: str) -> str:
    """Return one row of the table for the tree at `path`."""
    with opened(path) if path.endswith(".db") else open_index(path) as index:
        store = index.required_reader()
        known = vectors.read(store)
        lists = related.lists(store.connection, known.ids.tolist())
    unit = vectors.unit(known.rows)
    points = kmeans.centred(unit, unit.mean(axis=0))
    some = np.random.default_rng(0).choice(len(points), min(SAMPLE, len(points)), replace=False)
    flat = layout.pca(points)
    cells = []
    for how in layout.LAYOUTS:
        if how == "umap" and find_spec("umap") is None:
            cells.append("not installed")
            continue
        start = time.process_time()
        if how == "neighbours":
            at = layout.by_neighbours(flat, layout.edges(known.ids, lists))
        else:
            at = layout.umap(points, flat) if how == "umap" else layout.pca(points)
        seconds = time.process_time() - start
        kept = trustworthiness(points[some], at[some], n_neighbors=NEIGHBOURS, metric="cosine")
        cells.append(f"{kept:.3f} ({seconds:.1f} s)")
    name = Path(path).parent.name if path.endswith(".db") else Path(path).name
    return f"| {name} | {len(points):,} | {' | '.join(cells)} |"


if __name__ == "__main__":
    print(f"| tree | texts | {' | '.join(layout.LAYOUTS)} |")
    print("|---|--:|--:|--:|--:|")
    for argument in sys.argv[1:]:
        print(measured(argument), flush=True)
