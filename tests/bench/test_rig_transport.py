"""The engine's way into the bench lives in simulated time."""

from __future__ import annotations

import pytest
from bench_transport import BenchTransport
from firmware import arduino_isp
from rig import Rig

from avrdeck.protocol.transports.base import Transport


async def test_a_read_ends_with_a_byte_or_its_timeout_and_time_is_the_bench_s() -> None:
    with Rig(arduino_isp()) as rig:
        rig.control.run(1_000_000_000)
        port: Transport = BenchTransport(rig, 19200)
        assert port.now() == pytest.approx(1.0, abs=1e-6)
        port.write(b"0 ")
        assert await port.read(1.0) == b"\x14"
        assert await port.read(1.0) == b"\x10"
        assert port.now() == pytest.approx(1.0 + 4 * 10 / 19200, abs=1e-4)
        assert await port.read(0.5) == b""
        assert port.now() == pytest.approx(1.5 + 4 * 10 / 19200, abs=1e-4)
        port.write(b"0 ")
        await port.sleep(0.1)
        assert port.discard() == b"\x14\x10"
        await port.close()
        await port.close()
        assert [line.mark for line in rig.trace() if line.mark in "OC"] == ["O", "C"]
