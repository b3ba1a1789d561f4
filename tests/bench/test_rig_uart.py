"""The serial line is as unkind as a real one."""

from __future__ import annotations

import pytest
from firmware import arduino_isp
from monitor import Monitor, monitor
from rig import Rig

FE, DOR = 0x10, 0x08


@pytest.mark.parametrize(
    ("sent", "held"),
    [
        (b"", []),
        (b"AB", [(0, "A"), (0, "B")]),
        (b"ABC", [(0, "A"), (0, "B"), (0, "C")]),
        (b"ABCD", [(0, "A"), (0, "B"), (DOR, "D")]),
        (b"ABCDEF", [(0, "A"), (0, "B"), (DOR, "F")]),
    ],
)
def test_a_busy_cpu_keeps_two_bytes_and_the_shift_register(sent: bytes, held: list[tuple[int, str]]) -> None:
    with Rig(monitor()) as rig:
        Monitor(rig)
        reply = rig.control.exchange(b"d" + sent)
        pairs = [
            (flags & (FE | DOR), chr(byte)) for flags, byte in zip(reply[:-1:2], reply[1:-1:2], strict=True)
        ]
        assert pairs == held
        assert rig.counters()["overruns"] == max(0, len(sent) - 3)


@pytest.mark.parametrize(
    ("ppm", "in_step"),
    [(0, True), (20000, True), (-20000, True), (60000, False), (-60000, False)],
)
def test_two_percent_of_clock_error_pass_and_six_do_not(ppm: int, in_step: bool) -> None:
    with Rig(arduino_isp(), options={"ppm": ppm}) as rig:
        rig.control.run(1_000_000_000)
        rig.control.open(19200)
        assert (rig.control.exchange(b"1 ") == b"\x14AVR ISP\x10") is in_step


def test_a_wrong_baud_garbles() -> None:
    with Rig(arduino_isp()) as rig:
        rig.control.run(1_000_000_000)
        rig.control.open(38400)
        assert rig.control.exchange(b"0 0 0 0 ") not in {b"", b"\x14\x10" * 4}
        rig.control.ask("baud 19200")
        rig.control.exchange(b" " * 10)
        assert rig.control.exchange(b"0 ") == b"\x14\x10"


def test_a_frame_takes_ten_bits_both_ways() -> None:
    with Rig(arduino_isp()) as rig:
        rig.control.run(1_000_000_000)
        rig.control.open(19200)
        rig.control.exchange(b"1 ")
        times = {mark: [line.us for line in rig.trace() if line.mark == mark] for mark in "<>"}
        assert times[">"][1] - times[">"][0] == pytest.approx(10e6 / 19200, abs=0.2)
        # UBRR 103 with U2X: 19231 baud.
        gaps = [after - before for before, after in zip(times["<"], times["<"][1:], strict=False)]
        assert gaps == pytest.approx([520.0] * 8, abs=0.2)


def test_noise_hits_bytes_both_ways_and_repeats_with_its_seed() -> None:
    def run(seed: str) -> bytes:
        with Rig(arduino_isp(), options={"noise": 0.2, "seed": seed}) as rig:
            rig.control.run(1_000_000_000)
            rig.control.open(19200)
            return b"".join(rig.control.exchange(b"0 ") for _ in range(30))

    first = run("1")
    assert first != b"\x14\x10" * 30
    assert first == run("1")
    assert first != run("2")


def test_usb_carries_bytes_once_a_millisecond() -> None:
    with Rig(arduino_isp(), options={"usb_ms": 1}) as rig:
        rig.control.run(1_000_300_000)
        rig.control.open(19200)
        rig.control.write(b"1 ")
        seen = rig.control.run(1_050_000_000)
        assert bytes(byte for _, byte in seen) == b"\x14AVR ISP\x10"
        assert all(at % 1_000_000 == 0 for at, _ in seen)
        first = next(line.us for line in rig.trace() if line.mark == ">")
        assert first == pytest.approx(1_001_000 + 10e6 / 19200, abs=0.2)


def test_the_same_commands_at_the_same_times_give_the_same_trace() -> None:
    def run() -> list[object]:
        with Rig(arduino_isp()) as rig:
            rig.control.run(1_000_000_000)
            rig.control.open(19200)
            rig.control.exchange(b"P ", 0.2)
            rig.control.exchange(b"u ")
            return list(rig.trace())

    assert run() == run()
