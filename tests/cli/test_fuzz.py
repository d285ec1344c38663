"""Odd arguments, bytes and file names: each command ends quickly, without a traceback, with the right exit status.

CODESEARCH_FUZZ is the number of runs. With it, hypothesis draws new examples; otherwise it repeats the same ones.
"""

from __future__ import annotations

import io
import json
import os
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import typer.main
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from codesearch.cli import run
from codesearch.cli.app import app
from codesearch.cli.commands.query import alone
from codesearch.cli.main import main
from codesearch.core.errors import CodesearchError
from tests.support import home
from tests.support.command import process
from tests.support.trees import write

COUNT = int(os.environ.get("CODESEARCH_FUZZ", "0"))
LIMIT = 2.0
"""Processor seconds that a run may take: unlike elapsed time, they do not depend on how busy the machine is."""
TREE = {
    "a.py": "def alpha(path):\n    '''Open a file.'''\n    return open(path)\n\n\nclass Beta:\n    x = 1\n",
    "src/b.go": "package b\n\n// Gamma adds.\nfunc Gamma(a int) int {\n\treturn a + 1\n}\n",
    "src/odd name.js": "function delta() { return 'ü' }\n",
    "notes.txt": "alpha\nlang:go\n\nname:[\n",
}
WORDS = (
    "", "-", "--", ".", "..", "...", "~", "~nobody/x", "a.py", "a.py:1", "a.py:4:2", "a.py:0", "a.py:99999999999",
    "src", "src/b.go:4", "nope/x", "nope.py:3", "notes.txt", "*", "**/*.py", "[", "[!", "!", "!!", "!python", "lang:",
    "-lang:py", "lang:klingon", 'path:"', "is:test", "name:[", "kind:fn", "alpha", "Beta.x", "Gamma", "open a file",
    "operator<=>", "std::vec", "name: str", "0", "1", "-1", "2.5", "1e400", "nan", "-inf", "\u0663", "9" * 30,
    "x" * 5000, "text", "json", "NaN", "static", "transformer", "klingon", "model=", "limit=3", "limit=x", "MRR=0.5",
    "MRR=nan", "feedback", "true", "a\nb", "\u001b[31m", "\u202e", "\ufeff", "%", "%s", "\\", "'", '"', "{", "$HOME",
    "日本語", "\udcff\udc80", "é", "--help", "-h", "--version", "-v", "-q", "help", "qeury", "--no-such", "-nabc",
    "--limit=", "--json", "-l", "--all",
)  # fmt: skip
FORMATS = ("text", "json", "ndjson", "vimgrep", "paths")


def examples(share: float, default: int) -> Callable[..., Any]:
    """Return the settings of a test that makes `share` of all runs."""
    return settings(
        max_examples=max(1, round(COUNT * share)) if COUNT else default,
        derandomize=not COUNT,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
    )


# -- generators ---------------------------------------------------------------------------------------


def argument(text: str) -> str:
    """Return text as an argument can be: without NUL, bytes as the system decodes them, no absolute path."""
    raw = text.encode("utf-8", "surrogateescape" if _is_escaped(text) else "replace").replace(b"\0", b"")
    return os.fsdecode(raw).lstrip("/")


def _is_escaped(text: str) -> bool:
    return all(not 0xD800 <= ord(one) <= 0xDFFF or 0xDC80 <= ord(one) <= 0xDCFF for one in text)


any_text = st.one_of(
    st.sampled_from(WORDS),
    st.sampled_from(WORDS),
    st.text(max_size=20),
    st.binary(max_size=12).map(os.fsdecode),
    st.integers().map(str),
).map(argument)


def _commands(command: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    children = getattr(command, "commands", None)
    if children is None:
        yield path, command
        return
    for name, child in children.items():
        yield from _commands(child, (*path, name))


COMMANDS = dict(_commands(typer.main.get_command(app)))


@st.composite
def command_lines(draw: Callable[[st.SearchStrategy[Any]], Any]) -> list[str]:
    """Return a command with some of its options and arguments, most of them of the right kind."""
    path = draw(st.sampled_from(sorted(COMMANDS)))
    options = [one for one in COMMANDS[path].params if one.param_type_name == "option"]
    words = list(path)
    for _ in range(draw(st.integers(0, 4))):
        option = draw(st.sampled_from([None, *options]))
        if option is None:
            words.append(draw(any_text))
            continue
        words.append(draw(st.sampled_from(option.opts)))
        choices = getattr(option.type, "choices", None)
        if not option.is_flag:
            words.append(draw(st.one_of(any_text, st.sampled_from(list(choices))) if choices else any_text))
    return words


# -- runs -----------------------------------------------------------------------------------------------


@dataclass
class Run:
    """The result of a command."""

    status: int
    out: bytes
    err: str

    def check(self, words: list[str]) -> None:
        """Fail if the status does not match the output."""
        assert self.status in (0, 1, 2), (words, self.status, self.err)
        assert "Traceback" not in self.err, (words, self.err)
        errors = [line for line in self.err.splitlines() if line.startswith("codesearch: error: ")]
        assert len(errors) <= 1, (words, errors)
        if "--batch" not in words:  # there, a line can fail alone
            assert bool(errors) == (self.status == 2), (words, self.status, self.err)
        for error in errors:
            assert len(error) > len("codesearch: error: x"), (words, error)
            assert "Error(" not in error, (words, error)


class World:
    """A folder and a home that are new for each run that finds them changed."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self._folder, self._patch = folder, monkeypatch
        self._made = write(folder / "made", TREE)
        self._number = 0
        self._clean: object = None
        self.tree = self._made
        home.move_into(folder / "home", monkeypatch)
        assert self.run(["index", "-q", os.fspath(self._made)]).status == 0

    def renew(self, tree: Path | None = None) -> Path:
        """Go to a fresh copy of the tree, or to another tree, with a fresh home, if it is not as it was."""
        os.chdir(self._folder)
        if tree is None and self._clean is not None and self._clean == self._state():
            os.chdir(self.tree)
            return self.tree
        shutil.rmtree(self._folder / f"{self._number}", ignore_errors=True)
        self._number += 1
        place = self._folder / f"{self._number}"
        self.tree = tree or Path(shutil.copytree(self._made, place / "tree"))
        self.tree.mkdir(parents=True, exist_ok=True)
        home.move_into(place / "home", self._patch)
        self._patch.setenv("EDITOR", "true")
        os.chdir(self.tree)
        self._clean = self._state() if tree is None else None
        return self.tree

    def _state(self) -> object:
        """Return what a run must not have changed: the files, and that there is an index; what it holds may change."""
        place = self._folder / f"{self._number}"
        inside = "tree", ".codesearch", "index.db"
        files = {one.relative_to(place): one.lstat().st_mtime_ns for one in place.rglob("*") if not one.is_dir()}
        return {name: files[name] * (name.parts[1] != inside[1]) for name in files if not name.name.endswith("-shm")}

    def run(self, words: list[str], stdin: bytes = b"") -> Run:
        """Run a command in this process."""
        streams = [io.TextIOWrapper(io.BytesIO(), "utf-8", write_through=True) for _ in range(2)]
        with self._patch.context() as patch:
            patch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin), "utf-8"))
            patch.setattr(sys, "stdout", streams[0])
            patch.setattr(sys, "stderr", streams[1])
            start = time.process_time()
            status = main(words)
            taken = time.process_time() - start
        out, err = (stream.buffer.getvalue() for stream in streams)
        done = Run(status, out, err.decode("utf-8", "surrogateescape"))
        assert taken < LIMIT, (words, taken)
        done.check(words)
        return done


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """A world in which nothing waits for events, starts editors' setups, asks a network, or measures for minutes."""
    from codesearch_lsp import boot

    from codesearch.bench import measure as costs
    from codesearch.cli.commands import watch
    from codesearch.cli.doctor import examine
    from codesearch.core import log_output
    from codesearch.embed.manage import importer
    from codesearch.embed.manage import measure as models
    from codesearch.quality import evaluation

    def stopped(*_: object, **__: object) -> Any:
        raise CodesearchError("not in this test")

    for module, name in (
        (boot, "main"),
        (costs, "bench"),
        (evaluation, "evaluate"),
        (examine, "examine"),
        (importer, "add"),
        (models, "measure"),
        (watch, "_run"),
        (watch, "_start"),
    ):
        monkeypatch.setattr(module, name, stopped)
    # Preparing the options of all commands takes longer than a run.
    prepared = {one: typer.main.get_command(one) for one in (app, alone)}
    chosen = run._application
    monkeypatch.setattr(run, "_application", lambda arguments: prepared[chosen(arguments)])
    monkeypatch.chdir(tmp_path)
    yield World(tmp_path, monkeypatch)
    import logging

    logging.getLogger("codesearch").removeHandler(log_output._handler)


# -- properties -------------------------------------------------------------------------------------------


def test_any_options_of_any_command(world: World):
    @examples(0.55, 60)
    @given(words=command_lines())
    def check(words: list[str]) -> None:
        world.renew()
        done = world.run(words)
        if done.status < 2 and done.out.startswith(b"{") and "--json" in words:
            assert json.loads(done.out)["complete"]

    check()


def test_any_words(world: World):
    @examples(0.25, 30)
    @given(words=st.lists(any_text, max_size=5), stdin=st.binary(max_size=40))
    def check(words: list[str], stdin: bytes) -> None:
        world.renew()
        world.run(words, stdin)

    check()


def test_any_lines_as_a_batch(world: World):
    line = st.one_of(st.binary(max_size=40), st.sampled_from(WORDS).map(lambda word: word.encode("utf-8", "replace")))

    @examples(0.15, 20)
    @given(lines=st.lists(line.map(lambda text: text.replace(b"\n", b"")), max_size=8))
    def check(lines: list[bytes]) -> None:
        world.renew()
        done = world.run(["query", "--batch", "-"], b"".join(one + b"\n" for one in lines))
        answers = [json.loads(one) for one in done.out.splitlines()]
        if b"".join(lines[:1])[:2] not in (b"\xff\xfe", b"\xfe\xff"):  # the marks of UTF-16
            assert len(answers) == len(lines)
        failed, found = any("error" in one for one in answers), any(one["results"] for one in answers)
        assert done.status == (2 if failed else 0 if found else 1)

    check()


@st.composite
def trees(draw: Callable[[st.SearchStrategy[Any]], Any]) -> dict[bytes, bytes]:
    """Return files by their names, in bytes."""
    suffix = st.sampled_from([b".py", b".go", b".js", b".c", b".rs", b".sql", b".vue", b".md", b"", b".PY"])
    name = st.one_of(st.binary(min_size=1, max_size=20), st.text(min_size=1, max_size=9).map(_utf8), st.just(b"-rf"))
    code = st.sampled_from([one.encode() for one in TREE.values()])
    content = st.one_of(code, st.binary(max_size=60), st.tuples(code, st.binary(max_size=9), code).map(b"".join))
    made = {}
    for _ in range(draw(st.integers(0, 4))):
        parts = [draw(name).replace(b"/", b"_").replace(b"\0", b"0") for _ in range(draw(st.integers(1, 2)))]
        if not {b".", b".."} & {*parts}:
            made[b"/".join(parts) + draw(suffix)] = draw(content)
    return made


def _utf8(text: str) -> bytes:
    return text.encode("utf-8", "replace")


@pytest.mark.skipif(sys.platform in ("win32", "darwin"), reason="the file system refuses such names")
def test_any_files(world: World, tmp_path: Path):
    @examples(0.04, 10)
    @given(files=trees(), format=st.sampled_from(FORMATS))
    def check(files: dict[bytes, bytes], format: str) -> None:
        tree = world.renew(Path(tmp_path / "files"))
        shutil.rmtree(tree)
        for name, content in files.items():
            place = Path(os.fsdecode(os.path.join(os.fsencode(tree), name)))  # noqa: PTH118 -- bytes
            try:
                place.parent.mkdir(parents=True, exist_ok=True)
                place.write_bytes(content)
            except OSError:  # a folder instead of a file, or a name that is too long
                continue
        tree.mkdir(exist_ok=True)
        os.chdir(tree)
        indexed = world.run(["index", "-q"])
        assert (indexed.status == 2) == ("nothing to search" in indexed.err)
        world.run(["status", "--skipped"])
        for command in (["query", "open a file"], ["symbols"]):
            done = world.run([*command, "--format", format, "-q"])
            assert done.status == 2 if indexed.status else done.status < 2
            if format == "paths" and not any(b"\n" in name for name in files):
                shown = done.out.split(b"\n")[:-1]
                assert all(os.path.exists(os.path.join(os.fsencode(tree), one)) for one in shown)  # noqa: PTH110, PTH118

    check()


def test_real_processes(world: World):
    @examples(0.01, 3)
    @given(words=st.lists(any_text, max_size=4))
    def check(words: list[str]) -> None:
        tree = world.renew()
        done = process("query", *words, cwd=tree)
        Run(done.status, done.raw, done.err).check(words)

    check()
