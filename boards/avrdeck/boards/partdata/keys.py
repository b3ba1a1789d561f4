"""The short spellings by which field values are typed and stored: ``2.7V``, ``256w``, ``on``."""

from __future__ import annotations

from avrdeck.boards.labels import hz_label
from avrdeck.boards.models import BodLevel, BodMode, BootLock, BootSize, Clock, Flag, Meaning, MemoryLock


def value_key(role: str, code: int, meaning: Meaning) -> str:
    """The key of a value, composed from what it means."""
    key = f"code_{code:X}"
    match meaning:
        case Flag(active):
            key = "on" if active else "off"
        case BodLevel(volts):
            key = "off" if volts is None else f"{volts:.1f}V"
        case BodMode(mode):
            key = mode
        case BootSize(size_words):
            key = f"{size_words}w"
        case MemoryLock(write, read):
            key = _blocked(no_write=write, no_read=read)
        case BootLock(spm, lpm):
            key = _blocked(no_spm=spm, no_lpm=lpm)
        case Clock():
            key = _clock_key(meaning)
        case None if role == "psc_reset_value":
            key = "high" if code else "low"
    return key


def _blocked(**blocked: bool) -> str:
    return "_".join(word for word, is_blocked in blocked.items() if is_blocked) or "unlocked"


def _clock_key(clock: Clock) -> str:
    counts = (clock.ck_powerdown, clock.ck_reset, clock.ck_startup)
    words = [
        clock.kind and clock.kind.value,
        clock.tiny15_compat and "tiny15",
        clock.nominal_hz and _short_hz(clock.nominal_hz),
        clock.freq_min_hz and f"from_{_short_hz(clock.freq_min_hz)}",
        clock.freq_max_hz and f"to_{_short_hz(clock.freq_max_hz)}",
        clock.band,
        clock.pll_input and f"pll_from_{clock.pll_input}",
        *(f"{count}ck" for count in counts if count is not None),
        clock.delay_ms is not None and f"{clock.delay_ms:g}ms",
        clock.delay_ms is None and clock.power and f"{clock.power}_power",
        clock.int_cap and "internal_caps",
        clock.startup and f"{clock.startup}_startup",
    ]
    return "_".join(word for word in words if word) or "as_delivered"


def _short_hz(hz: int) -> str:
    return hz_label(hz).replace(" ", "").lower()
