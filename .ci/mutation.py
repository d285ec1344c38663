"""Break the numbers' code in small ways, one at a time, and list what no test notices (docs/mutation.md).

    python .ci/mutation.py [--sample 45] [--processes 2] [search/rank ...]

Needs mutmut, which makes the mutants (in mutants/). Each then runs in a process of its own with the tests named here:
in mutmut's own workers, words that were split before the fork would hide mutants of the splitting.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import subprocess
import sys
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

HOUSE = Path(__file__).resolve().parents[1]
MUTANTS = HOUSE / "mutants"
ANY = "codesearch.search.boosted_trees.x__mean__mutmut_1"
"""A mutant that mutmut itself runs: it makes all of them first, and cannot be asked for that alone."""
SEED = 13
PATIENCE = 300.0
"""Seconds a mutant may take; more is an endless loop, which counts as noticed."""

VECTORS, RANKING = "tests/golden/test_vectors.py", "tests/golden/test_ranking.py"
TESTS = {
    "core/tokens": ("tests/core", "tests/extract/test_documents.py", VECTORS),
    "extract/documents": ("tests/extract/test_documents.py", "tests/core", VECTORS),
    "embed/__init__": (VECTORS, "tests/embed/test_static.py"),
    "embed/static": (VECTORS, "tests/embed/test_static.py"),
    "search/query": ("tests/search/test_query.py", RANKING),
    "search/candidates": ("tests/search/test_candidates.py", RANKING),
    "search/term_pruning": ("tests/search/test_term_pruning.py",),
    "search/features": ("tests/search/test_rank.py", RANKING),
    "search/feature_values": ("tests/search/test_rank.py", RANKING),
    "search/rank": ("tests/search/test_rank.py", RANKING),
    "search/boosted_trees": ("tests/search/test_boosted_trees.py", RANKING),
}
"""By module, the tests that should notice; quickest first."""
LEFT_OUT = (
    "not the_transformer_makes and not with_the_transformer and not slightly_different and not batch and not speed"
)
"""Tests that take long and notice nothing that the others do not."""
LAST = ("tests/golden/test_answers.py", "tests/search")
"""What a mutant must survive too before it counts as unnoticed."""


def chosen(modules: list[str], sample: int) -> list[tuple[str, str]]:
    """Return (module, mutant) of the mutants to run, at most `sample` of each module, always the same ones."""
    found = []
    for module in modules:
        known = json.loads((MUTANTS / "codesearch" / f"{module}.py.meta").read_text("utf-8"))
        names = sorted(known["exit_code_by_key"])
        found += [(module, name) for name in random.Random(SEED).sample(names, min(sample, len(names)))]
    return found


def passes(mutant: str, tests: tuple[str, ...]) -> bool:
    """Return whether all tests pass with a mutant in force."""
    environment = {
        **os.environ,
        "MUTANT_UNDER_TEST": mutant.replace(".__init__.", "."),
        "PYTHONPATH": os.pathsep.join((str(MUTANTS), str(MUTANTS / "lsp"))),
    }
    command = [sys.executable, "-m", "pytest", "-x", "-p", "no:cacheprovider", "-k", LEFT_OUT, *tests]
    try:
        done = subprocess.run(command, cwd=MUTANTS, env=environment, capture_output=True, timeout=PATIENCE)
    except subprocess.TimeoutExpired:
        return False
    return done.returncode == 0


def survives(job: tuple[str, str]) -> bool:
    """Return whether no test notices a mutant."""
    module, mutant = job
    return passes(mutant, TESTS[module]) and passes(mutant, LAST)


def main() -> None:
    """Make mutants, run them, and print the difference of each survivor, then the counts."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("modules", nargs="*", help=f"of {', '.join(TESTS)}; all if none is named")
    parser.add_argument(
        "--sample", type=int, default=sys.maxsize, metavar="N", help="mutants per module; all if not set"
    )
    parser.add_argument("--processes", type=int, default=2)
    arguments = parser.parse_args()
    if unknown := set(arguments.modules) - TESTS.keys():
        parser.error(f"unknown module: {', '.join(sorted(unknown))}")
    subprocess.run([sys.executable, "-m", "mutmut", "run", ANY], cwd=HOUSE, check=True)
    jobs = chosen(arguments.modules or list(TESTS), arguments.sample)
    counts: Counter[tuple[str, bool]] = Counter()
    with ThreadPoolExecutor(arguments.processes) as pool:
        for (module, mutant), survived in zip(jobs, pool.map(survives, jobs), strict=True):
            counts[module, survived] += 1
            if survived:
                subprocess.run([sys.executable, "-m", "mutmut", "show", mutant], cwd=HOUSE)
    for module in TESTS:
        if ran := counts[module, True] + counts[module, False]:
            print(f"{module}: {counts[module, True]} of {ran} survived")


if __name__ == "__main__":
    main()
