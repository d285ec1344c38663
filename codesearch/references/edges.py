"""The values of the call graph."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal, get_args

from codesearch.core.references import Role
from codesearch.core.types import Symbol

Confidence = Literal["exact", "likely", "name"]
"""How sure an edge is. `exact`: the name is resolved by scope, import or the type of its receiver. `likely`: one rule
was needed that can be wrong, for example that the only method of this name is meant. `name`: only the name agrees."""

CONFIDENCES: Final[tuple[Confidence, ...]] = get_args(Confidence)


@dataclass(frozen=True, slots=True)
class Edge:
    """One arrow of the graph, seen from the symbol that was asked for."""

    symbol: Symbol
    """The symbol at the other end: the caller, the callee, the implementation, the test."""
    lines: tuple[int, ...]
    """Lines of the references, in the file that contains them. Of several equal ones in a symbol, the first."""
    confidence: Confidence
    role: Role = "call"
    distance: int = 1
    """Number of arrows to it, for `impact` and `tests`."""
    source: str = ""
    """The file that contains the lines; "" for that of the symbol."""

    @property
    def path(self) -> str:
        """The file that contains the lines."""
        return self.source or self.symbol.path


def at_least(confidence: Confidence, wanted: Confidence) -> bool:
    """Return whether one confidence is as sure as another, or surer."""
    return CONFIDENCES.index(confidence) <= CONFIDENCES.index(wanted)
