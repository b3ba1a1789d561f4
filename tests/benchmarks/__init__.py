"""Measurements, run by ``make bench``. No test asserts on a clock: machines are noisy."""
