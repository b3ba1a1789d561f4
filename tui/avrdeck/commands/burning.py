"""``burn``: a bootloader with its fuses and lock bits."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path

import click

from avrdeck.boards.safety import Fitted, Xtal1
from avrdeck.boards.text import printable
from avrdeck.commands.burntext import (
    burnt_data,
    burnt_text,
    outline_data,
    outline_text,
    rehearsal_data,
    rehearsal_text,
)
from avrdeck.commands.chronicle import noted_event, noted_sighting
from avrdeck.commands.deck import Deck
from avrdeck.commands.verb import verb
from avrdeck.jobs.burn.choosing import Choice, Hand, by_hand, for_board
from avrdeck.jobs.burn.job import RESUME, Burnt, Keeping, carry_out, resume, unfinished
from avrdeck.jobs.burn.outline import prepare
from avrdeck.jobs.inventory.model import Kind
from avrdeck.jobs.ledger import UNCHANGED, Ledger
from avrdeck.protocol.errors import Cancelled, UsageFault


class Byte(click.ParamType[int]):
    """A byte in the spellings of avrdude users: 0x62, 0b01100010, 98; plain hex digits too."""

    name = "byte"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """The byte, or a usage error that says what is accepted."""
        if isinstance(value, int):
            return value
        try:
            number = int(str(value), 0)
        except ValueError:
            self.fail(f"{value!r} is no byte; write 0x62, 0b01100010 or 98", param, ctx)
        if not 0 <= number <= 0xFF:
            self.fail(f"{value} does not fit a byte", param, ctx)
        return number


class OnXtal(click.ParamType[Xtal1]):
    """What is on XTAL1, as the simulator's options have it."""

    name = "xtal"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> Xtal1:
        """The same for the safety rules, or a usage error."""
        from avrdeck.protocol.simulator.oscillator import Fitted as Virtual
        from avrdeck.protocol.simulator.oscillator import Xtal

        if isinstance(value, Xtal1):
            return value
        try:
            fitted = Xtal.parse(str(value))
        except ValueError as error:
            self.fail(printable(str(error)), param, ctx)
        kinds = {
            Virtual.NOTHING: Fitted.NOTHING,
            Virtual.CRYSTAL: Fitted.CRYSTAL,
            Virtual.CLOCK: Fitted.CLOCK,
        }
        return Xtal1(kinds.get(fitted.fitted, Fitted.UNKNOWN), fitted.hz or None)


BYTE = Byte()


@verb("burn")
@click.argument("board", required=False, metavar="[BOARD]")
@click.option("--menu", "menus", multiple=True, metavar="KEY=VALUE", help="A choice in the board's menus.")
@click.option("--bootloader", "file", type=click.Path(path_type=Path), metavar="FILE", help="HEX or ELF.")
@click.option("--deckboot", is_flag=True, help="avrdeck's own bootloader instead of a file.")
@click.option("--lfuse", type=BYTE, help="Low fuse.")
@click.option("--hfuse", type=BYTE, help="High fuse.")
@click.option("--efuse", type=BYTE, help="Extended fuse.")
@click.option("--lock", type=BYTE, help="Lock bits, written last.")
@click.option(
    "--xtal", type=OnXtal(), metavar="none|HZ|extHZ", help="What is on XTAL1: 16000000 is a crystal."
)
@click.option("--no-backup", is_flag=True, help="Save fuses, lock and identity only before the erase.")
@click.option("--dry-run", is_flag=True, help="Rehearse on a virtual chip; the real one is only read.")
@click.option("--resume", "resuming", is_flag=True, help="Go on with the burn of this chip that stopped.")
async def burn(
    deck: Deck,
    board: str | None,
    menus: tuple[str, ...],
    file: Path | None,
    deckboot: bool,
    lfuse: int | None,
    hfuse: int | None,
    efuse: int | None,
    lock: int | None,
    xtal: Xtal1 | None,
    no_backup: bool,
    dry_run: bool,
    resuming: bool,
) -> None:
    """Burn a bootloader: backup, erase, fuses, flash, verify, lock.

    A board brings file, fuses and lock bits; options go over them. Everything that will be done is shown
    before it is confirmed.

    \b
    avrdeck burn nano --menu cpu=atmega328old -P /dev/ttyACM0
    avrdeck burn uno --deckboot --dry-run -P /dev/ttyACM0
    avrdeck burn --bootloader optiboot.hex --lfuse 0xFF --hfuse 0xDE --efuse 0xFD --lock 0xCF \\
        -p m328p -P /dev/ttyACM0
    avrdeck burn --resume -P /dev/ttyACM0
    """
    given = {"lfuse": lfuse, "hfuse": hfuse, "efuse": efuse}
    hand = Hand(file, {name: value for name, value in given.items() if value is not None}, lock, deckboot)
    keeping = Keeping(contents=not no_backup)
    if resuming:
        if board or hand != Hand() or dry_run:
            raise UsageFault(
                "What is resumed is known already", advice="Give --resume without a board, files and fuses."
            )
        await _resume(deck, keeping)
        return
    choice = choose(deck, board, menus, hand)
    for note in choice.notes:
        deck.out.note(printable(note))
    if dry_run:
        await _rehearse(deck, choice, xtal)
    else:
        await _burn(deck, choice, xtal, keeping)


def choose(deck: Deck, board: str | None, menus: Sequence[str], hand: Hand) -> Choice:
    """What to burn, by the options; raises as `for_board` and `by_hand`."""
    if board is None:
        if menus:
            raise UsageFault(
                "A menu belongs to a board", advice="Name the board: burn nano --menu cpu=atmega168."
            )
        return by_hand(hand, deck.part)
    return for_board(board, _choices(menus), hand)


def _choices(menus: Sequence[str]) -> Mapping[str, str]:
    pairs = dict(menu.partition("=")[::2] for menu in menus)
    if not all(key and value for key, value in pairs.items()):
        raise UsageFault("A menu's choice is written KEY=VALUE", advice="As in --menu cpu=atmega168.")
    return pairs


async def _rehearse(deck: Deck, choice: Choice, xtal: Xtal1 | None) -> None:
    from avrdeck.jobs.burn.rehearsal import rehearse

    async with deck.target() as programmer:
        outline = await prepare(programmer, choice.plan, xtal)
        baud = programmer.link.transport.baud
    played = await rehearse(outline, xtal, baud=baud)
    text = "\n".join([outline_text(outline), *map(rehearsal_text, played), "Nothing was written."])
    rehearsals = [rehearsal_data(one) for one in played]
    deck.out.result(text, {**outline_data(outline), "dry_run": True, "rehearsals": rehearsals})


async def _burn(deck: Deck, choice: Choice, xtal: Xtal1 | None, keeping: Keeping) -> None:
    async with deck.target() as programmer:
        outline = await prepare(programmer, choice.plan, xtal)
        deck.out.note(outline_text(outline, findings=False))
        ledger = Ledger()
        try:
            burnt = await carry_out(
                programmer, outline, deck.answer, keeping, on_event=deck.out.event, ledger=ledger
            )
        except asyncio.CancelledError:
            _stopped(ledger)
            raise
    await _told(deck, burnt)


async def _resume(deck: Deck, keeping: Keeping) -> None:
    async with deck.target() as programmer:
        entry = await unfinished(programmer, keeping)
        ledger = Ledger()
        try:
            burnt = await resume(
                programmer, entry, deck.answer, keeping, on_event=deck.out.event, ledger=ledger
            )
        except asyncio.CancelledError:
            _stopped(ledger)
            raise
    await _told(deck, burnt)


def _stopped(ledger: Ledger) -> None:
    """Say what the chip holds when the user stops in the middle of it."""
    if ledger.holds != UNCHANGED:
        raise Cancelled("The burn was stopped", holds=ledger.holds, advice=RESUME)


async def _told(deck: Deck, burnt: Burnt) -> None:
    data = burnt_data(burnt)
    sighting = await noted_sighting(deck, burnt.chip, burnt.receipt.after)
    await noted_event(deck, sighting, Kind.BURN, printable(burnt.receipt.file), data)
    deck.out.result(burnt_text(burnt), data)
