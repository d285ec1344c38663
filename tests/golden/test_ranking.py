"""Eleven candidates and four kinds of query: every feature by name, and the scores of both rankings."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations
from typing import Any

import pytest

from codesearch.core.types import Kind, Symbol
from codesearch.search.candidates import Candidate
from codesearch.search.features import Features, compute
from codesearch.search.query import parse
from codesearch.search.rank import compare, rank, refine
from tests.golden.pinned import pinned

QUERIES = {
    "sentence": "where does the UploadQueue send failed uploads again",
    "name": "UploadQueue.retryFailed",
    "half a name": "upl retr fail",
    "message": "upload of {} failed: Retry-After says {} seconds",
}

COSINES = {1: 0.61, 2: 0.55, 3: 0.58, 4: 0.12, 5: 0.47, 6: -0.03, 8: 0.2, 9: 0.33, 10: 0.4}
"""The transformer's cosines of the candidates, invented. The seventh could not be read, the last is a copy."""
LOGITS = {1: 2.5, 3: 3.75, 4: -1.5, 5: 0.25, 7: -0.5, 8: -4.0}
"""By the cross-encoder; one of the compared hits could not be read."""


def candidate(
    id: int,
    kind: Kind,
    qualname: str,
    path: str,
    lines: tuple[int, int],
    evidence: tuple[float, float, float, float],
    terms: tuple[int, ...],
    *,
    documentation: str = "",
    signature: str = "",
    roles: tuple[str, ...] = (),
    content: int = 0,
) -> Candidate:
    """Return a candidate with evidence (text, names, similarity, phrases)."""
    name = qualname.rpartition(".")[2]
    symbol = Symbol(
        kind, name, qualname, signature or f"def {name}(self)", documentation, *lines, 0, 99, "python", path
    )
    text, names, similarity, trigrams = evidence
    return Candidate(
        id,
        symbol,
        frozenset(roles),
        text=text,
        names=names,
        similarity=similarity,
        content=content or id,
        terms=terms,
        trigrams=trigrams,
    )


CANDIDATES = (
    candidate(
        1, "method", "UploadQueue.retry_failed", "shop/uploads/queue.py", (40, 62), (9.5, 7.25, 0.52, 0.25),
        (0b000001, 0b100001, 0b101010, 0), documentation="Put failed uploads back.",
    ),
    candidate(
        2, "class", "UploadQueue", "shop/uploads/queue.py", (10, 120), (6.0, 4.5, 0.44, 0.0),
        (0b100000, 0b000011, 0, 0b010000), documentation="Files that wait for an upload.",
    ),
    candidate(
        3, "function", "retry_after_seconds", "shop/http.py", (5, 9), (7.75, 3.0, 0.31, 0.75),
        (0b100100, 0, 0b100000, 0b110001), documentation="Deprecated: use Response.retry_after.",
    ),
    candidate(
        4, "test", "test_failed_uploads_are_retried", "shop/uploads/tests/test_queue.py", (70, 95),
        (8.5, 6.5, 0.49, 0.5), (0b100001, 0, 0b000101, 0b010110), roles=("test",),
    ),
    candidate(
        5, "module", "send", "shop/uploads/send.py", (1, 200), (2.5, 1.75, 0.27, 0.0), (0b010000, 0, 0b110000, 0),
    ),
    candidate(
        6, "macro", "RETRY", "third_party/net/retry.h", (3, 3), (1.25, 2.25, 0.08, 0.0), (0, 0, 0b000001, 0),
        roles=("vendored",),
    ),
    candidate(
        7, "method", "MailQueue._retry_failed", "shop/mail/queue.py", (88, 101), (5.25, 5.0, 0.39, 0.1),
        (0b000001, 0b000001, 0, 0b001000), signature="private def _retry_failed(self)",
    ),
    candidate(
        8, "function", "upload_retry_demo", "examples/upload.py", (1, 30), (4.0, 2.75, 0.35, 0.0),
        (0b010100, 0b000100, 0, 0b000010), roles=("example",),
    ),
    candidate(
        9, "function", "retry_after_seconds", "shop/http.py", (12, 18), (6.75, 2.5, 0.3, 0.0),
        (0b000100, 0, 0, 0b100001),
    ),
    candidate(
        10, "method", "RetryPolicy.RetryPolicy", "gen/policy.py", (2, 4), (3.0, 1.5, 0.22, 0.0),
        (0, 0b000010, 0b001000, 0b000001), roles=("generated", "vendored"),
    ),
    candidate(
        11, "method", "RetryPolicy.RetryPolicy", "gen/old/policy.py", (2, 4), (2.75, 1.25, 0.2, 0.0),
        (0, 0b000010, 0b001000, 0b000001), roles=("generated",), content=10,
    ),
)  # fmt: skip


def told(kind: str) -> dict[str, Any]:
    """Return the features and scores of the candidates for a query; lists hold one value per candidate."""
    query = parse(QUERIES[kind])
    # The queries have different numbers of terms, so the matched fields repeat.
    candidates = [
        replace(one, terms=tuple(one.terms[at % len(one.terms)] for at in range(len(query.terms))))
        for one in CANDIDATES
    ]
    known = compute(query, candidates)
    fast = rank(query, candidates, known)
    refined = refine(query, fast, COSINES)
    compared = compare(query, refined, LOGITS)
    features = {item.candidate.id: item.features for item in compared}
    shown = [features.get(one.id, before) for one, before in zip(CANDIDATES, known, strict=True)]
    return {
        "query": QUERIES[kind],
        "features": {name: [rounded(getattr(one, name)) for one in shown] for name in Features._fields},
        "fast": [f"{item.candidate.id} {item.score:.5f}" for item in fast],
        "refined": [f"{item.candidate.id} {item.score:.5f}" for item in refined],
        "compared": [f"{item.candidate.id} {item.score:.5f}" for item in compared],
        "folded": {
            str(item.candidate.id): [one.id for one in (*item.folded, *item.copies)]
            for item in refined
            if item.folded or item.copies
        },
    }


def rounded(value: float) -> float:
    return round(float(value), 6)


@pytest.fixture(scope="module")
def found() -> dict[str, Any]:
    return {"candidates": [one.symbol.qualname for one in CANDIDATES], **{kind: told(kind) for kind in QUERIES}}


@pytest.mark.parametrize("kind", QUERIES)
def test_features_and_scores_are_what_they_were(found: dict[str, Any], kind: str) -> None:
    golden = pinned("ranking", found)
    assert found["candidates"] == golden["candidates"]
    assert found[kind]["features"] == golden[kind]["features"]
    assert found[kind] == golden[kind]


def test_swapping_any_two_features_would_be_noticed(found: dict[str, Any]) -> None:
    """If two features had the same values everywhere, swapping them would not be noticed."""
    values = {name: [found[kind]["features"][name] for kind in QUERIES] for name in Features._fields}
    assert [pair for pair in combinations(values, 2) if values[pair[0]] == values[pair[1]]] == []
    assert [name for name, rows in values.items() if not any(map(any, rows))] == [], "always 0: nothing is pinned"
