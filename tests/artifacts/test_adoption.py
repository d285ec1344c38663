"""An index made elsewhere becomes the index of a checkout: whole, cheap, and only if it is sound."""

from __future__ import annotations

import os
import shutil
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import apsw
import pytest

import codesearch
from codesearch.artifacts import adoption, packing
from codesearch.core.errors import CodesearchError, NotFoundError, StoreError, UsageError
from codesearch.extract import INDEXED_FORM
from codesearch.indexing import plan
from codesearch.store import Store, schema
from tests.artifacts.conftest import cloned
from tests.support import models
from tests.support.command import process
from tests.support.git import commit_all, git
from tests.support.models import FakeModel
from tests.support.read_only import read_only
from tests.support.trees import contents, fresh, write

QUESTION = "mail the receipt"


def adopted(root: Path, source: Path, **settings: object) -> tuple[adoption.Adopted, codesearch.Report]:
    with codesearch.open_index(root, **settings) as index:
        taken = adoption.adopt(index, source)
        return taken, index.update()


def first(root: Path, **settings: object) -> str:
    with codesearch.open_index(root, **settings) as index:
        return index.query(QUESTION)[0].symbol.qualname


def test_a_clone_reads_no_file_and_has_the_same_index(artifact: Path, clone: Path, tmp_path: Path):
    taken, report = adopted(clone, artifact)
    assert taken.verified == 3
    assert (report.changed, report.bytes, report.unchanged) == (0, 0, 3)
    assert contents(clone / ".codesearch/index.db") == fresh(clone, tmp_path / "fresh.db")
    assert first(clone) == "send_receipt"


def test_code_with_decorators_can_be_adopted(repository: Path, tmp_path: Path):
    write(repository, {"cached.py": "from functools import cache\n\n\n@cache\ndef cached(value):\n    return value\n"})
    commit_all(repository, "three")
    with codesearch.open_index(repository) as index:
        index.update()
        packing.pack(index, tmp_path / "x.codesearch")
    _, report = adopted(cloned(repository, tmp_path / "other"), tmp_path / "x.codesearch")
    assert report.changed == 0


def test_only_the_difference_is_read(artifact: Path, clone: Path, tmp_path: Path):
    write(clone, {"mail/refund.py": "def send_refund(order):\n    pay(order)\n"})
    (clone / "retry.py").unlink()
    commit_all(clone, "three")
    write(clone, {"cache.py": "def cached(value):\n    return value\n"})
    _, report = adopted(clone, artifact)
    assert (report.changed, report.deleted) == (2, 1)
    assert contents(clone / ".codesearch/index.db") == fresh(clone, tmp_path / "fresh.db")


def test_a_change_that_keeps_the_size_is_noticed(artifact: Path, clone: Path, tmp_path: Path):
    file = clone / "retry.py"
    file.write_text(file.read_text("utf-8").replace("times", "tries"), "utf-8")
    _, report = adopted(clone, artifact)
    assert report.changed == 1
    assert contents(clone / ".codesearch/index.db") == fresh(clone, tmp_path / "fresh.db")


def test_a_file_that_git_must_not_look_at_is_compared_by_content(artifact: Path, clone: Path):
    git(clone, "update-index", "--assume-unchanged", "retry.py")
    file = clone / "retry.py"
    file.write_text(file.read_text("utf-8").replace("times", "tries"), "utf-8")
    taken, report = adopted(clone, artifact)
    assert (taken.verified, report.changed) == (2, 1)


def test_line_ends_of_another_system_are_another_file(artifact: Path, repository: Path, tmp_path: Path):
    root = cloned(repository, tmp_path / "windows", "--config", "core.autocrlf=true")
    taken, report = adopted(root, artifact)
    assert (taken.verified, report.changed) == (0, 3)
    assert contents(root / ".codesearch/index.db") == fresh(root, tmp_path / "fresh.db")


def test_without_git_contents_are_compared(artifact: Path, repository: Path, tmp_path: Path):
    plain = Path(shutil.copytree(repository, tmp_path / "plain", ignore=shutil.ignore_patterns(".git")))
    taken, report = adopted(plain, artifact)
    assert (taken.verified, report.changed, report.unchanged) == (0, 0, 3)


def test_a_shallow_clone_knows_the_tree(artifact: Path, repository: Path, tmp_path: Path):
    assert adopted(cloned(repository, tmp_path / "shallow", "--depth", "1"), artifact)[0].verified == 3


def test_a_folder_of_the_repository_has_an_index_of_its_own(repository: Path, clone: Path, tmp_path: Path):
    target = tmp_path / "mail.codesearch"
    with codesearch.open_index(repository / "mail") as index:
        index.update()
        header = packing.pack(index, target)
    assert header.tree == git(repository, "rev-parse", "HEAD:mail").strip()
    taken, report = adopted(clone / "mail", target)
    assert (taken.verified, report.changed) == (1, 0)


def test_a_plain_index_file_or_another_checkout_will_do(repository: Path, clone: Path):
    with codesearch.open_index(repository) as index:
        index.update()
    taken, report = adopted(clone, repository)
    assert taken.header is None
    assert (report.changed, report.unchanged) == (0, 3)


def test_an_index_in_use_is_taken_with_what_is_not_folded_in_yet(repository: Path, clone: Path):
    with codesearch.open_index(repository) as index:
        index.update()
        with Store(index.path, writable=True) as writer, Store(index.path):
            writer.set_meta(note="fresh")
            assert Path(f"{index.path}-wal").stat().st_size
            adopted(clone, repository)
    with Store(clone / ".codesearch/index.db") as store:
        assert store.meta()["note"] == "fresh"


def test_the_vectors_of_the_reranker_come_along_and_questions_do_not(repository: Path, clone: Path, tmp_path: Path):
    model = FakeModel()
    models.install(model)
    try:
        with codesearch.open_index(repository, model="fake", cache=False) as index:
            index.update()
            index.query("a secret question")
            index.embed_all()
            header = packing.pack(index, tmp_path / "full.codesearch")
        assert dict(header.vectors) == {model.model_id: 8}
        models.forget_vectors()
        model.documents.clear()
        adopted(clone, tmp_path / "full.codesearch", model="fake", cache=False)
        with codesearch.open_index(clone, model="fake", cache=False) as index:
            assert index.coverage() == (8, 8)
            index.query(QUESTION)
            assert index.embed_all().embedded == 0
        assert model.documents == []
        with Store(clone / ".codesearch/index.db") as store:
            assert store.connection.rows("SELECT count(*) FROM query_vector") == [(1,)]
    finally:
        models.uninstall()


def test_an_older_program_keeps_the_index_and_a_newer_form_keeps_the_vectors(
    artifact: Path, clone: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("codesearch._version.__version__", "0.2.99")
    assert adopted(clone, artifact)[1].changed == 0
    monkeypatch.setattr(plan, "INDEXED_FORM", INDEXED_FORM + 1)
    taken, report = adopted(clone, artifact)
    assert f"made by other rules (form={INDEXED_FORM} " in taken.note
    assert report.changed == 3


def test_the_comments_of_a_schema_may_differ_and_its_texts_may_not(artifact: Path, clone: Path, tmp_path: Path):
    def altered(old: str, new: str) -> Path:
        copy = tmp_path / f"{len(new)}.db"
        adoption.unpack(artifact, copy)
        db = apsw.Connection(str(copy))
        db.execute("PRAGMA writable_schema = ON")
        assert db.execute("SELECT 1 FROM sqlite_schema WHERE instr(sql, ?)", (old,)).fetchall()
        db.execute("UPDATE sqlite_schema SET sql = replace(sql, ?, ?) WHERE name = 'file'", (old, new))
        db.close()
        return copy

    assert adopted(clone, altered("-- of the raw bytes", "-- of what was read"))[0].note == ""
    with pytest.raises(StoreError, match="its tables are not those of a codesearch index"):
        adopted(clone, altered("detail TEXT NOT NULL DEFAULT ''", "detail TEXT NOT NULL DEFAULT '--'"))


def test_an_index_of_a_newer_program_is_refused_with_the_reason(
    artifact: Path, clone: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(schema, "VERSION", schema.VERSION - 1)
    with pytest.raises(StoreError, match=r"made by a newer codesearch \(schema \d+, this program knows \d+\)"):
        adopted(clone, artifact)
    assert not (clone / ".codesearch/index.db").exists()


def test_an_unpacked_artifact_is_used_in_place_from_a_folder_that_cannot_be_written(
    artifact: Path, clone: Path, tmp_path: Path
):
    place = tmp_path / "layer"
    place.mkdir()
    adoption.unpack_for_reading(artifact, place / "index.db")
    with pytest.raises(UsageError, match="exists already"):
        adoption.unpack_for_reading(artifact, place / "index.db")
    with read_only(place):
        assert first(clone, db=os.fspath(place / "index.db")) == "send_receipt"
        assert [file.name for file in place.iterdir()] == ["index.db"]
        run = process("query", QUESTION, clone, "--db", place / "index.db", "--json", cwd=clone)
        # The times of the files are not those of the index, but they are the same files.
        assert (run.err, run.json["complete"]) == ("", True)
        write(clone, {"retry.py": "def again():\n    pass\n"})
        run = process("query", QUESTION, clone, "--db", place / "index.db", "--json", cwd=clone)
        assert "Files have changed; the answer comes from the index as it is" in run.err


def test_an_index_is_of_its_files_as_they_are_now(repository: Path, tmp_path: Path):
    target = tmp_path / "x.codesearch"
    with codesearch.open_index(repository) as index:
        with pytest.raises(NotFoundError, match="not indexed yet"):
            packing.pack(index, target)
        index.update()
        write(repository, {"new.py": "def new():\n    pass\n"})
        with pytest.raises(UsageError, match=r"out of date \(1 file changed, 0 deleted\)"):
            packing.pack(index, target)
        index.update()
        assert packing.pack(index, target).key == ""
        assert packing.uncommitted(index) == ["new.py"]
        write(repository, {"notes.txt": "not source, so it does not count\n"})
        (repository / "new.py").unlink()
        index.update()
        assert packing.pack(index, target).key != ""


# -- what is not sound is refused, and the index that was there stays --------------------------------


def test_a_file_that_is_cut_off_at_any_place_is_refused(artifact: Path, clone: Path):
    adopted(clone, artifact)
    whole, before = artifact.read_bytes(), contents(clone / ".codesearch/index.db")
    for length in (0, 5, 40, 300, len(whole) // 2, len(whole) - 1):
        artifact.write_bytes(whole[:length])
        with pytest.raises(CodesearchError) as refused:
            adopted(clone, artifact)
        assert str(artifact) in str(refused.value)
    assert contents(clone / ".codesearch/index.db") == before
    assert sorted(file.name for file in (clone / ".codesearch").iterdir()) == [
        ".gitignore", "index.db", "index.db.lock",
    ]  # fmt: skip


def test_a_changed_byte_anywhere_is_refused(artifact: Path, clone: Path):
    whole = bytearray(artifact.read_bytes())
    start = whole.index(b"\n", whole.index(b"\n") + 1) + 1
    for at in (start, start + 500, len(whole) - 40, len(whole) - 1):
        changed = bytearray(whole)
        changed[at] ^= 0x55
        artifact.write_bytes(changed)
        with pytest.raises(StoreError, match="Get it again from its source"):
            adopted(clone, artifact)


def test_a_header_that_lies_about_the_size_fills_no_disk(artifact: Path, clone: Path):
    head, line, rest = artifact.read_bytes().split(b"\n", 2)
    import json

    header = json.loads(line)
    for size, why in ((1000, "larger than its header says"), (1 << 60, "has only")):
        artifact.write_bytes(b"\n".join((head, json.dumps({**header, "size": size}).encode(), rest)))
        with pytest.raises(StoreError, match=why):
            adopted(clone, artifact)


TAMPERED = {
    "a trigger": ("CREATE TRIGGER t AFTER UPDATE ON file BEGIN DELETE FROM symbol; END", "its tables are not those"),
    "a view": ("CREATE VIEW v AS SELECT load_extension('x')", "its tables are not those"),
    "a replaced view": (
        "DROP VIEW files; CREATE VIEW files AS SELECT path, 1 FROM file",
        "its tables are not those",
    ),
    "a path out of the tree": ("UPDATE file SET path = '../../etc/passwd' WHERE path = 'retry.py'", "leads out of"),
    "an absolute path": ("UPDATE file SET path = '/etc/passwd' WHERE path = 'retry.py'", "leads out of"),
    "a short vector": ("UPDATE vector SET embedding = x'00' WHERE id = 1", "a vector has not 256 dimensions"),
    "text for a line": ("UPDATE symbol SET start_line = 'many'", "table symbol holds a value of a wrong type"),
    "a number for a name": (
        "UPDATE symbol SET rest = 7 WHERE id = 1; UPDATE name SET text = x'00'",
        "wrong type",
    ),
    "a kind that there is not": ("UPDATE symbol SET kind_number = 99", "rows that it does not have"),
    "a receiver that there is not": ("UPDATE reference SET receiver_id = 9999", "rows that it does not have"),
    "symbols outside their file": ("UPDATE file SET last_symbol = first_symbol - 1", "rows that it does not have"),
    "a lost file": ("DELETE FROM file WHERE path = 'retry.py'", "rows that it does not have"),
}


@pytest.mark.parametrize("how", TAMPERED)
def test_an_index_with_something_else_in_it_is_refused(artifact: Path, clone: Path, tmp_path: Path, how: str):
    statement, why = TAMPERED[how]
    plain = tmp_path / "plain.db"
    adoption.unpack_for_reading(artifact, plain)
    with closing(apsw.Connection(str(plain))) as db:
        db.execute(statement)
    with pytest.raises(StoreError, match=why):
        adopted(clone, plain)
    assert not (clone / ".codesearch/index.db").exists()


def test_a_damaged_database_is_refused(artifact: Path, clone: Path, tmp_path: Path):
    plain = tmp_path / "plain.db"
    adoption.unpack_for_reading(artifact, plain)
    data = bytearray(plain.read_bytes())
    data[4096 * 3 : 4096 * 5] = os.urandom(8192)
    plain.write_bytes(data)
    with pytest.raises(StoreError) as error:
        adopted(clone, plain)
    assert str(error.value).startswith(f"{plain}: ")
    with pytest.raises(StoreError) as error:
        adoption.unpack_for_reading(plain, tmp_path / "again.db")
    assert str(error.value).startswith(f"{plain}: ")
    assert "\n" not in str(error.value)


def test_other_files_are_refused_by_name(clone: Path, tmp_path: Path):
    other = tmp_path / "other"
    other.write_bytes(b"codesearch artifact 9\n{}\n")
    with pytest.raises(StoreError, match="an artifact of a newer codesearch"):
        adopted(clone, other)
    other.write_bytes(b"PK\x03\x04")
    with pytest.raises(StoreError, match="not an artifact of codesearch"):
        adopted(clone, other)
    with closing(apsw.Connection(str(tmp_path / "notes.db"))) as db:
        db.execute("CREATE TABLE note(text)")
    with pytest.raises(StoreError, match="its tables are not those of a codesearch index"):
        adopted(clone, tmp_path / "notes.db")
    with pytest.raises(NotFoundError, match="no such file"):
        adopted(clone, tmp_path / "none")


def test_without_zstd_artifacts_are_written_with_zlib_and_read_by_all(
    repository: Path, clone: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    target = tmp_path / "x.codesearch"
    with codesearch.open_index(repository) as index:
        index.update()
        with monkeypatch.context() as without:
            without.setattr("codesearch.artifacts.compression._module", lambda: None)
            assert packing.pack(index, target).codec == "gzip"
            assert adopted(clone, target)[1].changed == 0
        assert adopted(clone, target)[1].changed == 0


def test_the_header_is_a_value(artifact: Path):
    from codesearch.artifacts import package

    header = package.read_header(artifact)
    assert replace(header) == header
    assert header.key == f"{header.tree}/{header.key.partition('/')[2]}"
    assert (header.files, header.symbols) == (3, 8)
