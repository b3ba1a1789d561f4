"""``sim:`` as a transport, and its options."""

import asyncio
from pathlib import Path
from types import SimpleNamespace

import pytest

from avrdeck.protocol.errors import PortError, PortReason, UsageFault
from avrdeck.protocol.simulator.faults import Fault, Kind
from avrdeck.protocol.simulator.options import DialectName, Options, from_url
from avrdeck.protocol.simulator.oscillator import Xtal
from avrdeck.protocol.transports import sim
from avrdeck.protocol.transports.sim import SimTransport, open_sim

READY = "sim:?autoreset=no"


async def talk(wire: SimTransport, request: str, timeout: float = 0.1) -> str:
    """Send hex, return in hex what comes until nothing does for ``timeout``."""
    wire.write(bytes.fromhex(request))
    heard = b""
    while data := await wire.read(timeout):
        heard += data
    return heard.hex(" ")


async def test_the_default_is_an_uno_with_a_new_atmega328p() -> None:
    wire = open_sim()
    assert (wire.name, wire.baud) == ("sim:", 19200)
    await wire.sleep(1.6)
    assert await talk(wire, "31 20") == "14 41 56 52 20 49 53 50 10"
    await talk(wire, "50 20")
    assert await talk(wire, "75 20") == "14 1e 95 0f 10"
    assert wire.machine.target.cells.fuses["lfuse"] == 0x62
    assert str(wire.machine.target.xtal) == "16000000"


async def test_opening_resets_the_board_which_then_takes_its_time() -> None:
    wire = open_sim()
    assert await talk(wire, "30 20") == ""
    await wire.sleep(1.45)
    assert await talk(wire, "30 20") == "14 10"


async def test_a_capacitor_on_reset_keeps_it_running() -> None:
    assert await talk(open_sim(READY), "30 20") == "14 10"


async def test_dtr_resets_it_again() -> None:
    wire = open_sim("sim:?reset_ms=0")
    await wire.sleep(0.6)
    assert await talk(wire, "30 20") == "14 10"
    await wire.set_dtr(False)
    assert await talk(wire, "30 20") == "14 10"
    await wire.set_dtr(True)
    wire.write(b"\x20")
    assert await wire.read(0.5) == b""


async def test_reading_takes_virtual_time_only() -> None:
    wire = open_sim(READY)
    began = wire.now()
    assert await wire.read(3600) == b""
    assert wire.now() - began == pytest.approx(3600)
    wire.write(b"0 ")
    assert await wire.read(3600) == b"\x14"
    assert wire.now() - began - 3600 == pytest.approx(0.0016, abs=0.0002)


@pytest.mark.parametrize(("worked", "turns"), [(sim.SPELL_S / 2, 1), (sim.SPELL_S * 2, sim.TURNS)])
async def test_after_a_spell_of_work_others_have_their_turns(
    worked: float, turns: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    wire, taken = open_sim(READY), 0

    async def other() -> None:
        nonlocal taken
        while True:
            taken += 1
            await asyncio.sleep(0)

    clock = iter([100.0, 100.0 + worked])
    monkeypatch.setattr(sim, "time", SimpleNamespace(monotonic=clock.__next__))
    await wire.sleep(0)
    beside = asyncio.create_task(other())
    await wire.sleep(0)
    beside.cancel()
    assert taken == turns


async def test_an_endless_read_ends_with_a_byte_or_by_cancellation() -> None:
    wire = open_sim(READY)
    wire.write(b"0 ")
    assert await wire.read(float("inf")) == b"\x14"
    assert await wire.read(float("inf")) == b"\x10"
    waiting = asyncio.create_task(wire.read(float("inf")))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting


async def test_discard_takes_what_has_arrived() -> None:
    wire = open_sim(READY)
    wire.write(b"0 ")
    assert wire.discard() == b""
    await wire.sleep(0.1)
    assert wire.discard() == b"\x14\x10"
    assert await wire.read(0.1) == b""


@pytest.mark.parametrize("baud", [9600, 38400, 115200])
async def test_another_speed_is_not_understood(baud: int) -> None:
    wire = open_sim(READY, baud)
    assert wire.baud == baud
    assert await talk(wire, "30 20" * 3) != "14 10 14 10 14 10"
    await wire.set_baud(19200)
    for _ in range(3):
        await talk(wire, "20")
    assert await talk(wire, "30 20") == "14 10"


@pytest.mark.parametrize(("url", "baud"), [(f"{READY}&baud=115200", 115200), (f"{READY}&baud=any", 57600)])
async def test_the_firmware_has_the_speed_it_was_built_for(url: str, baud: int) -> None:
    assert await talk(open_sim(url, baud), "30 20") == "14 10"


async def test_nothing_works_on_a_closed_port() -> None:
    wire = open_sim(READY)
    await wire.close()
    await wire.close()
    with pytest.raises(PortError):
        wire.write(b"0 ")
    with pytest.raises(PortError):
        await wire.read(1)


async def test_closing_keeps_the_chip(tmp_path: Path) -> None:
    url = f"{READY}&state={tmp_path / 'chip.json'}"
    wire = open_sim(url)
    wire.machine.target.cells.flash[0] = 0x12
    await wire.close()
    assert open_sim(url).machine.target.cells.flash[0] == 0x12
    with pytest.raises(PortError, match="holds an ATmega328P"):
        open_sim(f"{url}&part=attiny85")


async def test_a_state_file_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    wire = open_sim(f"{READY}&state={tmp_path / 'no' / 'chip.json'}")
    with pytest.raises(PortError) as caught:
        await wire.close()
    assert caught.value.reason is PortReason.FAILED


async def test_a_damaged_state_file_is_told(tmp_path: Path) -> None:
    (tmp_path / "chip.json").write_text("{}")
    with pytest.raises(PortError, match="avrdeck virtual chip"):
        open_sim(f"sim:?state={tmp_path / 'chip.json'}")


FAULTS = [
    (Fault(Kind.DROP, 1), ""),
    (Fault(Kind.FLIP, 0, mask=0x01), "14 41 56 52 20 49 53 50 10"),
    (Fault(Kind.DOUBLE, 1), "14 10 15"),
    (Fault(Kind.DELAY, 1, delay_ns=50_000_000), "14 10"),
    (Fault(Kind.RESET_PROGRAMMER, 1), ""),
    (Fault(Kind.DROP, 0, to_host=True), "10"),
    (Fault(Kind.FLIP, 1, to_host=True, mask=0xFF), "14 ef"),
    (Fault(Kind.DOUBLE, 0, to_host=True), "14 14 10"),
    (Fault(Kind.DELAY, 1, to_host=True, delay_ns=50_000_000), "14 10"),
    (Fault(Kind.RESET_PROGRAMMER, 1, to_host=True), "14"),
]


@pytest.mark.parametrize(("fault", "heard"), FAULTS, ids=str)
async def test_faults_strike_one_byte(fault: Fault, heard: str) -> None:
    wire = open_sim(READY)
    wire.machine.faults.add(fault)
    assert await talk(wire, "30 20") == heard


@pytest.mark.parametrize("to_host", [False, True])
async def test_an_unplugged_port_is_gone(to_host: bool) -> None:
    wire = open_sim(READY)
    wire.machine.faults.add(Fault(Kind.VANISH, 1, to_host=to_host))
    with pytest.raises(PortError) as caught:
        await talk(wire, "30 20")
    assert caught.value.reason is PortReason.VANISHED
    with pytest.raises(PortError):
        wire.write(b"0 ")


async def test_a_power_cut_ends_programming_mode() -> None:
    wire = open_sim(READY)
    await talk(wire, "50 20")
    sent = wire.machine.faults.to_device
    wire.machine.faults.add(Fault(Kind.CUT_POWER, sent))
    await talk(wire, "30 20")
    assert not wire.machine.target.programming


@pytest.mark.parametrize(
    ("url", "options"),
    [
        ("sim:", Options()),
        ("sim:?part=m328p", Options(part="ATmega328P")),
        ("sim:?part=attiny85&dialect=arduinoisp", Options(part="ATtiny85")),
        ("sim:?dialect=optiboot", Options(dialect=DialectName.OPTIBOOT)),
        ("sim:?dialect=deckboot-256", Options(dialect=DialectName.DECKBOOT_256)),
        ("sim:?xtal=none", Options(xtal=Xtal.parse("none"))),
        ("sim:?target=none&seed=7", Options(target=False, seed=7)),
        ("sim:?state=/tmp/a%20b.json", Options(state=Path("/tmp/a b.json"))),
        ("sim:?baud=any", Options(any_baud=True)),
        ("sim:?autoreset=no&reset_ms=1500&app=echo", Options(auto_reset=False, reset_ms=1500, echo=True)),
    ],
)
def test_options(url: str, options: Options) -> None:
    assert from_url(url) == options


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("sim:?colour=red", "part, dialect, xtal, target, state, seed, baud, autoreset, reset_ms, app"),
        ("sim:?part=atmega999", "No part is called"),
        ("sim:?dialect=stk500", "arduinoisp, optiboot, optiboot4, atmegaboot, deckboot, deckboot-wait or "),
        ("sim:?xtal=16MHz", "a crystal"),
        ("sim:?target=maybe", "yes or none"),
        ("sim:?seed=-1", "a number from 0"),
        ("sim:?seed=99999999999", "a number from 0"),
        ("sim:?baud=1", "a number from 300"),
        ("sim:?baud=", "a number from 300"),
        ("sim:?reset_ms=1e9", "a number from 0 to"),
        ("sim:?part", "name=value"),
        ("sim:?" + "&".join(f"seed={n}" for n in range(50)), "name=value"),
        ("sim:part=attiny85", "question mark"),
        ("sim:?dialect=optiboot&part=attiny85", "boot section"),
    ],
)
def test_bad_options_are_explained(url: str, says: str) -> None:
    with pytest.raises(PortError, match=says) as caught:
        open_sim(url)
    assert caught.value.reason is PortReason.UNSUPPORTED


def test_a_bad_option_is_a_fault_of_the_user() -> None:
    with pytest.raises(UsageFault):
        from_url("sim:?colour=red")
