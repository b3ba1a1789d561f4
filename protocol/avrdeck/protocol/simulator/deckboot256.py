"""deckboot in 256 bytes on the chip that it programs, as the wire sees it: ``deckboot256.S``.

Nobody counts arguments: all bytes go into a ring, and after silence behind an EOP the first four of them
are a command. What came before stays in the ring, so a command that was too short ends with old bytes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from avrdeck.boards.deckboot import Variant
from avrdeck.boards.uid import SIGNATURE as ROW_SIGNATURE
from avrdeck.protocol.codes import EOP, MemoryType, Op, Status
from avrdeck.protocol.simulator.bootloader import AppStarts
from avrdeck.protocol.simulator.ownloader import COMMAND_US, FILL_US, TIMEOUT_MS, OwnLoader
from avrdeck.protocol.simulator.target import Target
from avrdeck.protocol.simulator.wire import NS_PER_MS

SILENCE_MS = 4
RING_BYTES = 256
HEAD_BYTES = 4
"""What a command has before its data."""
FUSE_BIT = 0x40
"""All it looks at to tell UNIVERSAL 50 and 58 from 30 and 38."""


class Silence(Exception):
    """No byte came for so long that a command may be over."""


class Deckboot256(OwnLoader):
    """The small loader."""

    trailer_bytes = 4

    def __init__(self, target: Target, one: Variant, baud: int | None = None, *, echo: bool = False) -> None:
        super().__init__(target, one, baud, echo=echo)
        self._ring = bytearray(RING_BYTES)
        self._address = 0

    async def session(self) -> None:
        """Carry out commands until the application starts."""
        self._spoken = False
        self._last: int | None = None
        silences, count = TIMEOUT_MS // SILENCE_MS, 0
        while True:
            try:
                self._ring[count % RING_BYTES] = self._last = await self.get()
                count += 1
            except Silence:
                if self._last == EOP:
                    await self._command()
                    self._last, count = None, 0
                else:
                    silences -= 1
                    if not silences:
                        raise AppStarts from None

    async def get(self) -> int:
        """The next byte; raises `Silence`, unless a host has spoken and no command can be over."""
        waits = self._spoken and self._last != EOP
        arrival = await self._mcu.byte(None if waits else self._mcu.time + SILENCE_MS * NS_PER_MS)
        if arrival is None:
            raise Silence
        self._mcu.cost(COMMAND_US)
        return arrival.byte

    async def put(self, *data: int) -> None:
        """Send bytes, each to the end of its stop bit."""
        for byte in data:
            await super().put(byte)
            self.sent()

    async def _command(self) -> None:
        op = self._ring[0]
        if not self._spoken and op != Op.GET_SYNC:
            raise AppStarts
        self._spoken = True
        await self.put(Status.INSYNC)
        await self.put(await self._carried_out(op, *self._ring[1:HEAD_BYTES]))
        if op == Op.LEAVE_PROGMODE:
            raise AppStarts

    async def _carried_out(self, op: int, first: int, second: int, third: int) -> Status:
        """Do it, and what is to be answered in the end: INSYNC again for what it cannot do."""
        pages = op in {Op.PROG_PAGE, Op.READ_PAGE}
        own = op == Op.PROG_PAGE and self._address >= self.variant.start
        if own or (pages and third != MemoryType.FLASH):
            return Status.INSYNC
        read, at = self._place(first, second, third)
        match op:
            case Op.LOAD_ADDRESS:
                self._address = (second << 8 | first) * 2 & 0xFFFF
            case Op.READ_PAGE:
                await self._send(self._chip.read, range(self._address, self._address + (second or 256)))
            case Op.PROG_PAGE:
                await self._write_page()
            case Op.GET_PARAMETER:
                await self.put(self.trailer[first % self.trailer_bytes])
            case Op.UNIVERSAL:
                await self._send(read, [at])
            case Op.READ_SIGN:
                await self._send(read, range(3) if first & FUSE_BIT else ROW_SIGNATURE)
        return Status.OK

    def _place(self, first: int, second: int, third: int) -> tuple[Callable[[int], int], int]:
        """What UNIVERSAL reads: some byte of the row, or of the fuses."""
        at = (third << 1 | first >> 3 & 1) & 0xFF | second >> 2 & 2
        return (self._chip.fuse if first & FUSE_BIT else self._chip.row), at

    async def _send(self, read: Callable[[int], int], places: Iterable[int]) -> None:
        for at in places:
            await self.put(read(at & 0xFFFF))

    async def _write_page(self) -> None:
        """Always a whole page, whatever its length says; the line is not looked at meanwhile."""
        chip, mcu = self._chip, self._mcu
        for offset in range(0, chip.page_size, 2):
            mcu.cost(FILL_US)
            at = HEAD_BYTES + offset
            chip.fill(self._address + offset, bytes(self._ring[at : at + 2]))
        for change in (chip.erase_page, chip.write_page):
            mcu.cost(chip.write_us)
            await mcu.settle()
            change(self._address)
