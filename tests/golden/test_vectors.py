"""Texts and their vectors from both bundled models; existing indexes are valid only if these do not change."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Any

import numpy as np
import pytest

from codesearch import embed
from codesearch.core.numbers import Numbers
from codesearch.core.types import DETAILS
from codesearch.extract.documents import documents, embedded, embedding_text
from codesearch.extract.symbols import extract
from tests.golden.pinned import pinned
from tests.support.texts import terms_of

SOURCES = {
    "queue.py": '''
class UploadQueue:
    """Files that wait for an upload, in the order they came."""

    def retry_failed(self, most: int = 3) -> list[Path]:
        """Put failed uploads back at the end of the queue; give up after `most` attempts.

        A file that was deleted in the meantime is dropped. The delay doubles with each attempt, up to one minute, so
        that a server that is down is not asked more often than it can stand. Every attempt is written to the log with
        the name of the file, the attempt's number, the server's answer and the time that is left until the next one;
        the log is what the support team reads first when a customer says that a picture never arrived.
        """
        again = [path for path in self._failed if path.exists() and self._attempts[path] < most]
        for path in again:
            self._attempts[path] += 1
            self._waiting.append(path)
        self._failed.clear()
        return again
''',
    "address.go": """
package mail

// ParseAddress reads `Name <local@host>` and returns both parts.
func (p *Parser) ParseAddress(raw string) (Address, error) {
	at := strings.LastIndexByte(raw, '@')
	if at < 1 {
		return Address{}, fmt.Errorf("mail: no @ in address %q", raw)
	}
	return Address{Local: raw[:at], Host: strings.ToLower(raw[at+1:])}, nil
}
""",
    "checksum.rs": """
/// Digest of a blob's bytes, as the manifest records it.
pub fn crc32_of(bytes: &[u8], table: &[u32; 256]) -> u32 {
    !bytes.iter().fold(!0u32, |crc, b| (crc >> 8) ^ table[((crc ^ *b as u32) & 0xff) as usize])
}
""",
    "cart.ts": """
export class ShoppingCart {
  private lines: CartLine[] = [];

  /** Sum of all lines in cents, VAT included. */
  totalCents(): number {
    return this.lines.reduce((sum, line) => sum + line.priceCents * line.count, 0);
  }
}
""",
    "report.py": "def totals(rows):\n"
    + "".join(f"    total_{n} = add_up(rows[{n}], rate_{n})\n" for n in range(50))
    + "    return last_identifier\n",
}
"""The symbols of each file become documents, as when a tree is indexed."""

LANGUAGES = {"py": "python", "go": "go", "rs": "rust", "ts": "typescript"}

QUERIES = {
    "sentence": "where do we retry the failed uploads?",
    "name": "ShoppingCart.totalCents",
    "message": 'mail: no @ in address "jane.example.org"',
    "repeated words": "retry retry retry upload upload queue",
    "identifiers": "parseHTTPConfig_v2 XMLHttpRequest get_URL2path __init__ sha256sum",
    "case and punctuation": "RETRY, the-Failed; (uploads)!",
    "accents": "café naïve Überweisung Größe",
    "CJK": "购物车 合計金額 を計算する",
    "unknown words": "qzxvkjw 0xdeadbeef ¤¤¤",
    "empty": "",
    "blank": " \n\t ",
    "one very long word": "e" * 81,
    "very long": " ".join(f"step {n} copies block {n % 7} to node{n % 13} and verifies it" for n in range(400)),
}


def documents_of(path: str) -> list[tuple[str, Any]]:
    """Return (qualified name, document) of each symbol of one of `SOURCES` that is embedded."""
    data = SOURCES[path].encode()
    symbols = extract(data, LANGUAGES[path.rpartition(".")[2]], path)
    found = zip(symbols, documents(symbols, data, path), strict=True)
    return [(symbol.qualname, document) for symbol, document in found if symbol.kind not in DETAILS]


def hexed(rows: Any) -> list[str]:
    """Return vectors as the store keeps them, int8, as hex digits."""
    return [row.hex() for row in embed.quantise(rows)]


def test_a_symbol_becomes_the_same_document() -> None:
    found = {
        f"{path} {name}": {
            "fields": [" ".join(field.split()) for field in terms_of(document)],
            "embedded": document.embedding_text.split("\n"),
            "hash": document.content_hash.hex(),
        }
        for path in SOURCES
        for name, document in documents_of(path)
    }
    assert found == pinned("documents", found)


def test_one_symbol_becomes_the_same_text_as_among_all_of_its_file() -> None:
    """The reranker builds the text of a single symbol; its hash must equal the one in the index."""
    for path in SOURCES:
        data = SOURCES[path].encode()
        symbols = extract(data, LANGUAGES[path.rpartition(".")[2]], path)
        for symbol, whole in zip(symbols, documents(symbols, data, path), strict=True):
            if symbol.kind in DETAILS:
                continue
            inside = [one for one in symbols if symbol.start_byte <= one.start_byte <= one.end_byte <= symbol.end_byte]
            for among in (symbols, inside):
                assert embedding_text(symbol, among, data) == (whole.embedding_text, whole.content_hash)
        assert embedding_text(symbols[0], (), data)[0], "a container of which nothing inside is known"


@pytest.fixture(scope="module")
def texts() -> dict[str, str]:
    """Every text to embed as a document, by name."""
    found = {f"{path} {name}": each.embedding_text for path in SOURCES for name, each in documents_of(path)}
    return found | QUERIES


def test_the_static_model_makes_the_same_bytes(texts: dict[str, str]) -> None:
    """The model computes with integers until the last division, so the bytes are the same on every machine."""
    model = embed.load(embed.STATIC)
    found: dict[str, Any] = {
        "model": model.model_id,
        "documents": dict(zip(texts, hexed(model.encode_documents(list(texts.values()))), strict=True)),
        "queries": {name: model.quantised_query(text).hex() for name, text in QUERIES.items()},
    }
    assert found == pinned("static", found)


def test_each_way_to_a_static_vector_makes_those_bytes(texts: dict[str, str]) -> None:
    model: Any = embed.load(embed.STATIC)
    for name, text in QUERIES.items():
        assert hexed(model.encode_queries([text])) == [model.quantised_query(text).hex()], name
    for path in SOURCES:
        for name, document in documents_of(path):
            whole = hexed(model.encode_documents([texts[f"{path} {name}"]]))
            numbers = Numbers()
            packed = [numbers.packed(field) for field in embedded(document.fields)]
            assert hexed(model.encode_numbers([packed], numbers)) == whole, name


SAME_MEANING = 0.999
"""Minimum cosine with the golden vector. The transformer computes in floating point; processors differ in the order of
additions and in the last bit of exp() and erf(), which sometimes rounds an activation to the next of 256 steps. Another
tokenisation, pooling or truncation gives less than .99 (`test_a_slightly_different_text_is_noticed`)."""


SAME_BY_NUMPY = 0.99
"""The same for numpy in place of onnxruntime, where sums are rounded differently, too (docs/platforms.md)."""


def cosine(one: str, other: str) -> float:
    a, b = (np.frombuffer(bytes.fromhex(vector), np.int8).astype(float) for vector in (one, other))
    return float(a @ b / (np.linalg.norm(a) * np.linalg.norm(b) or 1.0))


def test_the_transformer_makes_the_same_vectors(texts: dict[str, str]) -> None:
    model = embed.load(embed.TRANSFORMER)
    found: dict[str, Any] = {
        "model": model.model_id,
        "documents": dict(zip(texts, hexed(model.encode_documents(list(texts.values()))), strict=True)),
        "queries": {name: model.quantised_query(text).hex() for name, text in QUERIES.items()},
    }
    golden = pinned("transformer", found)
    assert found["model"] == golden["model"]
    least = SAME_MEANING if find_spec("onnxruntime") else SAME_BY_NUMPY
    for kind in ("documents", "queries"):
        assert found[kind].keys() == golden[kind].keys()
        for name, vector in found[kind].items():
            expected = golden[kind][name]
            assert vector == expected or cosine(vector, expected) >= least, f"{kind}: {name}"


def test_a_slightly_different_text_is_noticed(texts: dict[str, str]) -> None:
    """Negative control: the tolerance must not let other vectors pass."""
    model = embed.load(embed.TRANSFORMER)
    text = texts["cart.ts ShoppingCart.totalCents"]
    changed = text.replace("Sum of all lines", "Sum of the lines")
    assert changed != text
    one, other = hexed(model.encode_documents([text, changed]))
    assert cosine(one, other) < SAME_MEANING
