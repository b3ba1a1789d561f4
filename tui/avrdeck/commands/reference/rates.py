"""``baud``: whether a clock can make a baud rate."""

from __future__ import annotations

import click

from avrdeck.boards.baud import ACCURACY, Rate, best, rates
from avrdeck.boards.labels import hz_label
from avrdeck.boards.models import ClockKind
from avrdeck.commands.deck import Deck
from avrdeck.commands.reference.amounts import HERTZ, PER_CENT
from avrdeck.commands.reference.layout import table
from avrdeck.commands.verb import verb

CLOCKS = {
    "crystal": 0.0,
    "resonator": ACCURACY[ClockKind.CERAMIC_RESONATOR],
    "rc": ACCURACY[ClockKind.INTERNAL_RC],
}
HEAD = ("", "UBRR", "actual", "error", "at worst", "verdict", "")
NUMBERS = (1, 2, 3, 4)


@verb("baud")
@click.argument("f_cpu", type=HERTZ, metavar="F_CPU")
@click.argument("speed", type=click.IntRange(1, 10_000_000), metavar="BAUD")
@click.option("--clock", type=click.Choice(list(CLOCKS)), default="crystal", help="How exact the clock is.")
@click.option("--accuracy", type=PER_CENT, metavar="PERCENT", help="The same as a number.")
async def baud(deck: Deck, f_cpu: int, speed: int, clock: str, accuracy: float | None) -> None:
    """Show divisor and error of BAUD at a CPU clock, and whether the other end will understand.

    \b
    avrdeck baud 16MHz 115200
    avrdeck baud 8000000 57600 --clock rc
    """
    off = CLOCKS[clock] if accuracy is None else accuracy
    found, chosen = rates(f_cpu, speed, off), best(f_cpu, speed, off)
    exact = f"±{off:g} %" if off else "an exact clock"
    lines = [f"{speed} baud at {hz_label(f_cpu)}, {exact}", ""]
    lines += table([HEAD, *(_row(rate, best=rate == chosen) for rate in found)], right=NUMBERS)
    data = {
        "f_cpu_hz": f_cpu,
        "baud": speed,
        "accuracy": off,
        "best": _name(chosen),
        "rates": [_data(rate) for rate in found],
    }
    deck.out.result("\n".join(lines), data)


def _name(rate: Rate) -> str:
    return "u2x" if rate.mode.u2x else "normal"


def _row(rate: Rate, *, best: bool) -> tuple[str, ...]:
    worst = max(rate.error_range, key=abs)
    return (
        "double speed (U2X)" if rate.mode.u2x else "normal speed",
        "-" if rate.ubrr is None else str(rate.ubrr),
        f"{rate.actual:.0f}",
        f"{rate.error:+.2f} %",
        f"{worst:+.2f} %",
        rate.verdict.value,
        "best" if best else "",
    )


def _data(rate: Rate) -> dict[str, object]:
    low, high = rate.error_range
    return {
        "mode": _name(rate),
        "ubrr": rate.ubrr,
        "actual": round(rate.actual, 3),
        "error": round(rate.error, 4),
        "error_low": round(low, 4),
        "error_high": round(high, 4),
        "verdict": rate.verdict.value,
    }
