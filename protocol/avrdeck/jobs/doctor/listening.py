"""The round of probes: every speed, with a reset and without, early and late."""

from __future__ import annotations

from avrdeck.jobs.doctor.answers import Answer, Kind, probe
from avrdeck.jobs.events import EventHandler, StepDone, StepStarted
from avrdeck.protocol.errors import PortError, PortReason
from avrdeck.protocol.link import SYNC_TRIES, Link

BAUDS = (19_200, 115_200, 57_600, 9_600, 1_000_000, 38_400, 250_000)
"""ArduinoISP's first, then the bootloaders', then what applications and rebuilt sketches use."""
DISCHARGE_SECONDS = 0.05
LATE_SECONDS = 1.8
"""A bootloader that is left alone has started its application by then."""
FEW_TRIES = 3
DTR_RELEASED = "DTR released"
"""How a board is asked on which DTR is RESET itself."""
LOOPED = 2
"""An echo at that many speeds is no application: it is in the wires."""
FINAL = frozenset({Kind.PROGRAMMER, Kind.STRANGER})
NOTHING = frozenset({Kind.SILENCE, Kind.IMPOSSIBLE})


class Round:
    """One round over a line; ``answers`` holds what every probe brought."""

    def __init__(self, link: Link, on_event: EventHandler) -> None:
        self.answers: list[Answer] = []
        self._link = link
        self._wire = link.transport
        self._on_event = on_event

    async def run(self, bauds: tuple[int, ...]) -> None:
        """Probe until a programmer answers or everything has been tried.

        The port has just been opened at the first speed, which resets most boards: they are given the
        time to start.
        """
        if await self._probe(SYNC_TRIES):
            return
        for baud in bauds[1:]:
            if not await self._set_baud(baud):
                continue
            await self._pulse()
            if await self._probe(SYNC_TRIES):
                return
            if self.answers[-1].kind is Kind.BOOTLOADER and await self._probe_late():
                return
        if all(answer.kind in NOTHING for answer in self.answers):
            await self._probe_without_dtr(bauds[0])

    async def _set_baud(self, baud: int) -> bool:
        """Change the speed; whether the port has it."""
        try:
            await self._wire.set_baud(baud)
        except PortError as fault:
            if fault.reason is PortReason.VANISHED:
                raise
            self.answers.append(Answer(baud, Kind.IMPOSSIBLE))
            return False
        return True

    async def _probe(self, tries: int, how: str = "") -> bool:
        """Probe once; whether that ends the round."""
        place = f"{self._wire.baud} baud" + (f", {how}" if how else "")
        self._on_event(StepStarted("probe", f"who answers at {place}?"))
        answer = await probe(self._link, tries, how)
        self._on_event(StepDone("probe", answer.who))
        self.answers.append(answer)
        echoes = sum(answer.kind is Kind.ECHO for answer in self.answers)
        return answer.kind in FINAL or echoes >= LOOPED

    async def _probe_late(self) -> bool:
        """Wait until the bootloader has given up, then see what it started."""
        await self._wire.sleep(LATE_SECONDS)
        return await self._probe(FEW_TRIES, "after the bootloader")

    async def _probe_without_dtr(self, baud: int) -> None:
        """For boards on which DTR is RESET itself: asserted, it holds them."""
        await self._wire.set_baud(baud)
        await self._wire.set_dtr(False)
        await self._probe(SYNC_TRIES, DTR_RELEASED)

    async def _pulse(self) -> None:
        """Reset the board. DTR stays asserted: boards whose own chip is the USB port answer only then."""
        await self._wire.set_dtr(False)
        await self._wire.sleep(DISCHARGE_SECONDS)
        await self._wire.set_dtr(True)
