"""Reads the chip into the session, piece by piece: the panes fill as it comes."""

from __future__ import annotations

from dataclasses import replace

from avrdeck.boards import uid
from avrdeck.jobs.ledger import Ledger
from avrdeck.protocol import isp
from avrdeck.protocol.dialects import EepromAddress
from avrdeck.protocol.programmer import Programmer
from avrdeck.protocol.target import fuses, memories, rows
from avrdeck.protocol.target.progress import Progress
from avrdeck.tui import messages
from avrdeck.tui.controllers.session import Session

CHUNK = 2048
"""Bytes read between two looks at the map: small enough for the map to fill before one's eyes."""


async def identify(session: Session, programmer: Programmer) -> None:
    """Find out what chip is there, and read what is quickly read: its fuse bytes and signature row."""
    with Ledger().told():
        part = await programmer.identify(session.chosen)
        again = session.part is part
        session.take_part(part)
        session.proven = True
        session.stale = again and any(found.data for found in session.maps.values())
        await fuse_bytes(session, programmer)
        await signature_row(session, programmer)


async def everything(session: Session, programmer: Programmer) -> None:
    """Read fuses, signature row, EEPROM and flash, as far as the programmer reaches them."""
    with Ledger().told():
        await fuse_bytes(session, programmer)
        await signature_row(session, programmer)
        reached = programmer.dialect.eeprom_address is not EepromAddress.NONE
        for name in ("eeprom", "flash") if reached else ("flash",):
            if name in session.maps:
                await memory(session, programmer, name)
    session.stale = False


async def fuse_bytes(session: Session, programmer: Programmer) -> None:
    """Read every fuse byte and the lock byte; what is staged stays staged, be it meanwhile."""
    if not programmer.dialect.reads_fuses:
        return
    values = await fuses.read_all(programmer)
    if session.draft is None:
        return
    sck = programmer.dialect.sck_hz
    session.context = replace(session.context, sck_hz=sck) if sck else session.context
    session.draft = replace(session.draft, context=session.context)
    session.edit(session.draft.reread(values))
    session.post(messages.FusesRead())


async def signature_row(session: Session, programmer: Programmer) -> None:
    """Read the signature row, where the part has one that can be read."""
    part = session.part
    if part is None or "prodsig.read" not in part.opcodes:
        return
    there = "prodsig" in part.rows and part.rows["prodsig"].readable
    if there and programmer.dialect.carries_out(isp.encode(part, "prodsig.read")):
        session.row = await rows.read(programmer, "prodsig")
        session.identity = uid.identify(part, dict(enumerate(session.row)))
        session.changed()


async def memory(session: Session, programmer: Programmer, name: str) -> None:
    """Read a whole memory."""
    found = session.maps[name]
    found.reset()
    while not found.complete:
        start = len(found.data)
        size = min(CHUNK, found.size - start)

        def watch(progress: Progress, before: int = start, total: int = found.size) -> None:
            session.event(replace(progress, done=before + progress.done, total=total))

        found.append(await memories.read(programmer, name, start, size, watch))
    session.post(messages.MemoryRead(name))
