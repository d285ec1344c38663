"""Pairs of questions and functions, and their scores by the bundled cross-encoder."""

from __future__ import annotations

from importlib.util import find_spec

import pytest

from codesearch.embed.cross import CrossEncoder
from tests.golden.pinned import pinned
from tests.golden.test_vectors import QUERIES, SOURCES, documents_of

SAME = 1.0
"""Maximum difference of a score on another processor, whose last bits of float32 sums may differ (`test_vectors`).

Scores of these pairs go from -6 to 7.
"""


@pytest.mark.skipif(not find_spec("onnxruntime"), reason="only onnxruntime runs it")
def test_scores():
    texts = {f"{path} {name}": each.embedding_text for path in SOURCES for name, each in documents_of(path)}
    model = CrossEncoder()
    found = {}
    for name in ("sentence", "name", "message"):
        scores = model.scores(QUERIES[name], list(texts.values()))
        assert scores is not None
        found[name] = {key: round(score, 3) for key, score in zip(texts, scores, strict=True)}
    expected = pinned("cross", found)
    assert {name: list(rows) for name, rows in found.items()} == {name: list(rows) for name, rows in expected.items()}
    for name, rows in expected.items():
        for key, score in rows.items():
            assert found[name][key] == pytest.approx(score, abs=SAME), f"{name}: {key}"
        assert max(found[name], key=found[name].__getitem__) == max(rows, key=rows.__getitem__)
