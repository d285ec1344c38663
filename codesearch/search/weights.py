"""What each feature weighs, as training/fit_ranking.py wrote it; how well it does is in docs/ranking.md.

Set by hand are only `name_match` (a name asked for must win) and `is_generated` (too rare in what was mined).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from codesearch.search import grown
from codesearch.search.trees import Tree


@dataclass(frozen=True, slots=True)
class Weighting:
    """A way to weigh features."""

    weights: Mapping[str, float]
    calibration: tuple[float, float]
    """Slope and intercept of the logistic curve from the sum to a score, fitted on queries of other repositories."""
    trees: tuple[Tree, ...] = ()
    """What is added to the weighted sum."""


FAST = Weighting(
    {
        "text": 1.41,
        "names": 0.68,
        "similarity": 1.44,
        "cosine": 1.88,
        "text_place": 0.97,
        "names_place": 0.67,
        "similarity_place": 1.59,
        "agreement": -0.51,
        "worse_place": -0.48,
        "similarity_gap": -1.88,
        "name_share": -0.04,
        "name_words": -1.63,
        "namesakes": -0.22,
        "file": 0.15,
        "file_similarity": -0.17,
        "file_nearest": 0.06,
        "file_text": 0.37,
        "file_held": 1.01,
        "file_count": -0.42,
        "file_name": 0.31,
        "depth": -1.80,
        "length": 2.56,
        "is_callable": 0.57,
        "is_type": 0.34,
        "is_module": -1.18,
        "is_macro": -0.26,
        "is_test": -4.87,
        "is_vendored": -0.97,
        "is_generated": -2.60,
        "is_example": -2.00,
        "name_match": 30.00,
        "held": 0.31,
        "held_beside": 0.17,
        "held_name": -0.97,
        "held_scope": -1.11,
        "held_signature": -0.42,
        "held_documentation": 0.91,
        "held_path": 0.57,
        "held_body": 1.11,
        "phrases": 3.87,
        "begun": 1.52,
        "begun_in_order": 0.90,
        "name_begun": -0.83,
        "is_documented": -0.36,
        "is_deprecated": -0.21,
        "is_private": 0.05,
    },
    (0.424, -4.341),
    grown.FAST,
)
"""Before the transformer has looked, and for names."""

DEEP = Weighting(
    {
        "text": 1.15,
        "names": 0.21,
        "similarity": 0.28,
        "cosine": 0.93,
        "text_place": 0.92,
        "names_place": 0.38,
        "similarity_place": 1.35,
        "agreement": -0.43,
        "worse_place": -0.65,
        "similarity_gap": -0.93,
        "name_share": -0.22,
        "name_words": -1.29,
        "namesakes": -0.19,
        "file": 0.01,
        "file_similarity": -0.32,
        "file_nearest": 0.50,
        "file_text": 0.23,
        "file_held": 1.01,
        "file_count": -0.21,
        "file_name": 0.33,
        "depth": -1.19,
        "length": 1.96,
        "is_callable": 0.59,
        "is_type": 0.07,
        "is_module": -0.63,
        "is_macro": -0.12,
        "is_test": -4.85,
        "is_vendored": -0.96,
        "is_generated": -2.60,
        "is_example": -1.96,
        "name_match": 30.00,
        "held": 0.42,
        "held_beside": -0.01,
        "held_name": -0.47,
        "held_scope": -1.15,
        "held_signature": -0.24,
        "held_documentation": 0.47,
        "held_path": 0.75,
        "held_body": 1.05,
        "phrases": 3.80,
        "begun": 2.01,
        "begun_in_order": 1.46,
        "name_begun": -0.64,
        "is_documented": -0.10,
        "is_deprecated": 0.10,
        "is_private": 0.14,
        "deep": 0.49,
        "deep_cosine": 1.73,
        "deep_place": 0.77,
        "deep_gap": -1.73,
    },
    (0.449, -4.355),
    grown.DEEP,
)
"""Where the transformer has looked."""
