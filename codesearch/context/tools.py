"""What the tools of agents answer, from an index: text for a model, and the same as an object."""

from __future__ import annotations

import json
import posixpath
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from codesearch.context import arguments, outline, trace
from codesearch.context.clean import clean, one_line
from codesearch.context.entries import Reader, Selection, Sources, cleaned, heading, select
from codesearch.context.token_count import estimate
from codesearch.core.counts import number
from codesearch.core.errors import NotFoundError, UsageError
from codesearch.core.types import TEXTS, Answer, Hit, Symbol
from codesearch.core.visible import path_shown_as
from codesearch.files.cells import Notebooks
from codesearch.search import Query, parse
from codesearch.search.rank import WEAK

if TYPE_CHECKING:
    from codesearch.core.filter import Filter
    from codesearch.index import Index

MOST_HITS = 300
"""Results that a cursor leads through."""
MOST_WORDS = 20
"""Texts that matched, by which source is chosen beside the words of the question."""
NOTES_TOKENS = 60.0
"""Tokens kept for the notes at the end of an answer."""
OTHERS = 8
"""Symbols with the same name that are listed."""
AROUND_SHARE = 0.15
LONGEST_PATH, LONGEST_NAME = 4000, 255


@dataclass(frozen=True, slots=True)
class Call:
    """A call of a tool."""

    arguments: Mapping[str, Any]
    sent: Collection[str] = ()
    """Marks of the source that this session received."""
    notes: tuple[str, ...] = ()
    """What to say about the state of the index; empty if it is complete and up to date."""


@dataclass(frozen=True, slots=True)
class Result:
    """The answer of a tool."""

    text: str
    value: dict[str, Any]
    marks: list[str] = field(default_factory=list)
    """Marks of the source in it."""


def run(index: Index, name: str, call: Call) -> Result:
    """Answer a call. Raises KeyError for an unknown tool, UsageError and NotFoundError with messages for the model."""
    if name in RESOURCES:
        return RESOURCES[name](index, call.arguments)
    checked = arguments.checked(name, call.arguments)
    sent = () if checked.get("repeat") else call.sent
    return _TOOLS[name](index, checked, Call(checked, sent, call.notes))


def words_of(name: str, given: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the words of a call's question: while a tree is being indexed, files with them are read first."""
    question = given.get("question")
    if name != "search_code" or not isinstance(question, str) or not question.strip():
        return ()
    return parse(question, filters=False).words


def state_notes(
    *, complete: bool, fresh: bool, pending: int = 0, progress: tuple[int, int] | None = None
) -> tuple[str, ...]:
    """Return what a model should know about the state of the index: nothing if it has everything."""
    if not complete:
        done = f" ({progress[0]:,} of {progress[1]:,} files)" if progress is not None and progress[1] else ""
        return (f"The first index is not finished{done}: results may be missing; ask again soon.",)
    if not fresh:
        files = number(pending, "changed file is", "changed files are") if pending else "Some changes are"
        return (f"{files} not indexed yet: results may be out of date.",)
    return ()


# -- tools ------------------------------------------------------------------------------------------------------------


def _search(index: Index, values: Mapping[str, Any], call: Call) -> Result:
    where = arguments.where(values)
    if arguments.is_exact_alone(values):
        return _matching(index, values, call, where)
    query = parse(values["question"], where, filters=False)
    start = offset(values.get("cursor", ""))
    limit = min(start + values["limit"] + 1, MOST_HITS)
    words = query.words
    if values.get("exact"):
        answer, matched = _holding(index, query, values["exact"], limit)
        words += matched
    else:
        answer = index.query(query, limit=limit)
    notes = [*call.notes, query.note, *_shortcomings(index, answer, where)]
    return listed(Reader(index), answer.hits[start:], values, Call(values, call.sent, tuple(notes)), words, start)


def _matching(index: Index, values: Mapping[str, Any], call: Call, where: Filter) -> Result:
    """Return every line that matches, or the next page of them."""
    from codesearch.context import matching

    room = values["max_tokens"] - NOTES_TOKENS - sum(map(estimate, call.notes))
    start = offset(values.get("cursor", ""))
    found = matching.found(index, values["exact"], where, limit=values["limit"], budget=room, start=start)
    value: dict[str, Any] = {
        "results": [one.json() for one in found.groups],
        "lines": found.lines,
        "truncated": found.is_cut,
    }
    notes = [*call.notes, found.all.problem]
    if not found.all:
        return _noted("No line matches.\n", value, notes, [])
    notes.append(found.summary())
    if found.end < len(found.all):
        value["cursor"] = str(found.end)
        notes.append(f'More results: repeat the call with cursor: "{found.end}".')
    return _noted("".join(one.text() for one in found.groups), value, notes, [])


def _holding(index: Index, query: Query, expression: str, limit: int) -> tuple[Answer, tuple[str, ...]]:
    """Return the hits that hold a line that matches, and words of the lines, by which source is chosen."""
    from codesearch.exact.answers import query_matching
    from codesearch.exact.pattern import Pattern

    found = query_matching(index, query, Pattern((expression,), said="exact"), limit=limit)
    lines = [line for some in found.lines.values() for line in some]
    texts = dict.fromkeys(line.text[start:end] for line in lines for start, end in line.spans)
    return found.answer, tuple(texts)[:MOST_WORDS]


def _similar(index: Index, values: Mapping[str, Any], call: Call) -> Result:
    where = arguments.where(values)
    if bool(values.get("symbol")) == bool(values.get("code")):
        raise UsageError("give either symbol or code")
    limit = values["limit"]
    notes = list(call.notes)
    if values.get("code"):
        code = values["code"]
        if len(code) > arguments.MOST_TEXT:
            notes.append(
                f"Only the first {arguments.MOST_TEXT:,} of {len(code):,} characters of the code are compared."
            )
        answer = index.similar_to(code[: arguments.MOST_TEXT], limit=limit, where=where)
    else:
        symbol, others = _named(index, values["symbol"])
        answer = index.similar(symbol.path, symbol.start_line, limit=limit, where=where)
        if others:
            notes.append(f"Compared with {_heading(index, symbol)}; {len(others)} more have this name.")
    notes += _shortcomings(index, answer, where)
    return listed(Reader(index), answer.hits, values, Call(values, call.sent, tuple(notes)))


def _symbol(index: Index, values: Mapping[str, Any], call: Call) -> Result:
    symbol, others = _named(index, values["symbol"])
    budget = values["max_tokens"]
    context = outline.around(index, symbol, AROUND_SHARE * budget)
    notes = list(call.notes)
    if others:
        number = Notebooks.of(index).number
        listed = ", ".join(f"{one_line(one.path)}:{number(one.path, one.start_line)}" for one in others[:OTHERS])
        more = f" and {len(others) - OTHERS} more" if len(others) > OTHERS else ""
        notes.append(f"The same name: {listed}{more}. Pass path:line to read one of them.")
    if mentioned := trace.named_in(index, symbol):
        context += f"{'Names' if symbol.kind in TEXTS else 'Named in'}: {'; '.join(mentioned)}\n"
    left = budget - estimate(context) - sum(map(estimate, notes))
    found = select(Reader(index), [Hit(1, 0.0, symbol)], left, detail="full")
    entry = found.entries[0]
    if not entry.source:
        notes.append("The file has changed or is gone: search again.")
    elif not entry.whole:
        notes.append("Cut to max_tokens: pass more, or path:line of a part of it.")
    text = entry.text() + context
    value = {"results": [entry.json()], "truncated": not entry.whole, "around": context.strip()}
    if mentioned:
        value["mentions"] = mentioned
    return _noted(text, value, notes, found.marks)


def _trace(index: Index, values: Mapping[str, Any], call: Call) -> Result:
    symbol, others = _named(index, values["symbol"])
    heading_line = _heading(index, symbol)
    notes = list(call.notes)
    if others:
        notes.append(f"{len(others)} more have this name; pass path:line for another one.")
    wanted = values.get("directions") or list(trace.DIRECTIONS)
    if not trace.supported(symbol):
        wanted = [one for one in wanted if one == "mentions"]
        notes.append(f"Calls in {symbol.language} are not known: grep for the name.")
        if not wanted:
            return _noted(heading_line + "\n", {"truncated": False}, notes, [])
    room = values["max_tokens"] - NOTES_TOKENS - estimate(heading_line)
    found = trace.traced(index, symbol, wanted, room)
    if found.left_out:
        notes.append(f"{found.left_out:,} more: raise max_tokens, or ask for one direction.")
    value = {"symbol": heading_line, **found.value, "truncated": bool(found.left_out)}
    return _noted(f"{heading_line}\n{found.text}", value, notes, [])


def _map(index: Index, values: Mapping[str, Any], call: Call) -> Result:
    path = _inside(index, values.get("path", ""))
    found = outline.repository(index, values["max_tokens"] - NOTES_TOKENS, path)
    if not found.files:
        if path:
            raise NotFoundError(f"{path}: no indexed code there; repo_map without path lists what there is")
        return _noted("Nothing is indexed.\n", {"files": [], "truncated": False}, [*call.notes], [])
    notes = [*call.notes]
    if found.symbols < found.total:
        notes.append(
            f"{found.symbols:,} of {found.total:,} symbols, the most used; pass path for a part, or more max_tokens."
        )
    value = {"files": found.files, "truncated": found.symbols < found.total, "total": found.total}
    return _noted(found.text, value, notes, [])


# -- resources --------------------------------------------------------------------------------------------------------


def _status(index: Index, _: Mapping[str, Any]) -> Result:
    status = index.status()
    value = {
        "root": clean(str(status.root)),
        "files": status.files,
        "symbols": status.symbols,
        "languages": [{"name": name, "files": files, "symbols": symbols} for name, files, symbols in status.languages],
        "complete": index.complete,
        "changed_files": status.changed,
        "deleted_files": status.deleted,
        "skipped_files": len(status.skipped),
        "reranker": {"model": status.second_stage, "embedded_symbols": status.embedded},
        "notes": cleaned(status.notes),
    }
    return Result(json.dumps(value, indent=1, ensure_ascii=False), value)


def _outline(index: Index, given: Mapping[str, Any]) -> Result:
    path = _inside(index, str(given.get("path", "")))
    found = outline.of_file(index, path)
    if not found.files:
        raise NotFoundError(f"{one_line(path)}: not an indexed file with symbols")
    return Result(found.text, {"files": found.files})


_TOOLS: dict[str, Callable[[Index, Mapping[str, Any], Call], Result]] = {
    "search_code": _search,
    "find_similar": _similar,
    "get_symbol": _symbol,
    "trace": _trace,
    "repo_map": _map,
}
RESOURCES: dict[str, Callable[[Index, Mapping[str, Any]], Result]] = {"status": _status, "outline": _outline}


# -- shared -----------------------------------------------------------------------------------------------------------


def listed(
    sources: Sources,
    hits: Sequence[Hit],
    values: Mapping[str, Any],
    call: Call,
    words: tuple[str, ...] = (),
    start: int = 0,
) -> Result:
    """Return hits as an answer; `hits` may hold one more than the limit, which then is on the next page."""
    limit = values["limit"]
    notes = list(call.notes)
    room = values["max_tokens"] - NOTES_TOKENS - sum(map(estimate, notes))
    found = select(sources, hits[:limit], room, detail=values["detail"], words=words, sent=call.sent)
    shown = len(found.entries)
    more = shown < len(hits)
    value: dict[str, Any] = {"results": [entry.json() for entry in found.entries], "truncated": more}
    if not shown:
        return _noted("No code matches.\n", value, notes, [])
    if more:
        if "cursor" in _properties(values):
            value["cursor"] = str(start + shown)
            notes.append(f'More results: repeat the call with cursor: "{start + shown}".')
        else:
            notes.append("More results: raise limit or max_tokens.")
    return _noted(_text(found), value, notes, found.marks)


def _properties(values: Mapping[str, Any]) -> Collection[str]:
    return ("cursor",) if "question" in values else ()


def _text(found: Selection) -> str:
    separate = "\n" if any(entry.source for entry in found.entries) else ""
    return separate.join(entry.text() for entry in found.entries)


def _noted(text: str, value: dict[str, Any], notes: list[str], marks: list[str]) -> Result:
    said = cleaned(notes)
    if said:
        value["notes"] = said
        text += "\n" + "".join(f"{note}\n" for note in said)
    return Result(text, value, marks)


def _shortcomings(index: Index, answer: Answer, where: Filter) -> list[str]:
    notes = [answer.problem] if answer.problem else []
    if answer and max(hit.score for hit in answer) < WEAK:
        notes.append("All results are weak: the code may not exist, or use other words. Grep finds exact text.")
    if not answer and where and (note := index.filter_note(where)) and note != answer.problem:
        notes.append(note)
    return notes


def offset(cursor: str) -> int:
    """Return how many results an answer leaves out. Raises UsageError for a cursor that none gave."""
    if not cursor:
        return 0
    if not cursor.isascii() or not cursor.isdecimal() or len(cursor) > 6:
        raise UsageError(f"cursor must be one that an answer gave, not {cursor[:40]!r}")
    return int(cursor)


def _named(index: Index, text: str) -> tuple[Symbol, list[Symbol]]:
    """Return the symbol that a name or a place means, and the others with that name. Raises NotFoundError."""
    file, _, line = text.strip().strip("`").rpartition(":")
    line = line.partition("-")[0]
    if file and line.isascii() and line.isdecimal() and len(line) < 10 and not file.endswith(":"):
        return index.symbol_at(_inside(index, file), int(line)), []
    name = text.strip().strip("`")
    found = index.symbols_named(name)
    if not found and _is_file(index, name):
        file = one_line(name[:200])
        raise UsageError(f"{file} is a file: give {file}:LINE for the symbol at a line, or repo_map with path for all")
    if not found:
        raise NotFoundError(f"no symbol is named {one_line(text[:80])}; search_code finds code by description")
    return found[0], found[1:]


def _is_file(index: Index, text: str) -> bool:
    """Return whether a text is the path of a file that the index has."""
    store = index.reader()
    return store is not None and "." in text and len(text) < LONGEST_PATH and store.file(text) is not None


def _heading(index: Index, symbol: Symbol) -> str:
    """Return the line that says what a symbol is and where."""
    return heading(Hit(1, 0.0, symbol), Notebooks.of(index).place(symbol.path, symbol.start_line))


def _inside(index: Index, path: str) -> str:
    """Return a path relative to the root. Raises UsageError if it leads out of the root."""
    path = arguments.valid(path)
    if (real := path_shown_as(index.root, path.strip())) is not None:
        return real
    given = path.strip().replace("\\", "/") if "\\" in path and "/" not in path else path.strip()
    if given.startswith("/"):
        root = index.root.as_posix().rstrip("/")
        if given != root and not given.startswith(root + "/"):
            raise UsageError(f"{one_line(path[:200])}: outside the repository; give a path relative to {root}")
        given = given[len(root) :].lstrip("/")
    relative = posixpath.normpath(given) if given else ""
    if relative == ".." or relative.startswith(("../", "/")) or "\0" in relative:
        raise UsageError(f"{one_line(path[:200])}: outside the repository; give a path relative to its root")
    if len(relative) > LONGEST_PATH or any(len(part.encode()) > LONGEST_NAME for part in relative.split("/")):
        raise NotFoundError(f"{one_line(path[:200])}...: too long for the path of a file")
    return "" if relative == "." else relative
