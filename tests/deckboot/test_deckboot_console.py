"""The line console and the verbs, as a person starts them, through deckboot on the bench."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from deckboot_rig import Loader, loader, rig, signature_row
from rig import Rig
from socket_port import SocketPort

pytestmark = pytest.mark.usefixtures("bench")

PATIENCE_S = 120
USAGE = 2
ROW = signature_row("ATmega328P")
EEPROM = random.Random(9).randbytes(1024)


class Board:
    """avrdeck at a TCP port behind which deckboot runs."""

    def __init__(self, bench: Rig, one: Loader, url: str) -> None:
        self.bench, self.one, self._url = bench, one, url

    def avrdeck(self, *words: object, lines: str = "") -> subprocess.CompletedProcess[str]:
        """Run a verb, or the console with these lines."""
        command = [sys.executable, "-m", "avrdeck", "-P", self._url, *map(str, words)]
        return subprocess.run(
            command, input=lines, capture_output=True, text=True, check=False, timeout=PATIENCE_S
        )

    def console(self, *lines: object) -> str:
        """What the console says to these lines, all of which it takes."""
        done = self.avrdeck("console", lines="".join(f"{line}\n" for line in lines))
        assert done.returncode == 0, done.stderr
        return done.stdout

    def json(self, *words: object) -> dict[str, Any]:
        """What a verb prints for machines."""
        done = self.avrdeck("--json", *words)
        assert done.returncode == 0, done.stderr
        told: dict[str, Any] = json.loads(done.stdout)
        return told


@pytest.fixture
def board() -> Iterator[Board]:
    one = loader()
    with rig(one, dtr_reset=True, eeprom=EEPROM) as bench, SocketPort(bench) as port:
        yield Board(bench, one, port.url)


def test_the_console_says_who_the_chip_is_and_what_it_is_set_to(board: Board) -> None:
    told = board.console("id", "uid", "sigrow", "fuses")
    assert "deckboot 2.0, bootloader" in told
    assert "ATmega328P, signature 1E 95 0F" in told
    assert ROW[14:24].hex("-").upper() in told
    for at, byte in enumerate(ROW[:24]):
        assert f"  {at:02X}  {byte:02X}  {0x38 if at % 2 else 0x30:02X} 00 {at // 2:02X} 00" in told
    for line in ("lfuse  E7", "hfuse  DE", "efuse  FD", "lock   FF", "256 words @0x7E00"):
        assert line in told


def test_the_console_reads_and_writes_eeprom(board: Board, tmp_path: Path) -> None:
    before, after = tmp_path / "before.bin", tmp_path / "after.bin"
    changed = random.Random(10).randbytes(300)
    after.write_bytes(changed)
    told = board.console(
        f"read eeprom -o {before}", f"write eeprom {after} --yes", f"verify eeprom {after}",
        "fill eeprom 1000 4 A5 --yes", "dump eeprom 1000 4",
    )  # fmt: skip
    assert before.read_bytes() == EEPROM
    assert f"eeprom holds {after}: 300 bytes agree" in told
    assert "A5 A5 A5 A5" in told
    dump = board.bench.dump()
    assert dump.device_eeprom == changed + EEPROM[300:1000] + b"\xa5" * 4 + EEPROM[1004:]
    assert dump.device_flash[2:] == board.one.flash[2:]


def test_the_verbs_tell_it_to_machines(board: Board) -> None:
    assert board.json("uid")["uid"] == ROW[14:24].hex()
    assert board.json("fuses")["fuses"] == {"lfuse": 0xE7, "hfuse": 0xDE, "efuse": 0xFD, "lock": 0xFF}
    assert board.json("sigrow")["row"] == {f"{at:02x}": byte for at, byte in enumerate(ROW[:24])}


@pytest.mark.parametrize("line", ["erase --yes", "fuse set lfuse=62\nfuse write --yes"])
def test_what_it_cannot_do_is_refused(board: Board, line: str) -> None:
    done = board.avrdeck("console", lines=f"{line}\n")
    assert done.returncode == USAGE
    assert "deckboot, a bootloader, cannot" in done.stderr
    assert board.bench.dump().device_fuses == bytes([0xE7, 0xDE, 0xFD, 0xFF])
