"""Puts a virtual board together from its options, and keeps its chip in a file."""

from __future__ import annotations

from collections.abc import Callable

from avrdeck.boards.catalog import part
from avrdeck.boards.deckboot import DeckbootError, Entry, variant
from avrdeck.boards.models import Part
from avrdeck.protocol.simulator import atmegaboot, optiboot, ownloader, state
from avrdeck.protocol.simulator.arduinoisp import ArduinoIsp
from avrdeck.protocol.simulator.atmegaboot import AtmegaBoot
from avrdeck.protocol.simulator.bootchip import NoBootSection, with_bootloader
from avrdeck.protocol.simulator.cells import Cells, factory_fresh
from avrdeck.protocol.simulator.deckboot import Deckboot
from avrdeck.protocol.simulator.deckboot256 import Deckboot256
from avrdeck.protocol.simulator.machine import Firmware, Machine
from avrdeck.protocol.simulator.optiboot import Optiboot
from avrdeck.protocol.simulator.options import BadOption, DialectName, Options
from avrdeck.protocol.simulator.target import Target


def build(options: Options, host_baud: int | None = None) -> Machine:
    """The board; without ``host_baud`` the line runs at the firmware's own speed.

    Raises `BadOption`, `avrdeck.protocol.simulator.state.BadState` and `OSError` for the state file.
    """
    try:
        firmware = _firmware(options)
    except (NoBootSection, DeckbootError) as error:
        raise BadOption(str(error)) from error
    return Machine(
        firmware,
        host_baud or firmware.nominal_baud,
        auto_reset=options.auto_reset,
        any_baud=options.any_baud,
        other_reset=options.other_reset,
    )


def save(options: Options, machine: Machine) -> None:
    """Write the chip to the options' state file, if they name one. Raises `OSError`."""
    if options.state and machine.target:
        state.save(options.state, state.State(machine.target.cells, machine.target.xtal))


def _firmware(options: Options) -> Firmware:
    match options.dialect:
        case DialectName.ARDUINOISP:
            target = _target(options, factory_fresh) if options.target else None
            return ArduinoIsp(target, options.baud, options.reset_ms)
        case DialectName.ATMEGABOOT:
            return AtmegaBoot(_board_chip(options, b"", atmegaboot.ROOM), options.baud, echo=options.echo)
        case DialectName.OPTIBOOT | DialectName.OPTIBOOT4:
            version = optiboot.OLD if options.dialect is DialectName.OPTIBOOT4 else optiboot.CURRENT
            target = _board_chip(options, version.word, optiboot.ROOM)
            return Optiboot(target, options.baud, version, echo=options.echo)
        case DialectName.DECKBOOT | DialectName.DECKBOOT_WAIT | DialectName.DECKBOOT_256:
            return _deckboot(options)


def _deckboot(options: Options) -> Deckboot | Deckboot256:
    """The chip with its real code in it. Raises `DeckbootError` for a part that it is not built for."""
    small = options.dialect is DialectName.DECKBOOT_256
    entry = Entry.WAIT if options.dialect is DialectName.DECKBOOT_WAIT else Entry.TIMEOUT

    def shipped(chip: Part, seed: int) -> Cells:
        one = variant(chip, entry, small=small)
        code = ownloader.section(one, options.baud)
        return with_bootloader(chip, seed, options.xtal_or_default, code, one.section_bytes)

    target = _target(options, shipped)
    make = Deckboot256 if small else Deckboot
    return make(target, variant(target.part, entry, small=small), options.baud, echo=options.echo)


def _board_chip(options: Options, version: bytes, room: int) -> Target:
    """The chip of a board with a bootloader in it."""
    xtal = options.xtal_or_default

    def shipped(chip: Part, seed: int) -> Cells:
        return with_bootloader(chip, seed, xtal, version, room)

    return _target(options, shipped)


def _target(options: Options, make: Callable[[Part, int], Cells]) -> Target:
    """The chip of the state file, else a new one."""
    kept = state.load(options.state) if options.state else None
    if kept is None:
        return Target(make(part(options.part_or_default), options.seed), options.xtal_or_default)
    if options.part not in {None, kept.cells.part.name}:
        raise BadOption(f"{options.state} holds an {kept.cells.part.name}, not an {options.part}.")
    return Target(kept.cells, options.xtal or kept.xtal)
