"""Filters by concept: from a name and a score to a bound that the index can check."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from codesearch import embed
from codesearch.core.errors import NotFoundError, UsageError
from codesearch.core.filter import AxisBound, ConceptBound, Filter, concept_bound
from codesearch.store import Store, concepts
from codesearch.store.concepts import Concept


def concept(index: Path, name: str) -> Concept:
    """Return a concept of an index. Raises NotFoundError, or UsageError if the model has changed since."""
    known = concepts.read(index)
    if name not in known:
        has = f"Known: {', '.join(known)}." if known else "There are none yet."
        raise NotFoundError(f"there is no concept `{name}`; `codesearch concept add {name}` makes it. {has}")
    if known[name].model != embed.load(embed.STATIC).model_id:
        raise UsageError(f"the concept `{name}` was made with another model; run `codesearch concept refresh {name}`")
    return known[name]


def with_axes(where: Filter, index: Path) -> Filter:
    """Return a filter whose concepts are bounds that the index can check. Raises as `concept`."""
    bounds = [concept_bound(text) for text in where.concepts]
    axes = tuple(_axis(bound, concept(index, bound.name)) for bound in bounds if not _always(bound))
    return replace(where, concepts=(), axes=(*where.axes, *axes))


def _always(bound: ConceptBound) -> bool:
    """Return whether every score passes, as scores are within 0..1."""
    return (bound.operator, bound.score) in ((">=", 0), ("<=", 1))


def _axis(bound: ConceptBound, found: Concept) -> AxisBound:
    # A score of 1 stands for every higher cosine, 0 for every lower one.
    if (bound.operator, bound.score) in ((">", 1), ("<", 0)):
        return AxisBound(bound, found.axis, 2.0 if bound.score else -2.0)  # no cosine passes
    return AxisBound(bound, found.axis, found.cosine(bound.score))


def notes(store: Store, where: Filter) -> Iterator[str]:
    """Yield what to say about concepts whose examples no longer exist."""
    known = concepts.read(store.path)
    for name in dict.fromkeys(one.concept.name for one in where.axes):
        examples = (*known[name].like, *known[name].unlike) if name in known else ()
        gone = [one for one in examples if concepts.find(store.connection, one) is None]
        if gone:
            listed = ", ".join(f"{one.qualname} ({one.path})" for one in gone[:3]) + (", ..." if gone[3:] else "")
            yield f"the concept `{name}` was made of code that no longer exists: {listed}"
