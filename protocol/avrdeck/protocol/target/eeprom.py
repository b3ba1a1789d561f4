"""EEPROM: read and write. Addresses and sizes are in bytes."""

from __future__ import annotations

from collections.abc import Iterator

from avrdeck.boards.images import Image
from avrdeck.boards.models import Eeprom, Part
from avrdeck.protocol import isp
from avrdeck.protocol.codes import MemoryType
from avrdeck.protocol.dialects import Dialect, EepromAddress
from avrdeck.protocol.errors import UsageFault
from avrdeck.protocol.flight import Request
from avrdeck.protocol.framing import Reply
from avrdeck.protocol.programmer import Programmer
from avrdeck.protocol.stk500v1 import LoadAddress, ProgPage, ReadPage, Universal
from avrdeck.protocol.target.progress import Operation, ProgressHandler, Step, reporter, unwatched
from avrdeck.protocol.target.reading import Stretch, misheard, pieces

BOOTLOADER_BLOCK = 64
"""How much goes into one PROG_PAGE for a bootloader: it is deaf for 4 ms per byte of it."""


async def read(programmer: Programmer, start: int, size: int, watch: ProgressHandler = unwatched) -> bytes:
    """``size`` bytes from ``start``. ``watch`` is told of every block."""
    part, eeprom = _eeprom(programmer)
    dialect = programmer.dialect
    if dialect.cautious:
        todo, requests = [(start, size)], _reads_by_instructions(part, start, start + size)
    else:
        todo = list(pieces(start, start + size, dialect.read_block, (0, eeprom.size)))
        requests = _reads(dialect, todo)
    found = Stretch(start, size)
    report = reporter(Operation.READ, "eeprom", sum(size for _, size in todo), watch)

    def collect(request: Request, reply: Reply) -> None:
        report(request, reply)
        if isinstance(request, Step):
            found.put(request.end - request.size, reply.data)

    with misheard(dialect):
        await programmer.link.run(requests, collect)
    return found.data


async def write(programmer: Programmer, image: Image, watch: ProgressHandler = unwatched) -> None:
    """Write the bytes that ``image`` defines and no others; no erase is needed."""
    part, eeprom = _eeprom(programmer)
    if not programmer.dialect.universal:
        requests = _by_prog_page(programmer.dialect, image)
    elif eeprom.isp_paged and eeprom.page_size:
        requests = _by_page(part, eeprom, image)
    else:
        requests = _by_byte(part, eeprom, image)
    await programmer.link.run(requests, reporter(Operation.WRITE, "eeprom", image.size, watch))


def _eeprom(programmer: Programmer) -> tuple[Part, Eeprom]:
    part = programmer.require_part()
    if part.eeprom is None:
        raise UsageFault(f"{part.name} has no EEPROM")
    if programmer.dialect.eeprom_address is EepromAddress.NONE:
        raise UsageFault(
            f"{programmer.dialect.name} does not reach the EEPROM",
            advice="Connect an ISP programmer, or burn a bootloader that does.",
        )
    return part, part.eeprom


def _load_address(dialect: Dialect, address: int) -> Request:
    """EEPROM addresses do not count on by themselves, so every block needs one."""
    by_words = dialect.eeprom_address is EepromAddress.WORDS
    return Request(LoadAddress(address // 2 if by_words else address))


def _reads(dialect: Dialect, todo: list[tuple[int, int]]) -> Iterator[Request]:
    for address, size in todo:
        yield _load_address(dialect, address)
        yield Step(ReadPage(MemoryType.EEPROM, size), end=address + size, size=size)


def _reads_by_instructions(part: Part, start: int, end: int) -> Iterator[Request]:
    for address in range(start, end):
        yield Step(Universal(isp.encode(part, "eeprom.read", address)), end=address + 1, size=1)


def _by_page(part: Part, eeprom: Eeprom, image: Image) -> Iterator[Request]:
    """Load the defined bytes of each page and commit it; the others keep what they hold."""
    page_size = eeprom.page_size or 1
    for segment in image.segments:
        address = segment.start
        while address < segment.end:
            end = min(address - address % page_size + page_size, segment.end)
            for byte_address in range(address, end):
                byte = segment.data[byte_address - segment.start]
                yield Request(Universal(isp.encode(part, "eeprom.loadpage_lo", byte_address, byte)))
            commit = Universal(isp.encode(part, "eeprom.writepage", address))
            yield Step(commit, settle_us=eeprom.write_us, end=end, size=end - address)
            address = end


def _by_byte(part: Part, eeprom: Eeprom, image: Image) -> Iterator[Request]:
    for segment in image.segments:
        for address, byte in enumerate(segment.data, segment.start):
            command = Universal(isp.encode(part, "eeprom.write", address, byte))
            yield Step(command, settle_us=eeprom.write_us, end=address + 1, size=1)


def _by_prog_page(dialect: Dialect, image: Image) -> Iterator[Request]:
    for segment in image.segments:
        if segment.start % 2:
            raise UsageFault(
                f"{dialect.name} can write EEPROM only from an even address, not from 0x{segment.start:04X}"
            )
        for offset in range(0, len(segment.data), BOOTLOADER_BLOCK):
            address, block = segment.start + offset, segment.data[offset : offset + BOOTLOADER_BLOCK]
            yield _load_address(dialect, address)
            command = ProgPage(MemoryType.EEPROM, block)
            busy = dialect.eeprom_byte_us * len(block)
            yield Step(command, busy_us=busy, end=address + len(block), size=len(block))
