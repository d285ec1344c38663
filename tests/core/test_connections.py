from __future__ import annotations

import os
import socket
import sys
from collections.abc import Iterator

import pytest

from codesearch.core.connections import is_closed


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    here, there = socket.socketpair()
    with here, there:
        yield here, there


def test_only_the_end_of_the_other_side_closes_it(pair: tuple[socket.socket, socket.socket]):
    here, there = pair
    assert not is_closed(here)
    there.sendall(b"more")
    assert not is_closed(here)
    assert here.recv(10) == b"more", "nothing was read"
    there.close()
    assert is_closed(here)
    here.close()
    assert is_closed(here)


@pytest.mark.skipif(sys.platform == "win32", reason="descriptors are not numbers from 0 there")
def test_a_process_with_many_open_files(pair: tuple[socket.socket, socket.socket]):
    import resource

    if resource.getrlimit(resource.RLIMIT_NOFILE)[0] <= 1100:
        pytest.skip("the system allows no more")
    high = socket.socket(fileno=os.dup2(pair[0].fileno(), 1090))
    with high:
        assert not is_closed(high)
        pair[1].close()
        assert is_closed(high)
