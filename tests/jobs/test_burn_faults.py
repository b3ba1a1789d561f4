import pytest

from jobs.campaign import outcome, sample
from jobs.trials import TRIALS

SAMPLE = 25


@pytest.mark.parametrize("name", TRIALS)
async def test_a_job_without_faults_is_as_planned(name: str) -> None:
    result = await outcome(TRIALS[name], None)
    assert result.said is None
    assert result.good


@pytest.mark.parametrize("name", TRIALS)
async def test_no_fault_on_the_wire_ends_in_a_lie_a_brick_or_a_chip_that_cannot_be_resumed(name: str) -> None:
    """A seeded sample; `make faults` tries all of them."""
    trial = TRIALS[name]
    outcomes = [await outcome(trial, fault) for fault in await sample(trial, SAMPLE)]
    assert [each for each in outcomes if not each.good] == []
    assert any(each.said for each in outcomes)
    assert any(each.said is None for each in outcomes)
