import pytest

from avrdeck.boards.catalog import part, part_names
from avrdeck.protocol.errors import SignatureMismatch, SyncError, TargetError, UsageFault
from avrdeck.protocol.link import Link
from avrdeck.protocol.programmer import Programmer
from avrdeck.protocol.target import fuses, rows
from virtual import board, programmer_on

PROGRAMMABLE = [name for name in part_names() if part(name).is_avr and not part(name).clone]


async def test_a_target_is_identified_by_its_signature() -> None:
    programmer = await programmer_on(board())
    assert programmer.require_part().name == "ATmega328P"
    assert programmer.in_progmode


async def test_identifying_takes_a_seventh_of_a_second() -> None:
    """From a port that is ready to a signature read three times; simulated seconds."""
    wire = board()
    began = wire.now()
    await programmer_on(wire)
    assert wire.now() - began < 0.15


@pytest.mark.parametrize(
    "options",
    [
        "part=ATtiny13A",
        "part=ATtiny85",
        "part=ATtiny2313",
        "part=ATmega8",
        "part=ATmega32U4",
        "part=ATmega2560",
        "part=AT90S1200&xtal=ext4000000",
    ],
)
async def test_other_targets_are_identified_too(options: str) -> None:
    programmer = await programmer_on(board(options))
    assert programmer.require_part().name in options or programmer.require_part().shares_signature_with


async def test_another_chip_than_named_is_refused_and_named() -> None:
    with pytest.raises(SignatureMismatch) as caught:
        await programmer_on(board("part=atmega168p"), "ATmega328P")
    assert caught.value.expected == bytes.fromhex("1e950f")
    assert caught.value.actual == bytes.fromhex("1e940b")
    assert caught.value.candidates[0] == "ATmega168P"
    assert "ATmega168P" in str(caught.value)


@pytest.mark.parametrize("options", ["target=none", "xtal=none&part=atmega8u2"])
async def test_without_a_target_the_wiring_is_named_and_nothing_forced(options: str) -> None:
    with pytest.raises(TargetError, match="No target answers") as caught:
        await programmer_on(board(options))
    text = str(caught.value)
    assert "RESET, MOSI, MISO" in text
    assert "clock" in text
    assert "force" not in text.lower()


async def test_a_wrong_baud_rate_is_nobody_or_noise() -> None:
    with pytest.raises(SyncError, match="baud"):
        await Programmer.connect(Link(board("baud=19200", baud=57_600)))


@pytest.mark.parametrize("name", ["LGT8F328P", "AT89S51"])
async def test_clones_and_strangers_are_refused(name: str) -> None:
    programmer = await Programmer.connect(Link(board()))
    with pytest.raises(UsageFault, match=f"does not program {name}"):
        await programmer.identify(part(name))


async def test_fuses_are_read_and_written_and_take_effect_on_leaving() -> None:
    wire = board()
    programmer = await programmer_on(wire)
    assert await fuses.read_all(programmer) == {"lfuse": 0x62, "hfuse": 0xD9, "efuse": 0xFF, "lock": 0xFF}
    await fuses.write(programmer, "lfuse", 0xE2)
    await fuses.write(programmer, "efuse", 0x05)
    assert await fuses.read(programmer, "efuse") == 0xFD
    await programmer.leave()
    await programmer.enter()
    assert await fuses.read(programmer, "lfuse") == 0xE2


async def test_spien_does_not_yield_to_isp() -> None:
    """The chip ignores the bit, and that is no verify error: ISP cannot have meant it."""
    programmer = await programmer_on(board())
    await fuses.write(programmer, "hfuse", 0xF9)
    assert await fuses.read(programmer, "hfuse") == 0xD9


async def test_a_byte_that_the_part_lacks_is_refused() -> None:
    programmer = await programmer_on(board("part=atmega8"))
    with pytest.raises(UsageFault, match="ATmega8 has no efuse"):
        await fuses.read(programmer, "efuse")


async def test_a_disabled_reset_pin_ends_isp() -> None:
    wire = board()
    programmer = await programmer_on(wire)
    await fuses.write(programmer, "hfuse", 0x59)
    await programmer.leave()
    with pytest.raises(TargetError, match="No target answers"):
        await programmer.identify()


async def test_chip_erase_clears_flash_and_lock() -> None:
    wire = board()
    programmer = await programmer_on(wire)
    await fuses.write(programmer, "lock", 0xCC)
    wire.machine.target.cells.flash[0:2] = b"\x12\x34"
    await programmer.chip_erase()
    assert set(wire.machine.target.cells.flash) == {0xFF}
    assert await fuses.read(programmer, "lock") == 0xFF


async def test_the_signature_row_is_read() -> None:
    programmer = await programmer_on(board("part=atmega328pb&seed=7"))
    row = await rows.read(programmer, "prodsig")
    assert row[0:5:2] == bytes.fromhex("1e9516")
    assert await rows.read(programmer, "sernum") == row[14:24]
    assert await rows.read(programmer, "calibration") == row[1:2]
    assert await rows.read(programmer, "signature") == bytes.fromhex("1e9516")
    with pytest.raises(UsageFault, match="no usersig"):
        await rows.read(programmer, "usersig")


async def test_a_bootloader_is_never_asked_for_fuses() -> None:
    programmer = await programmer_on(board("dialect=optiboot"))
    assert programmer.require_part().name == "ATmega328P"
    with pytest.raises(UsageFault, match="cannot pass ISP instructions on"):
        await fuses.read(programmer, "lfuse")
    with pytest.raises(UsageFault, match="bootloader"):
        await rows.read(programmer, "prodsig")
    with pytest.raises(UsageFault, match="cannot erase"):
        await programmer.chip_erase()


async def test_a_sketch_left_in_programming_mode_is_found_out() -> None:
    """Its target lost power meanwhile, and a second ENTER_PROGMODE alone would change nothing."""
    wire = board()
    await programmer_on(wire)
    wire.machine.target.power_cycle()
    again = await programmer_on(wire)
    assert again.require_part().name == "ATmega328P"
