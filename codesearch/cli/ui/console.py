"""Standard output and error: encodings, closed pipes, colours, widths."""

from __future__ import annotations

import codecs
import os
import re
import shutil
import sys
import unicodedata
from typing import BinaryIO, Literal, NamedTuple

from codesearch.core.errors import UsageError
from codesearch.core.visible import visible

ColorWish = Literal["auto", "always", "never"]

LONGEST_LINE = 500
"""Columns of a line of source if stdout is not a terminal."""
_SAFE_ERRORS = "codesearch-output"
_KEPT = "\t" + "".join(map(chr, range(0xDC80, 0xDD00)))
"""Characters that `clean` keeps: tabs, and the bytes of file names that are not UTF-8."""


class PipeClosedError(Exception):
    """The reader of our output has closed the pipe."""


def _encode_anyway(error: UnicodeError) -> tuple[str | bytes, int]:
    """Encode characters that the encoding lacks: undecodable bytes of file names unchanged, others as escapes."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    out = bytearray()
    for character in error.object[error.start : error.end]:
        code = ord(character)
        if 0xDC80 <= code <= 0xDCFF:
            out.append(code - 0xDC00)
        else:
            out += character.encode("ascii", "backslashreplace")
    return bytes(out), error.end


def prepare() -> None:
    """Make stdout accept any file name in any locale."""
    codecs.register_error(_SAFE_ERRORS, _encode_anyway)
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors=_SAFE_ERRORS)


def write(text: str) -> None:
    """Write to stdout. Raises PipeClosedError if nothing reads it, OSError if the disk is full."""
    if sys.stdout is None:
        raise PipeClosedError
    try:
        sys.stdout.write(text)
    except OSError as error:
        raise _not_written(error) from None


def flush() -> None:
    """Flush stdout. Raises as `write`."""
    if sys.stdout is None:
        return
    try:
        sys.stdout.flush()
    except OSError as error:
        raise _not_written(error) from None


def _not_written(error: OSError) -> Exception:
    if isinstance(error, BrokenPipeError):
        return PipeClosedError()
    return OSError(error.errno, f"cannot be written ({error.strerror})", "standard output")


def stdin() -> BinaryIO:
    """Return stdin, as bytes. Raises UsageError if the process was started without one (`<&-`)."""
    if sys.stdin is None:
        raise UsageError("- reads standard input, and there is none: it is closed")
    return sys.stdin.buffer


def given(text: str) -> str:
    """Return an argument, or what stdin holds if that is `-`. Raises UsageError if there is no stdin."""
    return stdin().read().decode("utf-8", "surrogateescape") if text == "-" else text


def abandon() -> None:
    """Discard further output, so that a closed pipe or a full disk causes no error when the process exits."""
    if sys.stdout is None:
        return
    try:
        descriptor = sys.stdout.fileno()
    except (OSError, ValueError):
        return
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, descriptor)
    os.close(nowhere)


def message(text: str) -> None:
    """Print a message on stderr, on one line."""
    if sys.stderr is not None:
        print(f"codesearch: {clean(text)}", file=sys.stderr, flush=True)


def confirmed(question: str, instead: str) -> bool:
    """Ask a question on the terminal; only "y" or "yes" is a yes. Raises UsageError without a terminal.

    `instead` then says what to do, as a clause.
    """
    flush()
    if sys.stdin is None or not sys.stdin.isatty() or not stderr_is_terminal():
        raise UsageError(f"this asks before it acts, and there is no terminal to ask on; {instead}")
    print(f"codesearch: {clean(question)} [y/N] ", end="", file=sys.stderr, flush=True)
    return sys.stdin.readline().strip().lower() in ("y", "yes")


def stderr_is_terminal() -> bool:
    """Whether stderr is a terminal that can redraw a line."""
    return sys.stderr is not None and sys.stderr.isatty() and os.environ.get("TERM") != "dumb"


def clean(text: str) -> str:
    """Return text as one line without what could control the terminal, hide text or reorder it."""
    return visible(text, keep=_KEPT)


class Look(NamedTuple):
    """How text is shown on stdout."""

    color: bool = False
    links: bool = False
    """File names are hyperlinks (OSC 8)."""
    width: int | None = None
    """Columns; None if stdout is not a terminal."""
    height: int | None = None
    """Lines of the terminal."""
    unicode: bool = True
    """Box-drawing characters can be shown."""

    @property
    def bar(self) -> str:
        """The bar between line numbers and source."""
        return "│" if self.unicode else "|"

    @property
    def more(self) -> str:
        """The mark for text that was cut off."""
        return "…" if self.unicode else "..."

    def paint(self, text: str, codes: str) -> str:
        """Return text with SGR codes such as `1;34`, if colours are on."""
        return f"\x1b[{codes}m{text}\x1b[0m" if self.color and text else text

    def link(self, text: str, target: str) -> str:
        """Return text as a link to `target`, a URL, if the terminal supports it."""
        return f"\x1b]8;;{target}\x1b\\{text}\x1b]8;;\x1b\\" if self.links else text

    def fit(self, text: str, used: int = 0) -> str:
        """Return text cut to the width that remains after `used` columns."""
        return cut(text, LONGEST_LINE if self.width is None else max(1, self.width - used), self.more)


def look(wish: ColorWish) -> Look:
    """Decide how to show text: by an explicit choice, else by NO_COLOR, FORCE_COLOR and the terminal."""
    out = sys.stdout
    terminal = out is not None and out.isatty()
    term = os.environ.get("TERM", "")
    if wish != "auto":
        color = wish == "always"
    elif os.environ.get("NO_COLOR"):
        color = False
    elif os.environ.get("FORCE_COLOR"):
        color = os.environ["FORCE_COLOR"] != "0"
    else:
        color = terminal and term != "dumb"
    if color and terminal and os.name == "nt":
        import colorama  # type: ignore[import-untyped]

        colorama.just_fix_windows_console()
    try:
        "│…".encode(out.encoding or "ascii")
        box = True
    except (LookupError, UnicodeEncodeError, AttributeError):
        box = False
    return Look(
        color=color,
        links=color and terminal and term not in ("dumb", "linux"),
        width=max(20, shutil.get_terminal_size().columns) if terminal else None,
        height=max(8, shutil.get_terminal_size().lines) if terminal else None,
        unicode=box,
    )


def columns(text: str) -> int:
    """Return how many terminal columns a text takes."""
    if text.isascii():
        return len(text)
    return sum(_columns(character) for character in text)


def _columns(character: str) -> int:
    if unicodedata.combining(character) or unicodedata.category(character) in ("Cf", "Me"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


_CODES = re.compile("(\x1b\\[[0-9;]*m)")


def cut(text: str, width: int, more: str) -> str:
    """Return text, which may contain SGR codes, cut to `width` columns; it ends in `more` if it was cut."""
    parts = _CODES.split(text)
    if columns("".join(parts[::2])) <= width:
        return text
    room = width - columns(more)
    kept: list[str] = []
    for plain, code in zip(parts[::2], [*parts[1::2], ""], strict=True):
        for character in plain:
            room -= _columns(character)
            if room < 0:
                return "".join(kept) + ("\x1b[0m" if len(parts) > 1 else "") + more
            kept.append(character)
        kept.append(code)
    return "".join(kept)
