"""Intel HEX, ELF and raw binary files as memory images."""

from avrdeck.boards.images.errors import (
    ElfSyntaxError,
    EmptyImageError,
    FileAccessError,
    HexSyntaxError,
    ImageError,
    OutsideError,
    OverlapError,
    TooLargeError,
    UnknownFormatError,
)
from avrdeck.boards.images.files import Format, fits, load, save
from avrdeck.boards.images.image import Image, Segment

__all__ = [
    "ElfSyntaxError",
    "EmptyImageError",
    "FileAccessError",
    "Format",
    "HexSyntaxError",
    "Image",
    "ImageError",
    "OutsideError",
    "OverlapError",
    "Segment",
    "TooLargeError",
    "UnknownFormatError",
    "fits",
    "load",
    "save",
]
