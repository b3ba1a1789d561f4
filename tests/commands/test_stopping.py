"""Jobs that do not come to their end: what the user is told, and what the chip's history says."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from avrdeck.commands.output import TextOutput
from avrdeck.jobs.events import Event, StepStarted
from avrdeck.jobs.inventory.book import Inventory
from avrdeck.jobs.inventory.model import Happening, Kind
from avrdeck.protocol.errors import ExitCode
from avrdeck.protocol.programmer import Programmer
from avrdeck.protocol.simulator import state
from avrdeck.protocol.target.progress import Operation, Progress
from commands.conftest import Avrdeck

CtrlC = Callable[[Callable[[Event], bool]], None]
LOADER = ":021F0000FFCF11\n:00000001FF\n"


@pytest.fixture
def chip(tmp_path: Path) -> str:
    return f"sim:?autoreset=no&part=atmega88p&state={tmp_path / 'chip.json'}"


@pytest.fixture
def ctrl_c(monkeypatch: pytest.MonkeyPatch) -> CtrlC:
    """Stop the command once, at the event that is told."""

    def at(wanted: Callable[[Event], bool]) -> None:
        heard, stopped = TextOutput.event, []

        def event(output: TextOutput, event: Event) -> None:
            heard(output, event)
            task = asyncio.current_task()
            if task and not stopped and wanted(event):
                stopped.append(event)
                task.cancel()

        monkeypatch.setattr(TextOutput, "event", event)

    return at


def writing(event: Event) -> bool:
    return isinstance(event, Progress) and event.operation is Operation.WRITE


def begins(step: str) -> Callable[[Event], bool]:
    return lambda event: isinstance(event, StepStarted) and event.step == step


def history() -> tuple[Happening, ...]:
    with Inventory() as inventory:
        (known,) = inventory.chips()
        return inventory.history(known.id)


def stops() -> list[Happening]:
    return [each for each in history() if each.data.get("stopped")]


@pytest.mark.parametrize("way", ["bootloader", "ISP"])
def test_a_stopped_upload_is_in_the_history(
    avrdeck: Avrdeck, blink: Path, tmp_path: Path, ctrl_c: CtrlC, way: str
) -> None:
    kind = "autoreset=no" if way == "ISP" else "dialect=deckboot"
    port = f"sim:?{kind}&state={tmp_path / 'uno.json'}"
    ctrl_c(writing)
    ran = avrdeck("upload", blink, *(["--isp"] if way == "ISP" else []), "-P", port)
    assert ran.status == ExitCode.CANCELLED
    assert "avrdeck: The upload was stopped" in ran.err
    assert "blink.hex is in flash in part, and not verified." in ran.err
    assert "Do it again to bring it to its end." in ran.err
    (stop,) = stops()
    assert stop.kind == Kind.UPLOAD
    assert "blink.hex: stopped at write 1536 bytes of flash, " in stop.text
    assert "blink.hex is in flash in part, and not verified." in stop.text
    assert stop.data["fault"]["exit_code"] == ExitCode.CANCELLED
    assert "stopped at write 1536 bytes of flash" in avrdeck("inventory", "show", "1").out


def test_a_stopped_upload_tells_of_its_serial_number(
    avrdeck: Avrdeck, blink: Path, chip: str, ctrl_c: CtrlC
) -> None:
    ctrl_c(writing)
    number = ["--serial", "number", "--serial-at", "0x700"]
    ran = avrdeck("upload", blink, "--isp", *number, "-P", chip)
    assert "Serial number 1 stays this chip's" in ran.err
    (stop,) = stops()
    assert "blink.hex, serial number 1: stopped at write" in stop.text
    assert stop.data["serial_number"] == "1"


def test_a_stopped_burn_is_in_the_history(avrdeck: Avrdeck, tmp_path: Path, chip: str, ctrl_c: CtrlC) -> None:
    loader = tmp_path / "loader.hex"
    loader.write_text(LOADER)
    ctrl_c(begins("verify"))
    ran = avrdeck("burn", "--bootloader", loader, "--lfuse", "0xE2", "-P", chip, "--yes")
    assert ran.status == ExitCode.CANCELLED
    assert "The burn was stopped" in ran.err
    assert "burn --resume" in ran.err
    assert "What it held before is in" in ran.err
    (stop,) = stops()
    assert stop.kind == Kind.BURN
    assert stop.text.startswith(
        "loader.hex: stopped at verify. The chip's fuses are as planned, its flash is"
    )


def test_a_stopped_fuse_write_is_in_the_history(avrdeck: Avrdeck, chip: str, ctrl_c: CtrlC) -> None:
    ctrl_c(begins("lfuse"))
    ran = avrdeck("fuse", "set", "lfuse=0xE2", "-w", "-P", chip, "--yes")
    assert ran.status == ExitCode.CANCELLED
    assert "The fuse write was stopped" in ran.err
    (stop,) = stops()
    assert stop.kind == Kind.FUSE_WRITE
    assert stop.text.startswith(
        "lfuse E2: stopped at write lfuse 62 → E2. lfuse may be 62 or E2; nothing is in"
    )
    avrdeck("id", "-P", chip)
    assert [each.kind for each in history()].count(Kind.FUSES) in {1, 2}, "a stop is no fuse reading"


def test_a_stopped_erase_is_in_the_history_and_so_is_one_that_ended(
    avrdeck: Avrdeck, chip: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert avrdeck("erase", "-P", chip, "--yes").status == 0
    assert [(each.kind, each.text) for each in history()][-1] == (Kind.ERASE, "chip erase")
    erased = Programmer.chip_erase

    async def stopped(programmer: Programmer) -> None:
        await erased(programmer)
        raise asyncio.CancelledError

    monkeypatch.setattr(Programmer, "chip_erase", stopped)
    ran = avrdeck("erase", "-P", chip, "--yes")
    assert ran.status == ExitCode.CANCELLED
    assert "The chip is erased or partly so; its fuses are unchanged." in ran.err
    (stop,) = stops()
    assert (stop.kind, stop.text) == (
        Kind.ERASE,
        "chip erase: stopped at erase the chip. The chip is erased or partly so; its fuses are unchanged.",
    )


@pytest.mark.parametrize(
    ("step", "holds"),
    [
        ("verify", "Flash is written in part; fuses are unchanged, the chip is not locked."),
        ("lfuse", "Restored so far: flash, EEPROM. lfuse may be E2 or 62; nothing is in effect before"),
    ],
)
def test_a_stopped_restore_is_in_the_history(  # noqa: PLR0917 - fixtures
    avrdeck: Avrdeck, chip: str, blink: Path, ctrl_c: CtrlC, step: str, holds: str
) -> None:
    assert avrdeck("upload", blink, "--isp", "-P", chip).status == 0
    saved = avrdeck("backup", "-P", chip, "--json").json
    assert avrdeck("fuse", "set", "lfuse=0xE2", "-w", "-P", chip, "--yes").status == 0
    ctrl_c(begins(step))
    ran = avrdeck("restore", saved["file"], "--no-backup", "-P", chip, "--yes")
    assert ran.status == ExitCode.CANCELLED
    assert "The restore was stopped" in ran.err
    (stop,) = stops()
    assert stop.kind == Kind.RESTORE
    assert holds in stop.text


def test_a_stopped_write_is_in_the_history_where_the_chip_is_known(
    avrdeck: Avrdeck, chip: str, blink: Path, ctrl_c: CtrlC
) -> None:
    ctrl_c(writing)
    ran = avrdeck("write", "flash", blink, "-e", "-P", chip, "--yes")
    assert ran.status == ExitCode.CANCELLED
    assert "The write was stopped" in ran.err
    (stop,) = stops()
    assert stop.kind == Kind.WRITE
    assert "perhaps a little further, and is not verified." in stop.text


def test_a_fault_is_told_with_where_it_struck(avrdeck: Avrdeck, chip: str) -> None:
    ran = avrdeck("fuse", "set", "lfuse=0xE0", "-w", "-P", chip, "--yes")
    assert ran.status == ExitCode.TARGET
    (stop,) = stops()
    assert stop.text.startswith(
        "lfuse E0: stopped at let the fuses take effect and find the chip again (No target"
    )
    assert "under them the chip does not answer" in stop.text


@pytest.mark.parametrize("step", ["compare", "look", "identity"])
def test_of_a_chip_that_is_unchanged_nothing_is_noted(
    avrdeck: Avrdeck, chip: str, blink: Path, ctrl_c: CtrlC, step: str
) -> None:
    avrdeck("inventory", "add", "-P", chip)
    ctrl_c(begins(step))
    verb = ["write", "flash", blink] if step == "look" else ["upload", blink, "--isp"]
    ran = avrdeck(*verb, "-P", chip)
    assert ran.status == ExitCode.CANCELLED
    assert "avrdeck: Cancelled" in ran.err
    assert stops() == []
    assert not bytes(state.load(Path(chip.rpartition("=")[2])).cells.flash).strip(b"\xff")
