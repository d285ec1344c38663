"""The transformer in numpy: the same vectors as those of onnxruntime, and errors that say what is wrong."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import numpy as np
import pytest

import codesearch
from codesearch.core.errors import ModelError
from codesearch.embed import MODELS, load, numpy_transformer, onnx
from codesearch.embed.manage.samples import documents
from codesearch.embed.onnx import OnnxEmbedder

FOLDER = MODELS / "transformer"

# A text is run as onnxruntime runs it but for the last bit of sums in float32. Now and then that rounds an activation
# to the next of 256 steps, as another processor does with onnxruntime itself (tests/golden/test_vectors.py).
CLOSE = 0.99


@pytest.fixture(autouse=True)
def _forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    """Undo, after each test, that the process remembers why onnxruntime could not be imported."""
    monkeypatch.setattr(onnx, "_broken", "")


def test_its_vectors_are_those_of_onnxruntime(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("onnxruntime")
    texts = [*documents(Path(codesearch.__file__).parent / "embed", 24), "", "open a file", "中文"]
    expected = load("transformer", threads=2).encode_documents(texts)
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    found = load("transformer", threads=2).encode_documents(texts)
    cosines = (expected * found).sum(axis=1)
    empty = texts.index("")
    assert not found[empty].any()
    cosines[empty] = 1
    assert found.dtype == np.float32
    assert cosines.min() > CLOSE
    assert np.median(cosines) > 0.999


def test_an_operator_that_it_does_not_know_needs_onnxruntime(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    model = copied(tmp_path)
    content = (model / "model.onnx").read_bytes()
    (model / "model.onnx").write_bytes(content.replace(b"BiasGelu", b"FastGelu"))
    with pytest.raises(ModelError, match="onnxruntime cannot be imported"):
        OnnxEmbedder(model).encode_queries(["x"])


@pytest.mark.parametrize("damage", ["short", "text", "empty"])
def test_a_damaged_file_is_an_error(tmp_path: Path, damage: str) -> None:
    path = tmp_path / "model.onnx"
    content = (FOLDER / "model.onnx").read_bytes()
    path.write_bytes({"short": content[: len(content) // 2], "text": b"no model at all\n" * 9, "empty": b""}[damage])
    with pytest.raises(ValueError, match=r"."):
        numpy_transformer.session(path)


def copied(tmp_path: Path) -> Path:
    return Path(shutil.copytree(FOLDER, tmp_path / "model"))
