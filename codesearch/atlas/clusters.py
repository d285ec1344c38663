"""Clusters: what a tree consists of, by the vectors of its symbols, with names, from coarse to fine.

The number of clusters is that whose result is clearest (silhouette) and least a matter of chance (agreement of two
halves of the code). The centres are kept in the index, and the next run begins with them: after small changes, nearly
every symbol stays where it was.
"""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from codesearch.atlas import kmeans, naming, vectors
from codesearch.atlas.kept import keep
from codesearch.core import tokens
from codesearch.core.errors import NotFoundError, UsageError
from codesearch.core.filter import Filter
from codesearch.core.log import Log
from codesearch.search import resolved
from codesearch.store import atlas
from codesearch.store.atlas import Row

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from codesearch.atlas.kmeans import Floats, Labels
    from codesearch.index import Index

log = Log("codesearch.atlas")

KEPT = "clusters"
CHOSEN_ON = 8000
"""Texts on which the number of clusters is chosen."""
FEW = 24
"""Fewer texts make no clusters."""
LADDER = (3, 4, 6, 8, 12, 16, 24, 32, 48, 64)
"""Numbers of clusters that are tried."""
EXAMPLES = 4
FOLDERS = 2
TESTS = 0.8
"""A cluster is one of tests if this share of its symbols is test code."""


@dataclass(frozen=True, slots=True)
class Cluster:
    """Symbols that are near each other."""

    number: int
    """From 0; the same after small changes of the code."""
    name: str
    terms: tuple[str, ...]
    """What distinguishes it, most important first."""
    size: int
    """Symbols."""
    tests: bool
    """Whether nearly all of it is test code."""
    folders: tuple[tuple[str, int], ...]
    """The folders with most of its symbols, and how many."""
    examples: tuple[Row, ...]
    """The symbols nearest to its centre."""


@dataclass(frozen=True, slots=True)
class Group:
    """Clusters that are near each other."""

    name: str
    size: int
    clusters: tuple[Cluster, ...]
    """Largest first."""


@dataclass(frozen=True, slots=True)
class Clustering:
    """The clusters of a tree."""

    groups: tuple[Group, ...]
    """Largest first."""
    symbols: int
    silhouette: float
    """How clearly symbols belong to their cluster: -1..1."""
    rows: tuple[Row, ...]
    labels: tuple[int, ...]
    """The number of the cluster of each of `rows`."""
    seconds: float

    @property
    def clusters(self) -> tuple[Cluster, ...]:
        """All clusters, by number."""
        return tuple(sorted((one for some in self.groups for one in some.clusters), key=lambda one: one.number))


@dataclass(frozen=True, slots=True)
class _Points:
    rows: list[Row]
    unit: Floats
    """One centred unit vector per text."""
    of_row: Labels
    """The text of each row."""


def clusters(
    index: Index,
    *,
    count: int | None = None,
    where: Filter | None = None,
    fresh: bool = False,
    name_with: Callable[[str], str] | None = None,
    keeps: bool = True,
) -> Clustering:
    """Return the clusters of the symbols that pass a filter.

    `count` is their number, chosen if None. Without a filter, the run begins with the centres of the last one, unless
    `fresh`. `name_with` makes a name from a description of a cluster. If it `keeps` them, the next run begins with
    these centres. Raises NotFoundError without an index or if there is too little code, UsageError for a count that is
    not possible.
    """
    start = time.monotonic()
    points = _points(index, where)
    texts = len(points.unit)
    if count is not None and not 2 <= count <= texts // 2:
        raise UsageError(f"--count must be between 2 and {texts // 2}, half the number of distinct symbols")
    state = None if where or fresh else _restored(index, points, count)
    names: Mapping[int, str] = {}
    if state is not None:
        centres, names = state
        grouped = kmeans.group(points.unit, len(centres), start=centres)
    else:
        grouped = _grouped(points.unit, count or best_count(points.unit))
    described = _described(points, grouped)
    named = {one.number: name for one in described if (name := _asked(name_with, one) or names.get(one.number, ""))}
    described = [replace(one, name=named.get(one.number, one.name)) for one in described]
    _, first, second = kmeans.assign(points.unit, grouped.centres)
    if keeps and not where:
        _keep(index, grouped.centres, named, chosen=count is None, texts=texts)
    labels = tuple(grouped.labels[points.of_row].tolist())
    log.info("%d clusters of %d texts in %.1f s", len(described), texts, time.monotonic() - start)
    return Clustering(
        tuple(_tree(described, grouped, points, labels)),
        len(points.rows),
        round(kmeans.silhouette(first, second), 4),
        tuple(points.rows),
        labels,
        time.monotonic() - start,
    )


def _points(index: Index, where: Filter | None) -> _Points:
    import numpy as np

    store = index.reader()
    if store is None:
        raise NotFoundError(f"{index.root}: not indexed yet; run `codesearch index {index.root}`")
    with store.snapshot():
        rows = [
            row
            for row in atlas.rows(store.connection, None if where is None else resolved(where, index.root, index.path))
            if row.kind != "module"
        ]
        known = vectors.read(store)
    contents = sorted({row.content for row in rows})
    if len(contents) < FEW:
        raise NotFoundError(
            f"{index.root}: {len(contents)} distinct symbols"
            + (" match the filters" if where else "")
            + f": too few for clusters, which need {FEW}"
        )
    unit = vectors.unit(known.rows[known.places(contents)])
    of_row = np.searchsorted(contents, [row.content for row in rows])
    return _Points(rows, kmeans.centred(unit, unit.mean(axis=0)), of_row)


def best_count(unit: Floats) -> int:
    """Return the number of clusters whose result is clearest and most stable, between sqrt(n) / 5 and sqrt(n) / 2."""
    import numpy as np

    size = len(unit)
    tried = [count for count in LADDER if size**0.5 / 5 <= count <= size**0.5 / 2] or [LADDER[0]]
    if size**0.5 / 5 > LADDER[-1]:
        tried = [LADDER[-1]]
    if len(tried) == 1:
        return tried[0]
    random = np.random.default_rng(0)
    some = unit[random.permutation(size)[:CHOSEN_ON]]
    half = len(some) // 2

    def worth(count: int) -> float:
        one, other = kmeans.group(some[:half], count, seed=1), kmeans.group(some[half:], count, seed=2)
        labels, first, second = kmeans.assign(some, one.centres)
        agreed = kmeans.agreement(labels, kmeans.assign(some, other.centres)[0])
        log.debug("%d clusters: silhouette %.3f, agreement %.3f", count, kmeans.silhouette(first, second), agreed)
        return max(0.0, kmeans.silhouette(first, second)) * max(0.0, agreed)

    return max(tried, key=worth)


def _grouped(unit: Floats, count: int) -> kmeans.Grouping:
    """Return the points in groups; of many points, the centres are found on a part first."""
    import numpy as np

    if len(unit) <= kmeans.SEEDS_FROM:
        return kmeans.group(unit, count)
    some = unit[np.random.default_rng(0).choice(len(unit), kmeans.SEEDS_FROM, replace=False)]
    return kmeans.group(unit, count, start=kmeans.group(some, count).centres)


def _described(points: _Points, grouped: kmeans.Grouping) -> list[Cluster]:
    members: list[list[int]] = [[] for _ in grouped.centres]
    for at, label in enumerate(grouped.labels[points.of_row].tolist()):
        members[label].append(at)
    closeness = grouped.closeness[points.of_row]
    terms = naming.names([[points.rows[at] for at in some] for some in members])
    return [
        _cluster(number, [points.rows[at] for at in some], closeness[some], terms[number])
        for number, some in enumerate(members)
        if some
    ]


def _cluster(number: int, rows: Sequence[Row], closeness: npt.NDArray[np.float32], terms: tuple[str, ...]) -> Cluster:
    import numpy as np

    folders = Counter(row.path.rpartition("/")[0] or "." for row in rows)
    tests = sum("test" in row.roles.split() or row.kind == "test" for row in rows) >= TESTS * len(rows)
    examples: dict[str, Row] = {}
    clear = np.array([_clarity(row.name) for row in rows], np.float32)
    for at in np.argsort(-closeness - clear, kind="stable").tolist():
        examples.setdefault(rows[at].name, rows[at])
        if len(examples) == EXAMPLES:
            break
    name = ", ".join(terms) or "other"
    return Cluster(
        number,
        f"{name} (tests)" if tests else name,
        terms,
        len(rows),
        tests,
        tuple(folders.most_common(FOLDERS)),
        tuple(examples.values()),
    )


def _clarity(name: str) -> float:
    """Return how much closer to the centre a symbol counts as an example, since its name says something to a reader."""
    return 0.06 * (not name.startswith("_")) + 0.06 * (len(tokens.words(name)) > 1)


def _tree(
    described: Sequence[Cluster], grouped: kmeans.Grouping, points: _Points, labels: Sequence[int]
) -> list[Group]:
    """Return the clusters in groups of neighbours, about the square root of their number."""
    by_number = {one.number: one for one in described}
    numbers = sorted(by_number)
    joined = _joined(
        grouped.centres[numbers], [by_number[one].size for one in numbers], max(2, round(len(numbers) ** 0.5))
    )
    sides = {number: side for side, places in enumerate(joined) for number in (numbers[at] for at in places)}
    members: list[list[Row]] = [[] for _ in joined]
    for row, label in zip(points.rows, labels, strict=True):
        members[sides[label]].append(row)
    groups = []
    for places, terms, rows in zip(joined, naming.names(members), members, strict=True):
        inside = sorted((by_number[numbers[at]] for at in places), key=lambda one: (-one.size, one.number))
        name = ", ".join(terms) if len(inside) > 1 else inside[0].name
        if len(inside) > 1 and all(one.tests for one in inside):
            name += " (tests)"
        groups.append(Group(name, len(rows), tuple(inside)))
    return sorted(groups, key=lambda one: (-one.size, one.name))


def _joined(centres: Floats, sizes: Sequence[int], count: int) -> list[list[int]]:
    """Return the places of the centres in `count` groups, by joining those whose joint centre costs least (Ward)."""
    import numpy as np

    groups = [[at] for at in range(len(sizes))]
    means = [np.asarray(centre, np.float64) for centre in centres]
    weights = [float(size) for size in sizes]
    while len(groups) > count:
        pairs = [
            (weights[a] * weights[b] / (weights[a] + weights[b]) * float(((means[a] - means[b]) ** 2).sum()), a, b)
            for a in range(len(groups))
            for b in range(a)
        ]
        _, a, b = min(pairs)
        means[b] = (means[a] * weights[a] + means[b] * weights[b]) / (weights[a] + weights[b])
        weights[b] += weights[a]
        groups[b] += groups[a]
        del groups[a], means[a], weights[a]
    return groups


# -- names by a program, and what is kept ------------------------------------------------------------


def _asked(name_with: Callable[[str], str] | None, one: Cluster) -> str:
    return "" if name_with is None else name_with(prompt(one))


def prompt(one: Cluster) -> str:
    """Return the description of a cluster from which a program makes a name."""
    lines = [f"- {row.qualname} ({row.path}): {row.documentation.partition(chr(10))[0]}" for row in one.examples]
    folders = ", ".join(folder for folder, _ in one.folders)
    return "\n".join(
        (
            "Name this group of functions of one program in two to four words. Answer with the name only.",
            f"Words that distinguish it: {', '.join(one.terms)}",
            f"Folders: {folders}",
            "The most typical ones:",
            *lines,
            "",
        )
    )


def _restored(index: Index, points: _Points, count: int | None) -> tuple[Floats, Mapping[int, str]] | None:
    """Return the centres of the last run and the names that a program gave, if they are still of use."""
    import numpy as np

    store = index.reader()
    data = None if store is None else atlas.kept(store.connection, KEPT)
    if data is None:
        return None
    head, _, body = data.partition(b"\n")
    about: dict[str, Any] = json.loads(head)
    centres = np.frombuffer(body, np.float32).reshape(-1, about["dims"])
    texts = len(points.unit)
    if about["dims"] != points.unit.shape[1] or not 0.67 <= texts / about["texts"] <= 1.5:
        return None
    if (len(centres) != count) if count is not None else not about["chosen"]:
        return None
    return centres, {int(number): name for number, name in about["names"].items()}


def _keep(index: Index, centres: Floats, names: Mapping[int, str], *, chosen: bool, texts: int) -> None:
    about = {"dims": centres.shape[1], "chosen": chosen, "texts": texts, "names": names}
    keep(index, KEPT, json.dumps(about).encode() + b"\n" + centres.astype("<f4").tobytes())
