"""The bundled transformer: vectors depend on the text alone, and a damaged model is reported."""

from __future__ import annotations

import dataclasses
import errno
import json
import os
import random
import re
import shutil
import subprocess
import sys
import textwrap
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

import codesearch
from codesearch.core.errors import CodesearchError, ModelError
from codesearch.embed import MODELS, Embedder, config, load, onnx, quantise
from codesearch.embed.manage.samples import documents
from codesearch.embed.onnx import OnnxEmbedder
from codesearch.embed.transformer import one_line
from codesearch.embed.wordpiece import WordPiece

FOLDER = MODELS / "transformer"


@pytest.fixture(scope="module")
def model() -> OnnxEmbedder:
    found = load("transformer", threads=2)
    assert isinstance(found, OnnxEmbedder)
    return found


@pytest.fixture(scope="module")
def texts() -> list[str]:
    """Documents from real functions, and empty, very long and foreign ones among them."""
    found = documents(Path(codesearch.__file__).parent / "embed", 36)
    assert len(found) == 36
    return [*found, "", "\n\n\n\n", "中文", "naïve façade ключ", "word " * 20_000, "x" * 5_000, "open a file"]


@pytest.fixture(scope="module")
def vectors(model: OnnxEmbedder, texts: list[str]) -> list[bytes]:
    return quantise(model.encode_documents(texts))


def test_protocol(model: OnnxEmbedder) -> None:
    assert isinstance(model, Embedder)
    assert (model.name, model.dims) == ("transformer", model.config.dims)
    assert re.fullmatch(r"transformer@[0-9a-f]{12}", model.model_id)
    assert model.encode_documents([]).shape == (0, model.dims)
    found = model.encode_documents(["open the file", ""])
    assert found.dtype == np.float32
    assert np.linalg.norm(found[0]) == pytest.approx(1)
    assert not found[1].any()


def test_it_understands(model: OnnxEmbedder) -> None:
    asked = model.encode_queries(["where are failed uploads sent again", "sort numbers"])
    found = model.encode_documents(
        [
            "retry upload\n\ndef retry upload path times\n\ndef retry upload path times for in range times send path",
            "quick sort\n\ndef quick sort values\n\ndef quick sort values pivot smaller larger return sorted values",
        ]
    )
    scores = asked @ found.T
    assert scores[0, 0] > scores[0, 1] + 0.1
    assert scores[1, 1] > scores[1, 0] + 0.1


def test_alone_or_in_any_batch_and_order(model: OnnxEmbedder, texts: list[str], vectors: list[bytes]) -> None:
    order = list(range(len(texts)))
    random.Random(4).shuffle(order)
    for size in (1, 7, len(order)):
        again: dict[int, bytes] = {}
        for start in range(0, len(order), size):
            batch = order[start : start + size]
            again.update(zip(batch, quantise(model.encode_documents([texts[at] for at in batch])), strict=True))
        assert [again[at] for at in range(len(texts))] == vectors


@pytest.mark.parametrize("threads", [1, 5])
def test_any_number_of_threads(threads: int, texts: list[str], vectors: list[bytes]) -> None:
    assert quantise(load("transformer", threads=threads).encode_documents(texts)) == vectors


def test_asked_by_several_threads_at_once(texts: list[str], vectors: list[bytes]) -> None:
    fresh = load("transformer", threads=2)
    asked = fresh.quantised_query("parse http headers")
    barrier = threading.Barrier(4)

    def work(number: int) -> tuple[list[bytes], bytes]:
        barrier.wait()
        return quantise(fresh.encode_documents(texts[number::4])), fresh.quantised_query("parse http headers")

    with ThreadPoolExecutor(4) as pool:
        for number, (found, query) in enumerate(pool.map(work, range(4))):
            assert found == vectors[number::4]
            assert query == asked


def test_another_process(texts: list[str], vectors: list[bytes], tmp_path: Path) -> None:
    (tmp_path / "texts.json").write_text(json.dumps(texts[:12]))
    script = """
        import json, sys
        from pathlib import Path
        from codesearch.embed import load, quantise
        texts = json.loads(Path(sys.argv[1]).read_text())
        sys.stdout.write(b"".join(quantise(load("transformer").encode_documents(texts))).hex())
    """
    command = [sys.executable, "-c", textwrap.dedent(script), str(tmp_path / "texts.json")]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120)
    assert bytes.fromhex(done.stdout) == b"".join(vectors[:12])


def test_queries(model: OnnxEmbedder) -> None:
    same = ["parseHTTPHeaders", "parse http headers", "Parse, HTTP: headers?"]
    assert len(set(quantise(model.encode_queries(same)))) == 1
    assert model.quantised_query(same[0]) == quantise(model.encode_queries(same))[0]
    assert not model.encode_queries(["", "  ?! "]).any()
    long = " ".join(f"word{n}" for n in range(3000))
    assert model.quantised_query(long) == model.quantised_query(" ".join(long.split()[: model.config.query_tokens]))


def test_a_transformer_reads_the_documentation_as_written_and_the_rest_in_words() -> None:
    text = "get\ncache\ndef get(self, key)\nReturn a value, or None.\ndef get self key return self values get key"
    assert one_line(text) == (
        "get cache. Return a value, or None. def get(self, key) def get self key return self values get key"
    )
    assert one_line("a\n\n\n\nother words\nof a body") == "a other words of a body"
    assert one_line("just  one field") == "just one field"
    assert one_line("\n\n\n\n") == ""


def test_a_long_documentation_leaves_room_for_the_code() -> None:
    found = one_line(f"get\ncache\nget{'x' * 900}\n{'word ' * 100}\nreturn values")
    assert found.endswith("x return values")
    assert len(found) == len("get cache. ") + 300 + 150 + len(" return values")


def test_what_is_cut_off_decides_nothing(model: OnnxEmbedder) -> None:
    text = "read\n\ndef read\n\n" + "alpha beta gamma " * 100
    assert quantise(model.encode_documents([text, text + "omega " * 50]))[0] == model_row(model, text + "delta")


def model_row(model: OnnxEmbedder, text: str) -> bytes:
    return quantise(model.encode_documents([text]))[0]


def test_files_are_what_the_configuration_says() -> None:
    import hashlib

    found = config.read(FOLDER)
    for name, digest in found.files.items():
        assert hashlib.sha256((FOLDER / name).read_bytes()).hexdigest() == digest
    assert found.sha256 == config.digest(found)
    assert sum(found.sizes.values()) < 24 << 20
    changed = dataclasses.replace(found, document_tokens=found.document_tokens + 1)
    assert config.digest(changed) != found.sha256
    assert config.digest(dataclasses.replace(found, source="elsewhere")) == found.sha256


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """Return a copy of the model's folder with a short file in place of the weights."""
    folder = tmp_path / "broken"
    folder.mkdir()
    for path in FOLDER.iterdir():
        if path.name != "model.onnx":
            shutil.copy(path, folder)
    (folder / "model.onnx").write_bytes((FOLDER / "model.onnx").read_bytes()[:1000])
    return folder


def resized(folder: Path) -> None:
    """Make the configuration match the sizes of the files."""
    values = json.loads((folder / "config.json").read_text())
    values["sizes"] = {name: (folder / name).stat().st_size for name in values["sizes"]}
    (folder / "config.json").write_text(json.dumps(values))


def test_a_file_of_another_size(copy: Path) -> None:
    with pytest.raises(ModelError, match=r"model\.onnx.*damaged"):
        OnnxEmbedder(copy)


def test_a_file_that_is_missing(copy: Path) -> None:
    (copy / "model.onnx").unlink()
    with pytest.raises(ModelError, match=r"model\.onnx.*missing"):
        OnnxEmbedder(copy)


def test_a_file_that_is_none(copy: Path) -> None:
    resized(copy)
    with pytest.raises(ModelError, match=r"broken: .*cannot be loaded"):
        OnnxEmbedder(copy).encode_queries(["x"])
    (copy / "vocab.txt").write_text("no\nvocabulary\n")
    resized(copy)
    with pytest.raises(ModelError, match=r"cannot be loaded.*UNK"):
        OnnxEmbedder(copy).encode_queries(["x"])


@pytest.mark.parametrize(
    ("key", "value"),
    [("kind", "other"), ("pooling", "sum"), ("dims", "many"), ("document_tokens", 0), ("before", None),
     ("files", {"../x": ""})],
)  # fmt: skip
def test_a_configuration_that_is_none(copy: Path, key: str, value: object) -> None:
    resized(copy)
    values = json.loads((copy / "config.json").read_text())
    (copy / "config.json").write_text(json.dumps({**values, key: value}))
    with pytest.raises(ModelError, match=r"config\.json"):
        OnnxEmbedder(copy)


def test_vectors_of_another_width(copy: Path) -> None:
    shutil.copy(FOLDER / "model.onnx", copy)
    values = json.loads((copy / "config.json").read_text())
    (copy / "config.json").write_text(json.dumps({**values, "dims": 100}))
    with pytest.raises(ModelError, match="not 100"):
        OnnxEmbedder(copy, threads=1).encode_queries(["x"])


def test_an_error_in_a_helping_thread_is_told() -> None:
    done = []

    def work(item: int) -> None:
        if item == 3:
            raise CodesearchError("third")
        done.append(item)

    with pytest.raises(CodesearchError, match="third"):
        onnx.each(work, range(100_000), 3)
    assert len(done) < 100_000
    done.clear()
    onnx.each(done.append, range(50), 4)
    assert sorted(done) == list(range(50))


def test_running_a_model_writes_nothing_into_a_home(tmp_path: Path) -> None:
    """onnxruntime 1.31 stores telemetry in the user's cache folder and sends it from there."""
    script = """
    from codesearch import embed

    print(len(embed.load("transformer").quantised_query("send nothing")))
    """
    home = {"HOME": str(tmp_path), "USERPROFILE": str(tmp_path), "PYTHONPATH": os.pathsep.join(sys.path)}
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("XDG_", "ORT_"))}
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script)], env=kept | home, capture_output=True, text=True, check=True
    )
    assert (done.stdout.strip(), list(tmp_path.rglob("*"))) == ("384", [])


def test_looking_at_a_model_loads_no_library() -> None:
    script = """
        import sys
        from codesearch.embed import load
        model = load("transformer")
        assert model.dims and model.model_id
        print(*sorted({"numpy", "onnxruntime", "tokenizers"} & set(sys.modules)))
    """
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(script)], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""


# -- wordpiece ------------------------------------------------------------------------------------

VOCABULARY = "\n".join(["[PAD]", "[UNK]", "open", "##ed", "##s", "file", "a", "(", ".", "中", "文", "cafe", "É"])


@pytest.fixture
def pieces() -> WordPiece:
    return WordPiece(VOCABULARY, unknown="[UNK]", lower=True, accents=False)


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("open a file", ["open", "a", "file"]),
        ("Opened FILES", ["open", "##ed", "file", "##s"]),
        ("open(a.file", ["open", "(", "a", ".", "file"]),
        ("中文", ["中", "文"]),
        ("a中a", ["a", "中", "a"]),
        ("Café", ["cafe"]),
        ("op\u200ben\u00a0a", ["open", "a"]),
        ("unheard", ["[UNK]"]),
        ("a" * 101, ["[UNK]"]),
        ("", []),
        (" \n\t", []),
    ],
)
def test_wordpiece(pieces: WordPiece, text: str, tokens: list[str]) -> None:
    names = VOCABULARY.split("\n")
    assert [names[number] for number in pieces(text)] == tokens


def test_wordpiece_that_keeps_case_and_accents() -> None:
    names = VOCABULARY.split("\n")
    cased = WordPiece(VOCABULARY, unknown="[UNK]", lower=False, accents=True)
    assert [names[number] for number in cased("É open Open")] == ["É", "open", "[UNK]"]


def test_wordpiece_without_its_unknown_token() -> None:
    with pytest.raises(ValueError, match="UNK"):
        WordPiece("a\nb", unknown="[UNK]", lower=True, accents=False)


def test_numpy_is_there_before_onnxruntime():
    """Its library imports parts of numpy, which fails while another thread imports numpy."""
    script = """
import sys
class Seen:
    def find_spec(self, name, *_):
        if name == "onnxruntime":
            print("numpy" in sys.modules)
sys.meta_path.insert(0, Seen())
from codesearch.embed import onnx
assert "numpy" not in sys.modules
onnx.runtime()
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.stdout == "True\n", done.stderr


@pytest.mark.parametrize("error", [MemoryError(), OSError(errno.ENOMEM, "Cannot allocate memory")])
def test_too_little_memory_is_no_damage(error: Exception):
    """As with `ulimit -v`: adding the model again would not help."""
    said = str(config.damaged(Path("models/m"), error))
    assert said == f"{Path('models/m')}: there is not enough memory for the embedding model"
