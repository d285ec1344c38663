"""Paths as people type them: filters from the current folder, absolute ones, linked folders; and notes on none."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.support.trees import write

FILES = {
    "src/load.py": "def load(path):\n    return open(path)\n",
    "src/api/send.py": "def send(url):\n    return url\n",
    "lib/load_all.py": "def load_all(paths):\n    return list(paths)\n",
    "tests/test_load.py": "def test_load():\n    assert load\n",
    "web/[id]/page.py": "def render_page():\n    pass\n",
}


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    root = write(tmp_path / "tree", FILES)
    (root / "link").symlink_to("src", target_is_directory=True)
    return root


def found(call, tree: Path, *options: str) -> set[str]:
    run = call("symbols", tree, "--format", "ndjson", "-q", *options)
    return {line["path"] for line in run.lines if line["kind"] != "module"}


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("./src", {"src/load.py", "src/api/send.py"}),
        ("./src/", {"src/load.py", "src/api/send.py"}),
        ("./src/*.py", {"src/load.py"}),
        ("{root}/src", {"src/load.py", "src/api/send.py"}),
        ("{root}/src/**/*.py", {"src/load.py", "src/api/send.py"}),
        ("{root}/link/*.py", {"src/load.py"}),
        ("link", {"src/load.py", "src/api/send.py"}),
        ("link/load.py", {"src/load.py"}),
        ("link/**", {"src/load.py", "src/api/send.py"}),
        ("web/[id]/page.py", {"web/[id]/page.py"}),
        ("!./src", {"lib/load_all.py", "tests/test_load.py", "web/[id]/page.py"}),
        ("!{src,lib,web}/**", {"tests/test_load.py"}),
    ],
)
def test_a_path_filter_from_the_root(
    tree: Path, monkeypatch: pytest.MonkeyPatch, call, pattern: str, expected: set[str]
):
    monkeypatch.chdir(tree)
    assert found(call, tree, "--path", pattern.replace("{root}", str(tree))) == expected


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("./load.py", {"src/load.py"}),
        (".", {"src/load.py", "src/api/send.py"}),
        ("./**", {"src/load.py", "src/api/send.py"}),
        ("../lib", {"lib/load_all.py"}),
        ("../lib/*.py", {"lib/load_all.py"}),
    ],
)
def test_a_path_filter_from_a_folder(
    tree: Path, monkeypatch: pytest.MonkeyPatch, call, pattern: str, expected: set[str]
):
    monkeypatch.chdir(tree / "src")
    assert found(call, tree, "--path", pattern) == expected


def test_an_exclamation_mark_excludes_in_the_text_too(tree: Path, monkeypatch: pytest.MonkeyPatch, call):
    monkeypatch.chdir(tree)
    run = call("query", "load path:!tests/** path:!lib", tree, "--format", "paths")
    assert set(run.out.split("\n")) >= {"src/load.py"}
    assert not {"lib/load_all.py", "tests/test_load.py"} & set(run.out.split("\n"))


def test_printed_paths_are_filters(tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call):
    """From the root, from a folder in it, and from outside, where they are absolute."""
    for here in (tree, tree / "src", tmp_path):
        monkeypatch.chdir(here)
        printed = call("query", "render_page -kind:module", tree, "--format", "paths").out.split("\n")[0]
        assert found(call, tree, "--path", printed) == {"web/[id]/page.py"}, here


def test_a_filter_that_no_file_matches_is_noted(tree: Path, call):
    for format in ("text", "json", "ndjson"):
        for command in (("query", "load"), ("symbols",), ("similar", f"{tree}/src/load.py:1")):
            run = call(*command, tree, "--format", format, "--path", "nosuch/**")
            assert run.status == 1
            assert "no indexed file matches `path:nosuch/**`" in run.err, (command, format)
    run = call("query", "load", tree, "--path", "src", "--path", "!*.rs")
    assert run.status == 0
    assert "no indexed file matches `-path:*.rs`" in run.err
    assert call("query", "load", tree, "--path", "src", "-q").err == ""


def test_a_file_in_a_linked_folder_is_the_real_file(tree: Path, monkeypatch: pytest.MonkeyPatch, call):
    monkeypatch.chdir(tree)
    for place in ("link/load.py:1", f"{tree}/link/load.py:1"):
        assert "def load" in call("show", place, tree).out
        assert call("similar", place, tree, "--format", "json").json["file"] == "src/load.py"
        run = call("why", "load", place, tree, "--format", "json")
        assert (run.json["file"], run.json["verdict"]) == ("src/load.py", "first")


def test_a_linked_folder_as_path_is_the_real_folder(tree: Path, monkeypatch: pytest.MonkeyPatch, call):
    call("index", tree)
    monkeypatch.chdir(tree)
    assert set(call("query", "load", "./link", "--format", "paths").out.split()) == {"src/load.py", "src/api/send.py"}
    (tree / "src" / "up").symlink_to(tree / "lib", target_is_directory=True)
    assert call("query", "load", "./src/up", "--format", "paths").out.split() == ["lib/load_all.py"]


def test_a_link_out_of_the_root_leads_to_the_root_there(tree: Path, tmp_path: Path, monkeypatch, call):
    other = write(tmp_path / "other", {"deep/mail.py": "def deliver():\n    pass\n", "top.py": "def top(): pass\n"})
    call("index", other)
    call("index", tree)
    (tree / "out").symlink_to(other / "deep", target_is_directory=True)
    monkeypatch.chdir(tree)
    assert call("query", "deliver", "./out", "--format", "json").json["root"] == str(other)
    assert "def deliver" in call("show", "out/mail.py:1").out
    assert not (other / "deep" / ".codesearch").exists()


def test_the_library_takes_a_file_in_a_linked_folder(tree: Path):
    import codesearch

    with codesearch.open_index(tree) as index:
        index.update()
        assert index.symbol_at("link/load.py", 1).path == "src/load.py"
        assert index.similar("link/load.py", 1) == index.similar("src/load.py", 1)
        assert index.why("load", "link/load.py", 1).verdict == "first"
        where = codesearch.Filter(paths=(os.fspath(tree / "lib"),))
        assert {hit.symbol.path for hit in index.query("load", where=where)} == {"lib/load_all.py"}
