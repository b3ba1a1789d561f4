"""A burn played on a virtual chip that holds what the real one holds: would it end well, and answer then?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from avrdeck.boards.fuses import decode
from avrdeck.boards.models import ClockKind, Part
from avrdeck.boards.safety import Fitted as KnownFitted
from avrdeck.boards.safety import Xtal1
from avrdeck.jobs.burn.model import BurnPlan, BurnReceipt
from avrdeck.jobs.burn.outline import Outline
from avrdeck.jobs.burn.running import burn
from avrdeck.jobs.settling import agree
from avrdeck.protocol.errors import Fault
from avrdeck.protocol.link import Link
from avrdeck.protocol.programmer import Programmer
from avrdeck.protocol.simulator.arduinoisp import BAUD, SCK_HZ, ArduinoIsp
from avrdeck.protocol.simulator.cells import Cells, factory_fresh
from avrdeck.protocol.simulator.machine import Machine
from avrdeck.protocol.simulator.oscillator import UNO_CRYSTAL, Fitted, Xtal
from avrdeck.protocol.simulator.target import Lockout, Target
from avrdeck.protocol.transports.sim import SimTransport

_FITTED = {
    KnownFitted.CRYSTAL: Fitted.CRYSTAL,
    KnownFitted.CLOCK: Fitted.CLOCK,
    KnownFitted.NOTHING: Fitted.NOTHING,
}


@dataclass(frozen=True, slots=True)
class Assumption:
    """What is taken to be on XTAL1, and why in words."""

    xtal: Xtal
    why: str


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """How it went. ``fault`` stopped it; ``values`` are the fuse and lock bytes that the chip would hold.

    ``lockout`` says why the chip would not answer ISP afterwards, `None` when it would. ``seconds`` is what
    it takes at the line's speed, without the backup.
    """

    assumption: Assumption
    receipt: BurnReceipt | None
    fault: Fault | None
    values: Mapping[str, int]
    as_planned: bool
    lockout: Lockout | None
    cpu_hz: int | None
    seconds: float

    @property
    def good(self) -> bool:
        """Whether the chip would hold the plan and still answer."""
        return self.as_planned and self.fault is None and self.lockout is None


async def rehearse(
    outline: Outline,
    xtal: Xtal1 | None = None,
    *,
    flash: bytes | None = None,
    baud: int = BAUD,
) -> tuple[Rehearsal, ...]:
    """Play the burn once for everything that may be on XTAL1: once where that is known or follows.

    ``flash`` is what the chip's flash holds from address 0 on, as far as it was read. A serial number is
    the outline's sample, and no number is used.
    """
    if outline.sample:
        outline = replace(outline, plan=outline.plan.numbered(outline.sample))
    return tuple([await _play(outline, one, flash, baud) for one in assumptions(outline, xtal)])


def assumptions(outline: Outline, xtal: Xtal1 | None = None) -> tuple[Assumption, ...]:
    """What may be on XTAL1: as told, else what the chip runs on now, else with and without a crystal."""
    known = xtal or Xtal1()
    if known.fitted in _FITTED:
        hz = 0 if known.fitted is KnownFitted.NOTHING else known.hz or _usual_hz(outline)
        return (Assumption(Xtal(_FITTED[known.fitted], hz), "as told"),)
    present = _present(outline)
    if present:
        return (Assumption(present, "as the chip runs on it now"),)
    crystal = Xtal(Fitted.CRYSTAL, _usual_hz(outline))
    return (
        Assumption(Xtal(Fitted.NOTHING), "if nothing is on XTAL1"),
        Assumption(crystal, "if a crystal is on XTAL1"),
    )


def _usual_hz(outline: Outline) -> int:
    return outline.plan.f_cpu_hz or UNO_CRYSTAL.hz


def _present(outline: Outline) -> Xtal | None:
    """What must be on XTAL1 for a chip that answers now; `None` when its clock says nothing of the pin."""
    now = decode(outline.part, outline.before, partial=True)
    kind = now.clock_kind
    if kind is None or kind.value.startswith("internal"):
        return None
    hz = min(max(_usual_hz(outline), now.freq_min_hz or 0), now.freq_max_hz or _usual_hz(outline))
    match kind:
        case ClockKind.EXTERNAL_CLOCK:
            return Xtal(Fitted.CLOCK, hz)
        case ClockKind.EXTERNAL_RC:
            return Xtal(Fitted.RC, hz)
        case ClockKind.PLL | ClockKind.RESERVED | ClockKind.TRANSCEIVER_OSC:
            return None
    return Xtal(Fitted.CRYSTAL, hz)


async def _play(outline: Outline, assumption: Assumption, flash: bytes | None, baud: int) -> Rehearsal:
    target = Target(_cells(outline, flash), assumption.xtal)
    machine = Machine(ArduinoIsp(target, baud, 0), baud, auto_reset=False)
    wire = SimTransport(machine, "the rehearsal")
    receipt, fault = None, None
    programmer = await Programmer.connect(Link(wire))
    began = wire.now()
    try:
        await programmer.identify(outline.part)
        receipt = await burn(programmer, outline.plan)
    except Fault as stopped:
        fault = stopped
    seconds = wire.now() - began
    target.power_cycle()
    return Rehearsal(
        assumption,
        receipt,
        fault,
        dict(target.cells.fuses),
        _holds(outline.plan, outline.part, target.cells),
        target.lockout(SCK_HZ),
        target.cpu_hz,
        seconds,
    )


def _cells(outline: Outline, flash: bytes | None) -> Cells:
    cells = factory_fresh(outline.part)
    cells.fuses.update(outline.before)
    if flash:
        cells.flash[: len(flash)] = flash
    return cells


def _holds(plan: BurnPlan, part: Part, cells: Cells) -> bool:
    wanted = {**plan.fuse_bytes, **({} if plan.lock is None else {"lock": plan.lock})}
    right = all(agree(part.fuses[name], cells.fuses[name], value) for name, value in wanted.items())
    stamp = plan.in_eeprom
    stamped = stamp is None or cells.eeprom[stamp.address : stamp.end] == stamp.data
    return right and stamped and bytes(cells.flash) == plan.content.flat(len(cells.flash))
