"""One part looked up in a fresh interpreter, all of them listed, one set of fuses decoded."""

import os
import resource
import subprocess
import sys
import tempfile
import timeit

from avrdeck.boards import catalog, fuses

RUNS = 20
PEAK = "\nprint(next(line.split()[1] for line in open('/proc/self/status') if line.startswith('VmHWM')))"
"""Linux only: the peak of this program alone, in kB; what `resource` tells includes its parent's."""
LOOKUP = "from avrdeck.boards import catalog; catalog.part('ATmega328P')"
UNO = {"lfuse": 0xFF, "hfuse": 0xDE, "efuse": 0xFD}


def main() -> None:
    """Print time and memory of each, beside an interpreter that does nothing."""
    with tempfile.TemporaryDirectory() as cache:
        # Compiled modules are kept, as they are wherever avrdeck is installed.
        environment = {**os.environ, "PYTHONPYCACHEPREFIX": cache, "PYTHONDONTWRITEBYTECODE": ""}
        bare_ms, bare_mb = _cost(["-c", f"pass{PEAK}"], environment)
        lookup_ms, lookup_mb = _cost(["-c", f"{LOOKUP}{PEAK}"], environment)
        list_ms, _ = _cost(["-m", "avrdeck", "parts"], environment)
    print(f"  python -c pass         {bare_ms:7.1f} ms  {bare_mb:5.1f} MB")
    lookup = f"{lookup_ms - bare_ms:+7.1f} ms  {lookup_mb - bare_mb:+5.1f} MB"
    print(f"  one part, with imports {lookup}   (≤ 30 ms, ≤ 8 MB)")
    print(f"  avrdeck parts          {list_ms:7.1f} ms            (≤ 150 ms)")
    print(f"  decode, warm           {_decode_us():7.1f} µs            (≤ 50 µs)")


def _cost(arguments: list[str], environment: dict[str, str]) -> tuple[float, float]:
    """Processor time in ms, the best of some runs, and the peak in MB that the program prints last."""
    times, last = [], ""
    for _ in range(RUNS):
        before = _processor_ms()
        command = [sys.executable, *arguments]
        done = subprocess.run(command, env=environment, check=True, capture_output=True, text=True)
        times.append(_processor_ms() - before)
        last = done.stdout.split()[-1]
    return min(times), int(last) / 1024 if last.isdigit() else 0.0


def _processor_ms() -> float:
    """What all programs run so far took: unlike a clock it does not count who else is on the machine."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return (used.ru_utime + used.ru_stime) * 1e3


def _decode_us() -> float:
    part = catalog.part("ATmega328P")
    return min(timeit.repeat(lambda: fuses.decode(part, UNO), number=1000, repeat=5)) * 1e3
