import pytest

from avrdeck.boards.catalog import part
from avrdeck.boards.images import Image, Segment
from avrdeck.jobs.events import Countdown
from avrdeck.jobs.upload.bootloading import upload
from avrdeck.jobs.upload.model import Plan
from avrdeck.jobs.upload.resetting import Reset
from avrdeck.jobs.upload.room import room
from avrdeck.protocol.codes import Op
from avrdeck.protocol.dialects import ATMEGABOOT, OPTIBOOT, PICOBOOT, UNKNOWN_BOOTLOADER
from avrdeck.protocol.errors import PortError, SyncError, UsageFault, VerifyError
from avrdeck.protocol.simulator.faults import Fault as Injected
from avrdeck.protocol.simulator.faults import Kind
from jobs.uploads import PAGE, Bench, answering, ops, sketch

SILENT_BOARD = "dialect=optiboot&autoreset=no"

LOADERS = [
    ("dialect=optiboot", "Optiboot", 115_200),
    ("dialect=optiboot4", "Optiboot", 115_200),
    ("dialect=atmegaboot", "ATmegaBOOT", 57_600),
    ("dialect=optiboot&baud=19200", "Optiboot", 19_200),
    ("dialect=optiboot&part=atmega168", "Optiboot", 115_200),
    ("dialect=optiboot&part=atmega2560", "Optiboot", 115_200),
]


@pytest.mark.parametrize(("options", "name", "baud"), LOADERS)
async def test_a_sketch_goes_through_every_bootloader(options: str, name: str, baud: int) -> None:
    bench = Bench(options)
    image = sketch(1500)
    boot = bytes(bench.flash[-512:])
    programmer = await bench.identified()
    receipt = await upload(programmer, Plan(image))
    assert (programmer.dialect.name, programmer.link.transport.baud) == (name, baud)
    assert bench.holds(image)
    assert bytes(bench.flash[-512:]) == boot
    size = programmer.part.flash.page_size
    pages = -(-1500 // size)
    assert (receipt.pages, receipt.pages_written, receipt.size) == (pages, pages, 1500)
    assert receipt.through == name


@pytest.mark.parametrize(("answer", "name"), [(0x00, "picoboot"), (0x42, "unknown bootloader")])
async def test_picoboot_and_strangers_are_uploaded_to(answer: int, name: str) -> None:
    bench = answering(answer)
    programmer = await bench.identified()
    assert programmer.dialect.name == name
    await upload(programmer, Plan(sketch()))
    assert bench.holds(sketch())


async def test_a_stranger_is_sent_one_command_at_a_time_and_none_that_it_might_misread() -> None:
    bench = answering(0x42)
    programmer = await bench.identified()
    await upload(programmer, Plan(sketch(300)))
    assert set(ops(programmer)) <= {
        Op.GET_SYNC, Op.GET_SIGN_ON, Op.GET_PARAMETER, Op.ENTER_PROGMODE, Op.READ_SIGN, Op.LOAD_ADDRESS,
        Op.PROG_PAGE, Op.READ_PAGE,
    }  # fmt: skip
    assert bench.machine.lost == 0


@pytest.mark.parametrize(
    ("options", "how"),
    [
        ("dialect=optiboot", Reset.DTR),
        ("dialect=optiboot&autoreset=break", Reset.BREAK),
        ("dialect=optiboot&autoreset=touch", Reset.TOUCH),
    ],
)
async def test_each_reset_reaches_its_board_and_no_other(options: str, how: Reset) -> None:
    for other in (Reset.DTR, Reset.BREAK, Reset.TOUCH):
        bench = Bench(options)
        bench.machine.run_until(3_000_000_000)
        bench.machine.set_dtr(asserted=True)
        bench.machine.run_until(6_000_000_000)
        if other is how:
            await upload(await bench.identified(other), Plan(sketch(200)))
            assert bench.holds(sketch(200))
        elif how is not Reset.DTR:
            with pytest.raises(SyncError, match="No bootloader answers"):
                await bench.reach(other)


async def test_a_board_that_comes_back_under_another_name_is_followed() -> None:
    bench = Bench("dialect=optiboot&autoreset=touch")
    stages = iter([{"bench", "modem"}, {"bench", "modem"}, {"modem"}, {"modem"}, {"modem", "bench2"}])
    bench.ports = lambda: next(stages)
    await bench.reach(Reset.TOUCH)
    assert bench.opened == [("bench", 1200), ("bench2", 115_200)]


async def test_a_board_that_returns_under_its_own_name_is_taken() -> None:
    bench = Bench("dialect=optiboot&autoreset=touch")
    stages = iter([{"bench"}, {"bench"}, set(), {"bench"}])
    bench.ports = lambda: next(stages)
    await bench.reach(Reset.TOUCH)
    assert bench.opened == [("bench", 1200), ("bench", 115_200)]
    assert bench.slept == pytest.approx(0.3)


async def test_a_board_that_does_not_come_back_is_reported() -> None:
    bench = Bench("dialect=optiboot&autoreset=touch")
    stages = iter([{"bench"}, *[set()] * 200])
    bench.ports = lambda: next(stages)
    with pytest.raises(PortError, match="did not come back"):
        await bench.reach(Reset.TOUCH)
    assert bench.slept == pytest.approx(10.0)


async def test_a_finger_on_the_button_is_asked_for_in_time() -> None:
    bench = Bench(SILENT_BOARD)
    said: list[tuple[int, float]] = []

    def hear(event: object) -> None:
        if isinstance(event, Countdown):
            said.append((event.seconds, bench.seconds))
            if event.seconds == 0:
                bench.machine.reset_board()

    bench.heard = type("Ear", (), {"append": staticmethod(hear)})()
    await bench.reach(Reset.MANUAL)
    assert [seconds for seconds, _ in said] == [3, 2, 1, 0]
    assert said[-1][1] - said[0][1] == pytest.approx(3.0)


async def test_without_a_reset_only_a_bootloader_that_waits_answers() -> None:
    bench = Bench(SILENT_BOARD)
    with pytest.raises(SyncError, match="115200, 57600, 19200 baud"):
        await bench.reach(Reset.NONE)
    bench.machine.reset_board()
    assert (await bench.reach(Reset.NONE)).dialect is OPTIBOOT


async def test_a_programmer_is_not_taken_for_a_board() -> None:
    bench = Bench("autoreset=no")
    with pytest.raises(UsageFault, match="a programmer and no bootloader"):
        await bench.reach()
    assert bench.wires[-1]._open is False


@pytest.mark.parametrize(
    ("name", "dialect", "board", "end"),
    [
        ("atmega328p", OPTIBOOT, None, 0x7E00),
        ("atmega328p", OPTIBOOT, 30_720, 0x7800),
        ("atmega328p", ATMEGABOOT, 32_256, 0x7800),
        ("atmega328p", PICOBOOT, None, 0x7E00),
        ("atmega168", PICOBOOT, None, 0x3F00),
        ("atmega168", ATMEGABOOT, None, 0x3800),
        ("atmega1284p", OPTIBOOT, None, 0x1FC00),
        ("atmega328p", UNKNOWN_BOOTLOADER, None, 0x7000),
        ("atmega328p", UNKNOWN_BOOTLOADER, 32_256, 0x7E00),
        ("attiny85", OPTIBOOT, None, 8192 - 512),
    ],
)
def test_where_a_sketch_has_to_end(name: str, dialect, board: int | None, end: int) -> None:
    assert room(part(name), dialect, board) == end


def test_an_unknown_bootloader_on_a_part_without_boot_section_needs_a_board() -> None:
    with pytest.raises(UsageFault, match="not known"):
        room(part("attiny85"), UNKNOWN_BOOTLOADER)


@pytest.mark.parametrize(
    "image", [sketch(0x7E01), sketch(4, start=0x7E00), Image("x", (Segment(0, b"a"), Segment(0x7FFF, b"b")))]
)
async def test_an_image_that_reaches_into_the_bootloader_is_refused(image: Image) -> None:
    bench = Bench()
    before = bytes(bench.flash)
    programmer = await bench.identified()
    with pytest.raises(UsageFault, match="reaches into the bootloader, which begins at 0x7E00"):
        await upload(programmer, Plan(image))
    assert bytes(bench.flash) == before


async def test_the_last_byte_below_the_bootloader_may_be_used() -> None:
    bench = Bench()
    image = sketch(PAGE, start=0x7E00 - PAGE)
    await upload(await bench.identified(), Plan(image))
    assert bench.holds(image)


async def test_a_page_that_the_chip_refuses_is_reported_with_its_bits() -> None:
    bench = Bench()
    cells = bench.machine.target.cells
    bench.flash[:PAGE] = bytes([0x0F]) * PAGE
    cells.fuses["lock"] = 0xCB  # BLB0 mode 2: SPM may not write the application section
    programmer = await bench.identified()
    with pytest.raises(VerifyError) as caught:
        await upload(programmer, Plan(Image.of(bytes([0xF0]) * PAGE, file="blink.hex")))
    fault = caught.value
    assert fault.ranges == ((0, PAGE),)
    assert "0x0000 to 0x007F: 512 bits 0 instead of 1, 512 bits 1 instead of 0." in fault.detail
    assert "the bootloader is unchanged" in fault.holds
    assert "lock bits" in fault.advice.lower()


async def test_noise_on_the_line_is_not_taken_for_wrong_content() -> None:
    bench = Bench()
    programmer = await bench.identified()
    plan = bench.machine.faults
    image = sketch(PAGE)

    def strike(event: object) -> None:
        if getattr(event, "step", "") == "verify" and "verify" in getattr(event, "text", ""):
            plan.add(Injected(Kind.FLIP, plan.to_host + 10, to_host=True, mask=0x08))

    receipt = await upload(programmer, Plan(image), strike)
    assert receipt.healed == 1
    assert bench.holds(image)


def larger_loader(start: int = 0x7C00) -> Bench:
    """Optiboot built for more than its usual 512 bytes, as with EEPROM and other extras."""
    bench = Bench()
    bench.flash[start:0x7E00] = b"\x0c" * (0x7E00 - start)
    return bench


LARGER = [
    (0x7C00, 0x7BF0, "begins at 0x7C00"),
    (0x7C00, 0x7000, "begins at 0x7C00"),
    (0x7800, 0x6000, "begins at 0x7800"),
    (0x7C00, 0x7C00, "Where this Optiboot begins cannot be told"),
]


@pytest.mark.parametrize(("start", "old_sketch", "says"), LARGER)
async def test_a_loader_in_a_larger_section_is_seen_and_spared(
    start: int, old_sketch: int, says: str
) -> None:
    bench = larger_loader(start)
    bench.flash[:old_sketch] = sketch(old_sketch, seed=5).read(0, old_sketch)
    before = bytes(bench.flash)
    programmer = await bench.identified()
    with pytest.raises(UsageFault, match=says) as refused:
        await upload(programmer, Plan(sketch(0x7D00)))
    assert refused.value.holds == "The chip is unchanged."
    assert bench.flash == before
    await upload(programmer, Plan(sketch(start), board_limit=start))
    assert bench.flash[start:] == before[start:]
    assert bench.holds(sketch(start))


@pytest.mark.parametrize("old_sketch", [0x7DF0, 0x7C10, 0x7A00, 0])
async def test_a_long_sketch_is_not_taken_for_a_loader(old_sketch: int) -> None:
    bench = Bench()
    bench.flash[:old_sketch] = sketch(old_sketch, seed=5).read(0, old_sketch)
    await upload(await bench.identified(), Plan(sketch(0x7E00)))
    assert bench.holds(sketch(0x7E00))


async def test_the_same_sketch_again_fills_all_there_is() -> None:
    bench = Bench()
    changed = bytearray(sketch(0x7E00).read(0, 0x7E00))
    changed[:0x7D00] = bytes(0x7D00)
    bench.flash[:0x7E00] = changed
    await upload(await bench.identified(), Plan(sketch(0x7E00)))
    assert bench.holds(sketch(0x7E00))


async def test_a_named_board_settles_it_without_a_look() -> None:
    bench = larger_loader()
    bench.flash[:0x7C00] = sketch(0x7C00, seed=5).read(0, 0x7C00)
    programmer = await bench.identified()
    before = len(ops(programmer))
    await upload(programmer, Plan(sketch(0x7D00), board_limit=0x7E00))
    assert Op.READ_PAGE not in ops(programmer)[before : before + 4]
