"""One run of the command line: parse, work, tell what went wrong, and with which exit status."""

from __future__ import annotations

from collections.abc import Sequence

import click

from avrdeck.commands.tree import avrdeck
from avrdeck.commands.verb import Work
from avrdeck.protocol.errors import Cancelled, ExitCode, Fault, UsageFault


def run(arguments: Sequence[str]) -> int:
    """Run the command line ``arguments`` and return its exit status, an `ExitCode`."""
    try:
        work = avrdeck.main(list(arguments), prog_name="avrdeck", standalone_mode=False)
    except click.ClickException as error:
        return _called_wrongly(error, json="--json" in arguments)
    except (KeyboardInterrupt, click.Abort):
        return ExitCode.CANCELLED
    except Fault as fault:  # of the app, which has a loop of its own
        from avrdeck.commands.output import TextOutput

        TextOutput().fault(fault)
        return fault.exit_code
    if work is None or isinstance(work, int):
        return work or ExitCode.OK
    return _done(work, json="--json" in arguments)


def _called_wrongly(error: click.ClickException, *, json: bool) -> int:
    if json:
        from avrdeck.commands.output import JsonOutput

        JsonOutput().fault(UsageFault(error.format_message()))
    else:
        error.show()
    return ExitCode.USAGE


def _done(work: Work, *, json: bool) -> int:
    """Carry ``work`` out in a loop of its own; the one place where a foreign error becomes a fault."""
    import asyncio

    from avrdeck.commands.faults import translated
    from avrdeck.commands.interrupts import tidily
    from avrdeck.commands.outlets import OutputLost
    from avrdeck.commands.output import TextOutput

    try:
        asyncio.run(tidily(work))
    except (KeyboardInterrupt, asyncio.CancelledError):
        fault: Fault = Cancelled("Cancelled")
    except Exception as error:
        known = translated(error)
        if known is None:
            raise
        fault = known
    else:
        return ExitCode.OK
    TextOutput().fitted(json=json and not isinstance(fault, OutputLost)).fault(fault)
    return fault.exit_code
