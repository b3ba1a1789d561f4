"""``ports``, ``connect``, ``disconnect``, ``dialect``, ``param``: the way to the programmer."""

from __future__ import annotations

import click

from avrdeck.commands.chronicle import noted_chip
from avrdeck.commands.deck import Deck
from avrdeck.commands.verb import verb
from avrdeck.protocol.codes import Parameter
from avrdeck.protocol.errors import UsageFault
from avrdeck.protocol.stk500v1 import GetParameter, SetParameter
from avrdeck.protocol.text import printable


@verb("ports")
async def ports(deck: Deck) -> None:
    """List the serial ports of this machine with their USB names.

    \b
    avrdeck ports
    """
    from serial.tools.list_ports import comports

    found = sorted(comports(), key=lambda port: (port.vid is None, port.device))
    rows = [
        {
            "port": port.device,
            "name": _safe(port.product or port.description),
            "vid": port.vid,
            "pid": port.pid,
            "serial": _safe(port.serial_number),
        }
        for port in found
    ]
    lines = [f"{row['port']:20} {row['name']}" for row in rows]
    deck.out.result("\n".join([*lines, f"{'sim:':20} virtual Uno with ArduinoISP"]), {"ports": rows})


@verb("connect")
async def connect(deck: Deck) -> None:
    """Connect to the programmer, identify the chip and greet it; in a console it stays connected.

    \b
    connect -P /dev/ttyACM0
    """
    deck.session.staged = {}
    await deck.session.disconnect()
    async with deck.target() as programmer:
        part = programmer.require_part()
        name = programmer.dialect.name
        await noted_chip(deck, programmer)
        deck.out.result(f"{name}, {part.name}", {"programmer": name, "part": part.name})


@verb("disconnect")
async def disconnect(deck: Deck) -> None:
    """Let the target run and close the port.

    \b
    disconnect
    """
    await deck.session.disconnect()
    deck.out.result("Disconnected", {"connected": False})


@verb("dialect")
async def dialect(deck: Deck) -> None:
    """Say which firmware answers and what it can do.

    \b
    avrdeck dialect -P sim:
    """
    async with deck.programmer() as programmer:
        facts, identity = programmer.dialect, programmer.identity
    sck = f"{facts.sck_hz / 1000:g} kHz" if facts.sck_hz else "not known"
    lines = [
        f"{facts.name} {identity.version}".strip(),
        f"  signs on as   “{printable(identity.sign_on.encode('ascii', 'replace'))}”",
        f"  works by      {facts.reach.value}",
        f"  stores ahead  {facts.window.unread} bytes",
        f"  reads by      {facts.read_block} bytes",
        f"  EEPROM        {facts.eeprom_address.value}",
        f"  SCK           {sck}",
    ]
    data = {
        "dialect": facts.name,
        "version": identity.version,
        "reach": facts.reach.value,
        "sck_hz": facts.sck_hz,
    }
    deck.out.result("\n".join(lines), data)


@verb("param")
@click.argument("name", required=False, metavar="[NAME]")
@click.argument("value", required=False, type=click.IntRange(0, 255))
async def param(deck: Deck, name: str | None, value: int | None) -> None:
    """Show the programmer's parameters, or set one where the firmware can.

    \b
    avrdeck param -P sim:
    avrdeck param sck_duration 3 -P /dev/ttyUSB0
    """
    async with deck.programmer() as programmer:
        chosen = [_parameter(name)] if name else list(Parameter)
        if value is not None:
            if SetParameter.op not in programmer.dialect.takes:
                raise UsageFault(
                    f"{programmer.dialect.name} cannot set parameters",
                    advice="Its SPI clock is a line of the sketch: #define SPI_CLOCK.",
                )
            await programmer.link.request(SetParameter(chosen[0], value))
        values = {each: await programmer.link.ask(GetParameter(each)) for each in chosen}
    known = {each.name.lower(): reply.data[0] for each, reply in values.items() if reply.ok}
    deck.out.result(
        "\n".join(f"{each:16} {number:3} ({number:02X})" for each, number in known.items()), dict(known)
    )


def _parameter(name: str) -> Parameter:
    try:
        return Parameter[name.upper()]
    except KeyError:
        names = ", ".join(each.name.lower() for each in Parameter)
        raise UsageFault(f"There is no parameter {name!r}", advice=f"There are {names}.") from None


def _safe(text: str | None) -> str:
    return printable((text or "").encode("utf-8", "replace"))
