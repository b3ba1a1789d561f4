from commands.conftest import Avrdeck

PORT = "sim:?autoreset=no"


def test_a_healthy_bench_is_called_that(avrdeck: Avrdeck) -> None:
    ran = avrdeck("doctor", "-P", PORT)
    assert ran.status == 0
    assert "✓ Signature                   1E 95 0F, 3 reads agree" in ran.out
    assert "Healthy: Programmer and target answer as they should" in ran.out
    assert ran.out.endswith("1 probes, 0 s, nothing written\n")


def test_a_brick_is_explained_from_what_was_written(avrdeck: Avrdeck) -> None:
    arguments = ("doctor", "-p", "m328p", "--wrote", "lfuse=0xFF", "-P", f"{PORT}&target=none")
    assert "Nobody drives MISO" in avrdeck(*arguments).out
    assert "--wrote" not in avrdeck(*arguments).err


def test_the_picture_shows_the_wires_of_the_named_board(avrdeck: Avrdeck) -> None:
    out = avrdeck("doctor", "--programmer", "mega", "-p", "attiny85", "-P", f"{PORT}&target=none").out
    assert "D51 or ICSP-4" in out
    assert "Arduino Mega" in out
    assert "pin 5 (PB0)" in out
    assert max(map(len, out.splitlines())) <= 80


def test_programs_get_checks_causes_and_action(avrdeck: Avrdeck) -> None:
    found = avrdeck("doctor", "--json", "-P", f"{PORT}&target=none").json
    assert found["healthy"] is False
    signature = next(check for check in found["checks"] if check["name"] == "Signature")
    assert (signature["section"], signature["state"], signature["seen"]) == ("Target", "fail", "FF FF FF")
    assert [cause["rule"] for cause in found["causes"]] == ["", "A2", "A3"]
    assert found["action"] == found["causes"][0]["action"]
    assert {"signal": "MOSI", "programmer": "D11 or ICSP-4", "target": "pin 4"} in found["wires"]


def test_a_port_that_is_not_there_is_a_finding_and_no_fault(avrdeck: Avrdeck) -> None:
    ran = avrdeck("doctor", "-P", "/dev/nothing-is-here")
    assert ran.status == 0
    assert "× Port" in ran.out
    assert "Found: There is no port /dev/nothing-is-here" in ran.out


def test_what_was_written_needs_its_part(avrdeck: Avrdeck) -> None:
    assert avrdeck("doctor", "--wrote", "lfuse=0xFF", "-P", PORT).status == 2
    assert avrdeck("doctor", "--programmer", "toaster", "-P", PORT).status == 2
