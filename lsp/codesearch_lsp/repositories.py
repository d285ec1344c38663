"""Queries of registered repositories, which are no folders of the workspace: the names of `codesearch repo`."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from codesearch.core import cancellation
from codesearch.core.errors import UsageError
from codesearch.repositories import selection
from codesearch.repositories.registry import Repository
from codesearch_lsp import answers, uris
from codesearch_lsp.parameters import Ask

if TYPE_CHECKING:
    from codesearch.core.filter import Filter
    from codesearch.repositories.joined import JoinedAnswer, RepositoryHit
    from codesearch.repositories.several import Repositories
    from codesearch_lsp.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Asked:
    """A question to registered repositories."""

    text: str
    """Without its filters `repo:`."""
    chosen: tuple[Repository, ...]
    note: str


def asked(text: str, names: Sequence[str] = ()) -> Asked | None:
    """Return which repositories some names and the filters `repo:` of a question mean together; None if there are none.

    Raises UsageError for an unknown name among `names`, and if no repository is left.
    """
    if not names and "repo:" not in text.lower():
        return None
    found = selection.split(text)
    if not names and not found:
        return None
    chosen = selection.choose(names or found.names, found.excluded)
    if names and found.names:
        wanted = {one.name for one in selection.choose(found.names)}
        chosen = [one for one in chosen if one.name in wanted]
    if not chosen:
        raise UsageError("no repository is both in `repositories` and in repo:")
    return Asked(found.text, tuple(chosen), found.note)


class RepositoryQueries:
    """Answers from registered repositories. All methods may be called from any thread."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._lock = threading.Lock()
        """One question at a time."""
        self._opened: tuple[tuple[Repository, ...], dict[str, Any]] | None = None
        self._several: Repositories | None = None

    def query(self, question: Asked, limit: int, where: Filter | None = None) -> JoinedAnswer:
        """Return the best hits.

        Raises UsageError for a question that cannot be understood, CancelledWorkError if the request was cancelled.
        """
        with self._lock:
            cancellation.check()
            return self._open(question.chosen).query(question.text, limit=limit, where=where, note=question.note)

    def answer(self, text: str, question: Asked, ask: Ask, weak: float) -> dict[str, Any]:
        """Return the result of codesearch/query; `text` is the question as it was asked, `weak` as in `answers.hit`."""
        found = self.query(question, ask.limit, ask.where)
        return {
            "query": text,
            "hits": [self._hit(one, ask.snippet, weak) for one in found],
            "complete": found.complete,
            "message": found.problem,
        }

    def place(self, one: RepositoryHit) -> tuple[str, bytes | None]:
        """Return the URI of a hit's file, as the client writes it if it is open, and the text of the file."""
        folder, path = self._workspace.place(uris.from_path(str(one.repository.folder / one.hit.symbol.path)))
        return self._workspace.uri(folder, path), self._workspace.source(folder, path)

    def _open(self, chosen: tuple[Repository, ...]) -> Repositories:
        """Return the repositories, opened. Those of the question before stay open while it names the same."""
        from codesearch.repositories.several import Repositories

        settings = dict(self._workspace.options.settings)
        if len(chosen) > 1:  # the transformer would have to embed candidates in each of them at every key
            settings["rerank"] = "none"
        if self._several is None or self._opened != (chosen, settings):
            if self._several is not None:
                self._several.close()
            self._opened, self._several = (chosen, settings), Repositories(chosen, **settings)
        return self._several

    def _hit(self, one: RepositoryHit, snippet: int, weak: float) -> dict[str, Any]:
        uri, source = self.place(one)
        hit = answers.hit(
            one.hit.symbol,
            rank=one.hit.rank,
            score=one.hit.score,
            uri=uri,
            root=uris.from_path(str(one.repository.folder)),
            unsaved=False,
            encoding=self._workspace.encoding,
            source=lambda: source,
            lines=snippet,
            weak=weak,
        )
        hit["repository"] = one.repository.name
        if one.also:
            hit["alsoIn"] = [
                {"repository": place.repository, "path": place.path, "line": place.line - 1} for place in one.also
            ]
        return hit
