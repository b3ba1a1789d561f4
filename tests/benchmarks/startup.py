"""Start-up of the command line, beside an interpreter that does nothing."""

import statistics
import subprocess
import sys
import time

RUNS = 15


def main() -> None:
    """Print the median of each and its distance from the bare interpreter."""
    bare = _median([sys.executable, "-c", "pass"])
    print(f"  {'python -c pass':26} {bare * 1e3:6.0f} ms")
    for arguments in (["--version"], ["id", "-P", "sim:"], ["--help"]):
        took = _median([sys.executable, "-m", "avrdeck", *arguments])
        print(f"  {'avrdeck ' + ' '.join(arguments):26} {took * 1e3:6.0f} ms   × {took / bare:.1f}")
    print("  avrdeck --version ≤ 120 ms wanted")


def _median(command: list[str]) -> float:
    times = []
    for _ in range(RUNS):
        began = time.perf_counter()
        subprocess.run(command, check=True, capture_output=True)
        times.append(time.perf_counter() - began)
    return statistics.median(times)
