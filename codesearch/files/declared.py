"""The encoding that a file declares: for Python, Ruby, Emacs, Vim, XML, HTML, CSS, Perl, PHP or SQL."""

from __future__ import annotations

import codecs
import contextlib
import re
from collections.abc import Iterator

_HEAD, _TAIL = 2048, 1024
"""Bytes at the start and at the end that are searched for a declaration."""
_NAME = rb"[\"']?([A-Za-z][-\w.]+)"
_FIRST_LINES = re.compile(rb"coding[ \t]*[:=][ \t]*" + _NAME)
"""PEP 263, which Ruby and Emacs share; only in the first two lines. `fileencoding=` is one, too."""
_IN_HEAD = re.compile(
    rb"<\?xml[^>]*?\bencoding[ \t]*=[ \t]*" + _NAME
    + rb"|<meta[^>]*?\bcharset[ \t]*=[ \t]*" + _NAME
    + rb"|^@charset[ \t]+" + _NAME
    + rb"|^[ \t]*use[ \t]+encoding[ \t]+" + _NAME
    + rb"|\bdeclare[ \t]*\([ \t]*encoding[ \t]*=[ \t]*" + _NAME
    + rb"|^[ \t]*set[ \t]+names[ \t]+" + _NAME,
    re.IGNORECASE | re.MULTILINE,
)  # fmt: skip
_VIM = re.compile(rb"(?:^|\s)(?:vim?|ex):[^\n]*?\b(?:fileencoding|fenc)=" + _NAME)
"""In the first or last five lines."""
_EMACS = re.compile(rb"Local Variables:.*?\bcoding:[ \t]*" + _NAME, re.DOTALL)
_VIM_LINES = 5

_LANGUAGE = re.compile(r"^(?:x|chinese|japanese|korean|cyrillic|thai)-")
_LINE_ENDS = re.compile(r"-(?:unix|dos|mac)$")
_OTHER_NAMES = {
    "japanese-iso-8bit": "euc_jp",
    "chinese-iso-8bit": "gb2312",
    "korean-iso-8bit": "euc_kr",
    "cyrillic-iso-8bit": "iso8859-5",
    "cyrillic-koi8": "koi8-r",
    "euc-cn": "gb2312",
    "windows-31j": "cp932",
}
"""Names from Emacs, Vim and IANA that Python does not know."""
_SUPERSETS = {"gb2312": "gb18030", "gbk": "gb18030", "shift_jis": "cp932", "euc_kr": "cp949", "big5": "cp950",
              "cp950": "big5hkscs", "euc_jp": "euc_jis_2004"}  # fmt: skip
"""Tried if a text has letters that the declared encoding lacks: many programs write the larger one."""
_OTHERS = re.compile(
    r"utf|ascii|iso8859-1$|cp1252|escape|punycode|idna|undefined|mbcs|oem|hz$|rot|base64|hex|zlib|bz2|uu|quopri"
)
"""Ignored: encodings that are recognised without a declaration, and those that are not encodings of text."""
_MOST_WRONG = 0.02
"""Share of the letters beyond ASCII that may be damaged."""


def decoded(data: bytes) -> tuple[str, str] | None:
    """Return (text, encoding) if a file declares an encoding that the text is in; None otherwise."""
    for declared in _declarations(data):
        name = _codec(declared)
        if name is None:
            continue
        for tried in (name, _SUPERSETS.get(name, name)):
            with contextlib.suppress(UnicodeError):
                return data.decode(tried), tried
        text = data.decode(name, "replace")
        beyond = sum(not character.isascii() for character in text)
        if text.count("\ufffd") <= _MOST_WRONG * beyond:
            return text, name
    return None


def _declarations(data: bytes) -> Iterator[str]:
    head, tail = data[:_HEAD], data[-_TAIL:]
    lines = head.split(b"\n")
    last = tail.split(b"\n")[-_VIM_LINES - 1 :]
    for pattern, where in (
        (_FIRST_LINES, b"\n".join(lines[:2])),
        (_VIM, b"\n".join(lines[:_VIM_LINES])),
        (_VIM, b"\n".join(last)),
        (_IN_HEAD, head),
        (_EMACS, tail),
    ):
        found = pattern.search(where)
        if found is not None:
            yield next(group for group in found.groups() if group).decode("ascii", "replace")


def _codec(declared: str) -> str | None:
    """Return Python's name of an encoding; None if it is unknown or ignored."""
    plain = _LINE_ENDS.sub("", declared.lower())
    for name in (plain, _OTHER_NAMES.get(plain, ""), _LANGUAGE.sub("", plain)):
        try:
            found = codecs.lookup(name).name
        except LookupError:
            continue
        return None if _OTHERS.search(found) else found
    return None
