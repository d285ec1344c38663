"""Child processes: how they start, and how both sides communicate."""

from __future__ import annotations

import io
import subprocess

import pytest

from codesearch.core import child


def greet(name: str) -> int:
    """Run in a child."""
    print(f"hello {name}", flush=True)
    return 3


def test_a_function_runs_with_its_arguments_and_returns_the_status(tmp_path):
    (tmp_path / "numpy.py").write_text("raise SystemExit('imported from the current folder')\n")
    command = child.command("tests.core.test_child", "greet", "you; and me")
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, check=False)
    assert (done.stdout, done.returncode) == ("hello you; and me\n", 3)


def test_frames_arrive_as_they_were_sent_and_an_end_is_an_end():
    stream = io.BytesIO()
    for value in ("one", [1, 2], b"x" * 100_000):
        child.send(stream, value)
    stream.seek(0)
    assert [child.receive(stream) for _ in range(3)] == ["one", [1, 2], b"x" * 100_000]
    with pytest.raises(EOFError):
        child.receive(stream)


def test_kill_ends_the_process_and_closes_its_streams():
    command = child.command("time", "sleep", "60")
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert child.kill(process) != 0
    assert process.stdin is not None
    assert process.stdin.closed


@pytest.mark.parametrize("sent", [0, 3, 8, 50])
def test_a_frame_that_is_cut_off_is_an_end(sent: int) -> None:
    """As when the other side is killed while it writes."""
    stream = io.BytesIO()
    child.send(stream, b"x" * 100)
    with pytest.raises(EOFError):
        child.receive(io.BytesIO(stream.getvalue()[:sent]))
