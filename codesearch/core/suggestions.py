"""What is probably meant by a word that is not known."""

from __future__ import annotations

from collections.abc import Iterable

QUOTED = "'{}'"
"""How messages about settings show a word; others put it between backticks."""


def hint(word: str, known: Iterable[str], shown: str = "`{}`", *, cutoff: float = 0.6) -> str:
    """Return "; did you mean ...?" with the known word that is most like `word`; "" if none is like it."""
    from difflib import get_close_matches  # slow to import, and only errors need it

    near = get_close_matches(word, list(known), n=1, cutoff=cutoff)
    return f"; did you mean {shown.format(near[0])}?" if near else ""
