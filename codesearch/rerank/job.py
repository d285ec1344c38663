"""The reranking of one query: its budget, the vectors known before the model runs, and the result.

Every query imports this module, so its values are named tuples: making a dataclass takes eight times as long.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple, Protocol

from codesearch.core import cancellation
from codesearch.core.errors import RerankCancelledError
from codesearch.core.log import Log
from codesearch.core.types import CALLABLES, Symbol
from codesearch.rerank.process import state

if TYPE_CHECKING:
    from codesearch import embed
    from codesearch.settings import Rerank
    from codesearch.store import Store
    from codesearch.store.rerank_vectors import Wanted

log = Log("codesearch.rerank")

BATCH_TEXTS = 8
"""Texts embedded between two checks whether the run was cancelled."""


class RerankBudget(NamedTuple):
    """How much work the reranker may do for one question."""

    limit: int | None = None
    """Maximum number of texts to embed; None for every missing one among the best candidates."""
    keep_query: bool = True
    """Keep the query's vector in the index, not only in this process."""
    write_later: bool = False
    """Write new vectors when `Index.flush` or `Index.close` is called, so the answer need not wait for the disk."""
    should_stop: Callable[[], bool] | None = None
    """Called between batches of texts; if it returns True, the question ends with a RerankCancelledError."""
    seconds: float | None = None
    """Begin no batch of texts after so long; candidates whose texts are left are ranked without a vector."""

    cross_seconds: float = 2.0
    """The cross-encoder is left out if it needs longer for its hits; on two free cores it takes about 0.1 s."""
    rerank: Rerank | None = None
    """What reorders the answer at most; None for the setting `rerank`."""

    def stops(self) -> Callable[[], bool]:
        """Return what says, in any thread, whether to stop: by `should_stop`, or since this work is cancelled."""
        asked, cancelled = self.should_stop, cancellation.current()
        return lambda: cancelled() or (asked is not None and asked())


UNLIMITED = RerankBudget()


class Source(NamedTuple):
    """Where the text of a symbol comes from."""

    content: bytes
    """Hash of the text to embed; a text with another hash is not used."""
    symbol: Symbol
    siblings: Sequence[Symbol]
    """All symbols of its file, if its text leaves out the bodies of the symbols inside it."""
    file: bytes | None = None
    """Hash of the file when it was indexed; a file with another hash is not read."""
    buffer: bytes | None = None
    """The text of an unsaved file; None to read the file from disk."""


@dataclass(slots=True)
class Evidence:
    """The vectors of the best candidates that are known before the model runs."""

    vectors: dict[int, bytes] = field(default_factory=dict)
    """By candidate."""
    missing: dict[int, Source] = field(default_factory=dict)
    """By candidate, best first."""
    query: bytes | None = None
    """The query's vector; None while it is not known."""
    query_is_new: bool = False
    """Whether the query's vector was computed just now."""
    shared: dict[bytes, bytes] = field(default_factory=dict)
    """By content: vectors from the user's cache that the index lacks."""
    problem: str = ""
    """Why the user's cache of vectors could not be read; "" if it could, or was not needed."""

    @property
    def incomplete(self) -> bool:
        """Whether the model has to run."""
        return self.query is None or bool(self.missing)


class Keeper(Protocol):
    """What keeps the vectors of a question."""

    def share(self, contents: Mapping[bytes, bytes], *, patience: float | None = None) -> str:
        """Put vectors into the user's cache; return why that failed, or ""."""

    def keep(self, contents: Mapping[bytes, bytes], queries: Mapping[bytes, bytes], *, timeout: float = 0.0) -> bool:
        """Write vectors to the index; return whether that was possible."""


class Vectors(Keeper, Protocol):
    """The vectors of one index as a question needs them: `reranker.Reranker` provides them."""

    def failed(self, reason: str) -> str:
        """Record that the model failed; return a message for the user."""

    def texts(self, sources: Iterable[Source]) -> Iterator[tuple[bytes, str]]:
        """Yield (content hash, text) of the sources that can still be read as they were indexed."""

    def embed(self, texts: Mapping[bytes, str]) -> dict[bytes, bytes]:
        """Return the vectors of texts, by the same keys."""

    def embed_query(self, text: str) -> bytes:
        """Return the vector of a query."""

    def shared(self, contents: Iterable[bytes]) -> tuple[dict[bytes, bytes], str]:
        """Return the vectors of some texts in the user's cache, and why it cannot be read, or ""."""


class Arithmetic(Protocol):
    """What compares vectors: `store.Store` does."""

    def cosines(self, vector: bytes, others: Mapping[int, bytes]) -> dict[int, float]:
        """Return the cosine of each int8 vector with `vector`, by key; those of another length are left out."""


class PendingWrites(NamedTuple):
    """Vectors made for a question that are not written yet. They are only a cache: losing them costs time."""

    reranker: Keeper
    contents: Mapping[bytes, bytes]
    queries: Mapping[bytes, bytes]
    shareable: Mapping[bytes, bytes]
    """Those for the user's cache: not of unsaved text."""
    reported: str = ""
    """A problem of the user's cache that the answer has reported already."""

    def flush(self) -> str:
        """Write them to the index and the user's cache; return a new problem of the cache, or ""."""
        self.reranker.keep(self.contents, self.queries)
        problem = self.reranker.share(self.shareable)
        return problem if problem != self.reported else ""


class Similarities(NamedTuple):
    """What the reranker found for one question."""

    cosines: Mapping[int, float]
    """By candidate; empty if the model failed. Candidates whose source has changed are missing."""
    problem: str = ""
    """Why the model, or the user's cache of vectors, could not be used; "" if both could."""
    embedded: int = 0
    """Texts embedded for this question."""
    writes: PendingWrites | None = None
    """What the caller has to flush, if the budget says `write_later`."""


class Logits(NamedTuple):
    """What the cross-encoder found."""

    logits: Mapping[int, float]
    """By candidate; empty if it was left out. Candidates whose text cannot be read are missing."""
    problem: str = ""
    """Why it could not be used; "" if it could, or was out of time."""
    writes: PendingWrites | None = None
    """What the caller has to flush, if the budget says `write_later`."""


class Reading(Protocol):
    """The cross-encoder's part of one question: `cross.CrossJob` does it."""

    def logits(self, sources: Mapping[int, Source], budget: RerankBudget) -> Logits:
        """Return how well candidates answer the question."""


class QueryEmbedding:
    """A query's vector, computed in a thread: opening a model takes as long as gathering candidates."""

    def __init__(self, embedder: embed.Embedder, text: str, after: Callable[[], None] | None = None) -> None:
        """`after` is called in the same thread when the vector is there: two threads cannot import numpy at once."""
        self._embedder, self._text, self._after = embedder, text, after
        self._result: bytes | BaseException | None = None
        self._done = threading.Event()
        threading.Thread(target=self._run, name="codesearch-embed").start()

    def _run(self) -> None:
        try:
            self._result = self._embedder.quantised_query(self._text)
        except BaseException as error:  # noqa: BLE001 -- raised again by `wait`
            self._result = error
        self._done.set()
        if self._after is not None and isinstance(self._result, bytes):
            self._after()

    @property
    def ready(self) -> bytes | None:
        """The vector, if it is known by now."""
        return self._result if isinstance(self._result, bytes) else None

    def wait(self) -> bytes:
        """Wait for the vector and return it. Raises whatever the model failed with."""
        self._done.wait()
        if isinstance(self._result, BaseException):
            raise self._result
        assert self._result is not None
        return self._result


class Job:
    """The reranking of one question: `look` inside the snapshot, then `similarities`. `Reranker.begin` makes it."""

    def __init__(
        self,
        reranker: Vectors,
        text: str,
        model_id: str = "",
        embedding: QueryEmbedding | None = None,
        problem: str = "",
        cross: Reading | None = None,
    ) -> None:
        """`embedding` is None if the query's vector is known; with a `problem` there is nothing to `look` for.

        `cross` is the cross-encoder's part; None if it has none.
        """
        self.text = text
        self.problem = problem
        self.embedding = embedding
        self.cross = cross
        self._reranker, self.model_id = reranker, model_id

    def look(
        self, store: Store | None, best: Mapping[int, Symbol], buffers: Mapping[int, Source] | None = None
    ) -> Evidence:
        """Return the known vectors of a query's best candidates; call it in the snapshot in which they were found.

        `best` holds candidates by their id in the index, `buffers` those from elsewhere by other numbers; both best
        first.
        """
        evidence = Evidence()
        if store is not None and best:
            self._look_in_index(store, best, evidence)
        if buffers:
            self._look_for_buffers(store, buffers, evidence)
        if self.embedding is None:
            key = digest(self.text)
            evidence.query = state.known(self.model_id, [key]).get(key)
        elif (vector := self.embedding.ready) is not None:  # quicker than the search for candidates
            evidence.query, evidence.query_is_new = vector, True
        log.debug(
            "%d vectors known (%d from the user's cache), %d texts to embed, query %s",
            len(evidence.vectors), len(evidence.shared), len(evidence.missing),
            "to embed" if evidence.query is None else "known",
        )  # fmt: skip
        return evidence

    def _look_in_index(self, store: Store, best: Mapping[int, Symbol], evidence: Evidence) -> None:
        found = {item.symbol: item for item in store.model_vectors(self.model_id).of_symbols(best)}
        recent = self._recent([item.content for item in found.values() if item.vector is None], evidence)
        siblings: dict[str, Sequence[Symbol]] = {}
        for id, symbol in best.items():
            if id not in found:
                continue
            item = found[id]
            if (vector := item.vector or recent.get(item.content)) is not None:
                evidence.vectors[id] = vector
            else:
                evidence.missing[id] = _source_of(store, item, symbol, siblings)

    def _look_for_buffers(self, store: Store | None, buffers: Mapping[int, Source], evidence: Evidence) -> None:
        contents = [source.content for source in buffers.values()]
        known = store.model_vectors(self.model_id).of_contents(contents) if store is not None else {}
        known |= self._recent([content for content in contents if content not in known], evidence)
        for id, source in buffers.items():
            if source.content in known:
                evidence.vectors[id] = known[source.content]
            else:
                evidence.missing[id] = source

    def _recent(self, contents: Sequence[bytes], evidence: Evidence) -> dict[bytes, bytes]:
        """Return the vectors in this process's memory or the user's cache; add the latter to `evidence.shared`."""
        known = state.known(self.model_id, contents)
        lacking = [content for content in contents if content not in known]
        if lacking:
            found, evidence.problem = self._reranker.shared(lacking)
            evidence.shared.update(found)
            known |= found
        return known

    def sources(self, store: Store, symbols: Mapping[int, Symbol]) -> dict[int, Source]:
        """Return where the texts of some symbols of the index come from, by their id; call it in a snapshot."""
        siblings: dict[str, Sequence[Symbol]] = {}
        return {
            item.symbol: _source_of(store, item, symbols[item.symbol], siblings)
            for item in store.model_vectors(self.model_id).of_symbols(symbols)
        }

    def similarities(
        self,
        store: Arithmetic,
        evidence: Evidence,
        budget: RerankBudget = UNLIMITED,
        adapter: Callable[[bytes], bytes] | None = None,
    ) -> Similarities:
        """Return the cosine of the query and each candidate, after embedding what is missing.

        `store` only does the arithmetic. `adapter` changes the query's vector first.
        Raises RerankCancelledError if `should_stop` ends it; vectors computed before that are kept.
        """
        wanted = dict(islice(evidence.missing.items(), budget.limit))
        made: dict[bytes, bytes] = {}
        asked: dict[bytes, bytes] = {}
        problem = ""
        try:
            self._embed(evidence, wanted, budget, made, asked)
        except RerankCancelledError:
            self._made(evidence, budget, wanted, made, asked).flush()
            raise
        except Exception as error:  # noqa: BLE001 -- whatever a model fails with, the fast ranking remains
            cancellation.check()
            problem = self._reranker.failed(str(error) or type(error).__name__)
        writes = self._made(evidence, budget, wanted, made, asked)
        unwritten = "" if budget.write_later else writes.flush()
        cosines: dict[int, float] = {}
        if not problem:
            new = {id: made[source.content] for id, source in wanted.items() if source.content in made}
            query = evidence.query or asked[digest(self.text)]
            query = adapter(query) if adapter is not None else query
            cosines = store.cosines(query, {**evidence.vectors, **new})
        problem = problem or unwritten or evidence.problem
        return Similarities(cosines, problem, len(made), writes if budget.write_later else None)

    def _embed(
        self,
        evidence: Evidence,
        wanted: Mapping[int, Source],
        budget: RerankBudget,
        made: dict[bytes, bytes],
        asked: dict[bytes, bytes],
    ) -> None:
        """Add the missing vectors to `made`, and that of the query to `asked` if it is new, as they are computed."""
        texts = dict(self._reranker.texts(wanted.values())) if wanted else {}
        if evidence.query is None:
            embedding = self.embedding
            asked[digest(self.text)] = embedding.wait() if embedding else self._reranker.embed_query(self.text)
        elif evidence.query_is_new:
            asked[digest(self.text)] = evidence.query
        # Between batches the threads wait for one another: a seventh of the time.
        in_parts = budget.should_stop is not None or budget.seconds is not None
        until = None if budget.seconds is None else time.monotonic() + budget.seconds
        stops = budget.stops()
        for batch in batches(texts, BATCH_TEXTS if in_parts else max(1, len(texts))):
            if stops():
                raise RerankCancelledError
            if until is not None and time.monotonic() >= until:
                break
            made.update(self._reranker.embed(batch))

    def _made(
        self,
        evidence: Evidence,
        budget: RerankBudget,
        wanted: Mapping[int, Source],
        made: Mapping[bytes, bytes],
        asked: Mapping[bytes, bytes],
    ) -> PendingWrites:
        """Remember in this process the vectors that are new to the index; return what is to be written."""
        state.remember(self.model_id, {**evidence.shared, **made, **asked})
        unsaved = {source.content for source in wanted.values() if source.buffer is not None}
        shareable = {content: vector for content, vector in made.items() if content not in unsaved}
        contents, queries = {**evidence.shared, **made}, asked if budget.keep_query else {}
        return PendingWrites(self._reranker, contents, queries, shareable, evidence.problem)


def digest(text: str) -> bytes:
    """Return the key under which a query's vector is kept."""
    return blake2b(text.encode("utf-8", "replace"), digest_size=16).digest()


def _source_of(store: Store, item: Wanted, symbol: Symbol, known: dict[str, Sequence[Symbol]]) -> Source:
    return Source(item.content, symbol, siblings_of(store, item.symbol, symbol, known), item.file)


def siblings_of(store: Store, id: int, symbol: Symbol, known: dict[str, Sequence[Symbol]]) -> Sequence[Symbol]:
    """Return the symbols that the text of a symbol depends on: if it holds others, all of its file; else none.

    `known` holds the symbols of the files read so far, by path.
    """
    if symbol.kind in CALLABLES:
        return ()
    if symbol.path not in known:
        known[symbol.path] = store.symbols_in(id)
    return known[symbol.path]


def batches(texts: Mapping[bytes, str], size: int = BATCH_TEXTS) -> Iterator[dict[bytes, str]]:
    """Yield the texts in batches, longest first, so that the texts of a batch take about as long."""
    items = sorted(texts.items(), key=lambda item: -len(item[1]))
    for start in range(0, len(items), size):
        yield dict(items[start : start + size])
