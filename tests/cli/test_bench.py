"""`codesearch bench`, on trees made for it."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from codesearch.bench import processes
from tests.quality.conftest import repository  # noqa: F401 -- a fixture
from tests.support.command import COMMAND, PATIENCE, Run
from tests.support.git import git
from tests.support.schemas import keeps_schema
from tests.support.trees import write
from tests.support.wait import until

Call = Callable[..., Run]
FEW = ("--queries", "3", "--cold", "2", "--embed", "none")


@pytest.fixture(autouse=True)
def scratch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give temporary files a folder of their own, which must be empty in the end."""
    import tempfile

    folder = tmp_path / "scratch"
    folder.mkdir()
    monkeypatch.setenv("TMPDIR", str(folder))
    monkeypatch.setattr(tempfile, "tempdir", None)
    return folder


def measured(call: Call, *arguments: object) -> dict[str, Any]:
    run = call("bench", *arguments, "--format", "json")
    assert run.status == 0, run.err
    found: dict[str, Any] = run.json
    keeps_schema(found, "bench")
    return found


def test_figures_are_those_of_the_tree(repository: Path, scratch: Path, call: Call):  # noqa: F811
    before = sorted(path for path in repository.rglob("*"))
    found = measured(call, repository, *FEW)
    made = found["index"]
    sources = [path for path in before if path.suffix in (".py", ".go")]
    assert made["files"] == len(sources) == 2
    assert made["source_bytes"] == sum(path.stat().st_size for path in sources)
    assert (made["functions"], made["symbols"]) == (5, 8)
    assert made["index_ratio"] == pytest.approx(made["index_bytes"] / made["source_bytes"], abs=1e-4)
    assert made["functions_per_second"] == pytest.approx(5 / made["seconds"], abs=0.1)
    assert found["unchanged"]["seconds"] > found["unchanged"]["git_status_seconds"] > 0
    assert [(one["how"], one["first"], one["seconds"]["count"]) for one in found["latency"]] == [
        ("process", None, 2),
        ("warm", None, 3),
    ]
    for one in found["latency"]:
        times = one["seconds"]
        assert 0 < times["p50"] <= times["p95"] <= times["p99"] <= times["worst"] < 60
    assert found["queries"] == {"count": 3, "mined": True}
    first = found["first_answer"]
    assert (first["partial"], first["seconds"]["count"]) == (0, 3)
    assert first["seconds"]["p50"] > 0.9 * found["latency"][0]["seconds"]["p50"], "it makes the index, too"
    assert found["compared"] == []
    assert found["machine"]["cores"] >= 1
    assert found["machine"]["python"] == sys.version.split()[0]
    assert sorted(path for path in repository.rglob("*")) == before, "no index is left in the tree"
    assert not list(scratch.iterdir())


@pytest.mark.skipif(not processes.can_sample(), reason="this system tells nothing of other processes")
def test_memory_is_that_of_all_processes(repository: Path, call: Call):  # noqa: F811
    found = measured(call, repository, *FEW)
    assert found["index"]["processes"] >= 2
    assert 30e6 < found["index"]["peak_memory_bytes"] < 1e9
    assert all(10e6 < one["peak_memory_bytes"] < 200e6 for one in found["latency"])


def test_the_index_of_the_tree_is_neither_read_nor_written(small: Path, call: Call):
    assert call("index", small, "--quiet").status == 0
    file = small / ".codesearch" / "index.db"
    file.write_bytes(b"damaged")
    found = measured(call, small, *FEW)
    assert found["index"]["files"] == 2
    assert file.read_bytes() == b"damaged"


def test_the_table(small: Path, call: Call):
    run = call("bench", small, *FEW)
    assert run.status == 0, run.err
    rows = run.out.splitlines()
    assert rows[0].startswith(f"{small}: 2 files, ")
    labels = [row.split()[0] for row in rows if row]
    wanted = ["machine", "versions", "model", "index", "memory", "file", "unchanged", "first", "3", "new", "single"]
    assert labels[1 : 1 + len(wanted)] == wanted, labels
    assert "not a git work tree" in run.out
    assert "\x1b" not in run.out
    assert run.err == ""


def test_a_system_that_tells_nothing_of_memory(small: Path, call: Call, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(processes, "can_sample", lambda: False)
    run = call("bench", small, *FEW)
    assert "memory    not available on this system" in run.out
    assert "note: no memory of other processes" in run.out
    assert measured(call, small, *FEW)["index"]["peak_memory_bytes"] is None


def test_new_questions_and_those_that_were_asked_before(small: Path, call: Call):
    found = measured(call, small, "--queries", "2", "--cold", "1")
    assert [(one["how"], one["first"], one["seconds"]["count"]) for one in found["latency"]] == [
        ("process", True, 1),
        ("process", False, 1),
        ("warm", True, 2),
        ("warm", False, 2),
    ]
    assert " + transformer@" in found["model"]


def test_the_vectors_of_other_indexes_do_not_help(small: Path, call: Call, private_home: Path):
    measured(call, small, "--queries", "2", "--cold", "1")
    assert not list(private_home.rglob("codesearch/**/*.db"))


def test_queries_of_a_file_and_the_service(small: Path, tmp_path: Path, call: Call):
    file = tmp_path / "queries.txt"
    file.write_text("send a file again\nvalue that is too old\n", encoding="utf-8")
    found = measured(call, small, "--queries", file, "--service", "--embed", "none")
    assert [(one["how"], one["seconds"]["count"]) for one in found["latency"]] == [
        ("process", 2),
        ("warm", 2),
        ("service", 2),
        ("service process", 2),
    ]
    assert found["queries"] == {"count": 2, "mined": False}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("missing",), "missing: no such folder"),
        (("tree/retry.py",), "is a file"),
        (("empty",), "nothing to measure: there are no source files"),
        (("tree", "--queries", "0"), "--queries must be at least 1"),
        (("tree", "--queries", "none.txt"), "none.txt: no such file"),
        (("tree", "--model", "unheard-of"), "unheard-of"),
        (("tree", "--compare", "grep"), "--compare must be semble, zoekt, colgrep or the path"),
        (("tree", "--compare", "semble"), "--compare semble: it is not installed"),
        (("tree", "--compare", "./codesearch"), "--compare ./codesearch: there is no such program"),
        (("tree", "--embed", "full"), "--embed must be lazy or none, not 'full'. Try"),
    ],
)
def test_errors(small: Path, scratch: Path, call: Call, monkeypatch: pytest.MonkeyPatch, arguments, said: str):
    (small.parent / "empty").mkdir()
    shutil.copytree(small, small.parent / "tree")
    monkeypatch.chdir(small.parent)
    run = call("bench", *arguments)
    assert run.status == 2
    assert said in run.err
    assert run.err.count("\n") == 1
    assert not list(scratch.iterdir())


@pytest.mark.slow
def test_the_first_answer_about_a_large_tree_comes_from_a_part_of_it(tmp_path: Path, scratch: Path, call: Call):
    tree = tmp_path / "large"
    for number in range(800):  # 8 MB
        lines = [f"def step_{number}_{at}(value):\n    return value + {at}\n" for at in range(20)]
        write(tree, {f"part{number % 30}/file{number}.py": "\n".join((*lines, "# filler\n" * 1000))})
    run = call("bench", tree, "--queries", "1", "--cold", "1", "--embed", "none", "--format", "json")
    assert run.status == 0, run.err
    assert run.json["first_answer"]["partial"] == 1
    assert run.json["first_answer"]["seconds"]["p50"] < run.json["index"]["seconds"]
    assert not list(scratch.iterdir())


OTHER_RELEASE = """#!/bin/sh
[ "$1" = --version ] && { echo codesearch 0.0.9; exit; }
while [ "$1" != --db ]; do shift; done
head -c 5000 /dev/zero > "$2"
"""


@pytest.mark.skipif(os.name == "nt", reason="a shell script")
def test_another_release_is_measured_in_turn(small: Path, tmp_path: Path, call: Call):
    program = tmp_path / "bin" / "codesearch"
    program.parent.mkdir()
    program.write_text(OTHER_RELEASE, encoding="utf-8")
    program.chmod(0o755)
    (one,) = measured(call, small, *FEW, "--compare", program)["compared"]
    assert (one["name"], one["version"], one["problem"]) == (str(program), "codesearch 0.0.9", "")
    assert one["theirs"]["index_bytes"] == 5000
    assert one["ours"]["index_bytes"] > 50_000
    assert one["ours"]["latency"]["count"] == one["theirs"]["latency"]["count"] == 2
    assert one["ours"]["index_seconds"] > one["theirs"]["index_seconds"] > 0
    run = call("bench", small, *FEW, "--compare", program)
    rows = run.out.splitlines()
    at = next(at for at, row in enumerate(rows) if row.startswith("compared"))
    assert [row.split("  ")[0] for row in rows[at + 1 : at + 4]] == ["codesearch", "codesearch 0.0.9", "ratio"]


@pytest.mark.skipif(os.name == "nt", reason="a shell script")
def test_a_program_that_fails_is_reported(small: Path, tmp_path: Path, call: Call):
    program = tmp_path / "codesearch"
    program.write_text("#!/bin/sh\necho no such option >&2\nexit 2\n", encoding="utf-8")
    program.chmod(0o755)
    run = call("bench", small, *FEW, "--compare", program)
    assert run.status == 0, run.err
    assert f"{program}: not measured: status 2: no such option" in run.out


@pytest.mark.skipif(os.name == "nt", reason="a shell script")
def test_git_does_not_run_what_a_repository_names(repository: Path, tmp_path: Path, call: Call):  # noqa: F811
    ran = tmp_path / "ran"
    program = tmp_path / "program.sh"
    program.write_text(f"#!/bin/sh\ntouch '{ran}'\ncat\n", encoding="utf-8")
    program.chmod(0o755)
    git(repository, "config", "filter.evil.clean", str(program))
    (repository / ".gitattributes").write_text("*.go filter=evil\n", encoding="utf-8")
    os.utime(repository / "src" / "upload.go", (1, 1))
    git(repository, "status")
    assert ran.exists(), "git itself runs it"
    ran.unlink()
    os.utime(repository / "src" / "upload.go", (2, 2))
    found = measured(call, repository, *FEW)
    assert not ran.exists()
    assert found["unchanged"]["git_status_seconds"] is None
    assert "filter.evil.clean" in found["unchanged"]["why_no_git"]


@pytest.mark.skipif(sys.platform != "linux", reason="looks for processes in /proc")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("moment", [("index", "index.db"), ("watch", ".keeper")], ids=["indexing", "serving"])
def test_an_interruption_leaves_nothing(tmp_path: Path, scratch: Path, number: signal.Signals, moment: tuple[str, str]):
    tree = write(tmp_path / "tree", {f"part{at}.py": f"def f{at}():\n    return {at}\n" * 20 for at in range(100)})
    what, file = moment
    command = [*COMMAND, "bench", str(tree), "--queries", "1", "--cold", "1", "--embed", "none", "--service"]
    process = subprocess.Popen(
        command,
        stderr=subprocess.PIPE,
        # Background jobs ignore interrupts, and their children inherit that.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509 -- no threads here
    )
    try:
        until(
            lambda: any(path.name.endswith(file) for path in scratch.rglob("*")) or process.poll() is not None,
            f"{what} begins",
            seconds=PATIENCE,
        )
        assert process.poll() is None
        process.send_signal(number)
        _, errors = process.communicate(timeout=PATIENCE)
    finally:
        process.kill()
        process.communicate()
    assert process.returncode == 130, errors
    assert b"Traceback" not in errors
    assert not list(scratch.iterdir())
    until(lambda: not _running(str(scratch)), lambda: f"while {what}: {_running(str(scratch))} should end")


def _running(word: str) -> list[str]:
    """Return the commands of processes that contain a text."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                line = (entry / "cmdline").read_bytes().decode("utf-8", "replace")
            except OSError:
                continue
            if word in line:
                found.append(line)
    return found
