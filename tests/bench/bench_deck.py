"""Measures the app: first paint, keystroke to paint with and without a job, the hex view, a long console.

Run it: ``python tests/bench/bench_deck.py``. Times are processor times of this process, so that a busy
machine counts less; a key's time is all that it sets off until the app is idle again, its painting included.
"""

import asyncio
import os
import statistics
import subprocess
import sys
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
SCENES = {
    "nothing": ["f12"] * 60,
    "fuse cursor": ["right", "left"] * 40,
    "fuse toggle": ["space"] * 60,
    "pane": ["3", "2"] * 30,
    "map cursor": ["3", *["right"] * 60, "2"],
    "typing": ["4", *TYPING * 3, "escape"],
}


def milliseconds(since: float) -> float:
    return (time.process_time() - since) * 1000


def megabytes() -> float:
    """What the process has in memory now."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


async def report(pilot, name: str, keys: Sequence[str]) -> list[float]:
    times = []
    for key in keys:
        began = time.process_time()
        await pilot.press(key)
        times.append(milliseconds(began))
    show(name, times)
    return times


def show(name: str, times: Sequence[float]) -> None:
    ordered = sorted(times)
    worst = ordered[min(int(len(ordered) * 0.99), len(ordered) - 1)]
    print(f"{name:28} p50 {statistics.median(ordered):5.1f} ms   p99 {worst:5.1f} ms   {len(ordered)} keys")


async def first_paint() -> None:
    from textual.app import App

    from avrdeck.tui.app import DeckApp

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
        await idle(pilot)
        await hex_view(pilot)
        await long_console(pilot)


async def idle(pilot) -> None:
    await pilot.press("2", "right")
    times = []
    for name, keys in SCENES.items():
        times += await report(pilot, name, keys)
    show("all of these", times)


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


async def with_a_job(port: Path) -> None:
    """The same keys while the whole flash is read, at the pace of a real line, again and again."""
    from avrdeck.tui.app import DeckApp

    async with DeckApp(str(port), baud=19200).run_test(size=SIZE) as pilot:
        await pilot.app.workers.wait_for_complete()
        await pilot.press("2", "right")
        times = []
        for name, keys in SCENES.items():
            if not pilot.app.session.job:
                await pilot.press("r")
            times += await report(pilot, f"{name}, job running", keys)
            if not pilot.app.screen.is_deck:
                sys.exit(f"{pilot.app.screen} is in the way")
        show("all of these, job running", times)
        pilot.app.action_stop_job()


def main() -> None:
    asyncio.run(first_paint())
    port = FOLDER / "uno"
    command = [sys.executable, "-m", "avrdeck", "sim", "--pty", str(port)]
    board = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    try:
        while not port.exists():
            time.sleep(0.05)
        asyncio.run(with_a_job(port))
    finally:
        board.kill()
        board.wait()


main()
