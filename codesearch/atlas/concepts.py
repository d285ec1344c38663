"""Concepts: a direction among the vectors, made of examples or of a text, and a score of every symbol along it.

A score says where the symbol is between two points of the axis: 0 is the mean of all symbols (or of the examples that
are unlike it, if that is higher), 1 the mean of the examples, each against the axis of the others; without two of
them, the mean of the ten symbols that are furthest along the axis. Beyond these points, scores stay 0 and 1. An axis
stays as it was made until it is refreshed, so that scores do not move with every change of the tree.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from codesearch import embed
from codesearch.atlas import vectors
from codesearch.core.errors import NotFoundError, UsageError
from codesearch.core.filter import Filter, concept_bound
from codesearch.core.types import Answer, Hit, Symbol
from codesearch.search import filter_note, resolved
from codesearch.search.concepts import concept
from codesearch.store import atlas
from codesearch.store import concepts as table
from codesearch.store.concepts import Concept, Example, Found

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from codesearch.index import Index
    from codesearch.store import Store

    Floats = npt.NDArray[np.float32]
    Doubles = npt.NDArray[np.float64]

NEAREST = 10
"""A concept of a text, or of one example, has score 1 where this many symbols are on average."""
AT_ONCE = 500
"""Symbols that are read per statement."""
LEAST_SPAN = 1e-3
"""The least distance between score 0 and score 1, as cosine."""


def add(
    index: Index,
    name: str,
    *,
    like: Sequence[Symbol] = (),
    unlike: Sequence[Symbol] = (),
    texts: Sequence[str] = (),
    replaces: bool = False,
) -> Concept:
    """Make a concept of symbols that are like it or not, of texts that describe it, or of both, and keep it.

    Raises UsageError for a name that a filter cannot have, one that is taken (unless it `replaces` that concept),
    neither examples nor texts, or an example without a vector; NotFoundError if there is no index.
    """
    try:
        concept_bound(f"{name}>0")
    except UsageError:
        raise UsageError(f"`{name}` cannot name a concept: use letters, digits, - and _") from None
    if not like and not any(text.strip() for text in texts):
        raise UsageError("a concept needs symbols that are like it (--like) or a text that describes it (--query)")
    store = index.required_reader()
    known = table.read(index.path)
    if name in known and not replaces:
        raise UsageError(f"there is a concept `{name}` already; use --replace, or another name")
    made = _made(store, name, _examples(store, like), _examples(store, unlike), tuple(texts))
    table.write(index.path, {**known, name: made})
    return made


def listed(index: Index) -> tuple[Concept, ...]:
    """Return the concepts of an index by name."""
    return tuple(table.read(index.path).values())


def remove(index: Index, name: str) -> bool:
    """Delete a concept; return whether there was one."""
    known = table.read(index.path)
    found = known.pop(name, None)
    if found is not None:
        table.write(index.path, known)
    return found is not None


def refresh(index: Index, name: str) -> Concept:
    """Make a concept again from its examples as they are now. Raises NotFoundError if none is left."""
    store = index.required_reader()
    known = table.read(index.path)
    if name not in known:
        raise NotFoundError(f"there is no concept `{name}`")
    old = known[name]
    here = {one: table.find(store.connection, one) for one in (*old.like, *old.unlike)}
    sides = (old.like, old.unlike)
    like, unlike = (tuple(_now(store, found) for one in side if (found := here[one])) for side in sides)
    if not like and not old.texts:
        raise NotFoundError(f"no code that `{name}` was made of exists any more; make it again from other code")
    made = _made(store, name, like, unlike, old.texts)
    table.write(index.path, {**known, name: made})
    return made


def examples(index: Index, found: Concept) -> dict[Example, Found | None]:
    """Return where each example of a concept is now; None for one that no longer exists."""
    store = index.required_reader()
    return {one: table.find(store.connection, one) for one in (*found.like, *found.unlike)}


def _now(store: Store, found: Found) -> Example:
    return table.example_at(store.connection, found.path, found.line, found.example.qualname) or found.example


def _examples(store: Store, symbols: Iterable[Symbol]) -> tuple[Example, ...]:
    out: list[Example] = []
    for one in symbols:
        example = table.example_at(store.connection, one.path, one.start_line, one.qualname)
        if example is None:
            raise UsageError(f"{one.qualname}: a {one.kind} has no vector of its own, so it cannot be an example")
        out.append(example)
    return tuple(dict.fromkeys(out))


def _made(
    store: Store, name: str, like: tuple[Example, ...], unlike: tuple[Example, ...], texts: tuple[str, ...]
) -> Concept:
    """Return a concept with its axis and its two points."""
    import numpy as np

    known = vectors.read(store)
    everything = vectors.unit(known.rows).astype(np.float64)
    mean = everything.mean(axis=0)

    def of(some: tuple[Example, ...]) -> Doubles:
        contents = [found.content for one in some if (found := table.find(store.connection, one)) is not None]
        return everything[known.places(contents)]

    model = embed.load(embed.STATIC)
    wanted, unwanted = of(like), of(unlike)
    said = model.encode_queries(list(texts)).astype(np.float64).mean(axis=0) if texts else np.zeros(model.dims)
    far = mean if not len(unwanted) else (mean + unwanted.mean(axis=0)) / 2
    axis = _axis(wanted, far, said)
    if not axis.any():
        raise UsageError("the text has no word that the model knows, or the examples are like everything else")
    stored, axis = _quantised(axis)
    scores = everything @ axis
    low = float(scores.mean())
    if len(unwanted):
        low = max(low, float((unwanted @ axis).mean()))
    if len(wanted) > 1:
        others = [np.delete(wanted, at, axis=0) for at in range(len(wanted))]
        high = float(np.mean([_axis(some, far, said) @ one for one, some in zip(wanted, others, strict=True)]))
    else:
        high = float(np.sort(scores)[-NEAREST:].mean())
    high = max(high, low + LEAST_SPAN)
    return Concept(name, like, unlike, texts, model.model_id, stored, low, high)


def _axis(wanted: Doubles, far: Doubles, said: Doubles) -> Doubles:
    """Return the direction from what is not like a concept to what is, together with that of its texts; length 1."""
    import numpy as np

    parts = [said] if said.any() else []
    if len(wanted):
        parts.append(wanted.mean(axis=0) - far)
    whole = np.sum([part / (np.linalg.norm(part) or 1) for part in parts], axis=0)
    return np.asarray(whole / (np.linalg.norm(whole) or 1), np.float64)


def _quantised(axis: Doubles) -> tuple[bytes, Doubles]:
    """Return an axis as int8, using the whole range, and the direction that this is."""
    import numpy as np

    whole = np.rint(axis / np.abs(axis).max() * 127).astype(np.int8)
    exact = whole.astype(np.float64)
    return whole.tobytes(), exact / np.linalg.norm(exact)


def cosines(store: Store, found: Concept) -> dict[int, float]:
    """Return the cosine of every text that has a vector with the axis of a concept, by its id."""
    import numpy as np

    known = vectors.read(store)
    axis = np.frombuffer(found.axis, np.int8).astype(np.float32)
    return dict(
        zip(known.ids.tolist(), (vectors.unit(known.rows) @ (axis / np.linalg.norm(axis))).tolist(), strict=True)
    )


def above(index: Index, found: Concept, least: float) -> tuple[int, int]:
    """Return the number of symbols with a higher score than `least`, and of all that have a score."""
    store = index.required_reader()
    by_text = cosines(store, found)
    rows = atlas.rows(store.connection)
    return sum(found.score(by_text[row.content]) > least for row in rows), len(rows)


def ranked(index: Index, name: str, *, where: Filter | None = None, limit: int | None = None) -> Answer:
    """Return the symbols that pass a filter, with the highest score for a concept first. Raises as `concept`."""
    found = concept(index.path, name)
    store = index.required_reader()
    where = None if where is None else resolved(where, index.root, index.path)
    with store.snapshot():
        by_text = cosines(store, found)
        rows = atlas.rows(store.connection, where)
        rows.sort(key=lambda row: (-by_text[row.content], row.path, row.start_line))
        chosen = rows if limit is None or limit < 0 else rows[:limit]
        symbols: dict[int, Symbol] = {}
        for start in range(0, len(chosen), AT_ONCE):
            found_here = store.symbols(row.id for row in chosen[start : start + AT_ONCE])
            symbols |= {id: one.symbol for id, one in found_here.items()}
    hits = tuple(
        Hit(n, round(found.score(by_text[row.content]), 4), symbols[row.id]) for n, row in enumerate(chosen, 1)
    )
    return Answer(hits, filter_note(store, where), complete=index.complete)
