"""A programmer on a virtual board, for tests above the link. Its time is virtual: nothing waits."""

from avrdeck.boards.catalog import part
from avrdeck.protocol.link import Link
from avrdeck.protocol.programmer import Programmer
from avrdeck.protocol.transports.sim import SimTransport, open_sim


def board(options: str = "", baud: int | None = None) -> SimTransport:
    """A virtual board that answers at once; ``options`` as in ``part=attiny85&xtal=none``.

    A bootloader is reset by the opening, as it has to be.
    """
    reset = "yes" if "dialect=" in options else "no"
    return open_sim(f"sim:?autoreset={reset}&{options}".rstrip("&"), baud)


async def programmer_on(wire: SimTransport, name: str | None = None) -> Programmer:
    """A connected programmer whose target is identified, as ``name`` when that is given."""
    programmer = await Programmer.connect(Link(wire))
    await programmer.identify(part(name) if name else None)
    return programmer
