"""Pushes a local index to a server: only what it lacks, then the ref. A push that was cut off is simply run again."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from codesearch.core.errors import StoreError
from codesearch.server import outgoing as texts
from codesearch.server.remote import PUSH_SECONDS, Server
from codesearch.store import Store, outgoing


class Progress(NamedTuple):
    """How far a push is."""

    sent: int
    lacking: int
    """Files that the server lacked."""


@dataclass(frozen=True, slots=True)
class Pushed:
    """What a push did."""

    files: int
    """Files of the index."""
    sent: int
    """Files that the server lacked."""
    symbols: int
    """Symbols in these."""
    vectors: int
    """Contents whose vectors the server lacked."""


def push(
    store: Store,
    server: Server,
    repository: str,
    ref: str,
    commit: str,
    on_progress: Callable[[Progress], None] = lambda _: None,
) -> Pushed:
    """Make a ref of a server hold what an index holds.

    Raises StoreError if the index is not finished, UnreachableError, and UsageError if the server refuses.
    """
    with store.snapshot():
        facts = store.meta()
        if "rules" not in facts or "model" not in facts or facts.get("complete", "1") != "1":
            raise StoreError(f"{store.path}: the index is not finished; run `codesearch index` first")
        files = {texts.digest(file, facts): file for file in outgoing.files(store.connection)}
        about = {"repository": repository, "ref": ref, "commit": commit, "model": facts["model"]}
        found = server.post("/push/begin", {**about, "files": list(files)}, PUSH_SECONDS)
        lacking = {key: files[key] for key in found["lacking"] if key in files}
        on_progress(Progress(0, len(lacking)))
        sent = symbols = vectors = 0
        for batch in texts.batches(store, lacking):
            own = _vectors(store, server, about, batch)
            server.post("/push/files", {**about, "files": batch, "vectors": own}, PUSH_SECONDS)
            sent += len(batch)
            symbols += sum(len(one["symbols"]) for one in batch)
            vectors += len(own)
            on_progress(Progress(sent, len(lacking)))
        server.post("/push/switch", {**about, "files": list(files)}, PUSH_SECONDS)
    return Pushed(len(files), len(lacking), symbols, vectors)


def _vectors(store: Store, server: Server, about: Mapping[str, str], batch: list[dict[str, Any]]) -> dict[str, str]:
    """Return the vectors of a batch that the server lacks."""
    hashes = list(dict.fromkeys(symbol[0] for one in batch for symbol in one["symbols"]))
    if not hashes:
        return {}
    lacking = server.post("/push/contents", {**about, "contents": hashes}, PUSH_SECONDS)["lacking"]
    found = outgoing.vectors(store.connection, [bytes.fromhex(key) for key in lacking])
    return {key.hex(): vector.hex() for key, vector in found.items()}
