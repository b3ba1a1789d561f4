"""avrdeck and Debian's avrdude on the same real firmware in simulated time; renews README's figures."""

import asyncio
import platform
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
BENCH = ROOT / "tests/bench"
README = ROOT / "README.md"
BEGIN, END = "<!-- performance -->", "<!-- /performance -->"
"""What `make bench` may write in README lies between these."""
PACKAGES = ("avrdude", "arduino", "libsimavr2")
HEAD = (
    "| firmware at baud: job | avrdude, s | avrdeck, s | ratio | line in use, s | bytes | round trips |\n"
    "|---|---:|---:|---:|---:|---:|---:|"
)


def main() -> None:
    """Print a row for each job as it is done, then write all of them into README.md."""
    sys.path.insert(0, str(BENCH))
    from race import Job, Result, by_avrdeck, by_avrdude
    from race_jobs import JOBS

    def row(job: Job, theirs: Result, ours: Result) -> str:
        baud = f"{job.firmware().baud:,}".replace(",", " ")
        cells = [
            f"{job.firmware().name.split()[0]} {baud}: {job.title}",
            f"{theirs.seconds:.2f}",
            f"{ours.seconds:.2f}",
            f"{theirs.seconds / ours.seconds:.2f}",
            f"{theirs.wire:.2f} / {ours.wire:.2f}",
            f"{theirs.bytes_out + theirs.bytes_in} / {ours.bytes_out + ours.bytes_in}",
            f"{theirs.turns} / {ours.turns}",
        ]
        return f"| {' | '.join(cells)} |"

    rows, late = [], []
    for job in JOBS:
        theirs, ours = by_avrdude(job), asyncio.run(by_avrdeck(job))
        rows.append(row(job, theirs, ours))
        print(f"  {rows[-1]} ≤ {job.reach} wanted, {job.known} known of avrdude")
        if ours.seconds > job.reach or not (ours.correct and theirs.correct):
            late.append(job.title)
    _renew("\n".join([HEAD, *rows, "", _circumstances()]))
    print(f"  {README.name} is up to date" + (f"; too slow or wrong: {', '.join(late)}" if late else ""))


def _circumstances() -> str:
    versions = ", ".join(f"{package} {_version(package)}" for package in PACKAGES)
    return (
        "Both clients drive the same compiled firmware on a simulated Uno wired to a simulated ATmega328P,\n"
        "with the same random image, and what the chip holds is compared afterwards. Seconds are simulated,\n"
        "so they are the same on every machine; pairs are avrdude / avrdeck.\n"
        f"Made by `make bench BENCH=firmware` with {versions}, Python {platform.python_version()},\n"
        f"{platform.system()} on {platform.machine()}."
    )


def _version(package: str) -> str:
    query = ["dpkg-query", "--show", "--showformat=${Version}", package]
    try:
        done = subprocess.run(query, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        return "of unknown version"
    return done.stdout or "of unknown version"


def _renew(section: str) -> None:
    """Put ``section`` between README's markers; it must have them."""
    before, rest = README.read_text(encoding="utf-8").split(BEGIN)
    after = rest.split(END)[1]
    README.write_text(f"{before}{BEGIN}\n{section}\n{END}{after}", encoding="utf-8")
