"""Addresses and lengths as words of the command line."""

from __future__ import annotations

import click


class Address(click.ParamType[int]):
    """A byte address or a length: 0x7E00, or 512; hex needs its 0x."""

    name = "address"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """The number, or a usage error."""
        try:
            number = value if isinstance(value, int) else int(str(value), 0)
        except ValueError:
            self.fail(f"{value!r} is no number; write 0x7E00 or 512", param, ctx)
        if number < 0:
            self.fail("addresses begin at 0", param, ctx)
        return number


ADDRESS = Address()
