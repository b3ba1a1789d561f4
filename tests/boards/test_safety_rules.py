"""Each safety rule with a case that triggers it and one that does not, on real parts."""

import pytest

from avrdeck.boards import catalog
from avrdeck.boards.safety import BootImage, Context, Fitted, Severity, Xtal1, review
from avrdeck.boards.safety.rules import RULES

FATAL, RECOVERABLE, WARNING, INFO = reversed(Severity)
UNO = {"lfuse": 0xFF, "hfuse": 0xDE, "efuse": 0xFD, "lock": 0xCF}
FACTORY = {"lfuse": 0x62, "hfuse": 0xD9, "efuse": 0xFF, "lock": 0xFF}
CRYSTAL = Xtal1(Fitted.CRYSTAL, 16_000_000)
OPTIBOOT = BootImage(((0x7E00, 0x8000),), 16_000_000, 115_200)
ATMEGABOOT = BootImage(((0x7800, 0x8000),), 16_000_000, 57_600)

# (id, severity, part, new, old, context) and the near miss: what of (part, new, old, context) differs.
CASES = [
    ("A1", INFO, "ATmega328P", {"hfuse": 0xFE}, {}, {}, {"new": {"hfuse": 0xDE}}),
    ("A1", FATAL, "ATtiny13", {"lfuse": 0xEA}, {}, {"over_isp": False}, {"new": {"lfuse": 0x6A}}),
    ("A1", INFO, "ATtiny26", {"hfuse": 0xFF}, {}, {}, {"new": {"hfuse": 0xF7}}),
    ("A1", INFO, "ATtiny15", {"fuse": 0xFC}, {}, {}, {"new": {"fuse": 0x5C}}),
    ("A2", FATAL, "ATmega328P", {"hfuse": 0x5E}, {}, {}, {"new": {"hfuse": 0xDE}}),
    ("A2", FATAL, "ATtiny13", {"hfuse": 0xFE}, {}, {}, {"new": {"hfuse": 0xFB}}),
    ("A2", FATAL, "ATmega16U2", {"hfuse": 0x99}, {}, {}, {"name": "ATmega2560"}),
    ("A2", FATAL, "ATmega169P", {"efuse": 0xFE}, {}, {}, {"new": {"efuse": 0xFD}}),
    ("A3", FATAL, "ATmega328P", {"hfuse": 0x9E}, {}, {}, {"name": "ATmega2560"}),
    ("A3", FATAL, "ATtiny2313", {"hfuse": 0x5F}, {}, {}, {"new": {"hfuse": 0x9F}}),
    (
        "A4",
        FATAL,
        "ATmega328P",
        {"hfuse": 0x9E, "lock": 0xFC},
        {},
        {},
        {"new": {"hfuse": 0x9E, "lock": 0xFF}},
    ),
    (
        "A4",
        FATAL,
        "ATmega328P",
        {"hfuse": 0x9E, "lock": 0xFD},
        {},
        {},
        {"new": {"hfuse": 0xDE, "lock": 0xFD}},
    ),
    ("A5", RECOVERABLE, "ATmega328P", {"lfuse": 0xE0}, {}, {}, {"context": {"xtal1": Xtal1(Fitted.CLOCK)}}),
    ("A5", RECOVERABLE, "ATmega328P", {"lfuse": 0xE0}, {"lfuse": 0x62}, {}, {"old": {"lfuse": 0xC0}}),
    ("A5", RECOVERABLE, "ATtiny88", {"lfuse": 0xEC}, {}, {}, {"new": {"lfuse": 0xEE}}),
    ("A6", RECOVERABLE, "ATmega328P", {"lfuse": 0xFF}, {}, {}, {"context": {"xtal1": CRYSTAL}}),
    ("A6", RECOVERABLE, "ATmega328P", {"lfuse": 0xFB}, {}, {"xtal1": CRYSTAL}, {"new": {"lfuse": 0xFF}}),
    ("A6", RECOVERABLE, "ATmega328P", {"lfuse": 0xF7}, {"lfuse": 0xE2}, {}, {"old": {"lfuse": 0xFF}}),
    ("A7", RECOVERABLE, "ATmega328P", {"lfuse": 0xE5}, {}, {}, {"old": {"lfuse": 0xE5}}),
    ("A8", RECOVERABLE, "ATtiny13", {"lfuse": 0x7B}, {}, {}, {"context": {"sck_hz": 20_000}}),
    ("A8", RECOVERABLE, "ATtiny85", {"lfuse": 0xE4}, {}, {}, {"new": {"lfuse": 0xE2}}),
    (
        "A8",
        RECOVERABLE,
        "ATtiny841",
        {"lfuse": 0xC4, "efuse": 0xFF},
        {},
        {},
        {"new": {"lfuse": 0xC4, "efuse": 0x7F}},
    ),
    ("A9", RECOVERABLE, "ATtiny2313A", {"lfuse": 0x62}, {}, {}, {"new": {"lfuse": 0x64}}),
    ("A9", RECOVERABLE, "ATtiny2313A", {"lfuse": 0x62}, {}, {}, {"context": {"sck_hz": 124_999}}),
    ("A9", WARNING, "ATmega328P", {"lfuse": 0xF9}, {}, {}, {"new": {"lfuse": 0xF7}}),
    ("A9", RECOVERABLE, "ATmega328P", {"lfuse": 0x79}, {}, {}, {"new": {"lfuse": 0x7F}}),
    ("A10", INFO, "ATmega328P", {"lfuse": 0x62}, {}, {}, {"new": {"lfuse": 0xE2}}),
    ("A10", INFO, "ATtiny13", {"lfuse": 0x6A}, {}, {}, {"new": {"lfuse": 0x7A}}),
    ("A11", FATAL, "ATmega328P", {"lfuse": 0xC1}, {}, {}, {"new": {"lfuse": 0xC0}}),
    ("A11", FATAL, "ATmega328PB", {"lfuse": 0xF7}, {}, {}, {"name": "ATmega328P"}),
    ("A11", FATAL, "ATmega32U4", {"lfuse": 0xD3}, {}, {}, {"new": {"lfuse": 0xD2}}),
    ("A12", RECOVERABLE, "ATmega8", {"lfuse": 0xE5}, {}, {}, {"new": {"lfuse": 0xE4}}),
    ("A13", INFO, "ATtiny85", {"lfuse": 0xF1}, {}, {}, {"new": {"lfuse": 0xE2}}),
    ("A13", RECOVERABLE, "AT90PWM81", {"lfuse": 0xC4}, {}, {}, {"new": {"lfuse": 0xC2}}),
    ("A14", RECOVERABLE, "ATmega328P", {"efuse": 0xFC}, {}, {"vcc": 3.3}, {"context": {"vcc": 5.0}}),
    ("A14", RECOVERABLE, "ATmega8", {"lfuse": 0x21}, {}, {"vcc": 3.3}, {"new": {"lfuse": 0x61}}),
    ("A14", RECOVERABLE, "ATmega32U4", {"efuse": 0xC9}, {}, {"vcc": 3.3}, {"new": {"efuse": 0xCB}}),
    ("A15", WARNING, "ATmega328P", {"lfuse": 0xCE}, {}, {}, {"new": {"lfuse": 0xFF}}),
    ("A15", WARNING, "ATmega328P", {"lfuse": 0xFE}, {}, {"xtal1": CRYSTAL}, {"context": {}}),
    (
        "A15",
        WARNING,
        "ATmega328P",
        {"lfuse": 0xC2, "efuse": 0xFF},
        {},
        {},
        {"new": {"lfuse": 0xC2, "efuse": 0xFD}},
    ),
    (
        "A16",
        WARNING,
        "ATmega8",
        {"lfuse": 0xFF, "hfuse": 0xD9},
        {},
        {"xtal1": CRYSTAL},
        {"new": {"lfuse": 0xFF, "hfuse": 0xC9}},
    ),
    (
        "A16",
        WARNING,
        "ATmega8",
        {"lfuse": 0xE4, "hfuse": 0xC9},
        {},
        {},
        {"new": {"lfuse": 0xE4, "hfuse": 0xD9}},
    ),
    ("A16", INFO, "ATmega8", {"lfuse": 0xFF, "hfuse": 0xD9}, {}, {}, {"new": {"lfuse": 0xFB, "hfuse": 0xD9}}),
    ("A17", INFO, "ATmega16U2", {"lfuse": 0x5E}, {}, {}, {"new": {"lfuse": 0xFF}}),
    ("A18", INFO, "ATmega328PB", {"efuse": 0xFF}, {}, {}, {"new": {"efuse": 0xF7}}),
    ("B1", RECOVERABLE, "ATmega328P", {"lock": 0xFE}, {}, {}, {"new": {"lock": 0xFF}}),
    ("B1", RECOVERABLE, "AT90S8515", {"lock": 0xFD}, {}, {}, {"new": {"lock": 0xFF}}),
    ("B2", RECOVERABLE, "ATmega328P", {"lock": 0xFC}, {}, {}, {"new": {"lock": 0xFE}}),
    ("B3", WARNING, "ATmega328P", {"lock": 0xFD}, {}, {}, {"new": {"lock": 0xFE}}),
    ("B4", WARNING, "ATmega328P", {"lock": 0xF3}, {}, {}, {"new": {"lock": 0xCF}}),
    ("B4", WARNING, "ATmega328P", {"lock": 0xF7}, {}, {}, {"new": {"lock": 0xFF}}),
    ("B5", INFO, "ATmega328P", {"lock": 0xCF}, {}, {}, {"new": {"lock": 0xFF}}),
    ("B6", INFO, "ATtiny85", {"lock": 0xCF}, {}, {}, {"name": "ATmega328P"}),
    ("B7", WARNING, "ATmega328P", {"lock": 0xFF}, {"lock": 0xCF}, {}, {"context": {"erase": True}}),
    ("B7", WARNING, "ATmega328P", {"lock": 0x3F}, {"lock": 0xCF}, {}, {"old": {"lock": 0xFF}}),
    (
        "B8",
        WARNING,
        "ATmega328P",
        {"lock": 0xFC, "lfuse": 0xFF},
        {},
        {"order": ("lock", "lfuse")},
        {"context": {"order": ("lfuse", "lock")}},
    ),
    ("B9", WARNING, "AT90S8515", {"lock": 0xFC}, {}, {}, {"new": {"lock": 0xF9}}),
    (
        "B10",
        INFO,
        "AT90S8515",
        {},
        {},
        {"signature": bytes([0, 1, 2])},
        {"context": {"signature": bytes([0x1E, 0x93, 1])}},
    ),
    (
        "B11",
        FATAL,
        "ATmega328P",
        {},
        {},
        {"signature": b"\xff\xff\xff"},
        {"context": {"signature": b"\x1e\x95\x0f"}},
    ),
    ("B11", FATAL, "ATmega328P", {}, {}, {"signature": b"\x00\x00\x00"}, {"context": {}}),
    ("C1", WARNING, "ATmega328P", UNO | {"hfuse": 0xDF}, {}, {"bootloader": OPTIBOOT}, {"new": UNO}),
    ("C1", WARNING, "ATmega168", {"efuse": 0xF9}, {}, {"bootloader": OPTIBOOT}, {"new": {"efuse": 0xF8}}),
    ("C2", WARNING, "ATmega328P", UNO, {}, {"flash_used": ((0x7F00, 0x8000),)}, {"new": FACTORY}),
    ("C2", INFO, "ATmega328P", UNO, {}, {"flash_used": ((0, 0x400),)}, {"context": {"bootloader": OPTIBOOT}}),
    ("C3", WARNING, "ATmega328P", UNO, {}, {"bootloader": ATMEGABOOT}, {"new": UNO | {"hfuse": 0xDA}}),
    (
        "C3",
        WARNING,
        "ATmega328P",
        UNO | {"hfuse": 0xDA},
        {},
        {"bootloader": OPTIBOOT, "flash_used": ((0x7000, 0x7900),)},
        {"context": {"bootloader": OPTIBOOT, "flash_used": ((0, 0x7800),)}},
    ),
    ("C4", WARNING, "ATmega32U4", {"efuse": 0xC3}, {}, {}, {"new": {"efuse": 0xCB}}),
    ("C5", WARNING, "ATmega328P", UNO | {"lfuse": 0x62}, {}, {"bootloader": OPTIBOOT}, {"new": UNO}),
    (
        "C5",
        WARNING,
        "ATmega328P",
        UNO | {"lfuse": 0xFD},
        {},
        {"bootloader": OPTIBOOT},
        {"new": UNO | {"lfuse": 0xF7}},
    ),
    (
        "C5",
        WARNING,
        "ATmega328P",
        UNO,
        {},
        {"bootloader": OPTIBOOT, "xtal1": Xtal1(Fitted.CRYSTAL, 8_000_000)},
        {"context": {"bootloader": OPTIBOOT, "xtal1": CRYSTAL}},
    ),
    ("C6", WARNING, "ATmega328P", {"hfuse": 0xCE}, {}, {}, {"new": {"hfuse": 0xDE}}),
    ("C6", WARNING, "ATmega8", {"hfuse": 0x99}, {}, {}, {"new": {"hfuse": 0xD9}}),
    ("C6", WARNING, "ATtiny13", {"lfuse": 0x4A}, {}, {}, {"new": {"lfuse": 0x6A}}),
    ("C6", WARNING, "ATmega128", {"efuse": 0xFE}, {}, {}, {"new": {"efuse": 0xFF}}),
    (
        "C7",
        WARNING,
        "ATtiny85",
        {"efuse": 0xFF},
        {},
        {"bootloader": BootImage(((0x1900, 0x2000),))},
        {"new": {"efuse": 0xFE}},
    ),
    (
        "C7",
        WARNING,
        "ATtiny13",
        {"hfuse": 0xFF},
        {},
        {"bootloader": BootImage(((0x300, 0x400),))},
        {"context": {}},
    ),
    ("C8", INFO, "ATmega2560", {"hfuse": 0x99}, {}, {}, {"new": {"hfuse": 0xD9}}),
    ("C8", WARNING, "ATmega2560", {"hfuse": 0x59}, {}, {}, {"new": {"hfuse": 0xD9}}),
    ("C9", WARNING, "ATmega128", {"efuse": 0xFD}, {}, {}, {"new": {"efuse": 0xFF}}),
    ("C9", WARNING, "ATmega8515", {"hfuse": 0x59}, {}, {}, {"new": {"hfuse": 0xD9}}),
    ("C10", WARNING, "ATmega328P", {"lfuse": 0xBF}, {}, {}, {"new": {"lfuse": 0xFF}}),
    ("C11", INFO, "ATmega328P", {"hfuse": 0xD6}, {}, {}, {"new": {"hfuse": 0xDE}}),
    ("C12", WARNING, "AT90PWM316", {"efuse": 0x79}, {}, {}, {"new": {"efuse": 0xF9}}),
    ("C12", WARNING, "AT90CAN128", {"efuse": 0xFE}, {}, {}, {"new": {"efuse": 0xFF}}),
    ("C13", INFO, "ATmega328P", {"efuse": 0xFF}, {}, {}, {"new": {"efuse": 0xFD}}),
    ("C13", INFO, "ATmega328P", UNO, {}, {"xtal1": CRYSTAL}, {"new": UNO | {"efuse": 0xFC}}),
    ("C14", INFO, "ATtiny841", {"efuse": 0xFB}, {}, {}, {"new": {"efuse": 0xF5 & ~0x08}}),
    ("C15", FATAL, "ATmega16U2", UNO, {}, {"made_for": catalog.part("m328p")}, {"name": "ATmega328"}),
    ("C15", FATAL, "ATmega328P", {}, {}, {"signature": b"\x1e\x95\x14"}, {"name": "ATmega328"}),
    ("D1", INFO, "ATmega328P", {"hfuse": 0xDE}, {}, {"erase": True}, {"new": {"hfuse": 0xD6}}),
    ("D1", INFO, "AT90S8515", {}, {}, {"erase": True}, {"context": {}}),
    (
        "D1",
        WARNING,
        "ATmega328P",
        {"hfuse": 0xD6},
        {"hfuse": 0xDE},
        {"order": ("chip_erase", "hfuse")},
        {"context": {"order": ("hfuse", "chip_erase")}},
    ),
    ("D1", INFO, "ATtiny2313", {"hfuse": 0xDF}, {}, {"erase": True}, {"new": {"hfuse": 0x9F}}),
    ("D2", INFO, "AT90S8515", {}, {}, {"erase": True}, {"name": "ATmega328P"}),
    (
        "D3",
        WARNING,
        "ATmega328P",
        {},
        {},
        {"order": ("flash",)},
        {"context": {"order": ("chip_erase", "flash")}},
    ),
    (
        "D3",
        WARNING,
        "ATmega328P",
        {},
        {},
        {"order": ("flash",)},
        {"context": {"order": ("flash",), "flash_used": ()}},
    ),
    (
        "D3",
        WARNING,
        "ATmega328P",
        {},
        UNO,
        {"order": ("chip_erase", "flash")},
        {"context": {"order": ("chip_erase", "flash"), "bootloader": OPTIBOOT}},
    ),
    ("D4", INFO, "ATmega328P", {"efuse": 0x05}, {}, {}, {"new": {"efuse": 0xFD}}),
]


@pytest.mark.parametrize(
    "case",
    CASES,
    ids=[f"{case[0]}-{case[2]}" for case in CASES],
)
def test_rule(case):
    rule, severity, name, new, old, context, miss = case
    findings = [
        finding for finding in review(catalog.part(name), old, new, Context(**context)) if finding.id == rule
    ]
    assert severity in {finding.severity for finding in findings}
    for finding in findings:
        assert finding.message.endswith(".")
        assert finding.severity < RECOVERABLE or finding.recovery or finding.blocks
    near = {"name": name, "new": new, "old": old, "context": context} | miss
    missed = review(catalog.part(near["name"]), near["old"], near["new"], Context(**near["context"]))
    assert not [finding for finding in missed if finding.id == rule and finding.severity == severity]


def test_every_rule_has_a_case():
    ids = {case[0] for case in CASES}
    wanted = (
        {f"A{n}" for n in range(1, 19)} | {f"B{n}" for n in range(1, 12)} | {f"C{n}" for n in range(1, 16)}
    )
    assert ids == wanted | {f"D{n}" for n in range(1, 5)}
    assert len({rule.__name__ for rule in RULES}) == len(RULES)
