"""Start-up of the command line, beside an interpreter that does nothing."""

import os
import pty
import signal
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
    prompt = statistics.median(_seconds_to_prompt() for _ in range(RUNS))
    print(f"  {'avrdeck console, to prompt':26} {prompt * 1e3:6.0f} ms   × {prompt / bare:.1f}")
    print("  avrdeck --version ≤ 120 ms and the prompt ≤ 300 ms wanted")


def _seconds_to_prompt() -> float:
    began = time.perf_counter()
    pid, master = pty.fork()
    if pid == 0:
        os.environ["TERM"] = "xterm"
        os.execv(sys.executable, [sys.executable, "-m", "avrdeck", "console", "-P", "sim:"])
    seen = b""
    while b"avrdeck>" not in seen:
        seen += os.read(master, 4096)
    took = time.perf_counter() - began
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    os.close(master)
    return took


def _median(command: list[str]) -> float:
    times = []
    for _ in range(RUNS):
        began = time.perf_counter()
        subprocess.run(command, check=True, capture_output=True)
        times.append(time.perf_counter() - began)
    return statistics.median(times)
