"""Measures first paint, keystroke to paint, and the hex view; run it: ``python tests/tui/bench_deck.py``.

Times are processor times of this process, so that a busy machine does not count.
"""

import asyncio
import os
import statistics
import tempfile
import time

BEGAN = time.process_time()
os.environ["AVRDECK_DATA"] = tempfile.mkdtemp()


async def main() -> None:
    from avrdeck.tui.app import DeckApp
    from avrdeck.tui.screens.hexview import HexScreen

    imported = time.process_time()
    app = DeckApp("sim:?autoreset=no")
    async with app.run_test(size=(120, 40)) as pilot:
        print(f"import {(imported - BEGAN) * 1000:6.0f} ms")
        print(f"first paint {(time.process_time() - BEGAN) * 1000:6.0f} ms in all")
        await app.workers.wait_for_complete()
        await pilot.pause()
        for name, keys in {
            "nothing": ["f12"] * 40,
            "move": ["2", *["right", "left"] * 20],
            "toggle": ["right", *["space"] * 20],
            "map": ["3", *["right"] * 40],
            "type": ["4", *"isp 30 00 00 00 isp 30".replace(" ", "x")],
        }.items():
            await report(pilot, name, keys)
        await pilot.press("escape", "r")
        await app.workers.wait_for_complete()
        app.session.maps["flash"].size = 0x40000
        app.session.maps["flash"].data[:] = os.urandom(0x40000)
        began = time.process_time()
        await app.push_screen(HexScreen(app.session, "flash", 0))
        await pilot.pause()
        print(f"256 KiB hex view opens {(time.process_time() - began) * 1000:6.1f} ms")
        await report(pilot, "hex", [*["down"] * 40, *["pagedown"] * 40])


async def report(pilot, name: str, keys: list[str]) -> None:
    times = []
    for key in keys:
        began = time.process_time()
        await pilot.press(key)
        times.append((time.process_time() - began) * 1000)
    times.sort()
    print(
        f"{name:8} p50 {statistics.median(times):5.1f} ms  p99 {times[int(len(times) * 0.99)]:5.1f} ms a key"
    )


asyncio.run(main())
