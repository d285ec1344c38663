"""What `codesearch tune` has learned for a tree, as the ranking uses it.

It counts only with the model and the ranking that it was learned and measured with.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path

from codesearch.core.errors import StoreError
from codesearch.search.ranking import COMPARED, FAST, RERANKED, Weighting
from codesearch.store import tunings
from codesearch.store.tunings import Tuning

IGNORED = (
    "what `codesearch tune` learned is ignored, because the model or the ranking has changed since: "
    "run `codesearch tune` again, or `codesearch tune --undo`"
)


@cache
def version() -> str:
    """Return a hash of the ranking; any refit of it changes the weights and the calibrations."""
    from hashlib import blake2b

    factors = [factor for factor, _ in RERANKED.trees]
    fitted = [(sorted(stage.weights.items()), stage.calibration) for stage in (FAST, RERANKED, COMPARED)]
    return blake2b(repr((fitted, factors)).encode(), digest_size=6).hexdigest()


def active(index: Path, model_id: str) -> tuple[Tuning | None, str]:
    """Return (what was learned for the tree of an index, "" or why that is ignored)."""
    try:
        found = tunings.read(index)
    except StoreError as error:
        return None, str(error)
    if found is None:
        return None, ""
    return (found, "") if (found.model, found.ranking) == (model_id, version()) else (None, IGNORED)


def weighting_of(tuning: Tuning | None, weighting: Weighting = RERANKED) -> Weighting:
    """Return a weighting, RERANKED or COMPARED, with what was learned for a tree."""
    return weighting if tuning is None else adapted(weighting, tuning.weights, tuning.shift)


def adapted(weighting: Weighting, weights: Mapping[str, float], shift: float) -> Weighting:
    """Return a weighting with learned weights, and a learned shift of the sum; both belong to RERANKED."""
    learned = {name: weighting.scale * weight for name, weight in weights.items()}
    names = {*weighting.weights, *learned}
    sums = {name: weighting.weights.get(name, 0.0) + learned.get(name, 0.0) for name in names}
    slope, intercept = weighting.calibration
    calibration = slope, intercept + slope * weighting.scale * shift
    return weighting._replace(weights=sums, calibration=calibration, learned=learned)
