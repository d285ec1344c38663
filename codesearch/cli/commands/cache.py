"""`codesearch cache`: the user's cache of reranker vectors, shared by all indexes."""

from __future__ import annotations

from codesearch.cli import targets
from codesearch.cli.exit_codes import FOUND, NOTHING
from codesearch.cli.options import PathArgument, QuietOption, ReportFormat, ReportFormatOption
from codesearch.cli.registration import command, group
from codesearch.cli.ui import console
from codesearch.cli.ui.console import clean
from codesearch.core.counts import number

app = group("Show or delete the reranker's vectors shared by all your indexes on this machine.")


@command(app, "list")
def list_command(path: PathArgument = None, format: ReportFormatOption = ReportFormat.text) -> int:
    """Show the cache file, its size and the number of vectors per model.

    Exit status: 0, or 1 if it is empty.
    """
    from codesearch import settings
    from codesearch.cli.ui.render import print_json
    from codesearch.cli.ui.reports import size
    from codesearch.rerank import shared_cache

    wished = settings.load(targets.root_of(path))
    facts = shared_cache.facts()
    if format is ReportFormat.json:
        value = {
            "file": None if facts.path is None else str(facts.path),
            "used": wished.cache,
            "bytes": facts.bytes,
            "limit": wished.cache_size,
            "models": dict(facts.models),
            "problem": facts.problem or None,
        }
        print_json(value, indent=2)
    elif facts.path is not None:
        off = "" if wished.cache else "; disabled here by the setting cache"
        console.write(f"{clean(str(facts.path))}  {size(facts.bytes)} of at most {size(wished.cache_size)}{off}\n")
        for model_id, count in facts.models:
            console.write(f"  {clean(model_id)}  {number(count, 'vector')}\n")
    if facts.problem:
        console.message(facts.problem)
    return FOUND if facts.models else NOTHING


@command(app)
def clear(quiet: QuietOption = False) -> int:
    """Delete the cache. Indexes keep their own vectors.

    Exit status: 0, or 1 if it was empty.
    """
    from codesearch.rerank import shared_cache

    there = shared_cache.clear()
    if not quiet:
        console.message(f"{shared_cache.location()}: {'cleared' if there else 'nothing to delete'}")
    return FOUND if there else NOTHING
