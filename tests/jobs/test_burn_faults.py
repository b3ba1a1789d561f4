import random

from jobs.campaign import as_planned, burn_with, every_fault, outcome

SAMPLE = 60


async def test_a_burn_without_faults_is_as_planned() -> None:
    wire, said, _ = await burn_with(None)
    assert said is None
    assert as_planned(wire)


async def test_no_fault_on_the_wire_ends_in_a_success_that_is_none() -> None:
    """A seeded sample; all of them are run by hand when the burn changes."""
    faults = random.Random(1).sample(await every_fault(), SAMPLE)
    outcomes = [await outcome(fault) for fault in faults]
    assert [each for each in outcomes if not each.honest] == []
    assert any(each.said for each in outcomes)
