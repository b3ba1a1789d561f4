"""A link to a wire that is played, and commands to send."""

from __future__ import annotations

from collections.abc import Iterable

from avrdeck.protocol.codes import MemoryType
from avrdeck.protocol.flight import STRICT, Request, Window
from avrdeck.protocol.framing import Reply
from avrdeck.protocol.link import Link
from avrdeck.protocol.stk500v1 import Command, ProgPage, Universal
from protocol.fakes import FakeWire

PAGE = ProgPage(MemoryType.FLASH, bytes(range(128)))
ISP = Universal(b"\x30\x00\x00\x00")


def link_to(wire: FakeWire, window: Window = STRICT) -> Link:
    link = Link(wire)
    link.window = window
    return link


async def run(link: Link, commands: Iterable[Command | Request]) -> list[Reply]:
    replies: list[Reply] = []
    requests = [item if isinstance(item, Request) else Request(item) for item in commands]
    await link.run(requests, lambda _, reply: replies.append(reply))
    return replies
