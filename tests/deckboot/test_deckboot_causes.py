"""The application finds the chip as each reset left it, MCUSR above all, by each way through each loader."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from deckboot_rig import Loader, loaders
from reporting import BORF, EXTRF, PORF, WDRF, Watcher, alone, behind

from avrdeck.boards.deckboot import Entry

pytestmark = pytest.mark.usefixtures("bench")

SYNC = b"0 "
IN_STEP = b"\x14\x10"
TIMEOUT_S = 0.25
AWAKE_S = 0.07

# Names of resets in a row. `clear`: the application clears MCUSR, as the data sheet asks it to.
STORIES = {
    "power": ("power",),
    "external": ("external",),
    "external, cleared": ("clear", "external"),
    "external twice": ("external", "external"),
    "watchdog": ("watchdog",),
    "watchdog, cleared": ("clear", "watchdog"),
    "watchdog after external": ("external", "watchdog"),
    "watchdog after external, cleared": ("external", "clear", "watchdog"),
    "external after watchdog": ("watchdog", "external"),
    "power after all": ("external", "watchdog", "power"),
    "brown-out": ("brown-out",),
    "brown-out, cleared": ("clear", "brown-out"),
    "brown-out after external": ("external", "brown-out"),
    "external after brown-out": ("brown-out", "external"),
}
EVERYTHING = (
    "power", "external", "clear", "watchdog", "clear", "brown-out", "clear", "external", "brown-out",
    "external", "watchdog", "external", "power", "watchdog", "external", "clear", "external",
)  # fmt: skip


def by_waiting(watcher: Watcher) -> None:
    watcher.run(TIMEOUT_S + 0.05)


def by_a_byte(watcher: Watcher) -> None:
    watcher.send(b"\x00 ")


def by_text(watcher: Watcher) -> None:
    watcher.send(b"0k ")


def by_leaving(watcher: Watcher) -> None:
    assert watcher.send(SYNC) == IN_STEP
    watcher.send(b"d\x00\x02E\x12\x34 ", 0.05)
    assert watcher.send(b"Q ")[:2] == IN_STEP


def by_another_reset(watcher: Watcher) -> None:
    watcher.reset("external")


Way = Callable[[Watcher], None]
WAYS: dict[Entry, tuple[Way, ...]] = {
    Entry.TIMEOUT: (by_waiting, by_a_byte, by_text, by_leaving),
    Entry.WAIT: (by_a_byte, by_text, by_leaving, by_another_reset),
}
EVERY_WAY = [
    pytest.param(one, way, id=f"{one.variant.name}-{way.__name__}")
    for one in loaders(timeout_s=TIMEOUT_S)
    for way in WAYS[one.variant.entry]
    if not (way is by_text and one.variant.silence_at)  # to the small loader this is GET_SYNC
]


def _chapters(watcher: Watcher, story: tuple[str, ...]) -> Iterator[str]:
    watcher.run(AWAKE_S)
    for chapter in story:
        if chapter == "clear":
            watcher.send(b"c")
            continue
        watcher.reset(chapter)
        yield chapter


@cache
def _without_loader(name: str, story: tuple[str, ...]) -> list[dict[str, int]]:
    with TemporaryDirectory() as folder, alone(Path(folder), name) as bench:
        watcher = Watcher(bench, name)
        return [watcher.reported(0.01) for _ in _chapters(watcher, story)]


def _behind_loader(one: Loader, way: Way, story: tuple[str, ...]) -> list[dict[str, int]]:
    told = []
    with behind(one) as bench:
        watcher = Watcher(bench, one.variant.parts[0])
        for _ in _chapters(watcher, story):
            if watcher.report is None:
                way(watcher)
            told.append(watcher.reported(0.01))
    return told


@pytest.mark.parametrize(("one", "way"), EVERY_WAY)
def test_every_cause_reaches_the_application(one: Loader, way: Way) -> None:
    told = _behind_loader(one, way, EVERYTHING)
    assert told == _without_loader(one.variant.parts[0], EVERYTHING)
    assert all(report["SREG"] == 0 for report in told)
    seen = [report["MCUSR"] for report in told]
    assert seen == [
        PORF, PORF | EXTRF, WDRF, BORF, EXTRF, EXTRF | BORF, EXTRF | BORF,
        EXTRF | BORF | WDRF, EXTRF | BORF | WDRF, PORF, PORF | WDRF, PORF | WDRF | EXTRF, EXTRF,
    ]  # fmt: skip


@pytest.mark.parametrize("story", STORIES.values(), ids=STORIES.keys())
@pytest.mark.parametrize(("one", "way"), [row for row in EVERY_WAY if "atmega328p" in str(row.id)])
def test_the_application_finds_all_as_without_a_loader(one: Loader, way: Way, story: tuple[str, ...]) -> None:
    assert _behind_loader(one, way, story) == _without_loader(one.variant.parts[0], story)


@pytest.mark.long
@pytest.mark.parametrize("story", STORIES.values(), ids=STORIES.keys())
@pytest.mark.parametrize(("one", "way"), EVERY_WAY)
def test_it_does_so_behind_every_loader(one: Loader, way: Way, story: tuple[str, ...]) -> None:
    assert _behind_loader(one, way, story) == _without_loader(one.variant.parts[0], story)


@pytest.mark.parametrize("one", loaders(), ids=lambda one: one.variant.name)
@pytest.mark.parametrize("cause", ["power", "brown-out", "watchdog"])
def test_only_an_external_reset_means_the_loader(cause: str, one: Loader) -> None:
    with behind(one) as bench:
        watcher = Watcher(bench, one.variant.parts[0])
        watcher.run(AWAKE_S)
        watcher.send(b"c")
        watcher.reset(cause)
        assert watcher.reported(0.002)["MCUSR"] == {"power": PORF, "brown-out": BORF, "watchdog": WDRF}[cause]
