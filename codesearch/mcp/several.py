"""Answers tools from several repositories, if `repo` names a group or all of them.

A search gives one ranked list, with paths such as `billing:src/hooks.py`, which every tool accepts as a place. The
other tools are answered by each repository, within one budget.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from codesearch.context.clean import one_line
from codesearch.context.definitions import TOOLS
from codesearch.core import cancellation
from codesearch.core.errors import CodesearchError, NotFoundError, UsageError

if TYPE_CHECKING:
    from codesearch.core.types import Hit
    from codesearch.repositories.joined import RepositoryHit
    from codesearch.repositories.registry import Repository
    from codesearch.repositories.several import Repositories

MOST_AT_ONCE = 8
"""Repositories that answer at the same time."""
_LEAST = {tool["name"]: tool["inputSchema"]["properties"]["max_tokens"]["minimum"] for tool in TOOLS}
_DEFAULT = {tool["name"]: tool["inputSchema"]["properties"]["max_tokens"]["default"] for tool in TOOLS}

Ask = Callable[["Repository", dict[str, Any]], dict[str, Any]]
"""Has one repository answer a tool. Raises CodesearchError if it cannot."""


def answer(
    chosen: Sequence[Repository], name: str, arguments: dict[str, Any], sent: Sequence[str], ask: Ask
) -> dict[str, Any]:
    """Return `text`, `value` and `marks` of the answer of several repositories.

    Raises UsageError for wrong arguments, NotFoundError if no repository has what is asked for.
    """
    if name == "search_code":
        return _searched(chosen, arguments, sent)
    if name == "find_similar":
        raise UsageError("find_similar compares within one repository: pass its name as repo")
    return _each(chosen, name, arguments, ask)


def _searched(chosen: Sequence[Repository], given: dict[str, Any], sent: Sequence[str]) -> dict[str, Any]:
    from codesearch.context import arguments, tools
    from codesearch.repositories.several import Repositories

    values = arguments.checked("search_code", given)
    if arguments.is_exact_alone(values) or values.get("exact"):
        raise UsageError("exact searches one repository at a time: pass its name as repo")
    start = tools.offset(values.get("cursor", ""))
    wanted = min(start + values["limit"] + 1, tools.MOST_HITS)
    with Repositories(chosen) as several:
        found = several.query(values["question"], limit=wanted, where=arguments.where(values), filters=False)
        if not found.answered:
            raise NotFoundError(f"no repository could answer: {one_line(found.problem)}")
        notes = (found.problem,) if found.problem else ()
        call = tools.Call(values, () if values.get("repeat") else sent, notes)
        hits = [_placed(one) for one in found.hits[start:]]
        result = tools.listed(_Files(several, chosen), hits, values, call, found.terms, start)
    value = result.value
    shown = {entry["path"].partition(":")[0] for entry in value["results"]}
    for entry in value["results"]:
        entry["repo"], _, entry["path"] = entry["path"].partition(":")
    roots = {one.name: one_line(str(one.folder)) for one in chosen if one.name in shown}
    value["repositories"] = [{"repo": repo, "root": root} for repo, root in roots.items()]
    text = result.text + ("\nRepositories:\n" + "".join(f"{repo}: {root}\n" for repo, root in roots.items()))
    return {"text": text if roots else result.text, "value": value, "marks": result.marks}


def _placed(one: RepositoryHit) -> Hit:
    """Return a hit with the name of its repository in its path, and where else the same code is."""
    name, hit = one.repository.name, one.hit
    copies = tuple(f"{name}:{copy}" for copy in hit.copies) + tuple(map(str, one.also))
    return replace(hit, symbol=replace(hit.symbol, path=f"{name}:{hit.symbol.path}"), copies=copies)


class _Files:
    """Reads files of several repositories by paths with their names."""

    def __init__(self, several: Repositories, chosen: Sequence[Repository]) -> None:
        from codesearch.context.entries import Reader

        self._make = Reader
        self._several, self._chosen = several, {one.name: one for one in chosen}
        self._readers: dict[str, Reader] = {}

    def read(self, path: str) -> bytes | None:
        """Return the source of a file as it is now; None if it cannot be read."""
        name, _, inside = path.partition(":")
        if name not in self._readers:
            self._readers[name] = self._make(self._several.index(self._chosen[name]))
        return self._readers[name].read(inside)


def _each(chosen: Sequence[Repository], name: str, arguments: dict[str, Any], ask: Ask) -> dict[str, Any]:
    """Return the answers of all repositories that have one, each within its share of the tokens."""
    given = arguments.get("max_tokens")
    budget = given if type(given) is int else _DEFAULT[name]
    found, problems = _asked(chosen, _within(arguments, name, budget // len(chosen)), ask)
    if not found:
        usage = next((error for error in problems.values() if isinstance(error, UsageError)), None)
        if usage is not None:
            raise usage
        raise NotFoundError("; ".join(f"{one}: {one_line(str(error))}" for one, error in problems.items()))
    if len(found) < len(chosen):  # their shares are larger
        found, _ = _asked(list(found), _within(arguments, name, budget // len(found)), ask)
    texts, answers, marks = [], [], []
    room = max(1, budget // _LEAST[name])
    for one, answered in list(found.items())[:room]:
        root = one_line(str(one.folder))
        texts.append(f"# {one.name} ({root})\n\n{answered['text']}")
        answers.append({**answered["value"], "repo": one.name, "root": root})
        marks += answered["marks"]
    value: dict[str, Any] = {"repositories": answers, "truncated": any(one.get("truncated") for one in answers)}
    if "results" in answers[0]:
        value["results"] = [{**entry, "repo": one["repo"]} for one in answers for entry in one.pop("results")]
    if len(found) > room:
        left = ", ".join(one.name for one in list(found)[room:])
        value["truncated"] = True
        texts.append(f"Not shown: {left}. Raise max_tokens, or pass one of them as repo.\n")
    return {"text": "\n".join(texts), "value": value, "marks": marks}


def _within(arguments: Mapping[str, Any], name: str, share: int) -> dict[str, Any]:
    return {**arguments, "max_tokens": max(_LEAST[name], share)}


def _asked(
    chosen: Sequence[Repository], arguments: dict[str, Any], ask: Ask
) -> tuple[dict[Repository, dict[str, Any]], dict[str, CodesearchError]]:
    """Return the answers, and why the others have none, in the order of the repositories."""

    def answered(one: Repository) -> dict[str, Any] | CodesearchError:
        try:
            return ask(one, arguments)
        except CodesearchError as error:
            return error

    with ThreadPoolExecutor(min(len(chosen), MOST_AT_ONCE), "codesearch-mcp") as pool:
        all = list(zip(chosen, pool.map(cancellation.carried(answered), chosen), strict=True))
    found = {one: said for one, said in all if not isinstance(said, CodesearchError)}
    return found, {one.name: said for one, said in all if isinstance(said, CodesearchError)}
