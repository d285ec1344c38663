from __future__ import annotations

import os
from pathlib import Path

import pytest

from codesearch.core.replacing import replace_text


def test_a_file_is_replaced_and_nothing_else_is_left(tmp_path: Path):
    file = tmp_path / "a.txt"
    replace_text(file, "old")
    replace_text(file, "n\u00e9w\n")
    assert file.read_bytes() == "n\u00e9w\n".encode().replace(b"\n", os.linesep.encode())
    assert list(tmp_path.iterdir()) == [file]


def test_if_it_cannot_be_written_the_old_file_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    file = tmp_path / "a.txt"
    replace_text(file, "old")

    def fail(*_: object) -> None:
        raise OSError("no space")

    monkeypatch.setattr(Path, "replace", fail)
    with pytest.raises(OSError, match="no space"):
        replace_text(file, "new")
    assert file.read_text() == "old"
    assert list(tmp_path.iterdir()) == [file]
