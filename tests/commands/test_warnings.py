"""What is to be known before a chip is changed is told, also where the answer is given beforehand."""

import json

import pytest

from commands.conftest import Avrdeck

PORT = "sim:?autoreset=no"
CRYSTAL = ("fuse", "set", "lfuse=0xFF", "-w", "-P", PORT)
NO_RESET = ("fuse", "set", "rstdisbl=0", "-w", "-P", PORT)


@pytest.mark.parametrize(
    ("words", "warning"),
    [
        ((*CRYSTAL, "--yes"), "recoverable A6: Needs its crystal"),
        ((*NO_RESET, "--force-fatal=ATmega328P"), "fatal A2: RESET becomes a port pin"),
        (("isp", "AC", "A0", "00", "FF", "-P", PORT, "--yes"), "recoverable A6: Needs its crystal"),
        (("burn", "uno", "--deckboot", "-P", PORT, "--yes"), "recoverable A6: Needs its crystal"),
    ],
)
@pytest.mark.parametrize("told", [(), ("--json",)])
def test_a_warning_is_told_when_its_question_was_answered_beforehand(
    words: tuple[str, ...], warning: str, told: tuple[str, ...], avrdeck: Avrdeck
) -> None:
    ran = avrdeck(*words, *told)
    assert ran.err.count(warning) == 1


@pytest.mark.parametrize(
    ("words", "required", "finding"), [(CRYSTAL, "yes", "A6"), ((*NO_RESET, "--yes"), "ATmega328P", "A2")]
)
def test_a_program_is_told_the_question_that_it_did_not_answer(
    words: tuple[str, ...], required: str, finding: str, avrdeck: Avrdeck
) -> None:
    ran = avrdeck(*words, "--json")
    assert ran.status == 10
    (asked,) = [line for line in map(json.loads, ran.err.splitlines()) if "question" in line]
    assert asked["question"].startswith("Write ")
    assert asked["required"] == required
    assert finding in [each["id"] for each in asked["findings"]]


def test_nobody_is_asked_for_an_undo_who_cannot_answer(avrdeck: Avrdeck) -> None:
    for told in ([], ["--json"]):
        ran = avrdeck(*NO_RESET, "--force-fatal=ATmega328P", *told)
        assert "in effect yet" not in ran.err
