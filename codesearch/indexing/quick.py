"""The quick look: tells by a tree cache which files of a tree changed, without listing it by git and rules.

The cache belongs to an index that matched the tree when it was made, and is of use as long as no row of a file in that
index was written. Any doubt leads to the full look.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from codesearch.core.log import Log
from codesearch.files import Discovery, FileOptions, FoundFile, LeftOut
from codesearch.store import Store, location

if TYPE_CHECKING:
    from codesearch.files.trail import Trail

MANY_FILES = 1000
"""From here on a cache is worth its file."""

log = Log("codesearch.indexing")


class Found(NamedTuple):
    """The result of a quick look at a tree: it has the same candidate files as before."""

    left_out: LeftOut
    changed: tuple[FoundFile, ...]
    """Those with another stat than before."""
    unchanged: int


class Looked:
    """The tree cache of an index, for one look."""

    def __init__(self, root: Path, store: Store, options: FileOptions) -> None:
        self._root, self._options = root, options
        self.store = store
        self._file = Path(f"{store.path}{location.TREE_CACHE}")
        self._rows = store.files_fingerprint()

    @property
    def worth_it(self) -> bool:
        """Whether the index has so many files that a cache saves time."""
        return self._rows[0] >= MANY_FILES

    def trail(self) -> Trail | None:
        """Return what records a full look, for `keep`; None if a cache would not be worth it."""
        if not self.worth_it:
            return None
        from codesearch.files.trail import Trail

        return Trail()

    def again(self) -> Found | None:
        """Return what changed since the cache was made; None if only the full look can say."""
        from codesearch.files import tree_cache, tree_check

        root = str(self._root.absolute())
        cache = tree_cache.load(self._file, tree_cache.key_of(root, self._options), self._rows)
        if cache is None:
            return None
        checked = tree_check.check(root, self._options, cache)
        return None if checked is None else Found(cache.left_out, checked.changed, checked.unchanged)

    def keep(self, found: Discovery, trail: Trail) -> None:
        """Make the cache of a full look that found no difference between tree and index.

        Nothing is said if that cannot be done: the next look is then a full one, too.
        """
        from codesearch.files import tree_cache, tree_record

        if self.store.files_fingerprint() != self._rows:
            return
        made = tree_record.record(found, self._options, trail, self._rows)
        if isinstance(made, str):
            log.debug("no tree cache: %s", made)
            return
        try:
            tree_cache.save(self._file, made)
        except OSError as error:
            log.info("no tree cache: %s", error)
