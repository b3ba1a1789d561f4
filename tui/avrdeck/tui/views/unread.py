"""What is not known of the chip, in words."""

from __future__ import annotations

from avrdeck.boards.fuses import Decoded
from avrdeck.tui.controllers.session import Session

NO_PART = "No part yet: "


def no_part(session: Session) -> str:
    """Why there is nothing to see, and what to do about it."""
    if session.job:
        return f"{NO_PART}looking for it."
    if session.connected:
        return f"{NO_PART}no target answered. f9 finds out why, p chooses a part by hand."
    return f"{NO_PART}x connects, p chooses one by hand."


def no_fuses(session: Session) -> str:
    """Why the fuses that are shown are not the chip's; empty where they are, or where there is no chip."""
    draft, programmer = session.draft, session.programmer
    if draft is None or draft.read or programmer is None:
        return ""
    if programmer.dialect.reads_fuses:
        return "The chip's fuses were not read: these are the factory's."
    return f"{programmer.dialect.name} cannot read fuses: these are the factory's, not the chip's."


def decoded(session: Session) -> Decoded | None:
    """What the fuses add up to; `None` as well where neither the chip nor the user has said what they are."""
    draft = session.draft
    if draft is None or (no_fuses(session) and not draft.staged):
        return None
    return draft.decoded
