"""An application that tells in what state it found the chip, and the same without a bootloader."""

from __future__ import annotations

from pathlib import Path

from deckboot_rig import LAYOUTS, MS, PLAIN_HFUSE, STARTED, Loader, rig
from firmware import Firmware, assembled
from rig import Rig

MARK = 0xA5
REPORT_S = 0.003
REGISTERS = (
    "SREG", "MCUSR", "WDTCSR", "SPL", "SPH", "SPMCSR", "EECR", "EEDR", "DDRB", "PORTB", "DDRD", "PORTD",
    "UCSR0A", "UCSR0B", "UBRR0L", "UBRR0H", "UCSR0C",
)  # fmt: skip
MEMORY_MAPPED = {"WDTCSR", "UCSR0A", "UCSR0B", "UCSR0C", "UBRR0L", "UBRR0H"}
OLD_NAMES = {
    "WDTCSR": "WDTCR", "SPMCSR": "SPMCR", "UCSR0A": "UCSRA", "UCSR0B": "UCSRB",
    "UBRR0L": "UBRRL", "UBRR0H": "UBRRH",
}  # fmt: skip
"""Of parts whose USART is within reach of IN; their UCSRC is where UBRRH is, and not looked at."""
OLD_PARTS = ("ATmega32", "ATmega8")

SOURCE = """
#define __SFR_OFFSET 0
#include <avr/io.h>
#ifdef UDR0
#define get lds
#define put sts
#else
#define get in
#define put out
#define UBRR0L UBRRL
#define UCSR0A UCSRA
#define UCSR0B UCSRB
#define UDR0   UDR
#define U2X0   U2X
#define RXEN0  RXEN
#define TXEN0  TXEN
#define RXC0   RXC
#define UDRE0  UDRE
#define WDTCSR WDTCR
#ifndef WDCE
#define WDCE   WDTOE
#endif
#endif
#ifndef MCUSR
#define MCUSR  MCUCSR
#endif
.section .text
{keep}
    ldi r24, hi8(RAMEND)
    out SPH, r24
    ldi r24, lo8(RAMEND)
    out SPL, r24
    ldi r24, 16
    put UBRR0L, r24
    ldi r24, 1<<U2X0
    put UCSR0A, r24
    ldi r24, (1<<RXEN0)|(1<<TXEN0)
    put UCSR0B, r24
    ldi r24, {mark}
    rcall transmit
    ldi r30, 0
    ldi r31, 0
1:  ld r24, Z+
    rcall transmit
    cpi r30, {count}
    brne 1b
next:
    wdr
    get r25, UCSR0A
    sbrs r25, RXC0
    rjmp next
    get r24, UDR0
    cpi r24, 'c'
    breq clear
    cpi r24, 'w'
    brne next
    ldi r24, (1<<WDCE)|(1<<WDE)
    ldi r25, 1<<WDE
    put WDTCSR, r24
    put WDTCSR, r25
1:  rjmp 1b
clear:
    ldi r24, 0
    out MCUSR, r24
    rjmp next
transmit:
    get r25, UCSR0A
    sbrs r25, UDRE0
    rjmp transmit
    put UDR0, r24
    ret
"""
"""After its report ``c`` clears MCUSR and ``w`` lets the watchdog bite."""


def registers(name: str) -> dict[str, str]:
    """What is told of that part, in its order: the usual names and the part's own."""
    old = name in OLD_PARTS
    return {
        one: OLD_NAMES.get(one, one) if old else one for one in REGISTERS if not (old and one == "UCSR0C")
    }


def application(name: str) -> bytes:
    """The application's code for that part."""
    old = name in OLD_PARTS
    keep = [
        f"    {'lds' if usual in MEMORY_MAPPED and not old else 'in'} r{number}, {own}"
        for number, (usual, own) in enumerate(registers(name).items())
    ]
    source = SOURCE.format(keep="\n".join(keep), mark=MARK, count=len(keep))
    return assembled("reporting", source, LAYOUTS[name].mcu).image.read_bytes().rstrip(b"\xff")


def alone(folder: Path, name: str) -> Rig:
    """A bench with the application and no bootloader."""
    image = folder / f"alone-{name}.bin"
    image.write_bytes(application(name))
    layout = LAYOUTS[name]
    options: dict[str, float | str] = {"mcu": layout.mcu, "nrww_start": f"{layout.nrww:x}"}
    return Rig(Firmware("reporting", image, 115200, hfuse=PLAIN_HFUSE), options=options)


def behind(one: Loader, **options: float | str) -> Rig:
    """A bench with the application behind that loader."""
    return rig(one, application=application(one.variant.parts[0]), **options)


PORF, EXTRF, BORF, WDRF = 1, 2, 4, 8
CAUSES = {"external": EXTRF, "brown-out": BORF}


class Watcher:
    """Resets the chip in every way, and hears what the application tells."""

    def __init__(self, bench: Rig, name: str = "ATmega328P") -> None:
        self.control = bench.control
        self._registers = tuple(registers(name))
        self.control.open(115200)
        self.heard: list[tuple[int, int]] = []

    def run(self, seconds: float) -> None:
        self.heard = self.control.run(self.control.now + round(seconds * 1e9))

    def send(self, data: bytes, seconds: float = 0.02) -> bytes:
        self.control.write(data)
        self.run(seconds)
        return bytes(byte for _, byte in self.heard)

    def reset(self, cause: str) -> None:
        """``power``, ``external``, ``brown-out`` or ``watchdog``, and the start-up."""
        if cause == "power":
            self.control.ask("power 0")
            self.control.ask("power 1")
        elif cause in CAUSES:
            self.control.ask(f"reset {CAUSES[cause]:x}")
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
        told = data[data.index(MARK) + 1 :][: len(self._registers)]
        return dict(zip(self._registers, told, strict=True))

    def reported(self, seconds: float) -> dict[str, int]:
        """The report that comes in that time."""
        if self.report is None:
            self.run(seconds)
        assert self.report is not None
        return self.report
