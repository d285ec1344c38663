"""The tools of agents as they are listed: names, descriptions, parameters. Nothing else says what a tool accepts."""

from __future__ import annotations

from typing import Any

DIRECTIONS = ("callers", "callees", "implementations", "tests", "mentions")
DETAILS = ("locations", "signatures", "snippets", "full")

_TOKENS = "Size limit of the answer in tokens"


def _strings(description: str) -> dict[str, Any]:
    return {"type": "array", "items": {"type": "string"}, "description": description}


def _whole(description: str, default: int, least: int, most: int) -> dict[str, Any]:
    return {"type": "integer", "description": description, "default": default, "minimum": least, "maximum": most}


_FILTERS: dict[str, Any] = {
    "path": _strings("Only these folders or globs (src/**); !GLOB excludes"),
    "language": _strings("Only these languages (python, go, ...); !NAME excludes"),
    "kind": _strings("Only function, method, class, struct, trait, interface, enum, type, macro or test"),
    "role": _strings("Only test, example, vendored or generated code; !test excludes tests"),
}
_LIMIT = _whole("Maximum number of results", 10, 1, 50)
_REPEAT = {
    "type": "boolean",
    "default": False,
    "description": "Send source again that this session already received",
}
_REPO = {"type": "string", "description": "Another repository, a group, or all, by name (`codesearch repo list`)"}
_CURSOR = {"type": "string", "description": "Continue after a truncated answer: the cursor that it gave"}
_DETAIL = {
    "type": "string",
    "enum": list(DETAILS),
    "default": "snippets",
    "description": "locations: one line per result; snippets: source cut to what matters; full: whole bodies",
}


def _tool(name: str, title: str, description: str, required: list[str], **properties: Any) -> dict[str, Any]:
    return {
        "name": name,
        "title": title,
        "description": description,
        "inputSchema": {
            "type": "object",
            "properties": {**properties, "repo": _REPO},
            "required": required,
            "additionalProperties": False,
        },
        "annotations": {
            "title": title,
            "readOnlyHint": True,
            "destructiveHint": False,
            "idempotentHint": True,
            "openWorldHint": False,
        },
    }


TOOLS: tuple[dict[str, Any], ...] = (
    _tool(
        "search_code",
        "Search code by meaning",
        "Find the functions, methods and types that do something, from a description in plain words, a symbol's name, "
        "an error message or a whole issue. Use it first when you do not know the exact text to grep for. Returns "
        "ranked source with paths and line numbers.",
        [],
        question={"type": "string", "description": "What the code does, or a name, error or issue text"},
        exact={
            "type": "string",
            "description": "Only symbols with a line that matches this regular expression (Python's syntax); without a "
            "question: every matching line, by symbol",
        },
        **_FILTERS,
        detail=_DETAIL,
        limit=_LIMIT,
        max_tokens=_whole(_TOKENS, 2000, 200, 50_000),
        cursor=_CURSOR,
        repeat=_REPEAT,
    ),
    _tool(
        "find_similar",
        "Find similar code",
        "Find code that resembles a symbol or a piece of code: duplicates, other implementations of the same idea, "
        "places that need the same change.",
        [],
        symbol={"type": "string", "description": "A name such as Class.method, or path:line"},
        code={"type": "string", "description": "Code to compare instead of a symbol"},
        **_FILTERS,
        detail={**_DETAIL, "default": "signatures"},
        limit=_LIMIT,
        max_tokens=_whole(_TOKENS, 2000, 200, 50_000),
        repeat=_REPEAT,
    ),
    _tool(
        "get_symbol",
        "Read a symbol",
        "Read the source of one function, method or type by name or place, with the names and lines of what is around "
        "it. Cheaper than reading its file.",
        ["symbol"],
        symbol={"type": "string", "description": "A name such as Class.method, or path:line"},
        max_tokens=_whole(_TOKENS, 4000, 100, 50_000),
    ),
    _tool(
        "trace",
        "Trace calls",
        "Find who calls a function, what it calls, what implements a type or overrides a method, and which tests reach "
        "it. Resolved by scope, imports and types; less certain edges say so. Use it before you change a symbol.",
        ["symbol"],
        symbol={"type": "string", "description": "A name such as Class.method, or path:line"},
        directions={
            "type": "array",
            "items": {"type": "string", "enum": list(DIRECTIONS)},
            "description": "What to find; default: all. mentions: sections of documentation that name it",
        },
        max_tokens=_whole(_TOKENS, 2000, 200, 50_000),
    ),
    _tool(
        "repo_map",
        "Map the repository",
        "Outline the repository, a folder or a file: its most used types and functions by file, with lines. Use it to "
        "get an overview before you search.",
        [],
        path={"type": "string", "description": "A folder or file; default: the whole repository"},
        max_tokens=_whole(_TOKENS, 2000, 200, 50_000),
    ),
)

RESULTS_SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "results": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {
                    "path": {"type": "string"},
                    "start_line": {"type": "integer"},
                    "end_line": {"type": "integer"},
                    "cell": {"type": "integer"},
                    "cell_line": {"type": "integer"},
                    "kind": {"type": "string"},
                    "name": {"type": "string"},
                    "source": {"type": "string"},
                    "matches": {
                        "type": "array",
                        "items": {
                            "type": "object",
                            "properties": {
                                "line": {"type": "integer"},
                                "cell": {"type": "integer"},
                                "cell_line": {"type": "integer"},
                                "text": {"type": "string"},
                            },
                            "required": ["line", "text"],
                        },
                    },
                    "lines": {"type": "integer"},
                },
                "required": ["path", "start_line", "end_line", "kind", "name"],
            },
        },
        "truncated": {"type": "boolean"},
        "lines": {"type": "integer"},
        "repo": {"type": "string"},
        "root": {"type": "string"},
        "cursor": {"type": "string"},
        "notes": {"type": "array", "items": {"type": "string"}},
    },
    "required": ["results", "truncated"],
}
