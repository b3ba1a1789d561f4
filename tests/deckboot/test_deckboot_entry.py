"""When deckboot waits for a host, and when it starts the application."""

from __future__ import annotations

import pytest
from deckboot_rig import Host, loader, rig
from reporting import EXTRF, Watcher, behind

from avrdeck.boards.deckboot import NO_LED, Entry, Wish

pytestmark = pytest.mark.usefixtures("bench")

SYNC = b"0 "
IN_STEP = b"\x14\x10"
LIMITED_S = (7.9, 8.2)


def _silence(watcher: Watcher, seconds: float) -> float | None:
    """How long after a reset the application begins to tell."""
    watcher.control.ask("reset")
    began = watcher.control.now
    watcher.run(seconds)
    return (watcher.heard[0][0] - began) / 1e9 - 0.066 if watcher.heard else None


@pytest.mark.parametrize(
    ("wish", "low", "high"),
    [
        (Wish(), 0.97, 1.05),
        (Wish(timeout_s=0.25), 0.2, 0.3),
        (Wish(timeout_s=4), 3.95, 4.06),
        (Wish(f_cpu_hz=8_000_000, baud=115_200 // 2), 0.93, 1.06),
    ],
)
def test_the_time_out(wish: Wish, low: float, high: float) -> None:
    with behind(loader(wish=wish)) as bench:
        watcher = Watcher(bench)
        watcher.run(0.07)
        silence = _silence(watcher, 5)
        assert silence is not None
        assert low <= silence <= high


def test_waiting_has_no_end() -> None:
    with behind(loader(entry=Entry.WAIT)) as bench:
        watcher = Watcher(bench)
        watcher.run(0.07)
        assert _silence(watcher, 20) is None
        assert watcher.send(SYNC) == IN_STEP


@pytest.mark.parametrize("first", ["watchdog", "brown-out"])
def test_waiting_ends_when_the_reset_may_have_been_another(first: str) -> None:
    """MCUSR has EXTRF, but WDRF or BORF too: this may be a watchdog or brown-out reset."""
    with behind(loader(entry=Entry.WAIT)) as bench:
        watcher = Watcher(bench)
        watcher.run(0.07)
        watcher.reset(first)
        silence = _silence(watcher, 10)
        assert silence is not None
        assert LIMITED_S[0] <= silence <= LIMITED_S[1]


def test_a_second_reset_starts_the_application_and_a_third_the_loader() -> None:
    with behind(loader(entry=Entry.WAIT)) as bench:
        watcher = Watcher(bench)
        watcher.run(0.07)
        for spoken in (True, False, True):
            watcher.reset("external")
            assert watcher.report is None
            assert watcher.send(SYNC if spoken else b"") == (IN_STEP if spoken else b"")
            watcher.reset("external")
            assert watcher.reported(0.01)["MCUSR"] & EXTRF


@pytest.mark.parametrize("entry", Entry)
def test_once_a_host_has_spoken_it_may_take_its_time(entry: Entry) -> None:
    with behind(loader(entry=entry)) as bench:
        watcher = Watcher(bench)
        watcher.run(0.07)
        watcher.reset("external")
        assert watcher.send(SYNC) == IN_STEP
        watcher.run(12)
        assert watcher.heard == []
        assert watcher.send(SYNC) == IN_STEP


def test_half_a_get_sync_does_not_hold_the_application_up() -> None:
    with behind(loader()) as bench:
        watcher = Watcher(bench)
        watcher.run(0.07)
        watcher.reset("external")
        assert watcher.send(b"0") == b""
        assert watcher.reported(1.1)["MCUSR"] & EXTRF


@pytest.mark.parametrize("byte", [b"\x00", b" ", b"d", b"t", b"U", b"Q", b"1", b"\xff"])
def test_any_other_first_byte_starts_the_application(byte: bytes) -> None:
    with behind(loader()) as bench:
        watcher = Watcher(bench)
        watcher.run(0.07)
        watcher.reset("external")
        watcher.send(byte, 0.005)
        assert watcher.report is not None
        assert bench.counters()["spm_erases"] == 0


def test_a_running_watchdog_does_not_disturb_a_session() -> None:
    """WDRF keeps it at 16 ms until the application has cleared MCUSR."""
    with behind(loader()) as bench:
        watcher = Watcher(bench)
        watcher.run(0.07)
        watcher.reset("external")
        watcher.run(1.1)
        watcher.reset("watchdog")
        assert watcher.send(SYNC) == IN_STEP
        assert len(watcher.send(b"t\x00\x00F ", 0.1)) == 258
        assert watcher.send(b"U\x00\x00 ") == IN_STEP
        assert watcher.send(b"d\x00\x40E" + bytes(64) + b" ", 0.4) == IN_STEP
        assert watcher.send(b"U\x00\x02 ") == IN_STEP
        assert watcher.send(b"d\x00\x80F" + bytes(128) + b" ", 0.1) == IN_STEP
        watcher.run(5)
        assert watcher.send(SYNC) == IN_STEP
        assert bench.counters()["watchdog_resets"] == 1


@pytest.mark.parametrize("entry", Entry)
def test_an_empty_chip_comes_back_to_the_loader(entry: Entry) -> None:
    with rig(loader(entry=entry), application=b"") as bench:
        host = Host(bench)
        host.reset()
        host.run(5)
        assert host(SYNC) == IN_STEP
        assert host(b"Q ") == IN_STEP
        assert host(SYNC) == IN_STEP


@pytest.mark.parametrize(
    ("led", "ddr", "port", "bit"), [("B5", 0x24, 0x25, 5), ("d4", 0x2A, 0x2B, 4), ("PC0", 0x27, 0x28, 0)]
)
def test_the_led_is_on_while_the_loader_runs(led: str, ddr: int, port: int, bit: int) -> None:
    with rig(loader(wish=Wish(led=led))) as bench:
        host = Host(bench)
        host.enter()
        assert [bench.control.ask(f"peek {at:x}") for at in (ddr, port)] == [f"{1 << bit:02x}"] * 2
        host(b"Q ")
        assert [bench.control.ask(f"peek {at:x}") for at in (ddr, port)] == ["00"] * 2


def test_without_led_no_pin_is_touched() -> None:
    with rig(loader(wish=Wish(led=NO_LED))) as bench:
        Host(bench).enter()
        assert {bench.control.ask(f"peek {at:x}") for at in (0x24, 0x25, 0x27, 0x28, 0x2A, 0x2B)} == {"00"}
