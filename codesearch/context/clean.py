"""Text of a repository as it may be shown: nothing in it moves a cursor, hides letters or ends a code block."""

from __future__ import annotations

import re

_UNSAFE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f"  # control characters, except tab and line feed
    "\u061c\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff"  # invisible characters, and those that reorder text
    "\u2028\u2029\ufff9-\ufffb\ud800-\udfff"  # other line breaks, annotations, half characters
    "\U000e0000-\U000e007f]"  # invisible copies of ASCII
)
_FENCE = re.compile(r"`{3,}")


def clean(text: str) -> str:
    """Return a text whose control and invisible characters are written out as escapes."""
    return _UNSAFE.sub(_escaped, text)


def one_line(text: str) -> str:
    """Return a cleaned text without line breaks and tabs, for a path or a name."""
    return clean(text).replace("\n", "\\n").replace("\t", "\\t")


def fence(text: str) -> str:
    """Return a fence for a code block that the text cannot end."""
    return "`" * max(3, 1 + max((len(run) for run in _FENCE.findall(text)), default=0))


def _escaped(found: re.Match[str]) -> str:
    code = ord(found[0])
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
