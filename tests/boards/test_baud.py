"""Baud rates: 252 rows computed elsewhere, and what a clock's own error adds."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from avrdeck.boards import baud
from avrdeck.boards.baud import DOUBLE_SPEED, NORMAL, Verdict
from avrdeck.boards.models import ClockKind

TABLE = Path(__file__).parents[1] / "data" / "baud.csv"


def rows() -> list[dict[str, str]]:
    with TABLE.open() as stream:
        return list(csv.DictReader(stream))


def test_the_table_is_whole():
    assert len(rows()) == 252


@pytest.mark.parametrize("row", rows(), ids=lambda row: f"{row['f_cpu_hz']}-{row['baud']}-{row['u2x']}")
def test_the_table(row):
    rate = baud.rate(int(row["f_cpu_hz"]), int(row["baud"]), DOUBLE_SPEED if row["u2x"] == "1" else NORMAL)
    assert rate.ubrr == (int(row["ubrr"]) if row["ubrr"] else None)
    assert rate.error == pytest.approx(float(row["error_pct"]), abs=0.005001)
    assert rate.verdict == rate.nominal_verdict == row["verdict"]


@pytest.mark.parametrize(
    ("mode", "error", "verdict"),
    [
        (NORMAL, 0, Verdict.EXACT), (NORMAL, 2.0, Verdict.GOOD), (NORMAL, -2.0, Verdict.GOOD),
        (NORMAL, 2.01, Verdict.MARGINAL), (NORMAL, 4.58, Verdict.MARGINAL), (NORMAL, 4.59, Verdict.BAD),
        (NORMAL, -4.54, Verdict.MARGINAL), (NORMAL, -4.55, Verdict.BAD),
        (DOUBLE_SPEED, -1.5, Verdict.GOOD), (DOUBLE_SPEED, 1.51, Verdict.MARGINAL),
        (DOUBLE_SPEED, 3.9, Verdict.MARGINAL), (DOUBLE_SPEED, 3.91, Verdict.BAD),
        (DOUBLE_SPEED, -4.0, Verdict.MARGINAL), (DOUBLE_SPEED, -4.01, Verdict.BAD),
    ],
)  # fmt: skip
def test_what_a_receiver_tolerates(mode, error, verdict):
    assert mode.judge(error) == verdict


@pytest.mark.parametrize(
    ("f_cpu", "rate", "u2x", "ubrr"),
    [
        (16_000_000, 115_200, True, 16),
        (16_000_000, 19_200, False, 51),
        (8_000_000, 76_800, True, 12),
        (1_000_000, 9_600, True, 12),
        (16_000_000, 1_000_000, False, 0),
    ],
)
def test_the_best_mode(f_cpu, rate, u2x, ubrr):
    found = baud.best(f_cpu, rate)
    assert (found.mode.u2x, found.ubrr) == (u2x, ubrr)


def test_a_rate_below_the_register():
    slow = baud.rate(16_000_000, 110, NORMAL)
    assert (slow.ubrr, slow.verdict) == (None, Verdict.IMPOSSIBLE)
    assert baud.rate(16 * 4096 * 100, 100, NORMAL).ubrr == 4095
    assert baud.rate(16 * 4097 * 100, 100, NORMAL).ubrr is None


@pytest.mark.parametrize(
    ("f_cpu", "rate", "accuracy", "verdict"),
    [
        (16_000_000, 19_200, 0.5, Verdict.GOOD),
        (16_000_000, 115_200, 0.0, Verdict.MARGINAL),
        (16_000_000, 115_200, 0.5, Verdict.MARGINAL),
        (16_000_000, 115_200, 2.0, Verdict.BAD),
        (8_000_000, 9_600, 1.0, Verdict.GOOD),
        (8_000_000, 9_600, 2.0, Verdict.MARGINAL),
        (8_000_000, 9_600, 10.0, Verdict.BAD),
        (8_000_000, 250_000, 0.0, Verdict.EXACT),
        (8_000_000, 250_000, 0.5, Verdict.GOOD),
        (1_000_000, 230_400, 10.0, Verdict.BAD),
    ],
)
def test_the_clock_adds_its_own_error(f_cpu, rate, accuracy, verdict):
    assert baud.best(f_cpu, rate, accuracy).verdict == verdict


def test_the_range_of_errors_is_of_the_product():
    rate = baud.rate(8_000_000, 250_000, NORMAL, baud.ACCURACY[ClockKind.INTERNAL_RC])
    assert rate.error_range == pytest.approx((-10, 10))
    assert (rate.nominal_verdict, rate.verdict) == (Verdict.EXACT, Verdict.BAD)
    rate = baud.rate(16_000_000, 115_200, DOUBLE_SPEED, 10.0)
    assert rate.error_range == pytest.approx((-8.088, 12.337), abs=0.001)


clocks = st.integers(32_768, 20_000_000)
speeds = st.integers(300, 2_000_000)


@given(clocks, speeds, st.sampled_from([NORMAL, DOUBLE_SPEED]))
def test_no_other_divisor_is_nearer_in_time(f_cpu, speed, mode):
    rate = baud.rate(f_cpu, speed, mode)
    if rate.ubrr is None:
        assert f_cpu / speed < mode.divisor / 2 or f_cpu / speed > mode.divisor * 4096
        return
    length = f_cpu / (mode.divisor * speed)
    nearest = min(range(max(0, rate.ubrr - 2), rate.ubrr + 3), key=lambda u: (abs(u + 1 - length), -u))
    assert rate.ubrr == nearest


@given(clocks, speeds, st.floats(0, 20), st.floats(0, 20))
def test_a_worse_clock_never_makes_a_better_verdict(f_cpu, speed, one, other):
    low, high = sorted((one, other))
    order = list(Verdict)
    for better, worse in zip(baud.rates(f_cpu, speed, low), baud.rates(f_cpu, speed, high), strict=True):
        assert order.index(better.verdict) <= order.index(worse.verdict)


@pytest.mark.parametrize(("f_cpu", "speed"), [(0, 9600), (1_000_000, 0), (-1, -1), (-1, 9600)])
def test_clock_and_rate_must_be_positive(f_cpu, speed):
    with pytest.raises(ValueError, match="positive"):
        baud.best(f_cpu, speed)
