"""The reports of `index`, `status` and `config`."""

from __future__ import annotations

import os
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

from codesearch.cli.ui import console
from codesearch.cli.ui.console import Look, clean
from codesearch.core.counts import number

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from codesearch.indexing.request import Report
    from codesearch.rerank.backfill import BackfillReport
    from codesearch.settings import Described
    from codesearch.status import Status

MOST = 8
"""Maximum number of unknown file extensions that a status names."""
MOST_FAILED = 3
"""Maximum number of files that an update names of those it could not parse."""


def printed(value: object, lines: Iterable[str], *, as_json: bool) -> None:
    """Print a report: `value` as JSON, or `lines` as text."""
    if as_json:
        from codesearch.cli.ui.render import print_json

        print_json(value, indent=2)
        return
    for line in lines:
        console.write(line + "\n")


def size(count: float) -> str:
    """Format a number of bytes: `1.4 MB`."""
    for unit in ("bytes", "kB", "MB", "GB"):
        if count < 1000 or unit == "GB":
            return f"{count:,.0f} {unit}" if unit == "bytes" else f"{count:,.1f} {unit}"
        count /= 1000
    raise AssertionError


def done(report: Report, root: Path) -> str:
    """Return a summary of an update on one line."""
    if not report.changed and not report.deleted:
        return f"{root}: up to date ({number(report.unchanged, 'file')})"
    parts = []
    if report.changed:
        speed = size(report.bytes / max(report.seconds, 1e-6))
        parts.append(
            f"{number(report.changed, 'file')} indexed in {report.seconds:.1f} s "
            f"({number(report.symbols, 'symbol')}, {speed}/s)"
        )
    if report.deleted:
        parts.append(f"{report.deleted:,} deleted")
    if report.unchanged:
        parts.append(f"{report.unchanged:,} unchanged")
    return f"{root}: " + ", ".join(parts)


def failures(report: Report) -> str:
    """Return a sentence about the files that an update could not parse, which are hardly searchable."""
    named = ", ".join(clean(path) for path in report.failed[:MOST_FAILED])
    more = f" and {len(report.failed) - MOST_FAILED:,} more" if len(report.failed) > MOST_FAILED else ""
    return (
        f"{number(len(report.failed), 'file')} could not be parsed: {named}{more} "
        "(`codesearch status --skipped` says why)"
    )


SHOULD_BE_SEARCHABLE = frozenset(
    {"parse failed", "parse timeout", "no grammar", "interrupted", "unreadable", "encoding"}
)
"""Why a file is left out that the rules for files let in; other reasons, such as `minified`, are those rules."""


def update_object(report: Report, status: Status, root: Path, index: Path) -> dict[str, Any]:
    """Return what an update did, and what the index then holds, as JSON."""
    return {
        "root": str(root),
        "index": str(index),
        "changed": report.changed,
        "deleted": report.deleted,
        "unchanged": report.unchanged,
        "left": report.left,
        "symbols": report.symbols,
        "source_bytes": report.bytes,
        "index_bytes": status.index_bytes,
        "seconds": round(report.seconds, 3),
        "failed": list(report.failed),
        "notes": list(report.notes),
        "total": {
            "files": status.files,
            "lines": status.lines,
            "source_bytes": status.source_bytes,
            "symbols": status.symbols,
        },
        "coverage": {"model": status.second_stage, "embedded": status.embedded, "symbols": status.embeddable}
        if status.second_stage
        else None,
        "skipped_files": [
            {"path": one.path, "reason": one.reason, "detail": one.detail}
            for one in sorted(status.skipped, key=lambda one: (one.reason, one.path))
        ],
    }


def filled(report: BackfillReport, model: str) -> str:
    """Return the coverage of the reranker's vectors on one line."""
    if report.embedded:
        speed = report.embedded / max(report.seconds, 1e-6)
        did = f"embedded {number(report.embedded, 'text')} with {model} in {report.seconds:.1f} s ({speed:,.0f}/s), "
    else:
        did = f"nothing to embed with {model}, "
    if report.cached:
        did += f"{number(report.cached, 'vector')} from the shared cache, "
    if not report.left:
        return did + f"all {report.total:,} symbols embedded"
    return did + f"{report.done:,} of {report.total:,} symbols embedded; the rest changed since they were indexed"


def state(status: Status) -> str:
    """Describe whether an index is up to date with its tree."""
    if not status.exists:
        return f"not indexed yet ({number(status.changed, 'file')} to read)"
    if status.fresh:
        return "up to date"
    parts = []
    if status.changed:
        parts.append(f"{number(status.changed, 'file')} new or changed")
    if status.deleted:
        parts.append(f"{status.deleted:,} deleted")
    return f"out of date: {', '.join(parts)}; the next query or `codesearch index` updates it"


def status_lines(status: Status, look: Look, *, list_skipped: bool, notes: bool = True) -> Iterator[str]:
    """Yield a status, line by line, for people."""

    def row(label: str, value: str = "") -> str:
        return f"{look.paint(f'{label:<10}' if value else label, '2')}{value}"

    taken = f" ({size(status.index_bytes)})" if status.exists else ""
    yield row("root", clean(str(status.root)))
    yield row("index", clean(_below(status.index, status.root)) + taken)
    yield row("state", look.paint(state(status), "32" if status.fresh else "31"))
    if status.exists:
        for label, value in _contents(status):
            yield row(label, value)
    if status.languages:
        yield row("languages")
        yield from _languages(status)
    if status.skipped:
        yield row("skipped", number(len(status.skipped), "file") + ("" if list_skipped else " (--skipped lists them)"))
        yield from _skipped(status, list_skipped=list_skipped)
    if status.other_files:
        yield row("other", _unsupported(status))
    for note in status.notes if notes else ():
        yield row("note", clean(note))


def _contents(status: Status) -> Iterator[tuple[str, str]]:
    """Yield what an index was made with, and from how much, as (label, value)."""
    yield "model", status.model or "none yet"
    if status.second_stage:
        yield "", f"{status.second_stage}: {status.embedded:,} of {number(status.embeddable, 'symbol')} embedded"
    if status.cache is not None:
        taken = f"{size(status.cache_bytes)}, at most {size(status.cache_limit)}" if status.cache_bytes else "empty"
        yield "cache", f"{clean(_from_home(status.cache))} ({taken})"
    yield "source", f"{number(status.files, 'file')}, {number(status.lines, 'line')}, {size(status.source_bytes)}"
    yield "symbols", f"{status.symbols:,} ({number(status.vectors, 'distinct vector')})"
    if status.tuning is not None:
        mean, low, high = status.tuning.gain
        yield "tuned", f"{status.tuning.when}: MRR@10 {mean:+.3f} ({low:+.3f} to {high:+.3f}) on held-out queries"


def _languages(status: Status) -> Iterator[str]:
    for language, files, symbols in status.languages:
        noun = "file " if files == 1 else "files"
        yield f"  {language or 'unknown':<16}{files:>8,} {noun} {symbols:>10,} symbols"


def _skipped(status: Status, *, list_skipped: bool) -> Iterator[str]:
    from codesearch.files import REASONS

    ordered = sorted(status.skipped, key=lambda item: (item.reason, item.path))
    for reason, found in groupby(ordered, key=lambda item: item.reason):
        items = list(found)
        yield f"  {reason:<16}{len(items):>8,} {REASONS.get(reason, '')}".rstrip()
        if list_skipped:
            for item in items:
                yield f"    {clean(item.path)}" + (f"  {clean(item.detail)}" if item.detail else "")


def _unsupported(status: Status) -> str:
    total = sum(count for _, count in status.other_files)
    most = ", ".join(f"{clean(suffix) or '(none)'} {count:,}" for suffix, count in status.other_files[:MOST])
    rest = len(status.other_files) - MOST
    return f"{number(total, 'file')} in unsupported languages: {most}{', ...' if rest > 0 else ''}"


def status_object(status: Status, *, list_skipped: bool) -> dict[str, Any]:
    """Return a status as JSON."""
    reasons: dict[str, int] = {}
    for item in status.skipped:
        reasons[item.reason] = reasons.get(item.reason, 0) + 1
    value: dict[str, Any] = {
        "root": str(status.root),
        "index": str(status.index),
        "exists": status.exists,
        "fresh": status.fresh,
        "changed": status.changed,
        "deleted": status.deleted,
        "model": status.model,
        "second_stage": {"model": status.second_stage, "symbols": status.embedded} if status.second_stage else None,
        "cache": {"file": str(status.cache), "bytes": status.cache_bytes, "limit": status.cache_limit}
        if status.cache is not None
        else None,
        "tuning": _tuning(status),
        "files": status.files,
        "lines": status.lines,
        "source_bytes": status.source_bytes,
        "index_bytes": status.index_bytes,
        "symbols": status.symbols,
        "vectors": status.vectors,
        "languages": [
            {"language": language, "files": files, "symbols": symbols} for language, files, symbols in status.languages
        ],
        "skipped": reasons,
        "other_files": dict(status.other_files),
        "notes": list(status.notes),
    }
    if list_skipped:
        value["skipped_files"] = [
            {"path": item.path, "reason": item.reason, "detail": item.detail} for item in status.skipped
        ]
    return value


def _tuning(status: Status) -> dict[str, Any] | None:
    """Return what `codesearch tune` has learned, if the ranking uses it, as JSON."""
    if (found := status.tuning) is None:
        return None
    gain = dict(zip(("mean", "low", "high"), found.gain, strict=True))
    return {"when": found.when, "questions": found.questions, "gain": gain}


def config_lines(settings: Iterable[Described], look: Look) -> Iterator[str]:
    """Yield each setting, its value as TOML, and its source."""
    from codesearch.cli.settings_file import literal

    rows = [(item.name, literal(item.value), item.origin) for item in settings]
    width = max(len(value) for _, value, _ in rows)
    for name, value, origin in rows:
        yield f"{name:<16} {clean(value):<{min(width, 40)}}  {look.paint(clean(origin), '2')}"


def _below(path: Path, root: Path) -> str:
    """Return a path, relative to the root if it is below it."""
    return os.path.relpath(path, root) if path.is_relative_to(root) else str(path)


def _from_home(path: Path) -> str:
    """Return a path with `~` for the home folder."""
    try:
        return str(Path("~") / path.relative_to(Path.home()))
    except (ValueError, RuntimeError):
        return str(path)
