from __future__ import annotations

import json
import random
import threading

import pytest
from codesearch_lsp.stream import MalformedMessage, MessageReader, MessageWriter


def frame(message: object) -> bytes:
    body = json.dumps(message).encode()
    return b"Content-Length: %d\r\n\r\n" % len(body) + body


def read_all(data: bytes, *, pieces: int = 1 << 16) -> list[object]:
    parts = [data[at : at + pieces] for at in range(0, len(data), pieces)]
    reader = MessageReader(lambda: parts.pop(0) if parts else b"")
    out: list[object] = []
    with pytest.raises(EOFError):
        while True:
            out.append(reader.next())
    return out


@pytest.mark.parametrize("pieces", [1, 7, 1 << 16])
def test_frames_come_in_pieces(pieces: int):
    messages = [{"id": 1, "text": "é😀"}, {"id": 2}, [1, 2]]
    assert read_all(b"".join(map(frame, messages)), pieces=pieces) == messages


@pytest.mark.parametrize(
    "head",
    [
        b"Content-Length: 9\r\nContent-Type: application/vscode-jsonrpc; charset=utf-8\r\n\r\n",
        b"Content-Type: application/vscode-jsonrpc\r\nContent-Length: 9\r\n\r\n",
        b"content-length:9\r\n\r\n",
        b"CONTENT-LENGTH:   9  \n\n",
        b"\r\n\r\nContent-Length: 9\r\n\r\n",
    ],
)
def test_headers_as_clients_write_them(head: bytes):
    assert read_all(head + b'{"id": 1}') == [{"id": 1}]


@pytest.mark.parametrize("scalar", [None, True, False, 0, 1.5, "", "text", [], {}])
def test_every_json_value_is_a_message(scalar: object):
    assert read_all(frame(scalar) + frame({"id": 1})) == [scalar, {"id": 1}]


@pytest.mark.parametrize("written", [b'"\\ud800"', b'"\xed\xa0\x80"', b'"\\uDFFF"'])
def test_half_a_character_is_replaced(written: bytes):
    body = b'{"id": 1, "a": [%s, {%s: "\\ud83d\\ude00"}]}' % (written, written)
    assert read_all(b"Content-Length: %d\r\n\r\n%s" % (len(body), body)) == [
        {"id": 1, "a": ["\ufffd", {"\ufffd": "😀"}]}
    ]


BROKEN = [
    b"rubbish\r\n\r\n",
    b"Content-Length: abc\r\n\r\n",
    b"Content-Length: -5\r\n\r\n{}",
    b"Content-Length: 99999999999\r\n\r\n",
    b"Content-Length: 9999999999\r\n\r\n",
    b"Content-Length: 4\r\n\r\n{{{{",
    b"Content-Length: 4\r\n\r\n\xff\xfe\xff\xfe",
    b"Content-Length: 3\r\nno header at all\r\n\r\n{}",
    b"Content-Length: 5\r\nContent-Length: 7\r\n\r\n",
    b"Content-Length: 20\r\n\r\n{}",  # shorter than announced: the next message is swallowed and recovered
    b"Content-Length: 1\r\n\r\n{}",  # longer
    b"\0\1\2" * 10_000,
    b'{"jsonrpc": "2.0"}\n',
    b"Content-Length: 60000\r\n\r\n" + b"[" * 60000,
]


@pytest.mark.parametrize("broken", BROKEN)
def test_after_damage_the_next_messages_are_read(broken: bytes):
    good = [{"id": 1}, {"id": 2, "text": "x" * 200}, {"id": 3}]
    for pieces in (5, 1 << 16):
        found = read_all(frame({"id": 0}) + broken + b"".join(map(frame, good)), pieces=pieces)
        assert found[0] == {"id": 0}
        assert [one for one in found[1:] if not isinstance(one, MalformedMessage)] == good
        assert any(isinstance(one, MalformedMessage) for one in found)


def test_good_messages_are_no_damage():
    assert not any(isinstance(one, MalformedMessage) for one in read_all(frame({"a": 1}) * 50))


def test_random_bytes_never_hang_nor_raise():
    random_ = random.Random(5)
    for _ in range(300):
        parts = [
            random_.choice(
                [
                    frame({"id": random_.random()}),
                    random_.randbytes(random_.randrange(40)),
                    b"Content-Length: %d\r\n\r\n" % random_.randrange(200),
                    b"\r\n",
                    b"Content-Len",
                ]
            )
            for _ in range(12)
        ]
        last = frame({"last": True})
        # As many bytes as the longest length announced above, then a message that must get through.
        found = read_all(b"".join(parts) + b" " * 300 + last, pieces=random_.choice([3, 1000]))
        assert {"last": True} in found


def test_memory_is_bounded_by_what_is_kept():
    calls = iter([b"x" * 65536] * 200)
    reader = MessageReader(lambda: next(calls, b""))
    with pytest.raises(EOFError):
        while reader.next():
            assert len(reader._buffer) < 200_000


def test_a_writer_holds_nobody_up_and_says_when_the_client_is_gone():
    gate, lost, written = threading.Event(), threading.Event(), list[bytes]()

    def write(data: bytes) -> None:
        gate.wait(10)
        if len(written) == 2:
            raise BrokenPipeError
        written.append(data)

    writer = MessageWriter(write, lost.set)
    for number in range(5):
        writer.send({"id": number})
    assert not written
    gate.set()
    assert lost.wait(10)
    assert [read_all(data) for data in written] == [[{"id": 0}], [{"id": 1}]]
    writer.close()
