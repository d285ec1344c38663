"""What a gateway tells those who run it: `/metrics` as Prometheus's own parser reads it, health, and the log."""

from __future__ import annotations

import http.client
import json
import re
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import promql_parser
import pytest
from prometheus_client.parser import text_string_to_metric_families

from codesearch.mcp.http.server import HttpServer
from codesearch.server import metrics
from codesearch.server.connect import Pool
from codesearch.server.databases import Databases
from codesearch.server.gateway import Gate, Gateway
from codesearch.server.metrics import Counter, Histogram, gauge
from tests.server.conftest import Place, Process, send
from tests.support.home import HOUSE
from tests.support.postgres import Postgres
from tests.support.published import yaml_documents
from tests.support.trees import SMALL
from tests.support.wait import until

Samples = dict[tuple[str, frozenset[tuple[str, str]]], float]


def asked(url: str, path: str, body: object = None, **headers: str) -> tuple[int, str, dict[str, str]]:
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=60)
    try:
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        data = None if body is None else json.dumps(body).encode()
        connection.request("GET" if body is None else "POST", path, data, sent)
        reply = connection.getresponse()
        return reply.status, reply.read().decode(), {name.lower(): value for name, value in reply.getheaders()}
    finally:
        connection.close()


def samples(text: str) -> Samples:
    """Return all samples of a scrape, after checks that hold for each family."""
    found: Samples = {}
    for family in text_string_to_metric_families(text):
        assert family.documentation and family.type != "unknown", family
        assert family.samples or family.type in ("counter", "histogram"), family
        for one in family.samples:
            key = (one.name, frozenset(one.labels.items()))
            assert key not in found, key
            found[key] = one.value
        if family.type == "histogram":
            _is_cumulative(family.samples)
    return found


def _is_cumulative(of_family: list[Any]) -> None:
    buckets: dict[frozenset[tuple[str, str]], list[tuple[float, float]]] = {}
    counts = {}
    for one in of_family:
        rest = frozenset((name, value) for name, value in one.labels.items() if name != "le")
        if one.name.endswith("_bucket"):
            buckets.setdefault(rest, []).append((float(one.labels["le"]), one.value))
        elif one.name.endswith("_count"):
            counts[rest] = one.value
    assert buckets.keys() == counts.keys()
    for rest, pairs in buckets.items():
        assert pairs == sorted(pairs)
        assert [value for _, value in pairs] == sorted(value for _, value in pairs)
        assert pairs[-1] == (float("inf"), counts[rest])


def value(found: Samples, name: str, **labels: str) -> float:
    return found[name, frozenset(labels.items())]


def scraped(url: str) -> Samples:
    status, text, headers = asked(url, "/metrics")
    assert (status, headers["content-type"]) == (200, "text/plain; version=0.0.4; charset=utf-8")
    return samples(text)


def test_requests_are_counted_by_route_and_status(place: Place, indexed):
    send(indexed(SMALL), place.server("ci-secret", "hidden-repository", push=True), "hidden-repository")
    token = f"Bearer {place.token('alice-secret', 'hidden-repository')}"
    question = {"query": "send a file again"}
    status, text, _ = asked(place.url, "/query", question, Authorization=token)
    hits = len(json.loads(text)["hits"])
    assert (status, hits > 0) == (200, True)
    assert asked(place.url, "/query", question)[0] == 401
    assert asked(place.url, "/query", question, Authorization="Bearer wrong")[0] == 401
    for path in ("/nothing", "/nothing/else?a=1", "/.env"):
        assert asked(place.url, path)[0] == 404
    text = asked(place.url, "/metrics")[1]
    found = samples(text)
    assert value(found, "codesearch_http_requests_total", route="/query", status="200") == 1
    assert value(found, "codesearch_http_requests_total", route="/query", status="401") == 2
    assert value(found, "codesearch_http_requests_total", route="other", status="404") == 3
    assert value(found, "codesearch_http_request_duration_seconds_count", route="/query") == 3
    assert value(found, "codesearch_hits_total", route="/query") == hits
    assert value(found, "codesearch_push_files_total") == len(SMALL)
    assert value(found, "codesearch_push_symbols_total") > 0
    assert value(found, "codesearch_push_refs_total") == 1
    assert value(found, "codesearch_http_request_bytes_total", route="/push/files") > 100
    assert value(found, "codesearch_http_response_bytes_total", route="/query") > 100
    assert value(found, "codesearch_http_requests_in_progress") == 1  # the scrape
    assert value(found, "codesearch_database_connections", state="used") == 0
    assert value(found, "codesearch_database_connections", state="idle") >= 1
    assert value(found, "codesearch_database_wait_seconds_count") >= 5
    assert value(found, "process_cpu_seconds_total") > 0
    assert value(found, "process_start_time_seconds") > 1_600_000_000
    assert "secret" not in text and "hidden" not in text


def test_tables_are_measured_beside_the_scrapes(place: Place):
    found = until(lambda: _with_tables(place.url))
    assert value(found, "codesearch_database_up") == 1
    assert value(found, "codesearch_table_size_bytes", table="symbol") > 0
    assert value(found, "codesearch_table_rows", table="symbol") >= 0


def _with_tables(url: str) -> Samples:
    """Return a scrape that tells of the database; nothing before."""
    found = scraped(url)
    return found if ("codesearch_database_up", frozenset()) in found else {}


def test_names_and_values_are_escaped():
    counter = Counter("a_total", "Help.", ["label"])
    counter.add('quote " slash \\ line\n', by=0.25)
    took = Histogram("b_seconds", "Help.", ["route"], bounds=(0.1, 1.0))
    for seconds in (0.1, 0.5, 7.0):
        took.add(seconds, "x")
    families = (counter.family(), took.family(), gauge("c", "Help.", [((), 3)]))
    found = samples(metrics.text(families).decode())
    assert value(found, "a_total", label='quote " slash \\ line\n') == 0.25
    assert [value(found, "b_seconds_bucket", route="x", le=le) for le in ("0.1", "1.0", "+Inf")] == [1, 2, 3]
    assert value(found, "b_seconds_sum", route="x") == pytest.approx(7.6)
    assert value(found, "c") == 3


@pytest.fixture
def without_database() -> Iterator[str]:
    databases = Databases.of([Pool("postgresql://x@127.0.0.1:1/x")])
    gateway = Gateway(databases)
    gate = Gate(databases, ("127.0.0.1",))
    server = HttpServer(("127.0.0.1", 0), gate, gateway, path="", watched=gateway.watch.watched)
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        yield server.url
    finally:
        server.stop()
        thread.join(60)
        gateway.watch.close()


def test_a_gateway_without_its_database_is_alive_and_not_ready(without_database: str):
    assert asked(without_database, "/health/live")[0] == 200
    assert asked(without_database, "/health/ready")[0] == 503
    assert asked(without_database, "/health")[0] == 503
    found = until(lambda: _with_tables(without_database))
    assert value(found, "codesearch_database_up") == 0
    assert value(found, "codesearch_database_errors_total", kind="failed") >= 2
    assert value(found, "codesearch_http_requests_total", route="/health/ready", status="503") == 1


def test_machines_ask_by_an_address_but_no_page_of_another_site_does(place: Place):
    for path in ("/health/live", "/health/ready", "/metrics"):
        assert asked(place.url, path, Host="10.1.2.3:8733")[0] == 200
        assert asked(place.url, path, Host="10.1.2.3", Origin="https://evil.example")[0] == 403
    assert asked(place.url, "/session", Host="10.1.2.3")[0] == 403


def test_a_client_that_leaves_is_counted_as_one(place: Place):
    parts = urlsplit(place.url)
    address = (parts.hostname or "", parts.port or 0)
    with socket.create_connection(address, 60) as connection:
        connection.sendall(
            b"POST /query HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer x\r\nContent-Length: 9\r\n\r\n"
        )
    key = ("codesearch_http_requests_total", frozenset({("route", "/query"), ("status", "499")}))
    until(lambda: scraped(place.url).get(key) == 1)
    with socket.create_connection(address, 60) as connection:
        connection.sendall(b"no HTTP\r\n\r\n")
        assert connection.recv(100).startswith(b"HTTP/1.1 400")
    other = ("codesearch_http_requests_total", frozenset({("route", "other"), ("status", "400")}))
    until(lambda: scraped(place.url).get(other) == 1)  # counted once it is answered


@pytest.fixture(scope="module")
def logging_process(postgres: Postgres, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Process, Path]]:
    log = tmp_path_factory.mktemp("log") / "log"
    process = Process(postgres.create("logged"), log, "--port", "0", "--log-format", "json")
    try:
        yield process, log
    finally:
        process.kill()


def test_the_log_has_one_object_per_request(logging_process: tuple[Process, Path]):
    process, log = logging_process
    status, _, headers = asked(process.url, "/health/ready", X_Request_Id="ci-job-7")
    assert (status, headers["x-request-id"]) == (200, "ci-job-7")
    odd = asked(process.url, "/query", {"query": "private question"}, X_Request_Id="two words\x1b")
    assert odd[0] in (400, 401)
    _, _, headers = asked(process.url, "/nothing", X_Request_Id="<script>")
    assert re.fullmatch("[0-9a-f]{16}", headers["x-request-id"])
    lines = until(lambda: _logged(log, 3))
    first = next(one for one in lines if one.get("request_id") == "ci-job-7")
    assert first["time"].endswith("Z") and first["level"] == "info" and first["logger"] == "codesearch.server"
    assert (first["method"], first["route"], first["status"], first["peer"]) == (
        "GET", "/health/ready", 200, "127.0.0.1",
    )  # fmt: skip
    assert 0 <= first["seconds"] < 60
    last = next(one for one in lines if one.get("request_id") == headers["x-request-id"] and "status" in one)
    assert (last["route"], last["status"]) == ("other", 404)
    assert "private question" not in log.read_text()


def _logged(log: Path, count: int) -> list[Any]:
    """Return the lines of a log, all of them JSON, as soon as it has told of some requests."""
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    return lines if sum("status" in one for one in lines) >= count else []


def test_the_alerts_of_the_docs_name_what_there_is(place: Place):
    text = (HOUSE / "docs" / "server.md").read_text("utf-8")
    (block,) = re.findall(r"```yaml\n(groups:.*?)```", text, re.S)
    ((document,),) = [yaml_documents(block)]
    place.server("alice", "one").get("/refs")
    known = {name for name, _ in until(lambda: _with_tables(place.url))}
    known |= {"codesearch_database_errors_total", "codesearch_vectors_total", "up"}
    rules = [rule for group in document["groups"] for rule in group["rules"]]
    assert len(rules) >= 4
    for rule in rules:
        promql_parser.parse(rule["expr"])
        assert rule["alert"] and rule["annotations"]["summary"]
        used = set(re.findall(r"\b(?:codesearch|process)_\w+", rule["expr"]))
        assert used and used <= known, rule


def test_another_format_of_the_log_is_refused(call):
    run = call("serve", "--store", "postgresql://x/y", "--log-format", "xml")
    assert (run.status, run.err) == (2, "codesearch: error: --log-format xml: use text or json\n")
