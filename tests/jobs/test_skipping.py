"""A running backup can be left by whoever waits for it, in every job that takes one before it destroys."""

from pathlib import Path

from avrdeck.jobs.backup.guarding import BEFORE_DESTROYING
from avrdeck.jobs.backup.model import Absence
from avrdeck.jobs.backup.store import Store
from avrdeck.jobs.backup.taking import Wish
from avrdeck.jobs.burn import BurnPlan
from avrdeck.jobs.burn.job import Keeping, carry_out
from avrdeck.jobs.burn.journal import Journals
from avrdeck.jobs.burn.outline import prepare
from avrdeck.jobs.upload.model import Plan
from avrdeck.jobs.upload.over_isp import upload
from jobs.backups import agree, wired
from jobs.uploads import sketch
from virtual import programmer_on

CHIP = "part=atmega88pa"
PLAN = BurnPlan(sketch(100, start=0x1F00), {"lfuse": 0xFF, "hfuse": 0xDE, "efuse": 0xFA}, 0xCF, "ATmega88PA")
LEFT = Wish(unless_blank=BEFORE_DESTROYING.unless_blank, skip=lambda: True)


def absences(store: Store) -> dict[str, Absence]:
    (saved,) = store.listing()
    assert saved.header
    return dict(saved.header.left_out)


async def test_a_burn_goes_on_without_the_rest_of_the_backup(tmp_path: Path) -> None:
    programmer = await programmer_on(wired(CHIP))
    keeping = Keeping(Store(tmp_path), Journals(tmp_path / "burns"), wish=LEFT)
    burnt = await carry_out(programmer, await prepare(programmer, PLAN), agree, keeping)
    assert burnt.receipt.after["lfuse"] == PLAN.fuse_bytes["lfuse"]
    assert burnt.saved.backup.header.left_out["flash"] is Absence.SKIPPED


async def test_an_upload_goes_on_without_the_rest_of_the_backup(tmp_path: Path) -> None:
    wire = wired(CHIP)
    store = Store(tmp_path)
    receipt = await upload(await programmer_on(wire), Plan(sketch(500)), store, agree, wish=LEFT)
    assert receipt.erased
    assert absences(store) == {"flash": Absence.SKIPPED, "eeprom": Absence.SKIPPED}
    assert bytes(wire.machine.target.cells.flash[:500]) == sketch(500).segments[0].data
