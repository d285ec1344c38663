from __future__ import annotations

import pytest

from codesearch.watch.classify import classify_event
from codesearch.watch.debounce import Batch
from codesearch.watch.network_fs import judge, linux_mounts, mac_mounts

WHOLE = Batch(whole=True, folders=True)


@pytest.mark.parametrize(
    ("path", "folder", "expected"),
    [
        ("src/a.py", False, Batch(("src/a.py",))),
        ("src/A.PY", False, Batch(("src/A.PY",))),
        ("Makefile", False, Batch(("Makefile",))),
        ("bin/tool", False, Batch(("bin/tool",))),
        ("src", True, Batch(("src",))),
        ("jquery.ui", True, Batch(("jquery.ui",))),
        ("notes.docx", False, Batch()),
        ("src/.a.py.swp", False, Batch()),
        ("src/a.py~", False, Batch()),
        (".gitignore", False, WHOLE),
        ("src/.gitignore", False, WHOLE),
        ("src/.codesearchignore", False, WHOLE),
        (".git", True, WHOLE),
        ("lib/.git", False, WHOLE),
        (".git/HEAD", False, Batch(whole=True)),
        (".git/index", False, Batch(whole=True)),
        (".git/index.lock", False, Batch()),
        (".git/objects/ab/cdef", False, Batch()),
        (".git/info/exclude", False, WHOLE),
        ("lib/.git/index", False, Batch()),
        (".codesearch/index.db-wal", False, Batch()),
        (".codesearch.toml", False, Batch((".codesearch.toml",), settings=True)),
        ("pyproject.toml", False, Batch(("pyproject.toml",), settings=True)),
        ("sub/pyproject.toml", False, Batch(("sub/pyproject.toml",))),
    ],
)
def test_what_a_change_means(path: str, folder: bool, expected: Batch):
    assert classify_event(path, folder=folder) == expected


MOUNTINFO = """\
22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw
30 22 0:25 / /home rw,relatime - nfs4 server:/home rw
31 30 8:2 / /home/me/local rw - xfs /dev/sdb1 rw
32 22 0:40 / /mnt/my\\040share rw - cifs //server/share rw
33 22 0:41 / /work/tree/remote rw - fuse.sshfs me@host: rw
"""


def test_file_systems_without_events_are_known():
    mounts = linux_mounts(MOUNTINFO)
    assert judge("/srv/tree", mounts) == ""
    assert "nfs4" in judge("/home/me/project", mounts)
    assert judge("/home/me/local/project", mounts) == ""
    assert "cifs" in judge("/mnt/my share/x", mounts)
    assert "/work/tree/remote is on fuse.sshfs" in judge("/work/tree", mounts)
    assert judge("/homework", mounts) == ""


def test_mounts_of_macos():
    listed = (
        "/dev/disk3s1s1 on / (apfs, sealed, local, read-only, journaled)\n"
        "server:/vol on /Volumes/My Disk (nfs, nodev, nosuid, mounted by me)\n"
    )
    mounts = mac_mounts(listed)
    assert mounts == [("/", "apfs"), ("/Volumes/My Disk", "nfs")]
    assert "nfs" in judge("/Volumes/My Disk/project", mounts)
    assert judge("/Users/me", mounts) == ""
