"""Read generated texts that are hard to parse, in every language: processor time and memory, by language.

    python benchmarks/pathological.py [--lang NAME ...] [--pattern TEXT ...] [--bytes 60000] [--seconds 10]
                                      [--markdown]

Each of the 41 patterns is repeated to a file of `--bytes`, which is extracted as indexing does it: with references, in
a process of its own, within `--seconds` of processor time and 500 MB of memory beyond what the process has at its
start. Then the parts of the file are extracted, by which a file is found that cannot be parsed. The exit status is 1
if a parser crashes, or if the parts of a file take more than a second. Needs Linux.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from codesearch import languages
from codesearch.core import limits
from codesearch.extract.symbols import extract_parts, extract_scan
from codesearch.languages import Language

PATTERNS = (
    "(", "[", "{", "<", '"', "'", "`", ")}]", "<!--", "/*", "(*", "{-", "#", "$", "@a ", "\\", "\\\n", "\n", " \n",
    "a<", "a(", "f(", "a.b(", "a+", "a=", "a,", "a b ", "a::b", "AB_C(x) ", "_\"", "\U0001f600", "=begin\n", "#if a\n",
    "class A ", "class A {\n", "def f(", "function f(", "if a ", "begin\n", "end\n", "-> ",
)  # fmt: skip
"""Openings without an end, operators without operands, heads without bodies, and what only looks like source."""


@dataclass(frozen=True, slots=True)
class Run:
    """One pattern in one language."""

    language: str
    pattern: str
    seconds: float
    """Of processor time."""
    megabytes: int
    """Of memory beyond what the process had at its start."""
    outcome: str
    """`read`, `too slow`, `too much memory`, or `crashed (status N)`."""
    parts: float
    """Seconds to extract the parts instead."""


def run(language: Language, pattern: str, size: int, seconds: float) -> Run:
    """Measure one text."""
    source = (pattern * (size // len(pattern.encode()) + 1)).encode()[:size].decode("utf-8", "ignore").encode()
    path = f"generated{next(iter(language.extensions), '')}"
    base = _measured(lambda: None, seconds)[1]

    def parse() -> None:
        extract_scan(source, language.name, path, whole=True)

    used, peak, status = _measured(parse, seconds)
    start = time.process_time()
    extract_parts(source, language.name, path)
    parts = time.process_time() - start
    return Run(language.name, pattern, used, max(0, peak - base) >> 10, _outcome(status), parts)


def _outcome(status: int) -> str:
    if status == 0:
        return "read"
    if status in limits.OVER_TIME:
        return "too slow"
    return "too much memory" if status in limits.ABORTED or status == MEMORY_ERROR else f"crashed (status {status})"


MEMORY_ERROR = 3


def _measured(work: Callable[[], None], seconds: float) -> tuple[float, int, int]:
    """Do something in a process with the limits of a worker; return its processor time, peak (KB) and exit status."""
    process = os.fork()
    if process == 0:
        status = 4
        try:
            limits.end_when_over_time()
            limits.limit_memory()
            limits.limit_time(seconds)
            work()
            status = 0
        except MemoryError:
            status = MEMORY_ERROR
        finally:
            os._exit(status)
    _, ended, usage = os.wait4(process, 0)
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss, os.waitstatus_to_exitcode(ended)


def runs(wanted: Iterable[Language], patterns: Iterable[str], size: int, seconds: float) -> Iterator[Run]:
    """Yield the measurements, language by language."""
    for language in wanted:
        extract_scan(b"a\n", language.name, "a", whole=True)  # the grammar is loaded before the processes start
        for pattern in patterns:
            yield run(language, pattern, size, seconds)


def shown(pattern: str) -> str:
    """Return a pattern as Markdown."""
    text = pattern.replace("\n", "\\n").replace("|", "\\|")
    return f"`` {text} ``" if "`" in text else f"`{text}`"


def table(found: list[Run]) -> Iterator[str]:
    """Yield the rows of a table by language, the slowest first, of those that take a second or 100 MB."""
    yield "| language | over a second | not read | slowest | most memory |"
    yield "|---|--:|--:|---|---|"
    by_language: dict[str, list[Run]] = {}
    for one in found:
        by_language.setdefault(one.language, []).append(one)
    for name, some in sorted(by_language.items(), key=lambda item: -sum(one.seconds for one in item[1])):
        slowest, hungriest = max(some, key=lambda one: one.seconds), max(some, key=lambda one: one.megabytes)
        if slowest.seconds >= 1 or hungriest.megabytes >= 100:
            slow, failed = sum(one.seconds > 1 for one in some), sum(one.outcome != "read" for one in some)
            yield (
                f"| {languages.get(name).display} | {slow} | {failed} | {slowest.seconds:.1f} s: "
                f"{shown(slowest.pattern)} | {hungriest.megabytes} MB: {shown(hungriest.pattern)} |"
            )


def main() -> int:
    """Run the command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lang", action="append", default=[])
    parser.add_argument("--pattern", action="append", default=[])
    parser.add_argument("--bytes", type=int, default=60_000)
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--markdown", action="store_true", help="print the table by language")
    given = parser.parse_args()
    assert hasattr(signal, "setitimer"), "needs Unix"
    wanted = [languages.get(name) for name in given.lang] or list(languages.all())
    found = []
    for one in runs(wanted, given.pattern or PATTERNS, given.bytes, given.seconds):
        found.append(one)
        if one.seconds > 1 or one.outcome != "read":
            row = f"{one.language:16} {one.pattern!r:16} {one.seconds:6.1f} s {one.megabytes:5} MB  {one.outcome}"
            print(row, file=sys.stderr, flush=True)
    if given.markdown:
        print("\n".join(table(found)))
    failed = [one for one in found if one.outcome != "read"]
    read = len(found) - len(failed)
    print(f"{len(found):,} texts in {len(wanted)} languages: {read:,} read, {len(failed)} found by their parts")
    print(f"slowest parts: {max(one.parts for one in found):.2f} s")
    return int(any(one.outcome.startswith("crashed") or one.parts > 1 for one in found))


if __name__ == "__main__":
    sys.exit(main())
