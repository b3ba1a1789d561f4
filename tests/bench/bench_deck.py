"""Measures the app: first paint, the hex view, a long console, and keystroke to paint (`keystrokes`).

Run it: ``python tests/bench/bench_deck.py``. Times of the first three are processor times of this process, so
that a busy machine counts less; a key's is all that it sets off until the app is idle again.
"""

import asyncio
import os
import statistics
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

BEGAN = time.process_time()
FOLDER = Path(tempfile.mkdtemp())
os.environ.update(AVRDECK_DATA=str(FOLDER / "data"), XDG_STATE_HOME=str(FOLDER / "state"))
SIZE = (120, 40)
LINES = 100_000
TYPING = "ispx30x00x00x00xispx30"


def milliseconds(since: float) -> float:
    return (time.process_time() - since) * 1000


def megabytes() -> float:
    """What the process has in memory now."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


async def report(pilot, name: str, keys: Sequence[str]) -> None:
    times = []
    for key in keys:
        began = time.process_time()
        await pilot.press(key)
        times.append(milliseconds(began))
    ordered = sorted(times)
    worst = ordered[min(int(len(ordered) * 0.99), len(ordered) - 1)]
    print(f"{name:28} p50 {statistics.median(ordered):5.1f} ms   p99 {worst:5.1f} ms   {len(ordered)} keys")


async def first_paint() -> None:
    from avrdeck.tui.app import DeckApp

    # isort: split
    from textual.app import App

    imported = milliseconds(BEGAN)
    painted: list[float] = []
    display = App._display

    def watched(app, screen, renderable) -> None:
        display(app, screen, renderable)
        painted.append(milliseconds(BEGAN))

    App._display = watched
    async with DeckApp("sim:?autoreset=no").run_test(size=SIZE) as pilot:
        App._display = display
        print(f"imported {imported:.0f} ms, first paint {painted[0]:.0f} ms, {megabytes():.0f} MB")
        await pilot.app.workers.wait_for_complete()
        await pilot.pause()
        print(f"connected and read {milliseconds(BEGAN):.0f} ms, {megabytes():.0f} MB")
        await hex_view(pilot)
        await long_console(pilot)


async def hex_view(pilot) -> None:
    from avrdeck.tui.screens.hexview import HexScreen

    flash = pilot.app.session.maps["flash"]
    flash.size = 0x40000
    flash.data[:] = os.urandom(flash.size)
    began = time.process_time()
    await pilot.app.push_screen(HexScreen(pilot.app.session, "flash", 0))
    await pilot.pause()
    print(f"256 KiB hex view opens in {milliseconds(began):.0f} ms")
    await report(pilot, "hex cursor and pages", [*["down"] * 40, *["pagedown"] * 40])
    await pilot.press("escape")


async def long_console(pilot) -> None:
    pane, before = pilot.app.deck.console, megabytes()
    began = time.process_time()
    for number in range(LINES):
        pane.write(f"{number:06} 30 00 {number % 256:02X} 00 → 1E     read signature byte 0        4.6 ms")
    await pilot.pause()
    print(f"{LINES} lines written in {milliseconds(began):.0f} ms; {before:.0f} → {megabytes():.0f} MB")
    await report(pilot, "typing below them", ["4", *TYPING])
    await report(pilot, "scrolling over them", ["pageup"] * 40)


def main() -> None:
    asyncio.run(first_paint())
    import keystrokes  # its memory is not the app's

    keystrokes.main()


main()
