"""The connection pane as rows: the port, the programmer, the target, its clock, and where to go next."""

from __future__ import annotations

from enum import Enum

from avrdeck.boards.fuses import max_sck_hz
from avrdeck.boards.labels import hz_label
from avrdeck.boards.models import Part
from avrdeck.boards.safety import Fitted, Xtal1
from avrdeck.boards.uid import Source
from avrdeck.tui.controllers.session import Session
from avrdeck.tui.draft import Draft
from avrdeck.tui.views import unread
from avrdeck.tui.views.findings import bod_text
from avrdeck.tui.views.ink import Pen, Row, beside, clipped, heading, joined
from avrdeck.tui.views.status import clock_text, mode

VALUE = 11
"""Column of the values."""


class Line(Enum):
    """The lines on which something can be chosen."""

    PORT = "port"
    BAUD = "baud"
    PART = "part"
    SUPPLY = "supply"
    XTAL1 = "xtal1"


TWO_COLUMNS = 72
"""Columns from which the programmer stands beside the target."""


def lines(session: Session) -> tuple[Line, ...]:
    """Those that are there now, from top to bottom; a board without a part has no clock."""
    board = (Line.XTAL1, Line.SUPPLY) if session.draft else ()
    return (Line.PORT, Line.BAUD, Line.PART, *board)


def rows(session: Session, cursor: Line | None, width: int, height: int | None = None) -> list[Row]:
    """The whole pane; blank lines are left out where ``height`` has no room for them."""
    port = _port(session, cursor, width)
    if width >= TWO_COLUMNS:
        half = width // 2
        programmer = [heading(half, "Programmer"), *_programmer(session, cursor, half)]
        left = joined([programmer, _history(session, half), [_keys(session, half)]], height)
        right = joined([_target(session, cursor, half), _clock(session, cursor, half)], height)
        return joined([port, beside(left, right, half)], height)
    groups = [[*port, *_programmer(session, cursor, width)], _target(session, cursor, width)]
    groups += [_clock(session, cursor, width), _history(session, width), [_keys(session, width)]]
    return joined(groups, height)


def _line(
    width: int, label: str, text: str, role: str = "", *, tail: str = "", tail_role: str = "muted"
) -> Row:
    pen = Pen(width).put(label, "muted", at=1)
    pen.put(clipped(text, width - VALUE - len(tail)), role, at=VALUE)
    return pen.put(tail, tail_role).row()


def _choice(width: int, line: Line, cursor: Line | None, text: str, role: str = "") -> Row:
    here = line is cursor
    pen = Pen(width)
    if here:
        pen.put("►", "accent bold", at=0)
    pen.put(
        line.value.upper() if line is Line.XTAL1 else line.value.capitalize(),
        "accent bold" if here else "muted",
        at=1,
        target=line,
    )
    pen.put(clipped(text, width - VALUE - 3), role, at=VALUE, target=line)
    return pen.right("▼", "accent" if here else "disabled", margin=1, target=line).row(cursor=here)


def _port(session: Session, cursor: Line | None, width: int) -> list[Row]:
    painted = [_choice(width, Line.PORT, cursor, session.port or "none", "bold")]
    if session.entry and session.entry.name:
        usb = f"  {session.entry.usb}" if width > 30 else ""
        painted.append(_line(width, "", session.entry.name, "muted", tail=usb))
    return painted


def _programmer(session: Session, cursor: Line | None, width: int) -> list[Row]:
    baud = session.programmer.link.transport.baud if session.programmer else session.baud
    painted = [_choice(width, Line.BAUD, cursor, str(baud) if baud else "its usual")]
    if session.programmer:
        programmer = session.programmer
        version = programmer.identity.version
        painted.append(_line(width, "Dialect", f"{programmer.dialect.name} {version}".strip()))
    symbol, words = mode(session)
    if width < VALUE + 18:
        words = (words[0].removesuffix(" mode"), words[1])
    pen = Pen(width).put("Mode", "muted", at=1).put(*symbol, at=VALUE)
    painted.append(pen.put(clipped(words[0], width - pen.at), words[1]).row())
    return painted


def _target(session: Session, cursor: Line | None, width: int) -> list[Row]:
    part = session.part
    name = part.name if part else "by its signature"
    painted = [heading(width, "Target"), _choice(width, Line.PART, cursor, name, "bold" if part else "muted")]
    if part is None:
        return painted
    proof = _proof(session)
    if width < VALUE + 9 + len(proof[0]):
        proof = (proof[0][:2].replace(" b", ""), proof[1])
    painted.append(_line(width, "Signature", part.signature_text, tail=proof[0], tail_role=proof[1]))
    if session.stale:
        painted.append(_line(width, "", "! read again: r", "warning"))
    painted += _identity(session, width)
    draft = session.draft
    if draft and "lock" in draft.read:
        text, state = f"{draft.read['lock']:02X} ", _lock_text(draft)
        painted.append(_line(width, "Lock", text + state))
    return painted


def _proof(session: Session) -> tuple[str, str]:
    """Whether the part's signature was read from the target."""
    if session.proven:
        return " ✓ 3 of 3", "success"
    return (" ! not read", "warning") if session.connected else (" by hand", "muted")


def _identity(session: Session, width: int) -> list[Row]:
    found = session.identity
    if found is None or found.source is Source.NONE:
        return []
    if found.source is Source.ALL_EQUAL:
        return [_line(width, "Unique", "none: a clone?", "warning")]
    if VALUE + len(found.text) > width:  # told whole in a narrow pane too
        return [Pen(width).put("Unique", "muted", at=1).put(clipped(found.text, width - 8), at=8).row()]
    return [_line(width, "Unique", found.text)]


def _history(session: Session, width: int) -> list[Row]:
    """What the inventory knows of the chip."""
    sighting = session.sighting
    if sighting is None:
        return []
    known = sighting.known
    rows_ = [heading(width, "History")]
    if known.label:
        rows_.append(_line(width, "Label", known.label))
    if not known.chip.distinct:
        return [*rows_, _line(width, "Seen", "not recognised", "muted")]
    times = f"{known.sightings} times" if known.sightings > 1 else "first time"
    since = f", {sighting.before[:10]}" if sighting.before else ""
    rows_.append(_line(width, "Seen", times + (since if width > VALUE + 20 else "")))
    if sighting.fuses_changed:
        rows_.append(_line(width, "", "! fuses changed", "warning"))
    return rows_


def _lock_text(draft: Draft) -> str:
    """What the lock bits forbid, in a word or two."""
    closed = [
        bits.role
        for bits in draft.part.lock.fields
        if draft.state_before(bits).key != "unlocked" and bits.role in _LOCKS
    ]
    return " and ".join(_LOCKS[role] for role in closed) + " only" if closed == ["boot_lock_boot"] else (
        ", ".join(_LOCKS[role] for role in closed) or "open"
    )  # fmt: skip


_LOCKS = {"memory_lock": "locked", "boot_lock_app": "app", "boot_lock_boot": "boot"}


def _clock(session: Session, cursor: Line | None, width: int) -> list[Row]:
    """The clock and supply that the fuses ask for, and what the user told of the board's."""
    draft = session.draft
    if draft is None:
        return []
    painted = [heading(width, "Clock")]
    before, after = draft.decoded_before, unread.decoded(session)
    if before and after:
        label = "Now" if draft.read else "Factory"
        painted.append(_changing(width, label, clock_text(before), clock_text(after)))
    painted.append(_choice(width, Line.XTAL1, cursor, xtal_text(session.context.xtal1), "muted"))
    sck = session.programmer.dialect.sck_hz if session.programmer else None
    if sck:
        clock_hz = (before.f_cpu_hz or before.freq_min_hz) if before and draft.read else None
        painted.append(_sck(width, draft.part, sck, clock_hz))
    if before and after and (before.bod or after.bod):
        old, new = bod_text(before.bod or "", before.bod_volts), bod_text(after.bod or "", after.bod_volts)
        painted.append(_changing(width, "BOD", old, new))
    vcc = session.context.vcc
    supply = f"{vcc:.1f} V" if vcc else "not told"
    return [*painted, _choice(width, Line.SUPPLY, cursor, supply, "muted")]


def xtal_text(xtal: Xtal1) -> str:
    """What is fitted at XTAL1, as the user told."""
    words = {Fitted.UNKNOWN: "not told", Fitted.NOTHING: "nothing fitted"}.get(xtal.fitted, xtal.fitted.value)
    return f"{hz_label(xtal.hz)} {words}" if xtal.hz else words


def _changing(width: int, label: str, old: str, new: str) -> Row:
    pen = Pen(width).put(label, "muted", at=1)
    pen.at = VALUE
    if old == new:
        return pen.put(clipped(new, width - VALUE)).row()
    if len(old) + len(new) + 3 <= width - VALUE:
        pen.put(old, "muted").put(" ")
    return pen.put("→ ", "warning bold").put(clipped(new, width - pen.at), "warning bold").row()


def _sck(width: int, part: Part, sck: int, clock_hz: int | None) -> Row:
    pen = Pen(width).put("SCK", "muted", at=1).put(hz_label(sck), at=VALUE)
    if clock_hz is None:
        return pen.row()
    limit = max_sck_hz(part, clock_hz)
    if sck <= limit:
        pen.put(" ✓", "success")
        rule = f" < f/{round(clock_hz / (limit + 1))}"
        return pen.put(rule if pen.at + len(rule) <= width else "", "muted").row()
    return pen.put(" × too fast", "error bold").row()


def _keys(session: Session, width: int) -> Row:
    """The keys that matter most here, as many as there is room for."""
    pen = Pen(width, at=1)
    words = [("d", "doctor"), ("x", "disconnect" if session.connected else "connect"), ("y", "wiring")]
    for key, word in words:
        if pen.at + len(key) + len(word) < width:
            pen.put(key, "accent bold").put(f" {word}  ", "muted")
    return pen.row()
