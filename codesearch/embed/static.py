"""The bundled static model: a table of token vectors. The vector of a text is the weighted sum of its words' vectors.

Everything before the last normalisation is integer arithmetic (in float64, where it is exact), so the order of words,
texts and batches cannot change a bit, and the pure Python code for one query returns the same bytes as the numpy code
for many documents.

The table (`table.bin`, little-endian) is: 8 bytes magic; uint32 rows, uint32 dims; uint32 offsets[rows + 1] into
`vocab.txt`, whose lines are sorted by their bytes; uint8 scale[rows]; int8 values[rows * dims]. A token's vector is
scale x values, its weight included. Both files are memory-mapped: processes share them, and opening them is free.
"""

from __future__ import annotations

import json
import math
import mmap
import struct
from array import array
from collections import Counter
from collections.abc import Callable, Sequence
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

from codesearch.core.errors import ModelError
from codesearch.core.numbers import BYTES, NUMBER, Numbers
from codesearch.core.tokens import words, words_of

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from codesearch.core.parts import Parts

MAGIC = b"cs-tab-1"
_HEADER = struct.Struct("<8sII")
_OFFSET = struct.Struct("<I")
_PAIR = struct.Struct("<II")

_UNIT = 128
"""Coefficients are counted in 1/128: fine enough for a body of 1,000 words."""
_FINE = 1024
"""The value of one occurrence of a word, so that sums over the words of a text are integers."""
_BATCH = 512
"""Texts whose words are counted together."""
_PRODUCT = 32
"""Texts per matrix product: more texts have more distinct words, and the product is dense."""
_CACHED_WORDS = 1 << 15
"""About 5 MB; then the cache is cleared."""
_LONGEST_TOKEN = 24


def _sublinear(n: int) -> int:
    """Return the value of n occurrences of a word in one field, which grows with the logarithm of n."""
    return round(_FINE * (1.0 + math.log(n)))


class _Words(dict[str, bytes]):
    """Packed numbers of words in the order of their first use, and the rows of the table for each word."""

    def __init__(self, split: Callable[[str], tuple[int, ...]]) -> None:
        self._split = split
        self._pieces = array("q")
        self._starts = array("q", [0])

    def __missing__(self, word: str) -> bytes:
        # A token such as `read(self,` is split into the words it contains.
        self._pieces.extend(row for part in words(word) for row in self._split(part))
        self._starts.append(len(self._pieces))
        self[word] = number = NUMBER.pack(len(self))
        return number

    def arrays(self) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """Return (rows of all words, start of each word's rows), as views: look up no new word while they exist."""
        import numpy as np

        pieces = np.frombuffer(self._pieces, np.int64) if self._pieces else np.zeros(0, np.int64)
        return pieces, np.frombuffer(self._starts, np.int64)


class StaticEmbedder:
    """Word vectors from a table, summed over the fields of a text. Embedding one query needs no library."""

    def __init__(self, folder: Path) -> None:
        """Open the model in `folder`. Raises ModelError if a file is missing or does not match the others."""
        try:
            config = json.loads((folder / "config.json").read_bytes())
            self._vocabulary = _map(folder / "vocab.txt")
            self._table = _map(folder / "table.bin")
            magic, rows, dims = _HEADER.unpack_from(self._table)
            self._name, self._version, digest = str(config["name"]), str(config["version"]), config["sha256"]
            self._field_weights = tuple(float(weight) for weight in config["field_weights"])
        except (OSError, ValueError, KeyError, struct.error) as error:
            raise ModelError(
                f"{folder}: the embedding model cannot be read ({error}); install codesearch again"
            ) from error
        self._rows, self._dims = int(rows), int(dims)
        self._scales = _HEADER.size + _OFFSET.size * (self._rows + 1)
        self._values = self._scales + self._rows
        (end,) = _OFFSET.unpack_from(self._table, self._scales - _OFFSET.size)
        expected = self._values + self._rows * self._dims, end
        if magic != MAGIC or (len(self._table), len(self._vocabulary)) != expected:
            raise ModelError(f"{folder}: the embedding model is damaged; install codesearch again")
        self._model_id = f"{self._name}@{digest[:12]}"
        self._parts: Parts | None = None
        self._words = _Words(self._split)
        self._amounts = array("q", [0])  # the value of n occurrences, by n
        self._tokens: dict[str, int] | None = None
        self._arrays: tuple[npt.NDArray[np.int8], npt.NDArray[np.uint8]] | None = None

    @property
    def name(self) -> str:
        """The name to `codesearch.embed.load` it by."""
        return self._name

    @property
    def version(self) -> str:
        """The version of the table."""
        return self._version

    @property
    def dims(self) -> int:
        """Length of a vector."""
        return self._dims

    @property
    def model_id(self) -> str:
        """`static@` and the first 12 hex digits of the hash in config.json."""
        return self._model_id

    def encode_documents(self, texts: Sequence[str]) -> npt.NDArray[np.float32]:
        """Return float32 (len(texts), dims); `codesearch.embed.FIELDS` describes the texts."""
        import numpy as np

        if self._tokens is None:
            self._tokens = self._all_tokens()
        fields = len(self._field_weights)
        alone = (1.0, *[0.0] * (fields - 1))
        out = np.zeros((len(texts), self._dims), np.float32)
        for start in range(0, len(texts), _BATCH):
            batch = texts[start : start + _BATCH]
            found: list[bytes] = []
            number = self._words.__getitem__
            for text in batch:
                parts = text.split("\n", fields - 1)
                found += [b"".join(map(number, words(part))) for part in parts]
                found += [b""] * (fields - len(parts))
            weights = [self._field_weights if "\n" in text else alone for text in batch]
            sizes = np.array(list(map(len, found))) // BYTES
            self._encode(np.frombuffer(b"".join(found), np.int32), sizes, weights, out[start : start + len(batch)])
            if len(self._words) > _CACHED_WORDS:
                self._forget()
        return out

    def encode_numbers(self, documents: Sequence[Sequence[bytes]], numbers: Numbers) -> npt.NDArray[np.float32]:
        """Return what `encode_documents` returns, given the packed numbers of the identifiers of each field.

        An identifier is looked up once instead of each of its words, and most of them were in other texts before.
        """
        import numpy as np

        from codesearch.core.parts import Parts

        if self._tokens is None:
            self._tokens = self._all_tokens()
        if self._parts is None or self._parts.numbers is not numbers:
            self._forget()
            number = self._words.__getitem__
            self._parts = Parts(numbers, lambda some: (b"".join(map(number, words_of(one))) for one in some))
        out = np.zeros((len(documents), self._dims), np.float32)
        for start in range(0, len(documents), _BATCH):
            batch = documents[start : start + _BATCH]
            found = [field for document in batch for field in document]
            words, sizes = self._parts.of(found)
            weights = [self._field_weights] * len(batch)
            self._encode(words, sizes, weights, out[start : start + len(batch)])
        return out

    def _all_tokens(self) -> dict[str, int]:
        return {token: row for row, token in enumerate(self._vocabulary[:].decode().splitlines())}

    def _forget(self) -> None:
        self._words = _Words(self._split)
        self._parts = None

    def encode_queries(self, texts: Sequence[str]) -> npt.NDArray[np.float32]:
        """Return float32 (len(texts), dims); a query is one field, even if it contains newlines."""
        return self.encode_documents([" ".join(words(text)) for text in texts])

    def quantised_query(self, text: str) -> bytes:
        """Return int8[dims] as bytes, in pure Python: importing numpy would cost more than the query."""
        counts = Counter(words(text))
        total = sum(_sublinear(n) for n in counts.values())
        sums = [0] * self._dims
        for word, n in counts.items():
            coefficient = round(_UNIT / (_FINE * math.sqrt(total / _FINE)) * _sublinear(n))
            for row in self._split(word):
                at = self._values + row * self._dims
                factor = coefficient * self._table[self._scales + row]
                with memoryview(self._table) as view, view[at : at + self._dims].cast("b") as values:
                    sums = [total + factor * value for total, value in zip(sums, values, strict=True)]
        length = math.sqrt(sum(total * total for total in sums)) or 1.0
        # By way of float32, as in encode_queries.
        return array("b", [round(value * 127.0) for value in array("f", [total / length for total in sums])]).tobytes()

    def _encode(
        self,
        words: npt.NDArray[np.int32],
        sizes: npt.NDArray[np.integer],
        weights: Sequence[Sequence[float]],
        out: npt.NDArray[np.float32],
    ) -> None:
        """Write the normalised vectors of documents, given the words of all fields, and how many each field has.

        They are a matrix of token coefficients times the token vectors.
        """
        import numpy as np

        texts, rows, coefficients = self._coefficients(words, sizes, weights)
        values, scales = self._open_arrays()
        coefficients *= scales[rows]
        column_of = np.zeros(self._rows, np.int64)
        bounds = np.searchsorted(texts, np.arange(0, len(out) + _PRODUCT, _PRODUCT)).tolist()
        for number, (low, high) in enumerate(pairwise(bounds)):
            part = out[number * _PRODUCT :][:_PRODUCT]
            tokens = np.unique(rows[low:high])
            column_of[tokens] = np.arange(len(tokens))
            at = (texts[low:high] - number * _PRODUCT) * len(tokens) + column_of[rows[low:high]]
            cells = np.bincount(at, coefficients[low:high], len(part) * len(tokens)).astype(np.float64, copy=False)
            # Integers below 2**53 throughout, so the order of summation does not matter.
            sums = cells.reshape(len(part), len(tokens)) @ values[tokens].astype(np.float64)
            lengths = np.sqrt((sums * sums).sum(axis=1))
            lengths[lengths == 0] = 1
            part[:] = sums / lengths[:, None]

    def _coefficients(
        self, words: npt.NDArray[np.int32], sizes: npt.NDArray[np.integer], weights: Sequence[Sequence[float]]
    ) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], npt.NDArray[np.float64]]:
        """Return (text, row of the table, coefficient in 1/_UNIT), one element per word piece, in text order."""
        import numpy as np

        # 32 bits are enough for field x word, and are sorted in half the time of 64.
        fields = np.repeat(np.arange(len(sizes), dtype=np.int32), sizes)
        keys, n = np.unique(fields * np.int32(len(self._words)) + words, return_counts=True)
        group, word = np.divmod(keys, np.int32(max(1, len(self._words))))
        while len(self._amounts) <= n.max(initial=0):
            self._amounts.append(_sublinear(len(self._amounts)))
        sublinear = np.frombuffer(self._amounts, np.int64)[n]
        total = np.bincount(group, sublinear, len(sizes))
        factors = np.array(weights).ravel() * _UNIT / (_FINE * np.sqrt(np.maximum(total, 1) / _FINE))
        coefficients = np.rint(factors[group] * sublinear)
        pieces, starts = self._words.arrays()
        pieces_of = starts[word + 1] - starts[word]
        first = np.repeat(starts[word] - np.cumsum(pieces_of) + pieces_of, pieces_of)
        rows = pieces[first + np.arange(len(first))]
        return np.repeat(group // len(self._field_weights), pieces_of), rows, np.repeat(coefficients, pieces_of)

    def _split(self, word: str) -> tuple[int, ...]:
        """Return the row of a word, or those of its longest pieces from the left; () if it has no such pieces."""
        find = self._search if self._tokens is None else self._tokens.get
        rows: list[int] = []
        start = 0
        while start < len(word):
            prefix = "##" if start else ""
            for end in range(min(len(word), start + _LONGEST_TOKEN), start, -1):
                row = find(prefix + word[start:end])
                if row is not None:
                    break
            else:
                return ()
            rows.append(row)
            start = end
        return tuple(rows)

    def _search(self, token: str) -> int | None:
        """Find a token by bisection in the file: building a dict of all tokens takes longer than a query."""
        wanted = token.encode()
        table, vocabulary = self._table, self._vocabulary
        low, high = 0, self._rows
        while low < high:
            middle = (low + high) // 2
            begin, end = _PAIR.unpack_from(table, _HEADER.size + _OFFSET.size * middle)
            found = vocabulary[begin : end - 1]
            if found == wanted:
                return middle
            if found < wanted:
                low = middle + 1
            else:
                high = middle
        return None

    def _open_arrays(self) -> tuple[npt.NDArray[np.int8], npt.NDArray[np.uint8]]:
        """Return views of the mapped file: values (rows, dims) and scales (rows)."""
        if self._arrays is None:
            import numpy as np

            values = np.frombuffer(self._table, np.int8, self._rows * self._dims, self._values)
            scales = np.frombuffer(self._table, np.uint8, self._rows, self._scales)
            self._arrays = values.reshape(self._rows, self._dims), scales
        return self._arrays


def _map(path: Path) -> mmap.mmap:
    """Return a file mapped for reading. All embedders of this process share one mapping per file."""
    status = path.stat()
    return _mapped(path, status.st_dev, status.st_ino, status.st_mtime_ns, status.st_size)


@lru_cache(maxsize=16)
def _mapped(path: Path, *version: int) -> mmap.mmap:
    """Map a file; `version` tells a replaced file from the one mapped before."""
    with path.open("rb") as file:
        return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
