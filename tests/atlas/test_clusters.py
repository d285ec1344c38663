"""Clusters: the same for the same code, nearly the same after a small change, and named by what distinguishes them."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

import codesearch
from codesearch.atlas import clusters, kmeans, naming
from codesearch.core.errors import NotFoundError, UsageError
from codesearch.store.atlas import Row
from tests.support.trees import copy_shop


@pytest.fixture(scope="module")
def indexed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    tree = copy_shop(tmp_path_factory.mktemp("clusters") / "shop")
    with codesearch.open_index(tree) as index:
        index.update()
    return tree


@pytest.fixture
def tree(indexed: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(indexed, tmp_path / "shop"))


def blobs(centres: int = 5, each: int = 40) -> tuple[np.ndarray, np.ndarray]:
    """Return points around a few directions, and the direction of each."""
    random = np.random.default_rng(3)
    means = np.eye(centres, 24, dtype=np.float32)
    truth = np.repeat(np.arange(centres), each)
    points = means[truth] + 0.05 * random.standard_normal((len(truth), 24)).astype(np.float32)
    return kmeans.centred(points, np.zeros(24, np.float32)), truth


def test_clear_groups_are_found():
    points, truth = blobs()
    for seed in range(4):
        assert kmeans.agreement(kmeans.group(points, 5, seed=seed).labels, truth) == pytest.approx(1)
    _, first, second = kmeans.assign(points, kmeans.group(points, 5).centres)
    assert kmeans.silhouette(first, second) > 0.8


def test_agreement_is_the_adjusted_rand_index():
    truth = np.array([0, 0, 0, 1, 1, 1])
    assert kmeans.agreement(truth, np.array([5, 5, 5, 2, 2, 2])) == 1
    assert kmeans.agreement(truth, np.array([0, 0, 1, 1, 2, 2])) == pytest.approx(0.2424, abs=1e-4)  # by scikit-learn
    assert kmeans.agreement(truth, np.zeros(6, int)) == 0


def test_the_number_of_clusters_fits_the_code():
    points, _ = blobs(centres=12, each=60)
    assert clusters.best_count(points) == 12


def test_every_symbol_is_in_one_cluster(tree: Path):
    with codesearch.open_index(tree) as index:
        found = clusters.clusters(index)
        assert sum(group.size for group in found.groups) == found.symbols == len(found.rows) == len(found.labels)
        assert sum(one.size for one in found.clusters) == found.symbols
        assert all(one.name and one.examples and one.folders for one in found.clusters)
        assert [group.size for group in found.groups] == sorted((g.size for g in found.groups), reverse=True)


def test_the_next_run_has_the_same_clusters(tree: Path):
    with codesearch.open_index(tree) as index:
        first = clusters.clusters(index)
        again = clusters.clusters(index)
        assert [(one.number, one.name, one.size) for one in again.clusters] == [
            (one.number, one.name, one.size) for one in first.clusters
        ]
        (tree / "shop" / "stock.py").unlink()
        index.update()
        after = clusters.clusters(index)
    kept = {(row.path, row.start_line): label for row, label in zip(first.rows, first.labels, strict=True)}
    pairs = [(kept[row.path, row.start_line], label) for row, label in zip(after.rows, after.labels, strict=True)]
    agreed = kmeans.agreement(*(np.array(side) for side in zip(*pairs, strict=True)))
    assert agreed > 0.8


def test_the_number_may_be_given(tree: Path):
    with codesearch.open_index(tree) as index:
        assert len(clusters.clusters(index, count=7).clusters) == 7
        assert len(clusters.clusters(index, count=3).clusters) == 3
        only = codesearch.Filter(languages=("python",))
        assert {row.language for row in clusters.clusters(index, count=3, where=only).rows} == {"python"}
        with pytest.raises(UsageError, match="--count must be between 2 and"):
            clusters.clusters(index, count=100_000)


def test_a_program_may_name_them_and_the_names_are_kept(tree: Path):
    asked: list[str] = []

    def name(description: str) -> str:
        asked.append(description)
        return f"Name {len(asked)}"

    with codesearch.open_index(tree) as index:
        named = clusters.clusters(index, count=4, name_with=name)
        assert sorted(one.name for one in named.clusters) == ["Name 1", "Name 2", "Name 3", "Name 4"]
        assert all("The most typical ones:" in one for one in asked)
        again = clusters.clusters(index, count=4)
    assert [one.name for one in again.clusters] == [one.name for one in named.clusters]


def test_too_little_code(tmp_path: Path):
    (tmp_path / "a.py").write_text("def a():\n    pass\n")
    with codesearch.open_index(tmp_path) as index:
        with pytest.raises(NotFoundError, match="not indexed yet"):
            clusters.clusters(index)
        index.update()
        with pytest.raises(NotFoundError, match="too few for clusters"):
            clusters.clusters(index)


def row(name: str, documentation: str = "") -> Row:
    return Row(1, 1, "function", name, name, "", documentation, 1, 2, "a.py", "python", "")


def test_names_say_what_distinguishes_a_cluster():
    files = [row(name) for name in ("lockFile", "unlock_file", "FileLock", "file_lock_path", "acquireFileLock")]
    web = [row(name) for name in ("parseRequest", "request_parser", "sendRequest", "read_request", "parse_header")]
    both = naming.names([files, web])
    assert both[0][0] == "file lock"
    assert "request" in both[1][0]
    assert not any("parse" in term and "parser" in term for term in both[1]), "forms of one word are one term"


def test_plurals_and_documentation():
    some = [row(f"handle{n}", "Send the queries to the worker.") for n in "abcd"]
    other = [row(f"draw{n}", "Paint boxes.") for n in "abcd"]
    first, second = naming.names([some, other])
    assert {"query", "worker"} & set(" ".join(first).split())
    assert "box" in " ".join(second) or "boxe" in " ".join(second) or "paint" in " ".join(second)
