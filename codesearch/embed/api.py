"""Models over an API: vectors from a service that speaks OpenAI's embeddings protocol.

Nothing is sent unless the user has allowed it for the tree (`codesearch.embed.consent`). The key is read from the
environment for each request and kept nowhere. The same text need not give the same vector bit for bit: that is up to
the service. Its vectors are kept like those of every reranker model, so a text is sent once.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
import random
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit, urlunsplit

from codesearch.core.errors import ModelError
from codesearch.core.log import Log
from codesearch.core.tokens import words
from codesearch.embed import consent
from codesearch.embed.http import RequestError, post
from codesearch.embed.transformer import one_line

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

log = Log("codesearch.embed")

ENTRY = "api.json"
"""The file in the folder of a model that describes it."""
MAX_DIMS = 16_384
ATTEMPTS = 6
"""Requests with the same texts before the model counts as failed."""
FIRST_PAUSE = 1.0
LONGEST_PAUSE = 60.0
"""Seconds between two attempts: doubled from one to the next, or what the service asks for."""
LONGEST_AFTER = 600.0
"""Seconds that a service may ask to wait; if it asks for more, the model counts as failed."""
REQUEST_SECONDS = 120.0
"""Seconds for one request of an index that is embedded in advance."""
_NUMBER_BYTES = 40
"""Bytes that one number of an answer may take."""
_POLL = 0.1
_TOO_LARGE = frozenset({400, 413, 422})
"""Statuses with which services refuse a request that has too many texts or tokens."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One model of a service; holds the name of the key's variable, never the key."""

    name: str
    url: str
    """Up to `/v1`; `/embeddings` is appended to its path."""
    model: str
    """The name of the model at the service."""
    dims: int
    dimensions: int = 0
    """Sent with each request, for services that shorten vectors; 0 to send nothing."""
    query_prompt: str = ""
    document_prompt: str = ""
    key_env: str = ""
    """The environment variable that holds the key; "" for a service without one."""
    key_header: str = "Authorization"
    """The header for the key: after `Bearer ` in `Authorization`, else alone."""
    batch: int = 64
    """Texts per request."""
    requests_per_minute: int = 0
    """0 for no limit."""
    wait: float = 5.0
    """Seconds that a question waits for the service."""

    @property
    def model_id(self) -> str:
        """`name@` and 12 hex digits of a hash of everything that decides the vectors."""
        values = self.url, self.model, self.dims, self.dimensions, self.query_prompt, self.document_prompt
        return f"{self.name}@{hashlib.sha256(json.dumps(values).encode()).hexdigest()[:12]}"

    @property
    def endpoint(self) -> str:
        """The URL of requests."""
        parts = urlsplit(self.url)
        path = parts.path.rstrip("/").removesuffix("/embeddings")
        return urlunsplit(parts._replace(path=f"{path}/embeddings"))


def write(entry: Entry, folder: Path) -> None:
    """Write the entry of a model to its folder."""
    (folder / ENTRY).write_text(json.dumps(asdict(entry), indent=2, ensure_ascii=False) + "\n", "utf-8")


def read(folder: Path) -> Entry:
    """Return the entry in a model's folder. Raises ModelError if it is damaged."""
    try:
        raw = json.loads((folder / ENTRY).read_bytes())
        entry = Entry(**{field.name: raw[field.name] for field in fields(Entry) if field.name in raw})
        if not 0 < entry.dims <= MAX_DIMS or entry.batch < 1 or not entry.wait > 0:
            raise ValueError("a number is out of range")
        if any(not isinstance(getattr(entry, name), str) for name in ("name", "url", "model", "key_env", "key_header")):
            raise TypeError("a name is not text")
    except (OSError, ValueError, TypeError) as error:
        raise ModelError(
            f"{folder / ENTRY}: the entry of the model cannot be read ({error}); add the model again "
            "(`codesearch model add`)"
        ) from error
    return entry


class ApiEmbedder:
    """An `Embedder` whose vectors come from a service. Thread-safe."""

    version = "1"

    def __init__(self, folder: Path) -> None:
        """Use the model whose entry is in `folder`. Raises ModelError if it cannot be read."""
        self.entry = read(folder)
        self._folder = folder
        self._lock = threading.Lock()
        self._next = 0.0

    @property
    def name(self) -> str:
        """The name to `codesearch.embed.load` it by."""
        return self.entry.name

    @property
    def dims(self) -> int:
        """Length of a vector."""
        return self.entry.dims

    @property
    def model_id(self) -> str:
        """See `Entry.model_id`."""
        return self.entry.model_id

    @property
    def batch(self) -> int:
        """Texts per request."""
        return self.entry.batch

    def refusal(self, root: Path | None) -> str:
        """Return why the code of a tree and the questions about it may not be sent; "" if they may."""
        if consent.read(self._folder).covers(root):
            return ""
        return (
            f"{self.name} is a service at {self.entry.url}, and code of this folder may not be sent there yet "
            f"(`codesearch model allow {self.name}` shows what would be sent, and allows it)"
        )

    def sent(self, document: str) -> str:
        """Return what is sent for a document made of `codesearch.embed.FIELDS`; "" for one without a word."""
        text = one_line(document)
        return self.entry.document_prompt + text if text else ""

    def encode_documents(self, texts: Sequence[str]) -> npt.NDArray[np.float32]:
        """Return float32 (len(texts), dims) for documents, within the time that a question waits. Raises ModelError."""
        return self._encode([self.sent(text) for text in texts], time.monotonic() + self.entry.wait)

    def encode_patiently(self, texts: Sequence[str], should_stop: Callable[[], bool]) -> npt.NDArray[np.float32]:
        """Return the same, with all attempts and pauses that the service needs.

        If `should_stop` returns True during a pause, there are rows for the first texts only. Raises ModelError.
        """
        return self._encode([self.sent(text) for text in texts], math.inf, should_stop)

    def encode_queries(self, texts: Sequence[str]) -> npt.NDArray[np.float32]:
        """Return float32 (len(texts), dims) for queries, within the time that a question waits. Raises ModelError."""
        found = [" ".join(words(text)) for text in texts]
        prompt = self.entry.query_prompt
        return self._encode([prompt + text if text else "" for text in found], time.monotonic() + self.entry.wait)

    def quantised_query(self, text: str) -> bytes:
        """Return `quantise(encode_queries([text]))[0]`. Raises ModelError."""
        from codesearch.embed.vectors import quantise

        return quantise(self.encode_queries([text]))[0]

    def probe(self, text: str) -> list[float]:
        """Return the vector of a text as the service gives it, of any length. Raises ModelError."""
        try:
            answer = self._answered([text], time.monotonic() + self.entry.wait, lambda: False)
            row: list[float] = answer["data"][0]["embedding"]
            vectors_in(answer, 1, len(row))
        except RequestError as error:
            raise self._failed(error) from None
        except (LookupError, TypeError):
            raise ModelError(
                f"{self.entry.url}: the answer has no vector; is this the address of an embeddings API?"
            ) from None
        return row

    # -- requests ---------------------------------------------------------------------------------

    def _encode(
        self, texts: Sequence[str], end: float, should_stop: Callable[[], bool] = lambda: False
    ) -> npt.NDArray[np.float32]:
        import numpy as np

        rows: list[npt.NDArray[np.float32]] = []
        for start in range(0, len(texts), self.batch):
            some = texts[start : start + self.batch]
            found: npt.NDArray[np.float32] = np.zeros((len(some), self.dims), np.float32)
            filled = [at for at, text in enumerate(some) if text]
            try:
                if filled:
                    found[filled] = self._rows([some[at] for at in filled], end, should_stop)
            except _StoppedError:
                break
            except RequestError as error:
                raise self._failed(error) from None
            rows.append(found)
        return np.concatenate(rows) if rows else np.zeros((0, self.dims), np.float32)

    def _rows(self, texts: Sequence[str], end: float, should_stop: Callable[[], bool]) -> npt.NDArray[np.float32]:
        """Return the vectors of one request; of two halves if the service refuses the whole."""
        import numpy as np

        try:
            return self._asked(texts, end, should_stop)
        except RequestError as error:
            if error.status not in _TOO_LARGE or len(texts) == 1:
                raise
        half = len(texts) // 2
        log.debug("%s: %d texts at once are refused; trying %d", self.name, len(texts), half)
        return np.concatenate([self._rows(texts[:half], end, should_stop), self._rows(texts[half:], end, should_stop)])

    def _asked(self, texts: Sequence[str], end: float, should_stop: Callable[[], bool]) -> npt.NDArray[np.float32]:
        return vectors_in(self._answered(texts, end, should_stop), len(texts), self.dims)

    def _answered(self, texts: Sequence[str], end: float, should_stop: Callable[[], bool]) -> Any:
        """Ask until there is an answer, there were ATTEMPTS, or the time is up."""
        entry = self.entry
        value: dict[str, Any] = {"model": entry.model, "input": list(texts), "encoding_format": "float"}
        if entry.dimensions:
            value["dimensions"] = entry.dimensions
        # The first text of all is sent before the length of vectors is known.
        most = 100_000 + len(texts) * (MAX_DIMS if len(texts) == 1 else entry.dims) * _NUMBER_BYTES
        for attempt in range(1, ATTEMPTS + 1):
            _pause(self._turn(), end, should_stop, "the limit on requests per minute is reached")
            seconds = min(REQUEST_SECONDS, end - time.monotonic())
            if seconds <= 0:
                raise RequestError(f"no answer within {entry.wait:g} s", retry=True)
            try:
                return post(entry.endpoint, value, self._headers(), seconds=seconds, most=most)
            except RequestError as error:
                if not error.retry or attempt == ATTEMPTS:
                    raise
                log.info("%s: attempt %d: %s", self.name, attempt, _without(error.reason, self._key_or_nothing()))
                _pause(_seconds_before(attempt, error), end, should_stop, error.reason)
        raise AssertionError("unreachable")

    def _failed(self, error: RequestError) -> ModelError:
        return ModelError(f"{self.entry.url}: {_without(error.reason, self._key_or_nothing())}")

    def _turn(self) -> float:
        """Reserve the next request; return the seconds until it may be sent."""
        if not self.entry.requests_per_minute:
            return 0.0
        with self._lock:
            now = time.monotonic()
            turn = max(now, self._next)
            self._next = turn + 60.0 / self.entry.requests_per_minute
            return turn - now

    def _headers(self) -> Mapping[str, str]:
        headers = {"Accept": "application/json", "User-Agent": "codesearch"}
        if self.entry.key_env:
            key = key_of(self.entry)
            headers[self.entry.key_header] = f"Bearer {key}" if self.entry.key_header == "Authorization" else key
        return headers

    def _key_or_nothing(self) -> str:
        try:
            return key_of(self.entry) if self.entry.key_env else ""
        except ModelError:
            return ""


class _StoppedError(Exception):
    """The caller wants no more."""


def key_of(entry: Entry) -> str:
    """Return the key of a service: from its variable, or from the keyring, if the package `keyring` is installed.

    Raises ModelError if there is none.
    """
    key = os.environ.get(entry.key_env, "").strip() or _from_keyring(entry.key_env)
    if not key:
        raise ModelError(
            f"{entry.name} needs a key: set the environment variable {entry.key_env} "
            f"(or, with the package keyring: `keyring set codesearch {entry.key_env}`)"
        )
    if not key.isascii() or not key.isprintable():
        raise ModelError(f"{entry.name}: the key in {entry.key_env} has characters that no key has")
    return key


def _from_keyring(name: str) -> str:
    from importlib import import_module, util

    if util.find_spec("keyring") is None:
        return ""
    try:
        return str(import_module("keyring").get_password("codesearch", name) or "")
    except Exception as error:  # noqa: BLE001 -- a keyring fails with errors of its own
        log.debug("the keyring cannot be read: %s", error)
        return ""


def vectors_in(answer: object, count: int, dims: int) -> npt.NDArray[np.float32]:
    """Return the vectors of an answer in the order of the texts, of length 1: float32 (count, dims).

    Raises RequestError if the answer has others than it should have.
    """
    import numpy as np

    data = answer.get("data") if isinstance(answer, dict) else None
    if not isinstance(data, list) or not all(isinstance(item, dict) for item in data):
        raise RequestError("the answer has no list of vectors (`data`)", status=200)
    if len(data) != count:
        raise RequestError(f"the answer has {len(data)} vectors for {count} texts", status=200)
    places = [item.get("index", at) for at, item in enumerate(data)]
    if not all(type(place) is int for place in places) or sorted(places) != list(range(count)):
        raise RequestError("the answer does not say which vector belongs to which text", status=200)
    rows: npt.NDArray[np.float32] = np.zeros((count, dims), np.float32)
    for place, item in zip(places, data, strict=True):
        row = item.get("embedding")
        if not isinstance(row, list) or not all(type(number) in (int, float) for number in row):
            raise RequestError("a vector of the answer is not a list of numbers", status=200)
        if len(row) != dims:
            raise RequestError(f"a vector of the answer has {len(row)} numbers instead of {dims}", status=200)
        rows[place] = _of_length_1(row)
    return rows


def _of_length_1(row: Sequence[float]) -> npt.NDArray[np.float64]:
    import numpy as np

    try:
        found = np.array(row, np.float64)
    except OverflowError:
        found = np.array([math.inf])
    length = float(np.linalg.norm(found))
    if not math.isfinite(length) or length == 0:
        raise RequestError("a vector of the answer is not finite, or zero", status=200)
    return found / length


def _seconds_before(attempt: int, error: RequestError) -> float:
    """Return the seconds before the next attempt. Raises `error` if the service asks for too many."""
    if error.after is not None:
        if error.after > LONGEST_AFTER:
            raise error
        return error.after
    pause: float = min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** (attempt - 1))
    return pause * random.uniform(0.75, 1.25)  # so that processes that failed together do not return together


def _pause(seconds: float, end: float, should_stop: Callable[[], bool], reason: str) -> None:
    """Wait. Raises RequestError if that would go beyond `end`, _StoppedError if `should_stop` ends it."""
    until = time.monotonic() + seconds
    if until > end:
        raise RequestError(reason, retry=True)
    while (left := until - time.monotonic()) > 0:
        if should_stop():
            raise _StoppedError
        time.sleep(min(_POLL, left))


def _without(text: str, key: str) -> str:
    """Return a message without the key that some services repeat in it."""
    return text.replace(key, "...") if key else text
