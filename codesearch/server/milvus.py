"""Milvus, which finds the nearest contents if that is more than PostgreSQL should do: the client's calls, no more.

A collection has a row for each content that is searched by its vector. It says nothing about who may see what: what it
answers is looked up in PostgreSQL, in the name of the one who asks. See `vectors` for how the two are kept together.
"""

from __future__ import annotations

import importlib
import logging
import os
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any
from urllib.parse import unquote

from codesearch.core.errors import StoreError, UsageError
from codesearch.core.libraries import install_command
from codesearch.core.log import Log
from codesearch.core.urls import parts_of
from codesearch.server.connect import REST_SECONDS, shown
from codesearch.server.metrics import Counter, Family, gauge

log = Log("codesearch.server")

REQUIREMENT = "pymilvus>=2.6"
PORT = 19530
AUTHORITIES = "SSL_CERT_FILE"
"""The variable that names a file of certificates, as for OpenSSL: gRPC does not know those of the system."""
ASK_SECONDS = 5.0
"""How long a question waits for Milvus."""
WRITE_SECONDS = 30.0
"""How long a write waits: less than a transaction of PostgreSQL may be idle."""
MANAGE_SECONDS = 600.0
"""How long making a collection or an index may take."""
MOST_NEAREST = 16_384
"""The most rows that Milvus returns."""
_MOST_ROWS = 2_000
"""Rows of one write: about 4 MB."""
_METRIC = "COSINE"
_KINDS: dict[str, tuple[dict[str, int], Callable[[int], dict[str, int]]]] = {
    "HNSW": ({"M": 16, "efConstruction": 128}, lambda limit: {"ef": max(400, limit)}),
    "IVF_SQ8": ({"nlist": 1024}, lambda limit: {"nprobe": 64}),
    "DISKANN": ({}, lambda limit: {"search_list": max(400, limit)}),
}
"""By kind of index: how it is built, and how it is searched for some rows."""
KINDS = tuple(_KINDS)


class VectorsError(StoreError):
    """Milvus cannot be reached, or does not do what it should."""


class Milvus:
    """A Milvus server. Thread-safe."""

    def __init__(self, url: str, clock: Callable[[], float] = time.monotonic) -> None:
        """Connect when it is needed first. Raises UsageError for another URL, or if pymilvus is missing."""
        parts = parts_of(url)
        if parts.scheme not in ("milvus", "milvus+tls") or not parts.hostname or parts.query or parts.fragment:
            raise UsageError(
                f"--vectors {shown(url)}: write milvus://HOST[:PORT], or milvus+tls://USER:PASSWORD@HOST/DATABASE"
            )
        port = parts.port or PORT
        host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
        self._options = {
            "uri": f"{'https' if parts.scheme == 'milvus+tls' else 'http'}://{host}:{port}",
            "user": unquote(parts.username or ""),
            "password": unquote(parts.password or ""),
            "db_name": parts.path.strip("/"),
        }
        if parts.scheme == "milvus+tls" and (authorities := os.environ.get(AUTHORITIES)):
            self._options["server_pem_path"] = authorities
        self.url, self._clock = url, clock
        self._library = _library()
        self._lock = threading.Lock()
        self._client: Any = None
        self._rests_until: float | None = None
        self._reads = Counter("codesearch_vectors_total", "Searches for the nearest contents, by who did it.", ["from"])

    @contextmanager
    def _calls(self) -> Iterator[Any]:
        """Lend the client; whatever it raises becomes a VectorsError."""
        try:
            with self._lock:
                if self._client is None:
                    self._client = self._library.MilvusClient(**self._options, timeout=ASK_SECONDS)
                client = self._client
            yield client
        except VectorsError:
            raise
        except Exception as error:  # the client raises its own, those of gRPC, and ValueError
            reason = str(getattr(error, "message", "") or error).strip().partition("\n")[0]
            raise VectorsError(f"{shown(self.url)}: Milvus cannot be used: {reason or type(error).__name__}") from error

    # -- what a question asks ------------------------------------------------------------------------

    def nearest(
        self, collection: str, kind: str, vector: bytes, repos: Sequence[int], limit: int, at: int
    ) -> list[tuple[int, bytes]]:
        """Return (repository, hash) of the contents nearest to a vector, nearest first, as of `at` (see `now`).

        Raises VectorsError; then Milvus is left alone for REST_SECONDS, so that questions do not wait for it.
        """
        with self._lock:
            if self._rests_until is not None and self._clock() < self._rests_until:
                raise VectorsError(f"{shown(self.url)}: Milvus could not be used a moment ago")
        try:
            with self._calls() as client:
                found = client.search(
                    collection,
                    [_floats(vector)],
                    filter=f"repo in {sorted(repos)}",
                    limit=min(limit, MOST_NEAREST),
                    anns_field="v",
                    search_params={"metric_type": _METRIC, "params": _KINDS[kind][1](limit)},
                    consistency_level="Customized",
                    guarantee_timestamp=max(1, at),
                    timeout=ASK_SECONDS,
                )
                keys = [_unkeyed(one["key"] if "key" in one else one["id"]) for one in found[0]]
        except VectorsError as error:
            log.warning("%s", error)
            with self._lock:
                self._rests_until = self._clock() + REST_SECONDS
            raise
        with self._lock:
            self._rests_until = None
        return keys

    def count(self, source: str) -> None:
        """Count a search: of `milvus`, of `postgresql` instead, or of `none`."""
        self._reads.add(source)

    def answers(self) -> bool:
        """Return whether Milvus can be reached now; soon after a question that it did not answer, it is not asked."""
        with self._lock:
            if self._rests_until is not None and self._clock() < self._rests_until:
                return False
        try:
            self.now()
        except VectorsError as error:
            log.warning("%s", error)
            return False
        return True

    def families(self) -> Iterator[Family]:
        """Yield what was counted."""
        with self._lock:
            is_up = self._rests_until is None
        yield gauge("codesearch_vectors_up", "Whether Milvus answered the last search.", [((), is_up)])
        yield self._reads.family()

    # -- what is written -----------------------------------------------------------------------------

    def now(self) -> int:
        """Return the time of Milvus: what was written before is seen by a question as of then."""
        with self._calls() as client:
            return int(client._get_connection().alloc_timestamp(timeout=ASK_SECONDS))

    def insert(self, collection: str, repo: int, rows: Sequence[tuple[bytes, bytes]]) -> None:
        """Add contents with their vectors. One that is there, too, is found once."""
        with self._calls() as client:
            for start in range(0, len(rows), _MOST_ROWS):
                some = [
                    {"key": _key(repo, hash), "repo": repo, "v": _floats(vector)}
                    for hash, vector in rows[start : start + _MOST_ROWS]
                ]
                added = client.insert(collection, some, timeout=WRITE_SECONDS)
                if added["insert_count"] != len(some):
                    raise VectorsError(f"{shown(self.url)}: Milvus took {added['insert_count']} of {len(some)} rows")

    def delete(self, collection: str, keys: Sequence[tuple[int, bytes]]) -> None:
        """Delete contents, every copy of them."""
        with self._calls() as client:
            for start in range(0, len(keys), _MOST_ROWS):
                some = [_key(repo, hash) for repo, hash in keys[start : start + _MOST_ROWS]]
                client.delete(collection, ids=some, timeout=WRITE_SECONDS)

    def delete_repository(self, collection: str, repo: int) -> None:
        """Delete all contents of a repository."""
        with self._calls() as client:
            client.delete(collection, filter=f"repo == {repo}", timeout=MANAGE_SECONDS)

    # -- collections ---------------------------------------------------------------------------------

    def has(self, collection: str) -> bool:
        """Return whether there is a collection."""
        with self._calls() as client:
            return bool(client.has_collection(collection, timeout=ASK_SECONDS))

    def create(self, collection: str, kind: str, dims: int) -> None:
        """Make a collection, with an index of a kind of KINDS, ready to be searched."""
        types = self._library.DataType
        with self._calls() as client:
            schema = self._library.MilvusClient.create_schema(auto_id=False, enable_dynamic_field=False)
            schema.add_field("key", types.VARCHAR, is_primary=True, max_length=100)
            schema.add_field("repo", types.INT64, is_partition_key=True)
            schema.add_field("v", types.FLOAT_VECTOR, dim=dims)
            client.create_collection(
                collection, schema=schema, index_params=self._index(client, kind), consistency_level="Strong",
                timeout=MANAGE_SECONDS,
            )  # fmt: skip
            client.load_collection(collection, timeout=MANAGE_SECONDS)

    def index(self, collection: str, kind: str) -> None:
        """Give a collection an index of another kind. Until it is built, it cannot be searched."""
        with self._calls() as client:
            client.release_collection(collection, timeout=MANAGE_SECONDS)
            client.drop_index(collection, "v", timeout=MANAGE_SECONDS)
            client.create_index(collection, self._index(client, kind), timeout=MANAGE_SECONDS)
            client.load_collection(collection, timeout=MANAGE_SECONDS)

    @staticmethod
    def _index(client: Any, kind: str) -> Any:
        found = client.prepare_index_params()
        found.add_index("v", index_type=kind, metric_type=_METRIC, params=_KINDS[kind][0])
        return found

    def settle(self, collection: str) -> None:
        """Let the index of everything written so far be built."""
        with self._calls() as client:
            client.flush(collection, timeout=MANAGE_SECONDS)

    def drop(self, collection: str) -> None:
        """Delete a collection; none is fine."""
        with self._calls() as client:
            client.drop_collection(collection, timeout=MANAGE_SECONDS)

    def keys(self, collection: str, repo: int | None = None) -> set[tuple[int, bytes]]:
        """Return the contents that a collection has, of one repository or of all."""
        found: set[tuple[int, bytes]] = set()
        with self._calls() as client:
            rows = client.query_iterator(
                collection, filter="" if repo is None else f"repo == {repo}", output_fields=["key"], batch_size=5_000,
                consistency_level="Strong", timeout=MANAGE_SECONDS,
            )  # fmt: skip
            try:
                while some := rows.next():
                    found.update(_unkeyed(one["key"]) for one in some)
            finally:
                rows.close()
        return found

    def close(self) -> None:
        """Close the connection."""
        with self._lock:
            if self._client is not None:
                self._client.close()
            self._client = None


def _library() -> Any:
    try:
        library = importlib.import_module("pymilvus")
    except ImportError as error:
        raise UsageError(f"--vectors needs pymilvus: {install_command(REQUIREMENT)}") from error
    logging.getLogger("pymilvus").setLevel(logging.CRITICAL)  # it prints every error with its traceback
    return library


def _key(repo: int, hash: bytes) -> str:
    return f"{repo}.{hash.hex()}"


def _unkeyed(key: str) -> tuple[int, bytes]:
    repo, _, hash = key.partition(".")
    return int(repo), bytes.fromhex(hash)


def _floats(vector: bytes) -> list[float]:
    return [float(value - 256 if value > 127 else value) for value in vector]
