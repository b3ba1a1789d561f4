"""The seconds that avrdeck must not exceed on real firmware; `make bench BENCH=firmware` has all of them."""

from __future__ import annotations

import pytest
from race import Job, by_avrdeck, by_avrdude
from race_jobs import JOBS, NOISE, SAMPLES

SHORT = [*(job for job in JOBS if len(job.content or job.before) < len(NOISE)), *SAMPLES]


@pytest.mark.parametrize("job", SHORT, ids=lambda job: job.title)
async def test_it_takes_no_longer(job: Job) -> None:
    result = await by_avrdeck(job)
    assert result.correct
    assert result.seconds <= job.reach


@pytest.mark.long
@pytest.mark.parametrize("job", [job for job in JOBS if job not in SHORT], ids=lambda job: job.title)
async def test_a_full_flash_takes_no_longer(job: Job) -> None:
    result = await by_avrdeck(job)
    assert result.correct
    assert result.seconds <= job.reach


def test_avrdude_is_measured_as_it_is_known() -> None:
    (burn,) = (job for job in JOBS if job.title.startswith("burn"))
    for job in (JOBS[0], burn):
        result = by_avrdude(job)
        assert result.correct
        assert result.seconds == pytest.approx(job.known, rel=0.07)
