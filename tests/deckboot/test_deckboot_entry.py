"""When deckboot waits for a host, when it starts the application, and what that finds."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from deckboot_rig import Host, loader, rig
from reporting import Watcher, alone, behind

from avrdeck.boards.deckboot import NO_LED, Entry, Wish

pytestmark = pytest.mark.usefixtures("bench")

PORF, EXTRF, BORF, WDRF = 1, 2, 4, 8
SYNC = b"0 "
IN_STEP = b"\x14\x10"
LIMITED_S = (7.9, 8.2)

# Names of resets in a row. `clear`: the application clears MCUSR, as the data sheet asks it to.
STORIES = {
    "power": ["power"],
    "external": ["external"],
    "external, cleared": ["clear", "external"],
    "external twice": ["external", "external"],
    "watchdog": ["watchdog"],
    "watchdog, cleared": ["clear", "watchdog"],
    "watchdog after external": ["external", "watchdog"],
    "watchdog after external, cleared": ["external", "clear", "watchdog"],
    "external after watchdog": ["watchdog", "external"],
    "power after all": ["external", "watchdog", "power"],
    "brown-out": ["brown-out"],
    "brown-out, cleared": ["clear", "brown-out"],
    "brown-out after external": ["external", "brown-out"],
    "external after brown-out": ["brown-out", "external"],
}


def _tell(monkeypatch: pytest.MonkeyPatch, story: list[str]) -> None:
    causes = {"external": "2", "brown-out": "4"}
    monkeypatch.setenv("BENCH_RESETS", "".join(causes.get(chapter, "") for chapter in story))


def _chapters(watcher: Watcher, story: list[str]) -> Iterator[None]:
    for chapter in story:
        if chapter == "clear":
            watcher.send(b"c")
            continue
        watcher.reset("external" if chapter == "brown-out" else chapter)
        yield


def _without_loader(folder: Path, story: list[str]) -> list[dict[str, int]]:
    with alone(folder) as bench:
        watcher = Watcher(bench)
        watcher.run(0.07)
        return [watcher.reported(0.01) for _ in _chapters(watcher, story)]


def _by_waiting(watcher: Watcher) -> None:
    watcher.run(1.1)


def _by_a_byte(watcher: Watcher) -> None:
    watcher.send(b"\x00")


def _by_text(watcher: Watcher) -> None:
    watcher.send(b"0k")


def _by_leaving(watcher: Watcher) -> None:
    assert watcher.send(SYNC) == IN_STEP
    assert watcher.send(b"d\x00\x02E\x12\x34 ", 0.05) == IN_STEP
    assert watcher.send(b"Q ")[:2] == IN_STEP


WAYS = [
    (Entry.TIMEOUT, _by_waiting), (Entry.TIMEOUT, _by_a_byte), (Entry.TIMEOUT, _by_leaving),
    (Entry.WAIT, _by_text), (Entry.WAIT, _by_leaving),
]  # fmt: skip


@pytest.mark.parametrize(("entry", "start"), WAYS)
@pytest.mark.parametrize("story", STORIES.values(), ids=STORIES.keys())
def test_the_application_finds_all_as_without_a_loader(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    story: list[str],
    entry: Entry,
    start: Callable[[Watcher], None],
) -> None:
    """MCUSR above all; each reset cause, each way through the loader, each register."""
    _tell(monkeypatch, story)
    expected = _without_loader(tmp_path, story)
    with behind(loader(entry=entry)) as bench:
        watcher = Watcher(bench)
        watcher.run(0.07)
        told = []
        for _ in _chapters(watcher, story):
            if watcher.report is None:
                start(watcher)
            told.append(watcher.reported(0.01))
    assert told == expected
    assert all(one["SREG"] == 0 for one in told)


@pytest.mark.parametrize("entry", Entry)
@pytest.mark.parametrize("cause", ["power", "brown-out", "watchdog"])
def test_only_an_external_reset_means_the_loader(
    monkeypatch: pytest.MonkeyPatch, cause: str, entry: Entry
) -> None:
    _tell(monkeypatch, [cause])
    with behind(loader(entry=entry)) as bench:
        watcher = Watcher(bench)
        watcher.run(0.07)
        watcher.send(b"c")
        watcher.reset("external" if cause == "brown-out" else cause)
        assert watcher.reported(0.002)["MCUSR"] == {"power": PORF, "brown-out": BORF, "watchdog": WDRF}[cause]


def _silence(watcher: Watcher, seconds: float) -> float | None:
    """How long after a reset the application begins to tell."""
    watcher.control.ask("reset")
    began = watcher.control.now
    watcher.run(seconds)
    return (watcher.heard[0][0] - began) / 1e9 - 0.066 if watcher.heard else None


@pytest.mark.parametrize(
    ("wish", "low", "high"),
    [
        (Wish(), 0.97, 1.05),
        (Wish(timeout_s=0.25), 0.2, 0.3),
        (Wish(timeout_s=4), 3.95, 4.06),
        (Wish(f_cpu_hz=8_000_000, baud=115_200 // 2), 0.93, 1.06),
    ],
)
def test_the_time_out(wish: Wish, low: float, high: float) -> None:
    with behind(loader(wish=wish)) as bench:
        watcher = Watcher(bench)
        watcher.run(0.07)
        silence = _silence(watcher, 5)
        assert silence is not None
        assert low <= silence <= high


def test_waiting_has_no_end() -> None:
    with behind(loader(entry=Entry.WAIT)) as bench:
        watcher = Watcher(bench)
        watcher.run(0.07)
        assert _silence(watcher, 60) is None
        assert watcher.send(SYNC) == IN_STEP


@pytest.mark.parametrize("first", ["watchdog", "brown-out"])
def test_waiting_ends_when_the_reset_may_have_been_another(
    monkeypatch: pytest.MonkeyPatch, first: str
) -> None:
    """MCUSR has EXTRF, but WDRF or BORF too: this may be a watchdog or brown-out reset."""
    _tell(monkeypatch, [first])
    with behind(loader(entry=Entry.WAIT)) as bench:
        watcher = Watcher(bench)
        watcher.run(0.07)
        watcher.reset("external" if first == "brown-out" else first)
        silence = _silence(watcher, 10)
        assert silence is not None
        assert LIMITED_S[0] <= silence <= LIMITED_S[1]


def test_a_second_reset_starts_the_application_and_a_third_the_loader(tmp_path: Path) -> None:
    [expected] = _without_loader(tmp_path, ["external"])
    with behind(loader(entry=Entry.WAIT)) as bench:
        watcher = Watcher(bench)
        watcher.run(0.07)
        for spoken in (True, False, True):
            watcher.reset("external")
            assert watcher.report is None
            assert watcher.send(SYNC if spoken else b"") == (IN_STEP if spoken else b"")
            watcher.reset("external")
            assert watcher.reported(0.01) == expected


@pytest.mark.parametrize("entry", Entry)
def test_once_a_host_has_spoken_it_may_take_its_time(entry: Entry) -> None:
    with behind(loader(entry=entry)) as bench:
        watcher = Watcher(bench)
        watcher.run(0.07)
        watcher.reset("external")
        assert watcher.send(SYNC) == IN_STEP
        watcher.run(30)
        assert watcher.heard == []
        assert watcher.send(SYNC) == IN_STEP


def test_half_a_get_sync_does_not_hold_the_application_up() -> None:
    with behind(loader()) as bench:
        watcher = Watcher(bench)
        watcher.run(0.07)
        watcher.reset("external")
        assert watcher.send(b"0") == b""
        assert watcher.reported(1.1)["MCUSR"] & EXTRF


@pytest.mark.parametrize("byte", [b"\x00", b" ", b"d", b"t", b"U", b"Q", b"1", b"\xff"])
def test_any_other_first_byte_starts_the_application(byte: bytes) -> None:
    with behind(loader()) as bench:
        watcher = Watcher(bench)
        watcher.run(0.07)
        watcher.reset("external")
        watcher.send(byte, 0.005)
        assert watcher.report is not None
        assert bench.counters()["spm_erases"] == 0


def test_a_running_watchdog_does_not_disturb_a_session() -> None:
    """WDRF keeps it at 16 ms until the application has cleared MCUSR."""
    with behind(loader()) as bench:
        watcher = Watcher(bench)
        watcher.run(0.07)
        watcher.reset("external")
        watcher.run(1.1)
        watcher.reset("watchdog")
        assert watcher.send(SYNC) == IN_STEP
        assert len(watcher.send(b"t\x00\x00F ", 0.1)) == 258
        assert watcher.send(b"U\x00\x00 ") == IN_STEP
        assert watcher.send(b"d\x00\x40E" + bytes(64) + b" ", 0.4) == IN_STEP
        assert watcher.send(b"U\x00\x02 ") == IN_STEP
        assert watcher.send(b"d\x00\x80F" + bytes(128) + b" ", 0.1) == IN_STEP
        watcher.run(5)
        assert watcher.send(SYNC) == IN_STEP
        assert bench.counters()["watchdog_resets"] == 1


@pytest.mark.parametrize("entry", Entry)
def test_an_empty_chip_comes_back_to_the_loader(entry: Entry) -> None:
    with rig(loader(entry=entry), application=b"") as bench:
        host = Host(bench)
        host.reset()
        host.run(5)
        assert host(SYNC) == IN_STEP
        assert host(b"Q ") == IN_STEP
        assert host(SYNC) == IN_STEP


@pytest.mark.parametrize(
    ("led", "ddr", "port", "bit"), [("B5", 0x24, 0x25, 5), ("d4", 0x2A, 0x2B, 4), ("PC0", 0x27, 0x28, 0)]
)
def test_the_led_is_on_while_the_loader_runs(led: str, ddr: int, port: int, bit: int) -> None:
    with rig(loader(wish=Wish(led=led))) as bench:
        host = Host(bench)
        host.enter()
        assert [bench.control.ask(f"peek {at:x}") for at in (ddr, port)] == [f"{1 << bit:02x}"] * 2
        host(b"Q ")
        assert [bench.control.ask(f"peek {at:x}") for at in (ddr, port)] == ["00"] * 2


def test_without_led_no_pin_is_touched() -> None:
    with rig(loader(wish=Wish(led=NO_LED))) as bench:
        Host(bench).enter()
        assert {bench.control.ask(f"peek {at:x}") for at in (0x24, 0x25, 0x27, 0x28, 0x2A, 0x2B)} == {"00"}
