"""Pushes a local index to a server: only what it lacks, then the ref. A push that was cut off is simply run again."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from codesearch.core.errors import StoreError
from codesearch.files.values import FileOptions
from codesearch.server import outgoing as texts
from codesearch.server import sources
from codesearch.server.remote import PUSH_SECONDS, Server
from codesearch.store import Store, outgoing
from codesearch.store.outgoing import OutgoingFile

_ASKED_AT_ONCE = 20_000
_VECTORS_AT_ONCE = 5000
"""Texts whose vectors are asked about, and sent, in one request."""


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
    sources: int
    """Files whose text was sent."""
    reranked: int
    """Texts whose vectors of the server's second stage were sent."""
    coverage: tuple[int, int] | None
    """(symbols with such a vector here, all symbols); None if the server has no second stage."""


class Source(NamedTuple):
    """Where the text of the files is."""

    root: Path
    options: FileOptions
    sent: bool = True
    """Whether the server gets it; it gets the words of each symbol in any case."""


def push(
    store: Store,
    server: Server,
    repository: str,
    ref: str,
    commit: str,
    source: Source,
    *,
    on_progress: Callable[[Progress], None] = lambda _: None,
) -> Pushed:
    """Make a ref of a server hold what an index holds.

    Raises StoreError if the index is not finished or a file is no longer as it was indexed, UnreachableError, and
    UsageError if the server refuses.
    """
    with store.snapshot():
        facts = store.meta()
        if "rules" not in facts or "model" not in facts or facts.get("complete", "1") != "1":
            raise StoreError(f"{store.path}: the index is not finished; run `codesearch index` first")
        files = {texts.digest(file, facts): file for file in outgoing.files(store.connection)}
        about = {"repository": repository, "ref": ref, "commit": commit, "model": facts["model"]}
        found = server.post("/push/begin", {**about, "files": list(files)}, PUSH_SECONDS)
        lacking = {key: files[key] for key in found["lacking"] if key in files}
        texts.check(source.root, lacking)
        on_progress(Progress(0, len(lacking)))
        sent = symbols = vectors = 0
        for batch in texts.batches(store, source.root, lacking):
            own = _vectors(store, server, about, batch)
            server.post("/push/files", {**about, "files": batch, "vectors": own}, PUSH_SECONDS)
            sent += len(batch)
            symbols += sum(len(one["symbols"]) for one in batch)
            vectors += len(own)
            on_progress(Progress(sent, len(lacking)))
        texts_sent = _sources(server, about, files, source) if source.sent else 0
        model = str(found.get("vectors_of", ""))
        reranked = _reranked(store, server, about, model) if model else 0
        server.post("/push/switch", {**about, "files": list(files)}, PUSH_SECONDS)
        coverage = store.model_vectors(model).coverage() if model else None
    return Pushed(len(files), len(lacking), symbols, vectors, texts_sent, reranked, coverage)


def _reranked(store: Store, server: Server, about: Mapping[str, str], model: str) -> int:
    """Send the vectors of the second stage that the index has and the server lacks; return how many."""
    about = {**about, "model": model}
    known = store.model_vectors(model)
    held = [content.hex() for content in known.held()]
    count = 0
    for start in range(0, len(held), _ASKED_AT_ONCE):
        asked = {**about, "contents": held[start : start + _ASKED_AT_ONCE]}
        lacking = server.post("/push/vectors/lacking", asked, PUSH_SECONDS)["lacking"]
        for first in range(0, len(lacking), _VECTORS_AT_ONCE):
            some = known.of_contents(map(bytes.fromhex, lacking[first : first + _VECTORS_AT_ONCE]))
            given = {key.hex(): base64.b64encode(vector).decode() for key, vector in some.items()}
            server.post("/push/vectors", {**about, "vectors": given}, PUSH_SECONDS)
            count += len(given)
    return count


def _sources(server: Server, about: Mapping[str, str], files: Mapping[str, OutgoingFile], source: Source) -> int:
    """Send the text of the files that the server has without it; return how many."""
    lacking = server.post("/push/sources/lacking", {**about, "files": list(files)}, PUSH_SECONDS)["lacking"]
    count = 0
    for batch in sources.packed(source.root, source.options, {key: files[key] for key in lacking if key in files}):
        given = {key: base64.b64encode(data).decode() for key, data in batch.items()}
        server.post("/push/sources", {**about, "sources": given}, PUSH_SECONDS)
        count += len(batch)
    return count


def _vectors(store: Store, server: Server, about: Mapping[str, str], batch: list[dict[str, Any]]) -> dict[str, str]:
    """Return the vectors of a batch that the server lacks."""
    hashes = list(dict.fromkeys(symbol[0] for one in batch for symbol in one["symbols"]))
    if not hashes:
        return {}
    lacking = server.post("/push/contents", {**about, "contents": hashes}, PUSH_SECONDS)["lacking"]
    found = outgoing.vectors(store.connection, [bytes.fromhex(key) for key in lacking])
    return {key.hex(): vector.hex() for key, vector in found.items()}
