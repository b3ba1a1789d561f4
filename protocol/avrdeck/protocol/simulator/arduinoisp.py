"""The stock ArduinoISP 1.18 sketch on a 16 MHz Uno, as the wire sees it, faults included.

What it gets wrong is modelled on purpose: an unknown command eats one byte, a page of an unknown
memory type leaves its data to be taken for commands, an unused SPI hangs it for good, a second
ENTER_PROGMODE does nothing, every EEPROM byte takes 45 ms, and OK says nothing about a target.
Integers have the 16 bits of the original; lengths from 0x8000 up do what the compiled loops do.
"""

from __future__ import annotations

from avrdeck.protocol.simulator.mcu import Mcu
from avrdeck.protocol.simulator.target import Target
from avrdeck.protocol.simulator.usart import RING_TX_DEPTH, Ring, Usart, actual_baud
from avrdeck.protocol.simulator.wire import NS_PER_S, NS_PER_US

F_CPU = 16_000_000
BAUD = 19200
SCK_HZ = 125_000
"""The library rounds the sketch's 166 kHz down to F_CPU / 128."""
PARAMETERS = {0x80: 2, 0x81: 1, 0x82: 18, 0x93: ord("S")}
"""Hardware version, software version, and S for a serial programmer; all others read 0."""
SIGN_ON = b"AVR ISP"
BUFFER_BYTES = 256
SPILL_BYTES = 11
"""What lies behind the buffer before the serial port's object: the error count and the clock.

Taking them for buffer is only nearly right: the real ones change while a page is written.
"""
EEPROM_CHUNK = 32
EEPROM_BYTE_MS = 45
LAMP_MS = 30
"""Length of a lamp pulse; every page commit waits that long too."""
SETUP_PULSES = 9
"""Three lamps, three pulses each, before the sketch listens."""

# Execution times in µs, measured on the compiled sketch in a cycle-accurate simulator; the timer
# interrupt's share is in them.
LOOP_US = 16.5
GETCH_US = 9.0
PUT_US = 4.3
SPI_BYTE_US = 1.3
SPI_FRAME_US = 1.8
DELAY_US = 5.0
PINS_US = 60.0
"""What start_pmode spends on pins and on setting up the SPI."""

OK, FAILED, UNKNOWN, INSYNC, NOSYNC, EOP = 0x10, 0x11, 0x12, 0x14, 0x15, 0x20
FLASH, EEPROM = ord("F"), ord("E")
FLOATING = 0xFF
"""What MISO reads with nothing connected."""
AT89_DEVICE_CODE = 0xE0
"""From here on the sketch takes RESET to be active high."""
PAGE_MASKS = {32: 0xFFF0, 64: 0xFFE0, 128: 0xFFC0, 256: 0xFF80}
"""Word address masks of the page sizes in bytes that the sketch knows."""


def sketch_baud(baud: int) -> float:
    """The speed that the Arduino core's ``Serial.begin`` really sets."""
    ubrr = (F_CPU // 4 // baud - 1) // 2
    if baud == 57600 or ubrr > 4095:
        return actual_baud(F_CPU, 16, (F_CPU // 8 // baud - 1) // 2)
    return actual_baud(F_CPU, 8, ubrr)


def int16(value: int) -> int:
    """``value`` as the AVR's int."""
    return (value + 0x8000 & 0xFFFF) - 0x8000


class ArduinoIsp:
    """The sketch. ``bootloader_ms`` is what the Uno's own bootloader waits after a reset.

    ``errors`` is the count that lights the error lamp; GET_SYNC and LEAVE_PROGMODE clear it.
    """

    title = "ArduinoISP 1.18"
    runs_on_target = False

    def __init__(self, target: Target | None, baud: int | None = None, bootloader_ms: float = 0) -> None:
        self.target = target
        self.nominal_baud = baud or BAUD
        self.bootloader_ms = bootloader_ms
        self.errors = 0

    def usart(self) -> Usart:
        """The serial port that this firmware sets up."""
        return Usart(sketch_baud(self.nominal_baud), Ring(), RING_TX_DEPTH)

    def float_pins(self) -> None:
        """The board's processor is in reset: its pins drive nothing."""
        if self.target:
            self.target.release_reset()

    async def run(self, mcu: Mcu, *, warm: bool) -> None:
        """From reset on; ``warm`` skips the start-up, as if it were long past."""
        self._mcu = mcu
        self.errors = 0
        self._programming = self._spi_on = self._reset_high = False
        self._here = 0
        self._page_size = self._eeprom_size = 0
        self._memory = bytearray(BUFFER_BYTES + SPILL_BYTES + 1)
        if not warm:
            await mcu.delay_ms(self.bootloader_ms)
            while mcu.usart.receiver:
                mcu.usart.receiver.take()
            await mcu.delay_ms(SETUP_PULSES * 2 * LAMP_MS)
        while True:
            await self._command(await self._getch())
            mcu.cost(LOOP_US)

    async def _command(self, op: int) -> None:  # noqa: C901, PLR0912  # one branch a command
        match op:
            case 0x30:
                self.errors = 0
                await self._reply()
            case 0x31:
                await self._reply(SIGN_ON)
            case 0x41:
                await self._reply(bytes([PARAMETERS.get(await self._getch(), 0)]))
            case 0x42:
                await self._fill(20)
                self._set_device()
                await self._reply()
            case 0x45:
                await self._fill(5)
                await self._reply()
            case 0x50:
                if not self._programming:
                    await self._start_programming()
                await self._reply()
            case 0x51:
                self.errors = 0
                await self._end_programming()
                await self._reply()
            case 0x55:
                self._here = await self._getch() + 256 * await self._getch()
                await self._reply()
            case 0x56:
                await self._fill(4)
                await self._reply(bytes([await self._spi(*self._memory[:4])]))
            case 0x60 | 0x61:
                for _ in range(2 if op == 0x60 else 1):
                    await self._getch()
                await self._reply()
            case 0x64:
                await self._program_page()
            case 0x74:
                await self._read_page()
            case 0x75:
                await self._read_signature()
            case 0x20:
                await self._no_sync()
            case _:
                self.errors += 1
                await self._put(UNKNOWN if await self._getch() == EOP else NOSYNC)

    def _set_device(self) -> None:
        self._page_size = int.from_bytes(self._memory[12:14], "big")
        self._eeprom_size = int.from_bytes(self._memory[14:16], "big")
        self._reset_high = self._memory[0] >= AT89_DEVICE_CODE

    async def _start_programming(self) -> None:
        await self._drive_reset(held=True)
        self._spi_on = True
        self._mcu.cost(PINS_US)
        await self._delay(20)
        await self._drive_reset(held=False)
        self._mcu.cost(100)
        await self._drive_reset(held=True)
        await self._delay(50)
        await self._spi(0xAC, 0x53, 0x00, 0x00)
        self._programming = True

    async def _end_programming(self) -> None:
        self._spi_on = False
        await self._mcu.settle()
        if self.target:
            self.target.release_reset()
        self._programming = False

    async def _drive_reset(self, *, held: bool) -> None:
        await self._mcu.settle()
        if self.target:
            self.target.drive_reset(held == self._reset_high)

    async def _program_page(self) -> None:
        length = 256 * await self._getch() + await self._getch()
        memory = await self._getch()
        if memory == FLASH:
            await self._write_flash(int16(length))
        elif memory == EEPROM:
            result = await self._write_eeprom(length)
            await self._reply(end=result)
        else:
            await self._put(FAILED)

    async def _write_flash(self, length: int) -> None:
        await self._fill(length)
        if await self._getch() != EOP:
            await self._no_sync()
            return
        await self._put(INSYNC)
        page, taken = self._page(), 0
        while taken < length:
            if page != self._page():
                await self._commit(page)
                page = self._page()
            for opcode in (0x40, 0x48):
                await self._spi(opcode, self._here >> 8, self._here & 0xFF, self._memory[taken])
                taken += 1
            self._here = self._here + 1 & 0xFFFF
        await self._commit(page)
        await self._put(OK)

    async def _commit(self, page: int) -> None:
        await self._spi(0x4C, page >> 8, page & 0xFF, 0)
        await self._delay(LAMP_MS)

    def _page(self) -> int:
        return self._here & PAGE_MASKS.get(self._page_size, 0xFFFF)

    async def _write_eeprom(self, length: int) -> int:
        if length > self._eeprom_size:
            self.errors += 1
            return FAILED
        start = self._here * 2
        while length > EEPROM_CHUNK:
            await self._write_eeprom_chunk(start, EEPROM_CHUNK)
            start += EEPROM_CHUNK
            length -= EEPROM_CHUNK
        await self._write_eeprom_chunk(start, length)
        return OK

    async def _write_eeprom_chunk(self, start: int, length: int) -> None:
        await self._fill(length)
        for offset in range(length):
            address = start + offset & 0xFFFF
            await self._spi(0xC0, address >> 8, address & 0xFF, self._memory[offset])
            await self._delay(EEPROM_BYTE_MS)

    async def _read_page(self) -> None:
        length = 256 * await self._getch() + await self._getch()
        memory = await self._getch()
        if await self._getch() != EOP:
            await self._no_sync()
            return
        await self._put(INSYNC)
        if memory == FLASH:
            for _ in range(0, int16(length), 2):
                await self._put(await self._spi(0x20, self._here >> 8, self._here & 0xFF, 0))
                await self._put(await self._spi(0x28, self._here >> 8, self._here & 0xFF, 0))
                self._here = self._here + 1 & 0xFFFF
        elif memory == EEPROM:
            for offset in range(length):
                address = self._here * 2 + offset & 0xFFFF
                await self._put(await self._spi(0xA0, address >> 8, address & 0xFF, 0xFF))
        await self._put(OK if memory in {FLASH, EEPROM} else FAILED)

    async def _read_signature(self) -> None:
        if await self._getch() != EOP:
            await self._no_sync()
            return
        await self._put(INSYNC)
        for address in range(3):
            await self._put(await self._spi(0x30, 0, address, 0))
        await self._put(OK)

    async def _reply(self, data: bytes = b"", end: int = OK) -> None:
        if await self._getch() != EOP:
            await self._no_sync()
            return
        for byte in (INSYNC, *data, end):
            await self._put(byte)

    async def _no_sync(self) -> None:
        self.errors += 1
        await self._put(NOSYNC)

    async def _fill(self, count: int) -> None:
        """Take ``count`` bytes into the buffer; past its end lie other variables, then the serial port."""
        for index in range(count):
            byte = await self._getch()
            if index == BUFFER_BYTES + SPILL_BYTES:
                await self._mcu.hang()
            self._memory[index] = byte

    async def _getch(self) -> int:
        arrival = await self._mcu.byte()
        self._mcu.cost(GETCH_US)
        return arrival.byte if arrival else 0

    async def _put(self, byte: int) -> None:
        self._mcu.cost(PUT_US)
        await self._mcu.put(byte)

    async def _delay(self, ms: float) -> None:
        self._mcu.cost(DELAY_US)
        await self._mcu.delay_ms(ms)

    async def _spi(self, *frame: int) -> int:
        """Exchange four bytes with the target; without a running SPI the sketch waits for ever."""
        mcu = self._mcu
        if not self._spi_on:
            await mcu.hang()
        await mcu.settle()
        answer = FLOATING
        for byte in frame:
            if self.target:
                answer = self.target.transfer(byte, SCK_HZ, mcu.time)
            mcu.time += 8 * NS_PER_S // SCK_HZ + round(SPI_BYTE_US * NS_PER_US)
        mcu.cost(SPI_FRAME_US)
        return answer
