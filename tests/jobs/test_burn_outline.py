import random

import pytest

from avrdeck.boards.catalog import part
from avrdeck.boards.images import Image
from avrdeck.boards.safety import Severity
from avrdeck.jobs.burn import BurnPlan
from avrdeck.jobs.burn.outline import outline, prepare
from avrdeck.protocol.errors import InputFault, SignatureMismatch, UsageFault
from virtual import board, programmer_on

M328P = part("ATmega328P")
FACTORY = {"lfuse": 0x62, "hfuse": 0xD9, "efuse": 0xFF, "lock": 0xFF}
LOADER = Image.of(random.Random(7).randbytes(500), 0x7E00, "/boot/loader.hex")
PLAN = BurnPlan(
    LOADER,
    {"lfuse": 0xFF, "hfuse": 0xDE, "efuse": 0xFD},
    0x0F,
    "ATmega328P",
    "Arduino UNO",
    16_000_000,
    115_200,
)


def test_every_operation_is_listed_with_before_and_after() -> None:
    assert [str(each) for each in outline(PLAN, M328P, FACTORY).operations] == [
        "Signature: 1E 95 0F, ATmega328P",
        "Backup: fuses, lock and identity; flash and EEPROM unless blank or told not to",
        "Erase and unlock: lock FF → blank, lock FF",
        "efuse: FF → FD",
        "hfuse: D9 → DE",
        "lfuse: 62 → FF",
        "Leave, re-enter: internal RC at 1 MHz → it answers on crystal",
        "Write flash: blank → 500 bytes of loader.hex at 0x7E00",
        "Verify flash: every byte read back",
        "Lock and verify: FF → CF",
    ]


def test_what_is_right_already_stays() -> None:
    now = {**FACTORY, "lfuse": 0xFF, "hfuse": 0xDE, "efuse": 0x05}
    steps = {each.step: each.after for each in outline(PLAN, M328P, now).operations}
    assert steps["lfuse"] == "FF stays"
    assert steps["efuse"] == "05 stays"
    assert "restart" not in steps


@pytest.mark.parametrize(
    ("changed", "rule", "says"),
    [
        (
            {"image": Image.of(b"\0" * 600, 0x7C00, "big.hex")},
            "C3",
            "0x7C00, below the boot section at 0x7E00",
        ),
        ({"fuse_bytes": {"lfuse": 0xE2, "hfuse": 0xDE}}, "C5", "it will talk at 57600 baud, not 115200"),
        ({"fuse_bytes": {"lfuse": 0xFF, "hfuse": 0xDF}}, "C1", "the bootloader is never entered"),
        ({}, "A6", "Needs its crystal"),
    ],
)
def test_what_is_dangerous_or_wrong_about_it_is_found(
    changed: dict[str, object], rule: str, says: str
) -> None:
    plan = BurnPlan(**{**{name: getattr(PLAN, name) for name in BurnPlan.__slots__}, **changed})
    found = {finding.id: finding.message for finding in outline(plan, M328P, FACTORY).findings}
    assert says in found[rule]


def test_a_fuse_that_ends_isp_is_fatal() -> None:
    plan = BurnPlan(LOADER, {"hfuse": 0x5E})
    assert outline(plan, M328P, FACTORY).severity is Severity.FATAL


def test_an_image_beyond_the_flash_is_refused() -> None:
    with pytest.raises(InputFault, match="does not fit the ATmega328P"):
        outline(BurnPlan(Image.of(b"\0" * 16, 0x7FF8)), M328P, FACTORY)


async def test_a_board_with_another_part_is_refused() -> None:
    programmer = await programmer_on(board("part=atmega168"))
    with pytest.raises(
        SignatureMismatch, match="Arduino UNO has an ATmega328P, the chip is an ATmega168"
    ) as caught:
        await prepare(programmer, PLAN)
    assert caught.value.holds == "The chip is unchanged."


async def test_of_parts_that_share_a_signature_the_plans_is_taken() -> None:
    twin = next(name for name in part("ATmega328P").shares_signature_with or ("ATmega328P",))
    programmer = await programmer_on(board(), twin)
    made = await prepare(programmer, PLAN)
    assert made.part.name == programmer.require_part().name == "ATmega328P"


async def test_a_bootloader_cannot_burn_a_bootloader() -> None:
    programmer = await programmer_on(board("dialect=optiboot"))
    with pytest.raises(UsageFault, match="cannot be burned through Optiboot"):
        await prepare(programmer, PLAN)
