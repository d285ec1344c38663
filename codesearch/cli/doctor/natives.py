"""Libraries with compiled code, grammars and models, in a process of their own: one that crashes is reported, too."""

from __future__ import annotations

import json
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path

from codesearch.cli.doctor.program import REINSTALL
from codesearch.cli.doctor.values import Check, listed
from codesearch.cli.ui.reports import size

PATIENCE = 40.0
"""Seconds that the process may take. Importing onnxruntime from a cold disk takes several."""


def libraries() -> Iterator[Check]:
    """Yield whether the compiled libraries and the grammars work."""
    yield from _in_child("check_libraries")


def models(model: str, *, rerank: bool) -> Iterator[Check]:
    """Yield whether the models are as they were installed, and embed a text. `model` is the reranker's."""
    yield from _in_child("check_models", model, "rerank" if rerank else "")


def _in_child(function: str, *arguments: str) -> Iterator[Check]:
    """Yield the checks that a child process prints, and how it ended if it did not end well."""
    from codesearch.core import child

    command = child.command("codesearch.cli.doctor.natives", function, *arguments)
    with tempfile.TemporaryFile() as errors:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=errors)
        assert process.stdout is not None
        doing = "starting"
        late = threading.Timer(PATIENCE, process.kill)
        late.daemon = True
        late.start()
        try:
            for line in process.stdout:
                value = json.loads(line)
                if isinstance(value, str):
                    doing = value
                else:
                    yield Check(*value)
            status = process.wait()
        finally:
            hung = not late.is_alive()
            late.cancel()
            child.kill(process)
        if hung:
            yield Check(doing, f"not finished after {PATIENCE:g} s", "problem", "The disk or the machine is too busy.")
        elif status:
            errors.seek(0)
            said = errors.read().decode("utf-8", "replace").strip().rpartition("\n")[2]
            yield Check(
                doing, f"the process ended with {_ending(status)}{': ' * bool(said)}{said}", "problem", REINSTALL
            )


def _ending(status: int) -> str:
    if status < 0:
        try:
            return f"signal {signal.Signals(-status).name}"
        except ValueError:
            return f"signal {-status}"
    return f"status {status}"


# -- in the child ---------------------------------------------------------------------------------


def _say(checks: Iterable[tuple[str, Callable[[], Check | None]]]) -> None:
    """Print the name of each check, then its result, so that the parent process knows which one crashed."""
    for name, make in checks:
        print(json.dumps(name), flush=True)
        try:
            found = make()
        except Exception as error:  # noqa: BLE001 -- a broken library can raise anything
            text = " ".join(str(error).split())[:300] or type(error).__name__
            found = Check(name, f"does not work: {text}", "problem", REINSTALL)
        if found is not None:
            print(json.dumps([found.name, found.text, found.state, found.advice]), flush=True)


def check_libraries() -> None:
    """Print the checks of `libraries`."""
    _say((("numpy", _numpy), ("vector search", _vectors), ("grammars", _grammars)))


def _numpy() -> None:
    import numpy as np

    assert float(np.dot(np.ones(8, np.float32), np.ones(8, np.float32))) == 8.0


def _vectors() -> Check:
    """Make an index in memory, which needs SQLite's full text and the vector extension."""
    from codesearch.store import Store, vector_functions
    from codesearch.store.connection import MEMORY

    with Store(Path(MEMORY), writable=True) as store:
        store.counts()
    return _slower("vector search", "SQLite's full text and vector search work", vector_functions.missing())


def _slower(name: str, text: str, cost: str) -> Check:
    """Return the check of something that works, if at some `cost`."""
    return Check(name, text, "note", f"{cost}.") if cost else Check(name, text)


def _grammars() -> Check:
    from codesearch import languages
    from codesearch.languages import grammar

    broken = False

    def failure(name: str) -> str:
        nonlocal broken
        try:
            grammar.load(name)
        except grammar.GrammarError as error:
            return str(error)
        except Exception as error:  # noqa: BLE001 -- any failure means that files of this language are skipped
            broken = True
            return " ".join(str(error).split())[:160] or type(error).__name__
        return ""

    start = time.monotonic()
    parsed = [language for language in languages.all() if language.module]
    failed = {one.display: why for one in parsed if (why := failure(one.name))}
    if not failed:
        return Check("grammars", f"all {len(parsed)} load ({time.monotonic() - start:.1f} s)")
    text = f"{len(failed)} of {len(parsed)} do not load: {listed(failed)} ({next(iter(failed.values()))})"
    advice = REINSTALL if broken else "docs/platforms.md says where grammars have no wheel."
    return Check("grammars", text, "problem" if broken else "note", f"Files in these languages are skipped. {advice}")


def check_models(model: str, rerank: str) -> None:
    """Print the checks of `models`."""
    from codesearch import embed

    names = [embed.STATIC, *sorted({*embed.available(), *([model] if rerank else [])} - {embed.STATIC})]
    used = (embed.STATIC, model if rerank else "")
    _say((name, partial(_model, name, used=name in used)) for name in names)


def _model(name: str, *, used: bool) -> Check:
    from codesearch import embed
    from codesearch.core.errors import CodesearchError
    from codesearch.embed import onnx

    optional = name != embed.STATIC
    role = "used" if used else "not used"
    try:
        folder = embed.folder_of(name)
        if wrong := _altered(folder):
            return Check(name, f"{wrong} differs from what was installed", "problem" if used else "note", REINSTALL)
        start = time.monotonic()
        works = _understands(embed.load(name))
    except (CodesearchError, ImportError) as error:
        if not optional:
            return Check(name, f"cannot be used: {error}", "problem", REINSTALL)
        advice = "Queries are answered without it, by the fast ranking."
        return Check(name, f"{role}, but cannot be loaded: {error}", "note", advice if used else "")
    if not works:
        return Check(name, f"{role}, but its vectors are wrong on this processor", "problem", REINSTALL)
    cost = onnx.missing() if optional else ""
    total = sum(file.stat().st_size for file in folder.iterdir() if file.is_file())
    text = f"{role}, {size(total)}, digest right, embeds text ({time.monotonic() - start:.1f} s)"
    return _slower(name, text, cost)


def _altered(folder: Path) -> str:
    """Return the name of a file that does not have the digest in the model's configuration; "" if all have."""
    import hashlib

    config = json.loads((folder / "config.json").read_bytes())
    wanted = dict(config.get("files") or {})
    for key, file in (("table_sha256", "table.bin"), ("vocab_sha256", "vocab.txt")):
        if key in config:
            wanted[file] = config[key]
    for name, digest in wanted.items():
        with (folder / name).open("rb") as stream:
            found = hashlib.sha256()
            while part := stream.read(1 << 20):
                found.update(part)
        if found.hexdigest() != digest:
            return str(name)
    return ""


def _understands(embedder: object) -> bool:
    """Return whether a model finds that a question is closer to code that answers it than to other code."""
    from codesearch.embed import Embedder

    assert isinstance(embedder, Embedder)
    question = embedder.encode_queries(["read the lines of a text file"])[0]
    right, other = embedder.encode_documents(
        ["read_lines\n\ndef read_lines(path)\nReturn the lines of a file.\nreturn open(path).readlines()",
         "send_mail\n\ndef send_mail(address)\nSend a message.\nserver.send(address)"]
    )  # fmt: skip
    return float(question @ right) > float(question @ other) and 0.5 < float(question @ question) < 1.5
