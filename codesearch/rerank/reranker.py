"""The second stage of a query: a transformer compares the best of the fast ranking with what was asked.

Its vectors are kept in the index. A query takes those that are missing from the user's cache, which other indexes have
filled, and embeds the rest from the source as it is now; it keeps both. Once everything is there, neither the model nor
numpy is loaded. `codesearch.rerank.backfill` embeds what no query has needed, in the background.
The transformer never fails a query: without it the fast ranking stands, and `Cascade.problem` says why.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING

from codesearch import embed
from codesearch.core.errors import CodesearchError, NotFoundError
from codesearch.core.types import CALLABLES, Symbol

if TYPE_CHECKING:
    from codesearch.rerank.shared_cache import VectorCache
    from codesearch.settings import Settings
    from codesearch.store import Store

AT_ONCE = 8
"""Texts between two looks at whether anybody still waits for the answer."""
RETRY_AFTER = 60.0
"""Seconds until a model that failed is tried again."""
REMEMBERED = 4096
"""Vectors that a process remembers besides the index: of unsaved buffers, of queries, and where it cannot write."""


@dataclass(frozen=True, slots=True)
class RerankBudget:
    """What a question may have the second stage do."""

    most: int | None = None
    """Texts that it may embed; None for all that are missing among the best."""
    remember: bool = True
    """Keep the query's vector in the index, not only in this process."""
    later: bool = False
    """Keep what is made when `Cascade.flush` is called: the answer need not wait for the disk."""
    given_up: Callable[[], bool] | None = None
    """Asked now and then; True ends it with a GivenUpError."""


UNLIMITED = RerankBudget()


class RerankCancelledError(Exception):
    """Nobody waits for the answer any more."""


@dataclass(frozen=True, slots=True)
class Source:
    """Where the text of a symbol comes from."""

    content: bytes
    """Hash of the text that is to be embedded; another text there does not count."""
    symbol: Symbol
    among: Sequence[Symbol]
    """The symbols of its file, if its text leaves out the bodies of those inside it."""
    file: bytes | None = None
    """Hash of the file when it was indexed; it must still be the same."""
    buffer: bytes | None = None
    """The file's text, where that is not the one on disk."""


@dataclass(slots=True)
class Evidence:
    """What is known of the best candidates before the transformer has run."""

    text: str
    vectors: dict[int, bytes]
    """By candidate."""
    missing: dict[int, Source]
    """By candidate, best first."""
    query: bytes | None = None
    new: bool = False
    """The query's vector has just been made."""
    shared: dict[bytes, bytes] = field(default_factory=dict)
    """By content: vectors that the index lacks and the user's cache had."""

    @property
    def work(self) -> bool:
        """Whether the transformer is needed."""
        return self.query is None or bool(self.missing)


@dataclass(slots=True)
class _Process:
    """What all the indexes of a process share: models, each loaded once, and the vectors made last."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    models: dict[str, embed.Embedder] = field(default_factory=dict)
    failures: dict[str, tuple[float, str]] = field(default_factory=dict)
    vectors: OrderedDict[tuple[str, bytes], bytes] = field(default_factory=OrderedDict)
    used: float = 0.0

    def model(self, name: str) -> embed.Embedder:
        """Return a model. Raises NotFoundError if there is none of that name, CodesearchError if it cannot be read."""
        with self.lock:
            self.used = time.monotonic()
            if name not in self.models:
                self.models[name] = embed.load(name)
            return self.models[name]

    def failed(self, name: str) -> str:
        """Return why a model failed a moment ago, or ""."""
        when, why = self.failures.get(name, (0.0, ""))
        return why if why and time.monotonic() - when < RETRY_AFTER else ""

    def known(self, model: str, digests: Iterable[bytes]) -> dict[bytes, bytes]:
        with self.lock:
            return {digest: found for digest in digests if (found := self.vectors.get((model, digest))) is not None}

    def remember(self, model: str, vectors: Mapping[bytes, bytes]) -> None:
        with self.lock:
            self.vectors.update({(model, digest): vector for digest, vector in vectors.items()})
            while len(self.vectors) > REMEMBERED:
                self.vectors.popitem(last=False)


_process = _Process()


def release(idle: float = 0.0) -> None:
    """Give back the memory of models that nobody has used for so many seconds."""
    with _process.lock:
        if time.monotonic() - _process.used >= idle:
            _process.models.clear()


def digest(text: str) -> bytes:
    """Return the key of a query's vector."""
    return blake2b(text.encode("utf-8", "replace"), digest_size=16).digest()


class Reranker:
    """The second stage of one index. Not thread-safe, as an `Index` is not; what is loaded, all in a process share."""

    def __init__(self, root: Path | None, index: Path | None, settings: Settings) -> None:
        """`index` is where new vectors are kept, None nowhere."""
        self._root, self._index, self._settings = root, index, settings
        self._ahead: _Ahead | None = None
        self._expected: _Ahead | None = None
        self._unkept: list[tuple[dict[bytes, bytes], dict[bytes, bytes], dict[bytes, bytes]]] = []
        self._cache: VectorCache | None = None
        self.problem = ""
        """Why the last question was answered without the second stage; "" if it was not, or there is none."""
        self.note = ""
        """Why the user's cache of vectors was of no use to the last question, or the last filling; "" if it was."""
        self.made = 0
        """Texts embedded for the last question."""

    @property
    def enabled(self) -> bool:
        """Whether the settings want a second stage."""
        return bool(self._settings.second_stage)

    @property
    def model_id(self) -> str:
        """The model. Raises NotFoundError if there is none of that name, CodesearchError if it cannot be read."""
        return self.embedder.model_id

    @property
    def embedder(self) -> embed.Embedder:
        """The model itself; errors as those of `model_id`."""
        return _process.model(self._settings.model)

    def _failed(self, why: str) -> None:
        name = self._settings.model
        _process.failures[name] = time.monotonic(), why
        self.problem = f"the model {name} cannot be used ({why}): the fast ranking stands alone"

    # -- a question, in this order ----------------------------------------------------------------

    def start(self, store: Store | None, text: str, *, is_name: bool) -> bool:
        """Begin to embed a query, if its vector is not known, while its candidates are looked for.

        False if the second stage is off, or cannot be used, or has nothing to say: a name is found by its letters.
        Raises NotFoundError for a model there is not, whatever is asked.
        """
        self.problem, self.note, self.made = "", "", 0
        expected, self._expected, self._ahead = self._expected, None, None
        if not self.enabled:
            return False
        try:
            model_id = self.model_id
        except NotFoundError:
            raise
        except CodesearchError as error:
            if not is_name:  # a damaged one is told when it is needed
                self._failed(str(error))
            return False
        if is_name:
            return False
        key = digest(text)
        if not _process.known(model_id, [key]):
            known = store.model_vectors(model_id).of_query(key) if store is not None else None
            if known is not None:
                _process.remember(model_id, {key: known})
            elif why := _process.failed(self._settings.model):
                self._failed(why)
                return False
            elif expected is not None and expected.key == key:
                self._ahead = expected
            else:
                self._ahead = _Ahead(key, self.embedder, text)
        return True

    def prefetch(self, store: Store | None, text: str, *, is_name: bool) -> None:
        """Begin what `start` would begin for the question that comes next. Raises as `start`."""
        self.start(store, text, is_name=is_name)
        self._expected, self._ahead = self._ahead, None

    def look(
        self, store: Store | None, text: str, best: Mapping[int, Symbol], buffers: Mapping[int, Source] | None = None
    ) -> Evidence:
        """Return what the index knows of a query's best candidates; inside the snapshot in which they were found.

        `best` holds them by their id in the index, `buffers` those from elsewhere by other numbers, best first.
        """
        model_id = self.model_id
        vectors: dict[int, bytes] = {}
        missing: dict[int, Source] = {}
        shared: dict[bytes, bytes] = {}
        if store is not None:
            model = store.model_vectors(model_id)
            found = {item.symbol: item for item in model.of_symbols(best)} if best else {}
            lacking = [item.content for item in found.values() if item.vector is None]
            recent = self._known(model_id, lacking, shared)
            among: dict[str, Sequence[Symbol]] = {}
            for id, symbol in best.items():
                if id not in found:
                    continue
                item = found[id]
                if (vector := item.vector or recent.get(item.content)) is not None:
                    vectors[id] = vector
                else:
                    missing[id] = Source(item.content, symbol, around(store, id, symbol, among), item.file)
        if buffers:
            wanted = [source.content for source in buffers.values()]
            stored = store.model_vectors(model_id).of_contents(wanted) if store is not None else {}
            stored |= self._known(model_id, [content for content in wanted if content not in stored], shared)
            for id, source in buffers.items():
                if source.content in stored:
                    vectors[id] = stored[source.content]
                else:
                    missing[id] = source
        evidence = Evidence(text, vectors, missing, shared=shared)
        key = digest(text)
        if self._ahead is None or self._ahead.key != key:
            evidence.query = _process.known(model_id, [key]).get(key)
        elif (made := self._ahead.made) is not None:  # quicker than the search for candidates
            evidence.query, evidence.new = made, True
        return evidence

    def similarities(self, store: Store, evidence: Evidence, budget: RerankBudget = UNLIMITED) -> dict[int, float]:
        """Return the cosine of the query and each candidate, embedding what is missing.

        Empty if the model fails; without those whose source is no longer what was indexed. Raises GivenUpError.
        `store` only does the arithmetic.
        """
        made: dict[bytes, bytes] = {}
        asked: dict[bytes, bytes] = {}
        wanted = dict(list(evidence.missing.items())[: budget.most])
        try:
            texts = dict(self.texts(wanted.values()))
            if evidence.query is None:
                evidence.query, evidence.new = self._query(evidence.text), True
            if evidence.new:
                asked[digest(evidence.text)] = evidence.query
            # Between batches the threads wait for one another: a seventh of the time.
            for batch in batches(texts, AT_ONCE if budget.given_up else max(1, len(texts))):
                if budget.given_up and budget.given_up():
                    raise RerankCancelledError
                made.update(self.embed(batch))
        except RerankCancelledError:
            raise
        except Exception as error:  # noqa: BLE001 -- whatever a model fails with is told, and the fast ranking stands
            self._failed(str(error) or type(error).__name__)
            return {}
        finally:
            self.made = len(made)
            _process.remember(self.model_id, {**evidence.shared, **made, **asked})
            typed = {source.content for source in wanted.values() if source.buffer is not None}
            own = {content: vector for content, vector in made.items() if content not in typed}
            self._unkept.append(({**evidence.shared, **made}, asked if budget.remember else {}, own))
            if not budget.later:
                self.flush()
        found = {id: made[source.content] for id, source in wanted.items() if source.content in made}
        return store.cosines(evidence.query, {**evidence.vectors, **found})

    def flush(self) -> None:
        """Keep the vectors that were put off."""
        unkept, self._unkept = self._unkept, []
        for contents, queries, own in unkept:
            self.keep(contents, queries)
            self.share(own)

    def _known(self, model_id: str, contents: Sequence[bytes], shared: dict[bytes, bytes]) -> dict[bytes, bytes]:
        """Return what this process remembers, or the user's cache has, of what the index lacks; the latter is added to
        `shared`.
        """
        known = _process.known(model_id, contents)
        found = self.shared(content for content in contents if content not in known)
        shared.update(found)
        return known | found

    def _query(self, text: str) -> bytes:
        key = digest(text)
        if self._ahead is not None and self._ahead.key == key:
            return self._ahead.result()
        return self.embedder.quantised_query(text)

    # -- its parts --------------------------------------------------------------------------------

    def texts(self, sources: Iterable[Source]) -> Iterator[tuple[bytes, str]]:
        """Yield (content hash, text) of what can be read as it was indexed."""
        from codesearch.extract.documents import embedding_text
        from codesearch.files import Source as File
        from codesearch.files import read_source

        options = self._settings.file_options()
        read: dict[str, File | None] = {}
        for source in sources:
            data = source.buffer
            if data is None:
                path = source.symbol.path
                if path not in read:
                    got = read_source(self._root, path, options) if self._root is not None else None
                    read[path] = got if isinstance(got, File) else None
                file = read[path]
                if file is None or file.hash != source.file:
                    continue
                data = file.data
            text, content = embedding_text(source.symbol, source.among, data)
            if content == source.content:
                yield content, text

    def embed(self, texts: Mapping[bytes, str]) -> dict[bytes, bytes]:
        """Return the vectors of texts, by the same keys. Raises whatever the model fails with."""
        rows = embed.quantise(self.embedder.encode_documents(list(texts.values())))
        return dict(zip(texts, rows, strict=True))

    def shared(self, contents: Iterable[bytes]) -> dict[bytes, bytes]:
        """Return the vectors that the user's cache has of some texts; it is not even opened if there are none."""
        wanted = list(contents)
        if not wanted or (cache := self._shared_cache()) is None:
            return {}
        found = cache.get(self.model_id, self.embedder.dims, wanted)
        self.note = cache.problem
        return found

    def share(self, contents: Mapping[bytes, bytes], *, patience: float | None = None) -> None:
        """Put vectors into the user's cache; `patience` as there."""
        if contents and (cache := self._shared_cache()) is not None:
            cache.put(self.model_id, contents, patience=patience)
            self.note = cache.problem

    def _shared_cache(self) -> VectorCache | None:
        if self._cache is None and self._settings.cache:
            from codesearch.rerank.shared_cache import VectorCache, location

            self._cache = VectorCache(location(), self._settings.cache_size)
        return self._cache

    def keep(self, contents: Mapping[bytes, bytes], queries: Mapping[bytes, bytes], *, timeout: float = 0.0) -> bool:
        """Write vectors into the index, unless another process is writing for longer than `timeout`, or nobody can.

        They are only a cache: whoever needs them again makes them again.
        """
        if self._index is None or not (contents or queries) or not self._index.exists():
            return False
        from codesearch.store import Store, location

        try:
            with location.writer_lock(self._index, timeout=timeout):
                if not self._index.exists():  # `clean` was quicker: an empty index must not take its place
                    return False
                with Store(self._index, writable=True) as store:
                    store.model_vectors(self.model_id).add(self.embedder.dims, contents, queries)
        except (CodesearchError, OSError):
            return False
        return True


class _Ahead:
    """A query's vector, made in a thread of its own: opening a model takes as long as finding candidates."""

    def __init__(self, key: bytes, embedder: embed.Embedder, text: str) -> None:
        self.key = key
        self._embedder, self._text = embedder, text
        self._found: bytes | BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="codesearch-embed")
        self._thread.start()

    def _run(self) -> None:
        try:
            self._found = self._embedder.quantised_query(self._text)
        except BaseException as error:  # noqa: BLE001 -- raised again where it is waited for
            self._found = error

    @property
    def made(self) -> bytes | None:
        """The vector, if it is known by now."""
        return self._found if isinstance(self._found, bytes) else None

    def result(self) -> bytes:
        """Wait for the vector. Raises whatever the model failed with."""
        self._thread.join()
        if isinstance(self._found, BaseException):
            raise self._found
        assert self._found is not None
        return self._found


def around(store: Store, id: int, symbol: Symbol, known: dict[str, Sequence[Symbol]]) -> Sequence[Symbol]:
    """Return what the text of a symbol depends on: for one that holds others, those of its file; each file once."""
    if symbol.kind in CALLABLES:
        return ()
    if symbol.path not in known:
        known[symbol.path] = store.symbols_in(id)
    return known[symbol.path]


def batches(texts: Mapping[bytes, str], at_once: int = AT_ONCE) -> Iterator[dict[bytes, str]]:
    """Yield the texts, a few at a time, the longest first, so that those embedded at once take about as long."""
    items = sorted(texts.items(), key=lambda item: -len(item[1]))
    for start in range(0, len(items), at_once):
        yield dict(items[start : start + at_once])
