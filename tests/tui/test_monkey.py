"""The app driven at random, with a line that fails now and then: it never crashes, hangs or writes unasked.

``AVRDECK_MONKEY=5000`` presses that many keys; ``AVRDECK_MONKEY_SEED`` begins elsewhere.
"""

import os
import random

import pytest

from avrdeck.jobs.questions import Question
from avrdeck.protocol.simulator.faults import Fault as Strike
from avrdeck.protocol.simulator.faults import Kind
from avrdeck.tui.actions import ACTIONS

KEYS = int(os.environ.get("AVRDECK_MONKEY", "150"))
SEED = int(os.environ.get("AVRDECK_MONKEY_SEED", "0"))
LEAVING = {"ctrl+q"}
TYPED = [*"0123456789abcdefyw", "space", "enter", "escape", "backspace", "tab", "slash", "enter", "escape"]
REGISTRY = sorted({key for action in ACTIONS for key in action.keys.split(",")} - LEAVING)
STRIKES = (Kind.DROP, Kind.FLIP, Kind.DOUBLE, Kind.RESET_PROGRAMMER, Kind.CUT_POWER, Kind.VANISH)


def contents(bench):
    """Everything that lasts on the chip."""
    cells = bench.target.cells
    return bytes(cells.flash), bytes(cells.eeprom), dict(cells.fuses)


@pytest.mark.parametrize("seed", range(SEED, SEED + 2))
async def test_random_keys_do_no_harm(deck, seed, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    granted = []
    judge = Question.granted_by

    def watched(question: Question, answer: str | None) -> bool:
        yes = judge(question, answer)
        granted.append(yes)
        return yes

    monkeypatch.setattr(Question, "granted_by", watched)
    dice = random.Random(seed)
    async with deck("sim:?autoreset=no&part=attiny13") as bench:
        bench.target = bench.machine.target
        before = contents(bench)
        for number in range(KEYS):
            key = dice.choice(REGISTRY if dice.random() < 0.7 else TYPED)
            if number % 40 == 39 and bench.session.connected:
                faults = bench.machine.faults
                faults.add(Strike(dice.choice(STRIKES), faults.to_device + dice.randrange(200)))
            await bench.pilot.press(key)
            programmer = bench.session.programmer
            if programmer and programmer.link.transport.machine.target is not bench.target:
                bench.target = programmer.link.transport.machine.target
                before, _ = contents(bench), granted.clear()
            after = contents(bench)
            disturbed = any(strike.kind in STRIKES for strike in faults_of(bench))
            assert after == before or any(granted) or disturbed, f"key {number}, {key}, wrote unasked"
            before = after
        assert bench.app.is_running


def faults_of(bench):
    programmer = bench.session.programmer
    return programmer.link.transport.machine.faults.faults if programmer else []
