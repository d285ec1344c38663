from __future__ import annotations

import os
from pathlib import Path

import pytest

from codesearch.core.replacing import USUAL, edit_bytes, replace_text


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


@pytest.mark.skipif(os.name != "posix", reason="links and permissions of POSIX")
def test_a_file_that_people_edit_stays_a_link_and_keeps_its_permissions(tmp_path: Path):
    (tmp_path / "dotfiles").mkdir()
    real, link = tmp_path / "dotfiles" / "config.toml", tmp_path / "config.toml"
    real.write_text("old")
    real.chmod(0o640)
    link.symlink_to(real)
    edit_bytes(link, b"new", USUAL)
    assert link.is_symlink()
    assert (real.read_text(), real.stat().st_mode & 0o777) == ("new", 0o640)
    assert list(real.parent.iterdir()) == [real]


@pytest.mark.skipif(os.name != "posix", reason="permissions of POSIX")
def test_a_new_file_has_the_usual_permissions_if_it_is_not_private(tmp_path: Path):
    before = os.umask(0o022)
    try:
        edit_bytes(tmp_path / "new" / "usual", b"", USUAL)
        edit_bytes(tmp_path / "new" / "private", b"")
    finally:
        os.umask(before)
    modes = {file.name: file.stat().st_mode & 0o777 for file in (tmp_path / "new").iterdir()}
    assert modes == {"usual": 0o644, "private": 0o600}
