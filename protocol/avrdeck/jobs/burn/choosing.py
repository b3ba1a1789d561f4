"""What to burn, chosen: a board's own bootloader, one of ours where its file is missing, or by hand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from avrdeck.boards import deckboot, images
from avrdeck.boards.boards import BUILT_IN, Board
from avrdeck.boards.boards import find as find_board
from avrdeck.boards.catalog import part as find_part
from avrdeck.boards.deckboot import DeckbootError
from avrdeck.boards.images import Image, ImageError
from avrdeck.boards.models import Part
from avrdeck.jobs.burn.model import BurnPlan
from avrdeck.protocol.errors import InputFault, UsageFault

INSTALL = (
    "Install the core that the board belongs to, for instance with the Arduino IDE; or name another file; or "
    "take deckboot, avrdeck's own bootloader, where it is built for the part."
)


@dataclass(frozen=True, slots=True)
class Choice:
    """A plan, and what is worth knowing about how it came about."""

    plan: BurnPlan
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Hand:
    """What is given by hand; over a board's values where there is a board.

    ``deckboot`` asks for avrdeck's own bootloader instead of a file.
    """

    file: Path | None = None
    fuse_bytes: Mapping[str, int] = field(default_factory=dict)
    lock: int | None = None
    deckboot: bool = False


def for_board(name: str, menu: Mapping[str, str] | None = None, hand: Hand | None = None) -> Choice:
    """The plan for a board of an installed core or built in.

    Raises `UnknownBoardError`, `UnknownOptionError`, `UsageFault` for a board that states too little,
    `InputFault` when there is no bootloader for it, `ImageError` for a file given by hand.
    """
    hand = hand or Hand()
    board = find_board(name, menu)
    if board.part is None:
        raise UsageFault(
            f"{board.name} does not say which part it has, or one that avrdeck does not know",
            advice="Give the file and the fuses by hand.",
        )
    part = find_part(board.part)
    image, notes, ours = _image(board, part, hand)
    plan = BurnPlan(
        image,
        {**board.fuses, **hand.fuse_bytes},
        board.lock if hand.lock is None else hand.lock,
        part.name,
        board.name,
        board.f_cpu_hz,
        _deckboot_baud(board) if ours else board.speed,
    )
    if hand.file:
        # What a file of one's own was built for, nobody says.
        plan = replace(plan, baud=None)
    return Choice(plan, notes)


def by_hand(hand: Hand, part: Part | None) -> Choice:
    """The plan for values given by hand. Raises `UsageFault` when there is no file, and `ImageError`."""
    if hand.deckboot and part:
        return Choice(BurnPlan(_ours(part, None), dict(hand.fuse_bytes), hand.lock, part.name))
    if hand.file is None:
        raise UsageFault(
            "There is nothing to burn yet",
            advice="Name a board, or a file with its fuses; deckboot needs a board or a part.",
        )
    image = images.load(hand.file, "flash", part=part)
    return Choice(BurnPlan(image, dict(hand.fuse_bytes), hand.lock, part.name if part else None))


def _image(board: Board, part: Part, hand: Hand) -> tuple[Image, tuple[str, ...], bool]:
    """The bootloader, what to say about it, and whether it is ours."""
    if hand.file:
        return images.load(hand.file, "flash", part=part), (), False
    if hand.deckboot:
        return _ours(part, board), (), True
    if board.bootloader_file:
        return _installed(board, part, board.bootloader_file), (), False
    try:
        ours = _ours(part, board)
    except UsageFault as none:
        raise _missing(board) from none
    missing = f"{board.bootloader} is not on this machine" if board.bootloader else "No bootloader is stated"
    return ours, (f"{missing}: deckboot, avrdeck's own bootloader, takes its place.",), True


def _installed(board: Board, part: Part, file: Path) -> Image:
    try:
        image = images.load(file, "flash", part=part)
        images.fits(image, part, "flash")
    except ImageError as error:
        raise InputFault(
            f"The bootloader that comes with {board.name} cannot be used: {error.title}",
            detail=f"{file.name}: {error.what}.",
            advice="Name another file, or take deckboot, avrdeck's own bootloader.",
        ) from error
    return image


def _ours(part: Part, board: Board | None) -> Image:
    """Our own for the part, made for the board's clock and baud rate; raises `UsageFault`."""
    wish = deckboot.Wish()
    try:
        if board and board.f_cpu_hz:
            wish = replace(wish, f_cpu_hz=board.f_cpu_hz, baud=_deckboot_baud(board))
        return deckboot.made_for(deckboot.variant(part), wish)
    except DeckbootError as error:
        raise UsageFault(str(error)) from error


def _deckboot_baud(board: Board) -> int:
    """The board's own rate, so that its tools find it; else the fastest of the usual that its clock makes."""
    if board.speed or not board.f_cpu_hz:
        return board.speed or deckboot.Wish().baud
    return deckboot.usual_baud(board.f_cpu_hz)


def _missing(board: Board) -> InputFault:
    core = f"The core says {board.bootloader}." if board.bootloader else ""
    where = "no core with it is installed" if board.source == BUILT_IN else "the core came without it"
    return InputFault(f"There is no bootloader for {board.name}: {where}", detail=core, advice=INSTALL)
