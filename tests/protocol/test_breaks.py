import asyncio
import os
import tty

import pytest

from avrdeck.protocol.errors import PortError, PortReason
from avrdeck.protocol.simulator.options import BadOption, OtherReset, from_url
from avrdeck.protocol.transports.local import open_local
from avrdeck.protocol.transports.sim import SimTransport, open_sim
from avrdeck.protocol.transports.tcp import open_socket


async def answers(wire: SimTransport) -> bool:
    """Whether the bootloader runs; its application is silent."""
    wire.write(b"0 ")
    return await wire.read(0.1) != b""


def idle(reset: str) -> SimTransport:
    wire = open_sim(f"sim:?dialect=optiboot&autoreset={reset}")
    wire.machine.run_until(5_000_000_000)
    return wire


async def held(wire: SimTransport, seconds: float) -> None:
    await wire.set_break(True)
    await wire.sleep(seconds)
    await wire.set_break(False)


async def test_a_long_break_resets_a_board_that_listens_to_it() -> None:
    wire = idle("break")
    assert not await answers(wire)
    await held(wire, 0.1)
    assert await answers(wire)


@pytest.mark.parametrize(("reset", "seconds"), [("break", 0.001), ("no", 0.2), ("touch", 0.2)])
async def test_a_short_break_or_another_board_is_left_alone(reset: str, seconds: float) -> None:
    wire = idle(reset)
    await held(wire, seconds)
    assert not await answers(wire)


@pytest.mark.parametrize(("baud", "resets"), [(1200, True), (1201, False), (115_200, False)])
async def test_a_touch_is_dtr_let_go_at_1200_baud(baud: int, resets: bool) -> None:
    wire = idle("touch")
    await wire.set_baud(baud)
    await wire.set_dtr(False)
    await wire.set_baud(115_200)
    assert await answers(wire) is resets


def test_what_resets_a_virtual_board_is_an_option() -> None:
    assert from_url("sim:?autoreset=break").other_reset is OtherReset.BREAK
    assert from_url("sim:?autoreset=touch").auto_reset is False
    assert from_url("sim:?autoreset=yes").other_reset is None
    with pytest.raises(BadOption, match="yes, no, touch or break"):
        from_url("sim:?autoreset=maybe")


async def test_a_pseudo_terminal_has_no_line_to_break() -> None:
    master, slave = os.openpty()
    tty.setraw(slave)
    wire = await open_local(os.ttyname(slave), 19_200)
    await wire.set_break(True)
    await wire.set_break(False)
    await wire.close()
    os.close(master)
    os.close(slave)


async def test_a_raw_stream_says_that_it_has_no_break() -> None:
    server = await asyncio.start_server(lambda reader, writer: writer.close(), "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    wire = await open_socket(f"socket://127.0.0.1:{port}", 19_200)
    with pytest.raises(PortError) as caught:
        await wire.set_break(True)
    assert caught.value.reason is PortReason.UNSUPPORTED
    await wire.close()
    server.close()
    await server.wait_closed()
