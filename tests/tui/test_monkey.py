"""The app driven at random, with a line that fails now and then: it never crashes, hangs or writes unasked.

``AVRDECK_MONKEY=5000`` presses that many keys for each seed; ``AVRDECK_MONKEY_SEED`` begins elsewhere.
"""

import asyncio
import os
import sys
from collections import Counter, defaultdict
from pathlib import Path
from types import SimpleNamespace

import pytest

from avrdeck.boards import images
from avrdeck.boards.images import Image
from tui.errands import PORTS
from tui.monkey import SIZES, Monkey
from tui.reaching import missing, reach, table
from tui.watching import watch

KEYS = int(os.environ.get("AVRDECK_MONKEY", "600"))
SEED = int(os.environ.get("AVRDECK_MONKEY_SEED", "0"))
PATIENCE = 120.0
"""Seconds of real time in which an app that is stuck would show it, on however slow a machine."""
MANY = 5000
"""Keys from which on nothing that can be reached may be left out; up to twice as many are pressed for it."""
SPARE = 20
"""Tasks that are about to end."""
LOOK_SECONDS = 0.02
"""How often a lost board is looked for."""


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Files to write, and virtual boards that are found by their USB names when they are plugged in again."""
    images.save(Image.of(bytes(range(8))), tmp_path / "e.hex")
    images.save(Image.of(bytes(range(256))), tmp_path / "sketch.hex")
    images.save(Image.of(bytes(range(200)), 0x1C00), tmp_path / "loader.hex")
    boards = [
        SimpleNamespace(device=port, vid=0x2341, pid=0x43, serial_number=name, product="Uno", description="")
        for name, port in PORTS.items()
    ]
    monkeypatch.setattr("serial.tools.list_ports.comports", lambda: boards)
    monkeypatch.setattr("avrdeck.boards.boards_txt.places.usual", tuple)
    monkeypatch.setattr("avrdeck.tui.app.WATCH_SECONDS", LOOK_SECONDS)
    monkeypatch.setattr("avrdeck.tui.app.DeckApp.action_quit", lambda _: None)
    monkeypatch.chdir(tmp_path)


@pytest.mark.usefixtures("place")
@pytest.mark.parametrize("seed", range(SEED, SEED + 2))
async def test_random_keys_do_no_harm(deck, seed, monkeypatch):
    seen = watch(monkeypatch, defaultdict(Counter))
    reach(monkeypatch, seen)
    async with deck(PORTS["tiny"], size=SIZES[1]) as bench:
        monkey = Monkey(bench, seed, seen)
        disturbed, tasks = 0, len(asyncio.all_tasks())
        while monkey.pressed < KEYS or (MANY <= KEYS and missing(seen) and monkey.pressed < 2 * KEYS):
            async with asyncio.timeout(PATIENCE):
                await monkey.go_on()
            assert bench.app.is_running
            assert not seen.unasked, f"after {monkey.pressed} keys"
            bench.messages.clear()
            if monkey.pressed // 100 > disturbed:
                disturbed = monkey.pressed // 100
                monkey.disturb(200)
        async with asyncio.timeout(PATIENCE):
            await monkey.come_to_rest()
            bench.session.port, bench.session.chosen, bench.session.baud = PORTS["tiny"], None, None
            await bench.app.session.connect()
            await bench.done()
        assert bench.session.connected, "it is as good as new"
        assert len(asyncio.all_tasks()) < tasks + SPARE, "nothing was left running"
    sys.stdout.write(f"seed {seed}: {monkey.pressed} keys; {seen.garbled} changes by a disturbed line\n")
    sys.stdout.write(f"{table(seen)}\n")
    assert KEYS < MANY or not missing(seen)
