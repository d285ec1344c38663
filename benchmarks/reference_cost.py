"""Compare the CPU time and the size of a first index with and without references.

    python benchmarks/reference_cost.py ROOT... [--pairs 7] [--json FILE]

Each pair indexes ROOT twice in new processes, in turn with and without references; the order is exchanged from pair
to pair. CPU is user and system time of the command and its workers. Without references, the package is the same, but
its registry of languages names no queries for them. Printed are the median of the pairs' ratios, the smallest and the
largest, and the ratio of the sizes of the index files.

Target: at most 1.15 times the CPU, and 1.20 times the size.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import resource
import statistics
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from trees import COMMAND, HOUSE, environment, measuring, timed

_REFERENCES = re.compile(r"^ +references=\(.*\),\n", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Cost:
    """What references cost on one tree."""

    tree: str
    without: float
    """Median of the CPU seconds without references."""
    ratio: float
    lowest: float
    highest: float
    size: float
    """Ratio of the sizes of the index files."""


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("roots", nargs="+", type=Path, metavar="ROOT")
    parser.add_argument("--pairs", type=int, default=7)
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    environment()
    with tempfile.TemporaryDirectory(prefix="codesearch-") as folder:
        work = Path(folder)
        house = without_references(work / "without")
        costs = [measure(root.resolve(), house, work, given.pairs) for root in given.roots]
    print("| tree | CPU without, s | CPU ratio | lowest to highest | size ratio |\n|---|--:|--:|--:|--:|")
    for one in costs:
        spread = f"{one.lowest:.3f} to {one.highest:.3f}"
        print(f"| {one.tree} | {one.without:.2f} | {one.ratio:.3f} | {spread} | {one.size:.3f} |")
    if given.json:
        given.json.write_text(json.dumps([asdict(one) for one in costs], indent=2) + "\n", "utf-8")


def without_references(house: Path) -> Path:
    """Make a folder with links to this package, whose languages have no queries for references; return it."""
    package = HOUSE / "codesearch"
    languages = house / "codesearch" / "languages"
    languages.mkdir(parents=True)
    for source, target in ((package, house / "codesearch"), (package / "languages", languages)):
        for one in source.iterdir():
            if one.name not in ("languages", "registry.py", "__pycache__"):
                (target / one.name).symlink_to(one)
    registry = (package / "languages" / "registry.py").read_text("utf-8")
    changed, count = _REFERENCES.subn("", registry)
    if count < 5:
        raise SystemExit("registry.py has another form than this benchmark expects")
    (languages / "registry.py").write_text(changed, "utf-8")
    return house


def measure(root: Path, without: Path, work: Path, pairs: int) -> Cost:
    """Measure one tree."""
    houses = {"without": without, "with": HOUSE}
    seconds: dict[str, list[float]] = {name: [] for name in houses}
    sizes: dict[str, int] = {}
    with measuring(root.name) as progress:
        for pair in range(-1, pairs):  # the first pair only warms up
            for name in sorted(houses, reverse=bool(pair % 2)):
                database = work / "index.db"
                cpu = indexed(root, houses[name], database)
                sizes[name] = database.stat().st_size
                if pair >= 0:
                    seconds[name].append(cpu)
            progress(pair + 1, pairs)
    ratios = [one / other for one, other in zip(seconds["with"], seconds["without"], strict=True)]
    return Cost(
        root.name, statistics.median(seconds["without"]), statistics.median(ratios), min(ratios), max(ratios),
        sizes["with"] / sizes["without"],
    )  # fmt: skip


def indexed(root: Path, house: Path, database: Path) -> float:
    """Index a tree from scratch with the package in a folder; return the CPU seconds."""
    for suffix in ("", "-wal", "-shm", ".lock"):
        Path(f"{database}{suffix}").unlink(missing_ok=True)
    os.environ["PYTHONPATH"] = str(house)
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    timed(_command(root, database), cwd=house)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def _command(root: Path, database: Path) -> Sequence[str | Path]:
    return [*COMMAND, "index", "--quiet", "--db", database, root]


if __name__ == "__main__":
    main()
