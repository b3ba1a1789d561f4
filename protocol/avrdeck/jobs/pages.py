"""What writing an image touches besides its own bytes."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from avrdeck.boards.images import Image
from avrdeck.boards.images.image import Piece, joined
from avrdeck.boards.models import Part

Ready = Callable[[], Awaitable[Image]]
"""Awaited once when nothing is left but to write: brings the image as it shall be.

It defines the same bytes as the one that was judged until then, if need be with other values.
"""


def whole_pages(image: Image, part: Part) -> Image:
    """A flash ``image`` filled up with 0xFF to whole pages, as it is written over erased flash.

    Verified so, a bit that was lost between the image's end and the page's is found too.
    """
    size = part.flash.page_size
    if size is None:
        return image
    pages = (Piece(start, page) for start, page in image.pages(size))
    return Image(image.file, joined(pages), image.memory)
