"""Puts fuse bytes right before they take effect, whatever a disturbed line has made of them.

A lost byte is enough to make another value, or another instruction, of a fuse write. Until programming mode
is left nothing is in effect, so that what is wrong can be written again.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress

from avrdeck.boards.models import BLANK, Fuse, Part
from avrdeck.protocol import isp
from avrdeck.protocol.errors import Fault, PortError, SignatureMismatch, TargetError
from avrdeck.protocol.programmer import ENTER_US, Programmer
from avrdeck.protocol.stk500v1 import EnterProgmode
from avrdeck.protocol.target import fuses

TRIES = 3
"""How often to read and write again: one disturbance can strike in the repair too."""


def agree(fuse: Fuse, first: int, second: int) -> bool:
    """Whether two values agree in every bit that ISP can write and read back."""
    return not (first ^ second) & fuse.used_mask & fuse.read_mask & _writable(fuse)


def full(fuse: Fuse, value: int) -> int:
    """``value`` with the bits that do not exist as 1, as they are written and read."""
    return value | ~fuse.used_mask & BLANK


def shown(values: Mapping[str, int]) -> str:
    """``lfuse FF, hfuse DE``."""
    return ", ".join(f"{name} {value:02X}" for name, value in values.items())


async def glance(programmer: Programmer) -> dict[str, int]:
    """Every readable fuse byte and the lock byte, read once; bits that do not exist are 1.

    Enough to see that they are what is expected; what is not expected has to be read as `fuses.read` does.
    """
    part = programmer.require_part()
    names = [name for name, fuse in part.fuses.items() if fuse.readable]
    answers = await programmer.instruct_all([isp.encode(part, f"{name}.read") for name in names])
    pairs = zip(names, answers, strict=True)
    return {name: full(part.fuses[name], isp.answer(part, f"{name}.read", last)) for name, last in pairs}


async def settle(
    programmer: Programmer, wanted: Mapping[str, int], *, disturbed: bool = False
) -> tuple[str, ...]:
    """Make the target's fuse bytes agree with ``wanted``, and tell which had to be written, in its order.

    The target is in programming mode, and stays in it, so that nothing takes effect. ``disturbed``: a fault
    has just been caught, and nobody knows where the line stands. Raises `PortError` at once, and after
    `TRIES` the fault that keeps coming.
    """
    part = programmer.require_part()
    written: dict[str, None] = {}
    for left in reversed(range(TRIES)):
        try:
            if disturbed:
                await _find_step(programmer, part)
            wrong = await _wrong(programmer, part, wanted)
            if not wrong:
                break
            for name in wrong:
                written[name] = None
                await fuses.write(programmer, name, wanted[name])
        except PortError:
            raise
        except Fault:
            disturbed = True
            if not left:
                raise
    return tuple(written)


@asynccontextmanager
async def keeping_fuses(programmer: Programmer, values: Mapping[str, int]) -> AsyncIterator[None]:
    """When a fault ends the block, see that the fuse bytes hold ``values``, as far as the line lives.

    The fault stays the one that is raised.
    """
    wanted = {name: value for name, value in values.items() if name != "lock"}
    try:
        yield
    except PortError:
        raise
    except Fault:
        with suppress(Fault):
            await settle(programmer, wanted, disturbed=True)
        raise


async def _insist_on_target(programmer: Programmer, part: Part) -> None:
    """Raise `TargetError` unless the part's signature is read: programming mode may have been lost."""
    actual = await programmer.signature()
    if actual != part.signature:
        raise SignatureMismatch(
            part.signature,
            actual,
            f"The chip's signature now reads {actual.hex(' ').upper()}, not {part.signature_text}",
            advice="Check the supply and the wires.",
        )


async def _wrong(programmer: Programmer, part: Part, wanted: Mapping[str, int]) -> list[str]:
    try:
        await _insist_on_target(programmer, part)
    except TargetError:
        await _enter_again(programmer, part)
    found = await fuses.read_all(programmer)
    named = [name for name in wanted if name in found]
    return [name for name in named if not agree(part.fuses[name], found[name], wanted[name])]


async def _find_step(programmer: Programmer, part: Part) -> None:
    """Get back into step with the programmer, and into programming mode if a reset has ended it.

    The sketch hangs over an instruction outside programming mode, has forgotten the device after a reset,
    and ignores ENTER_PROGMODE inside it; an STK500 would not, and does not hang.
    """
    await programmer.link.synchronise()
    dialect = programmer.dialect
    if not (dialect.cautious or dialect.set_device_first):
        await programmer.choose(part)
        await programmer.link.request(EnterProgmode(), busy_us=ENTER_US)


async def _enter_again(programmer: Programmer, part: Part) -> None:
    """Leaving puts what is written into effect, so look again, in step, whether it is needed."""
    try:
        await programmer.link.synchronise()
        await _insist_on_target(programmer, part)
    except TargetError:
        await programmer.identify(part)


def _writable(fuse: Fuse) -> int:
    """The chip protects SPIEN, or ISP could end itself."""
    spien = sum(bits.mask for bits in fuse.fields if bits.role == "spi_enable")
    return fuse.write_mask & ~spien
