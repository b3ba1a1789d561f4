"""What is dangerous about a set of fuse and lock bytes, or about one raw instruction.

`review` judges a change of bytes, `screen` and `screen_unknown` a 4-byte instruction. Rule ids: A
cuts off ISP, B is about lock bits, C breaks the application, D is about erasing, E about raw
instructions.
"""

from avrdeck.boards.safety.model import (
    BootImage,
    Context,
    Finding,
    Fitted,
    Severity,
    Xtal1,
)
from avrdeck.boards.safety.raw import Screening, screen, screen_unknown
from avrdeck.boards.safety.rules import review

__all__ = [
    "BootImage",
    "Context",
    "Finding",
    "Fitted",
    "Screening",
    "Severity",
    "Xtal1",
    "review",
    "screen",
    "screen_unknown",
]
