"""What an index holds, and how it differs from its tree."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from codesearch.core.errors import CodesearchError
from codesearch.core.types import Skipped
from codesearch.indexing.plan import plan

if TYPE_CHECKING:
    from codesearch.indexing.task import Task
    from codesearch.rerank.reranker import Reranker
    from codesearch.settings import Settings
    from codesearch.store import Store
    from codesearch.store.tunings import Tuning


@dataclass(frozen=True, slots=True)
class Status:
    """What an index holds, compared with its tree at this moment."""

    root: Path
    index: Path
    exists: bool
    model: str
    """The id of the static model."""
    files: int
    symbols: int
    vectors: int
    lines: int
    source_bytes: int
    index_bytes: int
    languages: tuple[tuple[str, int, int], ...]
    """(language, files, symbols), most symbols first."""
    skipped: tuple[Skipped, ...]
    """Source files that are not searchable, and folders that could not be read."""
    other_files: tuple[tuple[str, int], ...]
    """(extension, files) of files in no supported language, most files first."""
    changed: int
    """Files that are new or differ from the index."""
    deleted: int
    notes: tuple[str, ...]
    second_stage: str = ""
    """The model of the reranker, by the settings; "" if it is off."""
    embedded: int = 0
    """Symbols that the reranker has a vector of."""
    embeddable: int = 0
    """Symbols that it can have one of: all that have a text. Constants and fields have none."""
    cache: Path | None = None
    """The user's cache of the reranker's vectors; None if it is off."""
    cache_bytes: int = 0
    cache_limit: int = 0
    tuning: Tuning | None = None
    """What `codesearch tune` has learned, if the ranking uses it."""

    @property
    def fresh(self) -> bool:
        """Whether the index matches the tree."""
        return self.exists and not self.changed and not self.deleted


def status(
    root: Path, index: Path, settings: Settings, store: Store | None, reranker: Reranker, notes: tuple[str, ...]
) -> Status:
    """Return the status of an index, true at this moment; `notes` come before those found here."""
    todo = plan(root, store, settings)
    counts = store.counts() if store is not None else {}
    meta = store.meta() if store is not None else {}
    files = (index, Path(f"{index}-wal"))
    skipped = [] if store is None else [Skipped(*row) for row in store.skipped()]
    embedded = embeddable = 0
    problems: tuple[str, ...] = ()
    try:
        embedded, embeddable = coverage(store, reranker)
    except CodesearchError as error:  # a model that cannot be read
        problems = (str(error),)
    cache, cache_bytes, cache_problem = _shared_cache(settings)
    tuning, ignored = _tuning(index, reranker)
    return Status(
        root=root,
        index=index,
        exists="rules" in meta,
        model=meta.get("model", ""),
        files=counts.get("files", 0),
        symbols=counts.get("symbols", 0),
        vectors=counts.get("vectors", 0),
        lines=counts.get("lines", 0),
        source_bytes=counts.get("bytes", 0),
        index_bytes=sum(file.stat().st_size for file in files if file.exists()),
        languages=() if store is None else tuple(store.languages()),
        skipped=(*skipped, *todo.left_out.skipped),
        other_files=tuple(sorted(todo.left_out.unknown.items(), key=lambda item: (-item[1], item[0]))),
        changed=sum(not _is_same(root, settings, store, task) for task in todo.changed),
        deleted=len(todo.deleted),
        notes=(*notes, *todo.left_out.notes, *problems, *cache_problem, *ignored, *_slower(settings)),
        second_stage=settings.second_stage,
        embedded=embedded,
        embeddable=embeddable,
        cache=cache,
        cache_bytes=cache_bytes,
        cache_limit=settings.cache_size,
        tuning=tuning,
    )


def coverage(store: Store | None, reranker: Reranker) -> tuple[int, int]:
    """Return (symbols that the reranker has a vector of, symbols); (0, 0) without an index."""
    if store is None or not reranker.enabled:
        return 0, 0 if store is None else store.count()
    return store.model_vectors(reranker.model_id).coverage()


def _is_same(root: Path, settings: Settings, store: Store | None, task: Task) -> bool:
    """Return whether a file that may have changed is as it was indexed, or left out for the same reason."""
    from codesearch.files import Source, read_source

    known = store.file(task.path) if store is not None else None
    if known is None:
        return False
    source = read_source(root, task.path, settings.file_options())
    if isinstance(source, Source):
        return source.hash == task.state.hash
    return source.reason == known[0]


def _shared_cache(settings: Settings) -> tuple[Path | None, int, tuple[str, ...]]:
    """Return (file, its bytes, its problem) of the user's cache, if the settings want it."""
    if not settings.cache or not settings.second_stage:
        return None, 0, ()
    from codesearch.rerank import shared_cache

    path = shared_cache.location()
    problem = shared_cache.problem(path)
    return path, 0 if path is None or problem else shared_cache.size(path), (problem,) if problem else ()


def _tuning(index: Path, reranker: Reranker) -> tuple[Tuning | None, tuple[str, ...]]:
    """Return what `codesearch tune` has learned, and why that is ignored, if it is."""
    from codesearch.search import tuned

    try:
        found, ignored = tuned.active(index, reranker.model_id if reranker.enabled else "")
    except CodesearchError:  # a model that cannot be read is a note already
        return None, ()
    return found, (ignored,) if ignored else ()


def _slower(settings: Settings) -> tuple[str, ...]:
    """Return a note on each package that is not installed and whose work is done more slowly without it."""
    from codesearch.embed import onnx
    from codesearch.store import vector_functions

    return tuple(filter(None, (vector_functions.missing(), onnx.missing() if settings.second_stage else "")))
