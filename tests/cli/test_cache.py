"""`codesearch cache`, `--no-cache`, and messages about the cache of vectors."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support import models
from tests.support.command import Run
from tests.support.models import FakeModel

Call = Callable[..., Run]
ASK = ("query", "retry the upload")


@pytest.fixture(autouse=True)
def fake(monkeypatch: pytest.MonkeyPatch):
    model = FakeModel()
    models.install(model)
    monkeypatch.setenv("CODESEARCH_MODEL", "fake")
    yield model
    models.uninstall()


@pytest.fixture
def cache(private_home: Path) -> Path:
    """Return the cache file of this home."""
    return private_home / ".cache" / "codesearch" / "vectors.db"


@pytest.fixture
def clone(small: Path, tmp_path: Path) -> Path:
    """Return another tree with the same files."""
    return Path(shutil.copytree(small, tmp_path / "clone"))


def another_process(fake: FakeModel) -> None:
    """Forget all vectors in this process, and reset the counts."""
    models.forget_vectors()
    fake.documents.clear()


def test_list_and_clear(small: Path, call: Call, cache: Path):
    empty = call("cache", "list", small)
    assert (empty.status, empty.out) == (1, f"{cache}  0 bytes of at most 512.0 MB\n")
    assert call("cache", "clear").status == 1
    call("index", small, "--embed", "full")
    found = call("cache", "list", small, "--format", "json")
    assert found.status == 0
    assert found.json == {
        "file": str(cache),
        "used": True,
        "bytes": found.json["bytes"],
        "limit": 512_000_000,
        "models": {"fake@24": 6},
        "problem": None,
    }
    assert found.json["bytes"] > 1000
    assert "\n  fake@24  6 vectors\n" in call("cache", "list", small).out
    cleared = call("cache", "clear")
    assert (cleared.status, cleared.err) == (0, f"codesearch: {cache}: cleared\n")
    assert call("cache", "clear", "-q").err == ""
    assert call("cache", "list", small).status == 1


def test_status_says_where_it_is_and_how_big(small: Path, call: Call, cache: Path, monkeypatch: pytest.MonkeyPatch):
    call("index", small)
    assert "\ncache     ~/.cache/codesearch/vectors.db (empty)\n" in call("status", small).out
    call(*ASK, small)
    assert " kB, at most 512.0 MB)\n" in call("status", small).out
    assert call("status", small, "--format", "json").json["cache"]["file"] == str(cache)
    monkeypatch.setenv("CODESEARCH_CACHE", "off")
    assert "vectors.db" not in call("status", small).out
    assert call("status", small, "--format", "json").json["cache"] is None
    assert "disabled here by the setting cache" in call("cache", "list", small).out


def test_an_index_says_what_it_took_from_there(small: Path, clone: Path, call: Call, fake: FakeModel):
    assert "embedded 6 texts with fake" in call("index", small, "--embed", "full").err
    fake.documents.clear()
    told = call("index", clone, "--embed", "full").err.splitlines()[-1]
    assert told.endswith("nothing to embed with fake, 6 vectors from the shared cache, all 6 symbols embedded")
    assert fake.documents == []


@pytest.mark.parametrize("command", ["query", "index", "why"])
def test_no_cache_neither_takes_nor_adds(
    small: Path, clone: Path, call: Call, cache: Path, fake: FakeModel, command: str
):
    arguments = {
        "query": [*ASK],
        "index": ["index", "--embed", "full"],
        "why": ["why", "retry the upload", str(clone / "retry.py") + ":1"],
    }[command]
    assert call(*arguments, clone, "--no-cache").status == 0
    count = len(fake.documents)
    assert count > 0
    assert not cache.exists()
    call("index", small, "--embed", "full")
    assert cache.exists()
    call("clean", clone)
    another_process(fake)
    call(*arguments, clone, "--no-cache")
    assert len(fake.documents) == count
    call("clean", clone)
    another_process(fake)
    call(*arguments, clone)
    assert fake.documents == []


def test_one_that_cannot_be_used_is_told_in_one_line(
    small: Path, clone: Path, call: Call, cache: Path, fake: FakeModel
):
    plain = call(*ASK, clone, "--no-cache", "--format", "json")
    cache.parent.mkdir(parents=True, exist_ok=True)
    cache.write_bytes(b"garbage" * 1000)
    another_process(fake)
    run = call(*ASK, small, "--format", "json")
    assert (run.status, run.json["results"]) == (0, plain.json["results"])
    notes = [line for line in run.err.splitlines() if "vector cache" in line]
    assert notes == [
        f"codesearch: the vector cache {cache} is not used: it is damaged; `codesearch cache clear` deletes it"
    ]
    (small / "more.py").write_text("def upload_again(path):\n    return path\n")
    assert "vector cache" not in call(*ASK, small, "-q").err
    (small / "yet_more.py").write_text("def upload_yet_again(path):\n    return path, path\n")
    assert call("index", small, "--embed", "full").err.count("vector cache") == 1
    assert "is damaged" in call("status", small).out
    listed = call("cache", "list", small)
    assert (listed.status, "is damaged" in listed.err) == (1, True)
    assert call("cache", "clear").status == 0
    call("clean", clone)
    another_process(fake)
    assert "vector cache" not in call(*ASK, clone).err
    assert call("cache", "list", small).err == ""


def test_a_project_may_switch_it_off_but_not_on(small: Path, call: Call, cache: Path):
    (small / ".codesearch.toml").write_text("cache = false\n")
    assert call(*ASK, small).status == 0
    assert not cache.exists()
    for line in ("cache = true", "cache_size = '1kB'"):
        (small / ".codesearch.toml").write_text(line + "\n")
        run = call(*ASK, small)
        assert run.status == 2
        assert "by a project" in run.err
