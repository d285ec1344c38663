"""Where log messages go when logging is on: stderr, with milliseconds and the process that wrote them."""

from __future__ import annotations

import logging
import sys

FORMAT = "%(asctime)s.%(msecs)03d %(levelname)-7s %(process)d %(name)s: %(message)s"


class _OneLine(logging.Formatter):
    """Formats a record as one printable line; file names may contain terminal escape sequences."""

    def formatMessage(self, record: logging.LogRecord) -> str:
        """Return the formatted record with control characters as escapes."""
        text = super().formatMessage(record)
        return "".join(one if one.isprintable() else ascii(one)[1:-1] for one in text)


class _Stderr(logging.StreamHandler):  # type: ignore[type-arg]  # not subscriptable in Python 3.10
    """Writes to what stderr is now, not to what it was when logging was set up."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write a record."""
        self.stream = sys.stderr
        super().emit(record)


_handler = _Stderr()
_handler.setFormatter(_OneLine(FORMAT, "%H:%M:%S"))


def configure(level: str, formatter: logging.Formatter | None = None) -> None:
    """Write the messages of the package's loggers at `level` and above to stderr, as `formatter` has them."""
    if formatter is not None:
        _handler.setFormatter(formatter)
    logger = logging.getLogger("codesearch")
    logger.setLevel(level.upper())
    logger.addHandler(_handler)  # adding it twice has no effect
    logger.propagate = False
