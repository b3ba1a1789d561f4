"""ATmegaBOOT_168 for the ATmega328P (Duemilanove), as the wire sees it.

A wrong EOP is not answered, only counted; the fifth mistake, or about a second without a byte, starts
the application. Pages and EEPROM are both addressed in words, and every page command doubles the
stored address in place.
"""

from __future__ import annotations

from avrdeck.protocol.simulator.bootloader import EEPROM, EOP, F_CPU, INSYNC, OK, AppStarts, Bootloader
from avrdeck.protocol.simulator.target import Target
from avrdeck.protocol.simulator.usart import actual_baud
from avrdeck.protocol.simulator.wire import NS_PER_MS

BAUD = 57600
TIMEOUT_MS = 1125
"""A million turns of an 18-cycle loop."""
MAX_ERRORS = 5
DEAF_MS = 200
"""It blinks once before it listens."""
VERSIONS = {0x80: 0x02, 0x81: 0x01, 0x82: 0x10, 0x98: 0x03}
SIGN_ON = b"AVR ISP"
ROOM = 2048
BUFFER_BYTES = 256
EEPROM_BYTE_MS = 3.4
VALUE_FOLLOWS_ABOVE = 0x85
"""Only beyond this parameter does its SET_PARAMETER expect a value."""


class AtmegaBoot(Bootloader):
    """The bootloader."""

    title = "ATmegaBOOT"

    def __init__(self, target: Target, baud: int | None = None, *, echo: bool = False) -> None:
        super().__init__(target, baud or BAUD, echo=echo)

    def actual_baud(self) -> float:
        """The speed of its truncated divisor."""
        return actual_baud(F_CPU, 16, F_CPU // (self.nominal_baud * 16) - 1)

    async def serve(self) -> None:
        """Carry out commands until it gives up."""
        self._address = 0
        self._errors = 0
        await self._mcu.delay_ms(DEAF_MS)
        while True:
            await self._command(await self.get())

    async def get(self) -> int:
        """The next byte, framing error or not."""
        arrival = await self._mcu.byte(until=self._mcu.time + TIMEOUT_MS * NS_PER_MS)
        if arrival is None:
            raise AppStarts
        return arrival.byte

    async def _command(self, op: int) -> None:  # noqa: C901  # one branch a command
        signature = self._chip.cells.part.signature
        match op:
            case 0x30 | 0x50 | 0x51 | 0x52:
                await self._reply()
            case 0x31:
                await self._reply(SIGN_ON)
            case 0x40:
                await self.skip(1 if await self.get() > VALUE_FOLLOWS_ABOVE else 0)
                await self._reply()
            case 0x41:
                await self._reply(bytes([VERSIONS.get(await self.get(), 0x00)]))
            case 0x42 | 0x45:
                await self.skip(20 if op == 0x42 else 5)
                await self._reply()
            case 0x55:
                self._address = await self.get() | await self.get() << 8
                await self._reply()
            case 0x56:
                first, _, third, _ = [await self.get() for _ in range(4)]
                await self._reply(signature[min(third, 2) : min(third, 2) + 1] if first == 0x30 else b"\0")
            case 0x64:
                await self._program_page()
            case 0x74:
                await self._read_page()
            case 0x75:
                await self._reply(signature)
            case 0x76:
                await self._reply(b"\0")
            case _:
                self._mistake()

    async def _program_page(self) -> None:
        length = await self.get() << 8 | await self.get()
        memory = await self.get()
        data = [await self.get() for _ in range(length)][:BUFFER_BYTES]
        if await self.get() != EOP:
            self._mistake()
            return
        self._address = self._address * 2 & 0xFFFF
        if memory == EEPROM:
            for value in data:
                await self._mcu.delay_ms(EEPROM_BYTE_MS)
                self._chip.write_eeprom(self._address, value)
                self._address = self._address + 1 & 0xFFFF
        else:
            await self._write_flash(bytes(data))
        await self.put(INSYNC, OK)

    async def _write_flash(self, data: bytes) -> None:
        """Erase, fill and write page by page, counted from the start and not from page boundaries."""
        chip, mcu = self._chip, self._mcu
        for start in range(0, len(data), chip.page_size):
            page = data[start : start + chip.page_size]
            address = self._address + start
            chip.erase_page(address)
            mcu.cost(chip.write_us)
            for offset in range(0, len(page), 2):
                chip.fill(address + offset, page[offset : offset + 2].ljust(2, b"\0"))
            mcu.cost(chip.write_us)
            await mcu.settle()
            chip.write_page(address + (len(page) - 1 & ~1))

    async def _read_page(self) -> None:
        length = await self.get() << 8 | await self.get()
        self._address = self._address * 2 & 0xFFFF
        memory = await self.get()
        if await self.get() != EOP:
            return
        await self.put(INSYNC)
        read = self._chip.read_eeprom if memory == EEPROM else self._chip.read
        for _ in range(length):
            await self.put(read(self._address))
            self._address = self._address + 1 & 0xFFFF
        await self.put(OK)

    async def _reply(self, data: bytes = b"") -> None:
        if await self.get() == EOP:
            await self.put(INSYNC, *data, OK)
        else:
            self._mistake()

    def _mistake(self) -> None:
        self._errors += 1
        if self._errors == MAX_ERRORS:
            raise AppStarts
