"""An application that tells in what state it found the chip, and the same without a bootloader."""

from __future__ import annotations

from pathlib import Path

from deckboot_rig import MS, PLAIN_HFUSE, STARTED, Loader, rig
from firmware import Firmware, assembled
from rig import Rig

MARK = 0xA5
REPORT_S = 0.003
REGISTERS = (
    "SREG", "MCUSR", "WDTCSR", "SPL", "SPH", "SPMCSR", "EECR", "EEDR", "DDRB", "PORTB", "DDRD", "PORTD",
    "UCSR0A", "UCSR0B", "UCSR0C", "UBRR0L", "UBRR0H",
)  # fmt: skip
MEMORY_MAPPED = {"WDTCSR", "UCSR0A", "UCSR0B", "UCSR0C", "UBRR0L", "UBRR0H"}

_KEEP = "\n".join(
    f"    {'lds' if name in MEMORY_MAPPED else 'in'} r{number}, {name}"
    for number, name in enumerate(REGISTERS)
)
SOURCE = f"""
#define __SFR_OFFSET 0
#include <avr/io.h>
.section .text
{_KEEP}
    ldi r24, 16
    sts UBRR0L, r24
    ldi r24, 1<<U2X0
    sts UCSR0A, r24
    ldi r24, (1<<RXEN0)|(1<<TXEN0)
    sts UCSR0B, r24
    ldi r24, {MARK}
    rcall transmit
    ldi r30, 0
    ldi r31, 0
1:  ld r24, Z+
    rcall transmit
    cpi r30, {len(REGISTERS)}
    brne 1b
next:
    wdr
    lds r25, UCSR0A
    sbrs r25, RXC0
    rjmp next
    lds r24, UDR0
    cpi r24, 'c'
    breq clear
    cpi r24, 'w'
    brne next
    ldi r24, (1<<WDCE)|(1<<WDE)
    ldi r25, 1<<WDE
    sts WDTCSR, r24
    sts WDTCSR, r25
1:  rjmp 1b
clear:
    ldi r24, 0
    out MCUSR, r24
    rjmp next
transmit:
    lds r25, UCSR0A
    sbrs r25, UDRE0
    rjmp transmit
    sts UDR0, r24
    ret
"""
"""After its report ``c`` clears MCUSR and ``w`` lets the watchdog bite."""


def application() -> bytes:
    """The application's code."""
    return assembled("reporting", SOURCE).image.read_bytes().rstrip(b"\xff")


def alone(folder: Path, mcu: str = "atmega328p") -> Rig:
    """A bench with the application and no bootloader."""
    image = folder / "alone.bin"
    image.write_bytes(application())
    return Rig(Firmware("reporting", image, 115200, hfuse=PLAIN_HFUSE), options={"mcu": mcu})


def behind(one: Loader, **options: float | str) -> Rig:
    """A bench with the application behind that loader."""
    return rig(one, application=application(), **options)


class Watcher:
    """Resets the chip in every way, and hears what the application tells."""

    def __init__(self, bench: Rig) -> None:
        self.control = bench.control
        self.control.open(115200)
        self.heard: list[tuple[int, int]] = []

    def run(self, seconds: float) -> None:
        self.heard = self.control.run(self.control.now + round(seconds * 1e9))

    def send(self, data: bytes, seconds: float = 0.02) -> bytes:
        self.control.write(data)
        self.run(seconds)
        return bytes(byte for _, byte in self.heard)

    def reset(self, cause: str) -> None:
        """``power``, ``external`` (or what BENCH_RESETS makes of it) or ``watchdog``, and the start-up."""
        if cause == "power":
            self.control.ask("power 0")
            self.control.ask("power 1")
        elif cause == "external":
            self.control.ask("reset")
        else:
            self.control.write(b"w")
            self.control.run(self.control.now + 17 * MS)
        self.run(STARTED / 1e9 + REPORT_S)

    @property
    def report(self) -> dict[str, int] | None:
        """The report among what was last heard."""
        data = bytes(byte for _, byte in self.heard)
        if MARK not in data:
            return None
        told = data[data.index(MARK) + 1 :][: len(REGISTERS)]
        return dict(zip(REGISTERS, told, strict=True))

    def reported(self, seconds: float) -> dict[str, int]:
        """The report that comes in that time."""
        if self.report is None:
            self.run(seconds)
        assert self.report is not None
        return self.report
