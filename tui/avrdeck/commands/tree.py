"""The command tree: every verb and where it lives. A verb's module is imported when it is used."""

from __future__ import annotations

import os
import sys
from importlib import import_module

import click

from avrdeck.commands.settings import Settings
from avrdeck.commands.verb import SHARED_OPTIONS, Work

VERBS = {
    "ports": "connecting:ports",
    "connect": "connecting:connect",
    "disconnect": "connecting:disconnect",
    "dialect": "connecting:dialect",
    "param": "connecting:param",
    "id": "identity:identify",
    "sig": "chip:sig",
    "cal": "chip:cal",
    "sigrow": "chip:sigrow",
    "uid": "chip:uid",
    "fuses": "fusing:fuses",
    "fuse": "fusing:fuse",
    "lock": "fusing:lock",
    "read": "memory:read",
    "write": "memory:write",
    "verify": "memory:verify",
    "erase": "memory:erase",
    "dump": "looking:dump",
    "diff": "looking:diff",
    "search": "looking:search",
    "fill": "looking:fill",
    "burn": "burning:burn",
    "gang": "ganging:gang",
    "upload": "uploading:upload",
    "doctor": "doctoring:doctor",
    "isp": "raw.isp:isp",
    "stk": "raw.stk:stk",
    "trace": "tracing:trace",
    "replay": "tracing:replay",
    "script": "scripting:script",
    "let": "scripting:let",
    "expect": "scripting:expect",
    "note": "scripting:note",
    "completion": "completing:completion",
    "help": "helping:help_",
    "backup": "backing_up:backup",
    "restore": "restoring:restore",
    "backups": "backups:backups",
    "serial": "numbering:serial",
    "inventory": "inventories:inventory",
    "parts": "reference.catalogue:parts",
    "part": "reference.catalogue:part",
    "decode": "reference.decoding:decode_",
    "boards": "reference.boarding:boards",
    "board": "reference.boarding:board",
    "baud": "reference.rates:baud",
    "wiring": "reference.wires:wiring",
    "sim": "simulating:sim",
}
"""Verb → module and name of its `Verb` in this package, in the order of the help."""


FACES = {
    "console": "avrdeck.console.verb:console",
}
"""Verbs that open a face: they live above this package and are found by name only."""
APP = "avrdeck.tui.app:run_app"
"""What opens without a verb, at a terminal."""


class Tree(click.Group):
    """The root of the tree."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Every verb."""
        del ctx
        return [*VERBS, *FACES]

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """As click does it; an unknown word gets the nearest one."""
        if args and args[0] not in {*VERBS, *FACES} and not ctx.resilient_parsing:
            from difflib import get_close_matches

            near = get_close_matches(args[0].lower()[:40], [*VERBS, *FACES], 2, 0.5)
            hint = f"Do you mean {' or '.join(near)}?" if near else "help lists the commands."
            raise click.UsageError(f"There is no command {args[0][:40]!r}. {hint}", ctx)
        return super().resolve_command(ctx, args)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The verb ``cmd_name``, imported now."""
        del ctx
        if cmd_name in FACES:
            return _loaded(FACES[cmd_name])
        return _loaded(f"avrdeck.commands.{VERBS[cmd_name]}") if cmd_name in VERBS else None


def _loaded(place: str) -> click.Command:
    module, _, name = place.partition(":")
    found: click.Command = getattr(import_module(module), name)
    return found


@click.command("avrdeck", cls=Tree, invoke_without_command=True, params=list(SHARED_OPTIONS))
@click.version_option(package_name="avrdeck", prog_name="avrdeck", message="%(prog)s %(version)s")
@click.pass_context
def avrdeck(ctx: click.Context, /, **shared: object) -> Work | None:
    """Program AVR chips through an Arduino running ArduinoISP.

    Without a verb, opens the app: -P sim: is a virtual Uno to play with. Where there is no terminal it
    shows what is behind the port.

    Exit status: 0 done, 2 usage, 3 port, 4 nobody answers, 5 protocol, 6 target, 7 signature, 8 verify,
    9 input file, 10 not confirmed, 130 stopped, 1 anything else.
    """
    from avrdeck.commands.deck import Deck

    within = ctx.find_object(Deck)
    ctx.obj = (within or Deck()).refined(Settings(**shared))  # type: ignore[arg-type]
    if ctx.invoked_subcommand:
        return None
    if within is None and not ctx.obj.settings.json and sys.stdin.isatty() and sys.stdout.isatty():
        return _face(ctx)
    from avrdeck.commands.showing import show

    return show(ctx.obj)


def _face(ctx: click.Context) -> Work | None:
    """The app; on a terminal that can only print lines, the line console."""
    settings: Settings = ctx.obj.settings
    if os.environ.get("TERM", "dumb") == "dumb":
        work: Work = avrdeck.main(["console"], obj=ctx.obj, standalone_mode=False)
        return work
    module, _, name = APP.partition(":")
    getattr(import_module(module), name)(port=settings.port, part=settings.part, baud=settings.baud)
    return None
