"""The reranker: a transformer compares the best candidates of the fast ranking with the query.

Its vectors are kept in the index. A query takes those that are missing from the user's cache, which other indexes have
filled, and embeds the rest from the source as it is now; it keeps both. If no vector is missing, neither the model nor
numpy is loaded. `codesearch.rerank.backfill` embeds in the background what no query has needed yet.
The reranker never fails a query: without it the fast ranking is the answer, and its `problem` says why.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from codesearch import embed
from codesearch.core.errors import CodesearchError, NotFoundError
from codesearch.core.log import Log
from codesearch.rerank import cross
from codesearch.rerank.job import Job, QueryEmbedding, Source, digest
from codesearch.rerank.process import state
from codesearch.store import vector_codes

if TYPE_CHECKING:
    from codesearch.rerank.shared_cache import VectorCache
    from codesearch.settings import Rerank, Settings
    from codesearch.store import Store

LONGEST_REASON = 200
"""Characters of the reason why a model cannot be used; numpy explains a failed import in 40 lines."""

log = Log("codesearch.rerank")


class Reranker:
    """The reranker of one index. It keeps nothing of a question; that is in its `Job`. Not thread-safe."""

    def __init__(self, root: Path | None, index: Path | None, settings: Settings) -> None:
        """`index` is where new vectors are kept; None to keep them nowhere."""
        self._root, self._index, self._settings = root, index, settings
        self._cache: VectorCache | None = None

    @property
    def enabled(self) -> bool:
        """Whether the settings want a reranker."""
        return bool(self._settings.second_stage)

    @property
    def model_id(self) -> str:
        """The id of the model. Raises as `embedder`."""
        return self.embedder.model_id

    @property
    def embedder(self) -> embed.Embedder:
        """The model. Raises NotFoundError if there is no such model, CodesearchError if it cannot be read."""
        return state.model(self._settings.model)

    def failed(self, reason: str) -> str:
        """Record that the model failed; return a message for the user."""
        state.fail(self._settings.model, reason)
        log.warning("the model %s failed: %s", self._settings.model, reason)
        return self._problem(reason)

    def _problem(self, reason: str) -> str:
        import textwrap

        brief = textwrap.shorten(reason, LONGEST_REASON, placeholder=" ...")
        return f"the model {self._settings.model} cannot be used ({brief}): this is the fast ranking only"

    @property
    def remote(self) -> embed.RemoteEmbedder | None:
        """The model, if it sends texts to a service. Raises as `embedder`."""
        model = self.embedder
        return model if isinstance(model, embed.RemoteEmbedder) else None

    @property
    def refusal(self) -> str:
        """Why the model may not get the code of this tree; "" if it may, or runs here. Raises as `embedder`."""
        return "" if (remote := self.remote) is None else remote.refusal(self._root)

    def begin(
        self,
        store: Store | None,
        text: str,
        *,
        is_name: bool,
        prefetched: Job | None = None,
        typed: bool = False,
        rerank: Rerank | None = None,
    ) -> Job | None:
        """Begin the reranking of a question: embed the query in the background, unless its vector is known.

        `rerank` says what takes part at most; None for what the settings say. The cross-encoder takes no part in a
        query that is `typed`. None if the reranker is off, the query is a name, which is found by its letters, or it
        is asked with each letter `typed` and the model is a service. A `Job` with a `problem` if the model cannot be
        used. `prefetched`, begun earlier, is returned if it is for the same text.
        Raises NotFoundError if there is no such model, even for a name.
        """
        if not self.enabled or rerank == "none":
            return None
        full = self._settings.rerank == "full" and rerank != "fast" and not typed
        if prefetched is not None and prefetched.text == text and not prefetched.problem:
            prefetched.cross = prefetched.cross if full else None
            return prefetched
        try:
            model_id = self.model_id
        except NotFoundError:
            raise
        except CodesearchError as error:
            # Report a damaged model only when it is needed.
            return None if is_name else Job(self, text, problem=self.failed(str(error)))
        if is_name or (typed and self.remote is not None):
            return None
        return self._begun(store, text, model_id, full=full)

    def _begun(self, store: Store | None, text: str, model_id: str, *, full: bool) -> Job:
        if reason := self.refusal:
            return Job(self, text, model_id, problem=f"{reason}: this is the fast ranking only")
        key = digest(text)
        known = _is_known(store, model_id, key)
        if not known and (reason := state.failed(self._settings.model)):
            return Job(self, text, model_id, problem=self._problem(reason))
        read = cross.begin(self, store, text) if full else None
        embedding = None if known else QueryEmbedding(self.embedder, text, read.open if read else None)
        return Job(self, text, model_id, embedding, cross=read)

    # -- parts of a question, and of a backfill ---------------------------------------------------

    def texts(self, sources: Iterable[Source]) -> Iterator[tuple[bytes, str]]:
        """Yield (content hash, text) of the sources that can still be read as they were indexed."""
        from codesearch.extract.documents import embedding_text
        from codesearch.files import Source as File
        from codesearch.files import read_source

        options = self._settings.file_options()
        files: dict[str, File | None] = {}
        for source in sources:
            data = source.buffer
            if data is None:
                path = source.symbol.path
                if path not in files:
                    read = read_source(self._root, path, options) if self._root is not None else None
                    files[path] = read if isinstance(read, File) else None
                file = files[path]
                if file is None or file.hash != source.file:
                    continue
                data = file.data
            text, content = embedding_text(source.symbol, source.siblings, data)
            if content == source.content:
                yield content, text

    def embed(self, texts: Mapping[bytes, str]) -> dict[bytes, bytes]:
        """Return the vectors of texts, by the same keys. Raises whatever the model fails with."""
        rows = embed.quantise(self.embedder.encode_documents(list(texts.values())))
        return self.as_kept(dict(zip(texts, rows, strict=True)))

    def embed_patiently(self, texts: Mapping[bytes, str], should_stop: Callable[[], bool]) -> dict[bytes, bytes]:
        """Return the same; a service may take its time, and if `should_stop` ends that, some are missing."""
        if (remote := self.remote) is None:
            return self.embed(texts)
        rows = embed.quantise(remote.encode_patiently(list(texts.values()), should_stop))
        return self.as_kept(dict(zip(texts, rows, strict=False)))

    def as_kept(self, vectors: dict[bytes, bytes]) -> dict[bytes, bytes]:
        """Return vectors as the index keeps them, so that an answer does not depend on where they come from.

        Those of the bundled transformer take half a byte per dimension there, which was measured. The elements of
        other models may be spread in another way, so they stay as they are.
        """
        if self._settings.model != embed.TRANSFORMER:
            return vectors
        return {key: vector_codes.levelled(vector) for key, vector in vectors.items()}

    def embed_query(self, text: str) -> bytes:
        """Return the vector of a query. Raises whatever the model fails with."""
        return self.embedder.quantised_query(text)

    def shared(self, contents: Iterable[bytes]) -> tuple[dict[bytes, bytes], str]:
        """Return the vectors of some texts in the user's cache, and why it cannot be read, or "".

        The cache is not even opened if no text is given.
        """
        wanted = list(contents)
        if not wanted or (cache := self._shared_cache()) is None:
            return {}, ""
        return self.as_kept(cache.get(self.model_id, self.embedder.dims, wanted)), cache.problem

    def share(self, contents: Mapping[bytes, bytes], *, patience: float | None = None) -> str:
        """Put vectors into the user's cache; return why that failed, or "". `patience` is as for `VectorCache.put`."""
        if not contents or (cache := self._shared_cache()) is None:
            return ""
        cache.put(self.model_id, contents, patience=patience)
        return cache.problem

    def _shared_cache(self) -> VectorCache | None:
        if self._cache is None and self._settings.cache:
            from codesearch.rerank.shared_cache import VectorCache, location

            self._cache = VectorCache(location(), self._settings.cache_size)
        return self._cache

    def keep(self, contents: Mapping[bytes, bytes], queries: Mapping[bytes, bytes], *, timeout: float = 0.0) -> bool:
        """Write vectors to the index; return whether that was possible.

        It is not if another process writes for longer than `timeout` seconds, or if the index cannot be written. The
        vectors are only a cache: they will be computed again.
        """
        return self._write(self.model_id, self.embedder.dims, contents, queries, timeout)

    def keep_scores(self, queries: Mapping[bytes, bytes]) -> bool:
        """Write the cross-encoder's scores of questions to the index; return whether that was possible."""
        return self._write(state.cross().model_id, 1, {}, queries, 0.0)

    def _write(
        self, model_id: str, dims: int, contents: Mapping[bytes, bytes], queries: Mapping[bytes, bytes], timeout: float
    ) -> bool:
        if self._index is None or not (contents or queries) or not self._index.exists():
            return False
        from codesearch.store import Store, location

        try:
            with location.writer_lock(self._index, timeout=timeout):
                if not self._index.exists():  # `clean` was quicker: an empty index must not take its place
                    return False
                with Store(self._index, writable=True) as store:
                    store.model_vectors(model_id).add(dims, contents, queries)
        except (CodesearchError, OSError) as error:
            log.debug("%d vectors are not kept in the index: %s", len(contents), error)
            return False
        return True


def _is_known(store: Store | None, model_id: str, key: bytes) -> bool:
    """Return whether this process has the vector of a query, or the index, from which it is then remembered."""
    if state.known(model_id, [key]):
        return True
    stored = store.model_vectors(model_id).of_query(key) if store is not None else None
    if stored is not None:
        state.remember(model_id, {key: stored})
    return stored is not None
