"""Where log messages go."""

from __future__ import annotations

import io
import logging
import sys

import pytest

from codesearch.core import log_output


def test_messages_go_to_what_stderr_is_when_they_are_written(monkeypatch: pytest.MonkeyPatch) -> None:
    logger = logging.getLogger("codesearch")
    kept = logger.level, logger.propagate, [*logger.handlers]
    try:
        closed = io.StringIO()
        monkeypatch.setattr(sys, "stderr", closed)
        log_output.configure("info")
        logger.info("one")
        closed.close()
        later = io.StringIO()
        monkeypatch.setattr(sys, "stderr", later)
        logger.info("two")
        assert later.getvalue().endswith("codesearch: two\n")
    finally:
        level, logger.propagate, logger.handlers[:] = kept
        logger.setLevel(level)
