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
        "text": 1.37,
        "names": 0.47,
        "similarity": 1.50,
        "cosine": 2.15,
        "text_place": 0.97,
        "names_place": 0.65,
        "similarity_place": 1.61,
        "agreement": -0.48,
        "worse_place": -0.51,
        "similarity_gap": -2.15,
        "name_share": -0.14,
        "name_words": -1.60,
        "namesakes": -0.23,
        "file": 0.16,
        "file_similarity": -0.30,
        "file_nearest": 0.11,
        "file_text": 0.30,
        "file_held": 1.05,
        "file_count": -0.38,
        "file_name": 0.31,
        "depth": -1.73,
        "length": 2.56,
        "is_callable": 0.60,
        "is_type": 0.34,
        "is_module": -1.20,
        "is_macro": -0.21,
        "is_test": -4.82,
        "is_vendored": -0.90,
        "is_generated": -2.60,
        "is_example": -1.97,
        "name_match": 30.00,
        "held": 0.25,
        "held_beside": 0.11,
        "held_name": -0.89,
        "held_scope": -1.17,
        "held_signature": -0.35,
        "held_documentation": 1.01,
        "held_path": 0.60,
        "held_body": 1.10,
        "phrases": 3.90,
        "begun": 1.45,
        "begun_in_order": 0.86,
        "name_begun": -0.94,
        "is_documented": -0.35,
        "is_deprecated": -0.09,
        "is_private": -0.01,
    },
    (0.429, -4.362),
    grown.FAST,
)
"""Before the transformer has looked, and for names."""

DEEP = Weighting(
    {
        "text": 1.31,
        "names": 0.45,
        "similarity": 1.44,
        "cosine": 2.06,
        "text_place": 0.93,
        "names_place": 0.62,
        "similarity_place": 1.54,
        "agreement": -0.46,
        "worse_place": -0.49,
        "similarity_gap": -2.06,
        "name_share": -0.13,
        "name_words": -1.54,
        "namesakes": -0.22,
        "file": 0.15,
        "file_similarity": -0.28,
        "file_nearest": 0.11,
        "file_text": 0.29,
        "file_held": 1.01,
        "file_count": -0.37,
        "file_name": 0.29,
        "depth": -1.66,
        "length": 2.45,
        "is_callable": 0.57,
        "is_type": 0.33,
        "is_module": -1.15,
        "is_macro": -0.20,
        "is_test": -4.62,
        "is_vendored": -0.87,
        "is_generated": -2.49,
        "is_example": -1.89,
        "name_match": 28.77,
        "held": 0.24,
        "held_beside": 0.10,
        "held_name": -0.86,
        "held_scope": -1.12,
        "held_signature": -0.34,
        "held_documentation": 0.97,
        "held_path": 0.58,
        "held_body": 1.05,
        "phrases": 3.74,
        "begun": 1.39,
        "begun_in_order": 0.82,
        "name_begun": -0.90,
        "is_documented": -0.33,
        "is_deprecated": -0.09,
        "is_private": -0.01,
        "deep": -0.53,
        "deep_cosine": 0.91,
        "deep_place": 0.69,
        "deep_gap": -0.91,
    },
    (0.486, -4.857),
    grown.DEEP,
)
"""Where the transformer has looked."""
