"""Where artifacts are kept: a folder, any web server that takes PUT, or an S3-compatible store.

Each is a flat set of names with a content: `TREE/FORMAT.codesearch` is an artifact, `refs/BRANCH` lists the latest of a
branch. Only the standard library is used.
"""

from __future__ import annotations

import http.client
import os
import shutil
import ssl
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import Any, BinaryIO, Protocol

from codesearch.core.errors import CodesearchError, NotFoundError, StoreError, UsageError
from codesearch.core.urls import parts_of

TOKEN = "CODESEARCH_STORE_TOKEN"
"""Environment variable with the token that a web server asks for (`Authorization: Bearer`)."""
TIMEOUT = 60.0
"""Seconds without a byte after which a server is given up."""
TRIES = 4
"""How often a download that breaks off is continued."""
MOST_TEXT = 1 << 20
"""Bytes of the largest small object, such as a list of a branch."""
_CHUNK = 1 << 20


class Place(Protocol):
    """A set of named objects."""

    def download(self, name: str, target: Path) -> bool:
        """Write an object to a file; return whether there is one. Raises StoreError if it cannot be had whole."""
        ...

    def read(self, name: str) -> bytes | None:
        """Return a small object, or None if there is none."""
        ...

    def has(self, name: str) -> bool:
        """Return whether there is such an object."""
        ...

    def upload(self, name: str, source: Path) -> None:
        """Write a file as an object, in place of the one of that name. It appears whole or not at all."""
        ...

    def write(self, name: str, data: bytes) -> None:
        """Do the same with bytes."""
        ...


class Folder:
    """A folder, perhaps on a network drive."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __str__(self) -> str:
        return str(self.path)

    def download(self, name: str, target: Path) -> bool:
        """See `Place`."""
        try:
            shutil.copyfile(self.path / name, target)
        except FileNotFoundError:
            return False
        except OSError as error:
            raise StoreError(f"{self.path / name}: cannot be copied ({error.strerror or error})") from error
        return True

    def read(self, name: str) -> bytes | None:
        """See `Place`."""
        try:
            with (self.path / name).open("rb") as file:
                return file.read(MOST_TEXT)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise StoreError(f"{self.path / name}: cannot be read ({error.strerror or error})") from error

    def has(self, name: str) -> bool:
        """See `Place`."""
        return (self.path / name).is_file()

    def upload(self, name: str, source: Path) -> None:
        """See `Place`."""
        self._put(name, lambda partial: shutil.copyfile(source, partial))

    def write(self, name: str, data: bytes) -> None:
        """See `Place`."""
        self._put(name, lambda partial: partial.write_bytes(data))

    def _put(self, name: str, fill: Any) -> None:
        path = self.path / name
        partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            fill(partial)
            partial.replace(path)
        except OSError as error:
            raise StoreError(f"{path}: cannot be written ({error.strerror or error})") from error
        finally:
            partial.unlink(missing_ok=True)


class Web:
    """A web server: GET and HEAD read, PUT writes. Subclasses sign the requests."""

    def __init__(self, url: str) -> None:
        parts = parts_of(url)
        if not parts.hostname:
            raise UsageError(f"{url}: not a URL")
        self._login = _login(parts)
        host = parts.netloc.rpartition("@")[2]
        self.url = urllib.parse.urlunsplit((parts.scheme, host, parts.path.rstrip("/"), "", ""))
        self._query = parts.query

    def __str__(self) -> str:
        return self.url

    def headers(self, method: str, url: str, body_hash: str) -> Mapping[str, str]:
        """Return the headers that say who asks."""
        token = os.environ.get(TOKEN, "")
        if token:
            return {"Authorization": f"Bearer {token}"}
        return {"Authorization": self._login} if self._login else {}

    def address(self, name: str) -> str:
        """Return the URL of an object; "" is the place itself."""
        path = f"{self.url}/{urllib.parse.quote(name)}" if name else self.url
        return f"{path}?{self._query}" if self._query else path

    def download(self, name: str, target: Path) -> bool:
        """See `Place`. A download that breaks off is continued where the server allows that."""
        url = self.address(name)
        done, total, problem = 0, None, ""
        with target.open("wb") as out:
            for _ in range(TRIES):
                try:
                    more = {"Range": f"bytes={done}-"} if done else {}
                    with self._open("GET", url, more=more) as answer:
                        if done and answer.status != 206:
                            out.seek(0)
                            out.truncate()
                            done = 0
                        total = _total(answer, done)
                        done += _copy(answer, out)
                except urllib.error.HTTPError as error:
                    target.unlink()
                    if error.code == 404:
                        return False
                    raise _explained(url, error) from error
                except (OSError, http.client.HTTPException) as error:
                    problem = _reason(error)
                    done = out.tell()
                else:
                    if total is None or done >= total:
                        return True
                    problem = "the server closed the connection"
                if _is_hopeless(problem):
                    break
        target.unlink()
        of = "" if total is None else f" of {total:,}"
        raise StoreError(f"{url}: not downloaded: {problem} (after {done:,}{of} bytes)")

    def read(self, name: str) -> bytes | None:
        """See `Place`."""
        url = self.address(name)
        try:
            with self._open("GET", url) as answer:
                return bytes(answer.read(MOST_TEXT))
        except urllib.error.HTTPError as error:
            if error.code == 404:
                return None
            raise _explained(url, error) from error
        except (OSError, http.client.HTTPException) as error:
            raise StoreError(f"{url}: cannot be read: {_reason(error)}") from error

    def has(self, name: str) -> bool:
        """See `Place`."""
        url = self.address(name)
        try:
            with self._open("HEAD", url):
                return True
        except urllib.error.HTTPError as error:
            if error.code == 404:
                return False
            raise _explained(url, error) from error
        except (OSError, http.client.HTTPException) as error:
            raise StoreError(f"{url}: cannot be read: {_reason(error)}") from error

    def upload(self, name: str, source: Path) -> None:
        """See `Place`."""
        from codesearch.artifacts.package import sha256_of

        with source.open("rb") as file:
            self._put(name, file, source.stat().st_size, sha256_of(source))

    def write(self, name: str, data: bytes) -> None:
        """See `Place`."""
        from hashlib import sha256

        self._put(name, data, len(data), sha256(data).hexdigest())

    def _put(self, name: str, data: BinaryIO | bytes, size: int, digest: str) -> None:
        url = self.address(name)
        more = {"Content-Length": str(size), "Content-Type": "application/octet-stream"}
        try:
            with self._open("PUT", url, data=data, more=more, body_hash=digest):
                return
        except urllib.error.HTTPError as error:
            raise _explained(url, error) from error
        except (OSError, http.client.HTTPException) as error:
            raise StoreError(f"{url}: not uploaded: {_reason(error)}") from error

    def _open(
        self,
        method: str,
        url: str,
        *,
        data: BinaryIO | bytes | None = None,
        more: Mapping[str, str] | None = None,
        body_hash: str = "",
    ) -> Any:
        request = urllib.request.Request(url, data=data, method=method, headers=dict(more or {}))
        for header, value in self.headers(method, url, body_hash).items():
            # Not sent again to the host that a redirection names.
            request.add_unredirected_header(header, value)
        return urllib.request.urlopen(request, timeout=TIMEOUT)


def _login(parts: urllib.parse.SplitResult) -> str:
    import base64

    if parts.username is None:
        return ""
    pair = f"{urllib.parse.unquote(parts.username)}:{urllib.parse.unquote(parts.password or '')}"
    return f"Basic {base64.b64encode(pair.encode()).decode()}"


def _total(answer: Any, done: int) -> int | None:
    length = answer.headers.get("Content-Length", "")
    return done + int(length) if length.isdecimal() else None


def _copy(answer: Any, out: BinaryIO) -> int:
    copied = 0
    while chunk := answer.read(_CHUNK):
        out.write(chunk)
        copied += len(chunk)
    return copied


def _is_hopeless(problem: str) -> bool:
    return "refused" in problem or "certificate" in problem or "resolved" in problem


def _reason(error: BaseException) -> str:
    inner = getattr(error, "reason", error)
    if isinstance(inner, http.client.IncompleteRead):
        return "the server closed the connection"
    if isinstance(inner, TimeoutError):
        return f"the server sent nothing for {TIMEOUT:g} s"
    if isinstance(inner, ssl.SSLError):
        return f"its certificate is not accepted ({inner.reason or inner})"
    if (isinstance(inner, OSError) and "resolution" in str(inner)) or "not known" in str(inner):
        return "its name cannot be resolved"
    return (getattr(inner, "strerror", "") or str(inner) or type(inner).__name__).lower()


def _explained(url: str, error: urllib.error.HTTPError) -> CodesearchError:
    status = f"{error.code} {error.reason}"
    if error.code in (401, 403):
        return StoreError(
            f"{url}: the server refuses ({status}); check {TOKEN}, the login in the URL, or AWS_* for s3://"
        )
    if error.code == 405:
        return StoreError(f"{url}: the server does not take uploads ({status}); it must allow PUT")
    if error.code == 404:
        return NotFoundError(f"{url}: not there ({status})")
    return StoreError(f"{url}: the server failed ({status})")
