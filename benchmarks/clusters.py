"""How stable the clusters of a tree are, by the adjusted Rand index: 1 means the same groups, 0 groups by chance.

    python benchmarks/clusters.py PATH...

It compares runs of different seeds, of the same clusters after a random twentieth of all files is gone (as the command
does, beginning with the centres of the last run), and of scikit-learn's KMeans, if that is installed. Needs an index of
each folder (`codesearch index PATH`).
"""

from __future__ import annotations

import sys
import time

import numpy as np

from codesearch import open_index
from codesearch.atlas import clusters, kmeans, vectors
from codesearch.store import atlas


def measured(path: str) -> str:
    """Return one row of the table for the tree at `path`."""
    with open_index(path) as index:
        store = index.reader()
        assert store is not None, f"{path} is not indexed"
        rows = [row for row in atlas.rows(store.connection) if row.kind != "module"]
        known = vectors.read(store)
    contents = sorted({row.content for row in rows})
    unit = vectors.unit(known.rows[known.places(contents)])
    points = kmeans.centred(unit, unit.mean(axis=0))
    start = time.perf_counter()
    count = clusters.best_count(points)
    one = kmeans.group(points, count, seed=0)
    seconds = time.perf_counter() - start
    seeds = [kmeans.agreement(one.labels, kmeans.group(points, count, seed=seed).labels) for seed in (1, 2, 3)]
    random = np.random.default_rng(0)
    files = sorted({row.path for row in rows})
    gone = {files[at] for at in random.choice(len(files), len(files) // 20, replace=False)}
    left = np.isin(contents, [row.content for row in rows if row.path not in gone])
    after = kmeans.group(kmeans.centred(unit[left], unit[left].mean(axis=0)), count, start=one.centres)
    again = kmeans.agreement(one.labels[left], after.labels)
    return (
        f"| {path.rstrip('/').rpartition('/')[2]} | {len(rows):,} | {count} | {seconds:.1f} s | {np.mean(seeds):.2f} | "
        f"{again:.2f} | {_scikit(points, one, count)} |"
    )


def _scikit(points: kmeans.Floats, one: kmeans.Grouping, count: int) -> str:
    """Return the cohesion of our clusters and of scikit-learn's, the mean cosine with the centre."""
    ours = float(one.closeness.mean())
    try:
        from sklearn.cluster import MiniBatchKMeans
    except ImportError:
        return f"{ours:.3f}, not installed"
    start = time.perf_counter()
    model = MiniBatchKMeans(count, random_state=0, n_init=3).fit(points)
    centres = model.cluster_centers_ / np.linalg.norm(model.cluster_centers_, axis=1, keepdims=True)
    theirs = float(kmeans.assign(points, centres.astype(np.float32))[1].mean())
    return f"{ours:.3f}, {theirs:.3f} ({time.perf_counter() - start:.1f} s)"


if __name__ == "__main__":
    print(
        "| tree | symbols | clusters | time | other seeds | a twentieth of files gone | cohesion: ours, scikit-learn |"
    )
    print("|---|--:|--:|--:|--:|--:|--:|")
    for argument in sys.argv[1:]:
        print(measured(argument), flush=True)
