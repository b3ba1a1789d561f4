"""avrdeck and Debian's avrdude on the same virtual port: each must find what the other wrote."""

import contextlib
import random
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from avrdeck.boards import images
from avrdeck.boards.images import Image
from commands.conftest import Avrdeck
from debian import debian_core, tool

LOADER = "bootloaders/atmega/ATmegaBOOT_168_atmega328.hex"
READY_SECONDS = 60


@pytest.fixture
def port(tmp_path: Path) -> Iterator[Path]:
    """A virtual Uno with ArduinoISP on a pseudo-terminal, without pacing."""
    path = tmp_path / "uno"
    command = [sys.executable, "-m", "avrdeck", "sim", "--pty", str(path), "--fast"]
    with subprocess.Popen(command, stderr=subprocess.PIPE) as server:
        deadline = time.monotonic() + READY_SECONDS
        while not path.exists() and time.monotonic() < deadline:
            time.sleep(0.01)
        assert path.exists(), server.stderr
        yield path
        server.terminate()
        with contextlib.suppress(ValueError):
            server.communicate(timeout=READY_SECONDS)
    assert not path.exists()


def avrdude(port: Path, *arguments: str) -> str:
    """Run avrdude on ``port``; fails when it does."""
    command = [tool("avrdude", "avrdude"), "-c", "stk500v1", "-b", "19200", "-p", "m328p", "-P", str(port)]
    done = subprocess.run([*command, *arguments], capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    return done.stderr


def test_what_avrdeck_burns_avrdude_reads(avrdeck: Avrdeck, port: Path, tmp_path: Path) -> None:
    loader = debian_core() / LOADER
    fuses = ["--lfuse", "0xFF", "--hfuse", "0xDA", "--efuse", "0xFD", "--lock", "0xCF"]
    ran = avrdeck("burn", "--bootloader", loader, *fuses, "-p", "m328p", "-P", port, "-b", "19200", "--yes")
    assert ran.status == 0, ran.err
    read = {name: tmp_path / f"{name}.bin" for name in ("flash", "lfuse", "hfuse", "efuse", "lock")}
    avrdude(port, *(word for name, file in read.items() for word in ("-U", f"{name}:r:{file}:r")))
    expected = images.load(loader, "flash").flat(0x8000)
    assert read["flash"].read_bytes().ljust(0x8000, b"\xff") == expected
    values = {name: file.read_bytes() for name, file in read.items() if name != "flash"}
    assert values == {"lfuse": b"\xff", "hfuse": b"\xda", "efuse": b"\xfd", "lock": b"\xcf"}


def test_what_avrdude_writes_avrdeck_reads(avrdeck: Avrdeck, port: Path, tmp_path: Path) -> None:
    file = tmp_path / "app.hex"
    images.save(Image.of(random.Random(1).randbytes(3000)), file)
    avrdude(port, "-e", "-U", f"flash:w:{file}:i")
    avrdude(
        port, "-U", "efuse:w:0xFD:m", "-U", "hfuse:w:0xD6:m", "-U", "lfuse:w:0xE2:m", "-U", "lock:w:0xEF:m"
    )
    assert avrdeck("verify", "flash", file, "-P", port).status == 0
    found = avrdeck("id", "-P", port, "--json").json
    assert found["fuses"] == {"lfuse": 0xE2, "hfuse": 0xD6, "efuse": 0xFD, "lock": 0xEF}


def test_avrdude_reads_the_signature_row_as_raw_instructions_do(
    avrdeck: Avrdeck, port: Path, tmp_path: Path
) -> None:
    """The signature and calibration bytes; for the rest of the row avrdude 7.1 has no memory."""
    read = {name: tmp_path / f"{name}.bin" for name in ("signature", "calibration")}
    avrdude(port, *(word for name, file in read.items() for word in ("-U", f"{name}:r:{file}:r")))
    frames = {"signature": ("30", "00", "{0..2}", "00"), "calibration": ("38", "00", "00", "00")}
    for name, words in frames.items():
        ran = avrdeck("isp", *words, "-P", port, "--json")
        answers = bytes.fromhex("".join(each["received"] for each in ran.json["exchanges"]))
        assert answers == read[name].read_bytes()
