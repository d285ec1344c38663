"""The bundled static model: its files, both ways to compute a vector, and that it depends on the text alone."""

from __future__ import annotations

import hashlib
import json
import math
import random
import re
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path

import numpy as np
import pytest

import codesearch
from codesearch.core.errors import CodesearchError, NotFoundError
from codesearch.core.numbers import Numbers
from codesearch.core.tokens import words
from codesearch.core.types import Symbol
from codesearch.embed import FIELDS, MODELS, Embedder, available, load, quantise
from codesearch.embed.static import StaticEmbedder
from codesearch.extract.documents import documents, embedded
from tests.support.home import HOUSE

STATIC = MODELS / "static"


@pytest.fixture(scope="module")
def static() -> Embedder:
    return load("static")


@pytest.fixture(scope="module")
def texts() -> list[str]:
    """Documents from the functions of one room of this package, with very long and empty ones among them."""
    out = ["", " \n\n", "中文", "e" * 79, "word " * 50_000]
    root = Path(codesearch.__file__).parent / "embed"
    for path in sorted(root.rglob("*.py")):
        source = path.read_text("utf-8")
        parts = re.split(r"^(?=\s*(?:def|class) )", source, flags=re.MULTILINE)
        out += [source, *(f"{part[:40]}\n{path.stem}\n\n\n{part}" for part in parts)]
    assert len(out) > 100
    return out


def test_load_names_what_exists() -> None:
    assert "static" in available()
    with pytest.raises(NotFoundError, match=r"'no-such'.*static"):
        load("no-such")


def test_protocol(static: Embedder) -> None:
    assert isinstance(static, Embedder)
    assert (static.name, static.dims) == ("static", 256)
    assert re.fullmatch(r"static@[0-9a-f]{12}", static.model_id)
    assert static.encode_documents([]).shape == (0, 256)
    vectors = static.encode_documents(["open the file", ""])
    assert vectors.dtype == np.float32
    assert np.linalg.norm(vectors[0]) == pytest.approx(1)
    assert not vectors[1].any()


def test_files_are_those_the_config_names(static: Embedder) -> None:
    config = json.loads((STATIC / "config.json").read_text())
    table, vocabulary = (STATIC / "table.bin").read_bytes(), (STATIC / "vocab.txt").read_bytes()
    assert hashlib.sha256(table).hexdigest() == config["table_sha256"]
    assert hashlib.sha256(vocabulary).hexdigest() == config["vocab_sha256"]
    weights = json.dumps(config["field_weights"]).encode()
    assert hashlib.sha256(table + vocabulary + weights).hexdigest() == config["sha256"]
    assert len(config["field_weights"]) == len(FIELDS)
    lines = vocabulary.splitlines()
    assert lines == sorted(set(lines))
    assert len(lines) == config["tokens"]
    assert sum(path.stat().st_size for path in STATIC.iterdir()) < 11_000_000
    for path in (STATIC / "MODEL_CARD.md", HOUSE / "NOTICE"):
        assert "all-MiniLM-L6-v2" in path.read_text("utf-8")


def test_same_bits_in_any_batch_and_order(static: Embedder, texts: list[str]) -> None:
    whole = static.encode_documents(texts)
    assert np.isfinite(whole).all()
    shuffled = list(range(len(texts)))
    random.Random(7).shuffle(shuffled)
    again = load("static").encode_documents([texts[i] for i in shuffled])
    assert (again.view(np.uint32) == whole[shuffled].view(np.uint32)).all()
    for i in shuffled[:40]:
        assert static.encode_documents([texts[i]]).tobytes() == whole[i].tobytes()


def test_identifiers_give_the_bits_of_their_text() -> None:
    source = (
        b"class Cache:\n  # gr\xc3\xb6\xc3\x9fe, _ and __init__ in sha256sum\n  def getItem_v2(self, HTTPKey): pass\n"
    )
    at = source.index(b"def")
    symbols = [
        Symbol(
            "class", "Cache", "Cache", "class Cache", "Keeps what was made.", 1, 3, 0, len(source), "python", "a.py"
        ),
        Symbol(
            "method", "getItem_v2", "Cache.getItem_v2", "def getItem_v2(self)", "", 3, 3, at, len(source), "python", "a"
        ),
    ]
    found = documents(symbols * 600, source, "a.py")
    model = StaticEmbedder(MODELS / "static")
    numbers = Numbers()
    packed = [[numbers.packed(field) for field in embedded(one.fields)] for one in found]
    rows = model.encode_numbers(packed, numbers)
    assert rows.tobytes() == model.encode_documents([one.embedding_text for one in found]).tobytes()
    assert not np.array_equal(rows[0], rows[1])


def test_order_of_words_does_not_matter(static: Embedder) -> None:
    one, two = static.encode_queries(["parse the config file", "file config the parse"])
    assert one.tobytes() == two.tobytes()


def test_query_without_numpy_gives_the_same_bytes(static: Embedder, texts: list[str]) -> None:
    queries = [*texts[:5], *texts[5::8], "How are routes grouped?", "ServeHTTP", "zstd xyzzyq9 kwargs", "read\nlines"]
    vectors = quantise(static.encode_queries(queries))
    fresh = load("static")
    for query, vector in zip(queries, vectors, strict=True):
        assert fresh.quantised_query(query) == vector
    assert len(vectors[0]) == 256


def test_split_words_split_to_themselves(static: Embedder) -> None:
    raw = "def parse_HTTPConfig(self, maxBytes=10): return self.readAll()"
    split = " ".join(words(raw))
    assert static.encode_queries([raw]).tobytes() == static.encode_queries([split]).tobytes()
    assert static.encode_queries([split]).tobytes() == static.encode_documents([split]).tobytes()


def test_a_long_body_does_not_drown_the_name(static: Embedder) -> None:
    body = "value = table.lookup(key) if key in table else default " * 30
    query = static.encode_queries(["parse configuration"])[0]
    fields, bag = static.encode_documents([f"parse_config\n\n\n\n{body}", f"parse_config {body}"])
    assert query @ fields > query @ bag


def test_unknown_words_become_pieces(static: Embedder) -> None:
    assert isinstance(static, StaticEmbedder)
    token = "zyxwordzyx"
    assert f"\n{token}\n".encode() not in (STATIC / "vocab.txt").read_bytes()
    assert static.encode_queries([token]).any()
    assert not static.encode_queries(["漢字"]).any()


def test_related_texts_are_nearer(static: Embedder) -> None:
    query, near, far = static.encode_queries(
        ["delete a directory with all its files", "remove folder recursively", "compute the square root"]
    )
    assert query @ near > query @ far + 0.1


def test_quantise() -> None:
    rows = np.array([[1, -1, 0.4 / 127, 1.6 / 127], [0, 0, 0, 0]], np.float32)
    first, second = quantise(rows)
    assert np.frombuffer(first, np.int8).tolist() == [127, -127, 0, 2]
    assert second == bytes(4)
    assert quantise(np.zeros((0, 4), np.float32)) == []


def test_a_quantised_vector_keeps_its_direction(static: Embedder, texts: list[str]) -> None:
    vectors = static.encode_documents(texts)
    for vector, packed in zip(vectors, quantise(vectors), strict=True):
        if vector.any():
            back = np.frombuffer(packed, np.int8).astype(np.float64)
            assert back @ vector / math.sqrt(back @ back) > 0.999


def test_one_query_imports_nothing_heavy() -> None:
    program = """
        import sys
        from codesearch.embed import load
        assert len(load("static").quantised_query("parse the config")) == 256
        print(sorted({"numpy", "torch", "tokenizers", "tree_sitter", "apsw"} & set(sys.modules)))
    """
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(program)], capture_output=True, text=True)
    assert (done.returncode, done.stdout.strip()) == (0, "[]"), done.stderr


@pytest.mark.parametrize("name", ["table.bin", "vocab.txt", "config.json"])
@pytest.mark.parametrize("damage", ["missing", "cut", "empty"])
def test_a_damaged_model_says_so(tmp_path: Path, name: str, damage: str) -> None:
    folder = tmp_path / "model"
    shutil.copytree(STATIC, folder)
    if damage == "missing":
        (folder / name).unlink()
    elif damage == "empty":
        (folder / name).write_bytes(b"")
    else:
        (folder / name).write_bytes((folder / name).read_bytes()[:-100])
    with pytest.raises(CodesearchError, match="model"):
        StaticEmbedder(folder)


def test_a_word_said_twice_counts_less_than_two(static: Embedder) -> None:
    """A word that occurs n times in a field has weight 1 + log n."""
    one, other = static.encode_queries(["upload", "telescope"])

    def share(text: str) -> float:
        """Return the ratio of `one` to `other` in a text's vector."""
        parts, *_ = np.linalg.lstsq(np.array([one, other]).T, static.encode_queries([text])[0], rcond=None)
        return float(parts[0] / parts[1])

    once = share("upload telescope")
    for times in (2, 5, 20):
        assert share("upload " * times + "telescope") / once == pytest.approx(1 + math.log(times), rel=0.02)


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="counts open files in /proc")
def test_any_number_of_embedders_share_their_files() -> None:
    def open_files() -> int:
        return len(list(Path("/proc/self/fd").iterdir()))

    first = StaticEmbedder(STATIC)
    before = open_files()
    more = [StaticEmbedder(STATIC) for _ in range(20)]
    assert open_files() == before
    assert {one.quantised_query("parse the config") for one in more} == {first.quantised_query("parse the config")}


def test_a_model_that_was_replaced_is_read_again(tmp_path: Path) -> None:
    folder = tmp_path / "model"
    shutil.copytree(STATIC, folder)
    before = StaticEmbedder(folder).quantised_query("parse the config")
    table = bytearray((folder / "table.bin").read_bytes())
    table[-(len(table) // 2) :] = bytes(len(table) // 2)
    (folder / "new.bin").write_bytes(table)
    (folder / "new.bin").replace(folder / "table.bin")
    assert StaticEmbedder(folder).quantised_query("parse the config") != before
