"""What each feature weighs, as training/fit_ranking.py wrote it; how well it does is in docs/architecture.md.

Set by hand are only `name_match` (a name asked for must win) and `is_generated` (too rare in what was mined).
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
    (0.412, -4.679),
)
"""Before the transformer has looked, and for names."""

DEEP = Weighting(
    {
        "text": 1.09,
        "names": 0.31,
        "similarity": 0.61,
        "cosine": 1.54,
        "text_place": 0.66,
        "names_place": 0.22,
        "similarity_place": 1.29,
        "coverage": -0.14,
        "name_share": -0.27,
        "signature_coverage": -0.26,
        "file": 0.44,
        "length": 2.13,
        "is_type": -0.93,
        "is_module": -1.45,
        "is_macro": -0.06,
        "is_test": -5.43,
        "is_vendored": -1.09,
        "is_generated": -2.60,
        "is_example": -1.92,
        "name_match": 30.00,
        "held": 1.19,
        "held_name": -0.45,
        "held_scope": -1.11,
        "held_signature": -0.22,
        "held_documentation": -0.30,
        "held_path": 1.04,
        "held_body": 0.86,
        "phrases": 4.53,
        "begun": 2.84,
        "is_documented": -0.06,
        "is_deprecated": 0.37,
        "is_private": 0.13,
        "deep": 0.45,
        "deep_cosine": 1.98,
        "deep_place": 1.06,
    },
    (0.416, -4.572),
)
"""Where the transformer has looked."""
