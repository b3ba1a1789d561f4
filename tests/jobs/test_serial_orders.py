"""Serial numbers to be made: of what, for which chip, and where they go."""

import asyncio
import re
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from avrdeck.boards.uid import Source
from avrdeck.jobs.backup.identity import Chip
from avrdeck.jobs.events import Event, StepDone, unheard
from avrdeck.jobs.ledger import Ledger
from avrdeck.jobs.serials.counter import Counter
from avrdeck.jobs.serials.numbering import NUMBER, Numbering
from avrdeck.jobs.serials.order import Order, Place
from avrdeck.jobs.serials.recipe import Kind, Recipe, parse
from avrdeck.jobs.serials.stamping import Stamp, insist_on_room
from avrdeck.protocol.errors import Fault, PortError, PortReason, Refused, UsageFault
from virtual import board, programmer_on

CHIP = Chip("ATmega328P", bytes.fromhex("1E950F"), Source.UNDOCUMENTED, b"LOT123\x01\x02\x03")
CLONE = Chip("ATmega328P", bytes.fromhex("1E950F"), Source.ALL_EQUAL, b"\xff" * 9)


@pytest.fixture
def counter(tmp_path: Path) -> Counter:
    return Counter(tmp_path / "counter", first=42)


@pytest.mark.parametrize(
    ("spec", "data", "text"),
    [
        ("number", b"\x2a\0\0\0", "42"),
        ("Number:2", b"\x2a\0", "42"),
        ("bytes:01 FF", b"\x01\xff", "01 FF"),
        ("text:SN-{counter:4}", b"SN-0042", "SN-0042"),
        ("text:{part} {uid}", b"ATmega328P LOT123-01-02-03", "ATmega328P LOT123-01-02-03"),
        ("text:a:b", b"a:b", "a:b"),
    ],
)
def test_a_spec_makes_bytes_and_what_people_call_them(
    counter: Counter, spec: str, data: bytes, text: str
) -> None:
    recipe = parse(spec, counter)
    assert (recipe.sample(CHIP).data, recipe.sample(CHIP).text) == (data, text)
    made = recipe.make(CHIP)
    assert (made.data, made.text) == (data, text)


def test_a_sample_uses_no_number(counter: Counter) -> None:
    recipe = parse("number", counter)
    assert [recipe.sample(CHIP).text for _ in range(3)] == ["42"] * 3
    assert [recipe.make(CHIP).text for _ in range(3)] == ["42", "43", "44"]


def test_a_uuid_is_another_each_time(counter: Counter) -> None:
    first, second = (parse("uuid", counter).make(None) for _ in range(2))
    assert first.data != second.data
    assert re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", first.text)
    assert bytes.fromhex(first.text.replace("-", "")) == first.data


@pytest.mark.parametrize(
    "spec",
    [
        "", "nr", "number:", "number:0", "number:9", "number:four", "uuid:", "uuid:4", "bytes", "bytes:",
        "text:", "bytes:xyz", "text:{nothing}", "text:{", "SN-{counter}",
    ],
)  # fmt: skip
def test_what_makes_no_serial_number_is_refused_at_once(counter: Counter, spec: str) -> None:
    with pytest.raises(UsageFault):
        parse(spec, counter)


def test_a_clones_bytes_are_no_serial_number(counter: Counter) -> None:
    with pytest.raises(UsageFault, match=r"\{uid\} is not known here"):
        parse("text:{uid}", counter).sample(CLONE)


@pytest.mark.parametrize(
    ("spec", "own"),
    [
        ("number", True),
        ("uuid", True),
        ("text:{counter}", True),
        ("text:{uuid}", True),
        ("text:{uid}", True),
        ("text:{date} {part}", False),
        ("bytes:01", False),
    ],
)
def test_whether_every_chip_gets_another(counter: Counter, spec: str, own: bool) -> None:
    assert parse(spec, counter).own is own


def test_a_place_of_a_size_takes_nothing_else(counter: Counter) -> None:
    field = Place("flash", 0x7FFC, 4)
    stamp = Order(parse("text:A{counter:3}", counter), field).stamp(parse("number", counter).make(None))
    assert stamp == Stamp(b"\x2a\0\0\0", 0x7FFC, "flash", overwrite=False, text="42")
    for spec in ("number:2", "uuid", "text:A{counter:4}"):
        order = Order(parse(spec, counter), field)
        with pytest.raises(UsageFault, match="bytes, its place 4"):
            order.stamp(order.recipe.sample(None))


async def numbering(counter: Counter, ledger: Ledger, told: Callable[[Event], None] = unheard) -> Numbering:
    order = Order(Recipe(Kind.NUMBER, counter), Place("eeprom", 8), overwrite=True)
    return Numbering(order, CHIP, await order.sample(CHIP), ledger, told)


async def test_a_number_that_is_taken_is_told_and_used_once(counter: Counter) -> None:
    told: list[Event] = []
    number = await numbering(counter, Ledger(), told.append)
    assert (number.stamp, number.told.text, counter.peek()) == (None, "42", 42)
    stamp = await number.take()
    assert (stamp.address, stamp.overwrite, stamp.text) == (8, True, "42")
    assert told[-1] == StepDone(NUMBER, "42")
    assert await number.take() is stamp
    assert counter.peek() == 43


def test_an_order_says_what_is_wanted(counter: Counter) -> None:
    order = Order(Recipe(Kind.NUMBER, counter), Place("eeprom", 8))
    assert order.words == "the counter's next number in 4 bytes, at 0x0008 of eeprom"


async def ended(
    number: Numbering, error: BaseException, between: Callable[[], object] = lambda: None
) -> None:
    """A job that takes its number, does something and ends in ``error``."""
    async with number.kept():
        await number.take()
        between()
        raise error


GONE = PortError("bench", PortReason.VANISHED, "bench is gone")


@pytest.mark.parametrize("ending", [GONE, asyncio.CancelledError(), OSError(28, "full")])
async def test_a_number_goes_back_when_nothing_was_written_since_it_was_taken(
    counter: Counter, ending: BaseException
) -> None:
    number = await numbering(counter, Ledger("The chip is erased."))
    with pytest.raises(type(ending)):
        await ended(number, ending)
    assert counter.peek() == 42
    assert number.stamp is None


async def test_a_number_that_may_be_written_stays_used_and_a_fault_tells_of_it(counter: Counter) -> None:
    ledger = Ledger()
    number = await numbering(counter, ledger)

    def write() -> None:
        ledger.holds = "eeprom may hold the beginning."

    with pytest.raises(Fault) as caught:
        await ended(number, Fault("It went wrong", advice="Try again."), write)
    assert caught.value.advice == "Try again. Serial number 42 stays this chip's: no counter gives it again."
    assert counter.peek() == 43
    assert number.stamp


async def test_nothing_is_told_of_a_number_that_was_not_taken(counter: Counter) -> None:
    number = await numbering(counter, Ledger())
    with pytest.raises(Refused) as caught:
        async with number.kept():
            raise Refused("Nothing was written")
    assert caught.value.advice == ""
    assert counter.peek() == 42


async def test_who_stops_while_a_number_is_drawn_gives_it_back(
    counter: Counter, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawing, go = asyncio.Event(), threading.Event()
    loop, draw = asyncio.get_running_loop(), counter.draw

    def slowly() -> int:
        loop.call_soon_threadsafe(drawing.set)
        go.wait()
        return draw()

    monkeypatch.setattr(counter, "draw", slowly)
    number = await numbering(counter, Ledger())
    task = asyncio.create_task(ended(number, GONE))
    await drawing.wait()
    task.cancel()
    await asyncio.sleep(0)
    go.set()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert counter.path.read_text() == "42\n"


async def test_a_number_that_another_run_overtook_is_given_to_nobody(counter: Counter) -> None:
    """A gap is harmless; a second chip with the same number is not."""
    number = await numbering(counter, Ledger())
    with pytest.raises(PortError):
        await ended(number, GONE, counter.draw)
    assert counter.draw() == 44


def test_a_template_that_fails_after_drawing_uses_no_number(
    counter: Counter, monkeypatch: pytest.MonkeyPatch
) -> None:
    recipe = parse("number:1", Counter(counter.path, first=255))
    assert recipe.make(None).data == b"\xff"
    with pytest.raises(UsageFault, match="256 does not fit 1 bytes"):
        recipe.make(None)
    assert counter.path.read_text() == "256\n"


@pytest.mark.parametrize(
    ("stamp", "words"),
    [
        (Stamp(b"\x2a\0", 0x10, text="42"), "42 (2A 00) at 0x0010 of eeprom"),
        (Stamp(b"\x01\x02", 0x10, text="01 02"), "01 02 at 0x0010 of eeprom"),
        (Stamp(b"\x1b", 0, "flash", text="\x1b"), r"\x1b (1B) at 0x0000 of flash"),
    ],
)
def test_a_stamp_in_words(stamp: Stamp, words: str) -> None:
    assert stamp.words == words


@pytest.mark.parametrize(
    ("memory", "eesave", "erased", "free"),
    [
        ("eeprom", False, False, False),
        ("eeprom", False, True, True),
        ("eeprom", True, True, False),
        ("flash", True, True, True),
        ("flash", False, False, False),
    ],
)
async def test_what_stays_in_the_chip_is_in_the_way(
    memory: str, eesave: bool, erased: bool, free: bool
) -> None:
    wire = board("part=atmega88p")
    cells = wire.machine.target.cells
    cells.fuses["hfuse"] = 0xD7 if eesave else 0xDF
    getattr(cells, memory)[0x12] = 0x3F
    programmer = await programmer_on(wire)
    stamp = Stamp(b"1234", 0x10, memory)
    if free:
        await insist_on_room(programmer, stamp, erased=erased)
        return
    with pytest.raises(Refused, match="The chip has data at 0x0010"):
        await insist_on_room(programmer, stamp, erased=erased)
    await insist_on_room(programmer, Stamp(b"1234", 0x10, memory, overwrite=True), erased=erased)
    await insist_on_room(programmer, Stamp(b"1234", 0x20, memory), erased=erased)
