"""Understands how people word a question: languages in it, and long texts such as pasted issues.

Patterns are compiled when they are first needed, because most queries need none of them.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from functools import cache
from itertools import islice
from typing import NamedTuple

from codesearch.search.traces import frames

LONG = 48
"""A text of more words than this is cut into the parts that matter."""
FEWEST_WORDS = 4
"""A shorter text is left as it is: `parse python` may well be about Python."""
TITLE_WORDS, MIN_TITLE_WORDS = 14, 4
NAMELESS_WORDS = 32
"""Maximum length of the title of a text without names: its words are all there is."""
MAX_NAMES = 8
ABOUT_WORDS = 200
"""Words of a long text that its vector is made of, beside its title."""
MAX_FILES = 64
MAX_FRAMES = 3
"""Innermost frames of a stack trace whose functions count as names."""
ERROR_WORDS = 12

LANGUAGES = {
    "python": ("python",), "python2": ("python",), "python3": ("python",), "javascript": ("javascript", "tsx", "jsx"),
    "js": ("javascript", "tsx", "jsx"), "typescript": ("typescript", "tsx"), "golang": ("go",), "rust": ("rust",),
    "java": ("java",), "c++": ("cpp",), "cpp": ("cpp",), "c#": ("csharp",), "csharp": ("csharp",), "ruby": ("ruby",),
    "php": ("php",), "kotlin": ("kotlin",), "swift": ("swift",), "scala": ("scala",), "bash": ("bash",),
    "elixir": ("elixir",), "haskell": ("haskell",), "lua": ("lua",), "perl": ("perl",), "julia": ("julia",),
    "dart": ("dart",), "ocaml": ("ocaml",),
}  # fmt: skip
"""The languages that a word of a question means."""
_PLACE = re.compile(r"(?:\bline |[:(])\d")
"""What every frame of a stack trace has. Compiled for every query, so it is simple."""
_OF_FOLDER = frozenset({"__init__", "index", "mod"})
"""Names of files, without ending, that are the module of their folder."""
_ENDINGS = "py|pyi|js|jsx|mjs|ts|tsx|go|rs|java|kt|scala|swift|rb|php|cs|c|h|cc|cpp|hpp|ex|exs|hs|ml|lua|pl|jl|dart|sh"
"""Endings by which the name of a file is known without its folder."""
ONLY_AFTER_IN = {"go": ("go",), "c": ("c",), "shell": ("bash",), "node": ("javascript",)}
"""Words that mean a language only after `in`."""
_THINGS = "file|code|source|package|module|script|version|string|type|class|function|list|dict|object|path|interpreter"
"""Words that a language name before them describes: what "read a python file" reads is part of the question."""


class Wording(NamedTuple):
    """What is searched for a text."""

    text: str
    languages: tuple[str, ...] = ()
    """Languages that the text names, left out of `text`."""
    names: tuple[str, ...] = ()
    """Of a long text: names in code, the most telling first."""
    about: str = ""
    """Of a long text: its beginning, without what says nothing about the code."""
    files: frozenset[str] = frozenset()
    """Of a long text: keys of the files that it names (`file_keys`)."""
    frames: tuple[tuple[str, str], ...] = ()
    """Of a long text: (function, key of its file) of the frames of its stack traces, innermost first."""


def understand(typed: str) -> Wording:
    """Return what to search for a text on one line."""
    count = len(typed.split())
    if count > LONG or _has_frames(typed):
        return _cut(typed)
    if count < FEWEST_WORDS:
        return Wording(typed)
    text, languages = without_language(typed)
    return Wording(text, languages)


def _has_frames(text: str) -> bool:
    return _PLACE.search(text) is not None and bool(frames(text))


def asks_for_files(text: str) -> bool:
    """Return whether a question is about how something works: the answer is then spread over files.

    `how are routes registered`, `overview of the scheduler`; not `how to register a route`, which asks for a function.
    """
    return _mechanism().match(text) is not None


def without_language(text: str) -> tuple[str, tuple[str, ...]]:
    """Return a question without the language it is asked for (`in golang`, `python: ...`), and that language."""
    said = {word.strip(",:?.").lower() for word in text.split()}
    if said.isdisjoint(LANGUAGES) and said.isdisjoint(ONLY_AFTER_IN):
        return text, ()
    for pattern in _language():
        match = pattern.search(text)
        if match is not None:
            left = _shorter(text, text[: match.start()] + " " + text[match.end() :])
            name = match["name"].lower()
            return left, () if left == text else (LANGUAGES | ONLY_AFTER_IN)[name]
    return text, ()


def _shorter(text: str, shorter: str) -> str:
    """Return the shorter text, unless too little is left of it."""
    shorter = " ".join(shorter.split())
    return shorter if shorter.count(" ") >= 1 else text


def _cut(text: str) -> Wording:
    """Return the title of a long text and its names: those of the innermost stack frames, then the most frequent."""
    text = _noise().sub(" ", text)
    rest = _environment().sub(" ", text)
    if rest.count(" ") > TITLE_WORDS:
        text = rest
    spelled = _spelled(text)
    title = _title(text, TITLE_WORDS if spelled else NAMELESS_WORDS)
    called = frames(text)
    names = list(dict.fromkeys((*(frame.name for frame in called[:MAX_FRAMES]), *_spelled(title), *spelled)))
    about = " ".join(text.split()[:ABOUT_WORDS])
    files = frozenset(islice(_named_files(text), MAX_FILES))
    return Wording(
        title, (), tuple(names[:MAX_NAMES]), about, files, tuple((frame.name, _key(frame.file)) for frame in called)
    )


def file_keys(path: str) -> tuple[str, ...]:
    """Return the ways in which a text may name a file: `viewcode.py`, `ext/viewcode.py`, the module `ext/viewcode`.

    A folder's own module (`ext/__init__.py`) is named as the folder is. The module of a file at the top has no way.
    """
    *folders, file = path.split("/")
    stem = file.partition(".")[0]
    module = folders[-2:] if stem in _OF_FOLDER else [*folders[-1:], stem]
    keys = [file] if stem not in _OF_FOLDER else []
    keys += ["/".join((*folders[-1:], file))] if folders else []
    return (*keys, "/".join(module)) if len(module) > 1 else tuple(keys)


def _named_files(text: str) -> Iterator[str]:
    """Yield the keys of the files and modules that a text names; of `a.b.c`, also those of `a.b`."""
    for match in _file_name().finditer(text):
        found = match[0].replace("\\", "/")
        if match["dotted"]:
            parts = found.split(".")
            yield from ("/".join(parts[end - 2 : end]) for end in range(len(parts), 1, -1))
        else:
            yield _key(found)


def _key(path: str) -> str:
    """Return the key of a file by a path in a text, of which only the end may be that of the index."""
    return "/".join(path.split("/")[-2:])


def _title(text: str, limit: int) -> str:
    """Return the first sentence of a long text, up to its first heading; of a stack trace, the last error message."""
    error = next(reversed(list(_error().finditer(text))), None)
    if text.lstrip().startswith(("Traceback", "File ", "```", "at ", "panic:", "thread ")) and error is not None:
        return f"{error['type'].rpartition('.')[2]} {' '.join(error['message'].split()[:ERROR_WORDS])}"
    first = " ".join(text.split())
    for pattern in _title_ends():
        end = pattern.search(first)
        if end is not None and first[: end.start()].count(" ") >= MIN_TITLE_WORDS - 1:
            first = first[: end.start()]
    return " ".join(first.split()[:limit])


def _spelled(text: str) -> list[str]:
    """Return the words that are spelled as only names are, the most frequent first."""
    found = (match[0].rstrip(".:") for match in _name().finditer(text))
    names = Counter(name for name in found if len(name) > 3 and _in_code().search(name) and not _file().search(name))
    return [name for name, _ in names.most_common()]  # equally frequent ones in their order


# -- patterns ---------------------------------------------------------------------------------


@cache
def _language() -> tuple[re.Pattern[str], ...]:
    clear = "|".join(map(re.escape, sorted(LANGUAGES, key=len, reverse=True)))
    every = "|".join(map(re.escape, sorted((*LANGUAGES, *ONLY_AFTER_IN), key=len, reverse=True)))
    number = r"(?:\s+[23](?:\.\d+)?)?"
    return (
        re.compile(rf"\s+(?:in|using|with)\s+(?P<name>{every}){number}(?=\s*[?.!,]?$|,?\s+(?!(?:{_THINGS})))", re.I),
        re.compile(rf"^(?P<name>{clear}){number}[,:]?\s+(?!(?:{_THINGS})s?\b)", re.I),
        re.compile(rf"\s+(?P<name>{clear}){number}\s*[?.!]?$", re.I),
    )


@cache
def _mechanism() -> re.Pattern[str]:
    person = r"(?:i|we|you|one|they)\b"
    return re.compile(
        rf"how\s+(?!to\b|(?:do|did|can|could|should|would|must|may)\s+{person}|(?:many|much|long|often|far)\b)\w"
        r"|(?:an?\s+)?(?:overview|architecture|structure|design|internals)\s+of\b|explain\s+(?:how|the)\b"
        rf"|where\s+(?:is|are|does|do)\s+(?!{person}).*\b(?:implemented|handled|live|managed)\b",
        re.IGNORECASE,
    )


@cache
def _noise() -> re.Pattern[str]:
    """Match comments of a template, addresses, and the lines of tables."""
    return re.compile(r"<!--.*?-->|https?://\S+|\|[-| :]+\|", re.DOTALL)


@cache
def _environment() -> re.Pattern[str]:
    """Match the sections of an issue that describe the reporter's machine, to the end."""
    return re.compile(
        r"(?:\*\*|\#{1,4}\s*)(?:your\s+)?(?:environment|versions?|os\s*/|system|additional|screenshots|your\ project"
        r"|platform|package\ versions|setup|output\ of|\w+\ version|pip\ (?:list|freeze))\b.*",
        re.IGNORECASE | re.DOTALL,
    )


@cache
def _error() -> re.Pattern[str]:
    return re.compile(
        r"\b(?P<type>(?:[A-Za-z_]\w*\.)*[A-Z]\w*(?:Error|Exception|Warning)|(?:[a-z_]\w*\.)+[A-Z]\w*)"
        r"\s*:\s*(?P<message>[^`\n]{4,200})"
    )


@cache
def _title_ends() -> tuple[re.Pattern[str], ...]:
    return (
        re.compile(r"\s(?:\*\*[A-Z][\w /?'-]{2,40}:?\*\*|\#{1,5}\s+[A-Z])"),  # a heading
        re.compile(r"```"),
        re.compile(r"\s(?:at\s+\S+\s?\(|File\s+\S+\s*,\s+line\s|goroutine\s\d+\s\[)"),  # a stack trace
        re.compile(r"(?<=[a-z`)])[.!?:]\s+(?=[A-Z])"),
    )


@cache
def _name() -> re.Pattern[str]:
    return re.compile(r"[A-Za-z_][\w.:]*\w(?:\(\))?")


@cache
def _file_name() -> re.Pattern[str]:
    """Match `src/ext/viewcode.py`, `viewcode.py` and the module `sphinx.ext.viewcode`."""
    return re.compile(
        rf"(?:[\w.-]+[/\\])+[\w-][\w.-]*\.[A-Za-z]\w{{0,4}}\b|\b[\w-]+\.(?:{_ENDINGS})\b"
        r"|(?P<dotted>\b[a-z_]\w*(?:\.[a-z_]\w*){1,6}\b)"
    )


@cache
def _in_code() -> re.Pattern[str]:
    return re.compile(r"[a-z0-9][A-Z]|_|\(\)|\w\.\w|[A-Z]{2}[a-z]")


@cache
def _file() -> re.Pattern[str]:
    return re.compile(
        r"\.(com|org|html|io|md|txt|rst|cfg|toml|ini|png|ya?ml|json|log|pyi?|m?js|jsx|tsx?|rs|java|kt|rb|php|cpp)$"
    )
