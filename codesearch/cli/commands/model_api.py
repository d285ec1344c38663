"""`codesearch model allow` and `model texts`: what a model of a service may be sent."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

import typer

from codesearch.cli import options, session, targets
from codesearch.cli.commands.model import NameArgument, app
from codesearch.cli.exit_codes import FOUND, NOTHING
from codesearch.cli.options import ReportFormat, ReportFormatOption
from codesearch.cli.registration import command
from codesearch.cli.ui import console
from codesearch.core.counts import number
from codesearch.core.errors import UsageError

__all__ = ["app"]

if TYPE_CHECKING:
    from codesearch.embed.api import ApiEmbedder
    from codesearch.index import Index
    from codesearch.rerank.outgoing import Outgoing


@command(app)
def allow(
    name: NameArgument,
    path: options.PathArgument = None,
    everywhere: Annotated[
        bool, typer.Option("--everywhere", help="Allow it for all folders, now and later (`codesearch eval` needs it).")
    ] = False,
    revoke: Annotated[bool, typer.Option("--revoke", help="Take the permission back.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
) -> int:
    """Allow code of a folder to be sent to a model of a service.

    codesearch model allow text-embedding-3-small
    codesearch model allow text-embedding-3-small path/to/repo --yes
    codesearch model allow text-embedding-3-small --revoke

    Says how much would be sent where, and asks. `codesearch model texts` lists the texts themselves.

    Exit status: 0 if it is allowed (or revoked), 1 if you said no.
    """
    from codesearch.embed import consent, folder_of

    remote = _remote(name)
    folder = folder_of(name)
    root = targets.root_of(path)
    if revoke:
        now = consent.read(folder).without_folder(root)
        consent.write(folder, now)
        console.message(f"{name}: nothing of {root} is sent any more{_still(now.folders)}")
        return FOUND
    with session.opened(root) as index:
        console.message(_disclosure(remote, index, list(_outgoing(index, name)), everywhere=everywhere))
    if not yes and not console.confirmed("Allow this?", f"--yes allows it; `codesearch model texts {name}` lists it"):
        console.message("not allowed; nothing is sent")
        return NOTHING
    now = consent.read(folder).with_folder(root)
    consent.write(folder, replace(now, everywhere=now.everywhere or everywhere))
    console.message(f"{name}: allowed for {'all folders' if everywhere else root}")
    return FOUND


@command(app)
def texts(
    name: NameArgument,
    path: options.PathArgument = None,
    limit: options.LimitOption = None,
    format: ReportFormatOption = ReportFormat.text,
) -> int:
    """List the texts of a folder that would be sent to a model of a service. Sends nothing.

    codesearch model texts text-embedding-3-small
    codesearch model texts text-embedding-3-small path/to/repo -n 3
    codesearch model texts text-embedding-3-small --format json

    Exit status: 0 if there are any, 1 if nothing of the folder is left to send.
    """
    from codesearch.cli.ui import render

    remote = _remote(name)
    with session.opened(targets.root_of(path)) as index:
        found = list(_outgoing(index, name))
        refusal = remote.refusal(index.root)
    if format is ReportFormat.json:
        value = {
            "model": name,
            "url": remote.entry.endpoint,
            "allowed": not refusal,
            "count": len(found),
            "bytes": _bytes(found),
            "texts": [
                {
                    "path": one.symbol.path,
                    "line": one.symbol.start_line,
                    "qualname": one.symbol.qualname,
                    "text": one.text,
                }
                for one in found[:limit]
            ],
        }
        render.print_json(value, indent=2)
        return FOUND if found else NOTHING
    for one in found[:limit]:
        place = f"{one.symbol.path}:{one.symbol.start_line} {one.symbol.qualname}"
        console.write(f"{console.clean(place)}\n    {console.clean(one.text)}\n")
    console.message(f"{_amount(found)} for {remote.entry.endpoint}; {'not allowed yet' if refusal else 'allowed'}")
    return FOUND if found else NOTHING


def _remote(name: str) -> ApiEmbedder:
    from codesearch import embed
    from codesearch.embed.api import ApiEmbedder

    model = embed.load(name)
    if not isinstance(model, ApiEmbedder):
        raise UsageError(f"{name} runs on this machine: it sends nothing")
    return model


def _outgoing(index: Index, name: str) -> Sequence[Outgoing]:
    """Return what the model would be sent of a tree, after bringing its index up to date."""
    from codesearch.rerank.outgoing import outgoing
    from codesearch.rerank.reranker import Reranker

    session.prepare(index, update=True, quiet=False)
    reranker = Reranker(index.root, index.path, replace(index.settings, model=name, embed="lazy"))
    return list(outgoing(reranker, index.required_reader()))


def _disclosure(remote: ApiEmbedder, index: Index, found: Sequence[Outgoing], *, everywhere: bool) -> str:
    from codesearch.embed.http import is_loopback

    entry = remote.entry
    where = f"{entry.endpoint} (model {entry.model})"
    plain = ", unencrypted" if entry.endpoint.startswith("http:") and not is_loopback(entry.endpoint) else ""
    requests = -(-len(found) // entry.batch)
    return (
        f"{entry.name} sends texts to {where}{plain}. Of {index.root}: now at most {_amount(found)} "
        f"in {number(requests, 'request')}, later those that change, and each question asked about it"
        + ("; the same for all other folders" if everywhere else "")
    )


def _amount(found: Sequence[Outgoing]) -> str:
    from codesearch.cli.ui.reports import size

    return f"{number(len(found), 'text')}, {size(_bytes(found))}"


def _bytes(found: Sequence[Outgoing]) -> int:
    return sum(len(one.text.encode("utf-8", "replace")) for one in found)


def _still(folders: Sequence[str]) -> str:
    return f"; still allowed: {', '.join(folders)}" if folders else ""
