"""Starts the gateway."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from codesearch import embed
from codesearch.core import loopback
from codesearch.core.errors import StoreError
from codesearch.core.log import Log
from codesearch.mcp.boot import stop_at_signals
from codesearch.mcp.http.server import HttpServer
from codesearch.server import logs, shards
from codesearch.server.artifacts import MOST_MEGABYTES
from codesearch.server.connect import Pool
from codesearch.server.databases import Databases
from codesearch.server.gateway import MOST_BODY, Gate, Gateway
from codesearch.server.identity import BURST, RATE, Limits, Vouched
from codesearch.server.milvus import Milvus
from codesearch.server.replicas import MOST_LAG, Replicas, by_database
from codesearch.server.second_stage import SECONDS, Model

log = Log("codesearch.server")


def serve(
    urls: Sequence[str],
    host: str,
    port: int,
    names: Sequence[str],
    *,
    vouched: Vouched | None = None,
    rate: float = RATE,
    model: str = embed.STATIC,
    seconds: float = SECONDS,
    most_packed: int = MOST_MEGABYTES,
    replicas: Sequence[str] = (),
    most_lag: float = MOST_LAG,
    log_format: str = "text",
    vectors: str = "",
) -> int:
    """Serve until a signal ends the process.

    `urls` are the databases: several are the shards of one server. `names` are what clients may call the server,
    besides the names of this machine for itself. A user may ask `rate` questions per second; 0 means any number.
    `model` is that of the second stage, `static` for none, which may take `seconds` per question if vectors are
    missing. A packed index may have `most_packed` megabytes; 0 for none. Questions are read from `replicas`, databases
    that are at most `most_lag` seconds behind; see `replicas.by_database`. `vectors` is the URL of the Milvus that has
    the vectors, too; "" for none. With `log_format` "json", the log is one JSON object per line.
    Raises UsageError for a wrong URL, StoreError if the database cannot be used or a replica is of another one,
    CodesearchError if the port is taken.
    """
    if log_format == "json":
        logs.configure()
    copies = by_database(replicas, len(urls))
    milvus = Milvus(vectors) if vectors else None
    places = shards.prepare(urls, milvus)
    databases = Databases(
        [
            Replicas(Pool(url), list(map(Pool, some)), most_lag, place=place)
            for url, some, place in zip(urls, copies, places, strict=True)
        ],
        milvus=milvus,
    )
    try:
        databases.check_copies()
    except StoreError:
        databases.close()
        raise
    second = None if model == embed.STATIC else Model(model, seconds)
    known = (*loopback.NAMES, *(name.lower() for name in names))
    limits = Limits(rate, max(1, round(rate * BURST / RATE)))
    gateway = Gateway(databases, vouched, limits, second, most_packed << 20)
    gate, watched = Gate(databases, known, vouched), gateway.watch.watched
    server = HttpServer((host, port), gate, gateway, path="", most_bytes=MOST_BODY, watched=watched)
    stop_at_signals(server)
    _say(f"serving {server.url}", log_format)
    if host not in loopback.NAMES:
        _say("tokens are not encrypted here; let only a proxy with TLS reach this port", log_format)
    server.run()
    gateway.watch.close()
    databases.close()
    return 0


def _say(text: str, log_format: str) -> None:
    if log_format == "json":
        log.info("%s", text)
    else:
        sys.stderr.write(f"codesearch: {text}\n")
        sys.stderr.flush()
