"""``sim``: the virtual programmer as a serial port for other programs, and what happens to its chip."""

from __future__ import annotations

from pathlib import Path

import click

from avrdeck.commands.deck import Deck, deck_of
from avrdeck.commands.verb import Branch, Work
from avrdeck.protocol.errors import UsageFault
from avrdeck.protocol.simulator.machine import Machine
from avrdeck.protocol.simulator.options import DialectName, from_pairs
from avrdeck.protocol.simulator.oscillator import Xtal
from avrdeck.protocol.simulator.target import Target


@click.group("sim", cls=Branch, invoke_without_command=True)
@click.option("--pty", "path", type=click.Path(path_type=Path), metavar="PATH", help="Offer it as port PATH.")
@click.option("-p", "--part", metavar="PART", help="The virtual chip.")
@click.option("-b", "--baud", type=int, metavar="BAUD", help="The speed its firmware is built for.")
@click.option("--dialect", type=click.Choice([name.value for name in DialectName]), help="Its firmware.")
@click.option(
    "--state", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE", help="Keep the chip in FILE."
)
@click.option(
    "--xtal", metavar="WHAT", help="On XTAL1: none, 8000000 (a crystal), ext1000000 (a driven clock)."
)
@click.option("--fast", is_flag=True, help="Do not keep the pace of the client's baud rate.")
@click.option(
    "--reset-on-open", is_flag=True, default=None, help="Reset the board when a client opens the port."
)
@click.pass_context
def sim(ctx: click.Context, /, **given: object) -> Work | None:
    """Offer a virtual programmer, with a virtual chip behind it, as a serial port.

    Runs until it is interrupted; other programs use PATH as they would /dev/ttyACM0. The verbs below
    work on the chip of a console that is connected to sim:.

    \b
    avrdeck sim --pty /tmp/uno
    avrdude -c stk500v1 -b 19200 -p m328p -P /tmp/uno
    """
    if ctx.invoked_subcommand:
        return None
    return _serve(deck_of(ctx), **given)  # type: ignore[arg-type]


async def _serve(
    deck: Deck, path: Path | None, fast: bool, reset_on_open: bool | None, part: str | None, **named: object
) -> None:
    from avrdeck.boards.catalog import part as find_part
    from avrdeck.protocol.simulator.pty_server import serve

    if path is None:
        raise UsageFault(
            "A port name is missing", advice="Give one with --pty, as in: avrdeck sim --pty /tmp/uno."
        )
    chosen = part or deck.settings.part
    pairs = {"part": find_part(chosen).name if chosen else None, **named}
    options = from_pairs({name: str(value) for name, value in pairs.items() if value is not None})
    await serve(path, options, fast=fast, reset_on_open=reset_on_open, report=deck.out.note)


@sim.verb("power")
async def power(deck: Deck) -> None:
    """Take the virtual chip's supply away and give it back.

    \b
    sim power
    """
    _target(deck).power_cycle()
    _look_again(deck)
    deck.out.result("The chip has started anew, under the fuses it holds", {"power": "cycled"})


@sim.verb("xtal")
@click.argument("what", metavar="WHAT")
async def xtal(deck: Deck, what: str) -> None:
    """Change what is connected to XTAL1: none, 16000000 (a crystal), ext8000000 (a driven clock).

    \b
    sim xtal none
    """
    try:
        fitted = Xtal.parse(what)
    except ValueError as error:
        raise UsageFault(str(error)) from error
    _target(deck).set_xtal(fitted)
    _look_again(deck)
    deck.out.result(f"XTAL1: {what}", {"xtal": what})


@sim.verb("rescue")
async def rescue(deck: Deck) -> None:
    """Do what a 12 V programmer does: erase the virtual chip and restore its factory fuses.

    \b
    sim rescue
    """
    _target(deck).hv_rescue()
    _look_again(deck)
    deck.out.result("The chip is blank, its fuses are the factory's", {"rescued": True})


@sim.verb("unplug")
async def unplug(deck: Deck) -> None:
    """Pull the virtual USB cable.

    \b
    sim unplug
    """
    _machine(deck).vanished = True
    deck.out.result("The port is gone", {"plugged": False})


def _machine(deck: Deck) -> Machine:
    from avrdeck.protocol.transports.sim import SimTransport

    programmer = deck.session.programmer
    if programmer is None or not isinstance(programmer.link.transport, SimTransport):
        raise UsageFault("No virtual chip is connected", advice="In a console: connect -P sim:.")
    return programmer.link.transport.machine


def _target(deck: Deck) -> Target:
    target = _machine(deck).target
    if target is None:
        raise UsageFault(
            "No virtual chip is behind the programmer", advice="Connect to sim: without target=none."
        )
    return target


def _look_again(deck: Deck) -> None:
    """The chip was touched from outside: the next command identifies it anew."""
    if deck.session.programmer:
        deck.session.programmer.part = None
