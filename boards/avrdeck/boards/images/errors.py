"""What can be wrong with a file that should hold a memory image."""

from __future__ import annotations

from typing import ClassVar

from avrdeck.boards.text import printable


class ImageError(Exception):
    """A file that cannot be used as an image.

    ``file`` is its printable name, ``line`` the number of the faulty line (from 1) and ``address`` a
    byte address in the memory, where the fault has one. ``advice`` says what to do next.
    """

    title: ClassVar[str] = "Unusable image file"

    def __init__(
        self, file: str, what: str, advice: str = "", *, line: int | None = None, address: int | None = None
    ) -> None:
        self.file = printable(file)
        self.what = what
        self.advice = advice
        self.line = line
        self.address = address
        place = f"{self.file}, line {line}" if line else self.file
        super().__init__(f"{place}: {what}." + (f" {advice}" if advice else ""))


class FileAccessError(ImageError):
    """The file is missing, forbidden, a directory, or could not be written."""

    title = "File not accessible"


class EmptyImageError(ImageError):
    """The file holds no byte at all, or none of the memory asked for."""

    title = "Nothing to use in the file"


class TooLargeError(ImageError):
    """More bytes than any part could take."""

    title = "File too large"


class UnknownFormatError(ImageError):
    """Neither Intel HEX nor ELF nor said to be raw binary."""

    title = "Unknown file format"


class HexSyntaxError(ImageError):
    """A line that is no valid Intel HEX record, or records after the end; ``line`` is always set."""

    title = "Damaged HEX file"


class ElfSyntaxError(ImageError):
    """An ELF file that is damaged or not for an AVR."""

    title = "Unusable ELF file"


class OverlapError(ImageError):
    """Two records give different values for one byte.

    ``lines`` holds the two line numbers of a HEX file, lower first; it is empty for an ELF file.
    """

    title = "Contradicting records"

    def __init__(self, file: str, address: int, lines: tuple[int, ...]) -> None:
        self.lines = lines
        where = " and ".join(map(str, lines))
        said = f"lines {where} give" if lines else "two segments give"
        super().__init__(
            file,
            f"{said} different values for the byte at 0x{address:04X}",
            "Which one is meant cannot be told: build the file again.",
            address=address,
        )
        self.line = lines[-1] if lines else None


class OutsideError(ImageError):
    """The image has bytes where the part has no memory.

    ``address`` is the first such byte address, ``end`` the address after the image's last byte,
    ``part`` the part's name and ``size`` the memory's size in bytes.
    """

    title = "Image outside the part"

    def __init__(
        self, file: str, memory: str, address: int, end: int, *, part: str, size: int, also: str = ""
    ) -> None:
        self.memory = memory
        self.end = end
        self.part = part
        self.size = size
        what = f"ends at 0x{end:04X}, but {memory} of {part} ends at 0x{size:04X} ({size} bytes)"
        if not size:
            what = f"cannot be used: {part} has no {memory}"
        elif address > size:
            what += f"; the first byte outside is at 0x{address:04X}"
        if also:
            what += f"; besides, {also}"
        super().__init__(file, what, f"Is it built for {part}?", address=address)
