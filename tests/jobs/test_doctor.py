import string

import pytest

from avrdeck.boards.catalog import part
from avrdeck.jobs.adapters import Adapter
from avrdeck.jobs.doctor import usb
from avrdeck.jobs.doctor.answers import Kind, heard_kind
from avrdeck.jobs.doctor.diagnosing import wires_for
from avrdeck.jobs.doctor.explaining import entries
from avrdeck.jobs.doctor.listening import BAUDS
from avrdeck.jobs.doctor.model import CAPACITOR, Found, Patient, Section, State
from avrdeck.jobs.doctor.usb import board_of
from avrdeck.protocol import isp
from avrdeck.protocol.codes import Op
from avrdeck.protocol.errors import PortError, PortReason
from avrdeck.protocol.isp import Action
from avrdeck.protocol.stk500v1 import Universal
from avrdeck.protocol.trace import Trace
from jobs.doctors import Talker, check, report_on, rules, sent
from jobs.uploads import answering
from protocol.fakes import Obedient
from virtual import board

HARMLESS = {Op.GET_SYNC, Op.GET_SIGN_ON, Op.GET_PARAMETER}
READING = HARMLESS | {Op.ENTER_PROGMODE, Op.LEAVE_PROGMODE, Op.SET_DEVICE, Op.UNIVERSAL}
FACTS = {
    "who", "baud", "heard", "after", "port", "part", "expected", "found", "sck", "high_voltage", "xtal1",
    "f_cpu", "lock", "title", "detail", "advice",
}  # fmt: skip

BOARDS = [
    "", "autoreset=no", "target=none", "baud=115200", "baud=1000000", "part=attiny85&xtal=none",
    "dialect=optiboot", "dialect=optiboot4", "dialect=atmegaboot", "dialect=atmegaboot&app=echo",
    "dialect=optiboot&app=echo&baud=57600", "part=at90s2313",
]  # fmt: skip


# --- it never writes -------------------------------------------------------------------------------


@pytest.mark.parametrize("options", BOARDS)
async def test_nothing_is_written_and_only_reads_are_sent(options: str) -> None:
    wire = board(options, 19_200)
    target = wire.machine.target
    before = (
        (bytes(target.cells.flash), bytes(target.cells.eeprom), dict(target.cells.fuses)) if target else ()
    )
    trace = Trace()
    await report_on(wire, trace=trace)
    commands = sent(trace)
    assert {command.op for command in commands} <= READING
    for command in commands:
        if isinstance(command, Universal):
            found = isp.decode(target.part if target else None, command.instruction)
            assert found.action is Action.READ, found
    if target:
        assert (bytes(target.cells.flash), bytes(target.cells.eeprom), dict(target.cells.fuses)) == before


async def test_firmware_that_is_not_known_gets_harmless_commands_only() -> None:
    bench, trace = answering(0x42), Trace()
    report = await report_on(await bench.open("bench", 115_200), trace=trace)
    assert {command.op for command in sent(trace)} == HARMLESS
    assert "not known" in report.diagnosis.title
    assert check(report, "Signature").state is State.SKIPPED


# --- who answers -----------------------------------------------------------------------------------


async def test_a_programmer_with_a_capacitor_and_a_target_is_healthy() -> None:
    report = await report_on(board("part=atmega328p"))
    assert report.diagnosis.healthy
    assert report.diagnosis.causes == ()
    assert {each.state for each in report.checks} == {State.OK}
    assert report.found == Found("ArduinoISP 1.18", 19_200)
    assert [each.section for each in report.checks] == sorted(
        (each.section for each in report.checks), key=list(Section).index
    )
    assert report.probes == 1


async def test_a_programmer_that_resets_on_opening_needs_the_capacitor() -> None:
    report = await report_on(board("autoreset=yes"))
    assert report.diagnosis.healthy
    assert check(report, "Reset").state is State.WARN
    assert "1.5" in check(report, "Reset").seen or "1.6" in check(report, "Reset").seen
    assert "10 µF between RESET (+) and GND of the programmer" in report.diagnosis.action
    assert report.diagnosis.picture
    assert report.wires.capacitor


@pytest.mark.parametrize("baud", [115_200, 57_600, 9_600, 1_000_000])
async def test_a_rebuilt_sketch_is_found_at_its_speed(baud: int) -> None:
    report = await report_on(board(f"baud={baud}", 19_200))
    assert check(report, str(baud)).state is State.OK
    assert check(report, "Signature").state is State.OK


@pytest.mark.parametrize(
    ("options", "baud", "who"),
    [("dialect=optiboot4", 115_200, "Optiboot 4.4"), ("dialect=atmegaboot", 57_600, "ATmegaBOOT 1.16")],
)
async def test_a_bootloader_is_named_and_is_no_programmer(options: str, baud: int, who: str) -> None:
    report = await report_on(board(options, 19_200))
    assert check(report, str(baud)).seen.startswith(who)
    assert check(report, f"{baud}, after the bootloader").seen == "nothing"
    assert check(report, "Programmer").state is State.FAIL
    assert report.found == Found(who, baud)
    assert who in report.diagnosis.title
    assert "upload" in report.diagnosis.action


async def test_an_application_is_quoted_at_its_own_speed() -> None:
    def says(wire: Talker, data: bytes) -> bytes:
        return b"Temperature 21.5\x1b[2J\r\n" if wire.baud == 9_600 else b"\xfe\x80\xfc"

    report = await report_on(Talker(says))
    assert check(report, "9600").seen.startswith("an application says “Temperature 21.5·[2J")
    assert check(report, "9600").state is State.WARN
    assert report.diagnosis.title == "An application answers, and no programmer"
    assert "9600 baud the board says “Temperature 21.5·[2J" in report.diagnosis.causes[0].text


async def test_joined_wires_echo_at_every_speed_and_an_application_at_one() -> None:
    joined = await report_on(Talker(lambda wire, data: data))
    assert joined.diagnosis.title == "RX and TX are joined"
    assert joined.probes == 2
    app = await report_on(Talker(lambda wire, data: data if wire.baud == 57_600 else b"\xf0\x0f"))
    assert app.diagnosis.title == "An application sends back what it receives"


async def test_noise_at_every_speed_is_called_that() -> None:
    report = await report_on(Talker(lambda wire, data: b"\xfe\x00\x80"))
    assert "no sense at any speed" in report.diagnosis.title


async def test_silence_is_tried_at_every_speed_and_without_dtr() -> None:
    wire = Talker(lambda wire, data: b"")
    report = await report_on(wire)
    names = [each.name for each in report.checks if each.section is Section.ANSWER]
    assert names == [*map(str, BAUDS), "19200, DTR released", "Programmer"]
    assert report.diagnosis.title == "Nobody answers on bench"
    assert report.seconds < 30


async def test_a_board_that_dtr_holds_in_reset_is_found() -> None:
    firmware = Obedient()
    report = await report_on(Talker(lambda wire, data: b"" if wire.dtr else firmware(data)))
    assert "only while DTR is released" in report.diagnosis.title
    assert report.found is None, "whoever connects asserts DTR"
    assert "100 nF" in report.diagnosis.action


async def test_a_speed_that_the_port_lacks_is_passed_over() -> None:
    class Poor(Talker):
        async def set_baud(self, baud: int) -> None:
            if baud == 1_000_000:
                raise PortError("bench", PortReason.FAILED, "no such speed")
            await super().set_baud(baud)

    report = await report_on(Poor(lambda wire, data: b""))
    assert check(report, "1000000").seen == "this port does not have that speed"
    assert check(report, "250000").seen == "nothing"


async def test_a_programmer_that_must_be_told_the_part_is_not_called_well() -> None:
    firmware = Obedient()

    def stk500(wire: Talker, data: bytes) -> bytes:
        return b"\x14AVR STK\x10" if data[0] == Op.GET_SIGN_ON else firmware(data)

    report = await report_on(Talker(stk500))
    assert not report.diagnosis.healthy
    assert report.diagnosis.title == "STK500 has to be told the part before it looks"
    assert "with -p and that name" in report.diagnosis.action
    assert check(report, "Signature").seen == "not looked at"


@pytest.mark.parametrize(
    ("heard", "kind"),
    [
        (b"", Kind.SILENCE),
        (b"0 0 0 ", Kind.ECHO),
        (b"0 ", Kind.NOISE),
        (b"`````````", Kind.NOISE),
        (b"\x00\xff\x80\x80", Kind.NOISE),
        (b"Hello\r\n", Kind.TEXT),
    ],
)
def test_what_is_heard_is_sorted(heard: bytes, kind: Kind) -> None:
    assert heard_kind(heard) is kind


# --- the target ------------------------------------------------------------------------------------


async def test_a_signature_that_changes_is_not_believed() -> None:
    wire = board()
    target, count = wire.machine.target, iter(range(10_000))
    honest = target.transfer
    target.transfer = lambda byte, sck, at: honest(byte, sck, at) ^ (next(count) % 23 == 11)
    report = await report_on(wire)
    assert ";" in check(report, "Signature").seen
    assert report.diagnosis.title == "The signature changes from read to read"
    assert "Shorten the wires" in report.diagnosis.action
    assert check(report, "Fuses").state is State.SKIPPED


async def test_fuses_that_make_the_clock_too_slow_explain_a_signature_that_changes() -> None:
    """At 62.5 kHz the sketch has to be slowed down; no wire helps."""
    wire = board()
    target, count = wire.machine.target, iter(range(10_000))
    honest = target.transfer
    target.transfer = lambda byte, sck, at: honest(byte, sck, at) ^ (next(count) % 23 == 11)
    report = await report_on(wire, "ATtiny13", {"lfuse": 0x6B, "hfuse": 0xFF})
    assert rules(report) == ["A8", "A9", ""]
    assert "#define SPI_CLOCK" in report.diagnosis.action
    gone = await report_on(board("target=none"), "ATtiny13", {"lfuse": 0x6B, "hfuse": 0xFF})
    assert "A8" not in rules(gone), "a slow clock does not let MISO float"


async def test_another_part_than_named_is_reported_with_both_names() -> None:
    report = await report_on(board("part=attiny85"), "ATmega328P")
    assert report.diagnosis.title == "The target is ATtiny85, not ATmega328P"
    assert check(report, "Part").seen == "ATtiny85, not ATmega328P"


async def test_a_signature_that_nobody_knows_is_said_to_be_steady() -> None:
    wire = board()
    cells = wire.machine.target.cells
    cells.row = bytes([*cells.row[:2], 0x77, *cells.row[3:]])
    report = await report_on(wire)
    assert "1E 77 0F" in report.diagnosis.title
    assert check(report, "Signature").state is State.OK
    assert check(report, "Part").state is State.FAIL


async def test_a_locked_old_chip_repeats_what_it_is_sent() -> None:
    wire = board("part=at90s2313")
    wire.machine.target.cells.fuses["lock"] = 0xF9
    report = await report_on(wire)
    assert check(report, "Signature").seen == "00 01 02"
    assert "chip erase" in report.diagnosis.action


@pytest.mark.parametrize(
    ("lock", "words"), [(0xFE, "writing refused"), (0xFC, "writing and reading refused")]
)
async def test_a_locked_chip_is_healthy_and_says_so(lock: int, words: str) -> None:
    wire = board()
    wire.machine.target.cells.fuses["lock"] = lock
    report = await report_on(wire)
    assert check(report, "Lock").seen == f"{lock:02X}, {words}"
    assert report.diagnosis.title == "The target is locked"
    assert report.diagnosis.healthy


async def test_an_sck_at_the_limit_is_a_warning() -> None:
    report = await report_on(board("part=attiny4313"))
    assert check(report, "Clock").state is State.WARN
    assert report.diagnosis.title == "SCK is at the limit of the target's clock"
    assert "SPI_CLOCK (500000/6)" in report.diagnosis.action
    assert rules(report) == ["A9"]


async def test_fuses_that_are_not_in_effect_yet_are_a_last_chance() -> None:
    wire = board()
    target = wire.machine.target
    target.cells.fuses["hfuse"] = 0x99
    target._pin_taken = lambda: None  # DWEN waits for a power cycle, as on real chips
    report = await report_on(wire)
    assert check(report, "Fuses").state is State.FAIL
    assert report.diagnosis.causes[0].rule == "A3"
    assert "Before you disconnect" in report.diagnosis.action


async def test_a_programmer_that_stops_in_the_middle_is_a_finding() -> None:
    wire = board()
    honest = wire.write

    def write(data: bytes) -> None:
        if data[0] not in HARMLESS:
            wire.machine.reset_board()
        honest(data)

    wire.write = write
    report = await report_on(wire)
    assert check(report, "Line").state is State.FAIL
    assert "stopped answering" in report.diagnosis.title
    assert "Take the target off and look again" in report.diagnosis.action
    assert report.diagnosis.picture


# --- words and pictures ----------------------------------------------------------------------------


@pytest.mark.parametrize("key", entries())
def test_every_explanation_is_20_to_40_words_and_has_an_action(key: str) -> None:
    entry = entries()[key]
    assert set(entry) - {"sketch", "wires"} == {"title", "text", "action"}
    assert entry.get("sketch", "") in entry["action"]
    assert ("SPI_CLOCK" in entry["action"]) is ("sketch" in entry)
    signals = {wire.signal for wire in wires_for(Patient()).wires}
    for wire in entry.get("wires", "").split():
        assert wire in {*signals, CAPACITOR}
        assert wire in entry["action"] or "10 µF" in entry["action"], "marked is only what is named"
    assert 20 <= len(entry["text"].split()) <= 40, len(entry["text"].split())
    assert entry["action"].endswith(".")
    used = {name for text in entry.values() for _, name, _, _ in string.Formatter().parse(text) if name}
    assert used <= FACTS


@pytest.mark.parametrize(
    ("ids", "name"), [((0x2341, 0x0043), "uno"), ((0x2341, 0x0042), "mega"), ((0x2341, 0x8036), "leonardo")]
)
def test_a_board_is_known_by_its_usb_id(ids: tuple[int, int], name: str) -> None:
    assert board_of(*ids) == name


def test_an_unknown_usb_id_is_no_board() -> None:
    assert board_of(0x1A86, 0x7523) is None


def test_the_picture_is_for_the_board_and_the_part_at_hand() -> None:
    plan = wires_for(Patient(part("attiny85")), usb.Usb(Adapter(0x2341, 0x0042), "mega"))
    assert (plan.programmer.id, plan.target.id) == ("mega", "dip8")
    assert wires_for(Patient(board="leonardo")).capacitor is False
    assert wires_for(Patient()).programmer.id == "uno"
