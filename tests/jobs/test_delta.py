import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from avrdeck.boards.images import Image, Segment
from avrdeck.jobs.upload.bootloading import upload
from avrdeck.jobs.upload.model import Plan
from avrdeck.jobs.upload.pages import Page, compare, image_of
from avrdeck.protocol.codes import Op
from jobs.uploads import PAGE, Bench, ops, sketch

WHOLE = 0x7E00
"""All of a 32 KiB chip below Optiboot."""
SHARE = 0.6


def changed(image: Image, at: int) -> Image:
    data = bytearray(image.segments[0].data)
    data[at] ^= 0x5A
    return Image.of(bytes(data), image.start, image.file)


async def test_only_the_pages_that_differ_are_written() -> None:
    bench = Bench()
    old = sketch()
    programmer = await bench.identified()
    await upload(programmer, Plan(old))
    new = changed(changed(old, 5), 3000)
    before = ops(programmer).count(Op.PROG_PAGE)
    receipt = await upload(programmer, Plan(new, delta=True))
    assert ops(programmer).count(Op.PROG_PAGE) - before == 2
    assert (receipt.pages_written, receipt.pages) == (2, 32)
    assert bench.holds(new)


async def test_a_sketch_that_is_there_already_is_not_written() -> None:
    bench = Bench()
    programmer = await bench.identified()
    await upload(programmer, Plan(sketch()))
    before = ops(programmer).count(Op.PROG_PAGE)
    assert (await upload(programmer, Plan(sketch(), delta=True))).pages_written == 0
    assert ops(programmer).count(Op.PROG_PAGE) == before


async def test_bytes_that_the_image_leaves_out_stay_in_a_page_that_is_written() -> None:
    bench = Bench()
    bench.flash[:PAGE] = bytes(range(PAGE))
    image = Image("x.hex", (Segment(2, b"\xaa"), Segment(9, b"\xbb\xcc")))
    await upload(await bench.identified(), Plan(image, delta=True))
    expected = bytearray(range(PAGE))
    expected[2:3], expected[9:11] = b"\xaa", b"\xbb\xcc"
    assert bytes(bench.flash[:PAGE]) == expected


async def test_one_changed_page_of_32_kib_costs_less_than_a_full_upload() -> None:
    old = sketch(WHOLE)
    full, delta = Bench(), Bench()
    seconds = []
    for bench, plan in ((full, Plan(changed(old, 7))), (delta, Plan(changed(old, 7), delta=True))):
        bench.flash[:WHOLE] = old.segments[0].data
        programmer = await bench.identified()
        assert programmer.link.transport.baud == 115_200
        began = bench.seconds
        await upload(programmer, plan)
        seconds.append(bench.seconds - began)
        assert bench.holds(plan.image)
    assert seconds[1] < SHARE * seconds[0], f"{seconds[1]:.2f} s against {seconds[0]:.2f} s"


async def test_a_comparison_that_looks_for_an_erase_stops_at_the_first() -> None:
    bench = Bench()
    bench.flash[:WHOLE] = bytes(WHOLE)
    programmer = await bench.identified()
    ones = Image.of(b"\xff" * 4000, file="ones.hex")
    assert len(await compare(programmer, ones, until_erase=True)) == 8
    assert len(await compare(programmer, ones)) == 32


@pytest.mark.parametrize(
    ("found", "wanted", "erase"), [(0xFF, 0x00, False), (0x0F, 0x0F, False), (0x0E, 0x0F, True), (0, 1, True)]
)
def test_only_a_zero_that_becomes_a_one_needs_an_erase(found: int, wanted: int, erase: bool) -> None:
    page = Page(0, bytes([0xFF, found]), bytes([0xFF, wanted]))
    assert page.needs_erase is erase
    assert page.differs is (found != wanted)


@given(st.sets(st.integers(0, 40)), st.integers(1, 9))
@settings(max_examples=60, deadline=None)
def test_pages_make_an_image_without_touching_segments(numbers: set[int], size: int) -> None:
    pages = [(number * size, bytes([number]) * size) for number in sorted(numbers)]
    image = image_of(pages, "x")
    assert [at for one in image.segments for at in range(one.start, one.end, size)] == [at for at, _ in pages]
    assert all(image.read(at, size) == data for at, data in pages)
    assert all(a.end < b.start for a, b in zip(image.segments, image.segments[1:], strict=False))
