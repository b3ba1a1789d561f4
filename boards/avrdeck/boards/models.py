"""What is known of a part: memories, fuse bytes and their fields, clocks, timing.

Plain frozen values, read from ``data/parts`` by `avrdeck.boards.catalog`. A fuse or lock bit is
*programmed* when it is 0. Flash addresses and sizes are in bytes unless the name says words.

Plain records are named tuples: every start pays for making these classes, and a dataclass costs six times
as much. What is compared or has behaviour is a dataclass.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from typing import NamedTuple

from avrdeck.boards.opcodes import Opcode

MEMORY_NAMES = (
    "flash", "eeprom", "fuse", "lfuse", "hfuse", "efuse", "lock",
    "signature", "calibration", "prodsig", "sernum", "usersig",
)  # fmt: skip
BLANK = 0xFF
"""An erased byte of flash or EEPROM, and the value of unused fuse bits."""


class ClockKind(StrEnum):
    """Where the system clock comes from."""

    EXTERNAL_CLOCK = "external_clock"
    INTERNAL_RC = "internal_rc"
    INTERNAL_128K = "internal_128k"
    INTERNAL_ULP = "internal_ulp"
    INTERNAL_SLOW_RC = "internal_slow_rc"
    EXTERNAL_RC = "external_rc"
    CRYSTAL_LOW_POWER = "crystal_low_power"
    CRYSTAL_FULL_SWING = "crystal_full_swing"
    CRYSTAL_LOW_FREQ = "crystal_low_freq"
    CRYSTAL_OR_RESONATOR = "crystal_or_resonator"
    CERAMIC_RESONATOR = "ceramic_resonator"
    CERAMIC_OR_EXTERNAL_CLOCK = "ceramic_or_external_clock"
    EXTERNAL_OR_CRYSTAL = "external_or_crystal"
    PLL = "pll"
    TRANSCEIVER_OSC = "transceiver_osc"
    RESERVED = "reserved"


class HighVoltage(StrEnum):
    """The 12 V method that still works when ISP does not."""

    HVSP = "HVSP"
    HVPP = "HVPP"


@dataclass(frozen=True, slots=True)
class Clock:
    """A legal value of a clock or start-up field. `None` where the source states nothing.

    ``ck_powerdown`` and ``ck_reset`` are clock counts after power-down and after reset,
    ``ck_startup`` one count for both; ``delay_ms`` is added to the latter.
    """

    kind: ClockKind | None = None
    nominal_hz: int | None = None
    freq_min_hz: int | None = None
    freq_max_hz: int | None = None
    freq_by_ckopt: Mapping[int, tuple[int, int]] | None = None
    ck_powerdown: int | None = None
    ck_reset: int | None = None
    ck_startup: int | None = None
    delay_ms: float | None = None
    power: str | None = None
    startup: str | None = None
    pll_input: str | None = None
    resonator: str | None = None
    band: str | None = None
    int_cap: bool | None = None
    tiny15_compat: bool = False
    system_div: int | None = None


@dataclass(frozen=True, slots=True)
class BodLevel:
    """A brown-out trip level in volts; `None` is off."""

    volts: float | None


@dataclass(frozen=True, slots=True)
class BodMode:
    """What the detector does in one power state: ``enabled``, ``sampled`` or ``disabled``."""

    mode: str


@dataclass(frozen=True, slots=True)
class BootSize:
    """A boot section: its size and its start, in words and bytes."""

    size_words: int
    start_word: int

    @property
    def size_bytes(self) -> int:
        """Size in bytes."""
        return self.size_words * 2

    @property
    def start_byte(self) -> int:
        """First byte address."""
        return self.start_word * 2


@dataclass(frozen=True, slots=True)
class Flag:
    """One bit that turns something on; ``active`` is the effect, whatever the bit's polarity."""

    active: bool


@dataclass(frozen=True, slots=True)
class MemoryLock:
    """What the LB bits forbid to an external programmer."""

    write_blocked: bool
    read_blocked: bool


@dataclass(frozen=True, slots=True)
class BootLock:
    """What the BLB bits forbid to SPM and LPM."""

    spm_blocked: bool
    lpm_blocked: bool


Meaning = Clock | BodLevel | BodMode | BootSize | Flag | MemoryLock | BootLock | None


@dataclass(frozen=True, slots=True)
class FieldValue:
    """One legal value of a field. ``inferred`` names the facts of it that no source states."""

    value: int
    key: str
    meaning: Meaning = None
    inferred: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class BitField:
    """Named bits of one fuse or lock byte.

    ``role`` says what it is for whatever the data sheet calls it (``reset_disable``,
    ``debugwire_enable``, ``boot_size``…). A field value is ``(byte & mask) >> lsb``, for masks with
    a hole too. A value that is not in ``values`` is reserved.
    """

    memory: str
    name: str
    role: str
    mask: int
    values: tuple[FieldValue, ...]
    default: int | None = None
    pin: str | None = None

    @property
    def lsb(self) -> int:
        """Position of the lowest bit."""
        return (self.mask & -self.mask).bit_length() - 1

    def get(self, byte: int) -> int:
        """The field's value in ``byte``."""
        return (byte & self.mask) >> self.lsb

    def put(self, byte: int, value: int) -> int:
        """``byte`` with the field set to ``value``; all other bits are kept."""
        return byte & ~self.mask & 0xFF | (value << self.lsb & self.mask)

    def meaning(self, value: int) -> FieldValue | None:
        """The legal value, or `None` when it is reserved."""
        return next((known for known in self.values if known.value == value), None)


@dataclass(frozen=True, slots=True)
class Fuse:
    """A fuse byte or the lock byte.

    ``used_mask`` holds the bits that exist; the others read back as anything and are compared
    nowhere. ``write_mask`` holds the bits that the ISP instruction can change. ``factory`` is
    `None` when no source states it. ``write_us`` is the time a write takes.
    """

    name: str
    used_mask: int
    read_mask: int
    write_mask: int
    factory: int | None
    write_us: int
    readable: bool = True
    writable: bool = True
    power_cycle_after_write: bool = False
    fields: tuple[BitField, ...] = ()

    def same(self, first: int, second: int) -> bool:
        """Whether two values agree in every bit that exists and can be read."""
        return not (first ^ second) & self.used_mask & self.read_mask


class Flash(NamedTuple):
    """Program memory. ``page_size`` is in bytes, `None` where words are written one by one.

    ``readback_poll`` holds two byte values that cannot be polled for on unpaged parts. SPM erases
    ``spm_erase_pages`` pages at once.
    """

    size: int
    page_size: int | None
    write_us: int
    needs_extended_address: bool = False
    readback_poll: tuple[int, int] | None = None
    spm_erase_pages: int = 1

    @property
    def size_words(self) -> int:
        """Size in words, the unit of the instructions' addresses."""
        return self.size // 2


class Eeprom(NamedTuple):
    """Data memory. ``isp_paged`` is false where only single bytes can be written by ISP."""

    size: int
    page_size: int | None
    isp_paged: bool
    write_us: int
    readback_poll: tuple[int, int] | None = None


class Row(NamedTuple):
    """A small read-only memory: signature, calibration, prodsig, sernum, usersig.

    ``offset`` is where it begins in the signature row.
    """

    name: str
    size: int
    readable: bool = True
    offset: int = 0


class Interfaces(NamedTuple):
    """How the part can be reached besides ISP."""

    hv: HighVoltage | None
    debugwire: bool
    jtag: bool


class Timing(NamedTuple):
    """Serial programming times. ``sync_echo`` is false where the part does not echo 0x53.

    ``sck_half_clocks`` is stated where SCK must stay high or low for longer than the usual 2 CPU
    clocks (3 from 12 MHz up). ``erase_ends_with_reset`` marks parts whose chip erase is over only
    when RESET is released (AVR910): leave and re-enter programming mode after it.
    """

    chip_erase_us: int
    sync_echo: bool = True
    sck_half_clocks: int | None = None
    erase_ends_with_reset: bool = False


class Variant(NamedTuple):
    """An ordering code of the part. Temperatures in °C, supply in V."""

    code: str
    package: str | None
    fmax_hz: int | None
    temp_c: tuple[float, float] | None
    vcc: tuple[float, float] | None


class Boot(NamedTuple):
    """The boot sections of a part, smallest first. ``fixed`` parts have one and no BOOTSZ."""

    sections: tuple[BootSize, ...]
    fixed: bool = False


class Serial(NamedTuple):
    """Where the signature row holds the part's documented serial number.

    ``addresses`` are those of serial byte 0, 1, … in the row. ``isp_documented`` is false where the
    data sheet gives only the way software reads it.
    """

    addresses: tuple[int, ...]
    isp_documented: bool


class Dispute(NamedTuple):
    """A fact on which the sources disagree: what each says, which is preferred and why."""

    item: str
    claims: Mapping[str, str]
    preferred: str | None
    why: str


@dataclass(frozen=True)
class Part:
    """One ISP-programmable part."""

    name: str
    avrdude_id: str
    family: str
    signature: bytes
    shares_signature_with: tuple[str, ...]
    flash: Flash
    eeprom: Eeprom | None
    fuses: Mapping[str, Fuse]
    rows: Mapping[str, Row]
    opcodes: Mapping[str, Opcode]
    timing: Timing
    interfaces: Interfaces
    stk500_devcode: int | None
    is_avr: bool = True
    clone: bool = False
    fmax_hz: int | None = None
    vcc: tuple[float, float] | None = None
    factory_fcpu_hz: int | None = None
    clock_fixed: Clock | None = None
    rc_prescale: int = 1
    boot: Boot | None = None
    sram: tuple[int, int] | None = None
    serial: Serial | None = None
    variants: tuple[Variant, ...] = ()
    disputes: tuple[Dispute, ...] = field(default=())

    @cached_property
    def fuse_bytes(self) -> tuple[Fuse, ...]:
        """The fuse bytes without the lock byte, in the data sheet's order: low, high, extended."""
        return tuple(fuse for name, fuse in self.fuses.items() if name != "lock")

    @property
    def lock(self) -> Fuse:
        """The lock byte; every part has one."""
        return self.fuses["lock"]

    @cached_property
    def fields(self) -> tuple[BitField, ...]:
        """Every named field of every fuse and lock byte."""
        return tuple(bits for fuse in self.fuses.values() for bits in fuse.fields)

    @cached_property
    def roles(self) -> Mapping[str, BitField]:
        """The first field of each role."""
        return {bits.role: bits for bits in reversed(self.fields)}

    def role(self, role: str) -> BitField | None:
        """The first field with that role, or `None` when the part has none."""
        return self.roles.get(role)

    def size(self, memory: str) -> int:
        """Size of a memory in bytes; raises `KeyError` when the part has no such memory."""
        if memory == "flash":
            return self.flash.size
        if memory == "eeprom" and self.eeprom:
            return self.eeprom.size
        return 1 if memory in self.fuses else self.rows[memory].size

    @property
    def signature_text(self) -> str:
        """The signature as people write it: ``1E 95 0F``."""
        return self.signature.hex(" ").upper()
