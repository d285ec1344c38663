"""The vector of a query: what the static vectors of symbols are compared with."""

from __future__ import annotations

import math
from array import array
from typing import TYPE_CHECKING

from codesearch.search.query import Query

if TYPE_CHECKING:
    from codesearch.embed import Embedder


def query_vector(embedder: Embedder, query: Query) -> bytes:
    """Return int8[dims]: the vector of the query's text; of a long text, the mean of its title's and its beginning's.

    A title says what an issue is about, and the rest says it again in words that the code may have. In pure Python:
    importing numpy would cost more than the query.
    """
    title = embedder.quantised_query(query.text)
    if not query.about:
        return title
    sums = [
        one + other
        for one, other in zip(array("b", title), array("b", embedder.quantised_query(query.about)), strict=True)
    ]
    length = math.sqrt(sum(value * value for value in sums))
    return array("b", [round(127.0 * value / length) for value in sums]).tobytes() if length else title
