import asyncio
import io
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from avrdeck.commands.gangview import Lines, Table, row_text
from avrdeck.commands.outlets import Outlet
from avrdeck.jobs.burn.job import Burnt, carry_out
from avrdeck.jobs.gang import Row, Standing
from avrdeck.jobs.inventory.book import Inventory
from avrdeck.jobs.inventory.model import Kind
from avrdeck.protocol.errors import ExitCode
from avrdeck.protocol.programmer import Programmer
from commands.conftest import Avrdeck


@pytest.fixture
def ports(tmp_path: Path) -> list[str]:
    """Three virtual chips that keep their state."""
    return [f"sim:?autoreset=no&seed={seed}&state={tmp_path / str(seed)}" for seed in range(3)]


def test_all_are_burned_and_each_has_its_receipt(avrdeck: Avrdeck, ports: list[str], own_data: Path) -> None:
    ran = avrdeck(
        "gang", "burn", "uno", "--deckboot", "--no-backup", "--ports", ",".join(ports), "--yes", "--json"
    )
    rows = {row["port"]: row for row in ran.json["ports"]}
    assert set(rows) == set(ports)
    assert len({row["serial"] for row in rows.values()}) == 3
    assert all(row["after"]["lock"] == 0xCF and row["verified"] for row in rows.values())
    assert len(list((own_data / "backups").iterdir())) == 3
    told = avrdeck("gang", "id", *(word for port in ports for word in ("--ports", port))).out
    assert all(row["serial"] in told for row in rows.values())


def test_one_that_fails_is_told_and_the_others_are_done(avrdeck: Avrdeck, ports: list[str]) -> None:
    broken = f"{ports[1]}&xtal=none"
    arguments = ["gang", "burn", "uno", "--deckboot", "--no-backup", "--yes", "--ports"]
    ran = avrdeck(*arguments, f"{ports[0]},{broken},{ports[2]}")
    assert ran.status == ExitCode.FAILURE
    assert "1 of 3 ports failed" in ran.err
    assert "its flash is blank" in ran.err
    assert "avrdeck burn --resume -P PORT" in ran.err
    for port in (ports[0], ports[2]):
        assert avrdeck("id", "-P", port, "--json").json["fuses"]["lock"] == 0xCF
    assert avrdeck("burn", "--resume", "-P", f"{ports[1]}&xtal=16000000", "--yes").status == 0


def test_every_port_gets_a_number_of_its_own_in_its_row_and_receipt(
    avrdeck: Avrdeck, ports: list[str]
) -> None:
    arguments = ["gang", "burn", "uno", "--deckboot", "--no-backup", "--serial", "number", "--yes"]
    ran = avrdeck(*arguments, "--ports", ",".join(ports))
    assert ran.status == 0
    numbers = set()
    for port in ports:
        line = next(line for line in ran.out.splitlines() if port in line)
        number = line.partition("No. ")[2].split()[0]
        assert f"{port}: " in ran.err
        assert f"No. {number}  write" in ran.err
        content = avrdeck("dump", "flash", "0x7FFC", "4", "-P", port).out
        assert content.startswith(f"007FFC  0{number} 00 00 00")
        numbers.add(number)
    assert numbers == {"1", "2", "3"}
    assert ran.err.count("Arduino UNO: deckboot") == 1


def test_for_programs_every_row_has_its_receipt_or_its_fault(avrdeck: Avrdeck, ports: list[str]) -> None:
    wrong = [f"{ports[1]}&xtal=none", "/dev/nowhere"]
    arguments = ["gang", "burn", "uno", "--deckboot", "--no-backup", "--serial", "number", "--yes", "--json"]
    ran = avrdeck(*arguments, "--ports", ",".join([ports[0], *wrong, ports[2]]))
    assert ran.status == ExitCode.FAILURE
    rows = {row["port"]: row for row in ran.json["ports"]}
    assert set(rows) == {ports[0], *wrong, ports[2]}
    for port in (ports[0], ports[2]):
        assert rows[port]["fault"] is None
        assert (rows[port]["verified"], rows[port]["after"]["lock"]) == (True, 0xCF)
    half, nowhere = (rows[port]["fault"] for port in wrong)
    assert (half["kind"], half["exit_code"]) == ("TargetError", ExitCode.TARGET)
    assert "its flash is blank" in half["holds"]
    assert (nowhere["kind"], nowhere["exit_code"]) == ("PortError", ExitCode.PORT)
    numbers = [rows[port]["serial_number"] for port in (ports[0], wrong[0], ports[2])]
    assert sorted(numbers) == ["1", "2", "3"]
    assert rows["/dev/nowhere"]["serial_number"] is None
    assert ran.json["fault"]["title"] == "2 of 4 ports failed"
    assert "--resume" in ran.json["fault"]["advice"]


def test_every_row_stands_below_the_one_before(avrdeck: Avrdeck, ports: list[str]) -> None:
    lines = avrdeck("gang", "id", "--ports", f"/dev/nowhere,{ports[0]}").err.splitlines()
    told = lines[lines.index("avrdeck: 1 of 2 ports failed") + 1 :]
    assert {line[:11] for line in told} == {"         ✗ ", "         ✓ "}


def test_what_has_not_begun_is_not_to_be_resumed(avrdeck: Avrdeck, ports: list[str]) -> None:
    arguments = ["gang", "burn", "uno", "--deckboot", "--json", "--ports", f"{ports[0]},/dev/nowhere"]
    ran = avrdeck(*arguments)
    assert ran.json["fault"]["title"] == "2 of 2 ports failed"
    assert ran.json["fault"]["advice"] == ""


def test_the_fuses_of_a_port_that_fails_are_noted_as_they_were_and_as_they_are(
    avrdeck: Avrdeck, ports: list[str]
) -> None:
    broken = f"{ports[1]}&xtal=none"
    arguments = ["gang", "burn", "uno", "--deckboot", "--no-backup", "--yes", "--ports"]
    assert avrdeck(*arguments, f"{ports[0]},{broken}").status == ExitCode.FAILURE
    with Inventory() as inventory:
        chips = {known.port: inventory.history(known.id) for known in inventory.chips()}
        assert {known.sightings for known in inventory.chips()} == {1}
    history = chips[broken]
    assert [each.kind for each in history] == [Kind.FUSES, Kind.BURN, Kind.FUSES]
    before, after = history[0].data, history[2].data
    assert (before["lfuse"], after["lfuse"], after["lock"]) == (0x62, 0xFF, 0xFF)
    assert "stopped at restart" in history[1].text
    assert [each.kind for each in chips[ports[0]]] == [Kind.FUSES, Kind.FUSES, Kind.BURN]
    causes = avrdeck("doctor", "-P", broken, "--json").json["causes"]
    assert (causes[0]["rule"], causes[0]["sure"]) == ("A6", True)


@pytest.fixture
def interrupts() -> Iterator[None]:
    """Ctrl-C interrupts; a program that was started in the background ignores it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("interrupts")
@pytest.mark.parametrize("watch", [False, True], ids=["at once", "after those at work may end"])
def test_ctrl_c_tells_every_port_as_far_as_it_came(
    avrdeck: Avrdeck, ports: list[str], monkeypatch: pytest.MonkeyPatch, watch: bool
) -> None:
    presses = 2 if watch else 1

    async def slow(programmer: Programmer, *others) -> Burnt:
        if programmer.link.transport.name != ports[1]:
            return await carry_out(programmer, *others)
        await first_is_done.wait()
        ledger = others[-1]
        ledger.holds = "The chip is erased, its fuses are unchanged."
        for _ in range(presses):
            os.kill(os.getpid(), signal.SIGINT)
            for _ in range(20):
                await asyncio.sleep(0)
        return await asyncio.Event().wait()

    def show(lines: Lines, row: Row[Burnt]) -> None:
        if row.standing is Standing.DONE:
            first_is_done.set()

    first_is_done = asyncio.Event()
    monkeypatch.setattr("avrdeck.commands.ganging.carry_out", slow)
    monkeypatch.setattr(Lines, "show", show)
    arguments = ["gang", "burn", "uno", "--deckboot", "--no-backup", "--yes", "--json", "--ports"]
    ran = avrdeck(*arguments, ",".join(ports[:2]), *(["--watch"] if watch else []))
    assert ran.status == ExitCode.CANCELLED
    assert ("No more ports join" in ran.err) is watch
    rows = {row["port"]: row for row in ran.json["ports"]}
    assert rows[ports[0]]["after"]["lock"] == 0xCF
    fault = rows[ports[1]]["fault"]
    assert (fault["exit_code"], fault["holds"]) == (
        ExitCode.CANCELLED, "The chip is erased, its fuses are unchanged.",
    )  # fmt: skip
    whole = ran.json["fault"]
    assert (whole["exit_code"], whole["title"]) == (ExitCode.CANCELLED, "Stopped, with 1 of 2 ports done")
    assert "--resume" in whole["advice"]


def test_ctrl_c_keeps_its_meaning_afterwards(avrdeck: Avrdeck, ports: list[str]) -> None:
    before = signal.getsignal(signal.SIGINT)
    assert avrdeck("gang", "id", "--ports", ports[0]).status == ExitCode.OK
    assert signal.getsignal(signal.SIGINT) is before


def test_identities_for_programs_have_the_ports_that_failed_too(avrdeck: Avrdeck, ports: list[str]) -> None:
    ran = avrdeck("gang", "id", "--ports", f"{ports[0]},sim:?target=none", "--json")
    assert ran.status == ExitCode.FAILURE
    rows = {row["port"]: row for row in ran.json["ports"]}
    assert rows[ports[0]]["signature"] == "1E950F"
    assert rows["sim:?target=none"]["fault"]["exit_code"] == ExitCode.TARGET


@pytest.mark.parametrize("spec", ["bytes:01020304", "text:ABCD", "text:{date}"])
def test_one_number_for_all_is_refused(avrdeck: Avrdeck, ports: list[str], spec: str) -> None:
    ran = avrdeck("gang", "burn", "uno", "--deckboot", "--serial", spec, "--ports", ports[0], "--yes")
    assert ran.status == ExitCode.USAGE
    assert "Every chip would get the same serial number" in ran.err


def test_without_a_yes_no_chip_is_touched(avrdeck: Avrdeck, ports: list[str]) -> None:
    ran = avrdeck("gang", "burn", "uno", "--deckboot", "--no-backup", "--ports", ",".join(ports))
    assert ran.status == ExitCode.FAILURE
    assert ran.err.count("The answer holds for every port alike.") == 1
    assert avrdeck("id", "-P", ports[0], "--json").json["fuses"]["lock"] == 0xFF


def test_watching_ends_after_the_count(avrdeck: Avrdeck, ports: list[str]) -> None:
    """And says that it waits for ports, which may take its time."""
    ran = avrdeck("gang", "id", "--ports", ",".join(ports), "--watch", "--count", "2", "--json")
    assert len(ran.json["ports"]) == 2
    assert "join as they appear" in ran.err


@pytest.mark.parametrize("arguments", [["--ports", "/dev/nowhere*"], ["--ports", ","], ["--count", "2"], []])
def test_what_names_no_port_is_refused(avrdeck: Avrdeck, arguments: list[str]) -> None:
    assert avrdeck("gang", "id", *arguments).status == ExitCode.USAGE


def test_a_row_shows_how_far_it_is() -> None:
    row = Row("/dev/ttyACM0", Standing.WORKING, "ATmega328P", "verify flash", 256, 512)
    assert row_text(row) == "► /dev/ttyACM0             ████████░░░░░░░░  50%  ATmega328P  verify flash"


def test_a_row_shows_the_serial_number_and_nothing_that_steers_a_terminal() -> None:
    row = Row("a", Standing.WORKING, "ATmega328P", "verify flash", serial="SN\x1b7")
    assert row_text(row).endswith(r"0%  ATmega328P  No. SN\x1b7  verify flash")


def test_a_table_is_painted_over_in_place() -> None:
    stream = io.StringIO()
    table = Table(Outlet(stream))
    for standing in (Standing.CONNECTING, Standing.DONE):
        table.show(Row("a\x1b", standing))
        table.show(Row("b", standing))
    table.end()
    text = stream.getvalue()
    assert "a\x1b" not in text
    assert text.count("\x1b[2F") == 3
    assert text.endswith("✓ b                        ████████████████ 100%  done\n")
