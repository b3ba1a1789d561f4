"""The bench as a context manager: a device with real firmware, a target chip, a way to talk to it.

    with Rig(arduino_isp(), TARGETS["m328p"]) as rig:
        rig.avrdude("-c", "stk500v1", "-b", "19200")
        assert rig.dump().flash == ...

Time is simulated. Without ``pty`` the client is the clock: `Rig.control` says how far to run, and
`Rig.avrdude` runs avrdude with a preloaded library that does the same for its sleeps and time-outs.
With ``pty`` any program can use `Rig.port`, and simulated time follows wall time.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

from firmware import Firmware, MissingToolError, alone, cache, digest, need

SOURCE = Path(__file__).parent
START_SECONDS = 60
NRWW_START = 0x7000  # ATmega328P: the last 4 KiB, as large as its largest boot section

Settings = dict[str, int | str]
TARGETS: dict[str, Settings] = {
    "m328p": {
        "signature": "1e950f", "flash_size": 32768, "page_size": 128, "eeprom_size": 1024,
        "eepage_size": 4, "lfuse": "62", "hfuse": "d9", "efuse": "ff", "lock": "ff",
        "efuse_mask": "07", "lock_mask": "3f", "eesave": "08", "spien": "20", "dwen": "40",
        "rstdisbl": "80", "flash_us": 4500, "eeprom_us": 3600, "fuse_us": 4500, "erase_us": 9000,
        "enable_us": 20000, "hz": 1000000,
    },
    "m2560": {
        "signature": "1e9801", "flash_size": 262144, "page_size": 256, "eeprom_size": 4096,
        "eepage_size": 8, "extended": 1, "lfuse": "62", "hfuse": "99", "efuse": "ff", "lock": "ff",
        "efuse_mask": "07", "lock_mask": "3f", "eesave": "08", "spien": "20",
        "flash_us": 4500, "eeprom_us": 9000, "fuse_us": 4500, "erase_us": 9000,
        "enable_us": 20000, "hz": 1000000,
    },
    "t85": {
        "signature": "1e930b", "flash_size": 8192, "page_size": 64, "eeprom_size": 512,
        "eepage_size": 4, "lfuse": "62", "hfuse": "df", "efuse": "ff", "lock": "ff",
        "efuse_mask": "01", "lock_mask": "03", "eesave": "08", "spien": "20", "dwen": "40",
        "rstdisbl": "80", "flash_us": 4500, "eeprom_us": 4000, "fuse_us": 4500, "erase_us": 4500,
        "enable_us": 20000, "hz": 1000000,
    },
}  # fmt: skip
"""Chips behind the programmer, fresh from the factory. Numbers are decimal, texts hexadecimal."""


@dataclass(frozen=True, slots=True)
class Dump:
    """All memories, the target's without prefix; fuses in the order low, high, extended, lock."""

    flash: bytes
    eeprom: bytes
    fuses: bytes
    device_flash: bytes
    device_eeprom: bytes
    device_fuses: bytes


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the trace: the time in µs, its mark (``> < R P O C``) and its byte."""

    us: float
    mark: str
    byte: int


def build() -> Path:
    """Build the bench and the virtual port; returns the folder that holds them."""
    need("gcc", "make", Path("/usr/include/simavr/sim_avr.h"), Path("/usr/include/libelf.h"))
    out = cache() / f"bench-{digest([SOURCE / 'Makefile', *sorted((SOURCE / 'src').iterdir())])}"
    make = ["make", "-s", "-C", str(SOURCE), f"OUT={out}"]
    with alone():
        done = subprocess.run(make, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"the bench does not build:\n{done.stderr}")
    return out


class Control:
    """The control socket. Times are simulated nanoseconds since power-up."""

    def __init__(self, path: Path) -> None:
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.connect(str(path))
        self._replies = self._socket.makefile("r")
        self.now = 0

    def ask(self, command: str) -> str:
        """Send one command and return its reply; raises `RuntimeError` for an error."""
        self._socket.sendall(command.encode() + b"\n")
        reply = self._replies.readline().strip()
        if not reply or reply.startswith("error"):
            raise RuntimeError(f"bench: {command[:40]}: {reply or 'gone'}")
        return reply

    def run(self, until: int) -> list[tuple[int, int]]:
        """Run to that time; returns (time, byte) of all that the host received."""
        return self._take(self.ask(f"run {until}"))

    def next(self, until: int) -> list[tuple[int, int]]:
        """Run until the host has received something, at most to that time."""
        return self._take(self.ask(f"next {until}"))

    def write(self, data: bytes) -> None:
        """Queue bytes at the host's UART, to leave from now on at its line speed."""
        self.ask(f"write {data.hex()}")

    def open(self, baud: int) -> None:
        """Open the port, which raises DTR."""
        self.ask(f"open {baud}")

    def exchange(self, data: bytes, seconds: float = 0.05) -> bytes:
        """Write, and collect what comes within that many simulated seconds."""
        self.write(data)
        return bytes(byte for _, byte in self.run(self.now + round(seconds * 1e9)))

    def memory(self, name: str) -> bytes:
        """The device's ``flash`` or ``eeprom`` as it is now."""
        return bytes.fromhex(self.ask(name))

    def close(self) -> None:
        """Close the socket; the bench stays."""
        self._replies.close()
        self._socket.close()

    def _take(self, reply: str) -> list[tuple[int, int]]:
        now, *stamped = reply.split(" ")
        self.now = int(now)
        pairs = (item.split(":") for item in stamped)
        return [(int(at), int(byte, 16)) for at, byte in pairs]


@dataclass
class Rig:
    """A running bench.

    ``options`` are the program's own (see README.md): ``ppm``, ``noise``, ``usb_ms``, ``seed``…
    ``row`` is the signature row of target and device.
    """

    firmware: Firmware
    target: Settings = field(default_factory=lambda: TARGETS["m328p"])
    pty: bool = False
    dtr_reset: bool = False
    target_flash: bytes = b""
    target_eeprom: bytes = b""
    eeprom: bytes = b""
    row: bytes = b""
    options: dict[str, float | str] = field(default_factory=dict)
    port: str = field(default="", init=False)
    _copies: int = field(default=0, init=False)

    def __enter__(self) -> Self:
        built = build()
        self._folder = Path(tempfile.mkdtemp(prefix="bench-"))
        self._socket = self._folder / "s"
        self._shim = built / "virtual_port.so"
        command = [str(built / "bench"), *self._arguments()]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.port = str(self._socket)
        try:
            self._await("ready")
            if self.pty:
                self.port = self._await("pty").split(" ")[1]
            self.control = Control(self._socket)
        except BaseException:
            self._process.kill()
            self._finish()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.control.close()
        self._process.terminate()
        self._process.wait(START_SECONDS)
        self._finish()

    @contextmanager
    def copy(self) -> Iterator[Control]:
        """A bench that goes on from here on its own, without a trace."""
        self._copies += 1
        path = self._folder / f"copy-{self._copies}"
        self.control.ask(f"copy {path}")
        control = Control(path)
        control.now = self.control.now
        try:
            yield control
        finally:
            control.close()

    def connection(self) -> Control:
        """Another connection to the control socket, for another thread."""
        control = Control(self._socket)
        control.run(0)
        return control

    def avrdude(
        self, *arguments: str, part: str = "m328p", check: bool = True
    ) -> subprocess.CompletedProcess[str]:
        """Run Debian's avrdude against the bench; raises `RuntimeError` when it fails and ``check``."""
        need("avrdude")
        command = ["avrdude", "-p", part, "-P", self.port, *arguments]
        environment = dict(os.environ, HOME=str(self._folder))
        if not self.pty:
            environment |= {"BENCH_SOCKET": self.port, "LD_PRELOAD": str(self._shim)}
        done = subprocess.run(
            command, capture_output=True, text=True, check=False, timeout=600, env=environment
        )
        if check and done.returncode:
            raise RuntimeError(f"avrdude failed:\n{done.stderr}")
        return done

    def dump(self) -> Dump:
        """All memories as they are now."""
        self.control.ask(f"dump {self._folder}")
        names = ("target.flash", "target.eeprom", "target.fuses")
        device = ("device.flash", "device.eeprom", "device.fuses")
        return Dump(*((self._folder / name).read_bytes() for name in names + device))

    def counters(self) -> dict[str, int]:
        """What the bench has counted: overruns, framing errors, instructions while busy, lag…"""
        counted: dict[str, int] = json.loads(self.control.ask("stat"))
        return counted

    def trace(self) -> list[Line]:
        """Every byte so far, as the host's end of the line saw it."""
        self.control.ask(f"dump {self._folder}")  # also writes out what is buffered
        lines = (line.split(" ") for line in (self._folder / "trace").read_text().splitlines())
        return [Line(float(us), mark, int(byte, 16)) for us, mark, byte in lines]

    def _arguments(self) -> list[str]:
        options: dict[str, object] = {
            "socket": self._socket,
            "trace": self._folder / "trace",
            "flash": self.firmware.image,
            "target": ",".join(f"{name}={value}" for name, value in self.target.items()),
            "hfuse": f"{self.firmware.hfuse:x}",
            "boot-start": f"{self.firmware.boot_start:x}",
            "nrww-start": f"{NRWW_START:x}",
        }
        contents = {
            "target-flash": self.target_flash, "target-eeprom": self.target_eeprom, "eeprom": self.eeprom,
        }  # fmt: skip
        for name, content in contents.items():
            if content:
                options[name] = self._folder / f"given-{name}"
                (self._folder / f"given-{name}").write_bytes(content)
        if self.row:
            options["row"] = self.row.hex()
        options |= {name.replace("_", "-"): value for name, value in self.options.items()}
        flags = [flag for flag, given in (("--pty", self.pty), ("--dtr-reset", self.dtr_reset)) if given]
        return [*(f"--{name}={value}" for name, value in options.items()), *flags]

    def _await(self, word: str) -> str:
        assert self._process.stdout is not None
        assert self._process.stderr is not None
        for line in self._process.stdout:  # simavr has something to say about some cores
            if line.startswith(word):
                return line.strip()
        raise RuntimeError(f"the bench did not start: {self._process.stderr.read()}")

    def _finish(self) -> None:
        for stream in (self._process.stdout, self._process.stderr):
            if stream is not None:
                stream.close()
        self._process.wait(START_SECONDS)
        shutil.rmtree(self._folder, ignore_errors=True)


__all__ = ["TARGETS", "Control", "Dump", "Line", "MissingToolError", "Rig", "build"]
