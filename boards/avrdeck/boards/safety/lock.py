"""B1 to B11: lock bits, and signatures that say that something is locked or missing."""

from __future__ import annotations

from collections.abc import Iterator

from avrdeck.boards.locks import ERASE
from avrdeck.boards.models import BootLock, MemoryLock
from avrdeck.boards.safety.model import Case, Finding, Severity

USUAL_LB = 0x03
"""Where nearly every part has its LB bits."""
ECHOED = bytes([0x00, 0x01, 0x02])
"""What a locked AT90S answers for its signature: the addresses (AVR910)."""
NO_TARGET = (b"\xff\xff\xff", b"\x00\x00\x00")


def b1_b2_memory_lock(case: Case) -> Iterator[Finding]:
    """LB bits that stop writing, or writing and reading."""
    lock = case.meaning("memory_lock")
    if not isinstance(lock, MemoryLock) or not lock.write_blocked:
        return
    if lock.read_blocked:
        rule, message = (
            "B2",
            "Lock mode 3: flash and EEPROM can be neither written nor read, nor verified; fuses freeze.",
        )
    else:
        rule, message = (
            "B1",
            "Lock mode 2: flash, EEPROM and fuses cannot be written until the chip is erased.",
        )
    yield Finding(
        rule,
        Severity.RECOVERABLE,
        message,
        advice="Lock only when everything else is written and verified.",
        recovery=ERASE,
        bits=case.bits("memory_lock"),
    )


def b3_undefined(case: Case) -> Iterator[Finding]:
    """An LB combination that no mode has."""
    if case.field("memory_lock") is None or case.meaning("memory_lock") is not None:
        return
    yield Finding(
        "B3",
        Severity.WARNING,
        "This combination of the LB bits is no defined lock mode.",
        advice="Use 11 (unlocked), 10 (no writing) or 00 (no writing, no reading).",
        recovery=ERASE,
        bits=case.bits("memory_lock"),
    )


def b4_application_lock(case: Case) -> Iterator[Finding]:
    """BLB0 bits that keep a bootloader from its work."""
    lock = case.meaning("boot_lock_app")
    if not isinstance(lock, BootLock) or not (lock.spm_blocked or lock.lpm_blocked):
        return
    what = "cannot write the application" if lock.spm_blocked else "cannot read the application back"
    yield Finding(
        "B4",
        Severity.WARNING,
        f"BLB0 locks the application section: a bootloader {what}.",
        advice="Leave BLB0 at 11 with a bootloader.",
        recovery=ERASE,
        bits=case.bits("boot_lock_app"),
    )


def b5_boot_lock(case: Case) -> Iterator[Finding]:
    """BLB1 bits that guard the boot section, as Arduino boards have them."""
    lock = case.meaning("boot_lock_boot")
    if not isinstance(lock, BootLock) or not (lock.spm_blocked or lock.lpm_blocked):
        return
    yield Finding(
        "B5",
        Severity.INFO,
        "The boot section is guarded against SPM: a sketch cannot overwrite the bootloader.",
        recovery=ERASE,
        bits=case.bits("boot_lock_boot"),
    )


def b6_missing_bits(case: Case) -> Iterator[Finding]:
    """BLB bits written as 0 on a part without a boot section."""
    new = case.new.get("lock")
    if new is None or case.part.role("boot_lock_app") or new & 0x3C == 0x3C or not _usual_position(case):
        return
    yield Finding(
        "B6",
        Severity.INFO,
        "This part has no boot section and so no BLB bits.",
        advice="Write unused lock bits as 1.",
        bits=("lock",),
    )


def _usual_position(case: Case) -> bool:
    bits = case.part.role("memory_lock")
    return bits is not None and bits.mask == USUAL_LB


def b7_unlocking(case: Case) -> Iterator[Finding]:
    """Lock bits from 0 to 1 without an erase."""
    old, new = case.old.get("lock"), case.new.get("lock")
    if old is None or new is None or case.context.erases or not new & ~old & case.part.lock.used_mask:
        return
    yield Finding(
        "B7",
        Severity.WARNING,
        "Lock bits only go from 1 to 0: what is locked stays locked.",
        advice="Erase the chip first.",
        bits=("lock",),
    )


def b8_order(case: Case) -> Iterator[Finding]:
    """The lock byte written before something else."""
    order, lock = case.context.order, case.meaning("memory_lock")
    if "lock" not in order or not isinstance(lock, MemoryLock) or not lock.write_blocked:
        return
    after = order[order.index("lock") + 1 :]
    if after and "chip_erase" not in after:
        yield Finding(
            "B8",
            Severity.WARNING,
            f"The lock byte comes before {', '.join(after)}: these writes will fail in silence.",
            advice="Write the lock byte last.",
            recovery=ERASE,
            bits=case.bits("memory_lock"),
        )


def b9_position(case: Case) -> Iterator[Finding]:
    """A lock byte made for bits 1:0 on a part that has LB at bits 2:1."""
    bits, new = case.part.role("memory_lock"), case.new.get("lock")
    if bits is None or new is None or bits.mask == USUAL_LB or new & 1:
        return
    yield Finding(
        "B9",
        Severity.WARNING,
        "On this part the lock bits are bits 2 and 1; the byte looks made for bits 1 and 0.",
        advice="Write unused lock bits as 1.",
        bits=case.bits("memory_lock"),
    )


def b10_echoed_signature(case: Case) -> Iterator[Finding]:
    """A signature of 00 01 02."""
    if case.context.signature != ECHOED:
        return
    yield Finding(
        "B10",
        Severity.INFO,
        "The signature reads 00 01 02: an old AVR with both lock bits set, or the connection is out of step.",
        advice="Read it again; if it stays, chip erase frees the chip.",
        recovery=ERASE,
    )


def b11_no_signature(case: Case) -> Iterator[Finding]:
    """A signature of all ones or all zeros."""
    signature = case.context.signature
    if signature not in NO_TARGET:
        return
    cause = (
        "no target, or MISO floats high"
        if signature == NO_TARGET[0]
        else "MISO stays low: no power, no clock or a short"
    )
    yield Finding(
        "B11",
        Severity.FATAL,
        f"No valid signature ({cause}): nothing may be written.",
        advice="Check wiring, supply, the target's clock and SCK.",
        blocks=True,
    )


RULES = (
    b1_b2_memory_lock,
    b3_undefined,
    b4_application_lock,
    b5_boot_lock,
    b6_missing_bits,
    b7_unlocking,
    b8_order,
    b9_position,
    b10_echoed_signature,
    b11_no_signature,
)
