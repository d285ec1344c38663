"""Which file systems report all changes: not those that other machines can write to."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

SILENT = frozenset(
    (
        "9p afs afpfs acfs beegfs ceph cifs davfs drvfs fuse.gcsfuse fuse.glusterfs fuse.rclone fuse.s3fs fuse.sshfs "
        "fuse.vmhgfs-fuse gfs gfs2 glusterfs gpfs lustre ncpfs nfs nfs3 nfs4 ocfs2 orangefs osxfuse macfuse prl_fs "
        "smb3 smbfs vboxsf virtiofs vmhgfs webdav"
    ).split()
)
"""Network and shared file systems: what other machines write causes no event here."""

_OCTAL = re.compile(r"\\([0-7]{3})")
_MAC_MOUNT = re.compile(r"^.* on (?P<place>/.*) \((?P<type>[^,)]+)[,)]", re.MULTILINE)


def why_no_events(root: Path) -> str:
    """Return why events are missing for a tree, or "" if it should have all of them."""
    if sys.platform == "win32":
        return _windows(root)
    try:
        if sys.platform == "linux":
            mounts = linux_mounts(Path("/proc/self/mountinfo").read_text(encoding="utf-8", errors="surrogateescape"))
        elif sys.platform == "darwin":
            listed = subprocess.run(["/sbin/mount"], capture_output=True, timeout=5, check=False).stdout
            mounts = mac_mounts(listed.decode("utf-8", "surrogateescape"))
        else:
            return ""
    except (OSError, subprocess.SubprocessError):
        return ""
    return judge(str(root.resolve()), mounts)


def judge(root: str, mounts: list[tuple[str, str]]) -> str:
    """Return why the tree at `root` has no events, given (mount point, type) of every mount, latest last."""
    own = ("", "")
    for place, kind in mounts:
        folder = place.rstrip("/") + "/"
        if (root + "/").startswith(folder) and len(place) >= len(own[0]):
            own = (place, kind)
        elif folder.startswith(root.rstrip("/") + "/") and kind in SILENT:
            return f"{place} is on {kind}, which does not report changes by other machines"
    if own[1] in SILENT:
        return f"the folder is on {own[1]}, which does not report changes by other machines"
    return ""


def linux_mounts(mountinfo: str) -> list[tuple[str, str]]:
    """Parse /proc/self/mountinfo."""
    mounts = []
    for line in mountinfo.splitlines():
        fields, _, rest = line.partition(" - ")
        parts = fields.split(" ")
        if len(parts) > 4 and rest:
            mounts.append((_OCTAL.sub(lambda found: chr(int(found[1], 8)), parts[4]), rest.split(" ")[0]))
    return mounts


def mac_mounts(listed: str) -> list[tuple[str, str]]:
    """Parse the output of `mount` on macOS."""
    return [(found["place"], found["type"]) for found in _MAC_MOUNT.finditer(listed)]


def _windows(root: Path) -> str:
    drive = os.path.splitdrive(str(root.resolve()))[0]
    if drive.startswith("\\\\"):
        return "the folder is on a network share, which does not always report changes by other machines"
    if sys.platform == "win32":
        import ctypes

        if ctypes.windll.kernel32.GetDriveTypeW(drive + "\\") == 4:
            return f"{drive} is a network drive, which does not always report changes by other machines"
    return ""
