"""What each feature weighs, as training/fit_ranking.py wrote it; see docs/architecture.md for how and how well.

Fitted by hand are only `name_match` (a name asked for must win) and `is_generated` (too rare in what was mined).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Weighting:
    """A way to weigh features."""

    weights: Mapping[str, float]
    calibration: tuple[float, float]
    """Slope and intercept of the logistic curve from the sum to a score, fitted on queries of other repositories."""


FAST = Weighting(
    {
        "text": 1.59,
        "names": 0.59,
        "similarity": 1.73,
        "cosine": 2.35,
        "text_place": 0.68,
        "names_place": 0.48,
        "similarity_place": 1.51,
        "coverage": -0.12,
        "name_share": -0.07,
        "signature_coverage": 0.13,
        "file": 0.32,
        "length": 2.40,
        "is_type": -0.75,
        "is_module": -1.83,
        "is_macro": -0.15,
        "is_test": -5.58,
        "is_vendored": -1.14,
        "is_generated": -2.60,
        "is_example": -2.03,
        "name_match": 30.00,
        "held": 1.13,
        "held_name": -1.18,
        "held_scope": -1.13,
        "held_signature": -0.31,
        "held_documentation": -0.18,
        "held_path": 1.02,
        "held_body": 1.12,
        "phrases": 4.42,
        "begun": 1.93,
        "is_documented": -0.21,
        "is_deprecated": -0.11,
        "is_private": 0.14,
    },
    (0.411, -4.677),
)
"""Before the transformer has looked, and for names."""

DEEP = Weighting(
    {
        "text": 1.59,
        "names": 0.59,
        "similarity": 1.73,
        "cosine": 2.35,
        "text_place": 0.68,
        "names_place": 0.48,
        "similarity_place": 1.51,
        "coverage": -0.12,
        "name_share": -0.07,
        "signature_coverage": 0.13,
        "file": 0.32,
        "length": 2.40,
        "is_type": -0.75,
        "is_module": -1.83,
        "is_macro": -0.15,
        "is_test": -5.58,
        "is_vendored": -1.14,
        "is_generated": -2.60,
        "is_example": -2.03,
        "name_match": 30.00,
        "held": 1.13,
        "held_name": -1.18,
        "held_scope": -1.13,
        "held_signature": -0.31,
        "held_documentation": -0.18,
        "held_path": 1.02,
        "held_body": 1.12,
        "phrases": 4.42,
        "begun": 1.93,
        "is_documented": -0.21,
        "is_deprecated": -0.11,
        "is_private": 0.14,
        "deep": 2.00,
        "deep_cosine": 4.00,
        "deep_place": 1.00,
    },
    (0.411, -7.177),
)
"""Where the transformer has looked."""
