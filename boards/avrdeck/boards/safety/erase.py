"""C11 and D1 to D4: what a chip erase takes, and what it does not."""

from __future__ import annotations

from collections.abc import Iterator

from avrdeck.boards.safety.model import Case, Finding, Severity


def c11_eeprom_kept(case: Case) -> Iterator[Finding]:
    """EESAVE programmed."""
    if case.after.eesave and not case.context.erases:
        yield Finding(
            "C11",
            Severity.INFO,
            "EEPROM survives a chip erase, old data included.",
            bits=case.bits("eeprom_save"),
        )


def d1_eeprom(case: Case) -> Iterator[Finding]:
    """An erase that takes the EEPROM, or EESAVE that comes too late for it."""
    if not case.context.erases or not case.part.eeprom:
        return
    if not case.after.eesave:
        if case.after.eesave is None and "eeprom_save" in case.part.roles:
            return
        yield Finding(
            "D1",
            Severity.INFO,
            "The chip erase clears the EEPROM too.",
            advice="Program EESAVE (0) first to keep it."
            if case.after.eesave is False
            else "Read it out first.",
            bits=case.bits("eeprom_save"),
        )
    elif case.before.eesave is False and _erase_first(case):
        yield Finding(
            "D1",
            Severity.WARNING,
            "EESAVE is written after the erase: the EEPROM is lost this time.",
            advice="Write EESAVE first; it counts at once.",
            bits=case.bits("eeprom_save"),
        )


def _erase_first(case: Case) -> bool:
    order, bits = case.context.order, case.part.role("eeprom_save")
    if bits is None or "chip_erase" not in order or bits.memory not in order:
        return False
    return order.index("chip_erase") < order.index(bits.memory)


def d2_erase_ends_with_reset(case: Case) -> Iterator[Finding]:
    """A part whose erase is over only when RESET is released."""
    if case.context.erases and case.part.timing.erase_ends_with_reset:
        yield Finding(
            "D2",
            Severity.INFO,
            "On this part the erase ends only when RESET is released.",
            advice="Leave programming mode and enter it again after the erase.",
        )


def d3_flash(case: Case) -> Iterator[Finding]:
    """Flash written without an erase, or a bootloader erased with the rest."""
    context, start = case.context, case.after.boot_start_byte
    if context.erases:
        if (
            context.bootloader is None
            and start is not None
            and case.after.bootrst
            and "flash" in context.order
        ):
            yield Finding(
                "D3",
                Severity.WARNING,
                "The erase takes the bootloader with it, and reset still starts in the boot section.",
                advice="Write the bootloader again, or unprogram BOOTRST.",
                bits=case.bits("boot_reset"),
            )
    elif "flash" in context.order and context.flash_used != ():
        yield Finding(
            "D3",
            Severity.WARNING,
            "Without an erase, flash bits only go from 1 to 0: new code over old code is garbage.",
            advice="Erase the chip first; ISP cannot erase single pages.",
        )


def d4_unused_bits(case: Case) -> Iterator[Finding]:
    """Bits that do not exist written as 0."""
    for memory, value in case.new.items():
        unused = ~case.part.fuses[memory].used_mask & 0xFF
        if not unused & ~value or (memory == "lock" and not case.part.role("boot_lock_app")):
            continue
        yield Finding(
            "D4",
            Severity.INFO,
            f"{memory}: bits that do not exist are written as 0; they may read back as 1.",
            advice=f"Write 0x{value | unused:02X}.",
            bits=(memory,),
        )


RULES = (c11_eeprom_kept, d1_eeprom, d2_erase_ends_with_reset, d3_flash, d4_unused_bits)
