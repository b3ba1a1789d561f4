"""What to burn, chosen: a board's own bootloader, one of ours where its file is missing, or by hand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from avrdeck.boards import images
from avrdeck.boards.boards import BUILT_IN, Board
from avrdeck.boards.boards import find as find_board
from avrdeck.boards.catalog import part as find_part
from avrdeck.boards.deckboot import SERIAL_BYTES, DeckbootError
from avrdeck.boards.deckwishes import Made, Wishes, make
from avrdeck.boards.images import Image, ImageError
from avrdeck.boards.models import Part
from avrdeck.jobs.burn.model import BurnPlan
from avrdeck.jobs.serials.order import Order, Place
from avrdeck.jobs.serials.recipe import Recipe
from avrdeck.protocol.errors import InputFault, UsageFault

INSTALL = (
    "Install the core that the board belongs to, for instance with the Arduino IDE; or name another file; or "
    "take deckboot, avrdeck's own bootloader, where it is built for the part."
)
PLACES = "Name a place, as in --serial-at flash:0x7DF0 or eeprom:0x3FC"


@dataclass(frozen=True, slots=True)
class Choice:
    """A plan, and what is worth knowing about how it came about."""

    plan: BurnPlan
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Hand:
    """What is given by hand; over a board's values where there is a board.

    ``deckboot`` asks for avrdeck's own bootloader instead of a file, as wished. ``serial`` makes a serial
    number for each chip, which goes to ``place``, or where deckboot keeps it; only over 0xFF unless it may
    ``overwrite``.
    """

    file: Path | None = None
    fuse_bytes: Mapping[str, int] = field(default_factory=dict)
    lock: int | None = None
    deckboot: Wishes | None = None
    serial: Recipe | None = None
    place: Place | None = None
    overwrite: bool = False


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
    fuse_bytes = {**board.fuses, **hand.fuse_bytes}
    lock = board.lock if hand.lock is None else hand.lock
    loader = _loader(board, part, hand)
    plan = _plan(loader, replace(hand, fuse_bytes=fuse_bytes, lock=lock), part)
    return Choice(replace(plan, board=board.name), loader.notes)


def by_hand(hand: Hand, part: Part | None) -> Choice:
    """The plan for values given by hand. Raises `UsageFault` when there is no file, and `ImageError`."""
    _insist_on_one(hand)
    if hand.deckboot and part:
        return Choice(_plan(_deckboot(part, hand.deckboot), hand, part))
    if hand.file is None:
        raise UsageFault(
            "There is nothing to burn yet",
            advice="Name a board, or a file with its fuses; deckboot needs a board or a part.",
        )
    return Choice(_plan(_Loader(images.load(hand.file, "flash", part=part)), hand, part))


@dataclass(frozen=True, slots=True)
class _Loader:
    """A bootloader and what is known of it; see `BurnPlan`."""

    image: Image
    f_cpu_hz: int | None = None
    baud: int | None = None
    made: Made | None = None
    notes: tuple[str, ...] = ()


def _plan(loader: _Loader, hand: Hand, part: Part | None) -> BurnPlan:
    return BurnPlan(
        loader.image,
        hand.fuse_bytes,
        hand.lock,
        part.name if part else None,
        f_cpu_hz=loader.f_cpu_hz,
        baud=loader.baud,
        made=loader.made,
        order=_order(hand, loader.made),
    )


def _order(hand: Hand, made: Made | None) -> Order | None:
    if hand.serial is None:
        if hand.place or hand.overwrite:
            raise UsageFault("It is not said which serial number is meant", advice="Give --serial too.")
        return None
    if hand.place:
        return Order(hand.serial, hand.place, hand.overwrite)
    if made is None:
        raise UsageFault(
            "It is not said where the serial number goes",
            advice=f"{PLACES}; deckboot has a place of its own.",
        )
    if made.serial_address is None:
        raise UsageFault(f"{made.variant} has no room for a serial number", advice=f"{PLACES}.")
    return Order(hand.serial, Place("flash", made.serial_address, SERIAL_BYTES))


def _insist_on_one(hand: Hand) -> None:
    if hand.deckboot and hand.file:
        raise UsageFault(f"Either {hand.file.name} or deckboot can be burned, not both")


def _loader(board: Board, part: Part, hand: Hand) -> _Loader:
    _insist_on_one(hand)
    if hand.file:
        # What a file of one's own was built for, nobody says.
        return _Loader(images.load(hand.file, "flash", part=part), board.f_cpu_hz)
    if hand.deckboot:
        return _deckboot(part, hand.deckboot, board)
    if board.bootloader_file:
        return _Loader(_installed(board, part, board.bootloader_file), board.f_cpu_hz, board.speed)
    try:
        stand_in = _deckboot(part, Wishes(), board)
    except UsageFault as none:
        raise _missing(board) from none
    missing = f"{board.bootloader} is not on this machine" if board.bootloader else "No bootloader is stated"
    return replace(stand_in, notes=(f"{missing}: deckboot, avrdeck's own bootloader, takes its place.",))


def _deckboot(part: Part, wishes: Wishes, board: Board | None = None) -> _Loader:
    """Our own, as wished; else for the board's clock and at its rate, so that its tools find it."""
    try:
        made = make(part, wishes, *((board.f_cpu_hz, board.speed) if board else ()))
    except DeckbootError as error:
        raise UsageFault(str(error)) from error
    return _Loader(made.image, made.f_cpu_hz, made.baud, made)


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


def _missing(board: Board) -> InputFault:
    core = f"The core says {board.bootloader}." if board.bootloader else ""
    where = "no core with it is installed" if board.source == BUILT_IN else "the core came without it"
    return InputFault(f"There is no bootloader for {board.name}: {where}", detail=core, advice=INSTALL)
