"""Artifacts in a folder, on a web server and in S3: what is pushed by one is pulled by another, whole or not at all."""

from __future__ import annotations

import http.server
import json
import shutil
import threading
from collections.abc import Iterator
from datetime import datetime, timezone
from pathlib import Path

import pytest

import codesearch
from codesearch.artifacts import named, packing, places, s3, sharing, signing
from codesearch.core.errors import NotFoundError, StoreError, UsageError
from tests.support.git import commit_all, git
from tests.support.trees import write


class Server:
    """A web server with PUT that keeps what it got in memory, and breaks off or refuses on request."""

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}
        self.requests: list[tuple[str, str, dict[str, str]]] = []
        self.break_after: int | None = None
        self.breaks = 0
        self.ranges = True
        self.refuse = 0
        server = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def _answer(self, status: int, body: bytes, length: int) -> None:
                self.send_response(status)
                self.send_header("Content-Length", str(length))
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(body)

            def do_GET(self) -> None:
                path = self.path.partition("?")[0]
                server.requests.append((self.command, self.path, dict(self.headers)))
                data = server.objects.get(path)
                if server.refuse:
                    self._answer(server.refuse, b"", 0)
                elif data is None:
                    self._answer(404, b"", 0)
                else:
                    wanted = self.headers.get("Range", "") if server.ranges else ""
                    start = int(wanted.removeprefix("bytes=").rstrip("-")) if wanted else 0
                    body = data[start:]
                    if server.break_after is not None and server.breaks and self.command == "GET":
                        server.breaks -= 1
                        body = body[: server.break_after]
                    self._answer(206 if wanted else 200, body, len(data) - start)

            do_HEAD = do_GET

            def do_PUT(self) -> None:
                server.requests.append((self.command, self.path, dict(self.headers)))
                data = self.rfile.read(int(self.headers["Content-Length"]))
                if not server.refuse:
                    server.objects[self.path.partition("?")[0]] = data
                self._answer(server.refuse or 201, b"", 0)

            def log_message(self, format: str, *arguments: object) -> None:
                pass

        self._http = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._http.server_address[1]}"
        self._thread = threading.Thread(target=self._http.serve_forever)
        self._thread.start()

    def close(self) -> None:
        self._http.shutdown()
        self._thread.join()
        self._http.server_close()


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setenv("no_proxy", "*")
    started = Server()
    yield started
    started.close()


@pytest.fixture(params=["folder", "http", "s3"])
def place(request: pytest.FixtureRequest, tmp_path: Path, server: Server, monkeypatch: pytest.MonkeyPatch) -> str:
    """Return each kind of place."""
    if request.param == "folder":
        return str(tmp_path / "place" / "shop")
    if request.param == "http":
        return f"{server.url}/team/shop"
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    monkeypatch.setenv("AWS_ENDPOINT_URL", server.url)
    return "s3://team/shop"


def pulled(place: str, root: Path, target: Path, **more: object) -> sharing.Pulled:
    with codesearch.open_index(root) as index:
        return sharing.pull(place, root, index.settings, target, **more)  # type: ignore[arg-type]


def pushed(place: str, root: Path, folder: Path, ref: str = "main") -> str:
    """Index and push HEAD; return the key."""
    target = folder / "pushed.codesearch"
    with codesearch.open_index(root) as index:
        index.update()
        header = packing.pack(index, target)
    sharing.push(place, target, ref)
    return header.key


def test_what_one_pushes_another_pulls(place: str, artifact: Path, clone: Path, tmp_path: Path):
    assert sharing.push(place, artifact, "main")
    assert not sharing.push(place, artifact, "main"), "it is there already"
    found = pulled(place, clone, tmp_path / "got")
    assert (found.exact, found.behind) == (True, 0)
    assert (tmp_path / "got").read_bytes() == artifact.read_bytes()


def test_the_nearest_ancestor_is_taken_and_without_history_the_latest(place: str, clone: Path, tmp_path: Path):
    first = pushed(place, clone, tmp_path)
    write(clone, {"b.py": "def b():\n    pass\n"})
    commit_all(clone, "three")
    second = pushed(place, clone, tmp_path)
    git(clone, "checkout", "-q", "-b", "feature/one", "HEAD~1")
    for name in ("c", "d"):
        write(clone, {f"{name}.py": f"def {name}():\n    pass\n"})
        commit_all(clone, name)
    found = pulled(place, clone, tmp_path / "got")
    assert (found.key, found.behind, found.exact) == (first, 2, False)
    git(tmp_path, "clone", "-q", "--depth", "1", f"file://{clone}", "shallow")
    found = pulled(place, tmp_path / "shallow", tmp_path / "got")
    assert (found.key, found.behind) == (second, -1)
    assert pushed(place, clone, tmp_path, ref="feature/one") == pulled(place, clone, tmp_path / "got").key


def test_a_place_without_a_fitting_artifact_says_what_was_looked_for(place: str, clone: Path, tmp_path: Path):
    with pytest.raises(NotFoundError, match=r"no artifact of HEAD, and none for main, master in the format of this"):
        pulled(place, clone, tmp_path / "got")
    assert not (tmp_path / "got").exists()


def test_other_settings_and_formats_have_other_keys(artifact: Path, clone: Path, tmp_path: Path):
    place = str(tmp_path / "place")
    sharing.push(place, artifact, "main")
    write(clone, {".codesearch.toml": 'exclude = ["mail/"]\n'})
    with pytest.raises(NotFoundError):
        pulled(place, clone, tmp_path / "got")


def test_one_artifact_can_be_named(server: Server, artifact: Path, clone: Path, tmp_path: Path):
    server.objects["/nightly/shop.codesearch"] = artifact.read_bytes()
    for where in (f"{server.url}/nightly/shop.codesearch?expires=1", str(artifact)):
        assert pulled(where, clone, tmp_path / "got") == sharing.Pulled("", False, -1, "")
        assert (tmp_path / "got").read_bytes() == artifact.read_bytes()
    with pytest.raises(NotFoundError, match="there is no such file"):
        pulled(f"{server.url}/other.codesearch", clone, tmp_path / "got")


def test_a_download_that_breaks_off_is_continued(server: Server, artifact: Path, clone: Path, tmp_path: Path):
    where = f"{server.url}/team/shop"
    sharing.push(where, artifact, "main")
    for ranges in (True, False):
        server.ranges, server.break_after, server.breaks = ranges, 1000, 2
        assert pulled(where, clone, tmp_path / "got").exact
        assert (tmp_path / "got").read_bytes() == artifact.read_bytes()
    server.break_after, server.breaks = 10, 99
    with pytest.raises(StoreError, match=r"the server closed the connection \(after \d+ of [\d,]+ bytes\)"):
        pulled(where, clone, tmp_path / "got")


def test_a_server_that_refuses_or_fails_is_named_with_its_reason(
    server: Server, artifact: Path, clone: Path, tmp_path: Path
):
    where = f"{server.url}/team/shop"
    for status, why in ((403, "check CODESEARCH_STORE_TOKEN"), (405, "it must allow PUT"), (500, "the server failed")):
        server.refuse = status
        with pytest.raises(StoreError, match=why):
            named.place(where).write("x", b"1")
    server.refuse = 401
    with pytest.raises(StoreError, match="the server refuses"):
        pulled(where, clone, tmp_path / "got")
    closed = Server()
    closed.close()
    with pytest.raises(StoreError, match="not downloaded: connection refused"):
        pulled(f"{closed.url}/x", clone, tmp_path / "got")
    with pytest.raises(UsageError, match="only folders"):
        pulled("ftp://example.org/x", clone, tmp_path / "got")


def test_a_token_or_login_is_sent_and_not_to_others(server: Server, artifact: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv(places.TOKEN, "t0k3n")
    named.place(server.url).write("x", b"1")
    assert server.requests[-1][2]["Authorization"] == "Bearer t0k3n"
    monkeypatch.delenv(places.TOKEN)
    place = named.place(server.url.replace("//", "//ann:p%40ss@"))
    place.write("x", b"1")
    assert server.requests[-1][2]["Authorization"] == "Basic YW5uOnBAc3M="
    assert "ann" not in str(place)


def test_an_artifact_that_was_exchanged_in_the_place_is_refused(artifact: Path, clone: Path, tmp_path: Path):
    place = tmp_path / "place"
    key = pushed(str(place), clone, tmp_path)
    write(clone, {"b.py": "def b():\n    pass\n"})
    commit_all(clone, "three")
    shutil.copyfile(place / f"{key}.codesearch", tmp_path / "kept")
    with (place / f"{key}.codesearch").open("ab") as file:
        file.write(b"more")
    with pytest.raises(StoreError, match="its checksum is not the one that was pushed"):
        pulled(str(place), clone, tmp_path / "got")


@pytest.mark.parametrize(
    "data", [b"", b"{", b"[[]]", b'[{"commit": "x", "key": "../../etc", "sha256": ""}]', b"[" * 9999]
)
def test_a_damaged_list_of_a_branch_is_as_if_there_were_none(clone: Path, tmp_path: Path, data: bytes):
    place = tmp_path / "place"
    (place / "refs").mkdir(parents=True)
    (place / "refs" / "main").write_bytes(data)
    with pytest.raises(NotFoundError):
        pulled(str(place), clone, tmp_path / "got")
    pushed(str(place), clone, tmp_path)
    assert len(json.loads((place / "refs" / "main").read_bytes())) == 1


def test_files_that_are_not_committed_are_not_pushed(clone: Path, tmp_path: Path):
    write(clone, {"b.py": "def b():\n    pass\n"})
    with pytest.raises(UsageError, match="not the index of a commit"):
        pushed(str(tmp_path / "place"), clone, tmp_path)
    assert not (tmp_path / "place").exists()


def test_the_signature_of_s3_is_that_of_its_documentation():
    """The first example of "Signature Calculations for the Authorization Header" in the manual of Amazon S3."""
    who = s3.Credentials("AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "", "us-east-1")
    at = datetime(2013, 5, 24, tzinfo=timezone.utc)
    url = "https://examplebucket.s3.amazonaws.com/test.txt"
    found = s3.signature(who, "GET", url, s3._EMPTY, at, {"Range": "bytes=0-9"})
    assert found["Authorization"].endswith("Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41")


def test_s3_without_credentials_says_which_are_missing():
    with pytest.raises(UsageError, match="set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"):
        named.place("s3://bucket/x")


# -- signatures -------------------------------------------------------------------------------------


@pytest.fixture
def key(tmp_path: Path) -> Path:
    import subprocess

    if shutil.which("ssh-keygen") is None:
        pytest.skip("no ssh-keygen")
    for name in ("ci", "other"):
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", tmp_path / name], check=True)
    public = (tmp_path / "ci.pub").read_text().split()
    (tmp_path / "signers").write_text(f'ci@example.org namespaces="{signing.NAMESPACE}" {public[0]} {public[1]}\n')
    return tmp_path / "ci"


def test_only_what_an_allowed_key_has_signed_is_accepted(
    place: str, key: Path, artifact: Path, clone: Path, tmp_path: Path
):
    signers = tmp_path / "signers"
    sharing.push(place, artifact, "main")
    with pytest.raises(StoreError, match=r"[0-9a-f]{40}/[0-9a-f]+\.codesearch: refused: it is not signed"):
        pulled(place, clone, tmp_path / "got", signers=signers)
    with pytest.raises(UsageError, match="missing: no such file of allowed signers"):
        pulled(place, clone, tmp_path / "got", signers=tmp_path / "missing")
    signing.sign(artifact, tmp_path / "other")
    sharing.push(place, artifact, "main", force=True)
    with pytest.raises(StoreError, match=r"[0-9a-f]{40}/[0-9a-f]+\.codesearch: refused: signed by no key in"):
        pulled(place, clone, tmp_path / "got", signers=signers)
    assert not (tmp_path / "got").exists()
    signing.sign(artifact, key)
    sharing.push(place, artifact, "main", force=True)
    assert pulled(place, clone, tmp_path / "got", signers=signers).signer == "ci@example.org"
    with artifact.open("ab") as file:
        file.write(b"x")
    with pytest.raises(StoreError, match="does not fit the file"):
        signing.verify(artifact, artifact.with_name(artifact.name + ".sig"), signers)
