import asyncio
import contextlib
import io
import os
import pty
import select
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from avrdeck.commands.candidates import candidates
from avrdeck.commands.deck import Deck
from avrdeck.commands.interpreter import Interpreter, words
from avrdeck.commands.output import TextOutput
from avrdeck.commands.session import Session
from avrdeck.commands.settings import Settings
from avrdeck.console.lexer import _styled
from avrdeck.protocol.errors import Fault, UsageFault, VerifyError
from commands.conftest import Avrdeck
from protocol.fakes import FakeWire, Obedient

PORT = "sim:?autoreset=no"


class Console:
    """An interpreter whose output can be read."""

    def __init__(self) -> None:
        self.out, self.err = io.StringIO(), io.StringIO()
        settings = Settings(port=PORT)
        deck = Deck(settings, TextOutput(self.out, self.err), Session(keep=True))
        self.interpreter = Interpreter(deck)
        self.session = deck.session

    async def __call__(self, *lines: str) -> str:
        await self.interpreter.run_lines(lines, "test")
        return self.out.getvalue()


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("isp 30 00 {0..2} 00", ["isp", "30", "00", "{0..2}", "00"]),
        ("isp 'U' ' ' '#' 00 # a comment", ["isp", "'U'", "' '", "'#'", "00"]),
        ('search flash --text "Hello world"', ["search", "flash", "--text", "Hello world"]),
        ('write flash "C:\\my files\\a.hex"', ["write", "flash", "C:\\my files\\a.hex"]),
        ("# only a comment", []),
        ("   ", []),
    ],
)
def test_lines_are_cut_into_words(line: str, expected: list[str]) -> None:
    assert words(line) == expected


def test_a_quote_must_close() -> None:
    with pytest.raises(UsageFault, match="not closed"):
        words('note "open')


async def test_the_connection_stays_open_between_commands() -> None:
    console = Console()
    await console("id", "sig")
    first = console.session.programmer
    out = await console("isp 30 00 00 00")
    assert console.session.programmer is first
    assert "→ 1E" in out
    await console("disconnect")
    assert console.session.programmer is None


async def test_staged_edits_live_until_they_are_written() -> None:
    console = Console()
    out = await console("fuse set bodlevel=2.7V", "fuse set eesave=on")
    assert "staged  efuse FF → FD\n        BODLEVEL  off → 2.7 V\n" in out
    assert "staged  hfuse D9 → D1\n        EESAVE  erased → kept\n" in out
    assert console.session.staged == {"efuse": 0xFD, "hfuse": 0xD1}
    await console("fuse write --yes")
    assert console.session.staged == {}
    assert "efuse  FD" in await console("fuses")
    await console("fuse set factory", "fuse revert")
    with pytest.raises(UsageFault, match="Nothing is staged"):
        await console("fuse write")


async def test_scripts_have_variables_and_expectations() -> None:
    console = Console()
    out = await console("let first 30", "isp $first 00 02 ${first}", "expect 0F", "sig", "expect 1E 95 0F")
    assert "30 00 02 30 → 0F" in out
    with pytest.raises(VerifyError, match=r"test, line 2: Expected '1E 94'"):
        await console("sig", "expect 1E 94")
    with pytest.raises(UsageFault, match=r"line 1: There is no variable \$missing"):
        await console("note $missing")


def test_a_script_names_the_line_that_fails(avrdeck: Avrdeck, tmp_path: Path) -> None:
    script = tmp_path / "check.txt"
    script.write_text("# what is there\nsig\nexpect $WANTED\nfusse\n")
    ran = avrdeck("script", script, "-D", "WANTED=1E 95 0F", "-P", PORT)
    assert ran.status == 2
    assert "check.txt, line 4: There is no command 'fusse'. Do you mean fuse or fuses?" in ran.err


def test_a_script_can_be_anything_and_is_refused(avrdeck: Avrdeck, tmp_path: Path) -> None:
    binary = tmp_path / "binary"
    binary.write_bytes(b"\xff\xfe\x00")
    assert avrdeck("script", binary, "-P", PORT).status == 9
    assert avrdeck("script", tmp_path / "none", "-P", PORT).status == 9


async def test_help_is_a_question_mark_away() -> None:
    assert "Send 4-byte ISP instructions" in await Console()("isp ?")
    assert "fuse set bodlevel" in await Console()("? fuse set")
    assert "burn" in await Console()("help")


async def test_a_trace_is_kept_shown_saved_and_replayed(tmp_path: Path) -> None:
    console = Console()
    file = tmp_path / "session.jsonl"
    out = await console("sig", "trace show --filter signature", f"trace save {file}")
    assert "─► UNIVERSAL read signature byte 0" in out
    assert "every answer as in" in await console(f"replay {file}")
    lines = file.read_text().splitlines()
    at = next(n for n, line in enumerate(lines) if line.endswith('"hex": "1e"}'))
    lines[at] = lines[at].replace('"1e"', '"1f"')
    file.write_text("\n".join(lines))
    with pytest.raises(VerifyError, match=r"After .* comes"):
        await console(f"replay {file}")


async def test_frames_are_shown_as_they_happen() -> None:
    console = Console()
    await console("sig", "trace on", "isp 50 00 00 00", "trace off", "isp 58 00 00 00")
    shown = console.err.getvalue()
    assert "─► UNIVERSAL read lfuse" in shown
    assert "◄─ 62" in shown
    assert "read lock" not in shown


@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        ("fus", {"fuse", "fuses"}),
        ("read fl", {"flash"}),
        ("fuse set bodl", {"bodlevel="}),
        ("fuse set bodlevel=2", {"bodlevel=2.7V"}),
        ("id -p atmega328p", {"ATmega328P", "ATmega328PB"}),
        ("id -P si", {"sim:"}),
        ("stk --verb", {"--verbatim"}),
        ("help fuse s", {"set"}),
        ("nonsense ", set()),
        ('note "open', set()),
    ],
)
def test_what_could_come_next_is_offered(typed: str, offered: set[str]) -> None:
    found = {text for text, _, _ in candidates(Deck(), typed)}
    assert offered <= found
    assert bool(found) == bool(offered)


def test_files_are_offered_where_a_file_belongs(tmp_path: Path) -> None:
    (tmp_path / "blink.hex").touch()
    (tmp_path / "my app.hex").touch()
    (tmp_path / "build").mkdir()
    found = {text for text, _, _ in candidates(Deck(), f"write flash {tmp_path}/b")}
    assert found == {f"{tmp_path}/blink.hex", f"{tmp_path}/build/"}
    quoted = {text for text, _, _ in candidates(Deck(), f"verify flash {tmp_path}/m")}
    assert quoted == {f'"{tmp_path}/my app.hex"'}


def test_colours_keep_every_character() -> None:
    for line in ("isp 30 00 {0..2} 00  # row", "  nonsense -x 'U'", ""):
        assert "".join(text for _, text in _styled(line)) == line


@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.lists(
        st.text(max_size=30) | st.sampled_from(["isp", "stk", "30", "AC", "fuse set", "let a b"]), max_size=4
    )
)
def test_no_line_does_anything_but_work_or_be_refused(pieces: list[str]) -> None:
    line = " ".join(pieces)
    if any(word in line for word in ("console", "replay", "script", "save", "-o", "sim")):
        return
    console = Console()

    async def attempt() -> None:
        with contextlib.suppress(Fault):
            await console(line)

    asyncio.run(attempt())
    assert "\x1b" not in console.out.getvalue() + console.err.getvalue() or "\x1b" in line


async def test_the_virtual_chip_can_be_bricked_and_rescued() -> None:
    console = Console()
    await console("id", "sim xtal none")
    with pytest.raises(Fault, match="No target answers"):
        await console("fuse set lfuse=0xFF -w --yes")
    with pytest.raises(Fault, match="No target answers"):
        await console("id")
    await console("sim xtal 16000000", "id", "sim power", "id")
    assert "lfuse FF" in console.out.getvalue()
    await console("sim rescue", "id")
    assert console.out.getvalue().rstrip().endswith("lfuse 62  hfuse D9  efuse FF  lock FF")
    with pytest.raises(Fault, match=r"vanished|gone|unplugged"):
        await console("sim unplug", "id")


def run_console(stdin: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "avrdeck", "console", "-P", PORT],
        input=stdin,
        capture_output=True,
        text=True,
        timeout=60,
        env={**os.environ, **environment},
        check=False,
    )


def test_lines_can_be_piped_in() -> None:
    done = run_console("id\nfuses\n")
    assert done.returncode == 0
    assert "ATmega328P" in done.stdout
    assert "BODLEVEL" in done.stdout
    assert "\x1b" not in done.stdout + done.stderr


def test_a_pipe_ends_with_the_first_failure() -> None:
    done = run_console("sig\nread efuze\nid\n")
    assert done.returncode == 2
    assert "standard input, line 2" in done.stderr
    assert "Programmer" not in done.stdout


class Terminal:
    """avrdeck's console on a pseudo-terminal; what it shows is read up to what is expected."""

    def __init__(self, **environment: str) -> None:
        self.pid, self._master = pty.fork()
        if self.pid == 0:
            os.environ.update(environment)
            os.execv(sys.executable, [sys.executable, "-m", "avrdeck", "console", "-P", PORT])
        self._unread = b""

    def type(self, text: str) -> None:
        os.write(self._master, text.encode())

    def expect(self, wanted: str, seconds: float = 120.0) -> None:
        deadline = time.monotonic() + seconds
        while wanted.encode() not in self._unread:
            ready, _, _ = select.select([self._master], [], [], max(0.0, deadline - time.monotonic()))
            assert ready, self._unread[-400:]
            self._unread += os.read(self._master, 4096)
        self._unread = self._unread.partition(wanted.encode())[2]

    def kill(self) -> None:
        with contextlib.suppress(ProcessLookupError, ChildProcessError):
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
        os.close(self._master)


@pytest.mark.parametrize("term", ["dumb", "xterm"])
def test_a_terminal_asks_answers_stops_and_ends(term: str, tmp_path: Path) -> None:
    """In a real terminal: a command, a long one stopped by Ctrl-C, another, and Ctrl-D."""
    terminal = Terminal(TERM=term, XDG_STATE_HOME=str(tmp_path))
    try:
        terminal.expect("avrdeck console")
        terminal.type("sig\r")
        terminal.expect("1E 95 0F")
        terminal.type("stk 30 repeat 1000000\r")
        terminal.expect("GET_SYNC")
        terminal.type("\x03")
        terminal.expect("Stopped")
        terminal.type("isp 58 08 00 00\r")
        terminal.expect("read hfuse")
        terminal.expect("avrdeck>")
        terminal.type("\x04")
        assert ended(terminal.pid) == 0
    finally:
        terminal.kill()


def ended(pid: int, seconds: float = 120.0) -> int:
    """The exit status of ``pid``, which is about to end."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        found, status = os.waitpid(pid, os.WNOHANG)
        if found:
            return status
        time.sleep(0.02)
    raise AssertionError("it does not end")


@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])
@given(answers=st.lists(st.binary(max_size=40), max_size=12))
def test_nothing_a_programmer_sends_upsets_the_console(
    monkeypatch: pytest.MonkeyPatch, answers: list[bytes]
) -> None:
    """A programmer that speaks STK500 until the console trusts it, and anything after that."""
    firmware, queue = Obedient(), list(answers)

    def script(data: bytes) -> bytes:
        trusted = len(firmware.commands) < 8
        return firmware(data) if trusted or not queue else queue.pop()

    async def open_fake(name: str, baud: int | None = None) -> FakeWire:
        return FakeWire(script)

    monkeypatch.setattr("avrdeck.jobs.session.open_transport", open_fake)
    console = Console()

    async def attempt() -> None:
        for line in ("dialect", "stk 31", "isp 30 00 00 00", "stk --verbatim 30 20 --yes", "trace show"):
            try:
                await console(line)
            except Fault as fault:
                console.err.write(str(fault))

    asyncio.run(attempt())
    shown = console.out.getvalue() + console.err.getvalue()
    assert all(char.isprintable() or char == "\n" for char in shown)
