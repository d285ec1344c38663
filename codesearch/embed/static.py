"""The bundled static model: a table of token vectors; a text's vector is the weighted sum of its words'.

Everything before the last normalisation is integer arithmetic (in float64, where that is exact), so the
order of words, texts and batches cannot change a bit, and the pure Python way used for one query gives the same
bytes as the numpy way used for many documents.

The table (`table.bin`, little-endian) is: 8 bytes magic; uint32 rows, uint32 dims; uint32 offsets[rows + 1] into
`vocab.txt`, whose lines are sorted by their bytes; uint8 scale[rows]; int8 values[rows * dims]. A token's vector is
scale x values, its weight included. Both files are memory-mapped: processes share them, and opening costs nothing.
"""

from __future__ import annotations

import json
import math
import mmap
import struct
from array import array
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

from codesearch.core.errors import CodesearchError
from codesearch.core.tokens import words, words_of

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

MAGIC = b"cs-tab-1"
_HEADER = struct.Struct("<8sII")
_OFFSET = struct.Struct("<I")
_PAIR = struct.Struct("<II")
_NUMBER = struct.Struct("=i")

_UNIT = 128
"""Coefficients are counted in 1/128: fine enough for a body of 1,000 words."""
_FINE = 1024
"""What one occurrence of a word counts, so that sums over a text's words are whole numbers."""
_BATCH = 512
"""Texts whose words are counted at once."""
_PRODUCT = 32
"""Texts a matrix product: larger ones have more distinct words, and the product is dense."""
_CACHED_WORDS = 1 << 16
"""About 10 MB; then the cache starts again."""
_LONGEST_TOKEN = 24


def _sublinear(n: int) -> int:
    """Return what n occurrences of a word in one field count: the tenth says less than the first."""
    return round(_FINE * (1.0 + math.log(n)))


class _Words(dict[str, bytes]):
    """Numbers for words as they are met, packed, and the rows of the table that each word is made of."""

    def __init__(self, split: Callable[[str], tuple[int, ...]]) -> None:
        self._split = split
        self._pieces = array("q")
        self._starts = array("q", [0])

    def __missing__(self, word: str) -> bytes:
        # A word that is none, such as `read(self,`, is all that it holds.
        self._pieces.extend(row for part in words(word) for row in self._split(part))
        self._starts.append(len(self._pieces))
        self[word] = number = _NUMBER.pack(len(self))
        return number

    def arrays(self) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """Return (rows of all words one after another, where each word's begin); meet no word while these live."""
        import numpy as np

        pieces = np.frombuffer(self._pieces, np.int64) if self._pieces else np.zeros(0, np.int64)
        return pieces, np.frombuffer(self._starts, np.int64)


class _Identifiers(dict[bytes, bytes]):
    """The packed numbers of the words of each identifier met so far."""

    def __init__(self, known: _Words) -> None:
        self._number = known.__getitem__

    def __missing__(self, identifier: bytes) -> bytes:
        self[identifier] = numbers = b"".join(map(self._number, words_of(identifier)))
        return numbers


class StaticEmbedder:
    """Word vectors from a table, summed over the fields of a text. Needs no library to answer one query."""

    def __init__(self, folder: Path) -> None:
        """Open the model in `folder`.

        Raises:
            CodesearchError: a file of the model is missing or does not fit the others.

        """
        try:
            config = json.loads((folder / "config.json").read_bytes())
            self._vocabulary = _map(folder / "vocab.txt")
            self._table = _map(folder / "table.bin")
            magic, rows, dims = _HEADER.unpack_from(self._table)
            self._name, self._version, digest = str(config["name"]), str(config["version"]), config["sha256"]
            self._field_weights = tuple(float(weight) for weight in config["field_weights"])
        except (OSError, ValueError, KeyError, struct.error) as error:
            raise CodesearchError(f"The embedding model in {folder} cannot be read: {error}") from error
        self._rows, self._dims = int(rows), int(dims)
        self._scales = _HEADER.size + _OFFSET.size * (self._rows + 1)
        self._values = self._scales + self._rows
        (end,) = _OFFSET.unpack_from(self._table, self._scales - _OFFSET.size)
        expected = self._values + self._rows * self._dims, end
        if magic != MAGIC or (len(self._table), len(self._vocabulary)) != expected:
            raise CodesearchError(f"The embedding model in {folder} is damaged: install codesearch again.")
        self._model_id = f"{self._name}@{digest[:12]}"
        self._forget()
        self._amounts = array("q", [0])  # what n occurrences count, by n
        self._tokens: dict[str, int] | None = None
        self._arrays: tuple[npt.NDArray[np.int8], npt.NDArray[np.uint8]] | None = None

    @property
    def name(self) -> str:
        """What `codesearch.embed.load` finds it by."""
        return self._name

    @property
    def version(self) -> str:
        """Of the table."""
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
        """Return float32 (len(texts), dims); see `codesearch.embed.FIELDS` for how a text is read."""
        import numpy as np

        if self._tokens is None:
            self._tokens = self._all_tokens()
        fields = len(self._field_weights)
        alone = (1.0, *[0.0] * (fields - 1))
        out = np.zeros((len(texts), self._dims), np.float32)
        for start in range(0, len(texts), _BATCH):
            batch = texts[start : start + _BATCH]
            found: list[bytes] = []
            for text in batch:
                number = self._words.__getitem__
                parts = text.split("\n", fields - 1)
                found += [b"".join(map(number, part.split())) for part in parts]
                found += [b""] * (fields - len(parts))
            weights = [self._field_weights if "\n" in text else alone for text in batch]
            self._encode(found, weights, out[start : start + len(batch)])
            self._forget_if_many()
        return out

    def packed(self, identifiers: Sequence[Iterable[bytes]]) -> list[bytes]:
        """Return what `encode_packed` wants of a text, given the identifiers of each field before they are split.

        It is small, where identifiers kept for a while cost more than the rest; and an identifier is looked up once,
        not each of its words. Good until `encode_packed` has been called.
        """
        if self._tokens is None:
            self._tokens = self._all_tokens()
        numbers = self._identifiers.__getitem__
        return [b"".join(map(numbers, field)) for field in identifiers]

    def encode_packed(self, documents: Sequence[list[bytes]]) -> npt.NDArray[np.float32]:
        """Return what `encode_documents` does, for texts of which `packed` has been asked since the last call."""
        import numpy as np

        out = np.zeros((len(documents), self._dims), np.float32)
        for start in range(0, len(documents), _BATCH):
            batch = documents[start : start + _BATCH]
            found = [field for document in batch for field in document]
            self._encode(found, [self._field_weights] * len(batch), out[start : start + len(batch)])
        self._forget_if_many()
        return out

    def _all_tokens(self) -> dict[str, int]:
        return {token: row for row, token in enumerate(self._vocabulary[:].decode().splitlines())}

    def _forget_if_many(self) -> None:
        if len(self._words) > _CACHED_WORDS or len(self._identifiers) > _CACHED_WORDS:
            self._forget()

    def _forget(self) -> None:
        self._words = _Words(self._split)
        self._identifiers = _Identifiers(self._words)

    def encode_queries(self, texts: Sequence[str]) -> npt.NDArray[np.float32]:
        """Return float32 (len(texts), dims); a query is one field, whatever newlines it has."""
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
        # Through float32, as the rows of encode_queries go.
        return array("b", [round(value * 127.0) for value in array("f", [total / length for total in sums])]).tobytes()

    def _encode(self, found: list[bytes], weights: Sequence[Sequence[float]], out: npt.NDArray[np.float32]) -> None:
        """Write the normalised vectors of documents, given their fields' words: a matrix of their tokens' coefficients
        times the tokens' vectors.
        """
        import numpy as np

        texts, rows, coefficients = self._coefficients(found, weights)
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
            # Whole numbers below 2**53 all along, so no order of summation changes a bit.
            sums = cells.reshape(len(part), len(tokens)) @ values[tokens].astype(np.float64)
            lengths = np.sqrt((sums * sums).sum(axis=1))
            lengths[lengths == 0] = 1
            part[:] = sums / lengths[:, None]

    def _coefficients(
        self, found: list[bytes], weights: Sequence[Sequence[float]]
    ) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], npt.NDArray[np.float64]]:
        """Return (text, row of the table, how much of it the text holds in whole 1/_UNIT), one element a piece, in the
        order of the texts.
        """
        import numpy as np

        # 32 bits hold field x word many times over, and are sorted in half the time of 64.
        group = np.repeat(np.arange(len(found), dtype=np.int32), np.array(list(map(len, found))) // _NUMBER.size)
        number = np.frombuffer(b"".join(found), np.int32)
        keys, n = np.unique(group * np.int32(len(self._words)) + number, return_counts=True)
        group, word = np.divmod(keys, np.int32(max(1, len(self._words))))
        while len(self._amounts) <= n.max(initial=0):
            self._amounts.append(_sublinear(len(self._amounts)))
        sublinear = np.frombuffer(self._amounts, np.int64)[n]
        total = np.bincount(group, sublinear, len(found))
        factors = np.array(weights).ravel() * _UNIT / (_FINE * np.sqrt(np.maximum(total, 1) / _FINE))
        coefficients = np.rint(factors[group] * sublinear)
        pieces, starts = self._words.arrays()
        pieces_of = starts[word + 1] - starts[word]
        first = np.repeat(starts[word] - np.cumsum(pieces_of) + pieces_of, pieces_of)
        rows = pieces[first + np.arange(len(first))]
        return np.repeat(group // len(self._field_weights), pieces_of), rows, np.repeat(coefficients, pieces_of)

    def _split(self, word: str) -> tuple[int, ...]:
        """Return the rows of a word: one, or those of the longest pieces from the left; none if it has no pieces."""
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
        """Find a token by bisection in the file: a dict of all of them takes longer to build than a query takes."""
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
