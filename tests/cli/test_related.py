"""`codesearch related`: files and symbols, in every format."""

from __future__ import annotations

from pathlib import Path

import pytest


def test_related_files(shop: Path, call):
    run = call("related", "mail/queue.go", "-n", "3", "--root", shop)
    assert run.status == 0
    assert run.out.count(" is like ") >= 3
    assert "mail/" in run.out


def test_related_symbols(shop: Path, call):
    run = call("related", "ShoppingCart", "-n", "2", "--context", "0", "--root", shop)
    assert run.status == 0
    assert len(run.out.strip().split("\n\n")) == 2


@pytest.mark.parametrize("format", ["paths", "vimgrep"])
def test_formats_for_editors(shop: Path, call, monkeypatch: pytest.MonkeyPatch, format: str):
    monkeypatch.chdir(shop)
    lines = call("related", "mail/queue.go", "-n", "3", "--format", format).out.splitlines()
    assert len(lines) == 3
    assert all((shop / line.split(":")[0]).is_file() for line in lines)


def test_the_table_is_made_on_demand(small: Path, call):
    run = call("related", "--update")
    assert run.status == 0
    assert "texts with their nearest" in run.err
    assert "(0 compared" in call("related", "--update").err
    with (small / "retry.py").open("a") as file:
        file.write("\n\ndef retry_download(url):\n    return fetch(url)\n")
    assert "(0 compared" not in call("related", "--update").err


def test_a_large_tree_does_not_wait_for_the_table(small: Path, call, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("codesearch.atlas.related.AT_ONCE", 2)
    run = call("related", "Cache.get")
    assert "`codesearch related --update` computes them all" in run.err
    assert "retry.py" in run.out
    assert "computes them all" in call("related", "retry_upload").err


def test_what_is_related_must_be_named(small: Path, call):
    assert call("related").status == 2
    assert "name a file or a symbol" in call("related").err
    assert call("related", "no_such_name").status == 1
    assert call("related", "nope.py:3").status == 2
