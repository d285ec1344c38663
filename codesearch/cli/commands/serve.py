"""`codesearch serve`: the gateway to the index of an organisation."""

from __future__ import annotations

from typing import Annotated

import typer

StoreOption = Annotated[
    list[str],
    typer.Option(
        "--store",
        metavar="URL",
        envvar="CODESEARCH_DATABASE",
        help="The database: postgresql://USER@HOST/NAME. Repeatable, for shards; the variable has blanks between them.",
        show_default=False,
    ),
]

VectorsOption = Annotated[
    str,
    typer.Option(
        "--vectors",
        metavar="URL",
        envvar="CODESEARCH_VECTORS",
        help="A Milvus that has the vectors, too: milvus://HOST. See `codesearch access vectors`.",
        show_default=False,
    ),
]


def serve(
    store: StoreOption,
    host: Annotated[str, typer.Option("--host", metavar="ADDRESS", help="The address to listen on.")] = "127.0.0.1",
    port: Annotated[
        int, typer.Option("--port", min=0, max=65535, metavar="N", help="The port; 0 chooses a free one.")
    ] = 8733,
    name: Annotated[
        list[str] | None,
        typer.Option(
            "--name",
            metavar="HOST",
            help="A name that clients have for the server, such as code.example.org. Repeatable.",
            show_default=False,
        ),
    ] = None,
    proxy_header: Annotated[
        str,
        typer.Option(
            "--proxy-header",
            metavar="NAME",
            help="The header in which a proxy says who asks, such as X-Forwarded-User. Off by default.",
            show_default=False,
        ),
    ] = "",
    proxy: Annotated[
        list[str] | None,
        typer.Option(
            "--proxy",
            metavar="ADDRESS",
            help="The address or network of that proxy; the header of others is ignored. Repeatable.",
            show_default=False,
        ),
    ] = None,
    oidc_issuer: Annotated[
        str,
        typer.Option(
            "--oidc-issuer",
            metavar="URL",
            help="An identity provider (OpenID Connect) whose signed tokens say who asks. Off by default.",
            show_default=False,
        ),
    ] = "",
    oidc_audience: Annotated[
        str,
        typer.Option(
            "--oidc-audience",
            metavar="NAME",
            help="The name that the provider has for this server; tokens for others are refused.",
            show_default=False,
        ),
    ] = "",
    oidc_claim: Annotated[
        str, typer.Option("--oidc-claim", metavar="NAME", help="The field of such a token that names who asks.")
    ] = "email",
    proxy_groups: Annotated[
        str,
        typer.Option(
            "--proxy-groups",
            metavar="NAME",
            help="The header in which that proxy lists the groups of the one who asks, between commas.",
            show_default=False,
        ),
    ] = "",
    oidc_groups: Annotated[
        str,
        typer.Option(
            "--oidc-groups",
            metavar="NAME",
            help="The field of such a token with the groups of the one who asks, such as groups. Off by default.",
            show_default=False,
        ),
    ] = "",
    rate: Annotated[
        float, typer.Option("--rate", min=0, metavar="N", help="Questions per second of one user; 0 for any number.")
    ] = 20,
    model: Annotated[
        str,
        typer.Option("--model", metavar="NAME", help="The model of the second stage; static for none."),
    ] = "transformer",
    rerank_seconds: Annotated[
        float,
        typer.Option(
            "--rerank-seconds",
            min=0,
            metavar="SECONDS",
            help="How long the model may make the vectors that an answer needs and no push brought.",
        ),
    ] = 1.0,
    replica: Annotated[
        list[str] | None,
        typer.Option(
            "--replica",
            metavar="URL",
            envvar="CODESEARCH_REPLICAS",
            help="A streaming replica of the database, to answer questions from; of several, NUMBER=URL. Repeatable.",
            show_default=False,
        ),
    ] = None,
    most_lag: Annotated[
        float,
        typer.Option(
            "--most-lag", min=0, metavar="SECONDS", help="How far a replica may be behind; then the database is asked."
        ),
    ] = 10.0,
    vectors: VectorsOption = "",
    artifacts: Annotated[
        int,
        typer.Option(
            "--artifacts",
            min=0,
            metavar="MB",
            help="How large the packed index of a branch may be that a push brings; 0 for none.",
        ),
    ] = 1024,
    log_format: Annotated[
        str,
        typer.Option(
            "--log-format",
            metavar="FORMAT",
            help="text, or json: one line per request with an id, who asks, status and seconds, on standard error.",
        ),
    ] = "text",
) -> int:
    """Serve the index of an organisation, kept in PostgreSQL with pgvector, over HTTP.

    codesearch serve --store postgresql://codesearch@/codesearch
    codesearch serve --store postgresql://codesearch@db/codesearch --port 80

    `codesearch access add` makes tokens, `codesearch push` fills the index, and `codesearch query --remote`
    asks it. Needs psycopg. Encryption is the task of a proxy (docs/server.md).
    """
    from codesearch.core.errors import UsageError
    from codesearch.server import boot, logs
    from codesearch.server.identity import Proxy, Vouched
    from codesearch.server.oidc import Oidc

    if log_format not in logs.FORMATS:
        raise UsageError(f"--log-format {log_format}: use text or json")
    vouched = Vouched(
        Proxy.of(proxy_header, proxy or [], proxy_groups),
        Oidc.of(oidc_issuer, oidc_audience, oidc_claim, oidc_groups),
    )
    return boot.serve(
        store,
        host,
        port,
        name or [],
        vouched=vouched,
        rate=rate,
        model=model,
        seconds=rerank_seconds,
        most_packed=artifacts,
        replicas=replica or [],
        most_lag=most_lag,
        log_format=log_format,
        vectors=vectors,
    )
