#!/usr/bin/env python3
"""Add questions that people typed into a search engine to the queries that the ranking is fitted on.

  python benchmarks/mined_web.py --mirror MIRROR SUITE

SUITE is the output folder of mined.py. The questions are those of data/search/cosqa-retrieval-dev-500.json in
Jun-jie-Huang/CoCLR (MIT) that have neither their text nor their answer in common with the ones that web_questions.py
measures, or with the project's test set. They are written in the format of mined.py, as kind `web`, in PARTS folders,
so that the cross-validation by folder leaves some of them out. All parts search the same tree: a file per function.
"""

from __future__ import annotations

import argparse
import json
import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from web_questions import KEPT_ASIDE, PAIRS, pairs, read, write

QUESTIONS = "data/search/cosqa-retrieval-dev-500.json"
PARTS = 4
SEED = 3


def queries(mirror: Path, codes: Sequence[str]) -> list[dict[str, Any]]:
    """Return the questions, shuffled; `codes` is the function in each file of the tree."""
    measured = [row for row in read(mirror, PAIRS) if row["label"] == 1]
    aside = read(mirror, KEPT_ASIDE)
    texts = {row["doc"] for row in (*read(mirror, PAIRS), *aside)}
    answers = {row["code"] for row in (*measured, *aside)}
    number = {code.strip(): at for at, code in enumerate(codes)}
    found = [
        {
            "kind": "web",
            "tree": "src",
            "query": row["doc"],
            "answers": [
                {"path": f"f{number[row['code'].strip()]:04}.py", "start": 1, "end": row["code"].count("\n") + 1}
            ],
        }
        for row in read(mirror, QUESTIONS)
        if row["doc"] not in texts and row["code"] not in answers
    ]
    random.Random(SEED).shuffle(found)
    return found


def main() -> None:
    """Write the parts."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--mirror", type=Path, required=True)
    parser.add_argument("suite", type=Path)
    options = parser.parse_args()
    codes, _ = pairs(options.mirror)
    rows = queries(options.mirror, codes)
    for part in range(PARTS):
        out = options.suite / f"web+{part}"
        write(codes, out / "src")
        # No question of this kind is asked without documentation, but every folder of the suite has both trees.
        write(["def nothing():\n    pass"], out / "bare")
        some = rows[part::PARTS]
        (out / "queries.jsonl").write_text("".join(json.dumps(row) + "\n" for row in some))
        print(f"{out.name}: {len(some)} questions, {len(codes)} functions")


if __name__ == "__main__":
    main()
