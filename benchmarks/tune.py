"""What `codesearch tune` gains on repositories, also on questions of another kind than it learned from.

    python benchmarks/tune.py --work FOLDER NAME=CHECKOUT... > table.md

Each checkout needs its history. For each repository: the verdict of `codesearch tune` (held-out questions, with the
interval that decides), and then a harder check: what it gains on held-out questions about commits and tests when it
learns from documentation alone, and the other way around. FOLDER keeps the figures, so that a second run continues.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from codesearch.index import open_index
from codesearch.quality.ask import Told
from codesearch.quality.questions import DOCUMENTATION
from codesearch.tuning import judging
from codesearch.tuning.asking import Asked
from codesearch.tuning.questions import NAMES
from codesearch.tuning.tune import Options, Questions

QUESTIONS = 240
SECONDS = 900.0


@contextmanager
def silent(name: str) -> Iterator[Told]:
    """Show no progress."""
    yield lambda done, total: None


def from_documentation(asked: Asked) -> bool:
    """Return whether a question is from documentation."""
    return asked.question.kind == DOCUMENTATION


def from_others(asked: Asked) -> bool:
    """Return whether a question is about a commit or a test."""
    return asked.question.kind not in (DOCUMENTATION, NAMES)


def measured(root: Path, count: int) -> dict[str, Any]:
    """Return the figures of one repository."""
    started = time.monotonic()
    options = Options(count, SECONDS)
    with (
        open_index(root, cache=False) as index,
        tempfile.TemporaryDirectory(prefix="codesearch-tune-") as folder,
        Questions(index, Path(folder)) as made,
    ):
        asked, in_time = made.asked(options, silent)
        verdict = judging.judge(made.store, asked, options.seed, lambda done, total: None)
        seconds = time.monotonic() - started
        crossed = {
            name: judging.judge(made.store, asked, options.seed, lambda done, total: None, taught=taught)
            for name, taught in (("documentation", from_documentation), ("others", from_others))
        }
    return {
        "questions": dict(verdict.questions),
        "before": dict(verdict.before),
        "adopted": verdict.adopted,
        "reason": verdict.reason,
        "seconds": seconds,
        "in_time": in_time,
        "ways": _ways(verdict),
        "crossed": {name: {"reason": one.reason, "ways": _ways(one)} for name, one in crossed.items()},
    }


def _ways(verdict: judging.Verdict) -> dict[str, Any]:
    return {
        way.name: {
            "gain": [way.gain.mean, way.gain.low, way.gain.high],
            "by_kind": {kind: [gain.mean, gain.low, gain.high] for kind, gain in way.by_kind.items()},
        }
        for way in verdict.ways
    }


def table(found: dict[str, Any]) -> Iterator[str]:
    """Yield the figures as tables."""
    yield "| repository | queries | MRR@10 | weights | query vector | both | | seconds |"
    yield "|---|--:|--:|---|---|---|---|--:|"
    for name, one in found.items():
        cells = [_gain(one["ways"][way]["gain"]) if one["ways"] else "" for way in judging.WAYS]
        count = sum(number for kind, number in one["questions"].items() if kind != NAMES)
        verdict = f"adopted: {one['adopted']}" if one["adopted"] else "declined"
        yield (
            f"| {name} | {count} | {one['before']['']:.3f} | {' | '.join(cells)} | {verdict} | {one['seconds']:.0f} |"
        )
    yield ""
    yield "| repository | learned from | asked about | weights | query vector |"
    yield "|---|---|---|---|---|"
    for name, one in found.items():
        for learned, crossed in one["crossed"].items():
            for kind in sorted(one["questions"]):
                if not crossed["ways"] or (learned == DOCUMENTATION) == (kind == DOCUMENTATION):
                    continue
                cells = [_gain(crossed["ways"][way]["by_kind"][kind]) for way in ("weights", "query")]
                source = "documentation" if learned == DOCUMENTATION else "commits and tests"
                yield f"| {name} | {source} | {kind} ({one['questions'][kind]}) | {' | '.join(cells)} |"


def _gain(values: list[float]) -> str:
    return "{:+.3f} ({:+.3f} to {:+.3f})".format(*values)


def main() -> None:
    """Measure the repositories that are named, and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--queries", type=int, default=QUESTIONS)
    parser.add_argument("checkouts", nargs="+", metavar="NAME=CHECKOUT")
    options = parser.parse_args()
    options.work.mkdir(parents=True, exist_ok=True)
    found = {}
    for text in options.checkouts:
        name, _, folder = text.partition("=")
        file = options.work / f"{name.replace('/', '+')}.json"
        if not file.exists():
            file.write_text(json.dumps(measured(Path(folder), options.queries)), "utf-8")
        found[name] = json.loads(file.read_text("utf-8"))
    print("\n".join(table(found)))


if __name__ == "__main__":
    main()
