"""A1 to A4: bits that take the RESET pin or the serial interface away."""

from __future__ import annotations

from collections.abc import Iterator

from avrdeck.boards.models import HighVoltage, MemoryLock, Part
from avrdeck.boards.safety.model import Case, Finding, Severity


def high_voltage(part: Part) -> str:
    """The 12 V method of a part in words."""
    if part.interfaces.hv is None:
        return "a programmer for the part's own high-voltage mode"
    kind = "serial" if part.interfaces.hv is HighVoltage.HVSP else "parallel"
    return f"12 V high-voltage {kind} programming ({part.interfaces.hv.value})"


def a1_spi_enable(case: Case) -> Iterator[Finding]:
    """SPIEN unprogrammed. Serial mode cannot write it; other tools can."""
    bits = case.part.role("spi_enable")
    if bits is None or bits.get(case.new.get(bits.memory, 0)) == 0:
        return
    if case.context.over_isp:
        yield Finding(
            "A1",
            Severity.INFO,
            "SPIEN cannot be changed over ISP; the chip ignores this bit.",
            advice="Keep it programmed (0).",
            bits=case.bits("spi_enable"),
        )
    else:
        yield Finding(
            "A1",
            Severity.FATAL,
            "ISP off: the chip will not answer this programmer again.",
            advice="Keep SPIEN programmed (0).",
            recovery=f"{high_voltage(case.part)} sets SPIEN back.",
            bits=case.bits("spi_enable"),
        )


def a2_reset_disable(case: Case) -> Iterator[Finding]:
    """RSTDISBL programmed: the pin that starts ISP becomes a port pin."""
    if not case.after.rstdisbl:
        return
    recovery = f"{high_voltage(case.part)}."
    if case.part.interfaces.jtag:
        recovery += (
            " JTAG too, as long as JTAGEN is programmed." if case.after.jtagen else " JTAG is off as well."
        )
    yield Finding(
        "A2",
        Severity.FATAL,
        "RESET becomes a port pin: no ISP from the next power-up on.",
        advice="Leave RSTDISBL unprogrammed (1) unless a 12 V programmer is at hand.",
        recovery=recovery,
        bits=case.bits("reset_disable"),
    )


def a3_debugwire(case: Case) -> Iterator[Finding]:
    """DWEN programmed: debugWIRE takes RESET at the next power-up."""
    if not case.after.dwen:
        return
    yield Finding(
        "A3",
        Severity.FATAL,
        "debugWIRE takes the RESET pin after the next power cycle; plain ISP stops.",
        advice="Leave DWEN unprogrammed (1).",
        recovery="A debugWIRE tool can switch it off for one session in which ISP clears DWEN; or "
        f"{high_voltage(case.part)}.",
        bits=case.bits("debugwire_enable"),
    )


def a4_debugwire_locked(case: Case) -> Iterator[Finding]:
    """DWEN programmed and lock bits set: the debugger cannot help any more."""
    unlocked = case.meaning("memory_lock") == MemoryLock(write_blocked=False, read_blocked=False)
    if not case.after.dwen or case.field("memory_lock") is None or unlocked:
        return
    yield Finding(
        "A4",
        Severity.FATAL,
        "debugWIRE on and locked: a debugger can no longer switch debugWIRE off.",
        advice="Never lock a chip with DWEN programmed.",
        recovery=f"Only {high_voltage(case.part)}.",
        bits=case.bits("debugwire_enable", "memory_lock"),
    )


RULES = (a1_spi_enable, a2_reset_disable, a3_debugwire, a4_debugwire_locked)
