"""Logging that costs nothing until it is switched on.

Modules log through `Log`, a stand-in for `logging.Logger`. It does nothing until `logging` has been imported: by a
program that uses the library and configures logging, or by `configure`, which `--verbose` and CODESEARCH_LOG call.
Importing `logging` takes several milliseconds, which a cold query must not pay.

    log = Log("codesearch.indexing")
    log.debug("planned %d changed, %d deleted in %.0f ms", changed, deleted, milliseconds)
"""

from __future__ import annotations

import os
import sys
from typing import Any

from codesearch.core.errors import UsageError

VARIABLE = "CODESEARCH_LOG"
"""The environment variable that sets the level."""
LEVELS = ("debug", "info", "warning")


class Log:
    """A logger by name. It checks at each call whether `logging` is imported, and never imports it."""

    __slots__ = ("name",)

    def __init__(self, name: str) -> None:
        self.name = name

    @property
    def enabled(self) -> bool:
        """Whether debug messages are recorded. Check it before computing something only to log it."""
        logging = _logging()
        return logging is not None and bool(logging.getLogger(self.name).isEnabledFor(logging.DEBUG))

    def debug(self, message: str, *arguments: object) -> None:
        """Log how something was done: durations, counts, choices."""
        self._log("DEBUG", message, arguments)

    def info(self, message: str, *arguments: object) -> None:
        """Log what was decided or done: a few lines per command."""
        self._log("INFO", message, arguments)

    def warning(self, message: str, *arguments: object) -> None:
        """Log something that went wrong and was worked around."""
        self._log("WARNING", message, arguments)

    def _log(self, level: str, message: str, arguments: tuple[object, ...]) -> None:
        logging = _logging()
        if logging is not None:
            logging.getLogger(self.name).log(getattr(logging, level), message, *arguments, stacklevel=3)


def _logging() -> Any:
    """Return the module, or None if it is not imported (or not completely: another thread may be importing it)."""
    module = sys.modules.get("logging")
    return module if hasattr(module, "getLogger") else None


def configure(level: str) -> None:
    """Write the messages of codesearch at `level` and above to stderr, one line each; call it again to change it."""
    from codesearch.core import log_output

    log_output.configure(level)


def configure_from_environment() -> None:
    """Apply CODESEARCH_LOG; without it, do nothing. Raises UsageError if its value is not a level."""
    level = os.environ.get(VARIABLE, "").strip().lower()
    if not level:
        return
    if level not in LEVELS:
        raise UsageError(f"environment {VARIABLE}: unknown level '{level}'; use debug, info or warning")
    configure(level)
