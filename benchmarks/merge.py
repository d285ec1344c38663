"""Merge the indexes of two repositories, and compare the result with an index of both, count by count.

    python benchmarks/merge.py FOLDER FOLDER [FOLDER FOLDER ...] [--runs 3]

Each pair of folders is put below one root. Prints the processor time of indexing the root, with one worker and children
included, and of merging the indexes of its two folders; then whether everything is the same: symbols, vectors,
references, each occurrence of each word, and the answers to questions made of documentation.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import sys
import tempfile
from pathlib import Path

from trees import HOUSE, environment

import codesearch
from codesearch.artifacts import merging

QUESTIONS = 100


def spent() -> float:
    """Return the processor time of this process and of its children that have ended."""
    return sum(os.times()[:4])


def indexed(root: Path, db: Path, **settings: object) -> float:
    """Index a tree into a new file; return the processor time."""
    started = spent()
    with codesearch.open_index(root, db=str(db), workers=1, **settings) as index:
        index.update(rebuild=True)
    return spent() - started


def answers(root: Path, db: Path, questions: list[str]) -> list[object]:
    """Return the first ten hits of each question."""
    with codesearch.open_index(root, db=str(db), embed="none") as index:
        return [[(hit.symbol.path, hit.symbol.start_line) for hit in index.query(text)] for text in questions]


def questions(root: Path, db: Path) -> list[str]:
    """Return the first lines of documentation, evenly over the tree."""
    with codesearch.open_index(root, db=str(db)) as index:
        lines = [one.documentation.strip().split("\n")[0] for one in index.symbols()]
    lines = sorted({line for line in lines if 20 < len(line) < 100 and ":" not in line})
    return lines[:: max(1, len(lines) // QUESTIONS)][:QUESTIONS]


def compare(pair: tuple[Path, Path], runs: int, folder: Path) -> None:
    """Print one line about a pair of repositories."""
    from tests.support.trees import everything

    root = folder / "root"
    names = [f"{number}-{one.parent.name if one.name == 'src' else one.name}" for number, one in enumerate(pair)]
    for name, source in zip(names, pair, strict=True):
        shutil.copytree(source, root / name, ignore=shutil.ignore_patterns(".git", ".codesearch"), symlinks=True)
    parts = [folder / f"{name}.db" for name in names]
    for name, part in zip(names, parts, strict=True):
        indexed(root, part, include=(f"{name}/**",))
    whole, target = folder / "whole.db", folder / "merged.db"
    indexing, merged = [], []
    for _ in range(runs):
        indexing.append(indexed(root, whole))
        target.unlink(missing_ok=True)
        started = spent()
        made = merging.merge(parts, target)
        merged.append(spent() - started)
    a, b = everything(whole), everything(target)
    different = [name for name in a if a[name] != b[name]]
    asked = questions(root, whole)
    same = sum(x == y for x, y in zip(answers(root, whole, asked), answers(root, target, asked), strict=True))
    ratio = statistics.median(m / i for m, i in zip(merged, indexing, strict=True))
    print(
        f"{' + '.join(names)}: {made.symbols:,} symbols, {sum(map(len, a.values())):,} facts, "
        f"different: {', '.join(different) or 'none'}; answers {same}/{len(asked)} the same; "
        f"indexing {statistics.median(indexing):.2f} s, merging {statistics.median(merged):.2f} s, ratio {ratio:.3f}; "
        f"{whole.stat().st_size:,} and {target.stat().st_size:,} bytes",
        flush=True,
    )


def main() -> None:
    """Compare each pair."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", nargs="+", type=Path)
    parser.add_argument("--runs", type=int, default=3)
    given = parser.parse_args()
    environment()
    sys.path.insert(0, str(HOUSE))
    for pair in zip(given.folders[::2], given.folders[1::2], strict=True):
        with tempfile.TemporaryDirectory(prefix="merge-") as folder:
            compare(pair, given.runs, Path(folder))


if __name__ == "__main__":
    main()
