"""The command ``avrdeck``."""

from __future__ import annotations

import os
import sys


def main() -> None:
    """Run the command line and leave with its exit status."""
    _complete_streams()
    from avrdeck.commands.running import run

    sys.exit(run(sys.argv[1:]))


def _complete_streams() -> None:
    """Open the standard streams that a service starts without: the next file, a port even, would be one."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, os.fdopen(os.open(os.devnull, os.O_RDWR), mode))


if __name__ == "__main__":
    main()
