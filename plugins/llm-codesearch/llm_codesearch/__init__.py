"""llm embeds with the bundled models of codesearch, and takes code of the project as fragments and by a tool."""

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import llm

MOST_TOKENS = 6000
"""Tokens of the fragments for one question."""
MOST_HITS = 30


@llm.hookimpl
def register_embedding_models(register: Callable[..., None]) -> None:
    """Register the bundled models."""
    for name in ("static", "transformer"):
        register(BundledModel(name))


@llm.hookimpl
def register_fragment_loaders(register: Callable[..., None]) -> None:
    """Register `codesearch:QUESTION`."""
    register("codesearch", fragments)


@llm.hookimpl
def register_tools(register: Callable[..., None]) -> None:
    """Register the search as a tool."""
    register(codesearch_search)


class BundledModel(llm.EmbeddingModel):
    """A model that comes with codesearch. Questions and code have the same kind of vector."""

    supports_text = True
    supports_binary = False
    batch_size = 64

    def __init__(self, name: str) -> None:
        self.model_id = f"codesearch-{name}"
        self._name = name
        self._model: Any = None

    def embed_batch(self, items: Iterable[str | bytes]) -> Iterator[list[float]]:
        """Yield the vector of each text."""
        from codesearch import embed

        if self._model is None:
            self._model = embed.load(self._name)
        texts = [item.decode("utf-8", "replace") if isinstance(item, bytes) else item for item in items]
        yield from self._model.encode_queries(texts).tolist()


def fragments(question: str) -> list[llm.Fragment]:
    """Return the code of the current project that answers a question best, one fragment per symbol.

    The question may hold filters: codesearch:retry uploads lang:python -is:test
    """
    found = _entries(question, MOST_TOKENS)
    if not found:
        raise ValueError(f"codesearch: no code here answers {question!r}")
    return [llm.Fragment(text, source) for source, text in found]


def codesearch_search(question: str) -> str:
    """Find code of this project by what it does, and return the best definitions with their source.

    Use a question or a description in plain words, such as "where are failed uploads retried", or the name of a
    function or type.
    """
    try:
        found = _entries(question, MOST_TOKENS)
    except ValueError as error:
        return f"error: {error}"
    return "\n".join(text for _, text in found) or "no results"


def _entries(question: str, budget: int) -> list[tuple[str, str]]:
    """Return (place, text) of the best code within a number of tokens. Raises ValueError if it cannot be searched."""
    from codesearch import CodesearchError, open_index
    from codesearch.context.entries import Reader, select
    from codesearch.search import parse
    from codesearch.store.roots import enclosing_root, holds_everything

    root = enclosing_root(Path.cwd())
    if holds_everything(root) and not (root / ".git").exists():
        raise ValueError(f"{root} is too large to index unasked; go to a project")
    try:
        parsed = parse(question)
        with open_index(root, limit=MOST_HITS) as index:
            index.update()
            found = select(Reader(index), list(index.query(parsed)), budget, words=parsed.words)
    except CodesearchError as error:
        raise ValueError(str(error)) from error
    entries = [one for one in found.entries if one.source]
    return [(f"{one.hit.symbol.path}:{one.hit.symbol.start_line}", f"## {one.text()}") for one in entries]
