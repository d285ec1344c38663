"""A backend without an index."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from codesearch.core.errors import UsageError


class FakeBackend:
    """Answers with what it was asked."""

    needs_root = False

    def __init__(self) -> None:
        self.asked: list[tuple[str, dict[str, Any], list[str]]] = []
        self.roots: list[Path] = []

    def call(self, name: str, arguments: dict[str, Any], sent: list[str]) -> dict[str, Any]:
        self.asked.append((name, arguments, sent))
        if arguments.get("question") == "bad":
            raise UsageError("a bad question")
        return {"text": f"answer of {name}", "value": {"results": []}, "marks": [f"mark{len(self.asked)}"]}

    def use_root(self, root: Path) -> None:
        self.roots.append(root)
