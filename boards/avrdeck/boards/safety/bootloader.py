"""C1 to C5 and C7: fuses against the bootloader and what the flash holds."""

from __future__ import annotations

from collections.abc import Iterator

from avrdeck.boards.labels import hz_label
from avrdeck.boards.safety.model import Case, Finding, Severity

CLOCK_TOLERANCE = 0.02
"""A clock this far from the one a bootloader was built for takes half of what a UART tolerates."""

Extent = tuple[int, int]


def c1_bootloader_skipped(case: Case) -> Iterator[Finding]:
    """A bootloader, but reset starts at 0."""
    if not case.context.bootloader or case.after.bootrst is not False or case.after.hwbe:
        return
    yield Finding(
        "C1",
        Severity.WARNING,
        "Reset starts at 0x0000: the bootloader is never entered.",
        advice="Program BOOTRST (0).",
        bits=case.bits("boot_reset"),
    )


def c2_no_bootloader(case: Case) -> Iterator[Finding]:
    """Reset into a boot section without a bootloader."""
    start, used = case.after.boot_start_byte, case.context.flash_used
    if not case.after.bootrst or case.context.bootloader or start is None or used is None:
        return
    left = any(end > start for _, end in used)
    message = (
        f"Reset starts at 0x{start:04X}, where what is left of other code will run."
        if left
        else f"Reset starts at 0x{start:04X}, which is blank: the CPU slides through to 0x0000."
    )
    yield Finding(
        "C2",
        Severity.WARNING if left else Severity.INFO,
        message,
        advice="Unprogram BOOTRST (1) when there is no bootloader.",
        bits=case.bits("boot_reset", "boot_size"),
    )


def c3_boot_size(case: Case) -> Iterator[Finding]:
    """The boot section against the image's start, and what lies between."""
    loader, start, used = case.context.bootloader, case.after.boot_start_byte, case.context.flash_used
    if not loader or start is None or loader.start == start:
        return
    if loader.start < start:
        message = (
            f"The bootloader starts at 0x{loader.start:04X}, below the boot section at 0x{start:04X}: "
            "reset lands inside it, and its lower part cannot write flash."
        )
    elif used is None or not _overlap(used, (start, loader.start)):
        return
    else:
        message = (
            f"Reset starts at 0x{start:04X}, in other code before the bootloader at 0x{loader.start:04X}."
        )
    yield Finding(
        "C3",
        Severity.WARNING,
        message,
        advice=_fitting_size(case, loader.start),
        bits=case.bits("boot_size"),
    )


def _overlap(used: tuple[Extent, ...], hole: Extent) -> bool:
    return any(first < hole[1] and end > hole[0] for first, end in used)


def _fitting_size(case: Case, start: int) -> str:
    sections = case.part.boot.sections if case.part.boot else ()
    fitting = next((size for size in sections if size.start_byte <= start), None)
    if fitting is None:
        return "The image fits no boot section of this part."
    return f"Choose a boot section of {fitting.size_words} words (0x{fitting.start_byte:04X})."


def c4_hardware_boot(case: Case) -> Iterator[Finding]:
    """HWBE programmed: the HWB pin can start the bootloader."""
    if not case.after.hwbe:
        return
    yield Finding(
        "C4",
        Severity.WARNING,
        "A low HWB pin at reset starts the boot section, whatever BOOTRST says.",
        advice="Unprogram HWBE (1) when the pin serves the application.",
        bits=case.bits("hardware_boot_enable"),
    )


def c5_bootloader_clock(case: Case) -> Iterator[Finding]:
    """A bootloader built for another clock."""
    loader, after = case.context.bootloader, case.after
    if not loader or not loader.f_cpu_hz:
        return
    built = loader.f_cpu_hz
    if after.f_cpu_hz:
        if abs(after.f_cpu_hz / built - 1) <= CLOCK_TOLERANCE:
            return
        message = (
            f"The bootloader was built for {hz_label(built)}, the CPU will run at {hz_label(after.f_cpu_hz)}"
        )
        if loader.baud:
            message += (
                f": it will talk at {round(loader.baud * after.f_cpu_hz / built)} baud, not {loader.baud}"
            )
    else:
        divisor = 8 if after.ckdiv8 else 1
        low, high = (after.freq_min_hz or 0) // divisor, (after.freq_max_hz or built * divisor) // divisor
        if low <= built <= high:
            return
        message = f"The bootloader was built for {hz_label(built)}, which the selected clock cannot be"
    yield Finding(
        "C5",
        Severity.WARNING,
        f"{message}.",
        advice="Choose the clock it was built for, or a bootloader built for this clock.",
        bits=(*case.clock_bits, *case.bits("clock_div8")),
    )


def c7_self_programming(case: Case) -> Iterator[Finding]:
    """A bootloader on a part without boot section, and SPM off."""
    if not case.context.bootloader or case.after.selfprgen is not False:
        return
    yield Finding(
        "C7",
        Severity.WARNING,
        "SPM is off: the bootloader cannot write flash.",
        advice="Program SELFPRGEN (0).",
        bits=case.bits("self_program_enable"),
    )


RULES = (
    c1_bootloader_skipped,
    c2_no_bootloader,
    c3_boot_size,
    c4_hardware_boot,
    c5_bootloader_clock,
    c7_self_programming,
)
