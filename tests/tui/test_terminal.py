"""The app in a real terminal: a pseudo-terminal with pyte's screen behind it, and tmux."""

import re
import shlex
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path

import pytest

from avrdeck.boards import images
from avrdeck.boards.images import Image
from debian import tool
from tui.terminal import PATIENCE, Terminal, environment

SIM = ("-P", "sim:?autoreset=no")
PLAIN = {b"38", b"39", b"48", b"49"}
ESCAPE, ENTER = "\x1b", "\r"
BOARDS_TXT = """\
bench.name=Bench Uno
bench.upload.protocol=arduino
bench.upload.maximum_size=32256
bench.upload.speed=115200
bench.bootloader.low_fuses=0xFF
bench.bootloader.high_fuses=0xD8
bench.bootloader.extended_fuses=0xFD
bench.bootloader.unlock_bits=0x3F
bench.bootloader.lock_bits=0x0F
bench.bootloader.file=bench/loader.hex
bench.build.mcu=atmega328p
bench.build.f_cpu=16000000L
"""


def core(folder: Path) -> str:
    """An Arduino core with one board and its bootloader; the folder to look for it."""
    made = folder / "arduino/packages/bench/hardware/avr/1.0.0"
    (made / "bootloaders/bench").mkdir(parents=True)
    (made / "boards.txt").write_text(BOARDS_TXT)
    loader = Image.of(bytes(range(1, 201)) * 20, 0x7000, memory="flash")
    images.save(loader, made / "bootloaders/bench/loader.hex", images.Format.HEX)
    return str(folder / "arduino")


def test_fuses_are_edited_warned_of_written_and_undone(tmp_path):
    with Terminal(environment(tmp_path), SIM) as terminal:
        terminal.see("programming mode", "ATmega328P", "space toggle")
        terminal.type("4isp {30,38} 00 {0..2} 00\r")
        terminal.see("30 00 01 00 → 95", "38 00 02 00", "read signature byte 2", "esc deck")
        terminal.type(ESCAPE)
        terminal.see("space toggle")
        terminal.type("jjjj ")
        terminal.see("FATAL", "◆ 1 staged")
        terminal.type("w")
        terminal.see("Type the part's name")
        terminal.type("ATtiny85\r")
        terminal.see("not this part")
        terminal.type("\x7f" * 8 + "ATmega328P\r")
        terminal.see("undo: put the old values back")
        terminal.type("u")
        terminal.see("The old values are back.")
        terminal.type(ESCAPE)
        terminal.see_no("The old values are back.")
        terminal.see("◆ 1 staged")
        assert terminal.leave() == 0


def choose_board(terminal: Terminal) -> None:
    """Open the burn screen, choose the bench's board, and begin."""
    terminal.see("programming mode", "first time", "space toggle")
    terminal.see_no("► connect")
    terminal.type("b")
    terminal.see("not chosen: b chooses one")
    terminal.type("bBench Uno")
    terminal.see("► Bench Uno")
    terminal.type(ENTER)
    terminal.see("loader.hex", "4000 B at 0x7000 ✓")
    terminal.type(ENTER)
    terminal.see("Type yes to go on:")
    terminal.type("yes\r")


def test_a_bootloader_is_burnt(tmp_path):
    with Terminal(environment(tmp_path, ARDUINO_DIRECTORIES_DATA=core(tmp_path)), SIM) as terminal:
        choose_board(terminal)
        terminal.see(
            "The chip is as planned.", "✓ loader.hex is in the", "lfuse FF  hfuse D8  efuse FD  lock CF"
        )
        assert terminal.leave() == 0


@pytest.fixture
def port():
    """Where a virtual board is offered: a name short enough to stand on one line."""
    with tempfile.TemporaryDirectory(prefix="deck") as folder:
        yield Path(folder) / "uno"


@contextmanager
def virtual_board(path: Path):
    """``avrdeck sim --pty`` in a process of its own, which keeps the pace of a real line."""
    process = subprocess.Popen(
        [sys.executable, "-m", "avrdeck", "sim", "--pty", str(path)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        deadline = time.monotonic() + PATIENCE
        while not path.exists():
            assert process.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.05)
        yield process
    finally:
        process.kill()
        process.wait()


def test_the_port_is_killed_in_the_middle_and_comes_back(tmp_path, port):
    arguments = ("-P", str(port), "-b", "19200")
    with virtual_board(port) as board, Terminal(environment(tmp_path), arguments) as terminal:
        terminal.see("programming mode", "ATmega328P", "space toggle")
        terminal.see_no("► connect")
        terminal.type("l r")
        terminal.see("◆ 1 staged", "► read all")
        terminal.see("%")
        board.kill()
        board.wait()
        terminal.see("× It did not work", "port lost")
        terminal.type(ESCAPE)
        terminal.see("◆ 1 staged", "read again")
        with virtual_board(port):
            terminal.see("The board is back on", "What is staged is kept: 1 bit.")
            terminal.see("programming mode", "◆ 1 staged")
            assert terminal.leave() == 0


def test_the_port_is_killed_while_a_bootloader_is_burnt(tmp_path, port):
    folders = environment(tmp_path, ARDUINO_DIRECTORIES_DATA=core(tmp_path))
    with virtual_board(port) as board, Terminal(folders, ("-P", str(port), "-b", "19200")) as terminal:
        choose_board(terminal)
        terminal.see("p proceeds without the rest of the backup")
        terminal.type("p")
        terminal.see("write 4000 bytes of loader.hex")
        board.kill()
        board.wait()
        terminal.see("has vanished", "What it held before is in", "× port lost")
        terminal.type(ESCAPE)
        terminal.see_no("× It did not work")
        assert terminal.leave() == 0


def colours(sent: bytes) -> set[bytes]:
    """The colours that a terminal was told to use, as SGR parameters."""
    found = set()
    for codes in re.findall(rb"\x1b\[([0-9;]*)m", sent):
        parameters = codes.split(b";")
        while parameters:
            code = parameters.pop(0)
            if code in {b"38", b"48"}:
                found.add(code + b";" + parameters[0])
                del parameters[: 4 if parameters[0] == b"2" else 2]
            elif code.isdigit() and (30 <= int(code) <= 47 or 90 <= int(code) <= 107) and code not in PLAIN:
                found.add(code)
    return found


def test_colours_are_found():
    assert colours(b"\x1b[1;38;2;1;31;1;7mx\x1b[0;39m\x1b[48;5;1m\x1b[91;4m") == {b"38;2", b"48;5", b"91"}


def test_no_colour_where_none_is_wanted(tmp_path):
    with Terminal(environment(tmp_path, NO_COLOR="1"), SIM) as terminal:
        terminal.see("programming mode", "▐0▌", "space toggle")
        terminal.type("l ")
        terminal.see("◆ 1 staged", "62→E2")
        assert terminal.leave() == 0
        assert not colours(terminal.sent)


def test_sixteen_colours_are_the_terminals_own(tmp_path):
    settings = tmp_path / "config/avrdeck/settings.toml"
    settings.parent.mkdir(parents=True)
    settings.write_text('theme = "avrdeck-16"\n')
    with Terminal(environment(tmp_path, TERM="xterm"), SIM) as terminal:
        terminal.see("programming mode", "▐0▌", "space toggle")
        assert terminal.leave() == 0
        assert not {b"38;2", b"38;5", b"48;2", b"48;5"} & colours(terminal.sent)
        assert b"36" in colours(terminal.sent)


def test_a_terminal_that_only_prints_lines_gets_the_console(tmp_path):
    with Terminal(environment(tmp_path, TERM="dumb"), SIM) as terminal:
        terminal.see("avrdeck console.", "avrdeck>")
        terminal.type("sig\n")
        terminal.see("1E 95 0F")
        terminal.type("exit\n")
        assert terminal.ended() == 0
        assert b"\x1b" not in terminal.sent


def test_without_a_terminal_it_shows_what_is_there(tmp_path):
    ran = run(tmp_path, "-m", "avrdeck", *SIM)
    assert ran.returncode == 0
    assert "ATmega328P" in ran.stdout
    assert "\x1b" not in ran.stdout


def test_the_app_itself_says_what_to_do_without_a_terminal(tmp_path):
    ran = run(tmp_path, "-c", "from avrdeck.tui.app import run_app; run_app('sim:')")
    assert ran.returncode != 0
    assert "This terminal cannot show the app" in ran.stderr


def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *arguments],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
        env=environment(folder),
    )


class Tmux:
    """A tmux server of its own with avrdeck in its one window."""

    def __init__(self, folder: Path, *arguments: str) -> None:
        self._tmux = [tool("tmux", "tmux"), "-S", str(folder / "tmux"), "-f", "/dev/null"]
        self._environment = environment(folder)
        command = shlex.join([sys.executable, "-m", "avrdeck", *arguments])
        self._ask("new-session", "-d", "-x", "120", "-y", "40", command)

    def _ask(self, *arguments: str) -> str:
        asked = [*self._tmux, *arguments]
        return subprocess.run(
            asked, env=self._environment, capture_output=True, text=True, timeout=PATIENCE, check=False
        ).stdout

    def see(self, *wanted: str) -> None:
        deadline = time.monotonic() + PATIENCE
        while not all(words in (text := self._ask("capture-pane", "-p")) for words in wanted):
            assert time.monotonic() < deadline, f"{wanted} is not on\n{text}"
            time.sleep(0.05)

    def type(self, *keys: str) -> None:
        self._ask("send-keys", *keys)

    def resize(self, columns: int, lines: int) -> None:
        self._ask("resize-window", "-x", str(columns), "-y", str(lines))

    def ended(self) -> bool:
        """Whether the server went, with its last window."""
        deadline = time.monotonic() + PATIENCE
        while self._ask("list-sessions"):
            assert time.monotonic() < deadline
            time.sleep(0.05)
        return True

    def hang_up(self) -> None:
        """Close its window, as a lost connection does."""
        self._ask("kill-session")

    def kill(self) -> None:
        self._ask("kill-server")


def test_the_same_in_tmux(tmp_path):
    tmux = Tmux(tmp_path, *SIM)
    try:
        tmux.see("programming mode", "ATmega328P", "space toggle")
        tmux.type("Right", "Space")
        tmux.see("◆ 1 staged", "62→E2")
        tmux.resize(80, 24)
        tmux.see("1 Connection", "2 Fuses ◆1", "62→E2")
        tmux.type("4")
        tmux.see("esc deck")
        tmux.type("-l", "isp 30 00 {0..2} 00")
        tmux.type("Enter")
        tmux.see("30 00 02 00 → 0F")
        tmux.resize(50, 15)
        tmux.see("avrdeck needs 60 × 20 characters")
        tmux.resize(120, 40)
        tmux.see("30 00 02 00 → 0F", "62→E2")
        tmux.type("Escape")
        tmux.see("space toggle")
        tmux.type("w")
        tmux.see("w write   c copy")
        tmux.type("w")
        tmux.see("In effect: lfuse E2")
        tmux.type("Escape")
        tmux.type("C-q")
        assert tmux.ended()
    finally:
        tmux.kill()


def test_a_lost_connection_ends_the_app_with_the_port_free(tmp_path, port):
    with virtual_board(port):
        tmux = Tmux(tmp_path, "-P", str(port))
        try:
            tmux.see("programming mode", "ATmega328P", "space toggle")
            tmux.type("4")
            tmux.see("esc deck")
            tmux.type("-l", "read flash")
            tmux.type("Enter")
            tmux.see("► command")
            tmux.hang_up()
            deadline = time.monotonic() + PATIENCE
            while (known := run(tmp_path, "-m", "avrdeck", "id", "-P", str(port))).returncode:
                assert "in use" in known.stderr
                assert time.monotonic() < deadline
        finally:
            tmux.kill()
