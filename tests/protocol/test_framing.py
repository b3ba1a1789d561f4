from collections.abc import Iterator
from dataclasses import fields

import pytest
from hypothesis import given
from hypothesis import strategies as st

from avrdeck.protocol.codes import Op, Status
from avrdeck.protocol.errors import RemoteProtocolError
from avrdeck.protocol.framing import NEED_DATA, CommandReader, Malformed, Reply, ReplyReader
from avrdeck.protocol.stk500v1 import COMMANDS, Command, GetSignOn, GetSync, ReadSign
from protocol.cases import CASES

TRAILING = b"\x30\x20"
each_case = pytest.mark.parametrize(("command", "sent", "reply", "received"), CASES)


def splits(data: bytes) -> Iterator[list[bytes]]:
    yield [data]
    yield [data[i : i + 1] for i in range(len(data))]
    if len(data) > 2:
        yield [data[:1], data[1:]]


def test_the_table_has_every_command() -> None:
    assert {command.op for command, *_ in CASES} == set(Op) == set(COMMANDS)


@each_case
def test_commands_encode(command: Command, sent: str, reply: Reply, received: str) -> None:
    assert command.encode() == bytes.fromhex(sent)


@each_case
def test_commands_decode_in_any_split(command: Command, sent: str, reply: Reply, received: str) -> None:
    for chunks in splits(bytes.fromhex(sent)):
        reader = CommandReader()
        for chunk in chunks[:-1]:
            reader.feed(chunk)
            assert reader.next_command() is NEED_DATA
        reader.feed(chunks[-1] + TRAILING)
        assert reader.next_command() == command
        assert reader.next_command() == GetSync()
        assert reader.next_command() is NEED_DATA


@each_case
def test_replies_encode(command: Command, sent: str, reply: Reply, received: str) -> None:
    assert reply.encode() == bytes.fromhex(received)


@each_case
def test_replies_decode_in_any_split(command: Command, sent: str, reply: Reply, received: str) -> None:
    for chunks in splits(bytes.fromhex(received)):
        reader = ReplyReader()
        reader.expect(command)
        reader.expect(ReadSign())
        for chunk in chunks[:-1]:
            reader.feed(chunk)
            assert reader.next_reply() is NEED_DATA
        reader.feed(chunks[-1] + bytes.fromhex("141e950f10"))
        assert reader.next_reply() == reply
        assert reader.next_reply() == Reply(Status.OK, bytes.fromhex("1e950f"))
        assert reader.next_reply() is NEED_DATA


def test_optiboot_signs_on_without_text() -> None:
    reader = ReplyReader()
    reader.expect(GetSignOn())
    reader.feed(b"\x14\x10")
    assert reader.next_reply() == Reply(Status.OK)


@pytest.mark.parametrize(
    ("command", "received"),
    [(GetSync(), b"\x00"), (GetSync(), b"\x14\x41"), (ReadSign(), b"\x14\x1e\x95\x0f\x41")],
)
def test_bytes_that_are_no_reply_are_shown(command: Command, received: bytes) -> None:
    reader = ReplyReader()
    reader.expect(command)
    reader.feed(received)
    with pytest.raises(RemoteProtocolError) as caught:
        reader.next_reply()
    assert caught.value.received == received
    assert received.hex(" ").upper() in str(caught.value)


def test_bytes_that_nobody_asked_for_are_an_error() -> None:
    reader = ReplyReader()
    reader.feed(b"\x14")
    with pytest.raises(RemoteProtocolError, match="nobody asked"):
        reader.next_reply()


@pytest.mark.parametrize(
    ("sent", "first"),
    [
        ("99 20", Malformed(b"\x99\x20")),
        ("99 30 20", Malformed(b"\x99")),
        ("30 30", Malformed(b"\x30\x30")),
        ("56 30 00 00 00 99", Malformed(bytes.fromhex("563000000099"))),
    ],
)
def test_what_is_no_command_is_given_back(sent: str, first: Malformed) -> None:
    reader = CommandReader()
    reader.feed(bytes.fromhex(sent))
    assert reader.next_command() == first


bytes_ = st.integers(0, 0xFF)
words = st.integers(0, 0xFFFF)


STRATEGIES: dict[Op, list[st.SearchStrategy[object]]] = {
    Op.LOAD_ADDRESS: [words],
    Op.UNIVERSAL: [st.binary(min_size=4, max_size=4)],
    Op.UNIVERSAL_MULTI: [st.binary(min_size=1, max_size=256)],
    Op.PROG_PAGE: [bytes_, st.binary(max_size=256)],
    Op.READ_PAGE: [bytes_, words],
    Op.SET_DEVICE: [*[bytes_] * 11, words, words, st.integers(0, 0xFFFF_FFFF)],
}


def commands() -> st.SearchStrategy[Command]:
    return st.one_of(
        [
            st.builds(kind, *STRATEGIES.get(kind.op, [bytes_] * len(fields(kind))))
            for kind in COMMANDS.values()
        ]
    )


@given(st.lists(commands(), max_size=5), st.lists(st.integers(1, 40), max_size=60))
def test_any_commands_survive_any_split(sent: list[Command], sizes: list[int]) -> None:
    stream = b"".join(command.encode() for command in sent)
    reader, found = CommandReader(), []
    for size in [*sizes, len(stream)]:
        reader.feed(stream[:size])
        stream = stream[size:]
        while (command := reader.next_command()) is not NEED_DATA:
            found.append(command)
    assert found == sent


@given(st.binary(max_size=300))
def test_no_bytes_from_a_host_upset_the_reader(stream: bytes) -> None:
    reader = CommandReader()
    reader.feed(stream)
    taken = b""
    while (command := reader.next_command()) is not NEED_DATA:
        taken += command.data if isinstance(command, Malformed) else command.encode()
    assert stream.startswith(taken) or any(byte in stream for byte in (Op.SET_DEVICE, Op.SET_DEVICE_EXT))


@given(commands(), st.binary(max_size=80))
def test_bytes_from_a_programmer_are_replies_or_a_fault(command: Command, stream: bytes) -> None:
    reader = ReplyReader()
    reader.expect(command)
    reader.feed(stream)
    try:
        reply = reader.next_reply()
    except RemoteProtocolError:
        return
    assert reply is NEED_DATA or len(reply.data) <= command.reply_size
