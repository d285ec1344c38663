"""Logging: free until it is switched on, then one printable line per message on stderr."""

from __future__ import annotations

import os
import re
import subprocess
import sys

import pytest

from codesearch.core import log


def run(code: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env={**os.environ, **environment}, timeout=60
    )


def test_a_log_call_does_not_import_logging():
    done = run(
        "import sys\nfrom codesearch.core.log import Log\n"
        "log = Log('codesearch.x')\nlog.debug('a %d', 1)\nlog.info('b')\nlog.warning('c')\n"
        "assert not log.enabled\nassert 'logging' not in sys.modules"
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_messages_have_milliseconds_level_process_and_name():
    done = run(
        "from codesearch.core import log\nlog.configure('debug')\nlog.configure('debug')\n"
        "log.Log('codesearch.indexing').debug('planned %d changed in %.1f ms', 3, 2.5)"
    )
    assert re.fullmatch(
        r"\d\d:\d\d:\d\d\.\d{3} DEBUG   \d+ codesearch\.indexing: planned 3 changed in 2\.5 ms\n", done.stderr
    )


def test_a_message_cannot_command_the_terminal():
    done = run(r"from codesearch.core import log; log.configure('info'); log.Log('codesearch').info('a\x1b[2J\nb')")
    assert done.stderr.endswith(r"codesearch: a\x1b[2J\nb" + "\n")


@pytest.mark.parametrize(("level", "shown"), [("debug", "abc"), ("INFO", "bc"), ("warning", "c"), ("", ""), ("  ", "")])
def test_the_environment_sets_the_level(level: str, shown: str):
    done = run(
        "from codesearch.core import log\nlog.configure_from_environment()\nl = log.Log('codesearch.x')\n"
        "l.debug('a')\nl.info('b')\nl.warning('c')",
        CODESEARCH_LOG=level,
    )
    assert "".join(line[-1] for line in done.stderr.splitlines()) == shown


def test_an_unknown_level_is_an_error():
    done = run("from codesearch.core import log; log.configure_from_environment()", CODESEARCH_LOG="loud")
    assert "environment CODESEARCH_LOG: unknown level 'loud'; use debug, info or warning" in done.stderr


def test_a_program_that_configures_logging_gets_the_messages(caplog: pytest.LogCaptureFixture):
    with caplog.at_level("DEBUG", "codesearch"):
        assert log.Log("codesearch.store").enabled
        log.Log("codesearch.store").debug("opened %s", "x.db")
    record = caplog.records[-1]
    assert (record.name, record.getMessage(), record.funcName) == (
        "codesearch.store",
        "opened x.db",
        "test_a_program_that_configures_logging_gets_the_messages",
    )
