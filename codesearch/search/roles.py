"""What paths and documentation say for or against a candidate, beside its features.

Against it: replaced code, deprecated symbols, another platform's variant. For it: a pasted text names its file, or a
pasted stack trace calls it there. A variant counts only beside its sibling: `lock_windows.go` if `lock_unix.go` or
`lock.go` is a candidate, too; `v3/` if `v4/` beside it has candidates. A question that names such a thing (`legacy`,
`windows`) gets it without a deduction. Weights are chosen by hand within what mined queries allow
(docs/architecture.md).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import cache, lru_cache
from operator import mul
from typing import NamedTuple

from codesearch.core.types import Symbol
from codesearch.search.query import Query
from codesearch.search.wording import file_keys

SUPERSEDED = 0.3
DEPRECATED = 0.3
VARIANT = 0.6
"""Subtracted from the sum of a candidate with this role."""
NAMED_FILE, FRAME = -1.0, -2.0
"""Added, so that they are negative here."""
_WEIGHTS = (SUPERSEDED, DEPRECATED, VARIANT, NAMED_FILE, FRAME)

_REPLACED = dict.fromkeys(("legacy", "deprecated", "old", "obsolete", "superseded", "attic"), 1.0) | {"compat": 0.5}
"""Names of folders of replaced code, and how much each says: what is called `compat` may also be in use."""
_ASKS_FOR_REPLACED = frozenset({*_REPLACED, "compatibility"})
_ASKS_FOR_DEPRECATED = frozenset({"deprecated", "deprecation", "obsolete"})
"""Words of a question that asks for such code."""
_VERSION = re.compile(r"v([1-9]\d?)")
_MAIN = frozenset({"unix", "posix", "linux", "epoll", "generic", "default", "common"})
"""Platforms and words for them that most readers mean, in folders and names of files."""
_OTHERS = frozenset(
    "windows win win32 win64 winnt darwin macos osx aix kqueue freebsd netbsd openbsd dragonfly solaris sunos plan9 "
    "android haiku zos os390 cygwin mingw wasm wasip1 wasi emscripten nacl qnx vxworks".split()
)
_PART = re.compile(r"[^\W_]+")
_NOTICE = r"@deprecated\b|\bdeprecated:|\.\. deprecated::|\\deprecated\b|^\W*deprecated\b"


class Role(NamedTuple):
    """What is said for or against a candidate, each from 0 to 1."""

    superseded: float = 0.0
    """In a folder of replaced code."""
    deprecated: float = 0.0
    """Its documentation says that it is deprecated."""
    variant: float = 0.0
    """In a file for another platform, beside one for the usual platforms or for all."""
    named_file: float = 0.0
    """In a file that a pasted text names, such as that of a stack frame."""
    frame: float = 0.0
    """In a pasted stack trace: 1 for the innermost frame that is a candidate, 1/2 for the next one, 1/3, ..."""

    def rows(self) -> list[tuple[str, float, float]]:
        """Return (name, value, weight) of each."""
        return list(zip(self._fields, self, _WEIGHTS, strict=True))

    @property
    def deduction(self) -> float:
        """What is subtracted from its sum."""
        return float(sum(map(mul, self, _WEIGHTS)))


NONE = Role()


class _Place(NamedTuple):
    """What a path says."""

    replaced: float
    """How much the names of its folders say that the code was replaced."""
    versions: tuple[tuple[str, int], ...]
    """(path up to a folder such as `v3`, its number)."""
    platforms: frozenset[str]
    """Words for other platforms than the usual ones."""
    without: str
    """The path without words for platforms: the same for siblings."""


def roles(query: Query, symbols: Sequence[Symbol]) -> list[Role]:
    """Return the role of each candidate's symbol among all of them."""
    asked = {*query.terms, *_words(query.where.paths)}
    places = {path: _place(path) for path in {symbol.path for symbol in symbols}}
    newest: dict[str, int] = {}
    usual = set()
    for place in places.values():
        for above, number in place.versions:
            newest[above] = max(number, newest.get(above, 0))
        if not place.platforms:
            usual.add(place.without)
    of_path = {
        path: (
            _superseded(place, newest, asked),
            float(bool(place.platforms) and place.without in usual and asked.isdisjoint(place.platforms)),
            float(bool(query.files) and not query.files.isdisjoint(file_keys(path))),
        )
        for path, place in places.items()
    }
    wants_deprecated = not asked.isdisjoint(_ASKS_FOR_DEPRECATED)
    return [
        Role(superseded, float(not wants_deprecated and _is_deprecated(symbol)), variant, named, frame)
        for symbol, frame in zip(symbols, _frames(query, symbols), strict=True)
        for superseded, variant, named in [of_path[symbol.path]]
    ]


def _frames(query: Query, symbols: Sequence[Symbol]) -> list[float]:
    """Return how near each symbol is to the innermost frame of the stack traces in the query."""
    if not query.frames:
        return [0.0] * len(symbols)
    positions: dict[tuple[str, str], int] = {}
    for position, frame in enumerate(query.frames):
        positions.setdefault(frame, position)
    at = [min([positions[key] for key in _calls(one) if key in positions], default=None) for one in symbols]
    order = {position: rank for rank, position in enumerate(sorted({one for one in at if one is not None}), 1)}
    return [0.0 if one is None else 1 / order[one] for one in at]


def _calls(symbol: Symbol) -> Iterator[tuple[str, str]]:
    """Yield what a frame in a symbol may look like."""
    return ((symbol.name, key) for key in file_keys(symbol.path))


def _superseded(place: _Place, newest: dict[str, int], asked: set[str]) -> float:
    if any(number < newest[above] and f"v{number}" not in asked for above, number in place.versions):
        return 1.0
    return place.replaced if asked.isdisjoint(_ASKS_FOR_REPLACED) else 0.0


def _is_deprecated(symbol: Symbol) -> bool:
    return "deprecated" in symbol.documentation.lower() and _notice().search(symbol.documentation) is not None


@cache
def _notice() -> re.Pattern[str]:
    """Return the pattern, compiled when a query has such a candidate."""
    return re.compile(_NOTICE, re.I | re.M)


def _words(paths: Iterable[str]) -> list[str]:
    return [word for path in paths for word in _PART.findall(path.lower())]


@lru_cache(maxsize=1 << 13)
def _place(path: str) -> _Place:
    *folders, name = path.lower().split("/")
    stem, _, extension = name.partition(".")
    words = frozenset(_PART.findall("/".join((*folders, stem))))
    versions = tuple(
        ("/".join(folders[:at]), int(found[1]))
        for at, folder in enumerate(folders)
        if (found := _VERSION.fullmatch(folder)) is not None
    )
    kept = [word for word in re.split(r"[/_-]", "/".join((*folders, stem))) if word not in _OTHERS | _MAIN]
    replaced = max((_REPLACED.get(folder, 0.0) for folder in folders), default=0.0)
    return _Place(replaced, versions, words & _OTHERS, "/".join((*kept, extension)))
