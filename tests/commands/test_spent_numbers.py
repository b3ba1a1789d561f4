"""Every way out of a command with ``--serial``: a number is used when a chip may have it, else not."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from avrdeck.boards.catalog import part
from avrdeck.boards.images import Format, save
from avrdeck.commands.output import TextOutput
from avrdeck.jobs.events import Event, StepDone, StepStarted
from avrdeck.jobs.serials.counter import Counter
from avrdeck.jobs.serials.numbering import NUMBER
from avrdeck.protocol.errors import ExitCode, PortError, PortReason
from avrdeck.protocol.simulator import state
from avrdeck.protocol.simulator.cells import factory_fresh
from avrdeck.protocol.simulator.oscillator import Xtal
from avrdeck.protocol.simulator.state import State
from commands.conftest import Avrdeck
from jobs.uploads import sketch

GONE = PortError("sim:", PortReason.VANISHED, "sim: is gone")
LOADER = ":021F0000FFCF11\n:00000001FF\n"
SERIAL = ("--serial", "number:2", "--serial-at")


@pytest.fixture
def counter(own_data: Path) -> Path:
    return own_data / "counters" / "serial"


@pytest.fixture
def command(tmp_path: Path) -> Callable[[str], list[str]]:
    """A command line for a chip in use: its flash and EEPROM hold something."""
    cells = factory_fresh(part("ATmega88P"))
    cells.flash[:1500] = sketch(1500, seed=8).segments[0].data
    cells.eeprom[0x100] = 7
    chip, blank, uno = (tmp_path / f"{name}.json" for name in ("chip", "blank", "uno"))
    blink, notes, loader = tmp_path / "blink.hex", tmp_path / "notes.eep", tmp_path / "loader.hex"
    state.save(chip, State(cells, Xtal.parse("8000000")))
    state.save(blank, State(factory_fresh(part("ATmega88P")), Xtal.parse("8000000")))
    save(sketch(1500), blink, Format.HEX)
    notes.write_text(":02000000C0FD41\n:00000001FF\n")
    loader.write_text(LOADER)
    uno, blank = tmp_path / "uno.json", tmp_path / "blank.json"
    words = {
        "upload over ISP": f"upload {blink} --isp {' '.join(SERIAL)} 0x700",
        "upload, EEPROM": f"upload {blink} --isp {' '.join(SERIAL)} eeprom:0x10",
        "write -e": f"write flash {blink} -e {' '.join(SERIAL)} 0x700",
        "write EEPROM": f"write eeprom {notes} {' '.join(SERIAL)} 0x10",
        "burn": f"burn --bootloader {loader} --lfuse E2 {' '.join(SERIAL)} flash:0x1FFC",
        "gang": f"gang burn --bootloader {loader} --lfuse E2 {' '.join(SERIAL)} flash:0x1FFC --ports",
        "serial": "serial eeprom --at 0x10 --number",
        "upload": f"upload {blink} {' '.join(SERIAL)} 0x700",
        "upload --delta": f"upload {blink} --delta {' '.join(SERIAL)} 0x700",
        "upload over ISP, blank": f"upload {blink} --isp {' '.join(SERIAL)} 0x700",
        "write flash": f"write flash {blink} {' '.join(SERIAL)} 0x700",
    }

    def line(name: str) -> list[str]:
        used = blank if name in {"upload over ISP, blank", "write flash"} else chip
        port = f"sim:?autoreset=no&part=atmega88p&state={used}"
        if name in {"upload", "upload --delta"}:
            port = f"sim:?dialect=deckboot&state={uno}"
        return [*words[name].split(), *([] if name == "gang" else ["-P"]), port]

    return line


@pytest.fixture
def at(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[Event], bool], bool], None]:
    """Let the line break, or Ctrl-C be pressed, once, where an event is told."""

    def strike(wanted: Callable[[Event], bool], ctrl_c: bool) -> None:
        heard, struck = TextOutput.event, []

        def event(output: TextOutput, event: Event) -> None:
            heard(output, event)
            if not struck and wanted(event):
                struck.append(event)
                task = asyncio.current_task()
                if not ctrl_c or task is None:
                    raise GONE
                task.cancel()

        monkeypatch.setattr(TextOutput, "event", event)

    return strike


def begins(step: str) -> Callable[[Event], bool]:
    """By its name, or by its words where two are called alike."""
    return lambda event: isinstance(event, StepStarted) and step in {event.step, event.text}


def numbered(event: Event) -> bool:
    return isinstance(event, StepDone) and event.step == NUMBER


def drawn(counter: Path) -> int:
    """How many numbers are used."""
    return int(counter.read_text()) - 1 if counter.exists() else 0


@pytest.mark.parametrize("name", ["upload over ISP", "write -e", "burn", "gang"])
def test_no_uses_no_number(
    avrdeck: Avrdeck, command: Callable[[str], list[str]], counter: Path, name: str
) -> None:
    ran = avrdeck(*command(name))
    assert ran.status in {ExitCode.REFUSED, ExitCode.FAILURE}
    assert drawn(counter) == 0
    assert "no counter gives it again" not in ran.err


BEFORE = [
    ("upload over ISP", "compare"),
    ("upload over ISP", "identity"),
    ("upload over ISP", "contents"),
    ("upload, EEPROM", "erase"),
    ("upload, EEPROM", "verify"),
    ("write -e", "contents"),
    ("write -e", "erase"),
    ("burn", "contents"),
    ("serial", "identity"),
]
"""Steps in which the place of the number is not written yet."""


@pytest.mark.parametrize("ctrl_c", [False, True], ids=["fault", "Ctrl-C"])
@pytest.mark.parametrize(
    ("name", "step"), [*BEFORE, *((name, NUMBER) for name in ("upload over ISP", "burn", "serial", "upload"))]
)
def test_before_the_first_write_no_number_is_used(  # noqa: PLR0917 - fixtures
    avrdeck: Avrdeck,
    command: Callable[[str], list[str]],
    counter: Path,
    at: Callable[[Callable[[Event], bool], bool], None],
    name: str,
    step: str,
    ctrl_c: bool,
) -> None:
    at(begins(step), ctrl_c)
    ran = avrdeck(*command(name), "--yes")
    assert ran.status == (ExitCode.CANCELLED if ctrl_c else ExitCode.PORT), ran.err
    assert drawn(counter) == 0
    assert "no counter gives it again" not in ran.err


@pytest.mark.parametrize("ctrl_c", [False, True], ids=["fault", "Ctrl-C"])
@pytest.mark.parametrize(
    "name", ["upload over ISP", "upload, EEPROM", "write -e", "write EEPROM", "serial", "upload"]
)
def test_a_number_that_was_taken_and_not_written_goes_back(  # noqa: PLR0917 - fixtures
    avrdeck: Avrdeck,
    command: Callable[[str], list[str]],
    counter: Path,
    at: Callable[[Callable[[Event], bool], bool], None],
    name: str,
    ctrl_c: bool,
) -> None:
    """Ctrl-C is heard at the next turn: by then a byte may be on its way."""
    at(numbered, ctrl_c)
    ran = avrdeck(*command(name), "--yes")
    told = "no counter gives it again" in ran.err
    assert drawn(counter) == int(told)
    assert ctrl_c or not told


@pytest.mark.parametrize("ctrl_c", [False, True], ids=["fault", "Ctrl-C"])
@pytest.mark.parametrize(
    ("name", "step"),
    [
        ("upload over ISP", "write"),
        ("upload, EEPROM", "verify eeprom"),
        ("write -e", "write"),
        ("write EEPROM", "verify"),
        ("burn", "erase"),
        ("burn", "flash"),
        ("serial", "verify"),
        ("upload", "verify"),
    ],
)
def test_a_number_that_may_be_written_is_used_and_told(  # noqa: PLR0917 - fixtures
    avrdeck: Avrdeck,
    command: Callable[[str], list[str]],
    counter: Path,
    at: Callable[[Callable[[Event], bool], bool], None],
    name: str,
    step: str,
    ctrl_c: bool,
) -> None:
    at(begins(step), ctrl_c)
    ran = avrdeck(*command(name), "--yes")
    assert ran.status == (ExitCode.CANCELLED if ctrl_c else ExitCode.PORT), ran.err
    assert "Serial number 1 stays this chip's: no counter gives it again." in ran.err
    assert drawn(counter) == 1


@pytest.mark.parametrize(
    ("name", "step"),
    [
        ("upload over ISP", "contents"),
        ("upload over ISP, blank", "compare"),
        ("upload, EEPROM", "write"),
        ("write -e", "contents"),
        ("write flash", "look"),
        ("write EEPROM", NUMBER),
        ("burn", "contents"),
        ("serial", "identity"),
        ("upload", NUMBER),
        ("upload --delta", "compare"),
    ],
)
def test_another_run_may_take_the_number_that_was_tried(  # noqa: PLR0917 - fixtures
    avrdeck: Avrdeck,
    command: Callable[[str], list[str]],
    counter: Path,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    step: str,
) -> None:
    """Then the chip has the next one, and its receipt says so."""
    heard, others = TextOutput.event, []
    wanted = begins(step)

    def event(output: TextOutput, event: Event) -> None:
        heard(output, event)
        if not others and wanted(event):
            others.append(Counter(counter).draw())

    monkeypatch.setattr(TextOutput, "event", event)
    line = command(name)
    ran = avrdeck(*line, "--yes")
    assert ran.status == 0, ran.err
    assert others == [1]
    memory, address = PLACES.get(name, ("flash", 0x700))
    state_of = dict(pair.split("=") for pair in line[-1].partition("?")[2].split("&"))
    held = getattr(state.load(Path(state_of["state"])).cells, memory)
    assert held[address : address + 2] == b"\x02\x00"
    assert drawn(counter) == 2


PLACES = {
    "upload, EEPROM": ("eeprom", 0x10),
    "write EEPROM": ("eeprom", 0x10),
    "serial": ("eeprom", 0x10),
    "burn": ("flash", 0x1FFC),
}


def test_a_number_that_needs_an_erase_after_all_is_asked_for(
    avrdeck: Avrdeck, command: Callable[[str], list[str]], counter: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The chip has 3, of which 2 could be made without an erase; another run takes 2 and 3 in time."""
    line = command("upload over ISP, blank")
    chip = Path(line[-1].rpartition("=")[2])
    cells = state.load(chip).cells
    cells.flash[0x700:0x702] = b"\x03\x00"
    state.save(chip, State(cells, Xtal.parse("8000000")))
    counter.parent.mkdir(parents=True)
    counter.write_text("2\n")
    heard, others = TextOutput.event, []

    def event(output: TextOutput, event: Event) -> None:
        heard(output, event)
        if not others and begins("compare")(event):
            others.extend([Counter(counter).draw(), Counter(counter).draw()])

    monkeypatch.setattr(TextOutput, "event", event)
    ran = avrdeck(*line)
    assert ran.status == ExitCode.REFUSED
    assert "Erase the ATmega88P" in ran.err
    assert (others, counter.read_text()) == ([2, 3], "4\n")
    assert avrdeck(*line, "--yes").status == 0
    assert state.load(chip).cells.flash[0x700:0x702] == b"\x04\x00"


def test_a_number_that_the_chip_has_already_is_used_too(
    avrdeck: Avrdeck,
    command: Callable[[str], list[str]],
    counter: Path,
    at: Callable[[Callable[[Event], bool], bool], None],
) -> None:
    """Somebody has set the counter back: nothing has to be written, and yet the number is in a chip."""
    line = ["serial", "flash", "--at", "0x1000", "--number", *command("serial")[-2:]]
    assert avrdeck(*line).status == 0
    counter.write_text("1\n")
    at(begins("verify"), False)
    assert avrdeck(*line, "--overwrite").status == ExitCode.PORT
    assert drawn(counter) == 1


def test_dry_runs_use_no_number(avrdeck: Avrdeck, command: Callable[[str], list[str]], counter: Path) -> None:
    assert "The serial number would be 1" in avrdeck(*command("burn"), "--dry-run").out
    assert drawn(counter) == 0
