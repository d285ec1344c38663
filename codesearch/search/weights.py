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
        "text": 1.26,
        "names": 0.67,
        "similarity": 1.52,
        "cosine": 1.97,
        "text_place": 0.92,
        "names_place": 0.64,
        "similarity_place": 1.58,
        "agreement": -0.48,
        "worse_place": -0.49,
        "similarity_gap": -1.97,
        "name_share": -0.20,
        "name_words": -1.54,
        "namesakes": -0.27,
        "file": 0.05,
        "file_similarity": -0.39,
        "file_nearest": -0.04,
        "file_text": 0.30,
        "file_held": 1.22,
        "file_count": -0.45,
        "file_name": 0.51,
        "depth": -1.76,
        "length": 2.50,
        "is_callable": 0.79,
        "is_type": 0.04,
        "is_module": -0.92,
        "is_macro": -0.22,
        "is_test": -5.06,
        "is_vendored": -0.98,
        "is_generated": -2.60,
        "is_example": -2.22,
        "name_match": 30.00,
        "held": 0.40,
        "held_beside": 0.26,
        "held_name": -0.94,
        "held_scope": -1.32,
        "held_signature": -0.54,
        "held_documentation": 0.76,
        "held_path": 0.84,
        "held_body": 0.80,
        "phrases": 4.30,
        "begun": 1.58,
        "begun_in_order": 0.99,
        "name_begun": -0.81,
        "is_documented": -0.34,
        "is_deprecated": -0.19,
        "is_private": 0.18,
    },
    (0.403, -4.241),
    grown.FAST,
)
"""Before the transformer has looked, and for names."""

DEEP = Weighting(
    {
        "text": 0.88,
        "names": 0.29,
        "similarity": 0.53,
        "cosine": 1.19,
        "text_place": 1.04,
        "names_place": 0.36,
        "similarity_place": 1.51,
        "agreement": -0.44,
        "worse_place": -0.80,
        "similarity_gap": -1.19,
        "name_share": -0.29,
        "name_words": -1.15,
        "namesakes": -0.26,
        "file": 0.11,
        "file_similarity": -0.58,
        "file_nearest": 0.38,
        "file_text": 0.22,
        "file_held": 1.03,
        "file_count": -0.17,
        "file_name": 0.54,
        "depth": -1.37,
        "length": 2.19,
        "is_callable": 0.92,
        "is_type": -0.08,
        "is_module": -0.78,
        "is_macro": -0.05,
        "is_test": -5.05,
        "is_vendored": -0.97,
        "is_generated": -2.60,
        "is_example": -2.05,
        "name_match": 30.00,
        "held": 0.47,
        "held_beside": 0.37,
        "held_name": -0.30,
        "held_scope": -1.23,
        "held_signature": -0.29,
        "held_documentation": -0.27,
        "held_path": 0.70,
        "held_body": 0.55,
        "phrases": 4.56,
        "begun": 2.25,
        "begun_in_order": 1.46,
        "name_begun": -0.67,
        "is_documented": -0.09,
        "is_deprecated": 0.36,
        "is_private": 0.21,
        "deep": 0.13,
        "deep_cosine": 1.32,
        "deep_place": 0.99,
        "deep_gap": -1.32,
    },
    (0.426, -4.318),
    grown.DEEP,
)
"""Where the transformer has looked."""
