"""What the values of arguments may be: part names, memories, ports, fuse fields and their values."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING

import click
from click.shell_completion import CompletionItem

if TYPE_CHECKING:
    from avrdeck.boards.models import Part
    from avrdeck.commands.deck import Deck

_DECK: ContextVar[Deck | None] = ContextVar("deck", default=None)
MOST = 400
"""Candidates that are offered at once; more help nobody."""


@contextmanager
def completing_on(deck: Deck) -> Iterator[None]:
    """Complete for a session, so that its part's own fuse fields are offered."""
    token = _DECK.set(deck)
    try:
        yield
    finally:
        _DECK.reset(token)


def parts(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Part names and their ids."""
    del ctx, param
    from avrdeck.boards.catalog import summaries

    typed = incomplete.lower()
    found = [one for one in summaries() if typed in one.name.lower() or one.avrdude_id.startswith(typed)]
    return [CompletionItem(one.name, help=one.avrdude_id) for one in found[:MOST]]


def ports(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Ports with a USB name, and the virtual one."""
    del ctx, param
    from serial.tools.list_ports import comports

    found = [
        CompletionItem(port.device, help=port.product or "") for port in comports() if port.vid is not None
    ]
    found.append(CompletionItem("sim:", help="virtual programmer"))
    return [item for item in found if item.value.startswith(incomplete)]


def fuse_edits(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """``field=value`` for every field of the part at hand and its legal values."""
    del param
    from avrdeck.boards.fusefields import legal_values

    part = _part(ctx)
    if part is None:
        return []
    name, equals, value = incomplete.partition("=")
    if not equals:
        fields = [CompletionItem(f"{bits.name.lower()}=", help=bits.memory) for bits in part.fields]
        return [item for item in [*fields, CompletionItem("factory")] if item.value.startswith(name.lower())]
    return [
        CompletionItem(f"{name}={spelling}")
        for bits in part.fields
        if bits.name.lower() == name.lower()
        for spelling in legal_values(bits)
        if spelling.lower().startswith(value.lower())
    ]


def _part(ctx: click.Context) -> Part | None:
    from avrdeck.boards.catalog import UnknownPart
    from avrdeck.boards.catalog import part as find

    deck = _DECK.get()
    programmer = deck.session.programmer if deck else None
    if programmer and programmer.part:
        return programmer.part
    name = ctx.params.get("part") or (deck.settings.part if deck else None) or "ATmega328P"
    try:
        return find(str(name))
    except UnknownPart:
        return None
