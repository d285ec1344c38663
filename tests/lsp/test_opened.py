"""codesearch/opened: recorded only if the user has switched it on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from codesearch.quality import feedback
from tests.lsp.client import Client
from tests.support.wait import until

INDEX = Path(".codesearch") / "index.db"


def say(client: Client, hit: dict[str, Any], **more: object) -> None:
    message = {"query": "send again what failed", "uri": hit["uri"], "line": hit["range"]["start"]["line"], **more}
    client.notify("codesearch/opened", message)
    client.ask("codesearch/status")


def recorded(project: Path) -> list[feedback.Opened]:
    return list(feedback.read(project / INDEX))


def test_what_was_opened_is_recorded_where_the_user_wants_it(client: Client, project: Path):
    announced = client.initialize(project, initializationOptions={"settings": {"feedback": True}})
    assert announced["experimental"]["codesearch"]["notifications"] == ["codesearch/opened"]
    hit = client.query("send again what failed")[0]
    say(client, hit, rank=1)
    (one,) = until(lambda: recorded(project), "the record of what was opened")
    assert (one.query, one.path, one.line, one.name, one.place) == (
        "send again what failed",
        "pkg/upload.py",
        1,
        "retry_upload",
        1,
    )


def test_nothing_is_recorded_unasked_or_of_what_cannot_be_read(client: Client, project: Path):
    client.initialize(project)
    hit = client.query("send again what failed")[0]
    say(client, hit)
    broken: list[object] = [{"query": 5}, [], {"query": "x", "uri": hit["uri"], "line": -1}]
    for params in broken:
        client.notify("codesearch/opened", params)
    assert client.query("send again what failed")[0]["uri"] == hit["uri"], "it still answers"
    assert not feedback.file_of(project / INDEX).exists()
    assert client.shutdown() == 0


def test_weak_answers_are_marked(client: Client, project: Path):
    client.initialize(project)
    hits = client.query("quantum chromodynamics of hadrons")
    assert hits
    assert all(hit.get("weak") is True for hit in hits)
    assert "weak" not in client.query("retry_upload")[0]
