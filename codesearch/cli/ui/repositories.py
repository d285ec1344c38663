"""The list of repositories, as text and as JSON."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from codesearch.cli.ui.console import Look, clean, columns
from codesearch.cli.ui.indexes import short
from codesearch.core.counts import number
from codesearch.core.errors import CodesearchError
from codesearch.repositories.cloning import commit_of
from codesearch.repositories.registry import Repository


class Row(NamedTuple):
    """A repository, and the state of its index."""

    repository: Repository
    state: str
    """`indexed`, `not indexed`, `incomplete`, `outdated`, `missing`, or what is wrong."""
    symbols: int
    commit: str

    @classmethod
    def of(cls, one: Repository) -> Row:
        """Look at the index of a repository, without comparing it with the files."""
        from codesearch.index import open_index

        if not one.folder.is_dir():
            return cls(one, "missing", 0, "")
        try:
            with open_index(one.folder) as index:
                store = index.reader()
                symbols = 0 if store is None else store.counts().get("symbols", 0)
                state = "not indexed" if not index.path.exists() else "outdated" if not index.current else "indexed"
                if state == "indexed" and not index.complete:
                    state = "incomplete"
        except CodesearchError as error:
            return cls(one, str(error), 0, commit_of(one))
        return cls(one, state, symbols, commit_of(one))


def lines(rows: Sequence[Row], look: Look) -> Iterator[str]:
    """Yield a table: name, symbols or problem, groups, folder; below a clone, its URL and commit."""
    widest = max(columns(row.repository.name) for row in rows)
    for row in rows:
        one = row.repository
        state = number(row.symbols, "symbol") if row.state == "indexed" else clean(row.state)
        groups = f"  [{', '.join(one.groups)}]" if one.groups else ""
        name = look.paint(f"{one.name:<{widest}}", "1")
        shown = f"{state:>15}" if row.state == "indexed" else look.paint(f"{state:>15}", "33")
        yield f"{name}  {shown}  {clean(short(one.folder))}{groups}"
        if one.is_clone:
            at = f" at {row.commit[:12]}" if row.commit else ""
            wanted = f" ({one.branch or 'commit'})" if one.branch or one.commit else ""
            yield look.paint(f"{'':>{widest}}  {'':>15}  {clean(one.url)}{wanted}{at}", "2")


def to_json(rows: Sequence[Row]) -> dict[str, Any]:
    """Return the list as JSON."""
    return {
        "repositories": [
            {
                "name": row.repository.name,
                "root": str(row.repository.folder),
                "groups": list(row.repository.groups),
                "url": row.repository.url or None,
                "branch": row.repository.branch or None,
                "commit": row.commit or None,
                "state": row.state,
                "symbols": row.symbols,
            }
            for row in rows
        ]
    }
