"""The second stage of an answer: a transformer compares the best candidates with the question.

Its vectors come with pushes. Those that are missing are made from the text that the server has, as many as the time
allows, and kept. How many candidates it compared is part of the answer.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from operator import mul
from typing import TYPE_CHECKING

from codesearch.core.errors import CodesearchError, UsageError
from codesearch.core.log import Log
from codesearch.core.types import CALLABLES, Symbol
from codesearch.rerank.job import Evidence, Job, RerankBudget, Similarities, Source, digest
from codesearch.rerank.process import state
from codesearch.rerank.reranker import Reranker
from codesearch.search import Query
from codesearch.settings import Settings

if TYPE_CHECKING:
    from codesearch.server.connect import Pool
    from codesearch.server.database import Database
    from codesearch.server.store import PgStore

log = Log("codesearch.server")

SECONDS = 1.0
"""Seconds that the vectors of one answer may take, if some are missing."""


class Model:
    """The transformer of a server. Thread-safe.

    The cross-encoder takes no part: it costs a processor a tenth of a second for each question, and a client with
    changed files ranks the candidates itself, without the texts of the others.
    """

    def __init__(self, name: str, seconds: float = SECONDS) -> None:
        """Load the model. Raises NotFoundError if there is none, UsageError if it is a service, CodesearchError."""
        self._reranker = Reranker(None, None, Settings(model=name, cache=False, rerank="fast"))
        if self._reranker.remote is not None:
            raise UsageError(f"--model {name}: a server may use only a model that runs on its machine")
        self.seconds = seconds
        self.id = self._reranker.model_id
        self.dims = self._reranker.embedder.dims
        self._reranker.embed_query("warm")

    def job(self, query: Query) -> Job | None:
        """Begin to embed a question; None if it is a name, which is found by its letters."""
        return self._reranker.begin(None, query.text, is_name=query.is_name)


@dataclass(slots=True)
class Comparison:
    """The second stage of one question."""

    model: Model
    job: Job | None = None
    compared: int = 0
    best: int = 0
    """Candidates that were compared with the question, and those that should be."""
    cosines: Mapping[int, float] = field(default_factory=dict)
    """By candidate."""
    problem: str = ""
    """Why not all of them were compared."""
    made: dict[tuple[int, int], dict[bytes, bytes]] = field(default_factory=dict)
    """By database and repository: vectors that were missing, by the hash of their text."""

    def begin(self, query: Query) -> bool:
        """Begin to embed a question; return False if there is nothing to compare."""
        self.job = self.model.job(query)
        return self.job is not None

    def compare(self, store: PgStore, best: Mapping[int, Symbol]) -> Similarities:
        """Return how near candidates are to the question; see `search.rank_candidates`."""
        result = self._compared(store, best)
        self.cosines, self.compared, self.problem = result.cosines, len(result.cosines), result.problem
        return result

    def _compared(self, store: PgStore, best: Mapping[int, Symbol]) -> Similarities:
        job = self.job
        assert job is not None
        self.best = len(best)
        if job.problem:
            return Similarities({}, job.problem)
        known = store.model_vectors(self.model.id, best)
        vectors = self._vectors(known)
        missing = {id: (known[id][0], symbol) for id, symbol in best.items() if id in known and id not in vectors}
        texts = _texts(store, missing)
        result = job.similarities(
            Cosines(),
            Evidence(vectors, texts, *self._asked(job)),
            RerankBudget(keep_query=False, write_later=True, seconds=self.model.seconds),
        )
        if result.writes is not None:
            self._keep_later(store, {id: missing[id][0] for id in texts}, result.writes.contents)
        if result.problem:
            return result
        without_text = [store.repositories[id].repository for id in missing if id not in texts]
        return result._replace(problem=_missing(len(best), len(best) - len(result.cosines), without_text))

    def _vectors(self, known: Mapping[int, tuple[bytes, bytes | None]]) -> dict[int, bytes]:
        """Return the vectors of candidates that the database has, or this process."""
        vectors = {id: vector for id, (_, vector) in known.items() if vector is not None}
        contents = {id: content for id, (content, _) in known.items() if id not in vectors}
        recent = state.known(self.model.id, set(contents.values()))
        return vectors | {id: recent[content] for id, content in contents.items() if content in recent}

    def _asked(self, job: Job) -> tuple[bytes | None, bool]:
        """Return the vector of the question if it is known by now, and whether it is new."""
        if job.embedding is None:
            key = digest(job.text)
            return state.known(self.model.id, [key]).get(key), False
        ready = job.embedding.ready
        return ready, ready is not None

    def _keep_later(self, store: PgStore, contents: Mapping[int, bytes], made: Mapping[bytes, bytes]) -> None:
        for id, content in contents.items():
            if content in made:
                ref = store.repositories[id]
                self.made.setdefault((ref.shard, ref.repo), {})[content] = made[content]

    def keep(self, pools: Sequence[Pool], who: str) -> None:
        """Keep the vectors that were made. They are only a cache: if that fails, they are made again."""
        for shard in sorted({shard for shard, _ in self.made}):
            self._keep(shard, pools[shard], who)

    def _keep(self, shard: int, pool: Pool, who: str) -> None:
        try:
            with pool.writing(who) as db:
                for (of, repo), vectors in sorted(self.made.items()):
                    if of == shard:
                        add(db, repo, self.model.id, vectors)
        except CodesearchError as error:
            log.warning("new vectors are not kept: %s", error)

    def about(self) -> dict[str, object] | None:
        """Return what an answer says about the second stage; None if there was nothing to compare."""
        if self.job is None:
            return None
        return {"model": self.model.id, "compared": self.compared, "best": self.best}


def _texts(store: PgStore, wanted: Mapping[int, tuple[bytes, Symbol]]) -> dict[int, Source]:
    """Return where the texts of symbols without a vector come from, best first; those without text are left out."""
    around = store.surroundings(wanted) if wanted else {}
    found = {}
    for id, (content, symbol) in wanted.items():
        if id in around:
            text, siblings = around[id]
            found[id] = Source(content, symbol, () if symbol.kind in CALLABLES else siblings, buffer=text)
    return found


def _missing(best: int, lacking: int, without_text: Sequence[str]) -> str:
    """Return what to say if not all of the best candidates were compared."""
    if not lacking:
        return ""
    said = f"the model did not compare {lacking} of the {best} best results with the question"
    if without_text:
        where = ", ".join(sorted(set(without_text)))
        return f"{said}: {where} was pushed without text and vectors; `codesearch index --embed full` makes them"
    return f"{said}, because its time was up: ask again"


class Cosines:
    """Compares vectors: `rerank.job.Arithmetic`."""

    def cosines(self, vector: bytes, others: Mapping[int, bytes]) -> dict[int, float]:
        """Return the cosine of each int8 vector with `vector`, by key; those of another length are left out."""
        own = memoryview(vector).cast("b").tolist()
        length = _length(own)
        found = {}
        for key, other in others.items():
            if len(other) == len(vector):
                values = memoryview(other).cast("b").tolist()
                size = length * _length(values)
                found[key] = sum(map(mul, own, values)) / size if size else 0.0
        return found


def _length(values: Sequence[int]) -> float:
    return math.sqrt(sum(map(mul, values, values)))


# -- of a push -------------------------------------------------------------------------------------


def lacking(db: Database, repo: int, model: str, hashes: Iterable[str]) -> list[str]:
    """Return those of some texts that the repository holds without their vectors."""
    rows = db.execute(
        "SELECT h FROM unnest(%s::bytea[]) h "
        "WHERE EXISTS (SELECT 1 FROM symbol s WHERE s.repo = %s AND s.content = h) "
        "AND NOT EXISTS (SELECT 1 FROM model_vector v WHERE v.repo = %s AND v.model = %s AND v.hash = h)",
        [[bytes.fromhex(one) for one in hashes], repo, repo, model],
    ).fetchall()
    return [bytes(row[0]).hex() for row in rows]


def add(db: Database, repo: int, model: str, vectors: Mapping[bytes, bytes]) -> int:
    """Keep vectors by the hash of their text; return how many were new."""
    keys = sorted(vectors)
    return db.execute(
        b"INSERT INTO model_vector(repo, model, hash, v) SELECT %s, %s, h, v "
        b"FROM unnest(%s::bytea[], %s::bytea[]) g(h, v) ON CONFLICT (repo, model, hash) DO NOTHING",
        [repo, model, keys, [vectors[key] for key in keys]],
    ).rowcount
