"""The store of one tree: opened when it is needed, and again when another process has replaced its file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from weakref import ref

from codesearch.rerank.job import PendingWrites
from codesearch.store import NeedsMigrationError, Store, location


class OpenStore:
    """Opens the index file of a tree. Not thread-safe."""

    def __init__(self, root: Path, path: Path) -> None:
        """`path` is the index file of the tree at `root`."""
        self._root = root
        self._path = path
        self.pending: list[PendingWrites] = []
        """Vectors that queries have put off; they are written before the store is given up."""
        self._store: Store | None = None
        self._opened = (0, 0)

    @property
    def is_open(self) -> bool:
        """Whether the file is open."""
        return self._store is not None

    def get(self) -> Store | None:
        """Return the store, or None if there is no index yet that can be read."""
        there = location.identity(self._path)
        if self._store is not None and self._opened != there:  # another process has rebuilt or deleted the index
            self.flush()
            self._store = None  # not closed: a query may still be reading from it, and it closes after that
        if there is None:
            return None
        if self._store is None:
            try:
                self._store = with_phrases(Store(self._path), self._root)
            except NeedsMigrationError:
                return None
            self._opened = there
        return self._store

    def close(self) -> None:
        """Close the file; `get` opens it again."""
        self.flush()
        if self._store is not None:
            self._store.close()
            self._store = None

    def flush(self) -> str:
        """Write the pending vectors; return why the user's cache fails, or ""."""
        writes, self.pending = self.pending, []
        problem = ""
        for one in writes:
            problem = one.flush() or problem
        return problem

    def version(self) -> tuple[int, ...]:
        """Return a token that changes whenever another process has modified the index; () if there is none."""
        store = self.get()
        return () if store is None else (*self._opened, store.version())


def with_phrases(store: Store, root: Path) -> Store:
    """Return a store that counts the phrases of questions in the files of a tree."""
    open_store = ref(store)  # so that the store is closed with its last reader

    def counts(phrases: Sequence[str], likely: Mapping[int, bytes]) -> dict[int, bytes]:
        from codesearch.search.phrases import PhraseReader  # many questions have no phrase

        asked = open_store()
        assert asked is not None
        return PhraseReader.of_tree(asked, root).counts(phrases, likely)

    store.count_phrases_by(counts)
    return store
