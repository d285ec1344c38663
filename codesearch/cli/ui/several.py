"""Prints results of several repositories as one list, in every format."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from codesearch.cli.options import Format, IndexOptions, OutputOptions
from codesearch.cli.ui import answers
from codesearch.cli.ui.paths import Paths
from codesearch.cli.ui.render import Answers, print_json, print_page

if TYPE_CHECKING:
    from codesearch.core.types import Hit
    from codesearch.repositories.joined import JoinedAnswer, RepositoryHit
    from codesearch.repositories.several import Repositories
    from codesearch.search import Ranked


@dataclass(frozen=True, slots=True)
class Several:
    """How the results of several repositories are printed: each by the printer of its repository."""

    printers: dict[str, Answers]
    format: Format
    weak: float
    about: dict[str, Any]
    """What JSON says besides the results."""
    reasons: Sequence[Ranked] = ()
    """Why each hit has its score, by rank, if that is printed."""

    @classmethod
    def of(cls, several: Repositories, found: JoinedAnswer, output: OutputOptions, use: IndexOptions) -> Several:
        """Return the printer of an answer."""
        from dataclasses import replace

        from codesearch.search.rank import WEAK

        also = {one.hit.rank: one.also for one in found}
        printers: dict[str, Answers] = {}
        complete = {part.repository.name: part.answer.complete for part in found.parts}
        for one in found:
            name = one.repository.name
            if name in printers:
                continue
            index = several.index(one.repository)
            whole = complete[name]
            printed = answers.answers(index, output, use, weak=True, terms=found.terms, complete=whole)
            # Programs get paths that they can open; people get those that say in which repository they are.
            as_place = printed.format in (Format.text, Format.nl)
            paths = Paths(f"{name}:") if as_place else printed.paths
            printers[name] = replace(printed, paths=paths, repository=name, also=also)
        reasons = [one.reason for one in found if one.reason is not None]
        return cls(printers, output.chosen, WEAK, _about(found), reasons)

    def print_hits(self, kept: Sequence[RepositoryHit], text: str) -> None:
        """Print results, best first; `text` is the question, which JSON repeats."""
        self.show([(one.repository.name, one.hit) for one in kept], text)

    def values(self, kept: Sequence[RepositoryHit]) -> list[dict[str, Any]]:
        """Return results as output.schema.json describes them."""
        return [self.printers[one.repository.name].hit(one.hit) for one in kept]

    def show(self, kept: Sequence[tuple[str, Hit]], text: str) -> None:
        """Print hits with the names of their repositories, best first."""
        shown = [(self.printers[name], hit) for name, hit in kept]
        if self.format is Format.json:
            results = [printer.hit(hit, self.reasons) for printer, hit in shown]
            print_json({"query": text, **self.about, "results": results}, indent=2)
        elif self.format is Format.text:
            print_page(shown, self.reasons)
        elif self.format is Format.paths:
            if shown:
                shown[0][0].print_paths(path for printer, hit in shown for path in printer.paths_of(hit))
        else:
            for printer, hit in shown:
                printer.print_some([hit], {}, self.reasons)
        for printer in self.printers.values():
            printer.note_changed()


def _about(found: JoinedAnswer) -> dict[str, Any]:
    parts = [
        {
            "name": part.repository.name,
            "root": str(part.repository.folder),
            "answered": part.answered,
            "complete": part.answered and part.answer.complete,
            "problem": part.problem or None,
        }
        for part in found.parts
    ]
    return {"complete": found.complete, "repositories": parts}
