"""Cut the power at every cycle of a page write, and see whether the loader still answers.

    python tests/deckboot/cuts.py [STEP [CASE…]]

From PROG_PAGE's first bit until the page is written, each STEPth cycle (1) is tried on a copy of the bench,
with all cases or those named. It ends with 1 when a loader was lost.

Half a page 0 is no application that the bench could run. There RESET is pulsed between power-on and the first
instruction, as by a host that opens the port of a board that is still starting.
"""

from __future__ import annotations

import random
import sys
from dataclasses import dataclass
from pathlib import Path

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parent.parent / "bench"))

from deckboot_rig import LAYOUTS, MS, STANDSTILL, Host, Layout, Loader, loader, rig, signature_row
from rig import Control, Rig

from avrdeck.boards.deckboot import Entry, Wish

AWAKE = 66_100_000
"""ns after a reset: 16K CK, 65 ms, and the loader has set up its USART."""
SYNC_FRAMES = 4
SIGNATURE_FRAMES = 7
"""There and back."""
REPAIRED_EVERY = 1_000
"""After so many cuts the page is written again and read back, too."""
IN_STEP = b"\x14\x10"


class LoaderLost(AssertionError):
    """A power cut took more than the page, or the answer."""


@dataclass(frozen=True, slots=True)
class Case:
    """A page write: of which loader, where, and what of."""

    loader: Loader
    place: int
    size: int
    memory: str = "flash"

    @property
    def layout(self) -> Layout:
        """The chip."""
        return LAYOUTS[self.loader.variant.parts[0]]

    @property
    def letter(self) -> bytes:
        """PROG_PAGE's name of the memory."""
        return b"E" if self.memory == "eeprom" else b"F"

    @property
    def content(self) -> bytes:
        """What is written."""
        return random.Random(self.place).randbytes(self.size)

    @property
    def hz(self) -> int:
        """The chip's clock."""
        return self.loader.wish.f_cpu_hz

    def answer_s(self, frames: int) -> float:
        """How long an exchange of so many bytes takes; the small loader waits for silence after an EOP."""
        silence = 0.006 if self.loader.variant.silence_at else 0.0
        return (frames + 2) * 10 / self.loader.wish.baud + silence

    @property
    def before(self) -> bytes:
        """An application that stands still, and noise up to the loader."""
        return STANDSTILL + random.Random(1).randbytes(self.loader.variant.start - 2)


def _case(name: str, place: str, *, entry: Entry = Entry.TIMEOUT, small: bool = False) -> Case:
    one, layout = loader(name, entry, small=small), LAYOUTS[name]
    places = {"page 0": 0, "RWW": 8 * layout.page, "NRWW": one.variant.start - layout.page}
    return Case(one, places[place], layout.page)


CASES = {
    "328P RWW": _case("ATmega328P", "RWW"),
    "328P NRWW": _case("ATmega328P", "NRWW"),
    "328P EEPROM": Case(loader("ATmega328P"), 0x10, 2, "eeprom"),
    "328P page 0": _case("ATmega328P", "page 0"),
    "328P wait": _case("ATmega328P", "RWW", entry=Entry.WAIT),
    "168P 256": _case("ATmega168P", "RWW", small=True),
    "168P 256 NRWW": _case("ATmega168P", "NRWW", small=True),
    "168P 256 page 0": _case("ATmega168P", "page 0", small=True),
    "1284P RWW": _case("ATmega1284P", "RWW"),
    "32 RWW": _case("ATmega32", "RWW"),
    "8 NRWW": _case("ATmega8", "NRWW"),
    "8 MHz": Case(loader(wish=Wish(8_000_000, 57_600)), 0x0400, 128),
}


@dataclass(frozen=True, slots=True)
class Survived:
    """``cycles`` from the command's first bit to the end of the write, the ``moments`` tried of them,
    and how often the page was half erased or half written then."""

    cycles: int
    moments: int
    torn: int

    def __str__(self) -> str:
        return (
            f"{self.cycles} cycles, {self.moments} cuts, {self.torn} left a torn page: it answered after each"
        )


def survive(case: Case, step: int) -> Survived:
    """Cut at every ``step``th cycle; raises `LoaderLost`. An instruction is not cut in two."""
    eeprom = random.Random(2).randbytes(case.layout.eeprom)
    moments = torn = 0
    with rig(case.loader, application=case.before, eeprom=eeprom) as bench:
        host = _beginning(bench, case)
        original = {name: bench.control.memory(name) for name in ("flash", "eeprom")}
        first, last = _cycle(bench.control, case.hz), _end(bench, case)
        cycle = first
        while cycle < last:
            bench.control.run(_ns(cycle, case.hz))
            cycle = max(cycle, _cycle(bench.control, case.hz)) + step
            with bench.copy() as control:
                repair = moments % REPAIRED_EVERY == 0
                torn += _cut(host.on(control), case, original, seed=cycle, repair=repair)
            moments += 1
    return Survived(last - first, moments, torn)


def _beginning(bench: Rig, case: Case) -> Host:
    """The host has queued the command, and none of it has left."""
    host = Host(bench)
    host.enter()
    host.load(case.place)
    host.control.write(b"d" + case.size.to_bytes(2, "big") + case.letter + case.content + b" ")
    return host


def _end(bench: Rig, case: Case) -> int:
    """The cycle after which the loader has answered and the page is written."""
    with bench.copy() as control:
        answered = control.run(control.now + 200 * MS)[-1][0]
        if control.memory(case.memory)[case.place : case.place + case.size] != case.content:
            raise LoaderLost(f"{case.loader.variant.name} did not write the page")
    return round(answered * case.hz / 1e9) + (0 if case.memory == "eeprom" else 5 * case.hz // 1000)


def _cut(host: Host, case: Case, original: dict[str, bytes], *, seed: int, repair: bool) -> bool:
    """Power goes now. Returns whether what is left of the page is neither old, nor blank, nor new."""
    control = host.control
    control.ask(f"seed {seed:x}")
    control.ask("power 0")
    left = {name: control.memory(name) for name in original}
    page = slice(case.place, case.place + case.size)
    now = left[case.memory][page]
    for name, was in original.items():
        changed = was[: page.start] + now + was[page.stop :] if name == case.memory else was
        if left[name] != changed:
            raise LoaderLost(f"a cut in cycle {seed} reached beyond the page")
    control.run(control.now + 5 * MS)
    control.ask("power 1")
    if case.place == 0 and case.memory == "flash":
        control.ask("reset")
    control.run(control.now + AWAKE)
    _insist_on_answers(host, case, seed)
    if repair:
        _repair(host, case)
    return now not in {original[case.memory][page], case.content, b"\xff" * case.size}


def _insist_on_answers(host: Host, case: Case, cycle: int) -> None:
    """RAM after power-on may look like a second reset to the loader that waits for the first."""
    control = host.control
    resets = 2 if case.loader.variant.entry is Entry.WAIT else 1
    for _ in range(resets):
        control.ask("reset")
        control.run(control.now + AWAKE)
        if host(b"0 ", case.answer_s(SYNC_FRAMES)) == IN_STEP:
            break
    else:
        raise LoaderLost(f"no answer to GET_SYNC after a cut in cycle {cycle}")
    signature = signature_row(case.loader.variant.parts[0])[:6:2]
    if host.ask(b"u", 3, case.answer_s(SIGNATURE_FRAMES)) != signature:
        raise LoaderLost(f"another signature after a cut in cycle {cycle}")


def _repair(host: Host, case: Case) -> None:
    if host.program(case.place, case.content, case.letter) != IN_STEP:
        raise LoaderLost("the page cannot be written again")
    if host.read(case.place, case.size, case.letter) != case.content:
        raise LoaderLost("the page is not what was written")


def _cycle(control: Control, hz: int) -> int:
    return round(control.now * hz / 1e9)


def _ns(cycle: int, hz: int) -> int:
    """A time that the bench, which rounds up, takes for that cycle."""
    return cycle * 1000 * MS // hz - 10


def main(step: int, names: list[str]) -> int:
    """Print what every case survived."""
    lost = 0
    for name, case in CASES.items():
        if names and name not in names:
            continue
        try:
            told = str(survive(case, step))
        except LoaderLost as loss:
            told, lost = f"LOST: {loss}", lost + 1
        print(f"{name:15} {told}", flush=True)
    return int(lost > 0)


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 1, sys.argv[2:]))
