"""The programmers and targets whose pins are known, read from ``data/wiring``."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from avrdeck.boards.datafile import Node, read_toml

SIGNALS = ("mosi", "miso", "sck", "reset", "vcc", "gnd")
"""In the order they are wired; `vcc` and `gnd` can have several pins."""


@dataclass(frozen=True, slots=True)
class Programmer:
    """A board that runs the ArduinoISP sketch.

    ``pins`` maps mosi, miso and sck to the names printed on the board, as far as they are on its edge;
    with ``icsp`` they are on its 6-pin header too. ``define_reset`` is the pin number the sketch must be
    changed to, where its own 10 will not do.
    """

    id: str
    name: str
    aliases: tuple[str, ...]
    volts: float
    pins: dict[str, str]
    reset: str
    vcc: str
    icsp: bool
    usb_bridge: bool
    define_reset: int | None
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Target:
    """A header or a package of chips. ``kind`` is ``header``, ``dip``, ``soic`` or ``tqfp``.

    ``pins`` maps each of `SIGNALS` to pin numbers, ``ports`` to port names; ``boards`` are Arduinos that
    carry the header.
    """

    id: str
    name: str
    kind: str
    pin_count: int
    pins: dict[str, tuple[int, ...]]
    xtal1: int | None
    ports: dict[str, str]
    parts: tuple[str, ...]
    aliases: tuple[str, ...]
    boards: tuple[str, ...]
    notes: tuple[str, ...]


@cache
def programmers() -> tuple[Programmer, ...]:
    """All programmers, the commonest first."""
    return tuple(_programmer(*item) for item in _tables("wiring/programmers.toml"))


@cache
def targets() -> tuple[Target, ...]:
    """All headers and packages."""
    return tuple(_target(*item) for item in _tables("wiring/targets.toml"))


def _tables(file: str) -> list[tuple[str, Node]]:
    return list(Node(read_toml(file), file).each())


def _words(node: Node, key: str) -> tuple[str, ...]:
    return tuple(map(str, node.may(key, list) or ()))


def _programmer(name: str, node: Node) -> Programmer:
    edge = {signal: node.may(signal, str) for signal in ("mosi", "miso", "sck")}
    programmer = Programmer(
        id=name,
        name=node.need("name", str),
        aliases=_words(node, "aliases"),
        volts=node.need("volts", float),
        pins={signal: pin for signal, pin in edge.items() if pin},
        reset=node.need("reset", str),
        vcc=node.need("vcc", str),
        icsp=node.need("icsp", bool),
        usb_bridge=node.need("usb_bridge", bool),
        define_reset=node.may("define_reset", int),
        notes=_words(node, "notes"),
    )
    node.close()
    return programmer


def _target(name: str, node: Node) -> Target:
    ports = node.table("ports")
    supply = {signal: tuple(map(int, node.need(signal, list))) for signal in ("vcc", "gnd")}
    target = Target(
        id=name,
        name=node.need("name", str),
        kind=node.need("kind", str),
        pin_count=node.size("pins"),
        pins={signal: (node.size(signal),) for signal in ("mosi", "miso", "sck", "reset")} | supply,
        xtal1=node.may("xtal1", int),
        ports=ports.strings() if ports else {},
        parts=_words(node, "parts"),
        aliases=_words(node, "aliases"),
        boards=_words(node, "boards"),
        notes=_words(node, "notes"),
    )
    node.close()
    return target
