"""``sig``, ``cal``, ``sigrow``, ``uid``: what the signature row says."""

from __future__ import annotations

from avrdeck.boards import uid as identities
from avrdeck.commands.deck import Deck
from avrdeck.commands.raw.exchange import hex_dump
from avrdeck.commands.verb import verb
from avrdeck.protocol.programmer import Programmer
from avrdeck.protocol.target import rows


@verb("sig")
async def sig(deck: Deck) -> None:
    """Read the three signature bytes.

    \b
    avrdeck sig -P sim:
    """
    async with deck.target() as programmer:
        part = programmer.require_part()
        found = await programmer.signature()
    deck.out.result(f"{found.hex(' ').upper()}  {part.name}", {"signature": found.hex(), "part": part.name})


@verb("cal")
async def cal(deck: Deck) -> None:
    """Read the oscillator calibration bytes (OSCCAL).

    \b
    avrdeck cal -P sim:
    """
    async with deck.target() as programmer:
        part = programmer.require_part()
        found = await rows.read(programmer, "calibration")
    purposes = [identities.purpose(part, at) for at in identities.calibration_addresses(part)]
    lines = [f"{value:02X}  {purpose}" for value, purpose in zip(found, purposes, strict=True)]
    deck.out.result("\n".join(lines), {"calibration": list(found), "part": part.name})


@verb("sigrow")
async def sigrow(deck: Deck) -> None:
    """Read the whole signature row and say what each byte is for.

    \b
    avrdeck sigrow -P sim:
    """
    async with deck.target() as programmer:
        part = programmer.require_part()
        row = await read_row(programmer)
    lines = [hex_dump(bytes(row.values()))] if len(row) == max(row) + 1 else []
    lines += [
        f"  {byte.address:02X}  {row[byte.address]:02X}  {byte.frame.hex(' ').upper()}  {byte.purpose}"
        for byte in identities.row_bytes(part)
    ]
    deck.out.result(
        "\n".join(lines), {"part": part.name, "row": {f"{at:02x}": byte for at, byte in row.items()}}
    )


@verb("uid")
async def uid(deck: Deck) -> None:
    """Read the bytes that tell this chip from others, and say how far to trust them.

    \b
    avrdeck uid -P sim:
    """
    async with deck.target() as programmer:
        part = programmer.require_part()
        identity = identities.identify(part, await read_row(programmer))
    text = f"{identity.text or 'none'}\n{identity.note}"
    data = {
        "part": part.name,
        "uid": identity.serial.hex(),
        "source": identity.source.value,
        "note": identity.note,
    }
    deck.out.result(text, data)


async def read_row(programmer: Programmer) -> dict[int, int]:
    """The signature row by address; read twice, as everything that identifies."""
    part = programmer.require_part()
    if "prodsig" in part.rows:
        return dict(enumerate(await rows.read(programmer, "prodsig")))
    frames = [byte.frame for byte in identities.row_bytes(part)]
    answers = await programmer.instruct_all(frames)
    return {byte.address: answer for byte, answer in zip(identities.row_bytes(part), answers, strict=True)}
