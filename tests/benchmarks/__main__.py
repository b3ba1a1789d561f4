"""Run the benchmarks named on the command line, or all of them."""

import sys
from collections.abc import Callable

from benchmarks import engine, firmware, gang, pacing, parts, startup

BENCHMARKS: dict[str, Callable[[], None]] = {
    "startup": startup.main,
    "parts": parts.main,
    "engine": engine.main,
    "pacing": pacing.main,
    "gang": gang.main,
    "firmware": firmware.main,
}

for name in sys.argv[1:] or BENCHMARKS:
    run = BENCHMARKS[name]
    print(f"\n{name}: {sys.modules[run.__module__].__doc__}")
    run()
