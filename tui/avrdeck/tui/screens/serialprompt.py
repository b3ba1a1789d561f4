"""Asks for a chip's serial number in the words of the command line."""

from __future__ import annotations

from collections.abc import Callable

from avrdeck.protocol.errors import Fault
from avrdeck.tui.screens.dialogs import PromptScreen, Refusal

EXAMPLE = "number at eeprom:0x3F0"
FORMS = "number, number:2, uuid, bytes:01 FF, text:SN-{counter:6}; empty: none"


def serial_prompt(take: Callable[[str], None], line: str) -> PromptScreen:
    """Asks for a `serialline`, ``line`` by default, that ``take`` accepts or refuses by a `Fault`."""

    def taken(text: str) -> object:
        try:
            take(text)
        except Fault as fault:
            return Refusal(f"{fault.title}. {fault.advice}".strip())
        return text

    return PromptScreen("Serial number", taken, line, EXAMPLE, FORMS)
