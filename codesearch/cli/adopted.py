"""Starts an index from an artifact, and says where it came from."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from codesearch.cli.ui import console
from codesearch.core.errors import NotFoundError, StoreError

if TYPE_CHECKING:
    from codesearch.artifacts.adoption import Adopted
    from codesearch.artifacts.sharing import Pulled
    from codesearch.index import Index


def start(index: Index, source: str, *, ref: str, signers: str | None, rebuild: bool, quiet: bool) -> None:
    """Make the best artifact that `source` names the index of a tree, unless it has one that only needs an update.

    If there is no artifact for the tree, the index is made here. Raises StoreError if there is one that is not sound.
    """
    from codesearch.artifacts import adoption, sharing

    if index.current and index.complete and not rebuild:
        if not quiet:
            console.message(f"{index.root}: indexed already; --from is not needed (--rebuild uses it)")
        return
    with tempfile.TemporaryDirectory(prefix="codesearch-") as folder:
        target = Path(folder) / "artifact"
        try:
            pulled = sharing.pull(
                source,
                index.root,
                index.settings,
                target,
                ref=ref,
                signers=None if signers is None else Path(signers).expanduser(),
            )
        except NotFoundError as error:
            if not quiet:
                console.message(f"{error}; indexing all files")
            return
        try:
            taken = adoption.adopt(index, target)
        except StoreError as error:  # it names the copy, which is gone when this is read
            raise StoreError(str(error).replace(str(target), pulled.key or source)) from error
    if not quiet:
        console.message(f"{index.root}: {_described(source, pulled, taken)}")


def _described(source: str, pulled: Pulled, taken: Adopted) -> str:
    text = f"started from {source}"
    if pulled.exact:
        text += ", which has exactly this commit"
    elif pulled.behind > 0:
        text += f", {pulled.behind:,} commit{'s' if pulled.behind > 1 else ''} before this one"
    if pulled.signer:
        text += f", signed by {pulled.signer}"
    return f"{text}; {taken.note}" if taken.note else text
