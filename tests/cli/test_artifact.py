"""`codesearch artifact`, and `codesearch index` with --from, --rev, --fail-on-skipped and --time-limit."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support import models
from tests.support.command import Run, process
from tests.support.git import commit_all, git
from tests.support.models import FakeModel
from tests.support.schemas import keeps_schema
from tests.support.trees import write

Call = Callable[..., Run]


@pytest.fixture
def repository(small: Path) -> Path:
    commit_all(small)
    return small


def test_key_prints_what_a_cache_in_ci_needs(repository: Path, call: Call):
    run = call("artifact", "key")
    facts = dict(line.split("=", 1) for line in run.out.splitlines())
    assert facts["key"] == facts["restore-keys"] + git(repository, "rev-parse", "HEAD^{tree}").strip()
    as_json = call("artifact", "key", repository, "--format", "json").json
    keeps_schema(as_json, "artifact-key")
    assert as_json["key"] == facts["key"]
    write(repository, {"new.py": "x = 1\n"})
    assert call("artifact", "key").out == run.out, "it is that of the commit"
    commit_all(repository, "two")
    assert call("artifact", "key").out != run.out
    assert call("artifact", "key", "--rev", "HEAD~1").out == run.out


def test_pack_show_unpack_and_query_in_place(repository: Path, call: Call, tmp_path: Path):
    call("index")
    packed = call("artifact", "pack", "-o", tmp_path / "x.codesearch", "--format", "json").json
    keeps_schema(packed, "artifact-pack")
    shown = call("artifact", "show", tmp_path / "x.codesearch", "--format", "json").json
    keeps_schema(shown, "artifact-show")
    assert shown == packed
    text = call("artifact", "show", tmp_path / "x.codesearch").out
    assert f"key      {packed['key']}" in text
    assert "holds    2 files, 6 symbols" in text
    run = call("artifact", "unpack", tmp_path / "x.codesearch", "-o", tmp_path / "plain.db")
    assert run.err == f"codesearch: {tmp_path / 'plain.db'}: unpacked and checked\n"
    found = call("query", "retry_upload", repository, "--db", tmp_path / "plain.db", "--no-update", "-l", "-n", "1")
    assert found.out == "retry.py\n"


def test_push_and_index_from(repository: Path, call: Call, tmp_path: Path):
    place = tmp_path / "place"
    call("index")
    assert "the latest of main" in call("artifact", "push", place).err
    assert "(it was there already)" in call("artifact", "push", place).err
    clone = tmp_path / "clone"
    git(tmp_path, "clone", "-q", str(repository), "clone")
    run = call("index", clone, "--from", place)
    assert run.status == 0
    assert f"{clone}: started from {place}, which has exactly this commit" in run.err
    assert "up to date (2 files)" in run.err
    assert "--from is not needed (--rebuild uses it)" in call("index", clone, "--from", place).err
    assert "started from" in call("index", clone, "--from", place, "--rebuild").err
    write(clone, {"new.py": "def new():\n    pass\n"})
    commit_all(clone, "two")
    call("clean", clone)
    run = call("index", clone, "--from", place)
    assert "1 commit before this one" in run.err
    assert "1 file indexed" in run.err
    assert call("artifact", "pull", place, clone, "-o", tmp_path / "got").status == 0


def test_index_from_a_place_without_artifacts_indexes_all(repository: Path, call: Call, tmp_path: Path):
    (tmp_path / "empty").mkdir()
    for name, said in (("empty", "no artifact of HEAD"), ("nothing.codesearch", "there is no such file")):
        run = call("index", "--from", tmp_path / name, "--db", tmp_path / f"{name}.db")
        assert run.status == 0
        assert f"{tmp_path / name}: {said}" in run.err
        assert "; indexing all files" in run.err
        assert "2 files indexed" in run.err


def test_index_from_a_file_that_is_not_sound_is_an_error(repository: Path, call: Call, tmp_path: Path):
    (tmp_path / "x").write_bytes(b"codesearch artifact 1\n{}\n")
    run = call("index", "--from", tmp_path / "x")
    assert run.status == 2
    assert f"{tmp_path / 'x'}: damaged: its header cannot be read" in run.err
    assert not (repository / ".codesearch/index.db").exists()


def test_changed_files_are_named_when_a_push_is_refused(repository: Path, call: Call, tmp_path: Path):
    write(repository, {"new.py": "def new():\n    pass\n"})
    call("index")
    run = call("artifact", "push", tmp_path / "place")
    assert run.status == 2
    assert "not pushed: new.py differs from HEAD; commit first, or push a commit with --rev" in run.err
    assert "has no key" in call("artifact", "pack", "-o", tmp_path / "x.codesearch").err
    assert call("artifact", "push", tmp_path / "place", "--rev", "HEAD", "--ref", "main").status == 0


def test_an_index_of_a_commit(repository: Path, call: Call, tmp_path: Path):
    git(tmp_path, "clone", "-q", "--bare", str(repository), "bare.git")
    db = tmp_path / "x.db"
    found = call("index", tmp_path / "bare.git", "--rev", "HEAD", "--db", db, "--format", "json").json
    keeps_schema(found, "index")
    assert (found["root"], found["index"]) == (str(tmp_path / "bare.git"), str(db))
    assert found["total"]["files"] == found["changed"] == 2
    assert call("symbols", "--db", db, "--no-update", "--name", "retry").status == 0
    assert "--rev needs --db FILE" in call("index", "--rev", "HEAD").err
    assert "cannot be combined" in call("index", "--rev", "HEAD", "--db", db, "--from", "x").err


def test_the_report_for_ci(small: Path, call: Call):
    write(small, {"packed.min.js": "var a=1;" * 100})
    report = call("index", "--format", "json").json
    keeps_schema(report, "index")
    assert report["total"] == {"files": 2, "lines": 21, "source_bytes": report["source_bytes"] - 800, "symbols": 6}
    assert report["skipped_files"] == [{"path": "packed.min.js", "reason": "minified", "detail": ""}]
    assert report["coverage"] == {"model": "transformer", "embedded": 0, "symbols": 6}
    assert call("index", "--embed", "none", "--format", "json").json["coverage"] is None


def test_fail_on_skipped_is_about_files_that_should_be_searchable(small: Path, call: Call):
    write(small, {"packed.min.js": "var a=1;" * 100})
    assert call("index", "--fail-on-skipped").status == 0
    (small / "odd.py").write_bytes(b"\xff\xfe\x00\xd8")
    run = call("index", "--fail-on-skipped", "--format", "json")
    assert run.status == 1
    assert run.json["total"]["files"] == 2
    assert "codesearch: odd.py: encoding\n" in run.err
    assert run.err.endswith("1 file could not be indexed (--fail-on-skipped)\n")


def test_index_names_the_files_that_it_could_not_parse(small: Path, call: Call, monkeypatch: pytest.MonkeyPatch):
    """A time limit that no file keeps: they are found by their parts at most, which a user would hardly notice."""
    assert "could not be parsed" not in call("index").err
    write(small, {f"deep{number}.py": "x = 1\n" * 5 for number in range(5)})
    monkeypatch.setenv("CODESEARCH_PARSE_TIMEOUT", "0.000001")
    err = call("index").err
    assert "5 files could not be parsed: deep" in err
    assert err.endswith(" and 2 more (`codesearch status --skipped` says why)\n")
    write(small, {"deep0.py": "x = 2\n"})
    assert call("index", "-q").err == ""


def test_embedding_in_jobs_continues_where_the_last_ended(
    repository: Path, call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("CODESEARCH_MODEL", "fake")
    model = FakeModel()
    models.install(model)
    try:
        place, done = tmp_path / "place", []
        for job in range(3):
            if job:
                write(repository, {f"new{job}.py": f"def new{job}():\n    pass\n"})
                commit_all(repository, f"job {job}")
            models.forget_vectors()
            model.documents.clear()
            clone = tmp_path / f"job{job}"
            git(tmp_path, "clone", "-q", str(repository), clone.name)
            report = call("index", clone, "--from", place, "--embed", "full", "--no-cache", "--format", "json").json
            assert report["coverage"]["embedded"] == report["coverage"]["symbols"]
            done.append(len(model.documents))
            assert call("artifact", "push", place, clone, "--ref", "main").status == 0
        assert done == [6, 2, 2]
    finally:
        models.uninstall()


def test_a_time_limit_leaves_the_rest_to_the_next_run(tmp_path: Path, call: Call, monkeypatch: pytest.MonkeyPatch):
    tree = write(tmp_path / "many", {f"m{n}.py": f"def f{n}():\n    return {n}\n" for n in range(300)})
    monkeypatch.setattr("codesearch.cli.commands.index._deadline", lambda seconds: lambda: seconds is not None)
    report = call("index", tree, "--time-limit", "1", "--workers", "1", "--format", "json")
    assert report.json["left"] > 0
    assert "files are left for the next run: the time is up" in report.err
    monkeypatch.undo()
    assert call("index", tree, "--format", "json").json["left"] == 0


def test_help_of_each_verb(small: Path):
    for verb in ("key", "pack", "show", "unpack", "push", "pull"):
        assert process("artifact", verb, "--help", cwd=small).out.startswith(f"Usage: codesearch artifact {verb} ")
