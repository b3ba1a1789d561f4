"""One run of the command line: parse, work, tell what went wrong, and with which exit status."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

import click

from avrdeck.commands.tree import avrdeck
from avrdeck.commands.verb import Work
from avrdeck.protocol.errors import Cancelled, ExitCode, Fault


def run(arguments: Sequence[str]) -> int:
    """Run the command line ``arguments`` and return its exit status, an `ExitCode`."""
    try:
        work = avrdeck.main(list(arguments), prog_name="avrdeck", standalone_mode=False)
    except click.ClickException as error:
        error.show()
        return ExitCode.USAGE
    except (KeyboardInterrupt, click.Abort):
        return ExitCode.CANCELLED
    if work is None or isinstance(work, int):
        return work or ExitCode.OK
    return _done(work, json="--json" in arguments)


def _done(work: Work, *, json: bool) -> int:
    """Carry ``work`` out in a loop of its own; the one place where a foreign error becomes a fault."""
    import asyncio

    from avrdeck.commands.faults import translated
    from avrdeck.commands.output import TextOutput

    try:
        asyncio.run(work)
    except (KeyboardInterrupt, asyncio.CancelledError):
        fault: Fault = Cancelled("Cancelled")
    except BrokenPipeError:
        return _unheard()
    except Exception as error:
        known = translated(error)
        if known is None:
            raise
        fault = known
    else:
        return ExitCode.OK
    TextOutput().fitted(json=json).fault(fault)
    return fault.exit_code


def _unheard() -> int:
    """Whoever read the output has gone, as ``head`` does: no reason to complain on the way out."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return ExitCode.OK
