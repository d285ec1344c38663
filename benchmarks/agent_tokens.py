"""Compare how much of the wanted code is in the first tokens of an answer: codesearch, rg as an agent uses it, semble.

    python benchmarks/agent_tokens.py BENCH WORK [--mirror MIRROR] [--suites docs files issues] [--most 30]
        [--rg RG] [--semble PYTHON --model FOLDER] [--fast] [--json FILE]
    python benchmarks/agent_tokens.py --show FILE ...

BENCH contains `bench.py` and its suites, WORK the trees it prepared; `--most` questions per repository are drawn. The
suite `issues` is `issues.jsonl` in BENCH: the text of an issue is the question, the functions and files that its fix
changed are wanted. MIRROR holds git directories named `OWNER+NAME/repo`, from which each issue's commit is checked out.
Each tool gets a budget of 2,000 and of 8,000 tokens, which `codesearch.context.token_count` counts for all of them:

search_code       the tool of `codesearch mcp`, with `max_tokens` set to the budget and the greatest limit
context           `codesearch context`, Markdown
rg, identifiers   `rg -n -C 3` for the words of the question that are spelled as only names are (if it has none, as the
                  next one); files with most matching lines first
rg, lines         the same with `-i` for all words but stop words; files with most different words first
rg, files         whole files in that order
semble            `semble.SembleIndex.search`: its chunks in their order, with path and lines

A function counts as found if it is named as a result, or if one of its lines is shown; a file, if its path is. Printed
is the share that is found, by suite, as the mean over repositories with a 95 % interval (resampled questions); of the
issues, the mean over issues.
"""

from __future__ import annotations

import argparse
import ast
import json
import os
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
from codesearch.cli.commands.context import MOST_HITS
from codesearch.context import pipe, tools
from codesearch.context.entries import Entry
from codesearch.context.token_count import estimate
from codesearch.search import parse

BUDGETS = (2000, 8000)
_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_]{2,}")
_NAME = re.compile(r"[A-Za-z_]\w*(?:\.\w+)*")
_SPELLED = re.compile(r"[a-z0-9][A-Z]|_|[A-Z]{2}[a-z]")
"""Spelling that only names in code have."""
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
    parser.add_argument("folders", type=Path, nargs="*", metavar="BENCH WORK")
    parser.add_argument("--suites", nargs="+", default=["docs", "files"], choices=["docs", "files", "issues"])
    parser.add_argument("--mirror", type=Path, help="The folder of git directories, for the issues.")
    parser.add_argument("--rg", default="rg", help="The command of ripgrep.")
    parser.add_argument("--semble", help="The interpreter of an environment with semble.")
    parser.add_argument("--model", help="The folder of a Model2Vec model for it.")
    parser.add_argument("--most", type=int, default=30)
    parser.add_argument("--fast", action="store_true", help="Rank without the transformer.")
    parser.add_argument("--tools", nargs="+", default=[], help="Measure only these.")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--show", type=Path, nargs="+", default=[], help="Print what earlier runs wrote.")
    given = parser.parse_args()
    rows: list[Task] = [row for path in given.show for row in json.loads(path.read_text("utf-8"))]
    if given.folders:
        if len(given.folders) != 2:
            parser.error("give BENCH and WORK")
        with tempfile.TemporaryDirectory() as folder:
            rows += measured(given, Path(folder))
    if given.json:
        given.json.write_text(json.dumps(rows) + "\n", "utf-8")
    report(rows)


def measured(given: argparse.Namespace, kept: Path) -> Iterator[Task]:
    """Yield one row per figure."""
    bench, work = given.folders
    trees = [one for one in prepared(loaded(bench), bench, work) if one[0] in given.suites]
    for suite, repo, roots, tasks in trees:
        drawn = random.Random(1).sample(tasks, min(given.most, len(tasks)))
        yield from rows_of(suite, repo["name"], roots, drawn, given, kept)
    if "issues" in given.suites:
        for task, root in issues(bench / "issues.jsonl", given.mirror, kept):
            yield from rows_of("issues", task["mirror"], (root, root), [task], given, kept)


def rows_of(
    suite: str, name: str, roots: tuple[Path, Path], tasks: Sequence[Task], given: argparse.Namespace, kept: Path
) -> Iterator[Task]:
    """Yield the figures of one tree."""
    for tool, budget, task, shown in answers(roots[0].resolve(), tasks, given, kept / f"{suite}-{name}.db"):
        figures = found_of_issue(task, shown) if suite == "issues" else {suite: found(suite, task, shown, roots)}
        for figure, value in figures.items():
            yield {
                "suite": figure, "repo": "" if suite == "issues" else name, "tool": tool, "budget": budget,
                "query": task.get("instance_id", task["query"]), "value": value,
            }  # fmt: skip
    sys.stderr.write(f"{suite} {name}\n")


def issues(data: Path, mirror: Path, kept: Path) -> Iterator[tuple[Task, Path]]:
    """Yield each issue and the tree of its commit; the trees of one repository are one folder, moved on."""
    tasks = [json.loads(line) for line in data.read_text("utf-8").splitlines()]
    for task in sorted(tasks, key=lambda task: (task["mirror"], task["instance_id"])):
        git, root = mirror / task["mirror"] / "repo", kept / task["mirror"]
        if not git.exists():
            sys.stderr.write(f"absent: {git}\n")
            continue
        root.mkdir(exist_ok=True)
        environment = os.environ | {"GIT_INDEX_FILE": str(kept / f"{task['mirror']}.index")}
        command = ["git", f"--git-dir={git}", f"--work-tree={root}"]
        for arguments in (
            ["read-tree", task["base_commit"]], ["checkout-index", "--all", "--force", "--quiet"], ["clean", "-fdq"]
        ):  # fmt: skip
            # A snapshot may lack the contents of some files, which are then left out.
            subprocess.run([*command, *arguments], cwd=root, env=environment, capture_output=True, check=False)
        yield task, root


def answers(
    root: Path, tasks: Sequence[Task], given: argparse.Namespace, db: Path
) -> Iterator[tuple[str, int, Task, Shown]]:
    """Yield (tool, budget, question, what is shown) of all tools on one tree."""
    for task in tasks:
        task["wanted"] = [place for name in task.get("gold_functions", ()) for place in places(root, name)]
    if given.semble and (not given.tools or "semble" in given.tools):
        yield from semble(root, tasks, given)
    ranking = {"embed": "none"} if given.fast else {}
    with codesearch.open_index(root, db=db, **ranking) as index:
        index.update()
        by_tool: dict[str, Callable[[str, int], Shown]] = {
            "search_code": lambda question, budget: search_code(index, question, budget),
            "context": lambda question, budget: context(index, question, budget),
            "rg, identifiers": lambda question, budget: rg_identifiers(root, given.rg, question, budget),
            "rg, lines": lambda question, budget: rg(root, given.rg, question, budget, whole=False),
            "rg, files": lambda question, budget: rg(root, given.rg, question, budget, whole=True),
        }
        for tool, answer in by_tool.items():
            if not given.tools or tool in given.tools:
                for task in tasks:
                    for budget in BUDGETS:
                        yield tool, budget, task, answer(task["query"], budget)


def found(suite: str, task: Task, shown: Shown, roots: tuple[Path, Path]) -> float:
    """Return the share of the wanted code that is shown."""
    if suite == "docs":
        return float(_is_shown((task["path"], task["start"], task["end"]), shown))
    targets = [one if isinstance(one, str) else one["path"] for one in task["relevant"]]
    present = [one for one in targets if any((root / one).exists() for root in roots)] or targets
    paths = {path for path, _, _ in shown}
    return sum(any(path == one or one.endswith("/" + path) for path in paths) for one in present) / len(present)


def found_of_issue(task: Task, shown: Shown) -> dict[str, float]:
    """Return the shares of the functions (if there are any) and files that are shown."""
    paths = {path for path, _, _ in shown}
    figures = {"issues, files": sum(one in paths for one in task["gold_files"]) / len(task["gold_files"])}
    if task["wanted"]:
        figures["issues, functions"] = sum(_is_shown(one, shown) for one in task["wanted"]) / len(task["wanted"])
    return figures


def _is_shown(wanted: tuple[str, int, int], shown: Shown) -> bool:
    path, start, end = wanted
    return any(path == one and first <= end and start <= last for one, first, last in shown)


def places(root: Path, name: str) -> Iterator[tuple[str, int, int]]:
    """Yield where a Python function is that `path:Class.function` means."""
    path, _, qualname = name.partition(":")
    found: list[ast.AST] = [ast.parse((root / path).read_bytes())]
    for part in qualname.split("."):
        found = [
            inner
            for one in found
            for inner in ast.walk(one)
            if isinstance(inner, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)) and inner.name == part
        ]
    for one in found[:1]:
        assert isinstance(one, ast.stmt) and one.end_lineno is not None
        yield path, one.lineno, one.end_lineno


# -- codesearch ---------------------------------------------------------------------------------------


def search_code(index: Index, question: str, budget: int) -> Shown:
    """Return what the tool of `codesearch mcp` shows."""
    result = tools.run(index, "search_code", tools.Call({"question": question, "max_tokens": budget, "limit": 50}))
    checked(result.text, budget)
    return [place for one in result.value["results"] for place in _shown(one)]


def context(index: Index, question: str, budget: int) -> Shown:
    """Return what `codesearch context` shows."""
    query = parse(question)
    hits = index.query(query, limit=MOST_HITS).hits
    text, selection = pipe.document(index, query.text, hits, budget, query.words, "markdown")
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


def rg_identifiers(root: Path, command: str, question: str, budget: int) -> Shown:
    """Return what an agent reads that looks for the names in the question."""
    names = {name for name in _NAME.findall(question) if _SPELLED.search(name)}
    if not names:
        return rg(root, command, question, budget, whole=False)
    matched = _matched(root, command, sorted(part for name in names for part in {name, name.rpartition(".")[2]}))
    order = sorted(matched, key=lambda path: (-len(matched[path]), path))
    return _read(root, ((path, _around(matched[path], whole=False)) for path in order), budget)


def rg(root: Path, command: str, question: str, budget: int, *, whole: bool) -> Shown:
    """Return what an agent reads that looks for the words of a question."""
    words = sorted({word.lower() for word in _WORD.findall(question)} - _STOP_WORDS)
    matched = _matched(root, command, words, "-i")

    def rank(path: str) -> tuple[int, int, str]:
        lines = matched[path].values()
        return -len(set().union(*lines)), -len(lines), path

    return _read(root, ((path, _around(matched[path], whole=whole)) for path in sorted(matched, key=rank)), budget)


def _matched(root: Path, command: str, words: Sequence[str], *options: str) -> dict[str, dict[int, set[str]]]:
    """Return the words that match, by path and line."""
    matched: dict[str, dict[int, set[str]]] = defaultdict(lambda: defaultdict(set))
    arguments = [part for word in words for part in ("-e", word)]
    done = subprocess.run(
        [command, "--json", *options, "-F", *arguments, "."], cwd=root, capture_output=True, check=False
    )
    for line in done.stdout.splitlines():
        message = json.loads(line)
        if message["type"] == "match" and "text" in message["data"]["path"]:
            data = message["data"]
            here = matched[data["path"]["text"].removeprefix("./")][data["line_number"]]
            here.update(one["match"].get("text", "").lower() for one in data["submatches"])
    return matched


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
    names = {"docs": "functions", "files": "files", "issues, functions": "issues: functions", "issues, files": "files"}
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
