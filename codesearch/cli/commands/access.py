"""`codesearch access`: who may use the index of an organisation."""

from __future__ import annotations

from typing import Annotated

import typer

from codesearch.cli.commands.serve import StoreOption, VectorsOption
from codesearch.cli.exit_codes import FOUND
from codesearch.cli.options import ReportFormat, ReportFormatOption
from codesearch.cli.registration import command, group
from codesearch.cli.ui import console
from codesearch.core.counts import number

app = group("Say who may search and push which repositories of `codesearch serve`. For the owner of the database.")

WhoArgument = Annotated[str, typer.Argument(metavar="WHO", help="A name: of a person, a team or a CI job.")]
GroupOption = Annotated[
    bool, typer.Option("--group", help="WHO is a group of the identity provider or the proxy; it has no token.")
]
ReposOption = Annotated[
    list[str] | None,
    typer.Option("--repo", metavar="NAME", help="A repository on the server. Repeatable.", show_default=False),
]


@command(app)
def add(
    who: WhoArgument,
    store: StoreOption,
    repo: ReposOption = None,
    push: Annotated[bool, typer.Option("--push", help="Also let WHO push to these repositories.")] = False,
    no_token: Annotated[bool, typer.Option("--no-token", help="Make no token: WHO has one.")] = False,
    group: GroupOption = False,
) -> int:
    """Let WHO search repositories, and print a new token. It is shown only this once.

    codesearch access add ci-shop --repo shop --push
    codesearch access add alice --repo shop --repo billing
    codesearch access add developers --group --repo shop

    A repository that the server does not have yet is made, and is empty until the first push.
    """
    from codesearch.server import access
    from codesearch.server.shards import administration

    names = access.required(repo or [])
    with administration(store) as server:
        server.grant(access.group(who) if group else who, names, may_push=push)
        token = "" if no_token or group else server.new_token(who)
    if token:
        console.write(token + "\n")
    return FOUND


@command(app, "list")
def list_(store: StoreOption, format: ReportFormatOption = ReportFormat.text) -> int:
    """List who may search and push what."""
    from codesearch.cli.ui.render import print_json
    from codesearch.server import access
    from codesearch.server.shards import administration

    with administration(store) as server:
        found = server.listing()
    if format is ReportFormat.json:
        print_json({"access": found}, indent=2)
        return FOUND
    for one in found:
        pushes = f"; pushes {', '.join(one['pushes'])}" if one["pushes"] else ""
        tokens = f"{one['tokens']} token{'' if one['tokens'] == 1 else 's'}"
        kind = "a group" if one["who"].startswith(access.GROUP) else tokens
        console.write(f"{one['who']}: {kind}; searches {', '.join(one['reads']) or 'nothing'}{pushes}\n")
    return FOUND


@command(app)
def remove(who: WhoArgument, store: StoreOption, repo: ReposOption = None, group: GroupOption = False) -> int:
    """Take repositories from WHO; without --repo, all of them, and every token."""
    from codesearch.server import access
    from codesearch.server.shards import administration

    with administration(store) as server:
        server.revoke(access.group(who) if group else who, repo or [])
    return FOUND


@command(app)
def forget(
    name: Annotated[str, typer.Argument(metavar="NAME", help="A repository.")],
    store: StoreOption,
    ref: Annotated[
        str, typer.Option("--ref", metavar="BRANCH", help="Delete only this branch.", show_default=False)
    ] = "",
) -> int:
    """Delete a repository from the server, with everything that was pushed, or a branch of it."""
    from codesearch.server.shards import administration

    with administration(store) as server:
        server.forget(name, ref)
    return FOUND


@command(app)
def gc(store: StoreOption, vectors: VectorsOption = "") -> int:
    """Delete what no branch holds any more, if it was last pushed more than a day ago.

    Vectors in Milvus are deleted a day later than those in PostgreSQL.
    """
    from codesearch.server import vectors as side
    from codesearch.server.milvus import Milvus
    from codesearch.server.shards import administration

    milvus = Milvus(vectors) if vectors else None
    with administration(store) as server:
        count = server.collect()
    console.message(f"deleted {number(count, 'version')} of files")
    if milvus is not None:
        console.message(f"deleted {number(side.sweep_all(store, milvus), 'vector')} from Milvus")
    elif left := side.waiting(store):
        console.message(f"{number(left, 'vector stays', 'vectors stay')} in Milvus: say where it is, with --vectors")
    return FOUND


@command(app)
def vectors(
    store: StoreOption,
    vectors: VectorsOption = "",
    index: Annotated[
        str,
        typer.Option(
            "--index",
            metavar="KIND",
            help="The index in Milvus: HNSW, IVF_SQ8 or DISKANN. HNSW at first, then what is there.",
            show_default=False,
        ),
    ] = "",
    drop_index: Annotated[
        bool,
        typer.Option("--drop-index", help="Delete PostgreSQL's index of vectors once all of them are in Milvus."),
    ] = False,
    leave: Annotated[
        bool, typer.Option("--leave", help="Delete the vectors from Milvus; PostgreSQL gets its index back.")
    ] = False,
) -> int:
    """Bring all vectors to Milvus, or those that it lacks.

    codesearch access vectors --vectors milvus://milvus.example.org
    codesearch access vectors --vectors milvus://milvus.example.org --drop-index

    Compares PostgreSQL with Milvus and inserts what is missing there: at first, and after Milvus or the database was
    lost or restored. Pushes and questions go on meanwhile. From the first time on, gateways need --vectors.
    """
    from codesearch.core.errors import UsageError
    from codesearch.server import vectors as side
    from codesearch.server.milvus import KINDS, Milvus

    if not vectors:
        raise UsageError("name the Milvus with --vectors milvus://HOST, or in CODESEARCH_VECTORS")
    if index and index not in KINDS:
        raise UsageError(f"--index {index}: use {', '.join(KINDS[:-1])} or {KINDS[-1]}")
    if leave and (index or drop_index):
        raise UsageError("--leave goes back to PostgreSQL alone: give neither --index nor --drop-index")
    milvus = Milvus(vectors)
    if leave:
        for url in store:
            side.leave(url, milvus)
        console.message("the vectors are in PostgreSQL only; start the gateways without --vectors")
        return FOUND
    for url in store:
        filled = side.fill(url, milvus, index, console.message)
        orphans = f"; {filled.orphans:,} more are deleted there in a day" if filled.orphans else ""
        console.message(
            f"{number(filled.contents, 'content is', 'contents are')} in Milvus ({filled.kind}); "
            f"{filled.inserted:,} were missing{orphans}"
        )
        if drop_index:
            side.drop_index(url)
            console.message("deleted PostgreSQL's index of vectors")
    return FOUND


@command(app)
def migrate(store: StoreOption) -> int:
    """Bring the database to the schema of this version. `serve` does it, too, if its user owns the tables.

    Gateways of the version before go on working unless CHANGELOG.md says otherwise, so run it first, then replace
    them one after the other. With several databases, it makes them the shards of one server; further ones come at the
    end of the list.
    """
    from codesearch.server import shards

    number = shards.migrate(store)
    what = "the database has" if len(store) == 1 else f"{len(store)} databases have"
    console.message(f"{what} schema {number}")
    return FOUND
