"""Models over an API: a service that serves the bundled model, and the ways in which services fail."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from email.utils import formatdate
from pathlib import Path

import numpy as np
import pytest

from codesearch import embed
from codesearch.core.errors import ModelError, UsageError
from codesearch.embed import api, consent, http
from codesearch.embed.api import ApiEmbedder
from codesearch.embed.manage.api import PROBE, add
from tests.support import api_server
from tests.support.api_server import Service, changed, refusing, saying

TEXTS = [
    "retry\nupload\ndef retry times\nsend again\nfor in range times send",
    "",
    "sort\n\n\n\nvalues",
    "save\n\n\n\nfile",
]


@pytest.fixture(autouse=True)
def models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("CODESEARCH_MODELS", str(tmp_path / "models"))
    monkeypatch.setenv("COMPANY_KEY", "secret-key-123")
    return tmp_path / "models"


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make the pauses between attempts short."""
    monkeypatch.setattr(api, "FIRST_PAUSE", 0.001)


@pytest.fixture
def service() -> Iterator[Service]:
    with api_server.serving() as found:
        yield found


def added(service: Service, **values: object) -> ApiEmbedder:
    """Add a model of the service, and forget that it was asked for a vector."""
    given = {
        "name": "company",
        "url": service.url,
        "model": "minilm",
        "dims": 0,
        "key_env": "COMPANY_KEY",
        "wait": 120.0,
        **values,
    }
    add(api.Entry(**given))  # type: ignore[arg-type]
    service.requests.clear()
    service.headers.clear()
    model = embed.load("company")
    assert isinstance(model, ApiEmbedder)
    return model


def patiently(model: ApiEmbedder, texts: list[str]) -> np.ndarray:
    return model.encode_patiently(texts, lambda: False)


def test_the_vectors_are_those_of_the_service(service: Service) -> None:
    model = added(service)
    assert isinstance(model, embed.RemoteEmbedder)
    assert "company" in embed.available()
    rows = model.encode_documents(TEXTS)
    sent = [model.sent(text) for text in TEXTS if text]
    assert service.texts == sent
    assert rows.shape == (4, embed.load("transformer").dims)
    assert not rows[1].any()
    expected = embed.load("transformer").encode_documents(sent)
    assert np.allclose(rows[[0, 2, 3]], expected, atol=1e-6)
    assert model.quantised_query("retry an upload") == embed.quantise(model.encode_queries(["retry an upload"]))[0]


def test_what_a_request_contains(service: Service) -> None:
    model = added(service, query_prompt="query: ", document_prompt="passage: ", dimensions=64)
    model.encode_documents(["sort\n\n\n\nvalues"])
    model.encode_queries(["sortValues now"])
    first, second = service.requests
    assert first["path"] == "/v1/embeddings"
    assert (first["model"], first["dimensions"], first["encoding_format"]) == ("minilm", 64, "float")
    assert first["input"] == ["passage: sort values"]
    assert second["input"] == ["query: sort values now"]
    assert service.headers[0]["Authorization"] == "Bearer secret-key-123"
    assert model.dims == 64


def test_texts_go_in_batches_and_a_refused_batch_in_halves(service: Service) -> None:
    model = added(service, batch=2)
    patiently(model, ["a b", "c d", "e f"])
    assert [len(request["input"]) for request in service.requests] == [2, 1]
    service.requests.clear()
    service.misbehave.append(refusing(413, {"error": {"message": "too many tokens"}}))
    rows = patiently(model, ["a b", "c d"])
    assert [len(request["input"]) for request in service.requests] == [2, 1, 1]
    assert np.allclose(rows, patiently(model, ["a b", "c d"]), atol=1e-6)


def test_another_header_and_a_url_with_a_query(service: Service) -> None:
    model = added(service, key_header="api-key", url=f"{service.url}/?api-version=2024-10-21")
    model.encode_queries(["sort"])
    assert {name.lower(): value for name, value in service.headers[0].items()}["api-key"] == "secret-key-123"
    assert "Authorization" not in service.headers[0]
    assert service.requests[0]["path"] == "/v1/embeddings?api-version=2024-10-21"


def test_the_key_is_nowhere_but_in_the_environment(
    service: Service, models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = added(service)
    assert "secret-key-123" not in "".join(file.read_text() for file in models.rglob("*.json"))
    service.misbehave.append(refusing(401, {"error": {"message": "Incorrect API key provided: secret-key-123."}}))
    with pytest.raises(ModelError, match=r"HTTP 401 Incorrect API key provided: \.\.\.\.") as caught:
        model.encode_queries(["sort"])
    assert "secret" not in str(caught.value)
    monkeypatch.delenv("COMPANY_KEY")
    with pytest.raises(ModelError, match="set the environment variable COMPANY_KEY"):
        model.encode_queries(["sort"])
    monkeypatch.setenv("COMPANY_KEY", "a\nHost: elsewhere")
    with pytest.raises(ModelError, match="characters that no key has"):
        model.encode_queries(["sort"])


@pytest.mark.parametrize(
    "headers", [{}, {"Retry_After": "0"}, {"Retry_After": formatdate(0, usegmt=True)}, {"Retry_After": "soon"}]
)
@pytest.mark.parametrize("status", [429, 500, 503])
def test_it_is_asked_again(service: Service, quick: None, status: int, headers: dict[str, str]) -> None:
    model = added(service)
    service.misbehave += [refusing(status, "busy", **headers)] * 2
    assert patiently(model, ["sort values"]).any()
    assert len(service.requests) == 3


def test_retry_after_is_honoured(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    model = added(service)
    slept: list[float] = []
    monkeypatch.setattr(api, "_pause", lambda seconds, *_: slept.append(seconds))
    service.misbehave.append(refusing(429, "slow down", Retry_After="7"))
    patiently(model, ["sort values"])
    assert slept == [0.0, 7.0, 0.0]


def test_a_service_that_asks_for_hours_has_failed(service: Service) -> None:
    model = added(service)
    service.misbehave.append(refusing(429, {"error": {"message": "quota of today is used up"}}, Retry_After="86400"))
    with pytest.raises(ModelError, match="HTTP 429 quota of today is used up"):
        patiently(model, ["sort values"])
    assert len(service.requests) == 1


def test_it_gives_up_after_some_attempts(service: Service, quick: None) -> None:
    model = added(service)
    service.misbehave += [refusing(500, "<html>oops</html>")] * 20
    with pytest.raises(ModelError, match="HTTP 500 Internal Server Error"):
        patiently(model, ["sort values"])
    assert len(service.requests) == api.ATTEMPTS


def test_a_question_does_not_wait_longer_than_its_limit(service: Service) -> None:
    model = added(service, wait=0.5)
    for misbehaviour in (api_server.silent, api_server.dripping, refusing(429, "slow down", Retry_After="500")):
        service.misbehave[:] = [misbehaviour]
        with pytest.raises(ModelError, match=r"no complete answer within|no answer within|slow down"):
            model.encode_queries(["sort"])


def test_a_limit_on_requests_per_minute(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    model = added(service, requests_per_minute=1, batch=1)
    slept: list[float] = []
    monkeypatch.setattr(api, "_pause", lambda seconds, *_: slept.append(seconds))
    patiently(model, ["a b", "c d", "e f"])
    assert slept[0] == 0
    assert 0 < slept[1] <= 60
    assert slept[1] < slept[2] <= 120


def test_a_pause_can_be_stopped(service: Service) -> None:
    model = added(service, batch=1)
    service.misbehave += [
        api_server.saying(api_server.good({"input": ["a"], "model": ""})),
        refusing(429, "", Retry_After="60"),
    ]
    rows = model.encode_patiently(["a b", "c d"], lambda: len(service.requests) > 1)
    assert len(rows) == 1


def _set(key: str, value: object):
    return lambda data: data[0].__setitem__(key, value)


@pytest.mark.parametrize(
    ("respond", "message"),
    [
        (saying("{"), "not JSON"),
        (saying("[" * 100_000), "not JSON"),
        (saying([]), "no list of vectors"),
        (saying({"data": "x"}), "no list of vectors"),
        (changed(lambda data: data.pop()), "1 vectors for 2 texts"),
        (changed(_set("index", 0)), "which vector belongs to which text"),
        (changed(_set("index", "1")), "which vector belongs to which text"),
        (changed(_set("index", 7)), "which vector belongs to which text"),
        (changed(_set("embedding", [1.0])), "1 numbers instead of"),
        (changed(_set("embedding", "AAAA")), "not a list of numbers"),
        (changed(_set("embedding", [True] * 384)), "not a list of numbers"),
        (changed(_set("embedding", [math.nan] * 384)), "not finite, or zero"),
        (changed(_set("embedding", [math.inf] * 384)), "not finite, or zero"),
        (changed(_set("embedding", [10**400, *[0.5] * 383])), "not finite, or zero"),
        (changed(_set("embedding", [0] * 384)), "not finite, or zero"),
        (api_server.endless, "longer than"),
        (refusing(302, "", Location="https://elsewhere.example/"), "redirects are not followed"),
        (refusing(404, {"error": {"message": "no such model: minilm"}}), "HTTP 404 no such model: minilm"),
        (refusing(403, {"detail": "not\x1b[31m for you"}), "HTTP 403 not.31m for you"),
    ],
)
def test_a_wrong_answer_is_refused_at_once(service: Service, respond: api_server.Respond, message: str) -> None:
    model = added(service)
    service.misbehave.append(respond)
    with pytest.raises(ModelError, match=message):
        patiently(model, ["sort values", "save a file"])
    assert len(service.requests) == 1


def test_a_service_that_is_not_there(service: Service, quick: None) -> None:
    model = added(service)
    api.write(api.Entry("company", "http://127.0.0.1:9/v1", "minilm", model.dims), embed.folder_of("company"))
    with pytest.raises(ModelError, match="cannot be reached"):
        patiently(ApiEmbedder(embed.folder_of("company")), ["sort"])


def test_adding_sends_one_fixed_text_and_nothing_is_added_if_that_fails(service: Service, models: Path) -> None:
    add(api.Entry("company", service.url, "company", 0))
    assert service.texts == [PROBE]
    service.misbehave.append(saying({"object": "list"}))
    with pytest.raises(ModelError, match="no vector; is this the address of an embeddings API"):
        add(api.Entry("other", service.url, "other", 0))
    service.dims = 384
    with pytest.raises(ModelError, match="ignores --dimensions"):
        add(api.Entry("other", service.url, "other", 0, dimensions=64))
    assert [path.name for path in models.iterdir()] == ["company"]


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"url": "company.example/v1"}, "needs the URL of a service"),
        ({"url": "file:///etc/passwd"}, "needs the URL of a service"),
        ({"url": "https://[::1"}, "needs the URL of a service"),
        ({"url": "https://me:secret@company.example/v1"}, "must not contain a password"),
        ({"key_env": "sk-abc"}, "not the key itself"),
        ({"key_header": "a: b"}, "name of an HTTP header"),
        ({"url": "http://company.example/v1", "key_env": "COMPANY_KEY"}, "only sent over https"),
        ({"dimensions": 100_000}, "--dimensions"),
        ({"name": "../other"}, "cannot name a model"),
        ({"name": "static"}, "bundled model"),
    ],
)
def test_what_cannot_be_added(values: dict[str, object], message: str) -> None:
    with pytest.raises(UsageError, match=message) as caught:
        given = {"name": "company", "url": "https://company.example/v1", "model": "company", "dims": 0, **values}
        add(api.Entry(**given))  # type: ignore[arg-type]
    assert "sk-abc" not in str(caught.value)
    assert "secret" not in str(caught.value)


def test_the_id_depends_on_what_decides_the_vectors(service: Service) -> None:
    one = api.Entry("company", "https://a.example/v1", "m", 8)
    assert one.model_id == api.Entry("company", "https://a.example/v1", "m", 8, key_env="K", batch=3).model_id
    others = [
        api.Entry("company", "https://b.example/v1", "m", 8),
        api.Entry("company", "https://a.example/v1", "n", 8),
        api.Entry("company", "https://a.example/v1", "m", 8, dimensions=8),
        api.Entry("company", "https://a.example/v1", "m", 8, query_prompt="q: "),
    ]
    assert len({one.model_id, *(other.model_id for other in others)}) == 5


def test_consent_covers_a_folder_and_what_is_below_it(tmp_path: Path) -> None:
    allowed = consent.Consent().with_folder(tmp_path / "work")
    assert allowed.covers(tmp_path / "work")
    assert allowed.covers(tmp_path / "work" / "repo")
    assert not allowed.covers(tmp_path / "work2")
    assert not allowed.covers(tmp_path)
    assert not allowed.covers(None)
    consent.write(tmp_path, allowed)
    assert consent.read(tmp_path) == allowed
    assert not allowed.without_folder(tmp_path / "work").covers(tmp_path / "work")
    (tmp_path / consent.FILE).write_text('{"folders": "/", "everywhere": 1}')
    assert consent.read(tmp_path) == consent.Consent(("/",)) or not consent.read(tmp_path).everywhere
    (tmp_path / consent.FILE).write_text("[")
    assert consent.read(tmp_path) == consent.Consent()


def test_a_damaged_entry_is_reported(models: Path) -> None:
    (models / "company").mkdir(parents=True)
    for text in ("{", "{}", '{"name": "company", "url": 3, "model": "m", "dims": 3}', '{"name": 1, "dims": "x"}'):
        (models / "company" / "api.json").write_text(text)
        with pytest.raises(ModelError, match="add the model again"):
            embed.load("company")


def test_the_date_of_retry_after() -> None:
    assert http._after("12") == 12
    assert http._after("nan") is None
    assert http._after(None) is None
    assert http._after("Wed, 21 Oct 2015 07:28:00 GMT") == 0
    assert 50 < (http._after(formatdate(time.time() + 60, usegmt=True)) or 0) <= 60
