"""``parts``, ``part``: what is known of the parts."""

from __future__ import annotations

import re

import click

from avrdeck.boards import catalog
from avrdeck.boards.catalog import Summary
from avrdeck.commands.deck import Deck
from avrdeck.commands.reference.layout import size_text, table
from avrdeck.commands.verb import verb
from avrdeck.protocol.errors import UsageFault

SIGNATURE = re.compile(r"(?:0x)?([0-9a-f]{2}(?:[ :,]*(?:0x)?[0-9a-f]{2}){0,2})", re.ASCII | re.IGNORECASE)
HEAD = ("part", "avrdude", "signature", "flash", "EEPROM", "family")
SIZES = (3, 4)


@verb("parts")
@click.argument("words", nargs=-1, metavar="[WORD]...")
@click.option("-s", "--signature", metavar="HEX", help="Only parts whose signature begins with these bytes.")
async def parts(deck: Deck, words: tuple[str, ...], signature: str | None) -> None:
    """List the parts that avrdeck knows, or those in which every WORD occurs.

    A WORD is a piece of a name, of avrdude's id or of a family. Parts with the same signature cannot be
    told apart by ISP; the likeliest stands first.

    \b
    avrdeck parts
    avrdeck parts mega 328
    avrdeck parts -s 1E950F
    """
    begins = b"" if signature is None else _bytes(signature)
    found = [one for one in catalog.summaries() if one.signature.startswith(begins) and _has(one, words)]
    if not found:
        raise _nothing(words, signature)
    deck.out.result(_listing(found), {"parts": [_data(one) for one in found]})


def _has(one: Summary, words: tuple[str, ...]) -> bool:
    names = f"{one.name} {one.avrdude_id} {one.family}".lower()
    return all(word.strip().lower() in names for word in words)


def _bytes(text: str) -> bytes:
    match = SIGNATURE.fullmatch(text.strip())
    if not match:
        raise UsageFault(f"{text[:20]!r} is no signature", advice="Write one to three bytes in hex: 1E950F.")
    return bytes.fromhex(re.sub(r"0x|[:,]", " ", match[1].lower()))


def _nothing(words: tuple[str, ...], signature: str | None) -> UsageFault:
    near = catalog.nearest("".join(words))
    hint = f"Near: {', '.join(near)}." if near else "Without a filter, all are listed."
    shown = " ".join(words)[:40]
    wanted = [repr(shown)] if shown else []
    wanted += [f"signature {_bytes(signature).hex(' ').upper()}"] if signature else []
    return UsageFault(f"No part has {' and '.join(wanted)}", advice=hint)


def _listing(found: list[Summary]) -> str:
    rows = [
        (
            one.name,
            one.avrdude_id,
            one.signature.hex(" ").upper(),
            size_text(one.flash),
            size_text(one.eeprom) if one.eeprom else "-",
            one.family,
        )
        for one in found
    ]
    count = f"{len(found)} part{'s' if len(found) != 1 else ''}"
    return "\n".join([*table([HEAD, *rows], right=SIZES), count])


def _data(one: Summary) -> dict[str, object]:
    return {**one._asdict(), "signature": one.signature.hex()}


@verb("part")
@click.argument("name", metavar="NAME")
@click.option("-v", "--verbose", is_flag=True, help="Add ISP instructions, timing and ordering codes.")
async def part(deck: Deck, name: str, verbose: bool) -> None:
    """Show what is known of a part: memories, fuses with all legal values, disputed facts.

    NAME is a name or avrdude's id. A fuse bit is programmed when it is 0.

    \b
    avrdeck part atmega328p
    avrdeck part t85 -v
    """
    from avrdeck.commands.reference import partsheet

    known = catalog.part(name)
    deck.out.result(partsheet.text(known, verbose=verbose), partsheet.data(known))
