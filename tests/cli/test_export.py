"""`codesearch export`: the format by its name or by the ending of the file, stdout, mistakes."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest


def test_the_ending_says_the_format(shop: Path, tmp_path: Path, call):
    out = tmp_path / "symbols.db"
    run = call("export", shop, "-o", out)
    assert run.status == 0
    assert out.read_bytes().startswith(b"SQLite format 3")
    assert f"{out}: " in run.err


def test_stdout(shop: Path, call):
    run = call("export", shop, "--format", "csv", "-o", "-", "--lang", "go", "--kind", "function")
    rows = list(csv.DictReader(io.StringIO(run.out)))
    assert rows
    assert {(row["language"], row["kind"]) for row in rows} == {("go", "function")}
    assert "vector" not in rows[0]
    assert "vector" in call("export", shop, "--format", "csv", "-o", "-", "--vectors").out.splitlines()[0]


def test_nothing_to_export(shop: Path, tmp_path: Path, call):
    run = call("export", shop, "-o", tmp_path / "none.csv", "--name", "nothing_has_this_name")
    assert run.status == 1


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ((), "give --format, or a file that ends in one of"),
        (("-o", "symbols.txt"), "give --format, or a file that ends in one of"),
        (("--format", "projector", "-o", "-"), "a folder of three files"),
        (("--format", "projector", "--no-vectors"), "leave out --no-vectors"),
        (("-o", "no/such/folder.csv"), "cannot be written"),
    ],
)
def test_mistakes(shop: Path, call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, options, said: str):
    monkeypatch.chdir(tmp_path)
    run = call("export", shop, *options)
    assert run.status == 2
    assert said in run.err
    assert list(tmp_path.iterdir()) == []
