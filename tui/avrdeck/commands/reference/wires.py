"""``wiring``: which pin of the programmer goes to which pin of the target."""

from __future__ import annotations

import click

from avrdeck.boards.wiring import draw, plan
from avrdeck.boards.wiring.plan import ICSP
from avrdeck.commands.deck import Deck
from avrdeck.commands.reference.amounts import VOLTS
from avrdeck.commands.verb import verb


@verb("wiring")
@click.argument("programmer", metavar="PROGRAMMER")
@click.argument("target", default=ICSP, metavar="[TARGET]")
@click.option("--vcc", type=VOLTS, metavar="VOLTS", help="A supply that the target has of its own.")
async def wiring(deck: Deck, programmer: str, target: str, vcc: float | None) -> None:
    """Draw how to wire PROGRAMMER, an Arduino with the ArduinoISP sketch, to TARGET.

    TARGET is a part, an Arduino, or a header: icsp6 (the default) or icsp10.

    \b
    avrdeck wiring uno attiny85
    avrdeck wiring due m328p --vcc 5
    """
    found = plan(programmer, target, target_volts=vcc)
    data = {
        "programmer": found.programmer.id,
        "target": found.title,
        "volts": found.programmer.volts,
        "wires": [
            {"signal": wire.signal, "programmer": wire.programmer, "target": wire.target}
            for wire in found.wires
        ],
        "capacitor": found.capacitor,
        "warnings": list(found.warnings),
        "advice": list(found.advice),
    }
    deck.out.result(draw(found).rstrip("\n"), data)
