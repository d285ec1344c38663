"""On a terminal and in pipes: colours, widths, links, progress, interruption."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from codesearch.cli.ui import console, highlight
from codesearch.languages import lexers
from tests.support.command import COMMAND, process, terminal
from tests.support.trees import write

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="needs a pty")

SGR = re.compile(r"\x1b\[[0-9;]*m")
LINK = re.compile(r"\x1b\]8;;([^\x1b]*)\x1b\\")


def plain(text: str) -> str:
    return LINK.sub("", SGR.sub("", text))


@pytest.fixture
def wide(tmp_path: Path) -> Path:
    text = "def wide(argument):\n    return '" + "日本語" * 60 + "'  # " + "x" * 100 + "\n"
    return write(tmp_path / "wide", {"wide.py": text})


@pytest.mark.parametrize("columns", [40, 80, 120])
def test_nothing_is_wider_than_the_terminal(shop: Path, wide: Path, columns: int):
    for tree, text in ((shop, "cancel an order"), (wide, "wide")):
        status, said = terminal("query", text, tree, cwd=tree, columns=columns)
        assert status == 0
        lines = plain(said).splitlines()
        headers = [line for line in lines if re.match(r" ?\d+  \S", line)]
        assert headers
        assert [line for line in lines if console.columns(line) > columns] == []
        assert {console.columns(line) for line in headers} == {columns}
        assert all(re.search(r"  (weak )?[01]\.\d\d$", line) for line in headers)


def test_colours_and_links_on_a_terminal(small: Path):
    process("index", small, cwd=small)
    _, said = terminal("query", "retry_upload", small, "-n", "1", cwd=small)
    assert "\x1b[35mdef\x1b[0m \x1b[1;34m\x1b[4mretry\x1b[24m_\x1b[4mupload\x1b[24m\x1b[0m" in said
    assert next(target for target in LINK.findall(said) if target).endswith(f"{small}/retry.py")
    piped = process("query", "retry_upload", small, "-n", "1", cwd=small).out
    number, header = plain(said).splitlines()[0].split(maxsplit=1)
    assert (number, header.split()) == ("1", piped.splitlines()[0].split())
    assert plain(said).splitlines()[1:] == piped.splitlines()[1:]


@pytest.mark.parametrize(
    ("options", "environment", "on_terminal", "in_pipe"),
    [
        ([], {}, True, False),
        ([], {"NO_COLOR": "1"}, False, False),
        ([], {"NO_COLOR": ""}, True, False),
        ([], {"FORCE_COLOR": "1"}, True, True),
        ([], {"FORCE_COLOR": "1", "NO_COLOR": "1"}, False, False),
        ([], {"TERM": "dumb"}, False, False),
        (["--color", "always"], {"NO_COLOR": "1"}, True, True),
        (["--color", "never"], {"FORCE_COLOR": "1"}, False, False),
        ([], {"CODESEARCH_COLOR": "never"}, False, False),
    ],
)
def test_when_colours_are_used(
    small: Path, options: list[str], environment: dict[str, str], on_terminal: bool, in_pipe: bool
):
    arguments = ["query", "retry_upload", str(small), "-n", "1", *options]
    process("index", small, cwd=small)
    assert bool(SGR.search(terminal(*arguments, cwd=small, environment=environment)[1])) is on_terminal
    piped = process(*arguments, cwd=small, environment=environment).out
    assert bool(SGR.search(piped)) is in_pipe
    assert not LINK.search(piped)


def test_show_numbers_lines_on_a_terminal_only(small: Path):
    process("index", small, cwd=small)
    _, said = terminal("show", "retry_upload", small, cwd=small)
    assert plain(said).startswith("retry.py:1  function retry_upload\n   1 │ def retry_upload")


def test_source_cannot_command_the_terminal(tmp_path: Path):
    write(tmp_path, {"evil.py": "def evil():\n    return '\x1b]0;owned\x07\x1b[2J\u202e'\n"})
    _, said = terminal("query", "evil", tmp_path, "--color", "never", cwd=tmp_path)
    assert "\\x1b]0;owned\\x07\\x1b[2J\\u202e" in said
    assert "\x1b]0;" not in said


def test_progress_is_a_bar_on_a_terminal_and_a_line_elsewhere(tmp_path: Path):
    files = {f"m{n}.py": f'def work_{n}():\n    """Do a thing."""\n    return {n}\n' * 60 for n in range(200)}
    tree = write(tmp_path / "many", files)
    status, said = terminal("index", tree, "--workers", "1", cwd=tree, columns=100)
    assert status == 0
    assert re.search(r"indexing .*[0-9]+/200 files +[0-9,]+ symbols", plain(said)), said
    assert "/s" in said
    run = process("index", tree, "--rebuild", cwd=tree)
    assert "\x1b" not in run.err
    assert re.fullmatch(
        rf"codesearch: indexing {tree} \(200 files\)\n"
        rf"codesearch: {tree}: 200 files indexed in [0-9.]+ s \([0-9,]+ symbols, [0-9.]+ [kM]B/s\)\n",
        run.err,
    )
    assert process("index", tree, "--quiet", "--rebuild", cwd=tree).err == ""


def test_interruption_keeps_what_is_done(tmp_path: Path):
    files = {f"m{n}.py": f'def work_{n}():\n    """Do a thing."""\n    return {n}\n' * 150 for n in range(200)}
    tree = write(tmp_path / "many", files)
    status, said = terminal("index", tree, "--workers", "1", cwd=tree, columns=100, interrupt_after="files")
    assert status == 130
    assert "Traceback" not in said
    assert "interrupted; files indexed so far are kept" in said
    assert process("index", tree, cwd=tree).status == 0
    assert process("symbols", tree, "--name", "work_199", "-n", "1", cwd=tree).status == 0


@pytest.mark.parametrize("format", ["text", "json", "ndjson", "paths", "vimgrep"])
def test_closed_pipe_is_no_error(shop: Path, format: str):
    command = [*COMMAND, "symbols", str(shop), "--format", format]
    writer = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert writer.stdout is not None
    assert writer.stderr is not None
    assert writer.stdout.read(10)
    writer.stdout.close()
    assert writer.stderr.read() == b""
    writer.stderr.close()
    assert writer.wait(timeout=60) == 0


def test_closed_pipe_before_the_first_byte(shop: Path):
    reader = subprocess.Popen(["true"], stdin=subprocess.PIPE)
    reader.wait()
    done = subprocess.run([*COMMAND, "query", "order", str(shop)], stdout=reader.stdin, stderr=subprocess.PIPE)
    assert reader.stdin is not None
    reader.stdin.close()
    assert (done.returncode, done.stderr) == (0, b"")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_disk_is_said(small: Path):
    process("index", small, cwd=small)
    with Path("/dev/full").open("w") as full:
        done = subprocess.run([*COMMAND, "symbols", str(small)], stdout=full, stderr=subprocess.PIPE, text=True)
    assert (done.returncode, done.stderr) == (
        2,
        "codesearch: error: standard output: cannot be written (No space left on device)\n",
    )


def test_without_standard_output(small: Path):
    process("index", small, cwd=small)
    shell = f"{shlex.join([*COMMAND, 'symbols', str(small)])} >&-"
    done = subprocess.run(["sh", "-c", shell], stderr=subprocess.PIPE, text=True)
    assert (done.returncode, done.stderr) == (0, "")


def test_cutting():
    assert console.cut("short", 5, "…") == "short"
    assert console.cut("longer", 5, "…") == "long…"
    assert console.cut("日本語", 5, "…") == "日本…"
    assert console.cut("\x1b[35mlonger\x1b[0m!", 5, "…") == "\x1b[35mlong\x1b[0m…"
    assert console.cut("\x1b[35mshort\x1b[0m", 5, "…") == "\x1b[35mshort\x1b[0m"


def test_colouring_changes_nothing_but_colours():
    source = Path(highlight.__file__).read_text("utf-8").split("\n")
    painted = highlight.lines(source, "python", len(source))
    assert [SGR.sub("", line) for line in painted] == source
    assert any(SGR.search(line) for line in painted)
    assert highlight.lines(source, "no such language", 3) == source[:3]


def test_every_language_has_colours():
    from codesearch import languages

    bare = [language.name for language in languages.all() if lexers.of(language.name) is None]
    assert bare == []
