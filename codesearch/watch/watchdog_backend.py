"""Events through watchdog: macOS, Windows and others."""

from __future__ import annotations

import contextlib
import itertools
import os
import threading
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from codesearch.watch.backend import Listener, NoEventsError
from codesearch.watch.classify import classify_event
from codesearch.watch.debounce import Batch
from codesearch.watch.watched_folders import folders_of, git_files

COOKIE = "watch-cookie-"
"""Prefix of files that are made in the folder of the index: once their event arrives, so have all earlier ones."""

_numbers = itertools.count()


class WatchdogBackend:
    """Watches a whole tree with watchdog; events that do not matter are dropped on arrival."""

    name = "watchdog"

    def __init__(
        self, root: Path, cookies: Path | None, listener: Listener, failed: Callable[[NoEventsError], None]
    ) -> None:
        """Report changes below `root` to `listener`; `cookies` is a folder in the tree where files may be made."""
        self._root = root
        self._bases = [str(root)] if str(root) == str(root.resolve()) else [str(root), str(root.resolve())]
        self._cookies = cookies if cookies is not None and cookies.is_relative_to(root) else None
        self._listener, self._failed = listener, failed
        self._git: dict[str, dict[bytes, Batch]] = {}
        """Folders of files that decide what git lists: names in each, and what to check when they change."""
        self._handler: Any = None
        self._arrived: dict[str, threading.Event] = {}
        self._observer: Any = None

    def start(self) -> None:
        """Begin. Raises NoEventsError."""
        try:
            from watchdog.events import FileSystemEvent, FileSystemEventHandler
            from watchdog.observers import Observer
        except ImportError as error:
            raise NoEventsError(f"the package watchdog cannot be used ({error})") from error

        backend = self

        class Handler(FileSystemEventHandler):
            def on_any_event(self, event: FileSystemEvent) -> None:
                backend.event(event)

        self._observer = Observer()
        self._handler = Handler()
        try:
            self._observer.schedule(self._handler, str(self._root), recursive=True)
            self._watch_git()
            self._observer.start()
        except (OSError, RuntimeError) as error:
            self._observer = None
            raise NoEventsError(f"the system reports no file-system events: {error}") from error

    def _watch_git(self) -> None:
        """Watch the folders outside the tree that hold git's rules, if they are not watched yet."""
        for path, names in folders_of(git_files(self._root)).items():
            folder = os.fsdecode(path)
            if folder not in self._git and not Path(folder).is_relative_to(self._root) and Path(folder).is_dir():
                self._observer.schedule(self._handler, folder, recursive=False)
            for shown in {folder, os.path.realpath(folder)}:
                self._git[shown] = {**self._git.get(shown, {}), **names}

    def close(self) -> None:
        """End the threads."""
        if self._observer is not None:
            self._observer.stop()
            self._observer.join()
            self._observer = None

    def refresh(self, folders: Iterable[str] = (), *, rules: bool = False) -> None:
        """Watch the folders of new rules; the whole tree is watched already."""
        if rules and self._observer is not None:
            with contextlib.suppress(OSError, RuntimeError):
                self._watch_git()

    def flush(self, timeout: float) -> bool:
        """Make a file and wait for its event: everything before it has then been reported."""
        if self._cookies is None or self._observer is None or not self._observer.is_alive():
            return False
        cookie = self._cookies / f"{COOKIE}{os.getpid()}-{next(_numbers)}"
        arrived = self._arrived[cookie.name] = threading.Event()
        try:
            cookie.write_bytes(b"")
            return arrived.wait(timeout)
        except OSError:
            return False
        finally:
            cookie.unlink(missing_ok=True)
            self._arrived.pop(cookie.name, None)

    def event(self, event: Any) -> None:
        """Handle one event of watchdog."""
        if event.event_type in ("opened", "closed_no_write"):
            return
        if event.is_directory and event.event_type == "modified":
            return  # something in it was made or deleted, which has an event of its own
        news = Batch()
        for path in (event.src_path, event.dest_path):
            if path:
                # Whether a path that is gone was a folder cannot be found out any more.
                folder = event.is_directory or event.event_type in ("deleted", "moved")
                news |= self._classify(os.fsdecode(path), folder=folder)
        if news:
            self._listener(news)

    def _classify(self, path: str, *, folder: bool) -> Batch:
        name = os.path.basename(path)  # noqa: PTH119 - once an event
        if name.startswith(COOKIE):
            if arrived := self._arrived.get(name):
                arrived.set()
            return Batch()
        known = self._git.get(os.path.dirname(path), {}).get(os.fsencode(name))  # noqa: PTH120 - once an event
        if known is not None:
            return known
        for base in self._bases:
            if path == base:
                return Batch(whole=True)
            if path.startswith(base + os.sep):
                return classify_event(path[len(base) + 1 :].replace(os.sep, "/"), folder=folder)
        return Batch()
