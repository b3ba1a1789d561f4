"""The command tree: every verb and where it lives. A verb's module is imported when it is used."""

from __future__ import annotations

from importlib import import_module

import click

from avrdeck.commands.settings import Settings
from avrdeck.commands.verb import SHARED_OPTIONS, Work

VERBS = {
    "id": "identity:identify",
    "read": "memory:read",
    "write": "memory:write",
    "verify": "memory:verify",
    "erase": "memory:erase",
    "burn": "burning:burn",
    "isp": "raw.isp:isp",
    "stk": "raw.stk:stk",
    "sim": "simulating:sim",
}
"""Verb → module and name of its `Verb` in this package, in the order of the help."""


class Tree(click.Group):
    """The root of the tree."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Every verb."""
        del ctx
        return list(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The verb ``cmd_name``, imported now."""
        del ctx
        if cmd_name not in VERBS:
            return None
        module, _, name = VERBS[cmd_name].partition(":")
        found: click.Command = getattr(import_module(f"avrdeck.commands.{module}"), name)
        return found


@click.command("avrdeck", cls=Tree, invoke_without_command=True, params=list(SHARED_OPTIONS))
@click.version_option(package_name="avrdeck", prog_name="avrdeck", message="%(prog)s %(version)s")
@click.pass_context
def avrdeck(ctx: click.Context, /, **shared: object) -> Work | None:
    """Program AVR chips through an Arduino running ArduinoISP.

    Without a verb, shows what is behind the port: -P sim: is a virtual Uno to play with.
    """
    from avrdeck.commands.deck import Deck

    ctx.obj = Deck().refined(Settings(**shared))  # type: ignore[arg-type]
    if ctx.invoked_subcommand:
        return None
    from avrdeck.commands.showing import show

    return show(ctx.obj)
