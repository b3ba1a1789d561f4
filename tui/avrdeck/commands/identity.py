"""``id``: who the programmer is and what chip is behind it."""

from __future__ import annotations

from avrdeck.boards.models import Part
from avrdeck.commands.chronicle import noted_chip
from avrdeck.commands.deck import Deck
from avrdeck.commands.verb import verb
from avrdeck.protocol.dialects import Reach
from avrdeck.protocol.programmer import Programmer
from avrdeck.protocol.target import fuses


@verb("id")
async def identify(deck: Deck) -> None:
    """Show who answers on the port and what chip is behind it, and greet a chip that was seen before.

    \b
    avrdeck id -P /dev/ttyACM0
    avrdeck id -P sim: --json
    """
    async with deck.target() as programmer:
        part = programmer.require_part()
        values = await fuses.read_all(programmer) if programmer.dialect.reads_fuses else {}
        await noted_chip(deck, programmer)
        deck.out.result(described(programmer, part, values), as_data(programmer, part, values))


def described(programmer: Programmer, part: Part, values: dict[str, int]) -> str:
    """The programmer, the part and its fuse bytes, a line each."""
    dialect = programmer.dialect
    version = f" {programmer.identity.version}" if programmer.identity.version else ""
    lines = [
        f"Programmer  {dialect.name}{version}, {dialect.reach.value}",
        f"Part        {part.name}, signature {part.signature_text}, read alike three times",
        f"Memories    flash {part.flash.size} bytes, EEPROM {part.eeprom.size if part.eeprom else 0} bytes",
    ]
    if part.shares_signature_with:
        lines.append(f"            {', '.join(part.shares_signature_with)} have the same signature")
    if values:
        lines.append("Fuses       " + "  ".join(f"{name} {value:02X}" for name, value in values.items()))
    elif dialect.reach is Reach.BOOTLOADER:
        lines.append("Fuses       not readable through a bootloader")
    return "\n".join(lines)


def as_data(programmer: Programmer, part: Part, values: dict[str, int]) -> dict[str, object]:
    """The same for programs."""
    return {
        "programmer": programmer.dialect.name,
        "version": programmer.identity.version,
        "part": part.name,
        "signature": part.signature.hex(),
        "same_signature": list(part.shares_signature_with),
        "fuses": values,
    }
