"""What each firmware really does, as facts. The engine asks these and never the firmware's name.

`recognise` tells a dialect from the answers to probes that no known firmware takes amiss: GET_SYNC,
GET_SIGN_ON and GET_PARAMETER. What is not known for sure gets the cautious behaviour of `UNKNOWN`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum

from avrdeck.protocol.codes import Op, Parameter
from avrdeck.protocol.flight import STRICT, Window

ARDUINO_ISP_UNREAD = 63
"""The sketch's receive ring has 64 places, one of which stays free; interrupts fill it while it is
busy with SPI."""
ARDUINO_ISP_TURN_US = 40.0
ARDUINO_ISP_READ_US = 12.0
"""Measured on the compiled sketch: up to 30 µs from a reply to the next read, and between 10 and 11 µs
for each, their share of the interrupts included. They matter from 250 000 and 1 000 000 baud up."""
ARDUINO_ISP_UNIVERSAL_HEAD = 4
"""The sketch begins to shift when the fourth instruction byte is there, the fifth byte of the command."""


class Reach(Enum):
    """How a firmware gets at the memories."""

    ISP = "in-system programming"
    """A programmer: SPI to another chip held in reset."""
    BOOTLOADER = "bootloader"
    """The chip's own flash by SPM; no fuses, no lock bits, no erase."""


class EepromAddress(Enum):
    """What LOAD_ADDRESS counts for EEPROM."""

    BYTES = "bytes"
    WORDS = "words"
    NONE = "no EEPROM"


_USUAL = frozenset(
    {
        Op.GET_PARAMETER,
        Op.SET_DEVICE,
        Op.SET_DEVICE_EXT,
        Op.LOAD_ADDRESS,
        Op.UNIVERSAL,
        Op.PROG_PAGE,
        Op.READ_PAGE,
    }
)


@dataclass(frozen=True, slots=True)
class Dialect:
    """One firmware's facts.

    ``universal``: UNIVERSAL reaches the target, so its answers mean something. ``chip_erase``: the
    CHIP_ERASE command works. ``set_device_first``: ENTER_PROGMODE fails without SET_DEVICE.
    ``advances``: flash addresses count on after a page, so that LOAD_ADDRESS is needed only for gaps.
    ``read_block`` is how much one READ_PAGE asks for, in bytes: more saves nothing and makes a
    cancellation wait. ``page_sizes`` are those that PROG_PAGE commits as a whole, `None` for all.
    ``page_write_us`` and ``eeprom_byte_us`` are how long it is silent over a page commit and over one
    EEPROM byte by PROG_PAGE. ``commit_us`` is what a page commit really takes, ``instruction_us`` what
    one instruction to the target takes and ``universal_us`` what UNIVERSAL adds to that, all 0 where it
    is not known. ``sck_hz`` is its SPI clock where that is known. ``takes``: the
    commands with arguments that it reads to their end; any other puts it out of step. ``boot_bytes``
    is how much of the end of flash a bootloader needs, 0 where that is not known. ``own_reads`` are the
    first bytes of the instructions that a bootloader carries out itself, for the chip it runs in.
    ``silence_us`` is how long the line has to be still before it believes that a command is over.
    ``reads_safely``: a READ_PAGE of which the line makes PROG_PAGE, one bit away, costs no page. It waits
    for all of its data before it touches the memory; see `target.reading`.
    """

    name: str
    reach: Reach
    window: Window = STRICT
    universal: bool = False
    chip_erase: bool = False
    set_device_first: bool = False
    set_device: bool = True
    advances: bool = False
    eeprom_address: EepromAddress = EepromAddress.WORDS
    read_block: int = 256
    page_sizes: frozenset[int] | None = None
    page_write_us: int = 50_000
    eeprom_byte_us: int = 50_000
    commit_us: int = 0
    instruction_us: int = 0
    universal_us: int = 0
    sck_hz: int | None = None
    takes: frozenset[Op] = _USUAL
    usual_baud: int = 115_200
    cautious: bool = False
    boot_bytes: int = 0
    own_reads: frozenset[int] = frozenset()
    silence_us: int = 0
    reads_safely: bool = False

    def carries_out(self, instruction: bytes) -> bool:
        """Whether UNIVERSAL with these four bytes answers what the chip holds, not a made-up zero."""
        return self.universal or instruction[0] in self.own_reads

    @property
    def reads_fuses(self) -> bool:
        """Whether fuse and lock bytes can be read through it."""
        return self.universal or _READ_FUSES in self.own_reads


_READ_FUSES = 0x50
_FUSE_READS = frozenset({0x50, 0x58})
_ROW_READS = frozenset({0x30, 0x38})

ARDUINO_ISP = Dialect(
    name="ArduinoISP",
    reach=Reach.ISP,
    window=Window(
        unread=ARDUINO_ISP_UNREAD,
        turn_us=ARDUINO_ISP_TURN_US,
        read_us=ARDUINO_ISP_READ_US,
        late_eop=frozenset({Op.UNIVERSAL, Op.ENTER_PROGMODE, Op.LEAVE_PROGMODE}),
        universal_head=ARDUINO_ISP_UNIVERSAL_HEAD,
    ),
    universal=True,
    advances=True,
    read_block=1024,
    page_sizes=frozenset({32, 64, 128, 256}),
    page_write_us=40_000,
    eeprom_byte_us=45_000,
    commit_us=30_300,
    instruction_us=265,
    universal_us=75,
    sck_hz=125_000,
    takes=_USUAL | {Op.PROG_FLASH, Op.PROG_DATA},
    usual_baud=19_200,
    reads_safely=True,
)
ARDUINO_ISP_FORK = replace(
    ARDUINO_ISP,
    name="ArduinoISP of another version",
    window=STRICT,
    advances=False,
    read_block=256,
    sck_hz=None,
    cautious=True,
    reads_safely=False,
)
OPTIBOOT = Dialect(
    name="Optiboot",
    reach=Reach.BOOTLOADER,
    window=Window(unread=2, instant=frozenset({Op.LOAD_ADDRESS})),
    eeprom_address=EepromAddress.NONE,
    boot_bytes=512,
)
ATMEGABOOT = Dialect(name="ATmegaBOOT", reach=Reach.BOOTLOADER, boot_bytes=2048, reads_safely=True)
PICOBOOT = Dialect(name="picoboot", reach=Reach.BOOTLOADER, eeprom_address=EepromAddress.NONE, boot_bytes=256)
DECKBOOT = Dialect(
    name="deckboot",
    reach=Reach.BOOTLOADER,
    window=Window(unread=2, instant=frozenset({Op.LOAD_ADDRESS}), lingering=frozenset({Op.PROG_PAGE})),
    own_reads=_FUSE_READS | _ROW_READS,
    boot_bytes=512,
    reads_safely=True,
)
DECKBOOT_SMALL = replace(
    DECKBOOT,
    name="deckboot of 256 bytes",
    window=STRICT,
    eeprom_address=EepromAddress.NONE,
    read_block=128,
    boot_bytes=256,
    silence_us=4_000,
    reads_safely=False,
)
"""Its host writes a command in one piece and a page whole, as the link does under a strict window."""
UNKNOWN_BOOTLOADER = Dialect(
    name="unknown bootloader",
    reach=Reach.BOOTLOADER,
    eeprom_address=EepromAddress.NONE,
    set_device=False,
    cautious=True,
)
"""What `UNKNOWN` is taken for where the user says that a bootloader answers."""
STK500 = Dialect(
    name="STK500",
    reach=Reach.ISP,
    universal=True,
    chip_erase=True,
    set_device_first=True,
    eeprom_address=EepromAddress.BYTES,
    takes=frozenset(Op),
)
UNKNOWN = Dialect(name="unknown firmware", reach=Reach.ISP, universal=True, cautious=True)

DIALECTS = (
    ARDUINO_ISP,
    ARDUINO_ISP_FORK,
    OPTIBOOT,
    ATMEGABOOT,
    PICOBOOT,
    DECKBOOT,
    DECKBOOT_SMALL,
    STK500,
    UNKNOWN,
)


@dataclass(frozen=True, slots=True)
class Identity:
    """What the probes brought. A parameter is `None` when the firmware refused it."""

    sign_on: str
    hw_ver: int | None
    sw_major: int | None
    sw_minor: int | None
    progmode: int | None
    topcard: int | None

    @property
    def version(self) -> str:
        """``1.18``, or nothing where the firmware does not say."""
        if self.sw_major is None or self.sw_minor is None:
            return ""
        return f"{self.sw_major}.{self.sw_minor}"


PROBED = (
    Parameter.HW_VER,
    Parameter.SW_MAJOR,
    Parameter.SW_MINOR,
    Parameter.PROGMODE,
    Parameter.TOPCARD_DETECT,
)
"""The parameters of `Identity`, in its order."""

_SERIAL = ord("S")
_DECKBOOT = 0xDB
_DECKBOOT_FUSES, _DECKBOOT_ROW, _DECKBOOT_SMALL = 0x04, 0x08, 0x20
"""deckboot answers its features as PROGMODE: whether it reads fuses, and the row, and is the small loader."""
_OPTIBOOT_OTHER = 0x03
"""What Optiboot answers for every parameter but its version, so that avrdude sees no top card."""


def recognise(identity: Identity) -> Dialect:
    """The dialect that these answers belong to."""
    parameters = (identity.hw_ver, identity.sw_major, identity.sw_minor, identity.progmode, identity.topcard)
    if identity.sign_on == "AVR STK":
        return STK500
    if identity.sign_on == "AVR ISP":
        return _avr_isp(identity)
    if identity.sign_on:
        return UNKNOWN
    if all(value == 0 for value in parameters):
        return PICOBOOT
    if identity.hw_ver == identity.topcard == _DECKBOOT:
        return _deckboot(identity.progmode or 0)
    if identity.hw_ver == identity.progmode == identity.topcard == _OPTIBOOT_OTHER:
        return OPTIBOOT
    return UNKNOWN


def _deckboot(features: int) -> Dialect:
    """The loader with these features; on some chips none can read the signature row."""
    usual = DECKBOOT_SMALL if features & _DECKBOOT_SMALL else DECKBOOT
    fuses = _FUSE_READS if features & _DECKBOOT_FUSES else frozenset()
    row = _ROW_READS if features & _DECKBOOT_ROW else frozenset()
    return usual if fuses | row == usual.own_reads else replace(usual, own_reads=fuses | row)


def _avr_isp(identity: Identity) -> Dialect:
    """ArduinoISP and ATmegaBOOT sign on alike; only the sketch says that it programs serially."""
    if identity.progmode == _SERIAL:
        stock = (identity.hw_ver, identity.sw_major, identity.sw_minor) == (2, 1, 18)
        return ARDUINO_ISP if stock else ARDUINO_ISP_FORK
    if identity.progmode == 0 and identity.topcard == _OPTIBOOT_OTHER:
        return ATMEGABOOT
    return UNKNOWN
