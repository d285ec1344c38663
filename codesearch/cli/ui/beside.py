"""What is shown of a result instead of its first lines."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from codesearch.core.types import Hit


class Beside(Protocol):
    """Shows something else than the first lines of each result."""

    def text(self, hit: Hit, count: int) -> str:
        """Return what is shown below the header, at most `count` lines."""

    def json(self, hit: Hit) -> dict[str, Any]:
        """Return further members of the result."""
