"""Child processes that run a function of this package: how they start, communicate and end.

A child starts isolated (`-I`) with the import path of its parent. `-m` would put the current folder first, and an
indexed repository may hold a `numpy.py`. Both sides exchange frames over standard streams: 4 bytes of length,
then a pickle.
"""

from __future__ import annotations

import os
import pickle
import struct
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any, BinaryIO, cast

_BOOT = (
    "import sys; count = int(sys.argv[1]); sys.path[:] = sys.argv[2:2 + count]; "
    "module, function, *arguments = sys.argv[2 + count:]; from importlib import import_module; "
    "sys.exit(getattr(import_module(module), function)(*arguments))"
)
_LENGTH = struct.Struct("<I")

ONE_THREAD = dict.fromkeys(
    ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "OMP_NUM_THREADS", "VECLIB_MAXIMUM_THREADS"), "1"
)
"""Environment of a child that is one of several: numpy's threads in each would only wait for one another."""


def command(module: str, function: str, *arguments: str) -> list[str]:
    """Return the command line that calls `module.function(*arguments)` in a new process.

    The exit status is what the function returns; None counts as 0.
    """
    folders = [folder or str(Path.cwd()) for folder in sys.path]
    return [sys.executable, "-I", "-c", _BOOT, str(len(folders)), *folders, module, function, *arguments]


def kill(process: subprocess.Popen[bytes]) -> int:
    """End a process now, close its streams, and return its exit status."""
    process.kill()
    status = process.wait()
    for stream in (process.stdin, process.stdout, process.stderr):
        if stream is not None:
            try:
                stream.close()
            except OSError:
                continue  # unsent bytes to a dead process
    return status


def send(stream: BinaryIO, value: object) -> None:
    """Write one frame."""
    data = pickle.dumps(value, protocol=pickle.HIGHEST_PROTOCOL)
    stream.write(_LENGTH.pack(len(data)) + data)
    stream.flush()


def receive(stream: BinaryIO) -> Any:
    """Read one frame. Raises EOFError if the other side is gone, perhaps in the middle of the frame."""
    head = stream.read(_LENGTH.size)
    if len(head) < _LENGTH.size:
        raise EOFError
    length = _LENGTH.unpack(head)[0]
    data = stream.read(length)
    if len(data) < length:
        raise EOFError
    return pickle.loads(data)


def ask(process: subprocess.Popen[bytes], value: object, seconds: float) -> Any:
    """Send one frame to a child and return its answer.

    A child that takes longer than `seconds` is killed, which raises TimeoutError. Raises EOFError or OSError if it ends
    without an answer.
    """
    late = threading.Event()

    def expire() -> None:
        late.set()
        process.kill()

    timer = threading.Timer(seconds, expire)
    timer.daemon = True
    timer.start()
    try:
        send(cast(BinaryIO, process.stdin), value)
        return receive(cast(BinaryIO, process.stdout))
    except (EOFError, OSError):
        if late.is_set():
            raise TimeoutError from None
        raise
    finally:
        timer.cancel()


def own_streams() -> tuple[BinaryIO, BinaryIO]:
    """Return (input, output) of a child for frames; what a library prints goes to standard error instead."""
    frames_in, frames_out = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    return frames_in, frames_out
