"""Optiboot on the chip that it programs, as the wire sees it: version 8.3, or the 4.4 of older Unos.

It answers OK to nearly everything and means little by it. A missing EOP ends in the application by a
16 ms watchdog, silence by one of a second. There is no receive buffer beyond the USART's own.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NoReturn

from avrdeck.protocol.simulator.bootloader import EEPROM, EOP, F_CPU, INSYNC, OK, AppStarts, Bootloader
from avrdeck.protocol.simulator.target import Target
from avrdeck.protocol.simulator.usart import actual_baud
from avrdeck.protocol.simulator.wire import NS_PER_MS, NS_PER_US

BAUD = 115200
WATCHDOG_MS = 1000
SHORT_WATCHDOG_MS = 16
COMMAND_US = 1.0
BYTE_LENGTH_PAGE = 255
"""Up to this page size lengths are 8 bits wide, beyond 16; 0 is the longest."""
LOAD_EXTENDED_ADDRESS = 0x4D


@dataclass(frozen=True, slots=True)
class Version:
    """What differs between versions: ``deaf_ms`` is how long it blinks before it listens."""

    major: int
    minor: int
    deaf_ms: float
    keeps_address: bool

    @property
    def word(self) -> bytes:
        """The version as the last word of flash."""
        return bytes([self.minor, self.major])


CURRENT = Version(8, 3, deaf_ms=0, keeps_address=True)
OLD = Version(4, 4, deaf_ms=6 * 62.5, keeps_address=False)
ROOM = 512


class Optiboot(Bootloader):
    """The bootloader. ``version`` 4.4 moves its address on with every page it reads."""

    def __init__(
        self, target: Target, baud: int | None = None, version: Version = CURRENT, *, echo: bool = False
    ) -> None:
        super().__init__(target, baud or BAUD, echo=echo)
        self.version = version
        self.title = f"Optiboot {version.major}.{version.minor}"

    def actual_baud(self) -> float:
        """The speed of its rounded divisor."""
        ubrr = (F_CPU + self.nominal_baud * 4) // (self.nominal_baud * 8) - 1
        return actual_baud(F_CPU, 8, ubrr & 0xFF)

    async def serve(self) -> None:
        """Carry out commands until a watchdog reset."""
        self._address = 0
        self._extended = 0
        self._longest = 1 << 16 if self._chip.page_size > BYTE_LENGTH_PAGE else 1 << 8
        self._buffer = bytearray(self._longest)
        await self._mcu.delay_ms(self.version.deaf_ms)
        self._watchdog(WATCHDOG_MS)
        while True:
            await self._command(await self.get())
            await self.put(OK)

    async def get(self) -> int:
        """The next byte; one without framing error feeds the watchdog."""
        arrival = await self._mcu.byte(until=self._bite_at)
        if arrival is None or self._mcu.time >= self._bite_at:
            raise AppStarts
        self._mcu.cost(COMMAND_US)
        if not arrival.framing_error:
            self._watchdog(self._period_ms)
        return arrival.byte

    def _watchdog(self, period_ms: float) -> None:
        self._period_ms = period_ms
        self._bite_at = self._mcu.time + round(period_ms * NS_PER_MS)

    async def _command(self, op: int) -> None:
        match op:
            case 0x41:
                parameter = await self.get()
                await self._in_sync()
                await self.put({0x81: self.version.major, 0x82: self.version.minor}.get(parameter, 0x03))
            case 0x42:
                await self._ignore(20)
            case 0x45:
                await self._ignore(5)
            case 0x55:
                word = await self.get() | await self.get() << 8
                self._address = word * 2 & 0xFFFF | (self._extended << 17 | word >> 15 << 16)
                await self._in_sync()
            case 0x56:
                await self._universal()
            case 0x64:
                await self._program_page()
            case 0x74:
                await self._read_page()
            case 0x75:
                await self._in_sync()
                await self.put(*self._chip.cells.part.signature)
            case 0x51:
                self._watchdog(SHORT_WATCHDOG_MS)
                await self._in_sync()
            case _:
                await self._in_sync()

    async def _universal(self) -> None:
        """Eat four bytes and answer 0; big parts take the extended address from it."""
        first, _, third = await self.get(), await self.get(), await self.get()
        if first == LOAD_EXTENDED_ADDRESS and self._chip.cells.part.flash.size > 1 << 17:
            self._extended = third
        await self._ignore(1)
        await self.put(0x00)

    async def _program_page(self) -> None:
        length, memory = await self._length(), await self.get()
        if self.version is OLD:
            memory = 0
        erased_at = self._erase_early()
        for index in range(length):
            self._buffer[index] = await self.get()
        if memory == EEPROM:
            await self._in_sync()
            await self._hang()
        await self._write_flash(length, erased_at)

    def _erase_early(self) -> int | None:
        """4.4 erases the read-while-write section while the data come in; when that will be done."""
        if self.version is OLD and self._address < self._chip.nrww_start:
            self._chip.erase_page(self._address)
            return self._mcu.time + self._chip.write_us * NS_PER_US
        return None

    async def _write_flash(self, length: int, erased_at: int | None) -> None:
        chip, mcu = self._chip, self._mcu
        await self._in_sync()
        if erased_at is None:
            chip.erase_page(self._address)
            erased_at = mcu.time + chip.write_us * NS_PER_US
        mcu.time = max(mcu.time, erased_at)
        if self.version is OLD:
            length = chip.page_size
        elif length % 2:
            await self._hang()
        for offset in range(0, length, 2):
            chip.fill(self._address + offset, bytes(self._buffer[offset : offset + 2]))
        mcu.cost(chip.write_us)
        await mcu.settle()
        chip.write_page(self._address)

    async def _read_page(self) -> None:
        length, _ = await self._length(), await self.get()
        await self._in_sync()
        for offset in range(length):
            await self.put(self._chip.read(self._address + offset))
        if not self.version.keeps_address:
            self._address = self._address + length & 0xFFFF

    async def _length(self) -> int:
        high, low = await self.get(), await self.get()
        return (high << 8 | low) % self._longest or self._longest

    async def _ignore(self, count: int) -> None:
        await self.skip(count)
        await self._in_sync()

    async def _in_sync(self) -> None:
        if await self.get() != EOP:
            self._watchdog(SHORT_WATCHDOG_MS)
            await self._hang()
        await self.put(INSYNC)

    async def _hang(self) -> NoReturn:
        """Loop until the watchdog bites."""
        self._mcu.time = max(self._mcu.time, self._bite_at)
        await self._mcu.settle()
        raise AppStarts
