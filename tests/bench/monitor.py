"""A monitor of our own for the device: looks at and changes what a bootloader can, on command.

It sits in a 1 KiB boot section at 0x7C00 and speaks at 115200 baud. Commands are a letter and
arguments; addresses are little endian. It answers with the bytes named after the arrow.

    r addr            → data space byte          w addr value      (store)
    2 addr a b        two stores, no more than two cycles apart
    l z               → LPM                      m z c             SPMCSR = c, → LPM
    M z c             as m, but five cycles late
    s z r0 r1 c       SPMCSR = c, SPM, → SPMCSR
    d                 hears nothing for 2 ms, → UCSR0A and UDR0 of all that is held, FF
"""

from __future__ import annotations

from firmware import Firmware, assembled
from rig import Rig

BAUD = 115200
BOOT_START = 0x7C00
HFUSE = 0xDC

SOURCE = """
#define __SFR_OFFSET 0
#include <avr/io.h>
.section .text
.org 0x7C00
start:
    ldi r16, 16
    sts UBRR0L, r16
    ldi r16, 1<<U2X0
    sts UCSR0A, r16
    ldi r16, (1<<RXEN0)|(1<<TXEN0)
    sts UCSR0B, r16
next:
    rcall receive
    cpi r24, 'd'
    breq deaf
    mov r17, r24
    rcall receive
    mov r30, r24
    rcall receive
    mov r31, r24
    cpi r17, 'r'
    breq read
    cpi r17, 'l'
    breq load
    rcall receive
    mov r20, r24
    cpi r17, 'w'
    breq write
    cpi r17, 'm'
    breq row
    cpi r17, 'M'
    breq late_row
    rcall receive
    mov r21, r24
    cpi r17, '2'
    breq twice
    rcall receive
    movw r0, r20
    out SPMCSR, r24
    spm
    in r24, SPMCSR
    rjmp answer
read:
    ld r24, Z
    rjmp answer
load:
    lpm r24, Z
    rjmp answer
row:
    out SPMCSR, r20
    lpm r24, Z
    rjmp answer
late_row:
    out SPMCSR, r20
    rjmp .
    rjmp .
    nop
    lpm r24, Z
answer:
    rcall transmit
    rjmp next
write:
    st Z, r20
    rjmp next
twice:
    st Z, r20
    st Z, r21
    rjmp next
deaf:
    ldi r26, lo8(8000)
    ldi r27, hi8(8000)
1:  sbiw r26, 1
    brne 1b
2:  lds r24, UCSR0A
    sbrs r24, RXC0
    rjmp 3f
    lds r20, UDR0
    rcall transmit
    mov r24, r20
    rcall transmit
    rjmp 2b
3:  ldi r24, 0xFF
    rjmp answer
transmit:
    lds r16, UCSR0A
    sbrs r16, UDRE0
    rjmp transmit
    sts UDR0, r24
    ret
receive:
    lds r16, UCSR0A
    sbrs r16, RXC0
    rjmp receive
    lds r24, UDR0
    ret
"""


def monitor() -> Firmware:
    """The monitor, assembled."""
    built = assembled("monitor", SOURCE)
    return Firmware("monitor", built.image, BAUD, BOOT_START, HFUSE)


class Monitor:
    """Talks to the monitor on a rig whose port is open."""

    def __init__(self, rig: Rig) -> None:
        self.control = rig.control
        self.control.run(self.control.now + 70_000_000)  # the start-up delay
        self.control.open(BAUD)

    def read(self, address: int) -> int:
        return self._ask(b"r", address)[0]

    def write(self, address: int, value: int) -> None:
        self._ask(b"w", address, value)

    def twice(self, address: int, first: int, second: int) -> None:
        self._ask(b"2", address, first, second)

    def load(self, address: int) -> int:
        return self._ask(b"l", address)[0]

    def row(self, address: int, control: int, *, late: bool = False) -> int:
        return self._ask(b"M" if late else b"m", address, control)[0]

    def spm(self, address: int, control: int, word: int = 0xFFFF) -> bytes:
        return self._ask(b"s", address, word & 0xFF, word >> 8, control)

    def _ask(self, letter: bytes, address: int, *more: int) -> bytes:
        return self.control.exchange(letter + address.to_bytes(2, "little") + bytes(more), 0.001)
