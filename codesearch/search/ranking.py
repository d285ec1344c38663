"""What each feature weighs, as training/fit_ranking.py wrote it; how well it does is in docs/ranking.md.

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


FAST = Weighting(
    {
        "text": 1.33,
        "names": 0.48,
        "similarity": 1.49,
        "cosine": 2.10,
        "text_place": 0.87,
        "names_place": 0.66,
        "similarity_place": 1.56,
        "agreement": -0.35,
        "worse_place": -0.48,
        "similarity_gap": -2.10,
        "name_share": -0.23,
        "name_words": -1.75,
        "namesakes": -0.25,
        "file": 0.09,
        "file_similarity": -0.18,
        "file_nearest": 0.10,
        "file_text": 0.30,
        "file_held": 1.05,
        "file_count": -0.40,
        "file_name": 0.25,
        "depth": -1.66,
        "length": 2.60,
        "is_callable": 0.53,
        "is_type": 0.35,
        "is_module": -1.24,
        "is_macro": -0.24,
        "is_test": -4.76,
        "is_vendored": -0.88,
        "is_generated": -2.60,
        "is_example": -1.98,
        "name_match": 30.00,
        "mentioned": 0.51,
        "held": 0.29,
        "held_beside": 0.17,
        "held_name": -0.53,
        "held_scope": -1.16,
        "held_signature": -0.32,
        "held_documentation": 0.86,
        "held_path": 0.51,
        "held_body": 1.08,
        "phrases": 3.92,
        "begun": 1.23,
        "begun_in_order": 0.95,
        "name_begun": -0.68,
        "is_documented": -0.24,
        "is_deprecated": -0.16,
        "is_private": -0.01,
    },
    (0.453, -4.551),
    ((1.0000, ranking_model.FAST),),
)
"""Before the transformer has looked, and for names."""

DEEP = Weighting(
    {
        "text": 1.27,
        "names": 0.46,
        "similarity": 1.43,
        "cosine": 2.01,
        "text_place": 0.84,
        "names_place": 0.63,
        "similarity_place": 1.50,
        "agreement": -0.34,
        "worse_place": -0.46,
        "similarity_gap": -2.01,
        "name_share": -0.22,
        "name_words": -1.68,
        "namesakes": -0.24,
        "file": 0.08,
        "file_similarity": -0.17,
        "file_nearest": 0.09,
        "file_text": 0.28,
        "file_held": 1.01,
        "file_count": -0.38,
        "file_name": 0.24,
        "depth": -1.59,
        "length": 2.49,
        "is_callable": 0.51,
        "is_type": 0.33,
        "is_module": -1.19,
        "is_macro": -0.23,
        "is_test": -4.56,
        "is_vendored": -0.84,
        "is_generated": -2.49,
        "is_example": -1.90,
        "name_match": 28.74,
        "mentioned": 0.49,
        "held": 0.28,
        "held_beside": 0.17,
        "held_name": -0.51,
        "held_scope": -1.12,
        "held_signature": -0.31,
        "held_documentation": 0.82,
        "held_path": 0.49,
        "held_body": 1.03,
        "phrases": 3.76,
        "begun": 1.18,
        "begun_in_order": 0.91,
        "name_begun": -0.65,
        "is_documented": -0.23,
        "is_deprecated": -0.15,
        "is_private": -0.01,
        "deep": -0.45,
        "deep_cosine": 0.92,
        "deep_place": 0.61,
        "deep_gap": -0.92,
    },
    (0.505, -5.006),
    (
        (0.9581, ranking_model.FAST),
        (1.0000, ranking_model.DEEP),
    ),
)
"""Where the transformer has looked."""
