"""Everything that can be wrong, as a user meets it: one message, its own exit status, no traceback."""

import asyncio
import os
import pty
import threading
import tty
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from avrdeck.protocol.errors import ExitCode
from commands.conftest import Avrdeck
from debian import debian_core

PORT = "sim:?autoreset=no"
GOOD = ":0400000000C0FDCF70\n"
END = ":00000001FF\n"

FILES = [
    ("checksum", GOOD + ":0400040000C0FDCF00\n" + END, "line 2"),
    ("no end", GOOD, "line 1"),
    ("cut", GOOD + ":040004\n" + END, "line 2"),
    ("no hex", "hello\n", "neither Intel HEX nor"),
    ("empty", "", "empty"),
    ("contradiction", GOOD + ":0400000000C0FDCE71\n" + END, "0x0003"),
    ("outside", ":020000021000EC\n" + GOOD + END, "0x8000"),
]


@pytest.mark.parametrize(("content", "says"), [case[1:] for case in FILES], ids=[case[0] for case in FILES])
def test_a_bad_file_is_named_before_the_wire_is_touched(
    avrdeck: Avrdeck, tmp_path: Path, content: str, says: str
) -> None:
    file = tmp_path / "bad.hex"
    file.write_text(content)
    for verb in (["write", "flash", file], ["verify", "flash", file], ["burn", "--bootloader", file]):
        ran = avrdeck(*verb, "-p", "m328p", "-P", "/nowhere/at/all", "--yes")
        assert ran.status == ExitCode.INPUT
        assert "bad.hex" in ran.err
        assert says in ran.err
        assert "Traceback" not in ran.err


def test_a_missing_file_is_called_missing(avrdeck: Avrdeck, tmp_path: Path) -> None:
    ran = avrdeck("write", "flash", tmp_path / "none.hex", "-P", "/nowhere")
    assert ran.status == ExitCode.INPUT
    assert "none.hex" in ran.err


def test_debians_uno_bootloader_overruns_its_chip(avrdeck: Avrdeck) -> None:
    file = debian_core() / "bootloaders/optiboot/optiboot_atmega328.hex"
    ran = avrdeck("burn", "--bootloader", file, "-p", "m328p", "-P", "/nowhere", "--yes")
    assert ran.status == ExitCode.INPUT
    assert "optiboot_atmega328.hex" in ran.err
    assert "0x8014" in ran.err
    assert "ATmega328P" in ran.err


def test_debians_168_bootloader_contradicts_itself(avrdeck: Avrdeck) -> None:
    file = debian_core() / "bootloaders/optiboot/optiboot_atmega168.hex"
    ran = avrdeck("burn", "--bootloader", file, "-p", "m168p", "-P", "/nowhere", "--yes")
    assert ran.status == ExitCode.INPUT
    assert "0x3FFE" in ran.err


def test_an_image_too_large_for_the_chip_found_is_refused_before_writing(
    avrdeck: Avrdeck, tmp_path: Path
) -> None:
    file = tmp_path / "big.bin"
    file.write_bytes(b"\x00" * 0x3000)
    port = f"{PORT}&part=attiny85&state={tmp_path / 'chip.json'}"
    ran = avrdeck("write", "flash", file, "-e", "-P", port, "--yes")
    assert ran.status == ExitCode.INPUT
    assert "ATtiny85" in ran.err
    assert avrdeck("read", "signature", "-P", port).status == 0


@pytest.mark.parametrize(
    ("arguments", "status", "says"),
    [
        (["id"], ExitCode.USAGE, "No port is given"),
        (["id", "-P", "/nowhere/ttyACM0"], ExitCode.PORT, "There is no port /nowhere/ttyACM0"),
        (["id", "-P", "/dev/null"], ExitCode.PORT, "not a serial port"),
        (["id", "-P", "sim:?color=red"], ExitCode.PORT, "color"),
        (["id", "-P", PORT, "-p", "atmega238p"], ExitCode.USAGE, "ATmega328P"),
        (["id", "-P", PORT, "-p", "m168p"], ExitCode.SIGNATURE, "That is ATmega328P"),
        (["id", "-P", f"{PORT}&target=none"], ExitCode.TARGET, "MISO"),
        (["id", "-P", PORT, "-b", "57600"], ExitCode.NO_ANSWER, "57600 baud"),
        (["read", "efuse", "-P", f"{PORT}&part=atmega8"], ExitCode.USAGE, "ATmega8 has no efuse"),
        (["write", "lfuse", "x.hex", "-P", PORT], ExitCode.USAGE, "not written from a file"),
        (["nonsense"], ExitCode.USAGE, "nonsense"),
    ],
)
def test_each_fault_has_its_message_and_status(
    avrdeck: Avrdeck, arguments: list[str], status: ExitCode, says: str
) -> None:
    ran = avrdeck(*arguments)
    assert ran.status == status
    assert says in ran.err
    assert "force" not in ran.err.lower()
    assert "Traceback" not in ran.err


def test_a_fault_is_one_json_object_too(avrdeck: Avrdeck) -> None:
    ran = avrdeck("id", "-P", "/nowhere/x", "--json")
    assert ran.status == ran.json["fault"]["exit_code"] == ExitCode.PORT
    assert ran.json["fault"]["kind"] == "PortError"
    assert ran.json["fault"]["advice"]


@pytest.fixture
def talker() -> Iterator[Callable[[Callable[[int], None]], str]]:
    """Makes a serial port on whose other end a function does what it likes with the descriptor."""
    slaves: list[int] = []

    def make(behave: Callable[[int], None]) -> str:
        master, slave = pty.openpty()
        tty.setraw(slave)
        slaves.append(slave)
        threading.Thread(target=behave, args=(master,), daemon=True).start()
        return os.ttyname(slave)

    yield make
    for slave in slaves:
        os.close(slave)


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Silence is silence after 20 ms as well."""
    monkeypatch.setattr("avrdeck.protocol.link.FIRST_SYNC_WAIT", 0.02)
    monkeypatch.setattr("avrdeck.protocol.link.SYNC_WAIT", 0.02)


def test_a_silent_port_is_nobody(
    avrdeck: Avrdeck, talker: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("avrdeck.protocol.link.SYNC_TRIES", 2)
    ran = avrdeck("id", "-P", talker(lambda master: None))
    assert ran.status == ExitCode.NO_ANSWER
    assert "Nobody answers" in ran.err


def test_an_application_is_quoted_without_its_escapes(avrdeck: Avrdeck, talker: Callable[..., str]) -> None:
    def chatter(master: int) -> None:
        os.read(master, 100)
        os.write(master, b"Temperature: 21.5 \x1b]0;owned\x07\x1b[2J C\r\n")

    ran = avrdeck("id", "-P", talker(chatter))
    assert ran.status == ExitCode.NO_ANSWER
    assert "Temperature: 21.5" in ran.err
    assert "application" in ran.err
    assert "\x1b" not in ran.err


def test_a_port_that_vanishes_in_the_middle_says_what_the_chip_holds(
    avrdeck: Avrdeck, talker: Callable[..., str], tmp_path: Path
) -> None:
    """A programmer that works until the first page, then is unplugged."""
    from avrdeck.protocol.transports.sim import open_sim

    def unplug(master: int) -> None:
        wire = open_sim(PORT)

        async def pump() -> None:
            while data := os.read(master, 1000):
                if b"d\x00\x80F" in data:
                    os.close(master)
                    return
                wire.write(data)
                while answer := await wire.read(0.3):
                    os.write(master, answer)

        asyncio.run(pump())

    file = tmp_path / "app.bin"
    file.write_bytes(b"\x12\x34")
    ran = avrdeck("write", "flash", file, "-e", "-P", talker(unplug), "--yes")
    assert ran.status == ExitCode.PORT
    assert "vanished" in ran.err
    assert "flash may hold the beginning of" in " ".join(ran.err.split())


@pytest.mark.parametrize("words", [["id", "-P", "\x1b[31m"], ["backups", "show", "\x1b]0;x\x07"]])
def test_no_fault_steers_the_terminal(words: list[str], avrdeck: Avrdeck) -> None:
    ran = avrdeck(*words)
    assert ran.status != 0
    assert "\\x1b" in ran.err
    assert all(char.isprintable() or char == "\n" for char in ran.err)
