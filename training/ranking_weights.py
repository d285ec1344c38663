"""Writing codesearch/search/weights.py."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

TARGET = Path(__file__).parent.parent / "codesearch" / "search" / "weights.py"

HEAD = '''"""What each feature weighs, as training/fit_ranking.py wrote it; how well it does is in docs/architecture.md.

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

'''

WHAT = {
    "FAST": "Before the transformer has looked, and for names.",
    "DEEP": "Where the transformer has looked.",
}


def write(found: Mapping[str, tuple[Mapping[str, float], tuple[float, float]]]) -> None:
    """Write the weights and calibrations of FAST and DEEP."""
    parts = [HEAD]
    for name, (weights, (slope, intercept)) in found.items():
        rows = "".join(
            f'        "{feature}": {weight:.2f},\n' for feature, weight in weights.items() if round(weight, 2)
        )
        parts.append(f"\n{name} = Weighting(\n    {{\n{rows}    }},\n    ({slope:.3f}, {intercept:.3f}),\n)\n")
        parts.append(f'"""{WHAT[name]}"""\n')
    TARGET.write_text("".join(parts))
    subprocess.run([sys.executable, "-m", "ruff", "format", "-q", str(TARGET)], check=True)
