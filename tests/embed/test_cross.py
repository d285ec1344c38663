"""The cross-encoder: scores depend on the pair alone, and a model that does not fit is reported."""

from __future__ import annotations

import json
import random
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest

import codesearch
from codesearch import embed
from codesearch.core.errors import ModelError
from codesearch.embed import MODELS, RERANKER, TRANSFORMER, cross, numpy_transformer, onnx
from codesearch.embed.cross import CrossEncoder
from codesearch.embed.manage.samples import documents

FOLDER = MODELS / RERANKER
QUESTION = "where are vectors of a text kept"


@pytest.fixture(scope="module")
def model() -> CrossEncoder:
    pytest.importorskip("onnxruntime")
    return CrossEncoder()


@pytest.fixture(scope="module")
def texts() -> list[str]:
    found = documents(Path(codesearch.__file__).parent / "embed", 12)
    return [*found, "", "\n\n\n\n", "中文", "word " * 20_000, "x" * 5_000]


@pytest.fixture(scope="module")
def scores(model: CrossEncoder, texts: list[str]) -> list[float]:
    found = model.scores(QUESTION, texts)
    assert found is not None
    return found


def test_it_is_no_embedding_model():
    assert RERANKER not in embed.bundled()
    assert RERANKER not in embed.available()


def test_a_score_depends_on_the_pair_alone(model: CrossEncoder, texts: list[str], scores: list[float]):
    order = list(range(len(texts)))
    random.Random(2).shuffle(order)
    again = model.scores(QUESTION, [texts[at] for at in order])
    assert again is not None
    assert dict(zip(order, again, strict=True)) == dict(enumerate(scores))
    assert model.scores(QUESTION, [texts[3]]) == [scores[3]]
    assert CrossEncoder().scores(QUESTION, texts[:4]) == scores[:4]
    assert model.scores(QUESTION, []) == []


def test_it_reads_both(model: CrossEncoder, texts: list[str], scores: list[float]):
    assert len(set(scores[:12])) == 12
    assert model.scores("sort numbers", texts[:4]) != scores[:4]


def test_a_long_question_leaves_room_for_the_document(model: CrossEncoder, texts: list[str]):
    long = "retry failed uploads " * 400
    found = model.scores(long, texts[:3])
    assert found is not None
    assert len(set(found)) == 3
    asked = long.split()
    assert model.scores(" ".join(asked[: model.config.query_tokens]), texts[:3]) == found


def test_it_can_be_stopped_between_pairs(model: CrossEncoder, texts: list[str]):
    asked = iter([False, False, False, *[True] * len(texts)])
    assert model.scores(QUESTION, texts, lambda: next(asked)) is None
    assert len(list(asked)) > len(texts) // 2


def test_words_become_numbers_as_in_the_transformer():
    """With the transformer's own layers on top, its embedded tokens give its states."""
    path = MODELS / TRANSFORMER / "model.onnx"
    look_up = numpy_transformer.embeddings(path)
    ids = [101, 2330, 1996, 5371, 102]
    found = look_up(ids, [0, 0, 0, 1, 1])
    assert found.shape == (5, 384)
    assert found.dtype == np.float32
    assert np.array_equal(found[:3], look_up(ids[:3], [0, 0, 0])), "a position depends on nothing after it"
    assert not np.array_equal(found[3:], look_up(ids, [0] * 5)[3:]), "the type of a token counts"
    assert np.abs(found.mean(axis=1)).max() < 1, "it is normalised"


def test_another_transformer_is_an_error(tmp_path: Path):
    base = Path(shutil.copytree(MODELS / TRANSFORMER, tmp_path / "base"))
    config = json.loads((base / "config.json").read_text())
    (base / "config.json").write_text(json.dumps({**config, "sha256": "0" * 64}))
    with pytest.raises(ModelError, match=r"needs the transformer transformer@\w{12}, but .*transformer@000000000000"):
        CrossEncoder(base=base)


def test_the_bundled_one_fits_the_bundled_transformer():
    assert cross.read(FOLDER).embeddings == embed.load(TRANSFORMER).model_id


@pytest.mark.parametrize("damage", ["no config", "no model", "short model", "not JSON", "a field is missing"])
def test_a_damaged_file_is_an_error(tmp_path: Path, damage: str):
    folder = Path(shutil.copytree(FOLDER, tmp_path / "model"))
    config = folder / "config.json"
    if damage == "no config":
        config.unlink()
    elif damage == "no model":
        (folder / "model.onnx").unlink()
    elif damage == "short model":
        (folder / "model.onnx").write_bytes((folder / "model.onnx").read_bytes()[:-1])
    elif damage == "not JSON":
        config.write_text("{")
    else:
        config.write_text(
            json.dumps({key: value for key, value in json.loads(config.read_text()).items() if key != "tokens"})
        )
    with pytest.raises(ModelError, match="install codesearch again"):
        CrossEncoder(folder)


def test_a_graph_that_cannot_be_loaded_is_an_error(tmp_path: Path):
    pytest.importorskip("onnxruntime")
    folder = Path(shutil.copytree(FOLDER, tmp_path / "model"))
    (folder / "model.onnx").write_bytes(b"x" * (FOLDER / "model.onnx").stat().st_size)
    with pytest.raises(ModelError, match="cannot be loaded"):
        CrossEncoder(folder).scores("x", ["y"])


def test_without_onnxruntime_it_is_not_used(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    monkeypatch.setattr(onnx, "find_spec", lambda name: None)
    assert not cross.usable()
    with pytest.raises(ModelError, match="onnxruntime cannot be imported"):
        CrossEncoder().scores("x", ["y"])


def test_its_hash_is_that_of_what_decides_a_score():
    config = cross.read(FOLDER)
    assert config.sha256 == cross.digest(config)
    assert config.model_id == f"reranker@{config.sha256[:12]}"
