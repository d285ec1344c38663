"""Linux: events directly from inotify.

Watchdog is not used here because it watches ignored folders too (a `node_modules` costs 50,000 inotify watches), hides
an overflow of the kernel's queue, and cannot say that all events so far have been read.
"""

from __future__ import annotations

import ctypes
import errno
import os
import select
import struct
import threading
from collections.abc import Callable, Iterable
from pathlib import Path

from codesearch.files.values import FileOptions
from codesearch.watch.backend import Listener, NoEventsError
from codesearch.watch.classify import classify_event
from codesearch.watch.debounce import Batch
from codesearch.watch.watched_folders import Folders, folders_of, git_files

_MODIFY, _ATTRIB, _CLOSE_WRITE = 0x2, 0x4, 0x8
_MOVED_FROM, _MOVED_TO, _CREATE, _DELETE = 0x40, 0x80, 0x100, 0x200
_DELETE_SELF, _MOVE_SELF = 0x400, 0x800
_UNMOUNT, _OVERFLOW, _IGNORED = 0x2000, 0x4000, 0x8000
_ONLYDIR, _DONT_FOLLOW, _EXCL_UNLINK, _ISDIR = 0x1000000, 0x2000000, 0x4000000, 0x40000000
_CONTENT = _MODIFY | _ATTRIB | _CLOSE_WRITE | _MOVED_FROM | _MOVED_TO | _CREATE | _DELETE
_MASK = _CONTENT | _DELETE_SELF | _MOVE_SELF | _ONLYDIR | _DONT_FOLLOW | _EXCL_UNLINK
_GIT_MASK = _CLOSE_WRITE | _MOVED_TO | _CREATE | _DELETE | _ONLYDIR
_HEAD = struct.Struct("iIII")
_BUFFER = 1 << 18

LIMITS = Path("/proc/sys/fs/inotify")


def _limit(name: str) -> str:
    try:
        return (LIMITS / name).read_text(encoding="ascii").strip()
    except OSError:
        return "unknown"


class InotifyBackend:
    """Watches the folders that may hold indexed files, with one inotify watch each."""

    name = "inotify"

    def __init__(
        self, root: Path, options: FileOptions, listener: Listener, failed: Callable[[NoEventsError], None]
    ) -> None:
        self._root, self._options = root, options
        self._top = os.fsencode(root)
        self._listener, self._failed = listener, failed
        self._lock = threading.RLock()
        self._folders = Folders(root, options)
        self._paths: dict[int, bytes] = {}
        self._wds: dict[bytes, int] = {}
        self._special: dict[int, dict[bytes, Batch]] = {}
        """For each watch outside the tree proper: names in the folder, and what to check when they change."""
        self._inside: dict[bytes, Batch] = {}
        """Git's own files inside the tree, such as a global ignore file: path -> what to check."""
        self._fd = -1
        self._wake = (-1, -1)
        self._thread = threading.Thread(target=self._run, name="codesearch-inotify", daemon=True)
        self._libc = ctypes.CDLL(None, use_errno=True)

    def start(self) -> None:
        """Watch every folder that may hold indexed files. Raises NoEventsError if a limit of the kernel is reached."""
        self._fd = self._libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC)
        if self._fd < 0:
            code = ctypes.get_errno()
            if code == errno.EMFILE:
                raise NoEventsError(
                    "the limit of inotify instances for this user is reached "
                    f"(fs.inotify.max_user_instances = {_limit('max_user_instances')})"
                )
            raise NoEventsError(f"inotify cannot be used: {os.strerror(code)}")
        self._wake = os.pipe()
        try:
            self._watch_all()
        except NoEventsError:
            self._close_descriptors()
            raise
        self._thread.start()

    def close(self) -> None:
        """End the thread and release the watches."""
        if self._thread.is_alive():
            os.write(self._wake[1], b"x")
            self._thread.join()
        self._close_descriptors()

    def _close_descriptors(self) -> None:
        with self._lock:
            for descriptor in (self._fd, *self._wake):
                if descriptor >= 0:
                    os.close(descriptor)
            self._fd, self._wake = -1, (-1, -1)

    def flush(self, timeout: float) -> bool:
        """Report everything that happened before this call.

        The kernel queues an event before the system call that causes it returns, so reading the queue is enough.
        """
        del timeout
        try:
            return self._drain()
        except NoEventsError as error:
            self._failed(error)
            return False

    def refresh(self, folders: Iterable[str] = (), *, rules: bool = False) -> None:
        """Watch folders that are not watched yet. Raises NoEventsError."""
        with self._lock:
            if self._fd < 0:
                return
            if rules:
                self._folders = Folders(self._root, self._options)
                self._watch_all()
            for folder in {os.fsencode(folder) for folder in folders}:
                while folder and folder not in self._wds:
                    self._add(folder)
                    folder = folder.rpartition(b"/")[0]

    # -- watches ----------------------------------------------------------------------------------

    def _watch_all(self) -> None:
        files = git_files(self._root)
        start = self._top.rstrip(b"/") + b"/"
        self._inside = {path[len(start) :]: batch for path, batch in files.items() if path.startswith(start)}
        for folder, names in folders_of(files).items():
            wd = self._kernel_add(folder, _GIT_MASK)
            if wd >= 0:
                self._special[wd] = names
        self._add_below(b"")

    def _add_below(self, folder: bytes) -> None:
        for path in self._folders.below(folder):
            self._add(path)

    def _add(self, path: bytes) -> None:
        wd = self._kernel_add(self._top + b"/" + path if path else self._top, _MASK)
        if wd >= 0:
            self._special.pop(wd, None)
            self._paths[wd] = path
            self._wds[path] = wd
        elif not path:
            raise NoEventsError(f"{self._root} cannot be watched")

    def _kernel_add(self, path: bytes, mask: int) -> int:
        wd = int(self._libc.inotify_add_watch(self._fd, path, ctypes.c_uint32(mask)))
        if wd < 0 and ctypes.get_errno() in (errno.ENOSPC, errno.ENOMEM):
            raise NoEventsError(
                f"the kernel's limit of inotify watches is reached (fs.inotify.max_user_watches = "
                f"{_limit('max_user_watches')}; raise it with sysctl)"
            )
        return wd

    def _forget_below(self, folder: bytes) -> None:
        """Remove the watches below a folder that was moved; its new place gets new ones, if it needs any."""
        prefix = folder + b"/"
        for path in [path for path in self._wds if path == folder or path.startswith(prefix)]:
            wd = self._wds.pop(path)
            self._paths.pop(wd, None)
            self._libc.inotify_rm_watch(self._fd, wd)

    # -- events -----------------------------------------------------------------------------------

    def _run(self) -> None:
        poller = select.poll()
        poller.register(self._fd, select.POLLIN)
        poller.register(self._wake[0], select.POLLIN)
        try:
            while not any(descriptor == self._wake[0] for descriptor, _ in poller.poll()):
                self._drain()
        except NoEventsError as error:
            self._failed(error)

    def _drain(self) -> bool:
        """Read and report all queued events."""
        with self._lock:
            if self._fd < 0:
                return False
            while True:
                try:
                    data = os.read(self._fd, _BUFFER)
                except BlockingIOError:
                    return True
                self._report(data)

    def _report(self, data: bytes) -> None:
        paths: dict[str, None] = {}
        news = Batch()
        seen: set[tuple[int, bytes]] = set()
        at = 0
        while at + _HEAD.size <= len(data):
            wd, mask, _, length = _HEAD.unpack_from(data, at)
            at += _HEAD.size + length
            name = data[at - length : at].rstrip(b"\0") if length else b""
            if not mask & (_ISDIR | _OVERFLOW | _IGNORED):
                # Writing a file makes a dozen events.
                if (wd, name) in seen:
                    continue
                seen.add((wd, name))
            found = self._event(wd, mask, name)
            if found.whole or found.settings:
                news |= found
            paths.update(dict.fromkeys(found.paths))
        news |= Batch(tuple(paths))
        if news:
            self._listener(news)

    def _event(self, wd: int, mask: int, name: bytes) -> Batch:
        if mask & _OVERFLOW:
            self._watch_all()  # folders may have been made meanwhile
            return Batch(whole=True, folders=True)
        if wd in self._special:
            return self._special_event(wd, mask, name)
        folder = self._paths.get(wd)
        if folder is None:
            return Batch()
        if mask & _IGNORED:
            del self._paths[wd]
            if self._wds.get(folder) == wd:
                del self._wds[folder]
            return Batch(whole=not folder)
        if not name:
            return Batch(whole=not folder and bool(mask & (_DELETE_SELF | _MOVE_SELF | _UNMOUNT)))
        path = folder + b"/" + name if folder else name
        if mask & _ISDIR:
            self._folder_event(path, mask)
        if path in self._inside:
            return self._inside[path]
        return classify_event(os.fsdecode(path), folder=bool(mask & _ISDIR))

    def _special_event(self, wd: int, mask: int, name: bytes) -> Batch:
        """Handle an event of a folder outside the tree that decides what git lists."""
        if mask & _IGNORED:
            self._special.pop(wd)
            return Batch(whole=True)
        return self._special[wd].get(name, Batch())

    def _folder_event(self, path: bytes, mask: int) -> None:
        """Adjust the watches to a folder that was made, moved or deleted."""
        if mask & _MOVED_FROM:
            self._forget_below(path)
        if mask & _MOVED_TO:
            self._folders = Folders(self._root, self._options)  # it may bring its own ignore files
        if mask & (_CREATE | _MOVED_TO | _ATTRIB):
            self._add_below(path)  # before the update lists it, so that no file is missed
