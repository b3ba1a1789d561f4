from collections.abc import Awaitable, Callable

import pytest

from avrdeck.boards.catalog import part
from avrdeck.boards.safety import Severity
from avrdeck.jobs.events import Event, StepStarted
from avrdeck.jobs.fuses import Change, plan, write_fuses
from avrdeck.jobs.questions import Question, Topic
from avrdeck.protocol.errors import Refused, TargetError, UsageFault, VerifyError
from avrdeck.protocol.target import fuses
from avrdeck.protocol.transports.sim import SimTransport
from virtual import board, programmer_on

FACTORY = {"lfuse": 0x62, "hfuse": 0xD9, "efuse": 0xFF, "lock": 0xFF}
M328P = part("ATmega328P")


class Asked:
    """Answers every question by its topic and remembers them."""

    def __init__(self, confirm: str | None = "yes", undo: str | None = "no") -> None:
        self.questions: list[Question] = []
        self._answers = {Topic.CONFIRM: confirm, Topic.UNDO: undo}

    async def __call__(self, question: Question) -> str | None:
        self.questions.append(question)
        return self._answers[question.topic]


def latched(wire: SimTransport) -> dict[str, int]:
    return dict(wire.machine.target.cells.fuses)


def test_only_what_differs_is_planned_and_the_clock_comes_late() -> None:
    intent = plan(M328P, FACTORY, {"lfuse": 0xFF, "hfuse": 0xD9, "efuse": 0xFD, "lock": 0xCF})
    assert [change.memory for change in intent.changes] == ["efuse", "lfuse", "lock"]
    assert intent.avrdude == "-U efuse:w:0xFD:m -U lfuse:w:0xFF:m -U lock:w:0xCF:m"


def test_what_endangers_most_is_written_last() -> None:
    intent = plan(M328P, FACTORY, {"lfuse": 0xE2, "hfuse": 0x59})
    assert [change.memory for change in intent.changes] == ["lfuse", "hfuse"]
    assert intent.severity is Severity.FATAL


def test_unused_bits_are_no_change() -> None:
    assert plan(M328P, FACTORY, {"efuse": 0x07}).changes == ()


def test_a_byte_that_the_part_lacks_is_refused() -> None:
    with pytest.raises(UsageFault, match="ATmega8 has no efuse"):
        plan(part("ATmega8"), {"lfuse": 0xE1, "hfuse": 0xD9}, {"efuse": 0xFF})


async def test_confirmed_changes_are_written_and_take_effect() -> None:
    programmer = await programmer_on(board())
    events: list[Event] = []
    asked = Asked()
    receipt = await write_fuses(programmer, {"lfuse": 0xE2, "efuse": 0xFD}, asked, events.append)
    assert receipt.before == FACTORY
    assert receipt.after == {**FACTORY, "lfuse": 0xE2, "efuse": 0xFD}
    assert receipt.changes == (Change("efuse", 0xFF, 0xFD), Change("lfuse", 0x62, 0xE2))
    assert [event.step for event in events if isinstance(event, StepStarted)] == ["efuse", "lfuse", "restart"]
    assert [question.topic for question in asked.questions] == [Topic.CONFIRM]


@pytest.mark.parametrize("answer", [None, "", "no", "ATmega328", "n"])
async def test_nothing_is_written_without_a_yes(answer: str | None) -> None:
    wire = board()
    with pytest.raises(Refused, match="Nothing was written"):
        await write_fuses(await programmer_on(wire), {"lfuse": 0xE2}, Asked(answer))
    assert latched(wire)["lfuse"] == 0x62


@pytest.mark.parametrize(("answer", "written"), [("yes", False), ("y", False), ("atmega328p", True)])
async def test_a_fatal_change_wants_the_parts_name(answer: str, written: bool) -> None:
    wire = board()
    programmer = await programmer_on(wire)
    asked = Asked(answer)
    with pytest.raises((Refused, TargetError)) as caught:
        await write_fuses(programmer, {"hfuse": 0x59}, asked)
    assert asked.questions[0].fatal
    assert asked.questions[0].required == "ATmega328P"
    assert isinstance(caught.value, TargetError) == written
    assert (latched(wire)["hfuse"] == 0x59) == written
    if written:
        assert "does not answer" in caught.value.holds
        assert "12 V" in caught.value.advice or "high-voltage" in caught.value.advice.lower()


async def test_a_dangerous_change_can_be_undone_before_it_takes_effect() -> None:
    wire = board()
    programmer = await programmer_on(wire)
    asked = Asked("ATmega328P", undo="yes")
    receipt = await write_fuses(programmer, {"hfuse": 0x59}, asked)
    assert receipt.reverted
    assert receipt.after == FACTORY
    await programmer.leave()
    await programmer.identify()
    assert await fuses.read_all(programmer) == FACTORY


def stuck(wire: SimTransport, memory: str) -> Callable[[Event], None]:
    """A cell that loses a bit between its write and the read-back."""

    def on_event(event: Event) -> None:
        if isinstance(event, StepStarted) and event.step == memory:
            cells = wire.machine.target.cells
            cells.fuses = _Stuck(cells.fuses, memory)

    return on_event


class _Stuck(dict[str, int]):
    def __init__(self, values: dict[str, int], memory: str) -> None:
        super().__init__(values)
        self._memory = memory

    def __setitem__(self, name: str, value: int) -> None:
        super().__setitem__(name, value | 0x01 if name == self._memory and value == 0xE2 else value)


@pytest.mark.parametrize(("undo", "left"), [("yes", 0x62), ("no", 0xE3)])
async def test_a_byte_that_does_not_take_can_be_reverted(undo: str, left: int) -> None:
    wire = board()
    programmer = await programmer_on(wire)
    asked = Asked(undo=undo)
    work: Awaitable[object] = write_fuses(programmer, {"lfuse": 0xE2}, asked, stuck(wire, "lfuse"))
    if undo == "yes":
        await work
    else:
        with pytest.raises(VerifyError, match="reads back as E3"):
            await work
    assert asked.questions[-1].topic is Topic.UNDO
    assert latched(wire)["lfuse"] == left


async def test_fuses_that_are_right_are_not_asked_about() -> None:
    asked = Asked()
    receipt = await write_fuses(await programmer_on(board()), dict(FACTORY), asked)
    assert receipt.changes == ()
    assert asked.questions == []


# --- lock bits -------------------------------------------------------------------------------------


@pytest.mark.parametrize("undo", ["yes", "no"])
async def test_lock_bits_have_no_undo_and_nobody_is_offered_one(undo: str) -> None:
    wire = board()
    asked = Asked(undo=undo)
    receipt = await write_fuses(await programmer_on(wire), {"lock": 0xFC}, asked)
    assert [question.topic for question in asked.questions] == [Topic.CONFIRM]
    assert (receipt.reverted, receipt.after["lock"], latched(wire)["lock"]) == (False, 0xFC, 0xFC)


@pytest.mark.parametrize(
    ("undo", "left"), [("yes", FACTORY), ("no", {**FACTORY, "lfuse": 0xE2, "lock": 0xFE})]
)
async def test_the_undo_is_offered_before_the_lock_bits_are_written(undo: str, left: dict[str, int]) -> None:
    wire = board()
    asked = Asked(undo=undo)
    receipt = await write_fuses(await programmer_on(wire), {"lfuse": 0xE2, "lock": 0xFE}, asked)
    assert [question.topic for question in asked.questions] == [Topic.CONFIRM, Topic.UNDO]
    assert receipt.reverted is (undo == "yes")
    assert receipt.after == latched(wire) == left


class _Wild(dict[str, int]):
    """A lock byte that becomes ``made`` by whatever write of it."""

    def __init__(self, values: dict[str, int], made: int) -> None:
        super().__init__(values)
        self._made = made

    def __setitem__(self, name: str, value: int) -> None:
        super().__setitem__(name, self._made if name == "lock" else value)


AGAIN = "then write it again: lock bits that did not take still can"
ERASE = "Chip erase unlocks; flash is lost"


@pytest.mark.parametrize(
    ("old", "wanted", "made", "advice"),
    [
        (0xFF, 0xCF, 0xFF, f"Check supply, wires and GND, {AGAIN}"),
        (0xFF, 0xCC, 0xCF, f"Check supply, wires and GND, {AGAIN}"),
        (0xFF, 0xCF, 0xC3, f"Check supply, wires and GND. {ERASE}"),
        (0xFF, 0xCC, 0xFC, f"Check supply, wires and GND. {ERASE}"),
        (0xCF, 0xFF, 0xCF, ERASE),
    ],
    ids=["nothing took", "a bit is missing", "another one took", "mode 3 froze the rest", "unlocking"],
)
async def test_a_lock_byte_that_is_another_says_what_helps(
    old: int, wanted: int, made: int, advice: str
) -> None:
    wire = board()
    cells = wire.machine.target.cells
    cells.fuses["lock"] = old
    programmer = await programmer_on(wire)
    cells.fuses = _Wild(cells.fuses, made)
    asked = Asked(undo="yes")
    with pytest.raises(VerifyError) as caught:
        await write_fuses(programmer, {"lock": wanted}, asked)
    assert caught.value.advice.startswith(advice)
    assert "Put the old" not in str(asked.questions)
    assert f"lock {made:02X}" in caught.value.holds
    assert "write it again first" not in caught.value.advice


async def test_a_fuse_that_the_lock_bits_freeze_says_so() -> None:
    wire = board()
    wire.machine.target.cells.fuses["lock"] = 0xFE
    with pytest.raises(VerifyError) as caught:
        await write_fuses(await programmer_on(wire), {"lfuse": 0xE2}, Asked())
    assert caught.value.advice.startswith(f"The lock bits freeze the fuses. {ERASE}")
