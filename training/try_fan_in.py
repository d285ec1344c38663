"""Test how often a symbol is called as a feature of the ranking: fit with and without it, cross-validated.

    PYTHONPATH=.:training python training/try_fan_in.py SUITE [NAME ...]

SUITE is that of fit_ranking.py, with the candidates that it has collected; NAME restricts it to some repositories. The
feature is the logarithm of the number of symbols that call, construct, use or decorate with the name of a candidate:
`share` divides the number by that of the symbols with this name, `name` does not, `relative` divides the share by the
greatest among the candidates. Printed is the quality of the fast ranking by kind of query, each repository ranked by a
fit without it.
"""

from __future__ import annotations

import argparse
import math
import pickle
from dataclasses import replace
from pathlib import Path

import fit_ranking
import numpy as np
import ranking_cases
from fit_ranking import Suite

from codesearch.core.references import CALL, DECORATOR, NEW, USE
from codesearch.search.features import NAMES, compute
from codesearch.store import Store

VARIANTS = ("none", "share", "name", "relative")
SCALE = 5.0
"""What the logarithm is divided by, so that the feature has the range of the others."""

Counts = dict[int, tuple[float, float]]
"""By symbol: the logarithms of the share and of the number."""


def counts(index: Path) -> Counts:
    """Return how often the name of each symbol of an index is called."""
    rows = Store(index).connection.rows
    called = dict(
        rows(
            "SELECT n.text, count(DISTINCT r.place) FROM reference r JOIN name n ON n.id = r.name_id "
            f"WHERE r.role IN ({CALL}, {NEW}, {USE}, {DECORATOR}) GROUP BY n.text"
        )
    )
    namesakes = dict(rows("SELECT name, count(*) FROM symbols GROUP BY name"))
    return {
        number: (math.log1p(called.get(name, 0) / namesakes[name]), math.log1p(called.get(name, 0)))
        for number, name in rows("SELECT id, name FROM symbols")
    }


def suite_with(variant: str, folders: list[Path]) -> Suite:
    """Return all cases with one more feature."""
    found = []
    for folder in folders:
        known = {tree: counts(folder / f"{tree}.db") for tree in ("src", "bare")}
        for asked in pickle.loads((folder / ranking_cases.COLLECTED).read_bytes()):
            case = ranking_cases._case(folder.name, asked, asked.candidates, compute(asked.query, asked.candidates))
            numbers = np.array([known[asked.row["tree"]].get(one.id, (0.0, 0.0)) for one in asked.candidates])
            column = {
                "none": np.zeros(len(numbers)),
                "share": numbers[:, 0] / SCALE,
                "name": numbers[:, 1] / SCALE,
                "relative": numbers[:, 0] / max(1e-6, numbers[:, 0].max()),
            }[variant]
            found.append(replace(case, features=np.column_stack([case.features, column]).astype(np.float32)))
    return Suite.of(found)


def main() -> None:
    """Fit each variant and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("suite", type=Path)
    parser.add_argument("names", nargs="*")
    options = parser.parse_args()
    fit_ranking.NAMES = (*NAMES, "fan_in")  # type: ignore[attr-defined]
    fast = fit_ranking.STAGES["FAST"]
    stage = fast._replace(features=[*fast.features, "fan_in"])
    kept = sorted(path.parent for path in options.suite.glob(f"*/{ranking_cases.COLLECTED}"))
    folders = [one for one in kept if not options.names or one.name.replace("+", "/") in options.names]
    print(f"{len(folders)} repositories", flush=True)
    for variant in VARIANTS:
        suite = suite_with(variant, folders)
        out = fit_ranking.held_out(suite, [folder.name for folder in folders], stage)
        values = [fit_ranking.quality(case, out.summed[suite.rows(at)]) for at, case in enumerate(suite.cases)]
        kinds = fit_ranking.by_kind(suite, values)
        cells = " ".join(f"{kind} {value:.3f}" for kind, value in kinds.items())
        print(f"{variant}: {len(suite.cases)} queries, mean {np.mean(list(kinds.values())):.4f}; {cells}", flush=True)


if __name__ == "__main__":
    main()
