"""Whether the other end of a connection is still there."""

from __future__ import annotations

import select
import socket


def is_closed(connection: socket.socket) -> bool:
    """Return whether the other end has closed a connection. Costs a few microseconds, and reads nothing from it."""
    try:
        return _is_readable(connection) and not connection.recv(1, socket.MSG_PEEK)
    except (OSError, ValueError):
        return True


def _is_readable(connection: socket.socket) -> bool:
    if not hasattr(select, "poll"):
        return bool(select.select([connection], [], [], 0)[0])
    poll = select.poll()  # select itself refuses descriptors above 1,023
    poll.register(connection, select.POLLIN)
    return bool(poll.poll(0))
