"""Indexes of parts of a tree, merged, are the index of the whole: count by count, and answer by answer."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable
from contextlib import closing
from pathlib import Path

import apsw
import pytest

import codesearch
from codesearch.artifacts import adoption, merging, packing
from codesearch.core.errors import NotFoundError, StoreError, UsageError
from codesearch.store import Store
from tests.support.command import Run
from tests.support.git import commit_all
from tests.support.schemas import keeps_schema
from tests.support.trees import copy_shop, everything, write

QUESTIONS = (
    "apply a voucher to the cart", "send a newsletter", "how much stock is left", "retry a failed upload",
    "render the page", "connect to the database", "checkout", "kind:class order", "is:unused order", "parse",
)  # fmt: skip
COPIES = {
    # The same text and the same references in two parts: stored once.
    "left/twin.py": "import os\n\n\ndef twin(path):\n    return os.stat(path)\n",
    "right/twin.py": "import os\n\n\ndef twin(path):\n    return os.stat(path)\n",
    "left/long.py": "\n".join(f"def helper_{n}(value):\n    return compute(value, {n})\n" for n in range(300)),
    "right/long.py": "\n".join(f"def other_{n}(value):\n    return compute(value, {n})\n" for n in range(300)),
}


def indexed(root: Path, db: Path, **settings: object) -> Path:
    with codesearch.open_index(root, db=str(db), **settings) as index:
        index.update()
    return db


def answers(root: Path, db: Path) -> list[object]:
    with codesearch.open_index(root, db=str(db)) as index:
        return [
            [(hit.symbol.path, hit.symbol.qualname, round(hit.score, 6)) for hit in index.query(question)]
            for question in QUESTIONS
        ]


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    return write(copy_shop(tmp_path / "tree"), COPIES)


@pytest.fixture
def parts(tree: Path, tmp_path: Path) -> list[Path]:
    """Return the indexes of three parts, of which the second was updated after it was made."""
    one = indexed(tree, tmp_path / "one.db", include=("left/**", "shop/**", "web/**"))
    others = tuple(
        f"{folder.name}/**"
        for folder in tree.iterdir()
        if folder.is_dir() and folder.name not in ("left", "shop", "web")
    )
    two = tmp_path / "two.db"
    write(tree, {"right/gone.py": "def gone(value):\n    return value\n"})
    indexed(tree, two, include=others)
    (tree / "right/gone.py").unlink()
    write(tree, {"right/later.py": "def later(value):\n    return twin(value)\n"})
    indexed(tree, two, include=others)
    return [one, two, indexed(tree, tmp_path / "three.db", exclude=("*/**",))]


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0)])
def test_everything_is_as_in_an_index_of_the_whole(
    tree: Path, parts: list[Path], tmp_path: Path, order: tuple[int, ...]
):
    target = tmp_path / "merged.db"
    made = merging.merge([parts[n] for n in order], target)
    whole = indexed(tree, tmp_path / "whole.db")
    expected, found = everything(whole), everything(target)
    for name, value in expected.items():
        assert found[name] == value, name
    assert (made.files, made.symbols) == (sum(row[4] is None for row in expected["files"]), len(expected["symbols"]))
    assert answers(tree, target) == answers(tree, whole)


def test_it_is_adopted_and_updated_as_any_other(tree: Path, parts: list[Path], tmp_path: Path):
    target = tmp_path / "merged.db"
    merging.merge(parts, target)
    with codesearch.open_index(tree) as index:
        adoption.adopt(index, target)
        report = index.update()
        # Generated files have no hash, so they are looked at again, and left out again.
        assert (report.symbols, report.deleted) == (0, 0)
        (tree / "left/long.py").unlink()
        write(tree, {"left/new.py": "def brand_new(value):\n    return twin(value)\n"})
        index.update()
        mine = everything(index.path)
    expected = everything(indexed(tree, tmp_path / "whole.db"))
    for table in ("name", "part"):  # what nothing has any more is deleted with the next many
        del mine[f"count of {table}"], expected[f"count of {table}"]
    assert mine == expected


def test_the_vectors_of_the_reranker_come_along(tree: Path, tmp_path: Path):
    left, right = (indexed(tree, tmp_path / f"{name}.db", include=(f"{name}/**",)) for name in ("left", "right"))
    for number, db in enumerate((left, right)):
        with Store(db, writable=True) as store, store.connection.transaction() as raw:
            raw.execute("INSERT INTO model(id, model_id, dims) VALUES (?, 'm', 1)", (7 + number,))
            raw.execute("INSERT INTO model_vector SELECT id, ?, x'01' FROM content", (7 + number,))
    target = tmp_path / "merged.db"
    merging.merge([left, right], target)
    with Store(target) as store:
        assert store.connection.rows("SELECT count(*), count(DISTINCT model) FROM model_vector") == [
            (store.counts()["contents"], 1)
        ]


def test_artifacts_are_merged_as_well(tree: Path, tmp_path: Path):
    first, second = tree / "left", tree / "right"
    for number, folder in enumerate((first, second)):
        commit_all(write(folder, {f"only_{number}.py": f"def only_{number}():\n    pass\n"}))
        (folder / "twin.py").unlink()
        (folder / "long.py").unlink()
        with codesearch.open_index(folder) as index:
            index.update()
            packing.pack(index, tmp_path / f"{number}.codesearch")
    made = merging.merge([tmp_path / "0.codesearch", tmp_path / "1.codesearch"], tmp_path / "merged.db")
    assert made.files == 2
    made = merging.merge([first, tmp_path / "1.codesearch"], tmp_path / "again.db")
    assert made.files == 2, "an indexed folder stands for its index"


# -- what cannot be merged ----------------------------------------------------------------------------


def refused(sources: Iterable[Path], target: Path) -> str:
    with pytest.raises(StoreError) as error:
        merging.merge(list(sources), target)
    assert not list(target.parent.glob(f"{target.name}*")), "nothing is left"
    return str(error.value)


def test_a_file_in_two_parts_is_named_with_both(tree: Path, parts: list[Path], tmp_path: Path):
    again = indexed(tree, tmp_path / "again.db", include=("right/twin.py", "right/long.py"))
    said = refused([*parts, again], tmp_path / "merged.db")
    assert said.startswith(f"right/long.py and 1 other file: in both {parts[1]} and {again}")


def test_indexes_of_other_rules_are_refused(tree: Path, parts: list[Path], tmp_path: Path):
    other = indexed(tree, tmp_path / "other.db", include=("right/twin.py",), index_minified=True)
    said = refused([parts[0], other], tmp_path / "merged.db")
    assert f"{other}: cannot be merged with {parts[0]}: it was made by other rules" in said
    assert "minified=True" in said and "minified=False" in said


def test_an_index_with_another_model_is_refused(parts: list[Path], tmp_path: Path):
    with closing(apsw.Connection(str(parts[1]))) as db:
        db.execute("UPDATE meta SET value = 'static@0' WHERE key = 'model'")
    assert "made with another model (static@0; " in refused(parts, tmp_path / "merged.db")


def test_an_unfinished_index_is_refused(parts: list[Path], tmp_path: Path):
    with closing(apsw.Connection(str(parts[1]))) as db:
        db.execute("UPDATE meta SET value = '' WHERE key = 'complete'")
    assert refused(parts, tmp_path / "merged.db").startswith(f"{parts[1]}: not finished")


def test_a_damaged_part_is_refused(parts: list[Path], tmp_path: Path):
    data = bytearray(parts[2].read_bytes())
    data[len(data) // 2 :] = b"\x55" * (len(data) - len(data) // 2)
    parts[2].write_bytes(data)
    assert refused(parts, tmp_path / "merged.db").startswith(f"{parts[2]}: damaged (")


@pytest.mark.parametrize("place", [0, 1])
def test_a_part_that_is_cut_off_is_named(parts: list[Path], tmp_path: Path, place: int):
    parts[place].write_bytes(parts[place].read_bytes()[:20_000])
    said = refused(parts, tmp_path / "merged.db")
    assert said.startswith(f"{parts[place]}: damaged (")
    assert "\n" not in said and "--rebuild" not in said


@pytest.mark.parametrize("change", ["text_block SET data = x'00'", "text_length SET lengths = zeroblob(9)"])
def test_a_full_text_index_that_is_not_sound_is_refused(parts: list[Path], tmp_path: Path, change: str):
    with closing(apsw.Connection(str(parts[1]))) as db:
        db.execute(f"UPDATE {change}")
    assert refused(parts, tmp_path / "merged.db").startswith(f"{parts[1]}: damaged (")


def test_references_that_lie_are_refused(parts: list[Path], tmp_path: Path):
    with closing(apsw.Connection(str(parts[1]))) as db:
        db.execute("UPDATE reference_set SET names = x'ffffff7f'")
    assert refused(parts, tmp_path / "merged.db").startswith(f"{parts[1]}: damaged: its references")


def test_one_is_not_enough_and_nothing_is_overwritten(parts: list[Path], tmp_path: Path):
    with pytest.raises(UsageError, match="at least two"):
        merging.merge(parts[:1], tmp_path / "merged.db")
    with pytest.raises(UsageError, match="exists already"):
        merging.merge(parts, parts[0])
    with pytest.raises(NotFoundError, match="no such folder"):
        merging.merge(parts, tmp_path / "nowhere" / "merged.db")
    with pytest.raises(NotFoundError, match="no such file"):
        merging.merge([*parts, tmp_path / "none.db"], tmp_path / "merged.db")


def test_the_command(tree: Path, parts: list[Path], tmp_path: Path, call: Callable[..., Run], private_home: Path):
    target = tmp_path / "merged.db"
    run = call("merge", *parts, "-o", target)
    assert run.status == 0
    assert run.err.startswith(f"codesearch: {target}: merged 3 indexes: ")
    shutil.copy(target, tmp_path / "kept.db")
    target.unlink()
    made = call("merge", *parts, "-o", target, "--format", "json").json
    keeps_schema(made, "merge")
    assert (made["file"], made["parts"]) == (str(target), 3)
    assert call("merge", *parts, "-o", target).status == 2
