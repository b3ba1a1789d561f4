"""One run of the command line: parse, work, tell what went wrong, and with which exit status."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Sequence

import click

from avrdeck.commands.faults import translated
from avrdeck.commands.output import Output, TextOutput
from avrdeck.commands.tree import avrdeck
from avrdeck.protocol.errors import ExitCode, Fault


def run(arguments: Sequence[str]) -> int:
    """Run the command line ``arguments`` and return its exit status, an `ExitCode`."""
    output: Output = TextOutput().fitted(json="--json" in arguments)
    try:
        work = avrdeck.main(list(arguments), prog_name="avrdeck", standalone_mode=False)
        if inspect.iscoroutine(work):
            asyncio.run(work)
    except click.exceptions.NoArgsIsHelpError as error:
        error.show()
        return ExitCode.USAGE
    except click.ClickException as error:
        error.show()
        return ExitCode.USAGE
    except (KeyboardInterrupt, click.Abort, asyncio.CancelledError):
        output.fault(Fault("Cancelled"))
        return ExitCode.CANCELLED
    except Exception as error:  # the one place where a foreign error becomes a fault
        fault = translated(error)
        if fault is None:
            raise
        output.fault(fault)
        return fault.exit_code
    return work if isinstance(work, int) else ExitCode.OK
