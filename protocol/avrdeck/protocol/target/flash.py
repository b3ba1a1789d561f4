"""Flash: read, write, compare. Addresses and sizes are in bytes; the wire counts words."""

from __future__ import annotations

from collections.abc import Iterator

from avrdeck.boards.images import Image
from avrdeck.boards.models import BLANK, Part
from avrdeck.protocol import isp
from avrdeck.protocol.codes import MemoryType
from avrdeck.protocol.flight import Request
from avrdeck.protocol.framing import Reply
from avrdeck.protocol.programmer import Programmer
from avrdeck.protocol.stk500v1 import LoadAddress, ProgPage, ReadPage, Universal
from avrdeck.protocol.target.progress import Operation, ProgressHandler, Step, reporter, unwatched
from avrdeck.protocol.target.reading import Stretch, misheard, pieces
from avrdeck.protocol.transports.base import byte_time

SEGMENT_BYTES = 0x2_0000
"""What a 16-bit LOAD_ADDRESS reaches, 64 Ki words; the extended address byte counts these."""
UNIVERSAL_BYTES = 6
PROG_PAGE_FRAME = 5
"""What a command takes on the wire: UNIVERSAL whole, PROG_PAGE besides the page."""
UNPAGED_STEP = 128
"""The step in which word-by-word writing reports progress on parts without pages, in bytes."""


async def read(programmer: Programmer, start: int, size: int, watch: ProgressHandler = unwatched) -> bytes:
    """``size`` bytes from ``start``. ``watch`` is told of every block."""
    todo = _pieces(programmer, start, start + size)
    found = Stretch(start, size)
    report = reporter(Operation.READ, "flash", sum(size for _, size in todo), watch)

    def collect(request: Request, reply: Reply) -> None:
        report(request, reply)
        if isinstance(request, Step):
            found.put(request.end - request.size, reply.data)

    with misheard(programmer.dialect):
        await programmer.link.run(_reads(programmer, todo), collect)
    return found.data


async def write(
    programmer: Programmer, image: Image, *, erased: bool, watch: ProgressHandler = unwatched
) -> None:
    """Write the pages that ``image`` touches; with ``erased`` those that are all 0xFF are left out.

    Over ISP, writing without an erase before it can only turn ones into zeros.
    """
    pages = pages_of(image, programmer.require_part(), skip_blank=erased)
    total = sum(len(page) for _, page in pages)
    await programmer.link.run(_writes(programmer, pages), reporter(Operation.WRITE, "flash", total, watch))


def pages_of(image: Image, part: Part, *, skip_blank: bool) -> list[tuple[int, bytes]]:
    """The (start, bytes) of each page that ``image`` touches, filled up with 0xFF."""
    blank = bytes([BLANK])
    pages = image.pages(part.flash.page_size or UNPAGED_STEP)
    return [(start, page) for start, page in pages if not skip_blank or page.strip(blank)]


class _Pointer:
    """Where the programmer's address counter stands, and what it takes to move it."""

    def __init__(self, programmer: Programmer) -> None:
        self._part = programmer.require_part()
        self._advances = programmer.dialect.advances
        self._at: int | None = None
        self._segment: int | None = None

    def move(self, address: int) -> Iterator[Request]:
        """The requests that bring it to byte ``address``; none when it is there."""
        yield from self.extend(address)
        if address != self._at:
            yield Request(LoadAddress(address % SEGMENT_BYTES // 2))
        self._at = address

    def extend(self, address: int) -> Iterator[Request]:
        """The request that makes 16 address bits mean byte ``address``, where one is needed."""
        segment = address // SEGMENT_BYTES
        if self._part.flash.needs_extended_address and segment != self._segment:
            self._segment, self._at = segment, None
            word = segment * SEGMENT_BYTES // 2
            yield Request(Universal(isp.encode(self._part, "flash.load_ext_addr", word)))

    def passed(self, size: int) -> None:
        """The programmer reads or writes ``size`` bytes from here."""
        self._at = self._at + size if self._advances and self._at is not None else None


def _pieces(programmer: Programmer, start: int, end: int) -> list[tuple[int, int]]:
    """What to read, none of it across what LOAD_ADDRESS reaches."""
    whole, most = programmer.require_part().flash.size, programmer.dialect.read_block
    found: list[tuple[int, int]] = []
    while start < end:
        segment = start - start % SEGMENT_BYTES
        bounds = segment, min(segment + SEGMENT_BYTES, whole)
        found += pieces(start, min(end, bounds[1]), most, bounds)
        start = segment + SEGMENT_BYTES
    return found


def _reads(programmer: Programmer, todo: list[tuple[int, int]]) -> Iterator[Request]:
    pointer = _Pointer(programmer)
    for address, size in todo:
        yield from pointer.move(address)
        pointer.passed(size)
        yield Step(ReadPage(MemoryType.FLASH, size), end=address + size, size=size)


def _writes(programmer: Programmer, pages: list[tuple[int, bytes]]) -> Iterator[Request]:
    part, dialect = programmer.require_part(), programmer.dialect
    page_size = part.flash.page_size
    if page_size is None:
        for start, page in pages:
            yield from _words_by_instructions(part, start, page)
        return
    known = dialect.page_sizes is None or page_size in dialect.page_sizes
    if known and not _instructions_are_faster(programmer, page_size):
        yield from _whole_pages(programmer, pages)
    else:
        yield from _pages_by_instructions(programmer, pages)


def _instructions_are_faster(programmer: Programmer, page_size: int) -> bool:
    """Whether loading a page byte by byte beats PROG_PAGE, after which the sketch pauses for its lamp.

    It does when the wire is fast and hands bytes on at once. Times are in microseconds.
    """
    dialect, link = programmer.dialect, programmer.link
    window = dialect.window
    if not (window.unread and dialect.instruction_us):
        return False
    byte_us, latency_us = byte_time(link.transport.baud) * 1e6, link.latency * 1e6
    command = page_size + PROG_PAGE_FRAME
    unsent = command - min(command, window.ahead(command, byte_us))
    whole = page_size * dialect.instruction_us + dialect.commit_us + unsent * byte_us + latency_us
    service = dialect.instruction_us + dialect.universal_us
    in_flight = 1 + window.unread // UNIVERSAL_BYTES
    single = max(service, UNIVERSAL_BYTES * byte_us, (service + latency_us) / in_flight)
    settled = programmer.require_part().flash.write_us + latency_us
    return (page_size + 1) * single + settled < whole


def _whole_pages(programmer: Programmer, pages: list[tuple[int, bytes]]) -> Iterator[Request]:
    pointer, dialect = _Pointer(programmer), programmer.dialect
    # A sketch that waits a fixed time answers while a slow part is still at work.
    unfinished = programmer.require_part().flash.write_us - dialect.commit_us if dialect.commit_us else 0
    for start, page in pages:
        yield from pointer.move(start)
        pointer.passed(len(page))
        yield Step(
            ProgPage(MemoryType.FLASH, page),
            busy_us=dialect.page_write_us,
            settle_us=max(0, unfinished),
            end=start + len(page),
            size=len(page),
        )


def _pages_by_instructions(programmer: Programmer, pages: list[tuple[int, bytes]]) -> Iterator[Request]:
    """Fill the page buffer and commit it, byte by byte."""
    part, pointer = programmer.require_part(), _Pointer(programmer)
    for start, page in pages:
        yield from pointer.extend(start)
        for offset, byte in enumerate(page):
            op = "flash.loadpage_hi" if offset % 2 else "flash.loadpage_lo"
            yield Request(Universal(isp.encode(part, op, (start + offset) // 2, byte)))
        commit = Universal(isp.encode(part, "flash.writepage", start // 2))
        yield Step(commit, settle_us=part.flash.write_us, end=start + len(page), size=len(page))


def _words_by_instructions(part: Part, start: int, page: bytes) -> Iterator[Request]:
    """Write byte by byte on parts without pages; an erased byte holds 0xFF already."""
    for offset, byte in enumerate(page):
        last = offset == len(page) - 1
        if byte != BLANK or last:
            op = "flash.write_hi" if offset % 2 else "flash.write_lo"
            command = Universal(isp.encode(part, op, (start + offset) // 2, byte))
            size = len(page) if last else 0
            yield Step(command, settle_us=part.flash.write_us, end=start + offset + 1, size=size)
