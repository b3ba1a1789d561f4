"""Hex views of what backups hold, and of where two contents differ."""

from __future__ import annotations

from avrdeck.jobs.backup.model import CONTENTS, Backup
from avrdeck.tui.controllers import backing_up
from avrdeck.tui.controllers.backing_up import Pair
from avrdeck.tui.controllers.session import Session
from avrdeck.tui.screens.hexview import HexScreen


def content(session: Session, backup: Backup) -> HexScreen | None:
    """The bytes of a backup: flash if it has it, else EEPROM, `None` where it has neither."""
    memory = next((name for name in CONTENTS if name in backup.memories), None)
    return HexScreen(session, memory, model=backing_up.model(backup, memory)) if memory else None


def difference(session: Session, pair: Pair, memory: str) -> HexScreen:
    """The first of a pair stands beneath the second, or beneath the chip; at the first difference."""
    image = pair.image(memory)
    if pair.with_chip:
        session.maps[memory].compare(image)
        session.changed()
        screen = HexScreen(session, memory)
    else:
        model = backing_up.model(pair.second, memory)
        model.compare(image)
        screen = HexScreen(session, memory, model=model)
    screen.go_to_difference()
    return screen
