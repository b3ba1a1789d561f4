import pytest

from avrdeck.boards.catalog import part
from avrdeck.boards.safety import Severity
from avrdeck.jobs.guard import judge_command, judge_instructions
from avrdeck.protocol import stk500v1 as stk
from avrdeck.protocol.codes import MemoryType
from avrdeck.protocol.simulator.cells import Cells, factory_fresh
from avrdeck.protocol.simulator.isp_port import IspPort

FAMILIES = [
    "ATmega328P", "ATtiny85", "ATtiny13", "ATmega8", "ATmega2560", "ATmega32U4", "AT90S2313", "AT90S4433",
    "ATtiny26", "ATtiny861",
]  # fmt: skip
LONG_AFTER = 10**12
"""Nanoseconds between instructions: every write is over."""


def contents(cells: Cells) -> tuple[bytes, bytes, tuple[tuple[str, int], ...]]:
    return bytes(cells.flash), bytes(cells.eeprom), tuple(cells.fuses.items())


def send(port: IspPort, frame: bytes, at: int) -> None:
    for byte in frame:
        port.exchange(byte, at)


@pytest.mark.parametrize("name", FAMILIES)
def test_nothing_that_changes_a_chip_passes_unguarded(name: str) -> None:
    """Every pair of first bytes that the guard lets pass, into a chip with a loaded page buffer."""
    chip = part(name)
    cells = factory_fresh(chip)
    cells.flash[:] = bytes(len(cells.flash))
    port = IspPort(cells)
    send(port, bytes.fromhex("ac530000"), 0)
    port.enabled = True
    before, at, passed = contents(cells), 0, 0
    for head in range(0x1_0000):
        frame = head.to_bytes(2, "big") + b"\x00\x5a"
        if judge_instructions(chip, [frame], {}).effects:
            continue
        passed += 1
        at += LONG_AFTER
        send(port, frame, at)
        if head % 64 == 63:
            assert contents(cells) == before, f"{name}: one of the 64 frames up to {frame.hex(' ')}"
    assert contents(cells) == before
    assert passed > 0x8000


@pytest.mark.parametrize(
    ("name", "frame", "effect"),
    [
        ("ATmega328P", "AC 80 00 00", "chip erase"),
        ("ATmega328P", "AC A0 00 E0", "write lfuse E0"),
        ("ATmega328P", "AC E0 00 00", "write lock 00"),
        ("ATmega328P", "4C 00 00 00", "write the page buffer to flash 0x0000"),
        ("ATmega328P", "C0 00 01 55", "write 55 to eeprom 0x0001"),
        ("AT90S2313", "40 00 00 55", "write 55 to flash word 0x0000 low byte"),
        ("ATmega8", "AC A4 00 FF", "write"),
    ],
)
def test_what_changes_a_chip_is_named(name: str, frame: str, effect: str) -> None:
    verdict = judge_instructions(part(name), [bytes.fromhex(frame)], {})
    assert len(verdict.effects) == 1
    assert effect in verdict.effects[0]


@pytest.mark.parametrize(
    "frame",
    ["30 00 00 00", "38 00 07 00", "50 00 00 00", "58 08 00 00", "20 00 00 00", "A0 00 00 00", "F0 00 00 00"],
)
def test_reading_needs_no_permission(frame: str) -> None:
    assert judge_instructions(part("ATmega328P"), [bytes.fromhex(frame)], {}).effects == ()


def test_a_raw_fuse_write_has_the_findings_of_the_fuse_editor() -> None:
    factory = {"lfuse": 0x62, "hfuse": 0xD9, "efuse": 0xFF, "lock": 0xFF}
    verdict = judge_instructions(part("ATmega328P"), [bytes.fromhex("ACA80059")], factory)
    assert verdict.findings[0].severity is Severity.FATAL
    assert "hfuse.RSTDISBL" in verdict.findings[0].bits


def test_a_fuse_that_the_part_lacks_is_fatal() -> None:
    verdict = judge_instructions(part("ATmega8"), [bytes.fromhex("ACA400FF")], {})
    assert max(finding.severity for finding in verdict.findings) is Severity.FATAL


def test_an_unknown_chip_lets_only_reads_pass() -> None:
    assert judge_instructions(None, [bytes.fromhex("30000000")], {}).effects == ()
    verdict = judge_instructions(None, [bytes.fromhex("ACA000E0")], {})
    assert verdict.effects
    assert verdict.findings[0].severity is Severity.FATAL


CHANGING = [
    stk.ChipErase(), stk.ProgFlash(0, 0), stk.ProgData(0), stk.ProgFuse(0, 0), stk.ProgLock(0),
    stk.ProgFuseExt(0, 0, 0), stk.ProgPage(MemoryType.FLASH, b"x"), stk.ProgPage(MemoryType.EEPROM, b"x"),
    stk.UniversalMulti(b"\xac\x80\x00\x00"), stk.Universal(b"\xac\x80\x00\x00"),
]  # fmt: skip


@pytest.mark.parametrize("command", CHANGING, ids=lambda command: type(command).__name__)
def test_commands_that_change_a_chip_are_held_back(command: stk.Command) -> None:
    assert judge_command(part("ATmega328P"), command, {}).effects


def test_all_other_commands_pass() -> None:
    held = {command.op for command in CHANGING} - {stk.Universal.op}
    passing = [stk.GetSync(), stk.ReadSign(), stk.LoadAddress(0), stk.EnterProgmode(), stk.ReadPage(70, 1)]
    assert not held & {command.op for command in passing}
    assert all(not judge_command(part("ATmega328P"), command, {}).effects for command in passing)
