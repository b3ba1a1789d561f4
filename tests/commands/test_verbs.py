import json
import subprocess
import sys
from pathlib import Path

import pytest

from avrdeck.commands.tree import VERBS
from avrdeck.protocol.errors import ExitCode
from commands.conftest import Avrdeck

PORT = "sim:?autoreset=no"
BLINK = ":0400000000C0FDCF70\n:00000001FF\n"


@pytest.fixture
def chip(tmp_path: Path) -> str:
    """A virtual chip that keeps its state from command to command."""
    return f"{PORT}&state={tmp_path / 'chip.json'}"


def test_every_verb_loads_and_explains_itself(avrdeck: Avrdeck) -> None:
    listing = avrdeck("--help").out
    for name in VERBS:
        assert name in listing
        text = avrdeck(name, "--help")
        assert text.status == 0
        assert "avrdeck " + name in text.out or "Usage: avrdeck " + name in text.out


def test_id_tells_programmer_and_part(avrdeck: Avrdeck) -> None:
    ran = avrdeck("id", "-P", PORT)
    assert ran.status == 0
    assert "ArduinoISP 1.18" in ran.out
    assert "ATmega328P, signature 1E 95 0F" in ran.out
    assert "lfuse 62" in ran.out


def test_shared_options_stand_before_or_after_the_verb(avrdeck: Avrdeck) -> None:
    before = avrdeck("-P", PORT, "-p", "m328p", "--json", "id")
    after = avrdeck("id", "-P", PORT, "-p", "m328p", "--json")
    wins = avrdeck("-P", "nowhere", "id", "-P", PORT, "--json")
    assert before.json == after.json == wins.json
    assert before.json["part"] == "ATmega328P"
    assert before.json["fuses"] == {"lfuse": 0x62, "hfuse": 0xD9, "efuse": 0xFF, "lock": 0xFF}


def test_write_read_and_verify_agree(avrdeck: Avrdeck, chip: str, tmp_path: Path) -> None:
    source, copy = tmp_path / "blink.hex", tmp_path / "copy.bin"
    source.write_text(BLINK)
    assert avrdeck("write", "flash", source, "-e", "-P", chip, "--yes").status == 0
    assert avrdeck("verify", "flash", source, "-P", chip).status == 0
    assert avrdeck("read", "flash", "-o", copy, "-P", chip, "--json").json["size"] == 0x8000
    assert copy.read_bytes() == bytes.fromhex("00c0fdcf") + b"\xff" * 0x7FFC


def test_flash_that_is_not_blank_is_not_written_over(avrdeck: Avrdeck, chip: str, tmp_path: Path) -> None:
    first, second = tmp_path / "first.bin", tmp_path / "second.bin"
    first.write_bytes(b"\x00\x01\x02\x03")
    second.write_bytes(b"\x00\x01\x02\xf3")
    assert avrdeck("write", "flash", first, "-P", chip).status == 0
    ran = avrdeck("write", "flash", second, "-P", chip)
    assert ran.status == 8
    assert "0x0003 holds 03" in ran.err
    assert "The chip is unchanged." in ran.err
    assert avrdeck("verify", "flash", first, "-P", chip).status == 0


def test_what_destroys_asks_first(avrdeck: Avrdeck, chip: str) -> None:
    ran = avrdeck("erase", "-P", chip)
    assert ran.status == 10
    assert "--yes" in ran.err
    assert avrdeck("erase", "-P", chip, "--yes").status == 0


def test_an_existing_file_is_not_replaced_unasked(avrdeck: Avrdeck, tmp_path: Path) -> None:
    file = tmp_path / "dump.hex"
    file.write_text("mine")
    assert avrdeck("read", "signature", "-o", file, "-P", PORT).status == 10
    assert file.read_text() == "mine"
    assert avrdeck("read", "signature", "-o", file, "-P", PORT, "--yes").status == 0
    assert file.read_text().startswith(":03000000")


@pytest.mark.parametrize(
    ("memory", "shows"),
    [("lfuse", "62"), ("signature", "1E 95 0F"), ("calibration", "000000"), ("prodsig", "000010")],
)
def test_small_memories_are_shown(avrdeck: Avrdeck, memory: str, shows: str) -> None:
    assert shows in avrdeck("read", memory, "-P", PORT).out


def test_burn_puts_loader_fuses_and_lock_in_place(avrdeck: Avrdeck, chip: str, tmp_path: Path) -> None:
    file = tmp_path / "loader.hex"
    file.write_text(":027E0000FFCFB2\n:00000001FF\n")
    fuses = ["--lfuse", "0xff", "--hfuse", "0xDE", "--efuse", "FD", "--lock", "0b11001111"]
    ran = avrdeck("burn", "--bootloader", file, *fuses, "-p", "m328p", "-P", chip, "--yes", "--json")
    assert ran.json["after"] == {"lfuse": 0xFF, "hfuse": 0xDE, "efuse": 0xFD, "lock": 0xCF}
    assert avrdeck("id", "-P", chip, "--json").json["fuses"] == ran.json["after"]
    assert avrdeck("verify", "flash", file, "-P", chip).status == 0


@pytest.mark.parametrize("value", ["256", "-1", "0xGG", "", "1g"])
def test_what_is_no_byte_is_refused(avrdeck: Avrdeck, value: str, tmp_path: Path) -> None:
    file = tmp_path / "loader.hex"
    file.write_text(BLINK)
    assert avrdeck("burn", "--bootloader", file, "--lfuse", value, "-P", PORT, "--yes").status == 2


def test_without_a_verb_the_virtual_uno_is_burned_and_shown(avrdeck: Avrdeck) -> None:
    ran = avrdeck("-P", "sim:")
    assert ran.status == 0
    assert "Burning deckboot" in ran.err
    assert "lfuse FF  hfuse DE  efuse FD  lock CF" in ran.out


def test_without_a_verb_a_real_chip_is_only_looked_at(avrdeck: Avrdeck, chip: str) -> None:
    assert "lfuse 62" in avrdeck("-P", chip).out
    assert avrdeck("id", "-P", chip, "--json").json["fuses"]["lfuse"] == 0x62


@pytest.mark.parametrize("arguments", [["--version"], ["id", "-P", "sim:"], ["read", "--help"]])
def test_no_ui_is_imported_for_a_verb(arguments: list[str]) -> None:
    code = (
        "import sys; from avrdeck.commands.running import run; "
        f"run({arguments!r}); "
        "heavy = {'textual', 'prompt_toolkit', 'rich', 'intelhex', 'elftools'} & set(sys.modules); "
        "sys.exit(f'imported: {heavy}' if heavy else 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_what_is_erased_can_be_had_back(avrdeck: Avrdeck, chip: str, tmp_path: Path) -> None:
    source = tmp_path / "app.bin"
    source.write_bytes(b"\x12\x34" * 300)
    assert avrdeck("write", "flash", source, "-P", chip).status == 0
    assert avrdeck("erase", "-P", chip, "--yes").status == 0
    assert avrdeck("verify", "flash", source, "-P", chip).status == 8
    assert len(avrdeck("backups", "list", "--json").json["backups"]) == 1
    assert avrdeck("restore", "-P", chip, "--yes").status == 0
    assert avrdeck("verify", "flash", source, "-P", chip).status == 0


def test_progress_for_programs_is_json_lines_beside_the_one_object(avrdeck: Avrdeck, tmp_path: Path) -> None:
    ran = avrdeck("read", "eeprom", "-o", tmp_path / "e.hex", "-P", PORT, "--json")
    assert ran.json["size"] == 1024
    told = [json.loads(line) for line in ran.err.splitlines()]
    assert told[-1]["progress"] == {
        "operation": "read", "memory": "eeprom", "address": 1024, "done": 1024, "total": 1024,
    }  # fmt: skip


def test_help_lists_the_exit_statuses(avrdeck: Avrdeck) -> None:
    listing = " ".join(avrdeck("--help").out.split())
    for code in ExitCode:
        assert f"{int(code)} " in listing


def test_nothing_is_staged_that_a_bootloader_could_not_write(avrdeck: Avrdeck) -> None:
    ran = avrdeck("fuse", "set", "bodlevel=2.7V", "-P", "sim:?dialect=deckboot")
    assert ran.status == ExitCode.USAGE
    assert "ISP" in ran.err
    assert not ran.out


@pytest.mark.parametrize(
    "words", [["nosuch"], ["id", "--nosuch"], ["burn", "--lfuse", "zz"], ["gang", "id"], ["-b", "7", "id"]]
)
def test_what_is_called_wrongly_is_one_object_for_programs_too(words: list[str], avrdeck: Avrdeck) -> None:
    ran = avrdeck(*words, "--json")
    assert ran.status == ExitCode.USAGE
    assert ran.json["fault"]["kind"] == "UsageFault"
    assert ran.json["fault"]["title"]
    assert avrdeck(*words).err.startswith("Usage: ")


def test_fill_saves_the_eeprom_that_it_goes_over(avrdeck: Avrdeck, chip: str, own_data: Path) -> None:
    backups = own_data / "backups"
    assert avrdeck("fill", "eeprom", "0", "16", "55", "-P", chip, "--yes").status == 0
    assert not backups.exists()
    assert avrdeck("fill", "eeprom", "8", "16", "AA", "-P", chip, "--yes").status == 0
    (kept,) = backups.iterdir()
    assert avrdeck("restore", kept, "--only", "eeprom", "-P", chip, "--yes").status == 0
    assert avrdeck("dump", "eeprom", "8", "1", "-P", chip, "--json").json["data"] == "55"


def test_fill_does_all_that_it_is_told_or_nothing(avrdeck: Avrdeck, chip: str) -> None:
    ran = avrdeck("fill", "eeprom", "0x3F0", "17", "55", "-P", chip, "--yes")
    assert ran.status == ExitCode.USAGE
    assert "eeprom ends at 0x0400" in ran.err
    assert avrdeck("fill", "eeprom", "0x3F0", "16", "55", "-P", chip, "--yes").status == 0


def test_a_replay_keeps_the_pauses_in_which_a_board_starts(avrdeck: Avrdeck, tmp_path: Path) -> None:
    """The board resets when its port opens, and hears nothing of what is sent before it listens."""
    trace, lines = tmp_path / "session.jsonl", tmp_path / "lines.txt"
    lines.write_text(f"id\ntrace save {trace}\n")
    assert avrdeck("script", lines, "-P", "sim:").status == 0
    ran = avrdeck("replay", trace, "-P", "sim:", "--json")
    assert (ran.status, ran.json["same"]) == (0, True)
    assert avrdeck("replay", trace, "-P", "sim:?part=attiny85").status == ExitCode.VERIFY


def test_a_replay_of_a_trace_with_mad_times_ends(avrdeck: Avrdeck, tmp_path: Path) -> None:
    trace = tmp_path / "mad.jsonl"
    times = ["-1e300", "NaN", "Infinity", "1e300", "0"]
    lines = [f'{{"t": {time}, "dir": ">", "hex": "3020"}}\n' for time in times]
    trace.write_text("".join(lines) + '{"t": 1e300, "dir": "<", "hex": "15"}\n')
    assert avrdeck("replay", trace, "-P", "sim:").status == ExitCode.VERIFY
