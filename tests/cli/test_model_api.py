"""Models over an API in the command line: nothing is sent unasked, and a failure costs the order only."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import codesearch
from codesearch import embed
from codesearch.rerank import process
from codesearch.rerank.job import RerankBudget
from tests.support import api_server
from tests.support.api_server import Handler, Service, refusing
from tests.support.command import Run
from tests.support.schemas import keeps_schema

Call = Callable[..., Run]


def good(handler: Handler, value: dict[str, Any]) -> None:
    """Answer as it should be."""
    handler.answer(api_server.good(value))


@pytest.fixture
def service(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Service]:
    """Return a service whose model `company` was added; forget that this sent it a text."""
    monkeypatch.setenv("CODESEARCH_MODELS", str(tmp_path / "models"))
    monkeypatch.setenv("COMPANY_KEY", "secret-key-123")
    process.state.reset()
    with api_server.serving() as found:
        yield found
    process.state.reset()


@pytest.fixture
def company(service: Service, call: Call, small: Path) -> Service:
    """Return the service with the model `company`, which the project in the current folder uses."""
    run = call("model", "add", "company", "--api", service.url, "--key-env", "COMPANY_KEY", "--timeout", "120")
    assert run.status == 0, run.err
    assert "no code is sent until you allow it" in run.err
    call("model", "use", "company", "--project")
    service.requests.clear()
    return service


def test_nothing_is_sent_before_it_is_allowed(call: Call, company: Service, small: Path) -> None:
    run = call("query", "where are uploads retried", "--format", "json")
    assert run.status == 0
    assert "may not be sent there yet" in run.err
    assert "codesearch model allow company" in run.err
    assert "fast ranking only" in run.err
    run = call("index", "--embed", "full")
    assert (run.status, "may not be sent there yet" in run.err) == (2, True)
    run = call("model", "bench", "company")
    assert (run.status, "not measured" in run.err) == (2, True)
    assert company.requests == []


def test_what_would_be_sent_can_be_listed(call: Call, company: Service, small: Path) -> None:
    run = call("model", "texts", "company", "--format", "json")
    assert run.status == 0
    keeps_schema(run.json, "model-texts")
    assert run.json["url"] == f"{company.url}/embeddings"
    assert not run.json["allowed"]
    assert run.json["count"] == len(run.json["texts"]) > 3
    assert run.json["bytes"] == sum(len(one["text"].encode()) for one in run.json["texts"])
    listed = {one["text"] for one in run.json["texts"]}
    text = call("model", "texts", "company", "-n", "2")
    assert len(text.out.splitlines()) == 4
    assert company.requests == []
    assert call("model", "allow", "company", "--yes").status == 0
    assert call("index", "--embed", "full").status == 0
    assert set(company.texts) == listed
    assert call("model", "texts", "company").status == 1
    assert call("model", "texts", "transformer").status == 2


def test_allowing_says_how_much_goes_where_and_needs_a_yes(call: Call, company: Service, small: Path) -> None:
    run = call("model", "allow", "company")
    assert run.status == 2  # there is no terminal to ask on
    assert f"sends texts to {company.url}/embeddings" in run.err
    assert "texts, " in run.err
    assert "--yes" in run.err
    run = call("model", "allow", "company", "--yes")
    assert (run.status, "allowed for" in run.err) == (0, True)
    assert company.requests == []
    run = call("query", "where are uploads retried", "--format", "json")
    assert "fast ranking" not in run.err
    assert "where are uploads retried" in company.texts
    assert call("model", "allow", "company", "--revoke").status == 0
    run = call("query", "how are settings read", "--format", "json")
    assert "may not be sent there yet" in run.err
    assert "how are settings read" not in company.texts


def test_a_service_that_fails_leaves_the_fast_ranking(call: Call, company: Service, small: Path) -> None:
    call("model", "allow", "company", "--yes")
    company.misbehave += [refusing(401, {"error": {"message": "wrong key secret-key-123"}})] * 9
    run = call("query", "where are uploads retried", "--format", "json")
    assert run.status == 0
    assert run.json["results"]
    assert "the model company cannot be used" in run.err
    assert "HTTP 401" in run.err
    assert "secret" not in run.err


def test_an_interrupted_run_keeps_what_it_has(call: Call, service: Service, small: Path) -> None:
    call("model", "add", "company", "--api", service.url, "--batch-size", "1")
    call("model", "use", "company", "--project")
    call("model", "allow", "company", "--yes")
    count = call("model", "texts", "company", "--format", "json").json["count"]
    service.misbehave += [good, good, refusing(403, "quota")]
    run = call("index", "--embed", "full")
    assert (run.status, "HTTP 403 quota" in run.err) == (2, True)
    assert call("model", "texts", "company", "--format", "json").json["count"] == count - 2


def test_what_an_editor_sends_with_each_letter_does_not_leave(company: Service, call: Call, small: Path) -> None:
    call("model", "allow", "company", "--yes")
    with codesearch.open_index(small) as index:
        index.update()
        answer = index.query("where are uploads ret", budget=RerankBudget(limit=8, keep_query=False))
        assert answer.hits
        assert (answer.problem, company.requests) == ("", [])
        assert index.query("where are uploads retried").refined
        assert len(company.requests) == 2


def test_consent_for_another_service_of_the_same_name_is_not_kept(call: Call, company: Service, small: Path) -> None:
    call("model", "allow", "company", "--yes")
    assert call("model", "add", "company", "--api", company.url, "--api-model", "other").status == 0
    company.requests.clear()
    process.state.reset()
    assert "may not be sent there yet" in call("query", "where are uploads retried").err
    assert company.requests == []


def test_the_list_shows_where_a_model_is(call: Call, company: Service, small: Path) -> None:
    run = call("model", "list", "--format", "json")
    found = {one["name"]: one for one in run.json["models"]}["company"]
    assert (found["runs"], found["source"], found["problem"]) == ("api", company.url, "")
    assert found["dims"] == embed.load("transformer").dims
    assert "secret" not in json.dumps(run.json)


def test_options_of_a_service_need_its_url(call: Call, service: Service) -> None:
    run = call("model", "add", "somebody/model", "--key-env", "KEY")
    assert (run.status, "require --api URL" in run.err) == (2, True)
