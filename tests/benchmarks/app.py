"""The app: first paint, memory, the hex view, a long console, and keystroke to paint beside its limits."""

import subprocess
import sys
from pathlib import Path

DECK = Path(__file__).parents[1] / "bench" / "bench_deck.py"


def main() -> None:
    """Measure in a process of its own: imports and memory count."""
    subprocess.run([sys.executable, str(DECK)], check=True)
