"""avrdeck through deckboot: who the chip is, its fuses, its memories, how far ahead, how fast."""

from __future__ import annotations

import random

import pytest
from bench_transport import BenchTransport
from deckboot_rig import STANDSTILL, Host, Loader, loader, rig, signature_row
from rig import Rig
from rounds import CLOCKS, PPM, by_avrdeck, rounds
from speed import WORKS, measured

from avrdeck.boards.deckboot import Wish
from avrdeck.boards.images import Image
from avrdeck.protocol.dialects import DECKBOOT, DECKBOOT_SMALL
from avrdeck.protocol.errors import UsageFault
from avrdeck.protocol.link import Link
from avrdeck.protocol.programmer import Programmer
from avrdeck.protocol.target import fuses, memories, rows

pytestmark = pytest.mark.usefixtures("bench")

IN_STEP = b"\x14\x10"
FRAME_S = 10 / 115_200


async def connected(bench: Rig, one: Loader) -> Programmer:
    transport = BenchTransport(bench, one.wish.baud)
    await transport.set_dtr(False)
    await transport.set_dtr(True)
    programmer = await Programmer.connect(Link(transport))
    await programmer.identify()
    return programmer


async def test_it_says_who_the_chip_is() -> None:
    one = loader()
    with rig(one, dtr_reset=True) as bench:
        programmer = await connected(bench, one)
        assert programmer.dialect is DECKBOOT
        assert programmer.require_part().name == "ATmega328P"
        assert await rows.read(programmer, "prodsig") == signature_row("ATmega328P")[:24]
        assert await rows.read(programmer, "sernum") == signature_row("ATmega328P")[14:24]


async def test_fuses_can_be_read_and_not_written() -> None:
    one = loader()
    with rig(one, dtr_reset=True) as bench:
        programmer = await connected(bench, one)
        assert await fuses.read_all(programmer) == {"lfuse": 0xE7, "hfuse": 0xDE, "efuse": 0xFD, "lock": 0xFF}
        with pytest.raises(UsageFault, match="cannot pass ISP instructions on"):
            await fuses.write(programmer, "lfuse", 0xFF)
        with pytest.raises(UsageFault, match="cannot erase"):
            await programmer.chip_erase()


async def test_flash_and_eeprom_are_written_and_verified() -> None:
    one = loader()
    flash = STANDSTILL + random.Random(5).randbytes(1998)
    eeprom = random.Random(6).randbytes(100)
    with rig(one, dtr_reset=True) as bench:
        programmer = await connected(bench, one)
        for image in (Image.of(flash), Image.of(eeprom, 4, memory="eeprom")):
            await memories.write(programmer, image, erased=False)
            await memories.verify(programmer, image)
        dump = bench.dump()
        assert dump.device_flash[:2000] == flash
        assert dump.device_eeprom[4:104] == eeprom
        assert dump.device_flash[one.variant.start :] == one.section


async def test_the_small_loader_is_known_by_its_features() -> None:
    one = loader("ATmega168P", small=True)
    with rig(one, dtr_reset=True) as bench:
        programmer = await connected(bench, one)
        assert programmer.dialect is DECKBOOT_SMALL
        assert (await fuses.read_all(programmer))["hfuse"] == 0xDE
        with pytest.raises(UsageFault, match="does not reach the EEPROM"):
            await memories.read(programmer, "eeprom")


@pytest.mark.parametrize(("clock", "ppm"), [("16 MHz", -20_000), ("16 MHz", 0), ("8 MHz", 20_000)])
def test_30_kib_and_all_of_eeprom(clock: str, ppm: int) -> None:
    took = rounds(by_avrdeck, CLOCKS[clock], ppm, 1)
    assert took.overruns == took.framing_errors == 0


@pytest.mark.long
@pytest.mark.parametrize("ppm", PPM)
@pytest.mark.parametrize("clock", CLOCKS)
def test_fifty_times_with_resets_in_between(clock: str, ppm: int) -> None:
    """`python tests/deckboot/rounds.py` does the same and tells what they took."""
    took = rounds(by_avrdeck, CLOCKS[clock], ppm, 50)
    assert took.overruns == took.framing_errors == 0


@pytest.mark.parametrize("work", WORKS)
def test_it_is_not_slower_than_on_optiboot(work: str) -> None:
    """`python tests/deckboot/speed.py` tells by how much."""
    ours, theirs = measured("deckboot", work), measured("Optiboot", work)
    assert ours.correct
    assert theirs.correct
    assert ours.bytes_out + ours.bytes_in <= theirs.bytes_out + theirs.bytes_in
    assert ours.seconds <= theirs.seconds


SLOWEST_SPM_US = 4_500
"""By the data sheet."""


@pytest.mark.parametrize("ppm", PPM)
@pytest.mark.parametrize("clock", CLOCKS.values(), ids=CLOCKS.keys())
async def test_what_is_under_way_is_never_lost(clock: tuple[int, int], ppm: int) -> None:
    """Pages of both sections that take the longest, and EEPROM, by a host that uses the window."""
    one = loader(wish=Wish(*clock))
    flash = random.Random(ppm).randbytes(2 * 1024)
    with rig(one, dtr_reset=True, ppm=ppm, spm_us=SLOWEST_SPM_US) as bench:
        programmer = await connected(bench, one)
        images = [Image.of(flash, start) for start in (0x1000, 0x6C00, 0x7000)]
        for image in (*images, Image.of(flash[:8], memory="eeprom"), *images):
            await memories.write(programmer, image, erased=False)
            await memories.verify(programmer, image)
        counted = bench.counters()
        assert counted["overruns"] == counted["framing_errors"] == 0


LOAD = b"U\x00\x02 "
PAGE = b"d\x00\x80F" + bytes(128) + b" "


@pytest.mark.parametrize(("ahead", "kept"), [(2, True), (3, True), (4, False)])
def test_how_many_bytes_may_be_under_way_while_a_page_is_written(ahead: int, kept: bool) -> None:
    """The receiver has two buffers and its shift register; `DECKBOOT` leaves the latter alone."""
    with rig(loader(), spm_us=SLOWEST_SPM_US) as bench:
        host = Host(bench)
        host.enter()
        assert host(LOAD) == IN_STEP
        assert host(PAGE, len(PAGE) * FRAME_S + 0.0004) == IN_STEP
        follow = b"A\x81 0"[:ahead]
        host(LOAD + follow, 0.003)
        assert host(b"", 0.01).startswith(IN_STEP)
        assert (bench.counters()["overruns"] == 0) == kept
        assert DECKBOOT.window.unread == 2


@pytest.mark.parametrize("ppm", PPM)
def test_load_address_is_read_past_when_nothing_is_written(ppm: int) -> None:
    """Three of them, and a read behind, without a pause."""
    with rig(loader(), ppm=ppm) as bench:
        host = Host(bench)
        host.enter()
        for _ in range(20):
            assert host(LOAD * 3 + b"t\x00\x02F ", 0.004) == IN_STEP * 3 + b"\x14\xff\xff\x10"
        assert bench.counters()["overruns"] == 0
