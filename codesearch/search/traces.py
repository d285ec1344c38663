"""Finds the frames of a pasted stack trace, as languages print them. The text may be on one line."""

from __future__ import annotations

import re
from functools import cache
from typing import NamedTuple

MAX_FRAMES = 32
"""Frames that are read, the innermost ones."""

_NAME = r"(?P<name>[\w$.<>\[\]:/*()~-]{1,200}?)"
_FILE = r"(?P<file>[^\s\"'()]{1,300}?"
_FORMS = (
    # Java, Kotlin, Scala: `at com.app.Pool.take(Pool.java:12)`
    rf"\bat {_NAME}\({_FILE}\.(?:java|kt|scala|groovy)):\d+\)",
    # JavaScript: `at async Pool.take (/srv/app/pool.js:12:5)`
    rf"\bat (?:async |new )*{_NAME} \({_FILE}\.\w{{1,4}}):\d+:\d+\)",
    # C#: `at App.Pool.Take(String name) in /srv/Pool.cs:line 12`
    rf"\bat {_NAME}\([^()]{{0,300}}\) in {_FILE}\.\w{{1,4}}):line \d+",
    # Go: `main.(*Pool).Take(0xc000, 0x1) /srv/pool.go:12 +0x1d`
    rf"(?:^|\s){_NAME}\([^()]{{0,300}}\)\s+{_FILE}\.go):\d+",
    # Rust: `12: app::pool::take at ./src/pool.rs:12:5`
    rf"(?:^|\s)\d+:\s+{_NAME}\s+at {_FILE}\.rs):\d+",
    # PHP: `#0 /srv/Pool.php(12): App\Pool->take('a')`
    rf"#\d+ {_FILE}\.php)\(\d+\): (?P<name>[\w\\:>-]{{1,200}})\(",
    # Ruby: `/srv/pool.rb:12:in 'Pool#take'`
    rf"(?:^|[\s]){_FILE}\.rb):\d+:in [`'](?:block [^'`]{{0,40}}in )?(?P<name>[^'`]{{1,200}})'",
)
_PYTHON = r'\bFile +"?(?P<file>[^",\n]{1,300}?)"? *, line \d+, in (?P<name>[\w<>]{1,200})'
"""The only form here whose innermost frame is the last one. A query has lost its quotes."""


class Frame(NamedTuple):
    """A call in a stack trace."""

    name: str
    """The function, without what contains it: `take` of `App\\Pool->take`."""
    file: str
    """Its file as the trace has it, with `/`."""


def frames(text: str) -> list[Frame]:
    """Return the frames of the stack traces in a text, innermost first, at most MAX_FRAMES."""
    python, forms = _patterns()
    found = [_frame(match) for match in python.finditer(text)][::-1]
    for form in forms:
        found += [_frame(match) for match in form.finditer(text)]
    return [frame for frame in found if frame.name][:MAX_FRAMES]


def _frame(match: re.Match[str]) -> Frame:
    parts = re.findall(r"\w+[?!]?", re.sub(r"<[^<>]*>|\[[^\[\]]*\]|\$\w*$", "", match["name"]))
    return Frame(parts[-1] if parts else "", match["file"].replace("\\", "/"))


@cache
def _patterns() -> tuple[re.Pattern[str], tuple[re.Pattern[str], ...]]:
    return re.compile(_PYTHON), tuple(map(re.compile, _FORMS))
