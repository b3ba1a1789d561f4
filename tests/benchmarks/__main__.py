"""Run the benchmarks named on the command line, or all of them."""

import sys
from collections.abc import Callable

from benchmarks import app, engine, firmware, gang, pacing, parts, startup

BENCHMARKS: dict[str, Callable[[], None]] = {
    "startup": startup.main,
    "parts": parts.main,
    "engine": engine.main,
    "pacing": pacing.main,
    "gang": gang.main,
    "app": app.main,
    "firmware": firmware.main,
}

names = sys.argv[1:] or list(BENCHMARKS)
if unknown := [name for name in names if name not in BENCHMARKS]:
    sys.exit(f"There is no benchmark {' or '.join(unknown)}: choose of {', '.join(BENCHMARKS)}.")
for name in names:
    run = BENCHMARKS[name]
    print(f"\n{name}: {sys.modules[run.__module__].__doc__}")
    run()
