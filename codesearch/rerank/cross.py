"""The cross-encoder's part of one question: it reads the question with each of the first hits.

It takes some milliseconds per hit, so it has a time box: if the model cannot read all of them in time, it is left out
wholly, and the answer is the one without it. A question's scores are kept beside its vector, by the hash of each text,
so a question that is asked again needs neither model nor source.
"""

from __future__ import annotations

import struct
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Protocol

from codesearch.core.errors import CodesearchError, RerankCancelledError
from codesearch.core.log import Log
from codesearch.rerank.job import Logits, PendingWrites, RerankBudget, Source, digest
from codesearch.rerank.process import state

if TYPE_CHECKING:
    from codesearch.store import Store

log = Log("codesearch.rerank")

_SCORE = struct.Struct("<16sd")
"""The hash of a text, shortened, and its score."""


class Texts(Protocol):
    """What provides texts and keeps scores: `reranker.Reranker`."""

    def texts(self, sources: Iterable[Source]) -> Iterator[tuple[bytes, str]]:
        """Yield (content hash, text) of the sources that can still be read as they were indexed."""

    def keep_scores(self, queries: Mapping[bytes, bytes]) -> bool:
        """Write the scores of questions to the index; return whether that was possible."""


class CrossJob:
    """The cross-encoder's part of one question. `Reranker.begin` makes it."""

    def __init__(self, texts: Texts, text: str, model_id: str, stored: bytes | None = None) -> None:
        """Begin with the scores of the question that the index has `stored`; None if it has none."""
        self._texts, self._text, self.model_id = texts, text, model_id
        self._key = digest(text)
        self._known = {} if stored is None else dict(_SCORE.iter_unpack(stored))
        for content, packed in state.known(model_id, [self._key]).items():
            assert content == self._key
            self._known |= dict(_SCORE.iter_unpack(packed))

    def open(self) -> None:
        """Load the model, unless the question was asked before."""
        if not self._known:
            try:
                state.cross().open()
            except CodesearchError as error:
                log.debug("the cross-encoder cannot be opened: %s", error)  # `logits` fails with it again, and says so

    def logits(self, sources: Mapping[int, Source], budget: RerankBudget) -> Logits:
        """Return how well the candidates answer the question, in log-odds; none if the time box is too small.

        Raises RerankCancelledError if `should_stop` ends it.
        """
        until, stops = time.monotonic() + budget.cross_seconds, budget.stops()
        lacking = {one.content: one for one in sources.values() if one.content[:16] not in self._known}
        texts: dict[bytes, str] = {}
        if lacking:
            texts = dict(self._texts.texts(lacking.values()))
            try:
                scores = state.cross().scores(self._text, list(texts.values()), lambda: _stops(stops, until))
            except CodesearchError as error:
                if isinstance(error, RerankCancelledError):
                    raise
                state.fail(self.model_id, str(error))
                log.warning("the cross-encoder failed: %s", error)
                return Logits({}, f"the cross-encoder cannot be used ({error}): the answer is without it")
            if scores is None:
                log.debug("the cross-encoder did not read %d texts in %.1f s", len(texts), budget.cross_seconds)
                return Logits({})
            self._known |= {content[:16]: score for content, score in zip(texts, scores, strict=True)}
        found = {id: self._known[one.content[:16]] for id, one in sources.items() if one.content[:16] in self._known}
        writes = self._kept(sources.values(), budget) if texts else None
        return Logits(found, writes=writes)

    def _kept(self, sources: Iterable[Source], budget: RerankBudget) -> PendingWrites | None:
        """Remember the scores of this question; return what is to be written later."""
        contents = dict.fromkeys(one.content[:16] for one in sources)
        packed = b"".join(_SCORE.pack(one, self._known[one]) for one in contents if one in self._known)
        state.remember(self.model_id, {self._key: packed})
        if not budget.keep_query:
            return None
        writes = PendingWrites(self, {}, {self._key: packed}, {})
        if budget.write_later:
            return writes
        writes.flush()
        return None

    # -- what PendingWrites needs ----------------------------------------------------------------

    def keep(self, contents: Mapping[bytes, bytes], queries: Mapping[bytes, bytes], *, timeout: float = 0.0) -> bool:
        """Write the scores to the index; return whether that was possible."""
        return self._texts.keep_scores(queries)

    def share(self, contents: Mapping[bytes, bytes], *, patience: float | None = None) -> str:
        """Do nothing: scores are of one question and one index."""
        return ""


def _stops(stops: Callable[[], bool], until: float) -> bool:
    """Return whether the time is up. Raises RerankCancelledError if the caller has ended the question."""
    if stops():
        raise RerankCancelledError
    return time.monotonic() >= until


def begin(texts: Texts, store: Store | None, text: str) -> CrossJob | None:
    """Begin the cross-encoder's part of a question; None if it cannot be used on this machine, or failed lately."""
    from codesearch.embed import cross

    if not cross.usable():
        return None
    try:
        model_id = state.cross().model_id
    except CodesearchError as error:
        log.warning("the cross-encoder cannot be used: %s", error)
        return None
    if state.failed(model_id):
        return None
    stored = store.model_vectors(model_id).of_query(digest(text)) if store is not None else None
    return CrossJob(texts, text, model_id, stored)
