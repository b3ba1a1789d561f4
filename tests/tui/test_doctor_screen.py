"""The doctor's screen: whatever is on the port, it says what to do, and it writes nothing."""

import asyncio

import pytest

from avrdeck.jobs.doctor import diagnosing
from avrdeck.jobs.doctor.model import Patient
from avrdeck.protocol.errors import PortError, PortReason
from avrdeck.tui import messages
from avrdeck.tui.controllers.doctoring import Examination
from avrdeck.tui.screens.deck import DeckScreen
from avrdeck.tui.screens.doctor import DoctorScreen
from avrdeck.tui.screens.fault import FaultScreen
from avrdeck.tui.screens.trace import TraceScreen
from avrdeck.tui.screens.wiring import WiringScreen
from jobs.doctors import Talker

HOSTILE = b"[bold red]21.5[/] degrees\x1b[2J\x07\r\n"
HOSTILE_PORT = "/dev/[red]tty\x1b[2J\u202e\u6f22e\u0301"


class Mute(Talker):
    """A line on which nothing comes and no time passes."""

    def __init__(self) -> None:
        super().__init__(lambda wire, data: b"")
        self.asked = 0

    async def read(self, timeout: float) -> bytes:
        self.asked += 1
        await asyncio.Event().wait()
        return b""


@pytest.fixture
def on_the_port(monkeypatch):
    """Put a wire, or the fault of opening one, where the doctor looks."""

    def put(wire) -> None:
        async def opener(port: str, baud: int):
            if isinstance(wire, PortError):
                raise wire
            await wire.set_baud(baud)
            return wire

        monkeypatch.setitem(diagnosing.diagnose.__kwdefaults__, "opener", opener)

    return put


def contents(target) -> tuple:
    cells = target.cells
    return bytes(cells.flash), bytes(cells.eeprom), dict(cells.fuses)


def everything(bench) -> str:
    return f"{bench.text('#doctor-findings')}\n{bench.text('#doctor-advice')}"


async def examined(bench) -> None:
    """Let the doctor look, and show what it found."""
    await bench.press("1", "d")
    await bench.done()
    await bench.until(lambda: "Diagnosis" in bench.text("#doctor-findings"))


async def test_d_lets_go_looks_and_offers_to_connect(deck, tmp_path):
    async with deck(f"sim:?autoreset=no&state={tmp_path / 'chip.json'}") as bench:
        bench.session.edit(bench.session.draft.toggled("hfuse", 3))
        target = bench.machine.target
        before = contents(target)
        await examined(bench)
        assert isinstance(bench.app.screen, DoctorScreen)
        assert len(bench.seen(messages.Disconnected)) == 1
        assert not bench.session.connected
        shown = everything(bench)
        assert "✓ WELL   Programmer and target answer as they should" in shown
        assert "ArduinoISP 1.18, after" in shown
        assert "1E 95 0F, 3 reads agree" in shown
        assert "Nothing has to be done." in shown
        assert contents(target) == before
        await bench.press("enter")
        await bench.done()
        assert isinstance(bench.app.screen, DeckScreen)
        assert bench.session.connected
        assert bench.session.baud == 19_200
        assert bench.session.draft.changes == 1, "what was staged is still staged"


async def test_a_rebuilt_sketch_is_connected_to_at_its_own_speed(deck):
    async with deck("sim:?autoreset=no&baud=57600") as bench:
        bench.session.baud = 19_200
        await examined(bench)
        assert "enter connects to ArduinoISP 1.18 at 57600 baud" in everything(bench)
        await bench.press("enter")
        await bench.done()
        assert bench.session.connected
        assert bench.session.programmer.link.transport.baud == 57_600


async def test_a_bootloader_is_offered_where_there_is_no_programmer(deck):
    async with deck() as bench:
        await bench.press("x")
        await bench.done()
        bench.session.port = "sim:?dialect=optiboot"
        await examined(bench)
        assert "× FOUND   Optiboot 8.3 answers, a bootloader" in everything(bench)
        await bench.press("enter")
        await bench.done()
        assert bench.session.programmer.dialect.name == "Optiboot"


def gone(reason: PortReason) -> PortError:
    return PortError("/dev/ttyACM0", reason, f"It is {reason.value}", detail="So.", advice="Do that.")


CASES = [
    (Talker(lambda wire, data: b""), "Nobody answers on", "Load the ArduinoISP sketch"),
    (Talker(lambda wire, data: data), "RX and TX are joined", "Take the bridge between RX and TX away"),
    (gone(PortReason.BUSY), "It is busy", "Do that."),
    (gone(PortReason.FORBIDDEN), "It is forbidden", "Do that."),
    (gone(PortReason.MISSING), "It is missing", "Do that."),
]


@pytest.mark.parametrize(("wire", "title", "action"), CASES, ids=[title for _, title, _ in CASES])
async def test_whatever_is_on_the_port_it_says_what_to_do(deck, on_the_port, wire, title, action):
    async with deck() as bench:
        await bench.press("x")
        await bench.done()
        bench.session.port = "/dev/ttyACM0"
        on_the_port(wire)
        await examined(bench)
        shown = bench.text("#doctor-findings")
        assert "× FOUND" in shown
        assert title in shown
        assert action in bench.text("#doctor-advice")
        assert not bench.seen(messages.Failed), "it is a finding, not a fault"
        assert not bench.seen(messages.PortLost)
        await bench.press("enter")
        assert isinstance(bench.app.screen, DoctorScreen), "there is nobody to connect to"
        await bench.press("escape")
        assert isinstance(bench.app.screen, DeckScreen)


async def test_the_outcome_comes_first_where_there_is_one_column(deck, on_the_port):
    async with deck(size=(80, 24)) as bench:
        on_the_port(Talker(lambda wire, data: b""))
        await examined(bench)
        assert not bench.app.screen.query_one("#doctor-side").display
        lines = bench.text("#doctor-findings").splitlines()
        assert lines[0].startswith(" Diagnosis")
        assert next(n for n, line in enumerate(lines) if "►" in line) < 10


async def test_what_is_tried_is_shown_while_it_lasts_and_can_be_stopped(deck, on_the_port):
    wire = Mute()
    async with deck() as bench:
        on_the_port(wire)
        await bench.press("1", "d")
        await bench.until(lambda: wire.asked and "who answers" in bench.text("#doctor-findings"))
        assert "► who answers at 19200 baud?" in bench.text("#doctor-findings")
        assert "esc stops" in bench.text("#doctor-advice")
        await bench.press("enter", "r")
        assert isinstance(bench.app.screen, DoctorScreen)
        await bench.press("escape")
        await bench.done()
        assert wire.closed
        assert not bench.session.connected
        assert bench.session.job is None
        assert isinstance(bench.app.screen, DoctorScreen)
        await bench.until(lambda: "Stopped. The port is closed." in bench.text("#doctor-findings"))
        on_the_port(Talker(lambda wire, data: b""))
        await bench.press("r")
        await bench.done()
        await bench.until(lambda: "Nobody answers" in bench.text("#doctor-findings"))


async def test_a_connection_that_comes_to_nothing_is_given_up_for_it(deck, on_the_port, monkeypatch):
    async def never(*_):
        await asyncio.Event().wait()

    async with deck() as bench:
        await bench.press("x")
        await bench.done()
        monkeypatch.setattr("avrdeck.jobs.session.open_transport", never)
        on_the_port(Talker(lambda wire, data: b""))
        await bench.press("1", "x", "d")
        await bench.until(lambda: isinstance(bench.app.screen, DoctorScreen))
        await bench.until(lambda: "Nobody answers" in bench.text("#doctor-findings"))


async def test_it_does_not_disturb_a_job_that_runs(deck):
    release = asyncio.Event()
    async with deck() as bench:

        async def busy() -> None:
            async with bench.session.held("read all"):
                await release.wait()

        bench.app.run_job(busy())
        await bench.press("1", "d")
        assert isinstance(bench.app.screen, DeckScreen)
        assert bench.session.connected
        release.set()
        await bench.done()


async def written(bench, **values: int) -> None:
    """Write fuse bytes that end the chip's answers, and close what is said about that."""
    bench.session.edit(bench.session.draft.put_all(values))
    await bench.press("2", "w")
    await bench.until(lambda: bench.app.screen.job.question)
    await bench.press("w")
    await bench.until(lambda: bench.app.screen.job.phase.name == "UNDO")
    await bench.press("enter")
    await bench.done()
    assert isinstance(bench.app.screen, FaultScreen)
    await bench.press("escape", "escape")


async def test_a_chip_that_our_own_edit_silenced_is_known(deck, tmp_path):
    """128 kHz: the fuse bytes that were written explain the silence, and a slower sketch ends it."""
    async with deck(f"sim:?autoreset=no&xtal=none&state={tmp_path / 'chip.json'}") as bench:
        await written(bench, lfuse=0xE3)
        await examined(bench)
        shown = everything(bench)
        assert "It runs at 128 kHz or less" in shown
        assert "say so: rule A8" in shown
        assert "#define SPI_CLOCK (128000/6)" in bench.text("#doctor-advice")
        await bench.press("s")
        assert bench.app.clipboard == "#define SPI_CLOCK (128000/6)"
        await bench.press("c")
        assert "It runs at 128 kHz or less" in bench.app.clipboard
        assert "nothing written" in bench.app.clipboard


async def test_the_chip_of_one_port_explains_nothing_on_another(deck, monkeypatch):
    async with deck() as bench:
        session = bench.app.session
        examination = Examination(session, lambda: None)
        monkeypatch.setattr("avrdeck.tui.controllers.doctoring.patient_on", lambda *_: Patient())
        assert (await examination._patient()).last == session.last_fuses != {}
        examination.port = "/dev/ttyUSB7"
        assert (await examination._patient()).part is None


async def test_without_a_line_for_the_sketch_nothing_is_copied(deck):
    async with deck() as bench:
        await examined(bench)
        await bench.press("s")
        assert not bench.app.clipboard


async def test_wiring_and_trace_are_a_key_away(deck):
    async with deck("sim:?target=none") as bench:
        await bench.press("escape")
        await examined(bench)
        assert "10 µF" in bench.text("#doctor-advice")
        assert "─ MOSI ─" in bench.text("#doctor-advice")
        assert "10 µF   ◄ missing" in bench.text("#doctor-advice"), "opening the port resets this one"
        assert "MISO ◄ open?" in bench.text("#doctor-advice")
        await bench.press("w")
        assert isinstance(bench.app.screen, WiringScreen)
        assert "D11 or ICSP-4" in bench.text("#drawing")
        await bench.press("escape", "t")
        assert isinstance(bench.app.screen, TraceScreen)
        await bench.press("escape")
        assert isinstance(bench.app.screen, DoctorScreen)


@pytest.mark.parametrize("size", [(80, 24), (120, 40)], ids=["narrow", "wide"])
async def test_strings_from_outside_show_as_text(deck, on_the_port, size):
    async with deck(size=size) as bench:
        bench.session.port = HOSTILE_PORT
        on_the_port(Talker(lambda wire, data: HOSTILE if wire.baud == 9_600 else b""))
        await examined(bench)
        shown = everything(bench)
        assert "[bold red]21.5[/]" in shown
        assert "/dev/[red]tty\\x1b[2J\\u202e漢e\u0301" in shown
        assert "An application answers, and no programmer" in shown
        assert not set(shown) & {"\x1b", "\x07", "\u202e"}
        await bench.press("c")
        assert not set(bench.app.clipboard) & {"\x1b", "\x07", "\u202e"}
        assert bench.app.export_screenshot()
