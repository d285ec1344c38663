"""How soon a saved file can be found while `codesearch watch` runs, and what the watcher costs when nothing happens.

    python benchmarks/watch_latency.py [--tree DIR] [--files 20000] [--saves 100]

Without --tree it makes a git repository of that many small files. It prints a table: save to searchable (one file,
and many at once by `git switch`), queries by the command with and without the watcher, idle CPU and memory.
Linux only: memory and CPU are read from /proc.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import codesearch
from codesearch.service import client

COMMAND = [sys.executable, "-m", "codesearch.cli"]
HOUSE = Path(codesearch.__file__).parents[1]


def git(root: Path, *arguments: str) -> None:
    """Run git in the tree."""
    subprocess.run(["git", "-c", "user.name=n", "-c", "user.email=e@e", *arguments], cwd=root, check=True)


def words(rng: random.Random, count: int) -> list[str]:
    """Return identifiers as people make them."""
    verbs = (
        "read write parse send open close find merge split check build load save count sort map render update".split()
    )
    nouns = (
        "file user order config packet image token route cache row index job event socket page query lock node".split()
    )
    return [f"{rng.choice(verbs)}_{rng.choice(nouns)}_{rng.choice(nouns)}_{rng.randrange(1000)}" for _ in range(count)]


def make_tree(root: Path, files: int) -> None:
    """Make a repository of `files` Python files of three functions each, fifty a folder, and a branch `other`."""
    rng = random.Random(1)
    for number in range(files):
        file = root / f"area{number // 2500}" / f"part{number // 50}" / f"file{number}.py"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(source(words(rng, 3)))
    git(root, "init", "-q", "-b", "main")
    git(root, "add", ".")
    git(root, "commit", "-qm", "one")
    git(root, "switch", "-qc", "other")
    for file in rng.sample(sorted(root.rglob("file*.py")), min(2000, files // 2)):
        file.write_text(source(words(rng, 3)))
    git(root, "commit", "-qam", "two")
    git(root, "switch", "-q", "main")


def source(names: list[str]) -> str:
    """Return a file that defines functions of these names."""
    return "\n\n".join(
        f'def {name}(value, size=10):\n    """{name.replace("_", " ").capitalize()}, and return what is left."""\n'
        f"    for at in range(size):\n        value = value + at\n    return value\n"
        for name in names
    )


def wait_for(condition: Callable[[], bool], what: str, seconds: float = 120.0) -> float:
    """Return how many seconds it took until a condition held."""
    started = time.perf_counter()
    while not condition():
        if time.perf_counter() - started > seconds:
            raise SystemExit(f"never happened: {what}")
        time.sleep(0.001)
    return time.perf_counter() - started


def family(pid: int) -> list[int]:
    """Return a process and its children."""
    found = [pid]
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            if int(fields[1]) == pid:
                found.append(int(entry.name))
    return found


def cpu_seconds(pids: list[int]) -> float:
    """Return the CPU time processes have used."""
    ticks = 0
    for pid in pids:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def memory(pids: list[int], key: str) -> int:
    """Return the sum of a field of /proc/PID/smaps_rollup, in bytes."""
    total = 0
    for pid in pids:
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith(key + ":"):
                total += int(line.split()[1]) * 1024
    return total


def timed(command: list[str]) -> float:
    """Return the seconds a command takes."""
    started = time.perf_counter()
    subprocess.run(command, check=False, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return time.perf_counter() - started


def row(what: str, values: list[float]) -> None:
    """Print p50, p95 and the worst of some seconds, in milliseconds."""
    ordered = sorted(values)
    p95 = ordered[min(len(ordered) - 1, int(len(ordered) * 0.95))]
    print(f"{what:<46} {statistics.median(values) * 1e3:>9.1f} {p95 * 1e3:>9.1f} {ordered[-1] * 1e3:>9.1f}", flush=True)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tree", type=Path, help="use (and keep) this folder; it is made if missing")
    parser.add_argument("--files", type=int, default=20_000)
    parser.add_argument("--saves", type=int, default=100)
    parser.add_argument("--idle", type=float, default=30.0, help="seconds to watch an idle watcher")
    given = parser.parse_args()
    root = given.tree or Path(tempfile.mkdtemp(prefix="codesearch-")) / "tree"
    if not root.exists():
        root.mkdir(parents=True)
        make_tree(root, given.files)
    os.environ["PYTHONPATH"] = str(HOUSE)
    first = timed([*COMMAND, "index", str(root)])
    watcher = subprocess.Popen([*COMMAND, "watch", "--quiet", str(root)])
    try:
        measure(root, watcher.pid, first, given.saves, given.idle)
    finally:
        watcher.terminate()
        watcher.wait()
        if given.tree is None:
            shutil.rmtree(root.parent)


def measure(root: Path, pid: int, first: float, saves: int, idle: float) -> None:
    """Measure a tree that is indexed and watched."""
    rng = random.Random(2)
    with codesearch.open_index(root) as index:
        wait_for(lambda: (client.call(index.path, "status") or {}).get("pid") == pid, "the watcher answers")
        wait_for(lambda: bool((client.call(index.path, "status") or {}).get("fresh")), "up to date")
        status = index.status()
        print(f"{status.files:,} files, {status.symbols:,} symbols, index made in {first:.1f} s")
        print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
        print(f"{'milliseconds':<46} {'p50':>9} {'p95':>9} {'worst':>9}")
        files = [symbol.path for symbol in index.symbols() if symbol.start_line == 1][:: max(1, status.files // 500)]

        def save_one(way: str) -> float:
            path = rng.choice(files)
            name = f"saved_{rng.randrange(10**9)}"
            text = (root / path).read_text() + "\n\n" + source([name])
            if way == "atomic":
                (root / path).with_suffix(".tmp").write_text(text)
                (root / path).with_suffix(".tmp").replace(root / path)
            else:
                (root / path).write_text(text)
            line = text[: text.index(name)].count("\n") + 1

            def found() -> bool:
                try:
                    return index.symbol_at(path, line).name == name
                except codesearch.CodesearchError:
                    return False

            took = wait_for(found, f"{name} in {path}")
            time.sleep(rng.uniform(0.05, 0.2))
            return took

        row("save to searchable, rewritten in place", [save_one("plain") for _ in range(saves)])
        row("save to searchable, replaced atomically", [save_one("atomic") for _ in range(saves)])
        git(root, "checkout", "-q", ".")
        refreshed = client.call(index.path, "refresh", 120, budget=120)
        assert refreshed and refreshed["fresh"]

        def switch(branch: str) -> float:
            git(root, "switch", "-q", branch)
            started = time.perf_counter()
            answer = client.call(index.path, "refresh", 120, budget=120)
            assert answer and answer["fresh"]
            return time.perf_counter() - started

        there = switch("other")
        assert index.status().fresh
        row("git switch, 2,000 files changed", [there])
        row("git switch back", [switch("main")])
        asked = ["query", "merge the rows of a page", str(root), "-n", "5"]
        timed([*COMMAND, *asked])
        row("query by the command, watcher running", [timed([*COMMAND, *asked]) for _ in range(20)])

        def ask() -> float:
            started = time.perf_counter()
            answer = client.query(index, "merge the rows of a page", limit=5)
            assert answer is not None
            return time.perf_counter() - started

        row("query over the socket", [ask() for _ in range(50)])
        # Another file of the index's name: no watcher keeps it, so the command does the work itself.
        link = root / ".codesearch" / "alone.db"
        shutil.copy(index.path, link)
        alone = [*COMMAND, *asked, "--db", str(link)]
        timed(alone)
        row("query by the command, no watcher", [timed(alone) for _ in range(20)])
        link.unlink()
    time.sleep(12.0)  # until only one worker is kept
    before = cpu_seconds(family(pid))
    time.sleep(idle)
    pids = family(pid)
    used = (cpu_seconds(pids) - before) / idle
    resident, proportional = memory(pids, "Rss") / 1e6, memory(pids, "Pss") / 1e6
    print(f"idle: {used:.2%} of a core, {len(pids)} processes, {resident:.0f} MB resident, {proportional:.0f} MB own")


if __name__ == "__main__":
    main()
