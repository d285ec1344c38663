"""The order in which changed files are read for a question that waits."""

from __future__ import annotations

from pathlib import Path

import codesearch
from codesearch.indexing.promise import by_promise
from codesearch.indexing.task import Task
from codesearch.indexing.update import MANY_FILES
from codesearch.store import FileState

FILLER = "def helper(value):\n    return value + 1\n"


def task(root: Path, path: str, text: str = FILLER) -> Task:
    file = root / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    return Task(path, FileState(file.stat().st_size, 0, 0, 0, 0, None))


def order(root: Path, tasks: list[Task], *words: str) -> list[str]:
    return [one.path for one in by_promise(root, tasks, words)]


def test_files_with_the_words_come_first_whatever_their_endings(tmp_path: Path):
    tasks = [task(tmp_path, f"pkg/m{number}.py") for number in range(20)]
    tasks.append(task(tmp_path, "pkg/m99.py", "def retry_upload(file):\n    send(file)\n"))
    assert order(tmp_path, tasks, "retries", "uploaded")[0] == "pkg/m99.py"


def test_a_word_in_the_path_counts(tmp_path: Path):
    tasks = [task(tmp_path, path) for path in ("a/one.py", "a/cache.py", "a/two.py")]
    assert order(tmp_path, tasks, "caching")[0] == "a/cache.py"


def test_a_word_is_found_in_every_path_that_has_it_once_or_more(tmp_path: Path):
    paths = ["Cache/cache.py", "a/one.py", "cache.py", "caf\udce9/CACHE.py", "a/two.py", "z/cache"]
    tasks = [Task(path, FileState(100, 0, 0, 0, 0, None)) for path in paths]
    found = order(tmp_path, tasks, "cache")
    assert sorted(found[:4]) == sorted(path for path in paths if "cache" in path.lower())
    assert sorted(found[4:]) == ["a/one.py", "a/two.py"]


def test_a_rare_word_counts_more_than_common_ones(tmp_path: Path):
    tasks = [task(tmp_path, f"m{number}.py", "def read_file(file):\n    pass\n") for number in range(20)]
    tasks.append(task(tmp_path, "rare.txt.py", "def quiesce():\n    pass\n"))
    assert order(tmp_path, tasks, "read", "file", "quiesce")[0] == "rare.txt.py"


def test_words_close_together_count_more_than_the_same_words_apart(tmp_path: Path):
    apart = "def flush():\n    pass\n" + FILLER * 100 + "def journal():\n    pass\n"
    close = FILLER * 50 + "def flush_journal():\n    pass\n" + FILLER * 50
    tasks = [task(tmp_path, "apart.py", apart), *(task(tmp_path, f"m{n}.py") for n in range(9))]
    tasks.append(task(tmp_path, "close.py", close))
    assert order(tmp_path, tasks, "flush", "journal")[0] == "close.py"


def test_of_files_with_the_same_words_the_shorter_comes_first(tmp_path: Path):
    tasks = [
        task(tmp_path, "long.py", "retry = 1\n" + FILLER * 400),
        task(tmp_path, "short.py", "retry = 1\n" + FILLER),
    ]
    assert order(tmp_path, tasks, "retry", "retry") == ["short.py", "long.py"]


def test_code_comes_before_tests_and_prose_that_hold_the_same_words(tmp_path: Path):
    text = "def retry_upload(file):\n    send(file)\n"
    others = [task(tmp_path, f"pkg/m{number}.py") for number in range(20)]
    tasks = [task(tmp_path, path, text) for path in ("README.md", "tests/test_send.py", "examples/a.py", "pkg/send.py")]
    assert order(tmp_path, [*tasks, *others], "retry", "upload")[0] == "pkg/send.py"


def test_a_test_comes_first_if_it_alone_holds_the_words(tmp_path: Path):
    tasks = [task(tmp_path, f"pkg/m{number}.py") for number in range(20)]
    tasks.append(task(tmp_path, "tests/test_send.py", "def test_retried():\n    pass\n"))
    assert order(tmp_path, tasks, "retried")[0] == "tests/test_send.py"


def test_a_large_file_with_a_word_comes_before_small_files_without_one(tmp_path: Path):
    tasks = [task(tmp_path, f"m{number}.py", "X = 1\n") for number in range(20)]
    tasks.append(task(tmp_path, "large.py", FILLER * 10_000 + "def quiesce():\n    pass\n"))
    assert order(tmp_path, tasks, "quiesce")[0] == "large.py"


def test_no_file_is_lost_when_time_is_short_or_a_file_is_gone(tmp_path: Path):
    tasks = [task(tmp_path, f"m{number}.py") for number in range(5)]
    tasks.append(Task("retry/gone.py", FileState(100, 0, 0, 0, 0, None)))
    for seconds in (0.0, 9.0):
        ordered = by_promise(tmp_path, tasks, ("retry",), seconds=seconds)
        assert ordered[0].path == "retry/gone.py"
        assert sorted(one.path for one in ordered) == sorted(one.path for one in tasks)


def test_without_a_usable_word_every_file_is_kept(tmp_path: Path):
    tasks = [task(tmp_path, "a.py"), task(tmp_path, "b.py")]
    assert sorted(order(tmp_path, tasks, "a", "é")) == ["a.py", "b.py"]


def test_an_update_that_is_stopped_early_has_read_the_files_of_the_question(tmp_path: Path):
    """As after a `git switch` of many files: the budget ends before they are all read."""
    for number in range(2 * MANY_FILES):
        task(tmp_path, f"pkg/m{number}.py", f"def helper_{number}():\n    pass\n")
    task(tmp_path, "pkg/wanted.py", "def retry_failed_uploads(queue):\n    pass\n")
    reads = iter(range(10_000))
    with codesearch.open_index(tmp_path, workers=1) as index:
        report = index.update(should_stop=lambda: next(reads) >= 1, words=("retry", "failed", "uploads"))
        assert report.left
        assert "retry_failed_uploads" in {symbol.name for symbol in index.symbols()}
