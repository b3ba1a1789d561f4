"""Frequencies, voltages and shares as people type them."""

from __future__ import annotations

import re

import click

_HERTZ = re.compile(r"(\d{1,10}(?:\.\d{1,9})?) ?([mk]?)(?:hz|l|ul)?", re.ASCII | re.IGNORECASE)
_NUMBER = re.compile(r"(\d{1,3}(?:\.\d{1,3})?) ?[v%]?", re.ASCII | re.IGNORECASE)
_UNITS = {"": 1, "k": 1_000, "m": 1_000_000}
MAX_HZ = 1_000_000_000


class Hertz(click.ParamType[int]):
    """A frequency: 16MHz, 16M, 32.768kHz, 16000000, and 16000000L as Arduino's files write it."""

    name = "frequency"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """The frequency in Hz, or a usage error that says what is accepted."""
        if isinstance(value, int):
            return value
        match = _HERTZ.fullmatch(str(value).strip())
        hz = round(float(match[1]) * _UNITS[match[2].lower()]) if match else 0
        if not 0 < hz <= MAX_HZ:
            self.fail(f"{str(value)[:20]!r} is no frequency; write 16MHz, 8000000 or 32.768kHz", param, ctx)
        return hz


class Amount(click.ParamType[float]):
    """A positive number of volts or per cent, with or without its unit."""

    def __init__(self, name: str, most: float, example: str) -> None:
        self.name = name
        self.most = most
        self.example = example

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """The number, or a usage error that says what is accepted."""
        if isinstance(value, float):
            return value
        match = _NUMBER.fullmatch(str(value).strip())
        number = float(match[1]) if match else -1.0
        if not 0 <= number <= self.most:
            self.fail(f"{str(value)[:20]!r} is out of place; write {self.example}", param, ctx)
        return number


HERTZ = Hertz()
VOLTS = Amount("volts", 6.0, "3.3 or 5")
PER_CENT = Amount("per cent", 50.0, "0.5 or 10")
