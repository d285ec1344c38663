"""Writing a fitted ranking: ranking.py and ranking_model.py of codesearch/search, docs/ranking.md and its diagram."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from codesearch.search.boosted_trees import Tree

HOUSE = Path(__file__).parent.parent
WEIGHTS = HOUSE / "codesearch" / "search" / "ranking.py"
GROWN = HOUSE / "codesearch" / "search" / "ranking_model.py"
PAGE = HOUSE / "docs" / "ranking.md"
DIAGRAM = HOUSE / "docs" / "images" / "reliability.svg"

Bins = list[tuple[float, float, int]]
"""(mean score, share right, answers) a bin of equal width."""


@dataclass(frozen=True, slots=True)
class Table:
    """How well a ranking does on queries of repositories it was not fitted on."""

    title: str
    queries: Mapping[str, int]
    columns: Mapping[str, Mapping[str, float]]
    """By title, the mean of each kind of query."""
    calibration: tuple[float, float]
    error: float
    """Expected calibration error."""
    bins: Bins

    def markdown(self) -> str:
        """Return the kinds and their mean."""
        kinds = next(iter(self.columns.values()))
        lines = [f"| {self.title} | queries | {' | '.join(self.columns)} |", "|---" * (len(self.columns) + 2) + "|"]
        for kind in kinds:
            cells = " | ".join(_figure(column[kind]) for column in self.columns.values())
            lines.append(f"| {kind} | {self.queries[kind]:,} | {cells} |")
        means = " | ".join(_figure(float(np.mean(list(column.values())))) for column in self.columns.values())
        return "\n".join([*lines, f"| mean | {sum(self.queries.values()):,} | {means} |"])


def _figure(value: float) -> str:
    return f"{value:.3f}".removeprefix("0")


@dataclass(frozen=True, slots=True)
class Fitted:
    """What is written of a model."""

    weights: Mapping[str, float]
    trees: tuple[Tree, ...]
    """Those of its own."""
    others: Mapping[str, float]
    """How often it counts the trees of which others."""
    table: Table


HEAD = '''"""What each feature weighs, as training/fit_ranking.py wrote it; how well it does is in docs/ranking.md.

Set by hand are only `name_match` (a name asked for must win) and `is_generated` (too rare in what was mined).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from codesearch.search import ranking_model
from codesearch.search.boosted_trees import Tree


@dataclass(frozen=True, slots=True)
class Weighting:
    """A way to weigh features."""

    weights: Mapping[str, float]
    calibration: tuple[float, float]
    """Slope and intercept of the logistic curve from the sum to a score, fitted on queries of other repositories."""
    trees: tuple[tuple[float, tuple[Tree, ...]], ...] = ()
    """What is added to the weighted sum: so many times what some trees say."""

'''

GROWN_HEAD = '''"""Trees that add to the weighted sum of features, as training/fit_ranking.py grew them.

A node is (feature, limit, mean of what is below, tree for values up to the limit, tree for values above it).
"""
# fmt: off

from __future__ import annotations

from codesearch.search.boosted_trees import Tree
'''

WHAT = {
    "FAST": "Before the transformer has looked, and for names.",
    "DEEP": "Where the transformer has looked.",
}

PAGE_HEAD = """# How well the ranking does

`training/fit_ranking.py` wrote this page. {queries:,} queries were mined from {repositories} repositories that no
benchmark measures and no model was trained on (`benchmarks/mined.py` says how), in ten kinds:

- **docs**: the first sentence of a function's documentation, all documentation blanked; **keywords**: three or four
  words of one; **question**: one as "where do we ...";
- **name**: a whole name; **symbol**: one in a few words, as "where is ... defined"; **half**: part of a name, or its
  words cut short; **error**: the text of a message;
- **commit**: its subject, for the files it changed; **architecture**: what a class says of itself, for its file;
  **topic**: three or four words of that.

MRR@10, or NDCG@10 where files are asked for, the mean of the repositories. *held out* is the ranking fitted without the
repository that is asked (four parts), *without trees* its weighted sum alone; *text* is BM25 alone, *cosine* the static
vectors, *deep_cosine* the transformer; *among candidates* is how often the right answer could be ranked at all. The
transformer is asked some queries of each kind, about the best 50 of the fast ranking.
"""


def write(fitted: Mapping[str, Fitted], repositories: int) -> None:
    """Write the models FAST and DEEP, and what is told of them."""
    weights, grown = [HEAD], [GROWN_HEAD]
    queries = sum(fitted["FAST"].table.queries.values())
    page = [PAGE_HEAD.format(queries=queries, repositories=repositories)]
    for name, model in fitted.items():
        rows = "".join(
            f'        "{feature}": {weight:.2f},\n' for feature, weight in model.weights.items() if round(weight, 2)
        )
        slope, intercept = model.table.calibration
        weights.append(f"\n{name} = Weighting(\n    {{\n{rows}    }},\n    ({slope:.3f}, {intercept:.3f}),\n")
        parts = ", ".join(
            f"({factor:.4f}, ranking_model.{other})" for other, factor in {**model.others, name: 1.0}.items()
        )
        weights.append(f'    ({parts},),\n)\n"""{WHAT[name]}"""\n')
        grown.append(f"\n{name}: tuple[Tree, ...] = (\n" + "".join(map(_lines, model.trees)) + ")\n")
        page.append(f"\n## {model.table.title.capitalize()}\n\n{model.table.markdown()}\n")
    page.append(
        "\n## Scores\n\nA logistic curve turns the sum into a score, the probability that a hit is what was asked for. "
        "For the first ten hits of\nall queries but names, by rankings fitted without their repository:\n"
        "\n![Reliability of scores](images/reliability.svg)\n"
    )
    for model in fitted.values():
        scores = " | ".join(_figure(score) for score, _, _ in model.table.bins)
        right = " | ".join(_figure(share) for _, share, _ in model.table.bins)
        count = " | ".join(f"{count:,}" for _, _, count in model.table.bins)
        page.append(
            f"\n| {model.table.title} | {scores} |\n{'|---' * (len(model.table.bins) + 1)}|\n"
            f"| right | {right} |\n| hits | {count} |\n\nExpected calibration error {_figure(model.table.error)}.\n"
        )
    WEIGHTS.write_text("".join(weights))
    GROWN.write_text("".join(grown))
    PAGE.write_text("".join(page))
    DIAGRAM.write_text(diagram({model.table.title: model.table.bins for model in fitted.values()}))
    subprocess.run([sys.executable, "-m", "ruff", "format", "-q", str(WEIGHTS)], check=True)


def _lines(tree: Tree) -> str:
    """Return a tree as lines of source."""
    text = repr(tree).replace("'", '"') + ","
    return textwrap.fill(text, 118, initial_indent="    ", subsequent_indent="        ", break_long_words=False) + "\n"


SIDE = 320
MARGIN = 48
COLOURS = ("#2563eb", "#dc2626")


def diagram(curves: Mapping[str, Bins]) -> str:
    """Return the reliability diagram: the share of right hits by score; circles grow with the number of hits."""

    def x(value: float) -> str:
        return f"{MARGIN + SIDE * value:.1f}"

    def y(value: float) -> str:
        return f"{MARGIN / 2 + SIDE * (1 - value):.1f}"

    width, height = SIDE + 1.5 * MARGIN, SIDE + 1.5 * MARGIN
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height:.0f}" width="{width:.0f}" '
        'font-family="sans-serif" font-size="11" role="img" aria-label="Share of right hits by score">',
        f'<rect width="{width:.0f}" height="{height:.0f}" fill="#ffffff"/>',
    ]
    for tick in (0.0, 0.2, 0.4, 0.6, 0.8, 1.0):
        parts.append(f'<path d="M{x(tick)} {y(0)}V{y(1)}M{x(0)} {y(tick)}H{x(1)}" stroke="#e5e7eb" fill="none"/>')
        parts.append(f'<text x="{x(tick)}" y="{SIDE + MARGIN / 2 + 15:.1f}" text-anchor="middle">{tick:g}</text>')
        parts.append(f'<text x="{MARGIN - 6}" y="{y(tick - 0.012)}" text-anchor="end">{tick:g}</text>')
    parts.append(f'<path d="M{x(0)} {y(0)}L{x(1)} {y(1)}" stroke="#9ca3af" stroke-dasharray="4 4"/>')
    for number, (title, bins) in enumerate(curves.items()):
        colour = COLOURS[number % len(COLOURS)]
        line = "L".join(f"{x(score)} {y(share)}" for score, share, _ in bins)
        parts.append(f'<path d="M{line}" stroke="{colour}" fill="none" stroke-width="1.5"/>')
        for score, share, count in bins:
            parts.append(
                f'<circle cx="{x(score)}" cy="{y(share)}" r="{1 + np.log10(count):.1f}" fill="{colour}">'
                f"<title>score {score:.2f}: {share:.2f} of {count:,} right</title></circle>"
            )
        parts.append(f'<text x="{x(0.04)}" y="{y(0.95 - 0.06 * number)}" fill="{colour}">{title}</text>')
    parts.append(f'<text x="{x(0.5)}" y="{height - 6:.0f}" text-anchor="middle">score</text>')
    parts.append(
        f'<text transform="translate(12 {y(0.5)}) rotate(-90)" text-anchor="middle">share of hits that are right</text>'
    )
    return "\n".join([*parts, "</svg>"]) + "\n"
