"""Foreign errors as faults, once, at the boundary to the user."""

from __future__ import annotations

import click

from avrdeck.boards.catalog import UnknownPart
from avrdeck.protocol.errors import Fault, InputFault, UsageFault


def translated(error: Exception) -> Fault | None:
    """The fault that ``error`` is to a user; `None` for an error of our own making."""
    if isinstance(error, Fault):
        return error
    if isinstance(error, click.ClickException):
        return UsageFault(error.format_message())
    if isinstance(error, UnknownPart):
        near = f"Do you mean {' or '.join(error.nearest)}?" if error.nearest else "avrdeck parts lists them."
        return UsageFault(f"There is no part {error.name!r}", advice=near)
    if isinstance(error, _unknown()):
        return UsageFault(str(error))
    from avrdeck.boards.images import ImageError

    if isinstance(error, ImageError):
        place = f"{error.file}, line {error.line}" if error.line else error.file
        return InputFault(f"{error.title}: {place}", detail=f"{error.what}.", advice=error.advice)
    return _of_the_machine(error)


def _of_the_machine(error: Exception) -> Fault | None:
    """Files that are not as they were installed, folders that cannot be written, a full disk."""
    from avrdeck.boards.datafile import DATA, DataError

    if isinstance(error, DataError):
        where = f"{error.key}: " if error.key else ""
        advice = f"Put {DATA}/{error.file} right, or install avrdeck anew."
        return InputFault(
            f"avrdeck's data file {error.file} is wrong", detail=f"{where}{error.problem}.", advice=advice
        )
    if isinstance(error, OSError) and error.filename:
        return Fault(f"{error.filename}: {error.strerror}", advice="Look at its permissions and at the disk.")
    return None


def _unknown() -> tuple[type[Exception], ...]:
    """Errors of a user who asked for what there is not; they say themselves what there is."""
    from avrdeck.boards.boards import UnknownBoardError, UnknownOptionError
    from avrdeck.boards.fuses import UnknownSemantics
    from avrdeck.boards.wiring import UnknownWiringError

    return UnknownBoardError, UnknownOptionError, UnknownWiringError, UnknownSemantics
