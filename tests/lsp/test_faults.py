"""Regression tests of faults that users reported."""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.lsp.client import BOOT, Client, RequestError, insertion
from tests.support.home import environment
from tests.support.trees import write
from tests.support.wait import until


def names(hits: list[dict[str, Any]]) -> list[str]:
    return [hit["name"] for hit in hits]


def status(client: Client) -> dict[str, Any]:
    (folder,) = client.ask("codesearch/status")["folders"]
    return dict(folder)


def settings(client: Client, **values: Any) -> None:
    client.notify("workspace/didChangeConfiguration", {"settings": {"codesearch": {"settings": values}}})


def ends(client: Client, token: str) -> list[str]:
    """Return the kinds of progress notifications for a token."""
    return [
        one["params"]["value"]["kind"]
        for one in client.notifications
        if one["method"] == "$/progress" and one["params"]["token"] == token
    ]


def many(root: Path, files: int = 300) -> Path:
    functions = "".join(f"def f{k}(a, b):\n    return a + {k}\n\n" for k in range(60))
    return write(root, {f"m{n}.py": functions.replace("def f", f"def g{n}_f") for n in range(files)})


# -- stopping the indexing ------------------------------------------------------------------------


def test_stop_indexing_stops_all_updates_that_were_asked_for(client: Client, tmp_path: Path):
    root = many(tmp_path / "many")
    client.initialize(root, wait=False, initializationOptions={"indexOnStart": False})
    for token in ("one", "two", "three"):
        client.ask("codesearch/reindex", {"workDoneToken": token})
    client.notify("window/workDoneProgress/cancel", {"token": "three"})
    client.until(lambda: ends(client, "three")[-1:] == ["end"])
    until(lambda: "progress" not in status(client))
    assert status(client)["state"] == "stopped"
    files = status(client)["files"]
    client.query("add numbers", limit=1)
    assert status(client)["state"] == "stopped"
    assert status(client)["files"] == files
    for token in ("one", "two"):
        assert ends(client, token)[-1:] == ["end"]
    client.ask("codesearch/reindex")
    assert client.ready()["folders"][0]["files"] == 300


def test_a_cancelled_token_stops_indexing_that_has_not_begun(client: Client, tmp_path: Path):
    root = many(tmp_path / "many", 40)
    client.initialize(root, wait=False, initializationOptions={"indexOnStart": False})
    messages: list[dict[str, Any]] = [
        {"id": "r", "method": "codesearch/reindex", "params": {"workDoneToken": "t"}},
        {"method": "window/workDoneProgress/cancel", "params": {"token": "t"}},
    ]
    bodies = [json.dumps({"jsonrpc": "2.0", **one}).encode() for one in messages]
    client.send_bytes(b"".join(b"Content-Length: %d\r\n\r\n%s" % (len(body), body) for body in bodies))
    client.answer("r")
    assert status(client)["state"] == "stopped"


def test_three_folders_are_indexed_at_the_same_time(client: Client, tmp_path: Path):
    roots = [many(tmp_path / name, 60) for name in ("a", "b", "c")]
    client.initialize(*roots, wait=False)
    for _ in range(3):
        client.ask("codesearch/reindex", {"root": roots[0].as_uri()})
        client.ask("codesearch/reindex", {"root": roots[1].as_uri()})
    client.ready()


def test_an_update_without_a_token_leaves_the_token_of_an_earlier_one(client: Client, tmp_path: Path):
    root = many(tmp_path / "many", 40)
    client.initialize(root, wait=False, initializationOptions={"indexOnStart": False})
    client.ask("codesearch/reindex", {"workDoneToken": "mine"})
    client.ask("codesearch/reindex")
    client.until(lambda: ends(client, "mine")[-1:] == ["end"])
    assert ends(client, "mine")[0] == "begin"


# -- settings -------------------------------------------------------------------------------------


def test_settings_that_cannot_be_used_do_not_outlive_their_correction(client: Client, project: Path):
    client.initialize(project, initializationOptions={"statusNotifications": True})
    settings(client, exclude=["pkg/**"])
    client.lose("retry upload", "retry_upload")
    client.notifications.clear()
    settings(client, exclud=5)
    client.until(lambda: any(one["method"] == "codesearch/statusChanged" for one in client.notifications))
    (shown,) = [one["params"]["message"] for one in client.notifications if one["method"] == "window/showMessage"]
    expected = "codesearch: unknown setting 'exclud'; did you mean 'exclude'? The previous settings stay in force"
    assert shown == expected
    folder = status(client)
    assert folder["state"] == "failed"
    assert f"codesearch: {folder['message']}" == expected
    assert names(client.query("lift off engines"))[0] == "LaunchRocket", "the previous settings answer"
    settings(client)
    client.find("send again what failed", "retry_upload")
    assert client.ready()["folders"][0]["message"] == ""


def test_a_buffer_may_take_as_long_as_the_setting_says(client: Client, project: Path):
    client.initialize(project, initializationOptions={"settings": {"parse_timeout": 0.2}})
    first = client.open(project / "pkg/first.py", "def feed_the_dragon(): pass\n")
    client.until_unsaved(first)  # the process has started and compiled its queries, which takes longer
    uri = client.open(project / "pkg/slow.py", "def tame_the_dragon(a):\n    return [a]\n" * 20_000)
    client.until_unsaved(first, uri)
    assert "tame_the_dragon" not in names(client.query("tame the dragon"))


# -- roots ----------------------------------------------------------------------------------------


@pytest.mark.skipif(os.name != "posix", reason="symbolic links")
@pytest.mark.parametrize("root", ["link", "project"])
def test_a_document_behind_a_link_belongs_to_its_folder(client: Client, project: Path, tmp_path: Path, root: str):
    (tmp_path / "link").symlink_to(project)
    other = {"link": "project", "project": "link"}[root]
    client.initialize(tmp_path / root)
    uri = client.open(tmp_path / other / "pkg/upload.py")
    assert len(client.ask("codesearch/status")["folders"]) == 1
    client.change(uri, 2, {"text": "def send_them_once_more():\n    pass\n"})
    client.find("send them once more", "send_them_once_more", uri=uri)
    client.lose("retry upload", "retry_upload")
    event = {"added": [{"uri": (tmp_path / other).as_uri(), "name": "again"}], "removed": []}
    client.notify("workspace/didChangeWorkspaceFolders", {"event": event})
    assert len(client.ask("codesearch/status")["folders"]) == 1


@pytest.mark.skipif(os.name != "posix", reason="symbolic links")
@pytest.mark.parametrize(("link", "target"), [("inner", "pkg"), ("pkg/alias.py", "pkg/upload.py")])
def test_a_document_behind_a_link_inside_its_folder_replaces_its_file(
    client: Client, project: Path, link: str, target: str
):
    (project / link).symlink_to(project / target)
    client.initialize(project)
    path = project / link if link.endswith(".py") else project / link / "upload.py"
    uri = client.open(path)
    client.change(uri, 2, {"text": "def send_them_once_more():\n    pass\n"})
    client.find("send them once more", "send_them_once_more", uri=uri)
    client.lose("retry upload", "retry_upload")


@pytest.mark.skipif(os.name != "posix", reason="symbolic links")
def test_a_file_that_is_open_under_two_names_answers_from_the_one_that_stays_open(client: Client, project: Path):
    (project / "inner").symlink_to(project / "pkg")
    client.initialize(project)
    client.open(project / "pkg/upload.py", "def tame_a_dragon(): pass\n")
    second = client.open(project / "inner/upload.py", "def feed_a_dragon(): pass\n")
    client.find("feed a dragon", "feed_a_dragon")
    client.notify("textDocument/didClose", {"textDocument": {"uri": second}})
    client.find("tame a dragon", "tame_a_dragon", unsaved=True)


def test_an_edited_file_in_nested_folders_answers_once(client: Client, project: Path):
    client.initialize(project, project / "pkg")
    uri = client.open(project / "pkg/upload.py")
    client.change(uri, 2, {"text": "def send_them_once_more():\n    pass\n"})
    client.find("send them once more", "send_them_once_more", uri=uri)
    client.lose("retry upload", "retry_upload")
    assert names(client.query("send them once more")).count("send_them_once_more") == 1


def test_a_renamed_file_keeps_its_unsaved_changes(client: Client, project: Path):
    client.initialize(project)
    uri = client.open(project / "pkg/upload.py")
    text = "def send_them_once_more():\n    pass\n"
    client.change(uri, 2, {"text": text})
    client.find("send them once more", "send_them_once_more", unsaved=True)
    (project / "pkg/upload.py").rename(project / "pkg/renamed.py")
    client.notify("textDocument/didClose", {"textDocument": {"uri": uri}})
    new = client.open(project / "pkg/renamed.py", text)
    client.find("send them once more", "send_them_once_more", uri=new, unsaved=True)


def test_a_root_that_is_made_later_is_indexed(client: Client, tmp_path: Path, project: Path):
    later = tmp_path / "later"
    client.initialize(later, wait=False)
    assert status(client)["state"] == "failed"
    with pytest.raises(RequestError, match="later"):
        client.ask("codesearch/reindex", {"root": later.as_uri()})
    project.rename(later)
    client.ready()
    client.find("send again what failed", "retry_upload")


def test_a_root_that_was_away_comes_back(client: Client, tmp_path: Path, project: Path):
    client.initialize(project)
    project.rename(tmp_path / "away")
    until(lambda: status(client)["state"] == "failed")
    (tmp_path / "away").rename(project)
    client.ready()
    client.find("send again what failed", "retry_upload")


# -- messages sent --------------------------------------------------------------------------------


@pytest.mark.skipif(os.name != "posix", reason="file names of bytes")
def test_a_name_that_is_not_utf_8_is_sent_as_valid_json(client: Client, project: Path):
    Path(os.fsdecode(os.fsencode(project) + b"/pkg/caf\xe9_bar.py")).write_text("def brew_some_coffee():\n    pass\n")
    client.initialize(project)
    hit = client.query("brew some coffee")[0]
    assert (hit["path"], hit["uri"]) == ("pkg/caf\ufffd_bar.py", project.as_uri() + "/pkg/caf%E9_bar.py")
    (first, *_) = client.ask("workspace/symbol", {"query": "brew_some_coffee"})
    assert first["containerName"] == "pkg/caf\ufffd_bar.py"
    assert client.ask("codesearch/query", {"text": "coffee \udce9"})["query"] == "coffee \ufffd"


def test_before_indexing_begins_an_answer_says_so(client: Client, tmp_path: Path):
    client.initialize(many(tmp_path / "many"), wait=False)
    answer = client.ask("codesearch/query", {"text": "add numbers"})
    assert not answer["complete"]
    assert "index" in answer["message"]


def test_without_a_folder_an_answer_says_so(client: Client):
    client.initialize(wait=False)
    assert "no folder is open" in client.ask("codesearch/query", {"text": "add numbers"})["message"]


def test_ready_comes_with_the_right_counts(client: Client, project: Path):
    client.initialize(project, wait=False, initializationOptions={"statusNotifications": True})

    def folders() -> list[dict[str, Any]]:
        return [
            folder
            for one in client.notifications
            if one["method"] == "codesearch/statusChanged"
            for folder in one["params"]["folders"]
        ]

    client.until(lambda: [folder for folder in folders() if folder["state"] == "ready"])
    assert {folder["files"] for folder in folders() if folder["state"] == "ready"} == {6}


# -- messages received ----------------------------------------------------------------------------


def test_opening_a_document_again_replaces_its_text(client: Client, project: Path):
    client.initialize(project, initializationOptions={"debounceMs": 300})
    uri = client.open(project / "pkg/new.py", "def tame_a_dragon(): pass\n")
    client.change(uri, 2, {"text": "def feed_a_dragon(): pass\n"})
    client.open(project / "pkg/new.py", "def paint_a_dragon(): pass\n")
    client.find("paint a dragon", "paint_a_dragon")
    assert not {"tame_a_dragon", "feed_a_dragon"} & set(names(client.query("dragon", limit=50)))


def test_a_change_without_a_version_is_applied(client: Client, project: Path):
    client.initialize(project)
    uri = client.open(project / "pkg/upload.py")
    params = {"textDocument": {"uri": uri, "version": None}, "contentChanges": [insertion(0, "def tame_it(): pass\n")]}
    client.notify("textDocument/didChange", params)
    client.find("tame it", "tame_it", unsaved=True)


def test_too_many_arguments_are_invalid_parameters(client: Client, project: Path):
    client.initialize(project)
    for command in ("status", "reindex"):
        with pytest.raises(RequestError, match="argument") as caught:
            params = {"command": f"codesearch.server.{command}", "arguments": [{}, 1, 2]}
            client.ask("workspace/executeCommand", params)
        assert caught.value.code == -32602


ODD_URIS = (
    "", "x", "file:", "file://", "file:///", "file:///%00", "file:///%zz", "untitled:Untitled-1", "git:/x?y", "é😀:",
    "vscode-notebook-cell:/a.ipynb#W0", "jdt://contents/a.class?=x", "file:///C:/x/y.py", "file://server/share/a.py",
    "file:///" + "a" * 5000, "\ud800", "untitled:\ud800", "file:///\ud800", "a:b:c", "file:relative/path.py",
    "file:///a/../../b.py",
)  # fmt: skip


def test_odd_uris_are_answered_without_a_traceback(client: Client, project: Path):
    client.initialize(project)
    for uri in ODD_URIS:
        client.open(project, "def odd_thing(): pass\n", uri=uri)
        client.change(uri, 2, {"text": "def odder_thing(): pass\n"})
        document, place = {"textDocument": {"uri": uri}}, {"line": 0, "character": 0}
        asked = [
            client.begin("codesearch/similar", {**document, "position": place}),
            client.begin("codesearch/query", {"text": "odd", "root": uri}),
            client.begin("codesearch/reindex", {"root": uri}),
            client.begin("textDocument/documentSymbol", document),
        ]
        client.notify("codesearch/opened", {"query": "odd", "uri": uri, "line": 0})
        client.notify("textDocument/didSave", document)
        client.notify("workspace/didChangeWatchedFiles", {"changes": [{"uri": uri, "type": 1}]})
        event = {"added": [{"uri": f"{uri}/none", "name": "n"}], "removed": [{"uri": f"{uri}/none", "name": "n"}]}
        client.notify("workspace/didChangeWorkspaceFolders", {"event": event})
        client.until(lambda asked=asked: set(asked) <= set(client.answers))
        errors = {client.answers[one].get("error", {}).get("code", -32602) for one in asked}
        assert errors <= {-32602, -32601}, (uri, errors)
        client.notify("textDocument/didClose", document)
    assert client.query("send again what failed")
    assert client.shutdown() == 0
    assert b"Traceback" not in client.stderr


def test_odd_cancellations_leave_no_traceback(client: Client, project: Path):
    client.initialize(project)
    odd: tuple[object, ...] = ({}, [], None, {"a": 1}, 1.5, "unknown", 7)
    for number in odd:
        client.notify("$/cancelRequest", {"id": number})
    assert client.query("squares")
    assert client.shutdown() == 0
    assert b"Traceback" not in client.stderr


def pick_similar(client: Client, project: Path) -> None:
    place = {"textDocument": {"uri": (project / "pkg/copy_one.py").as_uri()}, "position": {"line": 0, "character": 0}}
    client.ask("workspace/executeCommand", {"command": "codesearch.server.pickSimilar", "arguments": [place]})


def test_similar_functions_are_listed_in_a_message_where_the_client_cannot_open_one(client: Client, project: Path):
    client.initialize(project)
    pick_similar(client, project)
    (shown,) = [one["params"] for one in client.notifications if one["method"] == "window/showMessage"]
    assert "pkg/copy_two.py:1  100 %" in shown["message"]
    assert client.requests == []


CHOICE = {"window": {"showDocument": {"support": True}}}


@pytest.mark.parametrize("unknown", ["window/showMessageRequest", "window/showDocument"])
def test_a_client_that_does_not_know_what_it_promised_shows_a_message(client: Client, project: Path, unknown: str):
    client.unknown = {unknown}
    client.replies["window/showMessageRequest"] = lambda asked: asked["params"]["actions"][0]
    client.initialize(project, capabilities=CHOICE)
    pick_similar(client, project)
    assert client.requests[-1]["method"] == unknown
    (shown,) = [one["params"]["message"] for one in client.notifications if one["method"] == "window/showMessage"]
    assert "pkg/copy_two.py:1" in shown


@pytest.mark.parametrize("success", [True, False])
def test_the_choice_is_opened_or_said_not_to_be(client: Client, project: Path, success: bool):
    client.replies["window/showMessageRequest"] = lambda asked: asked["params"]["actions"][0]
    client.replies["window/showDocument"] = {"success": success}
    client.initialize(project, capabilities=CHOICE)
    pick_similar(client, project)
    assert client.requests[-1]["params"]["uri"] == (project / "pkg/copy_two.py").as_uri()
    shown = [one["params"]["message"] for one in client.notifications if one["method"] == "window/showMessage"]
    assert shown == ([] if success else ["codesearch: the editor cannot open pkg/copy_two.py:1"])


# -- several windows ------------------------------------------------------------------------------


@pytest.fixture
def second(client: Client, tmp_path: Path) -> Iterator[Client]:
    """A second editor of the same user."""
    other = Client(env=environment(tmp_path / "home"), cwd=tmp_path)
    try:
        yield other
    finally:
        other.kill()


def test_a_second_window_rebuilds_the_index_of_the_first(client: Client, second: Client, project: Path, tmp_path: Path):
    client.initialize(project)
    second.initialize(project)
    index = project / ".codesearch/index.db"
    inode = index.stat().st_ino
    os.link(index, tmp_path / "kept")  # so that the inode number is not used again
    second.ask("codesearch/reindex", {"rebuild": True, "workDoneToken": "t"})
    second.until(lambda: ends(second, "t")[-1:] == ["end"])
    assert index.stat().st_ino != inode
    assert not [one for one in second.notifications if one["method"] == "window/showMessage"]
    for window in (client, second):
        window.ready()
        window.find("send again what failed", "retry_upload")


@pytest.mark.skipif(os.name != "posix", reason="signals")
def test_a_second_window_is_incomplete_until_the_first_index_is_finished(
    client: Client, second: Client, tmp_path: Path
):
    root = many(tmp_path / "many", 150)
    client.initialize(root, wait=False)
    until(lambda: "progress" in status(client))
    client.process.send_signal(signal.SIGSTOP)  # it does not say how far it is
    second.initialize(root, wait=False)
    assert not second.ask("codesearch/query", {"text": "add numbers"})["complete"]
    client.kill()  # the second one takes over
    second.ready()
    assert status(second)["files"] == 150
    assert second.ask("codesearch/query", {"text": "add numbers"})["complete"]


# -- folders --------------------------------------------------------------------------------------


def test_a_folder_does_not_wait_for_the_folders_before_it(client: Client, project: Path, tmp_path: Path):
    large = [many(tmp_path / name, 200) for name in ("a", "b")]
    client.initialize(*large, project, wait=False)
    for root in large * 2:
        client.ask("codesearch/reindex", {"root": root.as_uri()})
    seen: list[str] = []

    def ready() -> bool:
        seen[:] = [folder["state"] for folder in client.ask("codesearch/status")["folders"]]
        return seen[2] == "ready"

    until(ready, lambda: str(seen))
    assert "ready" not in seen[:2]


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_descriptors_and_maps_do_not_grow(client: Client, project: Path, tmp_path: Path):
    other = write(tmp_path / "other", {"b.py": "def wind_the_clock(): pass\n"})
    change = {"uri": other.as_uri(), "name": "other"}
    client.initialize(project)

    def work(rounds: int) -> int:
        for number in range(rounds):
            settings(client, exclude=[f"gen{number}/**"])
            client.ready()
            client.ask("codesearch/reindex", {"rebuild": True})
            client.query("squares")
            for event in ({"added": [change], "removed": []}, {"added": [], "removed": [change]}):
                client.notify("workspace/didChangeWorkspaceFolders", {"event": event})
                client.query("squares")
        client.ready()
        client.query("squares")
        maps = Path(f"/proc/{client.process.pid}/maps").read_text(encoding="utf-8")
        return maps.count("/models/static/")

    before = work(2)
    assert before
    assert work(6) == before


# -- patched servers ------------------------------------------------------------------------------


def patched(tmp_path: Path, patch: str) -> Client:
    """Start a server that runs a patch first."""
    (tmp_path / "home").mkdir(exist_ok=True)
    command = [sys.executable, "-c", f"import sys\n{patch}\n{BOOT}", "lsp"]
    return Client(env=environment(tmp_path / "home"), cwd=tmp_path, command=command)


CRASHING = """
from codesearch.core import child
proper, starts = child.command, []
def command(module, function, *arguments):
    if module.endswith("buffer_worker"):
        starts.append(1)
        if len(starts) <= 3:
            return [sys.executable, "-c", "import os; os.abort()"]
    return proper(module, function, *arguments)
child.command = command
"""


def test_a_buffer_whose_readers_are_killed_is_read_again(tmp_path: Path, project: Path):
    client = patched(tmp_path, CRASHING)
    try:
        client.initialize(project)
        client.open(project / "pkg/upload.py", "def tame_a_dragon(): pass\n")
        client.find("tame a dragon", "tame_a_dragon", unsaved=True)
    finally:
        client.kill()


POLLING = """
from codesearch.watch import watcher
watcher.why_no_events = lambda root: "the folder is on a network"
watcher.POLL_SHORTEST = watcher.POLL_LONGEST = 1e6
"""
"""No events, and so rare polling that only the client's reports can explain an update."""
WATCHES = {"workspace": {"didChangeWatchedFiles": {"dynamicRegistration": True}}}


def registered(client: Client) -> list[dict[str, Any]]:
    """Return the file watchers that the server has asked the client for."""
    return [
        watcher
        for one in client.requests
        if one["method"] == "client/registerCapability"
        for registration in one["params"]["registrations"]
        if registration["method"] == "workspace/didChangeWatchedFiles"
        for watcher in registration["registerOptions"]["watchers"]
    ]


def test_a_client_watches_files_where_the_server_gets_no_events(tmp_path: Path, project: Path):
    client = patched(tmp_path, POLLING)
    try:
        client.initialize(project, write(tmp_path / "other", {"b.py": "x = 1\n"}), capabilities=WATCHES)
        assert registered(client) == [{"globPattern": "**/*"}]
        write(project, {"pkg/new.py": "def wind_the_clock(): pass\n"})
        changes = [{"uri": (project / "pkg/new.py").as_uri(), "type": 1}]
        client.notify("workspace/didChangeWatchedFiles", {"changes": changes})
        client.find("wind the clock", "wind_the_clock")
    finally:
        client.kill()


def test_a_client_need_not_watch_where_it_is_told_not_to(tmp_path: Path, project: Path):
    client = patched(tmp_path, POLLING)
    try:
        client.initialize(project, capabilities=WATCHES, initializationOptions={"watch": False})
        assert registered(client) == []
    finally:
        client.kill()


def test_a_client_need_not_watch_where_the_server_gets_events(client: Client, project: Path):
    client.initialize(project, capabilities=WATCHES)
    write(project, {"pkg/new.py": "def wind_the_clock(): pass\n"})
    client.find("wind the clock", "wind_the_clock")
    assert registered(client) == []


SHORT_GRACE = """
from codesearch.service.service import Service
Service.__init__.__kwdefaults__["grace"] = 0.2
"""
"""Other services end when their root has been away for so long."""


def test_a_root_that_was_away_for_long_comes_back(tmp_path: Path, project: Path):
    client = patched(tmp_path, SHORT_GRACE)
    try:
        client.initialize(project)
        project.rename(tmp_path / "away")
        until(lambda: status(client)["state"] == "failed")
        with pytest.raises(RequestError, match="project cannot be indexed"):
            client.ask("codesearch/reindex", {"root": project.as_uri()})
        time.sleep(1.0)  # longer than the grace
        (tmp_path / "away").rename(project)
        client.ready()
        write(project, {"pkg/new.py": "def wind_the_clock(): pass\n"})
        client.find("wind the clock", "wind_the_clock")
        assert client.ask("codesearch/reindex")["started"] == [project.as_uri()]
    finally:
        client.kill()
