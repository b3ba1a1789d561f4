"""A seeded sample of the campaign; ``make faults`` tries all of it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from jobs.trials import GROUPS

SAMPLE = 10
TESTS = Path(__file__).parents[1]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the campaign branches by fork, which Windows has not")
@pytest.mark.parametrize("group", GROUPS)
def test_no_fault_on_the_wire_ends_in_a_lie_a_brick_or_a_chip_that_cannot_be_brought_back(group: str) -> None:
    command = [sys.executable, "-m", "jobs.campaign", "--sample", str(SAMPLE), "--workers", "1"]
    done = subprocess.run([*command, *GROUPS[group]], cwd=TESTS, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
