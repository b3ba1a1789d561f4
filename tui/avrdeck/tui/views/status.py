"""What the status line says."""

from __future__ import annotations

from avrdeck.boards.fuses import Decoded
from avrdeck.boards.labels import CLOCKS, hz_label
from avrdeck.tui.actions import by_id
from avrdeck.tui.controllers.session import Session
from avrdeck.tui.draft import Draft
from avrdeck.tui.views.ink import clipped

Group = tuple[tuple[str, str], ...]
SPINNER = "►"


def left(session: Session, narrow: bool) -> list[Group]:
    """Port, dialect, part, mode."""
    groups: list[Group] = [(("avrdeck", "bold"),), _port(session, narrow)]
    programmer = session.programmer
    if programmer and not narrow:
        version = programmer.identity.version
        groups.append(((programmer.dialect.name, ""), (f" {version}" if version else "", "muted")))
    part = session.part
    if part:
        text = part.signature_text.replace(" ", "") if narrow else part.signature_text
        groups.append(((part.name, "bold"), (f" {text}", "muted")))
    groups.append(mode(session, narrow))
    return groups


def _port(session: Session, narrow: bool) -> Group:
    name = clipped(session.port.removeprefix("/dev/").partition("?")[0], 14 if narrow else 24)
    baud = session.programmer.link.transport.baud if session.programmer else session.baud
    return ((name, ""), (f" {baud}" if baud and not narrow else "", "muted"))


def mode(session: Session, narrow: bool = False) -> Group:
    """Whether the target is held, with a symbol that says so without colour.

    That an ArduinoISP says it holds one means nothing: it always does. A signature that was read does.
    """
    if session.lost:
        return (("× ", "error"), ("lost" if narrow else "port lost", ""))
    if session.in_progmode and not (session.proven or session.job):
        return (("! ", "warning"), ("not proven" if narrow else "part not proven", ""))
    if session.in_progmode:
        return (("● ", "success"), ("prog" if narrow else "programming mode", ""))
    if session.connected:
        return (("○ ", "muted"), ("idle" if narrow else "target runs", ""))
    return (("○ ", "muted"), ("no port" if narrow else "not connected", ""))


def right(session: Session, narrow: bool) -> list[Group]:
    """The running job, the clock, the staged changes."""
    groups: list[Group] = []
    if session.job:
        share = session.job.share
        words = f"{SPINNER} {session.job.name}" + (f" {share:4.0%}" if share is not None else "")
        stop = by_id("app.stop")
        hint = f"  {stop.key_text} stops" if stop and not narrow else ""
        groups.append(((words, "accent bold"), (hint, "muted")))
    if session.draft:
        clock = clock_text(session.draft.decoded_before) if session.draft.read else ""
        if clock and not (narrow and session.job):
            groups.append(((clock, ""),))
        groups += staged(session.draft)
    return groups


def staged(draft: Draft) -> list[Group]:
    """How many bits are staged."""
    return [((f"◆ {draft.changes} staged", "warning bold"),)] if draft.staged else []


def clock_text(decoded: Decoded | None) -> str:
    """The CPU clock and its source: ``1 MHz RC``, ``16 MHz crystal``, ``crystal ≥ 8 MHz``."""
    if decoded is None or decoded.clock_kind is None:
        return ""
    words = CLOCKS[decoded.clock_kind].removeprefix("internal ")
    if decoded.f_cpu_hz:
        return f"{hz_label(decoded.f_cpu_hz)} {words}"
    low, high = decoded.freq_min_hz, decoded.freq_max_hz
    if low and high:
        return f"{words} {low / 1e6:g}-{high / 1e6:g} MHz"
    if low or high:
        return f"{words} {'≥' if low else '≤'} {hz_label(low or high or 0)}"
    return words
