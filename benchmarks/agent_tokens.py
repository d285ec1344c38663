"""Compare how much of the wanted code is in the first tokens of an answer: codesearch, rg as an agent uses it, semble.

    python benchmarks/agent_tokens.py BENCH WORK [--rg RG] [--semble PYTHON --model FOLDER] [--most 30] [--json FILE]

BENCH contains `bench.py` and its suites, WORK the trees it prepared; `--most` questions per repository are drawn.
Each tool gets a budget of 2,000 and of 8,000 tokens, which `codesearch.context.token_count` counts for all of them:

search_code   the tool of `codesearch mcp`, with `max_tokens` set to the budget
context       `codesearch context`, Markdown
rg, lines     `rg -i -n -C 3` for the words of the question, without stop words; files with most different words first
rg, files     whole files in the same order
semble        `semble.SembleIndex.search`: its chunks in their order, with path and lines

A function counts as found if it is named as a result, or if one of its lines is shown; a file, if its path is. Printed
is the share that is found, by suite, as the mean over repositories with a 95 % interval (resampled questions).
"""

from __future__ import annotations

import argparse
import json
import random
import re
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from development import interval, loaded, prepared

import codesearch
from codesearch import Index
from codesearch.context import pipe, tools
from codesearch.context.entries import Entry
from codesearch.context.token_count import estimate
from codesearch.search import parse

BUDGETS = (2000, 8000)
_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_]{2,}")
_ELISION = re.compile(r"^\s*\.\.\. lines (\d+)-(\d+) \.\.\.$", re.MULTILINE)
_STOP_WORDS = frozenset(
    "the and for with from that this into are how where what when which does not all its any can has have was were "
    "will would should also than then them they there their each other such only used use uses using given returns "
    "return set get new".split()
)

Shown = list[tuple[str, int, int]]
"""Path, first and last line of what an answer shows or names."""
Task = dict[str, Any]
_SEMBLE = """
import json, os, sys
os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["SEMBLE_MODEL_NAME"] = sys.argv[1]
from semble import SembleIndex
index = SembleIndex.from_path(sys.argv[2])
for line in sys.stdin:
    hits = index.search(json.loads(line), top_k=60)
    chunks = [hit.chunk for hit in hits]
    print(json.dumps([[one.file_path, one.start_line, one.end_line, one.content] for one in chunks]), flush=True)
"""


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("bench", type=Path)
    parser.add_argument("work", type=Path)
    parser.add_argument("--rg", default="rg", help="The command of ripgrep.")
    parser.add_argument("--semble", help="The interpreter of an environment with semble.")
    parser.add_argument("--model", help="The folder of a Model2Vec model for it.")
    parser.add_argument("--most", type=int, default=30)
    parser.add_argument("--fast", action="store_true", help="Rank without the transformer.")
    parser.add_argument("--only-semble", action="store_true", help="Leave out the other tools.")
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    rows: list[Task] = []
    for suite, repo, (root, around), tasks in prepared(loaded(given.bench), given.bench, given.work):
        drawn = random.Random(1).sample(tasks, min(given.most, len(tasks)))
        for tool, budget, task, shown in answers(root.resolve(), drawn, given):
            value = found(suite, task, shown, (root, around))
            rows.append({"suite": suite, "repo": repo["name"], "tool": tool, "budget": budget, "value": value})
        sys.stderr.write(f"{suite} {repo['name']}\n")
    if given.json:
        given.json.write_text(json.dumps(rows) + "\n", "utf-8")
    report(rows)


def answers(root: Path, tasks: Sequence[Task], given: argparse.Namespace) -> Iterator[tuple[str, int, Task, Shown]]:
    """Yield (tool, budget, question, what is shown) of all tools on one tree."""
    if given.semble:
        yield from semble(root, tasks, given)
    if given.only_semble:
        return
    ranking = {"embed": "none"} if given.fast else {}
    with (
        tempfile.TemporaryDirectory() as folder,
        codesearch.open_index(root, db=Path(folder) / "index.db", **ranking) as index,
    ):
        index.update()
        by_tool: dict[str, Callable[[str, int], Shown]] = {
            "search_code": lambda question, budget: search_code(index, question, budget),
            "context": lambda question, budget: context(index, question, budget),
            "rg, lines": lambda question, budget: rg(root, given.rg, question, budget, whole=False),
            "rg, files": lambda question, budget: rg(root, given.rg, question, budget, whole=True),
        }
        for task in tasks:
            for tool, answer in by_tool.items():
                for budget in BUDGETS:
                    yield tool, budget, task, answer(task["query"], budget)


def found(suite: str, task: Task, shown: Shown, roots: tuple[Path, Path]) -> float:
    """Return the share of the wanted code that is shown."""
    if suite == "docs":
        return float(
            any(path == task["path"] and first <= task["end"] and task["start"] <= last for path, first, last in shown)
        )
    targets = [one if isinstance(one, str) else one["path"] for one in task["relevant"]]
    present = [one for one in targets if any((root / one).exists() for root in roots)] or targets
    paths = {path for path, _, _ in shown}
    return sum(any(path == one or one.endswith("/" + path) for path in paths) for one in present) / len(present)


# -- codesearch ---------------------------------------------------------------------------------------


def search_code(index: Index, question: str, budget: int) -> Shown:
    """Return what the tool of `codesearch mcp` shows."""
    result = tools.run(index, "search_code", tools.Call({"question": question, "max_tokens": budget, "limit": 30}))
    checked(result.text, budget)
    return [place for one in result.value["results"] for place in _shown(one)]


def context(index: Index, question: str, budget: int) -> Shown:
    """Return what `codesearch context` shows."""
    query = parse(question)
    hits = index.query(query, limit=100).hits
    text, selection = pipe.document(index, question, hits, budget, query.words, "markdown")
    checked(text, budget)
    return [place for one in selection.entries if _is_in(one, text) for place in _shown(one.json())]


def _is_in(entry: Entry, text: str) -> bool:
    return f"{entry.hit.symbol.path}:{entry.hit.symbol.start_line}" in text


def checked(text: str, budget: int) -> None:
    """End the benchmark if an answer is longer than its budget."""
    if estimate(text) > 1.01 * budget:
        raise SystemExit(f"an answer has {estimate(text):.0f} tokens of {budget}")


def _shown(result: dict[str, Any]) -> Shown:
    """Return the lines that a result shows: of a cut body, what is not left out, and the line of its heading."""
    path, first, last = result["path"], result["start_line"], result["end_line"]
    if result.get("source") and not result["whole"]:
        shown, at = [], first
        for gap in _ELISION.finditer(result["source"]):
            shown.append((path, at, int(gap[1]) - 1))
            at = int(gap[2]) + 1
        return [*shown, (path, at, last)]
    if result.get("source") or result["kind"] in ("function", "method", "test"):
        return [(path, first, last)]
    return [(path, first, first)]


# -- others -------------------------------------------------------------------------------------------


def rg(root: Path, command: str, question: str, budget: int, *, whole: bool) -> Shown:
    """Return what an agent reads that looks for the words of a question."""
    words = sorted({word.lower() for word in _WORD.findall(question)} - _STOP_WORDS)
    matched: dict[str, dict[int, set[str]]] = defaultdict(lambda: defaultdict(set))
    arguments = [part for word in words for part in ("-e", word)]
    done = subprocess.run([command, "--json", "-i", "-F", *arguments, "."], cwd=root, capture_output=True, check=False)
    for line in done.stdout.splitlines():
        message = json.loads(line)
        if message["type"] == "match" and "text" in message["data"]["path"]:
            data = message["data"]
            here = matched[data["path"]["text"].removeprefix("./")][data["line_number"]]
            here.update(one["match"].get("text", "").lower() for one in data["submatches"])

    def rank(path: str) -> tuple[int, int, str]:
        lines = matched[path].values()
        return -len(set().union(*lines)), -len(lines), path

    return _read(root, ((path, _around(matched[path], whole=whole)) for path in sorted(matched, key=rank)), budget)


def _around(lines: Iterable[int], *, whole: bool) -> list[tuple[int, int]]:
    """Return the ranges of lines that are read around matches: three on each side, or all."""
    if whole:
        return [(1, 1 << 30)]
    ranges: list[tuple[int, int]] = []
    for line in sorted(lines):
        first, last = max(1, line - 3), line + 3
        if ranges and first <= ranges[-1][1] + 1:
            ranges[-1] = ranges[-1][0], last
        else:
            ranges.append((first, last))
    return ranges


def _read(root: Path, files: Iterable[tuple[str, list[tuple[int, int]]]], budget: int) -> Shown:
    """Return the lines that are read until the budget is spent."""
    shown: Shown = []
    left = float(budget)
    for path, ranges in files:
        left -= estimate(f"{path}\n")
        lines = (root / path).read_text("utf-8", "replace").splitlines()
        for first, last in ranges:
            for number in range(first, min(last, len(lines)) + 1):
                left -= estimate(f"{number}:{lines[number - 1][:500]}\n")
                if left < 0:
                    return shown
                shown.append((path, number, number))
    return shown


def semble(root: Path, tasks: Sequence[Task], given: argparse.Namespace) -> Iterator[tuple[str, int, Task, Shown]]:
    """Yield what semble shows."""
    questions = "".join(json.dumps(task["query"]) + "\n" for task in tasks)
    done = subprocess.run(
        [given.semble, "-c", _SEMBLE, given.model, str(root)],
        input=questions,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise SystemExit(done.stderr[-2000:])
    for task, line in zip(tasks, done.stdout.splitlines(), strict=True):
        for budget in BUDGETS:
            shown: Shown = []
            left = float(budget)
            for path, first, last, content in json.loads(line):
                left -= estimate(f"{path}:{first}-{last}\n{content}\n")
                if left < 0:
                    break
                shown.append((path, first, last))
            yield "semble", budget, task, shown


def report(rows: Sequence[Task]) -> None:
    """Print the table."""
    names = {"docs": "functions", "files": "files"}
    names = {suite: name for suite, name in names.items() if any(row["suite"] == suite for row in rows)}
    columns = [(suite, budget) for suite in names for budget in BUDGETS]
    print("| | " + " | ".join(f"{names[suite]}, {budget:,} tokens" for suite, budget in columns) + " |")
    print("|---" + "|--:" * len(columns) + "|")
    for tool in dict.fromkeys(row["tool"] for row in rows):
        cells = []
        for suite, budget in columns:
            some = [row for row in rows if (row["tool"], row["suite"], row["budget"]) == (tool, suite, budget)]
            mean, low, high = interval(some)
            cells.append(f"{mean:.3f} ({low:.3f} to {high:.3f})")
        print(f"| {tool} | " + " | ".join(cells) + " |")


if __name__ == "__main__":
    main()
