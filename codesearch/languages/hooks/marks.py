"""Comments whose marks are unusual: `"` in Vim script, `!` in Fortran, `%` in MATLAB, `#'` in R, braces in Pascal."""

from __future__ import annotations

import re

_MARK = re.compile(r"^[ \t]*(?:\"+|![!<>$]?|%+|#+|\{+|'(?=[ \t]|$))[ \t]?|[ \t]*\}$", re.MULTILINE)
_NO_TEXT = re.compile(r"^@(?:export|rdname|noRd|inheritParams|keywords|importFrom)\b[^\n]*\n?", re.MULTILINE)
_TEXT_TAG = re.compile(r"^@(?:description|title|details)[ \t]+", re.MULTILINE)


def without_marks(text: str) -> str:
    """Return documentation without the marks of comments that begin its lines."""
    return _TEXT_TAG.sub("", _NO_TEXT.sub("", _MARK.sub("", text))).strip("\n ")


_TAG = re.compile(r"^[ \t]*@(?:notice|dev|title)[ \t]+", re.MULTILINE)


def without_tags(text: str) -> str:
    """Return documentation of Solidity without the tags that begin its sentences."""
    return _TAG.sub("", text)
