"""The log of a gateway as JSON: one object per line."""

from __future__ import annotations

import json
import logging
import os
from datetime import datetime, timezone

from codesearch.core import log_output
from codesearch.core.log import VARIABLE
from codesearch.server.watching import about_request

FORMATS = ("text", "json")


class JsonFormatter(logging.Formatter):
    """Writes a record as a JSON object: when, how grave, where from, what, and about which request."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line, in ASCII, so that no text can break it or steer a terminal."""
        at = datetime.fromtimestamp(record.created, timezone.utc).isoformat(timespec="milliseconds")
        known = {
            "time": at.replace("+00:00", "Z"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if record.exc_info:
            known["exception"] = self.formatException(record.exc_info)
        return json.dumps({**known, **about_request()})


def configure() -> None:
    """Write the log as JSON to stderr: messages from `info` on, or from the level in CODESEARCH_LOG."""
    log_output.configure(os.environ.get(VARIABLE, "").strip() or "info", JsonFormatter())
