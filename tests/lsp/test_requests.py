"""The whole server over its standard streams, as any client sees it."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import Any

import jsonschema  # type: ignore[import-untyped, unused-ignore]
import pytest

from codesearch.embed import MODELS
from tests.lsp.client import Client, RequestError, insertion
from tests.support.trees import write
from tests.support.wait import until

PLACE = {"type": "object", "required": ["line", "character"], "maxProperties": 2}
RANGE = {"type": "object", "required": ["start", "end"], "properties": {"start": PLACE, "end": PLACE}}
HIT = {
    "type": "object",
    "additionalProperties": False,
    "required": [
        "rank", "score", "uri", "range", "selectionRange", "root", "path", "name", "qualname", "kind", "symbolKind",
        "signature", "documentation", "language", "unsaved",
    ],
    "properties": {
        "rank": {"type": "integer", "minimum": 0},
        "score": {"type": "number", "minimum": 0, "maximum": 1},
        "uri": {"type": "string", "pattern": "^[a-z]+:"},
        "range": RANGE,
        "selectionRange": RANGE,
        "root": {"type": "string"},
        "path": {"type": "string"},
        "name": {"type": "string"},
        "qualname": {"type": "string"},
        "kind": {"type": "string"},
        "symbolKind": {"type": "integer", "minimum": 1, "maximum": 26},
        "signature": {"type": "string"},
        "documentation": {"type": "string", "maxLength": 300},
        "language": {"type": "string"},
        "unsaved": {"type": "boolean"},
        "cell": {"type": "integer", "minimum": 1},
        "cellLine": {"type": "integer", "minimum": 1},
        "weak": {"const": True},
        "matches": {
            "type": "array",
            "minItems": 1,
            "items": {"type": "object", "required": ["range", "text"], "properties": {"range": RANGE}},
        },
        "snippet": {"type": "string"},
    },
}  # fmt: skip
RESULT = {
    "type": "object",
    "additionalProperties": False,
    "required": ["query", "hits", "complete", "message"],
    "properties": {
        "query": {"type": "string"},
        "hits": {"type": "array", "items": HIT},
        "complete": {"type": "boolean"},
        "message": {"type": "string"},
    },
}
LINES = {
    "type": "object",
    "additionalProperties": False,
    "required": ["hits", "lines", "symbols", "complete", "message"],
    "properties": {
        "hits": {"type": "array", "items": HIT},
        "lines": {"type": "integer"},
        "symbols": {"type": "integer"},
        "complete": {"type": "boolean"},
        "message": {"type": "string"},
    },
}
RESOLVE = {"workspace": {"symbol": {"resolveSupport": {"properties": ["location.range"]}}}}


def names(hits: list[dict[str, Any]]) -> list[str]:
    return [hit["name"] for hit in hits]


def text_at(hit: dict[str, Any], key: str = "selectionRange") -> str:
    """Return the text of a range, given in UTF-16 code units, in its file."""
    from codesearch_lsp.uris import to_path

    path = to_path(hit["uri"])
    assert path is not None
    start, end = hit[key]["start"], hit[key]["end"]
    line = Path(path).read_text(encoding="utf-8").split("\n")[start["line"]].encode("utf-16-le")
    return str(line[2 * start["character"] : 2 * end["character"]], "utf-16-le")


def test_what_is_announced(client: Client, project: Path):
    found = client.initialize(project)
    assert found["positionEncoding"] == "utf-16"
    assert found["textDocumentSync"]["change"] == 2
    assert found["experimental"]["codesearch"]["version"] == 1
    assert set(found["experimental"]["codesearch"]["commands"]) == set(found["executeCommandProvider"]["commands"])
    assert "documentSymbolProvider" not in found
    assert "codeLensProvider" not in found
    assert client.shutdown() == 0
    assert client.stray == b""


def test_a_question_finds_the_function(client: Client, project: Path):
    client.initialize(project)
    result = client.ask("codesearch/query", {"text": "send again what failed", "limit": 3, "snippet": 2})
    jsonschema.validate(result, RESULT)
    first = result["hits"][0]
    assert first["qualname"] == "retry_upload"
    assert text_at(first) == "retry_upload"
    assert first["range"] == {"start": {"line": 0, "character": 0}, "end": {"line": 5, "character": 0}}
    assert len(first["snippet"].split("\n")) == 2
    assert result["complete"]
    assert len(result["hits"]) == 3
    assert [hit["rank"] for hit in result["hits"]] == [1, 2, 3]
    # Negative control: other functions are not on top, and ignored files are never found.
    assert names(client.query("read the configuration file"))[0] != "retry_upload"
    assert "never_shown" not in names(client.query("a function in a folder that is ignored"))


def test_odd_paths_and_wide_characters(client: Client, project: Path):
    client.initialize(project)
    rocket = client.query("lift off engines")[0]
    assert rocket["path"] == "odd #1 100% ñ/déjà vu.go"
    assert rocket["uri"] == (project / rocket["path"]).as_uri()
    assert text_at(rocket) == "LaunchRocket"
    smileys = client.query("count smileys")[0]
    assert smileys["selectionRange"]["start"] == {"line": 0, "character": 19}
    assert text_at(smileys) == "countSmileys"


@pytest.mark.parametrize(("encoding", "character"), [("utf-8", 22), ("utf-16", 19), ("utf-32", 18)])
def test_positions_in_the_clients_encoding(client: Client, project: Path, encoding: str, character: int):
    offered = {"general": {"positionEncodings": [encoding, "utf-16"]}}
    assert client.initialize(project, capabilities=offered)["positionEncoding"] == encoding
    assert client.query("count smileys")[0]["selectionRange"]["start"]["character"] == character


def test_filters_in_the_text_and_apart(client: Client, project: Path):
    client.initialize(project)
    assert {hit["language"] for hit in client.query("start lang:go")} == {"go"}
    assert {hit["kind"] for hit in client.query("configuration", filter={"kinds": ["method"]})} == {"method"}
    assert not [
        hit for hit in client.query("squares", filter={"notPaths": ["pkg/**"]}) if hit["path"].startswith("pkg")
    ]
    assert (
        client.query("squares", filter={"paths": ["pkg/copy_two.py"], "kinds": ["function"]})[0]["path"][-3:] == ".py"
    )


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"text": ""}, "empty"),
        ({"text": "lang:go"}, "empty"),
        ({}, "text"),
        ({"text": 5}, "text"),
        ({"text": "x", "limit": 0}, "limit"),
        ({"text": "x", "limit": "many"}, "limit"),
        ({"text": "x", "filter": {"language": ["go"]}}, "languages"),
        ({"text": "x", "filter": {"languages": ["klingon"]}}, "klingon"),
        ({"text": "x", "root": "file:///elsewhere"}, "elsewhere"),
        ({"text": "x", "exact": {"regexp": ["(a"]}}, r"exact \(a: missing"),
        ({"text": "x", "exact": {"regexp": []}}, "`exact.regexp` must be a list of strings"),
        ({"text": "x", "exact": {"regex": ["a"]}}, "`exact` has no `regex`"),
        ({"text": "x", "exact": ["a"]}, "`exact` must be an object"),
        ([1, 2], "object"),
        ("text", "object"),
    ],
)
def test_what_cannot_be_understood_is_said(client: Client, project: Path, params: object, message: str):
    client.initialize(project, wait=False)
    with pytest.raises(RequestError, match=message) as caught:
        client.ask("codesearch/query", params)
    assert caught.value.code == -32602


def second_stage(home: Path) -> dict[str, Any]:
    """Install a copy of the static model as the reranker, which needs no library; return the options."""
    folder = home / ".local" / "share" / "codesearch" / "models" / "other"
    shutil.copytree(MODELS / "static", folder)
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**config, "name": "other"}))
    return {"settings": {"model": "other"}}


def instants(client: Client, token: str) -> list[dict[str, Any]]:
    """Return the partial results of a token."""
    return [one["params"]["value"] for one in client.notifications if one["params"].get("token") == token]


def _functions(hits: list[dict[str, Any]]) -> set[str]:
    return {hit["qualname"] for hit in hits if hit["kind"] in ("function", "method")}


def test_the_fast_ranking_comes_before_the_answer_while_the_second_stage_has_work(
    client: Client, project: Path, tmp_path: Path
):
    client.initialize(project, initializationOptions=second_stage(tmp_path / "home"))
    result = client.ask("codesearch/query", {"text": "squares of numbers", "partialResultToken": "one"})
    (partial,) = instants(client, "one")
    assert partial.pop("stage") == "instant"
    # A class may be a hit of one ranking and stand under a better method in the other.
    assert _functions(partial["hits"]) == _functions(result["hits"]) != set()
    assert partial["hits"] != result["hits"], "the scores are of another curve"
    again = client.ask("codesearch/query", {"text": "squares of numbers", "partialResultToken": "two"})
    assert instants(client, "two") == [], "nothing was left to do"
    assert again == result
    (folder,) = client.ask("codesearch/status")["folders"]
    assert folder["embedded"] > 0


def test_without_a_second_stage_there_is_only_the_answer(client: Client, project: Path):
    client.initialize(project, initializationOptions={"settings": {"model": "static"}})
    assert client.ask("codesearch/query", {"text": "squares", "partialResultToken": "part"})["hits"]
    assert instants(client, "part") == []


def test_a_buffer_is_seen_by_the_second_stage_too(client: Client, project: Path, tmp_path: Path):
    client.initialize(project, initializationOptions=second_stage(tmp_path / "home"))
    client.ask("codesearch/query", {"text": "water the plants"})
    before = client.ask("codesearch/status")["folders"][0]["embedded"]
    client.open(project / "fresh.py", "def water_the_plants():\n    '''Water the plants.'''\n")
    client.find("water the plants", "water_the_plants", unsaved=True)
    assert client.ask("codesearch/status")["folders"][0]["embedded"] > before


def test_a_newer_query_of_the_session_cancels_the_older(client: Client, project: Path):
    client.initialize(project)
    numbers = [client.begin("codesearch/query", {"text": "configuration"[:length]}) for length in range(3, 13)]
    other = client.begin("codesearch/query", {"text": "squares", "session": "another"})

    def outcome(number: str) -> object:
        try:
            return client.answer(number)["query"]
        except RequestError as error:
            return error.code

    outcomes = [outcome(number) for number in numbers]
    assert outcomes[-1] == "configuratio"
    assert outcomes.count(-32802) >= 5
    assert set(outcomes[:-1]) <= {-32802, *("configuration"[:length] for length in range(3, 12))}
    assert names(client.answer(other)["hits"])[0] == "sum_of_squares"


def test_cancelling_a_request(client: Client, project: Path):
    client.initialize(project)
    # All in one write, so that the cancellation arrives before the answer.
    messages = [
        {"jsonrpc": "2.0", "id": f"q{n}", "method": "workspace/symbol", "params": {"query": "load"}} for n in range(9)
    ]
    messages += [{"jsonrpc": "2.0", "method": "$/cancelRequest", "params": {"id": "q8"}}]
    bodies = [json.dumps(message).encode() for message in messages]
    client.send_bytes(b"".join(b"Content-Length: %d\r\n\r\n%s" % (len(body), body) for body in bodies))
    with pytest.raises(RequestError) as caught:
        client.answer("q8")
    assert caught.value.code == -32800
    assert client.answer("q7")


def test_workspace_symbol_by_meaning_and_by_name(client: Client, project: Path):
    client.initialize(project)
    found = client.ask("workspace/symbol", {"query": "send again what failed"})
    assert found[0]["name"] == "retry_upload"
    place = found[0]["location"]
    assert text_at({"uri": place["uri"], "range": place["range"]}, "range") == "retry_upload"
    assert client.ask("workspace/symbol", {"query": "ConfigLoader"})[0]["kind"] == 5
    assert client.ask("workspace/symbol", {"query": "loadconfig"})[0]["name"] == "load_config"
    assert client.ask("workspace/symbol", {"query": "lang:go"}) == []
    assert len(client.ask("workspace/symbol", {"query": ""})) > 3


def test_workspace_symbol_is_bounded_and_resolved_on_demand(client: Client, project: Path):
    found = client.initialize(project, capabilities=RESOLVE, initializationOptions={"limit": 2})
    assert found["workspaceSymbolProvider"]["resolveProvider"]
    symbols = client.ask("workspace/symbol", {"query": "load configuration"})
    assert len(symbols) == 2
    by_name = {symbol["name"]: symbol for symbol in symbols}
    assert "range" not in by_name["load_config"]["location"]
    place = client.ask("workspaceSymbol/resolve", by_name["load_config"])["location"]
    assert text_at({"uri": place["uri"], "range": place["range"]}, "range") == "load_config"  # below its decorator
    with pytest.raises(RequestError):
        client.ask("workspaceSymbol/resolve", {**by_name["load_config"], "data": {"lines": "x"}})


def test_similar(client: Client, project: Path):
    client.initialize(project)
    params = {"textDocument": {"uri": (project / "pkg/copy_one.py").as_uri()}, "position": {"line": 2, "character": 0}}
    result = client.ask("codesearch/similar", params)
    assert result["of"]["path"] == "pkg/copy_one.py"
    jsonschema.validate(result["hits"], {"type": "array", "items": HIT, "minItems": 2})
    assert (result["hits"][0]["path"], result["hits"][0]["name"]) == ("pkg/copy_two.py", "sum_of_squares")
    assert result["hits"][0]["score"] > 0.99
    assert result["hits"][1]["score"] < 0.95
    assert not [hit for hit in result["hits"] if hit["path"] == "pkg/copy_one.py" and hit["name"] == "sum_of_squares"]


def test_similar_where_there_is_nothing(client: Client, project: Path):
    client.initialize(project)
    params = {"textDocument": {"uri": (project / "README").as_uri()}, "position": {"line": 2, "character": 0}}
    result = client.ask("codesearch/similar", params)
    assert (result["of"], result["hits"]) == (None, [])
    assert "README" in result["message"]


def test_commands_answer_as_the_requests(client: Client, project: Path):
    client.initialize(project)

    def run(name: str, *arguments: Any) -> Any:
        return client.ask(
            "workspace/executeCommand", {"command": f"codesearch.server.{name}", "arguments": [*arguments]}
        )

    whole = client.ask("codesearch/query", {"text": "squares", "limit": 2})
    assert run("query", {"text": "squares", "limit": 2}) == whole
    assert run("query", "squares", 2) == whole
    uri = (project / "pkg/copy_one.py").as_uri()
    near = client.ask("codesearch/similar", {"textDocument": {"uri": uri}, "position": {"line": 1, "character": 0}})
    assert run("similar", uri, 1) == near
    assert run("status")["folders"][0]["state"] == "ready"
    assert run("reindex") == {"started": [project.as_uri()]}
    for bad in (("query",), ("query", 5), ("similar", uri, "x"), ("nothing",), ("query", "a", "b", "c")):
        with pytest.raises(RequestError) as caught:
            run(*bad)
        assert caught.value.code == -32602


def test_picking_a_similar_function(client: Client, project: Path):
    client.replies["window/showMessageRequest"] = lambda message: message["params"]["actions"][0]
    client.initialize(project, capabilities={"window": {"showDocument": {"support": True}}})
    uri = (project / "pkg/copy_one.py").as_uri()
    arguments = [{"textDocument": {"uri": uri}, "position": {"line": 0, "character": 0}}]
    client.ask("workspace/executeCommand", {"command": "codesearch.server.pickSimilar", "arguments": arguments})
    (shown,) = [one["params"] for one in client.requests if one["method"] == "window/showDocument"]
    assert shown["uri"] == (project / "pkg/copy_two.py").as_uri()
    assert shown["selection"]["start"] == {"line": 0, "character": 4}


def code_action(client: Client, uri: str, line: int, **context: Any) -> Any:
    place = {"line": line, "character": 0}
    return client.ask(
        "textDocument/codeAction",
        {
            "textDocument": {"uri": uri},
            "range": {"start": place, "end": place},
            "context": {"diagnostics": [], **context},
        },
    )


def test_code_action(client: Client, project: Path):
    literal: dict[str, Any] = {
        "textDocument": {"codeAction": {"codeActionLiteralSupport": {"codeActionKind": {"valueSet": []}}}}
    }
    options = {"showSimilarCommand": "my.show"}
    client.initialize(project, capabilities=literal, initializationOptions=options)
    uri = (project / "pkg/config.py").as_uri()
    (action,) = code_action(client, uri, 5)
    assert action["title"] == "Find similar functions"
    assert action["command"]["command"] == "my.show"
    assert action["command"]["arguments"][0]["textDocument"] == {"uri": uri}
    assert code_action(client, uri, 5, only=["refactor"])
    assert code_action(client, uri, 5, only=["quickfix"]) == []
    assert code_action(client, uri, 2) == []  # between functions


def test_code_lens_counts_copies(client: Client, project: Path):
    assert client.initialize(project, initializationOptions={"codeLens": True})["codeLensProvider"]["resolveProvider"]
    uri = client.open(project / "pkg/copy_one.py")
    (lens,) = client.ask("textDocument/codeLens", {"textDocument": {"uri": uri}})
    assert client.ask("codeLens/resolve", lens)["command"]["title"] == "1 near-duplicate"
    alone = client.open(project / "pkg/upload.py")
    (lens,) = client.ask("textDocument/codeLens", {"textDocument": {"uri": alone}})
    assert client.ask("codeLens/resolve", lens)["command"]["title"] == "no near-duplicates"


def test_document_symbols_only_when_asked_for(client: Client, project: Path):
    client.initialize(project, initializationOptions={"documentSymbol": True})
    uri = client.open(project / "pkg/config.py")
    found = client.ask("textDocument/documentSymbol", {"textDocument": {"uri": uri}})
    assert [(one["name"], [inner["name"] for inner in one["children"]]) for one in found] == [
        ("load_config", []),
        ("ConfigLoader", ["locate"]),
    ]


def test_several_folders_that_come_and_go(client: Client, project: Path, tmp_path: Path):
    second = write(tmp_path / "second", {"moon.py": "def walk_on_the_moon():\n    '''One small step.'''\n"})
    client.initialize(project)
    assert "walk_on_the_moon" not in names(client.query("one small step on the moon"))
    event = {"added": [{"uri": second.as_uri(), "name": "second"}], "removed": []}
    client.notify("workspace/didChangeWorkspaceFolders", {"event": event})
    client.ready()
    hits = client.query("one small step on the moon")
    assert (hits[0]["name"], hits[0]["root"]) == ("walk_on_the_moon", second.as_uri())
    assert {hit["root"] for hit in client.query("squares")} >= {project.as_uri()}
    assert {hit["root"] for hit in client.query("squares", root=second.as_uri())} == {second.as_uri()}
    event = {"added": [], "removed": [{"uri": second.as_uri(), "name": "second"}]}
    client.notify("workspace/didChangeWorkspaceFolders", {"event": event})
    assert "walk_on_the_moon" not in names(client.query("one small step on the moon"))


def test_a_folder_inside_another_gives_each_answer_once(client: Client, project: Path):
    client.initialize(project, project / "pkg")
    assert names(client.query("send again what failed", limit=4)).count("retry_upload") == 1


@pytest.mark.parametrize("kind", ["rootUri", "rootPath"])
def test_clients_with_one_root(client: Client, project: Path, kind: str):
    value = project.as_uri() if kind == "rootUri" else str(project)
    params: dict[str, Any] = {kind: value}
    client.initialize(**params)
    assert names(client.query("send again what failed"))[0] == "retry_upload"


def test_a_single_file_without_a_folder(client: Client, tmp_path: Path):
    lonely = (
        write(tmp_path / "alone", {"one.py": "def feed_the_cat():\n    '''Give the cat some food.'''\n"}) / "one.py"
    )
    client.initialize(wait=False)
    assert client.query("give the cat food") == []
    uri = client.open(lonely)
    client.find("give the cat food", "feed_the_cat", uri=uri, root="")
    untitled = client.open(lonely, "def wash_the_dog():\n    pass\n", uri="untitled:Untitled-1")
    client.find("wash the dog", "wash_the_dog", uri=untitled)
    client.notify("textDocument/didClose", {"textDocument": {"uri": untitled}})
    client.lose("wash the dog", "wash_the_dog")
    assert not (tmp_path / "alone" / ".codesearch").exists()


def test_a_file_without_a_folder_opens_its_repository(client: Client, project: Path):
    (project / ".git").mkdir()
    client.initialize(wait=False)
    client.open(project / "pkg/upload.py")
    client.ready()
    assert client.query("lift off engines")[0]["name"] == "LaunchRocket"


def test_indexing_tells_its_progress(client: Client, tmp_path: Path):
    functions = {
        f"m{n}.py": "".join(f"def f{n}_{k}(a, b):\n    return a + {k}\n\n" for k in range(60)) for n in range(60)
    }
    root = write(tmp_path / "many", functions)
    client.initialize(root, capabilities={"window": {"workDoneProgress": True}})
    client.until(lambda: [one for one in client.notifications if one["params"].get("value", {}).get("kind") == "end"])
    (created,) = [one for one in client.requests if one["method"] == "window/workDoneProgress/create"]
    values = [one["params"] for one in client.notifications if one["method"] == "$/progress"]
    assert {value["token"] for value in values} == {created["params"]["token"]}
    kinds = [value["value"]["kind"] for value in values]
    assert kinds[0] == "begin"
    assert kinds[-1] == "end"
    assert set(kinds[1:-1]) <= {"report"}
    assert re.search(r"of 60 files", values[0]["value"]["message"])


def test_cancelling_the_indexing_keeps_what_is_there(client: Client, tmp_path: Path):
    functions = {
        f"m{n}.py": "".join(f"def f{n}_{k}(a, b):\n    return a + {k}\n\n" for k in range(80)) for n in range(400)
    }
    root = write(tmp_path / "many", functions)
    client.initialize(root, wait=False, capabilities={"window": {"workDoneProgress": True}})
    client.until(lambda: any(one["method"] == "$/progress" for one in client.notifications))
    token = client.notifications[0]["params"]["token"]
    client.notify("window/workDoneProgress/cancel", {"token": token})
    client.until(lambda: [one for one in client.notifications if one["params"].get("value", {}).get("kind") == "end"])
    (folder,) = client.ask("codesearch/status")["folders"]
    assert folder["state"] == "stopped"
    assert client.ask("codesearch/query", {"text": "f0"})["message"]
    client.ask("codesearch/reindex", {"root": root.as_uri()})
    assert client.ready()["folders"][0]["symbols"] == 400 * 81


def test_status_notifications(client: Client, project: Path):
    client.initialize(project, initializationOptions={"statusNotifications": True})
    client.until(lambda: any(one["method"] == "codesearch/statusChanged" for one in client.notifications))


def test_a_bad_option_is_told_and_the_default_used(client: Client, project: Path):
    client.initialize(project, initializationOptions={"limit": "many", "debounceMs": 10})
    (shown,) = [one["params"] for one in client.notifications if one["method"] == "window/showMessage"]
    assert shown["type"] == 2
    assert "limit" in shown["message"]
    assert client.query("squares")


def test_options_change_while_it_runs(client: Client, project: Path):
    client.initialize(project)
    assert len(client.query("configuration")) > 2
    client.notify("workspace/didChangeConfiguration", {"settings": {"codesearch": {"limit": 2}}})
    assert len(client.query("configuration")) == 2
    settings = {"codesearch": {"settings": {"exclude": ["pkg/**"]}}}
    client.notify("workspace/didChangeConfiguration", {"settings": settings})
    client.ready()
    assert not [hit for hit in client.query("configuration") if hit["path"].startswith("pkg/")]
    client.notify("workspace/didChangeConfiguration", {"settings": {"codesearch": {"settings": {"exclud": ["x"]}}}})
    client.until(lambda: any("exclud" in one["params"].get("message", "") for one in client.notifications))


def test_the_client_is_asked_for_its_configuration(client: Client, project: Path):
    client.replies["workspace/configuration"] = [{"limit": 1}]
    client.initialize(project, capabilities={"workspace": {"configuration": True}})
    assert len(client.query("configuration")) == 1


def test_changes_on_disk_are_followed(client: Client, project: Path):
    client.initialize(project)
    assert "juggle_seven_balls" not in names(client.query("juggle seven balls"))
    (project / "pkg/circus.py").write_text("def juggle_seven_balls():\n    pass\n", encoding="utf-8")
    changes = [{"uri": (project / "pkg/circus.py").as_uri(), "type": 1}]
    client.notify("workspace/didChangeWatchedFiles", {"changes": changes})
    client.find("juggle seven balls", "juggle_seven_balls")


def test_the_client_is_not_asked_to_watch_where_the_server_has_events(client: Client, project: Path):
    """A client may ask the user whether to watch thousands of folders, so the server does not request it needlessly."""
    client.initialize(project, capabilities={"workspace": {"didChangeWatchedFiles": {"dynamicRegistration": True}}})
    assert [one for one in client.requests if one["method"] == "client/registerCapability"] == []


def test_an_edit_is_found_before_it_is_saved_and_gone_when_closed(client: Client, project: Path):
    client.initialize(project)
    uri = client.open(project / "pkg/upload.py")
    assert not client.query("tame a dragon")[0]["unsaved"]
    client.change(uri, 2, insertion(0, "# 😀\ndef tame_a_dragon():\n    return 'tame'\n\n"))
    hit = client.find("tame a dragon", "tame_a_dragon", unsaved=True, uri=uri)
    assert hit["selectionRange"]["start"] == {"line": 1, "character": 4}
    moved = client.query("send again what failed")[0]
    assert (moved["name"], moved["range"]["start"]["line"], moved["unsaved"]) == ("retry_upload", 4, True)
    assert names(client.query("send again what failed")).count("retry_upload") == 1
    assert client.ask("codesearch/status")["unsaved"] == [uri]
    # A completely new text: the old one is not found any more.
    client.change(uri, 3, {"text": "def only_this_now():\n    pass\n"})
    client.lose("retry_upload", "retry_upload")
    client.notify("textDocument/didClose", {"textDocument": {"uri": uri}})
    hit = client.find("send again what failed", "retry_upload", unsaved=False)
    assert hit["range"]["start"]["line"] == 0
    client.lose("only this now", "only_this_now")


CELLS = [
    ("markdown", ["## Weather\n", "Balloons measure it.\n"]),
    ("code", ["import math\n"]),
    ("code", ["RADIUS = 3\n", "\n", "def inflate_balloon(gas):\n", '    """Fill a balloon."""\n', "    return gas\n"]),
]  # fmt: skip


@pytest.mark.parametrize("is_open", [False, True])
def test_a_hit_in_a_notebook_has_its_cell(client: Client, project: Path, is_open: bool):
    notebook = {"cells": [{"cell_type": kind, "source": lines} for kind, lines in CELLS], "metadata": {}}
    path = project / "weather.ipynb"
    path.write_text(json.dumps(notebook, indent=1), encoding="utf-8")
    client.initialize(project)
    if is_open:  # as text
        client.open(path)
    found = client.ask("codesearch/query", {"text": "inflate_balloon path:weather.ipynb", "snippet": 2})
    jsonschema.validate(found, RESULT)
    hit = found["hits"][0]
    assert (hit["name"], hit["cell"], hit["cellLine"]) == ("inflate_balloon", 3, 3)
    assert hit["snippet"] == 'def inflate_balloon(gas):\n    """Fill a balloon."""'
    lines = path.read_text(encoding="utf-8").splitlines()
    row, at = lines[hit["range"]["start"]["line"]], hit["selectionRange"]
    assert "def inflate_balloon" in row
    assert at["start"]["line"] == hit["range"]["start"]["line"]
    assert row[at["start"]["character"] : at["end"]["character"]] == "inflate_balloon"
    section = next(one for one in client.query("weather balloons kind:section", limit=50) if one["name"] == "Weather")
    assert (section["cell"], section["cellLine"]) == (1, 1)
    assert not any("cell" in one for one in client.query("send again what failed -path:weather.ipynb"))


def test_only_symbols_with_exact_text_are_hits(client: Client, project: Path):
    client.initialize(project)
    asked = {"text": "send again what failed", "exact": {"regexp": [r"client\.sleep\(\d"]}}
    found = client.ask("codesearch/query", asked)
    jsonschema.validate(found, RESULT)
    assert set(names(found["hits"])) <= {"retry_upload", "upload"}
    hit = next(one for one in found["hits"] if one["name"] == "retry_upload")
    assert hit["matches"][0]["text"] == "        client.sleep(2 ** attempt)"
    start, end = hit["matches"][0]["range"]["start"], hit["matches"][0]["range"]["end"]
    assert (start, end) == ({"line": 4, "character": 8}, {"line": 4, "character": 22})
    assert client.ask("codesearch/query", {**asked, "exact": {"regexp": ["no_such_text"]}})["hits"] == []


def test_every_line_that_matches_is_answered_by_symbol(client: Client, project: Path):
    client.initialize(project)
    found = client.ask("codesearch/lines", {"exact": {"regexp": ["client"]}})
    jsonschema.validate(found, LINES)
    places = sorted((one["uri"], line["range"]["start"]["line"]) for one in found["hits"] for line in one["matches"])
    wanted = [
        (path.as_uri(), number)
        for path in sorted(project.rglob("*.py"))
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines())
        if "client" in line
    ]
    assert wanted
    assert [one for one in places if one[0].endswith(".py")] == wanted
    assert (found["lines"], found["symbols"]) == (len(places), len(found["hits"]))
    cut = client.ask("codesearch/lines", {"exact": {"regexp": ["client"]}, "limit": 1})
    assert (len(cut["hits"]), cut["lines"], cut["symbols"]) == (1, found["lines"], found["symbols"])
    none = client.ask("codesearch/lines", {"exact": {"regexp": ["client"]}, "filter": {"languages": ["go"]}})
    assert not any(one["language"] != "go" for one in none["hits"])
    with pytest.raises(RequestError, match="`exact` must be an object"):
        client.ask("codesearch/lines", {})


def test_a_line_that_matches_in_a_buffer_is_answered_in_place_of_its_file(client: Client, project: Path):
    client.initialize(project)
    client.open(project / "pkg/upload.py", "def tame_a_dragon(client):\n    return 'a dragon'\n")
    client.find("tame a dragon", "tame_a_dragon", unsaved=True)
    [hit] = client.ask("codesearch/lines", {"exact": {"regexp": "a dragon'", "fixed": True}})["hits"]
    assert (hit["name"], hit["unsaved"], len(hit["matches"])) == ("tame_a_dragon", True, 1)


def test_lines_of_a_notebook_are_answered_with_their_cells(client: Client, project: Path):
    notebook = {"cells": [{"cell_type": kind, "source": lines} for kind, lines in CELLS], "metadata": {}}
    path = project / "weather.ipynb"
    path.write_text(json.dumps(notebook, indent=1), encoding="utf-8")
    client.initialize(project)
    lines = path.read_text(encoding="utf-8").splitlines()
    wanted = next(number for number, line in enumerate(lines) if "return gas" in line)
    places = [(path, wanted), (path, 0), (project / "pkg/upload.py", 1)]
    asked = {"places": [{"uri": file.as_uri(), "line": line} for file, line in places]}
    assert client.ask("codesearch/cells", asked) == {"cells": [{"cell": 3, "cellLine": 5}, None, None]}
    found = client.ask("codesearch/lines", {"exact": {"regexp": ["return gas"]}})
    jsonschema.validate(found, LINES)
    match = found["hits"][0]["matches"][0]
    assert (match["cell"], match["cellLine"], match["range"]["start"]) == (3, 5, {"line": wanted, "character": 4})
    with pytest.raises(RequestError, match="each of `places`"):
        client.ask("codesearch/cells", {"places": [{"uri": path.as_uri(), "line": -1}]})


def test_exact_text_is_looked_for_in_a_buffer_in_place_of_its_file(client: Client, project: Path):
    client.initialize(project)
    client.open(project / "pkg/upload.py", "def tame_a_dragon(client):\n    return 'täme 😀 dragon'\n")
    client.find("tame a dragon", "tame_a_dragon", unsaved=True)
    asked = {"text": "tame a dragon", "exact": {"regexp": "dragon'", "fixed": True}}
    hit = client.ask("codesearch/query", asked)["hits"][0]
    assert (hit["name"], hit["unsaved"]) == ("tame_a_dragon", True)
    assert hit["matches"][0]["range"]["start"] == {"line": 1, "character": 20}
    saved = {"text": "send again what failed", "exact": {"regexp": [r"client\.sleep"]}}
    assert client.ask("codesearch/query", saved)["hits"] == []


def test_a_saved_buffer_answers_until_the_index_has_it(client: Client, project: Path):
    client.initialize(project)
    path = project / "pkg/upload.py"
    uri = client.open(path)
    text = "def catch_a_falling_star():\n    pass\n"
    client.change(uri, 2, {"text": text})
    client.find("catch a falling star", "catch_a_falling_star", unsaved=True)
    path.write_text(text, encoding="utf-8")
    client.notify("textDocument/didSave", {"textDocument": {"uri": uri}})

    def the_file_answers() -> bool:
        hit = client.query("catch a falling star")[0]
        assert hit["name"] == "catch_a_falling_star", "between the two, neither answered"
        return not hit["unsaved"]

    until(the_file_answers)
    client.until_unsaved()


def test_undoing_an_edit_leaves_nothing_unsaved(client: Client, project: Path):
    client.initialize(project)
    uri = client.open(project / "pkg/upload.py")
    client.change(uri, 2, insertion(0, "x = 1\n"))
    client.query("x")
    client.until_unsaved(uri)
    end = {"start": {"line": 0, "character": 0}, "end": {"line": 1, "character": 0}}
    client.change(uri, 3, {"range": end, "text": ""})
    client.query("x")
    client.until_unsaved()


def test_a_buffer_of_an_ignored_file_does_not_answer(client: Client, project: Path):
    client.initialize(project)
    uri = client.open(project / "ignored/secret.py")
    client.change(uri, 2, insertion(0, "def also_never_shown():\n    pass\n"))
    assert "also_never_shown" not in names(client.query("also never shown"))
    new = project / "pkg/brand_new.py"
    client.open(new, "def not_on_disk_yet():\n    pass\n")
    client.find("not on disk yet", "not_on_disk_yet", uri=new.as_uri())
    # Buffers are read in order, so the ignored one has been read by now, too.
    assert "also_never_shown" not in names(client.query("also never shown"))


def test_unsaved_buffers_can_be_left_out(client: Client, project: Path):
    client.initialize(project, initializationOptions={"unsaved": False})
    uri = client.open(project / "pkg/upload.py")
    client.change(uri, 2, insertion(0, "def tame_a_dragon():\n    return 'tame'\n\n"))
    assert "tame_a_dragon" not in names(client.query("tame a dragon"))


def test_similar_to_an_edit(client: Client, project: Path):
    client.initialize(project)
    uri = client.open(project / "pkg/upload.py")
    client.change(uri, 2, {"text": (project / "pkg/copy_one.py").read_text(encoding="utf-8")})
    client.until_unsaved(uri)
    params = {"textDocument": {"uri": uri}, "position": {"line": 1, "character": 0}}
    result = client.ask("codesearch/similar", params)
    assert result["of"]["unsaved"]
    assert {hit["path"] for hit in result["hits"][:2]} == {"pkg/copy_one.py", "pkg/copy_two.py"}
