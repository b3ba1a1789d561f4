import json
from pathlib import Path

import pytest

from avrdeck.protocol.errors import ExitCode
from commands.conftest import Avrdeck

PORT = "sim:?autoreset=no&part=atmega88p"
FUSES = ("--lfuse", "0xFF", "--hfuse", "0xDE", "--efuse", "0xFA", "--lock", "0xCF")
LOADER = ":021F0000FFCF11\n:00000001FF\n"


@pytest.fixture
def chip(tmp_path: Path) -> str:
    """A virtual chip that keeps its state from command to command."""
    return f"{PORT}&state={tmp_path / 'chip.json'}"


@pytest.fixture
def loader(tmp_path: Path) -> Path:
    file = tmp_path / "loader.hex"
    file.write_text(LOADER)
    return file


def test_the_plan_is_shown_and_what_it_held_is_saved(
    avrdeck: Avrdeck, chip: str, loader: Path, own_data: Path
) -> None:
    ran = avrdeck("burn", "--bootloader", loader, *FUSES, "-P", chip, "--yes")
    assert ran.status == 0
    for line in ("lfuse: 62 → FF", "Lock and verify: FF → CF", "2 bytes of loader.hex at 0x1F00"):
        assert line in ran.err
    assert "loader.hex is in the ATmega88P" in ran.out
    assert "lfuse FF  hfuse DE  efuse FA  lock CF" in ran.out
    (saved,) = (own_data / "backups").iterdir()
    assert str(saved) in ran.out
    assert list((own_data / "burns").iterdir()) == []


def test_the_burn_is_in_the_chips_history(avrdeck: Avrdeck, chip: str, loader: Path) -> None:
    done = avrdeck("burn", "--bootloader", loader, *FUSES, "-P", chip, "--yes", "--json").json
    assert done["after"] == {"lfuse": 0xFF, "hfuse": 0xDE, "efuse": 0xFA, "lock": 0xCF}
    assert Path(done["backup"]).is_file()
    shown = avrdeck("inventory", "show", done["serial"]).out
    assert "loader.hex" in shown


def test_a_dry_run_tells_how_it_would_end_and_writes_nothing(
    avrdeck: Avrdeck, chip: str, loader: Path
) -> None:
    ran = avrdeck("burn", "--bootloader", loader, *FUSES, "-P", chip, "--dry-run")
    assert ran.status == 0
    assert "if nothing is on XTAL1" in ran.out
    assert "Nothing clocks the chip" in ran.out
    assert "would hold the plan and answer at 16 MHz" in ran.out
    assert avrdeck("id", "-P", chip, "--json").json["fuses"]["lfuse"] == 0x62


def test_a_dry_run_for_programs_has_operations_findings_and_rehearsals(
    avrdeck: Avrdeck, chip: str, loader: Path
) -> None:
    arguments = ["burn", "--bootloader", loader, "--hfuse", "0x5F", "-P", chip, "--dry-run", "--xtal", "none"]
    told = avrdeck(*arguments, "--json").json
    assert [each["step"] for each in told["operations"]] == [
        "signature", "backup", "erase", "hfuse", "restart", "flash", "verify",
    ]  # fmt: skip
    assert "fatal" in {finding["severity"] for finding in told["findings"]}
    (played,) = told["rehearsals"]
    assert (played["good"], played["answers"], played["lockout"]) == (False, False, "RSTDISBL")


def test_a_serial_number_is_in_the_chip_its_receipt_and_its_history(
    avrdeck: Avrdeck, chip: str, loader: Path, own_data: Path
) -> None:
    options = ["--serial", "text:SN-{counter:4}", "--serial-at", "eeprom:0x1F0"]
    ran = avrdeck("burn", "--bootloader", loader, *FUSES, *options, "-P", chip, "--yes")
    assert ran.status == 0
    assert "Serial number: SN-{counter:4}, at 0x01F0 of eeprom" in ran.err
    assert "serial number SN-0001 (53 4E 2D 30 30 30 31) at 0x01F0 of eeprom" in ran.out
    assert "SN-0001" in avrdeck("dump", "eeprom", "0x1F0", "16", "-P", chip).out
    shown = avrdeck("inventory", "show", "1").out
    assert "burn     loader.hex, serial number SN-0001" in shown
    counter = own_data / "other"
    told = avrdeck(
        "burn", "--bootloader", loader, *options, "--serial-counter", counter, "-P", chip, "--yes", "--json"
    ).json
    assert told["serial_number"] == "SN-0001"
    assert told["stamp"] == {"memory": "eeprom", "address": 0x1F0, "data": b"SN-0001".hex().upper()}
    assert counter.read_text() == "2\n"


def test_a_burn_that_stopped_is_in_the_history_with_its_number_and_goes_on_with_it(
    avrdeck: Avrdeck, chip: str, loader: Path
) -> None:
    options = ["--serial", "number", "--serial-at", "flash:0x1FFC"]
    ran = avrdeck("burn", "--bootloader", loader, *FUSES, *options, "-P", f"{chip}&xtal=none", "--yes")
    assert ran.status == ExitCode.TARGET
    assert "Serial number 1 stays this chip's: no counter gives it again." in ran.err
    assert "burn     loader.hex, serial number 1: stopped at restart" in avrdeck("inventory", "show", "1").out
    fitted = f"{chip}&xtal=16000000"
    ran = avrdeck("burn", "--resume", "-P", fitted, "--yes", "--json")
    assert ran.json["serial_number"] == "1"
    assert "01 00 00 00" in avrdeck("dump", "flash", "0x1FFC", "4", "-P", fitted).out


def test_a_dry_run_uses_no_number_and_says_which_it_would_be(avrdeck: Avrdeck, own_data: Path) -> None:
    arguments = ["burn", "uno", "--wish", "baud=57600,led=none", "--wish", "timeout=2", "--serial", "number"]
    arguments += ["-P", "sim:?autoreset=no", "--dry-run", "--xtal", "16000000"]
    for _ in range(2):
        out = avrdeck(*arguments).out
        assert "made for 16 MHz, 57600 baud (UBRR 34, -0.8 %), no LED, waits 2 s for a host" in out
        assert "The serial number would be 1 (01 00 00 00) at 0x7FFC of flash" in out
    told = avrdeck(*arguments, "--json").json
    assert told["deckboot"] == {
        "variant": "atmega328p-timeout", "f_cpu_hz": 16_000_000, "baud": 57_600, "ubrr": 34,
        "error_percent": -0.79, "led": None, "timeout_s": 1.987,
    }  # fmt: skip
    assert (told["serial_number"], told["rehearsals"][0]["good"]) == ("1", True)
    assert not (own_data / "counters").exists()


def test_burn_and_fuse_set_read_a_byte_alike(avrdeck: Avrdeck, chip: str, loader: Path) -> None:
    """In hex, as data sheets write fuse bytes: 98 is 0x98."""
    arguments = ["burn", "--bootloader", loader, "--lfuse", "98", "-P", chip, "--dry-run", "--json"]
    assert avrdeck(*arguments).json["fuses"] == {"lfuse": 0x98}
    staged = avrdeck("fuse", "set", "lfuse=98", "-P", chip, "--json").json
    assert staged["changes"]["lfuse"]["new"] == 0x98


def test_a_fatal_burn_is_refused_unless_the_part_is_named(avrdeck: Avrdeck, chip: str, loader: Path) -> None:
    arguments = ["burn", "--bootloader", loader, "--hfuse", "0x5F", "-P", chip, "--yes"]
    assert avrdeck(*arguments).status == ExitCode.REFUSED
    assert avrdeck("id", "-P", chip).status == 0
    assert avrdeck(*arguments, "--force-fatal", "ATmega88P").status == ExitCode.TARGET


def test_an_interrupted_burn_is_resumed(avrdeck: Avrdeck, chip: str, loader: Path, own_data: Path) -> None:
    """No crystal at first: the burn stops when the fuses take effect; then somebody fits one."""
    nothing = f"{chip}&xtal=none"
    ran = avrdeck("burn", "--bootloader", loader, *FUSES, "-P", nothing, "--yes")
    assert ran.status == ExitCode.TARGET
    assert "The chip is erased, its fuses are as planned, its flash is blank." in ran.err
    assert "avrdeck burn --resume" in ran.err
    fitted = f"{chip}&xtal=16000000"
    ran = avrdeck("burn", "--resume", "-P", fitted, "--yes")
    assert ran.status == 0
    assert "stopped at: restart" in ran.err
    assert avrdeck("verify", "flash", loader, "-P", fitted).status == 0
    assert avrdeck("burn", "--resume", "-P", fitted, "--yes").status == ExitCode.USAGE


def test_a_damaged_journal_is_no_reason_to_burn(
    avrdeck: Avrdeck, chip: str, loader: Path, own_data: Path
) -> None:
    avrdeck("burn", "--bootloader", loader, *FUSES, "-P", f"{chip}&xtal=none", "--yes")
    (journal,) = (own_data / "burns").iterdir()
    journal.write_text(json.dumps({**json.loads(journal.read_text()), "lock": 4000}))
    ran = avrdeck("burn", "--resume", "-P", f"{chip}&xtal=16000000", "--yes")
    assert ran.status == ExitCode.INPUT
    assert "4000 is no number up to 255" in ran.err


def test_boards_bring_everything_and_deckboot_steps_in(avrdeck: Avrdeck) -> None:
    ran = avrdeck("burn", "uno", "--deckboot", "-P", "sim:?autoreset=no", "--yes", "--no-backup", "--json")
    assert ran.json["file"].startswith("deckboot")
    assert ran.json["after"]["hfuse"] == 0xDE


def test_a_boards_part_must_be_the_chips(avrdeck: Avrdeck, chip: str) -> None:
    ran = avrdeck("burn", "uno", "--deckboot", "-P", chip, "--yes")
    assert ran.status == ExitCode.SIGNATURE
    assert "has an ATmega328P, the chip is an ATmega88P" in ran.err


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["nosuchboard"],
        ["nano", "--menu", "cpu"],
        ["nano", "--menu", "cpu=z80"],
        ["--menu", "cpu=atmega168"],
        ["uno", "--resume"],
        ["--resume", "--lock", "1"],
        ["uno", "--xtal", "soon"],
        ["uno", "--lfuse", "256"],
        ["uno", "--lfuse", "100"],
        ["uno", "--wish", "baud=300,clock=16000000"],
        ["uno", "--wish", "led=Z9"],
        ["uno", "--wish", "colour=red"],
        ["uno", "--wish", "small"],
        ["uno", "--deckboot", "--bootloader", "loader.hex"],
        ["uno", "--serial", "nr"],
        ["uno", "--serial", "number", "--serial-at", "0x10"],
        ["uno", "--serial", "number", "--serial-at", "lfuse:0"],
        ["uno", "--serial", "number", "--serial-at", "eeprom:here"],
        ["uno", "--serial-overwrite"],
        ["--resume", "--serial", "number"],
        ["--resume", "--wish", "led=none"],
    ],
)
def test_what_cannot_be_meant_is_refused_before_a_port_is_opened(
    avrdeck: Avrdeck, arguments: list[str]
) -> None:
    assert avrdeck("burn", *arguments, "-P", "/dev/nowhere", "--yes").status == ExitCode.USAGE
