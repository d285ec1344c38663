"""What related code, clusters, the map, clones, concepts and exports cost beside the index itself.

    python benchmarks/atlas.py PATH... [--keep FOLDER]

Each command runs in a process of its own, on a new index outside the folder, without vectors of other indexes. Times
are of the processor (all threads and child processes), because the clock of a busy machine says little; memory is the
peak of the largest process. `--keep` leaves the index, the map and the exports in a folder, for `benchmarks/map.py` and
`benchmarks/map_page.py`.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from trees import COMMAND, environment

from codesearch import open_index

CONCEPT = ("authentication: passwords, tokens, login", "reading and writing files")


@dataclass(frozen=True, slots=True)
class Cost:
    """The cost of one process."""

    seconds: float
    """Processor time."""
    clock: float
    """Seconds by the clock."""
    memory: int
    """Peak, in bytes."""


def commands(tree: str, folder: Path) -> dict[str, list[str]]:
    """Return the arguments of each command, by name, in the order in which they run."""
    where = ["--root", tree, "--db", str(folder / "index.db")]
    given = {
        "index": ["index", tree, "-q"],
        "related --update": ["related", "--update", "-q"],
        "clusters": ["clusters", tree, "--format", "json"],
        "map": ["map", tree, "--fresh", "-q", "-o", str(folder / "map.html")],
        "map, again": ["map", tree, "-q", "-o", str(folder / "map.html")],
        "map --layout pca": ["map", tree, "--layout", "pca", "--fresh", "-q", "-o", str(folder / "pca.json")],
        "clones": ["clones", tree, "--format", "json"],
        "concept add": ["concept", "add", "about", tree, "--query", CONCEPT[0], "--query", CONCEPT[1]],
        "symbols --sort concept": ["symbols", tree, "--sort", "concept:about", "-n", "20", "--format", "json"],
        "export (parquet)": ["export", tree, "-o", str(folder / "symbols.parquet")],
        "export (npz)": ["export", tree, "-o", str(folder / "symbols.npz")],
    }
    return {name: [*command, *where, *([] if name == "index" else ["--no-update"])] for name, command in given.items()}


def run(arguments: list[str]) -> Cost:
    """Run codesearch and return the cost. Raises RuntimeError if it fails."""
    start = time.monotonic()
    with tempfile.TemporaryFile() as output:
        process = subprocess.Popen([*COMMAND, *arguments], stdout=output, stderr=output)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode > 1:
            output.seek(0)
            raise RuntimeError(f"{' '.join(arguments)}: {output.read().decode(errors='replace')[-500:]}")
    memory = usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    return Cost(usage.ru_utime + usage.ru_stime, time.monotonic() - start, memory)


def measured(tree: str, folder: Path) -> None:
    """Print the table of one tree."""
    costs: dict[str, Cost] = {}
    for name, arguments in commands(tree, folder).items():
        costs[name] = run(arguments)
        print(f"{Path(tree).name}: {name}: {costs[name]}", file=sys.stderr, flush=True)
    with open_index(tree, db=str(folder / "index.db"), embed="none") as index:
        symbols = index.status().symbols
    print(f"\n| {Path(tree).name}, {symbols:,} symbols | processor | of the index's | clock | memory |")
    print("|---|--:|--:|--:|--:|")
    for name, cost in costs.items():
        part = cost.seconds / costs["index"].seconds
        print(
            f"| `{name}` | {cost.seconds:,.1f} s | {part:.2f} | {cost.clock:,.1f} s | {cost.memory / 1e6:,.0f} MB |",
            flush=True,
        )
    sizes = {file.name: file.stat().st_size / 1e6 for file in sorted(folder.iterdir()) if file.is_file()}
    print("\n" + ", ".join(f"{name} {size:,.1f} MB" for name, size in sizes.items()), flush=True)


def main(arguments: list[str]) -> None:
    """Measure each tree."""
    kept = None
    if "--keep" in arguments:
        at = arguments.index("--keep")
        kept = Path(arguments[at + 1])
        arguments = arguments[:at] + arguments[at + 2 :]
    environment()
    for given in arguments:
        tree = Path(given).resolve()
        with ExitStack() as stack:
            folder = kept / tree.name if kept else Path(stack.enter_context(tempfile.TemporaryDirectory()))
            folder.mkdir(parents=True, exist_ok=True)
            measured(str(tree), folder)


if __name__ == "__main__":
    main(sys.argv[1:])
