"""What dialogs ask on the deck, and what becomes of the answers: the connection's lines, a field, a byte."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from avrdeck.boards.catalog import part as find_part
from avrdeck.boards.models import BitField
from avrdeck.boards.safety import Xtal1
from avrdeck.protocol.errors import UsageFault
from avrdeck.tui.controllers import choices
from avrdeck.tui.screens.dialogs import ChooseScreen, PromptScreen, Refusal
from avrdeck.tui.views.connection import Line

if TYPE_CHECKING:
    from avrdeck.tui.jobapp import JobApp


def choose(app: JobApp, line: Line) -> None:
    """Choose what a line of the connection holds."""
    {Line.PORT: port, Line.BAUD: baud, Line.PART: part, Line.SUPPLY: supply, Line.XTAL1: xtal}[line](app)


def port(app: JobApp) -> None:
    """Choose the port, and connect to it."""

    def take(value: object) -> None:
        if isinstance(value, str):
            app.session.port = value
            app.run_job(app.session.connect())

    options = choices.port_options(app.session.port)
    hint = "type to search, or a port: /dev/ttyACM0, socket://host:port"
    app.push_screen(ChooseScreen("Port", options, choices.typed_port, hint), take)


def baud(app: JobApp) -> None:
    """Choose the line's speed, and connect with it."""

    def take(value: object) -> None:
        if value is not None:
            app.session.baud = value if isinstance(value, int) else None
            app.run_job(app.session.connect())

    app.push_screen(ChooseScreen("Baud", choices.baud_options(app.session.baud), choices.typed_baud), take)


def part(app: JobApp) -> None:
    """Choose the part by hand, or to believe the signature."""
    session = app.session

    def take(value: object) -> None:
        if value is None:
            return
        session.choose_part(find_part(str(value)) if value != choices.ANY else None)
        if session.connected:
            app.run_job(session.connect())

    options = choices.part_options(session.chosen.name if session.chosen else None)
    app.push_screen(ChooseScreen("Part", options), take)


def supply(app: JobApp) -> None:
    """Tell the target's supply."""

    def take(value: object) -> None:
        if value is not None:
            volts = value if isinstance(value, float) else None
            app.session.tell(replace(app.session.context, vcc=volts))

    options = choices.supply_options(app.session.context.vcc)
    app.push_screen(ChooseScreen("Supply", options, choices.typed_supply), take)


def xtal(app: JobApp) -> None:
    """Tell what is at XTAL1."""

    def take(value: object) -> None:
        if isinstance(value, Xtal1):
            app.session.tell(replace(app.session.context, xtal1=value))

    options = choices.xtal_options(app.session.context.xtal1)
    app.push_screen(ChooseScreen("At XTAL1", options, choices.typed_xtal), take)


def field(app: JobApp, bits: BitField) -> None:
    """Stage a field's value."""
    draft = app.session.draft
    if draft is None:
        return

    def take(value: object) -> None:
        if isinstance(value, int):
            app.session.edit(draft.coded(bits, value))

    title = f"{bits.name}, {draft.state(bits).title}"
    app.push_screen(
        ChooseScreen(title, choices.field_options(draft, bits), choices.typed_value(draft, bits)), take
    )


def byte(app: JobApp, memory: str) -> None:
    """Stage a byte."""
    draft = app.session.draft
    if draft is None:
        return

    def take(value: object) -> None:
        if isinstance(value, int):
            app.session.edit(draft.put(memory, value))

    text = f"{draft.value(memory):02X}"
    app.push_screen(PromptScreen(memory, choices.typed_byte, text, note="hex, or 0b…"), take)


def preset(app: JobApp) -> None:
    """Stage a board's fuses."""
    if app.session.draft is None:
        return

    def check(text: str) -> object:
        board = choices.found_board(text)
        return board if isinstance(board, Refusal) else text

    def take(value: object) -> None:
        draft = app.session.draft
        if value is None or draft is None:
            return
        board = choices.found_board(value)
        if isinstance(board, Refusal):
            return
        if board.part and find_part(board.part).name != draft.part.name:
            app.tell(
                UsageFault(
                    f"{board.name} has an {find_part(board.part).name}, not an {draft.part.name}",
                    advice="Choose another board, or another part with p.",
                )
            )
            return
        app.session.edit(draft.put_all(board.fuses))

    options = choices.preset_options(app.session.draft.part)
    hint = "type to search, or id:menu=choice"
    app.push_screen(ChooseScreen("Fuses of a board", options, check, hint), take)
