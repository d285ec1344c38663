"""Records what a look at a tree depends on, while `discover` looks; `tree_record` makes a tree cache of it."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass, field

from codesearch.files import git
from codesearch.files.times import settled
from codesearch.files.tree_cache import Repository, digest, index_stat, place_of
from codesearch.files.walk import Listing


@dataclass(slots=True)
class Trail:
    """The record of one look."""

    started_ns: int = field(default_factory=time.time_ns)
    odd: str = ""
    """Why no cache can be made of this look; "" if one can."""
    repositories: dict[bytes, Repository] = field(default_factory=dict)
    """Prefix -> the state of its repository before it was listed."""
    listings: dict[bytes, Listing | None] = field(default_factory=dict)
    """Prefix -> its list; None if it was left out."""
    walked: dict[bytes, set[bytes]] = field(default_factory=dict)
    """Folders that were walked rather than listed by git -> the names in them."""
    by_walk: set[bytes] = field(default_factory=set)
    """The prefixes that were walked."""
    irregular: set[bytes] = field(default_factory=set)
    """Listed paths that are no plain files, or not there."""
    excluded: set[bytes] = field(default_factory=set)
    """Listed paths that settings or `.codesearchignore` leave out."""
    others: list[tuple[str, os.stat_result]] = field(default_factory=list)
    """Files that are no candidates but may become some if their content changes."""

    def begin(self, root: str, prefix: bytes) -> None:
        """Take note of the repository that is listed next: before, so that no change during the list is missed."""
        name = os.fsdecode(prefix)
        folder = f"{root}/{name}".rstrip("/") if name else root
        place = place_of(folder)
        self.repositories[prefix] = Repository(name, place)
        if len(place) == 1:
            return  # not in a repository
        raw = os.fsencode(folder)
        index = index_stat(folder)
        if not index or not settled(index[1], index[2], time.time_ns()):
            index = ()
        try:
            configuration = git.configuration(raw)
            if b"core.sparsecheckout\ntrue" in configuration:
                self.odd = "a sparse checkout, whose rules may be in git's index"
            tracked = digest(git.tracked(raw))
        except git.GitUnavailableError as error:
            self.odd = str(error)
            return
        self.repositories[prefix] = Repository(name, place, digest(configuration), index, tracked)

    def end(self, prefix: bytes, listing: Listing | None) -> None:
        """Take note of the list; None if the prefix was left out."""
        self.listings[prefix] = listing
        if listing is not None and listing.unreadable:
            self.odd = "a folder cannot be read"
