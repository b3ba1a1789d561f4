"""avrdeck through deckboot: who the chip is, its fuses and its EEPROM, over plain serial."""

from __future__ import annotations

import random

import pytest
from bench_transport import BenchTransport
from deckboot_rig import STANDSTILL, Loader, loader, rig, signature_row
from rig import Rig

from avrdeck.boards.images import Image
from avrdeck.protocol.dialects import DECKBOOT, DECKBOOT_SMALL
from avrdeck.protocol.errors import UsageFault
from avrdeck.protocol.link import Link
from avrdeck.protocol.programmer import Programmer
from avrdeck.protocol.target import fuses, memories, rows

pytestmark = pytest.mark.usefixtures("bench")


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
