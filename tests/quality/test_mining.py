"""Questions from documentation and history."""

from __future__ import annotations

from pathlib import Path

import pytest

from codesearch.core.types import Symbol
from codesearch.files import FileOptions
from codesearch.quality import mining
from codesearch.quality.questions import Question, Target
from tests.support.git import git

OPTIONS = FileOptions()


def symbol(documentation: str, name: str = "fetch_rows") -> Symbol:
    return Symbol("function", name, name, f"def {name}()", documentation, 1, 9, 0, 90, "python", "a.py")


@pytest.mark.parametrize(
    ("documentation", "expected"),
    [
        ("Read all rows of a table. Then close it.", "Read all rows of a table"),
        ("fetch_rows reads all rows of a table.", "reads all rows of a table"),
        ("Read all rows\nof a `table`.\n\nArgs:\n    x: y", "Read all rows of a table"),
        ("@param x all the rows of it", ""),
        ("Too short here", ""),
        ("TODO make this read all rows", ""),
        ("Deprecated: read all rows of a table", ""),
        ("Like what fetch_rows does but faster than it", ""),
        ("Returns 0x00 | 0xff << 3 ^ (1 & 2) == 0", ""),
        ("Sets name: of the thing that was given", "Sets name: of the thing that was given"),
        ("Read the lang:go files of a folder", ""),
    ],
)
def test_first_sentence(documentation: str, expected: str):
    assert mining.first_sentence(symbol(documentation)) == expected


@pytest.mark.parametrize(
    ("subject", "expected"),
    [
        ("fix(parser): accept a comma after the last item (#12)", "accept a comma after the last item"),
        ("net/http: close idle connections of a proxy. Fixes #7", "close idle connections of a proxy"),
        ("[core] accept a comma after the last item", "accept a comma after the last item"),
        ("Bump the version of the parser again", ""),
        ("Fix typo in the words of an error", ""),
        ("Fix it now", ""),
        ("Have reader.py close what it has opened", ""),
        ("Have the reader close what it has opened", ""),
    ],
)
def test_subjects(subject: str, expected: str):
    assert mining.question_of(subject, "src/reader.py") == expected


def test_documentation_becomes_questions_of_a_copy_without_it(repository: Path, tmp_path: Path):
    (repository / "tests").mkdir()
    (repository / "tests" / "test_cache.py").write_text((repository / "src" / "cache.py").read_text())
    copy = tmp_path / "copy"
    found = {question.text: question for question in mining.copy_without_documentation(repository, copy, OPTIONS)}
    assert set(found) == {
        "Keeps values for a time that was agreed on",
        "Return what was stored under a key, unless it is too old",
        "Store a value together with the moment it came",
        "sends the parts again that did not arrive, waiting longer each time",
        "Checks that the bytes that came are the bytes that were sent",
    }
    retry = found["sends the parts again that did not arrive, waiting longer each time"]
    assert retry.targets == (Target("src/upload.go", 4, 9, exact=True),)
    assert (retry.kind, retry.language, retry.name, retry.folder) == ("documentation", "go", "Retry", "src")
    copied = {path.relative_to(copy).as_posix() for path in copy.rglob("*") if path.is_file()} - {".gitignore"}
    assert copied == {"src/cache.py", "src/upload.go", "tests/test_cache.py"}
    assert "agreed" not in (copy / "src" / "cache.py").read_text()
    assert "agreed" in (repository / "src" / "cache.py").read_text()


def test_the_same_sentence_twice_asks_nothing(repository: Path, tmp_path: Path):
    text = (
        (repository / "src" / "upload.go").read_text().replace("func ", "func other").replace("package up", "package x")
    )
    (repository / "src" / "other.go").write_text(text)
    texts = [q.text for q in mining.copy_without_documentation(repository, tmp_path / "copy", OPTIONS)]
    assert "Checks that the bytes that came are the bytes that were sent" not in texts
    assert len(texts) == 3 + 2, "those of the cache, and Retry's, which now differ"


def test_history_gives_subjects_of_commits_that_changed_one_source_file(repository: Path, commit):
    commit("Drop what is too old before storing", src__cache_py="\n# 1\n", CHANGES_md="x\n", tests__test_cache_py="#\n")
    commit("Wait longer after every attempt that failed", src__upload_go="\n// 2\n")
    commit("Change two things that belong together here", src__upload_go="\n// 3\n", src__cache_py="\n# 3\n")
    commit("Add what will soon be gone again", src__gone_py="x = 1\n")
    git(repository, "rm", "-q", "src/gone.py")
    git(repository, "commit", "-q", "-m", "Take away what was added before")
    found, problem = mining.history(repository, OPTIONS)
    assert problem == ""
    assert {(question.text, question.targets) for question in found} == {
        ("Drop what is too old before storing", (Target("src/cache.py"),)),
        ("Wait longer after every attempt that failed", (Target("src/upload.go"),)),
    }


def test_history_of_a_folder_below_the_top(repository: Path, commit):
    commit("Wait longer after every attempt that failed", src__upload_go="\n// 2\n")
    found, _ = mining.history(repository / "src", OPTIONS)
    assert [question.targets for question in found] == [(Target("upload.go"),)]


def test_no_file_is_asked_for_too_often(repository: Path, commit):
    for number in ("one", "two", "three", "four", "five"):
        commit(f"Wait longer after attempt number {number}", src__upload_go=f"\n// {number}\n")
    found, _ = mining.history(repository, OPTIONS)
    assert len(found) == mining.MOST_PER_FILE


def test_history_says_why_there_is_none(tmp_path: Path):
    assert mining.history(tmp_path, OPTIONS) == ([], "not a git work tree")
    git(tmp_path, "init", "-q")
    found, problem = mining.history(tmp_path, OPTIONS)
    assert (found, problem[:5]) == ([], "git: ")


def question(number: int) -> Question:
    return Question(f"question number {number}", (Target(f"{number}.py"),))


def test_samples_are_the_same_and_change_little():
    many = [question(number) for number in range(300)]
    chosen = mining.sample(many, 50, seed=1)
    assert chosen == mining.sample(reversed(many), 50, seed=1)
    assert chosen != mining.sample(many, 50, seed=2)
    fewer = mining.sample(many[:-10], 50, seed=1)
    assert len(set(chosen) & set(fewer)) >= 45


@pytest.mark.parametrize(
    ("documented", "committed", "expected"),
    [(100, 100, (10, 10)), (100, 3, (17, 3)), (3, 100, (3, 17)), (4, 5, (4, 5))],
)
def test_shares(documented: int, committed: int, expected: tuple[int, int]):
    first = [question(number) for number in range(documented)]
    second = [question(number) for number in range(1000, 1000 + committed)]
    found = mining.shares(first, second, 20, seed=0)
    assert (len(set(found) & set(first)), len(set(found) & set(second))) == expected
