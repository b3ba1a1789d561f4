import pytest

from avrdeck.boards.catalog import part
from avrdeck.jobs.settling import agree, full, keeping_fuses, settle
from avrdeck.protocol.errors import Fault, PortError, SyncError, TargetError, VerifyError
from avrdeck.protocol.programmer import Programmer
from avrdeck.protocol.transports.sim import SimTransport
from virtual import board, programmer_on

M328P = part("ATmega328P")
WANTED = {"efuse": 0xFD, "hfuse": 0xDE, "lfuse": 0xFF}


async def chip() -> tuple[SimTransport, Programmer]:
    wire = board()
    return wire, await programmer_on(wire)


def values(wire: SimTransport) -> dict[str, int]:
    return {name: wire.machine.target.cells.fuses[name] for name in WANTED}


@pytest.mark.parametrize(
    ("name", "first", "second", "same"),
    [
        ("efuse", 0x05, 0xFD, True),
        ("efuse", 0x05, 0xFC, False),
        ("hfuse", 0xDE, 0xFE, True),
        ("hfuse", 0xDE, 0x5E, False),
        ("lock", 0x0F, 0xCF, True),
    ],
)
def test_bits_that_do_not_exist_or_that_isp_cannot_write_do_not_count(
    name: str, first: int, second: int, same: bool
) -> None:
    assert agree(M328P.fuses[name], first, second) is same


def test_bits_that_do_not_exist_are_written_as_1() -> None:
    assert full(M328P.lock, 0x0F) == 0xCF


async def test_only_what_is_wrong_is_written_in_the_order_wanted() -> None:
    wire, programmer = await chip()
    assert await settle(programmer, WANTED) == ("efuse", "hfuse", "lfuse")
    assert values(wire) == WANTED
    wire.machine.target.cells.fuses["hfuse"] = 0x5E
    assert await settle(programmer, WANTED) == ("hfuse",)
    assert await settle(programmer, WANTED) == ()


async def test_nothing_takes_effect_meanwhile() -> None:
    wire, programmer = await chip()
    wire.machine.target.cells.fuses["hfuse"] = 0x5E
    await settle(programmer, {"hfuse": 0xD9}, disturbed=True)
    assert wire.machine.target.active_fuses["hfuse"] == 0xD9
    assert wire.machine.target.cells.fuses["hfuse"] == 0xD9


async def test_a_programmer_that_was_reset_is_brought_back() -> None:
    wire, programmer = await chip()
    wire.machine.reset_board()
    assert await settle(programmer, WANTED, disturbed=True) == ("efuse", "hfuse", "lfuse")
    assert values(wire) == WANTED


async def test_a_target_that_lost_its_supply_is_brought_back() -> None:
    wire, programmer = await chip()
    wire.machine.cut_power()
    assert await settle(programmer, WANTED) == ("efuse", "hfuse", "lfuse")


async def test_a_byte_that_never_takes_is_a_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    wire, programmer = await chip()
    monkeypatch.setattr(type(wire.machine.target.cells), "write_fuse", lambda self, name, value: None)
    with pytest.raises(VerifyError, match="hfuse was written as DE and reads back as D9"):
        await settle(programmer, {"hfuse": 0xDE})


async def test_a_target_that_is_gone_is_a_fault() -> None:
    wire, programmer = await chip()
    wire.machine.target.set_xtal(type(wire.machine.target.xtal).parse("none"))
    wire.machine.target.cells.fuses["lfuse"] = 0xFF
    wire.machine.cut_power()
    with pytest.raises(TargetError):
        await settle(programmer, WANTED)


async def test_a_port_that_is_gone_is_a_fault_at_once() -> None:
    wire, programmer = await chip()
    wire.machine.vanished = True
    with pytest.raises(PortError):
        await settle(programmer, WANTED)


@pytest.mark.parametrize("error", [TargetError("noise"), SyncError("silence")])
async def test_a_fault_of_another_write_leaves_no_fuse_changed(error: Fault) -> None:
    wire, programmer = await chip()
    before = dict(wire.machine.target.cells.fuses)

    async def write_something_else() -> None:
        async with keeping_fuses(programmer, before):
            wire.machine.target.cells.fuses["hfuse"] = 0x5E
            raise error

    with pytest.raises(type(error), match=error.title):
        await write_something_else()
    assert wire.machine.target.cells.fuses == before
