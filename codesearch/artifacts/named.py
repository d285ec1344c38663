"""The place that a folder or URL names."""

from __future__ import annotations

from pathlib import Path

from codesearch.artifacts.places import Folder, Place, Web
from codesearch.core.errors import UsageError


def is_url(text: str) -> bool:
    """Return whether a text names something on a server."""
    return text.startswith(("http://", "https://", "s3://"))


def place(where: str) -> Place:
    """Return the place that a folder or URL names. Raises UsageError for a URL that cannot be understood."""
    if where.startswith("s3://"):
        from codesearch.artifacts.s3 import bucket

        return bucket(where)
    if is_url(where):
        return Web(where)
    if "://" in where:
        raise UsageError(f"{where}: only folders, http://, https:// and s3:// are understood")
    return Folder(Path(where).expanduser())
