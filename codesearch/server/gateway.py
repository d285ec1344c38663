"""The gateway: HTTP and JSON in front of the database. It keeps nothing, so any number of them may run."""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from typing import Any, TypeVar

from codesearch import embed
from codesearch._version import __version__
from codesearch.core.errors import CodesearchError, NotFoundError, UsageError
from codesearch.core.log import Log
from codesearch.mcp.http.access import bearer, check_site, wrong_token
from codesearch.mcp.http.wire import Head, RefusedError, Reply
from codesearch.server import access, answering, artifacts, browsing, page, receive, second_stage, sources, vectors
from codesearch.server.connect import Pool, TooBusyError
from codesearch.server.databases import Databases, Reading
from codesearch.server.identity import Limits, Vouched
from codesearch.server.metrics import CONTENT_TYPE
from codesearch.server.milvus import Milvus, VectorsError
from codesearch.server.receive import LackingError
from codesearch.server.transactions import Transactions
from codesearch.server.watching import Watch, note

log = Log("codesearch.server")

T = TypeVar("T")

MOST_BODY = 16 << 20
"""Bytes of a request as it is sent."""
MOST_UNPACKED = 128 << 20
"""Bytes of a request after it is unpacked."""
MOST_SMALL = 1 << 20
"""The same of a request that is no push."""
_OF_MACHINES = frozenset({"/health", "/health/live", "/health/ready", "/metrics"})
"""What other machines request by the address of this one instead of its name."""
_OPEN = frozenset({"/", "/session", *_OF_MACHINES})
"""What needs no token: it says nothing about repositories."""
_GETS = frozenset({"/repos", "/refs", *_OPEN})


class Gate:
    """Checks where a request comes from and what it is, before its body is read; `Gateway` checks the token.

    Of a push, whose body may be large, the token is checked here as well.
    """

    def __init__(self, databases: Databases, names: Collection[str], vouched: Vouched | None = None) -> None:
        self._databases, self._names, self._vouched = databases, names, vouched or Vouched()

    def check(self, head: Head) -> None:
        """Return if a request is allowed. Raises RefusedError."""
        path = _path(head)
        self._check_names(head, path)
        if path not in _ROUTES:
            raise RefusedError(404, "there is nothing here")
        allowed = "GET" if path in _GETS else "POST"
        if head.method != allowed:
            raise RefusedError(405, f"use {allowed}", ("Allow", allowed))
        if path not in _WRITES and _length(head) > MOST_SMALL:
            raise RefusedError(413, f"the body is longer than {MOST_SMALL} bytes")
        if path in _OPEN or self._vouched.proxied(head) is not None:
            return
        token = bearer(head)
        if path not in _WRITES or self._vouched.who(head) is not None:
            return
        try:
            who = self._databases.anywhere(lambda db: access.who_has(db, token))
        except CodesearchError as error:
            raise _unavailable(error) from error
        if who is None:
            raise wrong_token()

    def _check_names(self, head: Head, path: str) -> None:
        if path not in _OF_MACHINES or head.header("origin") is not None:
            check_site(head, self._names)


def _length(head: Head) -> int:
    """Return how long the body says it is; 0 for what is no number, which is refused later."""
    given = head.header("content-length") or ""
    return int(given) if given.isascii() and given.isdigit() and len(given) <= 12 else 0


def _path(head: Head) -> str:
    return head.target.partition("?")[0]


def _unavailable(error: CodesearchError) -> RefusedError:
    log.warning("%s", error)
    what = "the database cannot be used now"
    if isinstance(error, TooBusyError):
        what = "the server is busy"
    elif isinstance(error, VectorsError):
        what = "the database of vectors cannot be used now"
    return RefusedError(503, f"{what}; try again", ("Retry-After", "2"))


class Gateway:
    """Answers requests that are allowed. Thread-safe."""

    def __init__(
        self,
        databases: Databases,
        vouched: Vouched | None = None,
        limits: Limits | None = None,
        model: second_stage.Model | None = None,
        most_packed: int = artifacts.MOST_MEGABYTES << 20,
    ) -> None:
        """`model` is that of the second stage; None for none. Packed indexes may have `most_packed` bytes."""
        self._databases, self._vouched, self._limits = databases, vouched or Vouched(), limits or Limits()
        self._model = model
        self._most_packed = most_packed
        self.watch = Watch(_ROUTES, databases.pools, databases.families)
        embed.load(embed.STATIC)

    def reply(self, head: Head, body: bytes, is_gone: Callable[[], bool]) -> Reply | None:
        """Return the reply to a request; None if the client went away. Raises RefusedError."""
        return self._reply(head, _path(head), body)

    def _reply(self, head: Head, path: str, body: bytes) -> Reply:
        if path == "/":
            return page.reply()
        if path == "/metrics":
            return Reply(200, self.watch.metrics(), CONTENT_TYPE)
        if path == "/health/live":
            return _json({"status": "ok", "version": __version__})
        try:
            if path in ("/health", "/health/ready"):
                self._databases.check()
                return _json({"status": "ok", "version": __version__, **self._of_milvus()})
            if path == "/session":
                return _json({"who": self._session(head)})
            if path in _WRITES:
                return self._push(head, path, _unpacked(head, body, MOST_UNPACKED))
            given = {} if path in _GETS else _unpacked(head, body, MOST_SMALL)
            if path in _QUESTIONS:
                return self._answer(head, path, given)
            if path in _PACKED:
                return self._packed(head, path, given)
            with self._reading(head) as read:
                self._limits.take(access.name_of(read.who))
                if path in _GETS:
                    return _aged({"who": access.name_of(read.who), **answering.listing(read.transactions)}, read)
                found = _READS[path](read.transactions, given)
                self.watch.hits.add(path, by=len(found.get("hits", ())))
                return _aged(found, read)
        except UsageError as error:
            raise RefusedError(400, str(error)) from error
        except NotFoundError as error:
            raise RefusedError(404, str(error)) from error
        except CodesearchError as error:
            raise _unavailable(error) from error

    def _of_milvus(self) -> dict[str, str]:
        """Return whether Milvus can be used, if it has a part in this: answers go on without it."""
        milvus = self._databases.milvus
        return {} if milvus is None else {"vectors": "ok" if milvus.answers() else "cannot be reached"}

    def _answer(self, head: Head, path: str, given: Mapping[str, Any]) -> Reply:
        second = second_stage.Comparison(self._model) if self._model is not None else None
        with self._reading(head) as read:
            self._limits.take(access.name_of(read.who))
            found = _QUESTIONS[path](read.transactions, answering.Question.of(given), second)
        if second is not None and not read.problem:  # a database that cannot be reached would be waited for
            second.keep(self._databases.pools, read.who)
        self.watch.hits.add(path, by=len(found.get("hits", ())))
        return _aged(found, read)

    def _packed(self, head: Head, path: str, given: Mapping[str, Any]) -> Reply:
        """Return what the packed index of a branch is, or a part of it: of no replica, since its parts are many."""
        asked = artifacts.Asked.of(given)
        with self._at(head, asked.repository, Pool.transaction, asked.find, asked.missing) as (db, who, artifact):
            if path == _PART:
                return Reply(200, artifacts.part(db, artifact, given), "application/octet-stream")
            self._limits.take(access.name_of(who))
            return _json(artifact.about())

    def _session(self, head: Head) -> str:
        """Return who asks; "" without a token."""
        if head.header("authorization") is None and self._vouched.proxied(head) is None:
            return ""
        with self._reading(head) as read:
            return access.name_of(read.who)

    @contextmanager
    def _reading(self, head: Head) -> Iterator[Reading]:
        """Lend transactions for a question, perhaps of replicas, in the name of the one who asks (`access.asker`).

        The token is looked up in them, too.
        """
        who = self._vouched.who(head)
        known = partial(self._known, head=head, who=who)
        with self._databases.reading(who or "", _client(head, who), known) as read:
            yield read

    @contextmanager
    def _at(
        self,
        head: Head,
        repository: str,
        lent: Callable[[Pool, str], AbstractContextManager[Any]],
        find: Callable[[Any], T | None],
        missing: str,
    ) -> Iterator[tuple[Any, str, T]]:
        """Lend a transaction in the database of a repository; otherwise as `_reading` and `Databases.home`."""
        who = self._vouched.who(head)
        known = partial(self._known, head=head, who=who)
        with self._databases.home(repository, lambda pool: lent(pool, who or ""), known, find, missing) as found:
            yield found

    @staticmethod
    def _known(db: Any, head: Head, who: str | None) -> str:
        """Return who asks; if nothing vouches for them, the token says who, and the transaction becomes theirs."""
        if who is None:
            who = access.who_has(db, bearer(head))
            if who is None:
                raise wrong_token()
            Pool.become(db, who)
        note(who=access.name_of(who))
        return who

    def _push(self, head: Head, path: str, given: Mapping[str, Any]) -> Reply:
        reply = self._pushed(head, path, given)
        if path == "/push/switch":
            self._databases.wrote(_client(head, self._vouched.who(head)), str(given["repository"]))
        return reply

    def _pushed(self, head: Head, path: str, given: Mapping[str, Any]) -> Reply:
        wanted = self._model.id if self._model is not None else ""
        name = str(given.get("repository", ""))
        missing = f"there is no repository {name} here, or you may not push to it"
        with self._at(head, name, Pool.writing, lambda db: receive.repository(db, name), missing) as (db, _, repo):
            try:
                if path in _VECTORS:
                    if self._model is None or given["model"] != self._model.id:
                        raise UsageError(f"the server has no use for vectors of {given['model']}")
                    return _json(_VECTORS[path](db, repo, given, self._model))
                if path == "/push/artifact":
                    return _json(artifacts.begin(db, repo, given, self._most_packed))
                if path in _CONTENTS:
                    found = _CONTENTS[path](db, repo, given, self._databases.milvus)
                else:
                    found = _PUSHES[path](db, repo, given)
                self._count_push(path, given, found)
                return _json({**found, "vectors_of": wanted} if path == "/push/begin" else found)
            except LackingError:
                raise RefusedError(409, "the server lacks some of these files: push again") from None
            except (KeyError, ValueError, TypeError, AttributeError, IndexError) as error:
                raise UsageError(f"the request is not sound: {type(error).__name__}") from error

    def _count_push(self, path: str, given: Mapping[str, Any], found: Mapping[str, Any]) -> None:
        if path == "/push/files":
            self.watch.pushed_files.add(by=found["added"])
            self.watch.pushed_symbols.add(by=sum(len(one["symbols"]) for one in given["files"]))
        elif path == "/push/switch":
            self.watch.switched.add()


def _begin(db: Any, repo: int, given: Mapping[str, Any]) -> dict[str, Any]:
    own = embed.load(embed.STATIC).model_id
    if given["model"] != own:
        raise UsageError(f"the index has vectors of {given['model']}, and this server those of {own}")
    return {"lacking": receive.lacking_files(db, repo, given["files"])}


def _contents(db: Any, repo: int, given: Mapping[str, Any]) -> dict[str, Any]:
    return {"lacking": receive.lacking_contents(db, repo, given["contents"])}


def _files(db: Any, repo: int, given: Mapping[str, Any], milvus: Milvus | None) -> dict[str, Any]:
    found = {key: bytes.fromhex(value) for key, value in given["vectors"].items()}
    return {"added": receive.files(db, repo, given["files"], found, milvus)}


def _switch(db: Any, repo: int, given: Mapping[str, Any], milvus: Milvus | None) -> dict[str, Any]:
    ref, commit, model = (str(given[key]) for key in ("ref", "commit", "model"))
    receive.switch(db, repo, ref, commit, model, given["files"])
    vectors.note_time(db, milvus, repo, ref)
    return {"ref": ref, "commit": commit}


def _lacking_sources(db: Any, repo: int, given: Mapping[str, Any]) -> dict[str, Any]:
    return {"lacking": sources.lacking(db, repo, given["files"])}


def _sources(db: Any, repo: int, given: Mapping[str, Any]) -> dict[str, Any]:
    found = {str(key): base64.b64decode(text, validate=True) for key, text in given["sources"].items()}
    return {"added": sources.add(db, repo, found)}


def _lacking_vectors(db: Any, repo: int, given: Mapping[str, Any], model: second_stage.Model) -> dict[str, Any]:
    return {"lacking": second_stage.lacking(db, repo, model.id, given["contents"])}


def _vectors(db: Any, repo: int, given: Mapping[str, Any], model: second_stage.Model) -> dict[str, Any]:
    found = {bytes.fromhex(key): base64.b64decode(text, validate=True) for key, text in given["vectors"].items()}
    if any(len(vector) != model.dims for vector in found.values()):
        raise ValueError(f"vectors must have {model.dims} dimensions")
    return {"added": second_stage.add(db, repo, model.id, found)}


_QUESTIONS: dict[str, Callable[[Transactions, answering.Question, second_stage.Comparison | None], dict[str, Any]]] = {
    "/query": answering.answer,
    "/candidates": answering.candidates,
}
"""What is asked in words."""
_READS: dict[str, Callable[[Transactions, Mapping[str, Any]], dict[str, Any]]] = {
    "/similar": lambda here, given: browsing.similar(here, browsing.Like.of(given)),
    "/source": lambda here, given: browsing.source(here, browsing.Part.of(given)),
}
"""What is asked with a JSON object, by path."""
_PUSHES: dict[str, Callable[[Any, int, Mapping[str, Any]], dict[str, Any]]] = {
    "/push/begin": _begin,
    "/push/contents": _contents,
    "/push/sources": _sources,
    "/push/sources/lacking": _lacking_sources,
    "/push/artifact/part": artifacts.add,
    "/push/artifact/end": artifacts.end,
}
_CONTENTS: dict[str, Callable[[Any, int, Mapping[str, Any], Milvus | None], dict[str, Any]]] = {
    "/push/files": _files,
    "/push/switch": _switch,
}
"""The requests of a push that Milvus has a part in."""
_VECTORS: dict[str, Callable[[Any, int, Mapping[str, Any], second_stage.Model], dict[str, Any]]] = {
    "/push/vectors": _vectors,
    "/push/vectors/lacking": _lacking_vectors,
}
_WRITES = frozenset({*_PUSHES, *_CONTENTS, *_VECTORS, "/push/artifact"})
_PART = "/artifact/part"
"""A part of a packed index; a download asks for many of them, so they are not counted as questions."""
_PACKED = frozenset({"/artifact", _PART})
_ROUTES = frozenset({*_GETS, *_READS, *_QUESTIONS, *_WRITES, *_PACKED})


def _unpacked(head: Head, body: bytes, most: int) -> dict[str, Any]:
    """Return the JSON object of a request. Raises RefusedError if it is none, or too large."""
    if (head.header("content-encoding") or "identity") == "deflate":
        unpacker = zlib.decompressobj()
        try:
            body = unpacker.decompress(body, most)
        except zlib.error:
            raise RefusedError(400, "the body is damaged") from None
        if not unpacker.eof:
            raise RefusedError(413, f"the body is damaged, or longer than {most} bytes")
    if len(body) > most:
        raise RefusedError(413, f"the body is longer than {most} bytes")
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        raise RefusedError(400, "the body is not JSON") from None
    if not isinstance(found, dict):
        raise RefusedError(400, "the body is no JSON object")
    return found


def _client(head: Head, who: str | None) -> str:
    """Return what stands for the one who asks, before a token is looked up."""
    return access.hashed(bearer(head)).hex() if who is None else access.name_of(who)


def _aged(found: Mapping[str, Any], read: Reading) -> Reply:
    """Return an answer, with how far what it was read from is behind."""
    problem = "; ".join(filter(None, (str(found.get("problem", "")), read.problem)))
    lag = None if read.lag is None else round(read.lag, 3)
    return _json({**found, "problem": problem, "lag": lag})


def _json(value: object) -> Reply:
    return Reply(200, json.dumps(value).encode())
