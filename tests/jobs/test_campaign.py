"""The campaign itself: it sees lies, false success and what takes too long; branches end as runs do."""

import os
from collections import Counter
from dataclasses import replace

import pytest

from avrdeck.boards.catalog import part
from avrdeck.jobs.writing import write_image
from avrdeck.protocol.codes import Op
from avrdeck.protocol.errors import Fault, TargetError
from avrdeck.protocol.simulator.faults import Fault as Injected
from avrdeck.protocol.simulator.faults import Kind
from avrdeck.protocol.target import memories
from jobs.campaign import all_of, counted, once
from jobs.claims import Scene, untrue
from jobs.points import Counting, faults, parsed, places, spelled
from jobs.trials import TRIALS, Content, Stage, Trial
from jobs.trials.isp import NUMBERS, SKETCH
from jobs.trials.model import Work
from jobs.trying import Outcome

CHIP = part("ATtiny13")
BEFORE = Content(CHIP, bytes(1024), bytes(64), {"lfuse": 0x6A, "hfuse": 0xFF, "lock": 0xFF})
ERASED = BEFORE.erased()
PLANNED = ERASED.written(SKETCH).with_fuses(lfuse=0x7A)
forks = pytest.mark.skipif(not hasattr(os, "fork"), reason="the campaign branches by fork")


def doing(work: Work, name: str = "write EEPROM") -> Trial:
    """A trial with other work."""
    return replace(TRIALS[name], work=work)


async def unverified(stage: Stage) -> None:
    await memories.write(stage.target, NUMBERS, erased=False)


async def silent(stage: Stage) -> None:
    try:
        await write_image(stage.target, NUMBERS)
    except Fault as fault:
        fault.holds = ""
        raise


async def lying(stage: Stage) -> None:
    await write_image(stage.target, NUMBERS)
    raise TargetError("It went wrong", holds="The chip is unchanged.")


async def broken(stage: Stage) -> None:
    raise RuntimeError("a defect")


async def dawdling(stage: Stage) -> None:
    await write_image(stage.target, NUMBERS)
    await stage.target.link.transport.sleep(100.0)


NOTHING = parsed("to-device:1000000:drop:00")
"""A fault that never strikes."""
FLIPPED_DATA = parsed("to-device:4:flip:01")


@pytest.mark.parametrize(
    ("work", "fault", "expected"),
    [
        (unverified, FLIPPED_DATA, "false_success"),
        (lying, NOTHING, "lies"),
        (broken, NOTHING, "crash"),
        (dawdling, NOTHING, "seconds"),
    ],
)
def test_what_must_not_happen_is_seen(work: Work, fault: Injected, expected: str) -> None:
    outcome = once(doing(work), fault)
    assert getattr(outcome, expected)
    assert not outcome.good(30.0)


def test_a_fault_that_does_not_say_what_the_chip_holds_is_seen() -> None:
    outcome = once(doing(silent), parsed("to-device:30:vanish:00"))
    assert outcome.lies == "it does not say what the chip holds"


def test_every_job_does_what_it_should_when_nothing_disturbs_it() -> None:
    assert {name for name, trial in TRIALS.items() if not once(trial, NOTHING).good(trial.patience)} == set()


@forks
def test_a_branch_ends_as_a_run_of_its_own() -> None:
    trial = TRIALS["write EEPROM"]
    chosen = list(faults(counted(trial), thorough=True))[150:175]
    branches = {one.fault: one for one in all_of(trial, chosen, workers=2)}
    assert set(branches) == {*chosen, None}
    assert [branches[fault] for fault in chosen] == [once(trial, fault) for fault in chosen]
    assert {bool(one.said) for one in branches.values()} == {True, False}


def test_every_byte_is_a_place_but_repetitions_and_the_middle_of_page_data() -> None:
    heard = counted(TRIALS["write flash"])
    every, chosen = places(heard, thorough=True), places(heard)
    assert len(set(every)) == len(every) == len(heard.directions)
    assert set(chosen) < set(every)
    sent = bytes(heard.sent)
    first = sent.index(bytes([Op.PROG_PAGE])) + 4
    indexes = [index for to_host, index in chosen if not to_host and first <= index < first + 32]
    assert indexes == [first + at for at in (*range(4), 4, 15, 26, *range(28, 32))]


def test_a_reading_is_disturbed_the_first_and_the_last_time() -> None:
    read, write = bytes.fromhex("56 50 00 00 00 20"), bytes.fromhex("56 AC A0 00 E2 20")
    sent = read * 4 + write + read
    plan = Counting(directions=[False] * len(sent), sent=bytearray(sent))
    assert [index for _, index in places(plan)] == [*range(6), *range(18, 36)]


def test_a_long_answer_keeps_its_ends() -> None:
    plan = Counting(directions=[False, *[True] * 200, False])
    found = places(plan)
    assert found[:2] == [(False, 0), (True, 0)]
    assert found[-2:] == [(True, 199), (False, 1)]
    assert len(found) < 60


def test_every_bit_is_flipped_where_it_can_make_another_command_of_a_byte() -> None:
    read, write = bytes.fromhex("56 50 00 00 00 20"), bytes.fromhex("56 AC A0 00 E2 20")
    sent = read + write + bytes.fromhex("55 10 00 20 64 00 02 46 AB CD 20")
    plan = Counting(directions=[False] * len(sent), sent=bytearray(sent))
    bits = Counter(fault.index for fault in faults(plan) if fault.kind is Kind.FLIP)
    counts = [bits[index] for index in range(len(sent))]
    assert counts == [8, 8, 2, 2, 2, 1, 8, 8, 8, 8, 8, 1, 8, 8, 8, 1, 8, 8, 8, 8, 2, 2, 1]


def test_what_strikes_the_board_strikes_before_a_command_and_before_it_is_complete() -> None:
    write = bytes.fromhex("56 AC A0 00 E2 20")
    plan = Counting(directions=[False] * 6 + [True] * 3, sent=bytearray(write))
    struck = [(fault.to_host, fault.index) for fault in faults(plan) if fault.kind is Kind.CUT_POWER]
    assert struck == [(False, 0), (False, 5), (True, 0), (True, 2)]


def test_nothing_is_left_out_of_a_thorough_campaign() -> None:
    heard = counted(TRIALS["write EEPROM"])
    every = list(faults(heard, thorough=True))
    assert set(faults(heard)) < set(every)
    assert {(fault.to_host, fault.index) for fault in every} == set(places(heard, thorough=True))
    assert Counter(fault.kind for fault in every)[Kind.VANISH] == len(heard.directions)


def test_a_fault_is_spelled_so_that_it_can_be_tried_again() -> None:
    some = list(faults(Counting(directions=[False, True])))
    assert {fault.kind for fault in some} == set(Kind)
    assert [parsed(spelled(fault)) for fault in some] == some


UP_TO_A_PAGE = (
    "flash holds blink.hex in part: it was written up to 0x0000, perhaps a little further, "
    "and is not verified."
)
SENTENCES = [
    ("The chip is unchanged.", BEFORE, ERASED),
    ("The chip is erased or partly so; its fuses are unchanged.", ERASED, PLANNED),
    ("The chip is blank; its fuses are unchanged.", ERASED, BEFORE),
    ("eeprom was written and is not verified.", BEFORE.written(NUMBERS), ERASED),
    ("flash may hold the beginning of blink.hex; it is not verified.", BEFORE, PLANNED),
    (UP_TO_A_PAGE, BEFORE, PLANNED),
    ("lfuse may be 6A or 7A; nothing is in effect before programming mode is left.", BEFORE, ERASED),
    ("The fuses are written as planned; they take effect when programming mode is left.", PLANNED, ERASED),
    (
        "The chip is erased, its fuses are as planned, its flash is blank.",
        ERASED.with_fuses(lfuse=0x7A),
        PLANNED,
    ),
    ("The chip is as planned.", PLANNED, ERASED),
    ("It was looked at again: lfuse 7A, hfuse FF.", PLANNED, ERASED),
    ("Restored so far: flash, lfuse. The lock bits are not yet.", PLANNED, ERASED),
]


@pytest.mark.parametrize(("text", "true_of", "false_of"), SENTENCES)
def test_a_sentence_is_held_against_the_chip(text: str, true_of: Content, false_of: Content) -> None:
    assert untrue(text, Scene(BEFORE, true_of, PLANNED, garbled=False), silent=False) == ""
    assert untrue(text, Scene(BEFORE, false_of, PLANNED, garbled=False), silent=False).startswith("not so")


def test_a_sentence_that_nobody_checks_counts_as_untrue() -> None:
    scene = Scene(BEFORE, BEFORE, PLANNED, garbled=False)
    assert untrue("The chip is unchanged. All is well.", scene, silent=False) == "unchecked: All is well."


def test_a_late_success_is_not_good() -> None:
    good = Outcome(None, planned=True, resumed=True, seconds=1.0)
    assert good.good(30.0)
    assert not replace(good, seconds=31.0).good(30.0)
