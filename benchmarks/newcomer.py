#!/usr/bin/env python3
"""Questions of a newcomer about three repositories: is the right function first, among three, among ten?

  python benchmarks/newcomer.py --mirror MIRROR --work FOLDER [--suite FILE] [--json OUT]
                                [--semble PYTHON --model FOLDER]

The suite is benchmarks/newcomer.jsonl: per question the repository, its commit, the functions and types that answer it
(any of them is right) and why. The repositories were used for nothing else in this project. The questions were written
from the README, the headings of the documentation and the names of folders; the answers were then found with grep, by
reading, before any question was asked. A name without its container means every symbol with that name in the file.
`--suite` measures another file of this form: benchmarks/own_words.jsonl has 40 questions that changes may be tried on.

MIRROR holds git directories named `OWNER+NAME/repo`. PYTHON is the interpreter of an environment with semble, FOLDER a
Model2Vec model for it. semble answers with pieces of files: one is right if the first line of a right symbol is in it.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from web_questions import BEST, interval

import codesearch
from codesearch.core.types import Symbol

SUITE = Path(__file__).with_suffix(".jsonl")
STAGES: dict[str, dict[str, Any]] = {
    "fast": {"rerank": "none"}, "transformer": {"rerank": "fast"}, "cross-encoder": {"rerank": "full"},
}  # fmt: skip
"""Settings of each stage of the ranking."""
PEER = """
import json, sys
from semble import SembleIndex
index = SembleIndex.from_path(sys.argv[1])
for query in sys.stdin.read().splitlines():
    chunks = [hit.chunk for hit in index.search(query, top_k=10)]
    print(json.dumps([[one.file_path, one.start_line, one.end_line] for one in chunks]))
"""

Row = dict[str, Any]
Place = tuple[str, int]


def write_tree(git: Path, commit: str, root: Path) -> None:
    """Write the files of a commit. Blobs that the mirror lacks, such as large archives, are left out."""
    listed = subprocess.run(["git", f"--git-dir={git}", "ls-tree", "-rz", commit], capture_output=True, check=True)
    entries = [entry.split("\t", 1) for entry in listed.stdout.decode().split("\0") if " blob " in entry]
    with subprocess.Popen(
        ["git", f"--git-dir={git}", "cat-file", "--batch"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as reader:
        assert reader.stdin is not None and reader.stdout is not None
        for details, path in entries:
            reader.stdin.write(details.split()[2].encode() + b"\n")
            reader.stdin.flush()
            header = reader.stdout.readline().split()
            if header[1] == b"missing":
                continue
            content = reader.stdout.read(int(header[2]) + 1)[:-1]
            if not details.startswith("12"):  # a symbolic link
                (root / path).parent.mkdir(parents=True, exist_ok=True)
                (root / path).write_bytes(content)


def is_right(symbol: Symbol, question: Row) -> bool:
    """Return whether a symbol is one of the answers."""
    qualname = "." + symbol.qualname.replace("::", ".").replace("#", ".")
    return any(
        symbol.path == answer["path"] and qualname.endswith(f".{name}")
        for answer in question["answers"]
        for name in answer["names"]
    )


def ours(
    root: Path, db: Path, questions: Sequence[Row], settings: dict[str, Any]
) -> tuple[list[int], list[list[Place]]]:
    """Return the rank of the first right hit per question, 0 if none; and the first lines of all right symbols."""
    ranks, places = [], []
    with codesearch.open_index(root, db=str(db), cache=False, **settings) as index:
        index.update()
        symbols = list(index.symbols())
        for question in questions:
            right = [(one.path, one.start_line) for one in symbols if is_right(one, question)]
            if not right:
                raise SystemExit(f"no symbol answers {question['question']!r}")
            places.append(right)
            hits = index.query(question["question"], limit=BEST)
            ranks.append(next((hit.rank for hit in hits if is_right(hit.symbol, question)), 0))
    return ranks, places


def theirs(
    root: Path, options: argparse.Namespace, questions: Sequence[Row], places: Sequence[list[Place]]
) -> list[int]:
    """Return the rank of semble's first right chunk per question, 0 if there is none."""
    environment = {"HF_HUB_OFFLINE": "1", "SEMBLE_MODEL_NAME": str(options.model), "HOME": str(options.work)}
    asked = "\n".join(question["question"] for question in questions)
    run = subprocess.run(
        [options.semble, "-c", PEER, str(root)],
        input=asked,
        text=True,
        stdout=subprocess.PIPE,
        check=True,
        env=environment,
    )
    return [
        next(
            (
                rank
                for rank, (path, start, end) in enumerate(json.loads(line), 1)
                if any(path == at and start <= first <= end for at, first in right)
            ),
            0,
        )
        for line, right in zip(run.stdout.splitlines(), places, strict=True)
    ]


def measured(options: argparse.Namespace, questions: Sequence[Row]) -> Iterator[Row]:
    """Yield each question with its rank by each tool and stage."""
    for repository in dict.fromkeys(question["repository"] for question in questions):
        own = [question for question in questions if question["repository"] == repository]
        name = repository.replace("/", "+")
        root = options.work / name
        if not root.exists():
            write_tree(options.mirror / name / "repo", own[0]["commit"], root)
        found = {}
        for stage, settings in STAGES.items():
            found[stage], places = ours(root, options.work / f"{name}.{stage}.db", own, settings)
        if options.semble:
            found["semble"] = theirs(root, options, own, places)
        for at, question in enumerate(own):
            yield {"repository": repository, "question": question["question"]} | {
                tool: ranks[at] for tool, ranks in found.items()
            }
        print(f"{repository} done", flush=True)


def table(rows: Sequence[Row]) -> Iterator[str]:
    """Yield the lines of the table: per tool the shares of questions, with 95 % intervals, and means per repository."""
    repositories = list(dict.fromkeys(row["repository"] for row in rows))
    names = " | ".join(name.partition("/")[2] for name in repositories)
    yield f"| | right first | in 3 | in 10 | MRR@10 | {names} |"
    yield "|---|---|---|---|---|" + "---|" * len(repositories)
    for tool in [name for name in rows[0] if name not in ("repository", "question")]:
        ranks = [row[tool] for row in rows]
        columns = []
        for most in (1, 3, BEST):
            values = [float(0 < rank <= most) for rank in ranks]
            low, high = interval(values)
            columns.append(f"{sum(values):.0f} ({100 * low:.0f} to {100 * high:.0f} %)")
        values = [1 / rank if rank else 0.0 for rank in ranks]
        low, high = interval(values)
        columns.append(f"{statistics.fmean(values):.3f} ({low:.3f} to {high:.3f})")
        for repository in repositories:
            own = [value for value, row in zip(values, rows, strict=True) if row["repository"] == repository]
            columns.append(f"{statistics.fmean(own):.3f}")
        yield f"| {tool} | {' | '.join(columns)} |"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--mirror", type=Path, required=True)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--suite", type=Path, default=SUITE)
    parser.add_argument("--semble")
    parser.add_argument("--model", type=Path)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    rows = list(measured(options, [json.loads(line) for line in options.suite.read_text("utf-8").splitlines()]))
    print("\n".join(table(rows)))
    if options.json:
        options.json.write_text("".join(json.dumps(row) + "\n" for row in rows))


if __name__ == "__main__":
    main()
