"""A chip erase is believed only when something that was there is gone."""

import pytest

from avrdeck.jobs.erasing import erase
from avrdeck.jobs.writing import erase_chip
from avrdeck.protocol.errors import TargetError, UsageFault
from avrdeck.protocol.link import Link
from avrdeck.protocol.programmer import Programmer
from avrdeck.protocol.simulator.machine import Machine
from avrdeck.protocol.stk500v1 import Universal
from avrdeck.protocol.target import fuses
from jobs.uploads import ops
from virtual import board

ERASE = bytes([0xAC, 0x80])


async def on(options: str = "") -> tuple[Programmer, Machine]:
    wire = board(options)
    programmer = await Programmer.connect(Link(wire))
    await programmer.identify()
    return programmer, wire.machine


def deaf_to_erases(programmer: Programmer, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a flipped bit makes of the instruction: it is answered, and nothing is erased."""

    async def answered() -> None:
        await programmer.universal(bytes([0x0C, 0x80, 0, 0]))

    monkeypatch.setattr(programmer, "chip_erase", answered)


@pytest.mark.parametrize("name", ["atmega328p", "attiny13", "atmega2560", "atmega8"])
@pytest.mark.parametrize("at", [0, 1, -2, -1])
async def test_an_erase_that_was_lost_is_noticed(name: str, at: int, monkeypatch: pytest.MonkeyPatch) -> None:
    programmer, machine = await on(f"part={name}")
    machine.target.cells.flash[at] = 0x12
    values = await fuses.read_all(programmer)
    deaf_to_erases(programmer, monkeypatch)
    if at % 2:
        with pytest.raises(TargetError, match=f"something at 0x{at % len(machine.target.cells.flash):04X}"):
            await erase(programmer, values)
    else:
        await erase(programmer, values)
    machine.target.cells.flash[at | 1] = 0x34
    with pytest.raises(TargetError, match="not blank"):
        await erase(programmer, values)


async def test_content_between_the_usual_places_is_seen_by_erase_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    programmer, machine = await on()
    machine.target.cells.flash[0x800:0x1800] = bytes(0x1000)
    deaf_to_erases(programmer, monkeypatch)
    with pytest.raises(TargetError, match="not blank"):
        await erase_chip(programmer)


async def test_a_locked_chip_is_proved_by_its_lock_byte(monkeypatch: pytest.MonkeyPatch) -> None:
    programmer, machine = await on()
    machine.target.cells.flash[:] = bytes(32768)
    machine.target.cells.fuses["lock"] = 0xFC
    values = await fuses.read_all(programmer)
    with monkeypatch.context() as patch:
        deaf_to_erases(programmer, patch)
        with pytest.raises(TargetError, match="still locked after the erase: lock reads FC"):
            await erase(programmer, values)
    await erase(programmer, values)
    assert set(machine.target.cells.flash) == {0xFF}
    assert programmer.fuses["lock"] == 0xFF


async def test_an_unlocked_chip_with_content_is_not_erased(monkeypatch: pytest.MonkeyPatch) -> None:
    """As a chip does whose supply gives way: its lock bits should be the last to go."""
    programmer, machine = await on()
    machine.target.cells.flash[:] = bytes(32768)
    machine.target.cells.fuses["lock"] = 0xFE
    values = await fuses.read_all(programmer)

    async def unlock() -> None:
        machine.target.cells.fuses["lock"] = 0xFF

    monkeypatch.setattr(programmer, "chip_erase", unlock)
    with pytest.raises(TargetError, match="not blank"):
        await erase(programmer, values)


async def test_a_fuse_that_was_hit_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    programmer, machine = await on()
    values = await fuses.read_all(programmer)

    async def hit() -> None:
        machine.target.cells.fuses["lfuse"] = 0x60

    monkeypatch.setattr(programmer, "chip_erase", hit)
    with pytest.raises(TargetError, match="lfuse 60"):
        await erase(programmer, values)


@pytest.mark.parametrize("kept", [False, True])
async def test_where_flash_was_blank_the_eeprom_shows_that_the_erase_was_lost(
    kept: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    programmer, machine = await on()
    machine.target.cells.eeprom[0] = 0x12
    machine.target.cells.fuses["hfuse"] = 0xD1 if kept else 0xD9
    values = await fuses.read_all(programmer)
    deaf_to_erases(programmer, monkeypatch)
    if kept:  # by EESAVE: it tells nothing
        await erase(programmer, values)
    else:
        with pytest.raises(
            TargetError, match="EEPROM is not blank after the erase: there is something at 0x0000"
        ):
            await erase(programmer, values)


async def test_the_proof_takes_few_instructions() -> None:
    """Blank: six places, one byte of EEPROM and four fuse bytes. Else what was found is read once more."""
    for content, most in ((0xFF, 6 + 1 + 1 + 4), (0x00, 6 + 1 + 4 + 6)):
        programmer, machine = await on()
        machine.target.cells.flash[:] = bytes([content]) * 32768
        values = await fuses.read_all(programmer)
        before = len(ops(programmer))
        await erase(programmer, values)
        assert ops(programmer)[before:] == [Universal.op] * most


async def test_through_a_bootloader_nothing_is_begun() -> None:
    wire = board("dialect=deckboot")
    programmer = await Programmer.connect(Link(wire))
    await programmer.identify()
    with pytest.raises(UsageFault, match="deckboot, a bootloader, cannot erase the chip") as refused:
        await erase_chip(programmer)
    assert refused.value.holds == "The chip is unchanged."
