"""`codesearch clean`: delete an index."""

from __future__ import annotations

from codesearch.cli import session, targets
from codesearch.cli.exit_codes import FOUND, NOTHING
from codesearch.cli.options import DbOption, PathArgument, QuietOption, RootOption
from codesearch.cli.ui import console


def clean(path: PathArgument = None, root: RootOption = None, db: DbOption = None, quiet: QuietOption = False) -> int:
    """Delete the index of a folder. Source files are not touched.

    codesearch clean
    codesearch clean path/to/repo

    Exit status: 0 if an index was deleted, 1 if there was none.
    """
    with session.opened(targets.folder_of(path) if root is None else targets.root_of(path, root, db), db=db) as index:
        removed = index.remove()
        if not quiet:
            console.message(f"{index.path}: {'removed' if removed else 'there is no index'}")
    return FOUND if removed else NOTHING
