"""`codesearch bench`: time, memory and index size for a tree, on this machine."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from enum import Enum
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Annotated

import typer

from codesearch.cli import options, session, targets
from codesearch.cli.exit_codes import FOUND
from codesearch.cli.options import ModelOption, PathArgument, ReportOptions
from codesearch.cli.ui import console
from codesearch.cli.ui.console import Look, clean
from codesearch.cli.ui.reports import printed, size
from codesearch.core.counts import number

if TYPE_CHECKING:
    from codesearch.bench.values import Asking, Bench, Compared

QUERIES, COLD = 100, 20
_LABEL = 28
"""Least width of the first column."""
WAYS = {
    "process": "new process per query",
    "warm": "single process",
    "service": "service, over its socket",
    "service process": "service, new process per query",
}


class EmbedChoice(str, Enum):
    """When the reranker computes its vectors."""

    lazy = "lazy"
    none = "none"


def bench(
    path: PathArgument = None,
    queries: Annotated[
        str,
        typer.Option("--queries", metavar="N|FILE", help="Number of queries to generate, or a file of queries."),
    ] = str(QUERIES),
    cold: Annotated[
        int, typer.Option("--cold", min=1, metavar="N", help="Number of queries to run in a new process each.")
    ] = COLD,
    service: Annotated[bool, typer.Option("--service", help="Also query through `codesearch watch`.")] = False,
    model: ModelOption = None,
    embed: Annotated[
        EmbedChoice | None,
        typer.Option(
            "--embed",
            metavar="WHEN",
            help="When the reranking model embeds code: lazy (as queries need it) or none (no reranking).",
            show_default=False,
        ),
    ] = None,
    compare: Annotated[
        list[str] | None,
        typer.Option(
            "--compare",
            metavar="PROGRAM",
            help="Also measure another program, in turn: semble, zoekt, colgrep, or the path of another release's "
            "command `codesearch`. Repeatable.",
            show_default=False,
        ),
    ] = None,
    *,
    output: ReportOptions,
) -> int:
    """Measure the cost of indexing and querying a folder: time, memory, index size.

    codesearch bench
    codesearch bench path/to/repo --embed none
    codesearch bench --queries queries.txt --service --format json
    codesearch bench --compare semble --compare ~/old/bin/codesearch

    Builds a temporary index, updates it with no changes, and queries it from new processes and from a
    single process. The folder's own index is not used.
    """
    from codesearch.bench import measure
    from codesearch.bench import queries as asked
    from codesearch.bench.values import to_json
    from codesearch.cli.ui.progress import stretches

    count = options.number_of(queries)
    texts = tuple(asked.read(Path(queries))) if count is None else ()
    wanted = measure.Wanted(count or len(texts), cold, texts, service, tuple(compare or ()))
    given = {"model": model, "embed": options.value_of(embed)}
    settings = {name: value for name, value in given.items() if value is not None}
    with session.opened(targets.folder_of(path), **settings, color=options.value_of(output.color)) as index:
        index.check_model()
        root, look = index.root, console.look(index.settings.color)
    with _endable():
        found = measure.bench(root, settings, wanted, stretches(quiet=output.quiet))
    printed(to_json(found), lines(found, look), as_json=output.is_json)
    return FOUND


@contextmanager
def _endable() -> Iterator[None]:
    """Handle a termination signal like Ctrl-C, so that temporary files are removed."""
    import signal

    def end(number: int, frame: object) -> None:
        raise KeyboardInterrupt

    numbers = [getattr(signal, name) for name in ("SIGTERM", "SIGHUP", "SIGBREAK") if hasattr(signal, name)]
    before = [signal.signal(number, end) for number in numbers]
    try:
        yield
    finally:
        for number, handler in zip(numbers, before, strict=True):
            signal.signal(number, handler)


# -- the table ------------------------------------------------------------------------------------


def lines(found: Bench, look: Look) -> Iterator[str]:
    """Yield a measurement as lines of text."""
    made, same, on = found.indexing, found.unchanged, found.machine

    def row(label: str, value: str) -> str:
        return f"{look.paint(f'{label:<10}', '2')}{clean(value)}"

    source = f"{number(made.files, 'file')}, {size(made.source_bytes)}, {number(made.symbols, 'symbol')}"
    yield f"{clean(str(found.root))}: {source} ({number(made.functions, 'function')})"
    facts = [f"{on.cores} core{'s' * (on.cores != 1)}" + (f" ({on.processor})" if on.processor else "")]
    facts += [] if on.memory_bytes is None else [size(on.memory_bytes)]
    yield row("machine", ", ".join([*facts, on.system, *([] if on.load is None else [f"load {on.load:g}"])]))
    versions = f"codesearch {on.codesearch}, Python {on.python}, SQLite {on.sqlite}, sqlite-vec {on.sqlite_vec}"
    yield row("versions", versions + (f", git {on.git}" if on.git else ""))
    yield row("model", found.model)
    yield ""
    speed = f"{size(made.bytes_per_second)}/s, {made.functions_per_second:,.0f} functions/s"
    yield row("index", f"{seconds(made.seconds)} from scratch ({speed})")
    memory = "not available on this system"
    if made.peak_memory_bytes is not None and made.processes is not None:
        memory = f"peak {size(made.peak_memory_bytes)} in {number(made.processes, 'process', 'processes')}"
    yield row("memory", memory)
    yield row("file", f"{size(made.index_bytes)}, {made.index_ratio:.2f} of the source")
    git = f"git status not measured: {same.why_no_git}"
    if same.git_status_seconds is not None:
        git = f"git status {seconds(same.git_status_seconds)}"
    yield row("unchanged", f"{seconds(same.seconds)}; {git}")
    yield row("first", first_answer(found))
    yield ""
    yield from _latencies(found, look)
    if found.compared:
        yield ""
        yield from comparison(found, look)
    for note in found.notes:
        yield look.paint(f"note: {clean(note)}", "2")


def first_answer(found: Bench) -> str:
    """Return how soon a first query is answered when nothing is indexed."""
    first = found.first_answer
    asked = number(first.latency.count, "query", "queries")
    part = f"{first.partial} answered from a part of the tree" if first.partial else "answered from the whole tree"
    return f"{seconds(first.latency.p50)} from nothing to an answer (median of {asked}, {part})"


def comparison(found: Bench, look: Look) -> Iterator[str]:
    """Yield a table of the programs that were compared, each after this one and with the ratio of the two."""
    versions = [one.version for one in found.compared]
    names = [clean(_program(one, alone=versions.count(one.version) == 1)) for one in found.compared]
    width = max(_LABEL, *map(len, names))

    def row(label: str, *cells: str) -> str:
        return f"{label:<{width}}" + "".join(f"{cell:>12}" for cell in cells)

    yield look.paint(row("compared, in turn", "index", "file", "query"), "2")
    for name, one in zip(names, found.compared, strict=True):
        if one.ours is None or one.theirs is None:
            yield f"{name}: not measured: {clean(one.problem)}"
            continue
        for label, side in (("codesearch", one.ours), (name, one.theirs)):
            yield row(label, seconds(side.index_seconds), size(side.index_bytes), seconds(side.latency.p50))
        pairs = (
            (one.ours.index_seconds, one.theirs.index_seconds),
            (one.ours.index_bytes, one.theirs.index_bytes or 1),
            (one.ours.latency.p50, one.theirs.latency.p50),
        )
        yield row("ratio", *(f"{ours / theirs:.2f}" for ours, theirs in pairs))


def _program(one: Compared, *, alone: bool) -> str:
    """Return the name of a program with its version.

    A release prints both; its path would widen the table, and tells it from others only if it is not `alone`.
    """
    said = alone and one.version.startswith(f"{PurePath(one.name).name} ")
    return one.version if said else f"{one.name} {one.version}".strip()


def _latencies(found: Bench, look: Look) -> Iterator[str]:
    of = "generated from the tree" if found.mined else "given"
    width = max(len(_named(one)) for one in found.asking)
    asked = number(found.queries, "query", "queries")
    yield look.paint(f"{f'{asked}, {of}':<{width}}      n      p50      p95      p99      max    memory", "2")
    for one in found.asking:
        values = one.latency
        cells = "".join(f"{seconds(value):>9}" for value in (values.p50, values.p95, values.p99, values.worst))
        memory = "" if one.peak_memory_bytes is None else size(one.peak_memory_bytes)
        yield f"{_named(one):<{width}}{values.count:>7}{cells}{memory:>10}".rstrip()


def _named(one: Asking) -> str:
    return WAYS[one.how] + {None: "", True: ", first time", False: ", repeated"}[one.first]


def seconds(value: float) -> str:
    """Format a duration: `12.3 ms`, `4.56 s`."""
    return f"{1000 * value:.1f} ms" if value < 1 else f"{value:.2f} s"
