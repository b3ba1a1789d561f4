"""What can be chosen in dialogs: ports, parts, boards, values."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

from avrdeck.boards import boards, catalog
from avrdeck.boards.fusefields import IllegalValue
from avrdeck.boards.labels import value_label
from avrdeck.boards.models import BitField, Part
from avrdeck.boards.safety import Fitted, Xtal1
from avrdeck.tui.controllers import ports
from avrdeck.tui.draft import Draft
from avrdeck.tui.screens.dialogs import Option, Refusal
from avrdeck.tui.views.connection import xtal_text
from avrdeck.tui.views.memorymap import size_text

BAUDS = (9600, 19200, 38400, 57600, 115200, 250000, 500000, 1000000)
ANY = "any"


def port_options(current: str) -> list[Option]:
    """The ports, likely programmers first."""
    found = [
        Option(e.device, e.device, f"{e.name}  {e.usb}".strip(), e.device == current) for e in ports.entries()
    ]
    if current not in {option.value for option in found}:
        found.insert(0, Option(current, current, "as given", current=True))
    return found


def typed_port(text: str) -> object:
    """A port as typed: a path, a URL, ``COM3``; what is less than that searches the list."""
    if "/" in text or ":" in text or re.fullmatch(r"com\d{1,3}", text, re.IGNORECASE):
        return text
    return Refusal("no port here; type a path, or a URL as socket://host:port")


def baud_options(current: int | None) -> list[Option]:
    """The usual speeds."""
    notes = {19200: "ArduinoISP", 115200: "Optiboot, STK500", 57600: "ATmegaBOOT"}
    usual = Option(ANY, "its usual", "what the firmware is built for", current is None)
    return [usual, *(Option(baud, str(baud), notes.get(baud, ""), baud == current) for baud in BAUDS)]


def typed_baud(text: str) -> object:
    """A speed as typed; the beginning of a usual one searches the list."""
    begun = any(str(usual).startswith(text) and str(usual) != text for usual in BAUDS)
    if text.isascii() and text.isdigit() and 50 <= int(text) <= 4_000_000 and not begun:
        return int(text)
    return Refusal(f"{text[:20]!r} is no speed from 50 to 4000000")


def part_options(current: str | None) -> list[Option]:
    """Every part, and the choice to believe the signature."""
    known = [
        Option(
            s.name,
            s.name,
            f"{s.signature.hex(' ').upper()}  {size_text(s.flash)} flash  {size_text(s.eeprom)} EEPROM",
            s.name == current,
        )
        for s in catalog.summaries()
    ]
    return [Option(ANY, "by its signature", "whatever is connected", current is None), *known]


def board_options() -> list[Option]:
    """Every board that is known, those of installed cores first; a choice of menus is an option each."""
    found = []
    for listing in boards.listings():
        choices = [(menu, option) for menu in listing.menus[:1] for option in menu.options]
        if choices:
            for menu, option in choices:
                name = f"{listing.name}, {option.label}"
                found.append(Option((listing.id, {menu.id: option.id}), name, f"{listing.id} {option.id}"))
        else:
            found.append(Option((listing.id, {}), listing.name, listing.id))
    return found


def preset_options(part: Part) -> list[Option]:
    """The boards whose fuses can be staged, with these; those that have another part come last."""
    mine, others = [], []
    for option in board_options():
        board = found_board(option.value)
        if isinstance(board, Refusal) or not board.fuses or not board.part:
            continue
        if board.part.lower() == part.name.lower():
            values = " ".join(f"{value:02X}" for value in board.fuses.values())
            mine.append(replace(option, note=f"{values}  {option.note}"))
        else:
            others.append(replace(option, note=f"has an {board.part}"))
    return mine + others


def found_board(value: object) -> boards.Board | Refusal:
    """The board of an option of `board_options`, or of an id as typed: ``nano:cpu=atmega168``."""
    name, menu = value if isinstance(value, tuple) else (str(value), {})
    try:
        return boards.find(name, menu)
    except LookupError as error:
        return Refusal(str(error))


def supply_options(current: float | None) -> list[Option]:
    """The usual supplies; what they rule out is judged by the safety rules."""
    usual = [Option(volts, f"{volts:.1f} V", current=volts == current) for volts in (5.0, 3.3, 2.7, 1.8)]
    return [*usual, Option(ANY, "not told", "no finding rests on it", current is None)]


def typed_supply(text: str) -> object:
    """A supply in volts as typed."""
    try:
        volts = float(text.lower().removesuffix("v").strip().replace(",", "."))
    except ValueError:
        return Refusal("volts, such as 3.3")
    return volts if 1.0 <= volts <= 6.0 else Refusal("an AVR takes 1.8 to 5.5 V")


def xtal_options(current: Xtal1) -> list[Option]:
    """What may be fitted at XTAL1."""
    crystals = [Xtal1(Fitted.CRYSTAL, hz) for hz in (16_000_000, 8_000_000, 12_000_000, 20_000_000)]
    known = [*crystals, Xtal1(Fitted.CLOCK, 1_000_000), Xtal1(Fitted.NOTHING), Xtal1()]
    return [Option(xtal, xtal_text(xtal), current=xtal == current) for xtal in known]


def typed_xtal(text: str) -> object:
    """A crystal's frequency in MHz as typed."""
    try:
        megahertz = float(text.lower().removesuffix("mhz").strip().replace(",", "."))
    except ValueError:
        return Refusal("megahertz, such as 14.7456")
    inside = 0.03 <= megahertz <= 50
    return Xtal1(Fitted.CRYSTAL, round(megahertz * 1e6)) if inside else Refusal("0.03 to 50 MHz")


def field_options(draft: Draft, bits: BitField) -> list[Option]:
    """The legal values of a field; those that the bits give twice are told by their code."""
    now = bits.get(draft.value(bits.memory))
    return [
        Option(known.value, value_label(bits, known), _value_note(bits, known.value), known.value == now)
        for known in bits.values
    ]


def _value_note(bits: BitField, code: int) -> str:
    width = (bits.mask >> bits.lsb).bit_length()
    return f"{code:0{width}b}"


def typed_value(draft: Draft, bits: BitField) -> Callable[[str], object]:
    """What a typed value means for a field: its code."""

    def take(text: str) -> object:
        try:
            return bits.get(draft.typed(bits, text).value(bits.memory))
        except IllegalValue as error:
            return Refusal(str(error))

    return take


def typed_byte(text: str) -> object:
    """A byte in hex (``DE``, ``0xDE``), binary (``0b1101…``) or decimal with a dot (``222.``)."""
    word = text.strip().lower()
    try:
        if word.endswith("."):
            value = int(word[:-1])
        elif word.startswith("0b"):
            value = int(word, 0)
        else:
            value = int(word.removeprefix("0x"), 16)
    except ValueError:
        return Refusal(f"{text[:20]!r} is no byte: write DE, 0xDE or 0b11011110")
    return value if 0 <= value <= 0xFF else Refusal(f"{text[:20]} does not fit a byte")
